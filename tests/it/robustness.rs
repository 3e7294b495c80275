//! Runs that would take too much, files that mean harm, signals: every end is a good one.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::program::{jobsim, run, stderr, stdout, workplace};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A Job of a few lines.
fn job(spec: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  {spec}\n  template: {{spec: {{restartPolicy: Never, \
         containers: [{{name: c, image: i}}]}}}}\n"
    )
}

#[test]
fn limits_end_a_run_with_what_was_done_so_far() {
    let check = |limit: &[&str], said: &str| {
        let folder = workplace();
        let scenario = "scenarios/lessons/ramp-10000-pods-20-qps.yaml";
        let arguments = [&["run", scenario, "--out", "out", "-o", "none", "--charts", "none"], limit].concat();
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(4), "{limit:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{limit:?}: {}", stderr(&output));
        let summary = fs::read_to_string(folder.path().join("out/summary.json")).expect("a summary");
        assert!(summary.contains("\"ending\": \"limit\"") && summary.contains(said), "{summary}");
        assert!(names(&folder.path().join("out")).contains(&"pods.csv".to_owned()));
    };
    check(&["--max-pods", "30"], "more than 30 pods were created (--max-pods)");
    check(&["--max-events", "500"], "more than 500 events happened (--max-events)");
    check(&["--max-memory", "1Mi"], "more than 1048576 bytes of memory (--max-memory)");
    check(&["--max-time", "1ms"], "more than 0.001 s on the clock (--max-time)");
}

#[test]
fn a_small_file_does_not_blow_up() {
    let most = i32::MAX;
    let cron = |schedule: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec:\n  schedule: \"{schedule}\"\n  jobTemplate: {{spec: \
             {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}}}\n"
        )
    };
    let ideal = "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {profile: ideal}\n";
    let arrivals = "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {profile: ideal, arrivals: [{template: j, interarrival: 1ns}]}\n";
    let bombs = [
        ("parallelism", job(&format!("parallelism: {most}\n  completions: {most}"))),
        ("parallelism-ideal", job(&format!("parallelism: {most}\n  completions: {most}")) + ideal),
        ("completions", job("parallelism: 1\n  completions: 1000000000") + ideal),
        ("indexed", job("parallelism: 100000\n  completions: 1000000000\n  completionMode: Indexed") + ideal),
        ("arrivals", job("parallelism: 1") + arrivals),
        ("cron-nanosecond", cron("@every 1ns")),
        ("cron-never", cron("0 0 30 2 *")),
        (
            "aliases",
            format!("a: &a [{}]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n", "x,".repeat(200)),
        ),
    ];
    for (name, text) in bombs {
        assert!(text.len() < 2000, "{name}");
        let folder = workplace();
        fs::write(folder.path().join("bomb.yaml"), text).expect("a file");
        let limits = ["--max-time", "3s", "--max-memory", "1Gi"];
        let arguments = [&["run", "bomb.yaml", "-o", "none", "--out", "none"][..], &limits].concat();
        let output = run(folder.path(), &arguments);
        let said = stderr(&output);
        assert!(matches!(output.status.code(), Some(0 | 2 | 4)), "{name}: {:?} {said}", output.status.code());
        assert!(!said.contains("panicked"), "{name}: {said}");
    }
}

#[test]
fn a_pod_that_no_node_takes_ends_the_run() {
    let folder = workplace();
    let stuck = "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {cluster: {nodePools: [{name: p, count: 2, max: 3, \
                 allocatable: {cpu: 0, memory: 0, pods: 0}}], autoscaler: {expander: random}, failures: [{every: 1h, repair: 1m}]}}\n";
    fs::write(folder.path().join("s.yaml"), job("parallelism: 2") + stuck).expect("a file");
    let output = run(folder.path(), &["run", "s.yaml", "--out", "none", "-o", "table", "--max-time", "30s"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.contains("Job j has not ended: of its pods 2 waiting for a node."), "{told}");
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_what_was_there_before() {
    for signal in ["INT", "TERM"] {
        for more in [&[][..], &["--stream"]] {
            let folder = workplace();
            fs::write(folder.path().join("long.yaml"), job("parallelism: 1\n  completions: 1000000000"))
                .expect("a file");
            let arguments = [&["run", "long.yaml", "-o", "none", "--out", "out"], more].concat();
            let mut child = jobsim(folder.path(), &arguments).spawn().expect("jobsim");
            std::thread::sleep(Duration::from_millis(700));
            let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
            assert!(killed.is_ok_and(|status| status.success()));
            let code = child.wait().expect("its end").code();
            assert_eq!(code, Some(130), "{signal} {more:?}");
            assert_eq!(names(&folder.path().join("out")), Vec::<String>::new(), "{signal} {more:?}");
        }
    }
}

#[test]
fn verify_runs_twice_and_holds_a_run_against_an_earlier_one() {
    let folder = workplace();
    let flaky = "scenarios/flaky.yaml";
    let output = run(folder.path(), &["verify", flaky]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(
        told.contains("pods.csv") && told.contains("twice the same") && told.contains("There is no earlier run"),
        "{told}"
    );
    for (more, out) in [(&[][..], "a"), (&["--stream"], "b"), (&["--compress", "gz"], "c"), (&["--seed", "7"], "d")] {
        let arguments = [&["run", flaky, "-o", "none", "--out", out], more].concat();
        assert!(run(folder.path(), &arguments).status.success());
        let output = run(folder.path(), &["verify", flaky, "--against", out]);
        assert!(output.status.success(), "{more:?}: {}{}", stdout(&output), stderr(&output));
        assert!(stdout(&output).contains(&format!("The same as in {out}: ")), "{more:?}: {}", stdout(&output));
    }
    let output = run(folder.path(), &["verify", flaky, "--against", "d", "--seed", "8"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("Not the same as in d: "), "{}", stdout(&output));
    let seeds = "That run drew from seed 7, this one from seed 8.\n";
    assert!(stdout(&output).contains(seeds), "{}", stdout(&output));
    std::fs::write(folder.path().join("a/pods.csv"), "edited\n").expect("written");
    std::fs::remove_file(folder.path().join("c/jobs.csv.gz")).expect("removed");
    for (out, file) in [("a", "a/pods.csv was altered after it was written"), ("c", "c/jobs.csv is missing")] {
        let output = run(folder.path(), &["verify", flaky, "--against", out]);
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        let said = format!("tables, by the digests in its summary.json.\n{file}: summary.json has its digest.\n");
        assert!(stdout(&output).ends_with(&said), "{}", stdout(&output));
    }
    let output = run(folder.path(), &["verify", flaky, "--against", "nowhere"]);
    assert_eq!(output.status.code(), Some(3));
}

/// Jobs whose pods a quota refuses for ever, and what becomes of them.
#[test]
fn what_is_refused_for_ever_ends() {
    let of = |spec: &str, more: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: none}}\nspec: {{hard: {{pods: '0'}}}}\n---\napiVersion: \
             batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec: {{{spec}template: {{spec: {{restartPolicy: Never, containers: \
             [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{{more}}}\n"
        );
        let scenario = jobsim::scenario::read_str(&text).expect("a scenario");
        let options = jobsim::RunOptions {
            limits: jobsim::Limits { events: 1_000_000, ..jobsim::Limits::default() },
            ..jobsim::RunOptions::default()
        };
        let run = jobsim::run(&scenario, &options);
        let status = run.jobs[0].rows.last().map(|row| row.status).unwrap_or_default();
        let status = if run.jobs[0].removed.is_some() { "Deleted" } else { status };
        (run.ending.clone(), status, run.end.whole_seconds(), run.notes.join("; "))
    };
    let (ending, status, end, notes) = of("", "");
    assert_eq!((ending, status, end), (jobsim::Ending::Settled, "Running", 0));
    assert!(notes.contains("only what was refused is tried again: the run ends"), "{notes}");
    // What has an end has it, however late.
    let (ending, status, end, notes) = of("activeDeadlineSeconds: 400000, ", "");
    assert_eq!((ending, status, end, notes.as_str()), (jobsim::Ending::Settled, "Failed", 400_000, ""));
    let (ending, status, ..) = of("", "actions: [{at: 100h, delete: {kind: Job, name: a}}]");
    assert_eq!((ending, status), (jobsim::Ending::Settled, "Deleted"));
    assert_eq!(of("", "horizon: 100h").0, jobsim::Ending::Horizon);
}

/// Timers of the autoscaler may be longer than it takes to see that only what was refused is tried again.
#[test]
fn slow_autoscalers_are_waited_for() {
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {restartPolicy: Never, \
                containers: [{name: c, image: i, resources: {requests: {cpu: 1}}}]}}}\n---\napiVersion: \
                jobsim/v1alpha1\nkind: Simulation\nspec:\n  pods: [{duration: 60s}]\n  cluster:\n    nodePools: [{name: w, \
                count: 3, min: 0, max: 3, allocatable: {cpu: 1, memory: 9Gi, pods: 20}}]\n    autoscaler: \
                {scaleDownUnneededTime: 72h}\n";
    let run = jobsim::run(&jobsim::scenario::read_str(text).expect("a scenario"), &jobsim::RunOptions::default());
    assert!(run.end.whole_seconds() > 72 * 3600 && run.nodes.iter().all(|node| node.removed.is_some()));
}
