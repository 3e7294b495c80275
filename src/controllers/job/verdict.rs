//! The verdict of a sync: has the Job failed or succeeded, and why (`syncJob`, the part before pods are managed).

use std::borrow::Cow;

use super::conditions;
use crate::api::job::{JobCondition, JobConditionType, JobReason, JobStatus};
use crate::api::meta::ApiTime;

/// Failure or success with its reason (`finishedCondition`).
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) success: bool,
    pub(super) reason: JobReason,
    pub(super) message: Cow<'static, str>,
}

impl Verdict {
    pub(super) fn failure(reason: JobReason, message: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { success: false, reason, message: message.into() }
    }

    pub(super) fn success(reason: JobReason, message: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict { success: true, reason, message: message.into() }
    }

    /// As many successes as wanted (`newSuccessCondition`).
    pub(super) fn completions_reached(with_reason: bool) -> Verdict {
        match with_reason {
            true => Verdict::success(JobReason::CompletionsReached, "Reached expected number of succeeded pods"),
            false => Verdict::success(JobReason::None, ""),
        }
    }

    /// Is it announced before the Job ends? Up to 1.30 only a FailJob rule's was.
    pub(super) fn is_announced(&self, always: bool) -> bool {
        always || matches!(self.reason, JobReason::PodFailurePolicy | JobReason::SuccessPolicy)
    }

    /// What an earlier sync decided: SuccessCriteriaMet, else FailureTarget.
    pub(super) fn decided(status: &JobStatus) -> Option<Verdict> {
        let of = |kind, success| {
            let condition = status.condition(kind).filter(|c| c.status)?;
            Some(Verdict { success, reason: condition.reason, message: condition.message.clone() })
        };
        of(JobConditionType::SuccessCriteriaMet, true).or_else(|| of(JobConditionType::FailureTarget, false))
    }

    /// The condition that announces it before any pod loses its finalizer.
    pub(super) fn interim(&self, now: ApiTime) -> JobCondition {
        let kind = if self.success { JobConditionType::SuccessCriteriaMet } else { JobConditionType::FailureTarget };
        conditions::on(kind, self.reason, self.message.clone(), now)
    }

    /// The condition that ends the Job.
    pub(super) fn terminal(&self, now: ApiTime) -> JobCondition {
        let kind = if self.success { JobConditionType::Complete } else { JobConditionType::Failed };
        conditions::on(kind, self.reason, self.message.clone(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_that_was_announced_goes_before_failure_that_was() {
        let met = Verdict::success(JobReason::SuccessPolicy, "met");
        let failed = Verdict::failure(JobReason::DeadlineExceeded, "late");
        let decided = |verdicts: &[&Verdict]| {
            let conditions = verdicts.iter().map(|verdict| verdict.interim(ApiTime(1))).collect();
            Verdict::decided(&JobStatus { conditions, ..JobStatus::default() }).map(|verdict| verdict.reason)
        };
        assert_eq!(decided(&[]), None);
        assert_eq!(decided(&[&failed]), Some(JobReason::DeadlineExceeded));
        assert_eq!(decided(&[&failed, &met]), Some(JobReason::SuccessPolicy));
        assert_eq!(failed.interim(ApiTime(1)).kind, JobConditionType::FailureTarget);
        assert_eq!(failed.terminal(ApiTime(1)).kind, JobConditionType::Failed);
    }
}
