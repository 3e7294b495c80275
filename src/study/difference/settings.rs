//! What two scenarios ask for differently, field by field.

use serde::Serialize;
use serde_json::Value;

use crate::api::meta::ObjectName;
use crate::scenario::{Object, Scenario};

/// A field of an object that is set otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingChange {
    /// `Job etl`.
    pub object: String,
    /// `spec.backoffLimit`; empty for an object that is in one scenario only.
    pub field: String,
    /// What it was, as JSON; absent if it was not set.
    pub before: Option<Value>,
    /// What it is, as JSON; absent if it is not set.
    pub after: Option<Value>,
}

impl std::fmt::Display for SettingChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (object, field) = (&self.object, &self.field);
        match (&self.before, &self.after) {
            (None, Some(_)) if field.is_empty() => write!(f, "{object} is new"),
            (Some(_), None) if field.is_empty() => write!(f, "{object} is gone"),
            (Some(before), Some(after)) => write!(f, "{object}: {field}: {before} -> {after}"),
            (None, Some(after)) => write!(f, "{object}: {field}: {after} is new"),
            (Some(before), None) => write!(f, "{object}: {field}: {before} is gone"),
            (None, None) => Ok(()),
        }
    }
}

/// The fields of Jobs, as they were sent, that differ. Objects are told apart by kind and name.
pub fn setting_changes(before: &Scenario, after: &Scenario) -> Vec<SettingChange> {
    changes_between(&settings(before), &settings(after))
}

/// The same of [`settings`].
pub fn changes_between(olds: &Settings, news: &Settings) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    for (name, old) in olds {
        let new = news.iter().find(|(other, _)| other == name).map(|(_, new)| new);
        compare(name, String::new(), Some(old), new, &mut changes);
    }
    for (name, new) in news.iter().filter(|(name, _)| olds.iter().all(|(other, _)| other != name)) {
        compare(name, String::new(), None, Some(new), &mut changes);
    }
    changes
}

/// The fields of one object that differ between two forms of it.
pub fn object_changes(name: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    compare(name, String::new(), before, after, &mut changes);
    changes
}

/// Jobs and CronJobs as a scenario asks for them: what each is called, and its manifest as JSON.
pub type Settings = Vec<(String, Value)>;

/// What a scenario asks for, in its order.
pub fn settings(scenario: &Scenario) -> Settings {
    let title = |kind: &str, name: &ObjectName| match &*name.namespace {
        "default" => format!("{kind} {}", name.name),
        namespace => format!("{kind} {namespace}/{}", name.name),
    };
    let named = |object: &Object| match object {
        Object::Job(job) => Some((title("Job", &job.name), (*job.sent).clone())),
        Object::CronJob(job) => Some((title("CronJob", &job.name), (*job.manifest).clone())),
        _ => None,
    };
    scenario.objects.iter().filter_map(named).collect()
}

fn compare(name: &str, path: String, old: Option<&Value>, new: Option<&Value>, changes: &mut Vec<SettingChange>) {
    if old == new {
        return;
    }
    let step = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (field, value) in old {
                compare(name, step(field), Some(value), new.get(field), changes);
            }
            for (field, value) in new.iter().filter(|(field, _)| !old.contains_key(*field)) {
                compare(name, step(field), None, Some(value), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (place, (old, new)) in old.iter().zip(new).enumerate() {
                compare(name, format!("{path}[{place}]"), Some(old), Some(new), changes);
            }
        }
        _ => changes.push(SettingChange {
            object: name.to_owned(),
            field: path,
            before: old.cloned(),
            after: new.cloned(),
        }),
    }
}
