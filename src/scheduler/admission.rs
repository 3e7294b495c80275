//! What a node's kubelet holds against a pod that is bound to it, by whomever: rules of the scheduler once more
//! (`AdmissionCheck`), for the pods that are there.

use super::Scheduler;
use super::node_info::NodeInfo;
use super::plugins::{Plugin, Reason, Rejection, node_affinity, resources, taints};
use super::requests::{CPU, FIRST};
use crate::api::meta::{NodeId, PodId};
use crate::api::pod::PodFailure;

impl Scheduler {
    /// Why the kubelet of a node refuses a pod beside `others`, if it does; the first reason alone.
    pub fn refused_by_kubelet(&self, pod: PodId, node: NodeId, others: &[PodId]) -> Option<PodFailure> {
        let (shape, facts) = (&self.cluster.pod(pod)?.shape, &self.cluster.present(node)?.facts);
        let mut info = NodeInfo { facts: facts.clone(), ..NodeInfo::new(node) };
        for other in others.iter().filter_map(|id| self.cluster.pod(*id)) {
            info.add(other.id.slot, &other.shape, false);
        }
        if let Some((resource, needed)) = (FIRST.len()..shape.requests.plain.len())
            .map(|resource| (resource, shape.requests.plain(resource)))
            // What no node of this kind has is nobody's to refuse (`removeMissingExtendedResources`).
            .find(|&(resource, needed)| {
                facts.allocatable(resource) > 0 && needed > facts.allocatable(resource) - info.requested(resource)
            })
        {
            let name = self.cluster.resources.name(resource);
            let available = facts.allocatable(resource) - info.requested(resource);
            let why = format!(
                "Allocate failed due to requested number of devices unavailable for {name}. Requested: {needed}, \
                 Available: {available}, which is unexpected"
            );
            return Some(PodFailure::rejected("UnexpectedAdmissionError", &why));
        }
        if let Some(failure) = short_of(&info, &shape.requests.plain) {
            return Some(failure);
        }
        let check = node_affinity::filter(shape, facts, &self.cluster.symbols)
            .and_then(|()| resources::filter_ports(shape, &info))
            .and_then(|()| taints::filter_executing(shape, facts));
        check.err().and_then(|rejection| predicate(&rejection))
    }
}

/// `InsufficientResourceError`.
fn short_of(info: &NodeInfo, requests: &[i64]) -> Option<PodFailure> {
    let short = |reason, name: &str, requested: i64, used: i64, capacity: i64| {
        let why = format!(
            "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
        );
        (requested > 0 && requested > capacity - used).then(|| PodFailure::rejected(reason, &why))
    };
    let pods = info.pods.len() as i64;
    short("OutOfpods", "pods", 1, pods, info.facts.pods_allowed).or_else(|| {
        let reasons = ["OutOfcpu", "OutOfmemory", "OutOfephemeral-storage"];
        const { assert!(CPU == 0) };
        reasons.into_iter().zip(FIRST).enumerate().find_map(|(resource, (reason, name))| {
            let requested = requests.get(resource).copied().unwrap_or(0);
            short(reason, name, requested, info.requested(resource), info.facts.allocatable(resource))
        })
    })
}

/// `PredicateFailureError`.
fn predicate(rejection: &Rejection) -> Option<PodFailure> {
    let Reason::Text(text) = rejection.reason else { return None };
    let name = match rejection.plugin {
        Plugin::NodeAffinity => "NodeAffinity",
        Plugin::NodePorts => "NodePorts",
        Plugin::TaintToleration => "TaintToleration",
        _ => return None,
    };
    Some(PodFailure::rejected(name, &format!("Predicate {name} failed: {text}")))
}
