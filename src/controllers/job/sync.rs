//! One sync (`syncJob`): the snapshot it decides on, the verdict, and its stages.

use std::borrow::Cow;
use std::sync::Arc;

use super::backoff::BackoffRecord;
use super::pod_failure_policy::{self, Matched};
use super::verdict::Verdict;
use super::view::{JobView, PodView};
use super::{JobController, conditions, record};
use crate::api::event::JobHappening;
use crate::api::intervals::Intervals;
use crate::api::job::{JobReason, JobSpec, JobStatus};
use crate::api::meta::{ApiTime, JobId, PodId};
use crate::api::outbox::Outbox;
use crate::api::pod::{PodPhase, RestartPolicy};
use crate::api::request::{Answer, Refusal, Request};
use crate::controllers::workqueue::{WaitReason, Waited};
use crate::kernel::slab::Slab;
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};

/// A sync being carried out by a worker.
#[derive(Debug)]
pub struct Sync {
    /// Whose.
    pub job: JobId,
    /// What its key had waited for.
    pub waited: Waited,
    /// When a worker took it.
    pub started: SimTime,
    pub(super) stage: Stage,
    pub(super) spec: Arc<JobSpec>,
    /// The status to be written, based on `version`.
    pub(super) status: JobStatus,
    pub(super) version: u64,
    pub(super) deleting: bool,
    pub(super) expectations_met: bool,
    pub(super) active: i32,
    pub(super) ready: i32,
    pub(super) terminating: i32,
    pub(super) succeeded: i64,
    pub(super) verdict: Option<Verdict>,
    pub(super) backoff: BackoffRecord,
    pub(super) needs_flush: bool,
    pub(super) error: bool,
    /// Finished pods that still carry the finalizer.
    pub(super) unsettled: Vec<Candidate>,
    /// Pods that the current stage deletes, and whether each was Ready.
    pub(super) to_delete: Vec<(PodId, bool)>,
    /// Indexes that still get a pod, last first; for NonIndexed Jobs as many `NO_INDEX`.
    pub(super) to_create: Vec<u32>,
    /// Active pods and those that linger, if the verdict or a deletion makes them lose their finalizer.
    pub(super) others: Vec<Candidate>,
    pub(super) to_release: Vec<Candidate>,
    pub(super) kept: Vec<PodId>,
    pub(super) reached_most: bool,
    pub(super) finished: bool,
    /// When the verdict was made: before any pod is deleted for it, or once pods were managed.
    pub(super) judged_at: ApiTime,
    /// When the verdict's conditions were made.
    pub(super) decided_at: ApiTime,
    pub(super) previously_succeeded: Intervals,
    pub(super) succeeded_indexes: Intervals,
    pub(super) failed_indexes: Option<Intervals>,
    /// For each undecided index without a pod, its last failed pod, which hands its failure counts on.
    pub(super) delayed: Vec<(u32, PodId)>,
}

/// Where a sync stands: what the answers to come are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Start,
    DeletingForVerdict,
    DeletingSurplus,
    Creating { batch: usize },
    WritingFirst,
    Releasing,
    WritingPartial,
    WritingLast,
    Sweeping,
}

/// A tracked pod as it stood when the sync began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) id: PodId,
    pub(super) index: u32,
    pub(super) succeeded: bool,
    pub(super) failed: bool,
    /// Counts if it failed: no pod failure policy rule ignores it.
    pub(super) counts: bool,
}

const LOOKED_AT: &str = "a Job that was just looked at";

pub(super) enum Begin {
    Work(Box<Sync>),
    Nothing,
    Stale,
}

pub(super) enum Step {
    Continue,
    Finished,
}

impl JobController {
    /// The part of a sync that decides without asking: snapshot and verdict.
    pub(super) fn begin(&mut self, id: JobId, now: SimTime, out: &mut Outbox) -> Begin {
        let (seen, rules) = (self.seen, self.rules);
        let Some(view) = self.view(id) else {
            self.left_behind.forget(id);
            return Begin::Nothing;
        };
        if view.spec.managed_by_other() {
            return Begin::Nothing;
        }
        if view.status.finished().is_some() {
            view.backoff = BackoffRecord::default();
            return self.sweep(id, now);
        }
        if rules.waits_for_own_writes && (view.written.job > seen.job || view.written.pods > seen.pods) {
            return Begin::Stale;
        }
        if (rules.remembers_finished && view.finished) || view.is_as_wanted(now) {
            return Begin::Nothing;
        }
        let mut sync = Sync::new(self.spare.pop(), self.jobs[id.slot as usize].as_ref().expect(LOOKED_AT), now);
        let view = self.jobs[id.slot as usize].as_mut().expect(LOOKED_AT);
        sync.look_at_results(view, &self.pods, now);
        let fail_job = view.fail_job.clone().or_else(|| sync.fail_job_of_released(view, &self.pods));
        sync.judge(view, fail_job, now);
        if let (None, Some(seconds), Some(start)) =
            (&sync.verdict, sync.spec.active_deadline_seconds, sync.status.start_time)
            && !sync.spec.suspend
        {
            // The sync that sets the start time still has it to the nanosecond.
            let from = if view.status.start_time.is_none() { now } else { start.instant() };
            self.enqueue(id, deadline_after(from, seconds), WaitReason::Deadline, now, out);
        }
        if sync.spec.is_indexed() {
            self.judge_indexes(&mut sync);
        }
        Begin::Work(sync)
    }

    /// A finished Job's pods lose left-over finalizers (`syncOrphanPod`).
    fn sweep(&mut self, id: JobId, now: SimTime) -> Begin {
        let Some(view) = self.jobs[id.slot as usize].as_ref() else { return Begin::Nothing };
        let tallies = &view.pods;
        let slots = tallies.active.iter().chain(&tallies.unsettled).chain(&tallies.lingering);
        let pods = slots.filter_map(|&slot| self.pods.get(slot));
        let left: Vec<PodId> = pods.filter(|pod| pod.tracked && !pod.release_expected).map(|pod| pod.id).collect();
        if left.is_empty() {
            return Begin::Nothing;
        }
        let mut sync = Sync::new(self.spare.pop(), view, now);
        sync.stage = Stage::Sweeping;
        sync.kept = left;
        Begin::Work(sync)
    }

    /// Carries the sync to its next stage.
    pub(super) fn advance(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        answers: &[Answer],
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Step {
        match sync.stage {
            Stage::Start if sync.verdict.is_some() => self.delete_for_verdict(sync, requests),
            Stage::Start => self.manage(sync, now, requests, out),
            Stage::DeletingForVerdict => self.verdict_deletions_answered(sync, now, answers, requests, out),
            Stage::DeletingSurplus => self.surplus_deletions_answered(sync, now, answers, requests, out),
            Stage::Creating { batch } => self.creations_answered(sync, batch, now, answers, requests, out),
            Stage::WritingFirst => self.first_write_answered(sync, answers, requests),
            Stage::Releasing => self.releases_answered(sync, now, answers, requests),
            Stage::WritingPartial => {
                sync.error = true;
                Step::Finished
            }
            Stage::WritingLast => self.last_write_answered(sync, answers, out),
            Stage::Sweeping if answers.is_empty() => {
                requests.extend(sync.kept.iter().map(|&pod| Request::ReleasePod(pod)));
                Step::Continue
            }
            Stage::Sweeping => {
                let refused = |answer: &Answer| matches!(answer, Answer::Refused(r) if *r != Refusal::NotFound);
                let tries_again = self.rules.retries_sweeps || !self.rules.sweeps_by_selector;
                sync.error = tries_again && answers.iter().any(refused);
                Step::Finished
            }
        }
    }

    /// What the verdict leaves to decide once pods were managed: completion, or the Suspended condition.
    pub(super) fn managed(
        &mut self,
        sync: &mut Sync,
        manage_called: bool,
        now: SimTime,
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Step {
        let complete = match sync.spec.completions {
            None => sync.succeeded > 0 && sync.active == 0,
            Some(completions) => sync.succeeded >= i64::from(completions) && sync.active == 0,
        };
        let time = ApiTime::of(now);
        if complete {
            sync.judged_at = time;
            sync.verdict = Some(Verdict::completions_reached(self.rules.gives_reason_of_success));
            self.snapshot_others(sync);
        } else if manage_called && conditions::ensure(&mut sync.status, conditions::suspended(sync.spec.suspend, time))
        {
            sync.needs_flush = true;
            if sync.spec.suspend {
                if self.rules.clears_start_time {
                    sync.status.start_time = None;
                }
                record(out, sync.job, JobHappening::Suspended);
            } else {
                sync.status.start_time = Some(time);
                record(out, sync.job, JobHappening::Resumed);
            }
        }
        self.track(sync, now, requests)
    }
}

impl Sync {
    /// A sync of a Job as the cache shows it, in the memory of one that is over.
    fn new(spare: Option<Box<Sync>>, view: &JobView, now: SimTime) -> Box<Sync> {
        let mut sync = spare.unwrap_or_else(|| Box::new(Sync::of(view.spec.clone())));
        sync.begin(view, now);
        sync
    }

    /// Room for a sync.
    fn of(spec: Arc<JobSpec>) -> Sync {
        let job = JobId::NONE;
        Sync {
            job,
            waited: Waited { reason: WaitReason::None, since: SimTime::ZERO, due: SimTime::ZERO },
            started: SimTime::ZERO,
            stage: Stage::Start,
            spec,
            status: JobStatus::default(),
            version: 0,
            deleting: false,
            expectations_met: false,
            active: 0,
            ready: 0,
            terminating: 0,
            succeeded: 0,
            verdict: None,
            backoff: BackoffRecord::default(),
            needs_flush: false,
            error: false,
            unsettled: Vec::new(),
            to_delete: Vec::new(),
            to_create: Vec::new(),
            others: Vec::new(),
            to_release: Vec::new(),
            kept: Vec::new(),
            reached_most: false,
            finished: false,
            judged_at: ApiTime::default(),
            decided_at: ApiTime::default(),
            previously_succeeded: Intervals::new(),
            succeeded_indexes: Intervals::new(),
            failed_indexes: None,
            delayed: Vec::new(),
        }
    }

    /// Everything as it is at the begin of a sync; only the room of lists remains. All fields are named, so that none is
    /// forgotten.
    fn begin(&mut self, view: &JobView, now: SimTime) {
        let Sync {
            job,
            waited,
            started,
            stage,
            spec,
            status,
            version,
            deleting,
            expectations_met,
            active,
            ready,
            terminating,
            succeeded,
            verdict,
            backoff,
            needs_flush,
            error,
            unsettled,
            to_delete,
            to_create,
            others,
            to_release,
            kept,
            reached_most,
            finished,
            judged_at,
            decided_at,
            previously_succeeded,
            succeeded_indexes,
            failed_indexes,
            delayed,
        } = self;
        (*job, *started, *stage) = (view.id, now, Stage::Start);
        *waited = Waited { reason: WaitReason::None, since: now, due: now };
        if !Arc::ptr_eq(spec, &view.spec) {
            spec.clone_from(&view.spec);
        }
        status.clone_from(&view.status);
        (*version, *deleting, *backoff) = (view.version, view.deleting, view.backoff);
        *expectations_met = view.expectations.satisfied(now);
        (*active, *ready) = (view.pods.active.len() as i32, view.pods.ready);
        (*terminating, *succeeded, *verdict) = (view.pods.terminating, 0, None);
        (*needs_flush, *error, *reached_most, *finished) = (false, false, false, false);
        unsettled.clear();
        to_delete.clear();
        to_create.clear();
        others.clear();
        to_release.clear();
        kept.clear();
        *judged_at = ApiTime::of(now);
        *decided_at = ApiTime::default();
        previously_succeeded.clear();
        succeeded_indexes.clear();
        *failed_indexes = None;
        delayed.clear();
    }

    /// Is this index one that the Job asks for? NonIndexed pods have none to be wrong.
    pub(super) fn in_range(&self, index: u32) -> bool {
        !self.spec.is_indexed() || i64::from(index) < i64::from(self.spec.completions.unwrap_or(0))
    }

    /// Finished pods that are not counted yet, and the back-off record they make (`getNewFinishedPods`).
    fn look_at_results(&mut self, view: &mut JobView, pods: &Slab<PodView>, now: SimTime) {
        let (mut succeeded, mut last_success) = (0, None);
        let mut failed: Vec<ApiTime> = Vec::new();
        let mut ignored = 0;
        for &slot in &view.pods.unsettled {
            let Some(pod) = pods.get(slot) else { continue };
            let is_failed = pod.is_failed(&self.spec);
            let matched = is_failed.then(|| match_pod(&self.spec, pod)).flatten();
            let counts = matched.as_ref().is_none_or(Matched::counts);
            if view.fail_job.is_none() {
                let cause = matched.and_then(|matched| matched.cause);
                view.fail_job = cause.map(|cause| cause.message(&view.pod_name(pod)).into());
            }
            let candidate = Candidate {
                id: pod.id,
                index: pod.index,
                succeeded: pod.phase == PodPhase::Succeeded,
                failed: is_failed,
                counts,
            };
            if !pod.release_expected && self.in_range(pod.index) {
                if candidate.succeeded && !view.status.uncounted_succeeded.contains(&pod.id) {
                    succeeded += 1;
                    last_success = last_success.max(Some(pod.finish));
                } else if is_failed && !view.status.uncounted_failed.contains(&pod.id) {
                    failed.push(pod.finish);
                    ignored += i64::from(!counts);
                }
            }
            if !pod.release_expected {
                self.unsettled.push(candidate);
            }
        }
        let status = &mut self.status;
        self.succeeded = i64::from(status.succeeded) + succeeded + status.uncounted_succeeded.len() as i64;
        let failed_now =
            i64::from(status.failed) + failed.len() as i64 - ignored + status.uncounted_failed.len() as i64;
        if status.start_time.is_none() && !self.spec.suspend {
            // That alone is no reason to write the status.
            status.start_time = Some(ApiTime::of(now));
        }
        self.backoff = view.backoff.after(last_success, &failed);
        self.verdict = Verdict::decided(&self.status);
        if self.verdict.is_none() && failed_now > i64::from(self.spec.backoff_limit) {
            self.verdict = Some(backoff_limit_exceeded());
        }
    }

    /// What a FailJob rule says of a pod that failed without its finalizer: `getFailJobMessage` looks at all that are
    /// there.
    fn fail_job_of_released(&self, view: &JobView, pods: &Slab<PodView>) -> Option<Cow<'static, str>> {
        let released = view.pods.released.iter().filter_map(|&slot| pods.get(slot));
        released.filter_map(|pod| Some(match_pod(&self.spec, pod)?.cause?.message(&view.pod_name(pod)).into())).next()
    }

    /// The verdicts that need no index: an earlier one, FailJob, the limits, the deadline.
    fn judge(&mut self, view: &JobView, fail_job: Option<Cow<'static, str>>, now: SimTime) {
        if Verdict::decided(&self.status).is_some() {
            return;
        }
        if let Some(message) = fail_job {
            self.verdict = Some(Verdict::failure(JobReason::PodFailurePolicy, message));
        } else if self.verdict.is_none() && past_backoff_limit_on_failure(&self.spec, view.pods.restarts) {
            self.verdict = Some(backoff_limit_exceeded());
        } else if self.verdict.is_none() && self.past_active_deadline(now) {
            let message = "Job was active longer than specified deadline";
            self.verdict = Some(Verdict::failure(JobReason::DeadlineExceeded, message));
        }
    }

    fn past_active_deadline(&self, now: SimTime) -> bool {
        match (self.spec.active_deadline_seconds, self.status.start_time) {
            (Some(seconds), Some(start)) if !self.spec.suspend => {
                now >= start.instant() && now >= deadline_after(start.instant(), seconds)
            }
            _ => false,
        }
    }
}

/// When a Job that began at `start` may have been active for so many seconds. Upstream counts them in 64-bit
/// nanoseconds, which wrap: above 9,223,372,036 s the deadline may have passed before it begins.
pub(super) fn deadline_after(start: SimTime, seconds: i64) -> SimTime {
    match u64::try_from(seconds.wrapping_mul(NANOS_PER_SECOND as i64)) {
        Ok(allowed) => start + SimDuration(allowed),
        Err(_) => SimTime::ZERO,
    }
}

fn backoff_limit_exceeded() -> Verdict {
    Verdict::failure(JobReason::BackoffLimitExceeded, "Job has reached the specified backoff limit")
}

/// What the Job's pod failure policy makes of a pod; none without a policy.
pub(super) fn match_pod(spec: &JobSpec, pod: &PodView) -> Option<Matched> {
    let (rules, facts) = (spec.pod_failure_policy.as_ref()?, pod.facts.as_ref()?);
    Some(pod_failure_policy::match_policy(rules, &spec.template, facts))
}

/// `pastBackoffLimitOnFailure`.
fn past_backoff_limit_on_failure(spec: &JobSpec, restarts: i64) -> bool {
    spec.template.restart_policy == RestartPolicy::OnFailure
        && if spec.backoff_limit == 0 { restarts > 0 } else { restarts >= i64::from(spec.backoff_limit) }
}
