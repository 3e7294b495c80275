//! The Job: specification with its defaults applied, and status.

use std::borrow::Cow;
use std::sync::Arc;

use super::cronjob::Start;
use super::intervals::Intervals;
use super::meta::{ApiTime, ObjectName, PodId};
use super::names;
use super::pod::PodTemplate;

/// A Job as the API server stores it, less what no rule reads.
#[derive(Clone, Debug)]
pub struct Job {
    /// Namespace and name.
    pub name: ObjectName,
    /// The CronJob that controls it, if any, and for which start it was made.
    pub owner: Option<Arc<JobOwner>>,
    /// The name of the template that it is a copy of, if it came as one of many.
    pub copy_of: Option<Arc<str>>,
    /// What its draws are looked up by, and the generated names of its pods: another one for each Job of a name.
    pub identity: u64,
    /// What is asked for; shared, as patches are rare.
    pub spec: Arc<JobSpec>,
    /// What was seen; shared with whoever was told of it.
    pub status: Arc<JobStatus>,
    /// Raised by each change of `spec`.
    pub generation: u32,
    /// Raised by each change of anything; what conflicts are found by.
    pub resource_version: u64,
    /// Creation.
    pub created: ApiTime,
    /// When deletion was asked for, if it was and the object still stands.
    pub deletion_timestamp: Option<ApiTime>,
    /// Foreground deletion: the object waits for its pods.
    pub foreground_deletion: bool,
}

/// What a Job keeps of the CronJob that made it.
#[derive(Clone, Debug)]
pub struct JobOwner {
    /// The start that it was made for.
    pub start: Start,
    /// 0-based count of Jobs that the CronJob made.
    pub run: u32,
}

/// `spec` of a Job, defaulted.
#[derive(Clone, Debug, PartialEq)]
pub struct JobSpec {
    /// Most pods at a time.
    pub parallelism: i32,
    /// Successes wanted; absent for a work queue.
    pub completions: Option<i32>,
    /// NonIndexed or Indexed.
    pub completion_mode: CompletionMode,
    /// Failures allowed; `i32::MAX` when limited per index.
    pub backoff_limit: i32,
    /// Failures allowed for each index.
    pub backoff_limit_per_index: Option<i32>,
    /// Failed indexes allowed before the Job fails at once.
    pub max_failed_indexes: Option<i32>,
    /// Seconds from `startTime` to the deadline.
    pub active_deadline_seconds: Option<i64>,
    /// Seconds from the end to deletion.
    pub ttl_seconds_after_finished: Option<i32>,
    /// No pods while true.
    pub suspend: bool,
    /// When a pod is replaced.
    pub pod_replacement_policy: PodReplacementPolicy,
    /// Rules on failed pods, in order.
    pub pod_failure_policy: Option<Vec<PodFailurePolicyRule>>,
    /// Rules on succeeded indexes, in order.
    pub success_policy: Option<Vec<SuccessPolicyRule>>,
    /// A controller other than the built-in one, which then leaves the Job alone.
    pub managed_by: Option<Arc<str>>,
    /// The pods to make.
    pub template: Arc<PodTemplate>,
}

/// Value of `managedBy` that means the built-in controller.
pub const JOB_CONTROLLER_NAME: &str = "kubernetes.io/job-controller";

impl Job {
    /// The CronJob that controls it.
    pub fn cron_job(&self) -> Option<&Arc<str>> {
        self.owner.as_ref().map(|owner| &owner.start.cron_job_name)
    }

    /// The name of one of its pods.
    pub fn pod_name(&self, index: u32, attempt: u32) -> String {
        names::pod_name(&self.name.name, self.identity, index, attempt)
    }
}

impl JobSpec {
    /// Are pods told apart by a completion index?
    pub fn is_indexed(&self) -> bool {
        self.completion_mode == CompletionMode::Indexed
    }

    /// Is a terminating pod neither counted nor replaced until it has failed (`onlyReplaceFailedPods`)?
    pub fn only_replace_failed_pods(&self) -> bool {
        self.pod_replacement_policy == PodReplacementPolicy::Failed
    }

    /// Does another controller look after this Job?
    pub fn managed_by_other(&self) -> bool {
        self.managed_by.as_deref().is_some_and(|name| name != JOB_CONTROLLER_NAME)
    }
}

/// `spec.completionMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionMode {
    /// Pods are alike.
    NonIndexed,
    /// Each pod has an index from 0 to completions - 1.
    Indexed,
}

/// `spec.podReplacementPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodReplacementPolicy {
    /// As soon as it is terminating.
    TerminatingOrFailed,
    /// Only once its phase is Failed.
    Failed,
}

/// One rule of `spec.podFailurePolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct PodFailurePolicyRule {
    /// What a match brings about.
    pub action: PodFailurePolicyAction,
    /// What it matches.
    pub requirement: PodFailurePolicyRequirement,
}

/// `action` of a pod failure policy rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodFailurePolicyAction {
    /// The whole Job fails.
    FailJob,
    /// The pod's index fails.
    FailIndex,
    /// Neither counted nor against a limit.
    Ignore,
    /// As without a rule.
    Count,
}

/// What a pod failure policy rule looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum PodFailurePolicyRequirement {
    /// `onExitCodes`.
    ExitCodes {
        /// Only this container; any if absent.
        container_name: Option<Arc<str>>,
        /// `In`: one of the values; otherwise `NotIn`.
        is_in: bool,
        /// Exit codes.
        values: Vec<i32>,
    },
    /// `onPodConditions`: one of type and status (`True`, `False`, `Unknown`).
    PodConditions(Vec<(Arc<str>, Arc<str>)>),
}

/// One rule of `spec.successPolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct SuccessPolicyRule {
    /// Only these indexes count; all if absent.
    pub succeeded_indexes: Option<Intervals>,
    /// How many of them must have succeeded; all if absent.
    pub succeeded_count: Option<i32>,
}

/// `status` of a Job.
#[derive(Debug, Default, PartialEq)]
pub struct JobStatus {
    /// Pods that neither ended nor are being deleted.
    pub active: i32,
    /// Active pods that are Ready; absent until the controller's first write.
    pub ready: Option<i32>,
    /// Pods being deleted that have not ended; absent until the controller's first write.
    pub terminating: Option<i32>,
    /// Successes counted.
    pub succeeded: i32,
    /// Failures counted.
    pub failed: i32,
    /// Succeeded pods on their way into the counter.
    pub uncounted_succeeded: Vec<PodId>,
    /// Failed pods on their way into the counter.
    pub uncounted_failed: Vec<PodId>,
    /// Succeeded indexes (Indexed only).
    pub completed_indexes: Intervals,
    /// Failed indexes (with backoffLimitPerIndex only).
    pub failed_indexes: Option<Intervals>,
    /// When the controller first worked on it, or it was last resumed.
    pub start_time: Option<ApiTime>,
    /// When it completed.
    pub completion_time: Option<ApiTime>,
    /// In order of appearance.
    pub conditions: Vec<JobCondition>,
}

impl Clone for JobStatus {
    fn clone(&self) -> JobStatus {
        let mut copy = JobStatus::default();
        copy.clone_from(self);
        copy
    }

    /// Uses the memory of the lists again: statuses are copied with each write.
    fn clone_from(&mut self, source: &JobStatus) {
        let JobStatus {
            active,
            ready,
            terminating,
            succeeded,
            failed,
            uncounted_succeeded,
            uncounted_failed,
            completed_indexes,
            failed_indexes,
            start_time,
            completion_time,
            conditions,
        } = source;
        (self.active, self.ready, self.terminating) = (*active, *ready, *terminating);
        (self.succeeded, self.failed) = (*succeeded, *failed);
        (self.start_time, self.completion_time) = (*start_time, *completion_time);
        self.uncounted_succeeded.clone_from(uncounted_succeeded);
        self.uncounted_failed.clone_from(uncounted_failed);
        self.completed_indexes.clone_from(completed_indexes);
        self.failed_indexes.clone_from(failed_indexes);
        self.conditions.clone_from(conditions);
    }
}

impl JobStatus {
    /// The condition of a type, whatever its status.
    pub fn condition(&self, kind: JobConditionType) -> Option<&JobCondition> {
        self.conditions.iter().find(|c| c.kind == kind)
    }

    /// Is the condition of this type True?
    pub fn is_true(&self, kind: JobConditionType) -> bool {
        self.condition(kind).is_some_and(|c| c.status)
    }

    /// The condition Complete or Failed, if the Job has ended.
    pub fn finished(&self) -> Option<&JobCondition> {
        self.conditions
            .iter()
            .find(|c| c.status && matches!(c.kind, JobConditionType::Complete | JobConditionType::Failed))
    }
}

/// A condition of a Job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobCondition {
    /// Type.
    pub kind: JobConditionType,
    /// True or False; Unknown is never written.
    pub status: bool,
    /// One word.
    pub reason: JobReason,
    /// For people; nearly always one of a few that are known beforehand.
    pub message: Cow<'static, str>,
    /// When the status last changed.
    pub last_transition_time: ApiTime,
}

/// `type` of a Job condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobConditionType {
    /// `spec.suspend` is carried out.
    Suspended,
    /// It has failed, pods may still be ending.
    FailureTarget,
    /// It has succeeded, pods may still be ending.
    SuccessCriteriaMet,
    /// It has succeeded.
    Complete,
    /// It has failed.
    Failed,
}

impl JobConditionType {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            JobConditionType::Suspended => "Suspended",
            JobConditionType::FailureTarget => "FailureTarget",
            JobConditionType::SuccessCriteriaMet => "SuccessCriteriaMet",
            JobConditionType::Complete => "Complete",
            JobConditionType::Failed => "Failed",
        }
    }
}

/// `reason` of a Job condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobReason {
    /// No word.
    None,
    /// Enough successes.
    CompletionsReached,
    /// A success policy rule is met.
    SuccessPolicy,
    /// A FailJob rule matched.
    PodFailurePolicy,
    /// Too many failures.
    BackoffLimitExceeded,
    /// Too late.
    DeadlineExceeded,
    /// Too many failed indexes.
    MaxFailedIndexesExceeded,
    /// All indexes are decided and some failed.
    FailedIndexes,
    /// Suspended.
    JobSuspended,
    /// Resumed.
    JobResumed,
}

impl JobReason {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            JobReason::None => "",
            JobReason::CompletionsReached => "CompletionsReached",
            JobReason::SuccessPolicy => "SuccessPolicy",
            JobReason::PodFailurePolicy => "PodFailurePolicy",
            JobReason::BackoffLimitExceeded => "BackoffLimitExceeded",
            JobReason::DeadlineExceeded => "DeadlineExceeded",
            JobReason::MaxFailedIndexesExceeded => "MaxFailedIndexesExceeded",
            JobReason::FailedIndexes => "FailedIndexes",
            JobReason::JobSuspended => "JobSuspended",
            JobReason::JobResumed => "JobResumed",
        }
    }
}
