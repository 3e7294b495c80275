//! What a component leaves behind besides requests: alarms for itself and Kubernetes events.

use std::sync::Arc;

use super::meta::{JobId, PodId};
use crate::kernel::time::SimTime;

/// Collects alarms and Kubernetes events; the world empties it.
#[derive(Debug)]
pub struct Outbox<A> {
    /// Alarms and their times.
    pub alarms: Vec<(SimTime, A)>,
    /// Kubernetes events about Jobs.
    pub events: Vec<JobEvent>,
}

impl<A> Default for Outbox<A> {
    fn default() -> Outbox<A> {
        Outbox { alarms: Vec::new(), events: Vec::new() }
    }
}

/// A Kubernetes event about a Job, recorded by its controller.
#[derive(Clone, Debug)]
pub struct JobEvent {
    /// What it is about.
    pub job: JobId,
    /// What happened.
    pub what: JobHappening,
}

/// What a Job's Kubernetes event says. Texts are made when someone reads them.
#[derive(Clone, Debug)]
pub enum JobHappening {
    /// SuccessfulCreate.
    Created(PodId),
    /// SuccessfulDelete.
    Deleted(PodId),
    /// FailedCreate, with the server's message.
    FailedCreate(Box<str>),
    /// Suspended.
    Suspended,
    /// Resumed.
    Resumed,
    /// Completed.
    Completed,
    /// TooManySucceededPods.
    TooManySucceededPods,
    /// The Job failed: reason and message of its condition.
    Failed(&'static str, Arc<str>),
}

impl JobHappening {
    /// Is it a Warning, not a Normal event?
    pub fn is_warning(&self) -> bool {
        matches!(self, JobHappening::FailedCreate(_) | JobHappening::TooManySucceededPods | JobHappening::Failed(..))
    }

    /// The event's reason.
    pub fn reason(&self) -> &'static str {
        match self {
            JobHappening::Created(_) => "SuccessfulCreate",
            JobHappening::Deleted(_) => "SuccessfulDelete",
            JobHappening::FailedCreate(_) => "FailedCreate",
            JobHappening::Suspended => "Suspended",
            JobHappening::Resumed => "Resumed",
            JobHappening::Completed => "Completed",
            JobHappening::TooManySucceededPods => "TooManySucceededPods",
            JobHappening::Failed(reason, _) => reason,
        }
    }
}
