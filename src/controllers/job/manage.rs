//! How many pods run (`manageJob`): creations and deletions of a sync, and the answers to them.

use std::cmp::Reverse;

use super::sync::{Candidate, Stage, Step, Sync, match_pod};
use super::view::PodView;
use super::{JobController, MOST_PODS_PER_SYNC, backoff, record};
use crate::api::event::JobHappening;
use crate::api::meta::PodId;
use crate::api::outbox::Outbox;
use crate::api::pod::{NO_INDEX, PodPhase};
use crate::api::request::{Answer, CONNECTION_REFUSED, Refusal, Request};
use crate::controllers::workqueue::WaitReason;
use crate::kernel::time::{SimDuration, SimTime};

/// Pods of the first batch of a slow start (`SlowStartInitialBatchSize`).
const FIRST_BATCH: usize = 1;

impl JobController {
    /// With a verdict all active pods are deleted; they keep their finalizer (`deleteActivePods`).
    pub(super) fn delete_for_verdict(&mut self, sync: &mut Sync, requests: &mut Vec<Request>) -> Step {
        sync.stage = Stage::DeletingForVerdict;
        sync.to_delete = self.active_pods(sync);
        requests.extend(sync.to_delete.iter().map(|&(pod, _)| Request::DeletePod(pod)));
        self.snapshot_others(sync);
        Step::Continue
    }

    pub(super) fn verdict_deletions_answered(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        answers: &[Answer],
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Step {
        let wanted = sync.active;
        let deleted = self.count_deletions(sync, answers, false, out);
        if deleted != wanted || !sync.expectations_met {
            sync.verdict = None;
        }
        self.track(sync, now, requests)
    }

    /// Too many pods, too few, or as many as wanted.
    pub(super) fn manage(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Step {
        if sync.deleting {
            self.snapshot_others(sync);
        }
        if !sync.expectations_met || sync.deleting {
            return self.managed(sync, false, now, requests, out);
        }
        let wanted = self.wanted(sync);
        let surplus = if sync.spec.suspend {
            let mut all = self.active_pods(sync);
            all.sort_by_key(|(pod, _)| pod.uid);
            all
        } else {
            self.surplus(sync, wanted)
        };
        if sync.spec.suspend || !surplus.is_empty() {
            if let Some(view) = self.view(sync.job) {
                view.expectations.expect_deletions(surplus.len(), now);
            }
            requests.extend(surplus.iter().map(|&(pod, _)| Request::ReleaseAndDeletePod(pod)));
            (sync.to_delete, sync.stage) = (surplus, Stage::DeletingSurplus);
            return Step::Continue;
        }
        let waits = self.choose_creations(sync, wanted, now, out);
        if waits && !self.rules.counts_active_in_back_off {
            sync.active = 0;
        }
        if sync.to_create.is_empty() {
            return self.managed(sync, true, now, requests, out);
        }
        if let Some(view) = self.view(sync.job) {
            view.expectations.expect_creations(sync.to_create.len(), now);
        }
        sync.active += sync.to_create.len() as i32;
        self.create_batch(sync, FIRST_BATCH, requests);
        Step::Continue
    }

    fn wanted(&self, sync: &Sync) -> i64 {
        let parallelism = i64::from(sync.spec.parallelism);
        match sync.spec.completions {
            None if sync.succeeded > 0 => i64::from(sync.active),
            None => parallelism,
            Some(completions) => (i64::from(completions) - sync.succeeded).min(parallelism).max(0),
        }
    }

    pub(super) fn surplus_deletions_answered(
        &mut self,
        sync: &mut Sync,
        now: SimTime,
        answers: &[Answer],
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Step {
        // The finalizers that were taken off first are own writes; deletions are none (`RealPodControl.DeletePod`).
        let released = answers.iter().filter_map(|answer| match answer {
            Answer::Done { version } => Some(*version),
            _ => None,
        });
        self.wrote_pod(sync, released.max().unwrap_or(0));
        self.count_deletions(sync, answers, true, out);
        self.managed(sync, true, now, requests, out)
    }

    /// Deleted pods leave `active` and `ready` and are terminating at once, even if they are gone already.
    fn count_deletions(&mut self, sync: &mut Sync, answers: &[Answer], expected: bool, out: &mut Outbox) -> i32 {
        let mut deleted = 0;
        for (&(pod, ready), answer) in sync.to_delete.iter().zip(answers) {
            match answer {
                Answer::Refused(refusal) => {
                    if expected && let Some(view) = self.view(sync.job) {
                        view.expectations.deletion_observed();
                    }
                    if *refusal != Refusal::NotFound {
                        sync.error = true;
                        continue;
                    }
                }
                Answer::Done { .. } => record(out, sync.job, JobHappening::Deleted(pod)),
                Answer::Created { .. } | Answer::JobCreated(_) | Answer::Job(..) | Answer::CronJob(_) => {}
            }
            deleted += 1;
            sync.ready -= i32::from(ready && self.rules.counts_own_deletions);
        }
        sync.active -= deleted;
        sync.terminating += if self.rules.counts_own_deletions { deleted } else { 0 };
        deleted
    }

    pub(super) fn wrote_pod(&mut self, sync: &Sync, version: u64) {
        if let Some(view) = self.view(sync.job) {
            view.written.pods = view.written.pods.max(version);
        }
    }

    /// The Job's active pods, each with whether it is Ready.
    fn active_pods(&self, sync: &Sync) -> Vec<(PodId, bool)> {
        let mut pods: Vec<&PodView> = self.active(sync).collect();
        pods.sort_by_key(|pod| (pod.index, pod.id.uid));
        pods.into_iter().map(|pod| (pod.id, pod.ready)).collect()
    }

    fn active(&self, sync: &Sync) -> impl Iterator<Item = &PodView> {
        let view = self.jobs[sync.job.slot as usize].as_ref();
        let slots = view.map_or(&[][..], |view| &view.pods.active);
        slots.iter().filter_map(|&slot| self.pods.get(slot))
    }

    /// Pods that have not ended but may lose their finalizer: under a verdict, or when the Job is being deleted.
    pub(super) fn snapshot_others(&mut self, sync: &mut Sync) {
        let Some(view) = self.jobs[sync.job.slot as usize].as_ref() else { return };
        let slots = view.pods.active.iter().chain(&view.pods.lingering);
        let pods = slots.filter_map(|&slot| self.pods.get(slot));
        let tracked = pods.filter(|pod| pod.tracked && !pod.release_expected);
        sync.others = tracked
            .map(|pod| Candidate {
                id: pod.id,
                index: pod.index,
                succeeded: false,
                failed: false,
                counts: match_pod(&sync.spec, pod).is_none_or(|matched| matched.counts()),
            })
            .collect();
        sync.others.sort_by_key(|pod| pod.id.uid);
    }

    /// Pods to remove (`activePodsForRemoval`): of indexes that have several or are out of range, then by rank.
    fn surplus(&mut self, sync: &mut Sync, wanted: i64) -> Vec<(PodId, bool)> {
        let too_many = (i64::from(sync.active) - wanted).max(0) as usize;
        let Some(view) = self.view(sync.job) else { return Vec::new() };
        let irregular = sync.spec.is_indexed() && view.indexes.are_irregular();
        if too_many == 0 && !irregular {
            return Vec::new();
        }
        let mut left: Vec<&PodView> = self.active(sync).collect();
        left.sort_by_key(|pod| removal_rank(pod));
        let mut removed: Vec<&PodView> = Vec::new();
        if irregular {
            // Of the pods of one index the one that would be removed last stays.
            let (mut keep, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
            for pod in left.into_iter().rev() {
                let stays = sync.in_range(pod.index) && seen.insert(pod.index);
                if stays { keep.push(pod) } else { removed.push(pod) }
            }
            keep.reverse();
            removed.sort_by_key(|pod| (!sync.in_range(pod.index), pod.index, removal_rank(pod)));
            left = keep;
        }
        let more = too_many.saturating_sub(removed.len());
        removed.extend(left.into_iter().take(more));
        removed.truncate(MOST_PODS_PER_SYNC);
        removed.into_iter().map(|pod| (pod.id, pod.ready)).collect()
    }

    /// Fills `to_create`, or sets an alarm for when the back-off is over and returns true.
    fn choose_creations(&mut self, sync: &mut Sync, wanted: i64, now: SimTime, out: &mut Outbox) -> bool {
        let only_failed = sync.spec.only_replace_failed_pods();
        let held = if only_failed { i64::from(sync.terminating) } else { 0 };
        let missing = wanted - held - i64::from(sync.active);
        if missing <= 0 {
            return false;
        }
        let per_index = sync.spec.backoff_limit_per_index.is_some();
        if !per_index && self.wait(sync, sync.backoff.remaining(now), now, out) {
            return true;
        }
        let missing = (missing as usize).min(MOST_PODS_PER_SYNC);
        if !sync.spec.is_indexed() {
            sync.to_create.clear();
            sync.to_create.resize(missing, NO_INDEX);
            return false;
        }
        let completions = sync.spec.completions.unwrap_or(0).max(0) as u32;
        let decided = |index: u32| {
            sync.succeeded_indexes.contains(index) || sync.failed_indexes.as_ref().is_some_and(|f| f.contains(index))
        };
        let Some(view) = self.jobs[sync.job.slot as usize].as_mut() else { return false };
        let mut indexes = view.indexes.first_pending(missing, completions, only_failed, decided);
        let mut waits = false;
        if per_index {
            let mut shortest: Option<SimDuration> = None;
            indexes.retain(|&index| {
                let remaining = self.remaining_for_index(sync, index, now);
                if remaining > SimDuration::ZERO {
                    shortest = Some(shortest.map_or(remaining, |shortest| shortest.min(remaining)));
                }
                remaining == SimDuration::ZERO
            });
            if indexes.is_empty() {
                waits = self.wait(sync, shortest.unwrap_or_default(), now, out);
            }
        }
        indexes.reverse();
        sync.to_create = indexes;
        waits
    }

    /// `getRemainingTimePerIndex`.
    fn remaining_for_index(&self, sync: &Sync, index: u32, now: SimTime) -> SimDuration {
        let last_failed = self.delayed_pod(sync, index);
        last_failed.map_or(SimDuration::ZERO, |pod| backoff::remaining(pod.absolute_failures() + 1, pod.finish, now))
    }

    fn delayed_pod(&self, sync: &Sync, index: u32) -> Option<&PodView> {
        let at = sync.delayed.binary_search_by_key(&index, |entry| entry.0).ok()?;
        self.pod(sync.delayed[at].1)
    }

    /// Comes back when the back-off is over, but not within the batch period (`enqueueSyncJobWithDelay`).
    fn wait(&mut self, sync: &Sync, remaining: SimDuration, now: SimTime, out: &mut Outbox) -> bool {
        if remaining == SimDuration::ZERO {
            return false;
        }
        let at = now + remaining.max(super::BATCH_PERIOD);
        self.enqueue(sync.job, at, WaitReason::PodBackOff, now, out);
        true
    }

    /// Slow start: batches of 1, 2, 4, 8 .. pods.
    fn create_batch(&mut self, sync: &mut Sync, batch: usize, requests: &mut Vec<Request>) {
        let batch = batch.min(sync.to_create.len());
        let rest = sync.to_create.len() - batch;
        for at in (rest..sync.to_create.len()).rev() {
            let index = sync.to_create[at];
            let counts = sync.spec.backoff_limit_per_index.map(|_| self.handed_on(sync, index));
            requests.push(Request::CreatePod { job: sync.job, index, counts });
        }
        sync.stage = Stage::Creating { batch };
    }

    /// Failure counts for the pod that replaces an index's last failed one (`getNewIndexFailureCounts`).
    fn handed_on(&self, sync: &Sync, index: u32) -> (u32, u32) {
        let Some(pod) = self.delayed_pod(sync, index) else { return (0, 0) };
        let counts = match_pod(&sync.spec, pod).is_none_or(|matched| matched.counts());
        (pod.failure_count + u32::from(counts), pod.ignored_failure_count + u32::from(!counts))
    }

    pub(super) fn creations_answered(
        &mut self,
        sync: &mut Sync,
        batch: usize,
        now: SimTime,
        answers: &[Answer],
        requests: &mut Vec<Request>,
        out: &mut Outbox,
    ) -> Step {
        let mut refused = 0;
        for answer in answers {
            match answer {
                Answer::Created { pod, version } => {
                    self.wrote_pod(sync, *version);
                    record(out, sync.job, JobHappening::Created(*pod));
                }
                Answer::Refused(refusal) => {
                    refused += 1;
                    record(out, sync.job, JobHappening::FailedCreate(creation_refused(refusal)));
                }
                Answer::Done { .. } | Answer::JobCreated(_) | Answer::Job(..) | Answer::CronJob(_) => {}
            }
        }
        sync.to_create.truncate(sync.to_create.len() - batch);
        // An error skips what was not tried yet.
        let skipped = if refused > 0 { std::mem::take(&mut sync.to_create).len() } else { 0 };
        if refused > 0 {
            sync.error = true;
            sync.active -= (refused + skipped) as i32;
            if let Some(view) = self.view(sync.job) {
                (0..refused + skipped).for_each(|_| view.expectations.creation_observed());
            }
        }
        if sync.to_create.is_empty() {
            return self.managed(sync, true, now, requests, out);
        }
        self.create_batch(sync, 2 * batch, requests);
        Step::Continue
    }
}

fn creation_refused(refusal: &Refusal) -> Box<str> {
    match refusal {
        Refusal::Forbidden(message) | Refusal::Invalid(message) => message.clone(),
        Refusal::NotFound => "the namespace or the owner was not found".into(),
        Refusal::Conflict | Refusal::AlreadyExists => "the name is taken".into(),
        Refusal::Unavailable => CONNECTION_REFUSED.into(),
    }
}

/// The order in which pods are given up (`ActivePods`); ties by index and creation.
fn removal_rank(pod: &PodView) -> impl Ord + use<> {
    (
        pod.scheduled,
        pod.phase != PodPhase::Pending,
        pod.ready,
        // Ready for a shorter time, or created later: given up first.
        Reverse(if pod.ready { pod.ready_since.0 } else { 0 }),
        Reverse(pod.most_restarts),
        Reverse(pod.created.0),
        pod.index,
        pod.id.uid,
    )
}
