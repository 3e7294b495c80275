//! Required affinity and anti-affinity to other pods (`InterPodAffinity`).

use std::collections::BTreeMap;

use super::super::cluster::Cluster;
use super::super::node_info::NodeFacts;
use super::super::shape::{PodTerm, Shape, ShapeSpec};
use super::super::symbols::{Labels, Symbol, Symbols, label, selects};
use super::{Plugin, Rejection};

/// Pods by a label of their nodes and its value.
type Pairs = BTreeMap<(Symbol, Symbol), i64>;

/// Where there are pods that bear on this one (`preFilterState`).
#[derive(Clone, Debug, Default)]
pub(in super::super) struct AffinityState {
    /// Pods that match all affinity terms, for each term.
    affinity: Pairs,
    /// Pods that match an anti-affinity term, for each term.
    anti_affinity: Pairs,
    /// Anti-affinity terms of other pods that match this one.
    others: Pairs,
    /// Does the pod match all its own affinity terms?
    own: bool,
    skipped: bool,
}

/// Is a term of the pod at hand about this other pod? A namespace that nobody told of has no labels to select by.
pub(in super::super) fn own_term_matches(term: &PodTerm, other: &ShapeSpec, cluster: &Cluster) -> bool {
    let by_labels = |selector: &Vec<_>| {
        let labels = cluster.namespaces.get(&other.namespace);
        selector.is_empty() || labels.is_some_and(|labels| selects(selector, labels, &cluster.symbols))
    };
    (term.namespaces.contains(&other.namespace) || term.namespace_selector.as_ref().is_some_and(by_labels))
        && selector_matches(term, other, &cluster.symbols)
}

/// Is a term of another pod about the pod at hand?
pub(in super::super) fn their_term_matches(term: &PodTerm, pod: &ShapeSpec, cluster: &Cluster) -> bool {
    term_matches(term, pod, cluster.namespaces.get(&pod.namespace).unwrap_or(&NO_LABELS), cluster)
}

/// Is a term about this pod, as queueing hints see it? They do not look namespaces up, so that these have no labels.
pub(in super::super) fn hint_matches(term: &PodTerm, pod: &ShapeSpec, cluster: &Cluster) -> bool {
    term_matches(term, pod, &NO_LABELS, cluster)
}

static NO_LABELS: Labels = Vec::new();

/// Is a term about a pod whose namespace has these labels?
fn term_matches(term: &PodTerm, pod: &ShapeSpec, labels: &Labels, cluster: &Cluster) -> bool {
    let by_labels = |selector: &Vec<_>| selects(selector, labels, &cluster.symbols);
    (term.namespaces.contains(&pod.namespace) || term.namespace_selector.as_ref().is_some_and(by_labels))
        && selector_matches(term, pod, &cluster.symbols)
}

fn selector_matches(term: &PodTerm, pod: &ShapeSpec, symbols: &Symbols) -> bool {
    term.selector.as_ref().is_some_and(|selector| selects(selector, &pod.labels, symbols))
}

/// Is the other pod meant by every term? Without terms none is.
pub(in super::super) fn matches_all(terms: &[PodTerm], other: &ShapeSpec, cluster: &Cluster) -> bool {
    !terms.is_empty() && terms.iter().all(|term| own_term_matches(term, other, cluster))
}

impl AffinityState {
    pub(in super::super) fn new(pod: &ShapeSpec, cluster: &Cluster) -> AffinityState {
        let mut state = AffinityState { own: matches_all(&pod.affinity, pod, cluster), ..AffinityState::default() };
        let has_terms = !pod.affinity.is_empty() || !pod.anti_affinity.is_empty();
        if !has_terms && cluster.pods_with_anti_affinity == 0 {
            state.skipped = true;
            return state;
        }
        let mut relations: Vec<Option<Relation>> = vec![None; cluster.shapes()];
        for &id in cluster.order() {
            let Some(node) = cluster.node(id) else { continue };
            for count in &node.shapes {
                let other = cluster.shape_numbered(count.shape);
                if !has_terms && other.anti_affinity.is_empty() {
                    continue;
                }
                let relation = relations[count.shape as usize].get_or_insert_with(|| Relation::of(pod, other, cluster));
                state.apply(pod, other, relation, &node.facts, i64::from(count.pods));
            }
        }
        state.skipped = !has_terms && state.others.is_empty();
        state
    }

    fn apply(&mut self, pod: &ShapeSpec, other: &ShapeSpec, relation: &Relation, node: &NodeFacts, pods: i64) {
        let add = |pairs: &mut Pairs, key: Symbol| {
            let Some(value) = label(&node.labels, key) else { return };
            let count = pairs.entry((key, value)).or_insert(0);
            *count += pods;
            if *count == 0 {
                pairs.remove(&(key, value));
            }
        };
        if relation.wanted {
            pod.affinity.iter().for_each(|term| add(&mut self.affinity, term.key));
        }
        relation.unwanted.iter().for_each(|&i| add(&mut self.anti_affinity, pod.anti_affinity[i].key));
        relation.unwelcome.iter().for_each(|&i| add(&mut self.others, other.anti_affinity[i].key));
    }

    /// A pod is taken to be on the node, or not to be.
    pub(in super::super) fn adjust(
        &mut self,
        pod: &ShapeSpec,
        other: &Shape,
        node: &NodeFacts,
        more: i64,
        cluster: &Cluster,
    ) {
        if !self.skipped {
            let relation = Relation::of(pod, other, cluster);
            self.apply(pod, other, &relation, node, more);
        }
    }

    pub(in super::super) fn filter(&self, pod: &ShapeSpec, node: &NodeFacts) -> Result<(), Rejection> {
        if self.skipped {
            return Ok(());
        }
        let at = |pairs: &Pairs, key: Symbol| {
            label(&node.labels, key).is_some_and(|value| pairs.get(&(key, value)).is_some_and(|count| *count > 0))
        };
        if !self.affinity_is_satisfied(pod, node, at) {
            let text = "node(s) didn't match pod affinity rules";
            return Err(Rejection::for_good(Plugin::InterPodAffinity, text));
        }
        if pod.anti_affinity.iter().any(|term| at(&self.anti_affinity, term.key)) {
            let text = "node(s) didn't match pod anti-affinity rules";
            return Err(Rejection::now(Plugin::InterPodAffinity, text));
        }
        if !self.others.is_empty() && node.labels.iter().any(|&(key, _)| at(&self.others, key)) {
            let text = "node(s) didn't satisfy existing pods anti-affinity rules";
            return Err(Rejection::now(Plugin::InterPodAffinity, text));
        }
        Ok(())
    }

    fn affinity_is_satisfied(&self, pod: &ShapeSpec, node: &NodeFacts, at: impl Fn(&Pairs, Symbol) -> bool) -> bool {
        if !pod.affinity.iter().all(|term| label(&node.labels, term.key).is_some()) {
            return false;
        }
        pod.affinity.iter().all(|term| at(&self.affinity, term.key)) || (self.affinity.is_empty() && self.own)
    }
}

/// How another pod bears on the pod at hand.
#[derive(Clone, Debug)]
struct Relation {
    /// It is what all affinity terms ask for.
    wanted: bool,
    /// Anti-affinity terms that are about it.
    unwanted: Vec<usize>,
    /// Its anti-affinity terms that are about the pod.
    unwelcome: Vec<usize>,
}

impl Relation {
    fn of(pod: &ShapeSpec, other: &ShapeSpec, cluster: &Cluster) -> Relation {
        let numbered = |terms: &[PodTerm], matches: &dyn Fn(&PodTerm) -> bool| {
            terms.iter().enumerate().filter(|(_, term)| matches(term)).map(|(i, _)| i).collect()
        };
        Relation {
            wanted: matches_all(&pod.affinity, other, cluster),
            unwanted: numbered(&pod.anti_affinity, &|term| own_term_matches(term, other, cluster)),
            unwelcome: numbered(&other.anti_affinity, &|term| their_term_matches(term, pod, cluster)),
        }
    }
}
