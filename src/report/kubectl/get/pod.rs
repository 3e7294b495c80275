//! `printPod`.

use jiff::Timestamp;
use serde_json::Value;

use super::super::duration::human;
use super::super::fields::{age, int, is_true, items, nanos_between, or_none, text, time};
use super::Column;

pub(super) const COLUMNS: &[Column] = &[
    ("NAME", false),
    ("READY", false),
    ("STATUS", false),
    ("RESTARTS", false),
    ("AGE", false),
    ("IP", true),
    ("NODE", true),
    ("NOMINATED NODE", true),
    ("READINESS GATES", true),
];

pub(super) fn cells(pod: &Value, now: Timestamp) -> Vec<String> {
    let (metadata, spec, status) = (&pod["metadata"], &pod["spec"], &pod["status"]);
    let summary = Summary::of(pod);
    let restarts = match summary.restarts.last {
        Some(last) if summary.restarts.count != 0 => {
            format!("{} ({} ago)", summary.restarts.count, human(nanos_between(last, now)))
        }
        _ => summary.restarts.count.to_string(),
    };
    vec![
        text(&metadata["name"]).to_owned(),
        format!("{}/{}", summary.ready, summary.containers),
        summary.reason,
        restarts,
        age(&metadata["creationTimestamp"], now),
        or_none(text(&status["podIPs"][0]["ip"])).to_owned(),
        or_none(text(&spec["nodeName"])).to_owned(),
        or_none(text(&status["nominatedNodeName"])).to_owned(),
        readiness_gates(pod),
    ]
}

fn readiness_gates(pod: &Value) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let is_on = |gate: &&Value| {
        let condition = conditions(pod).iter().find(|condition| condition["type"] == gate["conditionType"]);
        condition.is_some_and(|condition| condition["status"] == "True")
    };
    format!("{}/{}", gates.iter().filter(is_on).count(), gates.len())
}

fn conditions(pod: &Value) -> &[Value] {
    items(&pod["status"]["conditions"])
}

fn is_on(pod: &Value, kind: &str) -> bool {
    conditions(pod).iter().any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// Restarts, and when the last one was.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += int(&container["restartCount"]);
        self.last = self.last.max(time(&container["lastState"]["terminated"]["finishedAt"]));
    }
}

/// What READY, STATUS and RESTARTS show.
struct Summary {
    ready: usize,
    containers: usize,
    reason: String,
    restarts: Restarts,
}

impl Summary {
    fn of(pod: &Value) -> Summary {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let sidecars = items(&spec["initContainers"]).iter().filter(|container| is_sidecar(container)).count();
        let gated = |condition: &Value| condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated";
        let phase = if text(&status["reason"]).is_empty() { &status["phase"] } else { &status["reason"] };
        let reason = if conditions(pod).iter().any(gated) { "SchedulingGated" } else { text(phase) };
        let mut summary = Summary {
            ready: 0,
            containers: items(&spec["containers"]).len() + sidecars,
            reason: reason.to_owned(),
            restarts: Restarts::default(),
        };
        let (initializing, of_sidecars) = summary.init_containers(pod);
        if !initializing || is_on(pod, "Initialized") {
            summary.restarts = of_sidecars;
            summary.app_containers(pod);
        }
        let is_deleted = !pod["metadata"]["deletionTimestamp"].is_null();
        let has_ended = matches!(text(&status["phase"]), "Succeeded" | "Failed");
        if is_deleted && status["reason"] == "NodeLost" {
            summary.reason = "Unknown".to_owned();
        } else if is_deleted && !has_ended {
            summary.reason = "Terminating".to_owned();
        }
        summary
    }

    /// Looks at init containers up to the first that is not done. Is the pod at it still? And the restarts of sidecars.
    fn init_containers(&mut self, pod: &Value) -> (bool, Restarts) {
        let specs = items(&pod["spec"]["initContainers"]);
        let mut of_sidecars = Restarts::default();
        for (i, container) in items(&pod["status"]["initContainerStatuses"]).iter().enumerate() {
            self.restarts.add(container);
            let sidecar = specs.iter().any(|spec| spec["name"] == container["name"] && is_sidecar(spec));
            if sidecar {
                of_sidecars.add(container);
            }
            let (terminated, waiting) = (&container["state"]["terminated"], &container["state"]["waiting"]);
            if !terminated.is_null() && int(&terminated["exitCode"]) == 0 {
                continue;
            }
            if sidecar && is_true(&container["started"]) {
                self.ready += usize::from(is_true(&container["ready"]));
                continue;
            }
            let waits_for = text(&waiting["reason"]);
            self.reason = if !terminated.is_null() {
                format!("Init:{}", end_of(terminated))
            } else if !waits_for.is_empty() && waits_for != "PodInitializing" {
                format!("Init:{waits_for}")
            } else {
                format!("Init:{i}/{}", specs.len())
            };
            return (true, of_sidecars);
        }
        (false, of_sidecars)
    }

    /// The first container with something to say has the last word; that all is well it cannot say for others.
    fn app_containers(&mut self, pod: &Value) {
        let (mut has_running, mut failure) = (false, None);
        for container in items(&pod["status"]["containerStatuses"]).iter().rev() {
            self.restarts.add(container);
            let state = &container["state"];
            let waits_for = text(&state["waiting"]["reason"]);
            if !waits_for.is_empty() {
                self.reason = waits_for.to_owned();
            } else if !state["terminated"].is_null() {
                self.reason = end_of(&state["terminated"]);
                if int(&state["terminated"]["exitCode"]) != 0 {
                    failure = Some(self.reason.clone());
                }
            } else if is_true(&container["ready"]) && !state["running"].is_null() {
                has_running = true;
                self.ready += 1;
            }
        }
        if self.reason != "Completed" {
        } else if has_running && is_on(pod, "Ready") {
            self.reason = "Running".to_owned();
        } else if let Some(failure) = failure {
            self.reason = failure;
        } else if has_running {
            self.reason = "NotReady".to_owned();
        }
    }
}

/// Does an init container stay beside the others?
fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

/// How a container ended: the reason, else the signal, else the code.
fn end_of(terminated: &Value) -> String {
    match (text(&terminated["reason"]), int(&terminated["signal"])) {
        ("", 0) => format!("ExitCode:{}", int(&terminated["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
