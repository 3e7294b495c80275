//! Fields behind feature gates that are off, and annotations that are fields now: the server drops them (`PrepareForCreate`, `PrepareForUpdate`).

use serde_json::Value;

use super::disabled_pod_fields::drop_pod_fields;
use crate::api::release::Rules;

/// Drops them from `spec` of a Job, unless the stored one has them.
pub(super) fn drop_fields(spec: &mut Value, old: Option<&Value>, rules: &Rules) {
    for (field, known) in [
        ("successPolicy", rules.has_success_policy),
        ("managedBy", rules.has_managed_by),
        ("backoffLimitPerIndex", rules.has_back_off_per_index),
        ("maxFailedIndexes", rules.has_back_off_per_index),
        ("podReplacementPolicy", rules.has_pod_replacement_policy),
    ] {
        let in_use = || old.is_some_and(|old| !old[field].is_null());
        if !known && !spec[field].is_null() && !in_use() {
            spec[field] = Value::Null;
        }
    }
    if let Some(pods) = spec.pointer_mut("/template/spec") {
        drop_pod_fields(pods, old.map(|old| &old["template"]["spec"]), rules);
    }
}

/// Annotations that were init containers before `initContainers` was a field.
const INIT_CONTAINERS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Drops them from the pod, or from the template that pods are made of (`DropInitContainerAnnotations`).
pub(super) fn drop_init_container_annotations(kind: &str, object: &mut Value) {
    let template = match kind {
        "Job" => "/spec/template/metadata/annotations",
        "CronJob" => "/spec/jobTemplate/spec/template/metadata/annotations",
        _ => "/metadata/annotations",
    };
    if let Some(Value::Object(annotations)) = object.pointer_mut(template) {
        annotations.retain(|name, _| !INIT_CONTAINERS.contains(&name.as_str()));
    }
}

/// Drops them from a CronJob's template: those of pods, and since 1.37 those of Jobs; before, these go as Jobs are made of
/// it.
pub(super) fn drop_in_template(cron_job: &mut Value, old: Option<&Value>, rules: &Rules) {
    if rules.drops_fields_in_templates && old.is_none() {
        return drop_fields(&mut cron_job["spec"]["jobTemplate"]["spec"], None, rules);
    }
    const OF_PODS: &str = "/spec/jobTemplate/spec/template/spec";
    if let Some(pods) = cron_job.pointer_mut(OF_PODS) {
        drop_pod_fields(pods, old.and_then(|old| old.pointer(OF_PODS)), rules);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn init_containers_are_a_field() {
        let annotations = json!({"pod.alpha.kubernetes.io/init-containers": "[]", "a": "b"});
        let mut job = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
        drop_init_container_annotations("Job", &mut job);
        assert_eq!(job, json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}));
    }
}
