//! Nodes that nobody needs go (`ScaleDown`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::World;
use super::super::event::Event;
use super::super::evictions::Eviction;
use super::super::packing::{Free, places};
use super::{AutoscalerAlarm, SOURCE};
use crate::api::meta::{NodeId, ObjectId, PodId};
use crate::api::node::{Node, Taint, TaintEffect};
use crate::api::pod::{Pod, PodTemplate};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::Autoscaler as Flags;

/// From the taint of a node that is to go to its removal (`--node-delete-delay-after-taint`).
const AFTER_TAINT: SimDuration = SimDuration::from_secs(5);
/// An eviction is tried for this long (`--max-pod-eviction-time`).
const EVICTION_TIME: SimDuration = SimDuration::from_secs(120);
/// Between two looks at a drain.
const DRAIN_POLL: SimDuration = SimDuration::from_secs(5);
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";

impl World<'_> {
    /// Returns whether a node may go later.
    pub(super) fn scale_down(&mut self, flags: &Flags) -> bool {
        let takers = self.takers();
        let (mut unneeded, mut targets) = (BTreeMap::new(), takers.clone());
        let mut sizes: BTreeMap<u32, u32> = BTreeMap::new();
        // Empty nodes are looked at first, then those that were not needed in the last loop.
        let mut candidates: Vec<NodeId> = takers.iter().map(|(id, _)| *id).collect();
        let rank = |id: &NodeId| (self.standing_on(*id) > 0, !self.autoscaler.unneeded.contains_key(id), *id);
        candidates.sort_by_cached_key(rank);
        for id in &candidates {
            let Some(node) = self.store.node(*id).cloned() else { continue };
            let Some(pool) = node.pool else { continue };
            let size = *sizes.entry(pool).or_insert_with(|| self.size(pool));
            let least = self.nodes.pool(pool).map_or(0, |pool| pool.bounds.0);
            if size <= least || !self.is_removable(&node, flags, &mut targets) {
                continue;
            }
            sizes.insert(pool, size - 1);
            unneeded.insert(*id, self.autoscaler.unneeded.get(id).copied().unwrap_or(self.now));
        }
        self.autoscaler.unneeded = unneeded;
        let cools = self.autoscaler.last_scale_up.is_some_and(|last| self.now.since(last) < flags.delay_after_add);
        if cools {
            return true;
        }
        let due = |since: &SimTime| self.now.since(*since) > flags.unneeded_time;
        let mut due: Vec<NodeId> =
            self.autoscaler.unneeded.iter().filter(|(_, since)| due(since)).map(|(id, _)| *id).collect();
        due.sort_by_key(|id| (self.standing_on(*id), *id));
        let mut draining = self.autoscaler.leaving.keys().filter(|id| self.standing_on(**id) > 0).count() as u32;
        for id in due {
            if self.autoscaler.leaving.len() as u32 >= flags.max_parallelism {
                break;
            }
            if self.standing_on(id) > 0 {
                if draining >= flags.max_drain_parallelism {
                    continue;
                }
                draining += 1;
            }
            self.take_away(id);
        }
        false
    }

    fn standing_on(&self, id: NodeId) -> usize {
        self.pods_on(id).into_iter().filter(|&pod| self.counts(pod)).count()
    }

    /// Could the node go: little on it, nothing that must stay, and a place for all of it elsewhere? Those places are
    /// taken then.
    fn is_removable(&self, node: &Node, flags: &Flags, targets: &mut Vec<(NodeId, Free)>) -> bool {
        let pods: Vec<PodId> = self.pods_on(node.id).into_iter().filter(|&pod| self.counts(pod)).collect();
        let mut used = Free::nothing();
        let templates: Vec<Arc<PodTemplate>> =
            pods.iter().filter_map(|&pod| self.store.template_of(pod).cloned()).collect();
        templates.iter().for_each(|template| used.add(template));
        let (share, is_gpu) = used.utilization(node);
        let threshold = if is_gpu { flags.gpu_utilization_threshold } else { flags.utilization_threshold };
        if share > u64::from(threshold) || pods.iter().any(|&pod| self.blocks(pod)) {
            return false;
        }
        let mut others: Vec<Free> = targets.iter().filter(|(id, _)| *id != node.id).map(|(_, f)| f.clone()).collect();
        if !templates.iter().all(|template| places(&mut others, template)) {
            return false;
        }
        targets.retain(|(id, _)| *id != node.id);
        targets.iter_mut().zip(others).for_each(|((_, free), left)| *free = left);
        true
    }

    /// Does a pod hold its node (`drainability/rules`)? Jobs' pods do not: they count as replicated.
    fn blocks(&self, id: PodId) -> bool {
        let (Some(pod), Some(template)) = (self.store.standing_pod(id), self.store.template_of(id)) else {
            return false;
        };
        let safe = template.annotations.iter().find(|(key, _)| &**key == SAFE_TO_EVICT).map(|(_, value)| &**value);
        let orphan = |pod: &Pod| !pod.is_bare() && self.store.standing_job(pod.job).is_none();
        match safe {
            Some("true") => return false,
            Some("false" | "on-completion") => return true,
            _ => {}
        }
        if pod.is_bare() || orphan(pod) || template.has_local_storage {
            return true;
        }
        let Some(namespace) = self.store.namespace_of(id) else { return false };
        let mut budgets = self.budgets.iter().filter(|budget| budget.selects(namespace, &template.labels));
        budgets.any(|budget| self.budget_state(budget).allowed < 1)
    }

    /// The node is tainted and cordoned; five seconds later its pods are asked to go, or it goes at once.
    fn take_away(&mut self, id: NodeId) {
        self.autoscaler.unneeded.remove(&id);
        self.autoscaler.leaving.insert(id, self.now + AFTER_TAINT + EVICTION_TIME);
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

    pub(super) fn leave(&mut self, id: NodeId) {
        let Some(&until) = self.autoscaler.leaving.get(&id) else { return };
        let left: Vec<PodId> = self.pods_on(id).into_iter().filter(|&pod| self.counts(pod)).collect();
        if left.is_empty() {
            self.autoscaler.leaving.remove(&id);
            self.record_event(ObjectId::Node(id), false, "ScaleDown", SOURCE, "nodes removed by cluster autoscaler");
            self.remove_node(id);
            return self.wake_autoscaler(false);
        }
        let mut refused = false;
        for pod in left {
            let asked = self.store.standing_pod(pod).is_some_and(|pod| pod.deletion.is_some());
            if asked {
                continue;
            }
            match self.evict_pod(pod) {
                Eviction::Done => {
                    let message = "deleting pod for node scale down";
                    self.record_event(ObjectId::Pod(pod), false, "ScaleDown", SOURCE, message);
                }
                Eviction::TooManyRequests | Eviction::Failed => refused = true,
            }
        }
        if refused && self.now >= until {
            self.autoscaler.leaving.remove(&id);
            let message = "failed to drain and delete node: eviction refused";
            self.record_event(ObjectId::Node(id), true, "ScaleDownFailed", SOURCE, message);
            _ = self.store.update_node(id, |node| {
                node.taints.retain(|taint| &*taint.key != TO_BE_DELETED);
                node.unschedulable = false;
            });
            self.tell();
            return;
        }
        self.events.push(self.now + DRAIN_POLL, Event::Autoscaler(AutoscalerAlarm::Leaves(id)));
    }
}
