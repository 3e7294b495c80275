//! Recorded verdicts of the API server's decoder: errors of the decoder, and strict errors.

use jobsim::scenario::Source;
use jobsim::scenario::decode::{Verdict, server_verdict};
use serde_json::Value;

use crate::recorded::{Tally, differs, folder};

/// Compares every recorded case that Kubernetes itself survived.
fn run(what: &str, difference: impl Fn(&Verdict, &Value) -> Option<String>) {
    let Some(folder) = folder("validation") else { return };
    let mut paths: Vec<_> =
        std::fs::read_dir(folder.join("expected")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut tally = Tally::default();
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if !expected["panic"].is_null() {
            continue;
        }
        let source = Source::from_file(&folder.join(format!("cases/{name}.yaml")), &name).unwrap();
        let kind = if expected["endpoint"] == "cronjobs" { "CronJob" } else { "Job" };
        tally.count(name, difference(&server_verdict(source, kind), &expected));
    }
    tally.finish(what);
}

#[test]
fn conformance_strict_errors() {
    run("strict_errors", |verdict, expected| {
        let wanted: Vec<_> = expected["strict_errors"].as_array().into_iter().flatten().collect();
        let wanted: Vec<_> = wanted.iter().filter_map(|error| error.as_str()).collect();
        differs("strict errors", wanted, verdict.strict_errors.iter().map(String::as_str).collect())
    });
}

#[test]
fn conformance_decode_error() {
    run("decode_error", |verdict, expected| {
        differs("decode error", expected["decode_error"].as_str(), verdict.decode_error.as_deref())
    });
}
