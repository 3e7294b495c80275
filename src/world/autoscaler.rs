//! The cluster autoscaler: loops that look for pods without a place and for nodes without a need (`RunOnce`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use super::event::Event;
use super::evictions::Eviction;
use super::packing::{Free, fits, places};
use crate::api::meta::{ApiTime, NodeId, ObjectId, PodId};
use crate::api::node::{Node, Readiness, Taint, TaintEffect};
use crate::api::pod::{Pod, PodTemplate};
use crate::kernel::rng::{Purpose, entity, mix};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::{Autoscaler as Flags, Expander};

const TIES: Purpose = Purpose(0x24);
/// Pods have to be this old before the first of them makes a node, those with GPUs this old.
const YOUNG: SimDuration = SimDuration::from_secs(2);
const YOUNG_GPU: SimDuration = SimDuration::from_secs(30);
/// From the taint of a node that is to go to its removal (`--node-delete-delay-after-taint`).
const AFTER_TAINT: SimDuration = SimDuration::from_secs(5);
/// An eviction is tried for this long (`--max-pod-eviction-time`).
const EVICTION_TIME: SimDuration = SimDuration::from_secs(120);
/// Between two looks at a drain.
const DRAIN_POLL: SimDuration = SimDuration::from_secs(5);
/// The same event is not written again within this time.
const SAME_EVENT: SimDuration = SimDuration::from_secs(300);
const TO_BE_DELETED: &str = "ToBeDeletedByClusterAutoscaler";
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
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
    /// When the next loop is.
    next: Option<SimTime>,
    /// The last loop was at.
    last: Option<SimTime>,
}

/// What the autoscaler does at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoscalerAlarm {
    /// A loop.
    Loop,
    /// A node of this pool has booted.
    Booted(u32),
    /// A node that is to go is looked at again.
    Leaves(NodeId),
}

/// A way to place pods: so many nodes of a pool.
#[derive(Debug)]
struct Choice {
    pool: u32,
    nodes: u32,
    pods: Vec<PodId>,
    /// Millionths of the processors and memory that would be idle.
    waste: i64,
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
            self.events.push(at, Event::Autoscaler(AutoscalerAlarm::Loop));
        }
    }

    pub(super) fn autoscaler_alarm(&mut self, alarm: AutoscalerAlarm) {
        match alarm {
            AutoscalerAlarm::Loop if self.autoscaler.next == Some(self.now) => self.autoscaler_loop(),
            AutoscalerAlarm::Loop => {}
            AutoscalerAlarm::Booted(pool) => self.node_of_autoscaler_booted(pool),
            AutoscalerAlarm::Leaves(node) => self.leave(node),
        }
    }

    fn autoscaler_loop(&mut self) {
        let settings = self.nodes.settings.clone();
        let Some(flags) = &settings.autoscaler else { return };
        (self.autoscaler.next, self.autoscaler.last) = (None, Some(self.now));
        let (waits, scaled) = self.scale_up(flags);
        let mut going = false;
        if flags.scale_down && !waits {
            going = self.scale_down(flags);
        }
        let pending = !self.scheduling.unschedulable.is_empty();
        let timers = !self.autoscaler.unneeded.is_empty() || !self.autoscaler.leaving.is_empty();
        // It looks every few seconds for ever; where nothing is left that could change its mind it need not.
        let something = waits || scaled || going || timers || !self.autoscaler.booting.is_empty();
        if something || (pending && self.events.next_time().is_some()) || self.events.next_time().is_some() {
            self.wake_autoscaler(false);
        }
    }

    // ---- more nodes ----

    /// Returns whether it waits for young pods, and whether it asked for nodes.
    fn scale_up(&mut self, flags: &Flags) -> (bool, bool) {
        let mut pending = self.helpless(flags);
        if pending.is_empty() {
            return (false, false);
        }
        let is_gpu = |t: &PodTemplate| t.requests().keys().any(|name| name.contains("gpu"));
        let born = |pod: &PodId| self.store.pod(*pod).map_or(SimTime::ZERO, |pod| pod.created.instant());
        let oldest = pending.iter().map(|(pod, _)| born(pod)).min().unwrap_or(self.now);
        let oldest_gpu = pending.iter().filter(|(_, t)| is_gpu(t)).map(|(pod, _)| born(pod)).min();
        let young =
            self.now.since(oldest) < YOUNG || oldest_gpu.is_some_and(|oldest| self.now.since(oldest) < YOUNG_GPU);
        if young {
            return (true, false);
        }
        pending.sort_by_key(|(pod, _)| (born(pod), pod.uid));
        let nodes = self.store.nodes().count() as u32 + self.autoscaler.booting.len() as u32;
        let room = match flags.max_nodes_total {
            0 => u32::MAX,
            most => most.saturating_sub(nodes),
        };
        let choices = self.choices(&pending, room);
        let Some(choice) = self.choose(flags, choices) else {
            for (pod, _) in &pending {
                self.no_scale_up(*pod);
            }
            return (false, false);
        };
        let (old, new) = (self.size(choice.pool), self.size(choice.pool) + choice.nodes);
        let Some(pool) = self.nodes.pool(choice.pool).cloned() else { return (false, false) };
        for _ in 0..choice.nodes {
            let after = self.boot_time(choice.pool);
            self.nodes.ask(choice.pool);
            self.autoscaler.booting.push((choice.pool, self.now, self.now + after));
            self.events.push(self.now + after, Event::Autoscaler(AutoscalerAlarm::Booted(choice.pool)));
        }
        self.autoscaler.last_scale_up = Some(self.now);
        let message = format!("pod triggered scale-up: [{{{} {old}->{new} (max: {})}}]", pool.name, pool.bounds.1);
        for pod in choice.pods {
            self.record_event(ObjectId::Pod(pod), false, "TriggeredScaleUp", SOURCE, message.clone());
        }
        (false, true)
    }

    /// Pods that found no place and have none on the nodes that are there or about to be, by priority.
    fn helpless(&self, flags: &Flags) -> Vec<(PodId, Arc<PodTemplate>)> {
        let mut pending: Vec<(PodId, Arc<PodTemplate>)> = Vec::new();
        for &pod in self.scheduling.unschedulable.keys() {
            let Some(of) = self.store.standing_pod(pod).filter(|of| !of.scheduled && of.deletion.is_none()) else {
                continue;
            };
            let Some(template) = self.store.template_of(pod).cloned() else { continue };
            let expendable = template.priority.is_some_and(|priority| priority < flags.expendable_below);
            let young = self.now.since(of.created.instant()) < flags.new_pod_delay;
            if !expendable && !young && !self.scheduling.nominated.contains_key(&pod) {
                pending.push((pod, template));
            }
        }
        pending.sort_by_key(|(pod, template)| (-i64::from(template.priority.unwrap_or(0)), pod.uid));
        let mut free: Vec<Free> = self.takers().into_iter().map(|(_, free)| free).collect();
        for &(pool, ..) in &self.autoscaler.booting {
            free.extend(self.nodes.pool(pool).map(Free::of_pool));
        }
        pending.retain(|(_, template)| !places(&mut free, template));
        pending
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

    /// What each pool could do for the pods.
    fn choices(&self, pending: &[(PodId, Arc<PodTemplate>)], room: u32) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (number, pool) in (0u32..).zip(&self.nodes.settings.pools) {
            let most = pool.bounds.1.saturating_sub(self.size(number)).min(room);
            if most == 0 {
                continue;
            }
            let mut order: Vec<&(PodId, Arc<PodTemplate>)> =
                pending.iter().filter(|(_, template)| fits(&Free::of_pool(pool), template)).collect();
            let empty = Free::of_pool(pool);
            order.sort_by_key(|(pod, template)| (-empty.share_of(template), pod.uid));
            let (mut opened, mut pods): (Vec<Free>, Vec<PodId>) = (Vec::new(), Vec::new());
            for (pod, template) in order {
                if places(&mut opened, template) {
                    pods.push(*pod);
                } else if (opened.len() as u32) < most {
                    let mut fresh = Free::of_pool(pool);
                    fresh.take(template);
                    opened.push(fresh);
                    pods.push(*pod);
                }
            }
            if !pods.is_empty() {
                let waste = opened.iter().map(Free::idle_share).sum::<i64>() / opened.len() as i64;
                choices.push(Choice { pool: number, nodes: opened.len() as u32, pods, waste });
            }
        }
        choices
    }

    /// The expander. What is equal is settled by a draw.
    fn choose(&mut self, flags: &Flags, mut choices: Vec<Choice>) -> Option<Choice> {
        let name = |choice: &Choice| self.nodes.settings.pools[choice.pool as usize].name.clone();
        let price = |choice: &Choice| {
            let pool = &self.nodes.settings.pools[choice.pool as usize];
            i64::try_from(pool.micros_an_hour * u64::from(choice.nodes) / choice.pods.len() as u64).unwrap_or(i64::MAX)
        };
        let rank = |choice: &Choice| match &flags.expander {
            Expander::Random => 0,
            Expander::LeastWaste => choice.waste,
            Expander::MostPods => -(choice.pods.len() as i64),
            Expander::Price => price(choice),
            Expander::Priority(numbers) => {
                -(numbers.iter().find(|(pool, _)| *pool == name(choice)).map_or(-1, |(_, number)| i64::from(*number)))
            }
        };
        let best = choices.iter().map(&rank).min()?;
        choices.retain(|choice| rank(choice) == best);
        let entity = mix(entity(&[b"autoscaler"]), self.now.0);
        let place = match choices.len() {
            1 => 0,
            several => (self.nodes.streams.stream(TIES, entity).unit() * several as f64) as usize,
        };
        Some(choices.swap_remove(place.min(choices.len() - 1)))
    }

    fn no_scale_up(&mut self, pod: PodId) {
        let Some(template) = self.store.template_of(pod).cloned() else { return };
        let (mut full, mut unfit) = (0, 0);
        for (number, pool) in (0u32..).zip(&self.nodes.settings.pools) {
            match self.size(number) >= pool.bounds.1 {
                true => full += 1,
                false => unfit += u32::from(!fits(&Free::of_pool(pool), &template)),
            }
        }
        let mut reasons = Vec::new();
        if full > 0 {
            reasons.push(format!("{full} max node group size reached"));
        }
        if unfit > 0 {
            reasons.push(format!("{unfit} node(s) didn't have what the pod needs"));
        }
        if self.autoscaler.told.get(&pod).is_some_and(|told| self.now.since(*told) < SAME_EVENT) {
            return;
        }
        self.autoscaler.told.insert(pod, self.now);
        let message = format!("pod didn't trigger scale-up: {}", reasons.join(", "));
        self.record_event(ObjectId::Pod(pod), false, "NotTriggerScaleUp", SOURCE, message);
    }

    /// Nodes of a pool: those that are there and those that boot.
    fn size(&self, pool: u32) -> u32 {
        let there = self.store.nodes().filter(|node| node.pool == Some(pool)).count();
        (there + self.autoscaler.booting.iter().filter(|(of, ..)| *of == pool).count()) as u32
    }

    fn node_of_autoscaler_booted(&mut self, pool: u32) {
        let now = self.now;
        let due = self.autoscaler.booting.iter().position(|&(of, _, at)| of == pool && at <= now);
        let Some((_, asked, _)) = due.map(|at| self.autoscaler.booting.remove(at)) else { return };
        if let Some(id) = self.make_node(pool, ApiTime::of(asked)) {
            self.tell();
            self.node_is_there(id);
        }
        self.wake_autoscaler(false);
    }

    // ---- fewer nodes ----

    /// Returns whether a node may go later.
    fn scale_down(&mut self, flags: &Flags) -> bool {
        let takers = self.takers();
        let (mut unneeded, mut targets) = (BTreeMap::new(), takers.clone());
        let mut sizes: BTreeMap<u32, u32> = BTreeMap::new();
        for (id, _) in &takers {
            let Some(node) = self.store.node(*id).cloned() else { continue };
            let Some(pool) = node.pool else { continue };
            let size = *sizes.entry(pool).or_insert_with(|| self.size(pool));
            let least = self.nodes.pool(pool).map_or(0, |pool| pool.bounds.0);
            if size <= least || !self.is_removable(&node, flags, &mut targets) {
                continue;
            }
            sizes.insert(pool, size - 1);
            unneeded.insert(*id, self.autoscaler.unneeded.get(id).copied().unwrap_or(self.now));
        }
        self.autoscaler.unneeded = unneeded;
        let cools = self.autoscaler.last_scale_up.is_some_and(|last| self.now.since(last) < flags.delay_after_add);
        if cools {
            return true;
        }
        let due = |since: &SimTime| self.now.since(*since) > flags.unneeded_time;
        let mut due: Vec<NodeId> =
            self.autoscaler.unneeded.iter().filter(|(_, since)| due(since)).map(|(id, _)| *id).collect();
        due.sort_by_key(|id| (self.standing_on(*id), *id));
        let mut draining = self.autoscaler.leaving.keys().filter(|id| self.standing_on(**id) > 0).count() as u32;
        for id in due {
            if self.autoscaler.leaving.len() as u32 >= flags.max_parallelism {
                break;
            }
            if self.standing_on(id) > 0 {
                if draining >= flags.max_drain_parallelism {
                    continue;
                }
                draining += 1;
            }
            self.take_away(id);
        }
        false
    }

    fn standing_on(&self, id: NodeId) -> usize {
        self.pods_on(id).into_iter().filter(|&pod| self.counts(pod)).count()
    }

    /// Could the node go: little on it, nothing that must stay, and a place for all of it elsewhere? Those places are
    /// taken then.
    fn is_removable(&self, node: &Node, flags: &Flags, targets: &mut Vec<(NodeId, Free)>) -> bool {
        let pods: Vec<PodId> = self.pods_on(node.id).into_iter().filter(|&pod| self.counts(pod)).collect();
        let mut used = Free::nothing();
        let templates: Vec<Arc<PodTemplate>> =
            pods.iter().filter_map(|&pod| self.store.template_of(pod).cloned()).collect();
        templates.iter().for_each(|template| used.add(template));
        let (share, is_gpu) = used.utilization(node);
        let threshold = if is_gpu { flags.gpu_utilization_threshold } else { flags.utilization_threshold };
        if share > u64::from(threshold) || pods.iter().any(|&pod| self.blocks(pod)) {
            return false;
        }
        let mut others: Vec<Free> = targets.iter().filter(|(id, _)| *id != node.id).map(|(_, f)| f.clone()).collect();
        if !templates.iter().all(|template| places(&mut others, template)) {
            return false;
        }
        targets.retain(|(id, _)| *id != node.id);
        targets.iter_mut().zip(others).for_each(|((_, free), left)| *free = left);
        true
    }

    /// Does a pod hold its node (`drainability/rules`)? Jobs' pods do not: they count as replicated.
    fn blocks(&self, id: PodId) -> bool {
        let (Some(pod), Some(template)) = (self.store.standing_pod(id), self.store.template_of(id)) else {
            return false;
        };
        let safe = template.annotations.iter().find(|(key, _)| &**key == SAFE_TO_EVICT).map(|(_, value)| &**value);
        let orphan = |pod: &Pod| !pod.is_bare() && self.store.standing_job(pod.job).is_none();
        match safe {
            Some("true") => return false,
            Some("false" | "on-completion") => return true,
            _ => {}
        }
        if pod.is_bare() || orphan(pod) || template.has_local_storage {
            return true;
        }
        let Some(namespace) = self.store.namespace_of(id) else { return false };
        let mut budgets = self.budgets.iter().filter(|budget| budget.selects(namespace, &template.labels));
        budgets.any(|budget| self.budget_state(budget).allowed < 1)
    }

    /// The node is tainted and cordoned; five seconds later its pods are asked to go, or it goes at once.
    fn take_away(&mut self, id: NodeId) {
        self.autoscaler.unneeded.remove(&id);
        self.autoscaler.leaving.insert(id, self.now + AFTER_TAINT + EVICTION_TIME);
        let taint = Taint { key: TO_BE_DELETED.into(), value: "".into(), effect: TaintEffect::NoSchedule };
        _ = self.store.update_node(id, |node| {
            node.taints.push(taint);
            node.unschedulable = true;
        });
        self.tell();
        let message = "marked the node as toBeDeleted/unschedulable";
        self.record_event(ObjectId::Node(id), false, "ScaleDown", SOURCE, message);
        self.events.push(self.now + AFTER_TAINT, Event::Autoscaler(AutoscalerAlarm::Leaves(id)));
    }

    fn leave(&mut self, id: NodeId) {
        let Some(&until) = self.autoscaler.leaving.get(&id) else { return };
        let left: Vec<PodId> = self.pods_on(id).into_iter().filter(|&pod| self.counts(pod)).collect();
        if left.is_empty() {
            self.autoscaler.leaving.remove(&id);
            self.record_event(ObjectId::Node(id), false, "ScaleDown", SOURCE, "nodes removed by cluster autoscaler");
            self.remove_node(id);
            return self.wake_autoscaler(false);
        }
        let mut refused = false;
        for pod in left {
            let asked = self.store.standing_pod(pod).is_some_and(|pod| pod.deletion.is_some());
            if asked {
                continue;
            }
            match self.evict_pod(pod) {
                Eviction::Done => {
                    let message = "deleting pod for node scale down";
                    self.record_event(ObjectId::Pod(pod), false, "ScaleDown", SOURCE, message);
                }
                Eviction::TooManyRequests | Eviction::Failed => refused = true,
            }
        }
        if refused && self.now >= until {
            self.autoscaler.leaving.remove(&id);
            let message = "failed to drain and delete node: eviction refused";
            self.record_event(ObjectId::Node(id), true, "ScaleDownFailed", SOURCE, message);
            _ = self.store.update_node(id, |node| {
                node.taints.retain(|taint| &*taint.key != TO_BE_DELETED);
                node.unschedulable = false;
            });
            self.tell();
            return;
        }
        self.events.push(self.now + DRAIN_POLL, Event::Autoscaler(AutoscalerAlarm::Leaves(id)));
    }
}
