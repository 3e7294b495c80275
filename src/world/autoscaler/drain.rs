//! A node on its way out: taint, eviction of its pods, removal (`Actuator`).

use super::super::World;
use super::super::event::Event;
use super::super::evictions::Eviction;
use super::{AutoscalerAlarm, Leaving, SOURCE};
use crate::api::meta::{NodeId, ObjectId, PodId};
use crate::api::node::{Taint, TaintEffect};
use crate::kernel::time::{SimDuration, SimTime};

/// From the taint of a node that is to go to its removal (`--node-delete-delay-after-taint`).
const AFTER_TAINT: SimDuration = SimDuration::from_secs(5);
/// An eviction that is refused is tried again after this, for so long (`--max-pod-eviction-time`).
const RETRY: SimDuration = SimDuration::from_secs(10);
const EVICTION_TIME: SimDuration = SimDuration::from_secs(120);
/// Most seconds of grace that a pod gets (`--max-graceful-termination-sec`), and how long after that it may still be there.
const MOST_GRACE: u32 = 600;
const HEADROOM: SimDuration = SimDuration::from_secs(30);
/// Between two looks at pods that were told to go.
const POLL: SimDuration = SimDuration::from_secs(5);
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";

impl World<'_> {
    /// The node is tainted and cordoned; five seconds later its pods are asked to go, or it goes at once.
    pub(super) fn take_away(&mut self, id: NodeId) {
        self.autoscaler.unneeded.remove(&id);
        let was_empty = self.standing_on(id) == 0;
        self.says_it_removes(id);
        self.autoscaler.leaving.insert(id, Leaving { begun: self.now + AFTER_TAINT, was_empty });
        let taint = Taint { key: TO_BE_DELETED.into(), value: "".into(), effect: TaintEffect::NoSchedule };
        _ = self.store.update_node(id, |node| {
            node.taints.push(taint);
            node.unschedulable = true;
        });
        self.tell();
        let message = "marked the node as toBeDeleted/unschedulable";
        self.record_event(ObjectId::Node(id), false, "ScaleDown", SOURCE, message);
        self.events.push(self.now + AFTER_TAINT, Event::Autoscaler(AutoscalerAlarm::Leaves(id)));
    }

    /// Asks those of its pods to go that were not asked, or looks whether they are gone.
    pub(super) fn leave(&mut self, id: NodeId) {
        let Some(&Leaving { begun, was_empty }) = self.autoscaler.leaving.get(&id) else { return };
        let left: Vec<PodId> = self.pods_to_move(id).collect();
        if left.is_empty() {
            self.record_event(ObjectId::Node(id), false, "ScaleDown", SOURCE, "nodes removed by cluster autoscaler");
            self.says_it_removed(id, was_empty);
            self.remove_node(id);
            return self.wake_autoscaler(false);
        }
        if was_empty {
            let name = self.store.node(id).map_or("", |node| &node.name);
            let why = format!("failed to delete empty node \"{name}\", new pods scheduled");
            return self.stays_after_all(id, &format!("failed to delete empty node: {why}"));
        }
        let mut refused = false;
        for pod in left {
            if self.store.standing_pod(pod).is_some_and(|pod| pod.deletion.is_some()) {
                continue;
            }
            match self.evict_pod_within(pod, MOST_GRACE) {
                Eviction::Done => {
                    let message = "deleting pod for node scale down";
                    self.record_event(ObjectId::Pod(pod), false, "ScaleDown", SOURCE, message);
                }
                Eviction::TooManyRequests | Eviction::Failed => refused = true,
            }
        }
        let (next, most) = match refused {
            true => (RETRY, EVICTION_TIME),
            false => (POLL, SimDuration::from_secs(MOST_GRACE.into()) + HEADROOM),
        };
        if self.now >= begun + most {
            let why = if refused { "eviction refused" } else { "pods remaining after timeout" };
            return self.stays_after_all(id, &format!("failed to drain and delete node: {why}"));
        }
        self.events.push(self.now + next, Event::Autoscaler(AutoscalerAlarm::Leaves(id)));
    }

    /// It could not go: the node takes pods again, even if somebody had cordoned it before (`CleanTaints`).
    fn stays_after_all(&mut self, id: NodeId, message: &str) {
        self.autoscaler.leaving.remove(&id);
        self.record_event(ObjectId::Node(id), true, "ScaleDownFailed", SOURCE, message);
        _ = self.store.update_node(id, |node| {
            node.taints.retain(|taint| &*taint.key != TO_BE_DELETED);
            node.unschedulable = false;
        });
        self.tell();
    }

    /// Does a pod still hold its place: it has not ended, nor has it been going for so long that nobody waits for it any
    /// more (`IsPodLongTerminating`)?
    pub(in super::super) fn counts(&self, pod: PodId) -> bool {
        self.store.standing_pod(pod).is_some_and(|pod| {
            let gone_by = pod.deletion.map_or(SimTime::MAX, |deletion| {
                deletion.asked.instant() + SimDuration::from_secs(u64::from(deletion.grace)) + HEADROOM
            });
            !pod.status.phase.is_terminal() && self.now <= gone_by
        })
    }
}
