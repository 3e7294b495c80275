//! Which nodes a cycle looks at, and what it finds (`findNodesThatFitPod`).

use super::cluster::Cluster;
use super::cycle::Cycle;
use super::plugins::node_affinity::{self, PreFilter};
use super::plugins::{Plugin, Plugins, Rejection};
use super::symbols::Symbol;
use crate::api::meta::NodeId;

/// Clusters up to this size are looked at whole.
const MIN_FEASIBLE: usize = 100;
/// The least share of a large cluster that is looked for, in percent.
const MIN_PERCENTAGE: usize = 5;

/// What a search came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Nodes that will do, in the order of examination.
    pub(super) feasible: Vec<NodeId>,
    /// Nodes that will not, and why.
    pub(super) rejected: Vec<(NodeId, Rejection)>,
    /// Nodes that were left out because of their names.
    pub(super) excluded: usize,
    /// The pod asks for what no node can be.
    pub(super) conflict: bool,
    /// How far the search has moved on.
    pub(super) processed: usize,
}

impl Found {
    /// The plugins that said no: their events can wake the pod.
    pub(super) fn plugins(&self) -> Plugins {
        let mut plugins = Plugins::default();
        self.rejected.iter().for_each(|(_, rejection)| plugins.insert(rejection.plugin));
        if self.excluded > 0 || self.conflict {
            plugins.insert(Plugin::NodeAffinity);
        }
        plugins
    }
}

/// How many feasible nodes are enough (`numFeasibleNodesToFind`).
pub(super) fn enough(nodes: usize) -> usize {
    if nodes < MIN_FEASIBLE {
        return nodes;
    }
    let percentage = 50usize.saturating_sub(nodes / 125).max(MIN_PERCENTAGE);
    (nodes * percentage / 100).max(MIN_FEASIBLE)
}

/// Looks for feasible nodes from the place `start` of the order on: first at the one that the pod is nominated to.
pub(super) fn search(cycle: &Cycle<'_>, start: usize, limit: Option<usize>) -> Found {
    let cluster = cycle.cluster;
    let names = match node_affinity::pre_filter(&cycle.pod.shape) {
        PreFilter::Conflict => return Found { conflict: true, ..Found::default() },
        PreFilter::Names(names) => Some(names),
        PreFilter::All => None,
    };
    if let Some(node) = cycle.pod.nominated.and_then(|id| cluster.present(id))
        && limit.is_none()
        && cycle.filter(node).is_ok()
    {
        return Found { feasible: vec![node.id], ..Found::default() };
    }
    match names {
        None => search_among(cycle, cluster.order(), start, limit),
        Some(names) => {
            let nodes = named(&names, cluster);
            let found = search_among(cycle, &nodes, start, limit);
            Found { excluded: cluster.order().len() - nodes.len(), ..found }
        }
    }
}

fn named(names: &[Symbol], cluster: &Cluster) -> Vec<NodeId> {
    let is_named = |id: &&NodeId| cluster.node(**id).is_some_and(|node| names.contains(&node.facts.name));
    cluster.order().iter().filter(is_named).copied().collect()
}

fn search_among(cycle: &Cycle<'_>, nodes: &[NodeId], start: usize, limit: Option<usize>) -> Found {
    let limit = limit.unwrap_or_else(|| enough(nodes.len()));
    let mut found = Found::default();
    if nodes.is_empty() {
        return found;
    }
    let start = start % nodes.len();
    for id in nodes[start..].iter().chain(&nodes[..start]) {
        if found.feasible.len() == limit {
            break;
        }
        let Some(node) = cycle.cluster.node(*id) else { continue };
        match cycle.filter(node) {
            Ok(()) => found.feasible.push(*id),
            Err(rejection) => found.rejected.push((*id, rejection)),
        }
    }
    found.processed = found.feasible.len() + found.rejected.len();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_clusters_are_sampled() {
        let check = |nodes, wanted| assert_eq!(enough(nodes), wanted, "{nodes}");
        check(10, 10);
        check(99, 99);
        check(100, 100);
        check(150, 100);
        check(1000, 420);
        check(5000, 500);
        check(6000, 300);
        check(10_000, 500);
    }
}
