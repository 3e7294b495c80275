//! Nodes for pods that have no place (`ScaleUp`).

use std::sync::Arc;

use super::super::World;
use super::super::event::Event;
use super::super::packing::{Free, fits, places};
use super::{AutoscalerAlarm, Failure, SOURCE};
use crate::api::meta::{ApiTime, ObjectId, PodId};
use crate::api::pod::PodTemplate;
use crate::kernel::rng::{Purpose, entity, mix};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::{Autoscaler as Flags, Expander};

const TIES: Purpose = Purpose(0x24);
/// Pods have to be this old before the first of them makes a node, those with GPUs this old.
const YOUNG: SimDuration = SimDuration::from_secs(2);
const YOUNG_GPU: SimDuration = SimDuration::from_secs(30);
/// How long nothing is asked of a pool that failed to bring a node, at first and at most, and when that is forgotten
/// (`--initial-node-group-backoff-duration` and its like).
const BACK_OFF: (SimDuration, SimDuration) = (SimDuration::from_secs(300), SimDuration::from_secs(1800));
const FORGOTTEN: SimDuration = SimDuration::from_secs(3 * 3600);
/// The same event is not written again within this time.
const SAME_EVENT: SimDuration = SimDuration::from_secs(300);

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
    /// Returns whether it waits for young pods, and whether it asked for nodes.
    pub(super) fn scale_up(&mut self, flags: &Flags) -> (bool, bool) {
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
            let (boot, most) = (self.boot_time(choice.pool), flags.max_provision_time);
            self.nodes.ask(choice.pool);
            let alarm = match boot > most {
                true => AutoscalerAlarm::Overdue(choice.pool),
                false => AutoscalerAlarm::Booted(choice.pool),
            };
            let at = self.now + boot.min(most);
            self.autoscaler.booting.push((choice.pool, self.now, at));
            self.events.push(at, Event::Autoscaler(alarm));
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

    /// What each pool could do for the pods.
    fn choices(&self, pending: &[(PodId, Arc<PodTemplate>)], room: u32) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (number, pool) in (0u32..).zip(&self.nodes.settings.pools) {
            let most = pool.bounds.1.saturating_sub(self.size(number)).min(room);
            if most == 0 || self.backs_off(number) {
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
        let (mut full, mut unfit, mut failed) = (0, 0, 0);
        for (number, pool) in (0u32..).zip(&self.nodes.settings.pools) {
            match self.size(number) >= pool.bounds.1 {
                true => full += 1,
                false if self.backs_off(number) => failed += 1,
                false => unfit += u32::from(!fits(&Free::of_pool(pool), &template)),
            }
        }
        let mut reasons = Vec::new();
        if full > 0 {
            reasons.push(format!("{full} max node group size reached"));
        }
        if failed > 0 {
            reasons.push(format!("{failed} in backoff after failed scale-up"));
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

    pub(super) fn node_of_autoscaler_booted(&mut self, pool: u32) {
        let now = self.now;
        let due = self.autoscaler.booting.iter().position(|&(of, _, at)| of == pool && at <= now);
        let Some((_, asked, _)) = due.map(|at| self.autoscaler.booting.remove(at)) else { return };
        self.autoscaler.failed.remove(&pool);
        if let Some(id) = self.make_node(pool, ApiTime::of(asked)) {
            self.tell();
            self.node_is_there(id);
        }
        self.wake_autoscaler(false);
    }

    fn backs_off(&self, pool: u32) -> bool {
        self.autoscaler.failed.get(&pool).is_some_and(|failure| self.now < failure.until)
    }

    /// The machine did not come within the time that it may take: it is given up, and the pool left alone for a while
    /// (`Backoff`).
    pub(super) fn node_of_autoscaler_is_overdue(&mut self, pool: u32) {
        let now = self.now;
        let due = self.autoscaler.booting.iter().position(|&(of, _, at)| of == pool && at <= now);
        if due.map(|at| self.autoscaler.booting.remove(at)).is_none() {
            return;
        }
        let (length, number) = match self.autoscaler.failed.get(&pool) {
            // Machines that were asked for together fail together.
            Some(known) if now < known.until => (known.length, known.number),
            Some(known) if now.since(known.until) + known.length < FORGOTTEN => {
                ((known.length + known.length).min(BACK_OFF.1), known.number + 1)
            }
            _ => (BACK_OFF.0, 1),
        };
        self.autoscaler.failed.insert(pool, Failure { until: now + length, length, number });
        let name = self.nodes.pool(pool).map(|pool| pool.name.clone()).unwrap_or_else(|| "".into());
        self.note(format!(
            "pool {name} brought no node within maxNodeProvisionTime; it is asked for none for {length} s"
        ));
        self.wake_autoscaler(false);
    }
}
