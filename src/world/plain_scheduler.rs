//! stand-in
use crate::api::meta::{ApiTime, NodeId, PodId};
use crate::api::node::{Node, TaintEffect};
use crate::api::pod::PodTemplate;
use crate::kernel::rng::Streams;
use crate::kernel::time::{SimDuration, SimTime};
use std::collections::BTreeMap;
use std::sync::Arc;

pub type Shape = Arc<PodTemplate>;
#[derive(Debug)]
pub enum TieBreak {
    First,
    Drawn(Box<Streams>),
}
pub struct NewPod {
    pub id: PodId,
    pub shape: Shape,
    pub identity: u64,
    pub node: Option<NodeId>,
    pub nominated: Option<NodeId>,
    pub started: Option<ApiTime>,
    pub terminating: Termination,
}
pub enum Termination {
    No,
    Deleted,
    Preempted,
}
pub struct Decision {
    pub pod: PodId,
    pub outcome: Outcome,
}
pub enum Outcome {
    Bind(NodeId),
    Gone,
    Unschedulable { message: String, nomination: Option<Option<NodeId>>, displaced: Vec<PodId>, victims: Vec<PodId> },
}
#[derive(Debug)]
pub struct Scheduler {
    nodes: BTreeMap<NodeId, (Node, Vec<PodId>)>,
    pods: BTreeMap<PodId, (Shape, Option<NodeId>, bool)>,
    active: Vec<PodId>,
    waiting: Vec<(PodId, u32, SimTime)>,
    current: Option<PodId>,
    woken: bool,
}
impl Scheduler {
    pub fn new(_: TieBreak) -> Self {
        Scheduler {
            nodes: BTreeMap::new(),
            pods: BTreeMap::new(),
            active: vec![],
            waiting: vec![],
            current: None,
            woken: false,
        }
    }
    pub fn shape(&mut self, _: &Arc<str>, _: &[(Arc<str>, Arc<str>)], t: &Arc<PodTemplate>) -> Shape {
        t.clone()
    }
    pub fn node_added(&mut self, id: NodeId, n: &Node, _: SimTime) {
        self.nodes.insert(id, (n.clone(), vec![]));
        self.woken = true;
    }
    pub fn node_updated(&mut self, id: NodeId, n: &Node, _: SimTime) {
        if let Some(e) = self.nodes.get_mut(&id) {
            e.0 = n.clone();
        }
        self.woken = true;
    }
    pub fn node_removed(&mut self, id: NodeId, _: SimTime) {
        self.nodes.remove(&id);
    }
    pub fn pod_added(&mut self, p: NewPod, _: SimTime) {
        self.pods.insert(p.id, (p.shape, p.node, false));
        if let Some(n) = p.node {
            if let Some(e) = self.nodes.get_mut(&n) {
                e.1.push(p.id);
            }
        } else {
            self.active.push(p.id);
        }
    }
    pub fn pod_bound(&mut self, p: PodId, n: NodeId, _: SimTime) {
        self.active.retain(|x| *x != p);
        if let Some(e) = self.pods.get_mut(&p) {
            if e.1.is_none() {
                e.1 = Some(n);
                if let Some(x) = self.nodes.get_mut(&n) {
                    x.1.push(p);
                }
            }
        }
    }
    pub fn pod_started(&mut self, _: PodId, _: ApiTime) {}
    pub fn pod_terminating(&mut self, p: PodId, _: Termination, _: SimTime) {
        if self.pods.get(&p).is_some_and(|e| e.1.is_none()) {
            self.active.retain(|x| *x != p);
            self.waiting.retain(|x| x.0 != p);
        }
    }
    pub fn pod_gone(&mut self, p: PodId, _: SimTime) {
        if let Some(e) = self.pods.remove(&p) {
            if let Some(n) = e.1.and_then(|n| self.nodes.get_mut(&n)) {
                n.1.retain(|x| *x != p);
                self.woken = true;
            }
        }
        self.active.retain(|x| *x != p);
        self.waiting.retain(|x| x.0 != p);
    }
    pub fn binding_failed(&mut self, _: PodId, _: SimTime) {}
    pub fn preemption_done(&mut self, _: PodId, _: SimTime) {}
    pub fn next_alarm(&self) -> Option<SimTime> {
        None
    }
    pub fn on_alarm(&mut self, _: SimTime) {}
    pub fn begin(&mut self, _: SimTime) -> Option<PodId> {
        if std::mem::take(&mut self.woken) {
            let w = std::mem::take(&mut self.waiting);
            self.active.extend(w.into_iter().map(|x| x.0));
        }
        let at = (0..self.active.len())
            .max_by_key(|&i| (self.pods[&self.active[i]].0.priority.unwrap_or(0), std::cmp::Reverse(i)))?;
        self.current = Some(self.active.remove(at));
        self.current
    }
    fn free(&self, n: NodeId, below: Option<i32>) -> (i64, i64, i64, i64) {
        let (node, pods) = &self.nodes[&n];
        let g = |k: &str| node.allocatable.get(k).map_or(0, |q| if k == "cpu" { q.milli_value() } else { q.value() });
        let mut f = (g("cpu"), g("memory"), g("pods"), g("nvidia.com/gpu"));
        for p in pods {
            let t = &self.pods[p].0;
            if below.is_some_and(|b| t.priority.unwrap_or(0) < b) {
                continue;
            }
            let r = asks(t);
            f.0 -= r.0;
            f.1 -= r.1;
            f.2 -= 1;
            f.3 -= r.3;
        }
        f
    }
    pub fn finish(&mut self, now: SimTime) -> Decision {
        let pod = self.current.take().expect("begun");
        let Some((t, _, _)) = self.pods.get(&pod).cloned() else { return Decision { pod, outcome: Outcome::Gone } };
        let r = asks(&t);
        let mut best: Option<(i64, NodeId)> = None;
        let mut why = BTreeMap::<String, u32>::new();
        for (&id, (node, _)) in &self.nodes {
            if node.unschedulable {
                *why.entry("node(s) were unschedulable".into()).or_default() += 1;
                continue;
            }
            if node.taints.iter().any(|x| {
                x.effect != TaintEffect::PreferNoSchedule
                    && !t.scheduling.tolerations.iter().any(|o| o.tolerates(&x.key, &x.value, x.effect))
            }) {
                *why.entry("node(s) had untolerated taint(s)".into()).or_default() += 1;
                continue;
            }
            if !t.scheduling.node_selector.iter().all(|(k, v)| node.label(k) == Some(v)) {
                *why.entry("node(s) didn't match Pod's node affinity/selector".into()).or_default() += 1;
                continue;
            }
            let f = self.free(id, None);
            let mut bad = false;
            for (k, a, b) in [
                ("Insufficient cpu", r.0, f.0),
                ("Insufficient memory", r.1, f.1),
                ("Too many pods", 1, f.2),
                ("Insufficient nvidia.com/gpu", r.3, f.3),
            ] {
                if a > 0 && a > b {
                    bad = true;
                    *why.entry(k.into()).or_default() += 1;
                }
            }
            if bad {
                continue;
            }
            let score = (f.0 - r.0) * 100 / node.allocatable.get("cpu").map_or(1, |q| q.milli_value().max(1));
            if best.is_none_or(|b| score > b.0) {
                best = Some((score, id));
            }
        }
        if let Some((_, n)) = best {
            self.pods.get_mut(&pod).expect("p").1 = Some(n);
            self.nodes.get_mut(&n).expect("n").1.push(pod);
            return Decision { pod, outcome: Outcome::Bind(n) };
        }
        self.waiting.push((pod, 0, now + SimDuration::from_secs(1)));
        let list: Vec<String> = why.iter().map(|(k, n)| format!("{n} {k}")).collect();
        Decision {
            pod,
            outcome: Outcome::Unschedulable {
                message: format!("0/{} nodes are available: {}.", self.nodes.len(), list.join(", ")),
                nomination: None,
                displaced: vec![],
                victims: vec![],
            },
        }
    }
}
fn asks(t: &PodTemplate) -> (i64, i64, i64, i64) {
    let l = t.requests();
    let g = |k: &str| l.get(k).map_or(0, |q| if k == "cpu" { q.milli_value() } else { q.value() });
    (g("cpu"), g("memory"), 1, g("nvidia.com/gpu"))
}
