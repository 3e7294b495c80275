//! Rows 2 and 3: the full model, create to remove, with the Job controller's counting by finalizers.

use jobsim::{RunOptions, Scenario, Trace, run};

use crate::floor::life_cycle::LifeCycle;
use crate::measure::{Effort, Program, by_turns, cpu};
use crate::report::{Finding, Gate};
use crate::scenarios;

/// Row, live pods, pods of a measurement, and gate over floor.
const CASES: [(u8, u32, u32, f64); 3] = [
    (2, 1_000, 300_000, 550.0 / super::LIFE_CYCLE),
    (3, 100_000, 500_000, 900.0 / 444.0),
    (3, 1_000_000, 3_000_000, 1_050.0 / 518.0),
];

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    CASES.iter().map(|&case| finding(effort, case)).collect()
}

fn finding(effort: Effort, (row, live, pods, gate): (u8, u32, u32, f64)) -> Finding {
    let (live, pods) = (effort.size(live, live / 100), effort.size(pods, 2_000));
    let scenario = scenarios::full_model(live, pods);
    let mut floor = LifeCycle::new();
    let programs: Vec<Program<'_>> =
        vec![Box::new(move || floor.run(0, pods, live).succeeded), Box::new(move || pods_of(&scenario))];
    let times = by_turns(effort, cpu, programs);
    Finding {
        row,
        case: format!("full model, {live} live pods"),
        unit: "ns a pod",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(gate),
    }
}

/// Runs a scenario without a trace; all its pods succeed and go. Tells how many they were.
pub(crate) fn pods_of(scenario: &Scenario) -> u64 {
    let options = RunOptions { trace: Trace::None, ..RunOptions::default() };
    let totals = run(scenario, &options).totals.expect("counts");
    assert_eq!((totals.pods_succeeded, totals.pods_left), (totals.pods, 0));
    totals.pods
}
