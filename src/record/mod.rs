//! Readers of the change log: what happened, as data.

pub mod bill;
pub mod calendar;
pub mod checks;
pub mod control_plane;
pub mod critical_path;
#[cfg(test)]
pub(crate) mod fixture;
pub mod gauge;
pub mod measure;
pub mod metrics;
pub mod node_gauge;
pub mod nodes;
pub mod recorder;
pub mod requests;
pub mod series;
pub mod stream;
pub mod totals;
pub mod trace;
pub mod waits;
pub mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::cronjob::CronJobSpec;
use crate::api::job::{JobCondition, JobConditionType};
use crate::api::meta::{ApiTime, ObjectName};
use crate::api::pod::PodPhase;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::NodePool;
use crate::scenario::{Component, ControlPlane, Profile};

use control_plane::ControlPlaneTallies;
use critical_path::CriticalPath;
use nodes::NodeLife;
use totals::Totals;

/// A finished run: series and pod lives as data.
#[derive(Clone, Debug)]
pub struct Run {
    /// Name of the scenario.
    pub scenario: String,
    /// `startTime` in seconds since the Unix epoch.
    pub start: i64,
    /// The seed it was run with.
    pub seed: u64,
    /// The profile it was run with.
    pub profile: Profile,
    /// Where it settled, the last instant at which an object was written; the horizon, if it came to that; where it was
    /// stopped, the instant that it had come to.
    pub end: SimTime,
    /// Why it ended.
    pub ending: Ending,
    /// The horizon, if the run came to it.
    pub horizon: Option<SimTime>,
    /// Which components were down, from when until when.
    pub outages: Vec<(Component, SimTime, SimTime)>,
    /// Events of the event list that were carried out.
    pub steps: u64,
    /// Of a run that was not recorded: counts instead of what follows.
    pub totals: Option<Totals>,
    /// CronJobs, in order of creation.
    pub cron_jobs: Vec<CronJobLife>,
    /// Jobs, in order of creation.
    pub jobs: Vec<JobLife>,
    /// Pods, ordered by creation time, namespace, Job, index, attempt.
    pub pods: Vec<PodLife>,
    /// Nodes, in order of creation.
    pub nodes: Vec<NodeLife>,
    /// What the pods of a Job held of the nodes of a pool, by the places of both: millionths of a node, times
    /// nanoseconds. [`BARE`] stands for pods of no Job.
    pub shares: BTreeMap<(u32, u32), u128>,
    /// Least time that a node is paid for.
    pub minimum_charge: SimDuration,
    /// The pools that they may be of.
    pub pools: Vec<NodePool>,
    /// Kubernetes events before any folding, in order of time.
    pub events: Vec<EventRow>,
    /// What the control plane cost.
    pub control_plane: ControlPlaneTallies,
    /// Its limits and delays.
    pub limits: ControlPlane,
    /// The critical path of each Job that has ended, in the order of `jobs`.
    pub critical_paths: Vec<Option<CriticalPath>>,
    /// Things worth a line to the user: refused patches, actions without an object.
    pub notes: Vec<String>,
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was left to happen.
    Settled,
    /// The horizon was reached.
    Horizon,
    /// A limit was reached; the sentence says which.
    Limit(String),
    /// A component of the real cluster would hang for good; the sentence says on what.
    Fault(String),
    /// The user interrupted it.
    Interrupted,
}

/// A CronJob's life.
#[derive(Clone, Debug)]
pub struct CronJobLife {
    /// Namespace and name.
    pub name: ObjectName,
    /// When it was created.
    pub created: SimTime,
    /// When its object went.
    pub removed: Option<SimTime>,
    /// What it asked for, and from when on.
    pub specs: Vec<(SimTime, Arc<CronJobSpec>)>,
    /// Its status after each instant in which a column changed.
    pub rows: Vec<CronJobRow>,
}

/// A CronJob's status at the end of an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJobRow {
    /// The instant.
    pub time: SimTime,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Names of the Jobs in `status.active`, sorted.
    pub active: Vec<Arc<str>>,
    /// `status.lastScheduleTime` in seconds since `startTime`; schedules may start runs of the time before.
    pub last_schedule_time: Option<i64>,
    /// `status.lastSuccessfulTime`.
    pub last_successful_time: Option<ApiTime>,
}

/// A Job's life.
#[derive(Clone, Debug)]
pub struct JobLife {
    /// Namespace and name.
    pub name: ObjectName,
    /// The CronJob that made it.
    pub cron_job: Option<Arc<str>>,
    /// The start that it was made for, in seconds since `startTime`.
    pub scheduled: Option<i64>,
    /// A controller other than the built-in one that looks after it.
    pub managed_by: Option<Arc<str>>,
    /// Is it Indexed?
    pub indexed: bool,
    /// Completions wanted at the end of the run; absent for a work queue.
    pub completions: Option<i32>,
    /// Parallelism at the end of the run.
    pub parallelism: i32,
    /// When it was created.
    pub created: SimTime,
    /// When its object went.
    pub removed: Option<SimTime>,
    /// Its status after each instant in which a column changed.
    pub rows: Vec<JobRow>,
}

impl JobLife {
    /// When it had ended, well or badly.
    pub fn finished(&self) -> Option<SimTime> {
        self.rows.iter().find(|row| row.is_finished()).map(|row| row.time)
    }

    /// kubectl's STATUS word at the end, or before it was removed; `Deleted` if it was removed before it had ended.
    pub fn status_word(&self) -> &'static str {
        if self.removed.is_some() && self.finished().is_none() {
            return "Deleted";
        }
        self.rows.last().map_or("Running", |row| row.status)
    }
}

/// A Job's status at the end of an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// The instant.
    pub time: SimTime,
    /// kubectl's STATUS word.
    pub status: &'static str,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `status.active`.
    pub active: i32,
    /// `status.ready`.
    pub ready: i32,
    /// `status.terminating`.
    pub terminating: i32,
    /// `status.succeeded`.
    pub succeeded: i32,
    /// `status.failed`.
    pub failed: i32,
    /// Length of `status.uncountedTerminatedPods.succeeded`.
    pub uncounted_succeeded: u32,
    /// Length of `status.uncountedTerminatedPods.failed`.
    pub uncounted_failed: u32,
    /// `status.completedIndexes`.
    pub completed_indexes: String,
    /// `status.failedIndexes`.
    pub failed_indexes: String,
    /// `status.startTime`.
    pub start_time: Option<ApiTime>,
    /// `status.completionTime`.
    pub completion_time: Option<ApiTime>,
    /// `status.conditions`.
    pub conditions: Vec<JobCondition>,
}

impl JobRow {
    /// Had it ended, well or badly?
    pub fn is_finished(&self) -> bool {
        self.conditions.iter().any(|condition| {
            condition.status && matches!(condition.kind, JobConditionType::Complete | JobConditionType::Failed)
        })
    }
}

/// Stands for the Job of a pod that no Job made.
pub const BARE: u32 = u32::MAX;

impl Run {
    /// The Job that made a pod, if one did.
    pub fn job_of(&self, pod: &PodLife) -> Option<&JobLife> {
        self.jobs.get(pod.job as usize)
    }
}

/// A pod's life.
#[derive(Clone, Debug, PartialEq)]
pub struct PodLife {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Position of its Job in [`Run::jobs`]; [`BARE`] for a pod that no Job made.
    pub job: u32,
    /// Completion index, for Indexed Jobs.
    pub index: Option<u32>,
    /// 0-based count of pods of that index, or of that Job.
    pub attempt: u32,
    /// The node it was bound to.
    pub node: Option<Arc<str>>,
    /// Created.
    pub created: SimTime,
    /// Bound to its node.
    pub scheduled: Option<SimTime>,
    /// App containers first ran.
    pub started: Option<SimTime>,
    /// First Ready.
    pub ready: Option<SimTime>,
    /// Deletion asked for; absent if it had ended before.
    pub terminating: Option<SimTime>,
    /// Phase became terminal.
    pub finished: Option<SimTime>,
    /// Object went.
    pub removed: Option<SimTime>,
    /// Phase at its end or at the end of the run.
    pub phase: PodPhase,
    /// First non-zero last code, init containers first; else 0 if an app container ended.
    pub exit_code: Option<i32>,
    /// `status.reason`, or why it was deleted; often empty.
    pub reason: &'static str,
    /// Restarts of all its containers.
    pub restarts: u32,
    /// Annotation `batch.kubernetes.io/job-index-failure-count`.
    pub failure_count: Option<u32>,
    /// Annotation `batch.kubernetes.io/job-index-ignored-failure-count`.
    pub ignored_failure_count: Option<u32>,
    /// How long its creation had been refused.
    pub refused: SimDuration,
    /// When the scheduler first found no node for it.
    pub unschedulable: Option<SimTime>,
    /// When the last of its images was there, if any had to be pulled.
    pub pulled: Option<SimTime>,
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// When it was recorded.
    pub time: SimTime,
    /// A Warning, not a Normal event.
    pub warning: bool,
    /// One word.
    pub reason: &'static str,
    /// Kind of the object it is about: `Job`, `CronJob`, `Pod`.
    pub kind: &'static str,
    /// Namespace and name of the object it is about.
    pub object: ObjectName,
    /// For people.
    pub message: String,
}
