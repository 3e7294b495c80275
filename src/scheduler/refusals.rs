//! What pods were told that found no node: pods of the same shape are told the same until something changes.

use std::collections::BTreeMap;

use super::attempt::Refusal;
use super::cluster::{Cluster, KnownPod};

/// Refusals by shape.
#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<u32, Known>);

#[derive(Debug)]
struct Known {
    version: u64,
    epoch: u64,
    refusal: Refusal,
    processed: usize,
}

impl Refusals {
    /// What a pod would be told that tried now, and how far its search would move on.
    pub(super) fn get(&self, pod: &KnownPod, cluster: &Cluster) -> Option<(Refusal, usize)> {
        let (refusal, processed) = self.of_shape(pod.shape.number(), cluster)?;
        is_plain(pod, cluster).then(|| (refusal.clone(), processed))
    }

    /// What all pods of a shape are told as things stand.
    pub(super) fn of_shape(&self, number: u32, cluster: &Cluster) -> Option<(&Refusal, usize)> {
        let known = self.0.get(&number)?;
        let holds = known.version == cluster.version() && known.epoch == cluster.epoch && cluster.nominated.is_empty();
        holds.then_some((&known.refusal, known.processed))
    }

    /// Keeps what a pod was told, if it asks for nothing.
    pub(super) fn keep(&mut self, pod: &KnownPod, refusal: &Refusal, processed: usize, cluster: &Cluster) {
        let asks_for_nothing = refusal.victims.is_empty() && refusal.nomination.is_none_or(|new| new.is_none());
        if asks_for_nothing && is_plain(pod, cluster) {
            let (version, epoch) = (cluster.version(), cluster.epoch);
            let known = Known { version, epoch, refusal: refusal.clone(), processed };
            self.0.insert(pod.shape.number(), known);
        }
    }

    pub(super) fn forget(&mut self, shapes: &[u32]) {
        shapes.iter().for_each(|number| _ = self.0.remove(number));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Do promises play no part?
pub(super) fn is_plain(pod: &KnownPod, cluster: &Cluster) -> bool {
    pod.nominated.is_none() && cluster.nominated.is_empty()
}
