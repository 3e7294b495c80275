//! What the scheduler is told: nodes, pods, budgets, and whom that wakes.

use super::cluster::KnownPod;
use super::decision::{Budget, NewPod, Termination};
use super::preemption::BudgetState;
use super::queue::ClusterEvent;
use super::{LabelList, Scheduler, Shape};
use crate::api::meta::{ApiTime, NodeId, PodId};
use crate::api::node::Node;
use crate::kernel::time::SimTime;

impl Scheduler {
    /// A node is there.
    pub fn node_added(&mut self, id: NodeId, node: &Node, now: SimTime) {
        self.node_updated(id, node, now);
    }

    /// A node changed.
    pub fn node_updated(&mut self, id: NodeId, node: &Node, now: SimTime) {
        let old = self.cluster.set_node(id, node);
        let Some(new) = self.cluster.node(id).map(|node| node.facts.clone()) else { return };
        match old {
            None => self.notice(&ClusterEvent::NodeAdded(new), None, now),
            Some(old) if old != new => self.notice(&ClusterEvent::NodeUpdated { old, new }, None, now),
            Some(_) => {}
        }
    }

    /// A node is gone. Its pods stay where they are until someone deletes them.
    pub fn node_removed(&mut self, id: NodeId, now: SimTime) {
        let Some(facts) = self.cluster.present(id).map(|node| node.facts.clone()) else { return };
        self.notice(&ClusterEvent::NodeDeleted(facts), None, now);
        self.cluster.remove_node(id);
    }

    /// A pod is there, bound or to be scheduled. Pods of other schedulers count once they are bound.
    pub fn pod_added(&mut self, new: NewPod, now: SimTime) {
        let NewPod { id, shape, identity, node, nominated, started, terminating } = new;
        let nominated = nominated.filter(|_| node.is_none());
        let pod =
            KnownPod { id, shape: shape.clone(), identity, node, assumed: false, nominated, started, terminating };
        let (other_scheduler, priority) = (shape.other_scheduler, shape.priority);
        let (least, highest) = self.priorities.unwrap_or((priority, priority));
        self.priorities = Some((least.min(priority), highest.max(priority)));
        self.cluster.add_pod(pod);
        if node.is_some() {
            self.notice(&ClusterEvent::PodAdded(shape), None, now);
        } else if !other_scheduler {
            self.queue.add(id, shape, now);
        }
    }

    /// A pod's binding is seen, whoever made it.
    pub fn pod_bound(&mut self, id: PodId, node: NodeId, now: SimTime) {
        let Some(pod) = self.cluster.pod_mut(id) else { return };
        pod.assumed = false;
        let shape = pod.shape.clone();
        if pod.node != Some(node) {
            self.cluster.displace(id);
            self.cluster.nominate(id, None);
            self.cluster.place(id, node);
        } else {
            self.cluster.pod_updated(id, node);
        }
        self.notice(&ClusterEvent::PodAdded(shape), None, now);
        self.queue.delete(id);
    }

    /// A pod could not be bound: it gives its place back and tries again later, if it is still there.
    pub fn binding_failed(&mut self, id: PodId, now: SimTime) {
        let shape = if let Some(at) = self.ghosts.iter().position(|(ghost, ..)| *ghost == id) {
            let (_, shape, node) = self.ghosts.swap_remove(at);
            self.cluster.remove_ghost(&shape, node);
            shape
        } else if let Some(at) = self.unbound.iter().position(|(gone, _)| *gone == id) {
            self.unbound.swap_remove(at).1
        } else if let Some(pod) = self.cluster.pod(id).filter(|pod| pod.assumed) {
            let shape = pod.shape.clone();
            self.cluster.displace(id);
            shape
        } else {
            return;
        };
        self.notice(&ClusterEvent::PodDeleted { shape, bound: true }, None, now);
        self.queue.binding_failed(id, now);
    }

    /// A pod's labels, tolerations, gates or requests changed: it has another shape.
    pub fn pod_changed(&mut self, id: PodId, new: Shape, now: SimTime) {
        let Some(pod) = self.cluster.pod(id) else { return };
        let (old, node) = (pod.shape.clone(), pod.node);
        if old.number() == new.number() {
            return;
        }
        self.cluster.displace(id);
        if let Some(pod) = self.cluster.pod_mut(id) {
            pod.shape = new.clone();
        }
        if let Some(node) = node {
            self.cluster.place(id, node);
        }
        let bound = node.is_some();
        let event = ClusterEvent::PodUpdated { pod: id, old, new: new.clone(), bound };
        if bound {
            self.notice(&event, None, now);
        } else {
            self.queue.update(&event, id, &new, now, &self.cluster);
        }
    }

    /// The kubelet wrote a pod's `status.startTime`.
    pub fn pod_started(&mut self, id: PodId, started: ApiTime) {
        if let Some(pod) = self.cluster.pod_mut(id) {
            pod.started = Some(started);
        }
    }

    /// A pod is being deleted. It still takes its place.
    pub fn pod_terminating(&mut self, id: PodId, why: Termination) {
        self.cluster.terminate(id, why);
        self.queue.is_to_go(id);
    }

    /// Something else than a failed attempt changed `status.nominatedNodeName`.
    pub fn pod_nominated(&mut self, id: PodId, node: Option<NodeId>, now: SimTime) {
        let Some(pod) = self.cluster.pod(id).filter(|pod| pod.node.is_none()).cloned() else { return };
        if pod.nominated != node {
            self.cluster.nominate(id, node);
            if pod.nominated.is_some() {
                self.lost_promise(&pod, now);
            }
        }
    }

    /// A pod has ended or is gone.
    pub fn pod_gone(&mut self, id: PodId, now: SimTime) {
        let Some(pod) = self.cluster.remove_pod(id) else { return };
        self.queue.delete(id);
        if pod.assumed {
            self.unbound.push((id, pod.shape.clone()));
        }
        if pod.node.is_some() {
            self.notice(&ClusterEvent::PodDeleted { shape: pod.shape, bound: true }, None, now);
        } else if pod.nominated.is_some() {
            self.lost_promise(&pod, now);
        }
    }

    /// All victims of a pod but the last were told to go, and the last one will be now.
    pub fn preemption_done(&mut self, id: PodId) {
        self.queue.has_preempted(id);
    }

    /// The disruption budgets as their controller sees them.
    pub fn set_budgets(&mut self, budgets: &[Budget]) {
        let symbols = &mut self.cluster.symbols;
        let state = |budget: &Budget| BudgetState {
            namespace: symbols.of(&budget.namespace),
            selector: budget.selector.as_ref().map(|selector| symbols.selector(selector)),
            allowed: budget.allowed,
            disrupted: budget.disrupted.clone(),
        };
        self.budgets = budgets.iter().map(state).collect();
        self.refusals.clear();
    }

    /// A namespace and its labels, `kubernetes.io/metadata.name` among them.
    pub fn set_namespace(&mut self, name: &str, labels: &LabelList) {
        self.cluster.set_namespace(name, labels);
    }

    /// The Services: namespace and selector of each. Their pods are spread by default.
    pub fn set_services(&mut self, services: &[super::cluster::ServiceSelector]) {
        self.cluster.set_services(services);
    }
}
