//! Placements, preemptions and attempts as the scheduler of Kubernetes 1.37.2 decided on them.

use std::collections::BTreeSet;
use std::path::Path;

use jobsim::SimTime;
use jobsim::api::meta::NodeId;
use jobsim::scheduler::examine::Examination;
use serde_json::{Map, Value, json};

use crate::manifests::{Manifests, documents};
use crate::recorded::{self, Tally, names};

fn read(folder: &Path, name: &str) -> (Value, Vec<Value>) {
    let text = |ending: &str| std::fs::read_to_string(folder.join(format!("{name}.{ending}"))).expect("a case");
    (serde_json::from_str(&text("json")).expect("JSON"), documents(&text("yaml")))
}

fn check(part: &str) {
    let Some(folder) = recorded::folder("scheduler").map(|folder| folder.join(part)) else { return };
    let mut tally = Tally::default();
    for name in names(&folder, ".json") {
        let (wanted, objects) = read(&folder, &name);
        let got = examined(&objects, &wanted);
        tally.count(&name, difference("", &wanted, &got));
    }
    tally.finish(&format!("scheduler/{part}"));
}

/// The recorded fields as the scheduler here has them.
fn examined(objects: &[Value], wanted: &Value) -> Value {
    let mut all = Manifests::new();
    let pods = objects.iter().filter_map(|object| all.create(object, SimTime::ZERO));
    let pending = pods.last().expect("a pod");
    all.settle();
    let examination = all.scheduler.examine(pending).expect("a known pod");
    let name = |id: &NodeId| all.node_name(*id).to_owned();
    let mut case = Map::new();
    for key in ["case", "family"] {
        case.insert(key.into(), wanted[key].clone());
    }
    case.insert("pod".into(), all.pod_name(pending).into());
    let is_scheduled = !examination.feasible.is_empty();
    case.insert("outcome".into(), if is_scheduled { "scheduled" } else { "unschedulable" }.into());
    case.insert("nodes".into(), nodes(&examination, &name));
    if examination.conflict {
        let text = ["pod affinity terms conflict"];
        case.insert("preFilter".into(), rejection(Some("NodeAffinity"), true, &text));
    }
    if !examination.excluded.is_empty() {
        let found = examination.feasible.iter().chain(examination.rejected.iter().map(|rejected| &rejected.node));
        let mut named: Vec<String> = found.map(name).collect();
        named.sort();
        case.insert("preFilterNodes".into(), named.into());
    }
    if is_scheduled {
        let mut best: Vec<String> = examination.best.iter().map(name).collect();
        best.sort();
        case.insert("best".into(), best.into());
        if examination.feasible.len() == 1 {
            case.insert("scoringSkipped".into(), true.into());
        }
    }
    if let Some(message) = &examination.message {
        failure(&mut case, message, &examination, &all);
    }
    case.into()
}

fn nodes(examination: &Examination, name: &impl Fn(&NodeId) -> String) -> Value {
    let mut nodes = Map::new();
    for (i, id) in examination.feasible.iter().enumerate() {
        let column = |pick: &dyn Fn(usize) -> i64| {
            let mut all = Map::new();
            for (number, column) in examination.columns.iter().enumerate() {
                all.insert(column.plugin.name().into(), pick(number).into());
            }
            // No pod has volumes or claims here.
            all.insert("VolumeBinding".into(), 0.into());
            all.insert("DynamicResources".into(), 0.into());
            Value::from(all)
        };
        let raw = column(&|number| examination.columns[number].raw[i]);
        let scores = column(&|number| examination.columns[number].scores[i]);
        let node = json!({"feasible": true, "raw": raw, "scores": scores, "total": examination.totals[i]});
        nodes.insert(name(id), node);
    }
    for rejected in &examination.rejected {
        let reasons: Vec<&str> = rejected.reasons.iter().map(String::as_str).collect();
        nodes.insert(name(&rejected.node), rejection(Some(rejected.plugin.name()), rejected.unresolvable, &reasons));
    }
    for id in &examination.excluded {
        nodes.insert(name(id), json!({"feasible": false, "code": "PreFilterExcluded"}));
    }
    nodes.into()
}

fn rejection(plugin: Option<&str>, unresolvable: bool, reasons: &[&str]) -> Value {
    let code = if unresolvable { "UnschedulableAndUnresolvable" } else { "Unschedulable" };
    let mut rejection = json!({"feasible": false, "code": code, "reasons": reasons});
    if let Some(plugin) = plugin {
        rejection["plugin"] = plugin.into();
    }
    rejection
}

fn failure(case: &mut Map<String, Value>, message: &str, examination: &Examination, all: &Manifests) {
    use jobsim::scheduler::plugins::Plugin;
    let mut message = message.to_owned();
    let empty = jobsim::scheduler::examine::Preemption::default();
    let preemption = examination.preemption.as_ref().unwrap_or(&empty);
    if preemption.best.len() > 1 {
        let first = all.node_name(preemption.best[0]);
        message = message.replace(&format!("on node {first},"), "on node {node},");
    }
    if let Some((_, text)) = message.split_once(" preemption: ") {
        case.insert("postFilterMessage".into(), format!("preemption: {text}").into());
    }
    case.insert("message".into(), message.into());
    let every = [
        Plugin::InterPodAffinity,
        Plugin::NodeAffinity,
        Plugin::NodePorts,
        Plugin::NodeResourcesFit,
        Plugin::NodeUnschedulable,
        Plugin::PodTopologySpread,
        Plugin::TaintToleration,
    ];
    let by: Vec<&str> = every.iter().filter(|p| examination.rejected_by.has(**p)).map(|p| p.name()).collect();
    if by.is_empty() {
        return;
    }
    case.insert("unschedulablePlugins".into(), by.into());
    case.insert("preemption".into(), preempted(preemption, all));
}

fn preempted(preemption: &jobsim::scheduler::examine::Preemption, all: &Manifests) -> Value {
    let pods = |ids: &[_]| ids.iter().map(|id| all.pod_name(*id).to_owned()).collect::<Vec<String>>();
    let mut found = Map::new();
    let mut candidates: Vec<Value> = preemption
        .candidates
        .iter()
        .map(|one| {
            let node = all.node_name(one.node);
            json!({"node": node, "victims": pods(&one.victims), "pdbViolations": one.violations})
        })
        .collect();
    candidates.sort_by_key(|candidate| candidate["node"].as_str().map(str::to_owned));
    if !candidates.is_empty() {
        found.insert("candidates".into(), candidates.into());
    }
    let mut rejected = Map::new();
    for (node, reasons) in &preemption.rejected {
        let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
        rejected.insert(all.node_name(*node).into(), json!({ "reasons": reasons }));
    }
    if !rejected.is_empty() {
        found.insert("rejectedNodes".into(), rejected.into());
    }
    let mut best: Vec<&str> = preemption.best.iter().map(|node| all.node_name(*node)).collect();
    best.sort_unstable();
    if let [_] = best[..] {
        let chosen = preemption.candidates.iter().find(|candidate| candidate.node == preemption.best[0]);
        found.insert("victims".into(), pods(&chosen.expect("a candidate").victims).into());
    }
    if !best.is_empty() {
        found.insert("nominatedNodes".into(), best.into());
    }
    found.into()
}

/// The first place where two values differ. Codes of nodes that preemption rejected are not told of here.
fn difference(path: &str, wanted: &Value, got: &Value) -> Option<String> {
    if let (Value::Object(wanted), Value::Object(got)) = (wanted, got) {
        let mut keys: BTreeSet<&String> = wanted.keys().chain(got.keys()).collect();
        if path.contains("rejectedNodes.") {
            keys.retain(|key| *key == "reasons");
        }
        return keys.into_iter().find_map(|key| {
            let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
            difference(&format!("{path}.{key}"), &of(wanted), &of(got))
        });
    }
    (wanted != got).then(|| format!("{path}: recorded {wanted}, got {got}"))
}

#[test]
fn conformance_scheduler_placement() {
    check("placement");
}

#[test]
fn conformance_scheduler_preemption() {
    check("preemption");
}
