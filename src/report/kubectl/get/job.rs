//! `printJob`.

use jiff::Timestamp;
use serde_json::Value;

use super::super::duration::human;
use super::super::fields::{age, int, items, nanos_between, text, time};
use super::{Column, containers, selector};

pub(super) const COLUMNS: &[Column] = &[
    ("NAME", false),
    ("STATUS", false),
    ("COMPLETIONS", false),
    ("DURATION", false),
    ("AGE", false),
    ("CONTAINERS", true),
    ("IMAGES", true),
    ("SELECTOR", true),
];

pub(super) fn cells(job: &Value, now: Timestamp) -> Vec<String> {
    let (metadata, spec, status) = (&job["metadata"], &job["spec"], &job["status"]);
    let succeeded = int(&status["succeeded"]);
    let completions = match (spec["completions"].as_i64(), int(&spec["parallelism"])) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let end = time(&status["completionTime"]).unwrap_or(now);
    let lasted = time(&status["startTime"]).map_or(String::new(), |start| human(nanos_between(start, end)));
    let name = text(&metadata["name"]).to_owned();
    let age = age(&metadata["creationTimestamp"], now);
    let [names, images] = containers(&spec["template"]["spec"]["containers"]);
    vec![name, status_word(job).to_owned(), completions, lasted, age, names, images, selector(&spec["selector"])]
}

fn status_word(job: &Value) -> &'static str {
    let is = |kind: &str| {
        let condition = items(&job["status"]["conditions"]).iter().find(|condition| condition["type"] == kind);
        condition.is_some_and(|condition| condition["status"] == "True")
    };
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if !job["metadata"]["deletionTimestamp"].is_null() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}
