//! `jobsim test` as the gate of a repository of manifests: what it says of changes, and the examples that use it.

use std::fs;
use std::path::Path;

use crate::program::{project, run, stderr, stdout};

/// Two Jobs, of which one fails twice and completes, and the other meets its deadline.
const MANIFESTS: &str = r#"apiVersion: batch/v1
kind: Job
metadata: {name: etl}
spec:
  completions: 6
  parallelism: 2
  backoffLimit: 3
  template: {spec: {restartPolicy: Never, containers: [{name: load, image: "etl:7"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: report}
spec:
  activeDeadlineSeconds: 30
  template: {spec: {restartPolicy: Never, containers: [{name: report, image: "report:2"}]}}
---
apiVersion: jobsim/v1alpha1
kind: Simulation
spec:
  profile: ideal
  pods:
  - {match: {job: etl, attempt: 2}, exitCode: 1}
  - {match: {job: etl, attempt: 3}, exitCode: 1}
  - {match: {job: etl}, duration: 20s}
  - duration: 1m
"#;

/// A repository with the manifests in `jobs` and their golden trace.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("jobs")).expect("a folder");
    write(folder.path(), MANIFESTS);
    let output = run(folder.path(), &["test", "--bless", "jobs"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "recorded etl\n0 of 1 scenario passes, 1 recorded into jobs/golden\n");
    folder
}

fn write(folder: &Path, manifests: &str) {
    fs::write(folder.join("jobs/etl.yaml"), manifests).expect("written");
}

#[test]
fn manifests_changed_on_purpose_are_caught_in_words() {
    let folder = repository();
    let check = |from: &str, to: &str, said: &[&str]| {
        assert!(MANIFESTS.contains(from), "{from}");
        write(folder.path(), &MANIFESTS.replace(from, to));
        let output = run(folder.path(), &["test", "jobs"]);
        let lines: Vec<String> = said.iter().map(|line| format!("  {line}\n")).collect();
        let end = "0 of 1 scenario passes, 1 fails; if that is meant: --bless\n";
        assert_eq!(stdout(&output), format!("FAILED etl (jobs/etl.yaml)\n{}{end}", lines.concat()));
        assert_eq!(output.status.code(), Some(1));
    };
    check(
        "backoffLimit: 3",
        "backoffLimit: 1",
        &[
            "Job etl: spec.backoffLimit: 3 -> 1",
            "Job etl fails (BackoffLimitExceeded) at 42.0 s; it used to complete (CompletionsReached) at 103.0 s",
            "Job etl: 2 pods succeed instead of 6",
            "Job etl: 4 pods are not created any more, from 61.0 s on",
        ],
    );
    check(
        "  activeDeadlineSeconds: 30\n",
        "",
        &[
            "Job report: spec.activeDeadlineSeconds: 30 is gone",
            "Job report completes (CompletionsReached) at 61.0 s; it used to fail (DeadlineExceeded) at 31.0 s",
            "Job report: 1 pod succeeds instead of 0",
            "Job report: 0 pods fail instead of 1",
            "Job report: pod 0 ends Succeeded instead of Failed (exit code 143), runs 60.0 s instead of 30.0 s, is not \
             told to end any more, is not deleted any more",
        ],
    );
    check(
        "parallelism: 2",
        "parallelism: 4",
        &[
            "Job etl: spec.parallelism: 2 -> 4",
            "Job etl completes 61.0 s earlier, at 42.0 s instead of 103.0 s",
            "Job etl: up to 4 pods are active at the same time instead of 2",
            "Job etl: 6 pods come 21.0 s to 61.0 s earlier and do what they did before",
        ],
    );
    // What changes nothing is no failure, but is said.
    write(folder.path(), &MANIFESTS.replace("etl:7", "etl:8"));
    let output = run(folder.path(), &["test", "jobs"]);
    let note = "note: jobs/etl.yaml: Job etl: spec.template.spec.containers[0].image: \"etl:7\" -> \"etl:8\" changes nothing \
                that is recorded\n1 of 1 scenario passes\n";
    assert_eq!((stdout(&output).as_str(), output.status.code()), (note, Some(0)));
    // A trace of before settings were kept is told without them.
    fs::remove_file(folder.path().join("jobs/golden/etl/settings.txt")).expect("removed");
    let output = run(folder.path(), &["test", "jobs"]);
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("1 of 1 scenario passes\n", Some(0)));
    run(folder.path(), &["test", "jobs", "--bless"]);
    write(folder.path(), MANIFESTS);
    let output = run(folder.path(), &["test", "jobs"]);
    assert!(stdout(&output).contains("image: \"etl:8\" -> \"etl:7\" changes nothing"), "{}", stdout(&output));
}

/// A manifest that a cluster refuses is caught, and one that is meant to be refused stays refused.
#[test]
fn refusals_are_kept_like_traces() {
    let folder = repository();
    write(folder.path(), &MANIFESTS.replace("backoffLimit: 3", "backoffLimt: 3"));
    let check = |arguments: &[&str], code: i32, parts: &[&str]| {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{}", stdout(&output));
        parts.iter().for_each(|part| assert!(stdout(&output).contains(part), "{part}: {}", stdout(&output)));
    };
    check(&["test", "jobs"], 1, &["unknown field \"spec.backoffLimt\"", "etl.yaml:7:3"]);
    check(&["test", "jobs", "--bless"], 0, &["recorded etl\n  it is refused: error: unknown field"]);
    check(&["test", "jobs"], 0, &["1 of 1 scenario passes, 1 of them refused as recorded\n"]);
    write(folder.path(), &MANIFESTS.replace("backoffLimit: 3", "backoffLimits: 3"));
    check(&["test", "jobs"], 1, &["it is refused with other words than before", "spec.backoffLimits"]);
    write(folder.path(), MANIFESTS);
    check(&["test", "jobs"], 1, &["it is not refused any more; it used to be: error: unknown field"]);
    check(&["test", "jobs", "--bless"], 0, &["recorded etl\n"]);
    check(&["test", "jobs"], 0, &["1 of 1 scenario passes"]);
}

/// A table that is kept as a digest can be recorded anew.
#[test]
fn digests_are_recorded_anew() {
    let folder = repository();
    let bless = ["test", "jobs", "--bless", "--most-rows", "3"];
    for parallelism in ["parallelism: 3", "parallelism: 4"] {
        write(folder.path(), &MANIFESTS.replace("parallelism: 2", parallelism));
        fs::remove_file(folder.path().join("jobs/golden/etl/events.csv")).expect("removed");
        assert_eq!(
            stdout(&run(folder.path(), &bless)),
            "recorded etl\n0 of 1 scenario passes, 1 recorded into jobs/golden\n"
        );
        let kept = fs::read_to_string(folder.path().join("jobs/golden/etl/pods.csv")).expect("a golden file");
        assert!(kept.contains("lines, digest"), "{kept}");
        assert!(run(folder.path(), &["test", "jobs"]).status.success());
    }
}

/// Words of a command line without quotes; what stands behind `>` is where its output goes.
fn carry_out(folder: &Path, line: &str) -> (Option<i32>, String) {
    let (command, to) = line.split_once(" > ").map_or((line, None), |(command, to)| (command, Some(to)));
    let output = run(folder, &command.split_whitespace().skip(1).collect::<Vec<_>>());
    if let Some(to) = to {
        fs::write(folder.join(to), &output.stdout).expect("written");
    }
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn the_example_for_github_gates() {
    let workflow = fs::read_to_string(project().join("examples/github-actions/jobs.yml")).expect("an example");
    let lines: Vec<&str> = workflow.lines().map(str::trim).filter(|line| line.starts_with("jobsim ")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let folder = repository();
    for line in &lines {
        assert_eq!(carry_out(folder.path(), line).0, Some(0), "{line}");
    }
    write(folder.path(), &MANIFESTS.replace("backoffLimit: 3", "backoffLimit: 1"));
    let (code, said) = carry_out(folder.path(), lines[1]);
    let annotation = "::error file=jobs/etl.yaml,title=jobsim%3A etl::Job etl: spec.backoffLimit: 3 -> 1%0AJob etl \
                      fails (BackoffLimitExceeded) at 42.0 s; ";
    assert!(code == Some(1) && said.starts_with(annotation), "{said}");
    carry_out(folder.path(), lines[2]);
    let junit = fs::read_to_string(folder.path().join("jobs.xml")).expect("results");
    assert!(junit.contains("failures=\"1\"") && junit.contains("file=\"jobs/etl.yaml\""), "{junit}");
}

#[test]
fn the_hooks_for_pre_commit_run() {
    let hooks = fs::read_to_string(project().join(".pre-commit-hooks.yaml")).expect("hooks");
    let entries: Vec<&str> = hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: ")).collect();
    assert_eq!(entries, ["jobsim validate", "jobsim test"]);
    let folder = repository();
    for (entry, with) in entries.iter().zip(["jobs/etl.yaml", "jobs/"]) {
        assert_eq!(carry_out(folder.path(), &format!("{entry} {with}")).0, Some(0), "{entry}");
    }
    write(folder.path(), &MANIFESTS.replace("backoffLimit: 3", "backoffLimit: -3"));
    for (entry, with) in entries.iter().zip(["jobs/etl.yaml", "jobs/"]) {
        let code = carry_out(folder.path(), &format!("{entry} {with}")).0;
        assert!(code == Some(1) || code == Some(2), "{entry}: {code:?}");
    }
}

/// The commands for a cluster in docs/many-machines.md, as far as they are ours.
#[test]
fn the_job_of_the_documentation_is_valid_and_runs() {
    let page = fs::read_to_string(project().join("docs/many-machines.md")).expect("a page");
    let section = page.split("## Kubernetes").nth(1).and_then(|rest| rest.split("```").nth(1)).expect("a block");
    let lines: Vec<&str> = section.lines().filter(|line| line.starts_with("jobsim ")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let one_job = MANIFESTS.split("---\n").enumerate().filter(|(place, _)| *place != 1);
    let one_job: Vec<&str> = one_job.map(|(_, document)| document).collect();
    fs::write(folder.path().join("etl.yaml"), one_job.join("---\n")).expect("written");
    for line in lines {
        let (code, said) = carry_out(folder.path(), line);
        assert_eq!(code, Some(0), "{line}: {said}");
    }
    let job = fs::read_to_string(folder.path().join("job.yaml")).expect("a Job");
    assert!(job.contains("name: etl-sweep") && job.contains("completions: 64"), "{job}");
}
