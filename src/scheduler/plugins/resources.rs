//! Requests against what nodes have: NodeResourcesFit, NodePorts, NodeResourcesBalancedAllocation.

use super::super::node_info::{NodeFacts, NodeInfo};
use super::super::requests::{CPU, MEMORY};
use super::super::shape::{Port, ShapeSpec};
use super::{Plugin, Reason, Rejection};

const MAX_SCORE: i64 = 100;

pub(in super::super) fn filter_ports(pod: &ShapeSpec, node: &NodeInfo) -> Result<(), Rejection> {
    if pod.ports.is_empty() || !conflict(&pod.ports, &node.ports) {
        return Ok(());
    }
    let text = "node(s) didn't have free ports for the requested pod ports";
    Err(Rejection::now(Plugin::NodePorts, text))
}

/// Is a port of one list taken by one of the other?
pub(in super::super) fn conflict(wanted: &[Port], taken: &[Port]) -> bool {
    wanted.iter().any(|port| taken.iter().any(|other| port.conflicts(*other)))
}

/// Lists all that is short (`fitsRequest`).
pub(in super::super) fn filter(pod: &ShapeSpec, node: &NodeInfo) -> Result<(), Rejection> {
    let short_of_pods = node.pods.len() as i64 + 1 > node.facts.pods_allowed;
    let (mut short, mut unresolvable) = (0u128, false);
    for (resource, &request) in pod.requests.plain.iter().enumerate() {
        let allocatable = node.facts.allocatable(resource);
        if request > 0 && request > allocatable - node.requested(resource) {
            short |= 1 << resource.min(127);
            unresolvable |= request > allocatable;
        }
    }
    if !short_of_pods && short == 0 {
        return Ok(());
    }
    let reason = Reason::Short { pods: short_of_pods, resources: short };
    Err(Rejection { plugin: Plugin::NodeResourcesFit, unresolvable, reason })
}

/// Would the pod fit on the node without any pods?
pub(in super::super) fn fits_empty(pod: &ShapeSpec, node: &NodeFacts) -> bool {
    let requests = pod.requests.plain.iter().enumerate();
    node.pods_allowed >= 1
        && requests.into_iter().all(|(resource, &amount)| amount <= node.allocatable(resource).max(0))
}

/// Has the node more of something that the pod asks for than it had (`haveAnyRequestedResourcesIncreased`)?
pub(in super::super) fn has_grown(pod: &ShapeSpec, old: &NodeFacts, new: &NodeFacts) -> bool {
    let grown =
        |(resource, &amount): (usize, &i64)| amount > 0 && new.allocatable(resource) > old.allocatable(resource);
    new.pods_allowed > old.pods_allowed || pod.requests.plain.iter().enumerate().any(grown)
}

/// How much of cpu and memory would be left, of 100 (`leastResourceScorer`).
pub(in super::super) fn least_allocated(pod: &ShapeSpec, node: &NodeInfo) -> i64 {
    let (mut sum, mut resources) = (0, 0);
    for resource in [CPU, MEMORY] {
        let allocatable = node.facts.allocatable(resource);
        if allocatable == 0 {
            continue;
        }
        let used = node.counted[resource] + pod.requests.scored[resource];
        if used <= allocatable {
            sum += share(allocatable - used, allocatable);
        }
        resources += 1;
    }
    if resources == 0 { 0 } else { sum / resources }
}

/// `part * 100 / whole`, also where the product has more than 64 bits.
fn share(part: i64, whole: i64) -> i64 {
    match part.checked_mul(MAX_SCORE) {
        Some(product) => product / whole,
        None => (i128::from(part) * i128::from(MAX_SCORE) / i128::from(whole)) as i64,
    }
}

/// Does the pod ask for neither cpu nor memory, so that balance is not looked at?
pub(in super::super) fn is_best_effort(pod: &ShapeSpec) -> bool {
    pod.requests.plain(CPU) == 0 && pod.requests.plain(MEMORY) == 0
}

/// How much the pod improves the balance of cpu and memory; about 75 if it does not.
pub(in super::super) fn balanced(pod: &ShapeSpec, node: &NodeInfo) -> i64 {
    let with = balance(node, [pod.requests.plain(CPU), pod.requests.plain(MEMORY)]);
    let without = balance(node, [0, 0]);
    MAX_SCORE / 2 + (MAX_SCORE / 2 + with - without) / 2
}

/// 100 less the standard deviation of the used shares (`balancedResourceScorer`).
fn balance(node: &NodeInfo, more: [i64; 2]) -> i64 {
    let fraction = |resource: usize| {
        let allocatable = node.facts.allocatable(resource);
        let used = (node.requested(resource) + more[resource]) as f64;
        (allocatable != 0).then(|| (used / allocatable as f64).min(1.0))
    };
    let deviation = match (fraction(CPU), fraction(MEMORY)) {
        (Some(cpu), Some(memory)) => ((cpu - memory) / 2.0).abs(),
        _ => 0.0,
    };
    ((1.0 - deviation) * MAX_SCORE as f64) as i64
}
