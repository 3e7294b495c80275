//! The work queue of a controller: keys, delayed adds, and back-off after failed syncs (client-go `util/workqueue`).
//!
//! A key is in at most one of: ready, being processed. Adds while it is processed collapse into one more run after
//! it. Delayed adds of a key collapse into one, the earliest; an immediate add leaves it where it is.

use std::collections::VecDeque;

use super::rate_limiter::RateLimiter;
use crate::api::meta::{CronJobId, JobId};
use crate::kernel::time::{SimDuration, SimTime};

/// A queue of keys that are slots of a table; `uid` tells the objects apart that use a slot one after the other.
#[derive(Debug)]
pub struct WorkQueue<K> {
    ready: VecDeque<K>,
    keys: Vec<KeyState<K>>,
    first_delay: SimDuration,
    longest_delay: SimDuration,
    /// Failed keys of all kinds together come back no faster than this.
    overall: Option<RateLimiter>,
}

/// What a key waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitReason {
    /// Nothing: it was due at once.
    #[default]
    None,
    /// The batch second, in which further changes may come.
    Batch,
    /// The back-off after failed pods.
    PodBackOff,
    /// The back-off after a failed sync.
    ApiBackOff,
    /// The Job's active deadline.
    Deadline,
    /// The end of a TTL.
    Ttl,
    /// The next start of a schedule.
    Schedule,
}

/// A key of a work queue: a position in a table of keys.
pub trait Key: Copy + PartialEq {
    /// Where its state is kept.
    fn slot(self) -> usize;
}

impl Key for JobId {
    fn slot(self) -> usize {
        self.slot as usize
    }
}

impl Key for CronJobId {
    fn slot(self) -> usize {
        self.slot as usize
    }
}

/// Why and how long a key had waited when a worker took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// For what.
    pub reason: WaitReason,
    /// Since when.
    pub since: SimTime,
    /// Until when; what comes after is the wait for a worker.
    pub due: SimTime,
}

#[derive(Clone, Copy, Debug)]
struct KeyState<K> {
    /// Slots are used again: whose state this is.
    owner: K,
    dirty: bool,
    processing: bool,
    waiting_until: SimTime,
    failures: u32,
    /// Why it waits, since when, and until when it did.
    reason: WaitReason,
    since: SimTime,
    due: SimTime,
}

impl<K> KeyState<K> {
    fn idle(owner: K) -> KeyState<K> {
        KeyState {
            owner,
            dirty: false,
            processing: false,
            waiting_until: SimTime::MAX,
            failures: 0,
            reason: WaitReason::None,
            since: SimTime::ZERO,
            due: SimTime::ZERO,
        }
    }
}

impl<K: Key> WorkQueue<K> {
    /// An empty queue whose failed keys wait `first_delay`, doubled each time up to `longest_delay`.
    pub fn new(first_delay: SimDuration, longest_delay: SimDuration) -> WorkQueue<K> {
        WorkQueue { ready: VecDeque::new(), keys: Vec::new(), first_delay, longest_delay, overall: None }
    }

    /// Forgets all keys; the memory is kept.
    pub fn clear(&mut self) {
        self.ready.clear();
        self.keys.clear();
        self.overall.iter_mut().for_each(RateLimiter::refill);
    }

    /// The queue that most controllers have: 5 ms, doubled up to 1000 s, and all failures together ten a second after
    /// the first hundred (`DefaultTypedControllerRateLimiter`).
    pub fn with_default_limits() -> WorkQueue<K> {
        let overall = Some(RateLimiter::new(10.0, 100));
        WorkQueue { overall, ..WorkQueue::new(SimDuration::from_millis(5), SimDuration::from_secs(1000)) }
    }

    /// The key's state; an idle one if the slot was last used by another object.
    fn state(&mut self, key: K) -> &mut KeyState<K> {
        if self.keys.len() <= key.slot() {
            self.keys.resize(key.slot() + 1, KeyState::idle(key));
        }
        let state = &mut self.keys[key.slot()];
        if state.owner != key {
            *state = KeyState::idle(key);
        }
        state
    }

    /// The key's state, unless another object uses its slot by now.
    fn current(&mut self, key: K) -> Option<&mut KeyState<K>> {
        self.keys.get_mut(key.slot()).filter(|state| state.owner == key)
    }

    /// Makes the key due now.
    pub fn add(&mut self, key: K, now: SimTime) {
        self.add_after_wait(key, WaitReason::None, now, now);
    }

    fn add_after_wait(&mut self, key: K, reason: WaitReason, since: SimTime, now: SimTime) {
        let state = self.state(key);
        if state.dirty {
            return;
        }
        (state.dirty, state.due) = (true, now);
        // What was waited for stays known until the wait is over.
        if state.waiting_until == SimTime::MAX {
            (state.reason, state.since) = (reason, since);
        }
        if !state.processing {
            self.ready.push_back(key);
        }
    }

    /// Makes the key due at `at`. Returns true if the caller must set an alarm then: an earlier wait of the same key
    /// makes this one void, and this one makes a later wait void.
    #[must_use]
    pub fn add_at(&mut self, key: K, at: SimTime, reason: WaitReason, now: SimTime) -> bool {
        if at <= now {
            self.add(key, now);
            return false;
        }
        let state = self.state(key);
        if state.waiting_until <= at {
            return false;
        }
        (state.waiting_until, state.reason, state.since) = (at, reason, now);
        true
    }

    /// An alarm of the key rang. Stale ones (the wait was replaced by an earlier one) are ignored.
    pub fn alarm(&mut self, key: K, now: SimTime) {
        if let Some(state) = self.current(key).filter(|state| state.waiting_until == now) {
            state.waiting_until = SimTime::MAX;
            let (reason, since) = (state.reason, state.since);
            self.add_after_wait(key, reason, since, now);
        }
    }

    /// When a failed key is due again (`ItemExponentialFailureRateLimiter.When`); counts the failure.
    pub fn back_off(&mut self, key: K, now: SimTime) -> SimDuration {
        let (first, longest) = (self.first_delay, self.longest_delay);
        let overall = self.overall.as_mut().map_or(SimDuration::ZERO, |limiter| limiter.reserve(now));
        let state = self.state(key);
        let delay = first.0.checked_shl(state.failures).filter(|d| d >> state.failures == first.0);
        state.failures = state.failures.saturating_add(1).min(63);
        SimDuration(delay.unwrap_or(u64::MAX).min(longest.0)).max(overall)
    }

    /// The key's failures are forgiven.
    pub fn forget(&mut self, key: K) {
        if let Some(state) = self.current(key) {
            state.failures = 0;
        }
    }

    /// Is a key ready?
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes the next key; it counts as processed until [`WorkQueue::done`].
    pub fn get(&mut self) -> Option<K> {
        let key = self.ready.pop_front()?;
        if let Some(state) = self.current(key) {
            (state.dirty, state.processing) = (false, true);
        }
        Some(key)
    }

    /// Why and how long the key that was just taken had waited.
    pub fn waited(&mut self, key: K) -> Waited {
        let nothing = Waited { reason: WaitReason::None, since: SimTime::ZERO, due: SimTime::ZERO };
        self.current(key).map_or(nothing, |s| Waited { reason: s.reason, since: s.since.min(s.due), due: s.due })
    }

    /// The sync of the key ended; if it was added meanwhile it goes to the end of the queue.
    pub fn done(&mut self, key: K) {
        let Some(state) = self.current(key) else { return };
        state.processing = false;
        if state.dirty {
            self.ready.push_back(key);
        }
    }

    /// When the key is next due without anything happening, if a wait is set.
    pub fn due(&self, key: K) -> Option<SimTime> {
        self.keys.get(key.slot()).map(|state| state.waiting_until).filter(|&at| at < SimTime::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, PartialEq)]
    struct Slot(usize);
    impl Key for Slot {
        fn slot(self) -> usize {
            self.0
        }
    }

    fn queue() -> WorkQueue<Slot> {
        WorkQueue::new(SimDuration::from_secs(1), SimDuration::from_secs(60))
    }

    #[test]
    fn the_earliest_wait_wins_and_later_ones_are_dropped() {
        let (mut q, now, s) = (queue(), SimTime::ZERO, SimTime::from_secs);
        let wait = WaitReason::Batch;
        assert!(q.add_at(Slot(0), s(5), wait, now));
        assert!(!q.add_at(Slot(0), s(7), wait, now));
        assert!(q.add_at(Slot(0), s(2), wait, now));
        q.alarm(Slot(0), s(2));
        assert!(q.get().is_some());
        q.alarm(Slot(0), s(5));
        assert!(!q.has_ready());
    }

    #[test]
    fn adds_while_processing_run_once_more_afterwards() {
        let mut q = queue();
        q.add(Slot(3), SimTime::ZERO);
        let key = q.get().expect("a ready key");
        q.add(key, SimTime::ZERO);
        q.add(key, SimTime::ZERO);
        assert!(!q.has_ready());
        q.done(key);
        assert!(q.get().is_some() && q.get().is_none());
    }

    #[test]
    fn failures_double_the_wait() {
        let mut q = queue();
        let seconds: Vec<u64> = (0..8).map(|_| q.back_off(Slot(0), SimTime::ZERO).0 / 1_000_000_000).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        q.forget(Slot(0));
        assert_eq!(q.back_off(Slot(0), SimTime::ZERO), SimDuration::from_secs(1));
    }
}
