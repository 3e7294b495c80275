//! The objects of a run as v1 JSON: what a client would get from the API server, at one time or change by change.

mod conditions;
mod cron_job;
mod event;
mod job;
mod node;
mod pod;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kubectl::get::Resource;
use crate::api::change::{Change, Verb};
use crate::api::event::{Happening, ObjectEvent};
use crate::api::meta::{AUTOSCALER_STATUS, ApiTime, CronJobId, JobId, NodeId, ObjectId, ObjectName, PodId};
use crate::api::names::{Numbered as Identity, uid};
use crate::api::release::Rules;
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::world::observer::{Observer, Reads};
use conditions::PodTimes;
use event::{Recorder, Reference};

/// An object and what has just happened to it.
#[derive(Clone, Debug)]
pub struct Update {
    /// When.
    pub time: SimTime,
    /// What sort of object.
    pub resource: Resource,
    /// What has happened to it.
    pub verb: Verb,
    /// The object as of then.
    pub object: Value,
}

impl Update {
    /// `ADDED`, `MODIFIED`, `DELETED`, as the types of a watch.
    pub fn word(&self) -> &'static str {
        match self.verb {
            Verb::Added => "ADDED",
            Verb::Modified => "MODIFIED",
            Verb::Deleted => "DELETED",
        }
    }
}

/// Turns simulated times into those of the scenario's calendar.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    start: i64,
}

impl Calendar {
    /// A calendar in which a run starts at this second of the Unix epoch.
    pub fn new(start: i64) -> Calendar {
        Calendar { start }
    }

    /// The instant, to the nanosecond.
    pub fn instant(self, time: SimTime) -> Timestamp {
        let nanos = i128::from(self.start) * 1_000_000_000 + i128::from(time.0);
        Timestamp::from_nanosecond(nanos).unwrap_or(Timestamp::MAX)
    }

    /// An API time as JSON.
    fn api(self, time: ApiTime) -> Value {
        self.seconds(time.instant())
    }

    /// A time as the API has it, cut to seconds.
    fn seconds(self, time: SimTime) -> Value {
        self.instant(time).strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
    }
}

/// Makes objects of the change log. What the store does not keep (when a pod was bound, events) is remembered here.
pub struct Objects<'w> {
    calendar: Calendar,
    cron_jobs: BTreeSet<CronJobId>,
    jobs: BTreeSet<JobId>,
    pods: BTreeMap<PodId, PodTimes>,
    /// Index and attempt of every pod there ever was: what its name is made of.
    named: BTreeMap<PodId, (u32, u32)>,
    events: Recorder,
    watch: Option<Watch<'w>>,
    list: Vec<(Resource, Value)>,
}

/// A reader of changes to these resources, who is told of them for as long as it returns true.
struct Watch<'w> {
    resources: Vec<Resource>,
    show: &'w mut dyn FnMut(Update) -> bool,
}

impl<'w> Objects<'w> {
    /// For a run of a release's rules that starts at this second of the Unix epoch.
    pub fn new(start: i64, rules: Rules) -> Objects<'w> {
        Objects {
            calendar: Calendar::new(start),
            cron_jobs: BTreeSet::new(),
            jobs: BTreeSet::new(),
            pods: BTreeMap::new(),
            named: BTreeMap::new(),
            events: Recorder::new(rules),
            watch: None,
            list: Vec::new(),
        }
    }

    /// Tells `show` of each change of these resources.
    pub fn watched(
        start: i64,
        rules: Rules,
        resources: Vec<Resource>,
        show: &'w mut dyn FnMut(Update) -> bool,
    ) -> Objects<'w> {
        Objects { watch: Some(Watch { resources, show }), ..Objects::new(start, rules) }
    }

    /// All objects at the end of the run, by namespace and name as the API server lists them. Events older than an hour
    /// are gone, as in a cluster.
    pub fn into_list(self) -> Vec<(Resource, Value)> {
        self.list
    }

    fn tell(&mut self, time: SimTime, resource: Resource, verb: Verb, object: impl FnOnce(&Self) -> Option<Value>) {
        let wanted = self.watch.as_ref().is_some_and(|watch| watch.resources.contains(&resource));
        if !wanted {
            return;
        }
        let Some(object) = object(self) else { return };
        let update = Update { time, resource, verb, object };
        if let Some(watch) = &mut self.watch
            && !(watch.show)(update)
        {
            self.watch = None;
        }
    }

    fn pod(&self, id: PodId, store: &Store) -> Option<Value> {
        pod::render(self.calendar, store.pod(id)?, self.pods.get(&id)?, store)
    }
}

impl Observer for Objects<'_> {
    fn reads(&self) -> Reads {
        Reads { containers: true, ..Reads::PODS_AS_WHOLES }
    }

    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        match change {
            Change::CronJob(id, verb) => {
                self.cron_jobs.insert(id);
                self.tell(now, Resource::CronJob, verb, |own| cron_job::render(own.calendar, id, store));
                if verb == Verb::Deleted {
                    self.cron_jobs.remove(&id);
                }
            }
            Change::Job(id, verb) => {
                self.jobs.insert(id);
                self.tell(now, Resource::Job, verb, |own| job::render(own.calendar, id, store));
                if verb == Verb::Deleted {
                    self.jobs.remove(&id);
                }
            }
            Change::Pod(id, verb) => {
                let Some(pod) = store.pod(id) else { return };
                if let Some(template) = store.template_of(id) {
                    self.pods.entry(id).or_default().note(pod, template, now, store.version());
                }
                self.named.insert(id, (pod.index, pod.attempt));
                self.tell(now, Resource::Pod, verb, |own| own.pod(id, store));
                if verb == Verb::Deleted {
                    self.pods.remove(&id);
                }
            }
            Change::Node(id, verb) => self.tell(now, Resource::Node, verb, |own| node::render(own.calendar, id, store)),
        }
    }

    fn on_nomination(&mut self, pod: PodId, node: Option<NodeId>) {
        if let Some(times) = self.pods.get_mut(&pod) {
            times.nominated = node;
        }
    }

    fn on_event(&mut self, now: SimTime, event: &ObjectEvent, store: &Store) {
        let id = event.about;
        if let (ObjectId::Pod(pod), Happening::Cluster(what)) = (id, &event.what)
            && what.reason == "FailedScheduling"
            && let Some(times) = self.pods.get_mut(&pod)
        {
            times.refused(now, &what.message);
        }
        let (about, job) = match id {
            ObjectId::Job(job) => {
                let Some(job) = store.job(job) else { return };
                (Reference { id, name: job.name.clone(), version: job.resource_version }, Some(job))
            }
            ObjectId::CronJob(cron_job) => {
                let Some(cron_job) = store.cron_job(cron_job) else { return };
                (Reference { id, name: cron_job.name.clone(), version: cron_job.resource_version }, None)
            }
            ObjectId::Pod(pod) => {
                let (Some(namespace), Some(name)) = (store.namespace_of(pod), store.pod_name(pod)) else { return };
                let name = ObjectName { namespace: namespace.clone(), name: name.into() };
                (Reference { id, name, version: store.version() }, None)
            }
            ObjectId::Node(node) => {
                let Some(node) = store.node(node) else { return };
                let name = ObjectName { namespace: "default".into(), name: node.name.clone() };
                (Reference { id, name, version: store.version() }, None)
            }
            ObjectId::AutoscalerStatus => {
                let (namespace, name) = AUTOSCALER_STATUS;
                (Reference { id, name: ObjectName::new(namespace, name), version: store.version() }, None)
            }
        };
        let name = |pod| {
            let known = self.named.get(&pod).zip(job);
            known.map_or(String::new(), |(&(index, attempt), job)| job.pod_name(index, attempt))
        };
        let Some((position, verb)) = self.events.record(now, event, about, &name) else { return };
        self.tell(now, Resource::Event, verb, |own| Some(own.events.render(position, own.calendar)));
    }

    fn on_end(&mut self, now: SimTime, store: &Store) {
        let mut list: Vec<(Resource, Value)> = Vec::new();
        let cron_jobs = self.cron_jobs.iter().filter_map(|&id| cron_job::render(self.calendar, id, store));
        list.extend(cron_jobs.map(|cron_job| (Resource::CronJob, cron_job)));
        let jobs = self.jobs.iter().filter_map(|&id| job::render(self.calendar, id, store));
        list.extend(jobs.map(|job| (Resource::Job, job)));
        list.extend(self.pods.keys().filter_map(|&id| Some((Resource::Pod, self.pod(id, store)?))));
        let nodes = store.nodes().filter_map(|node| node::render(self.calendar, node.id, store));
        list.extend(nodes.map(|node| (Resource::Node, node)));
        list.extend(self.events.list(now, self.calendar).map(|event| (Resource::Event, event)));
        let text = |object: &Value, field: &str| object["metadata"][field].as_str().unwrap_or("").to_owned();
        list.sort_by_cached_key(|(resource, object)| (*resource, text(object, "namespace"), text(object, "name")));
        self.list = list;
    }
}

/// The reference to the object that controls another.
fn owner(version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([{
        "apiVersion": version, "kind": kind, "name": name, "uid": uid,
        "controller": true, "blockOwnerDeletion": true,
    }])
}
