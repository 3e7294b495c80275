//! Nodes as they come, change and go, and what the pods on them ask for.

use std::sync::Arc;

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
}

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    pods: u32,
    cpu_m: i64,
    memory_b: i64,
}

#[derive(Clone, Copy, Debug)]
struct OnNode {
    pod: PodId,
    node: NodeId,
    cpu_m: i64,
    memory_b: i64,
}

/// Thousandths of processors and bytes of memory.
fn amounts(list: &ResourceList) -> (i64, i64) {
    (list.get("cpu").map_or(0, |cpu| cpu.milli_value()), list.get("memory").map_or(0, |memory| memory.value()))
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

impl NodeLog {
    pub(super) fn on_node(&mut self, now: SimTime, id: NodeId, verb: Verb, store: &Store) {
        let Some(node) = store.node(id) else { return };
        match verb {
            Verb::Added => {
                let (cpu_m, memory_b) = amounts(&node.allocatable);
                let (name, pool) = (node.name.clone(), node.pool);
                let rows = Vec::new();
                self.lives.push(NodeLife { name, pool, cpu_m, memory_b, created: now, removed: None, rows });
                self.used.push(Used::default());
            }
            Verb::Modified => {
                let (cpu_m, memory_b) = amounts(&node.allocatable);
                let life = &mut self.lives[id.0 as usize];
                (life.cpu_m, life.memory_b) = (cpu_m, memory_b);
            }
            Verb::Deleted => {
                let life = &mut self.lives[id.0 as usize];
                life.removed = Some(now);
                life.rows.push(NodeRow { time: now, state: "Deleted", pods: 0, cpu_m: 0, memory_b: 0 });
                return;
            }
        }
        self.touch(id);
    }

    /// A pod was written: it may stand on a node now, or not any more.
    pub(super) fn on_pod(&mut self, id: PodId, verb: Verb, store: &Store) {
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
                let (cpu_m, memory_b) = amounts(&requests);
                let on = OnNode { pod: id, node: pod.node, cpu_m, memory_b };
                self.pods[slot] = Some(on);
                self.change(on, 1);
            }
            (Some(on), true) => {
                self.pods[slot] = None;
                self.change(on, -1);
            }
            _ => {}
        }
    }

    fn change(&mut self, on: OnNode, by: i64) {
        let Some(used) = self.used.get_mut(on.node.0 as usize) else { return };
        used.pods = used.pods.saturating_add_signed(by as i32);
        used.cpu_m += by * on.cpu_m;
        used.memory_b += by * on.memory_b;
        self.touch(on.node);
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
            let Used { pods, cpu_m, memory_b } = self.used[id.0 as usize];
            let row = NodeRow { time: now, state: state_of(node), pods, cpu_m, memory_b };
            let last = life.rows.last();
            if last.is_none_or(|last| NodeRow { time: now, ..last.clone() } != row) {
                life.rows.push(row);
            }
        }
        self.touched = touched;
    }
}
