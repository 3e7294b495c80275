use super::*;
use crate::run::{RunOptions, run};
use crate::scenario::{Scenario, read_str};

fn scenario(spec: &str, rules: &str) -> Scenario {
    let template = "template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}";
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: etl}}\nspec: {{{spec}, {template}}}\n---\n\
         apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, pods: [{rules}]}}"
    );
    read_str(&text).expect("a scenario")
}

fn check(before: (&str, &str), after: (&str, &str), expected: &[&str]) {
    let view = |(spec, rules): (&str, &str)| TraceView::of_run(&run(&scenario(spec, rules), &RunOptions::default()));
    let found = differences(&view(before), &view(after));
    let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected, "{before:?} against {after:?}");
    assert_eq!(differences(&view(after), &view(after)), [], "{after:?}");
}

const ODD: &str = "{match: {attempt: 2}, exitCode: 1}, {duration: 10s}";

#[test]
fn a_deliberate_change_is_told_as_a_person_would() {
    check(
        ("completions: 4, parallelism: 2", "{duration: 10s}"),
        ("completions: 4, parallelism: 4", "{duration: 10s}"),
        &[
            "Job etl completes 11.0 s earlier, at 11.0 s instead of 22.0 s",
            "Job etl: up to 4 pods are active at the same time instead of 2",
            "Job etl: 2 pods come 11.0 s earlier and do what they did before",
        ],
    );
    check(
        ("completions: 4, parallelism: 1, backoffLimit: 3", ODD),
        ("completions: 4, parallelism: 1, backoffLimit: 0", ODD),
        &[
            "Job etl fails (BackoffLimitExceeded) at 33.0 s; before it completes (CompletionsReached) at 64.0 s",
            "Job etl: 2 pods succeed instead of 4",
            "Job etl: 2 pods are not created any more, from 42.0 s on",
        ],
    );
    check(
        ("completions: 2, parallelism: 2, activeDeadlineSeconds: 5", "{duration: 10s}"),
        ("completions: 2, parallelism: 2", "{duration: 10s}"),
        &[
            "Job etl completes (CompletionsReached) at 11.0 s; before it fails (DeadlineExceeded) at 6.0 s",
            "Job etl: 2 pods succeed instead of 0",
            "Job etl: 0 pods fail instead of 2",
            "Job etl: pod 0 ends Succeeded instead of Failed (exit code 143), runs 10.0 s instead of 5.0 s, is not told \
             to end any more, is not deleted any more",
            "Job etl: pod 1 ends Succeeded instead of Failed (exit code 143), runs 10.0 s instead of 5.0 s, is not told \
             to end any more, is not deleted any more",
        ],
    );
}

#[test]
fn a_pod_that_does_something_else_is_told_by_itself() {
    check(
        ("completions: 3, parallelism: 1", "{duration: 10s}"),
        ("completions: 3, parallelism: 1", "{match: {attempt: 1}, startup: 2s, duration: 25s}, {duration: 10s}"),
        &[
            "Job etl completes 17.0 s later, at 50.0 s instead of 33.0 s",
            "Job etl: pod 1 takes 2.0 s to start instead of 0 s, runs 25.0 s instead of 10.0 s",
            "Job etl: 1 pod comes 17.0 s later and does what it did before",
        ],
    );
}

#[test]
fn jobs_that_come_and_go_are_told() {
    let mut after = TraceView::of_run(&run(&scenario("completions: 1", "{duration: 10s}"), &RunOptions::default()));
    let before = after.clone();
    after.jobs[0].name.1 = "other".to_owned();
    let texts: Vec<String> = differences(&before, &after).iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "Job etl is not created any more",
            "Job other is new: created at 0 s, completes (CompletionsReached) at 11.0 s"
        ]
    );
}

#[test]
fn a_wait_for_a_node_names_what_the_scheduler_said() {
    let mut before = TraceView::of_run(&run(&scenario("completions: 1", "{duration: 10s}"), &RunOptions::default()));
    before.pods[0].node = "n1".to_owned();
    let mut after = before.clone();
    after.pods[0].times[1..3].fill(Some(12_000_000));
    after.pods[0].times[5] = Some(22_000_000);
    after.unscheduled.push((after.pods[0].name.clone(), "0/1 nodes are available: 1 Insufficient cpu.".to_owned()));
    let texts: Vec<String> = differences(&before, &after).iter().map(ToString::to_string).collect();
    let expected = "Job etl: pod 0 starts 12.0 s later: waits 12.0 s for its node instead of 0 s (0/1 nodes are \
                    available: 1 Insufficient cpu.)";
    assert_eq!(texts, [expected]);
}

#[test]
fn settings_are_compared_field_by_field() {
    let (before, after) =
        (scenario("backoffLimit: 6, completions: 2", ""), scenario("backoffLimit: 3, suspend: true", ""));
    let texts: Vec<String> = setting_changes(&before, &after).iter().map(ToString::to_string).collect();
    let expected = [
        "Job etl: spec.backoffLimit: 6 -> 3",
        "Job etl: spec.completions: 2 is gone",
        "Job etl: spec.suspend: true is new",
    ];
    assert_eq!(texts, expected);
}
