//! What the scheduler is told and what it answers.

use std::sync::Arc;

use crate::api::meta::{ApiTime, NodeId, PodId};
use crate::kernel::rng::Streams;

use super::shape::Shape;

/// How one of several equally good nodes is chosen.
#[derive(Debug)]
pub enum TieBreak {
    /// The first in the order of examination.
    First,
    /// Each as likely, by a draw that is looked up by pod and attempt.
    Drawn(Box<Streams>),
}

/// A pod that the scheduler is to know.
#[derive(Clone, Debug)]
pub struct NewPod {
    /// Its id.
    pub id: PodId,
    /// What it asks for; pods made of one template share one.
    pub shape: Shape,
    /// What its draws are looked up by.
    pub identity: u64,
    /// The node that it is bound to.
    pub node: Option<NodeId>,
    /// `status.nominatedNodeName`.
    pub nominated: Option<NodeId>,
    /// `status.startTime`.
    pub started: Option<ApiTime>,
    /// Being deleted?
    pub terminating: Termination,
}

/// Is a pod being deleted, and because of whom?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Termination {
    /// No.
    #[default]
    No,
    /// Yes.
    Deleted,
    /// Yes, by the scheduler, for a pod of higher priority (condition DisruptionTarget, PreemptionByScheduler).
    Preempted,
}

/// A PodDisruptionBudget as its controller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Namespace.
    pub namespace: std::sync::Arc<str>,
    /// Which pods it is for. None or an empty one: no pod, as far as preemption goes.
    pub selector: Option<crate::api::scheduling::LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub allowed: i32,
    /// `status.disruptedPods`: evictions that were granted already.
    pub disrupted: Vec<PodId>,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The pod.
    pub pod: PodId,
    /// A node, or why there is none.
    pub outcome: Outcome,
    /// The pod went away during the attempt: there is nothing to be written. If it was to be bound, say
    /// `binding_failed` when the API server has answered, not before the next cycle has begun if one does now.
    pub gone: bool,
}

/// A node, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The pod is to be bound (event `Scheduled`). The scheduler counts it as bound from now on.
    Bind(NodeId),
    /// Event `FailedScheduling` and condition PodScheduled=False, reason Unschedulable.
    Unschedulable {
        /// The text of both.
        message: Arc<str>,
        /// `status.nominatedNodeName` to be written: Some(None) clears it, None leaves it.
        nomination: Option<Option<NodeId>>,
        /// Pods whose `status.nominatedNodeName` is to be cleared: they lose the node to this one.
        displaced: Vec<PodId>,
        /// Pods to be deleted for it (event `Preempted`), in this order; each gets condition DisruptionTarget first.
        /// Say `preemption_done` when all but the last were sent, before the last one is. Pods that terminate already
        /// are not among them.
        victims: Vec<PodId>,
    },
}
