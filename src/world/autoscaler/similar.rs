//! Pools that are alike grow together (`--balance-similar-node-groups`).

use std::sync::Arc;

use crate::api::quantity::Quantity;
use crate::api::resources::ResourceList;
use crate::scenario::cluster::NodePool;

/// Labels in which pools that are alike may differ: where their nodes are, and what the clouds name their pools and
/// machines by (`BasicIgnoredLabels`, and those of AWS, Azure and GCE).
const MAY_DIFFER: [&str; 24] = [
    "agentpool",
    "aksEngineVersion",
    "alpha.eksctl.io/instance-id",
    "alpha.eksctl.io/nodegroup-name",
    "beta.kubernetes.io/fluentd-ds-ready",
    "creationSource",
    "eks.amazonaws.com/nodegroup",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "k8s.amazonaws.com/eniConfig",
    "kops.k8s.io/instancegroup",
    "kubernetes.azure.com/agentpool",
    "kubernetes.azure.com/consolidated-additional-properties",
    "kubernetes.azure.com/node-image-version",
    "kubernetes.io/hostname",
    "lifecycle",
    "poolName",
    "resourceNameSuffix",
    "topology.disk.csi.azure.com/zone",
    "topology.ebs.csi.aws.com/zone",
    "topology.gke.io/zone",
    "topology.k8s.aws/zone-id",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

/// How much less of its capacity in memory, and of what pods can use, a node may have than one that it is like
/// (`--memory-difference-ratio`, `--max-allocatable-difference-ratio`).
const MEMORY: f64 = 0.015;
const ALLOCATABLE: f64 = 0.05;

/// Are the nodes of two pools alike (`IsCloudProviderNodeInfoSimilar`)?
pub(super) fn are_similar(a: &NodePool, b: &NodePool) -> bool {
    let compared = |pool: &NodePool| -> Vec<_> {
        let labels = pool.labels.iter().filter(|(key, _)| !MAY_DIFFER.contains(&&**key));
        labels.cloned().collect()
    };
    let of_capacity = |name: &str| if name == "memory" { MEMORY } else { 0.0 };
    within(&a.capacity, &b.capacity, of_capacity)
        && within(&a.allocatable, &b.allocatable, |_| ALLOCATABLE)
        && compared(a) == compared(b)
}

/// Have both the same resources, the lesser amount at most such a share below the greater?
fn within(a: &ResourceList, b: &ResourceList, share: impl Fn(&str) -> f64) -> bool {
    let amount = |of: &Quantity| of.milli_value() as f64;
    let is_near = |(name, amount_a): (&Arc<str>, &Quantity)| {
        let Some(amount_b) = b.get(name) else { return false };
        let (a, b) = (amount(amount_a), amount(amount_b));
        (a - b).abs() <= a.max(b) * share(name)
    };
    a.len() == b.len() && a.iter().all(is_near)
}

/// A pool that may take some of the new nodes: how many it has and may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Growth {
    pub(super) pool: u32,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) most: u32,
}

/// Gives new nodes one by one to the smallest pool that has room, the first of several
/// (`BalanceScaleUpBetweenGroups`). Pools that get none are left out.
pub(super) fn balance(mut pools: Vec<Growth>, nodes: u32) -> Vec<Growth> {
    pools.sort_by_key(|of| of.from);
    for _ in 0..nodes {
        let Some(smallest) = pools.iter_mut().filter(|of| of.to < of.most).min_by_key(|of| of.to) else { break };
        smallest.to += 1;
    }
    pools.retain(|of| of.to > of.from);
    pools
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(pool: u32, from: u32, most: u32) -> Growth {
        Growth { pool, from, to: from, most }
    }

    #[test]
    fn the_smallest_pools_grow_first() {
        let check = |pools: &[(u32, u32)], nodes, wanted: &[(u32, u32)]| {
            let pools = (0..).zip(pools).map(|(pool, &(from, most))| growth(pool, from, most)).collect();
            let mut got: Vec<_> = balance(pools, nodes).iter().map(|of| (of.pool, of.to)).collect();
            got.sort_unstable();
            assert_eq!(got, wanted);
        };
        check(&[(0, 9), (0, 9), (0, 9)], 4, &[(0, 2), (1, 1), (2, 1)]);
        check(&[(3, 9), (1, 9), (0, 9)], 3, &[(1, 2), (2, 2)]);
        check(&[(0, 1), (0, 9)], 4, &[(0, 1), (1, 3)]);
        check(&[(0, 1), (0, 2)], 9, &[(0, 1), (1, 2)]);
    }
}
