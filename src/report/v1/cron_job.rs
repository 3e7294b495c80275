//! A CronJob as v1 JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::job::job_uid;
use super::{Calendar, Identity, uid};
use crate::api::cronjob::{ActiveJob, CronJob};
use crate::api::meta::CronJobId;
use crate::apiserver::store::Store;

pub(super) fn cron_job_uid(id: CronJobId) -> String {
    uid(Identity::CronJob, u64::from(id.uid))
}

pub(super) fn render(calendar: Calendar, id: CronJobId, store: &Store) -> Option<Value> {
    let cron_job = store.cron_job(id)?;
    let mut object = Arc::unwrap_or_clone(store.cron_job_manifest(id)?);
    let metadata = &mut object["metadata"];
    metadata["uid"] = cron_job_uid(id).into();
    metadata["creationTimestamp"] = calendar.api(cron_job.created);
    metadata["generation"] = cron_job.generation.into();
    metadata["resourceVersion"] = cron_job.resource_version.to_string().into();
    object["status"] = status(calendar, cron_job, store);
    Some(object)
}

fn status(calendar: Calendar, cron_job: &CronJob, store: &Store) -> Value {
    let (status, mut fields) = (&cron_job.status, Map::new());
    let namespace = &*cron_job.name.namespace;
    let active = |entry: &ActiveJob| {
        let version = store.job(entry.job).map(|job| job.resource_version.to_string());
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "name": &*entry.name, "namespace": namespace,
            "uid": job_uid(entry.job), "resourceVersion": version,
        })
    };
    if !status.active.is_empty() {
        fields.insert("active".to_owned(), status.active.iter().map(active).collect());
    }
    if let Some(time) = status.last_schedule_time {
        fields.insert("lastScheduleTime".to_owned(), time.rfc3339(0).into());
    }
    if let Some(time) = status.last_successful_time {
        fields.insert("lastSuccessfulTime".to_owned(), calendar.api(time));
    }
    Value::Object(fields)
}
