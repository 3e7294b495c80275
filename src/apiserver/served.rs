//! Objects as clients read them, but for their status: stored manifests have the same UID and times for all, and what
//! the server sets stands in the records beside them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::admission::{self, CREATION_TIMESTAMP, UID};
use super::store::Store;
use crate::api::meta::{ApiTime, CronJobId, JobId};
use crate::api::names::{Numbered, uid};
use crate::api::request::Refusal;

/// The finalizer with which the garbage collector deletes a Job's pods before the Job.
pub(super) const FOREGROUND_DELETION: &str = "foregroundDeletion";

/// Labels by which a Job knows its pods.
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// The UID of a Job.
pub fn job_uid(id: JobId) -> String {
    uid(Numbered::Job, u64::from(id.uid))
}

/// The UID of a CronJob.
pub fn cron_job_uid(id: CronJobId) -> String {
    uid(Numbered::CronJob, u64::from(id.uid))
}

impl Store {
    /// A Job as clients read it, less its status; `time` writes a time.
    pub fn served_job(&self, id: JobId, time: impl Fn(ApiTime) -> Value) -> Option<Value> {
        let job = self.job(id)?;
        let mut object = Arc::unwrap_or_clone(self.manifest(id)?);
        put_uid(&mut object, UID, &job_uid(id));
        if let Some(owner) = &job.owner {
            put_owner_uid(&mut object, UID, &cron_job_uid(owner.start.cron_job));
        }
        let metadata = &mut object["metadata"];
        put_system_fields(metadata, time(job.created), job.generation, job.resource_version);
        if let Some(deleted) = job.deletion_timestamp {
            metadata["deletionTimestamp"] = time(deleted);
            metadata["deletionGracePeriodSeconds"] = 0.into();
        }
        if job.foreground_deletion {
            let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
            finalizers.push(FOREGROUND_DELETION.into());
            metadata["finalizers"] = finalizers.into();
        }
        Some(object)
    }

    /// Writes a Job as it was admitted on the ground of [`served_job`](Store::served_job).
    ///
    /// # Errors
    /// It is gone.
    pub fn update_job(&mut self, id: JobId, mut admitted: Value) -> Result<u64, Refusal> {
        let job = self.standing_job(id).ok_or(Refusal::NotFound)?;
        put_uid(&mut admitted, &job_uid(id), UID);
        if let Some(owner) = &job.owner {
            put_owner_uid(&mut admitted, &cron_job_uid(owner.start.cron_job), UID);
        }
        let in_foreground = job.foreground_deletion && take_finalizers(&mut admitted, &[FOREGROUND_DELETION]);
        take_system_fields(&mut admitted["metadata"]);
        let spec = admission::job_spec(&admitted);
        self.write_job(id, spec.into(), admitted.into(), in_foreground)
    }

    /// A CronJob as clients read it, less its status; `time` writes a time.
    pub fn served_cron_job(&self, id: CronJobId, time: impl Fn(ApiTime) -> Value) -> Option<Value> {
        let cron_job = self.cron_job(id)?;
        let mut object = Arc::unwrap_or_clone(self.cron_job_manifest(id)?);
        let metadata = &mut object["metadata"];
        metadata["uid"] = cron_job_uid(id).into();
        put_system_fields(metadata, time(cron_job.created), cron_job.generation, cron_job.resource_version);
        Some(object)
    }

    /// Writes a CronJob as it was admitted on the ground of [`served_cron_job`](Store::served_cron_job).
    ///
    /// # Errors
    /// It is gone.
    pub fn update_cron_job(&mut self, id: CronJobId, mut admitted: Value) -> Result<u64, Refusal> {
        admitted["metadata"]["uid"] = UID.into();
        take_system_fields(&mut admitted["metadata"]);
        let spec = admission::cron_job_spec(&admitted, &self.rules);
        self.write_cron_job(id, spec.into(), admitted.into())
    }
}

/// Puts a Job's UID in place of another, wherever a Job has its own.
fn put_uid(object: &mut Value, old: &str, new: &str) {
    for labels in ["/spec/selector/matchLabels", "/spec/template/metadata/labels", "/metadata/labels"] {
        put_uid_label(object.pointer_mut(labels), old, new);
    }
    object["metadata"]["uid"] = new.into();
}

/// The uid in the labels of a template or a pod, as its Job has it.
pub fn put_job_uid(labels: Option<&mut Value>, id: JobId) {
    put_uid_label(labels, UID, &job_uid(id));
}

fn put_uid_label(labels: Option<&mut Value>, old: &str, new: &str) {
    let Some(Value::Object(labels)) = labels else { return };
    for label in UID_LABELS {
        if let Some(uid) = labels.get_mut(label).filter(|uid| **uid == *old) {
            *uid = new.into();
        }
    }
}

fn put_owner_uid(object: &mut Value, old: &str, new: &str) {
    let owners = object.pointer_mut("/metadata/ownerReferences").and_then(Value::as_array_mut);
    for owner in owners.into_iter().flatten().filter(|owner| owner["uid"] == old) {
        owner["uid"] = new.into();
    }
}

/// What clients read in the fields that the server sets.
fn put_system_fields(metadata: &mut Value, created: Value, generation: u32, version: u64) {
    metadata["creationTimestamp"] = created;
    metadata["generation"] = generation.into();
    metadata["resourceVersion"] = version.to_string().into();
}

/// What manifests have of the fields that the server sets.
fn take_system_fields(metadata: &mut Value) {
    if let Value::Object(fields) = metadata {
        for name in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            fields.remove(name);
        }
        fields.insert("creationTimestamp".to_owned(), CREATION_TIMESTAMP.into());
        fields.insert("generation".to_owned(), json!(1));
    }
}

/// Takes finalizers off. True if there was any of them.
pub(super) fn take_finalizers(object: &mut Value, names: &[&str]) -> bool {
    let Value::Object(metadata) = &mut object["metadata"] else { return false };
    let Some(Value::Array(finalizers)) = metadata.get_mut("finalizers") else { return false };
    let before = finalizers.len();
    finalizers.retain(|finalizer| !names.iter().any(|name| finalizer == name));
    let (after, is_empty) = (finalizers.len(), finalizers.is_empty());
    if is_empty {
        metadata.remove("finalizers");
    }
    after < before
}
