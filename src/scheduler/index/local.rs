//! Verdicts and scores that hang on one node and its pods alone.

use super::super::cluster::{Cluster, KnownPod};
use super::super::cycle::filter_locally;
use super::super::node_info::NodeInfo;
use super::super::plugins::images::ImageScores;
use super::super::plugins::node_affinity::{self, PreFilter, pre_filter};
use super::super::plugins::{resources, taints};
use super::super::shape::ShapeSpec;

/// What a shape's scores are computed with.
#[derive(Debug)]
pub(super) struct Local {
    images: ImageScores,
    is_best_effort: bool,
}

/// A feasible node's score, but for what is measured against other nodes: that is its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LocalScore {
    /// Untolerated soft taints, weights of preferred terms that match.
    pub(super) class: (i64, i64),
    pub(super) score: i32,
}

/// Does the pod's verdict on a node hang on that node and its pods alone, and its score too?
pub(in super::super) fn is_served(pod: &KnownPod, cluster: &Cluster) -> bool {
    let shape = &pod.shape;
    let promised = || cluster.nominated.values().flatten();
    pod.nominated.is_none()
        && shape.spread.is_empty()
        && !shape.has_pod_affinity()
        && cluster.pods_with_affinity == 0
        && !promised().any(|id| cluster.pod(*id).is_some_and(|other| other.shape.priority >= shape.priority))
        && (!shape.default_spread || cluster.default_selector(shape).is_none())
        && pre_filter(shape) == PreFilter::All
}

impl Local {
    pub(super) fn new(shape: &ShapeSpec, cluster: &Cluster) -> Local {
        Local { images: ImageScores::new(shape, cluster), is_best_effort: resources::is_best_effort(shape) }
    }

    pub(super) fn score(&self, shape: &ShapeSpec, node: &NodeInfo, cluster: &Cluster) -> Option<LocalScore> {
        filter_locally(shape, node, cluster).ok()?;
        let mut score = resources::least_allocated(shape, node) + self.images.score(&node.facts);
        if !self.is_best_effort {
            score += resources::balanced(shape, node);
        }
        let soft_taints = taints::score(shape, &node.facts);
        let weight = node_affinity::score(shape, &node.facts, &cluster.symbols);
        Some(LocalScore { class: (soft_taints, weight), score: score as i32 })
    }
}

/// The whole score, as the columns of a full search add up.
pub(super) fn total(score: i64, taints: i64, weight: i64, most_taints: i64, most_weight: i64) -> i64 {
    let of_taints = if most_taints == 0 { 100 } else { 100 - 100 * taints / most_taints };
    let of_weight = if most_weight == 0 { weight } else { 100 * weight / most_weight };
    score + 3 * of_taints + 2 * of_weight
}
