//! The objects, their versions, and the change log.
//!
//! Only the world calls it. Each write stamps a new resource version and appends to the log; readers of the log
//! look at the object as it is when they are told, which for them is the object as of that write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bare_pods::BarePod;
use super::change_log::ChangeLog;
use super::cron_job_table::{CronJobTable, made_of, renamed};
use super::limit_range::LimitRange;
use super::node_table::NodeTable;
use super::pod_admission::{AdmittedTemplate, Denied, Policies};
use super::quota::{Quotas, Release, ResourceQuota};
use super::validation::job_status;
use crate::api::change::{Change, Verb};
use crate::api::cronjob::Start;
use crate::api::job::{Job, JobOwner, JobSpec, JobStatus};
use crate::api::meta::{ApiTime, JobId, NodeId, ObjectName, PodId};
use crate::api::pod::{Deletion, NO_INDEX, Pod, PodStatus, PodTemplate};
use crate::api::priority::PriorityClass;
use crate::api::release::Rules;
use crate::api::request::Refusal;
use crate::kernel::slab::Slab;

/// The kind in the identity of a Job.
const JOB: &str = "job";

/// The version of a write that changed nothing: no watcher will be told of it, and none is waited for.
const NOTHING_WRITTEN: u64 = 0;

/// All objects of the cluster.
#[derive(Debug, Default)]
pub struct Store {
    pub(super) cron_jobs: CronJobTable,
    pub(super) nodes: NodeTable,
    pub(super) jobs: Vec<Option<JobRecord>>,
    free_jobs: Vec<u32>,
    /// By name. Names are long and alike: a number made of each comes first.
    job_ids: BTreeMap<(u64, ObjectName), JobId>,
    jobs_created: u32,
    pub(super) pods: Slab<PodRecord>,
    /// Of Jobs that are gone: the memory of those to come.
    spare_lists: Vec<[Vec<u32>; 2]>,
    pub(super) free_pods: Vec<u32>,
    pub(super) pods_created: u32,
    /// Names of bare pods.
    pub(super) bare_pods: BTreeSet<ObjectName>,
    policies: Policies,
    quotas: Quotas,
    version: u64,
    pub(super) changes: ChangeLog,
    pub(super) rules: Rules,
}

/// A Job and what belongs to it.
#[derive(Debug)]
pub(super) struct JobRecord {
    pub(super) id: JobId,
    pub(super) job: Job,
    /// The stored manifest, which patches are merged into; none for a Job that is as its CronJob's template made it.
    manifest: Option<Arc<serde_json::Value>>,
    /// Its place among its CronJob's `jobs`.
    pub(super) place: u32,
    /// Slots of its pods that still stand, in no order.
    pods: Vec<u32>,
    /// Pods created, by index for an Indexed Job, else in one count.
    attempts: Vec<u32>,
    /// What its pods are once admitted.
    admitted: Option<AdmittedTemplate>,
    pub(super) gone: bool,
    /// Every reader knows that it is gone; its pods that still stand keep the record.
    forgotten: bool,
}

#[derive(Debug)]
pub(super) struct PodRecord {
    pub(super) pod: Pod,
    /// Its place among its Job's `pods`.
    pub(super) place: u32,
    /// What it is made of.
    pub(super) template: Arc<PodTemplate>,
    /// The object that a pod without a Job was created from.
    pub(super) bare: Option<Arc<BarePod>>,
    /// Removed; kept until the readers of the log have seen it.
    pub(super) gone: bool,
}

/// A Job to be stored.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Namespace and name.
    pub name: ObjectName,
    /// The name of the template that it is a copy of.
    pub copy_of: Option<Arc<str>>,
    /// Specification.
    pub spec: Arc<JobSpec>,
    /// The manifest with defaults.
    pub manifest: Arc<serde_json::Value>,
}

/// Where a Job comes from, if nobody has written it by hand.
struct Origin {
    copy_of: Option<Arc<str>>,
    owner: Option<Arc<JobOwner>>,
}

impl Store {
    /// An empty cluster of a release.
    pub fn new(rules: Rules) -> Store {
        Store { rules, ..Store::default() }
    }

    /// Forgets everything: an empty cluster of a release. Memory is kept.
    pub fn clear(&mut self, rules: Rules) {
        // All fields are named, so that none is forgotten.
        let Store {
            cron_jobs,
            nodes,
            jobs,
            free_jobs,
            job_ids,
            jobs_created,
            pods,
            spare_lists,
            free_pods,
            pods_created,
            bare_pods,
            policies,
            quotas,
            version,
            changes,
            rules: own_rules,
        } = self;
        jobs.drain(..).flatten().for_each(|record| keep_lists(spare_lists, record));
        pods.clear();
        (*cron_jobs, *nodes) = (CronJobTable::default(), NodeTable::default());
        (*policies, *quotas) = (Policies::default(), Quotas::default());
        free_jobs.clear();
        job_ids.clear();
        free_pods.clear();
        bare_pods.clear();
        changes.clear();
        (*jobs_created, *pods_created, *version, *own_rules) = (0, 0, 0, rules);
    }

    /// The oldest write that was not asked for yet.
    pub fn next_change(&mut self) -> Option<Change> {
        self.changes.next()
    }

    /// Forgets a removed object once every reader has seen its last state.
    pub fn forget(&mut self, change: Change) {
        match change {
            Change::Pod(pod, Verb::Deleted) => {
                self.pods.remove(pod.slot);
                self.free_pods.push(pod.slot);
            }
            Change::Job(job, Verb::Deleted) => {
                if let Some(record) = &mut self.jobs[job.slot as usize] {
                    record.forgotten = true;
                }
                self.free_job(job);
            }
            Change::CronJob(cron_job, Verb::Deleted) => self.cron_jobs.forget(cron_job),
            _ => {}
        }
    }

    /// The slot of a forgotten Job is free once its last pod is gone.
    fn free_job(&mut self, id: JobId) {
        let slot = &mut self.jobs[id.slot as usize];
        if slot.as_ref().is_some_and(|record| record.id == id && record.forgotten && record.pods.is_empty()) {
            slot.take().into_iter().for_each(|record| keep_lists(&mut self.spare_lists, record));
            self.free_jobs.push(id.slot);
        }
    }

    /// The resource version of the last write.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn stamp(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    // ---- Jobs ----

    /// The Job, also while its removal is being told.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.job_record(id).map(|record| &record.job)
    }

    /// The Job of a name.
    pub fn find_job(&self, name: &ObjectName) -> Option<JobId> {
        self.job_ids.get(&(name.identity(JOB), name.clone())).copied()
    }

    /// The stored manifest of a Job.
    pub fn manifest(&self, id: JobId) -> Option<Arc<serde_json::Value>> {
        let record = self.job_record(id)?;
        match (&record.manifest, &record.job.owner) {
            // Copies share the manifest of their template.
            (Some(shared), _) if record.job.copy_of.is_some() => Some(Arc::new(renamed(shared, &record.job.name))),
            (Some(own), _) => Some(own.clone()),
            (None, owner) => owner.as_ref().map(|owner| Arc::new(made_of(&record.job, &owner.start, &self.rules))),
        }
    }

    /// The pods of a Job that still stand, in no order.
    pub fn pods_of(&self, id: JobId) -> impl Iterator<Item = &Pod> {
        let slots = self.job_record(id).map_or(&[][..], |record| &record.pods);
        slots.iter().filter_map(|&slot| self.pods.get(slot)).map(|record| &record.pod)
    }

    pub(super) fn job_record(&self, id: JobId) -> Option<&JobRecord> {
        self.jobs.get(id.slot as usize)?.as_ref().filter(|record| record.id == id)
    }

    /// The Job, unless its object is gone.
    pub fn standing_job(&self, id: JobId) -> Option<&Job> {
        self.job_record(id).filter(|record| !record.gone).map(|record| &record.job)
    }

    /// All Jobs that stand, and those that are gone and have pods left, by creation.
    pub fn job_ids(&self) -> impl Iterator<Item = JobId> {
        let mut ids: Vec<JobId> = self.jobs.iter().flatten().map(|record| record.id).collect();
        ids.sort_by_key(|id| id.uid);
        ids.into_iter()
    }

    fn standing_job_mut(&mut self, id: JobId) -> Result<&mut JobRecord, Refusal> {
        let record = self.jobs.get_mut(id.slot as usize).and_then(Option::as_mut);
        record.filter(|record| record.id == id && !record.gone).ok_or(Refusal::NotFound)
    }

    /// Stores a new Job; its status is empty whatever the manifest said (`PrepareForCreate`).
    pub fn create_job(&mut self, now: ApiTime, new: NewJob) -> Result<JobId, Refusal> {
        let identity = new.name.identity(JOB);
        if self.job_ids.contains_key(&(identity, new.name.clone())) {
            return Err(Refusal::AlreadyExists);
        }
        self.charge_job(&new.name)?;
        let manifest = Some(new.manifest);
        Ok(self.add_job(now, new.name, identity, new.spec, manifest, Origin { copy_of: new.copy_of, owner: None }))
    }

    /// Stores a Job for a start of a CronJob.
    pub fn create_job_of(&mut self, now: ApiTime, name: ObjectName, start: Start) -> Result<JobId, Refusal> {
        let identity = name.identity(JOB);
        if self.job_ids.contains_key(&(identity, name.clone())) {
            return Err(Refusal::AlreadyExists);
        }
        if let Some(refusal) = &start.template.refusal {
            return Err(Refusal::Invalid(format!("Job.batch \"{}\" is invalid: {refusal}", name.name).into()));
        }
        self.charge_job(&name)?;
        let (cron_job, spec) = (start.cron_job, start.template.spec.clone());
        let run = self.cron_jobs.next_run(cron_job);
        let owner = Some(Arc::new(JobOwner { start, run }));
        let id = self.add_job(now, name, identity, spec, None, Origin { copy_of: None, owner });
        self.jobs[id.slot as usize].as_mut().expect("a Job that was just added").place =
            self.cron_jobs.own(cron_job, id);
        Ok(id)
    }

    fn charge_job(&mut self, name: &ObjectName) -> Result<(), Refusal> {
        let denied = |why| Refusal::Forbidden(format!("jobs.batch \"{}\" is forbidden: {why}", name.name).into());
        self.quotas.charge_job(&name.namespace).map_err(denied)
    }

    fn add_job(
        &mut self,
        created: ApiTime,
        name: ObjectName,
        identity: u64,
        spec: Arc<JobSpec>,
        manifest: Option<Arc<serde_json::Value>>,
        Origin { copy_of, owner }: Origin,
    ) -> JobId {
        let slot = self.free_jobs.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            self.jobs.len() as u32 - 1
        });
        let id = JobId { slot, uid: self.jobs_created };
        self.jobs_created += 1;
        self.job_ids.insert((identity, name.clone()), id);
        let job = Job {
            name,
            owner,
            copy_of,
            identity,
            spec,
            status: Arc::default(),
            generation: 1,
            resource_version: self.stamp(),
            created,
            deletion_timestamp: None,
            foreground_deletion: false,
        };
        let [pods, attempts] = self.spare_lists.pop().unwrap_or_default();
        self.jobs[slot as usize] = Some(JobRecord {
            id,
            job,
            manifest,
            place: 0,
            pods,
            attempts,
            admitted: None,
            forgotten: false,
            gone: false,
        });
        self.changes.push(Change::Job(id, Verb::Added));
        id
    }

    /// Writes `spec` of a Job; the generation rises when it differs.
    pub fn update_job_spec(
        &mut self,
        id: JobId,
        spec: Arc<JobSpec>,
        manifest: Arc<serde_json::Value>,
    ) -> Result<u64, Refusal> {
        let version = self.stamp();
        let old = self.manifest(id).ok_or(Refusal::NotFound)?;
        let record = self.standing_job_mut(id)?;
        if old == manifest {
            return Ok(record.job.resource_version);
        }
        if old.get("spec") != manifest.get("spec") {
            record.job.generation += 1;
        }
        (record.job.spec, record.manifest) = (spec, Some(manifest));
        record.job.resource_version = version;
        self.changes.push(Change::Job(id, Verb::Modified));
        Ok(version)
    }

    /// Writes `status` of a Job that was read at `version`; a write that changes nothing is no change.
    pub fn update_job_status(&mut self, id: JobId, version: u64, status: Arc<JobStatus>) -> Result<u64, Refusal> {
        let (stamp, validates) = (self.stamp(), self.rules.validates_status);
        let record = self.standing_job_mut(id)?;
        if record.job.resource_version != version {
            return Err(Refusal::Conflict);
        }
        if record.job.status == status {
            return Ok(version);
        }
        if validates && let Some(refusal) = job_status::refusal(&record.job, &status) {
            return Err(Refusal::Invalid(refusal.into()));
        }
        record.job.status = status;
        record.job.resource_version = stamp;
        self.changes.push(Change::Job(id, Verb::Modified));
        Ok(stamp)
    }

    /// Gives a Job that nobody has been told of yet the status that it begins with.
    pub fn begin_with(&mut self, id: JobId, status: Arc<JobStatus>) {
        if let Ok(record) = self.standing_job_mut(id) {
            record.job.status = status;
        }
    }

    /// Deletes a Job. Foreground: it gets a deletionTimestamp and waits for its pods; background: it goes at once.
    pub fn delete_job(&mut self, now: ApiTime, id: JobId, foreground: bool) -> Result<(), Refusal> {
        let version = self.stamp();
        let record = self.standing_job_mut(id)?;
        if foreground && !record.pods.is_empty() {
            record.job.foreground_deletion = true;
            if record.job.deletion_timestamp.is_none() {
                record.job.deletion_timestamp = Some(now);
                // A deletion is a change of the desired state (`BeforeDelete`).
                record.job.generation += 1;
                record.job.resource_version = version;
                self.changes.push(Change::Job(id, Verb::Modified));
            }
            return Ok(());
        }
        self.remove_job(id);
        Ok(())
    }

    fn remove_job(&mut self, id: JobId) {
        let version = self.stamp();
        let Ok(record) = self.standing_job_mut(id) else { return };
        // The watch tells of a removal with the version of the removal.
        (record.gone, record.job.resource_version) = (true, version);
        let (key, place) = ((record.job.identity, record.job.name.clone()), record.place);
        let owner = record.job.owner.as_ref().map(|owner| owner.start.cron_job);
        self.job_ids.remove(&key);
        self.quotas.release_job(&key.1.namespace);
        if let Some(moved) = owner.and_then(|owner| self.cron_jobs.disown(owner, place)) {
            self.jobs[moved.slot as usize].as_mut().expect("a Job that its CronJob owns").place = place;
        }
        self.changes.push(Change::Job(id, Verb::Deleted));
    }

    // ---- pods ----

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
        let containers = template.containers.len() as u16;
        let place = record.pods.len() as u32;
        let id = new_pod_id(&self.pods, &mut self.free_pods, &mut self.pods_created);
        record.pods.push(id.slot);
        let mut pod = new_pod(id, now, containers);
        (pod.job, pod.index, pod.attempt, pod.tracked) = (job, index, attempt, true);
        pod.failure_count = counts.map(|(counted, _)| counted);
        pod.ignored_failure_count = counts.map_or(0, |(_, ignored)| ignored);
        self.add_pod(PodRecord { pod, place, template, bare: None, gone: false });
        Ok(id)
    }

    pub(super) fn add_pod(&mut self, record: PodRecord) {
        let id = record.pod.id;
        self.pods.put(id.slot, record);
        self.version += 1;
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
            self.release_quota(id, Release { ended: true, gone: false });
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
        let grace = self.template_of(id).map_or(30, |template| template.termination_grace_period_seconds);
        let pod = self.standing_pod_mut(id)?;
        let grace = if pod.status.phase.is_terminal() || !pod.scheduled { 0 } else { grace };
        let version = match pod.deletion {
            // Nothing waits for it: it goes at once, and nobody sees it on its way.
            None if !pod.scheduled && !pod.tracked => {
                pod.deletion = Some(Deletion { asked: now, grace });
                self.stamp()
            }
            // Asking again only shortens.
            Some(deletion) if deletion.grace <= grace => NOTHING_WRITTEN,
            _ => {
                pod.deletion = Some(Deletion { asked: now, grace });
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

    fn release_quota(&mut self, pod: PodId, release: Release) {
        if self.quotas.is_empty() {
            return;
        }
        if let (Some(namespace), Some(template)) = (self.namespace_of(pod).cloned(), self.template_of(pod).cloned()) {
            self.quotas.release_pod(&namespace, &template, release);
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
        self.version += 1;
        self.release_quota(id, Release { ended: !ended, gone: true });
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
            self.remove_job(job);
        }
        if last {
            self.free_job(job);
        }
    }

    // ---- what new pods are held against ----

    /// Stores a quota; pods and Jobs that stand already count.
    pub fn create_quota(&mut self, quota: ResourceQuota) {
        let name = quota.name.clone();
        self.quotas.add(quota);
        for id in self.pod_ids() {
            let Some(ended) = self.standing_pod(id).map(|pod| pod.status.phase.is_terminal()) else { continue };
            let (namespace, template) = (self.namespace_of(id).cloned(), self.template_of(id).cloned());
            if let (Some(namespace), Some(template)) = (namespace, template) {
                self.quotas.count_pod(&name, &namespace, &template, ended);
            }
        }
        let jobs = self.jobs.iter().flatten().filter(|record| !record.gone);
        for _ in jobs.filter(|record| record.job.name.namespace == name.namespace) {
            self.quotas.count_job(&name);
        }
    }

    /// All quotas.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Stores a LimitRange; pods that stand stay as they are.
    pub fn create_limit_range(&mut self, range: LimitRange) {
        self.policies.add_range(range);
    }

    /// Stores a PriorityClass.
    pub fn create_priority_class(&mut self, class: PriorityClass) {
        self.policies.add_class(class);
    }

    /// May a pod preempt others?
    pub fn preempts(&self, template: &PodTemplate) -> bool {
        self.policies.preempts(template)
    }

    /// What a pod is once admitted; it is charged to the quotas. Or what the server says after its name.
    pub(super) fn admit_bare_pod(
        &mut self,
        template: &Arc<PodTemplate>,
        namespace: &str,
    ) -> Result<Arc<PodTemplate>, String> {
        let admitted = self.policies.admit(template, namespace).map_err(|denied| denied.why)?;
        self.quotas.charge_pod(namespace, &admitted.template)?;
        Ok(admitted.template)
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

/// The lists of a Job that is gone, to be those of another.
fn keep_lists(spare: &mut Vec<[Vec<u32>; 2]>, record: JobRecord) {
    let mut lists = [record.pods, record.attempts];
    lists.iter_mut().for_each(Vec::clear);
    spare.push(lists);
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
