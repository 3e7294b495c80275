//! The pod: template, phase, and the status that rules read.

use std::sync::Arc;

/// `spec.template` of a Job, less what no rule reads.
#[derive(Clone, Debug, PartialEq)]
pub struct PodTemplate {
    /// Never or OnFailure (Always only for bare pods).
    pub restart_policy: RestartPolicy,
    /// Init containers, in order.
    pub init_containers: Vec<Container>,
    /// App containers, in order.
    pub containers: Vec<Container>,
    /// Seconds from a deletion to the kill.
    pub termination_grace_period_seconds: u32,
    /// Labels of the template, sorted by key: what `match.labels` of the scenario looks at.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// A container of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Unique in the pod.
    pub name: Arc<str>,
    /// Image as written.
    pub image: Arc<str>,
}

/// `restartPolicy` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// An ended container stays ended.
    Never,
    /// A failed container starts again in the pod.
    OnFailure,
    /// Any ended container starts again in the pod.
    Always,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodPhase {
    /// Not all containers have started.
    Pending,
    /// Started and not ended.
    Running,
    /// All containers ended with 0.
    Succeeded,
    /// Ended, and not all with 0.
    Failed,
}

impl PodPhase {
    /// Has it ended for good?
    pub fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            PodPhase::Pending => "Pending",
            PodPhase::Running => "Running",
            PodPhase::Succeeded => "Succeeded",
            PodPhase::Failed => "Failed",
        }
    }
}
