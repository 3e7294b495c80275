//! The events at the end of a description (`DescribeEvents`).

use jiff::Timestamp;
use serde_json::Value;

use super::super::fields::{age, int, text, time};
use super::sheet::Sheet;

pub(super) fn list(events: &[Value], now: Timestamp, sheet: &mut Sheet) {
    if events.is_empty() {
        return sheet.field(0, "Events", "<none>");
    }
    sheet.flush();
    let mut events: Vec<&Value> = events.iter().collect();
    events.sort_by_key(|event| time(&event["lastTimestamp"]));
    sheet.line(0, "Events:");
    sheet.line(1, "Type\tReason\tAge\tFrom\tMessage");
    sheet.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let (kind, reason) = (text(&event["type"]), text(&event["reason"]));
        let source = match text(&event["source"]["component"]) {
            "" => text(&event["reportingComponent"]),
            component => component,
        };
        let message = text(&event["message"]).trim();
        let place = match text(&event["involvedObject"]["fieldPath"]) {
            "" => String::new(),
            path => format!("{path}: "),
        };
        sheet.line(1, format!("{kind}\t{reason}\t{}\t{source}\t{place}{message}", interval(event, now)));
    }
}

fn interval(event: &Value, now: Timestamp) -> String {
    let first = if event["eventTime"].is_null() { &event["firstTimestamp"] } else { &event["eventTime"] };
    let (first, series, count) = (age(first, now), &event["series"], int(&event["count"]));
    if !series.is_null() {
        format!("{} (x{} over {first})", age(&series["lastObservedTime"], now), int(&series["count"]))
    } else if count > 1 {
        format!("{} (x{count} over {first})", age(&event["lastTimestamp"], now))
    } else {
        first
    }
}
