//! One attempt to schedule a pod: a node, or why there is none and what preemption would make of it.

use std::sync::Arc;

use super::cluster::Cluster;
use super::cycle::{Cycle, scores, totals};
use super::message::{NO_NODES, no_candidate, no_fit};
use super::plugins::Plugins;
use super::preemption::{BudgetState, best, displaced, dry_run, ineligible};
use super::search::{Found, search};
use crate::api::meta::{NodeId, PodId};

/// What an attempt came to, on the nodes as they were when it began.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// A node.
    Assign(NodeId),
    /// None.
    Refuse(Refusal),
}

/// Why there is no node, and what is to be done.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    pub(super) message: Arc<str>,
    pub(super) by: Plugins,
    /// The new nomination; none leaves the old one.
    pub(super) nomination: Option<Option<NodeId>>,
    pub(super) displaced: Vec<PodId>,
    pub(super) victims: Vec<PodId>,
}

/// Chooses one of so many equals, for a purpose.
pub(super) type Draw<'a> = dyn FnMut(usize, Choice) -> usize + 'a;

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// One of the best nodes.
    Node,
    /// One of the best candidates for preemption.
    Candidate,
    /// The node where the search for candidates begins.
    Offset,
}

/// The nodes with the highest total, in the order of examination.
pub(super) fn best_nodes(cycle: &Cycle<'_>, feasible: &[NodeId]) -> Vec<NodeId> {
    if feasible.len() < 2 {
        return feasible.to_vec();
    }
    let totals = totals(&scores(&cycle.pod.shape, feasible, cycle.cluster), feasible.len());
    let most = totals.iter().max();
    feasible.iter().zip(&totals).filter(|(_, total)| Some(*total) == most).map(|(node, _)| *node).collect()
}

/// Tries to find a node; `start` is where the search begins, and is moved on.
pub(super) fn attempt(cycle: &Cycle<'_>, start: &mut usize, budgets: &[BudgetState], draw: &mut Draw<'_>) -> Plan {
    let nodes = cycle.cluster.order().len();
    if nodes == 0 {
        return Plan::Refuse(Refusal { message: NO_NODES.into(), nomination: Some(None), ..Refusal::default() });
    }
    let found = search(cycle, *start, None);
    *start = (*start + found.processed) % nodes;
    if found.feasible.is_empty() {
        return Plan::Refuse(refuse(cycle, &found, budgets, draw));
    }
    let best = best_nodes(cycle, &found.feasible);
    Plan::Assign(best[draw(best.len(), Choice::Node)])
}

/// The message of a search that found nothing, with what preemption comes to.
pub(super) fn refuse(cycle: &Cycle<'_>, found: &Found, budgets: &[BudgetState], draw: &mut Draw<'_>) -> Refusal {
    let (pod, cluster): (_, &Cluster) = (cycle.pod, cycle.cluster);
    let nodes = cluster.order().len();
    let message = no_fit(found, nodes, &cluster.resources).into();
    let refusal = Refusal { message, by: found.plugins(), ..Refusal::default() };
    if found.conflict {
        return refusal;
    }
    let with = |text: &str| format!("{} preemption: {text}", refusal.message).into();
    if let Some(why) = ineligible(cycle, &found.rejected) {
        return Refusal { message: with(why), ..refusal };
    }
    let run = dry_run(cycle, &found.rejected, budgets, |nodes| draw(nodes, Choice::Offset));
    let best = best(&run.candidates, cluster);
    if best.is_empty() {
        let message = with(&no_candidate(&run, nodes, &cluster.resources));
        return Refusal { message, nomination: Some(None), ..refusal };
    }
    let chosen = best[draw(best.len(), Choice::Candidate)];
    let name = cluster.node(chosen.node).map_or("", |node| cluster.symbols.word(node.facts.name));
    let victims = chosen.victims.len();
    let text = format!("found a potential placement for pod on node {name}, preempting {victims} victims");
    Refusal {
        message: with(&text),
        nomination: Some(Some(chosen.node)),
        displaced: displaced(pod, chosen.node, cluster),
        victims: chosen.victims.clone(),
        ..refusal
    }
}
