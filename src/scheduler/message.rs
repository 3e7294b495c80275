//! The text of FailedScheduling (`FitError.Error`).

use std::collections::BTreeMap;

use super::plugins::{Reason, Rejection};
use super::preemption::{DryRun, NoCandidate};
use super::requests::ResourceNames;
use super::search::Found;

/// What is said when there is no node at all.
pub(super) const NO_NODES: &str = "no nodes available to schedule pods";
/// What is said of nodes that were left out because of their names.
const EXCLUDED: &str = "node(s) didn't satisfy plugin(s) [NodeAffinity]";
/// A pod that asks for names that exclude each other; what follows is another plugin's mishap.
const CONFLICT: &str = "pod affinity terms conflict. not found";
const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
pub(super) const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// Reasons and how many nodes each is given for.
#[derive(Debug, Default)]
struct Reasons(BTreeMap<String, usize>);

impl Reasons {
    fn add(&mut self, text: impl Into<String>, nodes: usize) {
        if nodes > 0 {
            *self.0.entry(text.into()).or_insert(0) += nodes;
        }
    }

    /// The list is sorted as text: `10 x` comes before `2 y`.
    fn of(self, nodes: usize) -> String {
        let mut list: Vec<String> = self.0.iter().map(|(text, nodes)| format!("{nodes} {text}")).collect();
        list.sort();
        let list = list.join(", ");
        let list = if list.is_empty() { String::new() } else { format!(" {list}.") };
        format!("0/{nodes} nodes are available:{list}")
    }
}

/// All that a rejection says of a node, sorted.
pub(super) fn texts(reason: Reason, names: &ResourceNames) -> Vec<String> {
    match reason {
        Reason::Text(text) => vec![text.to_owned()],
        Reason::Short { pods, resources } => {
            let short = (0..128).filter(|number| resources & 1 << number != 0);
            let mut texts: Vec<String> = short.map(|number| format!("Insufficient {}", names.name(number))).collect();
            texts.extend(pods.then(|| "Too many pods".to_owned()));
            texts.sort();
            texts
        }
    }
}

/// Why no node will do, before preemption.
pub(super) fn no_fit(found: &Found, nodes: usize, names: &ResourceNames) -> String {
    if found.conflict {
        return format!("0/{nodes} nodes are available: {CONFLICT}");
    }
    let mut reasons = count(found.rejected.iter().map(|(_, rejection)| (*rejection, 1)), names);
    reasons.add(EXCLUDED, found.excluded);
    reasons.of(nodes)
}

/// As [`no_fit`], of rejections that were counted and left no node out.
pub(super) fn no_fit_by(
    rejections: impl Iterator<Item = (Rejection, usize)>,
    nodes: usize,
    names: &ResourceNames,
) -> String {
    count(rejections, names).of(nodes)
}

/// As [`no_candidate`], of nodes of which so many have no pod of lower priority and others are beyond help.
pub(super) fn no_victims(without: usize, nodes: usize) -> String {
    let mut reasons = Reasons::default();
    reasons.add(NO_VICTIMS, without);
    reasons.add(NOT_HELPFUL, nodes - without);
    reasons.of(nodes)
}

/// Why preemption does not help either.
pub(super) fn no_candidate(run: &DryRun, nodes: usize, names: &ResourceNames) -> String {
    let rejections = run.rejected.iter().filter_map(|(_, why)| match why {
        NoCandidate::NoVictims => None,
        NoCandidate::Rejected(rejection) => Some((*rejection, 1)),
    });
    let mut reasons = count(rejections, names);
    reasons.add(NO_VICTIMS, run.rejected.iter().filter(|(_, why)| *why == NoCandidate::NoVictims).count());
    reasons.add(NOT_HELPFUL, nodes - run.rejected.len());
    reasons.of(nodes)
}

fn count(rejections: impl Iterator<Item = (Rejection, usize)>, names: &ResourceNames) -> Reasons {
    let mut by_reason: BTreeMap<Reason, usize> = BTreeMap::new();
    rejections.for_each(|(rejection, nodes)| *by_reason.entry(rejection.reason).or_insert(0) += nodes);
    let mut reasons = Reasons::default();
    for (reason, nodes) in by_reason {
        texts(reason, names).into_iter().for_each(|text| reasons.add(text, nodes));
    }
    reasons
}
