//! Objects that bear on pods: budgets, priority classes, quotas, ranges of limits, nodes.

use serde_json::{Value, json};

use super::defaults::fill_amounts;
use super::name_of;
use crate::api::release::Rules;
use crate::apiserver::field::FieldError;
use crate::apiserver::schema::schema;
use crate::apiserver::validation;

/// An object that the server accepts.
#[derive(Clone, Debug)]
pub struct AdmittedPolicy {
    /// The object with the name and the defaults that it gets.
    pub manifest: Value,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

/// The server's answer to a new object of one of these kinds.
///
/// # Errors
/// Every rule that it breaks, in the server's order.
pub fn create_policy(kind: &str, value: &Value, rules: &Rules) -> Result<AdmittedPolicy, Vec<FieldError>> {
    let mut manifest = value.clone();
    let name = name_of(&manifest);
    if !name.is_empty() {
        manifest["metadata"]["name"] = json!(name);
    }
    amounts(&mut manifest);
    match kind {
        "LimitRange" => limit_range(&mut manifest),
        "Node" => node(&mut manifest),
        _ => {}
    }
    let mut placed = manifest.clone();
    // The namespace of what is in none counts for nothing.
    let is_of_cluster = matches!(kind, "Node" | "PriorityClass");
    let namespace = &mut placed["metadata"]["namespace"];
    if is_of_cluster || namespace.as_str().is_none_or(str::is_empty) {
        *namespace = json!("default");
    }
    let errors = validation::validate_policy_create(kind, &placed, rules);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = validation::policy_create_warnings(kind, &manifest);
    Ok(AdmittedPolicy { manifest, warnings })
}

/// Amounts as the server writes them: texts, rounded to thousandths.
fn amounts(object: &mut Value) {
    let shape = schema().shape("{}Quantity");
    let read = |list: &mut Value| {
        if let Some(mut amounts) = schema().read(&shape, list) {
            schema().fill(&shape, &mut amounts);
            *list = amounts;
        }
    };
    let lists = ["/spec/hard", "/status/capacity", "/status/allocatable"];
    lists.iter().for_each(|list| object.pointer_mut(list).into_iter().for_each(read));
    for item in object.pointer_mut("/spec/limits").and_then(Value::as_array_mut).into_iter().flatten() {
        let lists = ["min", "max", "default", "defaultRequest", "maxLimitRequestRatio"];
        lists.iter().for_each(|list| item.get_mut(list).into_iter().for_each(read));
    }
}

/// What has a maximum has a default, what has a default asks for as much (`SetDefaults_LimitRangeItem`).
fn limit_range(range: &mut Value) {
    let items = range["spec"]["limits"].as_array_mut().into_iter().flatten();
    for item in items.filter(|item| item["type"] == "Container") {
        for (list, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
            fill_amounts(item, list, from);
        }
    }
}

/// What a node says of one network holds against what it says of several (`Convert_v1_NodeSpec_To_core_NodeSpec`). Its
/// allocatable amounts are its capacity where it does not say (`SetDefaults_NodeStatus`).
fn node(node: &mut Value) {
    let one = node["spec"]["podCIDR"].clone();
    if one.as_str().is_some_and(|one| !one.is_empty()) && node["spec"]["podCIDRs"][0] != one {
        node["spec"]["podCIDRs"] = json!([one]);
    }
    let capacity = node["status"]["capacity"].clone();
    if !capacity.is_null() && node["status"]["allocatable"].is_null() {
        node["status"]["allocatable"] = capacity;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(kind: &str, object: Value) -> Result<AdmittedPolicy, Vec<FieldError>> {
        create_policy(kind, &object, &Rules::default())
    }

    #[test]
    fn defaults_are_made_before_anything_is_checked() {
        let range = json!({
            "metadata": {"name": "a"}, "spec": {"limits": [{"type": "Container", "min": {"cpu": "1n"}, "max": {"cpu": 2}}]},
        });
        let item = &created("LimitRange", range).expect("a range").manifest["spec"]["limits"][0];
        assert_eq!((&item["default"], &item["defaultRequest"]), (&json!({"cpu": "2"}), &json!({"cpu": "2"})));
        assert_eq!(item["min"], json!({"cpu": "1m"}));
        let node = json!({
            "metadata": {"generateName": "a-"}, "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["x"]},
            "status": {"capacity": {"cpu": 2}},
        });
        let node = created("Node", node).expect("a node").manifest;
        assert_eq!(node["metadata"]["name"], "a-abcde");
        assert_eq!(node["spec"]["podCIDRs"], json!(["10.0.0.0/24"]));
        assert_eq!(node["status"]["allocatable"], json!({"cpu": "2"}));
    }

    #[test]
    fn names_are_held_against_the_rules_of_the_kind() {
        let check = |kind: &str, metadata: Value, wanted: &[&str]| {
            let errors = created(kind, json!({"metadata": metadata})).err().unwrap_or_default();
            let said: Vec<&str> =
                errors.iter().map(|error| error.text.split(": a lowercase").next().unwrap_or_default()).collect();
            assert_eq!(said, wanted, "{kind}");
        };
        for kind in ["ResourceQuota", "LimitRange", "Node", "PriorityClass"] {
            check(kind, json!({"name": "A"}), &["metadata.name: Invalid value: \"A\""]);
        }
        check("PodDisruptionBudget", json!({"name": "A_b"}), &[]);
        check(
            "PodDisruptionBudget",
            json!({"name": "a/b"}),
            &["metadata.name: Invalid value: \"a/b\": may not contain '/'"],
        );
        check("PodDisruptionBudget", json!({}), &["metadata.name: Required value: name or generateName is required"]);
        check("Node", json!({"name": "a", "namespace": "A b"}), &[]);
        check(
            "ResourceQuota",
            json!({"name": "a", "namespace": "A b"}),
            &["metadata.namespace: Invalid value: \"A b\""],
        );
    }
}
