//! Pods that wait until something changes, by what they are and who rejected them: those are asked once for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::plugins::Plugins;
use super::super::shape::Shape;
use crate::kernel::time::{SimDuration, SimTime};

/// The pool of unschedulable pods.
#[derive(Debug, Default)]
pub(super) struct Pool {
    groups: BTreeMap<(u32, Plugins), Group>,
    by_age: BTreeSet<(SimTime, u32)>,
}

#[derive(Debug)]
struct Group {
    shape: Shape,
    pods: BTreeMap<u32, SimTime>,
}

impl Pool {
    pub(super) fn insert(&mut self, slot: u32, shape: &Shape, by: Plugins, since: SimTime) {
        let group = self.groups.entry((shape.number(), by));
        group.or_insert_with(|| Group { shape: shape.clone(), pods: BTreeMap::new() }).pods.insert(slot, since);
        self.by_age.insert((since, slot));
    }

    pub(super) fn remove(&mut self, slot: u32, shape: &Shape, by: Plugins, since: SimTime) {
        self.by_age.remove(&(since, slot));
        let key = (shape.number(), by);
        let Some(group) = self.groups.get_mut(&key) else { return };
        group.pods.remove(&slot);
        if group.pods.is_empty() {
            self.groups.remove(&key);
        }
    }

    /// Takes out the pods that an event helps.
    pub(super) fn woken(&mut self, helps: impl Fn(&Shape, Plugins) -> bool) -> Vec<u32> {
        let helped = self.groups.iter().filter(|((_, by), group)| helps(&group.shape, *by)).map(|(key, _)| *key);
        let helped: Vec<_> = helped.collect();
        let mut slots = Vec::new();
        for key in helped {
            let group = self.groups.remove(&key).expect("a group");
            for (slot, since) in group.pods {
                self.by_age.remove(&(since, slot));
                slots.push(slot);
            }
        }
        slots
    }

    /// Since when the pod is here that is here longest.
    pub(super) fn oldest(&self) -> Option<SimTime> {
        self.by_age.first().map(|(since, _)| *since)
    }

    pub(super) fn older_than(&self, now: SimTime, age: SimDuration) -> Vec<u32> {
        let old = self.by_age.iter().take_while(|(since, _)| now.since(*since) > age);
        old.map(|(_, slot)| *slot).collect()
    }
}
