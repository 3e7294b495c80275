//! Values that stand in CSV files beside the scenario: when Jobs arrive, how long containers ran.

use std::fs;

use crate::program::{run, stderr, stdout, workplace};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  parallelism: 5\n  completions: 5\n  template: {spec: \
                   {restartPolicy: Never, containers: [{name: c, image: i}]}}\n---\napiVersion: jobsim/v1alpha1\nkind: \
                   Simulation\nspec:\n  profile: ideal\n";

/// What `jobsim COMMAND s.yaml` says to a scenario and a file beside it.
fn told(simulation: &str, csv: &str, command: &[&str]) -> (Option<i32>, String, String) {
    let folder = workplace();
    fs::write(folder.path().join("s.yaml"), format!("{JOB}  {simulation}\n")).expect("written");
    fs::write(folder.path().join("m.csv"), csv).expect("written");
    let output = run(folder.path(), &[command, &["s.yaml"]].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

/// How long the pods ran, all together.
fn pod_seconds(simulation: &str, csv: &str) -> f64 {
    let (code, json, said) = told(simulation, csv, &["run", "--out", "none", "-o", "json"]);
    assert_eq!(code, Some(0), "{said}");
    let told: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    told["summary"]["total"]["pod_s"].as_f64().expect("a number")
}

#[test]
fn lengths_come_from_a_column() {
    let rule = |of: &str| format!("pods: [{{duration: {{empirical: {of}}}}}]");
    let check = |of: &str, csv: &str| assert_eq!(pod_seconds(&rule(of), csv), 5.0 * 30.0, "{of}: {csv}");
    let named = "{file: m.csv, column: took}";
    check(named, "job,took\nx,30\ny,30.0\n");
    check("{file: m.csv}", "took\n30s\n");
    check("{file: m.csv}", "30\n0.5m\n");
    let check = |of: &str, csv: &str, expected: &[&str]| {
        let (code, _, said) = told(&rule(of), csv, &["run"]);
        assert_eq!(code, Some(2), "{said}");
        expected.iter().for_each(|expected| assert!(said.contains(expected), "{of}: {expected}: {said}"));
    };
    check(named, "job,took\nx,soon\ny,3s\nz\n", &["m.csv:2:1", "took: \"soon\": not a duration", "m.csv:4:1"]);
    check(named, "job,took\r\n\r\nx,30\r\ny,soon\r\n", &["m.csv:4:1", "4 | y,soon"]);
    check("{file: m.csv}", "job,took\nx,3\n", &["many columns in m.csv", "one of job, took", "s.yaml:"]);
    check("{file: m.csv, column: tok}", "job,took\nx,3\n", &["no column \"tok\" in m.csv"]);
    check("{file: m.csv}", "", &["m.csv: there is nothing in it"]);
    check("{file: m.csv}", "took\n", &["values must not be empty"]);
    check("{file: ../m.csv}", "", &["leaves the scenario's folder"]);
    check("{file: n.csv}", "", &["cannot read n.csv"]);
    check("{file: m.csv, values: [3s]}", "3\n", &["not both"]);
    check("{column: a}", "3\n", &["missing field", "empirical.file"]);
    check("{}", "3\n", &["missing field", "empirical.values"]);
}

#[test]
fn times_come_from_a_column_and_may_bring_nothing() {
    let arrivals = |of: &str| format!("arrivals: [{{template: a, times: {of}}}]");
    let jobs = |of: &str, csv: &str| {
        let (code, names, said) = told(&arrivals(of), csv, &["get", "jobs", "-o", "name"]);
        assert_eq!(code, Some(0), "{said}");
        names.lines().count()
    };
    assert_eq!(jobs("{file: m.csv, column: submitted}", "id,submitted\n1,5\n2,1m\n"), 2);
    assert_eq!(jobs("{file: m.csv}", "id,at\n1,5\n2,1m\n3,2m\n"), 3);
    let (_, _, said) = told(&arrivals("{file: m.csv}"), "at\nx\n1\ny\n", &["run"]);
    assert!(said.contains("m.csv:2:1") && said.contains("m.csv:4:1"), "{said}");
    let (_, out, said) = told("arrivals: [{template: a, times: [1h], until: 5m}]", "", &["run", "--out", "none"]);
    assert!(format!("{out}{said}").contains("no copy of Job default/a will arrive"), "{out}{said}");
}
