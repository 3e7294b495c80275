//! Pods whose Job is gone lose the tracking finalizer by the Job controller's client, as many at a time as it has
//! workers for them (`orphanWorker`). Without limits and latency that takes no time.

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
    /// Pods, each with when the informers show that its Job is gone; in that order.
    queue: VecDeque<(PodId, SimTime)>,
    workers: Vec<Option<Work>>,
}

/// What a worker is at.
#[derive(Clone, Copy, Debug)]
struct Work {
    /// The pod whose finalizer is being taken off; absent while the worker waits to be shown one.
    pod: Option<PodId>,
    sent: SimTime,
    token_wait: SimDuration,
    /// When the API server has done it.
    at: SimTime,
}

impl Orphans {
    /// The process is gone: what was sent is on its way, all else is forgotten.
    pub(super) fn crash(&mut self, now: SimTime) {
        self.queue.clear();
        for worker in &mut self.workers {
            *worker = worker.filter(|work| work.pod.is_some() && work.sent + work.token_wait <= now);
        }
    }
}

impl World<'_> {
    /// The informers will show that a pod's Job is gone.
    pub(super) fn release_orphan(&mut self, pod: PodId) {
        if self.control_plane.is_instant() {
            _ = self.store.release_pod(pod);
            return;
        }
        let shown = self.now + self.control_plane.watch_latency();
        self.orphans.queue.push_back((pod, shown));
        self.orphans.workers.resize(self.control_plane.job_workers(), None);
        if let Some(idle) = self.orphans.workers.iter().position(Option::is_none) {
            self.wait_for_orphan(idle, shown);
        }
    }

    fn wait_for_orphan(&mut self, worker: usize, shown: SimTime) {
        self.begin_work(worker, Work { pod: None, sent: self.now, token_wait: SimDuration::ZERO, at: shown });
    }

    fn begin_work(&mut self, worker: usize, work: Work) {
        self.orphans.workers[worker] = Some(work);
        self.events.push(work.at, Event::Orphan(worker as u32));
    }

    /// A worker is done with a pod, and takes the next.
    pub(super) fn orphan_released(&mut self, worker: u32) {
        let Some(Some(work)) = self.orphans.workers.get(worker as usize).copied() else { return };
        // That of a process that is gone comes at another time.
        if work.at > self.now || self.defer(Event::Orphan(worker)) {
            return;
        }
        self.orphans.workers[worker as usize] = None;
        if let Work { pod: Some(pod), sent, token_wait, .. } = work {
            _ = self.carry_out_for(Controller::Job, ObjectId::Pod(pod), Request::ReleasePod(pod), sent, token_wait);
            self.tell();
        }
        while let Some((pod, shown)) = self.orphans.queue.pop_front() {
            if shown > self.now {
                self.orphans.queue.push_front((pod, shown));
                return self.wait_for_orphan(worker as usize, shown);
            }
            // One that has gone meanwhile needs no request.
            if self.store.standing_pod(pod).is_some_and(|pod| pod.tracked) {
                let (token_wait, latency) = self.control_plane.request_of(Controller::Job, self.now);
                let at = self.now + token_wait + latency;
                return self.begin_work(worker as usize, Work { pod: Some(pod), sent: self.now, token_wait, at });
            }
        }
    }
}
