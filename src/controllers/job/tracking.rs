//! Counting with finalizers (`trackJobStatusAndRemoveFinalizers`): pods enter the status before they lose their
//! finalizer, and the counters after, so that none is counted twice or forgotten.

use super::sync::{Candidate, Stage, Step, Sync};
use super::verdict::Verdict;
use super::{JobController, MOST_PODS_PER_SYNC, conditions, record};
use crate::api::event::JobHappening;
use crate::api::job::JobConditionType;
use crate::api::meta::{ApiTime, PodId};
use crate::api::outbox::Outbox;
use crate::api::pod::NO_INDEX;
use crate::api::release::Rules;
use crate::api::request::{Answer, Refusal, Request};
use crate::kernel::time::SimTime;

impl JobController {
    /// Notes pods for counting and writes the first status of the sync.
    pub(super) fn track(&mut self, sync: &mut Sync, now: SimTime, requests: &mut Vec<Request>) -> Step {
        let status = &mut sync.status;
        let (active, ready, terminating) = (sync.active, Some(sync.ready), Some(sync.terminating));
        sync.needs_flush |= (active, ready, terminating) != (status.active, status.ready, status.terminating);
        (status.active, status.ready, status.terminating) = (active, ready, terminating);
        let mut candidates = std::mem::take(&mut sync.unsettled);
        candidates.append(&mut sync.others);
        if sync.spec.is_indexed() {
            candidates.sort_by_key(|pod| (pod.index, pod.id.uid));
        }
        if !sync.status.uncounted_succeeded.is_empty() || !sync.status.uncounted_failed.is_empty() {
            // Also those that are tracked but not finished: they stay uncounted.
            let is_tracked = |id| self.pod(id).is_some_and(|pod| pod.tracked && !pod.release_expected);
            sync.needs_flush |= sync.count_released(is_tracked);
        }
        sync.note(&candidates, &self.rules);
        sync.write_indexes();
        sync.announce(ApiTime::of(now), &self.rules);
        sync.kept.clear();
        sync.kept.extend(candidates.iter().map(|pod| pod.id));
        candidates.clear();
        sync.unsettled = candidates;
        if sync.needs_flush {
            sync.stage = Stage::WritingFirst;
            requests.push(self.write(sync));
            return Step::Continue;
        }
        self.release(sync, requests)
    }

    /// The status of the sync as it is now, to be written.
    fn write(&mut self, sync: &Sync) -> Request {
        let status = self.statuses.copy_of(&sync.status);
        Request::UpdateJobStatus { job: sync.job, version: sync.version, status }
    }

    pub(super) fn first_write_answered(
        &mut self,
        sync: &mut Sync,
        answers: &[Answer],
        requests: &mut Vec<Request>,
    ) -> Step {
        if !self.job_written(sync, answers) {
            return Step::Finished;
        }
        sync.needs_flush = false;
        let backoff = sync.backoff;
        if let Some(view) = self.view(sync.job) {
            view.backoff = backoff;
        }
        self.release(sync, requests)
    }

    fn job_written(&mut self, sync: &mut Sync, answers: &[Answer]) -> bool {
        let Some(&Answer::Done { version }) = answers.first() else {
            sync.error = true;
            return false;
        };
        sync.version = version;
        if let Some(view) = self.view(sync.job) {
            view.written.job = version;
        }
        true
    }

    fn release(&mut self, sync: &mut Sync, requests: &mut Vec<Request>) -> Step {
        sync.stage = Stage::Releasing;
        for pod in &sync.to_release {
            if let Some(pod) = self.pod_mut(pod.id) {
                pod.release_expected = true;
            }
            requests.push(Request::ReleasePod(pod.id));
        }
        Step::Continue
    }

    pub(super) fn releases_answered(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        answers: &[Answer],
        requests: &mut Vec<Request>,
    ) -> Step {
        let (mut failed, mut latest) = (false, 0);
        let to_release = std::mem::take(&mut sync.to_release);
        // What was released is among what was kept, in the same order.
        let mut released = to_release.iter().zip(answers).filter(|(pod, answer)| match answer {
            Answer::Done { version } => {
                latest = latest.max(*version);
                true
            }
            Answer::Created { .. } | Answer::JobCreated(_) | Answer::Job(..) | Answer::CronJob(_) => true,
            Answer::Refused(refusal) => {
                if let Some(pod) = self.pod_mut(pod.id) {
                    pod.release_expected = false;
                }
                failed |= *refusal != Refusal::NotFound;
                *refusal == Refusal::NotFound
            }
        });
        let mut next = released.next();
        sync.kept.retain(|&pod| {
            let is_next = next.is_some_and(|(released, _)| released.id == pod);
            if is_next {
                next = released.next();
            }
            !is_next
        });
        debug_assert!(next.is_none(), "a pod was released that was not looked at");
        sync.to_release = to_release;
        self.wrote_pod(sync, latest);
        let mut kept = std::mem::take(&mut sync.kept);
        kept.sort_unstable();
        sync.needs_flush |= sync.count_released(|pod| kept.binary_search(&pod).is_ok());
        sync.kept = kept;
        if failed {
            sync.error = true;
            sync.stage = Stage::WritingPartial;
            if sync.needs_flush {
                requests.push(self.write(sync));
                return Step::Continue;
            }
            return Step::Finished;
        }
        sync.enact(ApiTime::of(now), &self.rules);
        if !sync.needs_flush {
            return Step::Finished;
        }
        sync.stage = Stage::WritingLast;
        requests.push(self.write(sync));
        Step::Continue
    }

    pub(super) fn last_write_answered(&mut self, sync: &mut Sync, answers: &[Answer], out: &mut Outbox) -> Step {
        if self.job_written(sync, answers) && sync.finished {
            if let Some(view) = self.view(sync.job) {
                view.finished = true;
            }
            sync.record_finished(out);
        }
        Step::Finished
    }
}

impl Sync {
    /// Pods that lost the finalizer leave the uncounted lists and enter the counters
    /// (`cleanUncountedPodsWithoutFinalizers`). Returns whether any did.
    fn count_released(&mut self, tracked: impl Fn(PodId) -> bool) -> bool {
        let status = &mut self.status;
        let before = (status.uncounted_succeeded.len(), status.uncounted_failed.len());
        status.uncounted_succeeded.retain(|&pod| tracked(pod));
        status.uncounted_failed.retain(|&pod| tracked(pod));
        let succeeded = before.0 - status.uncounted_succeeded.len();
        let failed = before.1 - status.uncounted_failed.len();
        status.succeeded += succeeded as i32;
        status.failed += failed as i32;
        succeeded + failed > 0
    }

    /// Which pods lose their finalizer, and which of them count as what; at most 500 noted in one sync.
    fn note(&mut self, candidates: &[Candidate], rules: &Rules) {
        // With an announced success pods that still run do not fail; before there was one they did.
        let fails_rest =
            |verdict: &Verdict| !verdict.success || !verdict.is_announced(rules.waits_for_terminating_pods);
        let fails_rest = self.verdict.as_ref().is_some_and(fails_rest);
        let mut newly_succeeded = 0;
        // Those that are noted here are not looked for: each pod is one candidate.
        let known = (self.status.uncounted_succeeded.len(), self.status.uncounted_failed.len());
        for pod in candidates {
            if !self.may_release(pod) {
                continue;
            }
            self.to_release.push(*pod);
            let counted_failed = self.status.uncounted_failed[..known.1].contains(&pod.id);
            if pod.succeeded && !counted_failed {
                newly_succeeded += self.note_success(pod, known.0);
            } else if pod.failed || fails_rest {
                let valid = !self.spec.is_indexed() || (pod.index != NO_INDEX && self.in_range(pod.index));
                if !counted_failed && valid && pod.counts {
                    self.needs_flush = true;
                    self.status.uncounted_failed.push(pod.id);
                }
            }
            let noted = newly_succeeded + self.status.uncounted_succeeded.len() + self.status.uncounted_failed.len();
            if noted >= MOST_PODS_PER_SYNC {
                self.reached_most = true;
                break;
            }
        }
    }

    /// A success counts by its index, or by the pod, unless that is among the `known`. Returns the indexes it adds.
    fn note_success(&mut self, pod: &Candidate, known: usize) -> usize {
        if self.spec.is_indexed() {
            let new = self.in_range(pod.index) && !self.previously_succeeded.contains(pod.index);
            self.needs_flush |= new;
            return usize::from(new);
        }
        if !self.status.uncounted_succeeded[..known].contains(&pod.id) {
            self.needs_flush = true;
            self.status.uncounted_succeeded.push(pod.id);
        }
        0
    }

    /// `canRemoveFinalizer`.
    fn may_release(&self, pod: &Candidate) -> bool {
        if self.deleting || self.verdict.is_some() || pod.succeeded {
            return true;
        }
        let delayed = || {
            let at = self.delayed.binary_search_by_key(&pod.index, |entry| entry.0);
            at.is_ok_and(|at| self.delayed[at].1 == pod.id)
        };
        pod.failed && !delayed()
    }

    fn write_indexes(&mut self) {
        if !self.spec.is_indexed() {
            return;
        }
        let status = &mut self.status;
        self.needs_flush |=
            status.completed_indexes != self.succeeded_indexes || status.failed_indexes != self.failed_indexes;
        status.succeeded = self.succeeded_indexes.total() as i32;
        status.completed_indexes.clone_from(&self.succeeded_indexes);
        status.failed_indexes.clone_from(&self.failed_indexes);
    }

    /// The verdict's interim condition, once.
    fn announce(&mut self, now: ApiTime, rules: &Rules) {
        let Some(verdict) = &self.verdict else { return };
        let interim = verdict.interim(self.judged_at);
        let announced = verdict.is_announced(rules.waits_for_terminating_pods);
        if announced && self.status.condition(interim.kind).is_none() {
            self.status.conditions.push(interim);
            self.needs_flush = true;
        }
        self.decided_at = now;
    }

    /// The Job ends once nothing is uncounted and nothing is terminating (`enactJobFinished`).
    fn enact(&mut self, now: ApiTime, rules: &Rules) {
        let Some(verdict) = &self.verdict else { return };
        let status = &mut self.status;
        let uncounted = status.uncounted_succeeded.len() + status.uncounted_failed.len();
        if self.reached_most || uncounted > 0 || (rules.waits_for_terminating_pods && self.terminating > 0) {
            return;
        }
        let terminal = verdict.terminal(now);
        if terminal.kind == JobConditionType::Complete {
            // Upstream makes the condition before it writes, and gives it a new time only in the list.
            status.completion_time = Some(self.decided_at);
        }
        conditions::ensure(status, terminal);
        self.finished = true;
        self.needs_flush = true;
    }

    /// `recordJobFinished`.
    fn record_finished(&self, out: &mut Outbox) {
        let Some(verdict) = &self.verdict else { return };
        if !verdict.success {
            record(out, self.job, JobHappening::Failed(verdict.reason.as_str(), verdict.message.clone()));
            return;
        }
        if self.spec.completions.is_some_and(|completions| self.status.succeeded > completions) {
            record(out, self.job, JobHappening::TooManySucceededPods);
        }
        record(out, self.job, JobHappening::Completed);
    }
}
