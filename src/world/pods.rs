//! Pods between the API server and the kubelet: binding, starting, reporting, termination.

use std::sync::Arc;

use super::World;
use super::event::Event;
use crate::api::change::Verb;
use crate::api::meta::{NodeId, ObjectId, PodId};
use crate::api::pod::{PodFailure, PodPhase};
use crate::kernel::time::SimDuration;
use crate::kubelet::Alarm;

impl World<'_> {
    pub(super) fn tell_pod(&mut self, id: PodId, verb: Verb) {
        let Some(pod) = self.store.pod(id) else { return };
        if verb == Verb::Added {
            match self.store.bare_pod(id) {
                Some(bare) => self.workload.bare_pod_added(pod, bare),
                None => self.workload.pod_added(pod),
            }
        }
        if pod.is_bare() || self.outages.controllers_are_down() {
            // No controller looks after bare pods, and those that are down list all others when they are up again.
        } else if self.control_plane.watchers_lag() {
            let pod = pod.clone();
            self.deliver_pod_later(verb, pod);
        } else {
            self.controllers.on_pod(pod, verb, self.store.version(), self.now, &mut self.outbox);
        }
        self.quotas_see_pod(id, verb);
        match verb {
            Verb::Added => {
                self.pod_is_new(id);
                self.collect_orphaned_pod(id);
            }
            Verb::Modified => {
                if self.nodes.exist {
                    self.scheduler_sees_pod(id, verb);
                }
                self.pod_modified(id);
            }
            Verb::Deleted => {
                if self.nodes.exist {
                    self.scheduler_sees_pod(id, verb);
                }
                self.kubelet.forget(id);
                if let Some(images) = &mut self.images {
                    images.forget(id);
                }
            }
        }
    }

    /// The kubelet of its node sees a pod that was bound or is to be deleted.
    pub(super) fn pod_modified(&mut self, id: PodId) {
        let Some(pod) = self.store.standing_pod(id) else { return };
        let (now, deletion, is_known) = (self.now, pod.deletion, self.kubelet.knows(id));
        let is_news = !is_known || deletion.is_some();
        if !pod.scheduled && deletion.is_some() && !pod.status.phase.is_terminal() {
            return self.await_collection_of(id);
        }
        if !pod.scheduled || !is_news || self.nodes.is_down(pod.node) {
            return;
        }
        if !is_known {
            if pod.status.phase.is_terminal() {
                return;
            }
            let (node, created) = (pod.node, pod.created);
            if let Some(failure) = self.refused_by_kubelet(id, node) {
                return self.reject(id, failure);
            }
            let Some(template) = self.store.template_of(id) else { return };
            self.kubelet.admit(id, template.clone(), created, now, &mut self.alarms);
            if deletion.is_none() {
                self.need_images(id, node);
            }
        }
        if let Some(deletion) = deletion.filter(|_| !self.is_pulling(id)) {
            let grace = SimDuration::from_secs(u64::from(deletion.grace));
            let changed = self.kubelet.terminate(id, grace, now, &mut self.workload, &mut self.alarms);
            if let Some(pod) = changed {
                self.report(pod);
            }
        }
        self.set_alarms();
    }

    /// Pods that the scheduler has placed fit, unless others have come to the node beside it.
    fn refused_by_kubelet(&self, id: PodId, node: NodeId) -> Option<PodFailure> {
        if !self.nodes.states.get(node.0 as usize)?.bound_by_hand {
            return None;
        }
        let is_active = |pod: &PodId| self.kubelet.knows(*pod) && self.counts(*pod);
        let others: Vec<PodId> = self.pods_on(node).into_iter().filter(is_active).collect();
        self.scheduling.scheduler.refused_by_kubelet(id, node, &others)
    }

    /// The pod fails before anything of it has started (`rejectPod`).
    fn reject(&mut self, id: PodId, failure: PodFailure) {
        let why = failure.rejection().unwrap_or_default();
        self.record_event(ObjectId::Pod(id), true, failure.reason, "kubelet", why);
        _ = self.store.update_pod_status(id, |status| {
            (status.phase, status.failure) = (PodPhase::Failed, Some(Arc::new(failure)));
            true
        });
    }

    pub(super) fn kubelet_alarm(&mut self, alarm: Alarm) {
        if self.nodes.exist && self.is_on_dead_node(alarm.pod()) {
            return;
        }
        if matches!(alarm, Alarm::Pulled(_) | Alarm::PullBackOff(_) | Alarm::PullAgain(_)) {
            return self.image_alarm(alarm);
        }
        if matches!(alarm, Alarm::Deadline(pod) if self.is_pulling(pod)) {
            return;
        }
        let changed = self.kubelet.on_alarm(alarm, self.now, &mut self.workload, &mut self.alarms);
        self.set_alarms();
        if let Some(pod) = changed {
            self.report(pod);
        }
        if let Alarm::Start(pod) = alarm {
            self.catch_up(pod);
        }
    }

    /// A deletion and a deadline are heeded once nothing is pulled any more.
    pub(super) fn catch_up(&mut self, pod: PodId) {
        if self.images.is_none() {
            return;
        }
        if self.kubelet.is_late(pod, self.now) {
            self.kubelet_alarm(Alarm::Deadline(pod));
        }
        self.pod_modified(pod);
    }

    fn is_on_dead_node(&self, pod: PodId) -> bool {
        self.store.pod(pod).is_some_and(|pod| self.nodes.is_down(pod.node))
    }

    pub(super) fn set_alarms(&mut self) {
        if self.alarms.is_empty() {
            return;
        }
        for (at, alarm) in self.alarms.drain(..) {
            self.events.push(at, Event::Kubelet(alarm));
        }
    }

    /// Something changed in the pod; the API server knows when the kubelet's report arrives.
    pub(super) fn report(&mut self, pod: PodId) {
        match self.workload.reporting(pod) {
            None => self.report_now(pod),
            Some(delay) => self.events.push(self.now + delay, Event::Report(pod)),
        }
    }

    pub(super) fn report_now(&mut self, pod: PodId) {
        if self.defer(Event::Report(pod)) || (self.nodes.exist && self.is_on_dead_node(pod)) {
            return;
        }
        let (kubelet, now, mut starts) = (&mut self.kubelet, self.now, false);
        let written = self.store.update_pod_status(pod, |status| {
            let had_started = status.started.is_some();
            let changed = kubelet.write_status(pod, now, status);
            starts = status.started.is_some() && !had_started;
            changed
        });
        if self.nodes.exist && starts && written.is_ok() {
            self.tell_use(pod);
        }
    }

    /// Tells the observers what a pod uses from now on.
    fn tell_use(&mut self, pod: PodId) {
        let Some(template) = self.store.template_of(pod).cloned() else { return };
        let (cpu_m, memory_b) = self.workload.usage(pod, &template);
        for observer in &mut self.observers {
            observer.on_use(pod, cpu_m, memory_b);
        }
    }
}
