//! Durations, tables and descriptions as the printers of Kubernetes 1.37 wrote them.

use jobsim::report::kubectl::describe::{Surroundings, describe};
use jobsim::report::kubectl::duration::{human, short_human};
use jobsim::report::kubectl::get::{Printer, Resource, TableOptions};
use serde_json::Value;

use crate::recorded::{self, Tally, differs, names};

#[test]
fn conformance_printing_durations() {
    let Some(text) = recorded::file("printing", "durations.csv") else { return };
    let mut tally = Tally::default();
    for row in csv::Reader::from_reader(text.as_bytes()).records() {
        let row = row.expect("durations.csv is a table");
        let nanos: i64 = row[0].parse().expect("whole nanoseconds");
        let printed = (human(nanos), short_human(nanos));
        tally.count(nanos, differs("durations", (row[1].to_owned(), row[2].to_owned()), printed));
    }
    tally.finish("printing/durations.csv");
}

/// The recorded cases that have a text of this name, each with its objects.
fn check(field: &str, print: impl Fn(&Value, &[&Value]) -> Option<String>) {
    let Some(folder) = recorded::folder("printing").map(|folder| folder.join("cases")) else { return };
    let mut tally = Tally::default();
    for name in names(&folder, ".json") {
        let case = std::fs::read(folder.join(format!("{name}.json"))).expect("a case");
        let case: Value = serde_json::from_slice(&case).expect("a JSON case");
        let Some(wanted) = case[field].as_str() else { continue };
        let object = &case["object"];
        let objects: Vec<&Value> = object["items"].as_array().map_or(vec![object], |items| items.iter().collect());
        tally.count(name, differs(field, Some(wanted.to_owned()), print(&case, &objects)));
    }
    tally.finish(&format!("printing/{field}"));
}

fn now(case: &Value) -> jiff::Timestamp {
    case["now"].as_str().and_then(|now| now.parse().ok()).expect("a time")
}

fn resource(object: &Value) -> Resource {
    Resource::of_kind(object["kind"].as_str().unwrap_or_default()).expect("a kind that is printed")
}

fn check_table(field: &str, options: TableOptions) {
    check(field, |case, objects| {
        let list = case["object"]["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
        let resource = list.and_then(Resource::of_kind).unwrap_or_else(|| resource(objects[0]));
        // No table before it had a column NAMESPACE that one of nodes would keep.
        let with_namespace = options.with_namespace && resource.is_namespaced();
        let options = TableOptions { with_namespace, ..options.clone() };
        Some(Printer::new(resource, options).print(objects, now(case), ""))
    });
}

#[test]
fn conformance_printing_get() {
    check_table("get", TableOptions::default());
}

#[test]
fn conformance_printing_get_wide() {
    check_table("get_wide", TableOptions { wide: true, ..TableOptions::default() });
}

#[test]
fn conformance_printing_get_all_namespaces() {
    check_table("get_all_namespaces", TableOptions { with_namespace: true, ..TableOptions::default() });
}

#[test]
fn conformance_printing_get_show_labels() {
    check_table("get_show_labels", TableOptions { show_labels: true, ..TableOptions::default() });
}

#[test]
fn conformance_printing_describe() {
    check("describe", |case, objects| {
        let list = |field: &str| case[field].as_array().cloned().unwrap_or_default();
        let (events, pods) = (list("events"), list("other_objects"));
        let around = Surroundings { events: Some(&events), pods: &pods, now: now(case) };
        Some(describe(resource(objects[0]), objects[0], &around))
    });
}
