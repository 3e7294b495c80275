//! Counts of a run that is not recorded: what can be said of it in memory that does not grow.

use crate::api::change::{Change, Verb};
use crate::api::job::JobConditionType;
use crate::api::pod::PodPhase;
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::world::observer::{Observer, Reads};

/// How much there was of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// CronJobs created.
    pub cron_jobs: u64,
    /// Jobs created.
    pub jobs: u64,
    /// Jobs that completed.
    pub jobs_complete: u64,
    /// Jobs that failed.
    pub jobs_failed: u64,
    /// Pods created.
    pub pods: u64,
    /// Pods removed that had succeeded.
    pub pods_succeeded: u64,
    /// Pods removed that had failed.
    pub pods_failed: u64,
    /// Pods that stood at the end.
    pub pods_left: u64,
}

/// Counts.
#[derive(Debug, Default)]
pub struct Counter {
    totals: Totals,
    /// Has the Job in this slot ended?
    ended: Vec<bool>,
}

impl Counter {
    /// What was counted.
    pub fn totals(self) -> Totals {
        self.totals
    }
}

impl Observer for Counter {
    fn reads(&self) -> Reads {
        Reads::OBJECTS
    }

    fn on_change(&mut self, _now: SimTime, change: Change, store: &Store) {
        let totals = &mut self.totals;
        match change {
            Change::CronJob(_, Verb::Added) => totals.cron_jobs += 1,
            Change::Job(id, Verb::Added) => {
                totals.jobs += 1;
                let slot = id.slot as usize;
                if self.ended.len() <= slot {
                    self.ended.resize(slot + 1, false);
                }
                self.ended[slot] = false;
            }
            Change::Job(id, Verb::Modified) if !self.ended[id.slot as usize] => {
                if let Some(end) = store.job(id).and_then(|job| job.status.finished()) {
                    self.ended[id.slot as usize] = true;
                    let complete = end.kind == JobConditionType::Complete;
                    totals.jobs_complete += u64::from(complete);
                    totals.jobs_failed += u64::from(!complete);
                }
            }
            Change::Pod(_, Verb::Added) => (totals.pods, totals.pods_left) = (totals.pods + 1, totals.pods_left + 1),
            Change::Pod(id, Verb::Deleted) => {
                totals.pods_left -= 1;
                match store.pod(id).map(|pod| pod.status.phase) {
                    Some(PodPhase::Succeeded) => totals.pods_succeeded += 1,
                    Some(PodPhase::Failed) => totals.pods_failed += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
