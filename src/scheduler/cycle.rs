//! One scheduling cycle: filters and scores, node by node, as the released profile runs them.

use super::cluster::{Cluster, KnownPod};
use super::node_info::NodeInfo;
use super::plugins::images::ImageScores;
use super::plugins::pod_affinity::AffinityState;
use super::plugins::spread::SpreadState;
use super::plugins::{Plugin, Rejection, node_affinity, pod_affinity_score, resources, spread_score, taints};
use super::shape::{Shape, ShapeSpec};
use crate::api::meta::{NodeId, PodId};

/// What the filters know before they look at a node.
#[derive(Clone, Debug, Default)]
pub(super) struct FilterState {
    pub(super) spread: SpreadState,
    pub(super) affinity: AffinityState,
}

impl FilterState {
    pub(super) fn new(pod: &ShapeSpec, cluster: &Cluster) -> FilterState {
        FilterState { spread: SpreadState::new(pod, cluster), affinity: AffinityState::new(pod, cluster) }
    }

    /// A pod is taken to be on the node, or not to be.
    pub(super) fn adjust(&mut self, pod: &ShapeSpec, other: &Shape, node: &NodeInfo, more: i64, cluster: &Cluster) {
        self.spread.adjust(pod, other, &node.facts, more, &cluster.symbols);
        self.affinity.adjust(pod, other, &node.facts, more, cluster);
    }
}

/// A pod in its cycle.
#[derive(Debug)]
pub(super) struct Cycle<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) pod: &'a KnownPod,
    pub(super) state: FilterState,
}

impl<'a> Cycle<'a> {
    pub(super) fn new(pod: &'a KnownPod, cluster: &'a Cluster) -> Cycle<'a> {
        Cycle { cluster, pod, state: FilterState::new(&pod.shape, cluster) }
    }

    /// May the pod run on the node, also when those pods come that were promised it?
    pub(super) fn filter(&self, node: &NodeInfo) -> Result<(), Rejection> {
        self.filter_with(&self.state, node)
    }

    /// The same with pods added or taken away (`RunFilterPluginsWithNominatedPods`).
    pub(super) fn filter_with(&self, state: &FilterState, node: &NodeInfo) -> Result<(), Rejection> {
        let promised = self.promised(node.id);
        if !promised.is_empty() {
            let (mut state, mut node) = (state.clone(), node.clone());
            for id in promised {
                let Some(other) = self.cluster.pod(id) else { continue };
                node.add(id.slot, &other.shape, false);
                state.adjust(&self.pod.shape, &other.shape, &node, 1, self.cluster);
            }
            filter(&self.pod.shape, &state, &node, self.cluster)?;
        }
        filter(&self.pod.shape, state, node, self.cluster)
    }

    /// Other pods of no lower priority that are nominated to the node.
    fn promised(&self, node: NodeId) -> Vec<PodId> {
        let Some(nominated) = self.cluster.nominated.get(&node) else { return Vec::new() };
        let counts = |id: &&PodId| {
            let other = self.cluster.pod(**id);
            **id != self.pod.id && other.is_some_and(|other| other.shape.priority >= self.pod.shape.priority)
        };
        nominated.iter().filter(counts).copied().collect()
    }
}

/// The filters in their order; the first that says no is heard.
pub(super) fn filter(
    pod: &ShapeSpec,
    state: &FilterState,
    node: &NodeInfo,
    cluster: &Cluster,
) -> Result<(), Rejection> {
    filter_locally(pod, node, cluster)?;
    state.spread.filter(&node.facts)?;
    state.affinity.filter(pod, &node.facts)
}

/// Those that look at the node and its pods alone.
pub(super) fn filter_locally(pod: &ShapeSpec, node: &NodeInfo, cluster: &Cluster) -> Result<(), Rejection> {
    taints::filter(pod, &node.facts)?;
    node_affinity::filter(pod, &node.facts, &cluster.symbols)?;
    resources::filter_ports(pod, node)?;
    resources::filter(pod, node)
}

/// What a plugin gives to each feasible node, before and after it made the nodes comparable and weighed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The plugin.
    pub plugin: Plugin,
    /// Its own measure.
    pub raw: Vec<i64>,
    /// What counts.
    pub scores: Vec<i64>,
}

/// All scores of the feasible nodes, in their order.
pub(super) fn scores(pod: &ShapeSpec, feasible: &[NodeId], cluster: &Cluster) -> Vec<Column> {
    let nodes: Vec<&NodeInfo> = feasible.iter().filter_map(|id| cluster.node(*id)).collect();
    let mut columns = Vec::new();
    let mut add = |plugin, raw: Vec<i64>, weight: i64, normalize: &dyn Fn(&[i64]) -> Vec<i64>| {
        let scores = normalize(&raw).into_iter().map(|score| score * weight).collect();
        columns.push(Column { plugin, raw, scores });
    };
    let each = |score: &dyn Fn(&NodeInfo) -> i64| nodes.iter().map(|node| score(node)).collect::<Vec<i64>>();
    let as_it_is = |scores: &[i64]| scores.to_vec();
    add(Plugin::TaintToleration, each(&|node| taints::score(pod, &node.facts)), 3, &fewest_is_best);
    if pod.prefers_nodes {
        let raw = each(&|node| node_affinity::score(pod, &node.facts, &cluster.symbols));
        add(Plugin::NodeAffinity, raw, 2, &most_is_best);
    }
    add(Plugin::NodeResourcesFit, each(&|node| resources::least_allocated(pod, node)), 1, &as_it_is);
    if let Some(raw) = spread_score::scores(pod, feasible, cluster) {
        add(Plugin::PodTopologySpread, raw, 2, &spread_score::normalize);
    }
    if let Some(raw) = pod_affinity_score::scores(pod, feasible, cluster) {
        add(Plugin::InterPodAffinity, raw, 2, &pod_affinity_score::normalize);
    }
    if !resources::is_best_effort(pod) {
        let raw = each(&|node| resources::balanced(pod, node));
        add(Plugin::NodeResourcesBalancedAllocation, raw, 1, &as_it_is);
    }
    let images = ImageScores::new(pod, cluster);
    add(Plugin::ImageLocality, each(&|node| images.score(&node.facts)), 1, &as_it_is);
    let spread = columns.iter_mut().find(|column| column.plugin == Plugin::PodTopologySpread);
    spread.into_iter().flat_map(|column| &mut column.raw).for_each(|raw| *raw = spread_score::shown(*raw));
    columns
}

/// The sum of all columns for each node.
pub(super) fn totals(columns: &[Column], nodes: usize) -> Vec<i64> {
    (0..nodes).map(|node| columns.iter().map(|column| column.scores[node]).sum()).collect()
}

/// Nothing is 100, the most is 0 (`DefaultNormalizeScore`, reversed).
fn fewest_is_best(scores: &[i64]) -> Vec<i64> {
    let most = scores.iter().max().copied().unwrap_or(0);
    scores.iter().map(|score| if most == 0 { 100 } else { 100 - 100 * score / most }).collect()
}

/// The most is 100 (`DefaultNormalizeScore`).
fn most_is_best(scores: &[i64]) -> Vec<i64> {
    let most = scores.iter().max().copied().unwrap_or(0);
    scores.iter().map(|score| if most == 0 { *score } else { 100 * score / most }).collect()
}
