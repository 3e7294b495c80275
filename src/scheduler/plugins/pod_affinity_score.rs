//! Preferred affinity and anti-affinity to other pods, and theirs to this one (`InterPodAffinity`).

use std::collections::BTreeMap;

use super::super::cluster::Cluster;
use super::super::shape::{PodTerm, ShapeSpec};
use super::super::symbols::{Symbol, label};
use super::pod_affinity::{own_term_matches, their_term_matches};
use crate::api::meta::NodeId;

/// What a required affinity term of another pod weighs that matches this pod (`hardPodAffinityWeight`).
const HARD_WEIGHT: i64 = 1;

/// Weights by a label of nodes and its value.
type Weights = BTreeMap<(Symbol, Symbol), i64>;

/// The scores of the feasible nodes, in their order; none if no pod bears on them.
pub(in super::super) fn scores(pod: &ShapeSpec, feasible: &[NodeId], cluster: &Cluster) -> Option<Vec<i64>> {
    let prefers = !pod.preferred_pods.is_empty();
    if !prefers && cluster.pods_with_affinity == 0 {
        return None;
    }
    let weights = weights(pod, prefers, cluster);
    if weights.is_empty() {
        return None;
    }
    let score = |id: &NodeId| {
        let labels = cluster.node(*id).map_or(&[][..], |node| &node.facts.labels);
        labels.iter().filter_map(|pair| weights.get(pair)).sum()
    };
    Some(feasible.iter().map(score).collect())
}

fn weights(pod: &ShapeSpec, prefers: bool, cluster: &Cluster) -> Weights {
    let mut effects: Vec<Option<Vec<(Symbol, i64)>>> = vec![None; cluster.shapes()];
    let mut weights = Weights::new();
    for &id in cluster.order() {
        let Some(node) = cluster.node(id).filter(|node| !node.facts.labels.is_empty()) else { continue };
        for count in &node.shapes {
            let other = cluster.shape_numbered(count.shape);
            if !prefers && !other.has_pod_affinity() {
                continue;
            }
            let effect = effects[count.shape as usize].get_or_insert_with(|| effect(pod, other, cluster));
            for &(key, weight) in effect.iter() {
                if let Some(value) = label(&node.facts.labels, key) {
                    *weights.entry((key, value)).or_insert(0) += weight * i64::from(count.pods);
                }
            }
        }
    }
    weights
}

/// What a pod of another shape does to the places it is in, by topology key (`processExistingPod`).
fn effect(pod: &ShapeSpec, other: &ShapeSpec, cluster: &Cluster) -> Vec<(Symbol, i64)> {
    let of = |(weight, term): &(i64, PodTerm)| (term.key, *weight);
    let own = pod.preferred_pods.iter().filter(|(_, term)| own_term_matches(term, other, cluster)).map(of);
    let hard = other.affinity.iter().filter(|term| their_term_matches(term, pod, cluster));
    let theirs = other.preferred_pods.iter().filter(|(_, term)| their_term_matches(term, pod, cluster)).map(of);
    own.chain(hard.map(|term| (term.key, HARD_WEIGHT))).chain(theirs).collect()
}

/// The worst gets 0, the best 100.
pub(in super::super) fn normalize(scores: &[i64]) -> Vec<i64> {
    let (least, most) = (scores.iter().min().copied().unwrap_or(0), scores.iter().max().copied().unwrap_or(0));
    let range = (most - least) as f64;
    let normalized = |score: &i64| match most > least {
        true => (100.0 * ((score - least) as f64 / range)) as i64,
        false => 0,
    };
    scores.iter().map(normalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_cut_as_floats_are() {
        let check = |scores: &[i64], wanted: &[i64]| assert_eq!(normalize(scores), wanted, "{scores:?}");
        check(&[-6, 98, 0], &[0, 100, 5]);
        check(&[4, 4], &[0, 0]);
        check(&[0, 29, 100], &[0, 28, 100]);
    }
}
