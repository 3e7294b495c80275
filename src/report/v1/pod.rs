//! A pod as v1 JSON: the template as the Job controller and admission make a pod of it, and what a kubelet reports.

use serde_json::{Map, Value, json};

use super::conditions::{PodTimes, conditions};
use super::{Calendar, Identity, owner, uid};
use crate::api::pod::{ContainerDetail, ContainerNow, Pod, PodTemplate, TerminatedReason, Termination};
use crate::api::resources::Resources;
use crate::api::scheduling::{DEFAULT_TOLERATION_SECONDS, tolerated_by_default};
use crate::apiserver::served::{job_uid, put_job_uid};
use crate::apiserver::store::Store;
use crate::report::kubectl::describe::quality_of_service;

const LIMIT_RANGER: &str = "kubernetes.io/limit-ranger";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

pub(super) fn render(calendar: Calendar, pod: &Pod, times: &PodTimes, store: &Store) -> Option<Value> {
    if let Some(bare) = store.bare_pod(pod.id) {
        return Some(bare_pod(calendar, pod, times, &bare.manifest, store));
    }
    let job = store.job(pod.job)?;
    let template = &store.manifest(pod.job)?["spec"]["template"];
    let name = job.pod_name(pod.index, pod.attempt);
    let index = pod.index().map(|index| index.to_string());
    let mut metadata = template["metadata"].clone();
    put_job_uid(metadata.get_mut("labels"), pod.job);
    metadata["name"] = name.clone().into();
    metadata["namespace"] = (*job.name.namespace).into();
    metadata["generateName"] = match &index {
        Some(index) => format!("{}-{index}-", job.name.name).into(),
        None => format!("{}-", job.name.name).into(),
    };
    metadata["uid"] = uid(Identity::Pod, pod.id.uid.into()).into();
    metadata["creationTimestamp"] = calendar.api(pod.created);
    metadata["generation"] = 1.into();
    metadata["resourceVersion"] = times.version.to_string().into();
    metadata["ownerReferences"] = owner("batch/v1", "Job", &job.name.name, &job_uid(pod.job));
    if pod.tracked {
        metadata["finalizers"] = json!(["batch.kubernetes.io/job-tracking"]);
    }
    if let Some(deletion) = pod.deletion {
        let gone = deletion.asked.instant() + crate::kernel::time::SimDuration::from_secs(deletion.grace.into());
        metadata["deletionTimestamp"] = calendar.seconds(gone);
        metadata["deletionGracePeriodSeconds"] = deletion.grace.into();
    }
    let admitted_template = store.template_of(pod.id)?;
    let mut spec = admitted(&template["spec"], admitted_template);
    if let Some(told) = limit_ranger(&template["spec"], admitted_template) {
        metadata["annotations"][LIMIT_RANGER] = told.into();
    }
    node_name(&mut spec, pod, store);
    if let Some(index) = &index {
        metadata["labels"][INDEX] = index.as_str().into();
        metadata["annotations"][INDEX] = index.as_str().into();
        indexed(&mut spec, &job.name.name, index);
    }
    for (annotation, count) in [
        ("batch.kubernetes.io/job-index-failure-count", pod.failure_count),
        ("batch.kubernetes.io/job-index-ignored-failure-count", Some(pod.ignored_failure_count).filter(|&n| n > 0)),
    ] {
        if let Some(count) = count {
            metadata["annotations"][annotation] = count.to_string().into();
        }
    }
    let status = status(calendar, pod, times, &spec, store);
    Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}))
}

/// A pod that no Job made, from its manifest.
fn bare_pod(calendar: Calendar, pod: &Pod, times: &PodTimes, manifest: &Value, store: &Store) -> Value {
    let mut object = manifest.clone();
    object["metadata"]["uid"] = uid(Identity::Pod, pod.id.uid.into()).into();
    object["metadata"]["creationTimestamp"] = calendar.api(pod.created);
    object["metadata"]["resourceVersion"] = times.version.to_string().into();
    if let Some(deletion) = pod.deletion {
        let gone = deletion.asked.instant() + crate::kernel::time::SimDuration::from_secs(deletion.grace.into());
        object["metadata"]["deletionTimestamp"] = calendar.seconds(gone);
        object["metadata"]["deletionGracePeriodSeconds"] = deletion.grace.into();
    }
    let template = store.template_of(pod.id);
    let mut spec = template.map_or(Value::Null, |template| admitted(&manifest["spec"], template));
    if let Some(told) = template.and_then(|template| limit_ranger(&manifest["spec"], template)) {
        object["metadata"]["annotations"][LIMIT_RANGER] = told.into();
    }
    node_name(&mut spec, pod, store);
    object["status"] = status(calendar, pod, times, &spec, store);
    object["spec"] = spec;
    object
}

/// The node that it is bound to, and the priority that it was admitted with.
fn node_name(spec: &mut Value, pod: &Pod, store: &Store) {
    if let Some(node) = store.node(pod.node) {
        spec["nodeName"] = (*node.name).into();
    }
    if let Some(priority) = store.template_of(pod.id).and_then(|template| template.priority) {
        spec["priority"] = priority.into();
    }
}

/// What admission plugins that are always on add to a pod, as they have to its template.
fn admitted(spec: &Value, template: &PodTemplate) -> Value {
    let mut spec = spec.clone();
    for (field, value) in [
        ("priority", json!(0)),
        ("preemptionPolicy", json!(template.scheduling.preemption_policy.unwrap_or_default().as_str())),
        ("priorityClassName", template.priority_class_name.as_deref().map_or(Value::Null, Value::from)),
        ("enableServiceLinks", json!(true)),
    ] {
        if value.is_null() {
            continue;
        }
        if spec[field].is_null() {
            spec[field] = value;
        }
    }
    for field in ["serviceAccountName", "serviceAccount"] {
        if spec[field].as_str().is_none_or(str::is_empty) {
            spec[field] = "default".into();
        }
    }
    for (list, containers) in [("initContainers", &template.init_containers), ("containers", &template.containers)] {
        let specs = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        specs.zip(containers).for_each(|(spec, container)| ask_for(spec, &container.resources));
    }
    ask_for(&mut spec, &template.resources);
    // Templates may have a negative one.
    let grace = &mut spec["terminationGracePeriodSeconds"];
    if grace.as_i64().is_some_and(|seconds| seconds < 0) {
        *grace = template.termination_grace_period_seconds.into();
    }
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    tolerations.extend(tolerated_by_default(&template.scheduling.tolerations).map(|key| {
        let seconds = DEFAULT_TOLERATION_SECONDS;
        json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds})
    }));
    spec["tolerations"] = Value::Array(tolerations);
    spec
}

/// What admission has found that a container or the pod asks for and may use, where it does not say so itself
/// (`SetDefaults_Pod`, `LimitRanger`, `DefaultPodLevelResources`).
fn ask_for(spec: &mut Value, resources: &Resources) {
    for (list, amounts) in [("limits", &resources.limits), ("requests", &resources.requests)] {
        for (name, amount) in amounts {
            let known = &mut spec["resources"][list][&**name];
            if known.is_null() {
                *known = amount.to_string().into();
            }
        }
    }
}

/// What LimitRanges have set, in the words of their annotation (`mergePodResourceRequirements`): what a pod neither says
/// nor has of its limits.
fn limit_ranger(spec: &Value, template: &PodTemplate) -> Option<String> {
    let mut told = Vec::new();
    let of = [
        ("containers", "container", &template.containers),
        ("initContainers", "init container", &template.init_containers),
    ];
    for (list, kind, containers) in of {
        for (spec, container) in list_of(spec, list).iter().zip(containers) {
            for (field, word, amounts) in [
                ("requests", "request", &container.resources.requests),
                ("limits", "limit", &container.resources.limits),
            ] {
                let own = &spec["resources"];
                let is_set = |name: &&str| own[field][*name].is_null() && own["limits"][*name].is_null();
                let names: Vec<&str> = amounts.keys().map(|name| &**name).filter(is_set).collect();
                if !names.is_empty() {
                    told.push(format!("{} {word} for {kind} {}", names.join(", "), container.name));
                }
            }
        }
    }
    (!told.is_empty()).then(|| format!("LimitRanger plugin set: {}", told.join("; ")))
}

/// What pods of Indexed Jobs know of their index: a host name and a variable.
fn indexed(spec: &mut Value, job: &str, index: &str) {
    if spec["hostname"].is_null() {
        spec["hostname"] = format!("{job}-{index}").into();
    }
    let path = format!("metadata.labels['{INDEX}']");
    let variable = json!({
        "name": "JOB_COMPLETION_INDEX",
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}},
    });
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mut env = container["env"].as_array().cloned().unwrap_or_default();
            if !env.iter().any(|known| known["name"] == variable["name"]) {
                env.push(variable.clone());
            }
            container["env"] = Value::Array(env);
        }
    }
}

fn status(calendar: Calendar, pod: &Pod, times: &PodTimes, spec: &Value, store: &Store) -> Value {
    let mut status = Map::new();
    let mut set = |name: &str, value: Value| status.insert(name.to_owned(), value);
    set("phase", pod.status.phase.as_str().into());
    if let Some(failure) = &pod.status.failure {
        set("reason", failure.reason.into());
        set("message", failure.message.as_str().into());
    }
    set("observedGeneration", 1.into());
    set("qosClass", quality_of_service(spec).into());
    if let Some(node) = times.nominated.and_then(|node| store.node(node)) {
        set("nominatedNodeName", (*node.name).into());
    }
    let conditions = store.template_of(pod.id).map(|template| conditions(calendar, pod, times, template));
    let conditions = conditions.unwrap_or_default();
    if !conditions.is_empty() {
        set("conditions", Value::Array(conditions));
    }
    if let Some(bound) = times.bound.filter(|_| pod.status.rejection().is_none()) {
        set("startTime", calendar.seconds(bound));
        let init = list_of(spec, "initContainers").len();
        // A kubelet that has just seen the pod reports at once what it waits for.
        let first = if init > 0 { "PodInitializing" } else { "ContainerCreating" };
        let waits = ContainerDetail { now: ContainerNow::Waiting(first), last: None, restarts: 0, ready: false };
        let details = pod.status.containers.as_ref().map_or(&[][..], |details| details);
        let of = |name: &str, is_init: bool| -> Value {
            let details = details.iter().skip(if is_init { 0 } else { init }).chain(std::iter::repeat(&waits));
            let containers = list_of(spec, name).iter().zip(details);
            containers.map(|(container, detail)| container_status(calendar, pod, container, detail, is_init)).collect()
        };
        if init > 0 {
            set("initContainerStatuses", of("initContainers", true));
        }
        set("containerStatuses", of("containers", false));
    }
    Value::Object(status)
}

fn list_of<'v>(spec: &'v Value, name: &str) -> &'v [Value] {
    spec[name].as_array().map_or(&[], Vec::as_slice)
}

fn container_status(
    calendar: Calendar,
    pod: &Pod,
    container: &Value,
    detail: &ContainerDetail,
    is_init: bool,
) -> Value {
    let unseen = |reason: &str, message: &str| {
        json!({"terminated": {
            "exitCode": 137, "reason": reason, "message": message, "startedAt": null, "finishedAt": null,
        }})
    };
    let terminated = |end: &Termination| {
        let reason = match end.reason {
            TerminatedReason::ContainerStatusUnknown => {
                let message = "The container could not be located when the pod was terminated";
                return unseen("ContainerStatusUnknown", message);
            }
            TerminatedReason::RestartingAllContainers => {
                let message = "The container is removed because RestartAllContainers in place";
                return unseen("RestartingAllContainers", message);
            }
            TerminatedReason::OomKilled => "OOMKilled",
            TerminatedReason::Exited if end.code == 0 => "Completed",
            TerminatedReason::Exited => "Error",
        };
        json!({"terminated": {
            "exitCode": end.code, "reason": reason,
            "startedAt": calendar.seconds(end.started), "finishedAt": calendar.seconds(end.finished),
        }})
    };
    // An init container is ready once it has done its work, if it has any that is ever done.
    let is_init = is_init && container["restartPolicy"] != "Always";
    let done = is_init && matches!(detail.now, ContainerNow::Terminated(Termination { code: 0, .. }));
    let (state, running) = match &detail.now {
        ContainerNow::Waiting(reason) => (json!({"waiting": {"reason": reason}}), false),
        ContainerNow::Running(started) => (json!({"running": {"startedAt": calendar.seconds(*started)}}), true),
        ContainerNow::Terminated(end) => (terminated(end), false),
    };
    let is_lost = |end: &Termination| end.reason == TerminatedReason::ContainerStatusUnknown;
    let has_run = match &detail.now {
        ContainerNow::Running(_) => true,
        ContainerNow::Terminated(end) if !is_lost(end) => true,
        _ => detail.last.is_some(),
    };
    let identity = format!("{}/{}", pod.id.uid, container["name"].as_str().unwrap_or(""));
    let run = crate::kernel::rng::entity(&[identity.as_bytes(), &detail.restarts.to_le_bytes()]);
    let mut status = json!({
        "name": container["name"], "image": container["image"], "imageID": "",
        "ready": detail.ready && !is_init || done, "started": running, "restartCount": detail.restarts,
        "state": state, "lastState": detail.last.as_ref().map_or_else(|| json!({}), terminated),
    });
    if has_run {
        status["containerID"] = format!("simulated://{run:016x}").into();
    }
    status
}
