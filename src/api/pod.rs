//! The pod: template, phase, and the status that rules read.

use std::sync::Arc;

use super::meta::{ApiTime, JobId, NodeId, PodId};
use super::resources::{self, ResourceList, Resources};
use super::scheduling::Scheduling;
use crate::kernel::time::SimTime;

/// `spec.template` of a Job, or a pod of its own, less what no rule reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodTemplate {
    /// Never or OnFailure (Always only for bare pods).
    pub restart_policy: RestartPolicy,
    /// Init containers, in order.
    pub init_containers: Vec<Container>,
    /// App containers, in order.
    pub containers: Vec<Container>,
    /// Seconds from a deletion to the kill.
    pub termination_grace_period_seconds: u32,
    /// Labels of the template, sorted by key: what `match.labels` of the scenario looks at.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Annotations of the template that something in the cluster reads, sorted by key.
    pub annotations: Vec<(Arc<str>, Arc<str>)>,
    /// The PriorityClass that it names.
    pub priority_class_name: Option<Arc<str>>,
    /// `priority`: that of its class once it is admitted.
    pub priority: Option<i32>,
    /// Seconds that the pod may be active on its node.
    pub active_deadline_seconds: Option<u32>,
    /// `resources` of the pod as a whole.
    pub resources: Resources,
    /// What its sandbox takes.
    pub overhead: ResourceList,
    /// Where it may run, and beside whom.
    pub scheduling: Scheduling,
    /// Has it a volume that lives on its node's disk?
    pub has_local_storage: bool,
    /// `nodeName`: the node that it is bound to from the start.
    pub node_name: Option<Arc<str>>,
}

/// A container of a template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    /// Unique in the pod.
    pub name: Arc<str>,
    /// Image as written.
    pub image: Arc<str>,
    /// When it is fetched.
    pub pull_policy: PullPolicy,
    /// What it asks for and may use.
    pub resources: Resources,
    /// An init container that is to run beside the app containers (`restartPolicy: Always`).
    pub sidecar: bool,
    /// What says that it is ready, if anything does.
    pub readiness_probe: Option<Probe>,
    /// What says that it has started, if anything does.
    pub startup_probe: Option<Probe>,
    /// Its own word on whether it is started again, if it has one.
    pub restarts: Option<Box<ContainerRestarts>>,
}

/// `imagePullPolicy` of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Before each start; a node that has it asks the registry whether it is still the same.
    Always,
    /// Unless the node has it.
    #[default]
    IfNotPresent,
    /// Somebody has to bring it.
    Never,
}

/// `restartPolicy` and `restartPolicyRules` of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRestarts {
    /// Where no rule matches.
    pub policy: RestartPolicy,
    /// The first that matches an exit code decides.
    pub rules: Vec<ContainerRestartRule>,
}

/// A rule of `restartPolicyRules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRestartRule {
    /// `RestartAllContainers`, not `Restart`.
    pub all_containers: bool,
    /// Operator `In`, not `NotIn`.
    pub is_in: bool,
    /// Exit codes.
    pub values: Vec<i32>,
}

/// What is started again when a container has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Nothing.
    No,
    /// The container.
    Container,
    /// All containers of its pod, from the first init container on.
    AllContainers,
}

impl Container {
    /// What an end with this code has started again (`ContainerShouldRestart`).
    pub fn restart_after(&self, code: i32, pod: RestartPolicy) -> Restart {
        let policy = match &self.restarts {
            Some(own) => {
                let matching = own.rules.iter().find(|rule| rule.values.contains(&code) == rule.is_in);
                match matching {
                    Some(rule) if rule.all_containers => return Restart::AllContainers,
                    Some(_) => return Restart::Container,
                    None => own.policy,
                }
            }
            None => pod,
        };
        let restarts = match policy {
            RestartPolicy::Always => true,
            RestartPolicy::OnFailure => code != 0,
            RestartPolicy::Never => false,
        };
        if restarts { Restart::Container } else { Restart::No }
    }
}

/// When a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Seconds from the container's start to its first turn.
    pub initial_delay_seconds: u32,
    /// Seconds between two.
    pub period_seconds: u32,
    /// Good answers that are needed in a row.
    pub success_threshold: u32,
    /// Bad answers in a row that end the container, if it is a startup probe.
    pub failure_threshold: u32,
    /// Seconds that the container has to end then, instead of its pod's grace period.
    pub grace_period_seconds: Option<u32>,
}

impl PodTemplate {
    /// The container at a position among init containers, then app containers.
    pub fn container(&self, at: usize) -> &Container {
        match at.checked_sub(self.init_containers.len()) {
            Some(at) => &self.containers[at],
            None => &self.init_containers[at],
        }
    }

    /// What the pod asks for: at any time of its life at most this (`PodRequests`).
    pub fn requests(&self) -> ResourceList {
        let mut sum = self.without_overhead(|resources| &resources.requests);
        resources::add(&mut sum, &self.overhead);
        sum
    }

    /// What the pod may use, containers without a limit left out (`PodLimits`).
    pub fn limits(&self) -> ResourceList {
        let mut sum = self.without_overhead(|resources| &resources.limits);
        for (name, amount) in &mut sum {
            if let Some(more) = self.overhead.get(name) {
                *amount = amount.add(more);
            }
        }
        sum
    }

    /// Has no container a limit, a probe or a place beside others that a kubelet would have to look after?
    pub fn containers_are_plain(&self) -> bool {
        self.init_containers.iter().chain(&self.containers).all(|container| {
            container.resources.limits.is_empty()
                && container.readiness_probe.is_none()
                && container.startup_probe.is_none()
                && container.restarts.is_none()
        })
    }

    /// How many containers READY counts: the app containers and the sidecars.
    pub fn containers_to_be_ready(&self) -> u16 {
        let sidecars = self.init_containers.iter().filter(|container| container.sidecar).count();
        (self.containers.len() + sidecars) as u16
    }

    /// The same, where the pod says nothing as a whole.
    pub fn without_overhead(&self, list: impl Fn(&Resources) -> &ResourceList) -> ResourceList {
        let mut sum = self.of_containers(&list);
        sum.extend(list(&self.resources).iter().map(|(name, amount)| (name.clone(), amount.clone())));
        sum
    }

    /// What containers come to at the most at any time (`AggregateContainerRequests`).
    pub fn of_containers(&self, list: impl Fn(&Resources) -> &ResourceList) -> ResourceList {
        let (mut sum, mut sidecars, mut start) = (ResourceList::new(), ResourceList::new(), ResourceList::new());
        self.containers.iter().for_each(|container| resources::add(&mut sum, list(&container.resources)));
        for container in &self.init_containers {
            let mut step = sidecars.clone();
            resources::add(&mut step, list(&container.resources));
            if container.sidecar {
                resources::add(&mut sum, list(&container.resources));
                sidecars = step.clone();
            }
            resources::raise(&mut start, &step);
        }
        resources::raise(&mut sum, &start);
        sum
    }
}

/// `restartPolicy` of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// An ended container stays ended.
    Never,
    /// A failed container starts again in the pod.
    OnFailure,
    /// Any ended container starts again in the pod.
    #[default]
    Always,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodPhase {
    /// Not all containers have started.
    Pending,
    /// Started and not ended.
    Running,
    /// All containers ended with 0.
    Succeeded,
    /// Ended, and not all with 0.
    Failed,
}

impl PodPhase {
    /// Has it ended for good?
    pub fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            PodPhase::Pending => "Pending",
            PodPhase::Running => "Running",
            PodPhase::Succeeded => "Succeeded",
            PodPhase::Failed => "Failed",
        }
    }
}

/// A pod as the API server stores it, less what no rule reads.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Its own id.
    pub id: PodId,
    /// The Job that controls it; [`JobId::NONE`] for a bare pod.
    pub job: JobId,
    /// Completion index; [`NO_INDEX`] for NonIndexed Jobs.
    pub index: u32,
    /// 0-based count of pods of that index, or of that Job: what makes its generated name.
    pub attempt: u32,
    /// Creation.
    pub created: ApiTime,
    /// Bound to a node.
    pub scheduled: bool,
    /// Which, if it is bound.
    pub node: NodeId,
    /// Carries the finalizer `batch.kubernetes.io/job-tracking`.
    pub tracked: bool,
    /// Deletion asked for.
    pub deletion: Option<Deletion>,
    /// Condition DisruptionTarget is True, with this reason.
    pub disruption_target: Option<&'static str>,
    /// Annotation `job-index-failure-count` (with backoffLimitPerIndex only).
    pub failure_count: Option<u32>,
    /// Annotation `job-index-ignored-failure-count`; 0 is not written.
    pub ignored_failure_count: u32,
    /// What the kubelet reported.
    pub status: PodStatus,
}

/// Stands for the completion index of a pod that has none.
pub const NO_INDEX: u32 = u32::MAX;

/// `deletionTimestamp` and grace period of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When it was asked for: `deletionTimestamp` less the grace period.
    pub asked: ApiTime,
    /// Seconds of grace; 0 for a pod that had ended or was not bound.
    pub grace: u32,
}

impl Pod {
    /// Completion index, if it has one.
    pub fn index(&self) -> Option<u32> {
        (self.index != NO_INDEX).then_some(self.index)
    }

    /// Did no Job make it?
    pub fn is_bare(&self) -> bool {
        self.job == JobId::NONE
    }

    /// Neither ended nor being deleted (`IsPodActive`).
    pub fn is_active(&self) -> bool {
        !self.status.phase.is_terminal() && self.deletion.is_none()
    }

    /// Being deleted and not ended (`IsPodTerminating`).
    pub fn is_terminating(&self) -> bool {
        !self.status.phase.is_terminal() && self.deletion.is_some()
    }
}

/// `status` of a pod.
#[derive(Clone, Debug)]
pub struct PodStatus {
    /// Phase.
    pub phase: PodPhase,
    /// Condition Ready.
    pub ready: bool,
    /// When condition Ready last changed; its creation at first.
    pub ready_since: ApiTime,
    /// When the app containers first ran, to the nanosecond: for traces, not in the API.
    pub started: Option<SimTime>,
    /// Restarts of all containers, init containers included.
    pub restarts: u32,
    /// Restarts of the app container that restarted most.
    pub most_restarts: u32,
    /// The latest `finishedAt` of the app containers, if all are terminated.
    pub finished_at: Option<ApiTime>,
    /// The first non-zero last exit code, init containers first; else 0 if an app container ended. Sidecars do not count.
    pub exit_code: Option<i32>,
    /// `state.terminated.exitCode` of the containers that have one: app containers first, in spec order.
    pub exits: ContainerExits,
    /// Why the pod failed as a whole, if it did.
    pub failure: Option<Arc<PodFailure>>,
    /// How many app containers are ready, of how many, and kubectl's word for the state.
    pub view: ContainersView,
    /// Each container for itself, init containers first: kept only if a reader asks for it. No rule looks at it.
    pub containers: Option<Arc<Vec<ContainerDetail>>>,
}

impl PodStatus {
    /// The status of a pod that no kubelet has seen.
    pub fn new(created: ApiTime, containers: u16) -> PodStatus {
        PodStatus {
            phase: PodPhase::Pending,
            ready: false,
            ready_since: created,
            started: None,
            restarts: 0,
            most_restarts: 0,
            finished_at: None,
            exit_code: None,
            exits: ContainerExits::None,
            failure: None,
            view: ContainersView {
                ready: 0,
                total: containers,
                word: ContainersWord::Pending,
                restarts: 0,
                last_restart: None,
            },
            containers: None,
        }
    }
}

impl PodStatus {
    /// Why a kubelet did not take the pod, if one did not: nothing of it has ever been.
    pub fn rejection(&self) -> Option<&PodFailure> {
        self.failure.as_deref().filter(|failure| failure.rejection().is_some())
    }
}

/// Why a pod failed as a whole, whatever its containers ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodFailure {
    /// `status.reason`.
    pub reason: &'static str,
    /// `status.message`.
    pub message: String,
}

/// What the message begins with of a pod that a kubelet never started.
const REJECTED: &str = "Pod was rejected: ";

impl PodFailure {
    /// A kubelet does not take the pod (`rejectPod`).
    pub fn rejected(reason: &'static str, why: &str) -> PodFailure {
        PodFailure { reason, message: format!("{REJECTED}{why}") }
    }

    /// Why a kubelet did not take the pod, if that is what it failed of.
    pub fn rejection(&self) -> Option<&str> {
        self.message.strip_prefix(REJECTED)
    }
}

/// One of `status.containerStatuses`.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerDetail {
    /// What it does now.
    pub now: ContainerNow,
    /// How it ended before it was started again.
    pub last: Option<Termination>,
    /// Starts after the first.
    pub restarts: u32,
    /// It runs, and its probes are content.
    pub ready: bool,
}

/// `state` of a container.
#[derive(Clone, Debug, PartialEq)]
pub enum ContainerNow {
    /// Not running, for this reason.
    Waiting(&'static str),
    /// Running since.
    Running(SimTime),
    /// Ended.
    Terminated(Termination),
}

/// The end of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termination {
    /// Exit code.
    pub code: i32,
    /// When it was started.
    pub started: SimTime,
    /// When it ended.
    pub finished: SimTime,
    /// What the container's status calls it.
    pub reason: TerminatedReason,
}

/// Why a container is terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminatedReason {
    /// Its process ended.
    Exited,
    /// It took more memory than it may.
    OomKilled,
    /// It was removed so that all containers of its pod start again: 137, at no known time.
    RestartingAllContainers,
    /// Its pod ended while it waited to be started: 137, at no known time.
    ContainerStatusUnknown,
}

/// Exit codes of terminated containers. One container is the usual case and needs no allocation.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ContainerExits {
    /// No container is terminated.
    #[default]
    None,
    /// The only container of the pod ended with this code.
    Only(i32),
    /// Several containers.
    Several(Box<[ContainerExit]>),
}

/// The end of one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerExit {
    /// An init container?
    pub init: bool,
    /// Position in its list in the template.
    pub container: u16,
    /// Exit code.
    pub code: i32,
}

/// What kubectl makes of the container statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainersView {
    /// Ready app containers.
    pub ready: u16,
    /// App containers.
    pub total: u16,
    /// The STATUS word, as long as the pod is not being deleted.
    pub word: ContainersWord,
    /// Restarts that RESTARTS counts: of app containers, and of init containers as long as they are at work.
    pub restarts: u32,
    /// When a container that was started again, or will be, last ended.
    pub last_restart: Option<ApiTime>,
}

/// kubectl's STATUS words (`printPod` upstream).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainersWord {
    /// Not seen by a kubelet.
    Pending,
    /// Bound, no container started.
    ContainerCreating,
    /// So many init containers of so many are done, the next is running or about to.
    Init(u16, u16),
    /// An init container failed.
    InitError,
    /// The pod ended while an init container waited for its start.
    InitContainerStatusUnknown,
    /// An init container failed and waits for its next start.
    InitCrashLoopBackOff,
    /// Init containers are done.
    PodInitializing,
    /// A container runs.
    Running,
    /// A container that failed waits for its next start.
    CrashLoopBackOff,
    /// An image could not be pulled.
    ErrImagePull,
    /// An image could not be pulled and is tried again later.
    ImagePullBackOff,
    /// An image that is never to be pulled is not there.
    ErrImageNeverPull,
    /// The kernel ended a container that took more memory than it may.
    OomKilled,
    /// The pod ended while a container waited for its start.
    ContainerStatusUnknown,
    /// The first app container that is not running ended with 0.
    Completed,
    /// .. or with another code.
    Error,
    /// Some have ended with 0, others run.
    NotReady,
}
