//! What is said of pods that no node takes, and of what a scenario names and does not have.

use jobsim::record::Ending;
use jobsim::{Run, RunOptions};

use crate::program::{project, run as program, stderr, stdout, workplace};

/// Plays a Job of so many pods that ask for a processor each, on a node with one.
fn on_one_processor(pods: u32, more: &str) -> Run {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{completions: {pods}, parallelism: {pods}, template: \
         {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i, resources: {{requests: {{cpu: 1}}}}}}]}}}}}}\n---\n\
         apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  profile: ideal\n  pods: [{{duration: 60s}}]\n  cluster: \
         {{nodePools: [{{name: one, count: 1, allocatable: {{cpu: 1}}}}]}}\n{more}"
    );
    let scenario = jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    jobsim::run(&scenario, &RunOptions::default())
}

#[test]
fn what_is_said_again_is_one_event() {
    let run = on_one_processor(20, "");
    assert_eq!(run.ending, Ending::Settled);
    let refusals = run.events.iter().filter(|event| event.reason == "FailedScheduling").count();
    // Nineteen wait, each end of a pod has all that are left tried again, and they are told the same.
    assert_eq!(refusals, 19);
    // What is told otherwise is told: the node is cordoned meanwhile.
    let run =
        on_one_processor(2, "  actions: [{at: 30s, cordon: {node: one-0}}, {at: 90s, uncordon: {node: one-0}}]\n");
    let told: Vec<&str> =
        run.events.iter().filter(|event| event.reason == "FailedScheduling").map(|event| &*event.message).collect();
    assert!(told.len() == 2 && told[0].contains("Insufficient cpu") && told[1].contains("unschedulable"), "{told:?}");
}

#[test]
fn services_run_on_beside_jobs() {
    let pod = |more: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: c, image: i}}]}}\n---\n\
             apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{template: {{spec: {{restartPolicy: Never, \
             containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: \
             ideal{more}}}\n"
        )
    };
    let play = |more: &str| {
        let text = pod(more);
        let scenario =
            jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        jobsim::run(&scenario, &RunOptions::default())
    };
    let run = play("");
    let web = run.pods.iter().find(|pod| *pod.name == *"web").expect("a pod");
    assert_eq!((run.ending, web.restarts, web.finished), (Ending::Settled, 0, None));
    // Where a rule says how long they run, they start again and again.
    let run = play(", pods: [{duration: 10m}]");
    let web = run.pods.iter().find(|pod| *pod.name == *"web").expect("a pod");
    assert!(run.ending == Ending::Horizon && web.restarts > 10, "{} {:?}", web.restarts, run.ending);
}

#[test]
fn what_matches_nothing_is_said() {
    let folder = workplace();
    let text = std::fs::read_to_string(project().join("scenarios/pi.yaml")).expect("the scenario");
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, text.replace("  pods:\n", "  pods:\n  - {match: {job: pie}, duration: 5s}\n"))
        .expect("written");
    let output = program(folder.path(), &["run", "s.yaml", "--out", "none"]);
    assert!(
        stderr(&output).contains("note: pods[0] of the Simulation matches no Job or Pod of this run"),
        "{output:?}"
    );
    let output = program(project(), &["run", "scenarios/pi.yaml", "--out", "none"]);
    assert!(!stderr(&output).contains("matches no Job"), "{output:?}");
    assert!(stdout(&output).contains("Complete"), "{output:?}");
}

#[test]
fn a_second_default_class_is_not_applied() {
    let folder = workplace();
    let class = |name: &str| {
        format!(
            "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: 1\n\
             globalDefault: true\n"
        )
    };
    let pi = std::fs::read_to_string(project().join("scenarios/pi.yaml")).expect("the scenario");
    let text = format!("{}---\n{pi}  actions: [{{at: 1s, apply: {{file: b.yaml}}}}]\n", class("a"));
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    std::fs::write(folder.path().join("b.yaml"), class("b")).expect("written");
    let output = program(folder.path(), &["run", "s.yaml", "--out", "none"]);
    let refusal = "note: 1 s: priorityclasses.scheduling.k8s.io \"b\" is forbidden: PriorityClass a is already marked as default. \
                   Only one default can exist";
    assert!(stderr(&output).contains(refusal), "{output:?}");
}
