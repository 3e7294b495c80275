//! What the quota controller finds only when it counts anew: pods that should be gone for long.

use super::World;
use super::event::Event;
use crate::api::change::Verb;
use crate::api::meta::PodId;
use crate::kernel::time::{SimDuration, SimTime};

/// All quotas are counted anew this often (`--resource-quota-sync-period`).
const RESYNC: SimDuration = SimDuration::from_secs(300);

impl World<'_> {
    /// A pod that is being deleted no longer counts when it is still there as long after the end of its grace as its grace
    /// is (`QuotaV1Pod`). Nobody tells the controller; but each pod that ends or goes has it count its namespace anew.
    pub(super) fn quotas_see_pod(&mut self, id: PodId, verb: Verb) {
        if self.store.quotas().is_empty() {
            return;
        }
        let Some(pod) = self.store.pod(id) else { return };
        if verb == Verb::Deleted || pod.status.phase.is_terminal() {
            self.overdue.remove(&id);
            self.recount_beside(id);
        } else if let Some(deletion) = pod.deletion {
            let due = deletion.asked.instant() + SimDuration::from_secs(2 * u64::from(deletion.grace));
            if self.overdue.insert(id, due) != Some(due) {
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
        let since = self.outages.controllers_since;
        let rounds = due.since(since.min(due)).0 / RESYNC.0 + 1;
        self.events.push(since + SimDuration(rounds * RESYNC.0), Event::QuotaResync);
    }

    /// All quotas are counted anew.
    pub(super) fn quota_resync(&mut self) {
        if !self.outages.controllers_are_down() && !self.defer(Event::QuotaResync) {
            self.recount(|_, _| true);
        }
    }

    /// The controller is new: it counts at once, and again in its own rounds.
    pub(super) fn restart_quota_controller(&mut self) {
        self.quota_resync();
        for due in self.overdue.values().copied().collect::<Vec<_>>() {
            self.await_resync(due);
        }
    }

    fn recount(&mut self, wanted: impl Fn(&World<'_>, PodId) -> bool) {
        let is_late = |(pod, due): (&PodId, &SimTime)| (*due < self.now && wanted(self, *pod)).then_some(*pod);
        for pod in self.overdue.iter().filter_map(is_late).collect::<Vec<_>>() {
            self.overdue.remove(&pod);
            self.store.stop_counting(pod);
        }
    }
}
