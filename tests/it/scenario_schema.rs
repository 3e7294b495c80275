//! The published schema of scenarios, applied by a real validator, accepts what is accepted and refuses the usual slips.

use jobsim::report::manual::schema::schema;
use serde_json::Value;

use crate::program::{project, run, shipped_files, workplace};
use crate::recorded::{Tally, folder};

/// A validator by the published schema, which must be one by the draft it names.
fn validator() -> jsonschema::Validator {
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::draft7::meta::validate(&schema).expect("a schema by the draft");
    jsonschema::draft7::new(&schema).expect("a schema")
}

/// What a validator finds wrong in a text of documents: a line each.
fn complaints(validator: &jsonschema::Validator, text: &str) -> Vec<String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("YAML");
    let errors = documents.iter().filter(|document| !document.is_null()).flat_map(|d| validator.iter_errors(d));
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn what_we_ship_fits_the_schema() {
    let validator = validator();
    for path in shipped_files().into_iter().chain([project().join("src/cli/init.yaml")]) {
        let found = complaints(&validator, &std::fs::read_to_string(&path).expect("a scenario"));
        let is_bad = path.ends_with("pi-misplaced.yaml");
        assert_eq!(!found.is_empty(), is_bad, "{}: {found:?}", path.display());
    }
}

#[test]
fn conformance_jobs_fit_the_schema() {
    let validator = validator();
    for set in ["jobs", "controlplane"] {
        let Some(folder) = folder(set) else { continue };
        let mut tally = Tally::default();
        let mut paths: Vec<_> =
            std::fs::read_dir(folder.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let found = complaints(&validator, &std::fs::read_to_string(&path).unwrap());
            tally.count(path.file_name().unwrap().to_string_lossy(), found.first().cloned());
        }
        tally.finish(&format!("{set} by the schema"));
    }
}

#[test]
fn usual_slips_do_not_fit_the_schema() {
    let validator = validator();
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: a, image: a}]\n";
    let simulation = "apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n";
    let check = |text: String, fits: bool| {
        let found = complaints(&validator, &text);
        assert_eq!(found.is_empty(), fits, "{text}{found:?}");
    };
    check(job.to_owned(), true);
    check(format!("{job}      backoffLimit: 3\n"), false);
    check(format!("{job}  backoffLimit: three\n"), false);
    check(format!("{job}  backofflimit: 3\n"), false);
    check(format!("{job}  backoffLimit: 3000000000\n"), false);
    check(format!("{job}  podFailurePolicy: {{rules: {{action: Ignore}}}}\n"), false);
    check(format!("{job}  podFailurePolicy: {{rules: [{{action: Ignore}}]}}\n"), true);
    check("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n".to_owned(), true);
    check("kind: Job\n".to_owned(), false);
    for (line, fits) in [
        ("seed: 7", true),
        ("seed: -1", false),
        ("profile: real", false),
        ("horizon: 7d", true),
        ("horizon: 7 days", false),
        ("pods: [{duration: 30s}, {duration: {constant: 30s}}, {duration: {uniform: {min: 1s, max: 2s}}}]", true),
        ("pods: [{duration: {uniform: {min: 1s, maximum: 2s}}}]", false),
        ("pods: [{duration: {uniform: {min: 1s, max: 2s}, constant: 1s}}]", false),
        ("pods: [{exitCode: 300}]", false),
        ("pods: [{exitCode: {weighted: {0: 0.9, 1: 0.1}}}]", true),
        ("pods: [{matches: {job: a}}]", false),
        ("actions: [{at: 1m, patch: {kind: Job, name: a, merge: {spec: {suspend: true}}}}]", true),
        ("actions: [{at: 1m, patch: {kind: Pod, name: a, merge: {}}}]", false),
    ] {
        check(format!("{simulation}  {line}\n"), fits);
    }
}

#[test]
fn schema_is_printed_and_written_beside_a_first_scenario() {
    let folder = workplace();
    let printed = run(folder.path(), &["schema"]).stdout;
    assert_eq!(serde_json::from_slice::<Value>(&printed).expect("JSON"), schema());
    assert!(run(folder.path(), &["init", "first.yaml"]).status.success());
    assert_eq!(std::fs::read(folder.path().join("jobsim.schema.json")).expect("a schema"), printed);
}
