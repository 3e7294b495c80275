//! Pods whose Job is gone lose the tracking finalizer by the Job controller's client, as many at a time as it has workers
//! for them (`orphanWorker`). Without limits and latency that takes no time.

use std::collections::VecDeque;

use super::World;
use super::controller_manager::Controller;
use super::event::Event;
use crate::api::meta::{ObjectId, PodId};
use crate::api::request::Request;
use crate::kernel::time::{SimDuration, SimTime};

/// What waits for the workers, and what each is at.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    queue: VecDeque<PodId>,
    workers: Vec<Option<Releasing>>,
}

/// A pod whose finalizer is being taken off.
#[derive(Clone, Copy, Debug)]
struct Releasing {
    /// Absent while the worker waits to be told of one.
    pod: Option<PodId>,
    sent: SimTime,
    token_wait: SimDuration,
    /// When the API server has done it.
    at: SimTime,
}

impl World<'_> {
    /// The informers will show that a pod's Job is gone.
    pub(super) fn release_orphan(&mut self, pod: PodId) {
        if self.control_plane.is_instant() {
            _ = self.store.release_pod(pod);
            return;
        }
        self.orphans.queue.push_back(pod);
        self.orphans.workers.resize(self.control_plane.job_workers(), None);
        if let Some(idle) = self.orphans.workers.iter().position(Option::is_none) {
            let at = self.now + self.control_plane.watch_latency();
            self.await_orphan(idle, Releasing { pod: None, sent: self.now, token_wait: SimDuration::ZERO, at });
        }
    }

    fn await_orphan(&mut self, worker: usize, work: Releasing) {
        self.orphans.workers[worker] = Some(work);
        self.events.push(work.at, Event::Orphan(worker as u32));
    }

    /// A worker is done with a pod, and takes the next that still has the finalizer.
    pub(super) fn orphan_released(&mut self, worker: u32) {
        let Some(Some(work)) = self.orphans.workers.get(worker as usize).copied() else { return };
        // That of a process that is gone comes at another time.
        if work.at > self.now || self.controllers_cannot(Event::Orphan(worker)) {
            return;
        }
        self.orphans.workers[worker as usize] = None;
        if let Releasing { pod: Some(pod), sent, token_wait, .. } = work {
            _ = self.carry_out_for(Controller::Job, ObjectId::Pod(pod), Request::ReleasePod(pod), sent, token_wait);
            self.tell();
        }
        let is_tracked = |pod: &PodId| self.store.standing_pod(*pod).is_some_and(|pod| pod.tracked);
        while let Some(pod) = self.orphans.queue.pop_front() {
            if is_tracked(&pod) {
                let (token_wait, latency) = self.control_plane.request_of(Controller::Job, self.now);
                let at = self.now + token_wait + latency;
                return self
                    .await_orphan(worker as usize, Releasing { pod: Some(pod), sent: self.now, token_wait, at });
            }
        }
    }
}
