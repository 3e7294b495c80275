//! PodDisruptionBudgets (`ValidatePodDisruptionBudgetSpec`).

use crate::apiserver::field::{Errors, Field, Shown};
use crate::apiserver::schema::print_as;
use crate::apiserver::validation::{names, nonnegative, one_of, selector};

/// Checks what a budget says.
pub(super) fn validate(budget: &Field<'_>, errors: &mut Errors) {
    let spec = budget.get("spec");
    let amounts = ["minAvailable", "maxUnavailable"].map(|name| spec.get(name));
    if amounts.iter().all(Field::is_set) {
        let shown = print_as("PodDisruptionBudgetSpec", spec.value);
        errors.invalid(&spec, shown, "minAvailable and maxUnavailable cannot be both set");
    }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::said;

    #[test]
    fn budgets_are_whole_numbers_or_shares() {
        let check = |name: &str, amount: Value, wanted: &[&str]| {
            assert_eq!(said("PodDisruptionBudget", json!({"spec": {name: amount}})), wanted);
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
    fn budgets_say_one_of_the_two() {
        let check = |spec: Value, shown: &str| {
            let wanted = format!("spec: Invalid value: {shown}: minAvailable and maxUnavailable cannot be both set");
            assert_eq!(said("PodDisruptionBudget", json!({"spec": spec})), [wanted]);
        };
        check(
            json!({"minAvailable": 1, "maxUnavailable": 1}),
            r#"{"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}"#,
        );
        check(
            json!({
                "minAvailable": "50%", "maxUnavailable": 0, "selector": {"matchLabels": {"a": "b"}},
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
            }),
            r#"{"MinAvailable":"50%","Selector":{"matchLabels":{"a":"b"}},"MaxUnavailable":0,"UnhealthyPodEvictionPolicy":"AlwaysAllow"}"#,
        );
    }
}
