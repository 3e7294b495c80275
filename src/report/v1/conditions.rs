//! Conditions of a pod, as the API server, the scheduler, controllers and the kubelet write them.

use serde_json::{Value, json};

use super::Calendar;
use crate::api::meta::NodeId;
use crate::api::pod::{ContainerDetail, ContainerNow, ContainersWord, Pod, PodPhase, PodTemplate};
use crate::kernel::time::SimTime;

/// When what happened to a pod, as far as the pod does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct PodTimes {
    pub(super) bound: Option<SimTime>,
    initialized: Option<SimTime>,
    /// Its sandbox was there.
    sandboxed: Option<SimTime>,
    ended: Option<SimTime>,
    /// Were all containers ready, and since when has that been so?
    containers_ready: Option<(bool, SimTime)>,
    disrupted: Option<SimTime>,
    /// When the scheduler first found no node for it, and what it said last.
    unschedulable: Option<(SimTime, String)>,
    /// The node that it waits for.
    pub(super) nominated: Option<NodeId>,
    pub(super) version: u64,
}

impl PodTimes {
    /// Looks at the pod after a change.
    pub(super) fn note(&mut self, pod: &Pod, template: &PodTemplate, now: SimTime, version: u64) {
        let now_if = |is: bool| is.then_some(now);
        self.bound = self.bound.or(now_if(pod.scheduled));
        self.initialized = self.initialized.or(now_if(incomplete(pod, template).is_empty() && pod.scheduled));
        let waits = matches!(pod.status.view.word, ContainersWord::Pending | ContainersWord::ContainerCreating);
        self.sandboxed = self.sandboxed.or(now_if(!waits));
        self.ended = self.ended.or(now_if(pod.status.phase.is_terminal()));
        let are_ready = unready(pod, template).is_empty() && !pod.status.phase.is_terminal();
        if self.containers_ready.is_none_or(|(were, _)| were != are_ready) {
            self.containers_ready = Some((are_ready, now));
        }
        self.disrupted = self.disrupted.or(now_if(pod.disruption_target.is_some()));
        if pod.scheduled {
            self.nominated = None;
        }
        self.version = version;
    }

    /// The scheduler found no node.
    pub(super) fn refused(&mut self, now: SimTime, why: &str) {
        let since = self.unschedulable.as_ref().map_or(now, |(since, _)| *since);
        self.unschedulable = Some((since, why.to_owned()));
    }
}

/// Containers of a template with what is known of each; a kubelet that has just seen the pod knows that they wait.
fn with_details<'p>(
    pod: &'p Pod,
    template: &'p PodTemplate,
) -> impl Iterator<Item = (&'p crate::api::pod::Container, Option<&'p ContainerDetail>)> {
    let details = pod.status.containers.as_ref().map_or(&[][..], |details| details.as_slice());
    let containers = template.init_containers.iter().chain(&template.containers);
    containers.enumerate().map(|(at, container)| (container, details.get(at)))
}

/// Init containers that the pod still waits for; none once an app container has run.
fn incomplete<'p>(pod: &'p Pod, template: &'p PodTemplate) -> Vec<&'p str> {
    let inits = template.init_containers.len();
    let has_run = |detail: &ContainerDetail| !matches!(detail.now, ContainerNow::Waiting(_)) || detail.last.is_some();
    if with_details(pod, template).skip(inits).any(|(_, detail)| detail.is_some_and(has_run)) {
        return Vec::new();
    }
    let waits = |(container, detail): &(&crate::api::pod::Container, Option<&ContainerDetail>)| match detail {
        Some(ContainerDetail { now: ContainerNow::Running(_), .. }) => !container.sidecar,
        Some(ContainerDetail { now: ContainerNow::Terminated(end), .. }) => container.sidecar || end.code != 0,
        _ => true,
    };
    with_details(pod, template).take(inits).filter(waits).map(|(container, _)| &*container.name).collect()
}

/// Containers and sidecars that are not ready.
fn unready<'p>(pod: &'p Pod, template: &'p PodTemplate) -> Vec<&'p str> {
    let inits = template.init_containers.len();
    let counted = with_details(pod, template).enumerate();
    let unready = counted.filter(|(at, (container, detail))| {
        (*at >= inits || container.sidecar) && !detail.is_some_and(|detail| detail.ready)
    });
    unready.map(|(_, (container, _))| &*container.name).collect()
}

/// In the order in which they come to be.
pub(super) fn conditions(calendar: Calendar, pod: &Pod, times: &PodTimes, template: &PodTemplate) -> Vec<Value> {
    let condition = |kind: &str, status: bool, since: Option<SimTime>, reason: &str, message: &str| {
        let mut condition = json!({
            "type": kind, "status": if status { "True" } else { "False" }, "lastProbeTime": null,
            "lastTransitionTime": since.map_or(Value::Null, |since| calendar.seconds(since)), "observedGeneration": 1,
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
        conditions.push(condition("DisruptionTarget", true, Some(since), reason, disruption(reason)));
    }
    if !template.scheduling.gates.is_empty() && times.bound.is_none() {
        let message = "Scheduling is blocked due to non-empty scheduling gates";
        conditions.push(condition("PodScheduled", false, None, "SchedulingGated", message));
    } else if let (None, Some((since, why))) = (times.bound, &times.unschedulable) {
        conditions.push(condition("PodScheduled", false, Some(*since), "Unschedulable", why));
    }
    let Some(bound) = times.bound.filter(|_| pod.status.rejection().is_none()) else { return conditions };
    let sandbox = "PodReadyToStartContainers";
    conditions.push(match (times.sandboxed, times.ended) {
        (_, Some(ended)) => condition(sandbox, false, Some(ended), "PodSandboxNotReady", "pod sandbox is not ready"),
        (Some(since), None) => condition(sandbox, true, Some(since), "", ""),
        (None, None) => condition(sandbox, false, Some(bound), "PodSandboxNotReady", "no pod sandbox exists"),
    });
    conditions.push(match times.initialized {
        Some(since) => {
            let reason = if pod.status.phase == PodPhase::Succeeded { "PodCompleted" } else { "" };
            condition("Initialized", true, Some(since), reason, "")
        }
        None => {
            let message = format!("containers with incomplete status: [{}]", incomplete(pod, template).join(" "));
            condition("Initialized", false, Some(bound), "ContainersNotInitialized", &message)
        }
    });
    let waiting = unready(pod, template);
    let (reason, message) = match pod.status.phase {
        PodPhase::Succeeded => ("PodCompleted", String::new()),
        PodPhase::Failed => ("PodFailed", String::new()),
        _ if waiting.is_empty() => ("", String::new()),
        _ => ("ContainersNotReady", format!("containers with unready status: [{}]", waiting.join(" "))),
    };
    let (are_ready, since) = times.containers_ready.map_or((false, bound), |(are, since)| (are, since.max(bound)));
    let ready_since = pod.status.ready_since.instant().max(bound);
    conditions.push(condition("Ready", pod.status.ready, Some(ready_since), reason, &message));
    conditions.push(condition("ContainersReady", are_ready, Some(since), reason, &message));
    conditions.push(condition("PodScheduled", true, Some(bound), "", ""));
    conditions
}

/// What is said of a pod that has to go.
fn disruption(reason: &str) -> &'static str {
    match reason {
        "PreemptionByScheduler" => "default-scheduler: preempting to accommodate a higher priority pod",
        "EvictionByEvictionAPI" => "Eviction API: evicting",
        "DeletionByTaintManager" => "Taint manager: deleting due to NoExecute taint",
        "DeletionByPodGC" => "PodGC: node no longer exists",
        _ => "",
    }
}
