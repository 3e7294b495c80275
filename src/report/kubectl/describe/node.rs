//! `describeNode`.

use serde_json::Value;

use super::super::fields::{age, date, is_true, items, or_none, text};
use super::super::node::roles;
use super::resources::{self, Amounts, amount};
use super::{Sheet, Surroundings};
use crate::api::quantity::Quantity;

pub(super) fn describe(node: &Value, around: &Surroundings<'_>, sheet: &mut Sheet) {
    let (metadata, spec, status) = (&node["metadata"], &node["spec"], &node["status"]);
    let name = text(&metadata["name"]);
    sheet.field(0, "Name", name);
    sheet.field(0, "Roles", or_none(&roles(node).join(",")));
    sheet.labels("Labels", &metadata["labels"]);
    sheet.annotations("Annotations", &metadata["annotations"]);
    sheet.field(0, "CreationTimestamp", date(&metadata["creationTimestamp"]));
    taints(&spec["taints"], sheet);
    sheet.field(0, "Unschedulable", is_true(&spec["unschedulable"]).to_string());
    sheet.field(0, "Lease", format!("Failed to get lease: leases.coordination.k8s.io \"{name}\" not found"));
    conditions(&status["conditions"], sheet);
    sheet.line(0, "Addresses:");
    for address in items(&status["addresses"]) {
        sheet.field(1, text(&address["type"]), text(&address["address"]));
    }
    for (title, list) in [("Capacity:", &status["capacity"]), ("Allocatable:", &status["allocatable"])] {
        if list.as_object().is_some_and(|list| !list.is_empty()) {
            sheet.line(0, title);
            resources::list(list, 1, sheet);
        }
    }
    system(&status["nodeInfo"], sheet);
    let ranges: Vec<&str> = items(&spec["podCIDRs"]).iter().map(text).collect();
    for (title, value) in [
        ("PodCIDR", text(&spec["podCIDR"])),
        ("PodCIDRs", &ranges.join(",")),
        ("ProviderID", text(&spec["providerID"])),
    ] {
        if !value.is_empty() {
            sheet.field(0, title, value);
        }
    }
    pods(node, around, sheet);
}

fn taints(taints: &Value, sheet: &mut Sheet) {
    let mut taints: Vec<&Value> = items(taints).iter().collect();
    taints.sort_by_key(|taint| format!("{},{}", text(&taint["effect"]), text(&taint["key"])));
    let taint = |taint: &Value| {
        let (key, value, effect) = (text(&taint["key"]), text(&taint["value"]), text(&taint["effect"]));
        match (value, effect) {
            ("", "") => key.to_owned(),
            (value, "") => format!("{key}={value}:"),
            ("", effect) => format!("{key}:{effect}"),
            (value, effect) => format!("{key}={value}:{effect}"),
        }
    };
    sheet.list("Taints", taints.into_iter().map(taint));
}

fn conditions(conditions: &Value, sheet: &mut Sheet) {
    let conditions = items(conditions);
    if conditions.is_empty() {
        return;
    }
    sheet.line(0, "Conditions:");
    sheet.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    sheet.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in conditions {
        let (kind, status) = (text(&condition["type"]), text(&condition["status"]));
        let (heartbeat, transition) = (date(&condition["lastHeartbeatTime"]), date(&condition["lastTransitionTime"]));
        let (reason, message) = (text(&condition["reason"]), text(&condition["message"]));
        sheet.line(1, format!("{kind} \t{status} \t{heartbeat} \t{transition} \t{reason} \t{message}"));
    }
}

fn system(info: &Value, sheet: &mut Sheet) {
    sheet.line(0, "System Info:");
    for (title, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        sheet.field(1, title, text(&info[field]));
    }
}

/// The pods on the node and what they take of it (`describeNodeResource`).
fn pods(node: &Value, around: &Surroundings<'_>, sheet: &mut Sheet) {
    let status = &node["status"];
    let has_allocatable = status["allocatable"].as_object().is_some_and(|list| !list.is_empty());
    let allocatable = if has_allocatable { &status["allocatable"] } else { &status["capacity"] };
    sheet.field(0, "Non-terminated Pods", format!("({} in total)", around.pods.len()));
    sheet.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    sheet.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in around.pods {
        let (own_requests, own_limits) =
            (resources::of_pod(&pod["spec"], "requests"), resources::of_pod(&pod["spec"], "limits"));
        let mut cells = vec![text(&pod["metadata"]["namespace"]).to_owned(), text(&pod["metadata"]["name"]).to_owned()];
        cells.push(String::new());
        for name in ["cpu", "memory"] {
            for own in [&own_requests, &own_limits] {
                cells.push(share(own, name, allocatable, Divided::ByAnything));
            }
        }
        cells.push(age(&pod["metadata"]["creationTimestamp"], around.now));
        sheet.line(1, cells.join("\t"));
        resources::add(&mut requests, &own_requests);
        resources::add(&mut limits, &own_limits);
    }
    sheet.line(0, "Allocated resources:");
    sheet.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    sheet.line(1, "Resource\tRequests\tLimits");
    sheet.line(1, "--------\t--------\t------");
    let names: Vec<&String> = allocatable.as_object().into_iter().flat_map(serde_json::Map::keys).collect();
    let huge_pages = names.iter().filter(|name| name.starts_with("hugepages-")).map(|name| name.as_str());
    for name in ["cpu", "memory", "ephemeral-storage"].into_iter().chain(huge_pages) {
        let share = |amounts: &Amounts| share(amounts, name, allocatable, Divided::UnlessZero);
        sheet.line(1, format!("{name}\t{}\t{}", share(&requests), share(&limits)));
    }
    let standard = |name: &str| matches!(name, "cpu" | "memory" | "ephemeral-storage" | "pods");
    for name in names.into_iter().filter(|name| !standard(name) && !name.starts_with("hugepages-")) {
        let of = |amounts: &Amounts| amounts.get(name).cloned().unwrap_or_default().to_string();
        sheet.line(1, format!("{name}\t{}\t{}", of(&requests), of(&limits)));
    }
}

#[derive(PartialEq)]
enum Divided {
    ByAnything,
    UnlessZero,
}

/// `500m (12%)`: an amount and its share of the node's.
fn share(amounts: &Amounts, name: &str, allocatable: &Value, divided: Divided) -> String {
    let amount_of = amounts.get(name).cloned().unwrap_or_default();
    let size = |quantity: &Quantity| if name == "cpu" { quantity.milli_value() } else { quantity.value() };
    let all = size(&amount(&allocatable[name]));
    let percent = match all {
        0 if divided == Divided::UnlessZero => 0,
        // Go's conversion of what is no number.
        0 => i64::MIN,
        _ => (size(&amount_of) as f64 / all as f64 * 100.0) as i64,
    };
    format!("{amount_of} ({percent}%)")
}
