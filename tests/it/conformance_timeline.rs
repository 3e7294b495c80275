//! Attempts over time as the scheduler of Kubernetes 1.37.2 made them: its queue, back-off, wake-ups and preemption.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jobsim::api::meta::PodId;
use jobsim::scenario::node_of;
use jobsim::scheduler::{Outcome, Termination};
use jobsim::{SimDuration, SimTime};
use serde_json::{Value, json};

use crate::manifests::{Manifests, documents, full_name};
use crate::recorded::{self, Tally, names};

/// What happens around the scheduler.
struct Timeline {
    all: Manifests,
    now: SimTime,
    cycle: SimDuration,
    /// The cycle at hand: its begin, its end, and the nodes that are as good as any.
    in_flight: Option<(SimTime, SimTime, BTreeSet<String>)>,
    /// A pod that went away before it could be bound.
    unbound: Option<PodId>,
    /// When pods that were preempted vanish.
    vanishing: BTreeSet<(SimTime, PodId)>,
    grace: BTreeMap<PodId, u64>,
    pending: BTreeSet<PodId>,
    attempts: Vec<Value>,
    bindings: BTreeMap<String, Value>,
    preempted: Vec<Value>,
}

impl Timeline {
    fn new(cycle_millis: u64) -> Timeline {
        Timeline {
            all: Manifests::new(),
            now: SimTime::ZERO,
            cycle: SimDuration::from_millis(cycle_millis),
            in_flight: None,
            unbound: None,
            vanishing: BTreeSet::new(),
            grace: BTreeMap::new(),
            pending: BTreeSet::new(),
            attempts: Vec::new(),
            bindings: BTreeMap::new(),
            preempted: Vec::new(),
        }
    }

    /// Lets everything happen that is due up to this time.
    fn advance(&mut self, until: SimTime) {
        loop {
            self.rest();
            let end = self.in_flight.as_ref().map(|(_, end, _)| *end);
            let alarm = self.all.scheduler.next_alarm();
            let vanish = self.vanishing.first().map(|(at, _)| *at);
            let Some(next) = [end, alarm, vanish].into_iter().flatten().min().filter(|next| *next <= until) else {
                self.now = until;
                return;
            };
            self.now = next;
            if alarm == Some(next) {
                self.all.scheduler.on_alarm(next);
            } else if vanish == Some(next) {
                let (_, pod) = self.vanishing.pop_first().expect("a pod");
                self.all.scheduler.pod_gone(pod, next);
            } else {
                self.finish();
            }
        }
    }

    /// Lets the scheduler work until it has nothing to do at this instant.
    fn rest(&mut self) {
        while self.in_flight.is_none() {
            let next = self.all.scheduler.begin(self.now);
            if let Some(gone) = self.unbound.take() {
                self.all.scheduler.binding_failed(gone, self.now);
                if next.is_none() {
                    continue;
                }
            }
            let Some(pod) = next else { break };
            let best = self.all.scheduler.examine(pod).expect("a known pod").best;
            let best = best.iter().map(|node| self.all.node_name(*node).to_owned()).collect();
            self.in_flight = Some((self.now, self.now + self.cycle, best));
            if self.cycle == SimDuration::ZERO {
                self.finish();
            }
        }
    }

    fn finish(&mut self) {
        let (begin, end, best) = self.in_flight.take().expect("a cycle");
        let decision = self.all.scheduler.finish(self.now);
        let pod = self.all.pod_name(decision.pod).to_owned();
        let mut attempt = json!({"t": millis(begin), "pod": pod});
        if self.cycle != SimDuration::ZERO {
            attempt["end"] = millis(end).into();
        }
        match decision.outcome {
            Outcome::Bind(node) => {
                let name = self.all.node_name(node).to_owned();
                let nodes: Vec<String> = if best.contains(&name) { best.into_iter().collect() } else { vec![name] };
                attempt["outcome"] = "assigned".into();
                attempt["nodes"] = nodes.clone().into();
                if decision.gone {
                    self.unbound = Some(decision.pod);
                } else {
                    self.bindings.insert(pod, json!({"t": millis(self.now), "nodes": nodes}));
                    self.pending.remove(&decision.pod);
                    self.all.scheduler.pod_bound(decision.pod, node, self.now);
                }
            }
            Outcome::Unschedulable { message, victims, .. } => {
                attempt["outcome"] = "unschedulable".into();
                attempt["message"] = (*message).into();
                self.preempt(decision.pod, &victims);
            }
        }
        self.attempts.push(attempt);
    }

    fn preempt(&mut self, pod: PodId, victims: &[PodId]) {
        for (i, victim) in victims.iter().enumerate() {
            if i + 1 == victims.len() {
                self.all.scheduler.preemption_done(pod);
            }
            self.preempted.push(json!({"t": millis(self.now), "pod": self.all.pod_name(*victim)}));
            self.all.scheduler.pod_terminating(*victim, Termination::Preempted);
            let grace = self.grace.get(victim).copied().unwrap_or(30);
            self.vanishing.insert((self.now + SimDuration::from_secs(grace), *victim));
        }
    }

    fn step(&mut self, object: &Value, op: &str) {
        match (object["kind"].as_str(), op) {
            (Some("Pod"), "create") => {
                let id = self.all.create(object, self.now).expect("a pod");
                if let Some(grace) = object["spec"]["terminationGracePeriodSeconds"].as_u64() {
                    self.grace.insert(id, grace);
                }
                if object["spec"]["nodeName"].is_null() {
                    self.pending.insert(id);
                }
            }
            (Some("Pod"), _) => {
                let id = self.all.pod_id(&full_name(object)).expect("a known pod");
                if op == "delete" {
                    self.all.scheduler.pod_gone(id, self.now);
                    self.pending.remove(&id);
                } else {
                    let shape = self.all.shape(object);
                    self.all.scheduler.pod_changed(id, shape, self.now);
                }
            }
            (Some("Node"), "create") => _ = self.all.create(object, self.now),
            (Some("Node"), _) => {
                let id = self.all.node_id(object["metadata"]["name"].as_str().expect("a name"));
                match op {
                    "delete" => self.all.scheduler.node_removed(id, self.now),
                    _ => self.all.scheduler.node_updated(id, &node_of(object), self.now),
                }
            }
            _ => {
                self.all.create(object, self.now);
                self.all.settle();
            }
        }
    }
}

fn millis(time: SimTime) -> u64 {
    time.0 / 1_000_000
}

fn play(objects: &[Value], wanted: &Value) -> Value {
    let mut timeline = Timeline::new(wanted["cycleMs"].as_u64().expect("cycleMs"));
    for object in objects {
        let annotation = |name: &str| object["metadata"]["annotations"][name].as_str().expect("an annotation");
        let at: u64 = annotation("timeline/at-ms").parse().expect("milliseconds");
        timeline.advance(SimTime(at * 1_000_000));
        timeline.step(object, annotation("timeline/op"));
        timeline.rest();
    }
    let horizon = wanted["horizonMs"].as_u64().expect("horizonMs");
    timeline.advance(SimTime(horizon * 1_000_000));
    let mut pending: Vec<&str> = timeline.pending.iter().map(|id| timeline.all.pod_name(*id)).collect();
    pending.sort_unstable();
    let mut got = json!({"attempts": timeline.attempts, "bindings": timeline.bindings});
    if !pending.is_empty() {
        got["pending"] = pending.into();
    }
    if !timeline.preempted.is_empty() {
        got["preempted"] = sorted(&timeline.preempted.into());
    }
    got
}

fn sorted(list: &Value) -> Value {
    let mut list = list.as_array().cloned().unwrap_or_default();
    list.sort_by_key(|one| (one["t"].as_u64(), one["pod"].as_str().map(str::to_owned)));
    list.into()
}

fn difference(wanted: &Value, got: &Value) -> Option<String> {
    let none = Vec::new();
    let attempts = |of: &Value| of["attempts"].as_array().unwrap_or(&none).clone();
    let (theirs, ours) = (attempts(wanted), attempts(got));
    let differing = theirs.iter().zip(&ours).position(|(wanted, got)| wanted != got);
    if let Some(i) = differing.or_else(|| (theirs.len() != ours.len()).then_some(theirs.len().min(ours.len()))) {
        return Some(format!("attempt {i}: recorded {:?}, got {:?}", theirs.get(i), ours.get(i)));
    }
    let part = |key: &str| {
        let of = |case: &Value| if key == "preempted" { sorted(&case[key]) } else { case[key].clone() };
        (of(wanted) != of(got)).then(|| format!("{key}: recorded {}, got {}", of(wanted), of(got)))
    };
    ["bindings", "preempted", "pending"].into_iter().find_map(part)
}

fn check(folder: &Path, name: &str) -> Option<String> {
    let text = |ending: &str| std::fs::read_to_string(folder.join(format!("{name}.{ending}"))).expect("a case");
    let wanted: Value = serde_json::from_str(&text("json")).expect("JSON");
    difference(&wanted, &play(&documents(&text("yaml")), &wanted))
}

#[test]
fn conformance_scheduler_timeline() {
    if let Some(folder) = recorded::folder("scheduler") {
        check_all(&folder.join("timeline"), "scheduler/timeline");
    }
}

/// Recorded by us: see tests/recordings/README.md.
#[test]
fn timelines_of_our_own() {
    check_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/timeline"), "timelines of our own");
}

fn check_all(folder: &Path, set: &str) {
    let mut tally = Tally::default();
    for name in names(folder, ".json") {
        tally.count(&name, check(folder, &name));
    }
    tally.finish(set);
}
