//! What people and machines do: submissions, patches, deletions, evictions.

use super::World;
use super::event::Event;
use super::evictions::Eviction;
use super::nodes::NodeAlarm;
use crate::api::meta::{ApiTime, ObjectName, PodId};
use crate::api::node::Node;
use crate::api::request::Refusal;
use crate::apiserver::NewJob;
use crate::apiserver::admission::{self, PatchType};
use crate::kernel::instant::Instant;
use crate::scenario::clockwork::Clocks;
use crate::scenario::decode::ServerDecoder;
use crate::scenario::{Action, Kind, NodeAction, Object};

impl World<'_> {
    pub(super) fn create(&mut self, object: &Object) {
        let now = ApiTime::of(self.now);
        let created = match object {
            Object::CronJob(cron_job) => self.store.create_cron_job(now, (**cron_job).clone()).map(|_| ()),
            Object::Job(job) => {
                let new = NewJob {
                    name: job.name.clone(),
                    copy_of: None,
                    spec: job.spec.clone(),
                    manifest: job.manifest.clone(),
                };
                self.store.create_job(now, new).map(|_| ())
            }
            Object::Pod(pod) => self.store.create_bare_pod(now, pod.clone()).map(|_| ()),
            Object::Node(node) => {
                let (created, machine_since, ready_since) = (now, now, now);
                self.store
                    .create_node(Node { created, machine_since, ready_since, ..Node::clone(node) })
                    .map(|id| self.node_is_there(id))
            }
            Object::DisruptionBudget(budget) => {
                self.budgets.push(budget.clone());
                Ok(())
            }
            Object::PriorityClass(class) => self.store.create_priority_class(class.clone()),
            Object::Quota(quota) => self.store.create_quota(quota.clone()),
            Object::LimitRange(range) => {
                self.store.create_limit_range(range.clone());
                Ok(())
            }
        };
        match created {
            Ok(()) => {}
            Err(Refusal::Forbidden(why)) => self.note(why.into()),
            Err(_) => {
                let (resource, name) = object.identity();
                self.note(format!("{resource} \"{}\" already exists: it was not created again", name.name));
            }
        }
    }

    pub(super) fn note(&mut self, note: String) {
        for observer in &mut self.observers {
            observer.on_note(self.now, &note);
        }
    }

    pub(super) fn act(&mut self, position: usize) {
        let action = self.actions[position].action.clone();
        if self.outages.api_is_down()
            && !matches!(action, Action::Outage { .. } | Action::Node { what: NodeAction::Outage(_), .. })
        {
            return self.note(format!("action {position} failed: the API server is down"));
        }
        match action {
            Action::Outage { component, length } => self.begin_outage(component, length),
            Action::Node { name, what } => self.act_on_node(&name, what),
            Action::Patch { kind: Kind::Job, name, merge } => self.patch_job(&name, &merge),
            Action::Delete { kind: Kind::Job, name } => self.delete_job(&name),
            Action::Evict { job, nth } => self.evict(&job, nth),
            Action::DeletePod { job, nth } => {
                if let Some(pod) = self.nth_pod(&job, nth, "deletePod") {
                    _ = self.store.delete_pod(ApiTime::of(self.now), pod);
                }
            }
            Action::Apply { objects, .. } => {
                for object in &objects {
                    self.create(object);
                    self.tell();
                }
            }
            Action::Patch { kind: Kind::CronJob, name, merge } => self.patch_cron_job(&name, &merge),
            Action::Delete { kind: Kind::CronJob, name } => match self.store.find_cron_job(&name) {
                Some(id) => _ = self.store.delete_cron_job(id),
                None => self.missing("delete", "cronjobs", &name),
            },
        }
    }

    fn missing(&mut self, action: &str, resource: &str, name: &ObjectName) {
        self.note(format!("{action}: {resource}.batch \"{}\" not found in namespace {}", name.name, name.namespace));
    }

    fn act_on_node(&mut self, name: &str, what: NodeAction) {
        let Some(node) = self.store.find_node(name) else {
            return self.note(format!("nodes \"{name}\" not found"));
        };
        match what {
            NodeAction::Cordon => self.cordon(node, true),
            NodeAction::Uncordon => self.cordon(node, false),
            NodeAction::Taint(change) => {
                let Some(mut taints) = self.store.node(node).map(|node| node.taints.clone()) else { return };
                match change.apply(name, &mut taints) {
                    Ok(()) => _ = self.store.update_node(node, |node| node.taints = taints),
                    Err(why) => self.note(why),
                }
                self.tell();
            }
            NodeAction::Drain => self.drain(node),
            NodeAction::Delete => self.remove_node(node),
            NodeAction::Outage(length) => {
                self.node_fails(node, None);
                if let Some(length) = length {
                    let turn = self.nodes.state(node).turn;
                    self.push_housekeeping(self.now + length, Event::Node(node, NodeAlarm::Returns(turn)));
                }
            }
        }
    }

    /// Whoever asked for an eviction is told that it was refused.
    pub(super) fn answer_to_eviction(&mut self, pod: PodId, answer: Eviction) {
        let why = match answer {
            Eviction::Done => return,
            Eviction::TooManyRequests => "Cannot evict pod as it would violate the pod's disruption budget.",
            Eviction::Failed => {
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            }
        };
        let name = self.full_name(pod).unwrap_or_default();
        self.note(format!("eviction of pod {name} refused: {why}"));
    }

    /// A JSON merge patch, judged as by the API server; a refused one changes nothing.
    fn patch_job(&mut self, name: &ObjectName, merge: &serde_json::Value) {
        let Some(id) = self.store.find_job(name) else { return self.missing("patch", "jobs", name) };
        let served = self.store.served_job(id, |time| self.timestamp(time));
        let (Some(job), Some(served)) = (self.store.job(id), served) else { return };
        let decoder = ServerDecoder(&self.kubernetes);
        match admission::patch_job(&served, merge, &decoder, &job.status, &self.rules) {
            Ok(admitted) => _ = self.store.update_job(id, admitted.manifest),
            Err(refusal) => self.note(format!("patch of Job {name} refused: {refusal}")),
        }
    }

    fn patch_cron_job(&mut self, name: &ObjectName, merge: &serde_json::Value) {
        let Some(id) = self.store.find_cron_job(name) else { return self.missing("patch", "cronjobs", name) };
        let Some(served) = self.store.served_cron_job(id, |time| self.timestamp(time)) else { return };
        let how = PatchType::Merge(&ServerDecoder(&self.kubernetes));
        match admission::patch_cron_job(how, &served, merge, &Clocks, &self.rules) {
            Ok(admitted) => _ = self.store.update_cron_job(id, admitted.manifest),
            Err(refusal) => self.note(format!("patch of CronJob {name} refused: {refusal}")),
        }
    }

    /// A time as manifests have it.
    fn timestamp(&self, time: ApiTime) -> serde_json::Value {
        Instant::of(self.start, time.instant()).rfc3339(0).into()
    }

    fn delete_job(&mut self, name: &ObjectName) {
        match self.store.find_job(name) {
            Some(id) => _ = self.store.delete_job(ApiTime::of(self.now), id, false),
            None => self.missing("delete", "jobs", name),
        }
    }

    /// The eviction API on the nth pod of a Job.
    fn evict(&mut self, job: &ObjectName, nth: u32) {
        let Some(pod) = self.nth_pod(job, nth, "evict") else { return };
        let answer = self.evict_pod(pod);
        self.answer_to_eviction(pod, answer);
    }

    /// The Job's `nth` pod that has neither ended nor been deleted, by creation, index and attempt.
    fn nth_pod(&mut self, job: &ObjectName, nth: u32, action: &str) -> Option<PodId> {
        let Some(id) = self.store.find_job(job) else {
            self.missing(action, "jobs", job);
            return None;
        };
        let mut pods: Vec<_> = self.store.pods_of(id).filter(|pod| pod.is_active()).collect();
        pods.sort_by_key(|pod| (pod.created, pod.index, pod.attempt));
        let pod = pods.get(nth as usize).map(|pod| pod.id);
        if pod.is_none() {
            self.note(format!("{action}: Job {job} has no pod {nth} that runs or starts"));
        }
        pod
    }
}
