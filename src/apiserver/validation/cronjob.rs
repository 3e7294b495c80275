//! What a CronJob must fulfil (`ValidateCronJobCreate`, `ValidateCronJobUpdate`).

use super::options::Options;
use super::{job, meta, nonnegative, one_of};
use crate::apiserver::field::{Errors, Field, Shown};
use crate::apiserver::schema::{equal_as, print_as};

/// A Job's name is the CronJob's and eleven more letters.
const MAX_NAME_LENGTH: usize = 52;

/// Files that lie among the zones of a host and are none.
const NOT_ZONES: [&str; 7] =
    ["iso3166.tab", "leap-seconds.list", "leapseconds", "tzdata.zi", "zone.tab", "zone1970.tab", "zonenow.tab"];

/// What the server asks of schedules and time zones, answered by who reads them.
pub trait Clockwork {
    /// Reads a schedule; the error is the parser's.
    ///
    /// # Errors
    /// What is wrong with the schedule, in the words of the server's parser.
    fn check_schedule(&self, schedule: &str) -> Result<(), String>;

    /// Loads a time zone; the error is Go's.
    ///
    /// # Errors
    /// Why it cannot be loaded, as Go's `time.LoadLocation` says it.
    fn check_time_zone(&self, name: &str) -> Result<(), String>;
}

/// Checks a new CronJob.
pub(super) fn validate_create(cron_job: &Field<'_>, clockwork: &dyn Clockwork, errors: &mut Errors) {
    let (metadata, spec) = (cron_job.get("metadata"), cron_job.get("spec"));
    meta::validate(&metadata, errors);
    validate_spec(&spec, None, &Options::default(), clockwork, errors);
    let name = metadata.get("name");
    if name.text().len() > MAX_NAME_LENGTH {
        errors.invalid(&name, name.text(), format!("must be no more than {MAX_NAME_LENGTH} characters"));
    }
    require_schedule(&spec, errors);
}

/// Checks a changed CronJob.
pub(super) fn validate_update(cron_job: &Field<'_>, old: &Field<'_>, clockwork: &dyn Clockwork, errors: &mut Errors) {
    meta::validate_update(&cron_job.get("metadata"), &old.get("metadata"), errors);
    meta::kube_finalizers(&cron_job.get("metadata"), errors);
    let old_spec = old.get("spec");
    let options = Options::for_update(&old_spec.get("jobTemplate").get("spec").get("template"));
    validate_spec(&cron_job.get("spec"), Some(&old_spec), &options, clockwork, errors);
    if !lacks_schedule(&old_spec) {
        require_schedule(&cron_job.get("spec"), errors);
    }
}

fn validate_spec(
    spec: &Field<'_>,
    old: Option<&Field<'_>>,
    options: &Options,
    clockwork: &dyn Clockwork,
    errors: &mut Errors,
) {
    let (schedule, zone) = (spec.get("schedule"), spec.get("timeZone"));
    if old.is_some_and(lacks_schedule) {
        require_schedule(spec, errors);
    }
    if !lacks_schedule(spec) {
        let zone_allowed = old.is_some_and(|old| old.get("schedule").text().contains("TZ"));
        validate_schedule(&schedule, zone_allowed, zone.is_set(), clockwork, errors);
    }
    nonnegative(&spec.get("startingDeadlineSeconds"), errors);
    if old.is_none_or(|old| !equal_as("*string", old.get("timeZone").value, zone.value)) {
        validate_time_zone(&zone, clockwork, errors);
    }
    let policy = spec.get("concurrencyPolicy");
    match policy.text() {
        "" => errors.required(&policy, ""),
        _ => one_of(&policy, &["Allow", "Forbid", "Replace"], errors),
    }
    job_template(&spec.get("jobTemplate").get("spec"), options, errors);
    nonnegative(&spec.get("successfulJobsHistoryLimit"), errors);
    nonnegative(&spec.get("failedJobsHistoryLimit"), errors);
}

/// Found by declarative validation, which comes last, unless the old one lacks it as well: that looks at changes only.
fn require_schedule(spec: &Field<'_>, errors: &mut Errors) {
    if lacks_schedule(spec) {
        errors.required(&spec.get("schedule"), "");
    }
}

fn lacks_schedule(spec: &Field<'_>) -> bool {
    spec.get("schedule").text().is_empty()
}

fn validate_schedule(
    schedule: &Field<'_>,
    zone_allowed: bool,
    has_zone: bool,
    clockwork: &dyn Clockwork,
    errors: &mut Errors,
) {
    let text = schedule.text();
    if let Err(problem) = clockwork.check_schedule(text) {
        errors.invalid(schedule, text, problem);
    }
    match (zone_allowed, text.contains("TZ")) {
        (true, true) if has_zone => {
            errors.invalid(schedule, text, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        }
        (false, true) => {
            errors.invalid(schedule, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        _ => {}
    }
}

fn validate_time_zone(zone: &Field<'_>, clockwork: &dyn Clockwork, errors: &mut Errors) {
    let name = zone.text();
    if !zone.is_set() {
        return;
    }
    let mut refuse = |detail: String| errors.invalid(zone, Shown::word(name), detail);
    if name.is_empty() {
        return refuse("timeZone must be nil or non-empty string".to_owned());
    }
    if !name.split('/').all(is_time_zone_part) {
        return refuse(format!("unknown time zone {name}"));
    }
    if name.eq_ignore_ascii_case("local") {
        let iana = "https://www.iana.org/time-zones";
        refuse(format!("timeZone must be an explicit time zone as defined in {iana}"));
    }
    if NOT_ZONES.contains(&name) {
        return refuse("malformed time zone information".to_owned());
    }
    if let Err(problem) = clockwork.check_time_zone(name) {
        refuse(problem);
    }
}

fn is_time_zone_part(part: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"._-+".contains(&b);
    (1..=14).contains(&part.len()) && part.bytes().all(known) && !part.starts_with('-') && part != "." && part != ".."
}

/// The Job to make: its selector is always made by the server (`ValidateJobTemplateSpec`).
fn job_template(spec: &Field<'_>, options: &Options, errors: &mut Errors) {
    job::validate_spec(spec, options, errors);
    let (selector, manual) = (spec.get("selector"), spec.get("manualSelector"));
    if selector.is_set() {
        errors.invalid(&selector, print_as("LabelSelector", selector.value), "`selector` will be auto-generated");
    }
    if manual.is_true() {
        errors.not_supported(&manual, true, &["nil", "false"]);
    }
}
