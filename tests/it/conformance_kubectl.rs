//! What kubectl prints of recorded manifests and updates; counted apart from the server's verdicts.

use std::sync::Arc;

use jobsim::api::release::{Kubernetes, Rules};
use jobsim::apiserver::SuspensionFacts;
use jobsim::apiserver::admission::{self, PatchType, Rejection};
use jobsim::scenario::kubectl::{create, manifest, refusal};
use jobsim::scenario::source::{Source, SourceText};
use jobsim::scenario::{Validate, decode};
use serde_json::{Value, json};

use crate::conformance_validation::Clocks;
use crate::recorded::{Tally, differs, folder, names};

const FILE: &str = "manifest.yaml";

fn recorded(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn conformance_kubectl_create() {
    let Some(set) = folder("validation") else { return };
    let mut tally = Tally::default();
    for name in names(&set.join("expected"), ".json") {
        let expected = recorded(&set.join(format!("expected/{name}.json")));
        if expected.get("panic").is_some_and(|panic| !panic.is_null()) || expected["kubectl"].is_null() {
            continue;
        }
        let source = Source::from_file(&set.join(format!("cases/{name}.yaml")), FILE).unwrap();
        let text = SourceText::new(source).unwrap();
        let creation = create(&[Arc::new(text)], Validate::Strict, &Kubernetes::default());
        let got = json!({"objects": creation.objects, "stderr": creation.stderr});
        let wanted = json!({"objects": expected["kubectl"]["objects"], "stderr": expected["kubectl"]["stderr"]});
        tally.count(name, differs("kubectl", wanted, got));
    }
    tally.finish("validation/kubectl create");
}

#[test]
fn conformance_kubectl_update() {
    let Some(set) = folder("validation") else { return };
    let mut tally = Tally::default();
    for name in names(&set.join("updates"), ".json") {
        let expected = recorded(&set.join(format!("updates/{name}.json")));
        let source = Source::from_file(&set.join(format!("updates/{name}.new.yaml")), FILE).unwrap();
        let kind = if name.starts_with("cj-") { "CronJob" } else { "Job" };
        let verdict = decode::server_verdict(source, kind);
        let said = match &verdict.decode_error {
            Some(error) if expected["mode"] == "replace" => {
                let message = format!("{kind} in version \"v1\" cannot be handled as a {kind}: {error}");
                format!("Error from server (BadRequest): error when replacing \"{FILE}\": {message}")
            }
            // Of what was printed only errors were recorded.
            _ => match update(kind, &expected, verdict.value.as_ref().unwrap_or(&Value::Null)) {
                Ok(()) => String::new(),
                Err(rejection) => refusal(&rejection),
            },
        };
        tally.count(name, differs("stderr", expected["kubectl_stderr"].as_str(), Some(&said)));
    }
    tally.finish("validation/kubectl update");
}

#[test]
fn conformance_kubectl_patch() {
    let Some(set) = folder("validation") else { return };
    let mut tally = Tally::default();
    for name in names(&set.join("updates"), ".json") {
        let expected = recorded(&set.join(format!("updates/{name}.json")));
        if expected["patch"].is_null() {
            continue;
        }
        let read = |which: &str| {
            let source = Source::from_file(&set.join(format!("updates/{name}.{which}.yaml")), FILE).unwrap();
            manifest(&SourceText::new(source).unwrap()).unwrap()
        };
        let kind = if name.starts_with("cj-") { "CronJob" } else { "Job" };
        let patch = admission::apply_patch(kind, &read("old"), &read("new"), &expected["live"]);
        tally.count(name, differs("patch", &expected["patch"], &patch));
    }
    tally.finish("validation/kubectl apply's patch");
}

/// Why an update is refused, if it is.
fn update(kind: &str, expected: &Value, new: &Value) -> Result<(), Rejection> {
    let (live, patch) = (&expected["live"], &expected["patch"]);
    let replaces = expected["mode"] == "replace";
    if kind == "CronJob" {
        let updated = if replaces {
            admission::update_cron_job(live, new, &Clocks, &Rules::default())
        } else {
            admission::patch_cron_job(PatchType::StrategicMerge, live, patch, &Clocks, &Rules::default())
        };
        return updated.map(|_| ());
    }
    let facts = SuspensionFacts::of_manifest(&live["status"]);
    let updated = if replaces {
        admission::update_job(live, new, &facts, &Rules::default())
    } else {
        admission::patch_job_as(PatchType::StrategicMerge, live, patch, &facts, &Rules::default())
    };
    updated.map(|_| ())
}
