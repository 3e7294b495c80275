//! The node: what it has, whom it turns away, and how it is.

use std::sync::Arc;

use super::meta::{ApiTime, NodeId};
use super::resources::ResourceList;

/// A node as the API server stores it, less what no rule reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its own id.
    pub id: NodeId,
    /// Its name.
    pub name: Arc<str>,
    /// Labels, sorted by key.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Annotations that something in the cluster reads, sorted by key.
    pub annotations: Vec<(Arc<str>, Arc<str>)>,
    /// `spec.taints`, in order.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// `status.capacity`.
    pub capacity: ResourceList,
    /// `status.allocatable`.
    pub allocatable: ResourceList,
    /// `status.images`: names and sizes in bytes.
    pub images: Vec<(Vec<Arc<str>>, i64)>,
    /// Condition Ready.
    pub ready: Readiness,
    /// Since when it has been so.
    pub ready_since: ApiTime,
    /// The pool that it is of, by its position in the scenario.
    pub pool: Option<u32>,
    /// Since when its machine is paid for.
    pub machine_since: ApiTime,
    /// Creation.
    pub created: ApiTime,
    /// The manifest that it was made of, if there is one.
    pub manifest: Option<Arc<serde_json::Value>>,
}

/// `status` of a node's condition Ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// True.
    #[default]
    Ready,
    /// False: its kubelet says so.
    NotReady,
    /// Unknown: its kubelet says nothing.
    Unknown,
}

/// Key of the taints of a node that is not ready.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// Key of the taints of a node that is not heard of.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// What keeps pods away that do not tolerate it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// Key.
    pub key: Arc<str>,
    /// Value, often empty.
    pub value: Arc<str>,
    /// How strict it is.
    pub effect: TaintEffect,
}

/// `effect` of a taint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaintEffect {
    /// No new pods.
    NoSchedule,
    /// Rather no new pods.
    PreferNoSchedule,
    /// No pods.
    NoExecute,
}

impl TaintEffect {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            TaintEffect::NoSchedule => "NoSchedule",
            TaintEffect::PreferNoSchedule => "PreferNoSchedule",
            TaintEffect::NoExecute => "NoExecute",
        }
    }

    /// The effect of this name.
    pub fn by_name(name: &str) -> Option<TaintEffect> {
        [TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute]
            .into_iter()
            .find(|effect| effect.as_str() == name)
    }
}

impl Node {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&Arc<str>> {
        self.labels.iter().find(|(known, _)| &**known == key).map(|(_, value)| value)
    }
}
