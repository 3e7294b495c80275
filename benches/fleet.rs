//! Many CronJobs over days, without a trace: time must grow with the Jobs that start, and not with the fleet.
//!
//! `cargo bench --bench fleet`; the figure to look at is the throughput (Jobs a second), which must not fall from 10 to
//! 1,000 CronJobs. The schedule alone is the same without pods.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jobsim::{RunOptions, Scenario, Trace, scenario};

const JOBS: u64 = 24_000;

/// CronJobs that start every hour, each at its own minute.
fn fleet(cron_jobs: usize, horizon: &str) -> Scenario {
    let mut text = String::new();
    for number in 0..cron_jobs {
        text.push_str(&format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c{number}}}\nspec:\n  schedule: '{} * * * *'\n  \
             jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          \
             containers: [{{name: main, image: i}}]\n---\n",
            1 + number % 59
        ));
    }
    text.push_str(&format!(
        "apiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {{name: fleet}}\nspec:\n  profile: ideal\n  \
         horizon: {horizon}\n  pods:\n  - {{startup: 2s, duration: 5m}}\n"
    ));
    scenario::read_str(&text).expect("a good scenario")
}

fn hourly(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hourly CronJobs");
    group.sample_size(10);
    for schedule_only in [false, true] {
        // As many Jobs either way: fewer CronJobs run for longer.
        for (cron_jobs, horizon) in [(10, "2400h"), (1_000, "24h")] {
            let scenario = fleet(cron_jobs, horizon);
            let options = RunOptions { trace: Trace::None, schedule_only, ..RunOptions::default() };
            group.throughput(Throughput::Elements(JOBS));
            let name = if schedule_only { "schedule only" } else { "with pods" };
            group.bench_with_input(BenchmarkId::new(name, cron_jobs), &scenario, |bencher, scenario| {
                bencher.iter(|| {
                    let run = jobsim::run(scenario, &options);
                    assert_eq!(run.totals.map(|totals| totals.jobs), Some(JOBS));
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, hourly);
criterion_main!(benches);
