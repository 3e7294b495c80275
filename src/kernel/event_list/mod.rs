//! The event list: everything that is going to happen, in order of time, and at one time in order of insertion.
//!
//! The events about to happen lie sorted in a short *front*; a few dozen pending events need nothing more. What is
//! later than the front waits, unsorted, in the buckets of a timing wheel, and a bucket is sorted when its time comes.
//! An event is moved at most once a level of the wheel, whatever the times are: equal, clustered, or far apart.
//!
//! There is no way to cancel: a stale alarm finds its object gone, and does nothing.

mod wheel;

use self::wheel::Wheel;
use super::time::SimTime;

/// As many events a front alone can hold and still insert faster than a wheel.
const ALONE: usize = 64;
/// As many events a front before a wheel can hold, so that its events do not return there one bucket after another.
const BEFORE_WHEEL: usize = 2 * wheel::SORTED;

/// So many of the next events are looked at one by one for the place of another.
const NEAR: usize = 8;

/// Events of type `E`, plain data of up to 16 bytes, by time.
#[derive(Clone, Debug)]
pub struct EventList<E> {
    /// Sorted, the next event last. All of it comes before all of the wheel.
    front: Vec<Entry<E>>,
    /// What is pushed for an earlier time belongs into the front, the rest into the wheel.
    front_end: u64,
    wheel: Wheel<E>,
    /// Time of the last event taken.
    now: u64,
}

/// An event and its time in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    time: u64,
    event: E,
}

impl<E: Copy> EventList<E> {
    /// Nothing is pending.
    pub fn new() -> EventList<E> {
        const { assert!(size_of::<E>() <= 16, "an event is plain data of up to 16 bytes") };
        EventList { front: Vec::new(), front_end: u64::MAX, wheel: Wheel::new(), now: 0 }
    }

    /// Nothing is pending any more, and time begins anew. The memory is kept.
    pub fn clear(&mut self) {
        self.front.clear();
        self.wheel.clear();
        (self.front_end, self.now) = (u64::MAX, 0);
    }

    /// `event` is to happen at `at`, after all that was pushed for `at` before. Never earlier than the last `pop`.
    #[inline]
    pub fn push(&mut self, at: SimTime, event: E) {
        debug_assert!(at.0 >= self.now, "an event at {} ns was pushed at {} ns", at.0, self.now);
        // Were it to happen after all, order is kept and the event is late.
        let entry = Entry { time: at.0.max(self.now), event };
        if entry.time < self.front_end {
            self.push_front(entry);
        } else {
            self.wheel.push(entry);
        }
    }

    /// Takes the next event.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        if self.front.is_empty() {
            self.refill();
        }
        let Entry { time, event } = self.front.pop()?;
        self.now = time;
        Some((SimTime(time), event))
    }

    /// When the next event happens.
    #[inline]
    pub fn next_time(&self) -> Option<SimTime> {
        match self.front.last() {
            Some(entry) => Some(SimTime(entry.time)),
            None => self.wheel.first_time().map(SimTime),
        }
    }

    /// How many events are pending.
    pub fn len(&self) -> usize {
        self.front.len() + self.wheel.len()
    }

    /// Is nothing pending?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All that is pending, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.front.iter().chain(self.wheel.iter()).map(|entry| &entry.event)
    }

    fn push_front(&mut self, entry: Entry<E>) {
        insert(&mut self.front, entry);
        let most = if self.wheel.is_empty() { ALONE } else { BEFORE_WHEEL };
        if self.front.len() > most {
            self.spill();
        }
    }

    /// Hands the front to the wheel, which has nothing as early: `front_end` is where it began.
    fn spill(&mut self) {
        if self.wheel.is_empty() {
            self.wheel.begin_at(self.now);
        }
        self.front_end = self.wheel.begin();
        for entry in self.front.drain(..).rev() {
            self.wheel.push(entry);
        }
    }

    /// Fills the empty front with the earliest bucket.
    fn refill(&mut self) {
        self.front_end = match self.wheel.open(&mut self.front) {
            Some(end) if !self.wheel.is_empty() => end,
            // With nothing behind it the front takes all that comes.
            _ => u64::MAX,
        };
    }
}

/// Inserts into a front: before all that is later, which lies first, and after its own time.
#[inline]
fn insert<E: Copy>(front: &mut Vec<Entry<E>>, entry: Entry<E>) {
    // Most events are among the next; what is further off is searched for.
    let near = front.len().saturating_sub(NEAR);
    let mut place = front.len();
    while place > near && front[place - 1].time <= entry.time {
        place -= 1;
    }
    if place == near {
        place = front[..near].partition_point(|later| later.time > entry.time);
    }
    front.insert(place, entry);
}

impl<E: Copy> Default for EventList<E> {
    fn default() -> EventList<E> {
        EventList::new()
    }
}

#[cfg(test)]
mod tests;
