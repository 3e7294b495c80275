//! Which nodes nobody needs (`planner.categorizeNodes`), and which of them go now (`ScaleDown`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::World;
use super::super::evictions::BudgetState;
use super::{SEEN_AGAIN_AFTER, Unremovable, gpus, is_labelled, works};
use crate::api::meta::{NodeId, PodId};
use crate::api::node::{Node, Taint, TaintEffect};
use crate::api::pod::{Pod, PodTemplate};
use crate::kernel::time::SimDuration;
use crate::scenario::cluster::Autoscaler as Flags;
use crate::scheduler::{Packing, Snapshot};

/// A node that is not ready goes when it was not needed for so long (`--scale-down-unready-time`).
const UNREADY_TIME: SimDuration = SimDuration::from_secs(20 * 60);
/// Taints of candidates that are changed in a loop at most (`--max-bulk-soft-taint-count`).
const MOST_SOFT_TAINTS: usize = 10;
const CANDIDATE: &str = "DeletionCandidateOfClusterAutoscaler";
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const ON_COMPLETION: &str = "on-completion";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// What a pod means for its node's going (`drainability/rules`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drainability {
    /// It is evicted.
    Moves,
    /// The node waits for its end.
    Waits,
    /// It is of the node, and goes with it.
    GoesAlong,
    /// The node stays.
    Blocks,
}

impl World<'_> {
    /// Finds out which nodes are not needed, and takes some away if it may. Returns whether a node may go later.
    pub(super) fn scale_down(&mut self, flags: &Flags, may_delete: bool) -> bool {
        self.find_unneeded(flags);
        let cools = self.autoscaler.last_scale_up.is_some_and(|last| self.now.since(last) < flags.delay_after_add);
        if may_delete && !cools {
            self.take_unneeded(flags);
        }
        self.taint_candidates();
        cools || !may_delete
    }

    fn find_unneeded(&mut self, flags: &Flags) {
        let now = self.now;
        self.autoscaler.unremovable.retain(|_, of| of.until > now);
        let sizes = self.sizes();
        let is_of_large_pool = |node: &Node| {
            node.pool.is_some_and(|pool| sizes[pool as usize] > self.nodes.pool(pool).map_or(0, |pool| pool.bounds.0))
        };
        let is_candidate = |node: &Node| {
            let (id, of) = (node.id, &self.autoscaler);
            let is_known = of.leaving.contains_key(&id) || of.unremovable.contains_key(&id);
            !is_known && is_of_large_pool(node) && !self.is_starting(node)
        };
        let mut nodes: Vec<&Arc<Node>> = self.store.nodes().filter(|node| is_candidate(node)).collect();
        // The cluster is large, and as it is mostly says already that all nodes are busy.
        nodes.retain(|node| self.may_be_idle(node, flags));
        if nodes.is_empty() {
            self.autoscaler.unneeded.clear();
            return;
        }
        let (mut snapshot, targets) = self.picture(flags);
        let mut targets = Packing::from(targets, self.autoscaler.next_place);
        nodes.retain(|node| !is_busy(node, flags, |resource| snapshot.asked_of(node.id, resource)));
        let mut candidates: Vec<NodeId> = nodes.into_iter().map(|node| node.id).collect();
        // Empty nodes are looked at first, then those that were not needed in the last loop.
        candidates
            .sort_by_cached_key(|id| (self.standing_on(*id) > 0, !self.autoscaler.unneeded.contains_key(id), *id));
        let mut budgets: Vec<BudgetState> = self.budgets.iter().map(|budget| self.budget_state(budget)).collect();
        let mut unneeded = BTreeMap::new();
        for id in candidates {
            if self.is_removable(id, &mut snapshot, &mut targets, &mut budgets) {
                unneeded.insert(id, self.autoscaler.unneeded.get(&id).copied().unwrap_or(now));
            } else {
                let seen = self.store.version();
                self.autoscaler.unremovable.insert(id, Unremovable { until: now + SEEN_AGAIN_AFTER, seen });
            }
        }
        self.autoscaler.unneeded = unneeded;
    }

    /// Might a node not be busy in a picture of the cluster, where some pods take no room?
    fn may_be_idle(&self, node: &Node, flags: &Flags) -> bool {
        !is_busy(node, flags, |resource| self.scheduling.scheduler.asked_of(node.id, resource))
            || self.pods_on(node.id).into_iter().any(|pod| self.takes_no_room(pod, flags))
    }

    /// Could the node go: nothing on it that must stay, and a place for all of it elsewhere (`SimulateNodeRemoval`)? Those
    /// places, and what budgets allow, are taken then; of the node itself only its labels count from now on.
    fn is_removable(
        &self,
        id: NodeId,
        snapshot: &mut Snapshot,
        targets: &mut Packing,
        budgets: &mut [BudgetState],
    ) -> bool {
        let mut pods = snapshot.pods_on(id);
        let of = |pod: &PodId| self.drainability(*pod, budgets);
        if pods.iter().any(|pod| of(pod) == Drainability::Blocks) {
            return false;
        }
        pods.retain(|pod| of(pod) == Drainability::Moves);
        pods.iter().for_each(|&pod| snapshot.lift(pod));
        if !pods.iter().all(|&pod| targets.place(snapshot, pod, Some(id)).is_some()) {
            pods.iter().for_each(|&pod| snapshot.put(pod, id));
            return false;
        }
        targets.nodes.retain(|other| *other != id);
        for pod in pods {
            self.budgets_of(pod).for_each(|place| budgets[place].allowed = budgets[place].allowed.saturating_sub(1));
        }
        true
    }

    /// Places of the budgets that count a pod.
    fn budgets_of(&self, pod: PodId) -> impl Iterator<Item = usize> {
        let of = self.store.namespace_of(pod).zip(self.store.template_of(pod));
        let counts = move |(place, budget): (usize, &crate::api::disruption::PodDisruptionBudget)| {
            let (namespace, template) = of?;
            budget.selects(namespace, &template.labels).then_some(place)
        };
        self.budgets.iter().enumerate().filter_map(counts)
    }

    /// Jobs' pods do not hold their nodes: they count as replicated.
    fn drainability(&self, id: PodId, budgets: &[BudgetState]) -> Drainability {
        let (Some(pod), Some(template)) = (self.store.standing_pod(id), self.store.template_of(id)) else {
            return Drainability::Moves;
        };
        let is_orphan = |pod: &Pod| !pod.is_bare() && self.store.standing_job(pod.job).is_none();
        if is_orphan(pod) {
            return Drainability::Blocks;
        }
        if self.is_of_its_node(id) {
            return Drainability::GoesAlong;
        }
        match safe_to_evict(template) {
            Some("true") => return Drainability::Moves,
            Some(ON_COMPLETION) => return Drainability::Waits,
            Some("false") => return Drainability::Blocks,
            _ => {}
        }
        let is_kept = self.budgets_of(id).any(|place| budgets[place].allowed < 1);
        if pod.is_bare() || template.has_local_storage || is_kept { Drainability::Blocks } else { Drainability::Moves }
    }

    /// Those go that have not been needed for long enough, empty ones first, as many as may be on their way at a time.
    fn take_unneeded(&mut self, flags: &Flags) {
        let is_due = |(id, since): (&NodeId, &crate::kernel::time::SimTime)| {
            let is_ready = self.store.node(*id).is_some_and(|node| works(node));
            let time = if is_ready { flags.unneeded_time } else { UNREADY_TIME };
            (self.now.since(*since) >= time).then_some(*id)
        };
        let mut due: Vec<NodeId> = self.autoscaler.unneeded.iter().filter_map(is_due).collect();
        due.sort_by_key(|id| (self.standing_on(*id), *id));
        let mut draining = self.autoscaler.leaving.keys().filter(|id| self.standing_on(**id) > 0).count() as u32;
        for id in due {
            if self.autoscaler.leaving.len() as u32 >= flags.max_parallelism {
                break;
            }
            let is_waited_for = |of: &Arc<PodTemplate>| safe_to_evict(of) == Some(ON_COMPLETION);
            let waits = |pod: PodId| self.counts(pod) && self.store.template_of(pod).is_some_and(is_waited_for);
            if !self.pool_spares(id) || self.pods_on(id).into_iter().any(waits) {
                continue;
            }
            if self.standing_on(id) > 0 {
                if draining >= flags.max_drain_parallelism {
                    continue;
                }
                draining += 1;
            }
            self.take_away(id);
        }
    }

    /// Has the pool more nodes than it must have, those on their way out left aside (`verifyMinSize`)?
    fn pool_spares(&self, id: NodeId) -> bool {
        let Some(pool) = self.store.node(id).and_then(|node| node.pool) else { return false };
        let is_of_pool = |id: &&NodeId| self.store.node(**id).is_some_and(|node| node.pool == Some(pool));
        let leaving = self.autoscaler.leaving.keys().filter(is_of_pool).count() as u32;
        self.size(pool).saturating_sub(leaving) > self.nodes.pool(pool).map_or(0, |pool| pool.bounds.0)
    }

    /// Nodes that may go are tainted, so that pods rather go elsewhere (`UpdateSoftDeletionTaints`).
    fn taint_candidates(&mut self) {
        let is_tainted = |node: &Node| node.taints.iter().any(|taint| &*taint.key == CANDIDATE);
        let is_wanted = |node: &Node| self.autoscaler.unneeded.contains_key(&node.id);
        let is_leaving = |node: &Node| self.autoscaler.leaving.contains_key(&node.id);
        let wrong = |node: &&Arc<Node>| !is_leaving(node) && is_tainted(node) != is_wanted(node);
        let mut changes: Vec<(bool, NodeId)> =
            self.store.nodes().filter(wrong).map(|node| (is_wanted(node), node.id)).collect();
        changes.sort_unstable();
        let value = (self.start + (self.now.0 / crate::kernel::time::NANOS_PER_SECOND) as i64).to_string();
        for (comes, id) in changes.into_iter().take(MOST_SOFT_TAINTS) {
            let taint =
                Taint { key: CANDIDATE.into(), value: value.as_str().into(), effect: TaintEffect::PreferNoSchedule };
            _ = self.store.update_node(id, |node| match comes {
                true => node.taints.push(taint),
                false => node.taints.retain(|taint| &*taint.key != CANDIDATE),
            });
            self.tell();
        }
    }

    /// Pods on a node that hold a place there and are not the node's own.
    pub(super) fn standing_on(&self, id: NodeId) -> usize {
        self.pods_to_move(id).count()
    }

    pub(super) fn pods_to_move(&self, id: NodeId) -> impl Iterator<Item = PodId> {
        self.pods_on(id).into_iter().filter(|&pod| self.counts(pod) && !self.is_of_its_node(pod))
    }

    /// Is it the pod of a DaemonSet, or one that a kubelet runs by itself (`IsMirrorPod`)?
    fn is_of_its_node(&self, id: PodId) -> bool {
        self.store.bare_pod(id).is_some_and(|pod| {
            let metadata = &pod.manifest["metadata"];
            let owners = metadata["ownerReferences"].as_array().into_iter().flatten();
            let is_of_daemon_set = |owner: &Value| owner["controller"] == true && owner["kind"] == "DaemonSet";
            !metadata["annotations"][MIRROR].is_null() || owners.into_iter().any(is_of_daemon_set)
        })
    }
}

/// What a pod says of its own eviction.
fn safe_to_evict(template: &PodTemplate) -> Option<&str> {
    template.annotations.iter().find(|(key, _)| &**key == SAFE_TO_EVICT).map(|(_, value)| &**value)
}

/// Do the pods on a node ask for more of it than it may go with? Of GPUs alone, if it has some or is to have some.
fn is_busy(node: &Node, flags: &Flags, asked_of: impl Fn(&str) -> (i64, i64)) -> bool {
    let exceeds = |name: &str, threshold: u32| {
        let (asked, has) = asked_of(name);
        i128::from(asked) * 1000 > i128::from(has) * i128::from(threshold)
    };
    match gpus(node) {
        Some(name) => exceeds(name, flags.gpu_utilization_threshold),
        None if is_labelled(node) => false,
        None => ["cpu", "memory"].iter().any(|name| exceeds(name, flags.utilization_threshold)),
    }
}
