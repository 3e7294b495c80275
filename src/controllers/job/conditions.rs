//! Conditions of a Job (`newCondition`, `ensureJobConditionStatus`).

use std::borrow::Cow;

use crate::api::job::{JobCondition, JobConditionType, JobReason, JobStatus};
use crate::api::meta::ApiTime;

/// Appends or updates a condition; a condition that does not exist is not added as False. Returns whether the list
/// changed.
pub(super) fn ensure(status: &mut JobStatus, new: JobCondition) -> bool {
    match status.conditions.iter_mut().find(|old| old.kind == new.kind) {
        Some(old) if (old.status, old.reason, &old.message) == (new.status, new.reason, &new.message) => false,
        Some(old) => {
            *old = new;
            true
        }
        None if new.status => {
            status.conditions.push(new);
            true
        }
        None => false,
    }
}

/// A condition that is True from now on.
pub(super) fn on(kind: JobConditionType, reason: JobReason, message: Cow<'static, str>, now: ApiTime) -> JobCondition {
    JobCondition { kind, status: true, reason, message, last_transition_time: now }
}

/// Suspended is True or False from now on.
pub(super) fn suspended(status: bool, now: ApiTime) -> JobCondition {
    let (reason, message) =
        if status { (JobReason::JobSuspended, "Job suspended") } else { (JobReason::JobResumed, "Job resumed") };
    JobCondition {
        kind: JobConditionType::Suspended,
        status,
        reason,
        message: message.into(),
        last_transition_time: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_added_once_and_never_as_false() {
        let mut status = JobStatus::default();
        assert!(!ensure(&mut status, suspended(false, ApiTime(1))), "False, and not there");
        assert!(ensure(&mut status, suspended(true, ApiTime(2))));
        assert!(!ensure(&mut status, suspended(true, ApiTime(3))), "nothing new but the time");
        assert_eq!(status.conditions[0].last_transition_time, ApiTime(2));
        assert!(ensure(&mut status, suspended(false, ApiTime(4))));
        let is: Vec<_> = status.conditions.iter().map(|c| (c.status, c.reason, c.last_transition_time)).collect();
        assert_eq!(is, [(false, JobReason::JobResumed, ApiTime(4))]);
    }
}
