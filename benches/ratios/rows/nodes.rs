//! Rows 5 and 12: the scheduler at work.

use super::model::pods_of;
use crate::floor::life_cycle::LifeCycle;
use crate::measure::{Effort, Program, by_turns, cpu};
use crate::report::{Finding, Gate};
use crate::scenarios;
use jobsim::{RunOptions, Trace, run};

/// Seconds, pods and the floor's nanoseconds a pod that the gate of row 12 was set with.
const MIXED: f64 = 0.5e9 / 7_064.0 / super::LIFE_CYCLE;

/// Row 5: time a pod with many nodes against few.
pub(crate) fn many_and_few(effort: Effort) -> Vec<Finding> {
    let pods = effort.size(50_000, 200);
    let (few, many) = (scenarios::on_nodes(10, pods), scenarios::on_nodes(effort.size(5_000, 50), pods));
    let programs: Vec<Program<'_>> = vec![Box::new(|| pods_of(&few)), Box::new(|| pods_of(&many))];
    let times = by_turns(effort, cpu, programs);
    vec![Finding {
        row: 5,
        case: "5,000 nodes against 10 nodes".to_owned(),
        unit: "ns a pod",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(2.0),
    }]
}

/// Row 12: many sizes of pods, each with its own Job, on nodes of several kinds.
pub(crate) fn mixed(effort: Effort) -> Vec<Finding> {
    let (nodes, pods) = (effort.size(1_000, 20), effort.size(7_064, 50));
    let scenario = scenarios::mixed_jobs(nodes, pods);
    let mut floor = LifeCycle::new();
    let ours = || {
        let options = RunOptions { trace: Trace::None, ..RunOptions::default() };
        let totals = run(&scenario, &options).totals.expect("counts");
        assert_eq!(totals.jobs, u64::from(pods));
        u64::from(pods)
    };
    // The floor is quick: often enough to be timed.
    let programs: Vec<Program<'_>> =
        vec![Box::new(move || (0..20).map(|seed| floor.run(seed, pods, pods).succeeded).sum()), Box::new(ours)];
    let times = by_turns(effort, cpu, programs);
    vec![Finding {
        row: 12,
        case: format!("{pods} pods, a Job each, {nodes} nodes"),
        unit: "ns a pod",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(MIXED),
    }]
}
