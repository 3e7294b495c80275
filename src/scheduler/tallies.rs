//! Why no node takes pods of a shape, node by node: kept up to date with the nodes that change, so that a pod which
//! finds nothing again and again costs what changed since, and not a look at every node.
//!
//! As the index does, it serves pods whose verdict on a node hangs on that node and its pods alone. Where pods of lower
//! priority run somewhere, preemption has to look at nodes itself.

use std::collections::BTreeMap;

use super::attempt::Refusal;
use super::cluster::{Cluster, KnownPod};
use super::cycle::filter_locally;
use super::index::is_served;
use super::message;
use super::plugins::{Plugins, Rejection};
use super::shape::Shape;
use crate::api::meta::NodeId;

/// Stands for the verdict on a node that is feasible.
const FEASIBLE: u16 = u16::MAX;
/// Memory that tallies may take.
const MOST_BYTES: usize = 16 << 20;

/// Tallies of the shapes that were refused before.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<u32, Tally>);

/// The verdicts on all nodes for a shape.
#[derive(Debug, Default)]
struct Tally {
    /// What the verdicts are up to date with; none at first.
    version: Option<(u64, u64)>,
    /// Verdicts that were met, and how many nodes have each.
    kinds: Vec<(Rejection, usize)>,
    /// Place in `kinds`, by the place of the node in the order.
    verdicts: Vec<u16>,
    feasible: usize,
}

impl Tallies {
    /// A pod of this shape found no node: it will try again.
    pub(super) fn expect(&mut self, shape: &Shape, cluster: &Cluster) {
        let most = MOST_BYTES / (2 * cluster.order().len()).max(1);
        if self.0.len() < most {
            self.0.entry(shape.number()).or_default();
        }
    }

    /// What a search over all nodes would come to, if it is known to find none.
    pub(super) fn refusal(&mut self, pod: &KnownPod, cluster: &Cluster) -> Option<Refusal> {
        let tally = self.0.get_mut(&pod.shape.number())?;
        if cluster.order().is_empty() || cluster.has_lower(pod.shape.priority) || !is_served(pod, cluster) {
            return None;
        }
        tally.catch_up(&pod.shape, cluster);
        (tally.feasible == 0).then(|| tally.refusal_of(pod, cluster))
    }

    pub(super) fn forget(&mut self, shapes: &[u32]) {
        shapes.iter().for_each(|number| _ = self.0.remove(number));
    }
}

impl Tally {
    fn catch_up(&mut self, shape: &Shape, cluster: &Cluster) {
        let changed = self.version.filter(|(_, epoch)| *epoch == cluster.epoch);
        let changed = changed.and_then(|(version, _)| cluster.changed_since(version));
        match changed {
            Some(nodes) if nodes.len() <= cluster.order().len() => {
                for &id in nodes {
                    let Some(place) = cluster.place_of(id) else { continue };
                    match self.verdicts[place] {
                        FEASIBLE => self.feasible -= 1,
                        kind => self.kinds[usize::from(kind)].1 -= 1,
                    }
                    self.verdicts[place] = self.verdict(shape, id, cluster);
                }
            }
            _ => {
                *self = Tally::default();
                for &id in cluster.order() {
                    let verdict = self.verdict(shape, id, cluster);
                    self.verdicts.push(verdict);
                }
            }
        }
        self.version = Some((cluster.version(), cluster.epoch));
    }

    /// The verdict on a node, which is counted.
    fn verdict(&mut self, shape: &Shape, id: NodeId, cluster: &Cluster) -> u16 {
        let rejection = cluster.node(id).map(|node| filter_locally(shape, node, cluster));
        let Some(Err(rejection)) = rejection else {
            self.feasible += 1;
            return FEASIBLE;
        };
        let known = self.kinds.iter().position(|(known, _)| *known == rejection);
        let kind = known.unwrap_or_else(|| {
            self.kinds.push((rejection, 0));
            self.kinds.len() - 1
        });
        self.kinds[kind].1 += 1;
        kind as u16
    }

    /// As a search and a dry run of preemption would put it that find nobody to preempt.
    fn refusal_of(&self, pod: &KnownPod, cluster: &Cluster) -> Refusal {
        let (nodes, names) = (cluster.order().len(), &cluster.resources);
        let met = || self.kinds.iter().copied().filter(|(_, nodes)| *nodes > 0);
        let mut by = Plugins::default();
        met().for_each(|(rejection, _)| by.insert(rejection.plugin));
        let no_fit = message::no_fit_by(met(), nodes, names);
        if pod.shape.never_preempts {
            let message = format!("{no_fit} preemption: {}", super::preemption::NEVER).into();
            return Refusal { message, by, ..Refusal::default() };
        }
        let resolvable = met().filter(|(rejection, _)| !rejection.unresolvable).map(|(_, nodes)| nodes).sum();
        let message = format!("{no_fit} preemption: {}", message::no_victims(resolvable, nodes)).into();
        Refusal { message, by, nomination: Some(None), ..Refusal::default() }
    }
}
