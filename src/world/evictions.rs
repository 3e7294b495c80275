//! Evictions: the eviction API with its disruption budgets, and drains of nodes.

use std::sync::Arc;

use super::World;
use super::event::Event;
use crate::api::disruption::{IntOrPercent, PodDisruptionBudget};
use crate::api::meta::{NodeId, PodId};
use crate::api::pod::{PodPhase, PodTemplate};
use crate::kernel::time::SimDuration;

/// A refused eviction is asked for again after this, as `kubectl drain` and the cluster autoscaler do.
const RETRY: SimDuration = SimDuration::from_secs(5);

/// The answer to an eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eviction {
    /// The pod is being deleted, or gone.
    Done,
    /// 429: a disruption budget does not allow it now.
    TooManyRequests,
    /// 500: more than one budget is for this pod.
    Failed,
}

impl World<'_> {
    /// The eviction API on one pod (`EvictionREST.Create`).
    pub(super) fn evict_pod(&mut self, id: PodId) -> Eviction {
        self.evict_pod_within(id, u32::MAX)
    }

    /// The same, with no more seconds of grace than these.
    pub(super) fn evict_pod_within(&mut self, id: PodId, grace: u32) -> Eviction {
        let Some(pod) = self.store.standing_pod(id) else { return Eviction::Done };
        if pod.deletion.is_some() || pod.status.phase != PodPhase::Running {
            self.disrupt_within(id, "EvictionByEvictionAPI", grace);
            return Eviction::Done;
        }
        let ready = pod.status.ready;
        let (Some(namespace), Some(template)) = (self.store.namespace_of(id), self.store.template_of(id)) else {
            return Eviction::Done;
        };
        let mut budgets = self.budgets.iter().filter(|budget| budget.selects(namespace, &template.labels));
        let (budget, another) = (budgets.next(), budgets.next().is_some());
        if another {
            return Eviction::Failed;
        }
        let allowed = match budget {
            None => true,
            Some(budget) => {
                let state = self.budget_state(budget);
                let unhealthy_may =
                    budget.always_allow_unhealthy || (state.healthy >= state.desired && state.desired > 0);
                (!ready && unhealthy_may) || state.allowed > 0
            }
        };
        if !allowed {
            return Eviction::TooManyRequests;
        }
        self.disrupt_within(id, "EvictionByEvictionAPI", grace);
        Eviction::Done
    }

    /// What the disruption controller writes of a budget (`trySync`). Jobs have no scale: a share of their pods, or a
    /// number of unavailable ones, cannot be worked out, and nothing may be disrupted then.
    pub(super) fn budget_state(&self, budget: &PodDisruptionBudget) -> BudgetState {
        let mut state = BudgetState::default();
        let mut expected = 0;
        // Pods of a Job follow each other and have one template.
        let mut last: Option<(&Arc<str>, &Arc<PodTemplate>, bool)> = None;
        for id in self.store.pod_ids() {
            let Some(pod) = self.store.standing_pod(id) else { continue };
            let Some((namespace, template)) = self.store.namespace_of(id).zip(self.store.template_of(id)) else {
                continue;
            };
            let selected = match last {
                Some((of, like, selected)) if Arc::ptr_eq(of, namespace) && Arc::ptr_eq(like, template) => selected,
                _ => budget.selects(namespace, &template.labels),
            };
            last = Some((namespace, template, selected));
            if !selected {
                continue;
            }
            expected += 1;
            state.healthy += u32::from(pod.status.ready && pod.deletion.is_none());
        }
        match (budget.min_available, budget.max_unavailable) {
            (Some(IntOrPercent::Int(least)), None) => state.desired = least,
            _ => return BudgetState { desired: u32::MAX, ..state },
        }
        state.allowed = if expected == 0 { 0 } else { state.healthy.saturating_sub(state.desired) };
        state
    }

    /// `kubectl drain`: the node takes no more pods, and those on it are evicted, again and again until none is left.
    pub(super) fn drain(&mut self, node: NodeId) {
        if self.store.update_node(node, |node| node.unschedulable = true).is_err() {
            return;
        }
        self.tell();
        for pod in self.go_on_draining(node) {
            self.answer_to_eviction(pod, Eviction::TooManyRequests);
        }
    }

    /// Asks for the eviction of all pods that are left. Returns those that may not go yet.
    pub(super) fn go_on_draining(&mut self, node: NodeId) -> Vec<PodId> {
        let mut refused = Vec::new();
        if self.store.standing_node(node).is_none_or(|node| !node.unschedulable) {
            return refused;
        }
        for pod in self.pods_on(node) {
            let waits = self.store.standing_pod(pod).is_some_and(|pod| pod.is_active());
            if waits && self.evict_pod(pod) == Eviction::TooManyRequests {
                refused.push(pod);
            }
        }
        if !refused.is_empty() {
            self.events.push(self.now + RETRY, Event::Drain(node));
        }
        refused
    }

    /// `kubectl cordon` and `uncordon`.
    pub(super) fn cordon(&mut self, node: NodeId, unschedulable: bool) {
        _ = self.store.update_node(node, |node| node.unschedulable = unschedulable);
        self.tell();
    }
}

/// `status` of a disruption budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BudgetState {
    /// Ready pods.
    pub(super) healthy: u32,
    /// So many of them are wanted.
    pub(super) desired: u32,
    /// So many may go.
    pub(super) allowed: u32,
}
