//! Pods that wait until something changes, by what they are and who rejected them: those are asked once for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::plugins::Plugins;
use super::super::shape::Shape;
use super::Entry;
use crate::kernel::time::{SimDuration, SimTime};

/// The pool of unschedulable pods.
#[derive(Debug, Default)]
pub(super) struct Pool {
    groups: BTreeMap<(u32, Plugins), Group>,
    by_age: BTreeSet<(SimTime, Entry)>,
}

#[derive(Debug)]
struct Group {
    shape: Shape,
    entries: BTreeMap<Entry, SimTime>,
}

impl Pool {
    pub(super) fn insert(&mut self, entry: Entry, shape: &Shape, by: Plugins, since: SimTime) {
        let group = self.groups.entry((shape.number(), by));
        let group = group.or_insert_with(|| Group { shape: shape.clone(), entries: BTreeMap::new() });
        group.entries.insert(entry, since);
        self.by_age.insert((since, entry));
    }

    pub(super) fn remove(&mut self, entry: Entry, shape: &Shape, by: Plugins, since: SimTime) {
        self.by_age.remove(&(since, entry));
        let key = (shape.number(), by);
        let Some(group) = self.groups.get_mut(&key) else { return };
        group.entries.remove(&entry);
        if group.entries.is_empty() {
            self.groups.remove(&key);
        }
    }

    /// Takes out the pods that an event helps.
    pub(super) fn woken(&mut self, helps: impl Fn(&Shape, Plugins) -> bool) -> Vec<Entry> {
        let helped = self.groups.iter().filter(|((_, by), group)| helps(&group.shape, *by)).map(|(key, _)| *key);
        let helped: Vec<_> = helped.collect();
        let mut entries = Vec::new();
        for key in helped {
            let group = self.groups.remove(&key).expect("a group");
            for (entry, since) in group.entries {
                self.by_age.remove(&(since, entry));
                entries.push(entry);
            }
        }
        entries
    }

    /// Since when the pod is here that is here longest.
    pub(super) fn oldest(&self) -> Option<SimTime> {
        self.by_age.first().map(|(since, _)| *since)
    }

    pub(super) fn older_than(&self, now: SimTime, age: SimDuration) -> Vec<Entry> {
        let old = self.by_age.iter().take_while(|(since, _)| now.since(*since) > age);
        old.map(|(_, entry)| *entry).collect()
    }
}
