//! The cluster autoscaler: loops that look for pods without a place and for nodes without a need (`RunOnce`).

mod scale_down;
mod scale_up;

use std::collections::BTreeMap;

use super::World;
use super::event::Event;
use super::packing::Free;
use crate::api::meta::{NodeId, PodId};
use crate::api::node::Readiness;
use crate::kernel::time::{SimDuration, SimTime};

const SOURCE: &str = "cluster-autoscaler";
/// Labels by which a node is known to have GPUs that are not there yet.
const GPU_LABELS: [&str; 3] =
    ["cloud.google.com/gke-accelerator", "k8s.amazonaws.com/accelerator", "kubernetes.azure.com/accelerator"];

/// What the autoscaler knows from loop to loop.
#[derive(Debug, Default)]
pub(super) struct Autoscaler {
    /// Nodes that boot: the pool, since when, and when they are there.
    booting: Vec<(u32, SimTime, SimTime)>,
    /// Nodes that are not needed, and since when.
    unneeded: BTreeMap<NodeId, SimTime>,
    /// Nodes on their way out, and until when their pods are asked to go.
    leaving: BTreeMap<NodeId, SimTime>,
    last_scale_up: Option<SimTime>,
    /// When it was last said of a pod that no pool helps it: the same is not said again within five minutes.
    told: BTreeMap<PodId, SimTime>,
    /// Pools that failed to bring a node.
    failed: BTreeMap<u32, Failure>,
    /// When the next loop is.
    next: Option<SimTime>,
    /// The last loop was at.
    last: Option<SimTime>,
    /// How the cluster was then.
    seen: Option<u64>,
}

/// What a pool is remembered for that failed to bring a node.
#[derive(Clone, Copy, Debug)]
struct Failure {
    /// Nothing is asked of it until then.
    until: SimTime,
    /// How long that was.
    length: SimDuration,
    /// Failures in a row.
    number: u32,
}

/// By then a loop has looked at a pod, whatever it asks for.
const SEEN_AFTER: SimDuration = SimDuration::from_secs(60);
/// Failures in a row after which a pool alone does not keep the autoscaler, and so the run, going.
const HOPELESS: u32 = 10;

/// What the autoscaler does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoscalerAlarm {
    /// A loop.
    Loop,
    /// A node of this pool has booted.
    Booted(u32),
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
        let after = self.autoscaler.last.map_or(self.now, |last| (last + flags.scan_interval).max(self.now));
        let at = if at_once { self.now } else { after };
        if self.autoscaler.next.is_none_or(|next| next < self.now || next > at) && self.autoscaler.last != Some(at) {
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
        let waiting = self.scheduling.unschedulable.keys();
        let tries_again = !self.scheduling.unschedulable.is_empty() && of.failed.values().any(|f| f.number < HOPELESS);
        let has_looked = of.seen == Some(self.store.version());
        has_looked && of.booting.is_empty() && of.unneeded.is_empty() && of.leaving.is_empty() && !tries_again && {
            waiting
        }
        .all(seen)
    }

    pub(super) fn autoscaler_alarm(&mut self, alarm: AutoscalerAlarm) {
        match alarm {
            AutoscalerAlarm::Loop if self.autoscaler.next == Some(self.now) => self.autoscaler_loop(),
            AutoscalerAlarm::Loop => {}
            AutoscalerAlarm::Booted(pool) => self.node_of_autoscaler_booted(pool),
            AutoscalerAlarm::Overdue(pool) => self.node_of_autoscaler_is_overdue(pool),
            AutoscalerAlarm::Leaves(node) => self.leave(node),
        }
    }

    fn autoscaler_loop(&mut self) {
        let settings = self.nodes.settings.clone();
        let Some(flags) = &settings.autoscaler else { return };
        (self.autoscaler.next, self.autoscaler.last) = (None, Some(self.now));
        self.autoscaler.seen = Some(self.store.version());
        let (waits, scaled) = self.scale_up(flags);
        let mut going = false;
        if flags.scale_down && !waits {
            going = self.scale_down(flags);
        }
        let pending = !self.scheduling.unschedulable.is_empty();
        let tries_again = pending && self.autoscaler.failed.values().any(|failure| failure.number < HOPELESS);
        let timers = tries_again || !self.autoscaler.unneeded.is_empty() || !self.autoscaler.leaving.is_empty();
        // It looks every few seconds for ever; where nothing is left that could change its mind it need not.
        let something = waits || scaled || going || timers || !self.autoscaler.booting.is_empty();
        if something || (pending && self.events.next_time().is_some()) || self.events.next_time().is_some() {
            self.wake_autoscaler(false);
        }
    }

    /// Nodes that take pods, with what is free on them. One whose GPUs are to come counts as if they were there, if a
    /// label says that it has some.
    fn takers(&self) -> Vec<(NodeId, Free)> {
        let mut takers = Vec::new();
        for node in self.store.nodes() {
            if node.ready != Readiness::Ready || node.unschedulable || self.autoscaler.leaving.contains_key(&node.id) {
                continue;
            }
            let awaited = GPU_LABELS.iter().any(|label| node.label(label).is_some());
            let pool = node.pool.and_then(|pool| self.nodes.pool(pool)).filter(|_| awaited);
            let mut free = pool.map_or_else(|| Free::of(node), Free::of_pool);
            for pod in self.pods_on(node.id) {
                if let Some(template) = self.store.template_of(pod).filter(|_| self.counts(pod)) {
                    free.take(template);
                }
            }
            takers.push((node.id, free));
        }
        takers
    }

    fn counts(&self, pod: PodId) -> bool {
        self.store.standing_pod(pod).is_some_and(|pod| !pod.status.phase.is_terminal())
    }

    /// Nodes of a pool: those that are there and those that boot.
    fn size(&self, pool: u32) -> u32 {
        let there = self.store.nodes().filter(|node| node.pool == Some(pool)).count();
        (there + self.autoscaler.booting.iter().filter(|(of, ..)| *of == pool).count()) as u32
    }
}
