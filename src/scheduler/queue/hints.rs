//! Which events wake which pods: each plugin that rejected a pod is asked whether the event may help (`QueueingHint`).

use super::super::cluster::Cluster;
use super::super::node_info::NodeFacts;
use super::super::plugins::pod_affinity::hint_matches;
use super::super::plugins::spread::{has_all_keys, selector_matches};
use super::super::plugins::{Plugin, Plugins, node_affinity, resources, taints};
use super::super::shape::{Shape, ShapeSpec, Spread};
use super::super::symbols::label;
use crate::api::meta::PodId;

/// Something that happened in the cluster.
#[derive(Clone, Debug)]
pub(in super::super) enum ClusterEvent {
    /// A pod is bound to a node.
    PodAdded(Shape),
    /// A pod that was bound is gone, or one that was promised a node.
    PodDeleted {
        /// What it was.
        shape: Shape,
        /// Was it bound?
        bound: bool,
    },
    /// A bound pod changed, or the waiting pod itself.
    PodUpdated {
        /// Which.
        pod: PodId,
        /// What it was.
        old: Shape,
        /// What it is.
        new: Shape,
        /// Is it bound?
        bound: bool,
    },
    /// A node is there.
    NodeAdded(NodeFacts),
    /// A node is gone.
    NodeDeleted(NodeFacts),
    /// A node changed.
    NodeUpdated {
        /// What it was.
        old: NodeFacts,
        /// What it is.
        new: NodeFacts,
    },
}

/// Is the event worth another attempt for a pod that these plugins rejected (`isPodWorthRequeuing`)?
pub(super) fn wakes(event: &ClusterEvent, id: PodId, pod: &ShapeSpec, by: Plugins, cluster: &Cluster) -> bool {
    if by.is_empty() {
        return true;
    }
    let asks = |plugin: Plugin, answer: &dyn Fn() -> bool| by.has(plugin) && answer();
    asks(Plugin::NodeResourcesFit, &|| fit(event, id, pod))
        || asks(Plugin::NodeUnschedulable, &|| unschedulable(event, id, pod))
        || asks(Plugin::TaintToleration, &|| taint(event, id, pod))
        || asks(Plugin::NodeAffinity, &|| affinity(event, pod, cluster))
        || asks(Plugin::NodePorts, &|| ports(event, pod))
        || asks(Plugin::PodTopologySpread, &|| spread(event, id, pod, cluster))
        || asks(Plugin::InterPodAffinity, &|| pod_affinity(event, id, pod, cluster))
        || asks(Plugin::SchedulingGates, &|| gates(event, id))
        || asks(Plugin::DefaultPreemption, &|| matches!(event, ClusterEvent::PodDeleted { bound: true, .. }))
}

fn fit(event: &ClusterEvent, id: PodId, pod: &ShapeSpec) -> bool {
    match event {
        ClusterEvent::PodDeleted { .. } => true,
        ClusterEvent::PodUpdated { pod: other, old, new, bound } => {
            let shrunk = |&resource: &usize| old.requests.plain(resource) > new.requests.plain(resource);
            let resources = old.requests.plain.len();
            match *other == id {
                true => (0..resources).any(|resource| shrunk(&resource)),
                false => *bound && (0..resources).filter(|r| pod.requests.plain(*r) > 0).any(|r| shrunk(&r)),
            }
        }
        ClusterEvent::NodeAdded(node) => resources::fits_empty(pod, node),
        ClusterEvent::NodeUpdated { old, new } => {
            has_other_resources(old, new) && resources::fits_empty(pod, new) && resources::has_grown(pod, old, new)
        }
        _ => false,
    }
}

fn has_other_resources(old: &NodeFacts, new: &NodeFacts) -> bool {
    old.allocatable != new.allocatable || old.pods_allowed != new.pods_allowed
}

fn unschedulable(event: &ClusterEvent, id: PodId, pod: &ShapeSpec) -> bool {
    match event {
        ClusterEvent::NodeAdded(node) => !node.unschedulable,
        ClusterEvent::NodeUpdated { old, new } => old.unschedulable && !new.unschedulable,
        ClusterEvent::PodUpdated { pod: other, old, new, .. } => {
            *other == id && old.tolerations != new.tolerations && taints::tolerates_cordon(pod)
        }
        _ => false,
    }
}

/// Taints differ; the end of a cordon counts as such a change.
fn has_other_taints(old: &NodeFacts, new: &NodeFacts) -> bool {
    old.taints != new.taints || (old.unschedulable && !new.unschedulable)
}

fn taint(event: &ClusterEvent, id: PodId, pod: &ShapeSpec) -> bool {
    match event {
        ClusterEvent::NodeAdded(node) => taints::tolerates_all(pod, node),
        ClusterEvent::NodeUpdated { old, new } => {
            has_other_taints(old, new) && !taints::tolerates_all(pod, old) && taints::tolerates_all(pod, new)
        }
        ClusterEvent::PodUpdated { pod: other, old, new, .. } => *other == id && old.tolerations != new.tolerations,
        _ => false,
    }
}

fn affinity(event: &ClusterEvent, pod: &ShapeSpec, cluster: &Cluster) -> bool {
    let matches = |node: &NodeFacts| node_affinity::matches(&pod.nodes, node, &cluster.symbols);
    match event {
        ClusterEvent::NodeAdded(node) => matches(node),
        ClusterEvent::NodeUpdated { old, new } => old.labels != new.labels && matches(new) && !matches(old),
        _ => false,
    }
}

fn ports(event: &ClusterEvent, pod: &ShapeSpec) -> bool {
    match event {
        ClusterEvent::NodeAdded(_) => true,
        ClusterEvent::PodDeleted { shape, .. } => resources::conflict(&pod.ports, &shape.ports),
        _ => false,
    }
}

fn gates(event: &ClusterEvent, id: PodId) -> bool {
    matches!(event, ClusterEvent::PodUpdated { pod, new, .. } if *pod == id && !new.gated)
}

fn spread(event: &ClusterEvent, id: PodId, pod: &ShapeSpec, cluster: &Cluster) -> bool {
    let hard: Vec<&Spread> = pod.spread.iter().filter(|constraint| constraint.hard).collect();
    let matches = |one: &Spread, other: &Shape| selector_matches(one, &other.labels, &cluster.symbols);
    let any = |other: &Shape| other.namespace == pod.namespace && hard.iter().any(|one| matches(one, other));
    match event {
        ClusterEvent::PodAdded(shape) | ClusterEvent::PodDeleted { shape, .. } => any(shape),
        ClusterEvent::PodUpdated { pod: other, old, new, bound } => {
            let involved = *other == id || (*bound && new.namespace == pod.namespace);
            let tolerates_more = *other == id
                && old.tolerations != new.tolerations
                && hard.iter().any(|constraint| constraint.honours_taints);
            let relabelled = old.labels != new.labels && hard.iter().any(|one| matches(one, old) != matches(one, new));
            involved && (tolerates_more || relabelled)
        }
        ClusterEvent::NodeAdded(node) | ClusterEvent::NodeDeleted(node) => has_all_keys(&hard, node),
        ClusterEvent::NodeUpdated { old, new } => {
            if old.labels == new.labels && !has_other_taints(old, new) {
                return false;
            }
            let (had, has) = (has_all_keys(&hard, old), has_all_keys(&hard, new));
            let moved = hard.iter().any(|one| label(&old.labels, one.key) != label(&new.labels, one.key));
            had != has || (has && (moved || old.taints != new.taints))
        }
    }
}

fn pod_affinity(event: &ClusterEvent, id: PodId, pod: &ShapeSpec, cluster: &Cluster) -> bool {
    let wanted = |other: &ShapeSpec| {
        !pod.affinity.is_empty() && pod.affinity.iter().all(|term| hint_matches(term, other, cluster))
    };
    let unwanted = |other: &ShapeSpec| pod.anti_affinity.iter().any(|term| hint_matches(term, other, cluster));
    match event {
        ClusterEvent::PodAdded(shape) => wanted(shape),
        ClusterEvent::PodDeleted { shape, .. } => {
            unwanted(shape) || shape.anti_affinity.iter().any(|term| hint_matches(term, pod, cluster))
        }
        ClusterEvent::PodUpdated { pod: other, old, new, .. } if *other == id => old.labels != new.labels,
        ClusterEvent::PodUpdated { old, new, bound: true, .. } => {
            old.labels != new.labels && ((!wanted(old) && wanted(new)) || (unwanted(old) && !unwanted(new)))
        }
        ClusterEvent::NodeAdded(node) => {
            let mut keys = pod.affinity.iter().map(|term| term.key);
            !pod.anti_affinity.is_empty() || keys.any(|key| label(&node.labels, key).is_some())
        }
        ClusterEvent::NodeUpdated { old, new } => {
            let values = |key| (label(&old.labels, key), label(&new.labels, key));
            let moved = |key| values(key).0 != values(key).1;
            old.labels != new.labels
                && (pod.affinity.iter().any(|term| moved(term.key) && values(term.key).1.is_some())
                    || pod.anti_affinity.iter().any(|term| moved(term.key) && values(term.key).0.is_some()))
        }
        _ => false,
    }
}
