//! ResourceQuota on `pods`: pods that have not ended, in one namespace (`checkRequest` of the quota admission plugin).

use std::sync::Arc;

/// A quota and what is used of it.
#[derive(Clone, Debug)]
pub struct PodQuota {
    /// Namespace it counts in.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// `spec.hard.pods`.
    pub hard: i64,
    /// Pods that have not ended.
    pub used: i64,
}

impl PodQuota {
    /// The refusal of one more pod with this generated name, if the quota is used up.
    pub fn refusal(&self, pod: &str) -> Option<String> {
        (self.used + 1 > self.hard).then(|| {
            format!(
                "pods \"{pod}\" is forbidden: exceeded quota: {}, requested: pods=1, used: pods={}, limited: pods={}",
                self.name, self.used, self.hard
            )
        })
    }
}
