//! Jobs with indexes: which have succeeded, which have failed for good, and the verdicts that follow
//! (`indexed_job_utils.go`, and the per-index part of `syncJob`).

use super::JobController;
use super::success_policy;
use super::sync::{Sync, match_pod};
use super::verdict::Verdict;
use crate::api::intervals::Intervals;
use crate::api::job::JobReason;
use crate::api::meta::PodId;

impl JobController {
    /// Indexed Jobs: the lists of indexes, and the verdicts that follow from them.
    pub(super) fn judge_indexes(&mut self, sync: &mut Sync) {
        let completions = sync.spec.completions.unwrap_or(0).max(0) as u32;
        sync.previously_succeeded.clone_from(&sync.status.completed_indexes);
        sync.previously_succeeded.truncate(completions);
        sync.succeeded_indexes.clone_from(&sync.previously_succeeded);
        let newly = sync.unsettled.iter().filter(|pod| pod.succeeded && pod.index < completions);
        newly.for_each(|pod| _ = sync.succeeded_indexes.insert(pod.index));
        sync.succeeded = i64::from(sync.succeeded_indexes.total());
        if let Some(limit) = sync.spec.backoff_limit_per_index {
            self.judge_failed_indexes(sync, limit, completions);
        }
        if sync.verdict.is_none()
            && let Some(rules) = &sync.spec.success_policy
            && let Some(message) = success_policy::matched(rules, completions, &sync.succeeded_indexes)
        {
            sync.verdict = Some(Verdict::success(JobReason::SuccessPolicy, message));
        }
    }

    fn judge_failed_indexes(&mut self, sync: &mut Sync, limit: i32, completions: u32) {
        let mut failed = sync.status.failed_indexes.clone().unwrap_or_default();
        failed.truncate(completions);
        for candidate in sync.unsettled.iter().filter(|pod| pod.failed && pod.index < completions) {
            let Some(pod) = self.pod(candidate.id) else { continue };
            let fails_index = match_pod(&sync.spec, pod).is_some_and(|matched| matched.fails_index());
            if fails_index || exhausts(pod.failure_count, candidate.counts, limit) {
                failed.insert(candidate.index);
            }
        }
        if sync.verdict.is_none() {
            sync.verdict = verdict(sync.spec.max_failed_indexes, completions, &failed, &sync.succeeded_indexes);
        }
        sync.failed_indexes = Some(failed);
        self.find_delayed(sync, completions);
    }

    /// `getPodsWithDelayedDeletionPerIndex`: the last failed pod of each index that still waits for a replacement.
    fn find_delayed(&mut self, sync: &mut Sync, completions: u32) {
        let failed_indexes = sync.failed_indexes.take().unwrap_or_default();
        let mut delayed: Vec<(u32, PodId)> = Vec::new();
        let Some(view) = self.jobs[sync.job.slot as usize].as_ref() else { return };
        for candidate in sync.unsettled.iter().filter(|pod| pod.failed && pod.index < completions) {
            let index = candidate.index;
            if sync.succeeded_indexes.contains(index) || failed_indexes.contains(index) || view.indexes.is_active(index)
            {
                continue;
            }
            match delayed.binary_search_by_key(&index, |entry| entry.0) {
                Err(at) => delayed.insert(at, (index, candidate.id)),
                Ok(at) => {
                    if let (Some(old), Some(new)) = (self.pod(delayed[at].1), self.pod(candidate.id))
                        && old.absolute_failures() <= new.absolute_failures()
                        && new.finish >= old.finish
                    {
                        delayed[at].1 = candidate.id;
                    }
                }
            }
        }
        sync.failed_indexes = Some(failed_indexes);
        sync.delayed = delayed;
    }
}

/// The verdict on failed indexes: more than allowed, or none left to be decided.
fn verdict(most: Option<i32>, completions: u32, failed: &Intervals, succeeded: &Intervals) -> Option<Verdict> {
    if most.is_some_and(|most| i64::from(failed.total()) > i64::from(most)) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        Some(Verdict::failure(JobReason::MaxFailedIndexesExceeded, message))
    } else if !failed.is_empty() && failed.total() + succeeded.total() >= completions {
        Some(Verdict::failure(JobReason::FailedIndexes, "Job has failed indexes"))
    } else {
        None
    }
}

/// Has this failed pod used up its index's limit? A pod that a rule ignores has not.
fn exhausts(failure_count: u32, counts: bool, limit: i32) -> bool {
    counts && i64::from(failure_count) >= i64::from(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_indexes_decide_a_job_when_too_many_or_when_all_are_decided() {
        let of = |text: &str| Intervals::parse(text, 10);
        let check = |most, completions, failed, succeeded, expected: Option<JobReason>| {
            let verdict = verdict(most, completions, &of(failed), &of(succeeded));
            assert_eq!(verdict.map(|v| v.reason), expected, "{most:?} of {completions}: {failed:?}, {succeeded:?}");
        };
        check(None, 3, "", "0-2", None);
        check(None, 3, "1", "0", None);
        check(None, 3, "1", "0,2", Some(JobReason::FailedIndexes));
        check(None, 3, "0-2", "", Some(JobReason::FailedIndexes));
        check(Some(1), 5, "1", "0", None);
        check(Some(1), 5, "1,3", "0", Some(JobReason::MaxFailedIndexesExceeded));
        check(Some(0), 5, "4", "", Some(JobReason::MaxFailedIndexesExceeded));
        check(Some(1), 2, "0-1", "", Some(JobReason::MaxFailedIndexesExceeded));
        check(Some(2), 2, "0-1", "", Some(JobReason::FailedIndexes));
    }

    #[test]
    fn a_limit_of_none_fails_an_index_at_its_first_failure_that_counts() {
        for (failure_count, counts, limit, expected) in
            [(0, true, 0, true), (0, false, 0, false), (0, true, 1, false), (1, true, 1, true), (7, false, 1, false)]
        {
            assert_eq!(exhausts(failure_count, counts, limit), expected, "{failure_count} {counts} {limit}");
        }
    }
}
