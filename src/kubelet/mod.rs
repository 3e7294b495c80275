//! The kubelet: carries a bound pod from its start to its end, and reports its status.
//!
//! One for all nodes: pods on different nodes do not touch each other here. It draws nothing itself; how long a
//! container runs and how it ends is asked of a [`Workload`], which is handed in.

pub mod images;
pub mod lifecycle;
mod limits;
mod readiness;
mod reboot;
mod restart_all;
mod sidecars;
mod status;

pub use limits::FOR_EVER;

use crate::api::meta::PodId;
use crate::kernel::time::SimDuration;

/// How the containers of pods behave, as the scenario says.
pub trait Workload {
    /// Bound to containers started.
    fn startup(&mut self, pod: PodId) -> SimDuration;
    /// How long this start of a container runs.
    fn duration(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration;
    /// What it exits with when left alone.
    fn exit_code(&mut self, pod: PodId, container: &str, restart: u32) -> i32;
    /// How long it takes to exit after the signal to terminate.
    fn termination(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration;
    /// How long a sidecar runs if left alone; none: for as long as its pod.
    fn sidecar_duration(&mut self, _pod: PodId, _container: &str, _restart: u32) -> Option<SimDuration> {
        None
    }
    /// The most memory that this start of a container takes, in bytes; none: it keeps to its limit.
    fn memory(&mut self, _pod: PodId, _container: &str, _restart: u32) -> Option<u64> {
        None
    }
    /// The most that it writes to its node's disk, in bytes; none: it keeps to its limit.
    fn storage(&mut self, _pod: PodId, _container: &str, _restart: u32) -> Option<u64> {
        None
    }
    /// From its start to its being ready for work.
    fn ready_after(&mut self, _pod: PodId, _container: &str, _restart: u32) -> SimDuration {
        SimDuration::ZERO
    }
    /// What the pull of an image takes beside the transfer of its bytes.
    fn pull_latency(&mut self, _pod: PodId, _image: &str) -> SimDuration {
        SimDuration::ZERO
    }
    /// From the end of a container to the kubelet's first look at it (0), and from a look to the next, where it means to
    /// wait this long.
    fn look(&mut self, _pod: PodId, _container: &str, _restart: u32, _number: u32, wait: SimDuration) -> SimDuration {
        wait
    }
    /// What it takes to make and start a container again.
    fn container_start(&mut self, _pod: PodId, _container: &str, _restart: u32) -> SimDuration {
        SimDuration::ZERO
    }
    /// From the end of a pull's back-off to the kubelet's next look at the pod.
    fn next_look(&mut self, _pod: PodId, _number: u32) -> SimDuration {
        SimDuration::ZERO
    }
}

/// An alarm of the kubelet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The pod's sandbox is ready, its images are present: containers may start.
    Start(PodId),
    /// A container's process ends, unless `turn` is not its current one any more.
    Exit {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which start or stop of the container it belongs to.
        turn: u16,
    },
    /// A container that waits for its restart shows it.
    BackOff {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which end of the container it belongs to.
        turn: u16,
    },
    /// A container is started again.
    Restart {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which end of the container it belongs to.
        turn: u16,
    },
    /// A probe finds a container ready, or started.
    Ready {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which start of the container it belongs to.
        turn: u16,
    },
    /// A startup probe gives a container up.
    NotStarted {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which start of the container it belongs to.
        turn: u16,
    },
    /// All containers of a pod have been removed and start again.
    RestartAll(PodId),
    /// A container has written more to its node's disk than it may.
    StorageFull {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which start of the container it belongs to.
        turn: u16,
    },
    /// The pod has been active for as long as it may be.
    Deadline(PodId),
    /// The grace of a pod with sidecars is used up: those go that still wait for others.
    GraceOver(PodId),
    /// The pull of an image for a pod ends.
    Pulled(PodId),
    /// A pod shows that it waits for the next try of a pull.
    PullBackOff(PodId),
    /// An image is to be pulled again.
    PullAgain(PodId),
}

impl Alarm {
    /// Whose pod it is about.
    pub fn pod(&self) -> PodId {
        match *self {
            Alarm::Exit { pod, .. }
            | Alarm::BackOff { pod, .. }
            | Alarm::Restart { pod, .. }
            | Alarm::Ready { pod, .. }
            | Alarm::NotStarted { pod, .. }
            | Alarm::StorageFull { pod, .. } => pod,
            Alarm::Start(pod)
            | Alarm::RestartAll(pod)
            | Alarm::Deadline(pod)
            | Alarm::GraceOver(pod)
            | Alarm::Pulled(pod)
            | Alarm::PullBackOff(pod)
            | Alarm::PullAgain(pod) => pod,
        }
    }
}
