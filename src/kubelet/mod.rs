//! The kubelet: carries a bound pod from its start to its end, and reports its status.
//!
//! One for all nodes: pods on different nodes do not touch each other here. It draws nothing itself; how long a
//! container runs and how it ends is asked of a [`Workload`], which is handed in.

pub mod lifecycle;
mod status;

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
}

impl Alarm {
    /// Whose pod it is about.
    pub fn pod(&self) -> PodId {
        match *self {
            Alarm::Start(pod) | Alarm::Exit { pod, .. } | Alarm::Restart { pod, .. } => pod,
        }
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
    /// A failed container's back-off is over.
    Restart {
        /// Whose.
        pod: PodId,
        /// Position among init containers, then app containers.
        container: u16,
        /// Which end of the container it belongs to.
        turn: u16,
    },
}
