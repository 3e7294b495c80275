//! Pods on their way to a node: what the scheduler is told, and what becomes of its decisions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use super::event::Event;
use super::settling::{Refused, Tries};
use crate::api::change::Verb;
use crate::api::disruption::PodDisruptionBudget;
use crate::api::meta::{ApiTime, NodeId, ObjectId, PodId};
use crate::api::names::{Numbered, uid};
use crate::api::pod::PodTemplate;
use crate::controllers::rate_limiter::RateLimiter;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::{Component, Scenario};
use crate::scheduler::{Budget, NewPod, Outcome, Scheduler, Shape, Termination, TieBreak};

/// Who records what the scheduler does.
const SOURCE: &str = "default-scheduler";
/// An event's message is cut at this length.
const LONGEST_MESSAGE: usize = 1024;
/// Why a pod of lower priority goes.
const PREEMPTION: &str = "PreemptionByScheduler";

/// The scheduler, its client, and what it was told.
#[derive(Debug)]
pub(super) struct Scheduling {
    pub(super) scheduler: Scheduler,
    /// By template, which its place in memory stands for, and namespace. The template is kept so that the place is its.
    shapes: BTreeMap<(usize, Arc<str>), (Arc<PodTemplate>, Shape)>,
    client: Option<RateLimiter>,
    latency: SimDuration,
    /// When it has asked to be woken.
    alarm: Option<SimTime>,
    /// What it knows of the pod in each slot.
    told: Vec<Option<Told>>,
    /// Pods that found no node.
    pub(super) unschedulable: BTreeMap<PodId, Refused>,
    /// How often all pods were refused that are alike, and when last, by the scheduler's number of that.
    pub(super) refused_alike: BTreeMap<u32, (Tries, SimTime)>,
    /// Version of the store at which it was told what disruption budgets allow.
    budgets_told: Option<u64>,
    /// Pods that wait for others to make room on a node.
    pub(super) nominated: BTreeMap<PodId, NodeId>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    pod: PodId,
    bound: bool,
    terminating: bool,
    gone: bool,
}

impl Scheduling {
    pub(super) fn new(scenario: &Scenario, seed: u64, replication: u32, first: bool) -> Scheduling {
        let control_plane = &scenario.control_plane;
        let ties = match first {
            true => TieBreak::First,
            false => TieBreak::Drawn(Box::new(Streams::new(seed, replication))),
        };
        Scheduling {
            scheduler: Scheduler::new(ties),
            shapes: BTreeMap::new(),
            client: control_plane.scheduler_qps.map(|qps| RateLimiter::new(qps, control_plane.scheduler_burst)),
            latency: control_plane.api_latency,
            alarm: None,
            told: Vec::new(),
            unschedulable: BTreeMap::new(),
            refused_alike: BTreeMap::new(),
            budgets_told: None,
            nominated: BTreeMap::new(),
        }
    }

    fn told(&mut self, pod: PodId) -> Option<&mut Told> {
        self.told.get_mut(pod.slot as usize)?.as_mut().filter(|told| told.pod == pod)
    }

    fn shape(&mut self, namespace: &Arc<str>, template: &Arc<PodTemplate>) -> Shape {
        let key = (Arc::as_ptr(template) as usize, namespace.clone());
        if let Some((_, shape)) = self.shapes.get(&key) {
            return shape.clone();
        }
        let shape = self.scheduler.shape(namespace, &template.labels, template);
        self.shapes.insert(key, (template.clone(), shape.clone()));
        shape
    }

    /// The pod is none of the scheduler's any more.
    fn forget(&mut self, pod: PodId) {
        self.unschedulable.remove(&pod);
        self.nominated.remove(&pod);
    }
}

impl World<'_> {
    /// A pod that was created is to be bound: at once or after the profile's latencies where there are no nodes, by its
    /// manifest, or by the scheduler.
    pub(super) fn pod_is_new(&mut self, id: PodId) {
        if self.nodes.exist {
            match self.store.template_of(id).and_then(|template| template.node_name.clone()) {
                Some(node) => self.bind_by_manifest(id, node),
                None => self.scheduler_sees_pod(id, Verb::Added),
            }
            return;
        }
        match self.workload.scheduling(id) {
            None => self.bind(id, NodeId::WITHOUT_LIMITS),
            Some(delay) => self.events.push(self.now + delay, Event::Bind(id, NodeId::WITHOUT_LIMITS)),
        }
    }

    fn bind_by_manifest(&mut self, id: PodId, name: Arc<str>) {
        match self.store.find_node(&name) {
            Some(node) => self.bind_by_hand(id, node),
            None => self.await_node(id, name),
        }
    }

    /// A pod that names its node is bound to it: the node is there.
    pub(super) fn bind_by_hand(&mut self, id: PodId, node: NodeId) {
        // The scheduler has no hand in it, and says nothing.
        self.scheduler_sees_pod(id, Verb::Added);
        if self.store.bind(id, node).is_ok() {
            self.nodes.state(node).bound_by_hand = true;
            self.is_placed(id, node);
        }
    }

    /// Says of pods that still wait for the node that they name, unless that was said.
    pub(super) fn note_awaited_nodes(&mut self) {
        for (node, awaited) in std::mem::take(&mut self.nodes.awaited) {
            let stands = |pod: &&PodId| !awaited.noted && self.store.standing_pod(**pod).is_some();
            let Some(name) = awaited.pods.iter().find(stands).and_then(|&pod| self.full_name(pod)) else { continue };
            self.note(format!("pod {name} names node \"{node}\", which there is not: it waits for it"));
        }
    }

    /// The binding of a pod takes effect, as soon as it can.
    pub(super) fn bind(&mut self, pod: PodId, node: NodeId) {
        if self.defer(Event::Bind(pod, node)) {
            return;
        }
        // Of a pod that is to go it is refused (`setPodNodeAndMetadata`).
        let stays = self.store.standing_pod(pod).is_some_and(|pod| pod.deletion.is_none());
        let written = stays && self.store.bind(pod, node).is_ok();
        if node == NodeId::WITHOUT_LIMITS {
            return;
        }
        if !written {
            return self.scheduling.scheduler.binding_failed(pod, self.now);
        }
        self.is_placed(pod, node);
        let name = self.full_name(pod).unwrap_or_default();
        let node_name = self.store.node(node).map(|node| node.name.clone()).unwrap_or_else(|| "".into());
        let message = format!("Successfully assigned {name} to {node_name}");
        self.record_event(ObjectId::Pod(pod), false, "Scheduled", SOURCE, message);
    }

    fn is_placed(&mut self, pod: PodId, node: NodeId) {
        self.nodes.state(node).pods.insert(pod);
        self.scheduling.forget(pod);
        self.taint_eviction_sees_pod(pod, node);
    }

    // ---- what it is told ----

    pub(super) fn scheduler_sees_pod(&mut self, id: PodId, verb: Verb) {
        let now = self.now;
        let Some(pod) = self.store.pod(id) else { return };
        if verb == Verb::Added {
            let (Some(namespace), Some(template)) = (self.store.namespace_of(id), self.store.template_of(id)) else {
                return;
            };
            let (node, identity) = (pod.scheduled.then_some(pod.node), self.workload.identity(id));
            let shape = self.scheduling.shape(namespace, template);
            let terminating = Termination::No;
            let new = NewPod { id, shape, identity, node, nominated: None, started: None, terminating };
            let told = &mut self.scheduling.told;
            if told.len() <= id.slot as usize {
                told.resize(id.slot as usize + 1, None);
            }
            told[id.slot as usize] = Some(Told { pod: id, bound: node.is_some(), terminating: false, gone: false });
            self.scheduling.scheduler.pod_added(new, now);
            return;
        }
        let (bound, over) = (pod.scheduled, verb == Verb::Deleted || pod.status.phase.is_terminal());
        let (node, deleted) = (pod.node, pod.deletion.is_some());
        let preempted = pod.disruption_target == Some(PREEMPTION);
        let Some(told) = self.scheduling.told(id) else { return };
        let before = *told;
        told.bound |= bound;
        told.terminating |= deleted;
        told.gone |= over;
        let scheduler = &mut self.scheduling.scheduler;
        if bound && !before.bound && !over {
            scheduler.pod_bound(id, node, now);
            scheduler.pod_started(id, ApiTime::of(now));
        }
        if deleted && !before.terminating && !before.gone {
            let why = if preempted { Termination::Preempted } else { Termination::Deleted };
            scheduler.pod_terminating(id, why);
        }
        if over && !before.gone {
            scheduler.pod_gone(id, now);
            self.scheduling.forget(id);
            self.wake_autoscaler(false);
        }
        if verb == Verb::Deleted {
            if let Some(state) = self.nodes.states.get_mut(node.0 as usize) {
                state.pods.remove(&id);
            }
            self.scheduling.told[id.slot as usize] = None;
            self.cancel_eviction(id);
        }
    }

    pub(super) fn scheduler_sees_node(&mut self, id: NodeId, verb: Verb) {
        let Some(node) = self.store.node(id) else { return };
        let scheduler = &mut self.scheduling.scheduler;
        match verb {
            Verb::Added => scheduler.node_added(id, node, self.now),
            Verb::Modified => scheduler.node_updated(id, node, self.now),
            Verb::Deleted => scheduler.node_removed(id, self.now),
        }
    }

    // ---- what it decides ----

    /// The scheduler looks at the next pod. Returns false if there is none.
    pub(super) fn schedule_next(&mut self) -> bool {
        if !self.nodes.exist || self.outages.is_down(Component::Scheduler) || self.outages.api_is_down() {
            return false;
        }
        let scheduler = &self.scheduling.scheduler;
        if !self.budgets.is_empty() && scheduler.may_preempt() && scheduler.is_ready() {
            self.tell_budgets();
        }
        let scheduler = &mut self.scheduling.scheduler;
        if scheduler.next_alarm().is_some_and(|at| at <= self.now) {
            scheduler.on_alarm(self.now);
        }
        if scheduler.begin(self.now).is_none() {
            self.await_scheduler();
            return false;
        }
        let decision = scheduler.finish(self.now);
        match decision.outcome {
            Outcome::Bind(node) => self.send_binding(decision.pod, node),
            Outcome::Unschedulable { message, nomination, displaced, victims } => {
                // A pod that is refused once more changes nothing that is read of it.
                let is_news = !self.scheduling.unschedulable.contains_key(&decision.pod);
                if self.pod_is_refused(decision.pod, &message) {
                    self.record_event(ObjectId::Pod(decision.pod), true, "FailedScheduling", SOURCE, cut(&message));
                }
                if let Some(node) = nomination {
                    self.nominate(decision.pod, node);
                }
                displaced.into_iter().for_each(|pod| self.nominate(pod, None));
                self.preempt(decision.pod, &victims);
                while let Some(number) = self.scheduling.scheduler.refuse_alike(self.now) {
                    self.all_are_refused(number);
                }
                self.wake_autoscaler(is_news);
            }
        }
        self.tell();
        true
    }

    fn nominate(&mut self, pod: PodId, node: Option<NodeId>) {
        match node {
            Some(node) => _ = self.scheduling.nominated.insert(pod, node),
            None => _ = self.scheduling.nominated.remove(&pod),
        }
        self.observers.iter_mut().for_each(|observer| observer.on_nomination(pod, node));
    }

    /// Tells the scheduler what its disruption budgets allow by now.
    fn tell_budgets(&mut self) {
        let version = Some(self.store.version());
        if self.scheduling.budgets_told != version {
            let budgets: Vec<Budget> = self.budgets.iter().map(|budget| self.budget_of_scheduler(budget)).collect();
            self.scheduling.scheduler.set_budgets(&budgets);
            self.scheduling.budgets_told = version;
        }
    }

    fn budget_of_scheduler(&self, budget: &PodDisruptionBudget) -> Budget {
        let allowed = i32::try_from(self.budget_state(budget).allowed).unwrap_or(i32::MAX);
        let (namespace, selector) = (budget.name.namespace.clone(), budget.selector.clone());
        Budget { namespace, selector, allowed, disrupted: Vec::new() }
    }

    /// Sets the alarm that the scheduler asks for.
    fn await_scheduler(&mut self) {
        let next = self.scheduling.scheduler.next_alarm().filter(|&at| at > self.now);
        if let Some(at) = next
            && self.scheduling.alarm.is_none_or(|known| at < known || known <= self.now)
        {
            self.scheduling.alarm = Some(at);
            self.push_housekeeping(at, Event::Schedule);
        }
    }

    /// The binding waits for a token of the scheduler's client and for the API server.
    fn send_binding(&mut self, pod: PodId, node: NodeId) {
        let token = self.scheduling.client.as_mut().map_or(SimDuration::ZERO, |client| client.reserve(self.now));
        let delay = token + self.scheduling.latency + self.workload.scheduling(pod).unwrap_or(SimDuration::ZERO);
        match delay {
            SimDuration::ZERO => self.bind(pod, node),
            _ => self.events.push(self.now + delay, Event::Bind(pod, node)),
        }
    }

    /// Pods of lower priority go: the condition, then the deletion; the last one once all others were sent.
    fn preempt(&mut self, preemptor: PodId, victims: &[PodId]) {
        for (at, &victim) in victims.iter().enumerate() {
            let node = self.store.pod(victim).and_then(|pod| self.store.node(pod.node)).map(|node| node.name.clone());
            let by = uid(Numbered::Pod, preemptor.uid.into());
            let message = format!("Preempted by pod {by} on node {}", node.as_deref().unwrap_or(""));
            if at + 1 == victims.len() {
                self.scheduling.scheduler.preemption_done(preemptor);
            }
            self.record_event(ObjectId::Pod(victim), false, "Preempted", SOURCE, message);
            self.disrupt(victim, PREEMPTION);
        }
    }
}

/// An event's message is not longer than the API server takes.
fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        None => message.to_owned(),
        Some(_) => message.chars().take(LONGEST_MESSAGE - 4).collect::<String>() + " ...",
    }
}
