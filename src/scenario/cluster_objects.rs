//! Manifests of the cluster that Jobs run in: pods of their own, priorities.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Object;
use super::admit::{refuse, warn};
use super::document::Document;
use super::problem::Problems;
use crate::api::disruption::{IntOrPercent, Operator, PodDisruptionBudget, Requirement};
use crate::api::meta::{ApiTime, NodeId, ObjectName};
use crate::api::node::{Node as ApiNode, Readiness, Taint, TaintEffect};
use crate::api::priority::{PreemptionPolicy, PriorityClass};
use crate::api::quantity::Quantity;
use crate::api::release::Rules;
use crate::api::resources::ResourceList;
use crate::apiserver::{BarePod, admission};

/// Kinds and versions that a scenario can hold beside Jobs and CronJobs.
pub(super) const KINDS: [(&str, &str); 5] = [
    ("v1", "Pod"),
    ("v1", "Node"),
    ("v1", "Namespace"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("policy/v1", "PodDisruptionBudget"),
];

/// A node. What a dump says of its conditions counts, what it says of its heartbeats does not.
pub(super) fn node(value: &Json) -> Object {
    Object::Node(Arc::new(node_of(value)))
}

/// What the engine needs of a node's manifest.
pub fn node_of(value: &Json) -> ApiNode {
    let (spec, status) = (&value["spec"], &value["status"]);
    let words = |of: &Json| -> Vec<(Arc<str>, Arc<str>)> {
        let words = of.as_object().into_iter().flatten();
        words.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or("").into())).collect()
    };
    let list = |of: &Json| of.as_array().cloned().unwrap_or_default();
    let text = |of: &Json| -> Arc<str> { of.as_str().unwrap_or("").into() };
    let taint = |taint: Json| {
        let effect = TaintEffect::by_name(taint["effect"].as_str()?)?;
        Some(Taint { key: text(&taint["key"]), value: text(&taint["value"]), effect })
    };
    let image =
        |image: Json| (list(&image["names"]).iter().map(text).collect(), image["sizeBytes"].as_i64().unwrap_or(0));
    let ready = list(&status["conditions"]).iter().find(|c| c["type"] == "Ready").map(|c| c["status"].clone());
    let ready = match ready.as_ref().and_then(Json::as_str) {
        Some("False") => Readiness::NotReady,
        Some("Unknown") => Readiness::Unknown,
        _ => Readiness::Ready,
    };
    let allocatable = resource_list(&status["allocatable"]);
    let capacity = resource_list(&status["capacity"]);
    // The API server makes allocatable of capacity where a node does not say.
    let allocatable = if allocatable.is_empty() { capacity.clone() } else { allocatable };
    ApiNode {
        id: NodeId(0),
        name: text(&value["metadata"]["name"]),
        labels: words(&value["metadata"]["labels"]),
        annotations: words(&value["metadata"]["annotations"]),
        taints: list(&spec["taints"]).into_iter().filter_map(taint).collect(),
        unschedulable: spec["unschedulable"] == true,
        capacity,
        allocatable,
        images: list(&status["images"]).into_iter().map(image).collect(),
        ready,
        pool: None,
        machine_since: ApiTime(0),
        ready_since: ApiTime(0),
        created: ApiTime(0),
        manifest: Some(Arc::new(value.clone())),
    }
}

/// A PodDisruptionBudget.
pub(super) fn disruption_budget(value: &Json) -> Object {
    let spec = &value["spec"];
    let amount = |of: &Json| match of {
        Json::Number(number) => number.as_u64().map(|number| IntOrPercent::Int(number.min(u32::MAX.into()) as u32)),
        Json::String(text) => text.strip_suffix('%').and_then(|text| text.parse().ok()).map(IntOrPercent::Percent),
        _ => None,
    };
    let text = |of: &Json| -> Arc<str> { of.as_str().unwrap_or("").into() };
    let labels = spec["selector"]["matchLabels"].as_object().into_iter().flatten();
    let requirement = |of: &Json| Requirement {
        key: text(&of["key"]),
        operator: match of["operator"].as_str() {
            Some("NotIn") => Operator::NotIn,
            Some("Exists") => Operator::Exists,
            Some("DoesNotExist") => Operator::DoesNotExist,
            _ => Operator::In,
        },
        values: of["values"].as_array().into_iter().flatten().map(text).collect(),
    };
    let expressions = spec["selector"]["matchExpressions"].as_array().into_iter().flatten().map(requirement);
    let equal = labels.map(|(key, value)| Requirement {
        key: key.as_str().into(),
        operator: Operator::In,
        values: vec![text(value)],
    });
    Object::DisruptionBudget(PodDisruptionBudget {
        name: namespaced(value),
        selector: (!spec["selector"].is_null()).then(|| equal.chain(expressions).collect()),
        min_available: amount(&spec["minAvailable"]),
        max_unavailable: amount(&spec["maxUnavailable"]),
        always_allow_unhealthy: spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow",
    })
}

pub(super) fn resource_list(value: &Json) -> ResourceList {
    let amounts = value.as_object().into_iter().flatten();
    let amount = |(name, amount): (&String, &Json)| {
        let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_string);
        Some((name.as_str().into(), Quantity::parse(&text).ok()?))
    };
    amounts.filter_map(amount).collect()
}

/// A pod that no Job makes. One that has ended, as dumps of clusters hold them, is left out.
pub(super) fn pod(document: &Document, value: &Json, rules: &Rules, problems: &mut Problems) -> Option<Object> {
    if has_ended(value) {
        return None;
    }
    let admitted = admission::create_pod(value, rules).map_err(|errors| refuse(document, &errors, problems)).ok()?;
    warn(document, &admitted.warnings, problems);
    let (template, manifest) = (Arc::new(admitted.template), Arc::new(admitted.manifest));
    Some(Object::Pod(Arc::new(BarePod { name: admitted.name, template, manifest })))
}

/// Has a pod that a dump of a cluster holds ended?
pub(super) fn has_ended(pod: &Json) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// A PriorityClass.
pub(super) fn class_of(value: &Json) -> PriorityClass {
    let number = value["value"].as_i64().unwrap_or(0);
    PriorityClass {
        name: admission::name_of(value).into(),
        value: i32::try_from(number).unwrap_or(i32::MIN),
        global_default: value["globalDefault"] == true,
        preemption_policy: value["preemptionPolicy"].as_str().and_then(PreemptionPolicy::by_name).unwrap_or_default(),
    }
}

/// Namespace and name.
pub(super) fn namespaced(value: &Json) -> ObjectName {
    let text = |field: &str| value["metadata"][field].as_str().filter(|text| !text.is_empty());
    ObjectName::new(text("namespace").unwrap_or("default"), text("name").unwrap_or_default())
}
