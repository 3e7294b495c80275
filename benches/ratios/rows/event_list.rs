//! Row 1: the event list alone, each event causing the next one (the hold model). And loads that are far from smooth,
//! against the smooth one: a list that goes quadratic takes a thousand times as long.

use jobsim::kernel::event_list::EventList;
use jobsim::kernel::time::SimTime;

use crate::floor::ladder::Ladder;
use crate::measure::{Effort, Program, by_turns, cpu};
use crate::report::{Finding, Gate};

/// Pending events and how much more than the floor ours may cost: gate over floor.
const CASES: [(u32, f64); 3] = [(1_000, 45.0 / 30.0), (1_000_000, 95.0 / 62.0), (10_000_000, 130.0 / 78.0)];

/// How much longer than on the smooth load an event may take on any other.
const SKEWED: f64 = 3.0;

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CASES.iter().map(|&(pending, gate)| smooth(effort, pending, gate)).collect();
    findings.extend(skewed(effort));
    findings
}

fn smooth(effort: Effort, pending: u32, gate: f64) -> Finding {
    let pending = effort.size(pending, pending.min(10_000));
    let events = effort.size(3_000_000, 1_000);
    let (mut floor, mut ours) = (Ladder::default(), EventList::new());
    let (mut gaps, mut same_gaps) = (Gaps::new(), Gaps::new());
    for number in 0..u64::from(pending) {
        floor.push(gaps.smooth(), [number, 0]);
        ours.push(SimTime(same_gaps.smooth()), [number, 0]);
    }
    let hold_floor = || {
        for _ in 0..events {
            let (time, event) = floor.pop().expect("a pending event");
            floor.push(time + gaps.smooth(), event);
        }
        u64::from(events)
    };
    let hold_ours = || {
        for _ in 0..events {
            let (time, event) = ours.pop().expect("a pending event");
            ours.push(SimTime(time.0 + same_gaps.smooth()), event);
        }
        u64::from(events)
    };
    // All that is pending came at once: the list finds its form before it is measured.
    let programs: Vec<Program<'_>> = vec![Box::new(hold_floor), Box::new(hold_ours)];
    let times = by_turns(effort, cpu, programs);
    Finding {
        row: 1,
        case: format!("event list alone, {pending} pending"),
        unit: "ns an event",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(gate),
    }
}

/// A load: the time from an event to the one that it causes.
type Load = fn(&mut Gaps, u64) -> u64;

const LOADS: [(&str, Load); 6] = [
    ("all times equal", |_, _| 1_000_000_000),
    ("all at once", |_, _| 0),
    (
        "two clusters",
        |gaps, i| if i % 2 == 0 { gaps.next() >> 54 } else { 3_600_000_000_000_000 + (gaps.next() >> 44) },
    ),
    ("heavy tail", |gaps, _| {
        let bits = gaps.next();
        bits >> (bits % 50 + 13)
    }),
    ("one far ahead", |gaps, i| if i == 0 { u64::MAX >> 1 } else { gaps.next() >> 50 }),
    ("whole seconds", |gaps, _| gaps.smooth() / 1_000_000_000 * 1_000_000_000),
];

fn skewed(effort: Effort) -> Vec<Finding> {
    let pending = u64::from(effort.size(100_000, 1_000));
    let hold = move |load: Load| {
        move || {
            let (mut list, mut gaps) = (EventList::new(), Gaps::new());
            (0..pending).for_each(|i| list.push(SimTime(load(&mut gaps, i)), [i, 0]));
            for i in 0..4 * pending {
                let (time, event) = list.pop().expect("a pending event");
                list.push(SimTime(time.0.saturating_add(load(&mut gaps, pending + i))), event);
            }
            5 * pending
        }
    };
    let smooth: Load = |gaps, _| gaps.smooth();
    let mut programs: Vec<Program<'_>> = vec![Box::new(hold(smooth))];
    programs.extend(LOADS.map(|(_, load)| Box::new(hold(load)) as Program<'_>));
    let times = by_turns(effort, cpu, programs);
    let finding = |(at, (name, _)): (usize, &(&str, Load))| Finding {
        row: 1,
        case: format!("{name}, {pending} pending, to smooth"),
        unit: "ns an event",
        floor: times.median(0),
        ours: times.median(at + 1),
        ratio: times.ratio(at + 1, 0),
        gate: Gate::AtMost(SKEWED),
    };
    LOADS.iter().enumerate().map(finding).collect()
}

/// Numbers at next to no cost, for both programs the same.
struct Gaps {
    state: u64,
    exponential: Vec<u64>,
}

impl Gaps {
    fn new() -> Gaps {
        let quantile = |i: u32| (-libm::log((f64::from(i) + 0.5) / 4096.0) * 1e9) as u64;
        Gaps { state: 0x0123_4567_89ab_cdef, exponential: (0..4096).map(quantile).collect() }
    }

    /// Marsaglia's xorshift.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// Exponential, a second in the mean.
    fn smooth(&mut self) -> u64 {
        let bits = self.next();
        self.exponential[(bits >> 52) as usize] + (bits & 0xf_ffff)
    }
}
