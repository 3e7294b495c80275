//! Deletes finished Jobs after their `ttlSecondsAfterFinished` (`pkg/controller/ttlafterfinished`).

use super::Progress;
use super::workqueue::{WaitReason, Waited, WorkQueue};
use crate::api::change::Verb;
use crate::api::job::Job;
use crate::api::meta::{JobId, ObjectName};
use crate::api::outbox::{Outbox, SyncDue};
use crate::api::request::{Answer, Refusal, Request};
use crate::kernel::time::{SimDuration, SimTime};

/// The TTL-after-finished controller.
#[derive(Debug)]
pub struct TtlAfterFinished {
    /// Nanoseconds that the clock of its process is ahead.
    skew: i64,
    /// The finished Jobs that expire, by slot.
    jobs: Vec<Option<Expiring>>,
    queue: WorkQueue<JobId>,
}

#[derive(Clone, Debug)]
struct Expiring {
    id: JobId,
    name: ObjectName,
    at: SimTime,
}

/// A sync being carried out by a worker.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Whose.
    pub job: JobId,
    /// What its key had waited for.
    pub waited: Waited,
    /// When a worker took it.
    pub started: SimTime,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    Reading,
    Deleting,
}

impl TtlAfterFinished {
    /// A controller that has seen nothing, with a clock that is `skew` nanoseconds ahead.
    pub fn new(skew: i64) -> TtlAfterFinished {
        TtlAfterFinished { skew, jobs: Vec::new(), queue: WorkQueue::with_default_limits() }
    }

    /// The informer shows a Job.
    pub fn on_job(&mut self, id: JobId, verb: Verb, job: &Job, now: SimTime) {
        let slot = id.slot as usize;
        if verb == Verb::Deleted {
            if let Some(expiring) = self.jobs.get_mut(slot) {
                *expiring = None;
            }
            return;
        }
        let Some(at) = expiry(job, self.skew) else { return };
        if self.jobs.len() <= slot {
            self.jobs.resize(slot + 1, None);
        }
        self.jobs[slot] = Some(Expiring { id, name: job.name.clone(), at });
        self.queue.add(id, now);
    }

    /// An alarm rang.
    pub fn on_alarm(&mut self, id: JobId, now: SimTime) {
        self.queue.alarm(id, now);
    }

    /// Is a key ready for a worker?
    pub fn has_ready(&self) -> bool {
        self.queue.has_ready()
    }

    /// A worker takes keys until one has expired (`processJob`).
    pub fn take(&mut self, now: SimTime, out: &mut Outbox) -> Option<Sync> {
        loop {
            let id = self.queue.get()?;
            let waited = self.queue.waited(id);
            let expiring = self.jobs.get(id.slot as usize).and_then(Option::as_ref).filter(|entry| entry.id == id);
            match expiring.map(|entry| entry.at) {
                Some(at) if at <= now => return Some(Sync { job: id, waited, started: now, stage: Stage::Start }),
                Some(at) => self.wait(id, at, WaitReason::Ttl, now, out),
                None => {}
            }
            self.done(id);
        }
    }

    /// Goes on with a sync: it reads the Job past the cache, looks once more, and deletes it.
    pub fn next(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        answers: &mut Vec<Answer>,
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Progress {
        requests.clear();
        let answer = answers.pop();
        match (sync.stage, answer) {
            (Stage::Start, _) => {
                let expiring = self.jobs.get(sync.job.slot as usize).and_then(Option::as_ref);
                let Some(expiring) = expiring.filter(|entry| entry.id == sync.job) else {
                    self.done(sync.job);
                    return Progress::Done;
                };
                sync.stage = Stage::Reading;
                requests.push(Request::GetJob(expiring.name.clone()));
                Progress::Waiting
            }
            (Stage::Reading, Some(Answer::Job(id, job))) => match expiry(&job, self.skew).filter(|_| id == sync.job) {
                Some(at) if at <= now => {
                    sync.stage = Stage::Deleting;
                    requests.push(Request::DeleteJob(sync.job));
                    Progress::Waiting
                }
                Some(at) => {
                    self.wait(sync.job, at, WaitReason::Ttl, now, out);
                    self.done(sync.job);
                    Progress::Done
                }
                None => {
                    self.done(sync.job);
                    Progress::Done
                }
            },
            (Stage::Reading, Some(Answer::Refused(Refusal::NotFound)))
            | (Stage::Deleting, Some(Answer::Done { .. })) => {
                self.done(sync.job);
                Progress::Done
            }
            _ => {
                let at = now + self.queue.back_off(sync.job, now);
                self.wait(sync.job, at, WaitReason::ApiBackOff, now, out);
                self.queue.done(sync.job);
                Progress::Done
            }
        }
    }

    fn wait(&mut self, id: JobId, at: SimTime, reason: WaitReason, now: SimTime, out: &mut Outbox) {
        if self.queue.add_at(id, at, reason, now) {
            out.alarms.push((at, SyncDue::TtlAfterFinished(id)));
        }
    }

    fn done(&mut self, id: JobId) {
        self.queue.forget(id);
        self.queue.done(id);
    }
}

/// When its clock shows the whole-second transition time of the end, plus the TTL; none for a Job that is to stay or goes already.
fn expiry(job: &Job, skew: i64) -> Option<SimTime> {
    let ttl = job.spec.ttl_seconds_after_finished?;
    let finished = job.status.finished()?;
    if job.deletion_timestamp.is_some() {
        return None;
    }
    let at = finished.last_transition_time.instant() + SimDuration::from_secs(ttl.max(0) as u64);
    Some(SimTime(at.0.saturating_add_signed(-skew)))
}
