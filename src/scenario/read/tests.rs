//! Whole scenarios, and whole texts of what is said of wrong ones.

use super::*;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::source::{self, Below};
use crate::scenario::{Kind, Profile};

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), bytes: text.into() }
}

fn read_text(text: &str) -> Result<(Scenario, Vec<Warning>), Problems> {
    read(vec![source("job.yaml", text)], &ReadOptions::default())
}

/// A Job with lines added to its `spec` (indented by two) and a Simulation with the given `spec`.
fn with_simulation(spec: &str) -> String {
    format!("{JOB}---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {{name: s}}\nspec:\n{spec}")
}

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: pi
spec:
  template:
    spec:
      containers:
      - {name: main, image: perl}
      restartPolicy: Never
";

#[test]
fn a_lone_job_runs_with_defaults() {
    let (scenario, warnings) = read_text(JOB).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(scenario.name, "pi");
    assert_eq!((scenario.start, scenario.horizon, scenario.seed), (946_688_400, None, 0));
    assert_eq!(scenario.profile, Profile::Default);
    let [Object::Job(job)] = scenario.objects.as_slice() else { panic!("{:?}", scenario.objects) };
    assert_eq!(job.name.to_string(), "default/pi");
    assert_eq!((job.spec.parallelism, job.spec.completions, job.spec.backoff_limit), (1, Some(1), 6));
}

#[test]
fn everything_of_a_simulation_is_read() {
    let (scenario, _) = read_text(&with_simulation(
        "  startTime: '2026-01-05T00:00:00Z'
  horizon: 2d
  seed: 42
  kubernetes: 1.37
  profile: ideal
  termination: 2s
  pods:
  - match: {job: pi, index: 3, attempt: 0, container: main, restart: 0, node: n1, run: 1, cronJob: c, namespace: d, labels: {a: b}}
    startup: 2s
    duration: {lognormal: {median: 4m, p99: 25m}}
    exitCode: {weighted: {0: 0.97, 1: 0.02, 137: 0.01}}
    termination: {uniform: {min: 0, max: 3s}}
  - duration: {mixture: [{weight: 1, exponential: {mean: 1s}}, {weight: 2, constant: 5s}]}
  actions:
  - {at: 10m, patch: {kind: Job, name: pi, merge: {spec: {parallelism: 8}}}}
  - {at: 12m, evict: {job: pi, nth: 1}}
  - {at: 13m, deletePod: {job: pi}}
  - {at: 20m, delete: {kind: CronJob, name: c, namespace: other}}
  controlPlane:
    apiServer: {latency: 5ms, watchLatency: 1ms}
    controllerManager: {qps: 20, burst: 30, concurrentJobSyncs: 1, eventsShareClient: true}
",
    ))
    .unwrap();
    assert_eq!(scenario.name, "s");
    assert_eq!((scenario.start, scenario.seed, scenario.profile), (1_767_571_200, 42, Profile::Ideal));
    assert_eq!(scenario.horizon, Some(SimDuration::from_secs(172_800)));
    let plane = &scenario.control_plane;
    assert_eq!((plane.api_latency, plane.watch_latency), (SimDuration::from_millis(5), SimDuration::from_millis(1)));
    assert_eq!((plane.qps, plane.burst, plane.concurrent_job_syncs), (Some(20.0), 30, 1));
    assert!(plane.events_share_client);
    let [patch, evict, delete_pod, delete] = scenario.actions.as_slice() else { panic!("{:?}", scenario.actions) };
    assert_eq!(patch.at, SimTime::from_secs(600));
    assert!(matches!(&patch.action, Action::Patch { kind: Kind::Job, merge, .. } if merge["spec"]["parallelism"] == 8));
    assert!(matches!(&evict.action, Action::Evict { nth: 1, .. }));
    assert!(matches!(&delete_pod.action, Action::DeletePod { nth: 0, job } if job.to_string() == "default/pi"));
    assert!(matches!(&delete.action, Action::Delete { kind: Kind::CronJob, name } if name.to_string() == "other/c"));
}

#[test]
fn lists_are_flattened_and_other_kinds_passed_over() {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: s}}";
    let quota = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: '3'}}}";
    let text =
        format!("\u{feff}---\r\n# nothing\r\n---\r\napiVersion: v1\r\nkind: List\r\nitems: [{service}, {quota}]\r\n");
    let sources = vec![source("a", &text), source("b", JOB), source("c", service)];
    let (scenario, _) = read(sources, &ReadOptions::default()).unwrap();
    assert_eq!(scenario.notes, ["Service (v1) is passed over (2 objects): it plays no part here"]);
    assert!(matches!(&scenario.objects[..], [Object::Quota(q), Object::Job(_)] if q.hard["pods"].value() == 3));
}

/// The whole text of the refusal.
fn check(text: &str, expected: &str) {
    let problems = read_text(text).expect_err(text).to_string();
    assert_eq!(problems, expected.trim_start_matches('\n').trim_end(), "\n{problems}\n");
}

#[test]
fn misplaced_fields_are_shown_where_they_stand() {
    // The tutorial that this project began with, as it stands.
    let text = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: pi
spec:
  template:
    spec:
      parallelism: 2 # 병럴 처리 Pod 개수
      completions: 5 # 총 수행되어야 하는 Pod 개수
      containers:
      - name: pi
        image: perl
        command: [\"perl\",  \"-Mbignum=bpi\", \"-wle\", \"print bpi(2000)\"]
      restartPolicy: Never # Pod와 달리 Job에서는 필수값이며 Never, OnFailure 만 허용된다.
  backoffLimit: 4
";
    check(
        text,
        r#"
error: unknown field "spec.template.spec.parallelism"
 --> job.yaml:8:7
  |
8 |       parallelism: 2 # 병럴 처리 Pod 개수
  |       ^^^^^^^^^^^
  |
  = help: `parallelism` belongs to spec of the Job: move it up from spec.template.spec

error: unknown field "spec.template.spec.completions"
 --> job.yaml:9:7
  |
9 |       completions: 5 # 총 수행되어야 하는 Pod 개수
  |       ^^^^^^^^^^^
  |
  = help: `completions` belongs to spec of the Job: move it up from spec.template.spec

kubectl would say:
Error from server (BadRequest): error when creating "job.yaml": Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field "spec.template.spec.completions", unknown field "spec.template.spec.parallelism"
"#,
    );
    let options = ReadOptions { validate: Validate::Warn, ..ReadOptions::default() };
    let (scenario, warnings) = read(vec![source("job.yaml", text)], &options).unwrap();
    assert_eq!(warnings.len(), 2);
    assert!(matches!(&scenario.objects[..], [Object::Job(job)] if job.spec.completions == Some(1)));
    let options = ReadOptions { validate: Validate::Ignore, ..ReadOptions::default() };
    assert!(read(vec![source("job.yaml", text)], &options).unwrap().1.is_empty());
}

#[test]
fn what_the_api_server_refuses_is_shown_where_it_stands() {
    check(
        &JOB.replace("Never", "Always").replace("  name: pi", "  name: Pi"),
        r#"
error: metadata.name: Invalid value: "Pi": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
 --> job.yaml:4:9
  |
4 |   name: Pi
  |         ^^

error: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
  --> job.yaml:10:22
   |
10 |       restartPolicy: Always
   |                      ^^^^^^

kubectl would say:
The Job "Pi" is invalid: 
* metadata.name: Invalid value: "Pi": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
* spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
"#,
    );
}

#[test]
fn a_missing_field_is_shown_where_it_is_to_stand() {
    check(
        &JOB.replace("      restartPolicy: Never\n", ""),
        r#"
error: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
 --> job.yaml:7:5
  |
7 |     spec:
  |     ^^^^ `spec.template.spec.restartPolicy` is to stand in here

kubectl would say:
The Job "pi" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
"#,
    );
}

#[test]
fn schedules_without_quotes_are_told_the_way_out() {
    check(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  schedule: */5 * * * *\n",
        r#"
error: yaml: line 5: did not find expected alphabetic or numeric character
 --> job.yaml:5:13
  |
5 |   schedule: */5 * * * *
  |             ^
  |
  = help: quote what begins with a star: schedule: "*/5 * * * *"

kubectl would say:
error: error parsing job.yaml: error converting YAML to JSON: yaml: line 5: did not find expected alphabetic or numeric character
"#,
    );
}

#[test]
fn keys_that_a_merge_sets_again_are_duplicates() {
    let text = JOB.replace("spec:\n  template", "spec:\n  backoffLimit: 3\n  <<: {backoffLimit: 5}\n  template");
    let said = read_text(&text).unwrap_err().to_string();
    assert!(said.starts_with("error: duplicate field \"spec.backoffLimit\"\n --> job.yaml:7:8"), "{said}");
}

#[test]
fn wrong_types_and_duplicates_are_shown_at_once() {
    check(
        &JOB.replace("spec:\n  template", "spec:\n  completions: '5'\n  suspend: 1\n  suspend: yes\n  template"),
        r#"
error: json: cannot unmarshal string into Go struct field JobSpec.spec.completions of type int32
 --> job.yaml:6:16
  |
6 |   completions: '5'
  |                ^^^
  |
  = help: a number is written without quotes: 5

error: duplicate field "spec.suspend"
 --> job.yaml:8:3
  |
8 |   suspend: yes
  |   ^^^^^^^
  |
  = help: remove one of the two; the API server would take the last

kubectl would say:
Error from server (BadRequest): error when creating "job.yaml": Job in version "v1" cannot be handled as a Job: json: cannot unmarshal string into Go struct field JobSpec.spec.completions of type int32
"#,
    );
}

#[test]
fn old_and_misspelt_kinds_are_refused() {
    let first = |version: &str, kind: &str| {
        let text = JOB.replace("batch/v1", version).replace("kind: Job", &format!("kind: {kind}"));
        let problems = crate::scenario::read_str(&text).map(|_| ()).err().unwrap_or_default();
        problems.list.first().map(|problem| format!("{} ({})", problem.title, problem.help.join("; ")))
    };
    for (version, kind, meant) in [
        ("batch/v1", "Jobb", "Job"),
        ("apps/v1", "Deploymnet", "Deployment"),
        ("networking.k8s.io/v1", "Ingres", "Ingress"),
    ] {
        let said = format!("no matches for kind \"{kind}\" in version \"{version}\" (did you mean `{meant}`?)");
        assert_eq!(first(version, kind), Some(said));
    }
    // There may be such kinds: nothing is said of them but that nothing is left to run.
    for (version, kind) in
        [("example.com/v1", "Jobb"), ("networking.k8s.io/v1beta1", "Ingres"), ("apps/v1", "Deployment")]
    {
        assert!(first(version, kind).is_some_and(|said| said.starts_with("nothing to run")), "{version} {kind}");
    }
    check(
        &JOB.replace("batch/v1", "batch/v1beta1"),
        r#"
error: no matches for kind "Job" in version "batch/v1beta1"
 --> job.yaml:1:13
  |
1 | apiVersion: batch/v1beta1
  |             ^^^^^^^^^^^^^
  |
  = help: batch/v1beta1 was removed from Kubernetes: write `apiVersion: batch/v1`

kubectl would say:
error: resource mapping not found for name: "pi" namespace: "" from "job.yaml": no matches for kind "Job" in version "batch/v1beta1"
ensure CRDs are installed first
"#,
    );
    check(
        &JOB.replace("kind: Job", "kind: jobs"),
        r#"
error: no matches for kind "jobs" in version "batch/v1"
 --> job.yaml:2:7
  |
2 | kind: jobs
  |       ^^^^
  |
  = help: write `apiVersion: batch/v1` and `kind: Job`

kubectl would say:
error: resource mapping not found for name: "pi" namespace: "" from "job.yaml": no matches for kind "jobs" in version "batch/v1"
ensure CRDs are installed first
"#,
    );
}

#[test]
fn a_syntax_error_does_not_hide_other_documents() {
    check(
        &format!("a: [1\n---\nb: {{\n---\n{}", JOB.replace("kind: Job\n", "")),
        r#"
error: yaml: line 1: did not find expected ',' or ']'
 --> job.yaml:1:4
  |
1 | a: [1
  |    ^

error: yaml: line 3: did not find expected node content
 --> job.yaml:3:4
  |
3 | b: {
  |    ^

error: kind not set
 --> job.yaml:5:1
  |
5 | apiVersion: batch/v1
  | ^^^^^^^^^^
  |
  = help: a Job has `kind: Job`

kubectl would say:
error: error parsing job.yaml: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'
"#,
    );
}

/// The titles of the problems, each with line and column.
fn titles(bytes: &[u8]) -> Vec<String> {
    let source = Source { name: "x".into(), bytes: bytes.into() };
    let problems = read(vec![source], &ReadOptions::default()).expect_err("bad input").list;
    let title = |p: &Problem| p.location.as_ref().map(|at| format!("{at}: {}", p.title)).unwrap_or(p.title.clone());
    problems.iter().map(title).collect()
}

#[test]
fn objects_are_created_once() {
    check(
        &format!("{JOB}---\n{JOB}"),
        r#"
error: jobs.batch "pi" already exists
  --> job.yaml:15:9
   |
15 |   name: pi
   |         ^^

kubectl would say:
Error from server (AlreadyExists): error when creating "job.yaml": jobs.batch "pi" already exists
"#,
    );
}

#[test]
fn what_is_not_modelled_is_noted_or_refused() {
    let text = JOB.replace("main, image: perl}", "main, image: perl, stdin: true}\n      dnsPolicy: Default");
    let (scenario, _) = read_text(&text).unwrap();
    let fields = "spec.template.spec.containers.stdin, spec.template.spec.dnsPolicy";
    let see = "(see `jobsim explain job.spec.template.spec.containers.stdin`)";
    assert_eq!(scenario.notes, [format!("not modelled, of Job: {fields} {see}")]);
    let options = ReadOptions { strict_model: true, ..ReadOptions::default() };
    let refused = read(vec![source("job.yaml", &text)], &options).unwrap_err().to_string();
    let expected = r#"
error: not modelled: spec.template.spec.containers.stdin
 --> job.yaml:9:35
  |
9 |       - {name: main, image: perl, stdin: true}
  |                                   ^^^^^
  |
  = help: take the field out, or leave --strict-model out to run as if it were not there

error: not modelled: spec.template.spec.dnsPolicy
  --> job.yaml:10:7
   |
10 |       dnsPolicy: Default
   |       ^^^^^^^^^
   |
   = help: take the field out, or leave --strict-model out to run as if it were not there"#;
    assert_eq!(refused, expected.trim_start());
    let seconds = "tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: 5}]";
    let text = JOB.replace("main, image: perl}", &format!("main, image: perl}}\n      {seconds}"));
    let quota =
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {pods: 1}, scopes: [BestEffort]}\n";
    let (scenario, _) = read_text(&format!("{text}---\n{quota}")).unwrap();
    assert_eq!(scenario.notes, [""; 0]);
    let node = format!("{JOB}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n");
    assert_eq!(read_text(&node).unwrap().0.notes, ["Secret (v1) is passed over: it plays no part here"]);
    let refused = read(vec![source("job.yaml", &node)], &options).unwrap_err();
    assert_eq!(refused.list[0].title, "not modelled: Secret (v1)");
}

#[test]
fn duplicates_within_a_list_are_found() {
    let job = "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {suspend: yes, suspend: no, template: {spec: \
               {restartPolicy: Never, containers: [{name: a, image: b}]}}}}";
    let refused = titles(format!("apiVersion: v1\nkind: List\nitems:\n- {job}\n").as_bytes());
    assert_eq!(refused, ["x:4:79: duplicate field \"spec.suspend\""]);
    let refused = titles(b"apiVersion: v1\nkind: List\nitems: 5\n");
    assert_eq!(refused, ["x:3:8: items: expected a list, found number"]);
}

#[test]
fn files_are_applied_from_the_scenarios_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join("in").join(name);
    std::fs::create_dir_all(path("sub")).unwrap();
    std::fs::write(path("sub/more.yaml"), JOB.replace("name: pi", "name: more")).unwrap();
    std::fs::write(path("bad.yaml"), "kind: Job").unwrap();
    std::fs::write(folder.path().join("out.yaml"), JOB).unwrap();
    let apply = |file: &str| {
        let text = with_simulation(&format!(
            "  actions:\n  - {{at: 1s, evict: {{job: pi}}}}\n  - {{at: 2s, apply: {{file: {file}}}}}\n  - {{at: 3s, evict: {{job: pi}}}}\n"
        ));
        let source = source(&path("main.yaml").display().to_string(), &text);
        read(vec![source], &ReadOptions::default())
    };
    let (scenario, _) = apply("sub/more.yaml").unwrap();
    let [_, applied, _] = scenario.actions.as_slice() else { panic!("{:?}", scenario.actions) };
    let Action::Apply { objects, .. } = &applied.action else { panic!("{applied:?}") };
    assert!(matches!(&objects[..], [Object::Job(job)] if &*job.name.name == "more"));
    let check = |file: &str, words: &str| {
        let problems = apply(file).unwrap_err().to_string();
        assert!(problems.contains(words), "{problems}");
    };
    check("bad.yaml", "apiVersion not set");
    check("none.yaml", "cannot read ");
    check("../out.yaml", "leaves the scenario's folder");
    check("/etc/hostname", "leaves the scenario's folder");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("out.yaml"), path("link.yaml")).unwrap();
        check("link.yaml", "leaves the scenario's folder");
    }
}

#[test]
fn folders_and_standard_input_are_sources() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.yaml", "a.yml", "c.json", "d.txt"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let names = [folder.path().to_path_buf(), "-".into()];
    let sources = source::load(&names, Below::Left, &mut "input".as_bytes()).unwrap();
    let texts: Vec<_> = sources.iter().map(|source| String::from_utf8_lossy(&source.bytes)).collect();
    assert_eq!(texts, ["a.yml", "b.yaml", "c.json", "input"]);
    let missing = source::load(&[folder.path().join("x")], Below::Left, &mut "".as_bytes()).unwrap_err();
    assert!(missing[0].starts_with("cannot read "), "{missing:?}");
}

#[test]
fn arrivals_take_their_template_out_of_the_objects() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("times.csv"), "who, time_s\nb, 90.5\na, 1h\n").unwrap();
    let name = folder.path().join("ci.yaml").display().to_string();
    let text = with_simulation("  arrivals:\n  - {template: pi, times: {file: times.csv}}\n");
    let (scenario, _) = read(vec![source(&name, &text)], &ReadOptions::default()).unwrap();
    assert!(scenario.objects.is_empty());
    let [arrivals] = &scenario.arrivals[..] else { panic!("{:?}", scenario.arrivals) };
    let Gaps::Times(times) = &arrivals.process.gaps else { panic!("{:?}", arrivals.process) };
    assert_eq!(**times, [SimTime(90_500_000_000), SimTime::from_secs(3600)]);
    assert_eq!((&*arrivals.template.name.name, scenario.name.as_str(), scenario.horizon), ("pi", "s", None));
    let text = with_simulation("  arrivals:\n  - {template: pi, times: [1s, 1s, 3s], from: 2s}\n");
    let (scenario, _) = read_text(&text).unwrap();
    let Gaps::Times(times) = &scenario.arrivals[0].process.gaps else { panic!("{:?}", scenario.arrivals) };
    assert_eq!(**times, [SimTime::from_secs(3)]);
    let endless = with_simulation("  arrivals:\n  - {template: pi, interarrival: 1m}\n");
    assert_eq!(read_text(&endless).unwrap().0.horizon, Some(SimDuration::from_secs(24 * 3600)));
}

#[test]
fn scenarios_of_a_folder_are_looked_at_one_by_one() {
    let text = with_simulation("");
    let both = ["a.yaml", "b.yaml"].map(|name| source(name, &text));
    assert!(super::check(both.to_vec(), &ReadOptions::default()).problems.count(Severity::Error) > 0);
    let checked = check_each(both.to_vec(), &ReadOptions::default());
    assert_eq!(checked.problems.count(Severity::Error), 0, "{:?}", checked.problems.list);
    assert_eq!(checked.kinds, [("Job".to_owned(), 2), ("Simulation".to_owned(), 2)]);
    // Documents of one scenario may lie in several files.
    let (job, simulation) = text.split_once("---\n").unwrap();
    let parts = vec![source("job.yaml", job), source("simulation.yaml", simulation)];
    assert_eq!(check_each(parts, &ReadOptions::default()).kinds, [("Job".to_owned(), 1), ("Simulation".to_owned(), 1)]);
}

#[test]
fn json_values_follow_each_other_as_they_like() {
    let job = |name: &str, completions: i32| {
        format!(
            "{{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{{\"name\":\"{name}\"}},\"spec\":{{\t\"completions\":\
             {completions},\"template\":{{\"spec\":{{\"restartPolicy\":\"Never\",\"containers\":[{{\"name\":\"c\",\"image\":\"i\"\
             }}]}}}}}}}}"
        )
    };
    for between in ["", "\n", "\n\n \t"] {
        let text = format!("{}{between}{}", job("a", 1), job("b", 2));
        let (scenario, _) = read_text(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert_eq!(scenario.objects.len(), 2, "{between:?}");
    }
    let text = format!("{}\n{}\n", job("a", 1), job("b", -2));
    let problems = read_text(&text).expect_err("refused").render(false);
    assert!(problems.contains("job.yaml:2:") && problems.contains("must be greater than or equal to 0"), "{problems}");
}

#[test]
fn bad_input_is_refused_in_a_sentence() {
    let check = |bytes: &[u8], expected: &[&str]| assert_eq!(titles(bytes), expected);
    check(b"", &["x: no document in it"]);
    check(b"\xff\xfe\x00", &["x: no document in it"]);
    check(b"\x7fELF\x02\x01", &["x:1:1: yaml: control characters are not allowed"]);
    check(b"\x89PNG", &["x: not a text file: 1:1 is not UTF-8 (is it binary?)"]);
    check(b"just text", &["x:1:1: this is no Kubernetes object: expected a mapping with apiVersion and kind"]);
    check(b"kind: Job", &["x:1:1: apiVersion not set"]);
    check(b"{apiVersion: v1, kind: Service}", &["nothing to run: no Job and no CronJob was found"]);
    check(&[b' '; 65 << 20], &["x: too large: more than 64 MiB"]);
    check(&[b'['; 1000], &["x:1:201: yaml: nested too deeply: more than 200 levels"]);
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for i in 1..40 {
        bomb += &format!("a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1);
    }
    let refused = titles(bomb.as_bytes());
    assert!(refused.len() == 1 && refused[0].ends_with("yaml: document contains excessive aliasing"), "{refused:?}");
    let negative = JOB.replace("spec:\n  template", "spec:\n  parallelism: -1\n  template");
    check(negative.as_bytes(), &["x:6:16: spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]);
}

#[test]
fn faults_of_a_simulation_are_found_all_at_once() {
    let check = |spec: &str, expected: &[&str]| {
        assert_eq!(titles(with_simulation(spec).as_bytes()), expected, "{spec}");
    };
    check(
        "  hoirzon: 5s\n  seed: -1\n  startTime: yesterday\n  kubernetes: '1.28'\n  profile: fast\n",
        &[
            "x:18:14: spec.startTime: \"yesterday\" is not a time like 2026-01-05T00:00:00Z",
            "x:17:9: spec.seed: -1 is not from 0 to 18446744073709551615",
            "x:19:15: spec.kubernetes: no rules of Kubernetes 1.28: releases from 1.29 to 1.37 are known",
            "x:20:12: spec.profile: unknown profile \"fast\"",
            "x:16:3: unknown field \"spec.hoirzon\"",
        ],
    );
    check(
        "  arrivals: [{template: bad, interarrival: 1s}]\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: bad}\nspec: {parallelism: x, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n",
        &["x:21:21: json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32"],
    );
    check(
        "  pods: [{memory: 2e30, cpu: {uniform: {min: 1, max: 1e20}}}]\n",
        &[
            "x:16:19: spec.pods[0].memory: 2e+30 is too large: at most 9P",
            "x:16:54: spec.pods[0].cpu.uniform.max: 100000000000000000000 is too large: at most 9P",
        ],
    );
    check("  study: {design: round}\n", &["x:16:19: spec.study.design: unknown design \"round\""]);
    check("  study: {until: 3}\n", &["x:16:18: spec.study.until: not above 0 and below 1"]);
    check(
        "  study: {set: {parallelism: 9..1}}\n",
        &["x:16:30: spec.study.set.parallelism: \"9..1\": a range goes up, by steps above 0"],
    );
    check(
        "  arrivals:\n  - template: x\n    interarrival: 3s\n    set: {a..b: 1, c: {uniform: {min: 1s, max: 2}}}\n  - {template: pi, times: {file: ../x}}\n  - template: pi\n    rate: [{at: 1h, factor: -1}]\n",
        &[
            "x:19:11: spec.arrivals[0].set.a..b: \"a..b\" has an empty name in it",
            "x:19:20: spec.arrivals[0].set.c: a Job has no field \"c\"",
            "x:19:39: spec.arrivals[0].set.c.uniform.min: expected a whole number, found string",
            "x:20:34: spec.arrivals[1].times.file: \"../x\" leaves the scenario's folder",
            "x:22:29: spec.arrivals[2].rate[0].factor: a rate is not below 0",
            "x:21:5: spec.arrivals[2]: arrivals have either an interarrival or times",
            "x:17:15: there is no Job x left to copy",
        ],
    );
    check(
        "  arrivals:\n  - template: pi\n    interarrival: 3s\n    set:\n      spec.completions: \"5\"\n      spec.parallelism: {weighted: {2: 1, two: 1}}\n      spec.suspend: {weighted: {true: 1, false: 1}}\n      metadata.labels.a: {uniform: {min: 1, max: 4}}\n      spec.template.spec.containers[0].resources.requests.cpu: lots\n      spec.template.spec.containers[3].image: x\n      metadata.name: z\n",
        &[
            "x:26:7: spec.arrivals[0].set.metadata.name: a copy has that of its own",
            "x:20:25: spec.arrivals[0].set.spec.completions: \"5\" does not fit: unrecognized type: int32",
            "x:21:25: spec.arrivals[0].set.spec.parallelism: \"two\" does not fit: unrecognized type: int32",
            "x:24:64: spec.arrivals[0].set.spec.template.spec.containers[0].resources.requests.cpu: \"lots\" does not fit: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            "x:25:47: spec.arrivals[0].set.spec.template.spec.containers[3].image: there is no item 3 in the list",
        ],
    );
    check(
        "  arrivals:\n  - {template: pi, interarrival: 0s}\n",
        &["x:17:5: spec.arrivals[0]: arrivals without a gap between them never end"],
    );
    check(
        "  horizon: 5\n",
        &[
            "x:16:12: spec.horizon: \"5\": a number without a unit; write it like 250ms, 90s, 1h30m or 2d (units: ns, us, ms, s, m, h, d)",
        ],
    );
    check("  pods: {}\n", &["x:16:9: spec.pods: expected a list, found object"]);
    check(
        "  pods:\n  - match: {attempts: 1}\n    exitCode: 256\n    duration: {normal: {mean: 1s}}\n",
        &[
            "x:17:13: unknown field \"spec.pods[0].match.attempts\"",
            "x:19:24: missing field \"spec.pods[0].duration.normal.stddev\"",
            "x:18:15: spec.pods[0].exitCode: 256 is no exit code from 0 to 255",
        ],
    );
    check(
        "  pods:\n  - duration: {lognormal: {median: 4m, p99: 1m}}\n  - duration: {lognrmal: {}}\n  - startup: {uniform: {min: 1s, max: 2s}, constant: 1s}\n",
        &[
            "x:17:27: spec.pods[0].duration.lognormal: p99 must be greater than median",
            "x:18:16: spec.pods[1].duration: unknown distribution \"lognrmal\"",
            "x:19:14: spec.pods[2].startup: a distribution has one key, this one 2",
        ],
    );
    check(
        "  actions:\n  - {at: 1s}\n  - {evict: {job: pi}}\n  - {at: 1s, outage: {}}\n  - {at: 1s, apply: {file: ../x.yaml}}\n  - {at: 1s, delete: {kind: Pod, name: x}}\n",
        &[
            "x:17:5: spec.actions[0]: an action does one thing, this one 0",
            "x:18:5: missing field \"spec.actions[1].at\"",
            "x:19:22: missing field \"spec.actions[2].outage.component\"",
            "x:19:22: missing field \"spec.actions[2].outage.for\"",
            "x:21:29: spec.actions[4].delete.kind: \"Pod\" cannot be changed by an action",
            "x:20:28: \"../x.yaml\" leaves the scenario's folder",
        ],
    );
    check(
        "---\napiVersion: jobsim/v1alpha1\nkind: Simulation\n",
        &["x:18:7: a second Simulation: a scenario has at most one"],
    );
    check(
        "---\napiVersion: jobsim/v1beta1\nkind: Simulation\n",
        &["x:17:13: the apiVersion of a Simulation is jobsim/v1alpha1"],
    );
}

#[test]
fn objects_that_bear_on_pods_have_rules() {
    let refused = |text: &str, wanted: &str| {
        let said = read_text(&format!("{JOB}---\n{text}")).map(|_| ()).unwrap_err().to_string();
        assert!(said.starts_with(&format!("error: {wanted}\n")), "{said}");
    };
    refused(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {minAvailable: 101%}\n",
        "spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%",
    );
    refused(
        "apiVersion: v1\nkind: LimitRange\nmetadata: {name: r}\nspec: {limits: [{type: Pod, min: {cpu: 2}, max: {cpu: 1}}]}\n",
        "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1",
    );
    refused(
        "apiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {name: s}\nspec:\n  cluster: {nodePools: [{name: Big_One, count: 1, allocatable: {cpu: 1}}]}\n",
        "spec.cluster.nodePools[0].name: \"Big_One\" is no name of a node",
    );
}

#[test]
fn one_class_is_the_default() {
    let class = |name: &str, default: bool| {
        format!(
            "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: 1\n\
             globalDefault: {default}\n"
        )
    };
    let text = [JOB.to_owned(), class("a", true), class("b", false), class("c", true)].concat();
    let problems = read_text(&text).unwrap_err();
    let [problem] = problems.list.as_slice() else { panic!("{problems}") };
    assert_eq!(
        problem.title,
        "priorityclasses.scheduling.k8s.io \"c\" is forbidden: PriorityClass a is already marked as default. Only one \
         default can exist"
    );
    assert!(problem.to_string().contains("--> job.yaml:28:16"), "{problem}");
}

#[test]
fn errors_of_nodes_and_quotas_stand_where_they_are_written() {
    let check = |kind: &str, rest: &str, place: &str| {
        let problems = read_text(&format!("{JOB}---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n{rest}\n"));
        let problems = problems.unwrap_err();
        let [problem] = problems.list.as_slice() else { panic!("{problems}") };
        assert!(problem.to_string().contains(&format!("--> job.yaml:{place}\n")), "{problem}");
    };
    check("Node", "spec: {taints: [{key: a, effect: Noschedule}]}", "15:34");
    check("Node", "spec: {podCIDR: 10.0.0.1/8}", "15:17");
    check("Node", "status: {allocatable: {nvidia.com/gpu: 0.5}}", "15:40");
    check("ResourceQuota", "spec: {hard: {pods: 0}, scopes: [bestEffort]}", "15:25");
    check("LimitRange", "spec: {limits: [{type: container}]}", "15:24");
}
