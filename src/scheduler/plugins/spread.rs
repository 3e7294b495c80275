//! Topology spread constraints that must hold (`PodTopologySpread`, DoNotSchedule).

use std::collections::BTreeMap;

use super::super::cluster::Cluster;
use super::super::node_info::NodeFacts;
use super::super::shape::{Shape, ShapeSpec, Spread};
use super::super::symbols::{Symbol, Symbols, label, selects};
use super::{Plugin, Rejection, node_affinity, taints};

/// How pods are spread now, over the places of each hard constraint (`preFilterState`).
#[derive(Clone, Debug, Default)]
pub(in super::super) struct SpreadState {
    constraints: Vec<Places>,
}

/// The places of one constraint.
#[derive(Clone, Debug)]
struct Places {
    constraint: Spread,
    /// Does the pod itself count?
    own: i64,
    /// Matching pods by place.
    counts: BTreeMap<Symbol, i64>,
    /// How many places have so many: the least is its first key.
    histogram: BTreeMap<i64, u32>,
}

impl Places {
    fn add(&mut self, place: Symbol, more: i64) {
        let count = self.counts.entry(place).or_insert(0);
        *count += more;
        let (old, new) = (*count - more, *count);
        if let Some(places) = self.histogram.get_mut(&old) {
            *places -= 1;
            if *places == 0 {
                self.histogram.remove(&old);
            }
        }
        *self.histogram.entry(new).or_insert(0) += 1;
    }

    fn least(&self) -> i64 {
        if (self.counts.len() as i64) < self.constraint.min_domains {
            return 0;
        }
        self.histogram.first_key_value().map_or(0, |(least, _)| *least)
    }
}

impl SpreadState {
    pub(in super::super) fn new(pod: &ShapeSpec, cluster: &Cluster) -> SpreadState {
        let hard: Vec<&Spread> = pod.spread.iter().filter(|constraint| constraint.hard).collect();
        if hard.is_empty() {
            return SpreadState::default();
        }
        let symbols = &cluster.symbols;
        let mut counts: Vec<BTreeMap<Symbol, i64>> = vec![BTreeMap::new(); hard.len()];
        let mut matching: Vec<Matching<'_>> =
            hard.iter().map(|one| Matching::new(one, pod.namespace, cluster)).collect();
        for &id in cluster.order() {
            let Some(node) = cluster.node(id) else { continue };
            if !has_all_keys(&hard, &node.facts) {
                continue;
            }
            for (i, constraint) in hard.iter().enumerate() {
                if !counts_node(pod, constraint, &node.facts, symbols) {
                    continue;
                }
                let Some(place) = label(&node.facts.labels, constraint.key) else { continue };
                *counts[i].entry(place).or_insert(0) += matching[i].count(&node.shapes);
            }
        }
        let places = hard.iter().zip(counts).map(|(constraint, counts)| {
            let mut histogram = BTreeMap::new();
            counts.values().for_each(|count| *histogram.entry(*count).or_insert(0) += 1);
            let own = i64::from(selector_matches(constraint, &pod.labels, symbols));
            Places { constraint: (*constraint).clone(), own, counts, histogram }
        });
        SpreadState { constraints: places.collect() }
    }

    /// A pod is taken to be on the node, or not to be. Whether it is terminating makes no difference here, as upstream.
    pub(in super::super) fn adjust(
        &mut self,
        pod: &ShapeSpec,
        other: &Shape,
        node: &NodeFacts,
        more: i64,
        symbols: &Symbols,
    ) {
        let all_keys = |places: &Places| label(&node.labels, places.constraint.key).is_some();
        if other.namespace != pod.namespace || !self.constraints.iter().all(all_keys) {
            return;
        }
        for places in &mut self.constraints {
            let constraint = &places.constraint;
            if selector_matches(constraint, &other.labels, symbols)
                && counts_node(pod, constraint, node, symbols)
                && let Some(place) = label(&node.labels, constraint.key)
            {
                places.add(place, more);
            }
        }
    }

    pub(in super::super) fn filter(&self, node: &NodeFacts) -> Result<(), Rejection> {
        for places in &self.constraints {
            let Some(place) = label(&node.labels, places.constraint.key) else {
                let text = "node(s) didn't match pod topology spread constraints (missing required label)";
                return Err(Rejection::for_good(Plugin::PodTopologySpread, text));
            };
            let there = places.counts.get(&place).copied().unwrap_or(0);
            if there + places.own - places.least() > places.constraint.max_skew {
                let text = "node(s) didn't match pod topology spread constraints";
                return Err(Rejection::now(Plugin::PodTopologySpread, text));
            }
        }
        Ok(())
    }
}

/// Has the node all labels that the constraints go by?
pub(in super::super) fn has_all_keys<'a>(
    constraints: impl IntoIterator<Item = &'a &'a Spread>,
    node: &NodeFacts,
) -> bool {
    constraints.into_iter().all(|constraint| label(&node.labels, constraint.key).is_some())
}

/// Do the pods of this node count (`matchNodeInclusionPolicies`)?
pub(super) fn counts_node(pod: &ShapeSpec, constraint: &Spread, node: &NodeFacts, symbols: &Symbols) -> bool {
    (!constraint.honours_affinity || node_affinity::matches(&pod.nodes, node, symbols))
        && (!constraint.honours_taints || taints::tolerates_all(pod, node))
}

/// Does the selector match labels? One that is not there matches nothing.
pub(in super::super) fn selector_matches(constraint: &Spread, labels: &[(Symbol, Symbol)], symbols: &Symbols) -> bool {
    constraint.selector.as_ref().is_some_and(|selector| selects(selector, labels, symbols))
}

/// Which shapes a constraint counts, found out once for each.
pub(super) struct Matching<'a> {
    constraint: &'a Spread,
    namespace: Symbol,
    cluster: &'a Cluster,
    known: Vec<Option<bool>>,
}

impl<'a> Matching<'a> {
    pub(super) fn new(constraint: &'a Spread, namespace: Symbol, cluster: &'a Cluster) -> Matching<'a> {
        Matching { constraint, namespace, cluster, known: vec![None; cluster.shapes()] }
    }

    /// Pods of the node that count: not terminating. A selector that says nothing counts none
    /// (`countPodsMatchSelector`).
    pub(super) fn count(&mut self, shapes: &[super::super::node_info::ShapeCount]) -> i64 {
        if self.constraint.selector.as_ref().is_none_or(|selector| selector.is_empty()) {
            return 0;
        }
        let mut sum = 0;
        for count in shapes {
            let (constraint, namespace, cluster) = (self.constraint, self.namespace, self.cluster);
            let matches = *self.known[count.shape as usize].get_or_insert_with(|| {
                let other = cluster.shape_numbered(count.shape);
                other.namespace == namespace && selector_matches(constraint, &other.labels, &cluster.symbols)
            });
            if matches {
                sum += i64::from(count.pods - count.terminating);
            }
        }
        sum
    }
}
