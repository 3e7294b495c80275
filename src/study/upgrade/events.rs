//! Kubernetes events that only one of two runs writes, or that say something else.

use std::collections::{BTreeMap, BTreeSet};

use super::super::difference::{Difference, Kind, at};
use super::Trace;
use crate::api::change::{Change, Verb};
use crate::api::event::ObjectEvent;
use crate::api::meta::ObjectId;
use crate::api::release::Rules;
use crate::apiserver::store::Store;
use crate::controllers::event_correlator::{EventCorrelator, Written};
use crate::kernel::time::SimTime;
use crate::record::{EventRow, Run};
use crate::world::observer::Observer;

/// Which events of a run the recorders' spam filters hold back: nobody ever sees them.
#[derive(Debug)]
pub(super) struct SpamFilter {
    correlator: EventCorrelator,
    seen: usize,
    /// Positions in [`Run::events`].
    lost: BTreeSet<usize>,
}

impl SpamFilter {
    pub(super) fn new(rules: Rules) -> SpamFilter {
        SpamFilter { correlator: EventCorrelator::new(rules), seen: 0, lost: BTreeSet::new() }
    }

    /// The positions of the events that are lost.
    pub(super) fn into_lost(self) -> BTreeSet<usize> {
        self.lost
    }
}

impl Observer for SpamFilter {
    fn on_event(&mut self, now: SimTime, event: &ObjectEvent, _store: &Store) {
        if self.correlator.correlate(event, now) == Written::Dropped {
            self.lost.insert(self.seen);
        }
        self.seen += 1;
    }

    fn on_change(&mut self, _now: SimTime, change: Change, _store: &Store) {
        match change {
            Change::Job(id, Verb::Deleted) => self.correlator.forget(ObjectId::Job(id)),
            Change::Pod(id, Verb::Deleted) => self.correlator.forget(ObjectId::Pod(id)),
            _ => {}
        }
    }
}

/// The events that are lost, as a table.
pub(super) fn lost_table(run: &Run, lost: &BTreeSet<usize>) -> Vec<u8> {
    let mut table = String::from("time_s,type,reason,kind,namespace,name,message\n");
    for event in lost.iter().filter_map(|&place| run.events.get(place)) {
        let kind = if event.warning { "Warning" } else { "Normal" };
        let EventRow { time, reason, kind: of, object, message, .. } = event;
        table += &format!("{time},{kind},{reason},{of},{},{},{message}\n", object.namespace, object.name);
    }
    table.into_bytes()
}

/// Kind, namespace and name of an object, and a reason. Events of pods are counted by their reason alone: which pods
/// there are is told elsewhere.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Differences of the events that are written, by object and reason. That they only come at other times follows from
/// what they are about.
pub(super) fn differences(before: &Trace, after: &Trace) -> Vec<Difference> {
    let (olds, news) = (by_key(&before.run, &before.lost), by_key(&after.run, &after.lost));
    let mut found = Vec::new();
    for (key, new) in &news {
        let old = olds.get(key).map_or(&[][..], Vec::as_slice);
        found.extend(text(old, new).map(|text| about(*key, &text)));
    }
    for (key, old) in olds.iter().filter(|(key, _)| !news.contains_key(*key)) {
        found.extend(text(old, &[]).map(|text| about(*key, &text)));
    }
    found
}

fn by_key<'a>(run: &'a Run, lost: &BTreeSet<usize>) -> BTreeMap<Key<'a>, Vec<&'a EventRow>> {
    let mut by_key: BTreeMap<Key<'a>, Vec<&EventRow>> = BTreeMap::new();
    for (_, event) in run.events.iter().enumerate().filter(|(place, _)| !lost.contains(place)) {
        let name = if event.kind == "Pod" { "" } else { &event.object.name };
        by_key.entry((event.kind, &event.object.namespace, name, event.reason)).or_default().push(event);
    }
    by_key
}

fn text(old: &[&EventRow], new: &[&EventRow]) -> Option<String> {
    let time = |event: &EventRow| at(event.time.0 / 1_000);
    match (old, new) {
        ([], [first]) => Some(format!("is written at {}, which it was not", time(first))),
        ([first], []) => Some(format!("is not written any more, as it was at {}", time(first))),
        ([], [first, ..]) => Some(format!("is written {} times from {} on, which it was not", new.len(), time(first))),
        ([_, ..], []) => Some(format!("is not written any more, as it was {} times", old.len())),
        _ if old.len() != new.len() => {
            let times = |count: usize| if count == 1 { "once".to_owned() } else { format!("{count} times") };
            Some(format!("is written {} instead of {}", times(new.len()), times(old.len())))
        }
        ([first, ..], [_, ..]) if first.kind != "Pod" => {
            let (old, new) = old.iter().zip(new).find(|(old, new)| old.message != new.message)?;
            Some(format!("says \"{}\" instead of \"{}\"", new.message, old.message))
        }
        _ => None,
    }
}

fn about((kind, namespace, name, reason): Key<'_>, text: &str) -> Difference {
    let job = if name.is_empty() { String::new() } else { format!("{namespace}/{name}") };
    let title = match (namespace, name) {
        (_, "") => "pods".to_owned(),
        ("default", name) => format!("{kind} {name}"),
        _ => format!("{kind} {namespace}/{name}"),
    };
    Difference { kind: Kind::Event, job, pod: None, text: format!("{title}: event {reason} {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::ObjectName;
    use crate::record::fixture;

    fn with(events: &[(f64, &'static str, &'static str, &str, &str)]) -> Trace {
        let mut run = fixture::run("events");
        for (time, reason, kind, name, message) in events {
            let object = ObjectName::new("default", name);
            let time = fixture::at(*time);
            run.events.push(EventRow { time, warning: false, reason, kind, object, message: (*message).to_owned() });
        }
        Trace { run: run.0, tables: Vec::new(), lost: BTreeSet::new(), notes: Vec::new() }
    }

    #[test]
    fn events_are_told_by_object_and_reason() {
        let before = with(&[
            (1.0, "SuccessfulCreate", "Job", "a", "Created pod: a-1"),
            (1.0, "SuccessfulCreate", "Job", "a", "Created pod: a-2"),
            (2.0, "Killing", "Pod", "a-1", "Stopping container c"),
            (9.0, "SawCompletedJob", "CronJob", "c", "Saw completed job: c-1, status: Complete"),
            (9.0, "Completed", "Job", "a", "Job completed"),
        ]);
        let after = with(&[
            (1.5, "SuccessfulCreate", "Job", "a", "Created pod: a-1"),
            (2.0, "Killing", "Pod", "a-2", "Stopping container c"),
            (4.0, "BackoffLimitExceeded", "Job", "a", "Job has reached the specified backoff limit"),
            (9.0, "SawCompletedJob", "CronJob", "c", "Saw completed job: c-1, condition: Complete"),
        ]);
        let texts: Vec<String> = differences(&before, &after).iter().map(ToString::to_string).collect();
        let expected = [
            "CronJob c: event SawCompletedJob says \"Saw completed job: c-1, condition: Complete\" instead of \"Saw \
             completed job: c-1, status: Complete\"",
            "Job a: event BackoffLimitExceeded is written at 4.0 s, which it was not",
            "Job a: event SuccessfulCreate is written once instead of 2 times",
            "Job a: event Completed is not written any more, as it was at 9.0 s",
        ];
        assert_eq!(texts, expected);
        assert_eq!(differences(&after, &after), []);
    }

    #[test]
    fn what_is_lost_is_not_written() {
        let events = [(1.0, "Failed", "Job", "a", "no")];
        let mut before = with(&events);
        before.lost.insert(0);
        let texts: Vec<String> = differences(&before, &with(&events)).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["Job a: event Failed is written at 1.0 s, which it was not"]);
        let table = String::from_utf8(lost_table(&before.run, &before.lost)).expect("text");
        assert_eq!(table.lines().nth(1), Some("1,Normal,Failed,Job,default,a,no"));
    }
}
