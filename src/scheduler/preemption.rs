//! Preemption: which pods of lower priority would have to go, and from which node (`DefaultPreemption`).

use std::cmp::Reverse;

use super::cluster::{Cluster, KnownPod};
use super::cycle::Cycle;
use super::decision::Termination;
use super::plugins::Rejection;
use super::symbols::{Selector, Symbol, selects};
use crate::api::meta::{NodeId, PodId};

/// So many candidates are looked for at least, and this share of the nodes.
const MIN_CANDIDATES: usize = 100;
const CANDIDATE_PERCENTAGE: usize = 10;

/// Why a pod preempts nobody whose class says so.
pub(super) const NEVER: &str = "not eligible due to preemptionPolicy=Never.";

/// A budget as the dry run counts it down.
#[derive(Clone, Debug)]
pub(super) struct BudgetState {
    pub(super) namespace: Symbol,
    pub(super) selector: Option<Selector>,
    pub(super) allowed: i32,
    pub(super) disrupted: Vec<PodId>,
}

/// A node on which the pod would run if these pods went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// The pods, the most important first.
    pub victims: Vec<PodId>,
    /// How many of them their disruption budgets would keep.
    pub violations: usize,
}

/// Why a node is no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCandidate {
    /// It has no pod of lower priority.
    NoVictims,
    /// The pod would not run there even so.
    Rejected(Rejection),
}

/// What the dry run came to.
#[derive(Clone, Debug, Default)]
pub(super) struct DryRun {
    pub(super) candidates: Vec<Candidate>,
    pub(super) rejected: Vec<(NodeId, NoCandidate)>,
}

/// Why a pod may not preempt others, if it may not.
pub(super) fn ineligible(cycle: &Cycle<'_>, rejected: &[(NodeId, Rejection)]) -> Option<&'static str> {
    let (pod, cluster) = (cycle.pod, cycle.cluster);
    if pod.shape.never_preempts {
        return Some(NEVER);
    }
    let nominated = pod.nominated?;
    let status = rejected.iter().find(|(node, _)| *node == nominated);
    if status.is_none_or(|(_, rejection)| rejection.unresolvable) {
        return None;
    }
    let goes_for_it = |slot: &u32| {
        let other = cluster.pod_in(*slot);
        other.is_some_and(|other| is_lower(other, pod) && other.terminating == Termination::Preempted)
    };
    let waits = cluster.present(nominated)?.pods.iter().any(goes_for_it);
    waits.then_some("not eligible due to a terminating pod on the nominated node.")
}

fn is_lower(other: &KnownPod, pod: &KnownPod) -> bool {
    other.shape.priority < pod.shape.priority
}

/// Tries the nodes where fewer pods might help; `offset` says which of them first.
pub(super) fn dry_run(
    cycle: &Cycle<'_>,
    rejected: &[(NodeId, Rejection)],
    budgets: &[BudgetState],
    offset: impl FnOnce(usize) -> usize,
) -> DryRun {
    let resolvable = rejected.iter().filter(|(_, rejection)| !rejection.unresolvable).map(|(node, _)| *node);
    let mut nodes: Vec<NodeId> = resolvable.collect();
    let enough = (nodes.len() * CANDIDATE_PERCENTAGE / 100).max(MIN_CANDIDATES);
    if nodes.len() > enough {
        let first = offset(nodes.len());
        nodes.rotate_left(first);
    }
    let mut run = DryRun::default();
    let mut harmless = false;
    for node in nodes {
        if harmless && run.candidates.len() >= enough {
            break;
        }
        match victims_on(cycle, node, budgets) {
            Ok(candidate) => {
                harmless |= candidate.violations == 0;
                run.candidates.push(candidate);
            }
            Err(why) => run.rejected.push((node, why)),
        }
    }
    run
}

/// The fewest pods of the least importance that have to go from a node (`SelectVictimsOnNode`).
fn victims_on(cycle: &Cycle<'_>, id: NodeId, budgets: &[BudgetState]) -> Result<Candidate, NoCandidate> {
    let (pod, cluster) = (cycle.pod, cycle.cluster);
    let info = cluster.node(id).ok_or(NoCandidate::NoVictims)?;
    let on_node = info.pods.iter().filter_map(|slot| cluster.pod_in(*slot));
    let mut lower: Vec<&KnownPod> = on_node.filter(|other| is_lower(other, pod)).collect();
    if lower.is_empty() {
        return Err(NoCandidate::NoVictims);
    }
    let (mut node, mut state) = (info.clone(), cycle.state.clone());
    let is_terminating = |other: &KnownPod| other.terminating != Termination::No;
    for other in &lower {
        node.remove(other.id.slot, &other.shape, is_terminating(other));
        state.adjust(&pod.shape, &other.shape, &node, -1, cluster);
    }
    cycle.filter_with(&state, &node).map_err(NoCandidate::Rejected)?;
    lower.sort_by_key(|other| importance(other));
    let (violating, others) = by_budget(&lower, budgets, cluster);
    let (mut victims, mut violations) = (Vec::new(), 0);
    let guarded = violating.len();
    for (i, other) in violating.into_iter().chain(others).enumerate() {
        node.add(other.id.slot, &other.shape, is_terminating(other));
        state.adjust(&pod.shape, &other.shape, &node, 1, cluster);
        if cycle.filter_with(&state, &node).is_ok() {
            continue;
        }
        node.remove(other.id.slot, &other.shape, is_terminating(other));
        state.adjust(&pod.shape, &other.shape, &node, -1, cluster);
        violations += usize::from(i < guarded);
        victims.push(other);
    }
    victims.sort_by_key(|other| importance(other));
    Ok(Candidate { node: id, victims: victims.iter().map(|victim| victim.id).collect(), violations })
}

/// Most important first: by priority, then by age. A pod that has not started counts as started just now
/// (`MoreImportantPod`).
fn importance(pod: &KnownPod) -> (Reverse<i32>, u32) {
    (Reverse(pod.shape.priority), start_of(pod))
}

fn start_of(pod: &KnownPod) -> u32 {
    pod.started.map_or(u32::MAX, |started| started.0)
}

/// Pods whose eviction would exceed a budget, and the others (`filterPodsWithPDBViolation`).
fn by_budget<'a>(
    pods: &[&'a KnownPod],
    budgets: &[BudgetState],
    cluster: &Cluster,
) -> (Vec<&'a KnownPod>, Vec<&'a KnownPod>) {
    let mut allowed: Vec<i32> = budgets.iter().map(|budget| budget.allowed).collect();
    pods.iter().partition(|pod| {
        let mut violates = false;
        for (budget, allowed) in budgets.iter().zip(&mut allowed) {
            let selects =
                |selector: &Selector| !selector.is_empty() && selects(selector, &pod.shape.labels, &cluster.symbols);
            let is_for = budget.namespace == pod.shape.namespace
                && !pod.shape.labels.is_empty()
                && budget.selector.as_ref().is_some_and(selects);
            if is_for && !budget.disrupted.contains(&pod.id) {
                *allowed = allowed.saturating_sub(1);
                violates |= *allowed < 0;
                if violates {
                    // Later budgets are not counted down.
                    break;
                }
            }
        }
        violates
    })
}

/// The candidates that are as good as any (`pickOneNodeForPreemption`).
pub(super) fn best<'a>(candidates: &'a [Candidate], cluster: &Cluster) -> Vec<&'a Candidate> {
    let key = |candidate: &Candidate| {
        let victims: Vec<&KnownPod> = candidate.victims.iter().filter_map(|id| cluster.pod(*id)).collect();
        let highest = victims.iter().map(|victim| victim.shape.priority).max().unwrap_or(i32::MIN);
        let sum: i64 = victims.iter().map(|victim| i64::from(victim.shape.priority) + (1 << 31)).sum();
        let oldest = victims.iter().filter(|victim| victim.shape.priority == highest).map(|victim| start_of(victim));
        (candidate.violations, highest, sum, victims.len(), Reverse(oldest.min().unwrap_or(0)))
    };
    let keys: Vec<_> = candidates.iter().map(key).collect();
    let Some(least) = keys.iter().min() else { return Vec::new() };
    candidates.iter().zip(&keys).filter(|(_, key)| *key == least).map(|(candidate, _)| candidate).collect()
}

/// Pods that lose the promise of this node to a more important one.
pub(super) fn displaced(pod: &KnownPod, node: NodeId, cluster: &Cluster) -> Vec<PodId> {
    let promised = cluster.nominated.get(&node).into_iter().flatten();
    promised.filter(|id| cluster.pod(**id).is_some_and(|other| is_lower(other, pod))).copied().collect()
}
