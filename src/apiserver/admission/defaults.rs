//! Defaults that depend on other fields (`SetDefaults_*` of batch/v1 and core/v1); the plain ones are in the schema table.

use serde_json::{Value, json};

use super::image::default_pull_policy;
use crate::api::release::Rules;
use crate::apiserver::schema::schema;

/// Fills in the defaults of a Job. True if it got the labels of its template: upstream the two are one map from then on.
pub(super) fn job(job: &mut Value, rules: &Rules) -> bool {
    schema().fill(&schema().shape("Job"), job);
    let shares_labels = share_labels(job);
    let spec = &mut job["spec"];
    if spec["parallelism"].is_null() {
        if spec["completions"].is_null() {
            spec["completions"] = json!(1);
        }
        spec["parallelism"] = json!(1);
    }
    let limit = if spec["backoffLimitPerIndex"].is_null() { 6 } else { i32::MAX };
    default(spec, "backoffLimit", json!(limit));
    default(spec, "completionMode", json!("NonIndexed"));
    default(spec, "suspend", json!(false));
    let policy = if spec["podFailurePolicy"].is_null() { "TerminatingOrFailed" } else { "Failed" };
    if rules.has_pod_replacement_policy {
        default(spec, "podReplacementPolicy", json!(policy));
    }
    default(spec, "manualSelector", json!(false));
    pod(&mut spec["template"]["spec"]);
    shares_labels
}

/// Gives a Job that has no labels those of its template, if there are any; true if it does.
pub(super) fn share_labels(job: &mut Value) -> bool {
    let labels = job["spec"]["template"]["metadata"]["labels"].clone();
    if labels.is_null() {
        return false;
    }
    let own = &mut job["metadata"]["labels"];
    let shares = own.as_object().is_none_or(serde_json::Map::is_empty);
    if shares {
        *own = labels;
    }
    shares
}

/// Fills in the defaults of a CronJob. Its Job template stays as it is but for the pods': it gets its defaults when Jobs
/// are made of it.
pub(super) fn cron_job(cron_job: &mut Value, rules: &Rules) {
    let written = cron_job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"].clone();
    schema().fill(&schema().shape("CronJob"), cron_job);
    if !rules.defaults_condition_status && !written.is_null() {
        cron_job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"] = written;
    }
    pod(&mut cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]);
}

/// Fills in the defaults of a pod.
pub(super) fn bare_pod(object: &mut Value) {
    schema().fill(&schema().shape("Pod"), object);
    let spec = &mut object["spec"];
    pod(spec);
    // Of pods only, not of templates (`SetDefaults_Pod`).
    let grace = &mut spec["terminationGracePeriodSeconds"];
    if grace.as_i64().is_some_and(|seconds| seconds < 0) {
        *grace = json!(1);
    }
    // Validation looks at these; what Jobs' pods ask for is filled in as they are admitted (`pod_resources`).
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            fill_amounts(&mut container["resources"], "requests", "limits");
        }
    }
}

/// Gives a list of amounts what it lacks and another list of the object has.
pub(super) fn fill_amounts(object: &mut Value, list: &str, from: &str) {
    for (name, amount) in object[from].as_object().cloned().unwrap_or_default() {
        default(&mut object[list], &name, amount);
    }
}

fn default(object: &mut Value, name: &str, value: Value) {
    if object[name].is_null() {
        object[name] = value;
    }
}

fn pod(pod: &mut Value) {
    let is_empty = |value: &Value| value.as_str().is_none_or(str::is_empty);
    // The deprecated name of the field always says the same as the new one.
    match (is_empty(&pod["serviceAccountName"]), is_empty(&pod["serviceAccount"])) {
        (true, false) => pod["serviceAccountName"] = pod["serviceAccount"].clone(),
        (false, _) => pod["serviceAccount"] = pod["serviceAccountName"].clone(),
        (true, true) => {}
    }
    for volume in pod["volumes"].as_array_mut().into_iter().flatten() {
        let has_source =
            volume.as_object().is_some_and(|fields| fields.iter().any(|(k, v)| k != "name" && !v.is_null()));
        if !has_source {
            volume["emptyDir"] = json!({});
        }
        if let Some(image) = volume.get_mut("image").filter(|image| !image.is_null() && is_empty(&image["pullPolicy"]))
        {
            let policy = default_pull_policy(image["reference"].as_str().unwrap_or(""));
            image["pullPolicy"] = json!(policy);
        }
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in pod[list].as_array_mut().into_iter().flatten() {
            if is_empty(&container["imagePullPolicy"]) {
                let policy = default_pull_policy(container["image"].as_str().unwrap_or(""));
                container["imagePullPolicy"] = json!(policy);
            }
        }
    }
}
