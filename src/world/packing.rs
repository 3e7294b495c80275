//! What is free on nodes, as the autoscaler reckons it: first fit of requests, taints, selectors.

use std::sync::Arc;

use super::nodes::labels_of;
use crate::api::node::{Node, Taint, TaintEffect};
use crate::api::pod::PodTemplate;
use crate::api::quantity::Quantity;
use crate::api::resources::ResourceList;
use crate::api::scheduling::{NodeOperator, NodeRequirement};
use crate::scenario::cluster::NodePool;

/// What pods can still have of a node, and which pods it takes.
#[derive(Clone, Debug)]
pub(super) struct Free {
    left: Vec<(Arc<str>, i64)>,
    all: Vec<(Arc<str>, i64)>,
    labels: Vec<(Arc<str>, Arc<str>)>,
    taints: Vec<Taint>,
}

/// Thousandths of processors, else whole units.
fn amount(name: &str, quantity: &Quantity) -> i64 {
    if name == "cpu" { quantity.milli_value() } else { quantity.value() }
}

fn amounts(list: &ResourceList) -> Vec<(Arc<str>, i64)> {
    list.iter().map(|(name, quantity)| (name.clone(), amount(name, quantity))).collect()
}

impl Free {
    pub(super) fn nothing() -> Free {
        Free { left: Vec::new(), all: Vec::new(), labels: Vec::new(), taints: Vec::new() }
    }

    /// An empty node.
    pub(super) fn of(node: &Node) -> Free {
        let all = amounts(&node.allocatable);
        Free { left: all.clone(), all, labels: node.labels.clone(), taints: node.taints.clone() }
    }

    /// An empty node of a pool, once all its devices are there.
    pub(super) fn of_pool(pool: &NodePool) -> Free {
        let all = amounts(&pool.allocatable);
        let taint = |t: &crate::scenario::cluster::PoolTaint| {
            Some(Taint { key: t.key.clone(), value: t.value.clone(), effect: TaintEffect::by_name(t.effect)? })
        };
        // A name that no node has.
        let labels = labels_of(pool, &format!("template-node-of-{}", pool.name).into());
        Free { left: all.clone(), all, labels, taints: pool.taints.iter().filter_map(taint).collect() }
    }

    /// A pod is put there.
    pub(super) fn take(&mut self, template: &PodTemplate) {
        for (name, quantity) in template.requests() {
            if let Some((_, left)) = self.left.iter_mut().find(|(known, _)| *known == name) {
                *left -= amount(&name, &quantity);
            }
        }
        if let Some((_, left)) = self.left.iter_mut().find(|(known, _)| &**known == "pods") {
            *left -= 1;
        }
    }

    /// A pod's requests are added to a sum.
    pub(super) fn add(&mut self, template: &PodTemplate) {
        for (name, quantity) in template.requests() {
            let more = amount(&name, &quantity);
            match self.all.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += more,
                None => self.all.push((name, more)),
            }
        }
    }

    fn get(list: &[(Arc<str>, i64)], name: &str) -> i64 {
        list.iter().find(|(known, _)| &**known == name).map_or(0, |(_, amount)| *amount)
    }

    /// Thousandths of a node that a sum of requests asks for, by what it asks for most of; of GPUs alone, if it has some.
    pub(super) fn utilization(&self, node: &Node) -> (u64, bool) {
        let share = |name: &str| {
            let has = node.allocatable.get(name).map_or(0, |quantity| amount(name, quantity));
            if has == 0 { 0 } else { Free::get(&self.all, name) as u64 * 1000 / has as u64 }
        };
        let gpu = node.allocatable.iter().find(|(name, amount)| name.contains("gpu") && !amount.is_zero());
        match gpu {
            Some((name, _)) => (share(name), true),
            None => (share("cpu").max(share("memory")), false),
        }
    }

    /// Millionths of an empty node that a pod asks for: processors and memory added up.
    pub(super) fn share_of(&self, template: &PodTemplate) -> i64 {
        let requests = template.requests();
        let share = |name: &str| {
            let asked = requests.get(name).map_or(0, |quantity| amount(name, quantity));
            asked.saturating_mul(1_000_000) / Free::get(&self.all, name).max(1)
        };
        share("cpu").saturating_add(share("memory"))
    }

    /// Millionths of its processors and memory that are left.
    pub(super) fn idle_share(&self) -> i64 {
        let share =
            |name: &str| Free::get(&self.left, name).saturating_mul(1_000_000) / Free::get(&self.all, name).max(1);
        share("cpu").saturating_add(share("memory"))
    }
}

/// Does a pod fit?
pub(super) fn fits(free: &Free, template: &PodTemplate) -> bool {
    let rules = &template.scheduling;
    let tolerated = |taint: &Taint| {
        taint.effect == TaintEffect::PreferNoSchedule
            || rules.tolerations.iter().any(|own| own.tolerates(&taint.key, &taint.value, taint.effect))
    };
    let label = |key: &str| free.labels.iter().find(|(known, _)| &**known == key).map(|(_, value)| value);
    let holds = |of: &NodeRequirement| {
        let value = label(&of.key);
        let number = |text: &Arc<str>| text.parse::<i64>().ok();
        let bound = of.values.first().and_then(number);
        match of.operator {
            NodeOperator::In => value.is_some_and(|value| of.values.contains(value)),
            NodeOperator::NotIn => value.is_none_or(|value| !of.values.contains(value)),
            NodeOperator::Exists => value.is_some(),
            NodeOperator::DoesNotExist => value.is_none(),
            NodeOperator::Gt => value.and_then(number).zip(bound).is_some_and(|(value, bound)| value > bound),
            NodeOperator::Lt => value.and_then(number).zip(bound).is_some_and(|(value, bound)| value < bound),
        }
    };
    free.taints.iter().all(tolerated)
        && rules.node_selector.iter().all(|(key, value)| label(key) == Some(value))
        && rules
            .required_nodes
            .as_ref()
            .is_none_or(|terms| terms.iter().any(|term| !term.labels.is_empty() && term.labels.iter().all(holds)))
        && Free::get(&free.left, "pods") > 0
        && template.requests().iter().all(|(name, quantity)| {
            let asked = amount(name, quantity);
            asked == 0 || asked <= Free::get(&free.left, name)
        })
}

/// Puts a pod on the first node that takes it.
pub(super) fn places(nodes: &mut [Free], template: &PodTemplate) -> bool {
    match nodes.iter_mut().find(|free| fits(free, template)) {
        Some(free) => {
            free.take(template);
            true
        }
        None => false,
    }
}
