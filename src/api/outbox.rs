//! What a component leaves behind besides requests: alarms for itself and Kubernetes events.

use super::event::ObjectEvent;
use super::meta::{CronJobId, JobId};
use crate::kernel::time::SimTime;

/// Collects alarms and Kubernetes events; the world empties it.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Alarms and their times.
    pub alarms: Vec<(SimTime, SyncDue)>,
    /// Kubernetes events, in the order of their recording.
    pub events: Vec<ObjectEvent>,
    /// Nobody looks at events: none are kept.
    pub drops_events: bool,
    /// What the real component would hang on for good; it ends the run.
    pub fault: Option<String>,
}

impl Outbox {
    /// Records a Kubernetes event.
    pub fn record(&mut self, event: ObjectEvent) {
        if !self.drops_events {
            self.events.push(event);
        }
    }

    /// Throws away what is in it; the memory is kept.
    pub fn clear(&mut self) {
        self.alarms.clear();
        self.events.clear();
        self.fault = None;
    }
}

/// An alarm of a controller: this key of its queue may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncDue {
    /// Of the Job controller.
    Job(JobId),
    /// Of the CronJob controller.
    CronJob(CronJobId),
    /// Of the TTL-after-finished controller.
    TtlAfterFinished(JobId),
}
