//! The control plane as a model: a client's token bucket, the API server's latency, watchers that lag, workers.
//!
//! With no limit and no latency none of this is used: a sync runs within one instant at the cost of function calls.

use std::collections::VecDeque;

use super::World;
use super::controller_manager::{Controller, Task};
use super::event::Event;
use super::observer::RequestSpan;
use crate::api::change::Verb;
use crate::api::cronjob::CronJob;
use crate::api::event::ObjectEvent;
use crate::api::job::Job;
use crate::api::meta::{CronJobId, JobId, ObjectId};
use crate::api::pod::Pod;
use crate::api::release::Rules;
use crate::api::request::{Answer, Request};
use crate::controllers::Progress;
use crate::controllers::event_correlator::{EventCorrelator, Written};
use crate::controllers::rate_limiter::RateLimiter;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario;

/// Limits, latencies, and what is under way because of them.
#[derive(Debug)]
pub(super) struct ControlPlane {
    latency: SimDuration,
    watch_latency: SimDuration,
    /// Limits of each client, and its workers.
    limits: scenario::ControlPlane,
    rules: Rules,
    /// By controller.
    clients: [Client; 3],
    in_flight: Vec<Option<InFlight>>,
    free: Vec<u32>,
    deliveries: VecDeque<Delivery>,
    /// May a client have something to send that is not a worker's own call?
    may_send: bool,
}

/// A controller's client of the API server, and the workers that call it.
#[derive(Debug)]
struct Client {
    bucket: Option<RateLimiter>,
    workers: Vec<Option<Worker>>,
    /// Requests of parallel stages, to be sent when the workers of this instant have all gone on.
    spawned: VecDeque<InFlight>,
    /// Events share the client: they wait here for the one goroutine that writes them.
    recorder: Option<EventRecorder>,
}

/// A controller's event recorder: one sink that writes one event after the other.
#[derive(Debug)]
struct EventRecorder {
    correlator: EventCorrelator,
    queue: VecDeque<ObjectEvent>,
    writing: Option<Writing>,
}

impl EventRecorder {
    fn new(rules: Rules) -> EventRecorder {
        EventRecorder { correlator: EventCorrelator::new(rules), queue: VecDeque::new(), writing: None }
    }
}

/// An event being written.
#[derive(Debug)]
struct Writing {
    sent: SimTime,
    token_wait: SimDuration,
    about: ObjectId,
    written: Written,
    /// When it is answered.
    at: SimTime,
    /// How often the API server was down.
    failures: u32,
}

/// An event that the API server does not take is tried again after this, so often in all (`recordToSink`).
const EVENT_RETRY: (SimDuration, u32) = (SimDuration::from_secs(10), 12);

/// More events than this waiting, and new ones are lost (the broadcaster's channels).
const MOST_EVENTS_WAITING: usize = 2000;

/// A worker and the sync it carries out.
#[derive(Debug)]
struct Worker {
    task: Task,
    answers: Vec<Option<Answer>>,
    outstanding: usize,
    /// Waits for tokens so far, along the slowest request of each stage.
    token_wait: SimDuration,
    requests: usize,
}

/// A request that was sent and has not taken effect.
#[derive(Debug)]
struct InFlight {
    controller: Controller,
    about: ObjectId,
    worker: usize,
    position: usize,
    request: Request,
    sent: SimTime,
    token_wait: SimDuration,
    /// Waits of the call before it, where one request takes two, and the version that it wrote.
    waited_before: SimDuration,
    released: Option<u64>,
}

/// Stands for the worker of a process that is gone.
const NOBODY: usize = usize::MAX;

/// A change on its way to the controllers' informers.
#[derive(Debug)]
struct Delivery {
    at: SimTime,
    version: u64,
    object: Delivered,
}

#[derive(Debug)]
enum Delivered {
    CronJob(CronJobId, Verb, Box<CronJob>),
    Job(JobId, Verb, Box<Job>),
    Pod(Verb, Box<Pod>),
}

impl Client {
    fn new(limits: &scenario::ControlPlane, workers: u32, rules: Rules) -> Client {
        Client {
            bucket: limits.qps.map(|qps| RateLimiter::new(qps, limits.burst)),
            workers: (0..workers.max(1)).map(|_| None).collect(),
            spawned: VecDeque::new(),
            recorder: limits.events_share_client.then(|| EventRecorder::new(rules)),
        }
    }

    /// Takes a token and says how long to wait for it.
    fn reserve(&mut self, now: SimTime) -> SimDuration {
        self.bucket.as_mut().map_or(SimDuration::ZERO, |bucket| bucket.reserve(now))
    }
}

impl ControlPlane {
    pub(super) fn new(limits: &scenario::ControlPlane, rules: Rules) -> ControlPlane {
        let workers = [limits.concurrent_job_syncs, limits.concurrent_cron_job_syncs, limits.concurrent_ttl_syncs];
        ControlPlane {
            latency: limits.api_latency,
            watch_latency: limits.watch_latency,
            limits: limits.clone(),
            rules,
            clients: workers.map(|workers| Client::new(limits, workers, rules)),
            in_flight: Vec::new(),
            free: Vec::new(),
            deliveries: VecDeque::new(),
            may_send: false,
        }
    }

    /// The same again. One that lets everything through at once is as it was.
    pub(super) fn begin_again(&mut self, limits: &scenario::ControlPlane, rules: Rules) {
        let is_untouched = self.is_instant() && !self.watchers_lag();
        if !is_untouched || self.limits != *limits || self.rules != rules {
            *self = ControlPlane::new(limits, rules);
        }
    }

    fn client(&mut self, controller: Controller) -> &mut Client {
        &mut self.clients[controller as usize]
    }

    /// Limits of clients, and the API server's latency.
    pub(super) fn limits(&self) -> &scenario::ControlPlane {
        &self.limits
    }

    /// Workers of the Job controller, at syncs and as many at pods without a Job.
    pub(super) fn job_workers(&self) -> usize {
        self.clients[Controller::Job as usize].workers.len()
    }

    /// How long a watcher lags behind.
    pub(super) fn watch_latency(&self) -> SimDuration {
        self.watch_latency
    }

    /// What a request of a controller's client, made now, waits for tokens and then takes.
    pub(super) fn request_of(&mut self, controller: Controller, now: SimTime) -> (SimDuration, SimDuration) {
        (self.client(controller).reserve(now), self.latency)
    }

    /// Do requests take effect as they are made?
    pub(super) fn is_instant(&self) -> bool {
        self.latency == SimDuration::ZERO && self.limits.qps.is_none()
    }

    /// Does writing an event cost anything?
    pub(super) fn writes_events(&self) -> bool {
        self.limits.qps.is_some() && self.limits.events_share_client
    }

    /// Hands an event to its controller's recorder, if writing it costs anything.
    pub(super) fn keep_event(&mut self, controller: Controller, event: ObjectEvent) {
        if self.limits.qps.is_none() {
            return;
        }
        if let Some(recorder) = &mut self.client(controller).recorder
            && recorder.queue.len() < MOST_EVENTS_WAITING
        {
            recorder.queue.push_back(event);
            self.may_send = true;
        }
    }

    pub(super) fn forget(&mut self, gone: ObjectId) {
        for recorder in self.clients.iter_mut().filter_map(|client| client.recorder.as_mut()) {
            recorder.correlator.forget(gone);
        }
    }

    /// Nanoseconds that the controllers' clock is ahead.
    pub(super) fn clock_skew(&self) -> i64 {
        self.limits.clock_skew
    }

    /// The controllers' process ends: requests that were on their way take effect, nobody hears the answer. What
    /// waited for a token, in a queue or on its way to an informer is lost.
    pub(super) fn crash(&mut self, now: SimTime) {
        let fresh = ControlPlane::new(&self.limits, self.rules);
        (self.clients, self.deliveries) = (fresh.clients, fresh.deliveries);
        for call in &mut self.in_flight {
            *call = call.take().filter(|call| call.sent + call.token_wait <= now);
            if let Some(call) = call {
                call.worker = NOBODY;
            }
        }
    }

    pub(super) fn watchers_lag(&self) -> bool {
        self.watch_latency > SimDuration::ZERO
    }
}

impl World<'_> {
    // ---- watchers ----

    pub(super) fn deliver_cron_job_later(&mut self, id: CronJobId, verb: Verb, cron_job: CronJob) {
        let version = cron_job.resource_version;
        self.deliver_later(version, Delivered::CronJob(id, verb, Box::new(cron_job)));
    }

    pub(super) fn deliver_job_later(&mut self, id: JobId, verb: Verb, job: Job) {
        let version = job.resource_version;
        self.deliver_later(version, Delivered::Job(id, verb, Box::new(job)));
    }

    pub(super) fn deliver_pod_later(&mut self, verb: Verb, pod: Pod) {
        let version = self.store.version();
        self.deliver_later(version, Delivered::Pod(verb, Box::new(pod)));
    }

    fn deliver_later(&mut self, version: u64, object: Delivered) {
        let at = self.now + self.control_plane.watch_latency;
        if self.control_plane.deliveries.back().is_none_or(|last| last.at < at) {
            self.events.push(at, Event::Deliver);
        }
        self.control_plane.deliveries.push_back(Delivery { at, version, object });
    }

    /// The informers are told of everything that has reached them by now.
    pub(super) fn deliver(&mut self) {
        let (now, controllers, out) = (self.now, &mut self.controllers, &mut self.outbox);
        while self.control_plane.deliveries.front().is_some_and(|delivery| delivery.at <= now) {
            let Some(Delivery { version, object, .. }) = self.control_plane.deliveries.pop_front() else { break };
            match object {
                Delivered::CronJob(id, verb, cron_job) => controllers.on_cron_job(id, verb, &cron_job, now, out),
                Delivered::Job(id, verb, job) => controllers.on_job(id, verb, &job, version, now, out),
                Delivered::Pod(verb, pod) => controllers.on_pod(&pod, verb, version, now, out),
            }
        }
        self.publish_events(Controller::CronJob);
    }

    // ---- workers ----

    /// An idle worker takes a key and sends the first requests of its sync. Returns false if none was ready.
    pub(super) fn start_sync(&mut self, controller: Controller) -> bool {
        let idle = self.control_plane.client(controller).workers.iter().position(Option::is_none);
        let Some(worker) = idle else { return false };
        let task = self.controllers.take(controller, self.now, &mut self.outbox);
        self.publish_events(controller);
        let Some(task) = task else { return false };
        self.control_plane.client(controller).workers[worker] =
            Some(Worker { task, answers: Vec::new(), outstanding: 0, token_wait: SimDuration::ZERO, requests: 0 });
        self.go_on(controller, worker);
        true
    }

    /// The worker has all answers to its last stage: it sends the next.
    fn go_on(&mut self, controller: Controller, at: usize) {
        let Some(mut worker) = self.control_plane.client(controller).workers[at].take() else { return };
        self.answers.clear();
        self.answers.extend(worker.answers.drain(..).flatten());
        let mut requests = std::mem::take(&mut self.requests);
        let progress =
            self.controllers.next(&mut worker.task, self.now, &mut self.answers, &mut requests, &mut self.outbox);
        self.publish_events(controller);
        if progress == Progress::Done {
            self.sync_over(controller, &worker.task, worker.token_wait, worker.requests);
        } else {
            worker.outstanding = requests.len();
            worker.requests += requests.len();
            worker.answers.resize(requests.len(), None);
            for (position, request) in requests.drain(..).enumerate() {
                let spawned = !request.is_workers_own();
                let call = InFlight {
                    controller,
                    about: worker.task.about(),
                    worker: at,
                    position,
                    request,
                    sent: self.now,
                    token_wait: SimDuration::ZERO,
                    waited_before: SimDuration::ZERO,
                    released: None,
                };
                if spawned {
                    self.control_plane.client(controller).spawned.push_back(call);
                    self.control_plane.may_send = true;
                } else {
                    self.send(call);
                }
            }
            self.control_plane.client(controller).workers[at] = Some(worker);
        }
        self.requests = requests;
    }

    /// Sends what workers handed to goroutines of its own at this instant. A worker's status write is its own call
    /// and so comes before them. Returns false if there was nothing to send.
    pub(super) fn send_spawned(&mut self) -> bool {
        if !self.control_plane.may_send {
            return false;
        }
        let mut any = false;
        for controller in Controller::ALL {
            while let Some(call) = self.control_plane.client(controller).spawned.pop_front() {
                any = true;
                self.send(call);
            }
            any |= self.write_event(controller);
        }
        self.control_plane.may_send = any;
        any
    }

    /// The recorder's goroutine writes the next event that is not dropped. Returns false if it has none to write.
    fn write_event(&mut self, controller: Controller) -> bool {
        let (now, latency) = (self.now, self.control_plane.latency);
        let client = self.control_plane.client(controller);
        let Some(recorder) = &mut client.recorder else { return false };
        while recorder.writing.is_none() {
            let Some(event) = recorder.queue.pop_front() else { return false };
            let written = recorder.correlator.correlate(&event, now);
            if written != Written::Dropped {
                let token_wait = client.bucket.as_mut().map_or(SimDuration::ZERO, |bucket| bucket.reserve(now));
                let at = now + token_wait + latency;
                let about = event.about;
                recorder.writing = Some(Writing { sent: now, token_wait, about, written, at, failures: 0 });
                self.events.push(at, Event::EventWritten(controller));
                return true;
            }
        }
        false
    }

    pub(super) fn event_written(&mut self, controller: Controller) {
        let (now, down) = (self.now, self.outages.api_is_down());
        let Some(recorder) = &mut self.control_plane.client(controller).recorder else { return };
        // That of a process that is gone comes at another time.
        let Some(writing) = recorder.writing.as_mut().filter(|writing| writing.at == now) else { return };
        if down && writing.failures + 1 < EVENT_RETRY.1 {
            (writing.failures, writing.at) = (writing.failures + 1, now + EVENT_RETRY.0);
            return self.events.push(now + EVENT_RETRY.0, Event::EventWritten(controller));
        }
        let Some(Writing { sent, token_wait, about, written, .. }) = recorder.writing.take() else { return };
        self.control_plane.may_send = true;
        if down {
            return;
        }
        let (verb, status) = if written == Written::New { ("POST", 201) } else { ("PATCH", 200) };
        let (effective, resource) = (self.now, "events");
        self.tell_request(&RequestSpan { sent, token_wait, effective, controller, verb, resource, about, status });
    }

    /// A request waits for a token, then for the API server.
    fn send(&mut self, call: InFlight) {
        let (now, latency) = (self.now, self.control_plane.latency);
        let wait = self.control_plane.client(call.controller).reserve(now);
        let plane = &mut self.control_plane;
        let slot = plane.free.pop().unwrap_or_else(|| {
            plane.in_flight.push(None);
            plane.in_flight.len() as u32 - 1
        });
        plane.in_flight[slot as usize] = Some(InFlight { sent: now, token_wait: wait, ..call });
        self.events.push(now + wait + latency, Event::Request(slot));
    }

    /// A request takes effect and is answered.
    pub(super) fn request_effective(&mut self, slot: u32) {
        let Some(call) = self.control_plane.in_flight[slot as usize].take() else { return };
        self.control_plane.free.push(slot);
        let InFlight { about, request, sent, token_wait, .. } = call;
        // Two calls, the second only once the first was answered.
        let second = match request {
            Request::ReleaseAndDeletePod(pod) => Some(Request::DeletePod(pod)),
            _ => None,
        };
        let first = match request {
            Request::ReleaseAndDeletePod(pod) => Request::ReleasePod(pod),
            request => request,
        };
        let answer = self.carry_out_for(call.controller, about, first, sent, token_wait);
        self.tell();
        let waited_before = call.waited_before + token_wait;
        match (second, &answer) {
            (Some(request), Answer::Done { version }) if call.worker != NOBODY => {
                self.send(InFlight { request, sent, waited_before, released: Some(*version), ..call });
            }
            _ => {
                let answer = match call.released {
                    Some(version) => answer.after_release(version),
                    None => answer,
                };
                self.answer(call.controller, call.worker, call.position, answer, waited_before);
            }
        }
    }

    fn answer(&mut self, controller: Controller, at: usize, position: usize, answer: Answer, token_wait: SimDuration) {
        let Some(Some(worker)) = self.control_plane.client(controller).workers.get_mut(at) else { return };
        worker.answers[position] = Some(answer);
        worker.outstanding -= 1;
        if worker.outstanding == 0 {
            // The last answer is that of the slowest request of the stage.
            worker.token_wait = worker.token_wait + token_wait;
            self.go_on(controller, at);
        }
    }
}
