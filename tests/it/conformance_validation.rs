//! The API server's verdicts on recorded Jobs and CronJobs: errors, warnings, the defaulted object, and updates.

#![allow(clippy::print_stdout, reason = "a test reports to a terminal")]

use std::fs;
use std::path::Path;

use jobsim::api::release::Rules;
use jobsim::apiserver::admission::{self, PatchType, Rejection};
use jobsim::apiserver::{Clockwork, FieldError, SuspensionFacts};
use jobsim::controllers::cronjob::schedule::Schedule;
use jobsim::controllers::cronjob::zone::Zone;
use jobsim::scenario::{Source, Validate};
use serde_json::{Value, json};
use serde_saphyr::options::DuplicateKeyPolicy;

use crate::recorded;

/// The files of a folder with this ending, by name without it.
fn names(folder: &Path, ending: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect();
    names.sort();
    names
}

fn expected(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

/// Counts, and the names of what failed with what came instead.
#[derive(Default)]
struct Tally {
    total: usize,
    failed: Vec<String>,
}

impl Tally {
    fn check(&mut self, name: &str, got: &Value, wanted: &Value) {
        self.total += 1;
        if !same(got, wanted) {
            self.failed.push(format!("{name} at {}", difference("", got, wanted)));
        }
    }

    fn report(&self, what: &str) {
        println!("validation/{what}: passed {} of {}", self.total - self.failed.len(), self.total);
        for failure in &self.failed {
            println!("  {failure}");
        }
    }
}

/// Are two values equal? The recorder read numbers beyond 2^53 as floats.
fn same(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) => a == b || (b.as_f64() > Some(9.0e15) && a.as_f64() == b.as_f64()),
        _ => got == wanted,
    }
}

/// Where two values first differ, and how.
fn difference(path: &str, got: &Value, wanted: &Value) -> String {
    match (got, wanted) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys());
            let name = names.into_iter().find(|name| a.get(*name) != b.get(*name)).map_or("", String::as_str);
            difference(&format!("{path}/{name}"), &got[name], &wanted[name])
        }
        (Value::Array(a), Value::Array(b)) => {
            let at = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i)).unwrap_or(0);
            difference(&format!("{path}/{at}"), &got[at], &wanted[at])
        }
        _ => format!("{path}\n    got    {got}\n    wanted {wanted}"),
    }
}

fn as_json(errors: &[FieldError]) -> Value {
    let error = |e: &FieldError| json!({"field": e.field, "type": e.kind, "detail": e.detail, "text": e.text});
    errors.iter().map(error).collect()
}

/// Nothing for null, as some lists of the recordings are.
fn list(value: &Value) -> Value {
    if value.is_null() { json!([]) } else { value.clone() }
}

#[test]
fn conformance_validation_create() {
    let Some(set) = recorded::folder("validation") else { return };
    let (mut errors, mut warnings, mut defaulted) = (Tally::default(), Tally::default(), Tally::default());
    let mut unread = Vec::new();
    for name in names(&set.join("expected"), ".json") {
        let mut expected = expected(&set.join("expected"), &name);
        if expected["ignoring_strict"].is_object() {
            let lenient = expected["ignoring_strict"].take();
            expected = lenient;
        }
        if !expected["decode_error"].is_null() || expected.get("panic").is_some_and(|p| !p.is_null()) {
            continue;
        }
        let text = fs::read_to_string(set.join("cases").join(format!("{name}.yaml"))).unwrap();
        let Some(document) = first_document(&text) else {
            unread.push(name);
            continue;
        };
        let verdict = if name.starts_with("cj-") {
            admission::create_cron_job(&document, &Clocks, &Rules::default())
                .map(|admitted| (admitted.manifest, admitted.warnings))
        } else {
            admission::create_job(&document, &Rules::default()).map(|admitted| (admitted.manifest, admitted.warnings))
        };
        let (got_errors, got_warnings, got_object) = match verdict {
            Ok((manifest, warnings)) => (json!([]), json!(warnings), manifest),
            Err(errors) => (as_json(&errors), json!([]), Value::Null),
        };
        errors.check(&name, &got_errors, &list(&expected["errors"]));
        warnings.check(&name, &got_warnings, &list(&expected["warnings"]));
        if got_errors == json!([]) {
            defaulted.check(&name, &got_object, &expected["defaulted"]);
        }
    }
    errors.report("errors");
    warnings.report("warnings");
    defaulted.report("defaulted");
    println!("not read: {}", unread.join(" "));
    assert!([errors, warnings, defaulted].iter().all(|tally| tally.failed.is_empty()));
}

/// What `jobsim validate -o json` says of the first document. A file does not say which endpoint it was posted to, empty
/// documents are passed over, and lists are judged item by item: such cases are left out.
#[test]
fn conformance_validation_documents() {
    let Some(set) = recorded::folder("validation") else { return };
    let mut documents = Tally::default();
    let mut left_out = Vec::new();
    for name in names(&set.join("expected"), ".json") {
        let expected = expected(&set.join("expected"), &name);
        if expected.get("panic").is_some_and(|panic| !panic.is_null()) {
            continue;
        }
        let error = expected["decode_error"].as_str().unwrap_or("");
        let source = Source::from_file(&set.join(format!("cases/{name}.yaml")), &name).unwrap();
        let judged = jobsim::scenario::judge(vec![source], Validate::Strict, None);
        let text = fs::read_to_string(set.join(format!("cases/{name}.yaml"))).unwrap_or_default();
        let begins_empty = text.trim_start_matches("---\n").is_empty() || text.starts_with("---\n---\n");
        let Some(judged) = judged.first().filter(|_| !begins_empty && !error.starts_with("converting (")) else {
            left_out.push(name);
            continue;
        };
        let got = json!({
            "decode_error": judged.decode_error, "strict_errors": judged.strict_errors,
            "errors": judged.errors, "warnings": judged.warnings, "defaulted": judged.stored,
        });
        let wanted = json!({
            "decode_error": expected["decode_error"], "strict_errors": list(&expected["strict_errors"]),
            "errors": list(&expected["errors"]), "warnings": list(&expected["warnings"]),
            "defaulted": expected["defaulted"],
        });
        documents.check(&name, &got, &wanted);
    }
    documents.report("documents");
    println!("left out: {}", left_out.join(" "));
    assert!(documents.failed.is_empty() && documents.total > 0);
}

#[test]
fn conformance_validation_updates() {
    let Some(set) = recorded::folder("validation") else { return };
    let folder = set.join("updates");
    let mut updates = Tally::default();
    for name in names(&folder, ".json") {
        let expected = expected(&folder, &name);
        if expected["mode"] == "replace" && !expected["decode_error"].is_null() {
            // Reading the document is not the API server's part here.
            continue;
        }
        let (live, patch) = (&expected["live"], &expected["patch"]);
        let replacement = first_document(&fs::read_to_string(folder.join(format!("{name}.new.yaml"))).unwrap());
        let Some(replacement) = replacement else { continue };
        let verdict = if name.starts_with("cj-") {
            let result = match expected["mode"].as_str() {
                Some("replace") => admission::update_cron_job(live, &replacement, &Clocks, &Rules::default()),
                _ => admission::patch_cron_job(PatchType::StrategicMerge, live, patch, &Clocks, &Rules::default()),
            };
            result.map(|admitted| (admitted.manifest, admitted.warnings))
        } else {
            let facts = SuspensionFacts::of_manifest(&live["status"]);
            let result = match expected["mode"].as_str() {
                Some("replace") => admission::update_job(live, &replacement, &facts, &Rules::default()),
                _ => admission::patch_job_as(PatchType::StrategicMerge, live, patch, &facts, &Rules::default()),
            };
            result.map(|admitted| (admitted.manifest, admitted.warnings))
        };
        let (errors, message, warnings, updated) = match verdict {
            Ok((manifest, warnings)) => (json!([]), String::new(), warnings, manifest),
            Err(rejection) => {
                let errors = match &rejection {
                    Rejection::Invalid { errors, .. } => as_json(errors),
                    _ => json!([]),
                };
                (errors, rejection.to_string(), Vec::new(), Value::Null)
            }
        };
        let got = json!({"errors": errors, "status_message": message, "warnings": warnings, "updated": updated});
        let wanted = json!({
            "errors": list(&expected["errors"]), "status_message": expected["status_message"],
            "warnings": list(&expected["warnings"]), "updated": expected["updated"],
        });
        updates.check(&name, &got, &wanted);
    }
    updates.report("updates");
    assert!(updates.failed.is_empty() && updates.total > 0);
}

/// The controllers' parser of schedules and loader of time zones.
pub(crate) struct Clocks;

impl Clockwork for Clocks {
    fn check_schedule(&self, schedule: &str) -> Result<(), String> {
        Schedule::parse(schedule).map(|_| ())
    }

    fn check_time_zone(&self, name: &str) -> Result<(), String> {
        Zone::load(name).map(|_| ())
    }
}

/// The document that the server reads of a stream: the first one.
fn first_document(text: &str) -> Option<Value> {
    let text = text.strip_prefix("---\n").unwrap_or(text);
    let text = match text {
        _ if text.starts_with("---\n") => "",
        // A directive is ended by the separator.
        _ if text.starts_with('%') => text,
        _ => text.split("\n---").next().unwrap_or(""),
    };
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        legacy_octal_numbers: true,
    };
    serde_saphyr::from_str_with_options(text, options).ok()
}
