//! `spec.podFailurePolicy` of a Job (`validatePodFailurePolicy`).

use std::collections::BTreeSet;

use super::{names, one_of};
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::print_as;

const MAX_RULES: usize = 20;
const MAX_EXIT_CODES: usize = 255;
const MAX_PATTERNS: usize = 20;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

/// Checks the policy of a Job's `spec`.
pub(super) fn validate(spec: &Field<'_>, errors: &mut Errors) {
    let rules = spec.get("podFailurePolicy").get("rules");
    if rules.len() > MAX_RULES {
        errors.too_many(&rules, rules.len(), MAX_RULES);
    }
    let pod = spec.get("template").get("spec");
    let containers = pod.get("containers").items().chain(pod.get("initContainers").items());
    let containers: BTreeSet<&str> = containers.map(|container| container.get("name").text()).collect();
    for rule in rules.items() {
        action(&rule.get("action"), spec, errors);
        let (exit_codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
        if exit_codes.is_set() {
            on_exit_codes(&exit_codes, &containers, errors);
        }
        on_pod_conditions(&conditions, errors);
        let problem = match (exit_codes.is_set(), !conditions.is_empty()) {
            (true, true) => "specifying both OnExitCodes and OnPodConditions is not supported",
            (false, false) => "specifying one of OnExitCodes and OnPodConditions is required",
            _ => continue,
        };
        errors.invalid(&rule, crate::apiserver::field::Shown::Omitted, problem);
    }
}

fn action(action: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    match action.text() {
        "" => errors.required(action, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"),
        "FailIndex" if !spec.get("backoffLimitPerIndex").is_set() => {
            errors.invalid(action, action.text(), "requires the backoffLimitPerIndex to be set");
        }
        _ => one_of(action, &ACTIONS, errors),
    }
}

fn on_exit_codes(exit_codes: &Field<'_>, containers: &BTreeSet<&str>, errors: &mut Errors) {
    let operator = exit_codes.get("operator");
    match operator.text() {
        "" => errors.required(&operator, "valid values: [\"In\" \"NotIn\"]"),
        _ => one_of(&operator, &["In", "NotIn"], errors),
    }
    let container = exit_codes.get("containerName");
    if container.is_set() && !containers.contains(container.text()) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.invalid(&container, container.text(), detail);
    }
    let values = exit_codes.get("values");
    match values.len() {
        0 => errors.invalid(&values, print_as("[]int32", values.value), "at least one value is required"),
        count if count > MAX_EXIT_CODES => errors.too_many(&values, count, MAX_EXIT_CODES),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for value in values.items() {
        if operator.text() == "In" && value.int() == 0 {
            errors.invalid(&value, 0, "must not be 0 for the In operator");
        }
        if !seen.insert(value.int()) {
            errors.duplicate(&value, value.int());
        }
    }
    if !values.items().map(|value| value.int()).is_sorted() {
        errors.invalid(&values, print_as("[]int32", values.value), "must be ordered");
    }
}

fn on_pod_conditions(patterns: &Field<'_>, errors: &mut Errors) {
    if patterns.len() > MAX_PATTERNS {
        errors.too_many(patterns, patterns.len(), MAX_PATTERNS);
    }
    for pattern in patterns.items() {
        let (kind, status) = (pattern.get("type"), pattern.get("status"));
        errors.each_invalid(&kind, kind.text(), names::label_key(kind.text()));
        match status.text() {
            "" => errors.required(&status, "valid values: [\"False\" \"True\" \"Unknown\"]"),
            _ => one_of(&status, &["False", "True", "Unknown"], errors),
        }
    }
}
