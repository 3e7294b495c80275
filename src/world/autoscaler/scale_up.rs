//! Nodes for pods that have no place (`ScaleUp`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::World;
use super::super::event::Event;
use super::estimate::{Choice, Pending, alike, estimate, helped};
use super::similar::{Growth, are_similar, balance};
use super::{AutoscalerAlarm, Failure, Late, Machine, Place, SAME_EVENT, SOURCE, is_expendable};
use crate::api::meta::{ApiTime, NodeId, ObjectId, PodId};
use crate::kernel::rng::{Purpose, entity, mix};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::{Autoscaler as Flags, NodePool};
use crate::scheduler::{Packing, Snapshot};

const ORDER: Purpose = Purpose(0x25);
/// Most nodes that are asked for in a loop (`--max-nodes-per-scaleup`).
const MOST_AT_ONCE: u32 = 1000;
/// Pods have to be this old before the first of them makes a node, those with GPUs this old.
const YOUNG: SimDuration = SimDuration::from_secs(2);
const YOUNG_GPU: SimDuration = SimDuration::from_secs(30);
/// How long nothing is asked of a pool that failed to bring a node, at first and at most, and when that is forgotten
/// (`--initial-node-group-backoff-duration` and its like).
const BACK_OFF: (SimDuration, SimDuration) = (SimDuration::from_secs(300), SimDuration::from_secs(1800));
const FORGOTTEN: SimDuration = SimDuration::from_secs(3 * 3600);

impl World<'_> {
    /// Returns whether it waits for young pods, and whether it asked for nodes.
    pub(super) fn scale_up(&mut self, flags: &Flags) -> (bool, bool) {
        let (pending, Some(mut snapshot)) = self.helpless(flags) else { return (false, false) };
        let Some(oldest) = pending.iter().map(|pod| pod.born).min() else { return (false, false) };
        let is_gpu = |pod: &&Pending| pod.template.requests().keys().any(|name| name.contains("gpu"));
        let oldest_gpu = pending.iter().filter(is_gpu).map(|pod| pod.born).min();
        let young =
            self.now.since(oldest) < YOUNG || oldest_gpu.is_some_and(|oldest| self.now.since(oldest) < YOUNG_GPU);
        if young {
            return (true, false);
        }
        let nodes = self.store.nodes().count() as u32 + self.autoscaler.booting.len() as u32;
        let room = match flags.max_nodes_total {
            0 => u32::MAX,
            most => most.saturating_sub(nodes),
        };
        if room == 0 {
            self.says_max_nodes(flags.max_nodes_total);
        }
        let choices = self.choices(flags, &pending, room, &mut snapshot);
        let Some(choice) = self.choose(flags, choices) else {
            self.no_scale_up(&pending, room, &mut snapshot);
            return (false, false);
        };
        self.autoscaler.last_scale_up = Some(self.now);
        let mut grown = Vec::new();
        for of in self.shared_out(&choice) {
            self.ask_for(of.pool, of.to - of.from, flags);
            let name = self.pool_name(of.pool);
            self.says_it_scales_up(&name, of);
            grown.push(format!("{{{name} {}->{} (max: {})}}", of.from, of.to, of.most));
        }
        let message = format!("pod triggered scale-up: [{}]", grown.join(" "));
        for pod in choice.pods {
            self.record_event(ObjectId::Pod(pod), false, "TriggeredScaleUp", SOURCE, message.clone());
        }
        (false, true)
    }

    /// Pods that found no place and have none on the nodes that are there or about to be, the oldest first; and the
    /// cluster with the others on those nodes.
    fn helpless(&mut self, flags: &Flags) -> (Vec<Pending>, Option<Snapshot>) {
        let mut pending: Vec<Pending> = Vec::new();
        for &id in self.scheduling.unschedulable.keys() {
            let Some(of) = self.store.standing_pod(id).filter(|of| !of.scheduled && of.deletion.is_none()) else {
                continue;
            };
            let Some(template) = self.store.template_of(id).cloned() else { continue };
            let young = self.now.since(of.created.instant()) < flags.new_pod_delay;
            if !is_expendable(&template, flags) && !young && !self.scheduling.nominated.contains_key(&id) {
                pending.push(Pending { id, job: of.job, index: of.index(), born: of.created.instant(), template });
            }
        }
        if pending.is_empty() {
            return (pending, None);
        }
        let (mut snapshot, nodes) = self.picture(flags);
        // What was promised a node is taken to be there.
        self.scheduling.nominated.iter().for_each(|(&pod, &node)| snapshot.put(pod, node));
        let mut places: BTreeMap<NodeId, Place> = nodes.iter().map(|&node| (node, Place::There(node))).collect();
        let mut booting: BTreeMap<u32, usize> = BTreeMap::new();
        let starting = self.store.nodes().filter(|node| self.is_starting(node)).filter_map(|node| node.pool);
        for pool in self.autoscaler.booting.iter().map(|machine| machine.pool).chain(starting) {
            let Some(of) = self.nodes.pool(pool).filter(|_| self.is_awaited(pool)) else { continue };
            let number = booting.entry(pool).or_default();
            places.insert(snapshot.add_node(&self.imagined(of, pool, *number)), Place::Booting(pool, *number));
            *number += 1;
        }
        let mut there = Packing::from(places.keys().copied().collect(), self.autoscaler.next_place);
        // Within a priority in no order (a map's upstream), but those that have had a place before them.
        let nodes: BTreeMap<Place, NodeId> = places.iter().map(|(&node, &place)| (place, node)).collect();
        let hint = |pod: &Pending| nodes.get(self.autoscaler.hints.get(&pod.id)?).copied();
        let hinted: BTreeMap<PodId, NodeId> = pending.iter().filter_map(|pod| Some((pod.id, hint(pod)?))).collect();
        let mut draw = |pod: &Pending| {
            let entity = mix(entity(&[b"packing"]), mix(self.now.0, pod.id.uid.into()));
            self.nodes.streams.stream(ORDER, entity).next_u64()
        };
        pending.sort_by_cached_key(|pod| {
            let priority = pod.template.priority.unwrap_or(0);
            (std::cmp::Reverse(priority), !hinted.contains_key(&pod.id), draw(pod), pod.id.uid)
        });
        let mut hints = BTreeMap::new();
        pending.retain(|pod| {
            let own = hinted.get(&pod.id).copied().filter(|&node| snapshot.takes(pod.id, node));
            own.into_iter().for_each(|node| snapshot.put(pod.id, node));
            let found = own.or_else(|| there.place(&mut snapshot, pod.id, None));
            hints.extend(found.and_then(|node| Some((pod.id, *places.get(&node)?))));
            found.is_none()
        });
        (self.autoscaler.hints, self.autoscaler.next_place) = (hints, there.next());
        pending.sort_by_key(|pod| (pod.born, pod.id.uid));
        (pending, Some(snapshot))
    }

    /// The new nodes of a choice, pool by pool.
    fn shared_out(&self, choice: &Choice) -> Vec<Growth> {
        let (sizes, pools) = (self.sizes(), &self.nodes.settings.pools);
        let of = |&pool: &u32| {
            let from = sizes[pool as usize];
            Growth { pool, from, to: from, most: pools[pool as usize].bounds.1 }
        };
        balance([choice.pool].iter().chain(&choice.similar).map(of).collect(), choice.nodes)
    }

    /// Asks a pool for machines.
    fn ask_for(&mut self, pool: u32, machines: u32, flags: &Flags) {
        let most = flags.max_provision_time;
        for _ in 0..machines {
            let boot = self.boot_time(pool);
            let (asked, due) = (self.now, self.now + boot.min(most));
            self.await_machine(Machine { pool, asked, due, comes: boot <= most, replaces: false });
        }
        // Each increase gives the pool time anew for all that it was asked for (`registerOrUpdateScaleUpNoLock`).
        self.autoscaler.deadlines.insert(pool, self.now + most);
    }

    /// A machine of a pool is on its way: it is there when it is due, or given up.
    fn await_machine(&mut self, machine: Machine) {
        let Machine { pool, due, .. } = machine;
        self.nodes.ask(pool);
        self.autoscaler.booting.push(machine);
        let alarm = match machine {
            Machine { replaces: true, .. } => AutoscalerAlarm::Replaced(pool),
            Machine { comes: true, .. } => AutoscalerAlarm::Booted(pool),
            _ => AutoscalerAlarm::Overdue(pool),
        };
        self.push_housekeeping(due, Event::Autoscaler(alarm));
    }

    /// A machine takes the place of one that its provider took back, after some time in which nobody pays for it.
    pub(in super::super) fn replace_machine(&mut self, pool: u32, after: SimDuration) {
        let due = self.now + after;
        self.await_machine(Machine { pool, asked: due, due, comes: true, replaces: true });
    }

    /// What each pool could do for the pods, with those that are like it if they would help the same pods
    /// (`ComputeExpansionOption`).
    fn choices(&self, flags: &Flags, pending: &[Pending], room: u32, snapshot: &mut Snapshot) -> Vec<Choice> {
        let groups = alike(pending);
        let mut open = Vec::new();
        for ((number, pool), size) in (0u32..).zip(&self.nodes.settings.pools).zip(self.sizes()) {
            if self.keeps_from_growing((number, pool), size, room).is_none() {
                let helped = helped(&groups, &self.imagined(pool, number, 0), snapshot);
                open.push((number, pool, pool.bounds.1 - size, helped));
            }
        }
        let mut choices = Vec::new();
        for (number, pool, own, helps) in &open {
            let is_similar = |(other, of, _, helped): &&(u32, &NodePool, u32, Vec<bool>)| {
                let as_well = || helps.iter().zip(helped).all(|(this, that)| *that || !*this);
                flags.balance && other != number && are_similar(pool, of) && as_well()
            };
            let similar = || open.iter().filter(is_similar);
            let most = own + similar().map(|(_, _, room, _)| room).sum::<u32>();
            let can_be_helped = groups.iter().zip(helps).filter(|(_, helps)| **helps).map(|(group, _)| group.clone());
            let node = |at: usize| self.imagined(pool, *number, at);
            let choice = estimate(can_be_helped.collect(), *number, node, most.min(room).min(MOST_AT_ONCE), snapshot);
            let similar = similar().map(|(other, ..)| *other).collect();
            choices.extend(choice.map(|choice| Choice { similar, ..choice }));
        }
        choices
    }

    /// Why a pool cannot have more nodes, whatever the pod.
    fn keeps_from_growing(&self, (number, pool): (u32, &NodePool), size: u32, room: u32) -> Option<&'static str> {
        if size >= pool.bounds.1 {
            Some("max node group size reached")
        } else if self.backs_off(number) {
            Some("in backoff after failed scale-up")
        } else if self.pool_is_unhealthy(number) {
            Some("not ready for scale-up")
        } else {
            (room == 0).then_some("max total nodes in cluster reached")
        }
    }

    /// Says of each pod what keeps each pool from helping it.
    fn no_scale_up(&mut self, pending: &[Pending], room: u32, snapshot: &mut Snapshot) {
        // Pools that cannot grow whatever the pod, and a node of each of the others.
        let (mut skipped, mut nodes) = (Vec::new(), Vec::new());
        for ((number, pool), size) in (0u32..).zip(&self.nodes.settings.pools).zip(self.sizes()) {
            match self.keeps_from_growing((number, pool), size, room) {
                Some(why) => skipped.push(why.to_owned()),
                None => nodes.push(self.imagined(pool, number, 0)),
            }
        }
        let is_told = |told: &SimTime| self.now.since(*told) < SAME_EVENT;
        let is_due = |pod: &&Pending| !self.autoscaler.told.get(&pod.id).is_some_and(is_told);
        let mut told: Vec<(PodId, BTreeMap<String, u32>)> =
            pending.iter().filter(is_due).map(|pod| (pod.id, BTreeMap::new())).collect();
        let count = |(_, reasons): &mut (PodId, BTreeMap<String, u32>), reason| {
            *reasons.entry(reason).or_default() += 1;
        };
        for reason in skipped {
            told.iter_mut().for_each(|of| count(of, reason.clone()));
        }
        for node in nodes {
            let id = snapshot.add_node(&node);
            for of in &mut told {
                snapshot.against(of.0, id).into_iter().for_each(|reason| count(of, reason));
            }
            snapshot.remove_node(id);
        }
        for (pod, reasons) in told {
            let reasons: Vec<String> = reasons.into_iter().map(|(reason, pools)| format!("{pools} {reason}")).collect();
            let message = format!("pod didn't trigger scale-up: {}", reasons.join(", "));
            self.autoscaler.told.insert(pod, self.now);
            self.record_event(ObjectId::Pod(pod), false, "NotTriggerScaleUp", SOURCE, message);
        }
    }

    pub(super) fn node_of_autoscaler_booted(&mut self, pool: u32) {
        let Some(Machine { asked, .. }) = self.take_machine(pool, true) else { return };
        self.autoscaler.late.remove(&pool);
        if let Some(id) = self.make_node(pool, ApiTime::of(asked)) {
            self.tell();
            self.node_is_there(id);
        }
        self.wake_autoscaler(false);
    }

    /// A machine that is due leaves those that boot: the one that was asked for first.
    fn take_machine(&mut self, pool: u32, comes: bool) -> Option<Machine> {
        let now = self.now;
        let is_due = |machine: &Machine| machine.pool == pool && machine.comes == comes && machine.due <= now;
        let place = self.autoscaler.booting.iter().position(is_due)?;
        Some(self.autoscaler.booting.remove(place))
    }

    pub(super) fn backs_off(&self, pool: u32) -> bool {
        self.autoscaler.failed.get(&pool).is_some_and(|failure| self.now < failure.until)
    }

    /// The machine did not come within the time that it may take: it is given up (`removeOldUnregisteredNodes`), whatever
    /// was asked of the pool since. The pool is left alone for a while if all that it was asked for should be there by
    /// now (`updateScaleRequests`).
    pub(super) fn node_of_autoscaler_is_overdue(&mut self, pool: u32) {
        if self.take_machine(pool, false).is_none() {
            return;
        }
        let now = self.now;
        // Machines that are given up together are late once.
        let late = self.autoscaler.late.entry(pool).or_insert(Late { times: 0, last: SimTime::MAX });
        late.times += u32::from(late.last != now);
        late.last = now;
        if self.autoscaler.deadlines.get(&pool).is_some_and(|&deadline| deadline > now) {
            let name = self.pool_name(pool);
            self.note(format!("a machine of pool {name} did not come within maxNodeProvisionTime and is given up"));
        } else {
            self.gives_up(pool);
        }
        self.wake_autoscaler(false);
    }

    fn pool_name(&self, pool: u32) -> Arc<str> {
        self.nodes.settings.pools[pool as usize].name.clone()
    }

    /// A pool has not brought what it was asked for in time: it is left alone for a while.
    pub(super) fn gives_up(&mut self, pool: u32) {
        let length = self.back_off(pool);
        let name = self.pool_name(pool);
        let most = self.nodes.settings.autoscaler.as_ref().map_or(SimDuration::ZERO, |flags| flags.max_provision_time);
        let late =
            self.autoscaler.deadlines.remove(&pool).map_or(SimDuration::ZERO, |deadline| self.now.since(deadline));
        self.says_it_timed_out(&name, most + late);
        self.note(format!(
            "pool {name} brought no node within maxNodeProvisionTime; it is asked for none for {length} s"
        ));
    }

    /// Nothing is asked of a pool from now on. Returns for how long (`Backoff`).
    fn back_off(&mut self, pool: u32) -> SimDuration {
        let now = self.now;
        let length = match self.autoscaler.failed.get(&pool) {
            // Machines that were asked for together fail together.
            Some(known) if now < known.until => known.length,
            Some(known) if now.since(known.until) + known.length < FORGOTTEN => {
                (known.length + known.length).min(BACK_OFF.1)
            }
            _ => BACK_OFF.0,
        };
        self.autoscaler.failed.insert(pool, Failure { until: now + length, length });
        length
    }
}
