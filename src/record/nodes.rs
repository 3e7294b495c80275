//! Nodes as they come, change and go, and what the pods on them ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metrics;
use crate::api::change::Verb;
use crate::api::meta::{NodeId, PodId};
use crate::api::node::{Node, Readiness};
use crate::api::resources::ResourceList;
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;

/// A node's life.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeLife {
    /// Its name.
    pub name: Arc<str>,
    /// The pool that it is of, by position.
    pub pool: Option<u32>,
    /// Thousandths of processors that pods can have.
    pub cpu_m: i64,
    /// Bytes of memory that pods can have.
    pub memory_b: i64,
    /// When its machine was asked for: it is paid for from then on.
    pub asked: SimTime,
    /// When its object was made.
    pub created: SimTime,
    /// When its object went.
    pub removed: Option<SimTime>,
    /// How it was after each instant in which a column changed.
    pub rows: Vec<NodeRow>,
}

/// A node at the end of an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// The instant.
    pub time: SimTime,
    /// `Ready`, `NotReady`, `Unknown` or `Deleted`; with `,SchedulingDisabled` where it takes no pods.
    pub state: &'static str,
    /// Pods on it that have not ended.
    pub pods: u32,
    /// Thousandths of processors that they ask for.
    pub cpu_m: i64,
    /// Bytes of memory that they ask for.
    pub memory_b: i64,
    /// Thousandths of processors that those use which run.
    pub used_cpu_m: i64,
    /// Bytes of memory that those use at most which run.
    pub used_memory_b: i64,
}

/// Collects the lives of nodes.
#[derive(Debug, Default)]
pub(super) struct NodeLog {
    /// By id.
    pub(super) lives: Vec<NodeLife>,
    /// What stands on each.
    used: Vec<Used>,
    /// What pods on nodes ask for, by slot.
    pods: Vec<Option<OnNode>>,
    touched: Vec<NodeId>,
    /// As in [`Run::shares`](super::Run::shares).
    pub(super) shares: BTreeMap<(u32, u32), u128>,
    pub(super) keeps_no_shares: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    pods: u32,
    asked: Amounts,
    used: Amounts,
}

/// Thousandths of processors and bytes of memory.
#[derive(Clone, Copy, Debug, Default)]
struct Amounts {
    cpu_m: i64,
    memory_b: i64,
}

impl Amounts {
    fn change(&mut self, other: Amounts, by: i64) {
        self.cpu_m += by * other.cpu_m;
        self.memory_b += by * other.memory_b;
    }
}

#[derive(Clone, Copy, Debug)]
struct OnNode {
    pod: PodId,
    node: NodeId,
    asked: Amounts,
    used: Amounts,
    since: SimTime,
    /// The pool of the node and the Job of the pod, by their places, and what it holds of the node in millionths.
    share: Option<(u32, u32, u64)>,
}

/// Thousandths of processors and bytes of memory in a list.
pub(super) fn cpu_and_memory(list: &ResourceList) -> [i64; 2] {
    [list.get("cpu").map_or(0, |cpu| cpu.milli_value()), list.get("memory").map_or(0, |memory| memory.value())]
}

fn amounts(list: &ResourceList) -> Amounts {
    let [cpu_m, memory_b] = cpu_and_memory(list);
    Amounts { cpu_m, memory_b }
}

/// Most of some nodes at a time, in a run that ended at `end`.
pub fn most_at_a_time(nodes: &[&NodeLife], end: SimTime) -> u64 {
    let changes = nodes.iter().flat_map(|node| {
        let until = node.removed.unwrap_or(end);
        (node.created < until).then_some([(node.created, 1), (until, -1)]).into_iter().flatten()
    });
    metrics::most(changes.collect())
}

/// What a pod holds of a node, in millionths: the mean over processors, memory and devices of what it asks for.
fn share(requests: &ResourceList, node: &Node) -> u64 {
    let counts = |name: &str| matches!(name, "cpu" | "memory") || name.contains('/');
    let (mut sum, mut kinds) = (0, 0);
    for (name, there) in node.allocatable.iter().filter(|(name, there)| counts(name) && there.milli_value() > 0) {
        let asked = requests.get(name).map_or(0, |asked| i128::from(asked.milli_value()));
        sum += asked * 1_000_000 / i128::from(there.milli_value());
        kinds += 1;
    }
    u64::try_from(sum / kinds.max(1)).unwrap_or(0).min(1_000_000)
}

/// The word for a node's state.
pub fn state_of(node: &Node) -> &'static str {
    match (node.ready, node.unschedulable) {
        (Readiness::Ready, false) => "Ready",
        (Readiness::Ready, true) => "Ready,SchedulingDisabled",
        (Readiness::NotReady, false) => "NotReady",
        (Readiness::NotReady, true) => "NotReady,SchedulingDisabled",
        (Readiness::Unknown, false) => "Unknown",
        (Readiness::Unknown, true) => "Unknown,SchedulingDisabled",
    }
}

fn row(time: SimTime, state: &'static str, sums: Used) -> NodeRow {
    let Used { pods, asked, used } = sums;
    let (cpu_m, memory_b) = (asked.cpu_m, asked.memory_b);
    NodeRow { time, state, pods, cpu_m, memory_b, used_cpu_m: used.cpu_m, used_memory_b: used.memory_b }
}

impl NodeLog {
    pub(super) fn on_node(&mut self, now: SimTime, id: NodeId, verb: Verb, store: &Store) {
        let Some(node) = store.node(id) else { return };
        match verb {
            Verb::Added => {
                let Amounts { cpu_m, memory_b } = amounts(&node.allocatable);
                let (name, pool, asked) = (node.name.clone(), node.pool, node.machine_since.instant().min(now));
                let rows = Vec::new();
                self.lives.push(NodeLife { name, pool, cpu_m, memory_b, asked, created: now, removed: None, rows });
                self.used.push(Used::default());
            }
            Verb::Modified => {
                let Amounts { cpu_m, memory_b } = amounts(&node.allocatable);
                let life = &mut self.lives[id.0 as usize];
                (life.cpu_m, life.memory_b) = (cpu_m, memory_b);
            }
            Verb::Deleted => {
                let life = &mut self.lives[id.0 as usize];
                life.removed = Some(now);
                life.rows.push(row(now, "Deleted", Used::default()));
                return;
            }
        }
        self.touch(id);
    }

    /// A pod was written: it may stand on a node now, or not any more.
    pub(super) fn on_pod(&mut self, now: SimTime, id: PodId, job: u32, verb: Verb, store: &Store) {
        let Some(pod) = store.pod(id).filter(|pod| pod.scheduled && pod.node != NodeId::WITHOUT_LIMITS) else { return };
        let slot = id.slot as usize;
        if self.pods.len() <= slot {
            self.pods.resize(slot + 1, None);
        }
        let known = self.pods[slot].filter(|on| on.pod == id);
        let over = verb == Verb::Deleted || pod.status.phase.is_terminal();
        match (known, over) {
            (None, false) => {
                let requests = store.template_of(id).map(|template| template.requests()).unwrap_or_default();
                let node = store.node(pod.node).filter(|_| !self.keeps_no_shares);
                let share = node.and_then(|node| Some((node.pool?, job, share(&requests, node))));
                let (asked, used) = (amounts(&requests), Amounts::default());
                let on = OnNode { pod: id, node: pod.node, asked, used, since: now, share };
                self.pods[slot] = Some(on);
                self.change(on, 1);
            }
            (Some(on), true) => {
                self.pods[slot] = None;
                self.change(on, -1);
                self.add_share(on, now);
            }
            _ => {}
        }
    }

    fn change(&mut self, on: OnNode, by: i64) {
        let Some(used) = self.used.get_mut(on.node.0 as usize) else { return };
        used.pods = used.pods.saturating_add_signed(by as i32);
        used.asked.change(on.asked, by);
        used.used.change(on.used, by);
        self.touch(on.node);
    }

    /// A pod on a node runs, and uses this.
    pub(super) fn on_use(&mut self, id: PodId, cpu_m: i64, memory_b: i64) {
        let Some(on) = self.pods.get_mut(id.slot as usize).and_then(Option::as_mut).filter(|on| on.pod == id) else {
            return;
        };
        on.used = Amounts { cpu_m, memory_b };
        let (node, used) = (on.node, on.used);
        if let Some(sums) = self.used.get_mut(node.0 as usize) {
            sums.used.change(used, 1);
            self.touch(node);
        }
    }

    fn add_share(&mut self, on: OnNode, until: SimTime) {
        if let Some((pool, job, millionths)) = on.share {
            // Where its node went before it, it held nothing from then on.
            let removed = self.lives.get(on.node.0 as usize).and_then(|node| node.removed);
            let until = removed.map_or(until, |removed| removed.min(until));
            let held = u128::from(millionths) * u128::from(until.since(on.since.min(until)).0);
            *self.shares.entry((pool, job)).or_default() += held;
        }
    }

    /// The run is over: what stands on nodes has been there until now.
    pub(super) fn finish(&mut self, end: SimTime) {
        for on in std::mem::take(&mut self.pods).into_iter().flatten() {
            self.add_share(on, end);
        }
    }

    fn touch(&mut self, id: NodeId) {
        self.touched.push(id);
    }

    pub(super) fn on_instant_over(&mut self, now: SimTime, store: &Store) {
        if self.touched.is_empty() {
            return;
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for id in touched.drain(..) {
            let (Some(node), Some(life)) = (store.standing_node(id), self.lives.get_mut(id.0 as usize)) else {
                continue;
            };
            let row = row(now, state_of(node), self.used[id.0 as usize]);
            let last = life.rows.last();
            if last.is_none_or(|last| NodeRow { time: now, ..last.clone() } != row) {
                life.rows.push(row);
            }
        }
        self.touched = touched;
    }
}
