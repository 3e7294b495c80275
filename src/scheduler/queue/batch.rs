//! Pods that wait as one: alike, told the same at the same instant one after the other, and so often that their
//! back-off is as long as it gets. In the queue they stand side by side, wake together, and what the first is told that
//! is refused holds for the rest, as long as nothing has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, MAX_BACKOFF_SECONDS, Place, Queue};
use crate::api::meta::PodId;
use crate::kernel::time::SimTime;
use crate::scheduler::plugins::Plugins;
use crate::scheduler::shape::Shape;

/// After so many failures the back-off grows no more.
const LONGEST_BACKOFF: u32 = MAX_BACKOFF_SECONDS.ilog2() + 2;

/// Pods that wait as one.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) shape: Shape,
    pub(super) by: Plugins,
    /// When all of them failed.
    pub(super) since: SimTime,
    /// Which failures theirs were: the first, and the last. Between them there was none of other pods.
    pub(super) arrivals: (u64, u64),
    /// What all of them were told.
    message: Arc<str>,
    pub(super) place: Place,
    /// Slots in their order.
    members: BTreeMap<i64, u32>,
}

/// The pod that failed last, and what it was told, which all that are like it are told.
#[derive(Debug)]
pub(super) struct LastFailed {
    id: PodId,
    message: Arc<str>,
}

impl Queue {
    /// A pod that has just failed joins the one that failed before it, if that is like it. Returns whether it does.
    pub(super) fn join(&mut self, id: PodId, message: &Arc<str>) -> bool {
        let queued = self.pods[id.slot as usize].as_deref().expect("a pod of the queue");
        let (shape, by, since) = (queued.shape.clone(), queued.by, queued.since);
        let number = match queued.unschedulable >= LONGEST_BACKOFF && queued.errors == 0 {
            true => self.batch_of_last(&shape, by, message, since, queued.arrival - 1),
            false => None,
        };
        if let Some(number) = number {
            let batch = self.batches.get_mut(&number).expect("a batch of the queue");
            let order = batch.members.last_key_value().map_or(0, |(order, _)| order + 1);
            batch.members.insert(order, id.slot);
            batch.arrivals.1 += 1;
            self.pods[id.slot as usize].as_deref_mut().expect("a pod of the queue").place = Place::Batch(number, order);
        }
        self.last_failed = Some(LastFailed { id, message: message.clone() });
        number.is_some()
    }

    /// The batch of the pod that failed last, which was the failure of this number, if it waits and is alike; where it
    /// stands alone it becomes one.
    fn batch_of_last(
        &mut self,
        shape: &Shape,
        by: Plugins,
        message: &Arc<str>,
        now: SimTime,
        arrival: u64,
    ) -> Option<u32> {
        let LastFailed { id, message: told } = self.last_failed.as_ref()?;
        let (slot, queued) = (id.slot, self.get(*id)?);
        if told != message || queued.shape.number() != shape.number() {
            return None;
        }
        if let Place::Batch(number, _) = queued.place {
            let batch = self.batches.get(&number)?;
            let is_it = batch.place == Place::Pool && batch.by == by && batch.since == now;
            return (is_it && batch.arrivals.1 == arrival).then_some(number);
        }
        let is_it = queued.place == Place::Pool && queued.by == by && queued.since == now && queued.arrival == arrival;
        if !is_it || queued.unschedulable < LONGEST_BACKOFF || queued.errors > 0 {
            return None;
        }
        self.leave(Entry::Pod(slot));
        let number = self.next_batch;
        self.next_batch += 1;
        self.pods[slot as usize].as_deref_mut().expect("a pod of the queue").place = Place::Batch(number, 0);
        let batch = Batch {
            shape: shape.clone(),
            by,
            since: now,
            arrivals: (arrival, arrival),
            message: message.clone(),
            place: Place::InFlight,
            members: BTreeMap::from([(0, slot)]),
        };
        self.batches.insert(number, batch);
        self.put(Entry::Batch(number), Place::Pool);
        Some(number)
    }

    /// The shape of the pods to be tried next, if they are a batch.
    pub(in super::super) fn next_batch(&self) -> Option<&Shape> {
        match self.first()? {
            Entry::Batch(number) => self.batches.get(&number).map(|batch| &batch.shape),
            Entry::Pod(_) => None,
        }
    }

    /// The batch to be tried next fails as the pod before it did, which told them nothing new. Returns of how many pods
    /// it is; none: they have to be tried one by one.
    pub(in super::super) fn fail_batch(&mut self, by: Plugins, message: &Arc<str>, now: SimTime) -> Option<u64> {
        let Some(Entry::Batch(number)) = self.first() else { return None };
        let batch = self.batches.get(&number).filter(|batch| batch.message == *message)?;
        let shape = batch.shape.clone();
        let failed = self.batch_of_last(&shape, by, message, now, self.arrivals)?;
        self.leave(Entry::Batch(number));
        self.leave(Entry::Batch(failed));
        let (batch, before) = (self.batches.remove(&number)?, self.batches.remove(&failed)?);
        let count = batch.members.len() as u64;
        self.arrivals += count;
        let arrivals = (before.arrivals.0, self.arrivals);
        // The fewer go to the more.
        let (kept, mut merged, moved, after) = if before.members.len() < batch.members.len() {
            (number, batch.members, before.members, false)
        } else {
            (failed, before.members, batch.members, true)
        };
        let end = if after { merged.last_key_value() } else { merged.first_key_value() }.map_or(0, |(order, _)| *order);
        let shift = if after { end + 1 } else { end - moved.len() as i64 };
        for (order, slot) in (shift..).zip(moved.into_values()) {
            merged.insert(order, slot);
            self.pods[slot as usize].as_deref_mut().expect("a pod of the queue").place = Place::Batch(kept, order);
        }
        let merged = Batch { by, since: now, arrivals, place: Place::InFlight, members: merged, ..before };
        self.batches.insert(kept, merged);
        self.put(Entry::Batch(kept), Place::Pool);
        Some(count)
    }

    /// Takes the pod at a place out of a batch, which goes with its last.
    pub(super) fn leave_batch(&mut self, number: u32, order: i64) {
        let batch = self.batches.get_mut(&number).expect("the batch of its pods");
        batch.members.remove(&order);
        if batch.members.is_empty() {
            self.leave(Entry::Batch(number));
            self.batches.remove(&number);
        }
    }

    /// The pod of a batch that is tried first.
    pub(super) fn first_of_batch(&self, number: u32) -> Option<u32> {
        self.batches.get(&number)?.members.first_key_value().map(|(_, slot)| *slot)
    }

    /// The pods of a batch stand alone again, in their order.
    pub(super) fn dissolve(&mut self, number: u32) {
        let place = self.leave(Entry::Batch(number));
        let Some(batch) = self.batches.remove(&number) else { return };
        for (arrival, slot) in (batch.arrivals.0..).zip(batch.members.into_values()) {
            let queued = self.pods[slot as usize].as_deref_mut().expect("a pod of the queue");
            (queued.by, queued.since, queued.arrival) = (batch.by, batch.since, arrival);
            self.put(Entry::Pod(slot), place);
        }
    }

    /// A pod that is to go is not tried any more, so nothing that its batch is told is told it.
    pub(in super::super) fn is_to_go(&mut self, id: PodId) {
        self.last_failed = self.last_failed.take().filter(|last| last.id != id);
        if self.get(id).is_some_and(|queued| matches!(queued.place, Place::Batch(..))) {
            self.delete(id);
        }
    }
}
