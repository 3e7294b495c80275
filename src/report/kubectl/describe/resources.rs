//! Amounts of resources: lists of them, a pod's in all, its class.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::fields::{entries, items};
use super::sheet::Sheet;
use crate::api::quantity::Quantity;

/// Amounts by resource.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// An amount as JSON; zero if there is none.
pub(super) fn amount(value: &Value) -> Quantity {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Quantity::parse(&text).unwrap_or_default()
}

/// Limits and requests, a line each (`describeResources`).
pub(super) fn describe(resources: &Value, level: usize, sheet: &mut Sheet) {
    for (title, field) in [("Limits:", "limits"), ("Requests:", "requests")] {
        let list = &resources[field];
        if list.as_object().is_some_and(|list| !list.is_empty()) {
            sheet.line(level, title);
            self::list(list, level + 1, sheet);
        }
    }
}

/// Amounts by name.
pub(super) fn list(amounts: &Value, level: usize, sheet: &mut Sheet) {
    for (name, value) in amounts.as_object().into_iter().flatten() {
        sheet.field(level, name, amount(value).to_string());
    }
}

fn amounts(list: &Value) -> Amounts {
    list.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), amount(value))).collect()
}

pub(super) fn add(to: &mut Amounts, more: &Amounts) {
    for (name, value) in more {
        let sum = to.get(name).map_or_else(|| value.clone(), |had| had.add(value));
        to.insert(name.clone(), sum);
    }
}

fn raise(to: &mut Amounts, other: &Amounts) {
    for (name, value) in other {
        if to.get(name).is_none_or(|had| had < value) {
            to.insert(name.clone(), value.clone());
        }
    }
}

/// What a pod asks for in all, `which` being `requests` or `limits` (`PodRequests`, `PodLimits`): containers together,
/// or the init container that asks for most beside the sidecars before it; then the overhead. What the pod itself asks
/// for takes the place of its containers' sum.
pub(super) fn of_pod(spec: &Value, which: &str) -> Amounts {
    let mut total = Amounts::new();
    for container in items(&spec["containers"]) {
        add(&mut total, &amounts(&container["resources"][which]));
    }
    let (mut sidecars, mut init) = (Amounts::new(), Amounts::new());
    for container in items(&spec["initContainers"]) {
        let mut own = amounts(&container["resources"][which]);
        if container["restartPolicy"] == "Always" {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own = sidecars.clone();
        } else {
            add(&mut own, &sidecars);
        }
        raise(&mut init, &own);
    }
    raise(&mut total, &init);
    for (name, value) in amounts(&spec["resources"][which]) {
        if is_of_pods(&name) {
            total.insert(name, value);
        }
    }
    for (name, value) in amounts(&spec["overhead"]) {
        // An overhead limits nothing that has no limit.
        if which == "requests" || total.get(&name).is_some_and(|limit| !limit.is_zero()) {
            add(&mut total, &Amounts::from([(name, value)]));
        }
    }
    total
}

/// Can a pod as a whole ask for it?
fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// The class of a pod by its resources (`ComputePodQOS`).
pub fn quality_of_service(spec: &Value) -> &'static str {
    let is_set = |list: &Value| entries(list).any(|(name, _)| is_of_pods(name));
    if is_set(&spec["resources"]["requests"]) || is_set(&spec["resources"]["limits"]) {
        return class(&spec["resources"]);
    }
    let containers = items(&spec["initContainers"]).iter().chain(items(&spec["containers"]));
    let mut classes = containers.map(|container| class(&container["resources"]));
    let first = classes.next().unwrap_or("BestEffort");
    if classes.all(|class| class == first) { first } else { "Burstable" }
}

fn class(resources: &Value) -> &'static str {
    let of = |name: &str| {
        let (request, limit) = (amount(&resources["requests"][name]), amount(&resources["limits"][name]));
        match request == limit {
            false => "Burstable",
            true if request.is_zero() => "BestEffort",
            true => "Guaranteed",
        }
    };
    let none = |list: &Value| list.as_object().is_none_or(serde_json::Map::is_empty);
    match (of("cpu"), of("memory")) {
        _ if none(&resources["requests"]) && none(&resources["limits"]) => "BestEffort",
        (cpu, memory) if cpu == memory => cpu,
        _ => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pods_requests_are_those_of_its_hungriest_time() {
        let container = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let sidecar = |cpu: &str| json!({"restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}});
        let check = |spec: Value, cpu: &str| assert_eq!(of_pod(&spec, "requests")["cpu"].to_string(), cpu, "{spec}");
        check(json!({"containers": [container("1"), container("500m")]}), "1500m");
        check(json!({"containers": [container("1")], "initContainers": [container("3")]}), "3");
        check(json!({"containers": [container("1")], "initContainers": [sidecar("1"), container("3")]}), "4");
        check(json!({"containers": [container("1")], "initContainers": [container("3"), sidecar("1")]}), "3");
        check(json!({"containers": [container("1")], "overhead": {"cpu": "250m"}}), "1250m");
        check(json!({"containers": [container("1")], "resources": {"requests": {"cpu": "2"}}}), "2");
    }

    #[test]
    fn classes_are_the_kubelets() {
        let check = |resources: Value, class: &str| {
            assert_eq!(quality_of_service(&json!({"containers": [{"resources": resources}]})), class);
        };
        check(json!({}), "BestEffort");
        check(json!({"requests": {"cpu": "1"}}), "Burstable");
        check(
            json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}}),
            "Guaranteed",
        );
        check(json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}), "Burstable");
    }
}
