//! Fields of v1 objects as JSON: absent and null read as Go's zero value.

use jiff::Timestamp;
use serde_json::Value;

use super::duration;
use crate::api::quote::quote;
use crate::apiserver::{aggregate, go_json_text, label_key, label_value};

/// The text, empty if there is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// The number, 0 if there is none.
pub(crate) fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// The truth value, false if there is none.
pub(crate) fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

/// The items of a list.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The entries of a map with text as values, by key.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), text(value)))
}

/// The text, or `<none>` for an empty one.
pub(crate) fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

/// A number or a name, as text.
pub(crate) fn int_or_string(value: &Value) -> String {
    value.as_str().map_or_else(|| int(value).to_string(), str::to_owned)
}

/// The time, if there is one that can be read.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Nanoseconds from one time to another, as far as Go's durations go.
pub(crate) fn nanos_between(from: Timestamp, to: Timestamp) -> i64 {
    let nanos = to.as_nanosecond() - from.as_nanosecond();
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// How long ago a time was (`translateTimestampSince`).
pub(crate) fn age(then: &Value, now: Timestamp) -> String {
    time(then).map_or("<unknown>".to_owned(), |then| duration::human(nanos_between(then, now)))
}

/// A time as `describe` shows it (RFC 1123 with a numeric zone); Go's first instant if there is none.
pub(crate) fn date(value: &Value) -> String {
    time(value).map_or("Mon, 01 Jan 0001 00:00:00 +0000".to_owned(), |time| {
        time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    })
}

/// The owner that controls an object, as `Job/pi`.
pub(crate) fn controller(object: &Value) -> Option<String> {
    let owners = items(&object["metadata"]["ownerReferences"]);
    let owner = owners.iter().find(|owner| is_true(&owner["controller"]))?;
    Some(format!("{}/{}", text(&owner["kind"]), text(&owner["name"])))
}

/// Labels as one word: `a=b,c=d`.
pub(crate) fn labels(value: &Value) -> String {
    let pairs: Vec<String> = entries(value).map(|(key, value)| format!("{key}={value}")).collect();
    or_none(&pairs.join(",")).to_owned()
}

/// A label selector as one word (`LabelSelectorAsSelector`), or what is wrong with it.
pub(crate) fn label_selector(selector: &Value) -> Result<String, String> {
    let mut terms: Vec<(&str, String)> = Vec::new();
    for (key, value) in entries(&selector["matchLabels"]) {
        check_requirement(key, &[value], None)?;
        terms.push((key, format!("{key}={value}")));
    }
    for expression in items(&selector["matchExpressions"]) {
        let key = text(&expression["key"]);
        let mut values: Vec<&str> = items(&expression["values"]).iter().map(text).collect();
        let operator = text(&expression["operator"]);
        let problem = match operator {
            "In" | "NotIn" if values.is_empty() => Some("for 'in', 'notin' operators, values set can't be empty"),
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                Some("values set must be empty for exists and does not exist")
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => None,
            other => return Err(format!("{} is not a valid label selector operator", quote(other))),
        };
        let problem = problem.map(|problem| {
            let written = if values.is_empty() { Value::Null } else { Value::from(values.as_slice()) };
            format!("values: Invalid value: {}: {problem}", go_json_text(&written))
        });
        check_requirement(key, &values, problem)?;
        values.sort_unstable();
        let values = values.join(",");
        let term = match operator {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        terms.push((key, term));
    }
    terms.sort_by_key(|(key, _)| *key);
    Ok(terms.into_iter().map(|(_, term)| term).collect::<Vec<_>>().join(","))
}

/// What `labels.NewRequirement` says of one term of a selector. `problem` is what is wrong with the values, for
/// the operator.
pub(super) fn check_requirement(key: &str, values: &[&str], problem: Option<String>) -> Result<(), String> {
    let mut problems = Vec::new();
    let key_problems = label_key(key);
    if !key_problems.is_empty() {
        problems.push(format!("key: Invalid value: {}: {}", quote(key), key_problems.join("; ")));
    }
    problems.extend(problem);
    for (i, value) in values.iter().enumerate() {
        let value_problems = label_value(value);
        if !value_problems.is_empty() {
            let value_problems = value_problems.join("; ");
            problems.push(format!("values[{i}][{key}]: Invalid value: {}: {value_problems}", quote(value)));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(aggregate(&problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_are_checked_term_by_term() {
        let of = |expression: Value| label_selector(&json!({"matchExpressions": [expression]}));
        let term = |operator: &str, values: &[&str]| of(json!({"key": "a", "operator": operator, "values": values}));
        assert_eq!(term("In", &["y", "x"]).as_deref(), Ok("a in (x,y)"));
        assert_eq!(term("DoesNotExist", &[]).as_deref(), Ok("!a"));
        let refused = |result: Result<String, String>, text: &str| {
            let problem = result.expect_err("a problem");
            assert!(problem.starts_with(text), "{problem}");
        };
        refused(term("in", &["x"]), "\"in\" is not a valid label selector operator");
        refused(
            term("NotIn", &[]),
            "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        );
        let text = "values: Invalid value: [\"x\"]: values set must be empty for exists and does not exist";
        refused(term("Exists", &["x"]), text);
        refused(
            term("Exists", &["-"]),
            "[values: Invalid value: [\"-\"]: values set must be empty for exists and does",
        );
        refused(
            label_selector(&json!({"matchLabels": {"a": "/"}})),
            "values[0][a]: Invalid value: \"/\": a valid label",
        );
        refused(
            label_selector(&json!({"matchLabels": {"": "a"}})),
            "key: Invalid value: \"\": name part must be non-empty; ",
        );
    }
}
