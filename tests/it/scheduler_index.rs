//! The scheduler chooses what a search over all nodes would choose, and says what it would say: over random clusters
//! and pods with every feature, as they come, change and go.

use jobsim::SimTime;
use jobsim::api::meta::PodId;
use jobsim::kernel::rng::{Streams, mix};
use jobsim::scenario::node_of;
use jobsim::scheduler::{Decision, Outcome, Scheduler, Termination, TieBreak};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::manifests::Manifests;

/// Numbers for one object, made of one.
struct Dice(u64);

impl Dice {
    fn below(&mut self, of: u64) -> u64 {
        self.0 = mix(self.0, 1);
        self.0 % of
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

const APPS: [&str; 3] = ["web", "db", "job"];
const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

fn node(number: u64, dice: &mut Dice) -> Value {
    let name = format!("n{number}");
    let mut labels = json!({HOST: name, "disk": dice.one_of(&["ssd", "hdd"])});
    if !dice.one_in(5) {
        labels[ZONE] = dice.one_of(&["a", "b", "c"]).into();
    }
    let mut taints = Vec::new();
    if dice.one_in(4) {
        let effect = dice.one_of(&["NoSchedule", "PreferNoSchedule", "PreferNoSchedule"]);
        taints.push(json!({"key": dice.one_of(&["gpu", "spot"]), "value": "yes", "effect": effect}));
    }
    let mut allocatable = json!({
        "cpu": dice.one_of(&["2", "4", "3500m"]), "memory": dice.one_of(&["4Gi", "8Gi"]), "pods": "6",
    });
    if dice.one_in(3) {
        allocatable["nvidia.com/gpu"] = dice.one_of(&["1", "4"]).into();
    }
    let images = if dice.one_in(3) { json!([{"names": ["big:1"], "sizeBytes": 800_000_000}]) } else { json!([]) };
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints, "unschedulable": dice.one_in(8)},
        "status": {"allocatable": allocatable, "images": images},
    })
}

fn term(dice: &mut Dice) -> Value {
    json!({"labelSelector": {"matchLabels": {"app": dice.one_of(&APPS)}}, "topologyKey": dice.one_of(&[ZONE, HOST])})
}

/// A pod; `plain` ones ask for nothing that other pods bear on.
fn pod(number: u64, dice: &mut Dice, plain: bool) -> Value {
    let mut requests = json!({});
    if !dice.one_in(6) {
        requests = json!({"cpu": dice.one_of(&["500m", "1", "2500m"]), "memory": dice.one_of(&["64Mi", "1Gi"])});
    }
    if dice.one_in(5) {
        requests["nvidia.com/gpu"] = "1".into();
    }
    let mut container = json!({"name": "main", "image": dice.one_of(&["big:1", "small"]), "resources": {
        "requests": requests, "limits": {}}});
    if !requests["nvidia.com/gpu"].is_null() {
        container["resources"]["limits"] = json!({"nvidia.com/gpu": "1"});
    }
    if dice.one_in(6) {
        container["ports"] = json!([{"containerPort": 80, "hostPort": 8080}]);
    }
    let mut spec = json!({"containers": [container], "priority": dice.below(3)});
    if dice.one_in(4) {
        spec["nodeSelector"] = json!({"disk": dice.one_of(&["ssd", "hdd"])});
    }
    if dice.one_in(3) {
        spec["tolerations"] = json!([{"key": dice.one_of(&["gpu", "spot"]), "operator": "Exists"}]);
    }
    if dice.one_in(3) {
        spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] = json!([{
            "weight": 1 + dice.below(9),
            "preference": {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a"]}]}}]);
    }
    if !plain {
        other_pods(&mut spec, dice);
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("p{number}"), "labels": {"app": dice.one_of(&APPS)}}, "spec": spec,
    })
}

fn other_pods(spec: &mut Value, dice: &mut Dice) {
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    match dice.below(6) {
        0 => spec["affinity"]["podAffinity"][required] = json!([term(dice)]),
        1 => spec["affinity"]["podAntiAffinity"][required] = json!([term(dice)]),
        2 => spec["affinity"]["podAffinity"][preferred] = json!([{"weight": 10, "podAffinityTerm": term(dice)}]),
        3 => {
            let when = dice.one_of(&["DoNotSchedule", "ScheduleAnyway"]);
            spec["topologySpreadConstraints"] = json!([{
                "maxSkew": 1, "topologyKey": dice.one_of(&[ZONE, HOST]), "whenUnsatisfiable": when,
                "labelSelector": {"matchLabels": {"app": dice.one_of(&APPS)}}}]);
        }
        4 => {
            spec["affinity"]["nodeAffinity"][required] = json!({"nodeSelectorTerms": [{"matchFields": [
                {"key": "metadata.name", "operator": "In", "values": [format!("n{}", dice.below(4))]}]}]});
        }
        _ => {}
    }
}

/// One of the two schedulers, and what happens to it.
struct Side {
    all: Manifests,
    bound: Vec<PodId>,
}

impl Side {
    fn new(scheduler: Scheduler) -> Side {
        Side { all: Manifests::told_to(scheduler), bound: Vec::new() }
    }

    /// Tries pods until none is left to be tried, at most so many.
    fn work(&mut self, now: SimTime) -> Vec<Decision> {
        let mut decisions = Vec::new();
        while decisions.len() < 20
            && let Some(id) = self.all.scheduler.begin(now)
        {
            let decision = self.all.scheduler.finish(now);
            match &decision.outcome {
                Outcome::Bind(node) => {
                    self.all.scheduler.pod_bound(id, *node, now);
                    self.bound.push(id);
                }
                Outcome::Unschedulable { victims, .. } => {
                    self.all.scheduler.preemption_done(id);
                    for victim in victims {
                        self.all.scheduler.pod_terminating(*victim, Termination::Preempted);
                    }
                }
            }
            decisions.push(decision);
        }
        decisions
    }

    fn apply(&mut self, step: usize, op: u8, number: u64, plain: bool, now: SimTime) {
        let dice = &mut Dice(number);
        match op % 8 {
            // Several of one kind: what the index is for.
            0..=4 => {
                let dice = &mut Dice(number % 5);
                let pod = pod(step as u64, dice, plain);
                self.all.create(&pod, now);
            }
            5 if !self.bound.is_empty() => {
                let place = (number % self.bound.len() as u64) as usize;
                let pod = self.bound.swap_remove(place);
                self.all.scheduler.pod_gone(pod, now);
            }
            6 => {
                let node = node(number % 12, dice);
                let id = self.all.node_id(node["metadata"]["name"].as_str().expect("a name"));
                if dice.one_in(3) {
                    self.all.scheduler.node_removed(id, now);
                } else {
                    self.all.scheduler.node_updated(id, &node_of(&node), now);
                }
            }
            _ => self.all.scheduler.on_alarm(now),
        }
    }
}

fn tie_break(seed: Option<u64>) -> TieBreak {
    seed.map_or(TieBreak::First, |seed| TieBreak::Drawn(Box::new(Streams::new(seed, 0))))
}

fn check(seed: Option<u64>, nodes: u64, plain: bool, steps: &[(u8, u64)]) -> Result<(), TestCaseError> {
    let mut sides = [Side::new(Scheduler::new(tie_break(seed))), Side::new(Scheduler::without_index(tie_break(seed)))];
    for side in &mut sides {
        for number in 0..nodes {
            side.all.create(&node(number, &mut Dice(mix(number, nodes))), SimTime::ZERO);
        }
    }
    for (step, (op, number)) in steps.iter().enumerate() {
        let now = SimTime::from_secs(step as u64);
        let [indexed, full] = sides.each_mut().map(|side| {
            side.apply(step, *op, *number, plain, now);
            side.work(now)
        });
        prop_assert_eq!(indexed, full, "step {}: {} {}", step, op, number);
    }
    Ok(())
}

/// Tries pods until none is left to be tried; those that are refused together, together if that is wanted. Returns who
/// was bound where, and how often several were refused as one.
fn work_off(side: &mut Side, together: bool, now: SimTime) -> (Vec<Decision>, u32) {
    let (mut bound, mut at_once) = (Vec::new(), 0);
    side.all.scheduler.on_alarm(now);
    while let Some(id) = side.all.scheduler.begin(now) {
        let decision = side.all.scheduler.finish(now);
        if let Outcome::Bind(node) = decision.outcome {
            side.all.scheduler.pod_bound(id, node, now);
            side.bound.push(id);
            bound.push(decision);
        } else if together {
            while side.all.scheduler.refuse_alike(now).is_some() {
                at_once += 1;
            }
        }
    }
    (bound, at_once)
}

/// A pod of one of three kinds.
fn asking(name: &str, kind: u64) -> Value {
    let cpu = ["500m", "1", "2500m"][(kind % 3) as usize];
    let container = json!({"name": "m", "image": "i", "resources": {"requests": {"cpu": cpu}, "limits": {}}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}})
}

/// Pods of three kinds that are many more than there is room for, and one event after the other. Returns how often
/// several were refused as one.
fn crowd(seed: Option<u64>, steps: &[(u8, u64)]) -> Result<u32, TestCaseError> {
    let mut sides = [(); 2].map(|()| Side::new(Scheduler::new(tie_break(seed))));
    let (mut now, mut at_once) = (SimTime::ZERO, 0);
    for side in &mut sides {
        for number in 0..3 {
            let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{number}"), "labels": {}},
                "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}}});
            side.all.create(&node, SimTime::ZERO);
        }
    }
    for (step, (op, number)) in steps.iter().enumerate() {
        now += jobsim::kernel::time::SimDuration::from_millis(number % 3_000);
        let mut of = Vec::new();
        for (place, side) in sides.iter_mut().enumerate() {
            match op % 4 {
                0 => {
                    for pod in 0..number % 8 {
                        side.all.create(&asking(&format!("p{step}-{pod}"), number >> 8), now);
                    }
                }
                1 if number % 7 < 2 && step > 0 => {
                    let place = (number % step as u64) as u32;
                    let id = PodId { slot: place, uid: place };
                    if number % 7 == 0 {
                        side.all.scheduler.pod_terminating(id, Termination::Deleted);
                    } else {
                        let shape = side.all.shape(&asking("changed", number >> 8));
                        side.all.scheduler.pod_changed(id, shape, now);
                    }
                }
                _ if !side.bound.is_empty() => {
                    let at = (number % side.bound.len() as u64) as usize;
                    let pod = side.bound.swap_remove(at);
                    side.all.scheduler.pod_gone(pod, now);
                }
                _ => {}
            }
            let (bound, together) = work_off(side, place == 0, now);
            at_once += together;
            of.push(bound);
        }
        prop_assert_eq!(&of[0], &of[1], "step {}", step);
    }
    Ok(at_once)
}

#[test]
fn a_crowd_is_refused_as_one() {
    let mut dice = Dice(7);
    let steps: Vec<(u8, u64)> = (0..400).map(|step| (if step < 40 { 0 } else { 2 }, dice.below(1 << 40))).collect();
    assert!(crowd(Some(1), &steps).expect("the same") > 100);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_chooses_what_a_full_search_chooses(
        seed in prop::option::of(0u64..1000),
        nodes in prop_oneof![1u64..12, 90u64..260],
        steps in prop::collection::vec((any::<u8>(), any::<u64>()), 1..60),
    ) {
        check(seed, nodes, true, &steps)?;
    }

    #[test]
    fn pods_that_bear_on_each_other_are_no_exception(
        seed in prop::option::of(0u64..1000),
        nodes in 1u64..20,
        steps in prop::collection::vec((any::<u8>(), any::<u64>()), 1..50),
    ) {
        check(seed, nodes, false, &steps)?;
    }

    #[test]
    fn pods_that_are_refused_together_are_refused_as_one_by_one(
        seed in prop::option::of(0u64..1000),
        steps in prop::collection::vec((any::<u8>(), any::<u64>()), 1..250),
    ) {
        crowd(seed, &steps)?;
    }
}
