//! Same order as a standard heap, whatever the load.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;

use super::*;

/// An event list beside a heap of (time, number of the push). Every difference is a failure.
#[derive(Default)]
struct Pair {
    list: EventList<u64>,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    pushed: u64,
    now: u64,
}

impl Pair {
    fn push(&mut self, delay: u64) {
        let at = self.now.saturating_add(delay);
        self.list.push(SimTime(at), self.pushed);
        self.heap.push(Reverse((at, self.pushed)));
        self.pushed += 1;
        self.compare();
    }

    fn pop(&mut self) {
        let expected = self.heap.pop().map(|Reverse((time, number))| (SimTime(time), number));
        assert_eq!(self.list.pop(), expected, "after {} pushes at {} ns", self.pushed, self.now);
        self.now = expected.map_or(self.now, |(time, _)| time.0);
        self.compare();
    }

    fn compare(&self) {
        assert_eq!(self.list.len(), self.heap.len());
        assert_eq!(self.list.next_time(), self.heap.peek().map(|Reverse((time, _))| SimTime(*time)));
    }

    fn clear(&mut self) {
        self.list.clear();
        *self = Pair { list: std::mem::take(&mut self.list), ..Pair::default() };
        self.compare();
    }

    fn pop_all(&mut self) {
        while !self.heap.is_empty() {
            self.pop();
        }
        self.pop();
    }
}

/// Delays of all magnitudes; many are 0, equal, or just beside each other.
fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0),
        2 => 0..3u64,
        2 => Just(1_000_000_000),
        2 => 3_600_000_000_000..3_600_000_000_003u64,
        4 => (0..64u32, any::<u64>()).prop_map(|(bits, any)| any >> bits),
        1 => Just(u64::MAX),
    ]
}

/// A burst of pushes, then of pops.
fn bursts(delay: impl Strategy<Value = u64>) -> impl Strategy<Value = Vec<(Vec<u64>, usize)>> {
    let pushes = prop_oneof![
        prop::collection::vec(delay, 0..200),
        // A crowd at one time.
        (any::<u64>(), 0..64u32, 0..300usize).prop_map(|(any, bits, count)| vec![any >> bits; count]),
    ];
    prop::collection::vec((pushes, 0..250usize), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn events_come_in_the_order_of_a_heap(bursts in bursts(delay())) {
        let mut pair = Pair::default();
        for (pushes, pops) in bursts {
            pushes.into_iter().for_each(|delay| pair.push(delay));
            (0..pops).for_each(|_| pair.pop());
        }
        pair.pop_all();
    }

    #[test]
    fn a_list_that_was_cleared_is_like_a_new_one(first in bursts(delay()), second in bursts(delay())) {
        let mut pair = Pair::default();
        for (pushes, pops) in first {
            pushes.into_iter().for_each(|delay| pair.push(delay));
            (0..pops).for_each(|_| pair.pop());
        }
        pair.clear();
        for (pushes, pops) in second {
            pushes.into_iter().for_each(|delay| pair.push(delay));
            (0..pops).for_each(|_| pair.pop());
        }
        pair.pop_all();
    }

    #[test]
    fn events_that_cause_events_come_in_the_order_of_a_heap(
        start in prop::collection::vec(delay(), 1..300),
        delays in prop::collection::vec(delay().prop_map(|delay| delay >> 8), 1..1500),
    ) {
        let mut pair = Pair::default();
        start.into_iter().for_each(|delay| pair.push(delay));
        for delay in delays {
            pair.pop();
            pair.push(delay);
        }
        pair.pop_all();
    }
}

/// As many events again and again, each causing the next `delay` later. A quadratic case would take hours.
fn hold(pending: u64, mut delay: impl FnMut(u64) -> u64) {
    let mut list = EventList::new();
    (0..pending).for_each(|i| list.push(SimTime(delay(i)), i));
    let mut last = SimTime::ZERO;
    for i in 0..3 * pending {
        let (time, event) = list.pop().unwrap();
        assert!(time >= last, "{time} after {last}");
        last = time;
        list.push(time + super::super::time::SimDuration(delay(pending + i)), event);
    }
    assert_eq!(list.len() as u64, pending);
    assert!(list.wheel.is_lean(pending as usize), "memory grew beyond {pending} events");
}

#[test]
fn no_load_is_quadratic() {
    const PENDING: u64 = 200_000;
    // A cheap scatter: multiples of the golden ratio.
    let scatter = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hold(PENDING, |_| 0);
    hold(PENDING, |_| 1_000_000_000);
    hold(PENDING, |i| i % 2);
    hold(PENDING, |i| if i % 2 == 0 { scatter(i) >> 54 } else { 3_600_000_000_000_000 + (scatter(i) >> 44) });
    hold(PENDING, |i| if i == 0 { u64::MAX >> 1 } else { scatter(i) >> 60 });
    hold(PENDING, |i| scatter(i) >> (scatter(i) % 60 + 4));
}

#[test]
fn few_events_around_one_far_ahead() {
    let mut pair = Pair::default();
    pair.push(u64::MAX / 2);
    for i in 0..10_000 {
        pair.push(i % 7);
        if i % 3 == 0 {
            pair.pop();
        }
    }
    pair.pop_all();
}

#[test]
fn all_that_is_pending_is_shown() {
    let mut list = EventList::new();
    for number in 0..1000u32 {
        list.push(SimTime(u64::from(number) * 7919 % 1_000_003 * 1000), number);
    }
    for left in (0..1000).rev() {
        list.pop();
        let mut shown: Vec<u32> = list.iter().copied().collect();
        shown.sort_unstable();
        shown.dedup();
        assert_eq!((shown.len(), list.len()), (left, left));
    }
}

#[test]
fn looking_ahead_does_not_hinder_an_earlier_event() {
    let mut pair = Pair::default();
    (0..1000).for_each(|i| pair.push(1_000_000 + i * 1000));
    pair.pop();
    (0..1000).for_each(|i| pair.push(500 - i / 2));
    pair.pop_all();
}

#[test]
#[cfg_attr(not(debug_assertions), ignore)]
#[should_panic(expected = "an event at 9 ns was pushed at 10 ns")]
fn the_past_is_closed() {
    let mut list = EventList::new();
    list.push(SimTime(10), 0u8);
    list.pop();
    list.push(SimTime(9), 1);
}
