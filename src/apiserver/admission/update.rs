//! Updates: a patch or a replacement, and the server's verdict on it (`PrepareForUpdate`, `rest.BeforeUpdate`).

use std::fmt;

use serde_json::{Value, json};

use super::{Admitted, AdmittedCronJob, admitted, admitted_cron_job, defaults, disabled, patch, read};
use crate::api::job::JobStatus;
use crate::api::quote::quote;
use crate::api::release::Rules;
use crate::apiserver::field::{FieldError, aggregate};
use crate::apiserver::schema::{equal_as, go_json_text, schema};
use crate::apiserver::validation::{self, Clockwork, SuspensionFacts};

/// Why an update was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The patch cannot be merged with the object.
    Unmergeable(String),
    /// The request is no sound one.
    BadRequest(String),
    /// The patched object is none of its kind: what the server says of the patch.
    Undecodable(String),
    /// The object is no longer the one that the patch is for.
    Conflict {
        /// Resource and group: `jobs.batch`.
        resource: &'static str,
        /// Name of the object.
        name: String,
    },
    /// The object breaks rules.
    Invalid {
        /// Kind and group: `Job.batch`.
        kind: &'static str,
        /// Name of the object.
        name: String,
        /// Every rule that it breaks, in the server's order.
        errors: Vec<FieldError>,
    },
}

impl fmt::Display for Rejection {
    /// The message of the server's answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Unmergeable(problem) | Rejection::BadRequest(problem) => f.write_str(problem),
            Rejection::Undecodable(problem) => write!(f, " \"\" is invalid: patch: {problem}"),
            Rejection::Conflict { resource, name } => write!(
                f,
                "Operation cannot be fulfilled on {resource} \"{name}\": the object has been modified; please apply \
                 your changes to the latest version and try again"
            ),
            Rejection::Invalid { kind, name, errors } => {
                write!(f, "{kind} \"{name}\" is invalid: {}", listed(errors))
            }
        }
    }
}

impl std::error::Error for Rejection {}

/// The texts of errors, each once: server and kubectl tell none of them twice.
pub fn distinct(errors: &[FieldError]) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for error in errors {
        if !texts.contains(&error.text.as_str()) {
            texts.push(&error.text);
        }
    }
    texts
}

/// Errors as the server joins them (`ErrorList.ToAggregate`).
pub fn listed(errors: &[FieldError]) -> String {
    aggregate(&distinct(errors))
}

/// Who reads objects as the server's strict decoder does.
pub trait Decoder {
    /// Reads an object that is to be of a kind.
    ///
    /// # Errors
    /// What is wrong with it, in the decoder's words.
    fn decode(&self, kind: &str, object: &Value) -> Result<(), String>;
}

/// How a patch is merged.
#[derive(Clone, Copy)]
pub enum PatchType<'d> {
    /// RFC 7386. What comes of it is read as a document.
    Merge(&'d dyn Decoder),
    /// Kubernetes' own, as `kubectl apply` sends it.
    StrategicMerge,
}

/// A JSON merge patch of a stored Job: the Job as it then is, or why the server refuses.
///
/// # Errors
/// The server's reasons.
pub fn patch_job(
    stored: &Value,
    merge: &Value,
    decoder: &dyn Decoder,
    status: &JobStatus,
    rules: &Rules,
) -> Result<Admitted, Rejection> {
    patch_job_as(PatchType::Merge(decoder), stored, merge, &SuspensionFacts::of(status), rules)
}

/// A patch of either type of a stored Job.
///
/// # Errors
/// The server's reasons.
pub fn patch_job_as(
    how: PatchType<'_>,
    stored: &Value,
    patch: &Value,
    facts: &SuspensionFacts,
    rules: &Rules,
) -> Result<Admitted, Rejection> {
    update_job(stored, &patched("Job", how, stored, patch)?, facts, rules)
}

/// A patch of either type of a stored CronJob.
///
/// # Errors
/// The server's reasons.
pub fn patch_cron_job(
    how: PatchType<'_>,
    stored: &Value,
    patch: &Value,
    clockwork: &dyn Clockwork,
    rules: &Rules,
) -> Result<AdmittedCronJob, Rejection> {
    update_cron_job(stored, &patched("CronJob", how, stored, patch)?, clockwork, rules)
}

/// The object that a patch makes of a stored one, if the request is sound (`patcher.applyPatch`, `Store.Update`).
fn patched(kind: &str, how: PatchType<'_>, stored: &Value, patch: &Value) -> Result<Value, Rejection> {
    let mut object = match how {
        PatchType::Merge(decoder) => merged(kind, decoder, stored, patch)?,
        PatchType::StrategicMerge => strategically_merged(kind, stored, patch)?,
    };
    check_name(stored, &object)?;
    check_version(kind, stored, &mut object)?;
    Ok(object)
}

/// The server shows the patched object where that does not decode (`jsonPatcher.applyPatchToCurrentObject`).
fn merged(kind: &str, decoder: &dyn Decoder, stored: &Value, patch: &Value) -> Result<Value, Rejection> {
    let mut object = stored.clone();
    patch::merge(&mut object, patch);
    match decoder.decode(kind, &object) {
        Ok(()) => Ok(object),
        Err(problem) => Err(undecodable(&go_json_text(&object), &problem)),
    }
}

/// The server shows what it has left of the patch (`applyPatchToObject`).
fn strategically_merged(kind: &str, stored: &Value, patch: &Value) -> Result<Value, Rejection> {
    let shape = schema().shape(kind);
    let (mut object, mut patch) = (stored.clone(), patch.clone());
    match (&mut object, &mut patch) {
        (Value::Object(stored), Value::Object(patch)) => {
            let merged = patch::strategic_merge(&shape, std::mem::take(stored), patch);
            object = Value::Object(merged.map_err(Rejection::Unmergeable)?);
        }
        _ => patch::merge(&mut object, &patch),
    }
    let problems = schema().problems(&shape, &object);
    let problem = match (problems.wrong_type, problems.unknown.as_slice()) {
        (Some(problem), _) => problem,
        (None, []) => return Ok(object),
        (None, unknown) => {
            let unknown: Vec<String> = unknown.iter().map(|path| format!("unknown field \"{path}\"")).collect();
            format!("strict decoding error: {}", unknown.join(", "))
        }
    };
    Err(undecodable(&patch::go_value(&patch), &problem))
}

fn undecodable(shown: &str, problem: &str) -> Rejection {
    Rejection::Undecodable(format!("Invalid value: {}: {problem}", quote(shown)))
}

/// A patch cannot lead to another object (`EnsureObjectNamespaceMatchesRequestNamespace`, `checkName`).
fn check_name(stored: &Value, object: &Value) -> Result<(), Rejection> {
    let text = |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or("").to_owned();
    let namespace = text(object, "namespace");
    let (name, wanted) = (text(object, "name"), text(stored, "name"));
    let problem = if !namespace.is_empty() && namespace != text(stored, "namespace") {
        "the namespace of the provided object does not match the namespace sent on the request".to_owned()
    } else if name.is_empty() {
        format!("the name of the object ({wanted} based on URL) was undeterminable: name must be provided")
    } else if name != wanted {
        format!("the name of the object ({name}) does not match the name on the URL ({wanted})")
    } else {
        return Ok(());
    };
    Err(Rejection::BadRequest(problem))
}

/// A patch that names a version is for that version only; 0 is any.
fn check_version(kind: &str, stored: &Value, object: &mut Value) -> Result<(), Rejection> {
    let version = |object: &Value| match object["metadata"]["resourceVersion"].as_str().unwrap_or("") {
        "" => Ok(0),
        text => parse_uint(text).map_err(Rejection::Unmergeable),
    };
    match version(object)? {
        0 => object["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"].clone(),
        version_of_patch if version(stored) == Ok(version_of_patch) => {}
        _ => {
            let resource = if kind == "Job" { "jobs.batch" } else { "cronjobs.batch" };
            return Err(Rejection::Conflict { resource, name: name(stored) });
        }
    }
    Ok(())
}

/// A number as Go reads it (`strconv.ParseUint`).
fn parse_uint(text: &str) -> Result<u64, String> {
    let problem = if text.bytes().all(|b| b.is_ascii_digit()) { "value out of range" } else { "invalid syntax" };
    let number = text.strip_prefix('+').map_or(text, |_| "").parse();
    number.map_err(|_| format!("strconv.ParseUint: parsing {}: {problem}", quote(text)))
}

/// The verdict on putting `new` in place of a stored Job.
///
/// # Errors
/// The server's reasons.
pub fn update_job(stored: &Value, new: &Value, facts: &SuspensionFacts, rules: &Rules) -> Result<Admitted, Rejection> {
    let mut job = read("Job", new);
    defaults::job(&mut job, rules);
    let old = read("Job", stored);
    disabled::drop_fields(&mut job["spec"], Some(&old["spec"]), rules);
    let changed = prepare_for_update("JobSpec", &mut job, &old);
    let errors = validation::validate_job_update(&job, &old, facts, rules);
    if !errors.is_empty() {
        return Err(Rejection::Invalid { kind: "Job.batch", name: name(&job), errors });
    }
    let warnings = if changed { validation::job_warnings(&job) } else { Vec::new() };
    Ok(admitted(job, warnings))
}

/// The verdict on putting `new` in place of a stored CronJob.
///
/// # Errors
/// The server's reasons.
pub fn update_cron_job(
    stored: &Value,
    new: &Value,
    clockwork: &dyn Clockwork,
    rules: &Rules,
) -> Result<AdmittedCronJob, Rejection> {
    let mut cron_job = read("CronJob", new);
    defaults::cron_job(&mut cron_job, rules);
    let old = read("CronJob", stored);
    disabled::drop_in_template(&mut cron_job, Some(&old), rules);
    let changed = prepare_for_update("CronJobSpec", &mut cron_job, &old);
    let errors = validation::validate_cron_job_update(&cron_job, &old, clockwork, rules);
    if !errors.is_empty() {
        return Err(Rejection::Invalid { kind: "CronJob.batch", name: name(&cron_job), errors });
    }
    let mut warnings = if changed { validation::cron_job_warnings(&cron_job) } else { Vec::new() };
    if cron_job["spec"]["schedule"].as_str().is_some_and(|schedule| schedule.contains("TZ")) {
        warnings.push(
            "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                .to_owned(),
        );
    }
    Ok(admitted_cron_job(cron_job, rules, warnings))
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or("").to_owned()
}

/// What an update cannot touch stays as it was; a changed specification raises the generation. True if it has changed.
fn prepare_for_update(spec: &str, new: &mut Value, old: &Value) -> bool {
    new["status"] = old["status"].clone();
    let changed = !equal_as(spec, &new["spec"], &old["spec"]);
    let (meta, old_meta) = (&mut new["metadata"], &old["metadata"]);
    let generation = old_meta["generation"].as_i64().unwrap_or(0);
    meta["generation"] = json!(generation + i64::from(changed));
    for name in ["creationTimestamp", "deletionTimestamp"] {
        if !old_meta[name].is_null() {
            meta[name] = old_meta[name].clone();
        }
    }
    // A manifest need not name these; an update without a version is of any version.
    for name in ["uid", "resourceVersion", "namespace", "deletionGracePeriodSeconds"] {
        if meta[name].as_str().is_none_or(str::is_empty) && !meta[name].is_number() {
            meta[name] = old_meta[name].clone();
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(spec: &Value) -> Value {
        let mut spec = spec.clone();
        spec["restartPolicy"] = json!("Never");
        spec["containers"] = json!([{"name": "c", "image": "i"}]);
        let labels = json!({"job-name": "j"});
        let template = json!({"metadata": {"labels": labels}, "spec": spec});
        let spec = json!({"template": template, "selector": {"matchLabels": labels}, "manualSelector": true});
        let meta = json!({"name": "j", "namespace": "n", "uid": "u", "resourceVersion": "1"});
        let mut job = json!({"metadata": meta, "spec": spec});
        defaults::job(&mut job, &Rules::default());
        job
    }

    fn verdict(old: &Value, new: &Value) -> Result<Admitted, Rejection> {
        update_job(old, new, &SuspensionFacts::of(&JobStatus::default()), &Rules::default())
    }

    #[test]
    fn what_a_stored_job_breaks_it_may_go_on_breaking() {
        for spec in [
            json!({"overhead": {"hugepages-2Mi": "1", "cpu": "1"}}),
            json!({"tolerations": [{"key": "k", "operator": "Gt", "value": "7"}]}),
        ] {
            let (sound, broken) = (job(&json!({})), job(&spec));
            assert_eq!(verdict(&broken, &broken).map(|_| ()), Ok(()), "{spec}");
            assert!(verdict(&sound, &broken).is_err(), "{spec}");
        }
        let toleration = |value: &str| job(&json!({"tolerations": [{"key": "k", "operator": "Lt", "value": value}]}));
        for (value, problem) in [
            ("", "must be non-empty"),
            ("07", "must be a valid decimal integer in canonical form"),
            ("1e3", "strconv.ParseInt: parsing \"1e3\": invalid syntax"),
            ("99999999999999999999", "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"),
        ] {
            let rejection = verdict(&toleration("0"), &toleration(value)).expect_err("a bad number").to_string();
            assert!(rejection.contains(problem), "{rejection}");
        }
    }

    #[test]
    fn a_missing_schedule_stands_first_only_if_it_was_missing_before() {
        struct Any;
        impl Clockwork for Any {
            fn check_schedule(&self, _: &str) -> Result<(), String> {
                Ok(())
            }
            fn check_time_zone(&self, _: &str) -> Result<(), String> {
                Ok(())
            }
        }
        let cron_job = |schedule: Value| {
            let meta = json!({"name": "c", "namespace": "n", "uid": "u", "resourceVersion": "1"});
            let template = json!({"spec": {"template": job(&json!({}))["spec"]["template"]}});
            json!({"metadata": meta, "spec": {"schedule": schedule, "jobTemplate": template, "startingDeadlineSeconds": -1}})
        };
        let first_field =
            |old: Value| match update_cron_job(&cron_job(old), &cron_job(Value::Null), &Any, &Rules::default())
                .expect_err("errors")
            {
                Rejection::Invalid { errors, .. } => errors[0].field.clone(),
                other => panic!("{other}"),
            };
        assert_eq!(first_field(Value::Null), "spec.schedule");
        assert_eq!(first_field(json!("@daily")), "spec.startingDeadlineSeconds");
    }

    #[test]
    fn no_error_is_told_twice() {
        let error = |text: &str| FieldError {
            field: "f".into(),
            kind: "Invalid value",
            detail: text.into(),
            text: text.into(),
        };
        assert_eq!(listed(&[error("a"), error("b"), error("a")]), "[a, b]");
        assert_eq!(listed(&[error("a"), error("a")]), "a");
    }
}
