//! The pods among the stored objects: created for Jobs, bound, reported on, released, deleted.

use std::sync::Arc;

use super::bare_pods::BarePod;
use super::job_table::JobRecord;
use super::pod_admission::{Denied, Policies};
use super::quota::{Quotas, Release};
use super::store::Store;
use crate::api::change::{Change, Verb};
use crate::api::job::Job;
use crate::api::meta::{ApiTime, JobId, NodeId, PodId};
use crate::api::pod::{Deletion, NO_INDEX, Pod, PodStatus, PodTemplate};
use crate::api::request::Refusal;
use crate::kernel::slab::Slab;

/// The version of a write that changed nothing: no watcher will be told of it, and none is waited for.
const NOTHING_WRITTEN: u64 = 0;

/// A pod and what belongs to it.
#[derive(Debug)]
pub(super) struct PodRecord {
    pub(super) pod: Pod,
    /// Its place among its Job's `pods`.
    pub(super) place: u32,
    /// What it is made of.
    pub(super) template: Arc<PodTemplate>,
    /// The object that a pod without a Job was created from.
    pub(super) bare: Option<Arc<BarePod>>,
    /// Is it counted among what quotas limit? Not once it has ended, or should have long ago.
    pub(super) counts: bool,
    /// Removed; kept until the readers of the log have seen it.
    pub(super) gone: bool,
}

impl Store {
    /// The pod, also while its removal is being told.
    pub fn pod(&self, id: PodId) -> Option<&Pod> {
        self.pod_record(id).map(|record| &record.pod)
    }

    /// The pod, unless its object is gone.
    pub fn standing_pod(&self, id: PodId) -> Option<&Pod> {
        self.pod_record(id).filter(|record| !record.gone).map(|record| &record.pod)
    }

    fn standing_pod_mut(&mut self, id: PodId) -> Result<&mut Pod, Refusal> {
        let record = self.pods.get_mut(id.slot);
        record.filter(|r| r.pod.id == id && !r.gone).map(|record| &mut record.pod).ok_or(Refusal::NotFound)
    }

    /// Pods created so far.
    pub fn pods_created(&self) -> u64 {
        u64::from(self.pods_created)
    }

    /// Pod objects that stand now.
    pub fn live_pods(&self) -> usize {
        self.pods.used() as usize - self.free_pods.len()
    }

    /// Stores a new pod of a Job, with the tracking finalizer.
    pub fn create_pod(
        &mut self,
        now: ApiTime,
        job: JobId,
        index: u32,
        counts: Option<(u32, u32)>,
    ) -> Result<PodId, Refusal> {
        // An owner that is gone does not stop the creation upstream either; the garbage collector would come.
        let record = self.jobs.get_mut(job.slot as usize).and_then(Option::as_mut);
        let record = record.filter(|record| record.id == job).ok_or(Refusal::NotFound)?;
        let place = if index == NO_INDEX { 0 } else { index as usize };
        if record.attempts.len() <= place {
            record.attempts.resize(place + 1, 0);
        }
        let attempt = record.attempts[place];
        let template = match record.admit(&self.policies, &mut self.quotas) {
            Ok(template) => template,
            Err(denied) => return Err(denied.refusal(&record.job, index, attempt)),
        };
        record.attempts[place] += 1;
        let containers = template.containers_to_be_ready();
        let place = record.pods.len() as u32;
        let id = new_pod_id(&self.pods, &mut self.free_pods, &mut self.pods_created);
        record.pods.push(id.slot);
        let mut pod = new_pod(id, now, containers);
        (pod.job, pod.index, pod.attempt, pod.tracked) = (job, index, attempt, true);
        pod.failure_count = counts.map(|(counted, _)| counted);
        pod.ignored_failure_count = counts.map_or(0, |(_, ignored)| ignored);
        self.add_pod(PodRecord { pod, place, template, bare: None, counts: true, gone: false });
        Ok(id)
    }

    pub(super) fn add_pod(&mut self, record: PodRecord) {
        let id = record.pod.id;
        self.pods.put(id.slot, record);
        self.stamp();
        self.changes.push(Change::Pod(id, Verb::Added));
    }

    /// Binds a pod to a node.
    pub fn bind(&mut self, id: PodId, node: NodeId) -> Result<u64, Refusal> {
        let pod = self.standing_pod_mut(id)?;
        (pod.scheduled, pod.node) = (true, node);
        Ok(self.modified(id))
    }

    /// Writes `status` of a pod in place; `write` answers whether it has changed anything. A pod that is being deleted
    /// goes when it has ended and has no finalizer.
    pub fn update_pod_status(&mut self, id: PodId, write: impl FnOnce(&mut PodStatus) -> bool) -> Result<u64, Refusal> {
        let pod = self.standing_pod_mut(id)?;
        let had_ended = pod.status.phase.is_terminal();
        if !write(&mut pod.status) {
            return Ok(NOTHING_WRITTEN);
        }
        let ended = !had_ended && pod.status.phase.is_terminal();
        let version = self.modified(id);
        if ended {
            self.stop_counting(id);
        }
        self.remove_if_released(id);
        Ok(version)
    }

    /// Sets condition DisruptionTarget to True.
    pub fn mark_disrupted(&mut self, id: PodId, reason: &'static str) -> Result<u64, Refusal> {
        self.standing_pod_mut(id)?.disruption_target = Some(reason);
        Ok(self.modified(id))
    }

    /// Deletes a pod gracefully (`CheckGracefulDelete`): at once if it has ended or is not bound.
    pub fn delete_pod(&mut self, now: ApiTime, id: PodId) -> Result<u64, Refusal> {
        self.delete_pod_within(now, id, u32::MAX)
    }

    /// The same, with no more seconds of grace than these.
    pub fn delete_pod_within(&mut self, now: ApiTime, id: PodId, most: u32) -> Result<u64, Refusal> {
        let own = self.template_of(id).map_or(30, |template| template.termination_grace_period_seconds);
        let asked = own.min(most);
        let pod = self.standing_pod_mut(id)?;
        let grace = if pod.status.phase.is_terminal() || !pod.scheduled { 0 } else { asked };
        let version = match pod.deletion {
            // Nothing waits for it: it goes at once, and nobody sees it on its way.
            None if !pod.scheduled && !pod.tracked => {
                pod.deletion = Some(Deletion { asked: now, grace });
                self.stamp()
            }
            // Asking again only shortens, and only if a time is asked for, whatever became of the pod (`BeforeDelete`).
            Some(deletion) if most == u32::MAX || deletion.grace <= asked => NOTHING_WRITTEN,
            earlier => {
                let (since, grace) = earlier.map_or((now, grace), |earlier| (earlier.asked, asked));
                pod.deletion = Some(Deletion { asked: since, grace });
                self.modified(id)
            }
        };
        self.remove_if_released(id);
        Ok(version)
    }

    /// Takes the tracking finalizer off.
    pub fn release_pod(&mut self, id: PodId) -> Result<u64, Refusal> {
        let pod = self.standing_pod_mut(id)?;
        if !pod.tracked {
            return Ok(NOTHING_WRITTEN);
        }
        pod.tracked = false;
        let version = self.modified(id);
        self.remove_if_released(id);
        Ok(version)
    }

    fn modified(&mut self, id: PodId) -> u64 {
        self.changes.push(Change::Pod(id, Verb::Modified));
        self.stamp()
    }

    /// Quotas no longer count a pod, but for `count/pods`.
    pub fn stop_counting(&mut self, id: PodId) {
        self.release_quota(id, false);
    }

    fn release_quota(&mut self, id: PodId, gone: bool) {
        let Some(record) = self.pods.get_mut(id.slot).filter(|record| record.pod.id == id) else { return };
        let ended = std::mem::replace(&mut record.counts, false);
        if self.quotas.is_empty() {
            return;
        }
        if let (Some(namespace), Some(template)) = (self.namespace_of(id).cloned(), self.template_of(id).cloned()) {
            self.quotas.release_pod(&namespace, &template, Release { ended, gone });
        }
    }

    /// Deletion is done once nothing holds the object: it has ended (or was never bound) and has no finalizer.
    fn remove_if_released(&mut self, id: PodId) {
        let Some(record) = self.pods.get_mut(id.slot) else { return };
        let Some(deletion) = record.pod.deletion else { return };
        let ended = record.pod.status.phase.is_terminal();
        if record.pod.tracked || !(ended || deletion.grace == 0) {
            return;
        }
        record.gone = true;
        let (job, place) = (record.pod.job, record.place as usize);
        self.free_name(id);
        self.changes.push(Change::Pod(id, Verb::Deleted));
        self.stamp();
        self.release_quota(id, true);
        let Some(owner) = self.jobs.get_mut(job.slot as usize).and_then(Option::as_mut).filter(|owner| owner.id == job)
        else {
            return;
        };
        owner.pods.swap_remove(place);
        let (moved, last) = (owner.pods.get(place).copied(), owner.pods.is_empty());
        let waits = owner.job.foreground_deletion && !owner.gone;
        if let Some(record) = moved.and_then(|slot| self.pods.get_mut(slot)) {
            record.place = place as u32;
        }
        if last && waits {
            self.pods_are_gone(job);
        }
        if last {
            self.free_job(job);
        }
    }
}

impl JobRecord {
    /// A new pod as it is admitted; it is charged to the quotas.
    fn admit(&mut self, policies: &Policies, quotas: &mut Quotas) -> Result<Arc<PodTemplate>, Denied> {
        let (source, namespace) = (&self.job.spec.template, &self.job.name.namespace);
        let admitted = match self.admitted.take().filter(|admitted| policies.still_holds(admitted, source)) {
            Some(known) => known,
            None => policies.admit(source, namespace)?,
        };
        let template = admitted.template.clone();
        self.admitted = Some(admitted);
        quotas.charge_pod(namespace, &template).map_err(|why| Denied { why, nameless: false })?;
        Ok(template)
    }
}

impl Denied {
    fn refusal(self, job: &Job, index: u32, attempt: u32) -> Refusal {
        let name = match (self.nameless, index) {
            (false, _) => job.pod_name(index, attempt),
            (true, NO_INDEX) => format!("{}-", job.name.name),
            (true, index) => format!("{}-{index}-", job.name.name),
        };
        Refusal::Forbidden(format!("pods \"{name}\" is forbidden: {}", self.why).into())
    }
}

/// The id of the next pod.
pub(super) fn new_pod_id(pods: &Slab<PodRecord>, free: &mut Vec<u32>, created: &mut u32) -> PodId {
    let slot = free.pop().unwrap_or_else(|| pods.used());
    *created += 1;
    PodId { slot, uid: *created - 1 }
}

/// A pod of nobody, as the server stores a new one.
pub(super) fn new_pod(id: PodId, now: ApiTime, containers: u16) -> Pod {
    Pod {
        id,
        job: JobId::NONE,
        index: NO_INDEX,
        attempt: 0,
        created: now,
        scheduled: false,
        node: NodeId::WITHOUT_LIMITS,
        tracked: false,
        deletion: None,
        disruption_target: None,
        failure_count: None,
        ignored_failure_count: 0,
        status: PodStatus::new(now, containers),
    }
}
