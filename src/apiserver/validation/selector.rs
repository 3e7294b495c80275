//! Label selectors: their form (`ValidateLabelSelector`) and what they match (`LabelSelectorAsSelector`).

use serde_json::{Map, Value};

use super::names;
use crate::apiserver::field::{Errors, Field, Shown};

/// Checks a label selector. `lenient`: values of expressions are let through, as an old object had wrong ones.
pub(super) fn validate(selector: &Field<'_>, lenient: bool, errors: &mut Errors) {
    super::meta::labels(&selector.get("matchLabels"), errors);
    for expression in selector.get("matchExpressions").items() {
        let (operator, values) = (expression.get("operator"), expression.get("values"));
        match operator.text() {
            "In" | "NotIn" if values.is_empty() => {
                errors.required(&values, "must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.forbidden(&values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            unknown => errors.invalid(&operator, Shown::word(unknown), "not a valid selector operator"),
        }
        let key = expression.get("key");
        errors.each_invalid(&key, key.text(), names::label_key(key.text()));
        for value in values.items().filter(|_| !lenient) {
            errors.each_invalid(&value, value.text(), names::label_value(value.text()));
        }
    }
}

/// Is there a value in the expressions that is no label value (`LabelSelectorHasInvalidLabelValue`)?
pub(super) fn has_invalid_value(selector: &Field<'_>) -> bool {
    let mut expressions = selector.get("matchExpressions").items();
    expressions.any(|expression| expression.get("values").texts().any(|value| !names::label_value(value).is_empty()))
}

/// Is there anything wrong with it?
pub(super) fn is_invalid(selector: &Field<'_>) -> bool {
    let mut errors = Errors::default();
    validate(selector, false, &mut errors);
    !errors.list.is_empty()
}

/// Does the selector match these labels? Nothing if it is not well formed. No selector matches nothing, an empty one all.
pub(super) fn matches(selector: &Field<'_>, labels: &Value) -> Option<bool> {
    if !selector.is_set() {
        return Some(false);
    }
    if is_invalid(selector) {
        return None;
    }
    let none = Map::new();
    let labels = labels.as_object().unwrap_or(&none);
    let value = |key: &str| labels.get(key).and_then(Value::as_str);
    let by_label = selector.get("matchLabels").entries().all(|(key, wanted)| value(key) == Some(wanted.text()));
    let by_expression = selector.get("matchExpressions").items().all(|expression| {
        let value = value(expression.get("key").text());
        let listed = value.is_some_and(|value| expression.get("values").texts().any(|wanted| wanted == value));
        match expression.get("operator").text() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            _ => value.is_none(),
        }
    });
    Some(by_label && by_expression)
}
