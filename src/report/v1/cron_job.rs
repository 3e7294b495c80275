//! A CronJob as v1 JSON.

use serde_json::{Map, Value, json};

use super::Calendar;
use crate::api::cronjob::{ActiveJob, CronJob};
use crate::api::meta::CronJobId;
use crate::apiserver::served::job_uid;
use crate::apiserver::store::Store;

pub(super) fn render(calendar: Calendar, id: CronJobId, store: &Store) -> Option<Value> {
    let mut object = store.served_cron_job(id, |time| calendar.api(time))?;
    object["status"] = status(calendar, store.cron_job(id)?, store);
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
