//! The pod garbage collector: it ends pods that no kubelet will end, those of nodes that are gone or never came, and those
//! that were never bound.

use std::sync::Arc;

use super::World;
use super::event::Event;
use super::nodes::{Awaited, NodeAlarm};
use crate::api::meta::{ApiTime, NodeId, PodId};
use crate::api::pod::{Pod, PodPhase};
use crate::kernel::time::{SimDuration, SimTime};

/// It looks this often, and leaves a node that is gone alone for this long.
const COLLECTION: SimDuration = SimDuration::from_secs(20);
const QUARANTINE: SimDuration = SimDuration::from_secs(60);

/// Condition DisruptionTarget of pods whose node is gone.
const ORPHAN: Option<&str> = Some("DeletionByPodGC");

impl World<'_> {
    /// When it acts on a node that it finds missing from now on.
    fn quarantine_over(&self) -> SimTime {
        let since = self.outages.controllers_since;
        since + SimDuration(self.now.since(since).0.div_ceil(COLLECTION.0) * COLLECTION.0) + QUARANTINE
    }

    /// A node's object has gone.
    pub(super) fn await_collection(&mut self, id: NodeId) {
        if self.nodes.state(id).pods.is_empty() {
            return;
        }
        let due = self.quarantine_over();
        self.nodes.state(id).due = due;
        self.events.push(due, Event::Node(id, NodeAlarm::CollectOrphans));
    }

    /// A pod that is not bound is to go.
    pub(super) fn await_collection_of(&mut self, pod: PodId) {
        let next = self.outages.round_after(self.now, COLLECTION);
        self.events.push(next, Event::CollectUnbound(pod));
    }

    /// Pods end whose node is gone (`gcOrphaned`).
    pub(super) fn collect_orphans(&mut self, id: NodeId) {
        let is_early = self.nodes.state(id).due > self.now;
        if is_early || self.controllers_cannot(Event::Node(id, NodeAlarm::CollectOrphans)) {
            return;
        }
        for pod in self.pods_on(id) {
            self.collect(pod, ORPHAN);
        }
    }

    /// .. or that are being deleted and name no node (`gcUnscheduledTerminating`).
    pub(super) fn collect_unbound(&mut self, pod: PodId) {
        let names_no_node = self.store.template_of(pod).is_some_and(|template| template.node_name.is_none());
        let is_unbound = self.store.standing_pod(pod).is_some_and(|pod| !pod.scheduled);
        if is_unbound && names_no_node && !self.controllers_cannot(Event::CollectUnbound(pod)) {
            self.collect(pod, None);
        }
    }

    /// A pod names a node that there is not, which has as long to come as one that is gone has to come back.
    pub(super) fn await_node(&mut self, pod: PodId, name: Arc<str>) {
        let until = self.quarantine_over();
        let awaited = self.nodes.awaited.entry(name).or_default();
        if awaited.pods.is_empty() {
            awaited.until = until;
            self.events.push(until, Event::AwaitedInVain);
        }
        awaited.pods.push(pod);
    }

    /// Nodes that pods name have not come.
    pub(super) fn collect_awaiting(&mut self) {
        if self.controllers_cannot(Event::AwaitedInVain) {
            return;
        }
        let is_due = |awaited: &Awaited| awaited.until <= self.now && !awaited.pods.is_empty();
        let due = self.nodes.awaited.iter().filter(|(_, awaited)| is_due(awaited));
        for name in due.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            let Some(awaited) = self.nodes.awaited.get_mut(&name) else { continue };
            let pods = std::mem::take(&mut awaited.pods);
            let is_news = !std::mem::replace(&mut awaited.noted, true);
            let stands = |pod: &&PodId| self.store.standing_pod(**pod).is_some();
            if let Some(pod) = pods.iter().find(stands).and_then(|&pod| self.full_name(pod)).filter(|_| is_news) {
                let why = "which there is not: the pod garbage collector ends it";
                self.note(format!("pod {pod} names node \"{name}\", {why}"));
            }
            pods.into_iter().for_each(|pod| self.collect(pod, ORPHAN));
        }
    }

    /// `markFailedAndDeletePodWithCondition`.
    fn collect(&mut self, pod: PodId, disruption: Option<&'static str>) {
        let Some(has_ended) = self.store.standing_pod(pod).map(|pod| pod.status.phase.is_terminal()) else { return };
        if !has_ended {
            if let Some(reason) = disruption {
                _ = self.store.mark_disrupted(pod, reason);
            }
            _ = self.store.update_pod_status(pod, |status| {
                (status.phase, status.ready) = (PodPhase::Failed, false);
                true
            });
            self.tell();
        }
        // By force: no kubelet will end it.
        _ = self.store.delete_pod_within(ApiTime::of(self.now), pod, 0);
        self.tell();
    }

    /// Its process is new: what is gone has just gone, as far as it knows.
    pub(super) fn restart_pod_gc(&mut self) {
        let until = self.quarantine_over();
        for awaited in self.nodes.awaited.values_mut().filter(|awaited| !awaited.pods.is_empty()) {
            awaited.until = until;
            self.events.push(until, Event::AwaitedInVain);
        }
        for id in (0..self.nodes.states.len() as u32).map(NodeId) {
            if self.store.standing_node(id).is_none() {
                self.await_collection(id);
            }
        }
        let is_to_go = |pod: &Pod| !pod.scheduled && pod.deletion.is_some() && !pod.status.phase.is_terminal();
        let unbound =
            self.store.pod_ids().into_iter().filter(|&pod| self.store.standing_pod(pod).is_some_and(is_to_go));
        for pod in unbound.collect::<Vec<_>>() {
            self.events.push(self.now, Event::CollectUnbound(pod));
        }
    }
}
