//! What the quota controller finds only when it counts anew: pods that should be gone for long.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::event::Event;
use crate::api::change::Verb;
use crate::api::meta::PodId;
use crate::kernel::time::{SimDuration, SimTime};

/// All quotas are counted anew this often (`--resource-quota-sync-period`).
const RESYNC: SimDuration = SimDuration::from_secs(300);

/// Pods that are being deleted, and when each no longer counts if it is still there.
#[derive(Debug, Default)]
pub(super) struct Overdue {
    by_pod: BTreeMap<PodId, SimTime>,
    by_time: BTreeSet<(SimTime, PodId)>,
    /// When all quotas are counted anew next, as far as it was asked for.
    resync: SimTime,
}

impl Overdue {
    pub(super) fn is_empty(&self) -> bool {
        self.by_pod.is_empty()
    }

    /// Returns whether that is news.
    fn insert(&mut self, pod: PodId, due: SimTime) -> bool {
        let old = self.by_pod.insert(pod, due);
        old.into_iter().for_each(|old| _ = self.by_time.remove(&(old, pod)));
        self.by_time.insert((due, pod));
        old != Some(due)
    }

    fn remove(&mut self, pod: PodId) {
        let due = self.by_pod.remove(&pod);
        due.into_iter().for_each(|due| _ = self.by_time.remove(&(due, pod)));
    }

    /// Those whose time is over.
    fn late(&self, now: SimTime) -> impl Iterator<Item = PodId> {
        self.by_time.iter().take_while(move |(due, _)| *due < now).map(|(_, pod)| *pod)
    }
}

impl World<'_> {
    /// A pod that is being deleted no longer counts when it is still there as long after the end of its grace as its grace
    /// is (`QuotaV1Pod`). Nobody tells the controller; but each pod that ends or goes has it count its namespace anew.
    pub(super) fn quotas_see_pod(&mut self, id: PodId, verb: Verb) {
        if self.store.quotas().is_empty() {
            return;
        }
        let Some(pod) = self.store.pod(id) else { return };
        if verb == Verb::Deleted || pod.status.phase.is_terminal() {
            self.overdue.remove(id);
            self.recount_beside(id);
        } else if let Some(deletion) = pod.deletion {
            let due = deletion.asked.instant() + SimDuration::from_secs(2 * u64::from(deletion.grace));
            if self.overdue.insert(id, due) {
                self.await_resync(due);
            }
        }
    }

    fn recount_beside(&mut self, id: PodId) {
        if !self.overdue.is_empty() && !self.outages.controllers_are_down() {
            let namespace = self.store.namespace_of(id).cloned();
            self.recount(|world, pod| world.store.namespace_of(pod) == namespace.as_ref());
        }
    }

    /// The first resync after a time.
    fn await_resync(&mut self, due: SimTime) {
        let at = self.outages.round_after(due, RESYNC);
        if at != self.overdue.resync {
            self.overdue.resync = at;
            self.push_housekeeping(at, Event::QuotaResync);
        }
    }

    /// All quotas are counted anew.
    pub(super) fn quota_resync(&mut self) {
        if !self.controllers_cannot(Event::QuotaResync) {
            self.recount(|_, _| true);
        }
    }

    /// The controller is new: it counts at once, and again in its own rounds.
    pub(super) fn restart_quota_controller(&mut self) {
        self.quota_resync();
        for due in self.overdue.by_pod.values().copied().collect::<Vec<_>>() {
            self.await_resync(due);
        }
    }

    fn recount(&mut self, wanted: impl Fn(&World<'_>, PodId) -> bool) {
        let late = self.overdue.late(self.now).filter(|&pod| wanted(self, pod));
        for pod in late.collect::<Vec<_>>() {
            self.overdue.remove(pod);
            self.store.stop_counting(pod);
        }
    }
}
