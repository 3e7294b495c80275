//! A run without pods: which Jobs start and when, for fleets of CronJobs. A Job lasts as long as its pods would, wave by
//! wave, and nobody retries: it fails if one of them would.

use std::sync::Arc;

use super::World;
use super::event::Event;
use crate::api::change::Verb;
use crate::api::job::{Job, JobCondition, JobConditionType, JobReason, JobStatus};
use crate::api::meta::{ApiTime, JobId};

impl World<'_> {
    /// In place of the Job controller: starts a Job that has not started and is not suspended. A new one is seen as
    /// started at once.
    pub(super) fn start_without_pods(&mut self, id: JobId, verb: Verb) {
        let Some(job) = self.store.standing_job(id) else { return };
        if job.spec.suspend || job.status.start_time.is_some() || job.spec.managed_by_other() {
            return;
        }
        let active = job.spec.completions.unwrap_or(job.spec.parallelism).min(job.spec.parallelism);
        let status = JobStatus {
            active,
            ready: Some(0),
            terminating: Some(0),
            start_time: Some(ApiTime::of(self.now)),
            ..JobStatus::clone(&job.status)
        };
        let (version, waves) = (job.resource_version, waves(job));
        let (length, well) = self.workload.waves(id, waves);
        match verb {
            Verb::Added => self.store.begin_with(id, Arc::new(status)),
            _ => _ = self.store.update_job_status(id, version, Arc::new(status)),
        }
        self.events.push(self.now + length, Event::JobOver(id, well));
    }

    /// A Job that was started without pods ends.
    pub(super) fn end_without_pods(&mut self, id: JobId, well: bool) {
        let Some(job) = self.store.standing_job(id) else { return };
        if job.status.finished().is_some() {
            return;
        }
        let (now, version) = (ApiTime::of(self.now), job.resource_version);
        let (interim, end, reason, message) = if well {
            let message = "Reached expected number of succeeded pods";
            (JobConditionType::SuccessCriteriaMet, JobConditionType::Complete, JobReason::CompletionsReached, message)
        } else {
            let message = "Job has reached the specified backoff limit";
            (JobConditionType::FailureTarget, JobConditionType::Failed, JobReason::BackoffLimitExceeded, message)
        };
        let condition =
            |kind| JobCondition { kind, status: true, reason, message: message.into(), last_transition_time: now };
        let mut status = JobStatus::clone(&job.status);
        (status.active, status.completion_time) = (0, well.then_some(now));
        match well {
            true => status.succeeded = job.spec.completions.unwrap_or(1),
            false => status.failed = 1,
        }
        status.conditions.extend([condition(interim), condition(end)]);
        _ = self.store.update_job_status(id, version, Arc::new(status));
    }
}

/// How often all of a Job's pods would be followed by others.
fn waves(job: &Job) -> u32 {
    let completions = job.spec.completions.unwrap_or(1).max(0);
    let at_a_time = job.spec.parallelism.clamp(1, completions.max(1));
    (completions as u32).div_ceil(at_a_time as u32)
}
