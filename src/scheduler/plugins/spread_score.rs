//! Topology spread constraints that are wishes (`PodTopologySpread`, ScheduleAnyway).

use std::collections::BTreeMap;

use super::super::cluster::Cluster;
use super::super::node_info::NodeInfo;
use super::super::shape::{ShapeSpec, Spread};
use super::super::symbols::{HOSTNAME, Symbol, ZONE, label};
use super::spread::{Matching, counts_node, has_all_keys};
use crate::api::meta::NodeId;

/// The score of a node that lacks a label of the constraints, before it is made 0.
const IGNORED: i64 = -1;
const MAX_SCORE: i64 = 100;

/// The wishes of a pod: its own, or those of the cluster's default for pods of services.
pub(in super::super) fn wishes(pod: &ShapeSpec, cluster: &Cluster) -> Vec<Spread> {
    if !pod.default_spread {
        return pod.spread.iter().filter(|constraint| !constraint.hard).cloned().collect();
    }
    let Some(selector) = cluster.default_selector(pod) else { return Vec::new() };
    let constraint = |key, max_skew| Spread {
        hard: false,
        max_skew,
        key,
        selector: Some(selector.clone()),
        min_domains: 1,
        honours_affinity: true,
        honours_taints: false,
    };
    vec![constraint(HOSTNAME, 3), constraint(ZONE, 5)]
}

/// The scores of the feasible nodes, in their order, before they are made comparable; none without wishes.
pub(in super::super) fn scores(pod: &ShapeSpec, feasible: &[NodeId], cluster: &Cluster) -> Option<Vec<i64>> {
    let wishes = wishes(pod, cluster);
    if wishes.is_empty() {
        return None;
    }
    let wishes: Vec<&Spread> = wishes.iter().collect();
    // With the default constraints a node without a zone is not ignored.
    let all_keys = !pod.default_spread;
    let is_ignored = |node: &NodeInfo| all_keys && !has_all_keys(&wishes, &node.facts);
    let mut matching: Vec<_> = wishes.iter().map(|wish| Matching::new(wish, pod.namespace, cluster)).collect();
    let place = |wish: &Spread, node: &NodeInfo| label(&node.facts.labels, wish.key);

    let nodes: Vec<&NodeInfo> = feasible.iter().filter_map(|id| cluster.node(*id)).collect();
    let mut places: Vec<BTreeMap<Option<Symbol>, i64>> = vec![BTreeMap::new(); wishes.len()];
    let mut ignored = 0;
    for node in &nodes {
        if is_ignored(node) {
            ignored += 1;
            continue;
        }
        for (wish, places) in wishes.iter().zip(&mut places).filter(|(wish, _)| wish.key != HOSTNAME) {
            places.entry(place(wish, node)).or_insert(0);
        }
    }
    let weight = |i: usize| {
        let size = if wishes[i].key == HOSTNAME { nodes.len() - ignored } else { places[i].len() };
        libm::log((size + 2) as f64)
    };
    let weights: Vec<f64> = (0..wishes.len()).map(weight).collect();
    if wishes.iter().any(|wish| wish.key != HOSTNAME) {
        for &id in cluster.order() {
            let Some(node) = cluster.node(id).filter(|node| !is_ignored(node)) else { continue };
            for (i, wish) in wishes.iter().enumerate().filter(|(_, wish)| wish.key != HOSTNAME) {
                if counts_node(pod, wish, &node.facts, &cluster.symbols)
                    && let Some(sum) = places[i].get_mut(&place(wish, node))
                {
                    *sum += matching[i].count(&node.shapes);
                }
            }
        }
    }
    let mut score = |node: &&NodeInfo| {
        if is_ignored(node) {
            return IGNORED;
        }
        let mut score = 0.0;
        for (i, wish) in wishes.iter().enumerate() {
            let Some(own) = place(wish, node) else { continue };
            let count = match wish.key {
                HOSTNAME => matching[i].count(&node.shapes),
                _ => places[i].get(&Some(own)).copied().unwrap_or(0),
            };
            score += count as f64 * weights[i] + (wish.max_skew - 1) as f64;
        }
        score.round() as i64
    };
    Some(nodes.iter().map(&mut score).collect())
}

/// Fewer is better: the fewest get 100 (`NormalizeScore`).
pub(in super::super) fn normalize(scores: &[i64]) -> Vec<i64> {
    let known = || scores.iter().copied().filter(|score| *score != IGNORED);
    let (least, most) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
    let normalized = |&score: &i64| match score {
        IGNORED => 0,
        _ if most == 0 => MAX_SCORE,
        score => MAX_SCORE * (most + least - score) / most,
    };
    scores.iter().map(normalized).collect()
}

/// What is shown of a node that is ignored.
pub(in super::super) fn shown(score: i64) -> i64 {
    score.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_neighbours_are_best() {
        let check = |scores: &[i64], wanted: &[i64]| assert_eq!(normalize(scores), wanted, "{scores:?}");
        check(&[2, 4, 6], &[100, 66, 33]);
        check(&[0, 0], &[100, 100]);
        check(&[5, 5], &[100, 100]);
        check(&[IGNORED, 3, 6], &[0, 100, 50]);
        check(&[IGNORED], &[0]);
    }
}
