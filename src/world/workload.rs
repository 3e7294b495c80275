//! How the pods of this run behave: the scenario's rules, the profile's latencies, the pods' identities, and chance.

use crate::api::job::Job;
use crate::api::meta::{JobId, ObjectName, PodId};
use crate::api::pod::Pod;
use crate::kernel::rng::{Purpose, Streams, mix};
use crate::kernel::time::SimDuration;
use crate::kubelet::Workload;
use crate::scenario::{Profile, Scenario};
use crate::workload::behaviour::{
    Behaviour, JobBehaviour, JobKey, PodKey, ProfileLatencies, default_profile, job_entity, pod_entity,
};

/// What the streams of the profile's latencies are for.
const DECISION: Purpose = Purpose(0x18);
const BIND: Purpose = Purpose(0x19);
const SANDBOX: Purpose = Purpose(0x1a);
const CONTAINER: Purpose = Purpose(0x1b);
const REPORT: Purpose = Purpose(0x1c);

/// The workload of one run. Tables are indexed by the slots of Jobs and pods.
#[derive(Debug)]
pub(super) struct PodWorkload {
    behaviour: Behaviour,
    streams: Streams,
    /// None in the ideal profile.
    latencies: Option<Box<ProfileLatencies>>,
    jobs: Vec<Option<JobWorkload>>,
    pods: Vec<PodIdentity>,
}

#[derive(Clone, Debug)]
struct JobWorkload {
    behaviour: JobBehaviour,
    entity: u64,
    containers: u32,
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
            behaviour: (*scenario.behaviour).clone(),
            streams: Streams::new(seed, replication),
            latencies: (scenario.profile == Profile::Default).then(|| Box::new(default_profile())),
            jobs: Vec::new(),
            pods: Vec::new(),
        }
    }

    /// What the generated names of a Job's pods are drawn from.
    pub(super) fn name_seed(&self, job: &ObjectName) -> u64 {
        mix(job_entity(&job.namespace, &job.name), 0x6e61_6d65)
    }

    pub(super) fn job_added(&mut self, id: JobId, job: &Job) {
        let slot = id.slot as usize;
        if self.jobs.len() <= slot {
            self.jobs.resize(slot + 1, None);
        }
        let (namespace, name) = (&job.name.namespace, &job.name.name);
        let (labels, run) = (&job.spec.template.labels, job.owner.as_ref().map(|owner| owner.run));
        self.jobs[slot] = Some(JobWorkload {
            behaviour: self.behaviour.for_job(&JobKey {
                namespace,
                job: name,
                copy_of: job.copy_of.as_deref(),
                cron_job: job.cron_job().map(|name| &**name),
                run,
                labels,
            }),
            entity: job_entity(namespace, name),
            containers: job.spec.template.containers.len() as u32,
        });
    }

    /// A pod exists from now on; its Job is known.
    pub(super) fn pod_added(&mut self, pod: &Pod) {
        let slot = pod.id.slot as usize;
        let job = self.jobs.get(pod.job.slot as usize).and_then(Option::as_ref).map_or(0, |job| job.entity);
        let entity = pod_entity(job, pod.index(), pod.attempt);
        let identity =
            PodIdentity { id: pod.id, job: pod.job, index: pod.index(), attempt: pod.attempt, entity, reports: 0 };
        if self.pods.len() <= slot {
            self.pods.resize(slot + 1, identity);
        }
        self.pods[slot] = identity;
    }

    fn pod(&self, id: PodId) -> Option<(&JobWorkload, PodIdentity)> {
        let pod = self.pods.get(id.slot as usize).filter(|pod| pod.id == id)?;
        Some((self.jobs.get(pod.job.slot as usize)?.as_ref()?, *pod))
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
        let Some(latencies) = &self.latencies else { return SimDuration::ZERO };
        let mut total = length(latencies.sandbox.sample(&mut self.streams.stream(SANDBOX, entity)));
        for container in 0..containers {
            let own = mix(entity, u64::from(container));
            total = total + length(latencies.container.sample(&mut self.streams.stream(CONTAINER, own)));
        }
        total
    }
}

fn length(nanos: i64) -> SimDuration {
    SimDuration(u64::try_from(nanos).unwrap_or(0))
}

impl Workload for PodWorkload {
    fn startup(&mut self, pod: PodId) -> SimDuration {
        let Some((job, pod)) = self.pod(pod) else { return SimDuration::ZERO };
        let (behaviour, containers) = (job.behaviour.clone(), job.containers);
        let ruled = behaviour.startup(&pod.key(), &mut self.streams);
        ruled.unwrap_or_else(|| self.published_startup(pod.entity, containers))
    }

    fn duration(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration {
        let Some((job, pod)) = self.pod(pod) else { return SimDuration::ZERO };
        job.behaviour.clone().duration(&pod.key(), container, restart, &mut self.streams)
    }

    fn exit_code(&mut self, pod: PodId, container: &str, restart: u32) -> i32 {
        let Some((job, pod)) = self.pod(pod) else { return 0 };
        job.behaviour.clone().exit_code(&pod.key(), container, restart, &mut self.streams)
    }

    fn termination(&mut self, pod: PodId, container: &str, restart: u32) -> SimDuration {
        let Some((job, pod)) = self.pod(pod) else { return SimDuration::ZERO };
        job.behaviour.clone().termination(&pod.key(), container, restart, &mut self.streams).unwrap_or_default()
    }
}
