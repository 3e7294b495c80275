//! What containers ask for and may use.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::quantity::Quantity;

/// Amounts by resource: `cpu`, `memory`, `nvidia.com/gpu`.
pub type ResourceList = BTreeMap<Arc<str>, Quantity>;

/// `resources` of a container or a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// What is set aside for it.
    pub requests: ResourceList,
    /// What it may use at most.
    pub limits: ResourceList,
}

/// Is it a resource that a pod may ask for as a whole (`IsSupportedPodLevelResource`)?
pub fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

/// Is it memory in pages of a size?
pub fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Adds amounts to others.
pub fn add(to: &mut ResourceList, more: &ResourceList) {
    for (name, amount) in more {
        match to.get_mut(name) {
            Some(sum) => *sum = sum.add(amount),
            None => _ = to.insert(name.clone(), amount.clone()),
        }
    }
}

/// Raises amounts to others where those are more.
pub fn raise(to: &mut ResourceList, least: &ResourceList) {
    for (name, amount) in least {
        match to.get_mut(name) {
            Some(sum) if *sum >= *amount => {}
            Some(sum) => *sum = amount.clone(),
            None => _ = to.insert(name.clone(), amount.clone()),
        }
    }
}
