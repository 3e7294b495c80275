//! One sync of a CronJob (`sync`, `syncCronJob`): one request after the other, each shaped by the answer before it.

use std::rc::Rc;
use std::sync::Arc;

use super::view::{CronJobView, Outcome, OwnedJob, Timetable, times};
use super::{CronJobController, history, missed};
use crate::api::cronjob::{ActiveJob, ConcurrencyPolicy, CronJobSpec, CronJobStatus, Start};
use crate::api::event::{CronJobHappening, ObjectEvent};
use crate::api::meta::{ApiTime, CronJobId, JobId, ObjectName};
use crate::api::outbox::Outbox;
use crate::api::release::Rules;
use crate::api::request::{Answer, CONNECTION_REFUSED, Refusal, Request};
use crate::controllers::cronjob::missed::ScheduleError;
use crate::controllers::cronjob::schedule::{EndlessSearch, Schedule};
use crate::controllers::workqueue::Waited;
use crate::kernel::instant::Instant;
use crate::kernel::time::SimTime;

/// A sync being carried out by a worker.
#[derive(Debug)]
pub struct Sync {
    /// Whose.
    pub cron_job: CronJobId,
    /// What its key had waited for.
    pub waited: Waited,
    /// When a worker took it.
    pub started: SimTime,
    /// The request that it began with, until it is sent.
    pub(super) first: Option<Request>,
    /// It failed and is tried again.
    pub(super) error: bool,
    /// Nanoseconds until it is to be looked at again.
    pub(super) requeue: Option<i64>,
    stage: Stage,
    name: ObjectName,
    created: ApiTime,
    spec: Arc<CronJobSpec>,
    timetable: Rc<Timetable>,
    version: u64,
    /// The status as it is to be written.
    status: CronJobStatus,
    /// A status read past the cache, which later decisions look at, and which is lost.
    live: Option<CronJobStatus>,
    dirty: bool,
    /// The Jobs as they stood at the start, until they were looked at.
    jobs: Option<Rc<Vec<OwnedJob>>>,
    /// Jobs to delete, last first.
    doomed: Vec<(JobId, Arc<str>)>,
    /// What the clock showed once the history was cleaned up; all that follows goes by it.
    now: Instant,
    /// The start that is due, and the name of its Job.
    scheduled: Instant,
    run: Arc<str>,
}

/// What the next answer is about, or what is to be looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// History: the last of `doomed` is being deleted.
    CleaningUp {
        asked: bool,
    },
    /// The Job at this position.
    LookingAtJob {
        at: usize,
        asked: bool,
    },
    /// The active entries from this position on, whether their Jobs are gone.
    LookingForMissing {
        at: usize,
        asked: bool,
    },
    Deciding,
    /// Replace: the last of `doomed` is read, then deleted.
    Reading,
    Replacing,
    Creating,
    /// A Job of that name was there before.
    ReadingExisting,
    WritingStatus,
    Over,
}

impl Sync {
    pub(super) fn new(view: &CronJobView, waited: Waited, started: SimTime) -> Sync {
        let (complete, failed) = (view.spec.successful_jobs_history_limit, view.spec.failed_jobs_history_limit);
        let mut doomed = history::beyond_limits(complete, failed, &view.jobs);
        doomed.reverse();
        Sync {
            cron_job: view.id,
            waited,
            started,
            first: None,
            error: false,
            requeue: None,
            stage: Stage::CleaningUp { asked: false },
            name: view.name.clone(),
            created: view.created,
            spec: view.spec.clone(),
            timetable: view.timetable.clone(),
            version: view.version,
            status: view.status.clone(),
            live: None,
            dirty: false,
            jobs: Some(view.jobs.clone()),
            doomed,
            now: Instant::ZERO_TIME,
            scheduled: Instant::ZERO_TIME,
            run: view.name.name.clone(),
        }
    }

    fn seen(&self) -> &CronJobStatus {
        self.live.as_ref().unwrap_or(&self.status)
    }

    fn seen_mut(&mut self) -> &mut CronJobStatus {
        self.live.as_mut().unwrap_or(&mut self.status)
    }

    fn is_active(&self, job: JobId) -> bool {
        self.seen().active.iter().any(|entry| entry.job == job)
    }

    /// `deleteFromActiveList`.
    fn forget(&mut self, job: JobId) {
        self.seen_mut().active.retain(|entry| entry.job != job);
        self.dirty = true;
    }

    fn job_name(&self, name: &Arc<str>) -> ObjectName {
        ObjectName { namespace: self.name.namespace.clone(), name: name.clone() }
    }

    fn record(&self, out: &mut Outbox, what: CronJobHappening) {
        out.record(ObjectEvent::of_cron_job(self.cron_job, what));
    }

    /// Stops with what was found so far.
    fn stop(&mut self) {
        self.stage = Stage::WritingStatus;
    }

    fn fail(&mut self) {
        self.error = true;
        self.stop();
    }
}

impl CronJobController {
    /// Carries the sync on to its next request; none: it is over.
    pub(super) fn advance(
        &mut self,
        sync: &mut Sync,
        mut answer: Option<Answer>,
        now: SimTime,
        out: &mut Outbox,
    ) -> Option<Request> {
        loop {
            let request = match sync.stage {
                Stage::CleaningUp { asked } => self.clean_up(sync, asked.then(|| answer.take()).flatten(), now, out),
                Stage::LookingAtJob { at, asked } => {
                    self.look_at_job(sync, at, asked.then(|| answer.take()).flatten(), out)
                }
                Stage::LookingForMissing { at, asked } => {
                    sync.look_for_missing(at, asked.then(|| answer.take()).flatten(), out)
                }
                Stage::Deciding => self.decide(sync, out),
                Stage::Reading => sync.read_for_replacing(answer.take(), out),
                Stage::Replacing => sync.replaced(answer.take(), out),
                Stage::Creating => self.created(sync, answer.take(), out),
                Stage::ReadingExisting => self.existing_read(sync, answer.take(), out),
                Stage::WritingStatus => {
                    sync.stage = Stage::Over;
                    let (cron_job, version) = (sync.cron_job, sync.version);
                    sync.dirty.then(|| {
                        let status = Box::new(sync.status.clone());
                        Request::UpdateCronJobStatus { cron_job, version, status }
                    })
                }
                Stage::Over => {
                    // A write that failed is all that counts.
                    if let Some(Answer::Refused(_)) = answer {
                        (sync.error, sync.requeue) = (true, None);
                    }
                    return None;
                }
            };
            if request.is_some() {
                return request;
            }
        }
    }

    /// History first, whatever else the CronJob is.
    fn clean_up(&mut self, sync: &mut Sync, answer: Option<Answer>, now: SimTime, out: &mut Outbox) -> Option<Request> {
        if let Some(answer) = answer {
            sync.deletion_answered(&answer, out);
        }
        if let Some((_, name)) = sync.doomed.last() {
            sync.stage = Stage::CleaningUp { asked: true };
            return Some(Request::DeleteJobNamed(sync.job_name(name)));
        }
        sync.now = self.clock(now);
        sync.stage = Stage::LookingAtJob { at: 0, asked: false };
        None
    }

    /// Ended Jobs leave the active list; Jobs that are not in it are looked into.
    fn look_at_job(&mut self, sync: &mut Sync, at: usize, answer: Option<Answer>, out: &mut Outbox) -> Option<Request> {
        let jobs = sync.jobs.clone();
        let Some(job) = jobs.as_ref().and_then(|jobs| jobs.get(at)) else {
            sync.stage = Stage::LookingForMissing { at: 0, asked: false };
            return None;
        };
        let found = sync.is_active(job.job);
        match answer {
            Some(Answer::CronJob(live)) => {
                if live.status.active.iter().any(|entry| entry.job == job.job) {
                    if !Arc::ptr_eq(&sync.spec, &live.spec) {
                        sync.timetable = Rc::new(Timetable::of(&live.spec));
                    }
                    (sync.spec, sync.live) = (live.spec.clone(), Some(live.status));
                } else {
                    sync.record(out, CronJobHappening::UnexpectedJob(job.name.clone()));
                }
            }
            Some(_) => {
                sync.fail();
                return None;
            }
            None if !found && job.finished.is_none() => {
                sync.stage = Stage::LookingAtJob { at, asked: true };
                return Some(Request::GetCronJob(sync.cron_job));
            }
            None => {
                if let Some(outcome) = job.finished {
                    sync.saw_finished(job, found, outcome, &self.rules, out);
                }
            }
        }
        sync.stage = Stage::LookingAtJob { at: at + 1, asked: false };
        None
    }

    /// Which start is due, and what stands against it.
    fn decide(&mut self, sync: &mut Sync, out: &mut Outbox) -> Option<Request> {
        let timetable = sync.timetable.clone();
        if let Err(error) = &timetable.zone {
            let zone = sync.spec.time_zone.clone().unwrap_or_default();
            sync.record(out, CronJobHappening::UnknownTimeZone(zone, error.as_str().into()));
            sync.stop();
            return None;
        }
        if sync.spec.suspend {
            sync.stop();
            return None;
        }
        let text = sync.spec.schedule.clone();
        if timetable.names_zone {
            sync.record(out, CronJobHappening::UnsupportedSchedule(text.clone()));
        }
        let schedule = match &timetable.schedule {
            Ok(schedule) => schedule,
            Err(error) => {
                sync.record(out, CronJobHappening::UnparseableSchedule(text, error.as_str().into()));
                sync.stop();
                return None;
            }
        };
        match missed::due_start(&self.times(sync), sync.now, schedule) {
            Ok(None) => self.requeue(sync, schedule, out),
            Ok(Some(due)) => {
                if due.too_many_missed {
                    sync.record(out, CronJobHappening::TooManyMissedTimes);
                }
                return self.begin_start(sync, due.start, schedule, out);
            }
            Err(ScheduleError::TooClose) => {
                let error = ScheduleError::TooClose.to_string().into();
                sync.record(out, CronJobHappening::InvalidSchedule(text, error));
                sync.stop();
            }
            Err(ScheduleError::Endless(endless)) => give_up(sync, &endless, out),
        }
        None
    }

    fn times(&self, sync: &Sync) -> missed::Times {
        times(self.start, sync.created, &sync.spec, sync.seen())
    }

    fn requeue(&self, sync: &mut Sync, schedule: &Schedule, out: &mut Outbox) {
        match missed::requeue_after(&self.times(sync), sync.now, schedule) {
            Ok(nanos) => {
                sync.requeue = Some(nanos);
                sync.stop();
            }
            Err(endless) => give_up(sync, &endless, out),
        }
    }

    fn begin_start(
        &mut self,
        sync: &mut Sync,
        scheduled: Instant,
        schedule: &Schedule,
        out: &mut Outbox,
    ) -> Option<Request> {
        sync.scheduled = scheduled;
        sync.run = missed::job_name(&sync.name.name, scheduled).into();
        let handled = sync.seen().active.iter().any(|entry| entry.name == sync.run)
            || sync.seen().last_schedule_time == Some(scheduled);
        if missed::is_too_late(&self.times(sync), scheduled, sync.now) {
            sync.record(out, CronJobHappening::MissSchedule(scheduled));
        } else if !handled {
            let occupied = !sync.seen().active.is_empty();
            match sync.spec.concurrency_policy {
                ConcurrencyPolicy::Forbid if occupied => sync.record(out, CronJobHappening::JobAlreadyActive),
                ConcurrencyPolicy::Replace if occupied => {
                    let active = sync.seen().active.iter().rev();
                    sync.doomed = active.map(|entry| (entry.job, entry.name.clone())).collect();
                    return sync.read_next();
                }
                _ => return Some(sync.create()),
            }
        }
        self.requeue(sync, schedule, out);
        None
    }

    fn created(&mut self, sync: &mut Sync, answer: Option<Answer>, out: &mut Outbox) -> Option<Request> {
        match answer {
            Some(Answer::JobCreated(id)) => {
                let name = sync.run.clone();
                sync.record(out, CronJobHappening::Created(name.clone()));
                self.started(sync, id, &name, out);
            }
            Some(Answer::Refused(Refusal::AlreadyExists)) if !self.rules.finds_existing_job => sync.fail(),
            Some(Answer::Refused(Refusal::AlreadyExists)) => {
                sync.stage = Stage::ReadingExisting;
                return Some(Request::GetJob(sync.job_name(&sync.run)));
            }
            Some(Answer::Refused(refusal)) => {
                let name = sync.run.clone();
                sync.record(out, CronJobHappening::FailedCreate(said(&refusal, &name)));
                sync.fail();
            }
            _ => sync.fail(),
        }
        None
    }

    /// A Job of the start's name was there before: ours, if this controller made it and could not note it.
    fn existing_read(&mut self, sync: &mut Sync, answer: Option<Answer>, out: &mut Outbox) -> Option<Request> {
        match answer {
            Some(Answer::Job(id, job)) => {
                let owner = job.owner.as_ref().map(|owner| owner.start.cron_job);
                if owner != Some(sync.cron_job) || sync.is_active(id) {
                    sync.stop();
                } else {
                    self.started(sync, id, &job.name.name, out);
                }
            }
            _ => sync.fail(),
        }
        None
    }

    fn started(&mut self, sync: &mut Sync, job: JobId, name: &Arc<str>, out: &mut Outbox) {
        let scheduled = sync.scheduled;
        let status = sync.seen_mut();
        status.active.push(ActiveJob { job, name: name.clone() });
        status.last_schedule_time = Some(scheduled);
        sync.dirty = true;
        let timetable = sync.timetable.clone();
        match &timetable.schedule {
            Ok(schedule) => self.requeue(sync, schedule, out),
            Err(_) => sync.stop(),
        }
    }
}

impl Sync {
    fn saw_finished(&mut self, job: &OwnedJob, found: bool, outcome: Outcome, rules: &Rules, out: &mut Outbox) {
        if found {
            self.forget(job.job);
            let word = if rules.notes_success_at_once { "condition" } else { "status" };
            self.record(out, CronJobHappening::SawCompletedJob(job.name.clone(), word, outcome.as_str()));
            if !rules.notes_success_at_once {
                return;
            }
        }
        let known = self.seen().last_successful_time;
        if outcome == Outcome::Complete && job.completion_time > known {
            self.seen_mut().last_successful_time = job.completion_time;
            self.dirty = true;
        } else if !rules.success_needs_complete && known.is_none() {
            // No time was put in place of no time, and written.
            self.dirty = true;
        }
    }

    /// An active entry whose Job the cache does not show is asked for; it may only be new.
    fn look_for_missing(&mut self, at: usize, answer: Option<Answer>, out: &mut Outbox) -> Option<Request> {
        let asked = self.seen().active.get(at).cloned();
        let Some(entry) = asked else {
            self.stage = Stage::Deciding;
            // From here on nobody looks at the Jobs: the cache may change its list in place.
            self.jobs = None;
            return None;
        };
        let mut next = at + 1;
        match answer {
            None if !self.jobs.iter().flat_map(|jobs| jobs.iter()).any(|job| job.job == entry.job) => {
                self.stage = Stage::LookingForMissing { at, asked: true };
                return Some(Request::GetJob(self.job_name(&entry.name)));
            }
            Some(Answer::Refused(Refusal::NotFound)) => {
                self.record(out, CronJobHappening::MissingJob(entry.name.clone()));
                self.forget(entry.job);
                next = at;
            }
            Some(Answer::Refused(_)) => {
                self.fail();
                return None;
            }
            _ => {}
        }
        self.stage = Stage::LookingForMissing { at: next, asked: false };
        None
    }

    /// Replace: reads the next Job to delete, or goes on to the creation.
    fn read_next(&mut self) -> Option<Request> {
        let Some((_, name)) = self.doomed.last() else {
            return Some(self.create());
        };
        self.stage = Stage::Reading;
        Some(Request::GetJob(self.job_name(name)))
    }

    fn read_for_replacing(&mut self, answer: Option<Answer>, out: &mut Outbox) -> Option<Request> {
        let (_, name) = self.doomed.last()?;
        if let Some(Answer::Job(..)) = answer {
            self.stage = Stage::Replacing;
            return Some(Request::DeleteJobNamed(self.job_name(name)));
        }
        if let Some(Answer::Refused(refusal)) = answer {
            self.record(out, CronJobHappening::FailedGet(said(&refusal, name)));
        }
        self.fail();
        None
    }

    fn replaced(&mut self, answer: Option<Answer>, out: &mut Outbox) -> Option<Request> {
        if answer.is_some_and(|answer| self.deletion_answered(&answer, out)) {
            return self.read_next();
        }
        self.fail();
        None
    }

    /// The last of the doomed Jobs was deleted, or not (`deleteJob`).
    fn deletion_answered(&mut self, answer: &Answer, out: &mut Outbox) -> bool {
        let Some((job, name)) = self.doomed.pop() else { return false };
        if let Answer::Refused(refusal) = answer {
            self.record(out, CronJobHappening::FailedDelete(said(refusal, &name)));
            return false;
        }
        self.forget(job);
        self.record(out, CronJobHappening::Deleted(name));
        true
    }

    /// `getJobFromTemplate2`.
    fn create(&mut self) -> Request {
        self.stage = Stage::Creating;
        let offset = self.timetable.zone.as_ref().map_or(0, |zone| zone.offset(self.scheduled.seconds));
        let start = Start {
            cron_job: self.cron_job,
            cron_job_name: self.name.name.clone(),
            scheduled: self.scheduled,
            offset,
            template: self.spec.job_template.clone(),
        };
        Request::CreateJob { name: self.job_name(&self.run), start: Box::new(start) }
    }
}

/// A search without end hangs upstream's worker for good; here it ends the run.
fn give_up(sync: &mut Sync, endless: &EndlessSearch, out: &mut Outbox) {
    out.fault = Some(endless.to_string());
    sync.stop();
}

/// What the server said of the Job of this name.
fn said(refusal: &Refusal, job: &str) -> Box<str> {
    match refusal {
        Refusal::NotFound => format!("jobs.batch \"{job}\" not found").into(),
        Refusal::AlreadyExists => format!("jobs.batch \"{job}\" already exists").into(),
        Refusal::Conflict => format!(
            "Operation cannot be fulfilled on jobs.batch \"{job}\": the object has been modified; please apply your \
             changes to the latest version and try again"
        )
        .into(),
        Refusal::Forbidden(message) | Refusal::Invalid(message) => message.clone(),
        Refusal::Unavailable => CONNECTION_REFUSED.into(),
    }
}
