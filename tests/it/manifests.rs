//! A scheduler that is told of manifests, as the recordings of the real one were made.

use std::collections::BTreeMap;
use std::sync::Arc;

use jobsim::SimTime;
use jobsim::api::meta::{ApiTime, NodeId, PodId};
use jobsim::api::release::Rules;
use jobsim::apiserver::admission;
use jobsim::scenario::node_of;
use jobsim::scheduler::{Budget, NewPod, Scheduler, Shape, Termination, TieBreak};
use serde_json::Value;

/// Start times count from here: some second before all of them.
const EPOCH: i64 = 1_700_000_000;

/// The documents of a YAML text.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// Namespace of a Service, and the labels that its pods have.
type Service = (Arc<str>, Vec<(Arc<str>, Arc<str>)>);

/// A scheduler and the names of what it knows.
pub(crate) struct Manifests {
    pub(crate) scheduler: Scheduler,
    nodes: BTreeMap<String, NodeId>,
    pods: BTreeMap<String, PodId>,
    pod_names: Vec<String>,
    node_names: Vec<String>,
    services: Vec<Service>,
    budgets: Vec<Value>,
}

impl Manifests {
    pub(crate) fn new() -> Manifests {
        Manifests::told_to(Scheduler::new(TieBreak::First))
    }

    pub(crate) fn told_to(scheduler: Scheduler) -> Manifests {
        Manifests {
            scheduler,
            nodes: BTreeMap::new(),
            pods: BTreeMap::new(),
            pod_names: Vec::new(),
            node_names: Vec::new(),
            services: Vec::new(),
            budgets: Vec::new(),
        }
    }

    pub(crate) fn node_id(&mut self, name: &str) -> NodeId {
        if let Some(id) = self.nodes.get(name) {
            return *id;
        }
        let id = NodeId(self.node_names.len() as u32);
        self.node_names.push(name.to_owned());
        self.nodes.insert(name.to_owned(), id);
        id
    }

    pub(crate) fn node_name(&self, id: NodeId) -> &str {
        &self.node_names[id.0 as usize]
    }

    pub(crate) fn pod_id(&self, name: &str) -> Option<PodId> {
        self.pods.get(name).copied()
    }

    pub(crate) fn pod_name(&self, id: PodId) -> &str {
        &self.pod_names[id.uid as usize]
    }

    /// Tells the scheduler of a new object; budgets count once [`Manifests::settle`] is called.
    pub(crate) fn create(&mut self, object: &Value, now: SimTime) -> Option<PodId> {
        match object["kind"].as_str() {
            Some("Node") => {
                let id = self.node_id(object["metadata"]["name"].as_str().expect("a name"));
                self.scheduler.node_added(id, &node_of(object), now);
            }
            Some("Pod") => return Some(self.create_pod(object, now)),
            Some("Namespace") => {
                let name = object["metadata"]["name"].as_str().expect("a name");
                self.scheduler.set_namespace(name, &words(&object["metadata"]["labels"]));
            }
            Some("Service") => {
                self.services.push((namespace(object).into(), words(&object["spec"]["selector"])));
                self.scheduler.set_services(&self.services);
            }
            Some("PodDisruptionBudget") => self.budgets.push(object.clone()),
            _ => {}
        }
        None
    }

    /// Makes the budgets known, once all pods that they name are.
    pub(crate) fn settle(&mut self) {
        let budget = |object: &Value| Budget {
            namespace: namespace(object).into(),
            selector: admission::label_selector(&object["spec"]["selector"]),
            allowed: object["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) as i32,
            disrupted: object["status"]["disruptedPods"]
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(name, _)| self.pod_id(&format!("{}/{name}", namespace(object))))
                .collect(),
        };
        let budgets: Vec<Budget> = self.budgets.iter().map(budget).collect();
        self.scheduler.set_budgets(&budgets);
    }

    /// What a pod's manifest is to the scheduler.
    pub(crate) fn shape(&mut self, object: &Value) -> Shape {
        let admitted = admission::create_pod(object, &Rules::default()).expect("a valid pod");
        self.scheduler.shape(&admitted.name.namespace, &admitted.template.labels, &admitted.template)
    }

    fn create_pod(&mut self, object: &Value, now: SimTime) -> PodId {
        let shape = self.shape(object);
        let number = self.pod_names.len() as u32;
        let id = PodId { slot: number, uid: number };
        let name = full_name(object);
        self.pods.insert(name.clone(), id);
        self.pod_names.push(name);
        let status = &object["status"];
        let node = object["spec"]["nodeName"].as_str().map(|name| self.node_id(name));
        let nominated = status["nominatedNodeName"].as_str().map(|name| self.node_id(name));
        let started = status["startTime"].as_str().map(seconds);
        let terminating = termination(object);
        let identity = u64::from(number);
        self.scheduler.pod_added(NewPod { id, shape, identity, node, nominated, started, terminating }, now);
        id
    }
}

fn termination(object: &Value) -> Termination {
    if object["metadata"]["deletionTimestamp"].is_null() {
        return Termination::No;
    }
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let target = conditions.into_iter().find(|condition| condition["type"] == "DisruptionTarget");
    let by_scheduler = |target: &Value| target["status"] == "True" && target["reason"] == "PreemptionByScheduler";
    if target.is_some_and(by_scheduler) { Termination::Preempted } else { Termination::Deleted }
}

fn seconds(time: &str) -> ApiTime {
    let time: jiff::Timestamp = time.parse().expect("a time");
    ApiTime((time.as_second() - EPOCH) as u32)
}

fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().filter(|name| !name.is_empty()).unwrap_or("default")
}

/// `namespace/name`.
pub(crate) fn full_name(object: &Value) -> String {
    format!("{}/{}", namespace(object), object["metadata"]["name"].as_str().expect("a name"))
}

fn words(of: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    let words = of.as_object().into_iter().flatten();
    words.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or("").into())).collect()
}
