//! A run reduced to spans of time: all that metrics need, without names, texts or status series.
//!
//! Replications by the million are read with it. Its memory is used again from run to run.

use std::cell::RefCell;

use crate::api::change::{Change, Verb};
use crate::api::job::JobConditionType;
use crate::api::meta::{JobId, NodeId, PodId};
use crate::api::pod::PodPhase;
use crate::apiserver::store::Store;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::Cluster;
use crate::world::observer::{Observer, Reads};

use super::node_gauge::{NodeGauge, Window};
use super::{BARE, Run};

/// A pod's life in instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodSpan {
    /// Position of its Job in [`Gauge::jobs`]; [`BARE`] for a pod that no Job made.
    pub job: u32,
    /// Created.
    pub created: SimTime,
    /// Bound to its node.
    pub scheduled: Option<SimTime>,
    /// App containers first ran.
    pub started: Option<SimTime>,
    /// Its phase became terminal, or else its object went.
    pub ended: Option<SimTime>,
    /// Phase at its end or at the end of the run.
    pub phase: PodPhase,
    /// Restarts of all its containers.
    pub restarts: u32,
}

/// A Job's life in instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobSpan {
    /// Created.
    pub created: SimTime,
    /// Complete or Failed, or else its object went.
    pub ended: Option<SimTime>,
    /// Did it complete?
    pub complete: bool,
}

/// The spans of a run.
#[derive(Clone, Debug, Default)]
pub struct Gauge {
    /// In order of creation.
    pub pods: Vec<PodSpan>,
    /// In order of creation.
    pub jobs: Vec<JobSpan>,
    /// When requests of the controllers were sent that waited for their clients' tokens, and for how long.
    pub token_waits: Vec<(SimTime, SimDuration)>,
    /// Nodes, and what pods on them asked for.
    pub nodes: NodeGauge,
    /// The last instant at which an object was written, or where the run was stopped.
    pub end: SimTime,
    /// The part of the run that these spans are of, where they are not of all of it.
    pub window: Option<Window>,
    /// Positions of the objects in these slots.
    pod_places: Vec<u32>,
    job_places: Vec<u32>,
}

impl Gauge {
    /// For runs in this cluster.
    pub fn in_cluster(cluster: &Cluster) -> Gauge {
        Gauge { nodes: NodeGauge::of_cluster(cluster), ..Gauge::default() }
    }

    /// Forgets what was measured and keeps the memory.
    pub fn clear(&mut self) {
        (self.end, self.window) = (SimTime::ZERO, None);
        self.pods.clear();
        self.jobs.clear();
        self.token_waits.clear();
        self.nodes.clear();
    }

    /// The time that the spans are of: the run, or a part of it.
    pub fn span(&self) -> Window {
        self.window.unwrap_or((SimTime::ZERO, self.end))
    }

    /// The spans of a run that was recorded; how long requests waited is not among what it keeps of each.
    pub fn of_run(run: &Run) -> Gauge {
        let pod = |pod: &super::PodLife| PodSpan {
            job: pod.job,
            created: pod.created,
            scheduled: pod.scheduled,
            started: pod.started,
            ended: pod.finished.or(pod.removed),
            phase: pod.phase,
            restarts: pod.restarts,
        };
        let job = |job: &super::JobLife| JobSpan {
            created: job.created,
            ended: job.finished().or(job.removed),
            complete: job.rows.iter().any(|row| row.status == "Complete"),
        };
        Gauge {
            pods: run.pods.iter().map(pod).collect(),
            jobs: run.jobs.iter().map(job).collect(),
            nodes: NodeGauge::of_run(run),
            end: run.end,
            ..Gauge::default()
        }
    }

    /// The spans of these Jobs, given by their positions in ascending order, and of their pods. Nodes stay as they are.
    pub fn of_jobs(&self, jobs: &[usize]) -> Gauge {
        let place = |pod: &PodSpan| jobs.binary_search(&(pod.job as usize)).ok();
        let pods = self.pods.iter().filter_map(|pod| Some(PodSpan { job: place(pod)? as u32, ..*pod })).collect();
        let jobs = jobs.iter().filter_map(|&job| self.jobs.get(job).copied()).collect();
        Gauge { pods, jobs, ..self.without_spans() }
    }

    /// What is of the run as a whole, to which the spans of a part can be added.
    pub fn without_spans(&self) -> Gauge {
        let (token_waits, nodes, end) = (self.token_waits.clone(), self.nodes.clone(), self.end);
        Gauge { token_waits, nodes, end, ..Gauge::default() }
    }

    fn on_job(&mut self, now: SimTime, id: JobId, verb: Verb, store: &Store) {
        if verb == Verb::Added {
            put(&mut self.job_places, id.slot, self.jobs.len() as u32);
            return self.jobs.push(JobSpan { created: now, ended: None, complete: false });
        }
        let span = &mut self.jobs[self.job_places[id.slot as usize] as usize];
        if span.ended.is_none() {
            if let Some(end) = store.job(id).and_then(|job| job.status.finished()) {
                (span.ended, span.complete) = (Some(now), end.kind == JobConditionType::Complete);
            } else if verb == Verb::Deleted {
                span.ended = Some(now);
            }
        }
    }

    fn on_pod(&mut self, now: SimTime, id: PodId, verb: Verb, store: &Store) {
        let Some(pod) = store.pod(id) else { return };
        if verb == Verb::Added {
            put(&mut self.pod_places, id.slot, self.pods.len() as u32);
            let job = if pod.is_bare() { BARE } else { self.job_places[pod.job.slot as usize] };
            self.pods.push(PodSpan {
                job,
                created: now,
                scheduled: None,
                started: None,
                ended: None,
                phase: PodPhase::Pending,
                restarts: 0,
            });
        }
        let span = &mut self.pods[self.pod_places[id.slot as usize] as usize];
        if pod.scheduled && span.scheduled.is_none() {
            span.scheduled = Some(now);
        }
        (span.started, span.phase, span.restarts) = (pod.status.started, pod.status.phase, pod.status.restarts);
        if span.ended.is_none() && (pod.status.phase.is_terminal() || verb == Verb::Deleted) {
            span.ended = Some(now);
        }
        if pod.scheduled && pod.node != NodeId::WITHOUT_LIMITS {
            self.nodes.on_pod(now, id, pod, verb, store);
        }
    }
}

fn put(places: &mut Vec<u32>, slot: u32, place: u32) {
    let slot = slot as usize;
    if places.len() <= slot {
        places.resize(slot + 1, 0);
    }
    places[slot] = place;
}

impl Observer for Gauge {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        match change {
            Change::CronJob(..) => {}
            Change::Node(id, verb) => self.nodes.on_node(now, id, verb, store),
            Change::Job(id, verb) => self.on_job(now, id, verb, store),
            Change::Pod(id, verb) => self.on_pod(now, id, verb, store),
        }
    }

    fn on_token_wait(&mut self, sent: SimTime, wait: SimDuration) {
        self.token_waits.push((sent, wait));
    }

    fn reads(&self) -> Reads {
        Reads::OBJECTS
    }
}

/// A gauge that can be read while a world holds it.
impl Observer for &RefCell<Gauge> {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        self.borrow_mut().on_change(now, change, store);
    }

    fn on_token_wait(&mut self, sent: SimTime, wait: SimDuration) {
        self.borrow_mut().on_token_wait(sent, wait);
    }

    fn reads(&self) -> Reads {
        self.borrow().reads()
    }
}
