//! `printNode`.

use jiff::Timestamp;
use serde_json::Value;

use super::super::fields::{age, is_true, items, or_none, text};
use super::super::node::roles;
use super::Column;

pub(super) const COLUMNS: &[Column] = &[
    ("NAME", false),
    ("STATUS", false),
    ("ROLES", false),
    ("AGE", false),
    ("VERSION", false),
    ("INTERNAL-IP", true),
    ("EXTERNAL-IP", true),
    ("OS-IMAGE", true),
    ("KERNEL-VERSION", true),
    ("CONTAINER-RUNTIME", true),
];

pub(super) fn cells(node: &Value, now: Timestamp) -> Vec<String> {
    let (metadata, status) = (&node["metadata"], &node["status"]);
    let ready = items(&status["conditions"]).iter().rfind(|condition| condition["type"] == "Ready");
    let mut state = match ready {
        None => "Unknown",
        Some(condition) if condition["status"] == "True" => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if is_true(&node["spec"]["unschedulable"]) {
        state += ",SchedulingDisabled";
    }
    let address = |kind: &str| {
        let found = items(&status["addresses"]).iter().find(|address| address["type"] == kind);
        found.map_or("<none>", |address| text(&address["address"])).to_owned()
    };
    let info = |field: &str| match text(&status["nodeInfo"][field]) {
        "" => "<unknown>".to_owned(),
        known => known.to_owned(),
    };
    let kernel = match text(&status["nodeInfo"]["architecture"]) {
        "" => info("kernelVersion"),
        architecture => format!("{} ({architecture})", info("kernelVersion")),
    };
    vec![
        text(&metadata["name"]).to_owned(),
        state,
        or_none(&roles(node).join(",")).to_owned(),
        age(&metadata["creationTimestamp"], now),
        text(&status["nodeInfo"]["kubeletVersion"]).to_owned(),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        kernel,
        info("containerRuntimeVersion"),
    ]
}
