//! Patches and deletions of Jobs and CronJobs: what the API server does to finalizers, and how it refuses.

use jobsim::report::kubectl::get::Resource;
use jobsim::report::v1::Objects;
use jobsim::{Run, RunOptions, run_observed};
use serde_json::Value;

use crate::program::{run as program, stdout, workplace};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, finalizers: [FINALIZERS]}\nspec: {parallelism: 2, completions: 4, \
                   ttlSecondsAfterFinished: 5, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n";

/// Plays a Job with finalizers whose pods run for 30 s, and returns the objects that are left.
fn play(finalizers: &str, horizon: &str, actions: &[&str]) -> (Run, Vec<(Resource, Value)>) {
    let job = JOB.replace("FINALIZERS", finalizers);
    let actions = actions.join(", ");
    let text = format!(
        "{job}---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec: {{schedule: '@yearly', jobTemplate: \
         {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}}}}}\n---\n\
         apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, horizon: {horizon}, pods: [{{duration: 30s}}], \
         actions: [{actions}]}}\n"
    );
    let scenario = jobsim::scenario::read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut objects = Objects::new(scenario.start, scenario.kubernetes.rules());
    let run = run_observed(&scenario, &RunOptions::default(), vec![&mut objects]);
    (run, objects.into_list())
}

fn job(objects: &[(Resource, Value)]) -> &Value {
    &objects.iter().find(|(resource, _)| *resource == Resource::Job).expect("a Job").1
}

/// What is noted of a patch at 10 s, less when and of what.
fn refusal(kind: &str, merge: &str) -> String {
    let name = if kind == "Job" { "j" } else { "c" };
    let action = format!("{{at: 10s, patch: {{kind: {kind}, name: {name}, merge: {merge}}}}}");
    let (run, _) = play("", "5m", &[&action]);
    let notes: Vec<&str> = run.notes.iter().filter_map(|note| note.split_once(" refused: ")).map(|of| of.1).collect();
    notes.join("\n")
}

#[test]
fn who_deletes_says_what_becomes_of_the_pods() {
    let delete = "{at: 10s, delete: {kind: Job, name: j}}";
    for finalizers in ["", "foregroundDeletion", "orphan"] {
        let (run, objects) = play(finalizers, "5m", &[delete]);
        assert_eq!(run.jobs[0].removed.map(|at| at.whole_seconds()), Some(10), "{finalizers}");
        assert!(objects.iter().all(|(resource, _)| !matches!(resource, Resource::Job | Resource::Pod)));
    }
    // Others hold it still, and the deletion is told once.
    let (run, objects) = play("a.b/c, foregroundDeletion", "5m", &[delete, &delete.replace("10s", "20s")]);
    let metadata = &job(&objects)["metadata"];
    assert_eq!((&metadata["finalizers"], &metadata["generation"]), (&serde_json::json!(["a.b/c"]), &2.into()));
    assert_eq!(run.jobs[0].removed, None);
    // The TTL controller deletes in the foreground, which the manifest's finalizers do not stop either.
    for finalizers in ["foregroundDeletion", "orphan"] {
        let (run, objects) = play(finalizers, "5m", &[]);
        assert!(run.jobs[0].removed.is_some(), "{finalizers} {objects:?}");
    }
}

#[test]
fn a_job_that_is_being_deleted_gets_no_new_finalizers() {
    let patch = |at, merge| {
        format!("{{at: {at}, patch: {{kind: Job, name: j, merge: {{metadata: {{finalizers: {merge}}}}}}}}}")
    };
    let (run, objects) = play(
        "a.b/c",
        "5m",
        &["{at: 10s, delete: {kind: Job, name: j}}", &patch("20s", "[a.b/c, d.e/f]"), &patch("30s", "[a.b/c]")],
    );
    assert_eq!(
        run.notes,
        [
            "20 s: patch of Job default/j refused: Job.batch \"j\" is invalid: metadata.finalizers: Forbidden: no new finalizers \
             can be added if the object is being deleted, found new finalizers []string{\"d.e/f\"}"
        ]
    );
    assert_eq!(job(&objects)["metadata"]["finalizers"], serde_json::json!(["a.b/c"]));
    let (run, _) = play("a.b/c", "5m", &["{at: 10s, delete: {kind: Job, name: j}}", &patch("30s", "null")]);
    assert_eq!(run.jobs[0].removed.map(|at| at.whole_seconds()), Some(30));
}

#[test]
fn a_patch_is_for_the_object_that_it_names() {
    for kind in ["Job", "CronJob"] {
        let (name, resource) = if kind == "Job" { ("j", "jobs") } else { ("c", "cronjobs") };
        let other_name = format!("the name of the object (foo) does not match the name on the URL ({name})");
        assert_eq!(refusal(kind, "{metadata: {name: foo}}"), other_name);
        let no_name = format!("the name of the object ({name} based on URL) was undeterminable: name must be provided");
        assert_eq!(refusal(kind, "{metadata: {name: null}}"), no_name);
        assert_eq!(
            refusal(kind, "{metadata: {namespace: foo, name: foo}}"),
            "the namespace of the provided object does not match the namespace sent on the request"
        );
        assert_eq!(
            refusal(kind, "{metadata: {resourceVersion: '9999'}, spec: {suspend: true}}"),
            format!(
                "Operation cannot be fulfilled on {resource}.batch \"{name}\": the object has been modified; please apply \
                 your changes to the latest version and try again"
            )
        );
        for (version, problem) in [("x", "invalid syntax"), ("'99999999999999999999'", "value out of range")] {
            let text = format!("strconv.ParseUint: parsing \"{}\": {problem}", version.trim_matches('\''));
            assert_eq!(refusal(kind, &format!("{{metadata: {{resourceVersion: {version}}}}}")), text);
        }
        for version in ["null", "''", "'0'"] {
            assert_eq!(refusal(kind, &format!("{{metadata: {{resourceVersion: {version}}}}}")), "", "{version}");
        }
    }
}

#[test]
fn the_version_and_uid_that_get_shows_can_be_named() {
    let (_, objects) = play("", "9s", &[]);
    let metadata = job(&objects)["metadata"].clone();
    let merge = serde_json::json!({
        "metadata": {"resourceVersion": metadata["resourceVersion"], "uid": metadata["uid"]},
        "spec": {"suspend": true, "template": {"metadata": {"labels": {"controller-uid": metadata["uid"]}}}},
    });
    let patch = format!("{{at: 10s, patch: {{kind: Job, name: j, merge: {merge}}}}}");
    let again = patch.replace("10s", "20s");
    let (run, objects) = play("", "5m", &[&patch, &again]);
    assert!(
        run.notes.len() == 1 && run.notes[0].starts_with("20 s") && run.notes[0].contains("modified"),
        "{:?}",
        run.notes
    );
    let suspended = job(&objects);
    assert_eq!((&suspended["spec"]["suspend"], &suspended["metadata"]["uid"]), (&true.into(), &metadata["uid"]));
    assert_eq!(suspended["metadata"]["generation"], 2);
    assert_eq!(suspended["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"], metadata["uid"]);
}

#[test]
fn a_refusal_shows_the_uid_that_get_shows() {
    let text = refusal("Job", "{spec: {template: {spec: {terminationGracePeriodSeconds: 7}}}}");
    assert!(text.contains("\"controller-uid\":\"00000001-0000-4000-8000-000000000000\""), "{text}");
    assert!(!text.contains("00000000-0000-0000-0000-000000000001"), "{text}");
}

#[test]
fn what_a_json_merge_patch_leads_to_is_read_as_a_document() {
    // The server shows the object as patched, quoted.
    let check = |kind: &str, merge: &str, shown: &str, problem: &str| {
        let text = refusal(kind, merge);
        assert!(text.starts_with(" \"\" is invalid: patch: Invalid value: \"{\\\"apiVersion\\\":\\\"batch/"), "{text}");
        assert!(text.contains(&shown.replace('"', "\\\"")) && text.ends_with(&format!("}}\": {problem}")), "{text}");
    };
    check("Job", "{spec: {foo: 7}}", "\"foo\":7", "strict decoding error: unknown field \"spec.foo\"");
    let problem = "json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32";
    check("Job", "{spec: {parallelism: '3', foo: 7}}", "\"parallelism\":\"3\"", problem);
    let problem = "json: cannot unmarshal string into Go struct field CronJobSpec.spec.suspend of type bool";
    check("CronJob", "{spec: {suspend: 'true'}}", "\"suspend\":\"true\"", problem);
    let problem = "converting (v1.CronJob) to (batch.Job): unknown conversion";
    check("Job", "{kind: CronJob}", "\"kind\":\"CronJob\"", problem);
    let problem = "no kind \"Job\" is registered for version \"batch/v2\" in scheme \"<SCHEME>\"";
    check("Job", "{apiVersion: batch/v2}", "\"apiVersion\":\"batch/v2\"", problem);
}

#[test]
fn a_patch_that_changes_nothing_writes_nothing() {
    let started = "5m, startTime: '1999-12-31T23:59:50Z'";
    let (_, objects) = play("", started, &[]);
    let name = |objects: &[(Resource, Value)]| {
        let mut jobs = objects.iter().filter(|(resource, _)| *resource == Resource::Job);
        jobs.find(|(_, job)| job["metadata"]["name"] != "j").expect("the Job of the CronJob").1.clone()
    };
    let of_cron_job = name(&objects);
    let patch = |merge: &str| {
        let patched = of_cron_job["metadata"]["name"].as_str().expect("a name");
        let patch = format!("{{at: 200s, patch: {{kind: Job, name: {patched}, merge: {merge}}}}}");
        let (run, objects) = play("", started, &[&patch]);
        assert_eq!(run.notes, Vec::<String>::new());
        name(&objects)
    };
    assert_eq!(patch("{}"), of_cron_job);
    let orphaned = patch("{metadata: {ownerReferences: null}}");
    assert_eq!(orphaned["metadata"]["ownerReferences"], Value::Null);
}

#[test]
fn explain_tells_of_conditions_finalizers_and_files() {
    let folder = workplace();
    let explain = |path: &str| stdout(&program(folder.path(), &["explain", path]));
    let conditions = explain("job.spec.podFailurePolicy.rules.onPodConditions");
    assert!(conditions.contains("kubelets") && !conditions.contains("no condition but"), "{conditions}");
    let finalizers = explain("job.metadata.finalizers");
    assert!(finalizers.contains("foregroundDeletion and orphan"), "{finalizers}");
    let apply = explain("simulation.spec.actions.apply");
    assert!(apply.contains("`kubectl create`") && apply.contains("`patch`"), "{apply}");
}
