//! A pod as v1 JSON: the template as the Job controller and admission make a pod of it, and what a kubelet reports.

use serde_json::{Map, Value, json};

use super::job::{job_uid, set_uid};
use super::{Calendar, Identity, owner, uid};
use crate::api::pod::{ContainerDetail, ContainerNow, ContainersWord, Pod, PodPhase, Termination};
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::report::kubectl::describe::quality_of_service;

const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// When what happened to a pod, as far as the pod does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PodTimes {
    bound: Option<SimTime>,
    initialized: Option<SimTime>,
    disrupted: Option<SimTime>,
    version: u64,
}

impl PodTimes {
    /// Looks at the pod after a change.
    pub(super) fn note(&mut self, pod: &Pod, now: SimTime, version: u64) {
        let now_if = |is: bool| is.then_some(now);
        self.bound = self.bound.or(now_if(pod.scheduled));
        self.initialized = self.initialized.or(now_if(is_initialized(pod)));
        self.disrupted = self.disrupted.or(now_if(pod.disruption_target.is_some()));
        self.version = version;
    }
}

fn is_initialized(pod: &Pod) -> bool {
    let word = pod.status.view.word;
    let waits = matches!(word, ContainersWord::Pending | ContainersWord::Init(..));
    let failed = matches!(word, ContainersWord::InitError | ContainersWord::InitCrashLoopBackOff);
    pod.scheduled && !waits && !failed
}

pub(super) fn render(calendar: Calendar, pod: &Pod, times: &PodTimes, store: &Store) -> Option<Value> {
    if let Some(bare) = store.bare_pod(pod.id) {
        return Some(bare_pod(calendar, pod, times, &bare.manifest, store));
    }
    let job = store.job(pod.job)?;
    let template = &store.manifest(pod.job)?["spec"]["template"];
    let name = job.pod_name(pod.index, pod.attempt);
    let index = pod.index().map(|index| index.to_string());
    let mut metadata = template["metadata"].clone();
    set_uid(metadata.get_mut("labels"), &job_uid(pod.job));
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
    let mut spec = admitted(&template["spec"]);
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
    let status = status(calendar, pod, times, &spec);
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
    let mut spec = admitted(&manifest["spec"]);
    node_name(&mut spec, pod, store);
    object["status"] = status(calendar, pod, times, &spec);
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

/// What admission plugins that are always on add to a pod.
fn admitted(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for (field, value) in [
        ("priority", json!(0)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
        ("enableServiceLinks", json!(true)),
    ] {
        if spec[field].is_null() {
            spec[field] = value;
        }
    }
    for field in ["serviceAccountName", "serviceAccount"] {
        if spec[field].as_str().is_none_or(str::is_empty) {
            spec[field] = "default".into();
        }
    }
    for list in ["initContainers", "containers"] {
        spec[list].as_array_mut().into_iter().flatten().for_each(request_limits);
    }
    let tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    let mut all = tolerations.clone();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerates = |t: &Value| t["key"] == key || (t["key"].is_null() && t["operator"] == "Exists");
        if !tolerations.iter().any(tolerates) {
            all.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec["tolerations"] = Value::Array(all);
    spec
}

/// A limit without a request is requested (`SetDefaults_Pod`).
fn request_limits(container: &mut Value) {
    let limits = container["resources"]["limits"].as_object().cloned().unwrap_or_default();
    for (name, amount) in limits {
        let requests = &mut container["resources"]["requests"];
        if requests[&name].is_null() {
            requests[&name] = amount;
        }
    }
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
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let mut env = container["env"].as_array().cloned().unwrap_or_default();
            if !env.iter().any(|known| known["name"] == variable["name"]) {
                env.push(variable.clone());
            }
            container["env"] = Value::Array(env);
        }
    }
}

fn status(calendar: Calendar, pod: &Pod, times: &PodTimes, spec: &Value) -> Value {
    let mut status = Map::new();
    let mut set = |name: &str, value: Value| status.insert(name.to_owned(), value);
    set("phase", pod.status.phase.as_str().into());
    set("observedGeneration", 1.into());
    set("qosClass", quality_of_service(spec).into());
    let conditions = conditions(calendar, pod, times, spec);
    if !conditions.is_empty() {
        set("conditions", Value::Array(conditions));
    }
    if let Some(bound) = times.bound {
        set("startTime", calendar.seconds(bound));
        let init = list(spec, "initContainers").len();
        // A kubelet that has just seen the pod reports at once what it waits for.
        let first = if init > 0 { "PodInitializing" } else { "ContainerCreating" };
        let waits = ContainerDetail { now: ContainerNow::Waiting(first), last: None, restarts: 0 };
        let details = pod.status.containers.as_ref().map_or(&[][..], |details| details);
        let of = |name: &str, is_init: bool| -> Value {
            let details = details.iter().skip(if is_init { 0 } else { init }).chain(std::iter::repeat(&waits));
            let containers = list(spec, name).iter().zip(details);
            containers.map(|(container, detail)| container_status(calendar, pod, container, detail, is_init)).collect()
        };
        if init > 0 {
            set("initContainerStatuses", of("initContainers", true));
        }
        set("containerStatuses", of("containers", false));
    }
    Value::Object(status)
}

fn list<'v>(spec: &'v Value, name: &str) -> &'v [Value] {
    spec[name].as_array().map_or(&[], Vec::as_slice)
}

fn container_status(
    calendar: Calendar,
    pod: &Pod,
    container: &Value,
    detail: &ContainerDetail,
    is_init: bool,
) -> Value {
    let terminated = |end: &Termination| {
        let reason = match end.code {
            _ if end.oom => "OOMKilled",
            0 => "Completed",
            _ => "Error",
        };
        json!({"terminated": {
            "exitCode": end.code, "reason": reason,
            "startedAt": calendar.seconds(end.started), "finishedAt": calendar.seconds(end.finished),
        }})
    };
    // An init container is ready once it has done its work.
    let done = is_init && matches!(detail.now, ContainerNow::Terminated(Termination { code: 0, .. }));
    let (state, running) = match &detail.now {
        ContainerNow::Waiting(reason) => (json!({"waiting": {"reason": reason}}), false),
        ContainerNow::Running(started) => (json!({"running": {"startedAt": calendar.seconds(*started)}}), true),
        ContainerNow::Terminated(end) => (terminated(end), false),
    };
    let has_run = running || detail.last.is_some() || matches!(detail.now, ContainerNow::Terminated(_));
    let identity = format!("{}/{}", pod.id.uid, container["name"].as_str().unwrap_or(""));
    let run = crate::kernel::rng::entity(&[identity.as_bytes(), &detail.restarts.to_le_bytes()]);
    json!({
        "name": container["name"], "image": container["image"],
        "imageID": "", "containerID": if has_run { format!("simulated://{run:016x}") } else { String::new() },
        "ready": running && !is_init || done, "started": running, "restartCount": detail.restarts,
        "state": state, "lastState": detail.last.as_ref().map_or_else(|| json!({}), terminated),
    })
}

/// In the order in which a kubelet writes them.
fn conditions(calendar: Calendar, pod: &Pod, times: &PodTimes, spec: &Value) -> Vec<Value> {
    let condition = |kind: &str, status: bool, since: SimTime, reason: &str, message: &str| {
        let mut condition = json!({
            "type": kind, "status": if status { "True" } else { "False" }, "lastProbeTime": null,
            "lastTransitionTime": calendar.seconds(since),
        });
        for (field, text) in [("reason", reason), ("message", message)] {
            if !text.is_empty() {
                condition[field] = text.into();
            }
        }
        condition
    };
    let mut conditions = Vec::new();
    if let (Some(reason), Some(since)) = (pod.disruption_target, times.disrupted) {
        conditions.push(condition("DisruptionTarget", true, since, reason, ""));
    }
    let Some(bound) = times.bound else { return conditions };
    let ready_since = pod.status.ready_since.instant().max(bound);
    let started = !matches!(pod.status.view.word, ContainersWord::Pending | ContainersWord::ContainerCreating);
    conditions.push(condition("PodReadyToStartContainers", started && !pod.status.phase.is_terminal(), bound, "", ""));
    let completed = pod.status.phase == PodPhase::Succeeded;
    let names = |name: &str| {
        let names: Vec<&str> = list(spec, name).iter().filter_map(|container| container["name"].as_str()).collect();
        names.join(" ")
    };
    conditions.push(match (times.initialized, completed) {
        (Some(since), completed) => {
            condition("Initialized", true, since, if completed { "PodCompleted" } else { "" }, "")
        }
        (None, _) => {
            let message = format!("containers with incomplete status: [{}]", names("initContainers"));
            condition("Initialized", false, bound, "ContainersNotInitialized", &message)
        }
    });
    let (reason, message) = match (pod.status.ready, pod.status.phase) {
        (true, _) => ("", String::new()),
        (false, PodPhase::Succeeded) => ("PodCompleted", String::new()),
        (false, PodPhase::Failed) => ("PodFailed", String::new()),
        (false, _) => ("ContainersNotReady", format!("containers with unready status: [{}]", names("containers"))),
    };
    for kind in ["Ready", "ContainersReady"] {
        conditions.push(condition(kind, pod.status.ready, ready_since, reason, &message));
    }
    conditions.push(condition("PodScheduled", true, bound, "", ""));
    conditions
}
