//! Pods on their way to a node.

use super::World;
use super::event::Event;
use crate::api::change::Verb;
use crate::api::meta::{NodeId, PodId};

impl World<'_> {
    /// A pod that was created is to be bound: at once or after the profile's latencies where there are no nodes, by its
    /// manifest, or by the scheduler.
    pub(super) fn pod_is_new(&mut self, id: PodId) {
        if self.nodes.exist {
            match self.store.bare_pod(id).and_then(|bare| bare.node.clone()) {
                Some(node) => self.bind_by_manifest(id, &node),
                None => self.scheduler_sees_pod(id, Verb::Added),
            }
            return;
        }
        match self.workload.scheduling(id) {
            None => self.bind(id, NodeId::WITHOUT_LIMITS),
            Some(delay) => self.events.push(self.now + delay, Event::Bind(id, NodeId::WITHOUT_LIMITS)),
        }
    }

    fn bind_by_manifest(&mut self, id: PodId, node: &str) {
        match self.store.find_node(node) {
            Some(node) => self.bind(id, node),
            None => {
                let name = self.full_name(id).unwrap_or_default();
                self.note(format!("pod {name} names node \"{node}\", which there is not: it stays where it is"));
            }
        }
    }

    /// The binding of a pod takes effect, as soon as it can.
    pub(super) fn bind(&mut self, pod: PodId, node: NodeId) {
        if self.defer(Event::Bind(pod, node)) {
            return;
        }
        if self.store.bind(pod, node).is_ok() && node != NodeId::WITHOUT_LIMITS {
            self.nodes.state(node).pods.insert(pod);
        }
    }

    pub(super) fn scheduler_sees_pod(&mut self, _id: PodId, _verb: Verb) {}

    pub(super) fn scheduler_sees_node(&mut self, _id: NodeId, _verb: Verb) {}
}
