//! A shape: all that the scheduler reads of a pod. Pods of one shape are alike to it.

use std::sync::Arc;

use super::requests::Requests;
use super::symbols::{Labels, Selector, Symbol};
use crate::api::node::TaintEffect;

/// What a pod asks for, in the scheduler's own terms; cheap to clone. Made by `Scheduler::shape`.
#[derive(Clone, Debug)]
pub struct Shape(pub(super) Arc<Compiled>);

/// A shape with its number.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) number: u32,
    pub(super) spec: ShapeSpec,
}

impl std::ops::Deref for Shape {
    type Target = ShapeSpec;

    fn deref(&self) -> &ShapeSpec {
        &self.0.spec
    }
}

impl Shape {
    pub(super) fn number(&self) -> u32 {
        self.0.number
    }
}

/// What tells shapes apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShapeSpec {
    pub(super) namespace: Symbol,
    pub(super) labels: Labels,
    pub(super) requests: Requests,
    pub(super) priority: i32,
    pub(super) never_preempts: bool,
    pub(super) other_scheduler: bool,
    pub(super) gated: bool,
    pub(super) nodes: NodeRules,
    /// Weights and terms; those of weight 0 and empty ones are left out.
    pub(super) preferred_nodes: Vec<(i64, Term)>,
    /// Does the pod prefer nodes at all, if only by terms that say nothing?
    pub(super) prefers_nodes: bool,
    pub(super) affinity: Vec<PodTerm>,
    pub(super) anti_affinity: Vec<PodTerm>,
    /// Preferred terms, those of anti-affinity with a weight below 0.
    pub(super) preferred_pods: Vec<(i64, PodTerm)>,
    pub(super) spread: Vec<Spread>,
    /// Labels of the pod's owners and services decide where it spreads if it says nothing itself.
    pub(super) default_spread: bool,
    pub(super) tolerations: Vec<TolerationOf>,
    pub(super) ports: Vec<Port>,
    pub(super) images: Vec<Symbol>,
}

/// `nodeSelector` and required node affinity.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeRules {
    pub(super) selector: Labels,
    pub(super) terms: Option<Vec<Term>>,
}

/// A term of node affinity: all of it must hold; an empty one never does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term {
    pub(super) labels: Selector,
    /// Conditions on the node's name.
    pub(super) names: Selector,
}

/// A term of pod affinity.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PodTerm {
    pub(super) selector: Option<Selector>,
    /// Sorted.
    pub(super) namespaces: Vec<Symbol>,
    pub(super) namespace_selector: Option<Selector>,
    pub(super) key: Symbol,
}

/// A topology spread constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spread {
    pub(super) hard: bool,
    pub(super) max_skew: i64,
    pub(super) key: Symbol,
    /// None selects nothing.
    pub(super) selector: Option<Selector>,
    pub(super) min_domains: i64,
    pub(super) honours_affinity: bool,
    pub(super) honours_taints: bool,
}

/// A toleration; None stands for any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TolerationOf {
    pub(super) key: Option<Symbol>,
    pub(super) value: Option<Symbol>,
    pub(super) effect: Option<TaintEffect>,
}

/// A port of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    /// None: all addresses.
    pub(super) ip: Option<Symbol>,
    pub(super) protocol: Symbol,
    pub(super) port: i32,
}

impl Port {
    pub(super) fn conflicts(self, other: Port) -> bool {
        self.protocol == other.protocol
            && self.port == other.port
            && (self.ip == other.ip || self.ip.is_none() || other.ip.is_none())
    }
}

impl ShapeSpec {
    /// Does it bear on where other pods may be, or would they rather?
    pub(super) fn has_pod_affinity(&self) -> bool {
        !(self.affinity.is_empty() && self.anti_affinity.is_empty() && self.preferred_pods.is_empty())
    }
}
