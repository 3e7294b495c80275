//! The Jobs among the stored objects.

use std::sync::Arc;

use super::cron_job_table::{made_of, renamed};
use super::pod_admission::AdmittedTemplate;
use super::served::{FOREGROUND_DELETION, take_finalizers};
use super::store::Store;
use super::validation::job_status;
use crate::api::change::{Change, Verb};
use crate::api::cronjob::Start;
use crate::api::job::{Job, JobOwner, JobSpec, JobStatus};
use crate::api::meta::{ApiTime, JobId, ObjectName};
use crate::api::pod::Pod;
use crate::api::request::Refusal;
use crate::kernel::rng::mix;

/// The kind in the identity of a Job.
const JOB: &str = "job";

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
    pub(super) pods: Vec<u32>,
    /// Pods created, by index for an Indexed Job, else in one count.
    pub(super) attempts: Vec<u32>,
    /// What its pods are once admitted.
    pub(super) admitted: Option<AdmittedTemplate>,
    /// Its manifest has finalizers: it stays until someone takes them off.
    held: bool,
    pub(super) gone: bool,
    /// Every reader knows that it is gone; its pods that still stand keep the record.
    pub(super) forgotten: bool,
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
    /// What tells it from other Jobs of its name; 0 for the first.
    before: u64,
}

impl Store {
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
        let key = self.claim_name(&new.name)?;
        let mut before = 0;
        // Copies have names of their own.
        if new.copy_of.is_none() {
            let count = self.jobs_by_hand.entry(key).or_default();
            before = u64::from(*count);
            *count += 1;
        }
        let origin = Origin { copy_of: new.copy_of, owner: None, before };
        Ok(self.add_job(now, new.name, key, new.spec, Some(new.manifest), origin))
    }

    /// Stores a Job for a start of a CronJob.
    pub fn create_job_of(&mut self, now: ApiTime, name: ObjectName, start: Start) -> Result<JobId, Refusal> {
        if let Some(refusal) = &start.template.refusal {
            return Err(Refusal::Invalid(format!("Job.batch \"{}\" is invalid: {refusal}", name.name).into()));
        }
        let key = self.claim_name(&name)?;
        // The name tells the minute of the start, and `@every` may start several times in one.
        let before = start.scheduled.seconds.rem_euclid(60) as u64;
        let (cron_job, spec) = (start.cron_job, start.template.spec.clone());
        let run = self.cron_jobs.next_run(cron_job);
        let owner = Some(Arc::new(JobOwner { start, run }));
        let id = self.add_job(now, name, key, spec, None, Origin { copy_of: None, owner, before });
        self.jobs[id.slot as usize].as_mut().expect("a Job that was just added").place =
            self.cron_jobs.own(cron_job, id);
        Ok(id)
    }

    /// What the Job is looked up by.
    ///
    /// Quotas are asked before the name is: they are part of admission, names are the storage's (`Store.Create`).
    fn claim_name(&mut self, name: &ObjectName) -> Result<u64, Refusal> {
        let denied = |why| Refusal::Forbidden(format!("jobs.batch \"{}\" is forbidden: {why}", name.name).into());
        self.quotas.charge_job(&name.namespace).map_err(denied)?;
        let key = name.identity(JOB);
        if self.job_ids.contains_key(&(key, name.clone())) {
            self.quotas.release_job(&name.namespace);
            return Err(Refusal::AlreadyExists);
        }
        Ok(key)
    }

    fn add_job(
        &mut self,
        created: ApiTime,
        name: ObjectName,
        key: u64,
        spec: Arc<JobSpec>,
        manifest: Option<Arc<serde_json::Value>>,
        Origin { copy_of, owner, before }: Origin,
    ) -> JobId {
        let slot = self.free_jobs.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            self.jobs.len() as u32 - 1
        });
        let id = JobId { slot, uid: self.jobs_created };
        self.jobs_created += 1;
        self.job_ids.insert((key, name.clone()), id);
        let job = Job {
            name,
            owner,
            copy_of,
            identity: if before == 0 { key } else { mix(key, before) },
            spec,
            status: Arc::default(),
            generation: 1,
            resource_version: self.stamp(),
            created,
            deletion_timestamp: None,
            foreground_deletion: false,
        };
        let [pods, attempts] = self.spare_lists.pop().unwrap_or_default();
        let held = manifest.as_deref().is_some_and(has_finalizers);
        self.jobs[slot as usize] = Some(JobRecord {
            id,
            job,
            manifest,
            place: 0,
            pods,
            attempts,
            admitted: None,
            held,
            forgotten: false,
            gone: false,
        });
        self.changes.push(Change::Job(id, Verb::Added));
        id
    }

    /// Writes a Job; the generation rises when `spec` differs. A deleted Job that is held no longer goes
    /// (`deleteWithoutFinalizers`).
    pub(super) fn write_job(
        &mut self,
        id: JobId,
        spec: Arc<JobSpec>,
        manifest: Arc<serde_json::Value>,
        in_foreground: bool,
    ) -> Result<u64, Refusal> {
        let version = self.stamp();
        let old = self.manifest(id).ok_or(Refusal::NotFound)?;
        let record = self.standing_job_mut(id)?;
        if old == manifest && record.job.foreground_deletion == in_foreground {
            return Ok(record.job.resource_version);
        }
        if old.get("spec") != manifest.get("spec") {
            record.job.generation += 1;
        }
        (record.held, record.job.foreground_deletion) = (has_finalizers(&manifest), in_foreground);
        (record.job.spec, record.manifest) = (spec, Some(manifest));
        record.job.resource_version = version;
        if record.job.deletion_timestamp.is_some() && !record.held && !record.job.foreground_deletion {
            self.remove_job(id);
            return Ok(version);
        }
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

    /// Deletes a Job. Foreground: it gets a deletionTimestamp and waits for its pods; background: it goes at once, unless
    /// it has finalizers.
    ///
    /// Who deletes says what is to become of the pods, which overrides finalizers that say it
    /// (`deletionFinalizersForGarbageCollection`).
    pub fn delete_job(&mut self, now: ApiTime, id: JobId, foreground: bool) -> Result<(), Refusal> {
        let version = self.stamp();
        let finalizers = self.release_for_deletion(id);
        let record = self.standing_job_mut(id)?;
        let waits_for_pods = foreground && !record.pods.is_empty();
        if !waits_for_pods && !record.held {
            self.remove_job(id);
            return Ok(());
        }
        let job = &mut record.job;
        let is_first = job.deletion_timestamp.is_none();
        if is_first {
            job.deletion_timestamp = Some(now);
            // A deletion is a change of the desired state (`markAsDeleting`).
            job.generation += 1;
        }
        if is_first || finalizers || job.foreground_deletion != waits_for_pods {
            (job.foreground_deletion, job.resource_version) = (waits_for_pods, version);
            self.changes.push(Change::Job(id, Verb::Modified));
        }
        Ok(())
    }

    /// Takes off the finalizers that only say what is to become of the pods. True if there was any.
    fn release_for_deletion(&mut self, id: JobId) -> bool {
        let Some(manifest) = self.job_record(id).filter(|record| record.held).and_then(|_| self.manifest(id)) else {
            return false;
        };
        let mut manifest = Arc::unwrap_or_clone(manifest);
        let taken = take_finalizers(&mut manifest, &["orphan", FOREGROUND_DELETION]);
        if let Ok(record) = self.standing_job_mut(id)
            && taken
        {
            (record.held, record.manifest) = (has_finalizers(&manifest), Some(manifest.into()));
        }
        taken
    }

    /// Does the manifest of a Job ask for its pods to go before it?
    pub fn asks_for_foreground_deletion(&self, id: JobId) -> bool {
        let held = self.job_record(id).is_some_and(|record| record.held);
        let manifest = held.then(|| self.manifest(id)).flatten();
        let finalizers = manifest.as_ref().and_then(|manifest| manifest["metadata"]["finalizers"].as_array());
        finalizers.is_some_and(|finalizers| finalizers.iter().any(|finalizer| finalizer == FOREGROUND_DELETION))
    }

    /// The last pod of a Job that waited for its pods is gone.
    pub(super) fn pods_are_gone(&mut self, id: JobId) {
        let version = self.stamp();
        let Ok(record) = self.standing_job_mut(id) else { return };
        if !record.held {
            return self.remove_job(id);
        }
        record.job.foreground_deletion = false;
        record.job.resource_version = version;
        self.changes.push(Change::Job(id, Verb::Modified));
    }

    fn remove_job(&mut self, id: JobId) {
        let version = self.stamp();
        let Ok(record) = self.standing_job_mut(id) else { return };
        // The watch tells of a removal with the version of the removal.
        (record.gone, record.job.resource_version) = (true, version);
        let (name, place) = (record.job.name.clone(), record.place);
        let owner = record.job.owner.as_ref().map(|owner| owner.start.cron_job);
        self.quotas.release_job(&name.namespace);
        self.job_ids.remove(&(name.identity(JOB), name));
        if let Some(moved) = owner.and_then(|owner| self.cron_jobs.disown(owner, place)) {
            self.jobs[moved.slot as usize].as_mut().expect("a Job that its CronJob owns").place = place;
        }
        self.changes.push(Change::Job(id, Verb::Deleted));
    }
}

fn has_finalizers(manifest: &serde_json::Value) -> bool {
    manifest["metadata"]["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty())
}

/// The lists of a Job that is gone, to be those of another.
pub(super) fn keep_lists(spare: &mut Vec<[Vec<u32>; 2]>, record: JobRecord) {
    let mut lists = [record.pods, record.attempts];
    lists.iter_mut().for_each(Vec::clear);
    spare.push(lists);
}
