//! What a Job's status must fulfil to be written (`getStatusValidationOptions`, `ValidateJobStatusUpdate`).
//!
//! A rule is looked at only if what it is about has changed, so that a status can always be made right.

use crate::api::job::{Job, JobConditionType as Kind, JobStatus};

/// What the server says to a new status, if it refuses it.
pub(crate) fn refusal(job: &Job, new: &JobStatus) -> Option<String> {
    let broken = broken_rules(job, new);
    if broken.is_empty() {
        return None;
    }
    let listed = if let [one] = broken.as_slice() { (*one).to_owned() } else { format!("[{}]", broken.join(", ")) };
    Some(format!("Job.batch \"{}\" is invalid: {listed}", job.name.name))
}

/// Which conditions are True: asked for again and again, and mostly none is there.
#[derive(Clone, Copy)]
struct Marks(u8);

impl Marks {
    fn of(status: &JobStatus) -> Marks {
        Marks(status.conditions.iter().filter(|c| c.status).fold(0, |marks, c| marks | 1 << c.kind as u8))
    }

    fn on(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }

    fn ended(self) -> bool {
        self.on(Kind::Complete) || self.on(Kind::Failed)
    }
}

fn broken_rules(job: &Job, new: &JobStatus) -> Vec<&'static str> {
    let old = &*job.status;
    let (was, is) = (Marks::of(old), Marks::of(new));
    let mut broken = Vec::new();
    let mut check = |changed: bool, is_right: bool, message: &'static str| {
        if changed && !is_right {
            broken.push(message);
        }
    };
    let counts_changed = old.active != new.active || old.ready != new.ready;
    check(
        counts_changed,
        new.ready.unwrap_or(0) <= new.active,
        "status.ready: Invalid value: cannot set more ready pods than active",
    );
    check(
        new.failed != old.failed,
        new.failed >= old.failed,
        "status.failed: Invalid value: cannot decrease the failed counter",
    );
    let elastic = job.spec.is_indexed() && job.spec.completions == Some(job.spec.parallelism);
    check(
        new.succeeded != old.succeeded && !elastic,
        new.succeeded >= old.succeeded,
        "status.succeeded: Invalid value: cannot decrease the succeeded counter",
    );
    for kind in [Kind::Complete, Kind::Failed, Kind::FailureTarget, Kind::SuccessCriteriaMet] {
        check(was.on(kind), is.on(kind), "status.conditions: Invalid value: cannot disable a terminal condition");
    }
    let (ended, has_ended) = (is.ended(), is.ended() != was.ended());
    let uncounted = !new.uncounted_failed.is_empty() || !new.uncounted_succeeded.is_empty();
    check(
        has_ended || old.active != new.active,
        !ended || new.active == 0,
        "status.active: Invalid value: active>0 is invalid for finished job",
    );
    check(
        has_ended || old.terminating != new.terminating,
        !ended || new.terminating.unwrap_or(0) == 0,
        "status.terminating: Invalid value: terminating>0 is invalid for finished job",
    );
    check(
        has_ended,
        !ended || !uncounted,
        "status.uncountedTerminatedPods: Invalid value: uncountedTerminatedPods needs to be empty for finished job",
    );
    let empty_and_suspended = job.spec.suspend && job.spec.completions == Some(0);
    check(
        has_ended && !empty_and_suspended,
        !ended || new.start_time.is_some(),
        "status.startTime: Required value: startTime is required for finished job",
    );
    let resumes = was.on(Kind::Suspended) && !is.on(Kind::Suspended);
    check(
        old.start_time.is_some() && new.start_time != old.start_time && !resumes,
        job.spec.suspend,
        "status.startTime: Required value: field is immutable for unsuspended job once set",
    );
    check(
        new.completion_time != old.completion_time,
        old.completion_time.is_none(),
        "status.completionTime: Invalid value: field is immutable",
    );
    check(
        new.completion_time != old.completion_time,
        new.completion_time.is_none() || new.completion_time >= new.start_time,
        "status.completionTime: Invalid value: completionTime cannot be set before startTime",
    );
    let completes = is.on(Kind::Complete) != was.on(Kind::Complete);
    check(
        completes || new.completion_time != old.completion_time,
        is.on(Kind::Complete) == new.completion_time.is_some(),
        "status.completionTime: Required value: completionTime is required for Complete jobs, and only for those",
    );
    check(
        is.on(Kind::Failed) != was.on(Kind::Failed),
        !is.on(Kind::Failed) || is.on(Kind::FailureTarget),
        "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition",
    );
    check(
        completes,
        !is.on(Kind::Complete) || is.on(Kind::SuccessCriteriaMet),
        "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    );
    check(
        new.conditions.len() != old.conditions.len(),
        !(is.on(Kind::FailureTarget) && is.on(Kind::SuccessCriteriaMet)),
        "status.conditions: Invalid value: cannot set FailureTarget=True and SuccessCriteriaMet=True conditions",
    );
    let index_lists_changed =
        new.completed_indexes != old.completed_indexes || new.failed_indexes != old.failed_indexes;
    check(
        index_lists_changed,
        new.failed_indexes.as_ref().is_none_or(|failed| failed.count_in(&new.completed_indexes) == 0),
        "status.failedIndexes: Invalid value: failedIndexes and completedIndexes overlap",
    );
    broken
}
