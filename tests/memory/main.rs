//! Bytes that pods take, counted by the allocator: a binary of its own, as it has an allocator of its own.
#![allow(clippy::print_stdout, reason = "the test says what it counted")]

use std::alloc::System;
use std::io::{Sink, sink};

use jobsim::kernel::time::SimTime;
use jobsim::record::stream::{Stream, Tables};
use jobsim::scenario::read_str;
use jobsim::world::World;
use jobsim::world::observer::Observer;
use jobsim::{Scenario, SimDuration};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes a live pod, all in. It is to become 160; what it is made of is in benches/README.md.
const MOST_A_LIVE_POD: f64 = 600.0;

/// Bytes that are allocated now.
fn bytes() -> f64 {
    let stats = ALLOCATOR.stats();
    (stats.bytes_allocated - stats.bytes_deallocated) as f64
}

/// Jobs of a thousand pods that arrive one after the other and go when they are done.
fn jobs(seconds_between: u32, jobs: u32, run_time: &str) -> Scenario {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: w}}\nspec:\n  completions: 1000\n  parallelism: 1000\n  \
         ttlSecondsAfterFinished: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{{name: \
         main, image: i}}]\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  pods: \
         [{{startup: 1s, duration: {run_time}}}]\n  arrivals: [{{template: w, interarrival: {seconds_between}s, \
         limit: {jobs}}}]\n"
    );
    read_str(&text).expect("a scenario")
}

fn run_until(world: &mut World<'_>, seconds: u64) {
    let until = SimTime::ZERO + SimDuration::from_secs(seconds);
    while world.step_instant(until) {}
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn pods_take_few_bytes_and_finished_ones_none() {
    let scenario = jobs(1, 100, "1000h");
    let before = bytes();
    let mut world = World::new(&scenario, 0, 0, Vec::new());
    run_until(&mut world, 1000);
    let live = world.store().live_pods();
    assert_eq!(live, 100_000);
    let a_live_pod = (bytes() - before) / live as f64;
    println!("{a_live_pod:.0} bytes a live pod");
    assert!(a_live_pod < MOST_A_LIVE_POD, "{a_live_pod}");
    drop(world);

    // Streamed, the memory is that of the pods that stand, after ten Jobs as after a hundred.
    let scenario = jobs(20, 120, "{uniform: {min: 5s, max: 15s}}");
    let tables: Tables<Sink> =
        Tables { cron_jobs: None, jobs: Some(sink()), pods: Some(sink()), events: Some(sink()), nodes: None };
    let mut stream = Stream::new(&scenario, tables, None);
    let observers: Vec<&mut dyn Observer> = vec![&mut stream];
    let mut world = World::new(&scenario, 0, 0, observers);
    let mut most = |from: u64, to: u64| {
        (from..to).fold(0.0f64, |most, second| {
            run_until(&mut world, second);
            most.max(bytes())
        })
    };
    let (early, late) = (most(0, 1000), most(1000, 2400));
    let finished = 70_000.0;
    let a_finished_pod = (late - early) / finished;
    println!("{a_finished_pod:.3} bytes a finished pod, streamed");
    assert!(a_finished_pod < 0.5, "{a_finished_pod}");
}
