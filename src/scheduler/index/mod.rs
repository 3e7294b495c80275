//! Node choice without looking at every node: what a full search would choose, from a tree for each shape of pod.
//!
//! It serves pods whose verdict and score on a node hang on that node and its pods alone, as those of most Jobs do.
//! Scores that are measured against the best node (taints, preferred nodes) are kept apart by class of nodes.

mod local;
mod tree;

use std::collections::BTreeMap;

use super::attempt::{Choice, Draw};
use super::cluster::{Cluster, KnownPod};
use super::search::enough;
use super::shape::Shape;
use crate::api::meta::NodeId;
pub(super) use local::is_served;
use local::{Local, LocalScore};
use tree::{MAX_CLASSES, Top, Tree};

/// Memory that trees may take.
const MOST_BYTES: usize = 64 << 20;
/// Attempts of a shape without a tree.
const ATTEMPTS_BEFORE: u32 = 1;

/// Trees by shape.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: BTreeMap<u32, Entry>,
    /// Attempts of shapes that have no tree yet.
    attempts: BTreeMap<u32, u32>,
}

/// A tree and what it is up to date with.
#[derive(Debug)]
struct Entry {
    tree: Tree,
    /// Untolerated soft taints and weights of preferred terms, of each class.
    classes: Vec<(i64, i64)>,
    local: Local,
    version: u64,
    epoch: u64,
    /// Has a node been met of more classes than there may be?
    is_full: bool,
}

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) node: NodeId,
    /// How far the search would have moved on.
    pub(super) processed: usize,
}

impl Index {
    /// The node that a full search from `start` on would choose. None where it has to be asked itself: where the pod
    /// is none that the index serves, where no node will do, or where a tree is not worth while yet.
    pub(super) fn choose(
        &mut self,
        pod: &KnownPod,
        cluster: &Cluster,
        start: usize,
        draw: &mut Draw<'_>,
    ) -> Option<Chosen> {
        if cluster.order().is_empty() || !local::is_served(pod, cluster) {
            return None;
        }
        let entry = self.entry(&pod.shape, cluster)?;
        entry.catch_up(&pod.shape, cluster);
        if entry.is_full {
            return None;
        }
        entry.choose(cluster, start, draw)
    }

    /// Forgets shapes that are no more.
    pub(super) fn forget(&mut self, shapes: &[u32]) {
        for number in shapes {
            self.entries.remove(number);
            self.attempts.remove(number);
        }
    }

    fn entry(&mut self, shape: &Shape, cluster: &Cluster) -> Option<&mut Entry> {
        let number = shape.number();
        if !self.entries.contains_key(&number) {
            let attempts = self.attempts.entry(number).or_insert(0);
            *attempts += 1;
            let nodes = cluster.order().len();
            let most = (MOST_BYTES / Tree::bytes(nodes)).max(1);
            if *attempts <= ATTEMPTS_BEFORE || self.entries.len() >= most {
                return None;
            }
            self.attempts.remove(&number);
            self.entries.insert(number, Entry::new(shape, cluster));
        }
        self.entries.get_mut(&number)
    }
}

impl Entry {
    fn new(shape: &Shape, cluster: &Cluster) -> Entry {
        let mut entry = Entry {
            tree: Tree::new(0),
            classes: Vec::new(),
            local: Local::new(shape, cluster),
            version: 0,
            epoch: 0,
            is_full: false,
        };
        entry.rebuild(shape, cluster);
        entry
    }

    fn catch_up(&mut self, shape: &Shape, cluster: &Cluster) {
        let changed = if self.epoch == cluster.epoch { cluster.changed_since(self.version) } else { None };
        match changed {
            Some(nodes) if nodes.len() <= cluster.order().len() / 2 + 1 => {
                for &id in nodes {
                    let Some(place) = cluster.place_of(id) else { continue };
                    let leaf = self.leaf(shape, id, cluster);
                    self.tree.set(place, leaf);
                }
                self.version = cluster.version();
            }
            _ => self.rebuild(shape, cluster),
        }
    }

    fn rebuild(&mut self, shape: &Shape, cluster: &Cluster) {
        self.tree = Tree::new(cluster.order().len());
        self.classes.clear();
        self.local = Local::new(shape, cluster);
        self.is_full = false;
        for (place, id) in cluster.order().iter().enumerate() {
            let leaf = self.leaf(shape, *id, cluster);
            self.tree.put(place, leaf);
        }
        self.tree.build();
        (self.version, self.epoch) = (cluster.version(), cluster.epoch);
    }

    /// Class and score of a node, if it is feasible.
    fn leaf(&mut self, shape: &Shape, id: NodeId, cluster: &Cluster) -> Option<(usize, i32)> {
        let LocalScore { class, score } = self.local.score(shape, cluster.node(id)?, cluster)?;
        let known = self.classes.iter().position(|known| *known == class);
        let number = known.unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        });
        if number >= MAX_CLASSES {
            self.is_full = true;
            return None;
        }
        while self.tree.classes() < self.classes.len() {
            self.tree.add_class();
        }
        Some((number, score))
    }

    fn choose(&self, cluster: &Cluster, start: usize, draw: &mut Draw<'_>) -> Option<Chosen> {
        let nodes = cluster.order().len();
        let (ranges, processed) = self.window(nodes, start % nodes);
        let mut tops = [Top::NONE; MAX_CLASSES];
        for (from, to) in ranges {
            self.tree.add_tops(from, to, &mut tops);
        }
        let totals = self.totals(&tops);
        let most = totals.iter().flatten().max().copied()?;
        let is_best = |class: usize| totals[class] == Some(most);
        let ties = (0..MAX_CLASSES).filter(|class| is_best(*class)).map(|class| tops[class].ties as usize).sum();
        let wanted = std::array::from_fn(|class| is_best(class).then_some(tops[class].score));
        let mut before = draw(ties, Choice::Node);
        for (from, to) in ranges {
            match self.tree.tie_at(from, to, &wanted, before) {
                Ok(place) => return Some(Chosen { node: cluster.order()[place], processed }),
                Err(rest) => before = rest,
            }
        }
        None
    }

    /// The places that a search from `start` on looks at, in its order, and how many they are.
    fn window(&self, nodes: usize, start: usize) -> ([(usize, usize); 2], usize) {
        let limit = enough(nodes);
        let before = self.tree.feasible_before(start);
        let after = self.tree.feasible_before(nodes) - before;
        if after >= limit {
            let end = self.tree.feasible_at(before + limit - 1) + 1;
            return ([(start, end), (0, 0)], end - start);
        }
        let rest = limit - after;
        let end = if before >= rest { self.tree.feasible_at(rest - 1) + 1 } else { start };
        ([(start, nodes), (0, end)], nodes - start + end)
    }

    /// The total score of the best nodes of each class, once soft taints and preferred nodes are measured against the
    /// most that any node of the window has.
    fn totals(&self, tops: &[Top; MAX_CLASSES]) -> [Option<i64>; MAX_CLASSES] {
        let met = || self.classes.iter().zip(tops).filter(|(_, top)| top.ties > 0).map(|(class, _)| class);
        let most_taints = met().map(|class| class.0).max().unwrap_or(0);
        let most_weight = met().map(|class| class.1).max().unwrap_or(0);
        std::array::from_fn(|number| {
            let (taints, weight) = self.classes.get(number)?;
            let top = tops[number];
            (top.ties > 0).then(|| local::total(i64::from(top.score), *taints, *weight, most_taints, most_weight))
        })
    }
}
