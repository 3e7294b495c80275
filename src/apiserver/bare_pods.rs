//! Pods that no Job made, and what is asked of any pod whether a Job made it or not.

use std::sync::Arc;

use super::pod_table::{PodRecord, new_pod, new_pod_id};
use super::store::Store;
use crate::api::meta::{ApiTime, ObjectName, PodId};
use crate::api::pod::PodTemplate;
use crate::api::request::Refusal;

/// What tells bare pods from other objects of the same name.
const POD: &str = "pod";

/// A pod that was submitted as such.
#[derive(Clone, Debug)]
pub struct BarePod {
    /// Namespace and name.
    pub name: ObjectName,
    /// What it is made of.
    pub template: Arc<PodTemplate>,
    /// The manifest with defaults.
    pub manifest: Arc<serde_json::Value>,
}

impl BarePod {
    /// What its draws are looked up by.
    pub fn identity(&self) -> u64 {
        self.name.identity(POD)
    }
}

impl Store {
    /// Stores a pod that no Job made.
    ///
    /// # Errors
    /// There is a pod of this name, or admission refuses it.
    pub fn create_bare_pod(&mut self, now: ApiTime, new: Arc<BarePod>) -> Result<PodId, Refusal> {
        if self.bare_pods.contains(&new.name) {
            return Err(Refusal::AlreadyExists);
        }
        let forbidden = |why| Refusal::Forbidden(format!("pods \"{}\" is forbidden: {why}", new.name.name).into());
        let template = self.admit_bare_pod(&new.template, &new.name.namespace).map_err(forbidden)?;
        self.bare_pods.insert(new.name.clone());
        let id = new_pod_id(&self.pods, &mut self.free_pods, &mut self.pods_created);
        let pod = new_pod(id, now, new.template.containers_to_be_ready());
        self.add_pod(PodRecord { pod, place: 0, template, bare: Some(new), counts: true, gone: false });
        Ok(id)
    }

    /// What a pod without a Job was made of.
    pub fn bare_pod(&self, id: PodId) -> Option<&Arc<BarePod>> {
        self.pod_record(id)?.bare.as_ref()
    }

    /// What a pod is made of.
    pub fn template_of(&self, id: PodId) -> Option<&Arc<PodTemplate>> {
        self.pod_record(id).map(|record| &record.template)
    }

    /// A pod's namespace.
    pub fn namespace_of(&self, id: PodId) -> Option<&Arc<str>> {
        let record = self.pod_record(id)?;
        match &record.bare {
            Some(bare) => Some(&bare.name.namespace),
            None => self.job_record(record.pod.job).map(|owner| &owner.job.name.namespace),
        }
    }

    /// A pod's name, generated where a Job made it.
    pub fn pod_name(&self, id: PodId) -> Option<String> {
        let record = self.pod_record(id)?;
        match &record.bare {
            Some(bare) => Some(bare.name.name.to_string()),
            None => {
                let owner = self.job_record(record.pod.job)?;
                Some(owner.job.pod_name(record.pod.index, record.pod.attempt))
            }
        }
    }

    /// All pods that stand, by creation.
    pub fn pod_ids(&self) -> Vec<PodId> {
        let mut ids: Vec<PodId> = self.pods.iter().map(|record| record.pod.id).collect();
        ids.sort_by_key(|id| id.uid);
        ids
    }

    pub(super) fn pod_record(&self, id: PodId) -> Option<&PodRecord> {
        self.pods.get(id.slot).filter(|record| record.pod.id == id)
    }

    /// The name of a bare pod that has gone is free again.
    pub(super) fn free_name(&mut self, id: PodId) {
        if let Some(name) = self.bare_pod(id).map(|bare| bare.name.clone()) {
            self.bare_pods.remove(&name);
        }
    }
}
