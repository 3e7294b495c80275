//! What each node would say to a pod right now: for `explain pod`, and for tests. Changes nothing.

use super::attempt::refuse;
use super::cycle::{Column, Cycle, scores, totals};
use super::message::texts;
use super::plugins::{Plugin, Plugins};
use super::preemption::{Candidate, DryRun, NoCandidate, best, dry_run, ineligible};
use super::search::{Found, search};
use super::{Scheduler, message};
use crate::api::meta::{NodeId, PodId};

/// A pod held against every node.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Nodes that will do, in the order of examination.
    pub feasible: Vec<NodeId>,
    /// What each plugin gives to them, in the same order.
    pub columns: Vec<Column>,
    /// The sums.
    pub totals: Vec<i64>,
    /// Those with the highest sum.
    pub best: Vec<NodeId>,
    /// Nodes that will not do.
    pub rejected: Vec<RejectedNode>,
    /// Nodes that were left out because the pod asks for others by name.
    pub excluded: Vec<NodeId>,
    /// The pod asks for what no node can be.
    pub conflict: bool,
    /// If no node will do: the text of FailedScheduling. Of several nodes that are as good to clear the first is named.
    pub message: Option<String>,
    /// Whose events can wake it then.
    pub rejected_by: Plugins,
    /// If preemption was tried: where it would help, and where not.
    pub preemption: Option<Preemption>,
}

/// A node and why it will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedNode {
    /// The node.
    pub node: NodeId,
    /// The first plugin that said no.
    pub plugin: Plugin,
    /// Would it say so whatever pods went?
    pub unresolvable: bool,
    /// What it said, sorted.
    pub reasons: Vec<String>,
}

/// What preemption comes to.
#[derive(Clone, Debug, Default)]
pub struct Preemption {
    /// Nodes that could be cleared for the pod.
    pub candidates: Vec<Candidate>,
    /// Those that are as good as any.
    pub best: Vec<NodeId>,
    /// Nodes that could not, and why.
    pub rejected: Vec<(NodeId, Vec<String>)>,
}

impl Scheduler {
    /// Holds a pod against every node.
    pub fn examine(&mut self, id: PodId) -> Option<Examination> {
        self.cluster.settle();
        let pod = self.cluster.pod(id)?.clone();
        let cycle = Cycle::new(&pod, &self.cluster);
        let nodes = self.cluster.order().len();
        let found = search(&cycle, 0, Some(nodes));
        let columns = scores(&pod.shape, &found.feasible, &self.cluster);
        let totals = totals(&columns, found.feasible.len());
        let most = totals.iter().max();
        let is_best = |(_, total): &(&NodeId, &i64)| Some(*total) == most;
        let best = found.feasible.iter().zip(&totals).filter(is_best).map(|(node, _)| *node).collect();
        let rejected = found.rejected.iter().map(|(node, rejection)| RejectedNode {
            node: *node,
            plugin: rejection.plugin,
            unresolvable: rejection.unresolvable,
            reasons: texts(rejection.reason, &self.cluster.resources),
        });
        let known = |node: &NodeId| {
            found.feasible.contains(node) || found.rejected.iter().any(|(rejected, _)| rejected == node)
        };
        let excluded = |found: &Found| {
            let left_out = self.cluster.order().iter().filter(|node| found.excluded > 0 && !known(node));
            left_out.copied().collect()
        };
        let is_refused = found.feasible.is_empty();
        let message = is_refused.then(|| match nodes {
            0 => message::NO_NODES.to_owned(),
            _ => refuse(&cycle, &found, &self.budgets, &mut |_, _| 0).message.to_string(),
        });
        let eligible = is_refused && nodes > 0 && !found.conflict && ineligible(&cycle, &found.rejected).is_none();
        let preemption = eligible.then(|| self.preemption(&cycle, &found));
        Some(Examination {
            columns,
            totals,
            best,
            rejected: rejected.collect(),
            excluded: excluded(&found),
            conflict: found.conflict,
            message,
            rejected_by: if is_refused { found.plugins() } else { Plugins::default() },
            preemption,
            feasible: found.feasible.clone(),
        })
    }

    fn preemption(&self, cycle: &Cycle<'_>, found: &Found) -> Preemption {
        let DryRun { candidates, rejected } = dry_run(cycle, &found.rejected, &self.budgets, |_| 0);
        let best = best(&candidates, &self.cluster).iter().map(|candidate| candidate.node).collect();
        let why = |(node, why): &(NodeId, NoCandidate)| {
            let reasons = match why {
                NoCandidate::NoVictims => vec![message::NO_VICTIMS.to_owned()],
                NoCandidate::Rejected(rejection) => texts(rejection.reason, &self.cluster.resources),
            };
            (*node, reasons)
        };
        let rejected = rejected.iter().map(why).collect();
        Preemption { candidates, best, rejected }
    }
}
