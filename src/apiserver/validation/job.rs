//! What a Job must fulfil (`pkg/apis/batch/validation`): the Job itself and its specification, also in a CronJob.

use serde_json::{Value, json};

use super::template::{self, SuspensionFacts};
use super::{Options, meta, names, nonnegative, one_of, pod_failure_policy, pod_template, selector, success_policy};
use crate::api::release::Rules;
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::print_as;

const MAX_PARALLELISM_FOR_INDEXED_JOB: i64 = 100_000;
const MAX_FAILED_INDEXES: i64 = 100_000;
const COMPLETIONS_SOFT_LIMIT: i64 = 100_000;
const PARALLELISM_LIMIT_FOR_HIGH_COMPLETIONS: i64 = 10_000;
const MAX_FAILED_INDEXES_FOR_HIGH_COMPLETIONS: i64 = 10_000;
const MAX_MANAGED_BY_LENGTH: usize = 63;

/// Checks a new Job (`ValidateJobCreate`).
pub(super) fn validate_create(job: &Field<'_>, options: &Options, errors: &mut Errors) {
    meta::validate(&job.get("metadata"), errors);
    generated_selector(job, options, errors);
    spec_with_selector(&job.get("spec"), options, errors);
    name_allows_completions(job, errors);
}

/// Checks a changed Job (`ValidateJobUpdate`).
pub(super) fn validate_update(
    job: &Field<'_>,
    old: &Field<'_>,
    facts: &SuspensionFacts,
    rules: &Rules,
    errors: &mut Errors,
) {
    meta::validate_update(&job.get("metadata"), &old.get("metadata"), errors);
    meta::kube_finalizers(&job.get("metadata"), errors);
    let (spec, old_spec) = (job.get("spec"), old.get("spec"));
    let mut options = Options::for_update(&old_spec.get("template"));
    options.allow_invalid_label_value_in_selector |= selector::has_invalid_value(&old_spec.get("selector"));
    let labels = &old_spec.value["template"]["metadata"]["labels"];
    let prefixed = ["batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"];
    options.allow_missing_prefixed_labels = prefixed.iter().any(|label| labels.get(label).is_none());
    spec_with_selector(&spec, &options, errors);
    let immutable = |name: &'static str, shape: &str, errors: &mut Errors| {
        meta::immutable(&spec.get(name), &old_spec.get(name), shape, errors);
    };
    completions(&spec, &old_spec, errors);
    immutable("selector", "*LabelSelector", errors);
    template::validate_update(&spec, &old_spec, facts, rules, errors);
    immutable("completionMode", "*string", errors);
    immutable("podFailurePolicy", "*PodFailurePolicy", errors);
    immutable("backoffLimitPerIndex", "*int32", errors);
    immutable("managedBy", "*string", errors);
    immutable("successPolicy", "*SuccessPolicy", errors);
    name_allows_completions(job, errors);
}

/// Completions can change with an Indexed Job, together with its parallelism (`validateCompletions`).
fn completions(spec: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (new, parallelism) = (spec.get("completions"), spec.get("parallelism"));
    if !is_indexed(spec) {
        return meta::immutable(&new, &old.get("completions"), "*int32", errors);
    }
    let changed = new.opt_int() != old.get("completions").opt_int();
    if changed && new.is_set() && new.int() != parallelism.int() {
        errors.invalid(&new, new.int(), "can only be modified in tandem with spec.parallelism");
    }
}

/// Checks `spec` of a Job (`ValidateJobSpec`).
pub(super) fn spec_with_selector(spec: &Field<'_>, options: &Options, errors: &mut Errors) {
    validate_spec(spec, options, errors);
    let selector = spec.get("selector");
    if selector.is_set() {
        selector::validate(&selector, options.allow_invalid_label_value_in_selector, errors);
    } else {
        errors.required(&selector, "");
    }
    let labels = spec.get("template").get("metadata").get("labels");
    if selector::matches(&selector, labels.value) == Some(false) {
        let detail = "`selector` does not match template `labels`";
        errors.invalid(&labels, print_as("{}string", labels.value), detail);
    }
}

/// Checks `spec` of a Job or of a CronJob's template, all but the selector (`validateJobSpec`).
pub(super) fn validate_spec(spec: &Field<'_>, options: &Options, errors: &mut Errors) {
    for name in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        nonnegative(&spec.get(name), errors);
    }
    let per_index = spec.get("backoffLimitPerIndex");
    if spec.get("maxFailedIndexes").is_set() && !per_index.is_set() {
        errors.required(&per_index, "when maxFailedIndexes is specified");
    }
    managed_by(&spec.get("managedBy"), errors);
    completion_mode(spec, errors);
    let success_policy = spec.get("successPolicy");
    if spec.get("podFailurePolicy").is_set() {
        pod_failure_policy::validate(spec, errors);
    }
    if success_policy.is_set() {
        if is_indexed(spec) {
            success_policy::validate(spec, errors);
        } else {
            let value = print_as("SuccessPolicy", success_policy.value);
            errors.invalid(&success_policy, value, "requires indexed completion mode");
        }
    }
    pod_replacement_policy(spec, errors);
    pod_template::validate(&spec.get("template"), options, errors);
    restart_policy(spec, errors);
}

/// Are pods told apart by an index?
pub(super) fn is_indexed(spec: &Field<'_>) -> bool {
    spec.get("completionMode").text() == "Indexed"
}

fn managed_by(managed_by: &Field<'_>, errors: &mut Errors) {
    if !managed_by.is_set() {
        return;
    }
    let text = managed_by.text();
    match text.split_once('/') {
        _ if text.is_empty() => errors.required(managed_by, ""),
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            errors.each_invalid(managed_by, host, names::dns1123_subdomain(host));
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
            if !path.bytes().all(allowed) {
                let pattern = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";
                errors.invalid(managed_by, path, names::mismatch("Invalid path", pattern, &[]));
            }
        }
        _ => errors.invalid(managed_by, text, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
    if text.len() > MAX_MANAGED_BY_LENGTH {
        errors.too_long(managed_by, MAX_MANAGED_BY_LENGTH);
    }
}

fn completion_mode(spec: &Field<'_>, errors: &mut Errors) {
    let mode = spec.get("completionMode");
    if mode.is_set() {
        one_of(&mode, &["NonIndexed", "Indexed"], errors);
    }
    match mode.text() {
        "Indexed" => indexed(spec, errors),
        // In a CronJob the mode has no default yet.
        word if word == "NonIndexed" || !mode.is_set() => {
            for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                if let Some(field) = spec.get(name).set() {
                    errors.invalid(&field, field.int(), "requires indexed completion mode");
                }
            }
        }
        _ => {}
    }
}

/// The limits of an Indexed Job: its status must be able to name all its indexes.
fn indexed(spec: &Field<'_>, errors: &mut Errors) {
    let (parallelism, completions) = (spec.get("parallelism"), spec.get("completions"));
    let max_failed = spec.get("maxFailedIndexes");
    if !completions.is_set() {
        errors.required(&completions, "when completion mode is Indexed");
    }
    at_most(&parallelism, MAX_PARALLELISM_FOR_INDEXED_JOB, " when completion mode is Indexed", errors);
    if completions.is_set() && max_failed.is_set() && max_failed.int() > completions.int() {
        errors.invalid(&max_failed, max_failed.int(), "must be less than or equal to completions");
    }
    at_most(&max_failed, MAX_FAILED_INDEXES, "", errors);
    if completions.int() > COMPLETIONS_SOFT_LIMIT && spec.get("backoffLimitPerIndex").is_set() {
        if !max_failed.is_set() {
            errors
                .required(&max_failed, format!("must be specified when completions is above {COMPLETIONS_SOFT_LIMIT}"));
        }
        let when =
            format!(" when completions are above {COMPLETIONS_SOFT_LIMIT} and used with backoff limit per index");
        at_most(&parallelism, PARALLELISM_LIMIT_FOR_HIGH_COMPLETIONS, &when, errors);
        at_most(&max_failed, MAX_FAILED_INDEXES_FOR_HIGH_COMPLETIONS, &when, errors);
    }
}

fn at_most(field: &Field<'_>, most: i64, when: &str, errors: &mut Errors) {
    if field.int() > most {
        errors.invalid(field, field.int(), format!("must be less than or equal to {most}{when}"));
    }
}

fn pod_replacement_policy(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.get("podReplacementPolicy");
    if !policy.is_set() {
        return;
    }
    if spec.get("podFailurePolicy").is_set() {
        one_of(&policy, &["Failed"], errors);
    } else {
        one_of(&policy, &["Failed", "TerminatingOrFailed"], errors);
    }
}

/// A pod of a Job must come to an end; Always is also what an absent policy was defaulted to.
fn restart_policy(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.get("template").get("spec").get("restartPolicy");
    match policy.text() {
        "Always" | "" => errors.required(&policy, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if spec.get("podFailurePolicy").is_set() => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.invalid(&policy, policy.text(), detail);
        }
        _ => one_of(&policy, &["OnFailure", "Never"], errors),
    }
}

/// The labels by which a Job finds its pods must be there as the server made them (`validateGeneratedSelector`).
fn generated_selector(job: &Field<'_>, options: &Options, errors: &mut Errors) {
    let (meta, spec) = (job.get("metadata"), job.get("spec"));
    let selector = spec.get("selector");
    if spec.get("manualSelector").is_true() || !selector.is_set() {
        return;
    }
    let (name, uid) = (meta.get("name").text(), meta.get("uid"));
    if uid.text().is_empty() {
        errors.required(&uid, "");
    }
    let labels = spec.get("template").get("metadata").get("labels");
    let mut expected = json!({"controller-uid": uid.text(), "job-name": name});
    has_label(&labels, "controller-uid", uid.text(), errors);
    has_label(&labels, "job-name", name, errors);
    if !options.allow_missing_prefixed_labels {
        for (key, value) in [("batch.kubernetes.io/controller-uid", uid.text()), ("batch.kubernetes.io/job-name", name)]
        {
            has_label(&labels, key, value, errors);
            expected[key] = Value::from(value);
        }
    }
    if selector::matches(&selector, &expected) == Some(false) {
        errors.invalid(&selector, print_as("LabelSelector", selector.value), "`selector` not auto-generated");
    }
}

fn has_label(labels: &Field<'_>, key: &str, expected: &str, errors: &mut Errors) {
    let detail = format!("must be '{expected}'");
    match labels.value.get(key) {
        None => errors.required(&labels.path.key(key), detail),
        Some(value) if value != expected => {
            errors.invalid(&labels.path.key(key), print_as("{}string", labels.value), detail);
        }
        Some(_) => {}
    }
}

/// Pods of an Indexed Job bear its name and their index as host name.
pub(super) fn name_allows_completions(job: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (job.get("metadata").get("name"), job.get("spec"));
    let completions = spec.get("completions").int();
    if !is_indexed(&spec) || completions <= 0 {
        return;
    }
    let longest = format!("{}-{}", name.text(), completions - 1);
    if !names::dns1123_label(&longest).is_empty() {
        let detail = format!("will not able to create pod with invalid DNS label: {longest}");
        errors.invalid(&name, name.text(), detail);
    }
}
