//! Fields of v1 objects as JSON: absent and null read as Go's zero value.

use jiff::Timestamp;
use serde_json::Value;

use super::duration;

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
    let mut terms: Vec<(&str, String)> =
        entries(&selector["matchLabels"]).map(|(key, value)| (key, format!("{key}={value}"))).collect();
    for expression in items(&selector["matchExpressions"]) {
        let key = text(&expression["key"]);
        let mut values: Vec<&str> = items(&expression["values"]).iter().map(text).collect();
        values.sort_unstable();
        let values = values.join(",");
        let term = match text(&expression["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            other => return Err(format!("\"{other}\" is not a valid label selector operator")),
        };
        terms.push((key, term));
    }
    terms.sort_by_key(|(key, _)| *key);
    Ok(terms.into_iter().map(|(_, term)| term).collect::<Vec<_>>().join(","))
}
