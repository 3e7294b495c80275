//! Taints, tolerations and cordons: NodeUnschedulable and TaintToleration.

use super::super::node_info::{NodeFacts, TaintOf};
use super::super::shape::ShapeSpec;
use super::super::symbols::{EMPTY, UNSCHEDULABLE};
use super::{Plugin, Rejection};
use crate::api::node::TaintEffect;

/// What a cordoned node is taken to be tainted with.
const CORDON: TaintOf = TaintOf { key: UNSCHEDULABLE, value: EMPTY, effect: TaintEffect::NoSchedule };

const UNTOLERATED: &str = "node(s) had untolerated taint(s)";

/// Is the node not cordoned, or does the pod not mind?
pub(in super::super) fn admits_cordon(pod: &ShapeSpec, node: &NodeFacts) -> bool {
    !node.unschedulable || tolerates_cordon(pod)
}

/// Does the pod not mind cordons?
pub(in super::super) fn tolerates_cordon(pod: &ShapeSpec) -> bool {
    tolerates(pod, CORDON)
}

/// Does the pod put up with all taints that keep pods away?
pub(in super::super) fn tolerates_all(pod: &ShapeSpec, node: &NodeFacts) -> bool {
    let strict = node.taints.iter().filter(|taint| taint.effect != TaintEffect::PreferNoSchedule);
    strict.into_iter().all(|taint| tolerates(pod, *taint))
}

/// Does the pod put up with the taints that drive pods away?
pub(in super::super) fn filter_executing(pod: &ShapeSpec, node: &NodeFacts) -> Result<(), Rejection> {
    let mut strict = node.taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute);
    if strict.all(|taint| tolerates(pod, *taint)) {
        return Ok(());
    }
    Err(Rejection::for_good(Plugin::TaintToleration, UNTOLERATED))
}

pub(in super::super) fn filter(pod: &ShapeSpec, node: &NodeFacts) -> Result<(), Rejection> {
    if !admits_cordon(pod, node) {
        return Err(Rejection::for_good(Plugin::NodeUnschedulable, "node(s) were unschedulable"));
    }
    if !node.taints.is_empty() && !tolerates_all(pod, node) {
        return Err(Rejection::for_good(Plugin::TaintToleration, UNTOLERATED));
    }
    Ok(())
}

/// How many taints the node would rather not have the pod for.
pub(in super::super) fn score(pod: &ShapeSpec, node: &NodeFacts) -> i64 {
    let soft = node.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
    soft.filter(|taint| !tolerates(pod, **taint)).count() as i64
}

fn tolerates(pod: &ShapeSpec, taint: TaintOf) -> bool {
    pod.tolerations.iter().any(|toleration| {
        toleration.effect.is_none_or(|effect| effect == taint.effect)
            && toleration.key.is_none_or(|key| key == taint.key)
            && toleration.value.is_none_or(|value| value == taint.value)
    })
}
