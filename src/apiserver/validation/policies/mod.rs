//! What objects that bear on pods must fulfil: budgets, priority classes, quotas, ranges of limits, nodes.

mod disruption_budget;
mod limit_range;
mod node;
mod priority_class;
mod resource_quota;

use super::meta;
use crate::apiserver::field::{Errors, Field};

/// Checks a new object of a kind.
pub(super) fn validate(kind: &str, object: &Field<'_>, errors: &mut Errors) {
    // The server checks nothing of a budget's name but that it can stand in a URL.
    if kind != "PodDisruptionBudget" {
        meta::validate(&object.get("metadata"), errors);
    }
    match kind {
        "PodDisruptionBudget" => disruption_budget::validate(object, errors),
        "PriorityClass" => priority_class::validate(object, errors),
        "LimitRange" => limit_range::validate(object, errors),
        "ResourceQuota" => resource_quota::validate(object, errors),
        "Node" => node::validate(object, errors),
        _ => {}
    }
}

/// What the server warns of when an object of a kind is made.
pub(super) fn warnings(kind: &str, object: &Field<'_>) -> Vec<String> {
    match kind {
        "ResourceQuota" => resource_quota::warnings(object),
        "Node" => node::warnings(object),
        _ => Vec::new(),
    }
}

/// What is said of an object of a kind that has a good name.
#[cfg(test)]
fn said(kind: &str, mut object: serde_json::Value) -> Vec<String> {
    object["metadata"] = serde_json::json!({"name": "a", "namespace": "default"});
    let mut errors = Errors::default();
    validate(kind, &Field::root(&object), &mut errors);
    errors.into_distinct().into_iter().map(|error| error.text).collect()
}
