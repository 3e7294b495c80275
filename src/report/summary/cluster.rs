//! The section `cluster` of a summary: what its nodes were used for, what they cost whom, and what pods waited for.

use schemars::JsonSchema;
use serde::Serialize;

use crate::kernel::time::{NANOS_PER_SECOND, SimDuration};
use crate::record::bill::{Bill, PoolBill};
use crate::record::waits::{self, Waits};
use crate::record::{BARE, Run};
use crate::report::kubectl::table::table;

/// Most Jobs whose cost is told in words.
const MOST_JOBS: usize = 10;

/// What the nodes were used for, and what pods waited for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClusterJson {
    /// Dollars for all nodes.
    pub cost: f64,
    /// Dollars of that for what no pod held.
    pub idle_cost: f64,
    /// Dollars of that for pods of no Job.
    pub bare_pods_cost: f64,
    /// By pool.
    pub pools: Vec<PoolJson>,
    /// What pods waited for until they ran, in the order in which it comes.
    pub waits: Vec<WaitPartJson>,
}

/// A pool of nodes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PoolJson {
    /// Its name; absent for nodes of no pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Nodes that there were.
    pub nodes: usize,
    /// Most of them at a time.
    pub max_nodes: u64,
    /// Time that there were nodes, added up.
    pub node_s: f64,
    /// Share of the processors that pods asked for, over that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_requested: Option<f64>,
    /// Share of the processors that pods used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_used: Option<f64>,
    /// Share of the memory that pods asked for, over that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_requested: Option<f64>,
    /// Share of the memory that pods used at their most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_used: Option<f64>,
    /// Dollars.
    pub cost: f64,
}

/// A part of the way of pods to their running.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaitPartJson {
    /// `quota`, `queue`, `capacity`, `image` or `start`.
    pub part: &'static str,
    /// Over all pods.
    pub total_s: f64,
    /// The longest of a pod.
    pub max_s: f64,
}

impl ClusterJson {
    /// Of a run; none if it had no nodes of its own.
    pub(super) fn of(run: &Run, bill: &Bill) -> Option<ClusterJson> {
        if run.nodes.is_empty() {
            return None;
        }
        let waits = Waits::NAMES.into_iter().zip(waits::totals(run));
        Some(ClusterJson {
            cost: bill.total,
            idle_cost: bill.idle,
            bare_pods_cost: bill.of_bare_pods(),
            pools: bill.pools.iter().map(PoolJson::of).collect(),
            waits: waits
                .map(|(part, (sum, most))| WaitPartJson { part, total_s: seconds(sum), max_s: most.as_secs_f64() })
                .collect(),
        })
    }
}

impl PoolJson {
    fn of(pool: &PoolBill) -> PoolJson {
        PoolJson {
            pool: pool.name.clone(),
            nodes: pool.nodes,
            max_nodes: pool.most,
            node_s: seconds(pool.node_nanos),
            cpu_requested: pool.cpu.map(|[asked, _]| asked),
            cpu_used: pool.cpu.map(|[_, used]| used),
            memory_requested: pool.memory.map(|[asked, _]| asked),
            memory_used: pool.memory.map(|[_, used]| used),
            cost: pool.cost,
        }
    }
}

fn seconds(nanos: u128) -> f64 {
    nanos as f64 / NANOS_PER_SECOND as f64
}

/// The section for people: a table of the pools, a line on the waits, a line on the cost.
pub(super) fn text(run: &Run) -> String {
    if run.nodes.is_empty() {
        return if waits::are_told(run) { waited(run) } else { String::new() };
    }
    let bill = Bill::of(run);
    let header = ["POOL", "NODES", "MOST", "NODE HOURS", "CPU ASKED", "USED", "MEMORY ASKED", "USED", "COST"];
    let mut rows: Vec<Vec<String>> = vec![header.iter().map(|title| (*title).to_owned()).collect()];
    for pool in &bill.pools {
        let share = |shares: Option<[f64; 2]>, at: usize| shares.map_or("-".into(), |shares| percent(shares[at]));
        rows.push(vec![
            pool.name.clone().unwrap_or_else(|| "(none)".into()),
            pool.nodes.to_string(),
            pool.most.to_string(),
            format!("{:.2}", seconds(pool.node_nanos) / 3600.0),
            share(pool.cpu, 0),
            share(pool.cpu, 1),
            share(pool.memory, 0),
            share(pool.memory, 1),
            if pool.cost > 0.0 { dollars(pool.cost) } else { "-".into() },
        ]);
    }
    let mut text = table(&rows);
    text.push_str(&waited(run));
    if bill.total > 0.0 {
        text.push_str(&cost(run, &bill));
    }
    text
}

/// `Pods waited for capacity 30 s (one at most 10 s), start 5 s (1 s).`
fn waited(run: &Run) -> String {
    let parts: Vec<String> = Waits::NAMES
        .iter()
        .zip(waits::totals(run))
        .filter(|(_, (sum, _))| *sum > 0)
        .map(|(name, (sum, most))| format!("{name} {} s ({} s)", cut(sum), cut(most.0.into())))
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("Pods waited before they ran, all together (and one at most): {}.\n", parts.join(", "))
}

/// Seconds to the millisecond.
fn cut(nanos: u128) -> String {
    SimDuration(u64::try_from(nanos / 1_000_000 * 1_000_000).unwrap_or(u64::MAX)).to_string()
}

fn cost(run: &Run, bill: &Bill) -> String {
    let mut dearest: Vec<&(u32, f64)> = bill.jobs.iter().collect();
    dearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let named = |&&(job, cost): &&(u32, f64)| match run.jobs.get(job as usize) {
        _ if job == BARE => format!("bare pods {}", dollars(cost)),
        Some(job) => format!("Job {} {}", job.name.name, dollars(cost)),
        None => dollars(cost),
    };
    let mut parts: Vec<String> = dearest.iter().take(MOST_JOBS).map(named).collect();
    let rest: f64 = dearest.iter().skip(MOST_JOBS).map(|(_, cost)| cost).sum();
    if dearest.len() > MOST_JOBS {
        parts.push(format!("{} further Jobs {}", dearest.len() - MOST_JOBS, dollars(rest)));
    }
    parts.push(format!("held by nobody {} ({})", dollars(bill.idle), percent(bill.idle / bill.total)));
    format!("The nodes cost {}: {}.\n", dollars(bill.total), parts.join(", "))
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// Cents, and more digits of less than that.
fn dollars(amount: f64) -> String {
    if amount > 0.0 && amount < 0.1 { format!("${amount:.4}") } else { format!("${amount:.2}") }
}
