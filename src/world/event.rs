//! All that can happen: the closed set of events.

use crate::api::meta::PodId;
use crate::controllers::job::SyncDue;
use crate::controllers::ttl_after_finished::TtlDue;
use crate::kubelet::Alarm;

/// An entry of the event list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The scenario's action at this position.
    Action(u32),
    /// The scheduler has chosen a node and the binding takes effect.
    Bind(PodId),
    /// Something ends in a pod.
    Kubelet(Alarm),
    /// The kubelet's report on a pod reaches the API server.
    Report(PodId),
    /// A key of the Job controller's queue may be due.
    JobSync(SyncDue),
    /// A request of the Job controller takes effect.
    Request(u32),
    /// The Job controller's event recorder has written an event.
    EventWritten,
    /// Changes reach the Job controller's informers.
    Deliver,
    /// A finished Job may have expired.
    Ttl(TtlDue),
}

// Millions of events may be pending.
const _: () = assert!(std::mem::size_of::<Event>() <= 16);
