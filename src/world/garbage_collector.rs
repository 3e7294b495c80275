//! The garbage collector: what somebody owned goes with its owner, which takes no time, also if it came too late.

use super::World;
use crate::api::meta::{ApiTime, CronJobId, JobId, PodId};

impl World<'_> {
    /// The garbage collector takes no time: a CronJob's Jobs are deleted with it.
    pub(super) fn collect_jobs(&mut self, cron_job: CronJobId) {
        let mut jobs = self.store.jobs_of(cron_job).to_vec();
        jobs.sort_by_key(|job| job.uid);
        for job in jobs {
            self.collect_job(job);
        }
    }

    /// A Job whose owner is gone is deleted as its finalizers ask for (`attemptToDeleteItem`).
    pub(super) fn collect_job(&mut self, job: JobId) {
        let foreground = self.store.asks_for_foreground_deletion(job);
        _ = self.store.delete_job(ApiTime::of(self.now), job, foreground);
    }

    /// A Job whose CronJob went while it was being created goes too.
    pub(super) fn collect_orphan(&mut self, job: JobId) {
        let owner = self.store.job(job).and_then(|job| job.owner.as_ref()).map(|owner| owner.start.cron_job);
        if owner.is_some_and(|owner| self.store.standing_cron_job(owner).is_none()) {
            self.collect_job(job);
        }
    }

    /// The garbage collector deletes a Job's pods with it, which takes no time.
    pub(super) fn collect_pods(&mut self, job: JobId, owner_gone: bool) {
        let mut pods: Vec<_> = self.store.pods_of(job).map(|pod| pod.id).collect();
        pods.sort_by_key(|pod| pod.uid);
        for pod in pods {
            self.collect_pod(pod, owner_gone);
        }
    }

    /// A pod whose Job went while it was being created goes too, as does one that came to a Job that is deleted after its
    /// pods.
    pub(super) fn collect_orphaned_pod(&mut self, id: PodId) {
        let Some(job) = self.store.pod(id).filter(|pod| !pod.is_bare()).map(|pod| pod.job) else { return };
        let owner = self.store.standing_job(job);
        if owner.is_none_or(|job| job.foreground_deletion) && !self.outages.controllers_are_down() {
            self.collect_pod(id, owner.is_none());
        }
    }

    fn collect_pod(&mut self, pod: PodId, owner_gone: bool) {
        _ = self.store.delete_pod(ApiTime::of(self.now), pod);
        if owner_gone {
            self.release_orphan(pod);
        }
    }
}
