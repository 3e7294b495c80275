//! The scheduling queue: pods to be tried, pods that back off, pods that wait for something to change.

mod batch;
mod hints;
mod pool;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cluster::Cluster;
use super::plugins::{Plugin, Plugins};
use super::shape::Shape;
use crate::api::meta::PodId;
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};

use batch::{Batch, LastFailed};
pub(super) use hints::ClusterEvent;
use pool::Pool;

/// How long a pod stays in the pool at most without anything happening that concerns it.
const MAX_IN_POOL: SimDuration = SimDuration::from_secs(5 * 60);
/// How often the pool is looked through for such pods.
const POOL_FLUSH: SimDuration = SimDuration::from_secs(30);
const MAX_BACKOFF_SECONDS: u64 = 10;

/// Priority, then time in the queue since the last failure, then the order of arrivals and failures.
type ActiveKey = (Reverse<i32>, SimTime, u64, Entry);
/// Whole second in which the back-off ends, then as in the active queue.
type BackoffKey = (u64, ActiveKey);

/// What stands in the queue: the pod of a slot, or pods that wait as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Pod(u32),
    Batch(u32),
}

/// A pod in the queue (`QueuedPodInfo`).
#[derive(Clone, Debug)]
struct Queued {
    id: PodId,
    shape: Shape,
    /// Creation of the entry, then the last failure.
    since: SimTime,
    arrival: u64,
    unschedulable: u32,
    errors: u32,
    /// Who rejected it last.
    by: Plugins,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Active,
    Backoff(u64),
    ErrorBackoff(u64),
    Pool,
    /// In the pool, and not let out by this plugin.
    Gated(Plugin),
    /// In the batch of this number, which has a place itself, and its place there.
    Batch(u32, i64),
    InFlight,
}

/// Pods that are to be scheduled.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// By slot.
    pods: Vec<Option<Box<Queued>>>,
    active: BTreeSet<ActiveKey>,
    backoff: BTreeSet<BackoffKey>,
    batches: BTreeMap<u32, Batch>,
    next_batch: u32,
    last_failed: Option<LastFailed>,
    error_backoff: BTreeSet<BackoffKey>,
    pool: Pool,
    gated: BTreeMap<u32, Plugin>,
    /// What happened since the pod in flight was taken.
    in_flight: Option<(PodId, Vec<ClusterEvent>)>,
    /// Pods whose victims are not all told to go yet.
    preempting: BTreeSet<PodId>,
    arrivals: u64,
}

impl Queued {
    /// The second in which its back-off ends, cut; none without failures (`getBackoffTime`).
    fn expiry(&self) -> Option<u64> {
        let failures = if self.errors > 0 { self.errors } else { self.unschedulable };
        let doublings = failures.checked_sub(1)?;
        let backoff = 1u64.checked_shl(doublings).unwrap_or(MAX_BACKOFF_SECONDS).min(MAX_BACKOFF_SECONDS);
        Some((self.since + SimDuration::from_secs(backoff)).whole_seconds())
    }
}

impl Queue {
    fn get(&self, id: PodId) -> Option<&Queued> {
        self.pods.get(id.slot as usize)?.as_deref().filter(|queued| queued.id == id)
    }

    /// A pod that is new to the queue.
    pub(super) fn add(&mut self, id: PodId, shape: Shape, now: SimTime) {
        let slot = id.slot as usize;
        if self.pods.len() <= slot {
            self.pods.resize_with(slot + 1, || None);
        }
        self.arrivals += 1;
        let queued = Queued {
            id,
            shape,
            since: now,
            arrival: self.arrivals,
            unschedulable: 0,
            errors: 0,
            by: Plugins::default(),
            place: Place::InFlight,
        };
        self.pods[slot] = Some(Box::new(queued));
        self.enter(Entry::Pod(id.slot), now);
    }

    /// Takes the next pod: of the active queue, or the first that backs off if there is none (`Pop`).
    pub(super) fn pop(&mut self) -> Option<PodId> {
        let slot = match self.first()? {
            Entry::Pod(slot) => slot,
            Entry::Batch(number) => self.first_of_batch(number)?,
        };
        self.leave(Entry::Pod(slot));
        let queued = self.pods[slot as usize].as_deref_mut()?;
        queued.by = Plugins::default();
        self.in_flight = Some((queued.id, Vec::new()));
        Some(queued.id)
    }

    fn first(&self) -> Option<Entry> {
        self.active.first().map(|key| key.3).or_else(|| self.backoff.first().map(|key| key.1.3))
    }

    /// Would [`Queue::pop`] find one?
    pub(super) fn is_ready(&self) -> bool {
        !self.active.is_empty() || !self.backoff.is_empty()
    }

    /// The pod in flight found no node: back it goes, or on if something happened meanwhile that may help
    /// (`AddUnschedulableIfNotPresent`). No plugins stand for an error. `told`: what holds for all pods that are like it.
    pub(super) fn failed(&mut self, id: PodId, by: Plugins, told: Option<&Arc<str>>, now: SimTime, cluster: &Cluster) {
        let Some((_, events)) = self.in_flight.take().filter(|(pod, _)| *pod == id) else { return };
        let Some(queued) = self.pods[id.slot as usize].as_deref_mut() else { return };
        if by.is_empty() {
            queued.errors += 1;
        } else {
            queued.unschedulable += 1;
            queued.errors = 0;
        }
        // It is as if it came again: of two that failed at one instant the first to fail is the first to be tried.
        self.arrivals += 1;
        (queued.by, queued.since, queued.arrival) = (by, now, self.arrivals);
        let shape = queued.shape.clone();
        if by.is_empty() || events.iter().any(|event| hints::wakes(event, id, &shape, by, cluster)) {
            self.enter(Entry::Pod(id.slot), now);
        } else if !told.is_some_and(|message| self.join(id, message)) {
            self.put(Entry::Pod(id.slot), Place::Pool);
        }
    }

    /// The pod in flight has a node; it is kept in mind until its binding is seen.
    pub(super) fn scheduled(&mut self, id: PodId) {
        self.in_flight = self.in_flight.take().filter(|(pod, _)| *pod != id);
    }

    /// It could not be bound: it backs off for an error.
    pub(super) fn binding_failed(&mut self, id: PodId, now: SimTime) {
        let Some(queued) = self.pods.get_mut(id.slot as usize).and_then(Option::as_deref_mut) else { return };
        if queued.id == id && queued.place == Place::InFlight {
            self.arrivals += 1;
            (queued.errors, queued.by) = (queued.errors + 1, Plugins::default());
            (queued.since, queued.arrival) = (now, self.arrivals);
            self.enter(Entry::Pod(id.slot), now);
        }
    }

    /// A pod that is to be bound no longer, or is gone.
    pub(super) fn delete(&mut self, id: PodId) {
        if self.get(id).is_some() {
            self.leave(Entry::Pod(id.slot));
            self.pods[id.slot as usize] = None;
        }
        self.preempting.remove(&id);
    }

    /// The pod's victims are being told to go; until that is done it is not tried.
    pub(super) fn preempts(&mut self, id: PodId) {
        self.preempting.insert(id);
    }

    /// They were told; now what happens to them can wake it.
    pub(super) fn has_preempted(&mut self, id: PodId) {
        self.preempting.remove(&id);
    }

    /// Something happened: wakes the pods it may help, of at most this priority.
    pub(super) fn notice(&mut self, event: &ClusterEvent, most: Option<i32>, now: SimTime, cluster: &Cluster) {
        if let Some((_, events)) = &mut self.in_flight {
            events.push(event.clone());
        }
        let may = |shape: &Shape| most.is_none_or(|most| shape.priority <= most);
        let helps = |shape: &Shape, by: Plugins| {
            // Which pod it is matters to updates of the pod itself only, and those come by `update`.
            may(shape) && hints::wakes(event, PodId { slot: u32::MAX, uid: u32::MAX }, shape, by, cluster)
        };
        for entry in self.pool.woken(helps) {
            self.enter(entry, now);
        }
        if !self.gated.is_empty() && matches!(event, ClusterEvent::PodDeleted { bound: true, .. }) {
            let waits = |(slot, gate): (&u32, &Plugin)| (*gate == Plugin::DefaultPreemption).then_some(*slot);
            let waiting: Vec<u32> = self.gated.iter().filter_map(waits).collect();
            for slot in waiting {
                if self.pods[slot as usize].as_deref().is_some_and(|queued| may(&queued.shape)) {
                    self.leave(Entry::Pod(slot));
                    self.enter(Entry::Pod(slot), now);
                }
            }
        }
    }

    /// A pod that waits changed itself (`Update`).
    pub(super) fn update(&mut self, event: &ClusterEvent, id: PodId, shape: &Shape, now: SimTime, cluster: &Cluster) {
        let Some(queued) = self.get(id) else { return };
        if queued.place == Place::InFlight {
            self.pods[id.slot as usize].as_deref_mut().expect("it is there").shape = shape.clone();
            if let Some((_, events)) = &mut self.in_flight {
                events.push(event.clone());
            }
            return;
        }
        if let Place::Batch(number, _) = queued.place {
            self.dissolve(number);
        }
        let place = self.leave(Entry::Pod(id.slot));
        let queued = self.pods[id.slot as usize].as_deref_mut().expect("it is there");
        queued.shape = shape.clone();
        let waits = matches!(place, Place::Pool | Place::Gated(_));
        if waits && hints::wakes(event, id, shape, queued.by, cluster) {
            self.enter(Entry::Pod(id.slot), now);
        } else {
            self.put(Entry::Pod(id.slot), place);
        }
    }

    /// When something is to be done next: see [`Queue::on_alarm`].
    pub(super) fn next_alarm(&self) -> Option<SimTime> {
        let firsts = [self.backoff.first(), self.error_backoff.first()];
        let backoff = firsts.into_iter().flatten().map(|key| SimTime::from_secs(key.0 + 1)).min();
        let flush = self.pool.oldest().map(|since| {
            let due = (since + MAX_IN_POOL).0 / POOL_FLUSH.0 + 1;
            SimTime(due * POOL_FLUSH.0)
        });
        backoff.into_iter().chain(flush).min()
    }

    /// Back-offs that are over end at whole seconds, long waits in the pool at half minutes.
    pub(super) fn on_alarm(&mut self, now: SimTime) {
        if now.0.is_multiple_of(NANOS_PER_SECOND) {
            let over = |keys: &BTreeSet<BackoffKey>| {
                keys.iter().take_while(|key| key.0 < now.whole_seconds()).map(|key| key.1.3).collect::<Vec<Entry>>()
            };
            for entry in over(&self.backoff).into_iter().chain(over(&self.error_backoff)) {
                self.leave(entry);
                self.enter(entry, now);
            }
        }
        if now.0.is_multiple_of(POOL_FLUSH.0) {
            let long = self.pool.older_than(now, MAX_IN_POOL);
            for entry in long {
                self.leave(entry);
                self.enter(entry, now);
            }
        }
    }

    /// Into the active queue or, if its back-off is not over, the back-off queue; or nowhere if a gate is closed.
    fn enter(&mut self, entry: Entry, now: SimTime) {
        let (gate, expiry, is_error) = match entry {
            Entry::Pod(slot) => {
                let queued = self.pods[slot as usize].as_deref().expect("a pod of the queue");
                let gate = if queued.shape.gated {
                    Some(Plugin::SchedulingGates)
                } else {
                    self.preempting.contains(&queued.id).then_some(Plugin::DefaultPreemption)
                };
                (gate, queued.expiry(), queued.by.is_empty())
            }
            Entry::Batch(number) => {
                let end = self.batches[&number].since + SimDuration::from_secs(MAX_BACKOFF_SECONDS);
                (None, Some(end.whole_seconds()), false)
            }
        };
        let place = match (gate, expiry) {
            (Some(gate), _) => Place::Gated(gate),
            (None, Some(expiry)) if expiry >= now.whole_seconds() => {
                if is_error {
                    Place::ErrorBackoff(expiry)
                } else {
                    Place::Backoff(expiry)
                }
            }
            (None, _) => Place::Active,
        };
        self.put(entry, place);
    }

    /// Where an entry stands among others, and what the pool knows it by.
    fn key(&self, entry: Entry) -> (ActiveKey, Shape, Plugins) {
        let (shape, by, since, arrival) = match entry {
            Entry::Pod(slot) => {
                let queued = self.pods[slot as usize].as_deref().expect("a pod of the queue");
                (&queued.shape, queued.by, queued.since, queued.arrival)
            }
            Entry::Batch(number) => {
                let batch = &self.batches[&number];
                (&batch.shape, batch.by, batch.since, batch.arrivals.0)
            }
        };
        ((Reverse(shape.priority), since, arrival, entry), shape.clone(), by)
    }

    fn put(&mut self, entry: Entry, place: Place) {
        let (key, shape, by) = self.key(entry);
        match (entry, place) {
            (_, Place::Active) => _ = self.active.insert(key),
            (_, Place::Backoff(expiry)) => _ = self.backoff.insert((expiry, key)),
            (_, Place::ErrorBackoff(expiry)) => _ = self.error_backoff.insert((expiry, key)),
            (_, Place::Pool) => self.pool.insert(entry, &shape, by, key.1),
            (Entry::Pod(slot), Place::Gated(gate)) => {
                self.pods[slot as usize].as_deref_mut().expect("a pod of the queue").by.insert(gate);
                self.gated.insert(slot, gate);
            }
            (_, Place::Gated(_) | Place::Batch(..) | Place::InFlight) => {}
        }
        *self.place_mut(entry) = place;
    }

    /// Takes an entry from where it stands. Returns where that was.
    fn leave(&mut self, entry: Entry) -> Place {
        let place = std::mem::replace(self.place_mut(entry), Place::InFlight);
        let (key, shape, by) = self.key(entry);
        match (entry, place) {
            (_, Place::Active) => _ = self.active.remove(&key),
            (_, Place::Backoff(expiry)) => _ = self.backoff.remove(&(expiry, key)),
            (_, Place::ErrorBackoff(expiry)) => _ = self.error_backoff.remove(&(expiry, key)),
            (_, Place::Pool) => self.pool.remove(entry, &shape, by, key.1),
            (Entry::Pod(slot), Place::Gated(_)) => _ = self.gated.remove(&slot),
            (Entry::Pod(_), Place::Batch(number, order)) => self.leave_batch(number, order),
            (Entry::Pod(slot), Place::InFlight) => {
                self.in_flight = self.in_flight.take().filter(|(pod, _)| pod.slot != slot);
            }
            (Entry::Batch(_), Place::Gated(_) | Place::Batch(..) | Place::InFlight) => {}
        }
        place
    }

    fn place_mut(&mut self, entry: Entry) -> &mut Place {
        match entry {
            Entry::Pod(slot) => &mut self.pods[slot as usize].as_deref_mut().expect("a pod of the queue").place,
            Entry::Batch(number) => &mut self.batches.get_mut(&number).expect("a batch of the queue").place,
        }
    }
}
