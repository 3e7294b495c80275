//! The control plane as a model: a client's token bucket, the API server's latency, watchers that lag, workers.
//!
//! With no limit and no latency none of this is used: a sync runs within one instant at the cost of function calls.

use std::collections::VecDeque;

use super::World;
use super::event::Event;
use super::observer::RequestSpan;
use crate::api::change::Verb;
use crate::api::job::Job;
use crate::api::meta::JobId;
use crate::api::outbox::JobEvent;
use crate::api::pod::Pod;
use crate::api::request::{Answer, Request};
use crate::controllers::event_correlator::{EventCorrelator, Written};
use crate::controllers::job::{Progress, Sync};
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};
use crate::scenario;

/// Limits, latencies, and what is under way because of them.
#[derive(Debug)]
pub(super) struct ControlPlane {
    latency: SimDuration,
    watch_latency: SimDuration,
    bucket: Option<TokenBucket>,
    workers: Vec<Option<Worker>>,
    in_flight: Vec<Option<InFlight>>,
    free: Vec<u32>,
    /// Requests of parallel stages, to be sent when the workers of this instant have all gone on.
    spawned: VecDeque<InFlight>,
    deliveries: VecDeque<Delivery>,
    /// Events share the client: they wait here for the one goroutine that writes them.
    recorder: Option<EventRecorder>,
}

/// The controller's event recorder: one sink that writes one event after the other.
#[derive(Debug, Default)]
struct EventRecorder {
    correlator: EventCorrelator,
    queue: VecDeque<JobEvent>,
    /// The event being written: when that began, how long it waits for a token, whose it is, whether it is new.
    writing: Option<(SimTime, SimDuration, JobId, Written)>,
}

/// More events than this waiting, and new ones are lost (the broadcaster's channels).
const MOST_EVENTS_WAITING: usize = 2000;

/// A worker and the sync it carries out.
#[derive(Debug)]
struct Worker {
    sync: Sync,
    answers: Vec<Option<Answer>>,
    outstanding: usize,
    /// Waits for tokens so far, along the slowest request of each stage.
    token_wait: SimDuration,
    requests: usize,
}

/// A request that was sent and has not taken effect.
#[derive(Debug)]
struct InFlight {
    worker: usize,
    position: usize,
    request: Request,
    sent: SimTime,
    token_wait: SimDuration,
    /// Waits of the call before it, where one request takes two.
    waited_before: SimDuration,
}

/// A change on its way to the Job controller's informers.
#[derive(Debug)]
struct Delivery {
    at: SimTime,
    version: u64,
    object: Delivered,
}

#[derive(Debug)]
enum Delivered {
    Job(JobId, Verb, Box<Job>),
    Pod(Verb, Box<Pod>),
}

/// A client's rate limiter (`rate.Limiter` as client-go uses it): reservations queue in the order of the calls.
#[derive(Debug)]
struct TokenBucket {
    qps: f64,
    burst: f64,
    tokens: f64,
    last: SimTime,
}

impl TokenBucket {
    fn new(qps: f64, burst: u32) -> TokenBucket {
        TokenBucket { qps, burst: f64::from(burst), tokens: f64::from(burst), last: SimTime::ZERO }
    }

    /// Takes a token, if need be one of the future, and says how long to wait for it.
    fn reserve(&mut self, now: SimTime) -> SimDuration {
        // In the order of Go's operations, so that every nanosecond is the same.
        let elapsed = now.since(self.last).0;
        let seconds = (elapsed / NANOS_PER_SECOND) as f64 + (elapsed % NANOS_PER_SECOND) as f64 / 1e9;
        self.tokens = (self.tokens + seconds * self.qps).min(self.burst) - 1.0;
        self.last = now;
        if self.tokens >= 0.0 { SimDuration::ZERO } else { SimDuration((-self.tokens / self.qps * 1e9) as u64) }
    }
}

impl ControlPlane {
    pub(super) fn new(limits: &scenario::ControlPlane) -> ControlPlane {
        ControlPlane {
            latency: limits.api_latency,
            watch_latency: limits.watch_latency,
            bucket: limits.qps.map(|qps| TokenBucket::new(qps, limits.burst)),
            workers: (0..limits.concurrent_job_syncs.max(1)).map(|_| None).collect(),
            in_flight: Vec::new(),
            free: Vec::new(),
            spawned: VecDeque::new(),
            deliveries: VecDeque::new(),
            recorder: limits.events_share_client.then(EventRecorder::default),
        }
    }

    /// Do requests take effect as they are made?
    pub(super) fn is_instant(&self) -> bool {
        self.latency == SimDuration::ZERO && self.bucket.is_none()
    }

    /// Hands an event to the recorder, if writing it costs anything.
    pub(super) fn keep_event(&mut self, event: JobEvent) {
        if self.bucket.is_none() {
            return;
        }
        if let Some(recorder) = &mut self.recorder
            && recorder.queue.len() < MOST_EVENTS_WAITING
        {
            recorder.queue.push_back(event);
        }
    }

    pub(super) fn forget_job(&mut self, job: JobId) {
        if let Some(recorder) = &mut self.recorder {
            recorder.correlator.forget(job);
        }
    }

    pub(super) fn watchers_lag(&self) -> bool {
        self.watch_latency > SimDuration::ZERO
    }
}

impl World<'_> {
    // ---- watchers ----

    pub(super) fn deliver_job_later(&mut self, id: JobId, verb: Verb, job: &Job) {
        let version = job.resource_version;
        self.deliver_later(version, Delivered::Job(id, verb, Box::new(job.clone())));
    }

    pub(super) fn deliver_pod_later(&mut self, verb: Verb, pod: &Pod) {
        let version = self.store.version();
        self.deliver_later(version, Delivered::Pod(verb, Box::new(pod.clone())));
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
        while self.control_plane.deliveries.front().is_some_and(|delivery| delivery.at <= self.now) {
            let Some(Delivery { version, object, .. }) = self.control_plane.deliveries.pop_front() else { break };
            match object {
                Delivered::Job(id, verb, job) => {
                    self.job_controller.on_job(id, verb, &job, version, self.now, &mut self.outbox);
                }
                Delivered::Pod(verb, pod) => {
                    self.job_controller.on_pod(&pod, verb, version, self.now, &mut self.outbox);
                }
            }
        }
    }

    // ---- workers ----

    /// An idle worker takes a key and sends the first requests of its sync. Returns false if none was ready.
    pub(super) fn start_sync(&mut self) -> bool {
        let Some(worker) = self.control_plane.workers.iter().position(Option::is_none) else { return false };
        let Some(sync) = self.job_controller.take(self.now, &mut self.outbox) else { return false };
        self.control_plane.workers[worker] =
            Some(Worker { sync, answers: Vec::new(), outstanding: 0, token_wait: SimDuration::ZERO, requests: 0 });
        self.go_on(worker);
        true
    }

    /// The worker has all answers to its last stage: it sends the next.
    fn go_on(&mut self, at: usize) {
        let Some(mut worker) = self.control_plane.workers[at].take() else { return };
        self.answers.clear();
        self.answers.extend(worker.answers.drain(..).flatten());
        let mut requests = std::mem::take(&mut self.requests);
        let progress =
            self.job_controller.next(&mut worker.sync, self.now, &mut self.answers, &mut requests, &mut self.outbox);
        self.publish_events();
        if progress == Progress::Done {
            self.sync_over(&worker.sync, worker.token_wait, worker.requests);
        } else {
            worker.outstanding = requests.len();
            worker.requests += requests.len();
            worker.answers.resize(requests.len(), None);
            let spawned = !matches!(requests[..], [Request::UpdateJobStatus { .. }]);
            for (position, request) in requests.drain(..).enumerate() {
                let call = InFlight {
                    worker: at,
                    position,
                    request,
                    sent: self.now,
                    token_wait: SimDuration::ZERO,
                    waited_before: SimDuration::ZERO,
                };
                if spawned {
                    self.control_plane.spawned.push_back(call);
                } else {
                    self.send(call);
                }
            }
            self.control_plane.workers[at] = Some(worker);
        }
        self.requests = requests;
    }

    /// Sends what workers handed to goroutines of its own at this instant. A worker's status write is its own call
    /// and so comes before them. Returns false if there was nothing to send.
    pub(super) fn send_spawned(&mut self) -> bool {
        let any = !self.control_plane.spawned.is_empty();
        while let Some(call) = self.control_plane.spawned.pop_front() {
            self.send(call);
        }
        self.write_event() || any
    }

    /// The recorder's goroutine writes the next event that is not dropped. Returns false if it has none to write.
    fn write_event(&mut self) -> bool {
        let Some(recorder) = &mut self.control_plane.recorder else { return false };
        while recorder.writing.is_none() {
            let Some(event) = recorder.queue.pop_front() else { return false };
            let written = recorder.correlator.correlate(&event, self.now);
            if written != Written::Dropped {
                let wait = self.control_plane.bucket.as_mut().map_or(SimDuration::ZERO, |b| b.reserve(self.now));
                recorder.writing = Some((self.now, wait, event.job, written));
                self.events.push(self.now + wait + self.control_plane.latency, Event::EventWritten);
                return true;
            }
        }
        false
    }

    pub(super) fn event_written(&mut self) {
        let Some(recorder) = &mut self.control_plane.recorder else { return };
        let Some((sent, token_wait, job, written)) = recorder.writing.take() else { return };
        let verb = if written == Written::New { "POST" } else { "PATCH" };
        let (effective, resource, refused) = (self.now, "events", false);
        let span = RequestSpan { sent, token_wait, effective, verb, resource, job, refused };
        for observer in &mut self.observers {
            observer.on_request(&span);
        }
    }

    /// A request waits for a token, then for the API server.
    fn send(&mut self, call: InFlight) {
        let plane = &mut self.control_plane;
        let wait = plane.bucket.as_mut().map_or(SimDuration::ZERO, |bucket| bucket.reserve(self.now));
        let at = self.now + wait + plane.latency;
        let slot = plane.free.pop().unwrap_or_else(|| {
            plane.in_flight.push(None);
            plane.in_flight.len() as u32 - 1
        });
        plane.in_flight[slot as usize] = Some(InFlight { sent: self.now, token_wait: wait, ..call });
        self.events.push(at, Event::Request(slot));
    }

    /// A request takes effect and is answered.
    pub(super) fn request_effective(&mut self, slot: u32) {
        let Some(call) = self.control_plane.in_flight[slot as usize].take() else { return };
        self.control_plane.free.push(slot);
        let Some(job) = self.control_plane.workers[call.worker].as_ref().map(|worker| worker.sync.job) else { return };
        let InFlight { request, sent, token_wait, .. } = call;
        // Two calls, the second only once the first was answered.
        let second = match request {
            Request::ReleaseAndDeletePod(pod) => Some(Request::DeletePod(pod)),
            _ => None,
        };
        let first = match request {
            Request::ReleaseAndDeletePod(pod) => Request::ReleasePod(pod),
            request => request,
        };
        let answer = self.carry_out_for(job, first, sent, token_wait);
        self.tell();
        let waited_before = call.waited_before + token_wait;
        match second {
            Some(request) if matches!(answer, Answer::Done { .. }) => {
                self.send(InFlight { request, sent, waited_before, ..call });
            }
            _ => self.answer(call.worker, call.position, answer, waited_before),
        }
    }

    fn answer(&mut self, at: usize, position: usize, answer: Answer, token_wait: SimDuration) {
        let Some(worker) = &mut self.control_plane.workers[at] else { return };
        worker.answers[position] = Some(answer);
        worker.outstanding -= 1;
        if worker.outstanding == 0 {
            // The last answer is that of the slowest request of the stage.
            worker.token_wait = worker.token_wait + token_wait;
            self.go_on(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = TokenBucket::new(20.0, 3);
        let waits: Vec<u64> = (0..6).map(|_| bucket.reserve(SimTime::ZERO).0 / 1_000_000).collect();
        assert_eq!(waits, [0, 0, 0, 50, 100, 150]);
        assert_eq!(bucket.reserve(SimTime(100_000_000)).0 / 1_000_000, 100);
        assert_eq!(bucket.reserve(SimTime::from_secs(60)), SimDuration::ZERO);
    }
}
