//! How many nodes of a pool it would take to place some pods (`BinpackingNodeEstimator`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::meta::{JobId, PodId};
use crate::api::node::Node;
use crate::api::pod::PodTemplate;
use crate::api::quantity::Quantity;
use crate::api::resources::{self, ResourceList};
use crate::kernel::time::SimTime;
use crate::scheduler::{Packing, Snapshot};

/// A pod without a place.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) id: PodId,
    pub(super) job: JobId,
    pub(super) index: Option<u32>,
    pub(super) born: SimTime,
    pub(super) template: Arc<PodTemplate>,
}

/// A way to place pods: so many nodes of a pool.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) pool: u32,
    pub(super) nodes: u32,
    pub(super) pods: Vec<PodId>,
    /// What these ask for, added up.
    pub(super) asked: ResourceList,
    /// Pools that may take some of the nodes.
    pub(super) similar: Vec<u32>,
}

/// Pods that are alike.
pub(super) type Group<'p> = Vec<&'p Pending>;

/// Which of the groups a new node like this would help (`SchedulablePodGroups`).
pub(super) fn helped(groups: &[Group<'_>], node: &Node, snapshot: &mut Snapshot) -> Vec<bool> {
    let probe = snapshot.add_node(node);
    let helped = groups.iter().map(|group| snapshot.takes(group[0].id, probe)).collect();
    snapshot.remove_node(probe);
    helped
}

/// How many nodes of a pool the pods need that it can help, with its nodes, made by `node`, among those of the cluster: the
/// largest pods first, pods that are alike one after the other.
pub(super) fn estimate(
    mut groups: Vec<Group<'_>>,
    pool: u32,
    node: impl Fn(usize) -> Node,
    most: u32,
    snapshot: &mut Snapshot,
) -> Option<Choice> {
    let has = node(0).allocatable;
    let share = |pod: &Pending| share_of(&pod.template.requests(), &has);
    groups.sort_by(|a, b| share(b[0]).total_cmp(&share(a[0])));
    let (mut opened, mut used) = (Packing::on(Vec::new()), BTreeSet::new());
    let mut pods: Vec<&Pending> = Vec::new();
    for group in groups {
        let mut group = group.into_iter().peekable();
        while let Some(node) = group.peek().and_then(|pod| opened.place(snapshot, pod.id, None)) {
            used.insert(node);
            pods.extend(group.next());
        }
        // Where one has found no room, only the last node is tried; the next one is opened once that holds something.
        while let Some(pod) = group.peek() {
            let last = opened.nodes.last().copied();
            if let Some(last) = last.filter(|&last| snapshot.takes(pod.id, last)) {
                snapshot.put(pod.id, last);
                used.insert(last);
                pods.extend(group.next());
            } else if last.is_none_or(|last| used.contains(&last)) && (opened.nodes.len() as u32) < most {
                opened.add(snapshot.add_node(&node(opened.nodes.len())));
            } else {
                break;
            }
        }
    }
    pods.iter().for_each(|pod| snapshot.lift(pod.id));
    opened.nodes.iter().rev().for_each(|&node| snapshot.remove_node(node));
    if pods.is_empty() {
        return None;
    }
    let mut asked = ResourceList::new();
    pods.iter().for_each(|pod| resources::add(&mut asked, &pod.template.requests()));
    let pods = pods.iter().map(|pod| pod.id).collect();
    Some(Choice { pool, nodes: used.len() as u32, pods, asked, similar: Vec::new() })
}

/// Pods of one Job that are alike; those with an index, and those of nobody, are unlike all others
/// (`BuildPodGroups`).
pub(super) fn alike(pending: &[Pending]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut of_jobs: BTreeMap<JobId, usize> = BTreeMap::new();
    for pod in pending {
        let known = of_jobs.get(&pod.job).copied().filter(|_| pod.index.is_none() && pod.job != JobId::NONE);
        match known {
            Some(group) => groups[group].push(pod),
            None => {
                of_jobs.insert(pod.job, groups.len());
                groups.push(vec![pod]);
            }
        }
    }
    groups
}

/// Processors in thousandths, bytes of memory.
pub(super) fn processors_and_memory(list: &ResourceList) -> [f64; 2] {
    let amount = |name: &str, read: fn(&Quantity) -> i64| list.get(name).map_or(0.0, |quantity| read(quantity) as f64);
    [amount("cpu", Quantity::milli_value), amount("memory", Quantity::value)]
}

/// What a pod asks for of a node, processors and memory added up (`calculatePodScore`).
fn share_of(asked: &ResourceList, has: &ResourceList) -> f64 {
    let shares = processors_and_memory(asked).into_iter().zip(processors_and_memory(has));
    shares.filter(|(_, has)| *has > 0.0).map(|(asked, has)| asked / has).sum()
}
