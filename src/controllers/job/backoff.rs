//! Back-off of pod re-creation after failures (`backoff_utils.go`).

use crate::api::meta::ApiTime;
use crate::kernel::time::{SimDuration, SimTime};

const FIRST: SimDuration = SimDuration::from_secs(10);
const LONGEST: SimDuration = SimDuration::from_secs(600);

/// What is remembered of a Job's failures between syncs (`backoffRecord`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BackoffRecord {
    /// Failures since the last success.
    pub(super) failures: u32,
    /// When the last of them ended.
    pub(super) last_failure: ApiTime,
}

impl BackoffRecord {
    /// The record after a sync that found new results: when the last success ended, and each failure
    /// (`newBackoffRecord`).
    ///
    /// Any success discards what was kept; failures of the same sync that ended no later than the last success do
    /// not count.
    pub(super) fn after(self, last_success: Option<ApiTime>, failed: &[ApiTime]) -> BackoffRecord {
        match (last_success, failed.iter().max()) {
            (None, None) => self,
            (None, Some(&last_failure)) => {
                BackoffRecord { failures: self.failures.saturating_add(failed.len() as u32), last_failure }
            }
            (Some(success), last_failure) => {
                let failures = failed.iter().filter(|&&time| time > success).count() as u32;
                let last_failure = last_failure.copied().filter(|_| failures > 0).unwrap_or_default();
                BackoffRecord { failures, last_failure }
            }
        }
    }

    /// How long no pod may be created.
    pub(super) fn remaining(self, now: SimTime) -> SimDuration {
        remaining(self.failures, self.last_failure, now)
    }
}

/// `getRemainingTimeForFailuresCount`: 10 s doubled with each failure, at most 600 s, less what has passed.
pub(super) fn remaining(failures: u32, last_failure: ApiTime, now: SimTime) -> SimDuration {
    if failures == 0 {
        return SimDuration::ZERO;
    }
    let delay = FIRST.0.saturating_mul(1u64 << (failures - 1).min(16)).min(LONGEST.0);
    SimDuration(delay) - now.since(last_failure.instant())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_ten_minutes() {
        let check = |failures, seconds| {
            assert_eq!(remaining(failures, ApiTime(0), SimTime::ZERO), SimDuration::from_secs(seconds), "{failures}")
        };
        for (failures, seconds) in [(0, 0), (1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (8, 600), (90, 600)] {
            check(failures, seconds);
        }
        assert_eq!(remaining(1, ApiTime(5), SimTime(12_500_000_000)), SimDuration::from_millis(2_500));
        assert_eq!(remaining(1, ApiTime(5), SimTime::from_secs(15)), SimDuration::ZERO);
    }

    #[test]
    fn records_follow_new_results() {
        let old = BackoffRecord { failures: 2, last_failure: ApiTime(50) };
        let check = |succeeded: &[u32], failed: &[u32], failures, last| {
            let failed: Vec<ApiTime> = failed.iter().map(|&s| ApiTime(s)).collect();
            let record = old.after(succeeded.iter().map(|&s| ApiTime(s)).max(), &failed);
            assert_eq!(record, BackoffRecord { failures, last_failure: ApiTime(last) });
        };
        check(&[], &[], 2, 50);
        check(&[], &[40, 30], 4, 40);
        check(&[60], &[], 0, 0);
        check(&[60], &[60, 59], 0, 0);
        check(&[60, 20], &[61, 70, 60], 2, 70);
    }
}
