//! `describeCronJob`.

use serde_json::Value;

use super::super::fields::{date, items, text};
use super::job::{number, selector};
use super::sheet::Sheet;
use super::template;

pub(super) fn describe(cron_job: &Value, sheet: &mut Sheet) {
    let (metadata, spec, status) = (&cron_job["metadata"], &cron_job["spec"], &cron_job["status"]);
    sheet.field(0, "Name", text(&metadata["name"]));
    sheet.field(0, "Namespace", text(&metadata["namespace"]));
    sheet.labels("Labels", &metadata["labels"]);
    sheet.annotations("Annotations", &metadata["annotations"]);
    sheet.field(0, "Schedule", text(&spec["schedule"]));
    sheet.field(0, "Concurrency Policy", text(&spec["concurrencyPolicy"]));
    let suspend = match spec["suspend"].as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    sheet.field(0, "Suspend", suspend);
    sheet.field(0, "Time Zone", spec["timeZone"].as_str().unwrap_or("<unset>"));
    or_unset("Successful Job History Limit", &spec["successfulJobsHistoryLimit"], "", sheet);
    or_unset("Failed Job History Limit", &spec["failedJobsHistoryLimit"], "", sheet);
    or_unset("Starting Deadline Seconds", &spec["startingDeadlineSeconds"], "s", sheet);
    job_template(&spec["jobTemplate"]["spec"], sheet);
    let last = &status["lastScheduleTime"];
    sheet.field(0, "Last Schedule Time", if last.is_null() { "<unset>".to_owned() } else { date(last) });
    let active: Vec<&str> = items(&status["active"]).iter().map(|job| text(&job["name"])).collect();
    sheet.field(0, "Active Jobs", if active.is_empty() { "<none>".to_owned() } else { active.join(", ") });
}

fn or_unset(title: &str, value: &Value, unit: &str, sheet: &mut Sheet) {
    if value.is_null() {
        sheet.field(0, title, "<unset>");
    }
    number(title, value, unit, sheet);
}

/// `describeJobTemplate`.
fn job_template(spec: &Value, sheet: &mut Sheet) {
    if spec["selector"].is_null() {
        sheet.field(0, "Selector", "<unset>");
    } else {
        selector(&spec["selector"], sheet);
    }
    or_unset("Parallelism", &spec["parallelism"], "", sheet);
    or_unset("Completions", &spec["completions"], "", sheet);
    number("Active Deadline Seconds", &spec["activeDeadlineSeconds"], "s", sheet);
    template::pod(&spec["template"], sheet);
}
