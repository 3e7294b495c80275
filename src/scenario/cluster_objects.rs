//! Manifests of the cluster that Jobs run in: pods of their own, priorities.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Object;
use super::admit::{nearest_span, refuse};
use super::document::{Document, go_quote};
use super::problem::{Problem, Problems};
use crate::api::priority::{HIGHEST_OF_USERS, PriorityClass};
use crate::apiserver::{BarePod, admission};

/// Kinds and versions that a scenario can hold beside Jobs and CronJobs, and the resources that they are.
pub(super) const KINDS: [(&str, &str); 2] = [("v1", "Pod"), ("scheduling.k8s.io/v1", "PriorityClass")];

/// A pod that no Job makes. One that has ended, as dumps of clusters hold them, is left out.
pub(super) fn pod(document: &Document, value: &Json, problems: &mut Problems) -> Option<Object> {
    if matches!(value["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return None;
    }
    let admitted = admission::create_pod(value).map_err(|errors| refuse(document, &errors, problems)).ok()?;
    let node = admitted.manifest["spec"]["nodeName"].as_str().filter(|name| !name.is_empty()).map(Arc::from);
    let (template, manifest) = (Arc::new(admitted.template), Arc::new(admitted.manifest));
    Some(Object::Pod(Arc::new(BarePod { name: admitted.name, template, node, manifest })))
}

/// A PriorityClass.
pub(super) fn priority_class(document: &Document, value: &Json, problems: &mut Problems) -> Option<Object> {
    let name = name(document, value, problems)?;
    let number = value["value"].as_i64().unwrap_or(0);
    let mut wrong = |field: &str, title: String| {
        problems.list.push(Problem::at(document.at(nearest_span(&document.root, field).0), title));
        None
    };
    if number > i64::from(HIGHEST_OF_USERS) {
        let title = format!("value: Forbidden: maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}");
        return wrong("value", title);
    }
    let policy = value["preemptionPolicy"].as_str().unwrap_or("PreemptLowerPriority");
    if !matches!(policy, "PreemptLowerPriority" | "Never") {
        let supported = "supported values: \"Never\", \"PreemptLowerPriority\"";
        let title = format!("preemptionPolicy: Unsupported value: {}: {supported}", go_quote(policy));
        return wrong("preemptionPolicy", title);
    }
    Some(Object::PriorityClass(PriorityClass {
        name: name.into(),
        value: i32::try_from(number).unwrap_or(i32::MIN),
        global_default: value["globalDefault"] == true,
        preempts: policy != "Never",
    }))
}

/// The name of an object, which it must have.
pub(super) fn name<'v>(document: &Document, value: &'v Json, problems: &mut Problems) -> Option<&'v str> {
    let name = value["metadata"]["name"].as_str().filter(|name| !name.is_empty());
    if name.is_none() {
        let title = "metadata.name: Required value: name or generateName is required";
        problems.list.push(Problem::at(document.at(nearest_span(&document.root, "metadata").0), title));
    }
    name
}
