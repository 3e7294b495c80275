//! The tables of one of two runs, by what is looked for in them.

use std::collections::BTreeMap;

use super::view::{JobView, PodView, TraceView};

/// Namespace and name.
type Name = (String, String);

/// A run that is held against another.
pub(super) struct Side<'a> {
    jobs: BTreeMap<&'a Name, Vec<&'a JobView>>,
    pods: BTreeMap<&'a Name, Vec<&'a PodView>>,
    refusals: BTreeMap<&'a str, &'a str>,
}

impl<'a> Side<'a> {
    pub(super) fn of(view: &'a TraceView) -> Side<'a> {
        let mut side = Side { jobs: BTreeMap::new(), pods: BTreeMap::new(), refusals: BTreeMap::new() };
        for job in &view.jobs {
            side.jobs.entry(&job.name).or_default().push(job);
        }
        for pod in &view.pods {
            side.pods.entry(&pod.job).or_default().push(pod);
        }
        for (pod, message) in &view.unscheduled {
            side.refusals.entry(pod).or_insert(message);
        }
        side
    }

    /// The Job that is the `nth` of its name, counted from 0.
    pub(super) fn job(&self, name: &Name, nth: usize) -> Option<&'a JobView> {
        self.jobs.get(name)?.get(nth).copied()
    }

    /// The pods of all Jobs of a name, in the order of their table.
    pub(super) fn pods(&self, name: &Name) -> &[&'a PodView] {
        self.pods.get(name).map_or(&[], Vec::as_slice)
    }

    /// What the scheduler said first of a pod that it found no node for.
    pub(super) fn refusal(&self, pod: &str) -> Option<&'a str> {
        self.refusals.get(pod).copied()
    }
}
