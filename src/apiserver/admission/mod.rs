//! Admission: defaults, what the server sets itself, and the verdict on a create or an update.
//!
//! Documents come decoded: fields and types are right, the strict decoding errors are the reader's to report.

mod apply;
mod cron_job_spec;
mod defaults;
mod disabled;
mod disabled_pod_fields;
mod image;
mod job_spec;
mod patch;
mod policies;
mod scheduling;
mod update;

use serde_json::{Value, json};

use super::field::FieldError;
use super::schema::schema;
use super::validation::{self, Clockwork};
use crate::api::cronjob::CronJobSpec;
use crate::api::job::JobSpec;
use crate::api::meta::ObjectName;
use crate::api::pod::PodTemplate;
use crate::api::release::Rules;

pub use apply::apply_patch;
pub use cron_job_spec::cron_job_spec;
pub use job_spec::job_spec;
pub use policies::{AdmittedPolicy, create_policy};
pub use scheduling::label_selector;
pub use update::{
    Decoder, PatchType, Rejection, distinct, listed, patch_cron_job, patch_job, patch_job_as, update_cron_job,
    update_job,
};
/// UID of every object: the engine tells objects apart by dense ids, and no rule reads a UID.
pub const UID: &str = "00000000-0000-0000-0000-000000000001";
/// When every object was created, as far as manifests go.
pub(super) const CREATION_TIMESTAMP: &str = "2000-01-01T00:00:00Z";
/// What a generated name ends in; the server takes five letters by chance.
const GENERATED_SUFFIX: &str = "abcde";
/// How much of `generateName` is used: a name of 63 letters less the suffix (`SimpleNameGenerator`).
const MAX_GENERATED_PREFIX: usize = 58;

/// A Job that the server accepts.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The object as stored: defaulted, with selector, labels and metadata of the server's.
    pub manifest: Value,
    /// What the engine reads of it.
    pub spec: JobSpec,
    /// Namespace and name.
    pub name: ObjectName,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

/// A pod that the server accepts.
#[derive(Clone, Debug)]
pub struct AdmittedPod {
    /// The object as stored.
    pub manifest: Value,
    /// What the engine reads of it.
    pub template: PodTemplate,
    /// Namespace and name.
    pub name: ObjectName,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

/// A CronJob that the server accepts.
#[derive(Clone, Debug)]
pub struct AdmittedCronJob {
    /// The object as stored.
    pub manifest: Value,
    /// What the engine reads of it.
    pub spec: CronJobSpec,
    /// Namespace and name.
    pub name: ObjectName,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

/// A Job or CronJob with what the server fills in where nothing is said, whether it would take it or not.
pub fn with_defaults(kind: &str, value: &Value, rules: &Rules) -> Value {
    let mut object = read(kind, value);
    if kind == "Job" {
        defaults::job(&mut object, rules);
    } else {
        defaults::cron_job(&mut object, rules);
    }
    object
}

/// The verdict on creating a Job: the object as stored, or all that is wrong with it.
///
/// # Errors
/// Every rule that the Job breaks, in the server's order.
pub fn create_job(value: &Value, rules: &Rules) -> Result<Admitted, Vec<FieldError>> {
    let mut job = read("Job", value);
    let shares_labels = defaults::job(&mut job, rules);
    set_system_fields(&mut job);
    disabled::drop_fields(&mut job["spec"], None, rules);
    prepare_job_for_create(&mut job, shares_labels);
    let errors = validation::validate_job_create(&job, rules);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = validation::job_create_warnings(&job);
    Ok(admitted(job, warnings))
}

/// What the server says of the first value in an object of a kind that its field cannot hold.
pub fn wrong_type(kind: &str, value: &Value) -> Option<String> {
    schema().problems(&schema().shape(kind), value).wrong_type
}

/// A stored Job as it is read: defaults are filled in again, and where the Job has no labels those of its template are
/// its own, which by now has the server's.
pub fn as_read(mut job: Value) -> Value {
    defaults::share_labels(&mut job);
    job
}

fn admitted(job: Value, warnings: Vec<String>) -> Admitted {
    let manifest = schema().stored(&schema().shape("Job"), job);
    Admitted { spec: job_spec(&manifest), name: object_name(&manifest), manifest, warnings }
}

/// The verdict on creating a CronJob.
///
/// # Errors
/// Every rule that the CronJob breaks, in the server's order.
pub fn create_cron_job(
    value: &Value,
    clockwork: &dyn Clockwork,
    rules: &Rules,
) -> Result<AdmittedCronJob, Vec<FieldError>> {
    let mut cron_job = read("CronJob", value);
    defaults::cron_job(&mut cron_job, rules);
    disabled::drop_in_template(&mut cron_job, None, rules);
    set_system_fields(&mut cron_job);
    cron_job["status"] = json!({});
    let errors = validation::validate_cron_job_create(&cron_job, clockwork, rules);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = validation::cron_job_create_warnings(&cron_job);
    Ok(admitted_cron_job(cron_job, rules, warnings))
}

fn admitted_cron_job(cron_job: Value, rules: &Rules, warnings: Vec<String>) -> AdmittedCronJob {
    let manifest = schema().stored(&schema().shape("CronJob"), cron_job);
    AdmittedCronJob { spec: cron_job_spec(&manifest, rules), name: object_name(&manifest), manifest, warnings }
}

/// The verdict on creating a pod that no Job makes. Its status is dropped, its binding is not.
///
/// # Errors
/// Every rule that the pod breaks, in the server's order.
pub fn create_pod(value: &Value, rules: &Rules) -> Result<AdmittedPod, Vec<FieldError>> {
    let mut pod = read("Pod", value);
    pod["apiVersion"] = json!("v1");
    defaults::bare_pod(&mut pod);
    set_system_fields(&mut pod);
    if let Some(spec) = pod.get_mut("spec") {
        disabled_pod_fields::drop_pod_fields(spec, None, rules);
    }
    let errors = validation::validate_pod_create(&pod, rules);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = validation::pod_create_warnings(&pod);
    let manifest = schema().stored(&schema().shape("Pod"), pod);
    Ok(AdmittedPod { template: job_spec::pod_template(&manifest), name: object_name(&manifest), manifest, warnings })
}

/// What decoding a document gives, with its kind set.
fn read(kind: &str, value: &Value) -> Value {
    let shape = schema().shape(kind);
    let mut object = schema().read(&shape, value).filter(Value::is_object).unwrap_or_else(|| json!({}));
    object["apiVersion"] = json!("batch/v1");
    object["kind"] = json!(kind);
    disabled::drop_init_container_annotations(kind, &mut object);
    object
}

fn object_name(manifest: &Value) -> ObjectName {
    let text = |name: &str| manifest["metadata"][name].as_str().unwrap_or("");
    ObjectName::new(text("namespace"), text("name"))
}

/// Sets what a manifest cannot, and the namespace and name if it gives none (`rest.FillObjectMetaSystemFields`).
fn set_system_fields(object: &mut Value) {
    let meta = &mut object["metadata"];
    for name in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "resourceVersion"] {
        if let Some(fields) = meta.as_object_mut() {
            fields.remove(name);
        }
    }
    meta["uid"] = json!(UID);
    meta["creationTimestamp"] = json!(CREATION_TIMESTAMP);
    meta["generation"] = json!(1);
    let is_empty = |value: &Value| value.as_str().is_none_or(str::is_empty);
    if is_empty(&meta["namespace"]) {
        meta["namespace"] = json!("default");
    }
    let name = name_of(object);
    if !name.is_empty() {
        object["metadata"]["name"] = json!(name);
    }
}

/// The name that an object gets: its own, or one that is generated.
pub fn name_of(object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or("");
    let (name, prefix) = (text("name"), text("generateName"));
    if !name.is_empty() || prefix.is_empty() {
        return name.to_owned();
    }
    let mut end = MAX_GENERATED_PREFIX.min(prefix.len());
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    prefix[..end].to_owned() + GENERATED_SUFFIX
}

/// `PrepareForCreate` of a Job: no status, and labels and selector by which it finds its pods.
fn prepare_job_for_create(job: &mut Value, shares_labels: bool) {
    job["status"] = json!({});
    if job["spec"]["manualSelector"] == true {
        return;
    }
    let name = json!(job["metadata"]["name"].as_str().unwrap_or(""));
    let labels = &mut job["spec"]["template"]["metadata"]["labels"];
    for (key, value) in [
        ("job-name", &name),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &json!(UID)),
        ("batch.kubernetes.io/controller-uid", &json!(UID)),
    ] {
        if labels.get(key).is_none() {
            labels[key] = value.clone();
        }
    }
    if shares_labels {
        job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"].clone();
    }
    let selected = &mut job["spec"]["selector"]["matchLabels"];
    if selected.get("batch.kubernetes.io/controller-uid").is_none() {
        selected["batch.kubernetes.io/controller-uid"] = json!(UID);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(spec: Value) -> Result<AdmittedPod, Vec<FieldError>> {
        let pod = json!({"kind": "Pod", "metadata": {"name": "a.b"}, "spec": spec});
        create_pod(&pod, &Rules::default())
    }

    #[test]
    fn pods_of_their_own_have_rules_of_their_own() {
        let check = |spec: Value, wanted: &[&str]| {
            let errors = pod(spec).err().unwrap_or_default();
            assert_eq!(errors.iter().map(|error| &*error.text).collect::<Vec<_>>(), wanted);
        };
        let containers = json!([{"name": "c", "image": "i"}]);
        check(json!({"containers": containers}), &[]);
        let blank = "must not have leading or trailing whitespace";
        check(
            json!({"containers": [{"name": "c", "image": " i"}], "initContainers": [{"name": "d", "image": "i "}]}),
            &[
                &format!("spec.containers[0].image: Invalid value: \" i\": {blank}"),
                &format!("spec.initContainers[0].image: Invalid value: \"i \": {blank}"),
            ],
        );
        check(
            json!({"containers": containers, "nodeName": "n", "schedulingGates": [{"name": "g"}]}),
            &["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
        );
    }

    #[test]
    fn pods_of_their_own_have_the_defaults_of_pods() {
        let limits = json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}});
        let spec = json!({
            "containers": [{"name": "c", "image": "i", "resources": limits}], "terminationGracePeriodSeconds": -3,
        });
        let stored = pod(spec).expect("a pod").manifest;
        assert_eq!(stored["spec"]["terminationGracePeriodSeconds"], 1);
        let requests = &stored["spec"]["containers"][0]["resources"]["requests"];
        assert_eq!(*requests, json!({"cpu": "500m", "memory": "1Gi"}));
    }

    #[test]
    fn pods_of_their_own_are_warned_of_as_templates_are() {
        let spec =
            json!({"containers": [{"name": "c", "image": "i"}], "nodeSelector": {"beta.kubernetes.io/os": "linux"}});
        let warnings = pod(spec).expect("a pod").warnings;
        let [name, label] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(name.starts_with("metadata.name: this is used in the Pod's hostname, which can"), "{name}");
        assert!(label.starts_with("spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14"), "{label}");
    }
}
