//! The CronJob controller (`pkg/controller/cronjob`, v2): informer handlers, the queue, and syncs as plans of stages.
//!
//! Schedules are those of github.com/robfig/cron v3.0.1, which upstream uses, its oddities included.

pub mod clock;
mod grammar;
mod history;
pub mod missed;
pub mod schedule;
mod search;
mod sync;
mod view;
pub mod zone;

pub use sync::Sync;

use super::Progress;
use super::still_due::StillDue;
use super::workqueue::{WaitReason, WorkQueue};
use crate::api::change::Verb;
use crate::api::cronjob::CronJob;
use crate::api::event::{CronJobHappening, ObjectEvent};
use crate::api::job::Job;
use crate::api::meta::{CronJobId, JobId};
use crate::api::outbox::{Outbox, SyncDue};
use crate::api::release::Rules;
use crate::api::request::{Answer, Request};
use crate::kernel::instant::Instant;
use crate::kernel::time::{SimDuration, SimTime};
use view::CronJobView;

/// A schedule that steps back at a clock change would be looked at again at once, for ever: upstream's worker turns in
/// circles until the clock has moved on. Here it looks again after this.
const PAUSE: SimDuration = SimDuration::from_millis(100);

/// The CronJob controller.
#[derive(Debug)]
pub struct CronJobController {
    /// `startTime` in seconds since 1970.
    start: i64,
    /// Nanoseconds that the clock of its process is ahead.
    skew: i64,
    rules: Rules,
    cron_jobs: Vec<Option<CronJobView>>,
    queue: WorkQueue<CronJobId>,
    still_due: StillDue,
}

impl CronJobController {
    /// A controller of a release that has seen nothing, in a run that starts `start` seconds after 1970, with a clock that is `skew`
    /// nanoseconds ahead.
    pub fn new(start: i64, skew: i64, rules: Rules) -> CronJobController {
        let queue = WorkQueue::with_default_limits();
        CronJobController { start, skew, rules, cron_jobs: Vec::new(), queue, still_due: StillDue::default() }
    }

    /// What its clock shows.
    fn clock(&self, now: SimTime) -> Instant {
        Instant::of(self.start, now).plus(self.skew.into())
    }

    // ---- informers ----

    /// The informer shows a CronJob (`enqueueController`, `updateCronJob`).
    pub fn on_cron_job(&mut self, id: CronJobId, verb: Verb, cron_job: &CronJob, now: SimTime, out: &mut Outbox) {
        let slot = id.slot as usize;
        if self.cron_jobs.len() <= slot {
            self.cron_jobs.resize_with(slot + 1, || None);
        }
        match verb {
            Verb::Added => {
                if let Some(due) = self.still_due.inherit(&cron_job.name, now) {
                    self.enqueue(id, due, WaitReason::Schedule, now, out);
                }
                self.cron_jobs[slot] = Some(CronJobView::new(id, cron_job));
            }
            Verb::Modified => {
                let Some(view) = self.cron_jobs[slot].as_mut().filter(|view| view.id == id) else { return };
                if view.update(cron_job) {
                    return self.rescheduled(id, now, out);
                }
            }
            Verb::Deleted => {
                self.cron_jobs[slot] = None;
                if let Some(due) = self.queue.due(id) {
                    self.still_due.keep(cron_job.name.clone(), due, now);
                }
            }
        }
        self.queue.add(id, now);
    }

    /// Another schedule or zone: it is looked at when that starts next, or when something else happens.
    fn rescheduled(&mut self, id: CronJobId, now: SimTime, out: &mut Outbox) {
        let clock = self.clock(now);
        let Some(view) = self.cron_jobs[id.slot as usize].as_ref() else { return };
        let Ok(schedule) = &view.timetable.schedule else {
            let what = CronJobHappening::UnparseableUpdate(view.spec.schedule.clone());
            return out.record(ObjectEvent::of_cron_job(id, what));
        };
        let times = view::times(self.start, view.created, &view.spec, &view.status);
        match missed::requeue_after(&times, clock, schedule) {
            // A time that has come, or one that never will: at once (`AddAfter`).
            Ok(nanos) if nanos <= 0 => self.queue.add(id, now),
            Ok(nanos) => self.enqueue_after(id, nanos, now, out),
            Err(endless) => out.fault = Some(endless.to_string()),
        }
    }

    /// The informer shows a Job: the CronJob that controls it is looked at (`addJob`, `updateJob`, `deleteJob`).
    pub fn on_job(&mut self, id: JobId, verb: Verb, job: &Job, now: SimTime) {
        let Some(owner) = job.owner.as_ref().map(|owner| owner.start.cron_job) else { return };
        let Some(view) = self.view(owner) else { return };
        match verb {
            Verb::Added | Verb::Modified => view.put(id, job),
            Verb::Deleted => view.remove(id),
        }
        self.queue.add(owner, now);
    }

    fn view(&mut self, id: CronJobId) -> Option<&mut CronJobView> {
        self.cron_jobs.get_mut(id.slot as usize)?.as_mut().filter(|view| view.id == id)
    }

    // ---- the queue ----

    fn enqueue_after(&mut self, id: CronJobId, nanos: i64, now: SimTime, out: &mut Outbox) {
        let wait = if nanos > 0 { SimDuration(nanos as u64) } else { PAUSE };
        self.enqueue(id, now + wait, WaitReason::Schedule, now, out);
    }

    fn enqueue(&mut self, id: CronJobId, at: SimTime, reason: WaitReason, now: SimTime, out: &mut Outbox) {
        if self.queue.add_at(id, at, reason, now) {
            out.alarms.push((at, SyncDue::CronJob(id)));
        }
    }

    /// An alarm rang.
    pub fn on_alarm(&mut self, id: CronJobId, now: SimTime) {
        self.queue.alarm(id, now);
    }

    /// Is a key ready for a worker?
    pub fn has_ready(&self) -> bool {
        self.queue.has_ready()
    }

    /// A worker takes the next key; absent when none is ready. Keys whose sync has nothing to ask for are finished
    /// here and now.
    pub fn take(&mut self, now: SimTime, out: &mut Outbox) -> Option<Box<Sync>> {
        loop {
            let id = self.queue.get()?;
            let waited = self.queue.waited(id);
            if let Some(nanos) = self.nothing_to_do(id, now) {
                self.queue.forget(id);
                self.enqueue_after(id, nanos, now, out);
                self.queue.done(id);
                continue;
            }
            let Some(view) = self.view(id) else {
                self.queue.done(id);
                continue;
            };
            let mut sync = Sync::new(view, waited, now);
            let request = self.advance(&mut sync, None, now, out);
            if request.is_some() {
                sync.first = request;
                return Some(Box::new(sync));
            }
            self.finish(&sync, now, out);
        }
    }

    /// Most syncs are woken by a Job on its way and find nothing to do. What the whole sync would do then, for how
    /// many nanoseconds to wait, is told here without making one.
    fn nothing_to_do(&mut self, id: CronJobId, now: SimTime) -> Option<i64> {
        let (start, clock, rules) = (self.start, self.clock(now), self.rules);
        let view = self.view(id)?;
        let timetable = &*view.timetable;
        if view.spec.suspend || timetable.names_zone || timetable.zone.is_err() || !view.is_quiet(&rules) {
            return None;
        }
        let times = view::times(start, view.created, &view.spec, &view.status);
        let earliest = missed::earliest_start(&times, clock, false);
        // What comes after a later instant may be an earlier start, where clocks are set back.
        if missed::earliest_start(&times, clock, true) != earliest {
            return None;
        }
        if view.next_start.is_none() {
            view.next_start = timetable.schedule.as_ref().ok()?.next(earliest).ok()?;
        }
        let next = view.next_start.filter(|&next| clock < next)?;
        Some(missed::wake_up(next).since(clock))
    }

    /// Goes on with a sync: looks at the answer to its last request and makes the next.
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
        let request = sync.first.take().or_else(|| self.advance(sync, answer, now, out));
        let Some(request) = request else {
            self.finish(sync, now, out);
            return Progress::Done;
        };
        requests.push(request);
        Progress::Waiting
    }

    /// What becomes of the key (`processNextWorkItem`).
    fn finish(&mut self, sync: &Sync, now: SimTime, out: &mut Outbox) {
        let id = sync.cron_job;
        if sync.error {
            let at = now + self.queue.back_off(id, now);
            self.enqueue(id, at, WaitReason::ApiBackOff, now, out);
        } else {
            if self.rules.forgets_failures_of_idle || sync.requeue.is_some() {
                self.queue.forget(id);
            }
            if let Some(nanos) = sync.requeue {
                self.enqueue_after(id, nanos, now, out);
            }
        }
        self.queue.done(id);
    }
}
