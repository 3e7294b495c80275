//! The objects of runs as JSON say the same as the engine's own view of them.

use std::path::Path;

use jobsim::api::change::Verb;
use jobsim::record::watch::{PodRow, Watcher};
use jobsim::report::kubectl::duration::age;
use jobsim::report::kubectl::get::{Printer, Resource, TableOptions};
use jobsim::report::v1::{Calendar, Objects, Update};
use jobsim::scenario::{ReadOptions, Source, read};
use jobsim::{RunOptions, run_observed};
use serde_json::Value;

use crate::program::shipped_files;
use crate::recorded;

/// The row of each change of a pod: as printed from its JSON, and as the watch of `run` has them.
fn differences(path: &Path) -> Option<String> {
    let source = Source::from_file(path, "scenario").expect("a file");
    let (scenario, _) = read(vec![source], &ReadOptions::default()).ok()?;
    let calendar = Calendar::new(scenario.start);
    let (mut printed, mut watched) = (Vec::new(), Vec::new());
    let mut print = |update: Update| {
        if update.verb != Verb::Deleted {
            let now = calendar.instant(update.time);
            let options = TableOptions { no_headers: true, ..TableOptions::default() };
            let row = Printer::new(Resource::Pod, options).print(&[&update.object], now, "");
            printed.push(row.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        true
    };
    let mut watch = |row: &PodRow| {
        let (ready, all) = row.ready;
        let ago = row.last_restart.filter(|_| row.restarts > 0).map(|last| format!(" ({} ago)", age(last, row.time)));
        let (restarts, age) = (format!("{}{}", row.restarts, ago.unwrap_or_default()), age(row.created, row.time));
        watched.push(format!("{} {ready}/{all} {} {restarts} {age}", row.name, row.status));
        true
    };
    let mut objects = Objects::watched(scenario.start, scenario.kubernetes.rules(), vec![Resource::Pod], &mut print);
    run_observed(&scenario, &RunOptions::default(), vec![&mut objects, &mut Watcher::new(&mut watch)]);
    let at = (0..printed.len().max(watched.len())).find(|&at| printed.get(at) != watched.get(at))?;
    Some(format!("change {at}: printed {:?}, watched {:?}", printed.get(at), watched.get(at)))
}

#[test]
fn printed_pods_are_the_watched_ones() {
    let mut cases = shipped_files();
    if let Some(folder) = recorded::folder("jobs") {
        let names = recorded::names(&folder.join("cases"), ".yaml");
        cases.extend(names.iter().step_by(3).map(|name| folder.join(format!("cases/{name}.yaml"))));
    }
    let found = cases.iter().filter_map(|path| Some(format!("{}: {}", path.display(), differences(path)?)));
    let found: Vec<String> = found.collect();
    assert!(found.is_empty() && cases.len() >= 5, "{}", found.join("\n"));
}

/// The conditions of the failed pod of a Job with this podFailurePolicy, and the message of the Job's end.
fn failed(policy: &str) -> (Vec<Value>, String) {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{backoffLimit: 0, podFailurePolicy: {policy}, template: {{spec: \
         {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
         {{pods: [{{duration: 5s, exitCode: 1}}]}}\n"
    );
    let scenario = jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut objects = Objects::new(scenario.start, scenario.kubernetes.rules());
    run_observed(&scenario, &RunOptions::default(), vec![&mut objects]);
    let list = objects.into_list();
    let conditions = |wanted| {
        let (_, object) = list.iter().find(|(resource, _)| *resource == wanted).expect("an object");
        object["status"]["conditions"].as_array().expect("conditions").clone()
    };
    let last = conditions(Resource::Job).last().map(|condition| condition["message"].as_str().unwrap_or("").to_owned());
    (conditions(Resource::Pod), last.unwrap_or_default())
}

#[test]
fn a_pod_failure_policy_matches_the_conditions_that_get_shows() {
    let rule = |patterns: &str| format!("{{rules: [{{action: FailJob, onPodConditions: [{patterns}]}}]}}");
    let (conditions, _) = failed("null");
    let patterns: Vec<String> =
        conditions.iter().map(|c| format!("{{type: {}, status: {}}}", c["type"], c["status"])).collect();
    assert_eq!(patterns.len(), 5, "{patterns:?}");
    for (at, condition) in conditions.iter().enumerate() {
        // The first that matches is told, whatever the order of the patterns.
        let later: Vec<&str> = patterns[at..].iter().rev().map(String::as_str).collect();
        let (_, message) = failed(&rule(&later.join(", ")));
        let kind = condition["type"].as_str().expect("a type");
        assert!(
            message.ends_with(&format!("has condition {kind} matching FailJob rule at index 0")),
            "{kind}: {message}"
        );
        let other = if condition["status"] == "True" { "False" } else { "True" };
        let (_, message) = failed(&rule(&format!("{{type: {kind}, status: '{other}'}}")));
        assert!(message.contains("backoff limit"), "{kind}: {message}");
    }
}
