//! How the pods of this run behave: the scenario's rules, the profile's latencies, the pods' identities, and chance.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::job::Job;
use crate::api::meta::{JobId, ObjectName, PodId};
use crate::api::pod::{Container, Pod, PodTemplate, RestartPolicy};
use crate::apiserver::BarePod;
use crate::kernel::rng::{Purpose, Streams, entity, mix};
use crate::kernel::time::SimDuration;
use crate::kubelet::{FOR_EVER, Workload};
use crate::scenario::{Cluster, Profile, Scenario};
use crate::workload::behaviour::{
    Behaviour, JobBehaviour, JobKey, PodKey, ProfileLatencies, default_profile, pod_entity,
};

/// What the streams of the profile's latencies are for.
const DECISION: Purpose = Purpose(0x18);
const BIND: Purpose = Purpose(0x19);
const SANDBOX: Purpose = Purpose(0x1a);
const CONTAINER: Purpose = Purpose(0x1b);
const REPORT: Purpose = Purpose(0x1c);
const PULL: Purpose = Purpose(0x1d);
const LOOK: Purpose = Purpose(0x1e);

/// A kubelet sees what the runtime does this often.
const RELIST: SimDuration = SimDuration::from_secs(1);

/// The workload of one run. Tables are indexed by the slots of Jobs and pods.
#[derive(Debug)]
pub(super) struct PodWorkload {
    behaviour: Arc<Behaviour>,
    streams: Streams,
    cluster: Arc<Cluster>,
    /// None in the ideal profile.
    latencies: Option<Box<ProfileLatencies>>,
    jobs: Vec<Option<JobWorkload>>,
    /// Those of the run before, if it went by the same rules: most come again, each in its place.
    former: Vec<Option<JobWorkload>>,
    /// Of bare pods that are alike.
    bare: Vec<JobWorkload>,
    kinds_of_bare: BTreeMap<BareKind, u32>,
    pods: Vec<PodIdentity>,
}

/// What the rules of a bare pod depend on: namespace, labels, and how many containers it has.
type BareKind = (Arc<str>, Vec<(Arc<str>, Arc<str>)>, usize);

/// Marks the place of a bare pod's rules where that of its Job stands.
const BARE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct JobWorkload {
    name: ObjectName,
    behaviour: JobBehaviour,
    template: Arc<PodTemplate>,
    indexed: bool,
    entity: u64,
    containers: u32,
}

impl JobWorkload {
    /// Is this Job the same object of the same scenario? Copies and Jobs of CronJobs are told apart by more.
    fn is_of(&self, job: &Job) -> bool {
        job.owner.is_none()
            && job.copy_of.is_none()
            && Arc::ptr_eq(&self.name.name, &job.name.name)
            && Arc::ptr_eq(&self.name.namespace, &job.name.namespace)
            && Arc::ptr_eq(&self.template, &job.spec.template)
            && self.indexed == job.spec.is_indexed()
    }
}

#[derive(Clone, Copy, Debug)]
struct PodIdentity {
    id: PodId,
    job: JobId,
    index: Option<u32>,
    attempt: u32,
    entity: u64,
    reports: u32,
}

impl PodIdentity {
    fn key(&self) -> PodKey<'_> {
        PodKey { index: self.index, attempt: self.attempt, node: None, entity: self.entity }
    }
}

impl PodWorkload {
    pub(super) fn new(scenario: &Scenario, seed: u64, replication: u32) -> PodWorkload {
        PodWorkload {
            behaviour: scenario.behaviour.clone(),
            streams: Streams::new(seed, replication),
            cluster: scenario.cluster.clone(),
            latencies: (scenario.profile == Profile::Default).then(|| Box::new(default_profile())),
            jobs: Vec::new(),
            former: Vec::new(),
            bare: Vec::new(),
            kinds_of_bare: BTreeMap::new(),
            pods: Vec::new(),
        }
    }

    /// The same again for another scenario, or for another replication of the same.
    pub(super) fn begin_again(&mut self, scenario: &Scenario, seed: u64, replication: u32) {
        if Arc::ptr_eq(&self.behaviour, &scenario.behaviour) {
            std::mem::swap(&mut self.jobs, &mut self.former);
        } else {
            (self.behaviour, self.former) = (scenario.behaviour.clone(), Vec::new());
        }
        self.jobs.clear();
        self.bare.clear();
        self.kinds_of_bare.clear();
        self.pods.clear();
        self.streams = Streams::new(seed, replication);
        self.cluster = scenario.cluster.clone();
        self.latencies = match scenario.profile {
            Profile::Default => self.latencies.take().or_else(|| Some(Box::new(default_profile()))),
            Profile::Ideal => None,
        };
    }

    pub(super) fn job_added(&mut self, id: JobId, job: &Job) {
        let slot = id.slot as usize;
        if self.jobs.len() <= slot {
            self.jobs.resize(slot + 1, None);
        }
        let former = self.former.get_mut(slot).and_then(Option::take);
        if former.as_ref().is_some_and(|former| former.is_of(job)) {
            self.jobs[slot] = former;
            return;
        }
        let (namespace, name) = (&job.name.namespace, &job.name.name);
        let (labels, run) = (&job.spec.template.labels, job.owner.as_ref().map(|owner| owner.run));
        self.jobs[slot] = Some(JobWorkload {
            name: job.name.clone(),
            behaviour: self.behaviour.for_job(&JobKey {
                namespace,
                job: name,
                copy_of: job.copy_of.as_deref(),
                cron_job: job.cron_job().map(|name| &**name),
                run,
                labels,
            }),
            template: job.spec.template.clone(),
            indexed: job.spec.is_indexed(),
            entity: job.identity,
            containers: job.spec.template.containers.len() as u32,
        });
    }

    /// A pod exists from now on; its Job is known.
    pub(super) fn pod_added(&mut self, pod: &Pod) {
        let job = self.jobs.get(pod.job.slot as usize).and_then(Option::as_ref).map_or(0, |job| job.entity);
        self.add(pod, pod.job, job);
    }

    /// A pod that no Job made exists from now on.
    pub(super) fn bare_pod_added(&mut self, pod: &Pod, bare: &BarePod) {
        let (namespace, template) = (&bare.name.namespace, &bare.template);
        let kind = (namespace.clone(), template.labels.clone(), template.containers.len());
        let next = self.bare.len() as u32;
        let place = *self.kinds_of_bare.entry(kind).or_insert(next);
        if place == next {
            let key = JobKey { namespace, job: "", copy_of: None, cron_job: None, run: None, labels: &template.labels };
            self.bare.push(JobWorkload {
                name: bare.name.clone(),
                behaviour: self.behaviour.for_job(&key),
                template: template.clone(),
                indexed: false,
                entity: 0,
                containers: template.containers.len() as u32,
            });
        }
        self.add(pod, JobId { slot: place, uid: BARE }, bare.identity());
    }

    fn add(&mut self, pod: &Pod, job: JobId, entity: u64) {
        let slot = pod.id.slot as usize;
        let entity = pod_entity(entity, pod.index(), pod.attempt);
        let identity = PodIdentity { id: pod.id, job, index: pod.index(), attempt: pod.attempt, entity, reports: 0 };
        if self.pods.len() <= slot {
            self.pods.resize(slot + 1, identity);
        }
        self.pods[slot] = identity;
    }

    /// What a pod's draws are looked up by.
    pub(super) fn identity(&self, id: PodId) -> u64 {
        self.pods.get(id.slot as usize).map_or(0, |pod| pod.entity)
    }

    fn pod(&self, id: PodId) -> Option<PodIdentity> {
        self.pods.get(id.slot as usize).filter(|pod| pod.id == id).copied()
    }

    /// The pod, the rules that hold for it, and what is drawn from.
    fn drawing(&mut self, id: PodId) -> Option<(&JobWorkload, PodIdentity, &mut Streams)> {
        let pod = self.pod(id)?;
        let workload = match pod.job.uid {
            BARE => self.bare.get(pod.job.slot as usize),
            _ => self.jobs.get(pod.job.slot as usize)?.as_ref(),
        };
        Some((workload?, pod, &mut self.streams))
    }

    /// How long a Job lasts whose pods follow each other in so many waves, and whether all of them succeed.
    pub(super) fn waves(&mut self, id: JobId, waves: u32) -> (SimDuration, bool) {
        let mut sum = (SimDuration::ZERO, true);
        let Some(job) = self.jobs.get(id.slot as usize).and_then(Option::clone) else { return sum };
        for wave in 0..waves {
            let (index, attempt) = if job.indexed { (Some(wave), 0) } else { (None, wave) };
            let entity = pod_entity(job.entity, index, attempt);
            let pod = PodKey { index, attempt, node: None, entity };
            let startup = job.behaviour.startup(&pod, &mut self.streams);
            let startup = startup.unwrap_or_else(|| self.published_startup(entity, job.containers));
            let (length, well) = self.wave(&job, &pod);
            sum = (sum.0 + startup + length, sum.1 && well);
        }
        sum
    }

    /// Init containers one after the other, then the app containers side by side.
    fn wave(&mut self, job: &JobWorkload, pod: &PodKey<'_>) -> (SimDuration, bool) {
        let (behaviour, streams) = (&job.behaviour, &mut self.streams);
        let mut run = |container: &Container| {
            let well = behaviour.exit_code(pod, &container.name, 0, streams) == 0;
            (behaviour.duration(pod, &container.name, 0, streams), well)
        };
        let (mut length, mut longest, mut well) = (SimDuration::ZERO, SimDuration::ZERO, true);
        for (time, good) in job.template.init_containers.iter().map(&mut run) {
            (length, well) = (length + time, well && good);
        }
        for (time, good) in job.template.containers.iter().map(&mut run) {
            (longest, well) = (longest.max(time), well && good);
        }
        (length + longest, well)
    }

    /// Creation to binding; none: bound as it is created.
    pub(super) fn scheduling(&mut self, pod: PodId) -> Option<SimDuration> {
        let latencies = self.latencies.as_ref()?;
        let entity = self.pods[pod.slot as usize].entity;
        let decision = latencies.decision.sample(&mut self.streams.stream(DECISION, entity));
        let bind = latencies.bind.sample(&mut self.streams.stream(BIND, entity));
        Some(length(decision) + length(bind))
    }

    /// A change in a pod to the API server's knowing of it; none: at once.
    pub(super) fn reporting(&mut self, pod: PodId) -> Option<SimDuration> {
        let latencies = self.latencies.as_ref()?;
        let identity = &mut self.pods[pod.slot as usize];
        identity.reports += 1;
        let entity = mix(identity.entity, u64::from(identity.reports));
        Some(length(latencies.report.sample(&mut self.streams.stream(REPORT, entity))))
    }

    /// Sandbox, then the containers one after the other.
    fn published_startup(&mut self, entity: u64, containers: u32) -> SimDuration {
        let (kubelet, published) = (&self.cluster.kubelet, self.latencies.as_deref());
        let mut total = SimDuration::ZERO;
        if let Some(sandbox) = kubelet.sandbox.as_ref().or(published.map(|latencies| &latencies.sandbox)) {
            total = length(sandbox.sample(&mut self.streams.stream(SANDBOX, entity)));
        }
        if let Some(start) = kubelet.container_start.as_ref().or(published.map(|latencies| &latencies.container)) {
            for container in 0..containers {
                let own = mix(entity, u64::from(container));
                total = total + length(start.sample(&mut self.streams.stream(CONTAINER, own)));
            }
        }
        total
    }

    /// Thousandths of processors and bytes of memory that a pod's containers use while they run, the memory at its most:
    /// by the rules, and what they request where none says.
    pub(super) fn usage(&mut self, pod: PodId, template: &PodTemplate) -> (i64, i64) {
        let Some((job, pod, streams)) = self.drawing(pod) else { return (0, 0) };
        let (behaviour, key) = (&job.behaviour, pod.key());
        let sidecars = template.init_containers.iter().filter(|container| container.sidecar);
        let (mut cpu_m, mut memory_b) = (0_i64, 0_i64);
        for container in template.containers.iter().chain(sidecars) {
            let requests = &container.resources.requests;
            let cpu = behaviour.cpu(&key, &container.name, 0, streams);
            let memory = behaviour.memory(&key, &container.name, 0, streams);
            let memory = memory.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
            cpu_m += cpu.unwrap_or_else(|| requests.get("cpu").map_or(0, |cpu| cpu.milli_value()));
            let memory = memory.unwrap_or_else(|| requests.get("memory").map_or(0, |memory| memory.value()));
            memory_b = memory_b.saturating_add(memory);
        }
        (cpu_m, memory_b)
    }
}

fn length(nanos: i64) -> SimDuration {
    SimDuration(u64::try_from(nanos).unwrap_or(0))
}

impl Workload for PodWorkload {
    fn startup(&mut self, pod: PodId) -> SimDuration {
        let Some((job, pod, streams)) = self.drawing(pod) else { return SimDuration::ZERO };
        let (ruled, containers) = (job.behaviour.startup(&pod.key(), streams), job.containers);
        ruled.unwrap_or_else(|| self.published_startup(pod.entity, containers))
    }

    fn duration(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration {
        let Some((job, pod, streams)) = self.drawing(pod) else { return SimDuration::ZERO };
        // Pods that are always restarted are services, and their app containers run on where no rule says otherwise.
        if job.template.restart_policy == RestartPolicy::Always
            && job.template.containers.iter().any(|app| *app.name == *container)
        {
            let ruled = job.behaviour.ruled_duration(&pod.key(), container, restart, streams, |_| true);
            return ruled.unwrap_or(FOR_EVER);
        }
        job.behaviour.duration(&pod.key(), container, restart, streams)
    }

    fn exit_code(&mut self, pod: PodId, container: &str, restart: u32) -> i32 {
        let Some((job, pod, streams)) = self.drawing(pod) else { return 0 };
        job.behaviour.exit_code(&pod.key(), container, restart, streams)
    }

    fn termination(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration {
        let Some((job, pod, streams)) = self.drawing(pod) else { return SimDuration::ZERO };
        job.behaviour.termination(&pod.key(), container, restart, streams).unwrap_or_default()
    }

    fn sidecar_duration(&mut self, pod: PodId, container: &str, restart: u32) -> Option<SimDuration> {
        let (job, pod, streams) = self.drawing(pod)?;
        // A rule for all containers is not meant for those that run beside them.
        job.behaviour.ruled_duration(&pod.key(), container, restart, streams, |of| of.container.is_some())
    }

    fn memory(&mut self, pod: PodId, container: &str, restart: u32) -> Option<u64> {
        let (job, pod, streams) = self.drawing(pod)?;
        job.behaviour.memory(&pod.key(), container, restart, streams)
    }

    fn storage(&mut self, pod: PodId, container: &str, restart: u32) -> Option<u64> {
        let (job, pod, streams) = self.drawing(pod)?;
        job.behaviour.storage(&pod.key(), container, restart, streams)
    }

    fn ready_after(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration {
        let Some((job, pod, streams)) = self.drawing(pod) else { return SimDuration::ZERO };
        job.behaviour.ready_after(&pod.key(), container, restart, streams)
    }

    fn pull_latency(&mut self, pod: PodId, image: &str) -> SimDuration {
        let Some(pod) = self.pod(pod) else { return SimDuration::ZERO };
        let entity = mix(pod.entity, entity(&[b"image", image.as_bytes()]));
        let Some(latency) = self.cluster.registry.as_ref().map(|registry| &registry.latency) else {
            return SimDuration::ZERO;
        };
        length(latency.sample(&mut self.streams.stream(PULL, entity)))
    }

    fn look(&mut self, pod: PodId, container: &str, restart: u32, number: u32, wait: SimDuration) -> SimDuration {
        if self.latencies.is_none() {
            return wait;
        }
        let Some(pod) = self.pod(pod) else { return wait };
        let what = entity(&[b"crash", container.as_bytes(), &restart.to_le_bytes(), &number.to_le_bytes()]);
        let unit = self.streams.stream(LOOK, mix(pod.entity, what)).unit();
        let most = if number == 0 { RELIST } else { SimDuration(wait.0 / 2) };
        wait + SimDuration((unit * most.0 as f64) as u64)
    }

    fn container_start(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration {
        let Some(pod) = self.pod(pod) else { return SimDuration::ZERO };
        let published = self.latencies.as_deref().map(|latencies| &latencies.container);
        let Some(start) = self.cluster.kubelet.container_start.as_ref().or(published) else { return SimDuration::ZERO };
        let what = entity(&[b"again", container.as_bytes(), &restart.to_le_bytes()]);
        length(start.sample(&mut self.streams.stream(CONTAINER, mix(pod.entity, what))))
    }

    fn next_look(&mut self, pod: PodId, number: u32) -> SimDuration {
        let Some(pod) = self.pod(pod) else { return SimDuration::ZERO };
        let unit = self.streams.stream(LOOK, mix(pod.entity, u64::from(number))).unit();
        SimDuration((unit * 6e9) as u64)
    }
}
