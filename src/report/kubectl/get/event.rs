//! `printEvent`.

use jiff::Timestamp;
use serde_json::Value;

use super::super::fields::{age, int, text};
use super::Column;

pub(super) const COLUMNS: &[Column] = &[
    ("LAST SEEN", false),
    ("TYPE", false),
    ("REASON", false),
    ("OBJECT", false),
    ("SUBOBJECT", true),
    ("SOURCE", true),
    ("MESSAGE", false),
    ("FIRST SEEN", true),
    ("COUNT", true),
    ("NAME", true),
];

pub(super) fn cells(event: &Value, now: Timestamp) -> Vec<String> {
    let (involved, series) = (&event["involvedObject"], &event["series"]);
    let first = if event["firstTimestamp"].is_null() { &event["eventTime"] } else { &event["firstTimestamp"] };
    let first = age(first, now);
    let (last, count) = match (series.is_null(), event["lastTimestamp"].is_null()) {
        (false, _) => (age(&series["lastObservedTime"], now), int(&series["count"])),
        // Events of the new API that happened once have no count.
        (true, true) => (first.clone(), int(&event["count"]).max(1)),
        (true, false) => (age(&event["lastTimestamp"], now), int(&event["count"]).max(1)),
    };
    let kind = text(&involved["kind"]).to_lowercase();
    let object = match text(&involved["name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let of = |old: &Value, new: &Value| if text(old).is_empty() { text(new).to_owned() } else { text(old).to_owned() };
    let component = of(&event["source"]["component"], &event["reportingComponent"]);
    let instance = of(&event["source"]["host"], &event["reportingInstance"]);
    vec![
        last,
        text(&event["type"]).to_owned(),
        text(&event["reason"]).to_owned(),
        object,
        text(&involved["fieldPath"]).to_owned(),
        if instance.is_empty() { component } else { format!("{component}, {instance}") },
        text(&event["message"]).trim().to_owned(),
        first,
        count.to_string(),
        text(&event["metadata"]["name"]).to_owned(),
    ]
}
