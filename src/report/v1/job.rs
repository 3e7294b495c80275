//! A Job as v1 JSON: its manifest, what the server has set, its status.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::cron_job::cron_job_uid;
use super::{Calendar, Identity, uid};
use crate::api::job::{Job, JobStatus};
use crate::api::meta::{JobId, PodId};
use crate::apiserver::admission::UID;
use crate::apiserver::store::Store;

/// Labels by which a Job knows its pods.
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

pub(super) fn job_uid(id: JobId) -> String {
    uid(Identity::Job, u64::from(id.uid))
}

pub(super) fn render(calendar: Calendar, id: JobId, store: &Store) -> Option<Value> {
    let job = store.job(id)?;
    let mut object = Arc::unwrap_or_clone(store.manifest(id)?);
    let uid = job_uid(id);
    for labels in ["/spec/selector/matchLabels", "/spec/template/metadata/labels", "/metadata/labels"] {
        set_uid(object.pointer_mut(labels), &uid);
    }
    let metadata = &mut object["metadata"];
    metadata["uid"] = uid.into();
    metadata["creationTimestamp"] = calendar.api(job.created);
    metadata["generation"] = job.generation.into();
    metadata["resourceVersion"] = job.resource_version.to_string().into();
    if let Some(deleted) = job.deletion_timestamp {
        metadata["deletionTimestamp"] = calendar.api(deleted);
        metadata["deletionGracePeriodSeconds"] = 0.into();
    }
    if job.foreground_deletion {
        let mut finalizers = metadata["finalizers"].as_array().cloned().unwrap_or_default();
        finalizers.push(json!("foregroundDeletion"));
        metadata["finalizers"] = finalizers.into();
    }
    if let Some(owner) = &job.owner {
        metadata["ownerReferences"][0]["uid"] = cron_job_uid(owner.start.cron_job).into();
    }
    object["status"] = status(calendar, job);
    Some(object)
}

/// The uid in a template's labels, as its Job has it.
pub(super) fn set_uid(labels: Option<&mut Value>, uid: &str) {
    let Some(labels) = labels else { return };
    for label in UID_LABELS {
        if labels[label] == UID {
            labels[label] = uid.into();
        }
    }
}

fn status(calendar: Calendar, job: &Job) -> Value {
    let status: &JobStatus = &job.status;
    let mut fields = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let above_zero = |count: i32| (count != 0).then(|| count.into());
    set("active", above_zero(status.active));
    set("ready", status.ready.map(Value::from));
    set("terminating", status.terminating.map(Value::from));
    set("succeeded", above_zero(status.succeeded));
    set("failed", above_zero(status.failed));
    set("startTime", status.start_time.map(|time| calendar.api(time)));
    set("completionTime", status.completion_time.map(|time| calendar.api(time)));
    let completed = status.completed_indexes.to_string();
    set("completedIndexes", (!completed.is_empty()).then(|| completed.into()));
    set("failedIndexes", status.failed_indexes.as_ref().map(|indexes| indexes.to_string().into()));
    set("conditions", conditions(calendar, status));
    // The controller's first write sets it, be it empty.
    set("uncountedTerminatedPods", status.ready.map(|_| uncounted(status)));
    Value::Object(fields)
}

fn uncounted(status: &JobStatus) -> Value {
    let mut lists = Map::new();
    for (name, pods) in [("succeeded", &status.uncounted_succeeded), ("failed", &status.uncounted_failed)] {
        let uids = |pods: &[PodId]| pods.iter().map(|pod| uid(Identity::Pod, pod.uid.into())).collect();
        if !pods.is_empty() {
            lists.insert(name.to_owned(), uids(pods));
        }
    }
    Value::Object(lists)
}

fn conditions(calendar: Calendar, status: &JobStatus) -> Option<Value> {
    let conditions = status.conditions.iter().map(|condition| {
        let time = calendar.api(condition.last_transition_time);
        json!({
            "type": condition.kind.as_str(), "status": if condition.status { "True" } else { "False" },
            "reason": condition.reason.as_str(), "message": *condition.message,
            "lastProbeTime": time, "lastTransitionTime": time,
        })
    });
    (!status.conditions.is_empty()).then(|| conditions.collect())
}
