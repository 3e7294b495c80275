//! What the scheduler reads of a pod beside its requests: where it may run, where it would rather, beside whom.

use std::sync::Arc;

use super::disruption::Requirement;
use super::node::{NOT_READY, TaintEffect, UNREACHABLE};
use super::priority::PreemptionPolicy;

/// A label selector: all must hold. An empty one matches everything.
pub type LabelSelector = Vec<Requirement>;

/// The scheduling part of a pod's spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scheduling {
    /// `schedulerName`, if it is another than the default one.
    pub other_scheduler: Option<Arc<str>>,
    /// `schedulingGates`, by name.
    pub gates: Vec<Arc<str>>,
    /// `preemptionPolicy`: that of its class once it is admitted.
    pub preemption_policy: Option<PreemptionPolicy>,
    /// `nodeSelector`.
    pub node_selector: Vec<(Arc<str>, Arc<str>)>,
    /// `affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`: one of the terms has to match.
    pub required_nodes: Option<Vec<NodeSelectorTerm>>,
    /// `affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`, with weights.
    pub preferred_nodes: Vec<(i32, NodeSelectorTerm)>,
    /// `affinity.podAffinity`.
    pub pod_affinity: PodTerms,
    /// `affinity.podAntiAffinity`.
    pub pod_anti_affinity: PodTerms,
    /// `topologySpreadConstraints`.
    pub topology_spread: Vec<TopologySpreadConstraint>,
    /// `tolerations`.
    pub tolerations: Vec<Toleration>,
    /// Ports of the host that containers and sidecars take.
    pub host_ports: Vec<HostPort>,
    /// Images of all containers, init containers and image volumes, as written.
    pub images: Vec<Arc<str>>,
}

/// `nodeSelectorTerms[]`: all of it has to hold; an empty one matches no node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeSelectorTerm {
    /// `matchExpressions`.
    pub labels: Vec<NodeRequirement>,
    /// `matchFields`; the only field there is is `metadata.name`.
    pub fields: Vec<NodeRequirement>,
}

/// A condition on a node's labels.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRequirement {
    /// The label.
    pub key: Arc<str>,
    /// What is asked of it.
    pub operator: NodeOperator,
    /// The values.
    pub values: Vec<Arc<str>>,
}

/// What is asked of a node's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeOperator {
    /// It has one of the values.
    In,
    /// It has none of the values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
    /// It is a number above the value.
    Gt,
    /// It is a number below the value.
    Lt,
}

/// Terms of a pod's affinity or anti-affinity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodTerms {
    /// `requiredDuringSchedulingIgnoredDuringExecution`.
    pub required: Vec<PodAffinityTerm>,
    /// `preferredDuringSchedulingIgnoredDuringExecution`, with weights.
    pub preferred: Vec<(i32, PodAffinityTerm)>,
}

/// Other pods, and what "together" means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodAffinityTerm {
    /// Which pods; absent: none.
    pub selector: Option<LabelSelector>,
    /// `namespaces`.
    pub namespaces: Vec<Arc<str>>,
    /// `namespaceSelector`: an empty one matches all, an absent one none.
    pub namespace_selector: Option<LabelSelector>,
    /// Nodes with an equal value of this label are one place.
    pub topology_key: Arc<str>,
    /// Labels whose values have to be those of the pod itself.
    pub match_label_keys: Vec<Arc<str>>,
    /// Labels whose values must not be those of the pod itself.
    pub mismatch_label_keys: Vec<Arc<str>>,
}

/// `topologySpreadConstraints[]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologySpreadConstraint {
    /// How far above the least a place may be.
    pub max_skew: i32,
    /// Nodes with an equal value of this label are one place.
    pub topology_key: Arc<str>,
    /// `whenUnsatisfiable: DoNotSchedule`; else it is a wish only.
    pub hard: bool,
    /// Which pods; absent: none.
    pub selector: Option<LabelSelector>,
    /// With fewer places than this the least is taken as 0.
    pub min_domains: i32,
    /// `nodeAffinityPolicy: Honor`: nodes that the pod's node affinity refuses do not count.
    pub honours_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: nodes with taints that the pod does not tolerate do not count.
    pub honours_taints: bool,
    /// Labels whose values have to be those of the pod itself.
    pub match_label_keys: Vec<Arc<str>>,
}

/// `tolerations[]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Toleration {
    /// The taint's key; empty: any.
    pub key: Arc<str>,
    /// `operator: Exists`: any value.
    pub any_value: bool,
    /// The taint's value.
    pub value: Arc<str>,
    /// The taint's effect; absent: any.
    pub effect: Option<TaintEffect>,
    /// How long a NoExecute taint is put up with; absent: for ever.
    pub seconds: Option<i64>,
}

/// Keys of the NoExecute taints that a pod with these tolerations of its own tolerates for
/// [`DEFAULT_TOLERATION_SECONDS`] because admission says so (`DefaultTolerationSeconds`): of a node that is not ready,
/// and of one that is not heard of.
pub fn tolerated_by_default(own: &[Toleration]) -> impl Iterator<Item = &'static str> {
    let names_it = |own: &Toleration, key: &str| {
        let of_key = own.key.is_empty() || *own.key == *key;
        of_key && own.effect.is_none_or(|effect| effect == TaintEffect::NoExecute)
    };
    [NOT_READY, UNREACHABLE].into_iter().filter(move |key| !own.iter().any(|own| names_it(own, key)))
}

/// How long those are tolerated, in seconds.
pub const DEFAULT_TOLERATION_SECONDS: u32 = 300;

/// A port of the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// Its address; empty or `0.0.0.0`: all.
    pub ip: Arc<str>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Arc<str>,
    /// The port.
    pub port: i32,
}

impl Toleration {
    /// Does it put up with a taint (`ToleratesTaint`)?
    pub fn tolerates(&self, key: &str, value: &str, effect: TaintEffect) -> bool {
        self.effect.is_none_or(|own| own == effect)
            && (self.key.is_empty() || *self.key == *key)
            && (self.any_value || *self.value == *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerations_tolerate() {
        use TaintEffect::{NoExecute, NoSchedule};
        let check = |key: &str, any_value, value: &str, effect, wanted| {
            let toleration = Toleration { key: key.into(), any_value, value: value.into(), effect, seconds: None };
            assert_eq!(toleration.tolerates("gpu", "a100", NoSchedule), wanted, "{toleration:?}");
        };
        check("gpu", false, "a100", Some(NoSchedule), true);
        check("gpu", false, "a100", None, true);
        check("gpu", false, "t4", None, false);
        check("gpu", true, "", None, true);
        check("", true, "", None, true);
        check("gpu", true, "", Some(NoExecute), false);
        check("disk", true, "", None, false);
    }
}
