//! Deletes finished Jobs after their `ttlSecondsAfterFinished` (`pkg/controller/ttlafterfinished`).

use crate::api::change::Verb;
use crate::api::job::Job;
use crate::api::meta::JobId;
use crate::api::outbox::Outbox;
use crate::api::request::{Answer, Request};
use crate::controllers::workqueue::{WaitReason, WorkQueue};
use crate::kernel::time::{SimDuration, SimTime};

/// First and longest wait after a refused deletion (`DefaultTypedControllerRateLimiter`).
const BACK_OFF: (SimDuration, SimDuration) = (SimDuration::from_millis(5), SimDuration::from_secs(1000));

/// The TTL-after-finished controller.
#[derive(Debug)]
pub struct TtlAfterFinished {
    /// When each finished Job expires, by slot.
    expiries: Vec<Option<(JobId, SimTime)>>,
    queue: WorkQueue<JobId>,
}

/// An alarm of the controller: this Job may have expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtlDue(pub JobId);

impl Default for TtlAfterFinished {
    fn default() -> TtlAfterFinished {
        TtlAfterFinished { expiries: Vec::new(), queue: WorkQueue::new(BACK_OFF.0, BACK_OFF.1) }
    }
}

impl TtlAfterFinished {
    /// The informer shows a Job.
    pub fn on_job(&mut self, id: JobId, verb: Verb, job: &Job, now: SimTime) {
        let slot = id.slot as usize;
        if verb == Verb::Deleted {
            if let Some(expiry) = self.expiries.get_mut(slot) {
                *expiry = None;
            }
            return;
        }
        let Some(expiry) = expiry(job) else { return };
        if self.expiries.len() <= slot {
            self.expiries.resize(slot + 1, None);
        }
        self.expiries[slot] = Some((id, expiry));
        self.queue.add(id, now);
    }

    /// An alarm rang.
    pub fn on_alarm(&mut self, alarm: TtlDue, now: SimTime) {
        self.queue.alarm(alarm.0, now);
    }

    /// A worker takes keys until one asks for something (`processJob`).
    pub fn take(&mut self, now: SimTime, out: &mut Outbox<TtlDue>) -> Option<(JobId, Request)> {
        loop {
            let id = self.queue.get()?;
            match self.expiries.get(id.slot as usize).copied().flatten().filter(|entry| entry.0 == id) {
                Some((_, expiry)) if expiry <= now => {
                    return Some((id, Request::DeleteJob { job: id, foreground: true }));
                }
                Some((_, expiry)) if self.queue.add_at(id, expiry, WaitReason::Ttl, now) => {
                    out.alarms.push((expiry, TtlDue(id)))
                }
                _ => {}
            }
            self.done(id);
        }
    }

    /// The request was answered; a refused one is tried again.
    pub fn answered(&mut self, id: JobId, answer: &Answer, now: SimTime, out: &mut Outbox<TtlDue>) {
        if matches!(answer, Answer::Refused(_)) {
            let at = now + self.queue.back_off(id);
            if self.queue.add_at(id, at, WaitReason::ApiBackOff, now) {
                out.alarms.push((at, TtlDue(id)));
            }
            self.queue.done(id);
        } else {
            self.done(id);
        }
    }

    fn done(&mut self, id: JobId) {
        self.queue.forget(id);
        self.queue.done(id);
    }
}

/// Whole-second transition time of the end, plus the TTL; none for a Job that is to stay or goes already.
fn expiry(job: &Job) -> Option<SimTime> {
    let ttl = job.spec.ttl_seconds_after_finished?;
    let finished = job.status.finished()?;
    if job.deletion_timestamp.is_some() {
        return None;
    }
    Some(finished.last_transition_time.instant() + SimDuration::from_secs(ttl.max(0) as u64))
}
