//! What comes late, or takes its time: pods of Jobs that are gone, deletions that were refused, conditions.

use jobsim::{RunOptions, SimTime};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: w}\nspec: {SPEC, template: {spec: {restartPolicy: \
                   Never, containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  \
                   horizon: 10m\n";

fn play(spec: &str, simulation: &str) -> jobsim::Run {
    let text = format!("{}{simulation}", JOB.replace("SPEC", spec));
    let scenario = jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    jobsim::run(&scenario, &RunOptions::default())
}

#[test]
fn pods_that_come_after_their_job_has_gone_go_too() {
    // The first sync creates twenty a second, and goes on doing so once the Job is deleted.
    let run = play(
        "completions: 100, parallelism: 100",
        "  pods: [{startup: 1s, duration: 60s}]\n  actions: [{at: 2s, delete: {kind: Job, name: w}}]\n",
    );
    let late = run.pods.iter().filter(|pod| pod.created > SimTime::from_secs(2)).count();
    assert!(run.pods.len() > 60 && late > 20, "{} pods, {late} of them late", run.pods.len());
    assert!(run.pods.iter().all(|pod| pod.removed.is_some()), "{:?}", run.pods.last());
}

#[test]
fn pods_out_of_range_go_also_once_a_deletion_was_refused() {
    let run = play(
        "completionMode: Indexed, completions: 4, parallelism: 4",
        "  profile: ideal\n  pods: [{match: {index: 0}, duration: 8s}, {duration: 60s, termination: 1s}]\n  controlPlane: \
         {apiServer: {latency: 20ms, watchLatency: 10ms}}\n  actions:\n  - {at: 5s, patch: {kind: Job, name: w, merge: {spec: \
         {completions: 2, parallelism: 2}}}}\n  - {at: 5015ms, outage: {component: apiserver, for: 3s}}\n",
    );
    let deleted = run.pods.iter().filter(|pod| pod.terminating.is_some()).map(|pod| pod.index);
    assert_eq!(deleted.collect::<Vec<_>>(), [Some(2), Some(3)]);
}

#[test]
fn a_condition_has_the_time_of_its_verdict_however_long_deletions_take() {
    let run = play(
        "completions: 60, parallelism: 60, activeDeadlineSeconds: 20",
        "  profile: ideal\n  pods: [{startup: 1s, duration: 60s}]\n  controlPlane: {apiServer: {latency: 5ms, watchLatency: \
         10ms}, controllerManager: {qps: 20, burst: 30}}\n",
    );
    let announced = run.jobs[0].rows.iter().find(|row| !row.conditions.is_empty()).expect("a verdict");
    assert!(announced.time > SimTime::from_secs(21), "{announced:?}");
    assert_eq!(announced.conditions[0].last_transition_time.instant(), SimTime::from_secs(20), "{announced:?}");
}

#[test]
fn orphans_are_released_by_the_next_process_too() {
    let run = play(
        "completions: 60, parallelism: 60",
        "  pods: [{startup: 1s, duration: 600s}]\n  actions:\n  - {at: 4s, delete: {kind: Job, name: w}}\n  - {at: 4500ms, \
         outage: {component: controller-manager, for: 20s}}\n",
    );
    let released = |from: f64, to: f64| {
        let at = run.pods.iter().filter_map(|pod| pod.removed).map(|at| at.0 as f64 / 1e9);
        at.filter(|at| (from..to).contains(at)).count()
    };
    assert_eq!(released(0.0, 60.0), run.pods.len(), "{:?}", run.pods.last());
    assert!(released(0.0, 5.0) < run.pods.len() && released(24.5, 60.0) > 0);
}
