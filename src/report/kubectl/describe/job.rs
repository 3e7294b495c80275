//! `describeJob`.

use serde_json::Value;

use super::super::duration::human;
use super::super::fields::{controller, date, int, label_selector, nanos_between, text, time};
use super::sheet::Sheet;
use super::template;

/// Characters of the list of indexes, after which it ends at the next comma.
const INDEXES: usize = 50;

pub(super) fn describe(job: &Value, sheet: &mut Sheet) {
    let (metadata, spec, status) = (&job["metadata"], &job["spec"], &job["status"]);
    sheet.field(0, "Name", text(&metadata["name"]));
    sheet.field(0, "Namespace", text(&metadata["namespace"]));
    selector(&spec["selector"], sheet);
    sheet.labels("Labels", &metadata["labels"]);
    sheet.annotations("Annotations", &metadata["annotations"]);
    if let Some(controller) = controller(job) {
        sheet.field(0, "Controlled By", controller);
    }
    number("Parallelism", &spec["parallelism"], "", sheet);
    if spec["completions"].is_null() {
        sheet.field(0, "Completions", "<unset>");
    }
    number("Completions", &spec["completions"], "", sheet);
    if let Some(mode) = spec["completionMode"].as_str() {
        sheet.field(0, "Completion Mode", mode);
    }
    if let Some(suspend) = spec["suspend"].as_bool() {
        sheet.field(0, "Suspend", suspend.to_string());
    }
    number("Backoff Limit", &spec["backoffLimit"], "", sheet);
    number("TTL Seconds After Finished", &spec["ttlSecondsAfterFinished"], "", sheet);
    let (start, completion) = (&status["startTime"], &status["completionTime"]);
    for (title, instant) in [("Start Time", start), ("Completed At", completion)] {
        if !instant.is_null() {
            sheet.field(0, title, date(instant));
        }
    }
    if let (Some(start), Some(completion)) = (time(start), time(completion)) {
        sheet.field(0, "Duration", human(nanos_between(start, completion)));
    }
    number("Active Deadline Seconds", &spec["activeDeadlineSeconds"], "s", sheet);
    let ready = status["ready"].as_i64().map_or(String::new(), |ready| format!(" ({ready} Ready)"));
    let [active, succeeded, failed] = ["active", "succeeded", "failed"].map(|field| int(&status[field]));
    sheet.field(0, "Pods Statuses", format!("{active} Active{ready} / {succeeded} Succeeded / {failed} Failed"));
    if spec["completionMode"] == "Indexed" {
        sheet.field(0, "Completed Indexes", capped(text(&status["completedIndexes"])));
    }
    template::pod(&spec["template"], sheet);
}

/// A number with its unit, if there is one.
pub(super) fn number(title: &str, value: &Value, unit: &str, sheet: &mut Sheet) {
    if let Some(number) = value.as_i64() {
        sheet.field(0, title, format!("{number}{unit}"));
    }
}

pub(super) fn selector(selector: &Value, sheet: &mut Sheet) {
    let text = label_selector(selector).unwrap_or_else(|error| format!("Failed to get selector: {error}"));
    sheet.field(0, "Selector", text);
}

/// A list of indexes, cut at the first comma past the limit (`capIndexesListOrNone`).
fn capped(indexes: &str) -> String {
    if indexes.is_empty() {
        return "<none>".to_owned();
    }
    match indexes.get(INDEXES..).and_then(|rest| rest.find(',')) {
        Some(comma) => format!("{}...", &indexes[..=INDEXES + comma]),
        None => indexes.to_owned(),
    }
}
