//! Nodes that fail, are repaired, are taken back: what the node life cycle controller does then. While the controller
//! manager is down it does nothing, and what it was waiting for is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use super::event::Event;
use super::nodes::{NodeAlarm, REPAIR};
use crate::api::meta::{ApiTime, NodeId, ObjectId, PodId};
use crate::api::node::{Node, Readiness, Taint, TaintEffect, UNREACHABLE};
use crate::kernel::time::SimDuration;

/// From a node's last sign of life to its being given up: the controller's grace period, and half of the ten seconds
/// between two renewals of its lease before and of the five between two looks at it.
const UNHEARD_AFTER: SimDuration = SimDuration::from_secs(47);
/// .. and from the start of a controller, to which all nodes were alive a moment ago.
const UNHEARD_AFTER_START: SimDuration = SimDuration::from_secs(50);
/// Between two nodes whose pods are evicted (`--node-eviction-rate`), also where more than half of a large zone is away
/// (`--secondary-node-eviction-rate`).
const BETWEEN_EVICTIONS: SimDuration = SimDuration::from_secs(10);
const BETWEEN_FEWER_EVICTIONS: SimDuration = SimDuration::from_secs(100);
/// A zone of more nodes is a large one (`--large-cluster-size-threshold`).
const LARGE_ZONE: u64 = 50;

const ZONE_LABELS: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

/// Region and zone of a node, as its labels say (`GetZoneKey`).
pub(super) type Zone = [Option<Arc<str>>; 2];

/// The nodes of each zone, and those of them that are away.
type Zones = BTreeMap<Zone, (u64, u64)>;

impl World<'_> {
    /// A node's machine stops: nothing on it runs on, and nobody is told.
    pub(super) fn node_fails(&mut self, id: NodeId, rule: Option<u16>) {
        let Some(node) = self.store.standing_node(id).cloned() else { return };
        if self.nodes.is_down(id) {
            return;
        }
        let state = self.nodes.state(id);
        (state.down, state.taint_due) = (true, None);
        state.turn = state.turn.wrapping_add(1);
        let turn = state.turn;
        if let Some(images) = &mut self.images {
            images.node_failed(id);
        }
        self.await_sign_of_life(id, UNHEARD_AFTER);
        let repair = rule.and_then(|rule| self.nodes.settings.failures.get(usize::from(rule))?.repair.clone());
        if let Some(repair) = repair {
            let after = self.nodes.draw(&repair, REPAIR, &node.name, u64::from(turn));
            self.push_housekeeping(self.now + after, Event::Node(id, NodeAlarm::Returns(turn)));
        }
    }

    fn await_sign_of_life(&mut self, id: NodeId, wait: SimDuration) {
        let due = self.now + wait;
        let state = self.nodes.state(id);
        state.due = due;
        let alarm = NodeAlarm::Unheard(state.turn);
        self.push_housekeeping(due, Event::Node(id, alarm));
    }

    /// The node life cycle controller gives a node up: condition Unknown, its pods not ready, taints.
    pub(super) fn node_unheard(&mut self, id: NodeId, turn: u16) {
        if !self.is_turn(id, turn) || self.nodes.state(id).due > self.now {
            return;
        }
        if self.controllers_cannot(Event::Node(id, NodeAlarm::Unheard(turn))) {
            return;
        }
        let Some(node) = self.store.standing_node(id).cloned() else { return };
        let message = format!("Node {} status is now: NodeNotReady", node.name);
        self.record_event(ObjectId::Node(id), false, "NodeNotReady", "node-controller", message);
        let pods: Vec<PodId> = self.pods_on(id);
        for pod in pods {
            if self.store.standing_pod(pod).is_some_and(|pod| pod.status.ready) {
                let now = ApiTime::of(self.now);
                _ = self.store.update_pod_status(pod, |status| {
                    (status.ready, status.ready_since) = (false, now);
                    true
                });
                self.tell();
                self.record_event(ObjectId::Pod(pod), true, "NodeNotReady", "node-controller", "Node is not ready");
            }
        }
        let zones = self.zones(Some(id));
        let (interval, unheard) = (eviction_interval(&zones, &node), ApiTime::of(self.now));
        _ = self.store.update_node(id, |node: &mut Node| {
            (node.ready, node.ready_since) = (Readiness::Unknown, unheard);
            forget_unreachable(node);
            node.taints.push(taint(TaintEffect::NoSchedule));
        });
        self.tell();
        match interval {
            Some(interval) => self.begin_eviction(&node, interval),
            None if are_all_away(&zones) => self.call_evictions_off(),
            None => {}
        }
    }

    /// A node gets the taint that evicts its pods. Of each zone one node at once, then one each interval
    /// (`zoneNoExecuteTainter`).
    fn begin_eviction(&mut self, node: &Node, interval: SimDuration) {
        let next = self.next_eviction.entry(zone_of(node)).or_default();
        let at = (*next).max(self.now);
        *next = at + interval;
        let state = self.nodes.state(node.id);
        state.taint_due = Some(at);
        let turn = state.turn;
        match at == self.now {
            true => self.taint_no_execute(node.id, turn),
            false => self.events.push(at, Event::Node(node.id, NodeAlarm::Taint(turn))),
        }
    }

    /// Its turn has come (`doNoExecuteTaintingPass`).
    pub(super) fn taint_no_execute(&mut self, id: NodeId, turn: u16) {
        let now = self.now;
        let is_due = self.is_turn(id, turn) && self.nodes.state(id).taint_due.is_some_and(|due| due <= now);
        if !is_due || self.controllers_cannot(Event::Node(id, NodeAlarm::Taint(turn))) {
            return;
        }
        self.nodes.state(id).taint_due = None;
        _ = self.store.update_node(id, |node| node.taints.push(taint(TaintEffect::NoExecute)));
        self.tell();
    }

    /// With all zones away it is the control plane that must be cut off: no node keeps the taint (`handleDisruption`).
    fn call_evictions_off(&mut self) {
        self.nodes.states.iter_mut().for_each(|state| state.taint_due = None);
        let tainted: Vec<NodeId> = self.store.nodes().filter(|node| is_evicted(node)).map(|node| node.id).collect();
        for id in tainted {
            _ = self.store.update_node(id, |node| node.taints.retain(|own| *own != taint(TaintEffect::NoExecute)));
            self.tell();
        }
    }

    /// A node has come, come back or gone, and with it a zone's state may have changed: where all are away now evictions
    /// are called off, and where they are no longer spared those get the taint that could not get it before.
    pub(super) fn look_at_zones(&mut self) {
        if self.outages.controllers_are_down() || !self.store.nodes().any(|node| node.ready == Readiness::Unknown) {
            return;
        }
        let zones = self.zones(None);
        if are_all_away(&zones) {
            return self.call_evictions_off();
        }
        let is_due = |node: &Node| self.nodes.states.get(node.id.0 as usize).is_some_and(|of| of.taint_due.is_some());
        let is_spared = |node: &Node| node.ready == Readiness::Unknown && !is_evicted(node) && !is_due(node);
        let spared = self.store.nodes().filter(|node| is_spared(node));
        let due: Vec<(Arc<Node>, SimDuration)> =
            spared.filter_map(|node| Some((node.clone(), eviction_interval(&zones, node)?))).collect();
        // A limiter that let nobody pass begins without a token (`SwapLimiter`).
        for (node, interval) in &due {
            let next = self.next_eviction.entry(zone_of(node)).or_default();
            *next = (*next).max(self.now + *interval);
        }
        for (node, interval) in due {
            self.begin_eviction(&node, interval);
        }
    }

    /// How many nodes each zone has, and how many of them are away, as `also` is about to be.
    fn zones(&self, also: Option<NodeId>) -> Zones {
        let mut zones = Zones::new();
        for node in self.store.nodes() {
            let (all, away) = zones.entry(zone_of(node)).or_default();
            *all += 1;
            *away += u64::from(also == Some(node.id) || node.ready != Readiness::Ready);
        }
        zones
    }

    /// A failed node runs again: its containers are gone. Without an API server its kubelet knows of no pods.
    pub(super) fn node_returns(&mut self, id: NodeId, turn: u16) {
        if !self.is_turn(id, turn) || !self.nodes.is_down(id) || self.defer(Event::Node(id, NodeAlarm::Returns(turn))) {
            return;
        }
        let state = self.nodes.state(id);
        (state.down, state.taint_due) = (false, None);
        state.turn = state.turn.wrapping_add(1);
        let turn = state.turn;
        let (returned, is_seen) = (ApiTime::of(self.now), !self.outages.controllers_are_down());
        let back = |node: &mut Node| {
            // Where nobody had noticed, it has been ready all the time.
            if node.ready != Readiness::Ready {
                (node.ready, node.ready_since) = (Readiness::Ready, returned);
            }
            if is_seen {
                forget_unreachable(node);
            }
        };
        _ = self.store.update_node(id, back);
        self.tell();
        for pod in self.pods_on(id) {
            let deletion = self.store.standing_pod(pod).and_then(|pod| pod.deletion);
            let grace = deletion.map(|deletion| SimDuration::from_secs(deletion.grace.into()));
            let changed = self.kubelet.node_restarted(pod, grace, self.now, &mut self.workload, &mut self.alarms);
            self.set_alarms();
            if changed {
                self.report(pod);
            }
            if self.kubelet.waits_to_start(pod) {
                self.need_images(pod, id);
            }
            // One that was bound to it meanwhile.
            self.pod_modified(pod);
        }
        if let Some(node) = self.store.standing_node(id).cloned() {
            self.draw_failures(&node, turn);
        }
        self.look_at_zones();
    }

    /// The controller manager runs again and knows what it lists alone: nobody has been away or tainted for long.
    pub(super) fn restart_node_controllers(&mut self) {
        self.next_eviction.clear();
        self.nodes.states.iter_mut().for_each(|state| state.taint_due = None);
        self.restart_taint_eviction();
        for node in self.store.nodes().cloned().collect::<Vec<_>>() {
            let id = node.id;
            match (self.nodes.is_down(id), node.ready == Readiness::Unknown) {
                (true, false) => self.await_sign_of_life(id, UNHEARD_AFTER_START),
                (false, false) if node.taints.iter().any(|taint| *taint.key == *UNREACHABLE) => {
                    _ = self.store.update_node(id, forget_unreachable);
                    self.tell();
                }
                _ => {}
            }
        }
        self.look_at_zones();
        self.restart_pod_gc();
    }

    /// The provider warns: the node takes no more pods and is drained, and goes when the time is over.
    pub(super) fn reclaim_warned(&mut self, id: NodeId, rule: u16) {
        if self.store.standing_node(id).is_none() || self.nodes.is_down(id) {
            return;
        }
        let warning = self.nodes.settings.failures.get(usize::from(rule)).and_then(|rule| rule.reclaim);
        self.push_housekeeping(self.now + warning.unwrap_or_default(), Event::Node(id, NodeAlarm::Reclaimed(rule)));
        let message = "the provider takes this node back";
        self.record_event(ObjectId::Node(id), true, "SpotInterruption", "termination-handler", message);
        self.drain(id);
    }

    /// The machine is gone, and with it its object. Its pool may get another in its place.
    pub(super) fn node_taken_back(&mut self, id: NodeId, rule: u16) {
        let state = self.nodes.state(id);
        state.down = true;
        state.turn = state.turn.wrapping_add(1);
        let turn = state.turn;
        if self.defer(Event::Node(id, NodeAlarm::Reclaimed(rule))) {
            return;
        }
        let repair = self.nodes.settings.failures.get(usize::from(rule)).and_then(|rule| rule.repair.clone());
        if let Some((repair, node)) = repair.zip(self.store.standing_node(id).cloned())
            && let Some(pool) = node.pool
        {
            let after = self.nodes.draw(&repair, REPAIR, &node.name, u64::from(turn));
            self.replace_machine(pool, after);
        }
        self.remove_node(id);
    }

    /// A node's object goes; the pod garbage collector finds what stood on it.
    pub(super) fn remove_node(&mut self, id: NodeId) {
        if self.store.delete_node(id).is_err() {
            return;
        }
        self.tell();
        self.look_at_zones();
        self.await_collection(id);
    }

    /// Condition DisruptionTarget, then deletion.
    pub(super) fn disrupt(&mut self, pod: PodId, reason: &'static str) {
        self.disrupt_within(pod, reason, u32::MAX);
    }

    /// The same, with no more seconds of grace than these.
    pub(super) fn disrupt_within(&mut self, pod: PodId, reason: &'static str, grace: u32) {
        if self.store.standing_pod(pod).is_none_or(|pod| pod.status.phase.is_terminal() || pod.deletion.is_some()) {
            return;
        }
        _ = self.store.mark_disrupted(pod, reason);
        self.tell();
        _ = self.store.delete_pod_within(ApiTime::of(self.now), pod, grace);
        self.tell();
    }

    pub(super) fn pods_on(&self, id: NodeId) -> Vec<PodId> {
        let state = self.nodes.states.get(id.0 as usize);
        state.map(|state| state.pods.iter().copied().collect()).unwrap_or_default()
    }

    /// `namespace/name` of a pod.
    pub(super) fn full_name(&self, pod: PodId) -> Option<String> {
        Some(format!("{}/{}", self.store.namespace_of(pod)?, self.store.pod_name(pod)?))
    }

    fn is_turn(&self, id: NodeId, turn: u16) -> bool {
        self.nodes.states.get(id.0 as usize).is_some_and(|state| state.turn == turn)
            && self.store.standing_node(id).is_some()
    }
}

fn zone_of(node: &Node) -> Zone {
    ZONE_LABELS.map(|label| node.label(label).cloned())
}

fn are_all_away(zones: &Zones) -> bool {
    zones.values().all(|(all, away)| away == all)
}

/// What lies between this node, which is away, and the next of which pods are evicted; none: nobody is, where more than
/// half of a small zone is away, or every zone (`ComputeZoneState`).
fn eviction_interval(zones: &Zones, node: &Node) -> Option<SimDuration> {
    let &(all, away) = zones.get(&zone_of(node)).filter(|_| !are_all_away(zones))?;
    let is_partial = away < all && away > 2 && away * 100 >= all * 55;
    match is_partial {
        false => Some(BETWEEN_EVICTIONS),
        true => (all > LARGE_ZONE).then_some(BETWEEN_FEWER_EVICTIONS),
    }
}

/// Nobody says any more that it was away.
fn forget_unreachable(node: &mut Node) {
    node.taints.retain(|taint| &*taint.key != UNREACHABLE);
}

/// Has it the taint by which pods are evicted?
fn is_evicted(node: &Node) -> bool {
    node.taints.contains(&taint(TaintEffect::NoExecute))
}

fn taint(effect: TaintEffect) -> Taint {
    Taint { key: UNREACHABLE.into(), value: "".into(), effect }
}
