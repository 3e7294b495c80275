//! A Job as v1 JSON: its manifest, what the server has set, its status.

use serde_json::{Map, Value, json};

use super::{Calendar, Identity, uid};
use crate::api::job::{Job, JobStatus};
use crate::api::meta::{JobId, PodId};
use crate::apiserver::store::Store;

pub(super) fn render(calendar: Calendar, id: JobId, store: &Store) -> Option<Value> {
    let mut object = store.served_job(id, |time| calendar.api(time))?;
    object["status"] = status(calendar, store.job(id)?);
    Some(object)
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
