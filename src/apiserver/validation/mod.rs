//! What a Job or CronJob must fulfil to be stored: each check of the API server, in its order and words.
//!
//! One file for each topic. A rule looks at a defaulted manifest through [`Field`] and adds to [`Errors`]; it names the
//! function of Kubernetes it stands for. Messages are the server's, word for word.

mod cidr;
mod claims;
mod containers;
mod cronjob;
mod env;
mod ip;
mod job;
pub(super) mod job_status;
mod meta;
mod mounts;
mod names;
mod options;
mod overlaps;
mod paths;
mod pod_failure_policy;
mod pod_spec;
mod pod_template;
mod policies;
mod ports;
mod probes;
mod projected;
mod resources;
mod restart_rules;
mod scheduling;
mod security;
mod selector;
mod storage;
mod success_policy;
mod template;
mod volumes;
mod warnings;
mod windows;

use options::Options;
use serde_json::Value;

use super::field::{Errors, Field, FieldError, Shown};
use crate::api::quantity::Quantity;
use crate::api::release::Rules;

pub use cronjob::Clockwork;
pub(crate) use names::{is_dns1123_subdomain, label_key, label_value};
pub use template::SuspensionFacts;

/// All errors of a new Job (`rest.ValidateCreate`).
pub(crate) fn validate_job_create(job: &Value, rules: &Rules) -> Vec<FieldError> {
    let (job, mut errors) = (Field::root(job), Errors::of(rules.release));
    job::validate_create(&job, &Options::default(), &mut errors);
    finish_create(&job, errors)
}

/// All errors of a new CronJob.
pub(crate) fn validate_cron_job_create(cron_job: &Value, clockwork: &dyn Clockwork, rules: &Rules) -> Vec<FieldError> {
    let (cron_job, mut errors) = (Field::root(cron_job), Errors::of(rules.release));
    cronjob::validate_create(&cron_job, clockwork, &mut errors);
    finish_create(&cron_job, errors)
}

/// All errors of a new pod that no Job makes.
pub(crate) fn validate_pod_create(pod: &Value, rules: &Rules) -> Vec<FieldError> {
    let (pod, mut errors) = (Field::root(pod), Errors::of(rules.release));
    meta::validate(&pod.get("metadata"), &mut errors);
    pod_template::validate_pod(&pod, &Options::default(), &mut errors);
    finish_create(&pod, errors)
}

/// All errors of a new object of a kind that bears on pods.
pub(crate) fn validate_policy_create(kind: &str, object: &Value, rules: &Rules) -> Vec<FieldError> {
    let (object, mut errors) = (Field::root(object), Errors::of(rules.release));
    policies::validate(kind, &object, &mut errors);
    finish_create(&object, errors)
}

fn finish_create(object: &Field<'_>, mut errors: Errors) -> Vec<FieldError> {
    if errors.list.is_empty() {
        meta::validate_as_path_segment(&object.get("metadata"), &mut errors);
    }
    errors.into_distinct()
}

/// All errors of a changed Job (`rest.ValidateUpdate`).
pub(crate) fn validate_job_update(job: &Value, old: &Value, facts: &SuspensionFacts, rules: &Rules) -> Vec<FieldError> {
    let (job, old, mut errors) = (Field::root(job), Field::root(old), Errors::of(rules.release));
    common_update(&job, &old, &mut errors);
    job::validate_update(&job, &old, facts, rules, &mut errors);
    errors.into_distinct()
}

/// All errors of a changed CronJob.
pub(crate) fn validate_cron_job_update(
    cron_job: &Value,
    old: &Value,
    clockwork: &dyn Clockwork,
    rules: &Rules,
) -> Vec<FieldError> {
    let (cron_job, old, mut errors) = (Field::root(cron_job), Field::root(old), Errors::of(rules.release));
    common_update(&cron_job, &old, &mut errors);
    cronjob::validate_update(&cron_job, &old, clockwork, &mut errors);
    errors.into_distinct()
}

fn common_update(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    meta::validate_as_path_segment(&new.get("metadata"), errors);
    meta::validate_update(&new.get("metadata"), &old.get("metadata"), errors);
}

/// What the server warns of when a Job is made.
pub(crate) fn job_create_warnings(job: &Value) -> Vec<String> {
    let mut warnings = warnings::of_name(job["metadata"]["name"].as_str().unwrap_or(""));
    warnings.extend(job_warnings(job));
    warnings
}

/// What the server warns of when the specification of a Job has changed.
pub(crate) fn job_warnings(job: &Value) -> Vec<String> {
    warnings::of_job_spec(&Field::root(job).get("spec"))
}

/// What the server warns of when a CronJob is made.
pub(crate) fn cron_job_create_warnings(cron_job: &Value) -> Vec<String> {
    let mut warnings = warnings::of_name(cron_job["metadata"]["name"].as_str().unwrap_or(""));
    warnings.extend(cron_job_warnings(cron_job));
    warnings
}

/// What the server warns of when the specification of a CronJob has changed.
pub(crate) fn cron_job_warnings(cron_job: &Value) -> Vec<String> {
    warnings::of_job_spec(&Field::root(cron_job).get("spec").get("jobTemplate").get("spec"))
}

/// What the server warns of when a pod is made that no Job makes (`WarningsOnCreate` of the pod strategy).
pub(crate) fn pod_create_warnings(pod: &Value) -> Vec<String> {
    let mut warnings = warnings::of_pod_name(pod["metadata"]["name"].as_str().unwrap_or(""));
    warnings::of_pod(&Field::root(pod), &mut warnings);
    warnings
}

/// What the server warns of when an object of a kind that bears on pods is made.
pub(crate) fn policy_create_warnings(kind: &str, object: &Value) -> Vec<String> {
    policies::warnings(kind, &Field::root(object))
}

/// All containers of a pod, in the order in which upstream visits them (`VisitContainersWithPath`).
fn containers<'v>(pod: &Field<'v>) -> impl Iterator<Item = Field<'v>> + use<'v> {
    let lists = ["initContainers", "containers", "ephemeralContainers"].map(|name| pod.get(name));
    lists.into_iter().flat_map(|list| list.items())
}

/// The amount in a field, if there is one.
fn quantity(field: &Field<'_>) -> Option<Quantity> {
    field.value.as_str().and_then(|text| Quantity::parse(text).ok())
}

/// A number that may be absent but not negative (`ValidateNonnegativeField`).
fn nonnegative(field: &Field<'_>, errors: &mut Errors) {
    if field.int() < 0 {
        errors.invalid(field, field.int(), "must be greater than or equal to 0");
    }
}

/// A word out of a list.
fn one_of(field: &Field<'_>, supported: &[&str], errors: &mut Errors) {
    if !supported.contains(&field.text()) {
        errors.not_supported(field, Shown::word(field.text()), supported);
    }
}
