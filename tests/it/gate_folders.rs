//! Folders of scenarios and golden traces under `jobsim test`: what is missing, left over, in the way or nothing to run.

use std::fs;
use std::path::Path;

use crate::program::{run, stderr, stdout};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: etl}\nspec: {template: {spec: {restartPolicy: Never, \
                   containers: [{name: c, image: i}]}}}\n";

/// A folder with these files, whose folders are made.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    files.iter().for_each(|(name, text)| put(folder.path(), name, text));
    folder
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// Runs a command and holds what it prints, errors last, and its code against what is expected.
fn check(folder: &Path, command: &str, code: i32, expected: &str) {
    let output = run(folder, &command.split_whitespace().collect::<Vec<_>>());
    let said = stdout(&output) + &stderr(&output);
    assert_eq!((said.as_str(), output.status.code()), (expected, Some(code)), "{command}");
}

fn simulation(spec: &str) -> String {
    format!("---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{{spec}}}\n")
}

#[test]
fn a_golden_trace_without_its_scenario_fails_until_it_is_blessed_away() {
    let folder = folder(&[("jobs/etl.yaml", JOB), ("jobs/a/weekly.json", "")]);
    let json = "{\"apiVersion\": \"batch/v1\", \"kind\": \"Job\", \"metadata\": {\"name\": \"weekly\"}, \"spec\": {\"template\": \
                {\"spec\": {\"restartPolicy\": \"Never\", \"containers\": [{\"name\": \"c\", \"image\": \"i\"}]}}}}";
    put(folder.path(), "jobs/a/weekly.json", json);
    let recorded = "recorded a/weekly\nrecorded etl\n0 of 2 scenarios pass, 2 recorded into jobs/golden\n";
    check(folder.path(), "test jobs --bless", 0, recorded);
    check(folder.path(), "test jobs", 0, "2 of 2 scenarios pass\n");
    fs::remove_file(folder.path().join("jobs/a/weekly.json")).expect("removed");
    put(folder.path(), "jobs/golden/notes/README.md", "mine");
    let alone = "FAILED golden/a/weekly (jobs/golden/a/weekly)\n  there is no scenario of this name any more; --bless removes \
                 it\n1 of 1 scenario passes, 1 golden trace has no scenario; if that is meant: --bless\n";
    check(folder.path(), "test jobs", 1, alone);
    // A single file says nothing of the others, and neither does a folder that was named.
    check(folder.path(), "test jobs/etl.yaml", 0, "1 of 1 scenario passes\n");
    check(folder.path(), "test jobs --golden jobs/golden", 0, "1 of 1 scenario passes\n");
    check(
        folder.path(),
        "test jobs --bless",
        0,
        "removed golden/a/weekly\n1 of 1 scenario passes, 1 removed from jobs/golden\n",
    );
    assert!(
        !folder.path().join("jobs/golden/a").exists() && folder.path().join("jobs/golden/notes/README.md").exists()
    );
    check(folder.path(), "test jobs", 0, "1 of 1 scenario passes\n");
}

/// `tests/golden` is of all folders beside it: a trace is of one of them, or of none any more.
#[test]
fn a_trace_that_folders_share_may_be_of_another() {
    let folder = folder(&[("jobs/etl.yaml", JOB), ("jobs/a/e.yaml", JOB), ("cron/night.yaml", JOB)]);
    fs::create_dir_all(folder.path().join("tests/golden")).expect("a folder");
    let into = "recorded into tests/golden";
    let recorded = format!("recorded a/e\nrecorded etl\n0 of 2 scenarios pass, 2 {into}\n");
    check(folder.path(), "test --bless jobs/", 0, &recorded);
    check(folder.path(), "test --bless cron", 0, &format!("recorded night\n0 of 1 scenario passes, 1 {into}\n"));
    check(folder.path(), "test jobs", 0, "2 of 2 scenarios pass\n");
    fs::remove_file(folder.path().join("jobs/a/e.yaml")).expect("removed");
    let alone = "FAILED golden/a/e (tests/golden/a/e)\n  there is no scenario of this name any more; --bless removes it\n1 of 1 \
                 scenario passes, 1 golden trace has no scenario; if that is meant: --bless\n";
    check(folder.path(), "test jobs", 1, alone);
    check(folder.path(), "test jobs/etl.yaml", 0, "1 of 1 scenario passes\n");
    let removed = "removed golden/a/e\n1 of 1 scenario passes, 1 removed from tests/golden\n";
    check(folder.path(), "test cron --bless", 0, removed);
}

#[test]
fn scenarios_without_a_golden_trace_are_counted() {
    let expects = JOB.to_owned() + &simulation("expect: [{maxPods: 1}]");
    let folder = folder(&[("jobs/etl.yaml", &expects)]);
    let none = "1 of 1 scenario passes; 1 has no golden trace: --bless records one\n";
    check(folder.path(), "test jobs", 0, none);
    let absent = "error: no such folder: gold; --golden names the folder of golden traces, which --bless makes\n";
    check(folder.path(), "test jobs --golden gold", 2, absent);
    check(
        folder.path(),
        "test jobs --golden gold --bless",
        0,
        "recorded etl\n0 of 1 scenario passes, 1 recorded into gold\n",
    );
    check(folder.path(), "test jobs --golden gold", 0, "1 of 1 scenario passes\n");
    put(folder.path(), "file", "");
    let no_folder = "error: file is no folder: --golden names that of golden traces\n";
    check(folder.path(), "test jobs --golden file --bless", 2, no_folder);
}

#[test]
fn two_scenarios_cannot_have_one_golden_trace() {
    let folder = folder(&[("jobs/etl.yaml", JOB), ("jobs/etl.yml", JOB), ("a/s.yaml", JOB), ("b/s.yaml", JOB)]);
    let way = "rename one of them, or test them with a --golden each";
    let clash = format!("error: jobs/etl.yaml and jobs/etl.yml have one golden trace, jobs/golden/etl: {way}\n");
    check(folder.path(), "test jobs --bless", 2, &clash);
    let clash = format!("error: a/s.yaml and b/s.yaml have one golden trace, g/s: {way}\n");
    check(folder.path(), "test a b --bless --golden g", 2, &clash);
    assert!(!folder.path().join("g").exists() && !folder.path().join("jobs/golden").exists());
    // One file that is named twice is one scenario.
    check(
        folder.path(),
        "test a a/s.yaml --bless",
        0,
        "recorded s\n0 of 1 scenario passes, 1 recorded into a/golden\n",
    );
}

#[test]
fn files_with_nothing_to_run_are_passed_over_in_folders() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let folder = folder(&[
        ("jobs/etl.yaml", JOB),
        ("jobs/config.yaml", config),
        ("jobs/kustomization.yaml", "resources: [etl.yaml]\n"),
        ("jobs/world.yaml", simulation("profile: ideal").trim_start_matches("---\n")),
        ("jobs/jobsim.schema.json", "{\"type\": \"object\"}"),
    ]);
    let recorded = "recorded etl\n0 of 1 scenario passes, 1 recorded into jobs/golden; 4 files have nothing to run\n";
    check(folder.path(), "test jobs --bless", 0, recorded);
    let output = run(folder.path(), &["test", "jobs/config.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("nothing to run: no Job"), "{}", stdout(&output));
    fs::remove_file(folder.path().join("jobs/etl.yaml")).expect("removed");
    fs::remove_dir_all(folder.path().join("jobs/golden")).expect("removed");
    check(folder.path(), "test jobs", 2, "error: no scenario was found: 4 files have nothing to run\n");
}

#[test]
fn mistakes_in_a_simulation_are_not_recorded() {
    let wrong = JOB.to_owned() + &simulation("horizn: 1h");
    let folder = folder(&[("jobs/etl.yaml", &wrong)]);
    for command in ["test jobs", "test jobs --bless"] {
        let output = run(folder.path(), &command.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(1));
        let said = stdout(&output);
        assert!(said.contains("unknown field \"spec.horizn\"") && said.contains("--> jobs/etl.yaml:8:"), "{said}");
        assert!(said.ends_with("\n0 of 1 scenario passes, 1 fails\n"), "{said}");
    }
    assert!(!folder.path().join("jobs/golden").exists());
    put(folder.path(), "jobs/etl.yaml", &(JOB.to_owned() + &simulation("expect: [\"p95(wiat) < 1s\"]")));
    let output = run(folder.path(), &["test", "jobs", "--bless"]);
    assert!(stdout(&output).contains("\"wiat\" is none of wait, run"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_expectation_that_fails_is_not_blessed_but_the_trace_is() {
    let expects =
        JOB.to_owned() + &simulation("profile: ideal, pods: [{duration: 10s}], expect: [{finishesBefore: 5s}]");
    let folder = folder(&[("jobs/etl.yaml", &expects)]);
    let failed = "FAILED etl (jobs/etl.yaml)\n  jobs/etl.yaml:8: expected finishesBefore: \"5s\": Job etl ends at 11 s, 6 s too \
                  late\n0 of 1 scenario passes";
    let way = "1 fails; expectations are changed in the scenario\n";
    check(
        folder.path(),
        "test jobs --bless",
        1,
        &format!("recorded etl\n{failed}, 1 recorded into jobs/golden, {way}"),
    );
    check(folder.path(), "test jobs", 1, &format!("{failed}, {way}"));
    let output = run(folder.path(), &["test", "jobs", "-o", "github"]);
    let annotation = "::error file=jobs/etl.yaml,line=8,title=jobsim%3A etl::expected finishesBefore";
    assert!(stdout(&output).starts_with(annotation), "{}", stdout(&output));
}

#[test]
fn a_cron_job_that_starts_nothing_is_noted() {
    let cron_job = |name: &str, spec: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}}}\nspec: {{{spec}schedule: '@yearly', jobTemplate: \
             {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}}}}}\n---\n"
        )
    };
    let folder = folder(&[("jobs/c.yaml", &(cron_job("yearly", "") + &cron_job("idle", "suspend: true, ")))]);
    let note = "note: jobs/c.yaml: CronJob yearly starts nothing within the 24h of this trace: a longer `horizon` in its \
                Simulation would show it\n";
    check(
        folder.path(),
        "test jobs --bless",
        0,
        &format!("recorded c\n{note}0 of 1 scenario passes, 1 recorded into jobs/golden\n"),
    );
    check(folder.path(), "test jobs", 0, &format!("{note}1 of 1 scenario passes\n"));
    let longer = cron_job("yearly", "") + simulation("horizon: 400d").trim_start_matches("---\n");
    put(folder.path(), "jobs/c.yaml", &longer);
    check(folder.path(), "test jobs --bless", 0, "recorded c\n0 of 1 scenario passes, 1 recorded into jobs/golden\n");
}

#[test]
fn folders_are_validated_as_deep_as_is_said() {
    let folder = folder(&[("jobs/a/etl.yaml", JOB), ("jobs/a/b/more.yaml", "metadata: {name: x}\n")]);
    let deeper = "error: no .yaml, .yml or .json files in jobs; there are some in folders below it: -R\n";
    check(folder.path(), "validate jobs", 3, deeper);
    check(folder.path(), "validate jobs/a", 0, "1 Job: no errors, no warnings\n");
    let output = run(folder.path(), &["validate", "-R", "jobs"]);
    assert_eq!(stdout(&output), "1 object without a kind, 1 Job: 1 error, no warnings\n");
    assert!(stderr(&output).contains("--> jobs/a/b/more.yaml:1:1"), "{}", stderr(&output));
}

#[test]
fn notes_of_a_comparison_come_once_with_their_files() {
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let both = JOB.to_owned() + config;
    let folder = folder(&[("a.yaml", &both), ("b.yaml", &both), ("c.yaml", JOB)]);
    let note = "ConfigMap (v1) is passed over: it plays no part here";
    check(folder.path(), "diff a.yaml b.yaml", 0, &format!("note: a.yaml, b.yaml: {note}\n"));
    check(folder.path(), "diff c.yaml b.yaml", 0, &format!("note: b.yaml: {note}\n"));
    let output = run(folder.path(), &["run", "c.yaml", "--out", "out"]);
    assert!(output.status.success(), "{}", stderr(&output));
    fs::remove_file(folder.path().join("out/pods.csv")).expect("removed");
    check(folder.path(), "diff out c.yaml", 3, "error: no such file: pods.csv in out\n");
}
