//! Readers of the change log that take no part in what happens: recorders, checkers, exporters.

use crate::api::change::Change;
use crate::api::meta::JobId;
use crate::api::outbox::JobEvent;
use crate::apiserver::store::Store;
use crate::controllers::workqueue::WaitReason;
use crate::kernel::time::{SimDuration, SimTime};

/// A request of the Job controller's client, from its sending to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestSpan {
    /// When it was sent.
    pub sent: SimTime,
    /// How long it waited for a token of the client.
    pub token_wait: SimDuration,
    /// When it took effect and was answered.
    pub effective: SimTime,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub verb: &'static str,
    /// `pods`, `jobs`, `jobs/status` or `events`.
    pub resource: &'static str,
    /// The Job on whose behalf.
    pub job: JobId,
    /// Was it refused?
    pub refused: bool,
}

/// A sync of the Job controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncSpan {
    /// Whose.
    pub job: JobId,
    /// What its key had waited for.
    pub waited_for: WaitReason,
    /// When its key was due.
    pub due: SimTime,
    /// When a worker took it.
    pub started: SimTime,
    /// When its last request was answered.
    pub ended: SimTime,
    /// How long its stages waited for tokens, along the slowest request of each; the rest is the API's latency.
    pub token_wait: SimDuration,
    /// Requests that it sent.
    pub requests: u32,
}

/// Is told of everything that happens, in order. Default: looks away.
pub trait Observer {
    /// An object was written; the store shows it as of that write.
    fn on_change(&mut self, _now: SimTime, _change: Change, _store: &Store) {}

    /// The Job controller recorded a Kubernetes event.
    fn on_job_event(&mut self, _now: SimTime, _event: &JobEvent, _store: &Store) {}

    /// A request took effect.
    fn on_request(&mut self, _request: &RequestSpan) {}

    /// A sync of the Job controller that asked for something is over.
    fn on_sync(&mut self, _sync: &SyncSpan) {}

    /// Something that the user should read.
    fn on_note(&mut self, _now: SimTime, _note: &str) {}

    /// Nothing more will happen at this instant.
    fn on_instant_over(&mut self, _now: SimTime, _store: &Store) {}
}
