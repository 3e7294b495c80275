//! The store's CronJobs, and what a Job that one of them made looks like.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::store::Store;
use crate::api::change::{Change, Verb};
use crate::api::cronjob::{CronJob, CronJobSpec, CronJobStatus, Start};
use crate::api::job::Job;
use crate::api::meta::{ApiTime, CronJobId, JobId, ObjectName};
use crate::api::release::Rules;
use crate::api::request::Refusal;

/// All CronJobs of the cluster.
#[derive(Debug, Default)]
pub(super) struct CronJobTable {
    records: Vec<Option<CronJobRecord>>,
    free: Vec<u32>,
    ids: BTreeMap<ObjectName, CronJobId>,
    created: u32,
}

#[derive(Debug)]
struct CronJobRecord {
    id: CronJobId,
    cron_job: CronJob,
    /// The stored manifest, which patches are merged into.
    manifest: Arc<Value>,
    /// Its Jobs that still stand, in no order.
    jobs: Vec<JobId>,
    /// Jobs that it made so far.
    runs: u32,
    gone: bool,
}

/// A CronJob to be stored.
#[derive(Clone, Debug)]
pub struct NewCronJob {
    /// Namespace and name.
    pub name: ObjectName,
    /// Specification.
    pub spec: Arc<CronJobSpec>,
    /// The manifest with defaults.
    pub manifest: Arc<Value>,
}

impl CronJobTable {
    fn record(&self, id: CronJobId) -> Option<&CronJobRecord> {
        self.records.get(id.slot as usize)?.as_ref().filter(|record| record.id == id)
    }

    fn record_mut(&mut self, id: CronJobId) -> Option<&mut CronJobRecord> {
        self.records.get_mut(id.slot as usize)?.as_mut().filter(|record| record.id == id)
    }

    fn standing(&mut self, id: CronJobId) -> Result<&mut CronJobRecord, Refusal> {
        self.record_mut(id).filter(|record| !record.gone).ok_or(Refusal::NotFound)
    }

    /// Counts one more run.
    pub(super) fn next_run(&mut self, id: CronJobId) -> u32 {
        let Some(record) = self.record_mut(id) else { return 0 };
        record.runs += 1;
        record.runs - 1
    }

    /// A Job belongs to a CronJob from now on; returns its place among that one's Jobs.
    pub(super) fn own(&mut self, id: CronJobId, job: JobId) -> u32 {
        let Some(record) = self.record_mut(id) else { return 0 };
        record.jobs.push(job);
        record.jobs.len() as u32 - 1
    }

    /// The Job at this place is gone; returns the one that has moved there.
    pub(super) fn disown(&mut self, id: CronJobId, place: u32) -> Option<JobId> {
        let record = self.record_mut(id)?;
        record.jobs.swap_remove(place as usize);
        record.jobs.get(place as usize).copied()
    }

    /// Every reader knows that it is gone.
    pub(super) fn forget(&mut self, id: CronJobId) {
        if self.record(id).is_some() {
            self.records[id.slot as usize] = None;
            self.free.push(id.slot);
        }
    }
}

impl Store {
    /// The CronJob, also while its removal is being told.
    pub fn cron_job(&self, id: CronJobId) -> Option<&CronJob> {
        self.cron_jobs.record(id).map(|record| &record.cron_job)
    }

    /// The CronJob, unless its object is gone.
    pub fn standing_cron_job(&self, id: CronJobId) -> Option<&CronJob> {
        self.cron_jobs.record(id).filter(|record| !record.gone).map(|record| &record.cron_job)
    }

    /// The CronJob of a name.
    pub fn find_cron_job(&self, name: &ObjectName) -> Option<CronJobId> {
        self.cron_jobs.ids.get(name).copied()
    }

    /// The stored manifest of a CronJob.
    pub fn cron_job_manifest(&self, id: CronJobId) -> Option<Arc<Value>> {
        self.cron_jobs.record(id).map(|record| record.manifest.clone())
    }

    /// The Jobs of a CronJob that still stand, in no order.
    pub fn jobs_of(&self, id: CronJobId) -> &[JobId] {
        self.cron_jobs.record(id).map_or(&[], |record| &record.jobs)
    }

    /// The CronJobs that stand, by namespace and name.
    pub fn cron_job_ids(&self) -> impl Iterator<Item = CronJobId> {
        self.cron_jobs.ids.values().copied()
    }

    /// Stores a new CronJob; its status is empty whatever the manifest said (`PrepareForCreate`).
    pub fn create_cron_job(&mut self, now: ApiTime, new: NewCronJob) -> Result<CronJobId, Refusal> {
        if self.cron_jobs.ids.contains_key(&new.name) {
            return Err(Refusal::AlreadyExists);
        }
        let resource_version = self.stamp();
        let table = &mut self.cron_jobs;
        let slot = table.free.pop().unwrap_or_else(|| {
            table.records.push(None);
            table.records.len() as u32 - 1
        });
        let id = CronJobId { slot, uid: table.created };
        table.created += 1;
        table.ids.insert(new.name.clone(), id);
        let cron_job = CronJob {
            name: new.name,
            spec: new.spec,
            status: CronJobStatus::default(),
            generation: 1,
            resource_version,
            created: now,
        };
        let manifest = new.manifest;
        table.records[slot as usize] =
            Some(CronJobRecord { id, cron_job, manifest, jobs: Vec::new(), runs: 0, gone: false });
        self.changes.push(Change::CronJob(id, Verb::Added));
        Ok(id)
    }

    /// Writes a CronJob; the generation rises when `spec` differs.
    pub(super) fn write_cron_job(
        &mut self,
        id: CronJobId,
        spec: Arc<CronJobSpec>,
        manifest: Arc<Value>,
    ) -> Result<u64, Refusal> {
        let version = self.stamp();
        let record = self.cron_jobs.standing(id)?;
        if record.manifest == manifest {
            return Ok(record.cron_job.resource_version);
        }
        if record.manifest.get("spec") != manifest.get("spec") {
            record.cron_job.generation += 1;
        }
        (record.cron_job.spec, record.manifest) = (spec, manifest);
        record.cron_job.resource_version = version;
        self.changes.push(Change::CronJob(id, Verb::Modified));
        Ok(version)
    }

    /// Writes `status` of a CronJob that was read at `version`; a write that changes nothing is no change.
    pub fn update_cron_job_status(
        &mut self,
        id: CronJobId,
        version: u64,
        status: CronJobStatus,
    ) -> Result<u64, Refusal> {
        let stamp = self.stamp();
        let record = self.cron_jobs.standing(id)?;
        if record.cron_job.resource_version != version {
            return Err(Refusal::Conflict);
        }
        if record.cron_job.status == status {
            return Ok(version);
        }
        record.cron_job.status = status;
        record.cron_job.resource_version = stamp;
        self.changes.push(Change::CronJob(id, Verb::Modified));
        Ok(stamp)
    }

    /// Deletes a CronJob, background propagation: it goes at once, its Jobs follow.
    pub fn delete_cron_job(&mut self, id: CronJobId) -> Result<(), Refusal> {
        let version = self.stamp();
        let record = self.cron_jobs.standing(id)?;
        (record.gone, record.cron_job.resource_version) = (true, version);
        let name = record.cron_job.name.clone();
        self.cron_jobs.ids.remove(&name);
        self.changes.push(Change::CronJob(id, Verb::Deleted));
        Ok(())
    }
}

/// A Job that a CronJob made, as the API server stores it (`getJobFromTemplate2`, `PrepareForCreate`).
pub(super) fn made_of(job: &Job, start: &Start, rules: &Rules) -> Value {
    let mut manifest = renamed(&start.template.manifest, &job.name);
    let metadata = &mut manifest["metadata"];
    if rules.notes_scheduled_time {
        metadata["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] = json!(start.timestamp());
    }
    metadata["ownerReferences"] = json!([{
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": &*start.cron_job_name,
        "uid": super::admission::UID,
        "controller": true,
        "blockOwnerDeletion": true,
    }]);
    manifest
}

/// The manifest of a Job of another name: what the server derives from that is its own.
pub(super) fn renamed(manifest: &Value, to: &ObjectName) -> Value {
    let mut manifest = manifest.clone();
    let name = json!(&*to.name);
    manifest["metadata"]["name"] = name.clone();
    manifest["metadata"]["namespace"] = json!(&*to.namespace);
    for pointer in ["/metadata/labels", "/spec/template/metadata/labels"] {
        let labels = manifest.pointer_mut(pointer).and_then(Value::as_object_mut);
        let own = labels.into_iter().flat_map(|labels| labels.iter_mut());
        let own = own.filter(|(key, _)| matches!(key.as_str(), "job-name" | "batch.kubernetes.io/job-name"));
        own.for_each(|(_, label)| *label = name.clone());
    }
    manifest
}
