//! Row 13: a thousand CronJobs that start every hour: a month of them, or with `--full` a year.

use jobsim::{RunOptions, Trace, run};

use crate::floor::life_cycle::LifeCycle;
use crate::measure::{Effort, Program, by_turns, cpu};
use crate::report::{Finding, Gate};
use crate::scenarios;

/// Nanoseconds a Job of the gate, a minute for a year, over the floor's a pod.
const GATE: f64 = 60e9 / 8_760_000.0 / super::LIFE_CYCLE;

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    let days = if effort.full { 365 } else { 30 };
    let (cron_jobs, hours) = (effort.size(1_000, 10), effort.size(days * 24, 5));
    let scenario = scenarios::fleet(cron_jobs, hours);
    let mut floor = LifeCycle::new();
    let ours = || {
        let options = RunOptions { trace: Trace::None, ..RunOptions::default() };
        run(&scenario, &options).totals.expect("counts").jobs
    };
    let programs: Vec<Program<'_>> = vec![Box::new(move || floor.run(0, 300_000, 1_000).succeeded), Box::new(ours)];
    let times = by_turns(effort, cpu, programs);
    vec![Finding {
        row: 13,
        case: format!("{cron_jobs} hourly CronJobs, {hours} h"),
        unit: "ns a Job",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(GATE),
    }]
}
