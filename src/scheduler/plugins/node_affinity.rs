//! Node selectors and node affinity.

use super::super::node_info::NodeFacts;
use super::super::shape::{NodeRules, ShapeSpec, Term};
use super::super::symbols::{Symbol, Symbols, label, selects};
use super::{Plugin, Rejection};

/// What a pod's node affinity says before any node is looked at.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum PreFilter {
    /// All nodes may do.
    All,
    /// Nodes of these names may do.
    Names(Vec<Symbol>),
    /// No name satisfies any term.
    Conflict,
}

/// The names that the terms boil down to, if each of them asks for names (`NodeAffinity.PreFilter`).
pub(in super::super) fn pre_filter(pod: &ShapeSpec) -> PreFilter {
    let Some(terms) = pod.nodes.terms.as_deref().filter(|terms| !terms.is_empty()) else { return PreFilter::All };
    let mut names = Vec::new();
    for term in terms {
        let mut lists = term.names.iter().filter(|condition| condition.is_in()).map(|condition| &condition.values);
        let Some(first) = lists.next() else { return PreFilter::All };
        let mut common = first.clone();
        for list in lists {
            common.retain(|name| list.contains(name));
        }
        names.append(&mut common);
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { PreFilter::Conflict } else { PreFilter::Names(names) }
}

/// Do selector and required terms let the pod run on the node?
pub(in super::super) fn matches(rules: &NodeRules, node: &NodeFacts, symbols: &Symbols) -> bool {
    rules.selector.iter().all(|&(key, value)| label(&node.labels, key) == Some(value))
        && rules.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term_matches(term, node, symbols)))
}

fn term_matches(term: &Term, node: &NodeFacts, symbols: &Symbols) -> bool {
    !(term.labels.is_empty() && term.names.is_empty())
        && selects(&term.labels, &node.labels, symbols)
        && term.names.iter().all(|condition| condition.holds_for(Some(node.name), symbols))
}

pub(in super::super) fn filter(pod: &ShapeSpec, node: &NodeFacts, symbols: &Symbols) -> Result<(), Rejection> {
    if matches(&pod.nodes, node, symbols) {
        return Ok(());
    }
    Err(Rejection::for_good(Plugin::NodeAffinity, "node(s) didn't match Pod's node affinity/selector"))
}

/// The weights of the preferred terms that match.
pub(in super::super) fn score(pod: &ShapeSpec, node: &NodeFacts, symbols: &Symbols) -> i64 {
    let matching = pod.preferred_nodes.iter().filter(|(_, term)| term_matches(term, node, symbols));
    matching.map(|(weight, _)| weight).sum()
}
