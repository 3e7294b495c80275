//! Kubernetes events as objects, folded and counted as their recorder does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Calendar, Identity, uid};
use crate::api::change::Verb;
use crate::api::event::{Happening, ObjectEvent};
use crate::api::meta::{ObjectId, ObjectName, PodId};
use crate::api::release::Rules;
use crate::apiserver::served::{cron_job_uid, job_uid};
use crate::controllers::event_correlator::{EventCorrelator, Written};
use crate::kernel::time::{SimDuration, SimTime};

/// How long the API server keeps an event that nothing adds to (`--event-ttl`).
const KEPT: SimDuration = SimDuration::from_secs(3600);

/// All events of a run.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    correlator: EventCorrelator,
    events: Vec<Event>,
    /// Positions of events that more may be counted to.
    counted: BTreeMap<(ObjectId, &'static str, Option<String>), usize>,
}

/// What an event is about, as it was when it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) id: ObjectId,
    pub(super) name: ObjectName,
    pub(super) version: u64,
}

#[derive(Debug)]
struct Event {
    about: Reference,
    warning: bool,
    source: &'static str,
    reason: &'static str,
    message: String,
    first: SimTime,
    last: SimTime,
    count: u32,
}

impl Recorder {
    /// The recorders of a release.
    pub(super) fn new(rules: Rules) -> Recorder {
        Recorder { correlator: EventCorrelator::new(rules), ..Recorder::default() }
    }

    /// Takes an event in; its position, and whether it is new. None if it is lost.
    pub(super) fn record(
        &mut self,
        now: SimTime,
        event: &ObjectEvent,
        about: Reference,
        pod_name: &dyn Fn(PodId) -> String,
    ) -> Option<(usize, Verb)> {
        let (written, combined) = self.correlator.correlate_folded(event, now);
        if written == Written::Dropped {
            return None;
        }
        let mut message = match &event.what {
            Happening::Job(what) => what.message(pod_name),
            Happening::CronJob(what) => what.message(),
            Happening::Cluster(what) => what.message.to_string(),
        };
        let key = (event.about, event.what.reason(), (!combined).then(|| message.clone()));
        if combined {
            message = format!("(combined from similar events): {message}");
        }
        if let Some(&position) = self.counted.get(&key).filter(|_| written == Written::Counted) {
            let known = &mut self.events[position];
            (known.message, known.last) = (message, now);
            known.count += 1;
            return Some((position, Verb::Modified));
        }
        self.counted.insert(key, self.events.len());
        self.events.push(Event {
            about,
            warning: event.what.is_warning(),
            source: match &event.what {
                Happening::Cluster(what) => what.source,
                _ => "",
            },
            reason: event.what.reason(),
            message,
            first: now,
            last: now,
            count: 1,
        });
        Some((self.events.len() - 1, Verb::Added))
    }

    /// Those that the API server still has.
    pub(super) fn list(&self, now: SimTime, calendar: Calendar) -> impl Iterator<Item = Value> {
        let kept = move |event: &Event| now.since(event.last) <= KEPT;
        (0..self.events.len()).filter(move |&at| kept(&self.events[at])).map(move |at| self.render(at, calendar))
    }

    pub(super) fn render(&self, position: usize, calendar: Calendar) -> Value {
        let (event, number) = (&self.events[position], position as u64);
        let (name, namespace) = (&*event.about.name.name, &*event.about.name.namespace);
        let (kind, object_uid, component) = match event.about.id {
            ObjectId::Job(id) => ("Job", job_uid(id), "job-controller"),
            ObjectId::CronJob(id) => ("CronJob", cron_job_uid(id), "cronjob-controller"),
            ObjectId::Pod(id) => ("Pod", uid(Identity::Pod, id.uid.into()), event.source),
            ObjectId::Node(id) => ("Node", uid(Identity::Node, id.0.into()), event.source),
            ObjectId::AutoscalerStatus => ("ConfigMap", uid(Identity::ConfigMap, 0), event.source),
        };
        // Two events of an object can have one time here.
        let stamp = calendar.instant(event.first).as_nanosecond() + i128::from(number);
        let version = if matches!(kind, "Pod" | "Node" | "ConfigMap") { "v1" } else { "batch/v1" };
        let mut object = json!({
            "apiVersion": version, "kind": kind, "name": name,
            "uid": object_uid, "resourceVersion": event.about.version.to_string(),
        });
        // What is said of a node lies in a namespace, the node does not.
        if kind != "Node" {
            object["namespace"] = namespace.into();
        }
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {
                "name": format!("{name}.{stamp:x}"), "namespace": namespace,
                "uid": uid(Identity::Event, number), "creationTimestamp": calendar.seconds(event.first),
            },
            "involvedObject": object,
            "type": if event.warning { "Warning" } else { "Normal" }, "reason": event.reason, "message": event.message,
            "source": {"component": component}, "reportingComponent": component,
            "reportingInstance": "", "eventTime": null, "count": event.count,
            "firstTimestamp": calendar.seconds(event.first), "lastTimestamp": calendar.seconds(event.last),
        })
    }
}
