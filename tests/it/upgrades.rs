//! `jobsim diff --from .. --to ..`: what an upgrade of Kubernetes changes, and which rule changes it.

use std::fs;

use serde_json::Value;

use crate::program::{run, shipped, stderr, stdout, workplace};

fn diff(folder: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run(folder, &[&["diff"], arguments].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

/// The codes of the rules that are named beside differences, and all of the document.
fn codes(folder: &std::path::Path, from: &str, to: &str, file: &str) -> (Vec<String>, Value) {
    let (code, out, err) = diff(folder, &["--from", from, "--to", to, file, "-o", "json"]);
    assert!(matches!(code, Some(0 | 1)), "{file}: {err}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(document["changes"], code == Some(1), "{file}");
    let scenario = &document["scenarios"][0];
    let named = scenario["findings"].as_array().into_iter().flatten();
    let codes = named.flat_map(|finding| finding["rules"].as_array().into_iter().flatten());
    let mut codes: Vec<String> = codes.filter_map(|rule| rule["code"].as_str().map(str::to_owned)).collect();
    codes.sort();
    codes.dedup();
    (codes, document)
}

/// The releases around each change that has a scenario: the rule is named there, and by its release.
#[test]
fn each_shipped_change_is_named_by_its_rule() {
    let folder = workplace();
    let pairs: [(&str, &str, &str, &[&str]); 9] = [
        ("c1", "1.30", "1.31", &["C1", "C3"]),
        ("c2", "1.30", "1.31", &["C1", "C2"]),
        ("c3", "1.30", "1.31", &["C1", "C3"]),
        ("c4", "1.30", "1.31", &["C1", "C3", "C4"]),
        ("c5", "1.31", "1.32", &["C5"]),
        ("c6", "1.31", "1.32", &["C6"]),
        ("c6", "1.35", "1.36", &["C6"]),
        ("c7", "1.35", "1.36", &["C7"]),
        ("c8", "1.31", "1.32", &["C8"]),
    ];
    let files = shipped();
    for (short, from, to, expected) in pairs {
        let name = files.iter().find(|name| name.starts_with(&format!("releases/{short}-"))).expect("a scenario");
        let file = format!("scenarios/{name}.yaml");
        let (found, document) = codes(folder.path(), from, to, &file);
        assert_eq!(found, expected, "{file} from {from} to {to}");
        let rules = document["scenarios"][0]["rules"].as_array().cloned().unwrap_or_default();
        assert!(rules.iter().all(|rule| rule["release"] == to), "{file}: {rules:?}");
        // Far apart the rule is still found.
        let (found, _) = codes(folder.path(), "1.29", "1.37", &file);
        let code = expected.iter().find(|code| code.eq_ignore_ascii_case(short)).expect("its own rule");
        assert!(found.iter().any(|found| found == code), "{file} from 1.29 to 1.37: {found:?}");
    }
    // Before and after the change nothing is different.
    for (short, from, to) in [("c6", "1.32", "1.35"), ("c7", "1.36", "1.37"), ("c8", "1.32", "1.37")] {
        let name = files.iter().find(|name| name.starts_with(&format!("releases/{short}-"))).expect("a scenario");
        let (found, _) = codes(folder.path(), from, to, &format!("scenarios/{name}.yaml"));
        assert!(found.is_empty(), "{name} from {from} to {to}: {found:?}");
    }
}

/// Every difference of the small shipped scenarios has a line of the table to its name.
#[test]
fn no_difference_is_left_unexplained() {
    let folder = workplace();
    let folders = ["scenarios/releases", "scenarios/docs"];
    let (code, out, err) = diff(folder.path(), &[&["--from", "1.29", "-o", "json"][..], &folders].concat());
    assert_eq!(code, Some(1), "{err}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    let scenarios = document["scenarios"].as_array().expect("scenarios");
    assert!(scenarios.len() >= 22, "{}", scenarios.len());
    for scenario in scenarios {
        for finding in scenario["findings"].as_array().expect("findings") {
            assert!(
                finding["rules"].as_array().is_some_and(|rules| !rules.is_empty()),
                "{}: {finding}",
                scenario["file"]
            );
        }
    }
}

#[test]
fn it_is_told_in_each_form() {
    let folder = workplace();
    let (c2, pi) = ("scenarios/releases/c2-complete-without-a-reason.yaml", "scenarios/pi.yaml");
    let pair = ["--from", "1.30", "--to", "1.31"];
    let (code, out, _) = diff(folder.path(), &[&pair[..], &[c2, "-o", "github"]].concat());
    assert_eq!(code, Some(1));
    let annotation = format!("::error file={c2},title=jobsim%3A {}", c2.replace(':', "%3A"));
    assert!(out.starts_with(&annotation) && out.contains("(C2, 1.31)"), "{out}");
    let (code, out, _) = diff(folder.path(), &[&pair[..], &[c2, pi, "-o", "junit"]].concat());
    assert_eq!(code, Some(1));
    assert!(out.contains("tests=\"2\" failures=\"2\""), "{out}");
    // Newer releases say the same of both.
    let (code, out, _) = diff(folder.path(), &["--from", "1.36", "--to", "1.37", c2, pi]);
    assert_eq!((code, out.as_str()), (Some(0), "0 of 2 scenarios change from 1.36 to 1.37.\n"));
    let (code, out, _) = diff(folder.path(), &["--from", "1.36", pi, "-o", "junit"]);
    assert!(code == Some(0) && out.contains("failures=\"0\""), "{out}");
    // Two scenarios side by side have the same forms.
    let (code, out, _) = diff(folder.path(), &[pi, c2, "-o", "junit"]);
    assert!(code == Some(1) && out.contains("failures=\"1\""), "{out}");
}

#[test]
fn what_is_wrong_ends_with_code_2() {
    let folder = workplace();
    fs::write(folder.path().join("wrong.yaml"), "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {}\n")
        .expect("written");
    let (code, out, err) = diff(folder.path(), &["--from", "1.31", "wrong.yaml"]);
    assert_eq!((code, out.as_str()), (Some(2), "The scenario cannot be read.\n"), "{err}");
    assert!(err.contains("spec.template.spec.containers: Required value"), "{err}");
    let (code, _, err) = diff(folder.path(), &["--from", "1.28", "scenarios/pi.yaml"]);
    assert!(code == Some(2) && err.contains("releases from 1.29 to 1.37 are known"), "{err}");
    let (code, _, err) = diff(folder.path(), &["scenarios/pi.yaml"]);
    assert!(code == Some(2) && err.contains("two paths are needed"), "{err}");
}

/// Manifests of a folder: each a scenario of its own with what is named beside it, or all of them one.
#[test]
fn folders_of_manifests_are_taken() {
    let folder = workplace();
    let manifests = folder.path().join("manifests");
    fs::create_dir(&manifests).expect("a folder");
    let job = |name: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  activeDeadlineSeconds: 10\n  template:\n    \
             spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}\n"
        )
    };
    fs::write(manifests.join("a.yaml"), job("a")).expect("written");
    fs::write(manifests.join("b.yaml"), job("b")).expect("written");
    fs::write(manifests.join("config.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
        .expect("written");
    let simulation = "apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {profile: ideal, pods: [{duration: 1h}]}\n";
    fs::write(folder.path().join("slow.yaml"), simulation).expect("written");
    let arguments = ["--from", "1.30", "--to", "1.31", "manifests", "-u", "slow.yaml"];
    let (code, out, err) = diff(folder.path(), &arguments);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("note: manifests/config.yaml has no Job in it"), "{err}");
    assert!(out.ends_with("2 of 2 scenarios change from 1.30 to 1.31.\n"), "{out}");
    assert!(out.contains("manifests/a.yaml\n  Job a ") && out.contains("manifests/b.yaml\n  Job b "), "{out}");
    let (_, out, _) = diff(folder.path(), &[&arguments[..], &["--together"]].concat());
    assert!(out.ends_with("The scenario changes from 1.30 to 1.31.\n") && out.contains("  Job b "), "{out}");
}
