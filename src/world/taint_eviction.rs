//! The taint eviction controller: pods that do not put up with a NoExecute taint of their node are deleted, at once or
//! when the time is over for which they do (`pkg/controller/tainteviction`). What it planned is lost with its process.

use std::collections::BTreeMap;

use super::World;
use super::event::Event;
use crate::api::meta::{ApiTime, NodeId, ObjectId, PodId};
use crate::api::node::{Taint, TaintEffect};
use crate::api::scheduling::{DEFAULT_TOLERATION_SECONDS, tolerated_by_default};
use crate::controllers::rate_limiter::RateLimiter;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::ControlPlane;

const SOURCE: &str = "taint-eviction-controller";
const REASON: &str = "TaintManagerEviction";

/// What the controller knows.
#[derive(Debug)]
pub(super) struct TaintEviction {
    /// The NoExecute taints of the nodes that have some (`taintedNodes`).
    tainted: BTreeMap<NodeId, Vec<Taint>>,
    /// Evictions to come (`TimedWorkerQueue`).
    planned: BTreeMap<PodId, Plan>,
    client: Option<RateLimiter>,
    latency: SimDuration,
    events_share_client: bool,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Since when it is planned.
    created: SimTime,
    /// What comes next, and when: alarms for anything else are those of a plan, or a process, that is gone.
    next: (EvictionStep, SimTime),
}

impl Plan {
    /// Nothing calls it off once it is being carried out.
    fn is_begun(&self) -> bool {
        self.next.0 != EvictionStep::Due
    }
}

/// How far an eviction has come: its requests follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionStep {
    /// The time is over that the pod was given.
    Due,
    /// The pod was read.
    Read,
    /// It has the condition DisruptionTarget.
    Marked,
    /// It was deleted.
    Deleted,
}

impl TaintEviction {
    pub(super) fn new(control_plane: &ControlPlane) -> TaintEviction {
        TaintEviction {
            tainted: BTreeMap::new(),
            planned: BTreeMap::new(),
            client: control_plane.qps.map(|qps| RateLimiter::new(qps, control_plane.burst)),
            latency: control_plane.api_latency,
            events_share_client: control_plane.events_share_client,
        }
    }

    /// When a request that is made now takes effect.
    fn request(&mut self, now: SimTime) -> SimTime {
        now + self.client.as_mut().map_or(SimDuration::ZERO, |client| client.reserve(now)) + self.latency
    }
}

impl World<'_> {
    /// A node has come or changed (`handleNodeUpdate`).
    pub(super) fn taint_eviction_sees(&mut self, id: NodeId) {
        if self.outages.controllers_are_down() {
            return;
        }
        let Some(node) = self.store.standing_node(id) else { return };
        let no_execute = |taint: &&Taint| taint.effect == TaintEffect::NoExecute;
        let known = self.taint_eviction.tainted.get(&id).map_or(&[][..], Vec::as_slice);
        if node.taints.iter().filter(no_execute).eq(known) {
            return;
        }
        let taints: Vec<Taint> = node.taints.iter().filter(no_execute).cloned().collect();
        if taints.is_empty() {
            self.taint_eviction.tainted.remove(&id);
            return self.pods_on(id).into_iter().for_each(|pod| self.cancel_eviction(pod));
        }
        self.taint_eviction.tainted.insert(id, taints.clone());
        for pod in self.pods_on(id) {
            self.process_pod(pod, &taints);
        }
    }

    /// A node has gone; what is planned for its pods stays planned.
    pub(super) fn taint_eviction_forgets(&mut self, id: NodeId) {
        self.taint_eviction.tainted.remove(&id);
    }

    /// A pod was bound to a node (`handlePodUpdate`).
    pub(super) fn taint_eviction_sees_pod(&mut self, pod: PodId, node: NodeId) {
        if let Some(taints) = self.taint_eviction.tainted.get(&node).cloned() {
            self.process_pod(pod, &taints);
        }
    }

    /// Plans the eviction of a pod, puts it off or calls it off (`processPodOnNode`).
    fn process_pod(&mut self, pod: PodId, taints: &[Taint]) {
        let wait = match self.tolerance(pod, taints) {
            Tolerance::None => SimDuration::ZERO,
            Tolerance::ForEver => return self.cancel_eviction(pod),
            // What was planned earlier stands, be the new time sooner or later.
            Tolerance::For(_) if self.taint_eviction.planned.get(&pod).is_some_and(|plan| plan.created < self.now) => {
                return;
            }
            Tolerance::For(wait) => wait,
        };
        self.cancel_eviction(pod);
        self.plan_eviction(pod, wait);
    }

    fn plan_eviction(&mut self, pod: PodId, wait: SimDuration) {
        // One that has begun goes on.
        if self.taint_eviction.planned.contains_key(&pod) {
            return;
        }
        let due = self.now + wait;
        self.taint_eviction.planned.insert(pod, Plan { created: self.now, next: (EvictionStep::Due, due) });
        match wait {
            SimDuration::ZERO => self.evict_by_taint(pod, EvictionStep::Due),
            _ => self.events.push(due, Event::TaintEviction(pod, EvictionStep::Due)),
        }
    }

    /// Nothing is planned for a pod any more, unless that has begun (`cancelWorkWithEvent`).
    pub(super) fn cancel_eviction(&mut self, pod: PodId) {
        if self.taint_eviction.planned.get(&pod).is_none_or(Plan::is_begun) {
            return;
        }
        self.taint_eviction.planned.remove(&pod);
        if let Some(name) = self.full_name(pod) {
            let message = format!("Cancelling deletion of Pod {name}");
            self.record_event(ObjectId::Pod(pod), false, REASON, SOURCE, message);
        }
    }

    /// An eviction goes on (`addConditionAndDeletePod`), as far as it comes at this instant.
    pub(super) fn evict_by_taint(&mut self, pod: PodId, mut step: EvictionStep) {
        loop {
            let Some(plan) = self.taint_eviction.planned.get(&pod) else { return };
            let is_stale = plan.next.0 != step || plan.next.1 > self.now;
            if is_stale || self.controllers_cannot(Event::TaintEviction(pod, step)) {
                return;
            }
            let next = match step {
                EvictionStep::Due => {
                    self.tell_of_eviction(pod);
                    EvictionStep::Read
                }
                EvictionStep::Read => EvictionStep::Marked,
                EvictionStep::Marked => {
                    _ = self.store.mark_disrupted(pod, "DeletionByTaintManager");
                    self.tell();
                    EvictionStep::Deleted
                }
                EvictionStep::Deleted => {
                    _ = self.store.delete_pod(ApiTime::of(self.now), pod);
                    self.taint_eviction.planned.remove(&pod);
                    return self.tell();
                }
            };
            // A pod that has gone meanwhile is not found.
            if self.store.standing_pod(pod).is_none() {
                self.taint_eviction.planned.remove(&pod);
                return;
            }
            let at = self.taint_eviction.request(self.now);
            if let Some(plan) = self.taint_eviction.planned.get_mut(&pod) {
                plan.next = (next, at);
            }
            if at > self.now {
                return self.events.push(at, Event::TaintEviction(pod, next));
            }
            step = next;
        }
    }

    fn tell_of_eviction(&mut self, pod: PodId) {
        let Some(name) = self.full_name(pod) else { return };
        self.record_event(ObjectId::Pod(pod), false, REASON, SOURCE, format!("Marking for deletion Pod {name}"));
        if self.taint_eviction.events_share_client {
            self.taint_eviction.request(self.now);
        }
    }

    /// Its process is new: it knows what it lists alone.
    pub(super) fn restart_taint_eviction(&mut self) {
        for id in self.store.nodes().map(|node| node.id).collect::<Vec<_>>() {
            self.taint_eviction_sees(id);
        }
    }

    /// Is an eviction planned, so that its alarm matters?
    pub(super) fn is_to_be_evicted(&self, pod: PodId) -> bool {
        self.taint_eviction.planned.contains_key(&pod)
    }

    /// How long a pod puts up with all of these taints (`GetMatchingTolerations`, `getMinTolerationTime`).
    fn tolerance(&self, pod: PodId, taints: &[Taint]) -> Tolerance {
        let Some(template) = self.store.template_of(pod) else { return Tolerance::ForEver };
        let own = &template.scheduling.tolerations;
        let mut least: Option<SimDuration> = None;
        for taint in taints {
            // Of several that hold the first counts.
            let used = own.iter().find(|own| own.tolerates(&taint.key, &taint.value, taint.effect));
            let wait = match used {
                Some(used) => used.seconds.map(|seconds| SimDuration::from_secs(u64::try_from(seconds).unwrap_or(0))),
                None if tolerated_by_default(own).any(|key| *key == *taint.key) => {
                    Some(SimDuration::from_secs(DEFAULT_TOLERATION_SECONDS.into()))
                }
                None => return Tolerance::None,
            };
            least = least.into_iter().chain(wait).min();
        }
        least.map_or(Tolerance::ForEver, Tolerance::For)
    }
}

/// How long a pod puts up with taints.
enum Tolerance {
    None,
    For(SimDuration),
    ForEver,
}
