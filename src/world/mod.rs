//! The world: the only place where time passes and where components meet.
//!
//! Within one instant: first what was scheduled, in the order of its scheduling, then syncs. A write is told to all
//! readers before the next one is carried out.

mod actions;
mod control_plane;
pub mod event;
pub mod observer;
mod pods;
mod workload;

use std::collections::VecDeque;

use crate::api::change::{Change, Verb};
use crate::api::meta::{ApiTime, JobId};
use crate::api::outbox::Outbox;
use crate::api::request::{Answer, Refusal, Request};
use crate::apiserver::store::Store;
use crate::controllers::job::{JobController, Progress, Sync, SyncDue};
use crate::controllers::ttl_after_finished::{TtlAfterFinished, TtlDue};
use crate::kernel::event_list::EventList;
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubelet::Alarm;
use crate::kubelet::lifecycle::Kubelet;
use crate::scenario::{Object, Scenario, ScheduledAction};
use control_plane::ControlPlane;
use event::Event;
use observer::{Observer, RequestSpan, SyncSpan};
use workload::PodWorkload;

/// A simulated cluster and its clock.
pub struct World<'a> {
    now: SimTime,
    /// Objects were submitted at this instant and no instant has been carried out since.
    submitted: bool,
    steps: u64,
    events: EventList<Event>,
    store: Store,
    job_controller: JobController,
    ttl_after_finished: TtlAfterFinished,
    kubelet: Kubelet,
    workload: PodWorkload,
    control_plane: ControlPlane,
    actions: Vec<ScheduledAction>,
    observers: Vec<&'a mut dyn Observer>,
    /// Writes that not all readers were told of.
    untold: VecDeque<Change>,
    outbox: Outbox<SyncDue>,
    ttl_outbox: Outbox<TtlDue>,
    alarms: Vec<(SimTime, Alarm)>,
    requests: Vec<Request>,
    answers: Vec<Answer>,
    taken: Vec<Change>,
}

impl<'a> World<'a> {
    /// The cluster before the first object is submitted.
    pub fn new(scenario: &Scenario, seed: u64, replication: u32, observers: Vec<&'a mut dyn Observer>) -> World<'a> {
        let mut events = EventList::new();
        for (position, action) in scenario.actions.iter().enumerate() {
            events.push(action.at, Event::Action(position as u32));
        }
        let mut world = World {
            now: SimTime::ZERO,
            submitted: true,
            steps: 0,
            events,
            store: Store::new(),
            job_controller: JobController::new(),
            ttl_after_finished: TtlAfterFinished::default(),
            kubelet: Kubelet::new(),
            workload: PodWorkload::new(scenario, seed, replication),
            control_plane: ControlPlane::new(&scenario.control_plane),
            actions: scenario.actions.clone(),
            observers,
            untold: VecDeque::new(),
            outbox: Outbox::default(),
            ttl_outbox: Outbox::default(),
            alarms: Vec::new(),
            requests: Vec::new(),
            answers: Vec::new(),
            taken: Vec::new(),
        };
        world.submit(&scenario.objects);
        world
    }

    /// The instant that was reached.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Events carried out so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All objects, for readers.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Is nothing left to happen, ever?
    pub fn is_settled(&self) -> bool {
        self.events.next_time().is_none()
    }

    /// Pods created so far.
    pub fn pods_created(&self) -> u64 {
        self.store.pods_created()
    }

    /// Carries out all that happens at the next instant at which anything does, if it is not after `until`. Returns
    /// false when nothing was left to do.
    pub fn step_instant(&mut self, until: SimTime) -> bool {
        if !std::mem::take(&mut self.submitted) {
            match self.events.next_time() {
                Some(next) if next <= until => self.now = next,
                _ => return false,
            }
        }
        loop {
            if self.events.next_time() == Some(self.now) {
                let Some((_, event)) = self.events.pop() else { break };
                self.steps += 1;
                self.dispatch(event);
            } else if !self.sync_next() && !self.expire_next() && !self.send_spawned() {
                break;
            }
        }
        for observer in &mut self.observers {
            observer.on_instant_over(self.now, &self.store);
        }
        true
    }

    /// One screen says all that can happen.
    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Action(position) => self.act(position as usize),
            Event::Bind(pod) => _ = self.store.bind(pod),
            Event::Kubelet(alarm) => self.kubelet_alarm(alarm),
            Event::Report(pod) => self.report_now(pod),
            Event::JobSync(alarm) => self.job_controller.on_alarm(alarm, self.now),
            Event::Request(slot) => self.request_effective(slot),
            Event::EventWritten => self.event_written(),
            Event::Deliver => self.deliver(),
            Event::Ttl(alarm) => self.ttl_after_finished.on_alarm(alarm, self.now),
        }
        self.tell();
    }

    fn submit(&mut self, objects: &[Object]) {
        for object in objects {
            self.create(object);
            self.tell();
        }
    }

    // ---- telling what was written ----

    /// Tells every reader of every write, and of the writes that this brings about.
    fn tell(&mut self) {
        loop {
            self.store.take_changes(&mut self.taken);
            self.untold.extend(self.taken.drain(..));
            let Some(change) = self.untold.pop_front() else { break };
            for observer in &mut self.observers {
                observer.on_change(self.now, change, &self.store);
            }
            match change {
                Change::Job(job, verb) => self.tell_job(job, verb),
                Change::Pod(pod, verb) => self.tell_pod(pod, verb),
            }
            self.store.forget(change);
        }
        for (at, alarm) in self.outbox.alarms.drain(..) {
            self.events.push(at, Event::JobSync(alarm));
        }
        for (at, alarm) in self.ttl_outbox.alarms.drain(..) {
            self.events.push(at, Event::Ttl(alarm));
        }
    }

    fn tell_job(&mut self, id: JobId, verb: Verb) {
        let Some(job) = self.store.job(id) else { return };
        if verb == Verb::Added {
            self.workload.job_added(id, job);
        }
        if self.control_plane.watchers_lag() {
            let job = job.clone();
            self.deliver_job_later(id, verb, &job);
        } else {
            let version = job.resource_version;
            self.job_controller.on_job(id, verb, job, version, self.now, &mut self.outbox);
        }
        let Some(job) = self.store.job(id) else { return };
        self.ttl_after_finished.on_job(id, verb, job, self.now);
        let collect = verb == Verb::Deleted || (verb == Verb::Modified && job.foreground_deletion);
        if collect {
            self.collect_garbage(id, verb == Verb::Deleted);
        }
        if verb == Verb::Deleted {
            self.control_plane.forget_job(id);
        }
    }

    /// The garbage collector takes no time: a Job's pods are deleted with it. The tracking finalizer of pods whose
    /// Job is gone is taken off by the Job controller's orphan queue, at once too.
    fn collect_garbage(&mut self, job: JobId, owner_gone: bool) {
        let mut pods: Vec<_> = self.store.pods_of(job).map(|pod| pod.id).collect();
        pods.sort_by_key(|pod| pod.uid);
        for pod in pods {
            _ = self.store.delete_pod(ApiTime::of(self.now), pod);
            if owner_gone {
                _ = self.store.release_pod(pod);
            }
        }
    }

    // ---- syncs ----

    /// A worker of the Job controller takes a key and carries the sync out. Returns false if none was ready.
    fn sync_next(&mut self) -> bool {
        if !self.control_plane.is_instant() {
            let started = self.start_sync();
            self.tell();
            return started;
        }
        let Some(mut sync) = self.job_controller.take(self.now, &mut self.outbox) else {
            self.tell();
            return false;
        };
        self.answers.clear();
        let mut sent = 0;
        loop {
            let mut requests = std::mem::take(&mut self.requests);
            let progress =
                self.job_controller.next(&mut sync, self.now, &mut self.answers, &mut requests, &mut self.outbox);
            self.publish_events();
            sent += requests.len();
            for request in requests.drain(..) {
                let answer = self.carry_out_for(sync.job, request, self.now, SimDuration::ZERO);
                self.answers.push(answer);
                self.tell();
            }
            self.requests = requests;
            if progress == Progress::Done {
                break;
            }
        }
        self.sync_over(&sync, SimDuration::ZERO, sent);
        self.tell();
        true
    }

    /// A worker of the TTL controller takes a key. Returns false if none asked for anything.
    fn expire_next(&mut self) -> bool {
        let Some((job, request)) = self.ttl_after_finished.take(self.now, &mut self.ttl_outbox) else {
            self.tell();
            return false;
        };
        let answer = self.carry_out(request);
        self.ttl_after_finished.answered(job, &answer, self.now, &mut self.ttl_outbox);
        self.tell();
        true
    }

    fn publish_events(&mut self) {
        for event in self.outbox.events.drain(..) {
            for observer in &mut self.observers {
                observer.on_job_event(self.now, &event, &self.store);
            }
            self.control_plane.keep_event(event);
        }
    }

    fn sync_over(&mut self, sync: &Sync, token_wait: SimDuration, requests: usize) {
        let span = SyncSpan {
            job: sync.job,
            waited_for: sync.waited_for,
            due: sync.due,
            started: sync.started,
            ended: self.now,
            token_wait,
            requests: requests as u32,
        };
        for observer in &mut self.observers {
            observer.on_sync(&span);
        }
    }

    /// Carries out a request that was sent at `sent` and waited for a token, and tells the observers of it.
    fn carry_out_for(&mut self, job: JobId, request: Request, sent: SimTime, token_wait: SimDuration) -> Answer {
        // Two calls, one after the other.
        if let Request::ReleaseAndDeletePod(pod) = request {
            let released = self.carry_out_for(job, Request::ReleasePod(pod), sent, token_wait);
            self.tell();
            return match released {
                Answer::Refused(_) => released,
                _ => self.carry_out_for(job, Request::DeletePod(pod), self.now, SimDuration::ZERO),
            };
        }
        let (verb, resource) = request.call();
        let answer = self.carry_out(request);
        let refused = matches!(answer, Answer::Refused(_));
        let span = RequestSpan { sent, token_wait, effective: self.now, verb, resource, job, refused };
        for observer in &mut self.observers {
            observer.on_request(&span);
        }
        answer
    }

    fn carry_out(&mut self, request: Request) -> Answer {
        let time = ApiTime::of(self.now);
        let done = |result: Result<u64, Refusal>| match result {
            Ok(version) => Answer::Done { version },
            Err(refusal) => Answer::Refused(refusal),
        };
        match request {
            Request::CreatePod { job, index, counts } => match self.store.create_pod(time, job, index, counts) {
                Ok(pod) => Answer::Created { pod, version: self.store.version() },
                Err(refusal) => Answer::Refused(refusal),
            },
            Request::DeletePod(pod) => done(self.store.delete_pod(time, pod)),
            Request::ReleasePod(pod) | Request::ReleaseAndDeletePod(pod) => done(self.store.release_pod(pod)),
            Request::DeleteJob { job, foreground } => {
                done(self.store.delete_job(time, job, foreground).map(|()| self.store.version()))
            }
            Request::UpdateJobStatus { job, version, status } => {
                done(self.store.update_job_status(job, version, *status))
            }
        }
    }
}
