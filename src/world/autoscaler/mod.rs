//! The cluster autoscaler: loops that look for pods without a place and for nodes without a need (`RunOnce`).

mod drain;
mod estimate;
mod expander;
mod scale_down;
mod scale_up;
mod similar;
mod status;

use std::collections::BTreeMap;

use super::World;
use super::event::Event;
use super::nodes::imagined;
use crate::api::meta::{NodeId, PodId};
use crate::api::node::{Node, Readiness};
use crate::api::pod::PodTemplate;
use crate::api::resources::ResourceList;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::{Autoscaler as Flags, NodePool};
use crate::scheduler::Snapshot;

const SOURCE: &str = "cluster-autoscaler";
/// Labels by which a node is known to have GPUs that are not there yet.
const GPU_LABELS: [&str; 3] =
    ["cloud.google.com/gke-accelerator", "k8s.amazonaws.com/accelerator", "kubernetes.azure.com/accelerator"];

/// What the autoscaler knows from loop to loop.
#[derive(Debug, Default)]
pub(super) struct Autoscaler {
    /// Machines that were asked for and are no nodes yet.
    booting: Vec<Machine>,
    /// Nodes that are not needed, and since when.
    unneeded: BTreeMap<NodeId, SimTime>,
    /// Nodes that could not go.
    unremovable: BTreeMap<NodeId, Unremovable>,
    /// Nodes on their way out.
    leaving: BTreeMap<NodeId, Leaving>,
    /// What nodes of each pool have, as one of them showed when all was well with it.
    templates: BTreeMap<u32, Template>,
    /// Where the next search for a place begins.
    next_place: usize,
    /// Nodes on which pods were put in the last loop: they are tried first.
    hints: BTreeMap<PodId, Place>,
    /// When each pool has had time enough to bring the nodes that it was asked for.
    deadlines: BTreeMap<u32, SimTime>,
    last_scale_up: Option<SimTime>,
    /// When it was last said of a pod that no pool helps it: the same is not said again within five minutes.
    told: BTreeMap<PodId, SimTime>,
    /// What was said of late, and when.
    said: BTreeMap<String, SimTime>,
    /// Pools that failed to bring a node.
    failed: BTreeMap<u32, Failure>,
    /// How often machines of each pool were late, one instant after the other, since one came in time.
    late: BTreeMap<u32, Late>,
    /// When the next loop is.
    next: Option<SimTime>,
    /// The last loop was at.
    last: Option<SimTime>,
    /// How the cluster was then.
    seen: Option<u64>,
}

/// A node that could not go.
#[derive(Clone, Copy, Debug)]
struct Unremovable {
    /// It is not asked again before.
    until: SimTime,
    /// How the cluster was when it was asked.
    seen: u64,
}

/// A node on its way out.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    /// When its pods are asked to go.
    begun: SimTime,
    /// It was chosen as one without pods.
    was_empty: bool,
}

/// What a node has, and what of it pods can use.
#[derive(Clone, Debug)]
struct Template {
    capacity: ResourceList,
    allocatable: ResourceList,
}

/// A machine that boots.
#[derive(Clone, Copy, Debug)]
struct Machine {
    pool: u32,
    asked: SimTime,
    /// When it is there or, if it is not to come in time, given up.
    due: SimTime,
    comes: bool,
    /// In place of one that its provider took back.
    replaces: bool,
}

/// What a pool is remembered for that failed to bring a node.
#[derive(Clone, Copy, Debug)]
struct Failure {
    /// Nothing is asked of it until then.
    until: SimTime,
    /// How long that was.
    length: SimDuration,
}

/// Instants in a row at which machines of a pool were given up, and the last of them.
#[derive(Clone, Copy, Debug)]
struct Late {
    times: u32,
    last: SimTime,
}

/// A node that is there, or one of a pool that boots, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    There(NodeId),
    Booting(u32, usize),
}

/// A node that could not go is looked at again after this (`--unremovable-node-recheck-timeout`).
const SEEN_AGAIN_AFTER: SimDuration = SimDuration::from_secs(300);
/// A node that is not ready so long after its creation counts as lost, before that as on its way
/// (`--max-node-startup-time`).
const STARTS_WITHIN: SimDuration = SimDuration::from_secs(900);
/// A node that has been ready for longer shows what those of its pool have (`stabilizationDelay`).
const STABLE_AFTER: SimDuration = SimDuration::from_secs(60);
/// So many lost nodes are no trouble (`--ok-total-unready-count`), nor is such a share of them, in percent
/// (`--max-total-unready-percentage`).
const MOST_UNREADY: (u32, u32) = (3, 45);
/// The same event is not written again within this time.
const SAME_EVENT: SimDuration = SimDuration::from_secs(300);
/// Loops that follow at once on one that has done something.
const LOOPS_AT_ONCE: u32 = 2;
/// By then a loop has looked at a pod, whatever it asks for.
const SEEN_AFTER: SimDuration = SimDuration::from_secs(60);
/// So often in a row machines of a pool were late when it alone does not keep the autoscaler, and so the run, going: if
/// they can never come in time, and if chance may bring one.
const HOPELESS: (u32, u32) = (10, 100);

/// What the autoscaler does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoscalerAlarm {
    /// A loop.
    Loop,
    /// A node of this pool has booted.
    Booted(u32),
    /// .. in place of one that its provider took back.
    Replaced(u32),
    /// A node of this pool has not come in time.
    Overdue(u32),
    /// A node that is to go is looked at again.
    Leaves(NodeId),
}

impl World<'_> {
    /// Something has changed that the autoscaler may care about: it looks at the cluster within its interval, at once
    /// where a pod has found no place.
    pub(super) fn wake_autoscaler(&mut self, at_once: bool) {
        let Some(flags) = &self.nodes.settings.autoscaler else { return };
        let last = self.autoscaler.last;
        let after = last.map_or(self.now, |last| (last + flags.scan_interval).max(self.now));
        // There is one loop at an instant: what it has not seen is seen by the next.
        let at = if at_once && last != Some(self.now) { self.now } else { after };
        if self.autoscaler.next.is_none_or(|next| next < self.now || next > at) {
            self.autoscaler.next = Some(at);
            self.push_housekeeping(at, Event::Autoscaler(AutoscalerAlarm::Loop));
        }
    }

    /// Has it nothing on its way, and nothing left to try?
    pub(super) fn autoscaler_is_at_rest(&self) -> bool {
        let Some(flags) = &self.nodes.settings.autoscaler else { return true };
        let of = &self.autoscaler;
        let seen = |pod: &PodId| {
            let born = self.store.standing_pod(*pod).map_or(SimTime::ZERO, |pod| pod.created.instant());
            self.now.since(born) > flags.new_pod_delay + SEEN_AFTER
        };
        let version = self.store.version();
        let has_looked = of.seen == Some(version) && of.unremovable.values().all(|of| of.seen == version);
        let bought = of.booting.iter().filter(|machine| !machine.replaces).count();
        let nothing_moves = bought == self.machines_in_vain() && of.unneeded.is_empty() && of.leaving.is_empty();
        has_looked && nothing_moves && !self.tries_again() && self.scheduling.unschedulable.keys().all(seen)
    }

    /// Machines that boot and will not be there in time, of pools of which none is expected any more.
    pub(super) fn machines_in_vain(&self) -> usize {
        let is_in_vain = |machine: &&Machine| !machine.comes && self.is_hopeless(machine.pool);
        self.autoscaler.booting.iter().filter(is_in_vain).count()
    }

    /// Is there a pool that may help pods without a place, but has not been asked since its back-off was over?
    fn tries_again(&self) -> bool {
        let last = self.autoscaler.last.unwrap_or(SimTime::ZERO);
        let is_to_be_asked = |(pool, failure): (&u32, &Failure)| last < failure.until && !self.is_hopeless(*pool);
        !self.scheduling.unschedulable.is_empty() && self.autoscaler.failed.iter().any(is_to_be_asked)
    }

    /// Were machines of a pool late so often that no more is expected of it?
    fn is_hopeless(&self, pool: u32) -> bool {
        let Some(late) = self.autoscaler.late.get(&pool) else { return false };
        let least = self.nodes.pool(pool).and_then(|pool| pool.boot_time.at(0.0));
        let flags = self.nodes.settings.autoscaler.as_ref();
        let never = least.zip(flags).is_some_and(|(least, flags)| least > flags.max_provision_time.0 as i64);
        late.times >= if never { HOPELESS.0 } else { HOPELESS.1 }
    }

    pub(super) fn autoscaler_alarm(&mut self, alarm: AutoscalerAlarm) {
        match alarm {
            AutoscalerAlarm::Loop if self.autoscaler.next == Some(self.now) => self.autoscaler_loop(),
            AutoscalerAlarm::Loop => {}
            AutoscalerAlarm::Booted(pool) | AutoscalerAlarm::Replaced(pool) => self.node_of_autoscaler_booted(pool),
            AutoscalerAlarm::Overdue(pool) => self.node_of_autoscaler_is_overdue(pool),
            AutoscalerAlarm::Leaves(node) => self.leave(node),
        }
    }

    /// A node is gone, whoever took it.
    pub(super) fn autoscaler_forgets(&mut self, node: NodeId) {
        let of = &mut self.autoscaler;
        (_, _, _) = (of.unneeded.remove(&node), of.unremovable.remove(&node), of.leaving.remove(&node));
    }

    fn autoscaler_loop(&mut self) {
        let settings = self.nodes.settings.clone();
        let Some(flags) = &settings.autoscaler else { return };
        (self.autoscaler.next, self.autoscaler.last) = (None, Some(self.now));
        self.autoscaler.seen = Some(self.store.version());
        let (mut something, mut loops) = (false, 1);
        while loops > 0 {
            loops -= 1;
            let leaving = self.autoscaler.leaving.len();
            let (busy, scaled) = self.run_once(flags);
            something |= busy;
            if scaled || self.autoscaler.leaving.len() > leaving {
                loops = LOOPS_AT_ONCE;
            }
        }
        // It looks every few seconds for ever; where nothing is left that could change its mind it need not.
        if something || self.events.next_time().is_some() {
            self.wake_autoscaler(false);
        }
    }

    /// A loop. Returns whether it has to look again, and whether it asked for nodes.
    fn run_once(&mut self, flags: &Flags) -> (bool, bool) {
        if self.cluster_is_unhealthy() {
            self.autoscaler.unneeded.clear();
            self.autoscaler.unremovable.clear();
            self.says_cluster_is_unhealthy();
            return (false, false);
        }
        self.look_at_templates();
        self.look_at_requests();
        let (waits, scaled) = self.scale_up(flags);
        let going = flags.scale_down && self.scale_down(flags, !waits);
        let of = &self.autoscaler;
        // What could not go may since something has changed.
        let may_go_now = of.unremovable.values().any(|of| of.seen != self.store.version());
        let timers = self.tries_again() || may_go_now || !of.unneeded.is_empty() || !of.leaving.is_empty();
        (waits || scaled || going || timers || !of.booting.is_empty(), scaled)
    }

    /// Are so many nodes lost that nothing should be done (`IsClusterHealthy`)?
    fn cluster_is_unhealthy(&self) -> bool {
        let all = self.store.nodes().count() as u32;
        is_too_many(self.store.nodes().filter(|node| self.is_lost(node)).count() as u32, all)
    }

    /// Does so much of a pool not work that it is not asked for more (`IsNodeGroupHealthy`)?
    fn pool_is_unhealthy(&self, pool: u32) -> bool {
        let of_pool = || self.store.nodes().filter(|node| node.pool == Some(pool));
        let missing = of_pool().filter(|node| node.ready != Readiness::Ready).count() as u32;
        is_too_many(missing, of_pool().count() as u32)
    }

    /// Has a pool time to bring what it was asked for, so that what is on its way counts as there (`GetUpcomingNodes`)?
    fn is_awaited(&self, pool: u32) -> bool {
        self.autoscaler.deadlines.contains_key(&pool) && !self.backs_off(pool)
    }

    /// Is the node on its way yet: not ready, or without the GPUs that a label says it has
    /// (`FilterOutNodesWithUnreadyResources`)?
    fn is_starting(&self, node: &Node) -> bool {
        !works(node) && !self.is_lost(node) && node.pool.is_some_and(|pool| self.is_awaited(pool))
    }

    /// Had the node time enough to start, and does it not work?
    fn is_lost(&self, node: &Node) -> bool {
        !works(node) && self.now.since(node.created.instant()) >= STARTS_WITHIN
    }

    /// Forgets what was asked of pools once all of it is there, or was to be there (`updateScaleRequests`).
    fn look_at_requests(&mut self) {
        for (pool, deadline) in self.autoscaler.deadlines.clone() {
            let is_awaited = |node: &Node| node.pool == Some(pool) && !works(node) && !self.is_lost(node);
            let boots = self.autoscaler.booting.iter().any(|machine| machine.pool == pool);
            let is_done = !boots && !self.store.nodes().any(|node| is_awaited(node));
            if !is_done && deadline < self.now {
                self.gives_up(pool);
            } else if is_done {
                self.autoscaler.deadlines.remove(&pool);
            }
        }
    }

    /// Keeps what nodes of each pool have by the first that has been ready for a while (`MixedTemplateNodeInfoProvider`).
    fn look_at_templates(&mut self) {
        let (mut seen, now) = (BTreeMap::new(), self.now);
        for node in self.store.nodes() {
            let is_stable = now.since(node.ready_since.instant()) > STABLE_AFTER;
            if let Some(pool) = node.pool.filter(|_| works(node) && is_stable && !node.unschedulable) {
                let template = || Template { capacity: node.capacity.clone(), allocatable: node.allocatable.clone() };
                seen.entry(pool).or_insert_with(template);
            }
        }
        self.autoscaler.templates.append(&mut seen);
    }

    /// A node of a pool as it would be.
    fn imagined(&self, of: &NodePool, pool: u32, number: usize) -> Node {
        let node = imagined(of, pool, number);
        match self.autoscaler.templates.get(&pool).cloned() {
            Some(Template { capacity, allocatable }) => Node { capacity, allocatable, ..node },
            None => node,
        }
    }

    /// The cluster as it is reckoned with, and the nodes in it that take pods. Pods that nobody misses take no room.
    fn picture(&self, flags: &Flags) -> (Snapshot, Vec<NodeId>) {
        let (mut snapshot, mut takers) = (self.scheduling.scheduler.snapshot(), Vec::new());
        for node in self.store.nodes() {
            for pod in self.pods_on(node.id) {
                if self.takes_no_room(pod, flags) {
                    snapshot.lift(pod);
                }
            }
            let is_there = node.ready == Readiness::Ready && !node.unschedulable && !self.is_starting(node);
            if is_there && !self.autoscaler.leaving.contains_key(&node.id) {
                takers.push(node.id);
            }
        }
        (snapshot, takers)
    }

    /// Does nobody miss the pod, or nobody wait for its end any more?
    fn takes_no_room(&self, pod: PodId, flags: &Flags) -> bool {
        self.store.template_of(pod).is_some_and(|of| is_expendable(of, flags)) || !self.counts(pod)
    }

    /// Nodes of each pool: those that are there and those that boot.
    fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.nodes.settings.pools.len()];
        let there = self.store.nodes().filter_map(|node| node.pool);
        there.chain(self.autoscaler.booting.iter().map(|machine| machine.pool)).for_each(|of| sizes[of as usize] += 1);
        sizes
    }

    /// Nodes of a pool: those that are there and those that boot.
    fn size(&self, pool: u32) -> u32 {
        self.sizes()[pool as usize]
    }
}

/// Is a node ready, with GPUs if a label says that it has some?
fn works(node: &Node) -> bool {
    node.ready == Readiness::Ready && (gpus(node).is_some() || !is_labelled(node))
}

/// The name of the GPUs that a node has.
fn gpus(node: &Node) -> Option<&str> {
    let found = node.allocatable.iter().find(|(name, amount)| name.contains("gpu") && !amount.is_zero());
    found.map(|(name, _)| &**name)
}

/// Does a label say that it has some, or will?
fn is_labelled(node: &Node) -> bool {
    GPU_LABELS.iter().any(|label| node.label(label).is_some())
}

/// Is a pod so unimportant that no node is bought or kept for it?
fn is_expendable(template: &PodTemplate, flags: &Flags) -> bool {
    template.priority.is_some_and(|priority| priority < flags.expendable_below)
}

/// Are these more than are no trouble, and more than a share of all?
fn is_too_many(lost: u32, all: u32) -> bool {
    lost > MOST_UNREADY.0 && u64::from(lost) * 100 > u64::from(all) * u64::from(MOST_UNREADY.1)
}
