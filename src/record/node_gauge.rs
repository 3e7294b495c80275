//! What nodes cost and how much of them pods asked for: steps of amounts over time, read while a run lasts or from its
//! record. A run without nodes leaves nothing here and costs nothing.

use std::sync::Arc;

use super::Run;
use super::bill::dollars;
use super::nodes::cpu_and_memory;
use crate::api::change::Verb;
use crate::api::meta::{NodeId, PodId};
use crate::api::pod::{Pod, PodTemplate};
use crate::apiserver::store::Store;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::Cluster;
use crate::scenario::cluster::NodePool;

/// Templates whose requests are remembered: few are met at a time, and adding them up is slow.
const TEMPLATES: usize = 8;

/// Of a part of a run: from when until when.
pub type Window = (SimTime, SimTime);

/// Something that nodes have and pods ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Processors.
    Cpu,
    /// Memory.
    Memory,
}

/// Thousandths of processors, and bytes of memory.
type Amounts = [i64; 2];

/// Nodes and what stood on them.
#[derive(Clone, Debug, Default)]
pub struct NodeGauge {
    /// Names and prices (millionths of a dollar an hour) of the pools.
    pools: Vec<(Arc<str>, u64)>,
    /// Least time that a node is paid for.
    minimum_charge: SimDuration,
    /// By id.
    nodes: Vec<NodeSpan>,
    /// In order of time.
    steps: Vec<Step>,
    /// What stands on nodes, by the slots of pods.
    standing: Vec<Option<Standing>>,
    requests: Vec<(Arc<PodTemplate>, Amounts)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NodeSpan {
    pool: Option<u32>,
    asked: SimTime,
    created: SimTime,
    removed: Option<SimTime>,
    allocatable: Amounts,
}

/// From then on pods on nodes of the pool ask for so much more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    time: SimTime,
    pool: Option<u32>,
    more: Amounts,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    pod: PodId,
    node: NodeId,
    asks: Amounts,
}

fn priced(pools: &[NodePool]) -> Vec<(Arc<str>, u64)> {
    pools.iter().map(|pool| (pool.name.clone(), pool.micros_an_hour)).collect()
}

/// Nanoseconds that two spans of time share.
fn shared(from: SimTime, to: SimTime, window: Window) -> i128 {
    i128::from(to.min(window.1).since(from.max(window.0).min(window.1)).0)
}

impl NodeGauge {
    /// For runs in this cluster.
    pub fn of_cluster(cluster: &Cluster) -> NodeGauge {
        let (pools, minimum_charge) = (priced(&cluster.pools), cluster.minimum_charge);
        NodeGauge { pools, minimum_charge, ..NodeGauge::default() }
    }

    /// Of a run that was recorded.
    pub fn of_run(run: &Run) -> NodeGauge {
        let (pools, minimum_charge) = (priced(&run.pools), run.minimum_charge);
        let mut gauge = NodeGauge { pools, minimum_charge, ..NodeGauge::default() };
        for life in &run.nodes {
            let mut asked = [0, 0];
            for row in &life.rows {
                let now = [row.cpu_m, row.memory_b];
                let more = [now[0] - asked[0], now[1] - asked[1]];
                gauge.steps.push(Step { time: row.time, pool: life.pool, more });
                asked = now;
            }
            let (pool, asked, created, removed) = (life.pool, life.asked, life.created, life.removed);
            gauge.nodes.push(NodeSpan { pool, asked, created, removed, allocatable: [life.cpu_m, life.memory_b] });
        }
        gauge
    }

    /// Forgets what was measured; pools and memory stay.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.steps.clear();
        self.standing.clear();
        self.requests.clear();
    }

    /// The pool of this name.
    pub fn pool_named(&self, name: &str) -> Option<u32> {
        self.pools.iter().position(|(known, _)| &**known == name).map(|place| place as u32)
    }

    /// Dollars for the nodes of a pool or of all, each from the asking for its machine until its object goes or the window ends.
    /// Where `whole`, the window is the run and each is paid for the least time at least. Nodes of no pool cost nothing.
    pub fn cost(&self, pool: Option<u32>, window: Window, whole: bool) -> f64 {
        let least = if whole { i128::from(self.minimum_charge.0) } else { 0 };
        let of_node = |node: &NodeSpan| {
            let rate = node.pool.and_then(|pool| self.pools.get(pool as usize)).map_or(0, |(_, micros)| *micros);
            let time = shared(node.asked, node.removed.unwrap_or(window.1), window);
            u128::from(rate) * time.max(least).unsigned_abs()
        };
        dollars(self.of_pool(pool).map(of_node).sum())
    }

    /// The share of what nodes of a pool or all nodes had that pods on them asked for, over the time that the nodes were
    /// there. Not a number without nodes.
    pub fn utilisation(&self, resource: Resource, pool: Option<u32>, window: Window) -> f64 {
        let at = resource as usize;
        let steps = self.steps.iter().filter(|step| pool.is_none() || step.pool == pool);
        let asked: i128 = steps.map(|step| i128::from(step.more[at]) * shared(step.time, window.1, window)).sum();
        let has = |node: &NodeSpan| {
            i128::from(node.allocatable[at]) * shared(node.created, node.removed.unwrap_or(window.1), window)
        };
        asked as f64 / self.of_pool(pool).map(has).sum::<i128>() as f64
    }

    fn of_pool(&self, pool: Option<u32>) -> impl Iterator<Item = &NodeSpan> {
        self.nodes.iter().filter(move |node| pool.is_none() || node.pool == pool)
    }

    pub(super) fn on_node(&mut self, now: SimTime, id: NodeId, verb: Verb, store: &Store) {
        let Some(node) = store.node(id) else { return };
        let place = id.0 as usize;
        match verb {
            Verb::Added => {
                let allocatable = cpu_and_memory(&node.allocatable);
                let (pool, asked) = (node.pool, node.machine_since.instant().min(now));
                self.nodes.push(NodeSpan { pool, asked, created: now, removed: None, allocatable });
            }
            Verb::Modified => self.nodes[place].allocatable = cpu_and_memory(&node.allocatable),
            Verb::Deleted => {
                self.nodes[place].removed = Some(now);
                // Pods whose node has gone are of none, until they go too.
                for slot in 0..self.standing.len() {
                    if self.standing[slot].is_some_and(|standing| standing.node == id) {
                        self.leave(now, slot);
                    }
                }
            }
        }
    }

    /// A pod on a node was written.
    pub(super) fn on_pod(&mut self, now: SimTime, id: PodId, pod: &Pod, verb: Verb, store: &Store) {
        let slot = id.slot as usize;
        if self.standing.len() <= slot {
            self.standing.resize(slot + 1, None);
        }
        let over = verb == Verb::Deleted || pod.status.phase.is_terminal();
        match (self.standing[slot].filter(|standing| standing.pod == id), over) {
            (Some(_), true) => self.leave(now, slot),
            (None, false) => {
                let there = self.nodes.get(pod.node.0 as usize).filter(|node| node.removed.is_none());
                if let (Some(node), Some(template)) = (there.copied(), store.template_of(id)) {
                    let asks = self.requests_of(template);
                    self.standing[slot] = Some(Standing { pod: id, node: pod.node, asks });
                    self.steps.push(Step { time: now, pool: node.pool, more: asks });
                }
            }
            _ => {}
        }
    }

    fn leave(&mut self, now: SimTime, slot: usize) {
        let Some(standing) = self.standing[slot].take() else { return };
        let pool = self.nodes[standing.node.0 as usize].pool;
        self.steps.push(Step { time: now, pool, more: standing.asks.map(|amount| -amount) });
    }

    fn requests_of(&mut self, template: &Arc<PodTemplate>) -> Amounts {
        if let Some((_, known)) = self.requests.iter().find(|(known, _)| Arc::ptr_eq(known, template)) {
            return *known;
        }
        if self.requests.len() >= TEMPLATES {
            self.requests.remove(0);
        }
        let asks = cpu_and_memory(&template.requests());
        self.requests.push((template.clone(), asks));
        asks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    /// A node of 4 processors for 100 s at 36 dollars an hour, and from 50 s on one of 2 processors at 72.
    fn gauge() -> NodeGauge {
        let node = |pool, created, cpu| NodeSpan {
            pool: Some(pool),
            asked: created,
            created,
            removed: None,
            allocatable: [cpu, 0],
        };
        let step = |pool, seconds, cpu| Step { time: at(seconds), pool: Some(pool), more: [cpu, 0] };
        NodeGauge {
            pools: vec![("a".into(), 36_000_000), ("b".into(), 72_000_000)],
            minimum_charge: SimDuration::from_secs(60),
            nodes: vec![node(0, at(0), 4000), node(1, at(50), 2000)],
            steps: vec![step(0, 10, 3000), step(1, 60, 2000), step(0, 90, -3000)],
            ..NodeGauge::default()
        }
    }

    #[test]
    fn cost_and_use_by_hand() {
        let gauge = gauge();
        let close = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        let whole = (at(0), at(100));
        // A cent a second for 100 s; two cents a second for 60 s at least, of which 50 s are in the run.
        close(gauge.cost(Some(0), whole, true), 1.0);
        close(gauge.cost(Some(1), whole, true), 1.2);
        close(gauge.cost(None, whole, false), 2.0);
        close(gauge.cost(None, (at(40), at(60)), false), 0.2 + 0.2);
        close(gauge.utilisation(Resource::Cpu, Some(0), whole), 3.0 * 80.0 / 400.0);
        close(gauge.utilisation(Resource::Cpu, None, whole), (240.0 + 80.0) / 500.0);
        close(gauge.utilisation(Resource::Cpu, None, (at(80), at(100))), (30.0 + 40.0) / (80.0 + 40.0));
        assert!(gauge.utilisation(Resource::Memory, None, whole).is_nan());
        assert!(gauge.utilisation(Resource::Cpu, Some(1), (at(0), at(10))).is_nan());
        assert_eq!((gauge.pool_named("b"), gauge.pool_named("c")), (Some(1), None));
    }
}
