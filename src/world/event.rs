//! All that can happen: the closed set of events.

use super::autoscaler::AutoscalerAlarm;
use super::controller_manager::Controller;
use super::nodes::NodeAlarm;
use super::taint_eviction::EvictionStep;
use crate::api::meta::{JobId, NodeId, PodId};
use crate::api::outbox::SyncDue;
use crate::kubelet::Alarm;
use crate::scenario::Component;

/// An entry of the event list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The scenario's action at this position.
    Action(u32),
    /// The next Job of this stream of arrivals comes.
    Arrival(u32),
    /// A component may be up again.
    OutageOver(Component),
    /// A Job without pods has lasted as long as they would have, and ends well or badly.
    JobOver(JobId, bool),
    /// The scheduler has chosen a node and the binding takes effect.
    Bind(PodId, NodeId),
    /// Something ends in a pod.
    Kubelet(Alarm),
    /// The scheduler has something to do.
    Schedule,
    /// The cluster autoscaler is at work.
    Autoscaler(AutoscalerAlarm),
    /// A pod is evicted because of a taint of its node.
    TaintEviction(PodId, EvictionStep),
    /// Something happens to a node.
    Node(NodeId, NodeAlarm),
    /// The pod garbage collector has seen for long enough that nodes that pods name are not there.
    AwaitedInVain,
    /// The pod garbage collector finds a pod that is to go and was never bound.
    CollectUnbound(PodId),
    /// The quota controller counts all anew.
    QuotaResync,
    /// Pods that could not be evicted from a node are asked for again.
    Drain(NodeId),
    /// The kubelet's report on a pod reaches the API server.
    Report(PodId),
    /// A key of a controller's queue may be due.
    Sync(SyncDue),
    /// A request of a controller takes effect.
    Request(u32),
    /// A controller's event recorder has written an event.
    EventWritten(Controller),
    /// Changes reach the controllers' informers.
    Deliver,
    /// A pod whose Job is gone loses its finalizer, by this worker.
    Orphan(u32),
}

// Millions of events may be pending.
const _: () = assert!(std::mem::size_of::<Event>() <= 16);
