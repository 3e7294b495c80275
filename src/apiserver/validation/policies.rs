//! What objects that bear on pods must fulfil: budgets, priority classes, ranges of limits, nodes.

use serde_json::Value;

use super::pod_spec::preemption_policy;
use super::{meta, names, nonnegative, one_of, quantity, selector};
use crate::api::priority::{HIGHEST_OF_USERS, SYSTEM_CLASSES};
use crate::api::quantity::Quantity;
use crate::apiserver::field::{Errors, Field, Shown};

/// Checks a PodDisruptionBudget (`ValidatePodDisruptionBudget`).
pub(super) fn disruption_budget(budget: &Field<'_>, errors: &mut Errors) {
    meta::validate(&budget.get("metadata"), errors);
    let spec = budget.get("spec");
    let amounts = ["minAvailable", "maxUnavailable"].map(|name| spec.get(name));
    amounts.iter().for_each(|amount| int_or_percent(amount, errors));
    selector::validate(&spec.get("selector"), false, errors);
    let policy = spec.get("unhealthyPodEvictionPolicy");
    if policy.is_set() {
        one_of(&policy, &["AlwaysAllow", "IfHealthyBudget"], errors);
    }
}

/// `ValidatePositiveIntOrPercent`, `IsNotMoreThan100Percent`.
fn int_or_percent(amount: &Field<'_>, errors: &mut Errors) {
    let Some(text) = amount.value.as_str() else { return nonnegative(amount, errors) };
    let digits =
        text.strip_suffix('%').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    match digits {
        None => {
            let message = "a valid percent string must be a numeric string followed by an ending '%'";
            errors.invalid(amount, Shown::word(text), names::mismatch(message, "[0-9]+%", &["1%", "93%"]));
        }
        Some(digits) if digits.parse().is_ok_and(|share: u64| share <= 100) => {}
        Some(_) => errors.invalid(amount, Shown::word(text), "must not be greater than 100%"),
    }
}

/// Checks a PriorityClass (`ValidatePriorityClass`).
pub(super) fn priority_class(class: &Field<'_>, errors: &mut Errors) {
    meta::validate(&class.get("metadata"), errors);
    let (name, value) = (class.get("metadata").get("name"), class.get("value"));
    if name.text().starts_with("system-") {
        if let Some(why) = not_of_the_system(name.text(), value.int(), class.get("globalDefault").is_true()) {
            let rule = "priority class names with 'system-' prefix are reserved for system use only";
            errors.forbidden(&name, format!("{rule}. error: {why}"));
        }
    } else if value.int() > i64::from(HIGHEST_OF_USERS) {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}");
        errors.forbidden(&value, detail);
    }
    preemption_policy(&class.get("preemptionPolicy"), errors);
}

/// Why this is no class that every cluster has (`IsKnownSystemPriorityClass`).
fn not_of_the_system(name: &str, value: i64, global_default: bool) -> Option<String> {
    match SYSTEM_CLASSES.iter().find(|(known, _)| *known == name) {
        None => Some(format!("{name} is not a known system priority class")),
        Some((_, known)) if i64::from(*known) != value => {
            Some(format!("value of {name} PriorityClass must be {known}"))
        }
        Some(_) => global_default.then(|| format!("globalDefault of {name} PriorityClass must be false")),
    }
}

/// Checks the amounts of a LimitRange that has its defaults, resources in order (`ValidateLimitRange`).
pub(super) fn limit_range(range: &Field<'_>, errors: &mut Errors) {
    meta::validate(&range.get("metadata"), errors);
    let mut kinds = Vec::new();
    for item in range.get("spec").get("limits").items() {
        let kind = item.get("type");
        if kinds.contains(&kind.text()) {
            errors.duplicate(&kind, Shown::word(kind.text()));
        }
        kinds.push(kind.text());
        if kind.text() == "Pod" {
            for name in ["default", "defaultRequest"] {
                if !item.get(name).is_empty() {
                    errors.forbidden(&item.get(name), "may not be specified when `type` is 'Pod'");
                }
            }
        } else {
            // Which is not to be more than which, at whose place, and what the server calls them.
            for (low, high, at, words) in [
                ("min", "max", "min", ("min", "max")),
                ("min", "defaultRequest", "defaultRequest", ("min", "default request")),
                ("defaultRequest", "max", "defaultRequest", ("default request", "max")),
                ("defaultRequest", "default", "defaultRequest", ("default request", "default limit")),
                ("min", "default", "default", ("min", "default")),
                ("default", "max", "default", ("default", "max")),
            ] {
                in_order(&item, low, high, at, words, errors);
            }
            continue;
        }
        in_order(&item, "min", "max", "min", ("min", "max"), errors);
    }
}

fn in_order(
    item: &Field<'_>,
    low: &'static str,
    high: &'static str,
    at: &'static str,
    words: (&str, &str),
    errors: &mut Errors,
) {
    for (resource, least) in item.get(low).entries() {
        let most = Field { value: &item.get(high).value[resource], path: item.get(high).path.key(resource) };
        let (Some(least), Some(most)) = (amount(&least), amount(&most)) else { continue };
        if least > most {
            // At a default the server shows the bound.
            let shown = if at == "default" && high == "max" { &most } else { &least };
            let shown = if at == "defaultRequest" && high == at { &most } else { shown };
            let detail = format!("{} value {least} is greater than {} value {most}", words.0, words.1);
            errors.invalid(&item.get(at).path.key(resource), shown.to_string(), detail);
        }
    }
}

/// An amount, which may be written as a number.
fn amount(of: &Field<'_>) -> Option<Quantity> {
    match of.value {
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        _ => quantity(of),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(rule: fn(&Field<'_>, &mut Errors), mut object: Value, wanted: &[&str]) {
        object["metadata"]["namespace"] = json!("default");
        let mut errors = Errors::default();
        rule(&Field::root(&object), &mut errors);
        assert_eq!(errors.list.iter().map(|error| &*error.text).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn budgets_are_whole_numbers_or_shares() {
        let check = |name: &str, amount: Value, wanted: &[&str]| {
            check(disruption_budget, json!({"metadata": {"name": "b"}, "spec": {name: amount}}), wanted);
        };
        check("minAvailable", json!(2), &[]);
        check("minAvailable", json!("50%"), &[]);
        check("minAvailable", json!(-1), &["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]);
        check(
            "maxUnavailable",
            json!("150%"),
            &["spec.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%"],
        );
        check(
            "maxUnavailable",
            json!("half"),
            &[
                "spec.maxUnavailable: Invalid value: \"half\": a valid percent string must be a numeric string followed by an \
               ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
            ],
        );
    }

    #[test]
    fn names_of_the_system_are_not_for_users() {
        let check = |name: &str, value: i64, wanted: &[&str]| {
            check(priority_class, json!({"metadata": {"name": name}, "value": value}), wanted);
        };
        check("high", 1_000_000_000, &[]);
        check(
            "high",
            1_000_000_001,
            &["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        );
        check("system-node-critical", 2_000_001_000, &[]);
        check(
            "system-mine",
            5,
            &[
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. \
               error: system-mine is not a known system priority class",
            ],
        );
    }

    #[test]
    fn least_is_no_more_than_most() {
        let check = |item: Value, wanted: &[&str]| {
            check(limit_range, json!({"metadata": {"name": "r"}, "spec": {"limits": [item]}}), wanted);
        };
        check(json!({"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}}), &[]);
        check(
            json!({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}),
            &["spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"],
        );
        check(
            json!({"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}}),
            &["spec.limits[0].default[cpu]: Invalid value: \"1\": default value 2 is greater than max value 1"],
        );
        check(
            json!({"type": "Pod", "default": {"cpu": "2"}}),
            &["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        );
    }
}
