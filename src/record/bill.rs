//! What the nodes of a run cost, and whom.

use std::collections::BTreeMap;

use super::nodes::{NodeLife, NodeRow, most_at_a_time};
use super::{BARE, Run};
use crate::kernel::time::SimTime;

/// Millionths of a dollar an hour, times nanoseconds, in a dollar.
const MICRO_HOURS: f64 = 3600e9 * 1e6;

/// What millionths of a dollar an hour come to over so many nanoseconds, multiplied.
pub(super) fn dollars(micro_nanos: u128) -> f64 {
    micro_nanos as f64 / MICRO_HOURS
}

/// The cost of a run, in dollars.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// Of all nodes.
    pub total: f64,
    /// By pool, in their order; last, if there are any, the nodes of no pool, which cost nothing.
    pub pools: Vec<PoolBill>,
    /// Of what their pods held, by the place of the Job, ascending; [`BARE`] stands for pods of no Job.
    pub jobs: Vec<(u32, f64)>,
    /// Of what nobody held.
    pub idle: f64,
}

/// A pool's part.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolBill {
    /// Its name; none for the nodes of no pool.
    pub name: Option<String>,
    /// Nodes that there were.
    pub nodes: usize,
    /// Most of them at a time.
    pub most: u64,
    /// Time that there were nodes, added up, in nanoseconds.
    pub node_nanos: u128,
    /// Shares of the processors over that time: asked for, and used.
    pub cpu: Option<[f64; 2]>,
    /// Shares of the memory over that time: asked for, and used.
    pub memory: Option<[f64; 2]>,
    /// In dollars.
    pub cost: f64,
}

impl Bill {
    /// Of a run. Nodes are paid for from the asking for their machines until their objects go or the run ends, by the
    /// nanosecond and for the least time at least. A pod holds of a node the mean share of what it asks for of processors, memory and
    /// devices, as long as it stands on it.
    pub fn of(run: &Run) -> Bill {
        let of_pools = (0..).zip(&run.pools);
        let mut pools: Vec<(PoolBill, u128)> = of_pools
            .map(|(place, pool)| pool_bill(run, Some(place), Some(pool.name.to_string()), pool.micros_an_hour))
            .collect();
        if run.nodes.iter().any(|node| node.pool.is_none()) {
            pools.push(pool_bill(run, None, None, 0));
        }
        let mut jobs: BTreeMap<u32, f64> = BTreeMap::new();
        for (&(pool, job), &held) in &run.shares {
            let rate = run.pools.get(pool as usize).map_or(0, |pool| pool.micros_an_hour);
            let cost = held as f64 * rate as f64 / 1e6 / MICRO_HOURS;
            *jobs.entry(job).or_default() += cost;
        }
        let total = dollars(pools.iter().map(|(_, micro_nanos)| micro_nanos).sum());
        let pools = pools.into_iter().map(|(pool, _)| pool).collect();
        let held: f64 = jobs.values().sum();
        Bill { total, pools, jobs: jobs.into_iter().collect(), idle: (total - held).max(0.0) }
    }

    /// What a Job's pods held, in dollars.
    pub fn of_job(&self, job: u32) -> f64 {
        self.jobs.binary_search_by_key(&job, |&(known, _)| known).map_or(0.0, |at| self.jobs[at].1)
    }

    /// What pods of no Job held, in dollars.
    pub fn of_bare_pods(&self) -> f64 {
        self.of_job(BARE)
    }
}

/// A pool's part, and its cost before it is made dollars: sums of those are exact.
fn pool_bill(run: &Run, pool: Option<u32>, name: Option<String>, micros_an_hour: u64) -> (PoolBill, u128) {
    let nodes: Vec<&NodeLife> = run.nodes.iter().filter(|node| node.pool == pool).collect();
    let until = |node: &NodeLife| node.removed.unwrap_or(run.end);
    let paid = |node: &&NodeLife| u128::from(until(node).since(node.asked).max(run.minimum_charge).0);
    let micro_nanos: u128 = nodes.iter().map(paid).sum::<u128>() * u128::from(micros_an_hour);
    let bill = PoolBill {
        name,
        nodes: nodes.len(),
        most: most_at_a_time(&nodes, run.end),
        node_nanos: nodes.iter().map(|node| u128::from(until(node).since(node.created).0)).sum(),
        cpu: shares(&nodes, run.end, |node| node.cpu_m, |row| [row.cpu_m, row.used_cpu_m]),
        memory: shares(&nodes, run.end, |node| node.memory_b, |row| [row.memory_b, row.used_memory_b]),
        cost: dollars(micro_nanos),
    };
    (bill, micro_nanos)
}

/// What was asked for and used of what there was, over time; none if there was nothing.
fn shares(
    nodes: &[&NodeLife],
    end: SimTime,
    there: fn(&NodeLife) -> i64,
    taken: fn(&NodeRow) -> [i64; 2],
) -> Option<[f64; 2]> {
    let (mut whole, mut parts) = (0_i128, [0_i128; 2]);
    for node in nodes {
        let until = node.removed.unwrap_or(end);
        whole += i128::from(there(node)) * i128::from(until.since(node.created).0);
        let ends = node.rows.iter().skip(1).map(|row| row.time).chain([until]);
        for (row, to) in node.rows.iter().zip(ends) {
            let length = i128::from(to.since(row.time.min(to)).0);
            for (part, taken) in parts.iter_mut().zip(taken(row)) {
                *part += i128::from(taken) * length;
            }
        }
    }
    (whole > 0).then(|| parts.map(|part| part as f64 / whole as f64))
}
