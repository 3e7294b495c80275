//! A copy of the cluster on which pods are moved to see where there would be room: what the cluster autoscaler reckons
//! with (`ClusterSnapshot`). It says what the scheduler's filters say; scores play no part.

use std::collections::BTreeSet;

use super::Scheduler;
use super::cluster::{Cluster, KnownPod};
use super::cycle::{FilterState, filter};
use super::message::texts;
use crate::api::meta::{NodeId, PodId};
use crate::api::node::Node;

/// The copy.
#[derive(Clone, Debug)]
pub struct Snapshot {
    cluster: Cluster,
}

/// Pods that are put on some of the nodes, one after the other.
#[derive(Debug)]
pub struct Packing {
    /// The nodes, in the order in which they are tried.
    pub nodes: Vec<NodeId>,
    /// Where the next search begins: behind the last node that took a pod.
    next: usize,
    /// Numbers of shapes that no node takes any more: there is only ever less room.
    full: BTreeSet<u32>,
}

impl Scheduler {
    /// The cluster as it is now, with the pods that wait in it.
    pub fn snapshot(&self) -> Snapshot {
        let mut cluster = self.cluster.clone();
        cluster.settle();
        Snapshot { cluster }
    }

    /// As [`Snapshot::asked_of`], of the cluster itself.
    pub fn asked_of(&self, node: NodeId, resource: &str) -> (i64, i64) {
        self.cluster.asked_of(node, resource)
    }
}

impl Snapshot {
    /// One more node than there are.
    pub fn add_node(&mut self, node: &Node) -> NodeId {
        let id = self.cluster.next_node();
        self.set_node(id, node);
        id
    }

    /// A node is as this one.
    pub fn set_node(&mut self, id: NodeId, node: &Node) {
        self.cluster.set_node(id, node);
        self.cluster.settle();
    }

    /// A node goes; nothing is on it.
    pub fn remove_node(&mut self, id: NodeId) {
        self.cluster.remove_node(id);
        // Whoever tries many nodes one after the other would else leave ever more ids behind.
        self.cluster.free_last_nodes();
        self.cluster.settle();
    }

    /// A pod is put on a node, whether it fits or not.
    pub fn put(&mut self, pod: PodId, node: NodeId) {
        self.cluster.displace(pod);
        self.cluster.place(pod, node);
    }

    /// A pod is taken off its node.
    pub fn lift(&mut self, pod: PodId) {
        self.cluster.displace(pod);
    }

    /// The pods on a node, in the order of their arrival.
    pub fn pods_on(&self, node: NodeId) -> Vec<PodId> {
        let slots = self.cluster.node(node).map_or(&[][..], |node| &node.pods);
        slots.iter().filter_map(|slot| self.cluster.pod_in(*slot)).map(|pod| pod.id).collect()
    }

    /// What the pods on a node ask for of a resource, and what the node has of it: thousandths of cpu, else units.
    pub fn asked_of(&self, node: NodeId, resource: &str) -> (i64, i64) {
        self.cluster.asked_of(node, resource)
    }

    /// What the node says against the pod; nothing if it takes it.
    pub fn against(&self, pod: PodId, node: NodeId) -> Vec<String> {
        let (Some(pod), Some(info)) = (self.cluster.pod(pod), self.cluster.present(node)) else { return Vec::new() };
        let verdict = filter(&pod.shape, &FilterState::new(&pod.shape, &self.cluster), info, &self.cluster);
        verdict.err().map_or_else(Vec::new, |rejection| texts(rejection.reason, &self.cluster.resources))
    }

    /// Would the node take the pod?
    pub fn takes(&self, pod: PodId, node: NodeId) -> bool {
        self.first_of(pod, std::iter::once(&node)).is_some()
    }

    fn first_of<'n>(&self, pod: PodId, mut nodes: impl Iterator<Item = &'n NodeId>) -> Option<NodeId> {
        let shape = &self.cluster.pod(pod)?.shape;
        let state = FilterState::new(shape, &self.cluster);
        let takes = |id: &&NodeId| {
            let node = self.cluster.present(**id);
            node.is_some_and(|node| filter(shape, &state, node, &self.cluster).is_ok())
        };
        nodes.find(takes).copied()
    }
}

impl Packing {
    /// Nothing has been put on these nodes.
    pub fn on(nodes: Vec<NodeId>) -> Packing {
        Packing::from(nodes, 0)
    }

    /// The same, where the first search begins at this place of them.
    pub fn from(nodes: Vec<NodeId>, next: usize) -> Packing {
        let next = if next < nodes.len() { next } else { 0 };
        Packing { nodes, next, full: BTreeSet::new() }
    }

    /// The place where the next search begins.
    pub fn next(&self) -> usize {
        self.next
    }

    /// One more node: there is room again.
    pub fn add(&mut self, node: NodeId) {
        self.nodes.push(node);
        self.full.clear();
    }

    /// Puts a pod on the first node that takes it (`RunFiltersUntilPassingNode`); `but` is not asked.
    pub fn place(&mut self, snapshot: &mut Snapshot, pod: PodId, but: Option<NodeId>) -> Option<NodeId> {
        let known = snapshot.cluster.pod(pod)?;
        let number = has_no_terms(known).then(|| known.shape.number());
        if but.is_none() && number.is_some_and(|number| self.full.contains(&number)) {
            return None;
        }
        let (behind, before) = self.nodes.split_at(self.next.min(self.nodes.len()));
        let in_turn = before.iter().chain(behind).filter(|id| Some(**id) != but);
        let found = snapshot.first_of(pod, in_turn);
        match (found, number, but) {
            (Some(node), ..) => {
                snapshot.put(pod, node);
                let place = self.nodes.iter().position(|id| *id == node).unwrap_or(0);
                self.next = (place + 1) % self.nodes.len();
            }
            (None, Some(number), None) => _ = self.full.insert(number),
            _ => {}
        }
        found
    }
}

/// Does nothing that is put elsewhere make room for the pod?
fn has_no_terms(pod: &KnownPod) -> bool {
    pod.shape.affinity.is_empty() && pod.shape.spread.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_nodes_that_were_tried_are_used_again() {
        let mut snapshot = Snapshot { cluster: Cluster::default() };
        let node = Node {
            id: NodeId(0),
            name: "n".into(),
            labels: Vec::new(),
            annotations: Vec::new(),
            taints: Vec::new(),
            unschedulable: false,
            capacity: Default::default(),
            allocatable: Default::default(),
            images: Vec::new(),
            ready: Default::default(),
            machine_since: Default::default(),
            ready_since: Default::default(),
            pool: None,
            created: Default::default(),
            manifest: None,
        };
        let first = snapshot.add_node(&node);
        for _ in 0..3 {
            let tried = snapshot.add_node(&node);
            assert_eq!(tried.0, first.0 + 1);
            snapshot.remove_node(tried);
        }
        assert_eq!(snapshot.cluster.order(), [first]);
    }
}
