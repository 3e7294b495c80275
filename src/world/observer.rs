//! Readers of the change log that take no part in what happens: recorders, checkers, exporters.

use super::controller_manager::Controller;
use crate::api::change::Change;
use crate::api::event::ObjectEvent;
use crate::api::meta::{NodeId, ObjectId, PodId};
use crate::apiserver::store::Store;
use crate::controllers::workqueue::Waited;
use crate::kernel::time::{SimDuration, SimTime};

/// A request of a controller's client, from its sending to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestSpan {
    /// When it was sent.
    pub sent: SimTime,
    /// How long it waited for a token of the client.
    pub token_wait: SimDuration,
    /// When it took effect and was answered.
    pub effective: SimTime,
    /// Whose client.
    pub controller: Controller,
    /// `POST`, `PUT`, `PATCH`, `DELETE` or `GET`.
    pub verb: &'static str,
    /// `pods`, `jobs`, `jobs/status`, `cronjobs`, `cronjobs/status` or `events`.
    pub resource: &'static str,
    /// The object on whose behalf.
    pub about: ObjectId,
    /// The HTTP status of the answer.
    pub status: u16,
}

impl RequestSpan {
    /// Was it refused?
    pub fn is_refused(&self) -> bool {
        self.status >= 400
    }
}

/// A sync of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncSpan {
    /// By which controller.
    pub controller: Controller,
    /// Whose.
    pub about: ObjectId,
    /// What its key had waited for.
    pub waited: Waited,
    /// When a worker took it.
    pub started: SimTime,
    /// When its last request was answered.
    pub ended: SimTime,
    /// How long its stages waited for tokens, along the slowest request of each; the rest is the API's latency.
    pub token_wait: SimDuration,
    /// Requests that it sent.
    pub requests: u32,
}

/// What observers look at besides the objects. What none of them looks at, nobody makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The events that controllers record.
    pub events: bool,
    /// The requests of controllers, and their syncs.
    pub requests: bool,
    /// Pods container by container: their statuses tell of each.
    pub containers: bool,
    /// The ends of instants.
    pub instants: bool,
}

impl Reads {
    /// The objects alone.
    pub const OBJECTS: Reads = Reads { events: false, requests: false, containers: false, instants: false };
    /// All that is told, of pods as wholes.
    pub const PODS_AS_WHOLES: Reads = Reads { events: true, requests: true, containers: false, instants: true };

    /// What one of two looks at.
    #[must_use]
    pub fn or(self, other: Reads) -> Reads {
        Reads {
            events: self.events || other.events,
            requests: self.requests || other.requests,
            containers: self.containers || other.containers,
            instants: self.instants || other.instants,
        }
    }
}

/// Is told of everything that happens, in order. Default: looks away.
pub trait Observer {
    /// An object was written; the store shows it as of that write.
    fn on_change(&mut self, _now: SimTime, _change: Change, _store: &Store) {}

    /// A pod's containers are about to be seen running on a node with limits: thousandths of processors and bytes of
    /// memory that they use.
    fn on_use(&mut self, _pod: PodId, _cpu_m: i64, _memory_b: i64) {}

    /// A pod waits for others to make room on a node, or no longer (`status.nominatedNodeName`).
    fn on_nomination(&mut self, _pod: PodId, _node: Option<NodeId>) {}

    /// A controller recorded a Kubernetes event.
    fn on_event(&mut self, _now: SimTime, _event: &ObjectEvent, _store: &Store) {}

    /// A request that was sent at `sent` waited for a token of its client. Told as it takes effect.
    fn on_token_wait(&mut self, _sent: SimTime, _wait: SimDuration) {}

    /// A request took effect; the store shows what came of it.
    fn on_request(&mut self, _request: &RequestSpan, _store: &Store) {}

    /// A sync that asked for something is over.
    fn on_sync(&mut self, _sync: &SyncSpan) {}

    /// What it looks at besides the objects; of the rest it may be told or not.
    fn reads(&self) -> Reads {
        Reads::PODS_AS_WHOLES
    }

    /// The run is over, or paused at the horizon.
    fn on_end(&mut self, _now: SimTime, _store: &Store) {}

    /// Something that the user should read.
    fn on_note(&mut self, _now: SimTime, _note: &str) {}

    /// Nothing more will happen at this instant.
    fn on_instant_over(&mut self, _now: SimTime, _store: &Store) {}
}
