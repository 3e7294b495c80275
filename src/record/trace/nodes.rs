//! `nodes.csv`: a node's state after each change.

use std::io::{self, Write};

use super::Table;
use crate::record::Run;
use crate::record::nodes::{NodeLife, NodeRow};

/// Columns of `nodes.csv`.
pub const NODES_HEADER: &str = "time_s,node,pool,state,pods,cpu_m,memory_b,used_cpu_m,used_memory_b";

/// Writes the states of all nodes, by time and name.
///
/// # Errors
/// Those of `out`.
pub fn nodes_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, NODES_HEADER);
    let rows = run.nodes.iter().flat_map(|node| node.rows.iter().map(move |row| (row, node)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|(a, one), (b, other)| (a.time, &one.name).cmp(&(b.time, &other.name)));
    for (row, node) in rows {
        let pool = node.pool.and_then(|pool| run.pools.get(pool as usize)).map_or("", |pool| &pool.name);
        node_row(&mut table, node, pool, row)?;
    }
    table.finish()
}

/// The row of a node of this pool.
pub(in crate::record) fn node_row<W: Write>(
    table: &mut Table<W>,
    node: &NodeLife,
    pool: &str,
    row: &NodeRow,
) -> io::Result<()> {
    table.time(row.time);
    table.text(&node.name);
    table.text(pool);
    table.text(row.state);
    table.number(row.pods);
    table.number(row.cpu_m);
    table.number(row.memory_b);
    table.number(row.used_cpu_m);
    table.number(row.used_memory_b);
    table.end_row()
}
