//! What is to be simulated: read from manifests, checked once, and right from then on.
//!
//! Documents may be wrong; a [`Scenario`] cannot. Nothing past this room looks at YAML.

mod admit;
mod arrivals;
pub mod axis;
pub mod clockwork;
pub mod cluster;
mod cluster_objects;
pub mod decode;
mod detached;
pub mod document;
pub mod expectation;
mod judge;
pub mod kubectl;
pub mod model;
pub mod path;
pub mod problem;
mod quotas;
mod read;
pub mod schema;
pub mod simulation;
pub mod source;
pub mod study;
pub mod taint;
mod time;
pub mod validate;

use std::path::PathBuf;
use std::sync::Arc;

use crate::api::disruption::PodDisruptionBudget;
use crate::api::job::JobSpec;
use crate::api::meta::ObjectName;
use crate::api::node::Node;
use crate::api::priority::PriorityClass;
use crate::api::release::Kubernetes;
use crate::apiserver::limit_range::LimitRange;
use crate::apiserver::quota::ResourceQuota;
use crate::apiserver::{BarePod, NewCronJob};
use crate::kernel::dist::Distribution;
use crate::kernel::time::{SimDuration, SimTime};
use crate::workload::arrivals::ArrivalProcess;
use crate::workload::behaviour::Behaviour;

pub use cluster::Cluster;
pub use cluster_objects::node_of;
pub use judge::{Judged, judge, judge_with};
pub use problem::{About, Problem, Problems, Severity, Warning};
pub(crate) use read::list_items;
pub use read::{Checked, CheckedStudy, ReadOptions, check, check_each, read};
use source::SourceText;
pub use source::{SideFile, Source};
use taint::TaintChange;
pub use time::length_until;
pub use validate::Validate;

/// Reads a scenario from a YAML text, strictly.
///
/// # Errors
/// All that is wrong with it.
pub fn read_str(text: &str) -> Result<Scenario, Problems> {
    let source = Source { name: "scenario".to_owned(), bytes: text.as_bytes().to_vec() };
    read(vec![source], &ReadOptions::default()).map(|(scenario, _)| scenario)
}

/// The Kubernetes that the Simulation document among some sources asks for.
pub fn kubernetes_of(sources: &[Source]) -> Option<Kubernetes> {
    let texts = sources.iter().filter_map(|source| SourceText::new(source.clone()).ok());
    texts.map(Arc::new).find_map(|text| simulation::kubernetes_of(&text))
}

/// A scenario: total, cannot be wrong.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `metadata.name` of the Simulation document; else the name of the first Job or CronJob.
    pub name: String,
    /// `startTime` in seconds since the Unix epoch.
    pub start: i64,
    /// End of the run, counted from the start; absent: until nothing is left to happen.
    pub horizon: Option<SimDuration>,
    /// What chance is drawn from.
    pub seed: u64,
    /// Whose rules hold.
    pub kubernetes: Kubernetes,
    /// How the cluster around the controllers behaves.
    pub profile: Profile,
    /// How pods behave.
    pub behaviour: Arc<Behaviour>,
    /// Objects submitted at the start, in the order of the documents.
    pub objects: Vec<Object>,
    /// What people and machines do, in the order of the document; the world orders by time.
    pub actions: Vec<ScheduledAction>,
    /// Jobs submitted over time.
    pub arrivals: Vec<Arrivals>,
    /// Clients' limits and the API server's delays.
    pub control_plane: ControlPlane,
    /// Does the first of equally good nodes take a pod, and not one by chance (`--tie-break first`)?
    pub first_of_ties: bool,
    /// Node pools and what belongs to them.
    pub cluster: Arc<Cluster>,
    /// What must hold of a run.
    pub expectations: Vec<expectation::Expectation>,
    /// What studies of it vary.
    pub study: study::StudySection,
    /// Files that the documents name and that were read with them, in that order.
    pub files: Vec<SideFile>,
    /// What was read but plays no part: kinds that are passed over, fields without an effect. One sentence each.
    pub notes: Vec<String>,
}

/// How the cluster around the controllers behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// No delays but those the scenario names: every millisecond comes from the controllers' rules.
    Ideal,
    /// Start-up and reporting times as published for ordinary clusters.
    Default,
}

/// An object to be created.
#[derive(Clone, Debug)]
pub enum Object {
    /// A CronJob.
    CronJob(Box<NewCronJob>),
    /// A Job.
    Job(Box<JobObject>),
    /// A pod that no Job makes.
    Pod(Arc<BarePod>),
    /// A node.
    Node(Arc<Node>),
    /// A budget of disruptions.
    DisruptionBudget(PodDisruptionBudget),
    /// A class of priorities.
    PriorityClass(PriorityClass),
    /// A ResourceQuota.
    Quota(ResourceQuota),
    /// A LimitRange.
    LimitRange(LimitRange),
}

impl Object {
    /// The resource that it is one of, and namespace and name; the namespace is empty for one of the whole cluster.
    pub fn identity(&self) -> (&'static str, ObjectName) {
        match self {
            Object::CronJob(cron_job) => ("cronjobs.batch", cron_job.name.clone()),
            Object::Job(job) => ("jobs.batch", job.name.clone()),
            Object::Pod(pod) => ("pods", pod.name.clone()),
            Object::Node(node) => ("nodes", ObjectName::new("", &node.name)),
            Object::DisruptionBudget(budget) => ("poddisruptionbudgets.policy", budget.name.clone()),
            Object::PriorityClass(class) => ("priorityclasses.scheduling.k8s.io", ObjectName::new("", &class.name)),
            Object::Quota(quota) => ("resourcequotas", quota.name.clone()),
            Object::LimitRange(range) => ("limitranges", range.name.clone()),
        }
    }
}

/// A Job to be created: defaulted and validated.
#[derive(Clone, Debug)]
pub struct JobObject {
    /// Namespace and name.
    pub name: ObjectName,
    /// Specification.
    pub spec: Arc<JobSpec>,
    /// The manifest as JSON with the API server's defaults, which patches are merged into.
    pub manifest: Arc<serde_json::Value>,
    /// The manifest as it was sent.
    pub sent: Arc<serde_json::Value>,
}

/// Jobs submitted over time: copies of a template, named after it and numbered from 0.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// What is copied.
    pub template: Arc<JobObject>,
    /// When copies come.
    pub process: ArrivalProcess,
    /// What is drawn for each copy.
    pub set: Arc<[SetField]>,
}

/// A field that is drawn for each copy of a template.
#[derive(Clone, Debug)]
pub struct SetField {
    /// Where it stands in the Job.
    pub path: path::Path,
    /// What it is set to.
    pub value: Drawn,
    /// The field is text, so numbers that are drawn are written out.
    pub is_text: bool,
}

impl SetField {
    /// A value as the field takes it.
    pub fn given(&self, value: serde_json::Value) -> serde_json::Value {
        match &value {
            serde_json::Value::Number(number) if self.is_text => number.to_string().into(),
            _ => value,
        }
    }
}

/// A value that is drawn.
#[derive(Clone, Debug)]
pub enum Drawn {
    /// Always the same.
    Value(serde_json::Value),
    /// A whole number.
    Number(Distribution),
    /// One of these; the distribution is that of their positions.
    OneOf(Distribution, Vec<serde_json::Value>),
}

/// An action and its time.
#[derive(Clone, Debug)]
pub struct ScheduledAction {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: Action,
}

/// What a person or a machine does to the cluster.
#[derive(Clone, Debug)]
pub enum Action {
    /// A JSON merge patch of a Job or CronJob.
    Patch {
        /// `Job` or `CronJob`.
        kind: Kind,
        /// Whose.
        name: ObjectName,
        /// The patch.
        merge: Arc<serde_json::Value>,
    },
    /// Evict the `nth` pod of a Job.
    Evict {
        /// Whose pod.
        job: ObjectName,
        /// 0-based among the Job's pods that have neither ended nor been deleted, by (creation, index, attempt).
        nth: u32,
    },
    /// Delete the `nth` pod of a Job.
    DeletePod {
        /// Whose pod.
        job: ObjectName,
        /// As for an eviction.
        nth: u32,
    },
    /// Delete an object, background propagation.
    Delete {
        /// `Job` or `CronJob`.
        kind: Kind,
        /// Which.
        name: ObjectName,
    },
    /// Something is done to a node.
    Node {
        /// Which.
        name: Arc<str>,
        /// What.
        what: NodeAction,
    },
    /// A component is down for a while.
    Outage {
        /// Which.
        component: Component,
        /// For how long.
        length: SimDuration,
    },
    /// Create more objects.
    Apply {
        /// The file they were read from.
        file: PathBuf,
        /// In the order of its documents.
        objects: Vec<Object>,
    },
}

/// What people and machines do to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeAction {
    /// `kubectl cordon`: it takes no more pods.
    Cordon,
    /// `kubectl uncordon`.
    Uncordon,
    /// `kubectl taint`: what it repels changes.
    Taint(TaintChange),
    /// `kubectl drain`: it takes no more pods, and those on it are evicted.
    Drain,
    /// Its object is deleted, as a cloud does with a machine that is gone.
    Delete,
    /// Its machine does not run for so long; absent: it never comes back.
    Outage(Option<SimDuration>),
}

/// A part of the control plane that can be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The API server: nothing is written and nothing seen.
    ApiServer,
    /// The controller-manager: its controllers forget what they knew and start anew afterwards.
    ControllerManager,
    /// The scheduler: no pod is bound.
    Scheduler,
    /// The registry that images come from.
    Registry,
}

impl Component {
    /// All of them.
    pub const ALL: [Component; 4] =
        [Component::ApiServer, Component::ControllerManager, Component::Scheduler, Component::Registry];

    /// Its name in a scenario.
    pub fn as_str(self) -> &'static str {
        match self {
            Component::ApiServer => "apiserver",
            Component::ControllerManager => "controller-manager",
            Component::Scheduler => "scheduler",
            Component::Registry => "registry",
        }
    }
}

/// A kind that actions can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// batch/v1 Job.
    Job,
    /// batch/v1 CronJob.
    CronJob,
}

/// The control plane's limits and delays. Zero latency and no limit in the ideal profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlPlane {
    /// A request takes effect, and is answered, this much after it was sent.
    pub api_latency: SimDuration,
    /// A change is seen by watchers this much after it took effect.
    pub watch_latency: SimDuration,
    /// Requests a second that a controller's client may send; absent: no limit.
    pub qps: Option<f64>,
    /// Requests that it may send at once after a pause.
    pub burst: u32,
    /// Nanoseconds that the clock of the CronJob and TTL-after-finished controllers is ahead of the API server's.
    pub clock_skew: i64,
    /// Workers of the Job controller.
    pub concurrent_job_syncs: u32,
    /// Workers of the CronJob controller.
    pub concurrent_cron_job_syncs: u32,
    /// Workers of the TTL-after-finished controller.
    pub concurrent_ttl_syncs: u32,
    /// Do Kubernetes events use the client's tokens?
    pub events_share_client: bool,
    /// Requests a second that the scheduler's client may send; absent: no limit.
    pub scheduler_qps: Option<f64>,
    /// Requests that it may send at once after a pause.
    pub scheduler_burst: u32,
}

impl ControlPlane {
    /// No delays, no limits, five workers.
    pub fn ideal() -> ControlPlane {
        ControlPlane {
            api_latency: SimDuration::ZERO,
            watch_latency: SimDuration::ZERO,
            qps: None,
            burst: 0,
            clock_skew: 0,
            concurrent_job_syncs: 5,
            concurrent_cron_job_syncs: 5,
            concurrent_ttl_syncs: 5,
            events_share_client: false,
            scheduler_qps: None,
            scheduler_burst: 0,
        }
    }

    /// The released components' own limits, and delays of an ordinary cluster.
    pub fn released() -> ControlPlane {
        ControlPlane {
            api_latency: SimDuration::from_millis(5),
            watch_latency: SimDuration::from_millis(10),
            qps: Some(20.0),
            burst: 30,
            events_share_client: true,
            scheduler_qps: Some(50.0),
            scheduler_burst: 100,
            ..ControlPlane::ideal()
        }
    }
}
