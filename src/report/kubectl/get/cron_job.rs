//! `printCronJob`.

use jiff::Timestamp;
use serde_json::Value;

use super::super::fields::{age, items, text};
use super::{Column, containers, selector};

pub(super) const COLUMNS: &[Column] = &[
    ("NAME", false),
    ("SCHEDULE", false),
    ("TIMEZONE", false),
    ("SUSPEND", false),
    ("ACTIVE", false),
    ("LAST SCHEDULE", false),
    ("AGE", false),
    ("CONTAINERS", true),
    ("IMAGES", true),
    ("SELECTOR", true),
];

pub(super) fn cells(cron_job: &Value, now: Timestamp) -> Vec<String> {
    let (metadata, spec, status) = (&cron_job["metadata"], &cron_job["spec"], &cron_job["status"]);
    let suspend = match spec["suspend"].as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let last = &status["lastScheduleTime"];
    let job = &spec["jobTemplate"]["spec"];
    let [names, images] = containers(&job["template"]["spec"]["containers"]);
    vec![
        text(&metadata["name"]).to_owned(),
        text(&spec["schedule"]).to_owned(),
        spec["timeZone"].as_str().unwrap_or("<none>").to_owned(),
        suspend.to_owned(),
        items(&status["active"]).len().to_string(),
        if last.is_null() { "<none>".to_owned() } else { age(last, now) },
        age(&metadata["creationTimestamp"], now),
        names,
        images,
        selector(&job["selector"]),
    ]
}
