//! The objects, their versions, and the change log.
//!
//! Only the world calls it. Each write stamps a new resource version and appends to the log; readers of the log
//! look at the object as it is when they are told, which for them is the object as of that write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::change_log::ChangeLog;
use super::cron_job_table::CronJobTable;
use super::job_table::{JobRecord, keep_lists};
use super::limit_range::LimitRange;
use super::node_table::NodeTable;
use super::pod_admission::Policies;
use super::pod_table::PodRecord;
use super::quota::{Quotas, ResourceQuota};
use crate::api::change::{Change, Verb};
use crate::api::meta::{JobId, ObjectName};
use crate::api::pod::PodTemplate;
use crate::api::priority::PriorityClass;
use crate::api::release::Rules;
use crate::api::request::Refusal;
use crate::kernel::slab::Slab;

/// All objects of the cluster.
#[derive(Debug, Default)]
pub struct Store {
    pub(super) cron_jobs: CronJobTable,
    pub(super) nodes: NodeTable,
    pub(super) jobs: Vec<Option<JobRecord>>,
    pub(super) free_jobs: Vec<u32>,
    /// By name. Names are long and alike: a number made of each comes first.
    pub(super) job_ids: BTreeMap<(u64, ObjectName), JobId>,
    /// How many Jobs of an identity were written by hand, each of which has another one.
    pub(super) jobs_by_hand: BTreeMap<u64, u32>,
    pub(super) jobs_created: u32,
    pub(super) pods: Slab<PodRecord>,
    /// Of Jobs that are gone: the memory of those to come.
    pub(super) spare_lists: Vec<[Vec<u32>; 2]>,
    pub(super) free_pods: Vec<u32>,
    pub(super) pods_created: u32,
    /// Names of bare pods.
    pub(super) bare_pods: BTreeSet<ObjectName>,
    pub(super) policies: Policies,
    pub(super) quotas: Quotas,
    version: u64,
    pub(super) changes: ChangeLog,
    pub(super) rules: Rules,
}

impl Store {
    /// An empty cluster of a release.
    pub fn new(rules: Rules) -> Store {
        Store { rules, ..Store::default() }
    }

    /// Forgets everything: an empty cluster of a release. Memory is kept.
    pub fn clear(&mut self, rules: Rules) {
        // All fields are named, so that none is forgotten.
        let Store {
            cron_jobs,
            nodes,
            jobs,
            free_jobs,
            job_ids,
            jobs_by_hand,
            jobs_created,
            pods,
            spare_lists,
            free_pods,
            pods_created,
            bare_pods,
            policies,
            quotas,
            version,
            changes,
            rules: own_rules,
        } = self;
        jobs.drain(..).flatten().for_each(|record| keep_lists(spare_lists, record));
        pods.clear();
        (*cron_jobs, *nodes) = (CronJobTable::default(), NodeTable::default());
        (*policies, *quotas) = (Policies::default(), Quotas::default());
        free_jobs.clear();
        job_ids.clear();
        jobs_by_hand.clear();
        free_pods.clear();
        bare_pods.clear();
        changes.clear();
        (*jobs_created, *pods_created, *version, *own_rules) = (0, 0, 0, rules);
    }

    /// The oldest write that was not asked for yet.
    pub fn next_change(&mut self) -> Option<Change> {
        self.changes.next()
    }

    /// Forgets a removed object once every reader has seen its last state.
    pub fn forget(&mut self, change: Change) {
        match change {
            Change::Pod(pod, Verb::Deleted) => {
                self.pods.remove(pod.slot);
                self.free_pods.push(pod.slot);
            }
            Change::Job(job, Verb::Deleted) => {
                if let Some(record) = &mut self.jobs[job.slot as usize] {
                    record.forgotten = true;
                }
                self.free_job(job);
            }
            Change::CronJob(cron_job, Verb::Deleted) => self.cron_jobs.forget(cron_job),
            _ => {}
        }
    }

    /// The slot of a forgotten Job is free once its last pod is gone.
    pub(super) fn free_job(&mut self, id: JobId) {
        let slot = &mut self.jobs[id.slot as usize];
        if slot.as_ref().is_some_and(|record| record.id == id && record.forgotten && record.pods.is_empty()) {
            slot.take().into_iter().for_each(|record| keep_lists(&mut self.spare_lists, record));
            self.free_jobs.push(id.slot);
        }
    }

    /// The resource version of the last write.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn stamp(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    // ---- what new pods are held against ----

    /// Stores a quota; pods and Jobs that stand already count.
    ///
    /// # Errors
    /// There is one of this name.
    pub fn create_quota(&mut self, quota: ResourceQuota) -> Result<(), Refusal> {
        let name = quota.name.clone();
        self.quotas.add(quota)?;
        for id in self.pod_ids() {
            let Some(counts) = self.pod_record(id).filter(|record| !record.gone).map(|record| record.counts) else {
                continue;
            };
            let (namespace, template) = (self.namespace_of(id).cloned(), self.template_of(id).cloned());
            if let (Some(namespace), Some(template)) = (namespace, template) {
                self.quotas.count_pod(&name, &namespace, &template, !counts);
            }
        }
        let jobs = self.jobs.iter().flatten().filter(|record| !record.gone);
        for _ in jobs.filter(|record| record.job.name.namespace == name.namespace) {
            self.quotas.count_job(&name);
        }
        Ok(())
    }

    /// All quotas.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Stores a LimitRange; pods that stand stay as they are.
    pub fn create_limit_range(&mut self, range: LimitRange) {
        self.policies.add_range(range);
    }

    /// Stores a PriorityClass.
    ///
    /// # Errors
    /// It is to be the default, which another is.
    pub fn create_priority_class(&mut self, class: PriorityClass) -> Result<(), Refusal> {
        if let Some(why) = self.policies.default_class().and_then(|default| class.forbidden_beside(default)) {
            return Err(Refusal::Forbidden(why.into()));
        }
        self.policies.add_class(class);
        Ok(())
    }

    /// What a pod is once admitted; it is charged to the quotas. Or what the server says after its name.
    pub(super) fn admit_bare_pod(
        &mut self,
        template: &Arc<PodTemplate>,
        namespace: &str,
    ) -> Result<Arc<PodTemplate>, String> {
        let admitted = self.policies.admit(template, namespace).map_err(|denied| denied.why)?;
        self.quotas.charge_pod(namespace, &admitted.template)?;
        Ok(admitted.template)
    }
}
