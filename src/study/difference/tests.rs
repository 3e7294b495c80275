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
            "Job etl fails (BackoffLimitExceeded) at 33.0 s; it used to complete (CompletionsReached) at 64.0 s",
            "Job etl: 2 pods succeed instead of 4",
            "Job etl: 2 pods are not created any more, from 42.0 s on",
        ],
    );
    check(
        ("completions: 2, parallelism: 2, activeDeadlineSeconds: 5", "{duration: 10s}"),
        ("completions: 2, parallelism: 2", "{duration: 10s}"),
        &[
            "Job etl completes (CompletionsReached) at 11.0 s; it used to fail (DeadlineExceeded) at 6.0 s",
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

/// A CronJob that starts a Job each so many minutes.
fn every(minutes: usize) -> TraceView {
    let text = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec: {{schedule: \"*/{minutes} * * * *\", jobTemplate: \
         {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}}}}}\n---\n\
         apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, horizon: 1h, pods: [{{duration: 10s}}]}}"
    );
    TraceView::of_run(&run(&read_str(&text).expect("a scenario"), &RunOptions::default()))
}

#[test]
fn starts_of_cron_jobs_are_counted() {
    let (rare, often) = (every(20), every(5));
    let texts = |before, after| -> Vec<String> { differences(before, after).iter().map(ToString::to_string).collect() };
    let fewer = texts(&often, &rare);
    assert_eq!(fewer[0], "CronJob c: 2 starts instead of 11");
    let count = |texts: &[String], words: &str| {
        texts.iter().filter(|text| text.starts_with("Job ") && text.contains(words)).count()
    };
    assert_eq!(count(&fewer, "is not created any more"), 8);
    assert_eq!(fewer.last().map(String::as_str), Some("CronJob c: 1 Job more is not created any more"));
    let more = texts(&rare, &often);
    assert_eq!((more[0].as_str(), count(&more, "is new: created")), ("CronJob c: 11 starts instead of 2", 8));
    assert_eq!(more.last().map(String::as_str), Some("CronJob c: 1 Job more is new"));
    assert_eq!(texts(&often, &often), [""; 0]);
}

#[test]
fn a_job_that_is_deleted_before_its_end_is_said_to_be() {
    let act = "actions: [{at: 5s, delete: {kind: Job, name: etl}}]";
    let text = |act: &str| {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: etl}}\nspec: {{template: {{spec: {{restartPolicy: Never, \
             containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
             {{profile: ideal, pods: [{{duration: 10s}}], {act}}}"
        );
        TraceView::of_run(&run(&read_str(&text).expect("a scenario"), &RunOptions::default()))
    };
    let (whole, cut) = (text("seed: 1"), text(act));
    let first = |before, after| differences(before, after)[0].to_string();
    let told = "Job etl is deleted at 5.0 s before it ends; it used to complete (CompletionsReached) at 11.0 s";
    assert_eq!(first(&whole, &cut), told);
    let told = "Job etl completes (CompletionsReached) at 11.0 s; it used to be deleted at 5.0 s before it ended";
    assert_eq!(first(&cut, &whole), told);
    let about_etl = differences(&whole, &cut).iter().filter(|one| one.text.starts_with("Job etl is deleted")).count();
    assert_eq!(about_etl, 1);
}

#[test]
fn numbers_and_suspension_are_said_as_they_are() {
    let before = TraceView::of_run(&run(&scenario("completions: 2", "{duration: 10s}"), &RunOptions::default()));
    let check = |change: &dyn Fn(&mut JobView), text: &str| {
        let mut after = before.clone();
        change(&mut after.jobs[0]);
        let texts: Vec<String> = differences(&before, &after).iter().map(ToString::to_string).collect();
        assert_eq!(texts, [text]);
    };
    check(&|job| job.most_active = 0, "Job etl: no pod is ever active instead of up to 1");
    check(&|job| job.most_active = 2, "Job etl: up to 2 pods are active at the same time instead of 1");
    check(&|job| job.suspended = job.rows, "Job etl is suspended throughout");
    check(&|job| job.suspended = 1, "Job etl is suspended for a time");
    let ends = |job: &mut JobView| (job.suspended, job.ends_suspended) = (1, true);
    check(&ends, "Job etl is suspended at the end");
}

#[test]
fn nodes_that_are_others_are_told() {
    let view = |nodes: &[(&str, Option<Micros>)]| TraceView {
        nodes: nodes.iter().map(|&(name, gone)| (name.to_owned(), gone)).collect(),
        ..TraceView::default()
    };
    let check = |before: &[(&str, Option<Micros>)], after: &[(&str, Option<Micros>)], wanted: &[&str]| {
        let found = differences(&view(before), &view(after));
        assert_eq!(found.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), wanted);
    };
    let minute = Some(60_000_000);
    check(&[("a", None)], &[("a", None)], &[]);
    check(
        &[("a", None)],
        &[("a", minute), ("b", None)],
        &["node b is new (2 in all instead of 1)", "node a goes, at 60.0 s"],
    );
    check(&[("a", None)], &[("b", None)], &["node b is new", "node a is not there any more"]);
    let many = ["a", "b", "c", "d", "e"].map(|name| (name, None));
    let gone = ["a", "b", "c", "d", "e"].map(|name| (name, minute));
    check(&[], &many, &["nodes a, b, c and 2 more are new (5 in all instead of 0)"]);
    let told = [
        "node a goes, at 60.0 s",
        "node b goes, at 60.0 s",
        "node c goes, at 60.0 s",
        "2 more nodes go at other times",
    ];
    check(&many, &gone, &told);
}
