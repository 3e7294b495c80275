//! Rows 7 and 8: replications of a Job of five pods, each with its own seed, on one thread and on two. And a Job of a
//! thousand pods, of which a minute must do for ten thousand.

use jobsim::study::expression::Measure;
use jobsim::study::replication::Laboratory;
use jobsim::{Scenario, record::measure::Metric};

use crate::floor::life_cycle::LifeCycle;
use crate::measure::{Effort, Program, Ratio, by_turns, cpu, wall};
use crate::report::{Finding, Gate};
use crate::scenarios;

const PODS: u32 = 5;

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    let replications = effort.size(200_000, 200);
    let scenario = scenarios::small_job(PODS);
    let mut floor = LifeCycle::new();
    let programs: Vec<Program<'_>> = vec![
        Box::new(|| {
            let succeeded: u64 = (0..replications).map(|seed| floor.run(seed.into(), PODS, PODS).succeeded).sum();
            assert_eq!(succeeded, u64::from(PODS * replications));
            u64::from(replications)
        }),
        Box::new(|| study(&scenario, 1, replications).0),
    ];
    let times = by_turns(effort, cpu, programs);
    let mut findings = vec![Finding {
        row: 7,
        case: "Job of 5 pods, 1 thread".to_owned(),
        unit: "ns a run",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(1.43 / 0.6),
    }];
    findings.push(two_threads(effort, "Job of 5 pods, 2 threads", &scenario, replications));
    let thousand = scenarios::small_job(1_000);
    findings.push(two_threads(effort, "Job of 1,000 pods, 2 threads", &thousand, effort.size(500, 4)));
    findings
}

/// How many times as fast two threads are as one. The results are the same.
fn two_threads(effort: Effort, case: &str, scenario: &Scenario, replications: u32) -> Finding {
    assert!(study(scenario, 1, 300.min(replications)).1 == study(scenario, 2, 300.min(replications)).1);
    let on = |threads| -> Program<'_> { Box::new(move || study(scenario, threads, replications).0) };
    let times = by_turns(effort, wall, vec![on(1), on(2)]);
    // Other work on the machine slows two threads down more than one: the best turn of each comes closest.
    let ratio = Ratio { median: times.least(0) / times.least(1), ..times.ratio(0, 1) };
    let gate = if effort.test { Gate::None } else { Gate::AtLeast(1.8) };
    Finding {
        row: 8,
        case: case.to_owned(),
        unit: "ns a run",
        floor: times.least(0),
        ours: times.least(1),
        ratio,
        gate,
    }
}

/// Replications and the bits of their results.
fn study(scenario: &Scenario, threads: usize, replications: u32) -> (u64, Vec<u64>) {
    let laboratory = Laboratory::new(threads).expect("threads");
    let measures = [Measure::of(Metric::Makespan)];
    let values = laboratory.measure(scenario, 0..replications, &measures).expect("results");
    (u64::from(replications), values.into_iter().map(f64::to_bits).collect())
}
