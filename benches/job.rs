//! One Job from creation to completion: time must grow with its pods, and no faster.
//!
//! `cargo bench --bench job`; the figure to look at is the throughput (pods a second), which must not fall from 1,000
//! to 100,000 pods.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jobsim::kernel::time::SimTime;
use jobsim::scenario::{ReadOptions, Source, Validate};
use jobsim::world::World;
use jobsim::{RunOptions, Scenario, scenario};

/// A Job of constant pods under a profile without delays: the cost of the controllers' rules.
fn job(pods: u32, mode: &str) -> Scenario {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: w}}\nspec:\n  completions: {pods}\n  parallelism: 500\n  \
         completionMode: {mode}\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{{name: main, \
         image: i}}]\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {{name: bench}}\nspec:\n  \
         profile: ideal\n  pods:\n  - {{startup: 1500ms, duration: 10s}}\n"
    );
    scenario::read_str(&text).expect("a good scenario")
}

fn one_job(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one Job");
    group.sample_size(10);
    for mode in ["NonIndexed", "Indexed"] {
        for pods in [1_000, 100_000, 1_000_000] {
            let scenario = job(pods, mode);
            group.throughput(Throughput::Elements(u64::from(pods)));
            group.bench_with_input(BenchmarkId::new(mode, pods), &scenario, |bencher, scenario| {
                bencher.iter(|| {
                    let mut world = World::new(scenario, 0, 0, Vec::new());
                    while world.step_instant(SimTime::MAX) {}
                    assert_eq!(world.pods_created(), u64::from(pods));
                });
            });
        }
    }
    group.finish();
}

/// The shipped scenarios, read, run and recorded.
fn shipped(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("shipped");
    // One of them is refused unless unknown fields are only warned of.
    let options = ReadOptions { validate: Validate::Warn, ..ReadOptions::default() };
    let read = |text: &str| {
        let source = Source { name: "bench".to_owned(), bytes: text.as_bytes().to_vec() };
        scenario::read(vec![source], &options).expect("a good scenario").0
    };
    for name in ["pi", "pi-misplaced", "indexed-job", "work-queue", "flaky"] {
        let path = format!("{}/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a shipped scenario");
        group.bench_function(name, |bencher| {
            bencher.iter(|| jobsim::run(&read(&text), &RunOptions::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, one_job, shipped);
criterion_main!(benches);
