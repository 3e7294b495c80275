//! The commands around a run: what they print, where, and how they end.

use crate::program::{run, stderr, stdout, workplace};

/// The lines of a command's standard output.
fn lines(folder: &std::path::Path, arguments: &[&str]) -> Vec<String> {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn validate_says_what_is_wrong_in_three_ways() {
    let folder = workplace();
    let bad = "scenarios/pi-misplaced.yaml";
    let output = run(folder.path(), &["validate", bad]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("--> scenarios/pi-misplaced.yaml:13:7") && said.contains("kubectl would say:"), "{said}");
    assert_eq!(stdout(&output), "1 Job: 2 errors, no warnings\n");
    let output = run(folder.path(), &["validate", "-o", "github", bad]);
    assert_eq!(output.status.code(), Some(2));
    let first = "::error file=scenarios/pi-misplaced.yaml,line=13,col=7,endLine=13,endColumn=18::unknown field";
    assert!(stdout(&output).starts_with(first), "{}", stdout(&output));
    let output = run(folder.path(), &["validate", "-o", "json", bad, "scenarios/pi.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let verdicts: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect();
    assert_eq!(verdicts.len(), 3);
    assert_eq!(verdicts[0]["strict_errors"].as_array().map(Vec::len), Some(2));
    assert_eq!((&verdicts[2]["kind"], &verdicts[2]["decode_error"]), (&"Simulation".into(), &serde_json::Value::Null));
    let output = run(folder.path(), &["validate", "--validate=warn", bad]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "1 Job: no errors, 2 warnings\n"));
    let output = run(folder.path(), &["validate", "--validate=ignore", bad]);
    assert_eq!((stderr(&output).as_str(), stdout(&output).as_str()), ("", "1 Job: no errors, no warnings\n"));
}

#[test]
fn every_file_that_cannot_be_read_is_named() {
    let folder = workplace();
    let output = run(folder.path(), &["validate", "a.yaml", "b.yaml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("a.yaml") && stderr(&output).contains("b.yaml"), "{}", stderr(&output));
}

#[test]
fn defaults_can_be_read_again_and_change_no_more() {
    let folder = workplace();
    let once = lines(folder.path(), &["defaults", "scenarios/indexed-job.yaml"]).join("\n");
    std::fs::write(folder.path().join("once.yaml"), &once).expect("a file");
    let object = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&lines(folder.path(), arguments).join("\n")).expect("JSON")
    };
    let json = object(&["defaults", "scenarios/indexed-job.yaml", "-o", "json"]);
    assert_eq!(json["spec"]["podReplacementPolicy"], "TerminatingOrFailed");
    // A Job without labels takes those of its template, which the server has set by now.
    let twice = lines(folder.path(), &["defaults", "once.yaml"]).join("\n");
    assert_eq!(twice.lines().count(), once.lines().count() + 5);
    std::fs::write(folder.path().join("twice.yaml"), &twice).expect("a file");
    assert_eq!(lines(folder.path(), &["defaults", "twice.yaml"]).join("\n"), twice);
}

/// A command's standard output.
fn printed(folder: &std::path::Path, command: &str) -> String {
    let output = run(folder, &command.split(' ').collect::<Vec<_>>());
    assert!(output.status.success(), "{command}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn get_shows_objects_in_every_form() {
    let folder = workplace();
    let check = |command: &str, wanted: &str| assert_eq!(printed(folder.path(), command), wanted, "{command}");
    let pi = "scenarios/pi.yaml";
    check(
        &format!("get jobs {pi}"),
        "NAME   STATUS     COMPLETIONS   DURATION   AGE\npi     Complete   5/5           25s        25s\n",
    );
    check(&format!("get jobs {pi} --at 12s --no-headers"), "pi    Running   2/5   12s   12s\n");
    check(&format!("get jobs,pods {pi} --at 1s -o name"), "job.batch/pi\npod/pi-f769t\npod/pi-z4f4l\n");
    check(
        &format!("get pods {pi} --at 4s -A --show-labels -L job-name -l job-name=pi,!x"),
        "NAMESPACE   NAME       READY   STATUS    RESTARTS   AGE   JOB-NAME   LABELS\n\
         default     pi-f769t   1/1     Running   0          4s    pi         batch.kubernetes.io/controller-uid=00000001-0000-4000-8000-000000000000,batch.kubernetes.io/job-name=pi,controller-uid=00000001-0000-4000-8000-000000000000,job-name=pi\n\
         default     pi-z4f4l   1/1     Running   0          4s    pi         batch.kubernetes.io/controller-uid=00000001-0000-4000-8000-000000000000,batch.kubernetes.io/job-name=pi,controller-uid=00000001-0000-4000-8000-000000000000,job-name=pi\n",
    );
    check(
        &format!(
            "get pods -f {pi} -o custom-columns=POD:.metadata.name,END:.status.containerStatuses[*].state.terminated.exitCode --sort-by .metadata.name --at 8s"
        ),
        "POD        END\npi-f769t   0\npi-lzntc   <none>\npi-z4f4l   <none>\n",
    );
    check(&format!("get job/pi {pi} -o jsonpath={{.status.succeeded}}/{{.spec.completions}}"), "5/5");
    check(
        &format!("get pods {pi} -o jsonpath={{range.items[*]}}{{.status.phase}},{{end}}"),
        "Succeeded,Succeeded,Succeeded,Succeeded,Succeeded,",
    );
    let json: serde_json::Value =
        serde_json::from_str(&printed(folder.path(), &format!("get pods {pi} -o json"))).expect("JSON");
    assert_eq!((&json["kind"], json["items"].as_array().map(Vec::len)), (&"List".into(), Some(5)));
    let yaml = printed(folder.path(), &format!("get job pi {pi} -o yaml"));
    assert!(yaml.starts_with("apiVersion: batch/v1\nkind: Job\n") && yaml.contains("\n    type: Complete\n"), "{yaml}");
}

#[test]
fn cron_jobs_are_shown_as_jobs_are() {
    let folder = workplace();
    let night = "scenarios/lessons/berlin-night-twice.yaml";
    let output = run(folder.path(), &["get", "cronjobs", night, "--at", "13h"]);
    assert_eq!(stderr(&output), "", "a CronJob is part of the model");
    let row = "backup   30 2 * * *   Europe/Berlin   False     1        15m             37h";
    let watched = lines(folder.path(), &["get", "cronjobs", night, "-w"]);
    assert!(watched.iter().any(|line| line == row), "{watched:?}");
    let text = printed(folder.path(), &format!("describe cronjob backup {night} --at 37h"));
    let has = |words: &str| assert!(text.contains(words), "{words}: {text}");
    has("Time Zone:                     Europe/Berlin\n");
    has("Last Schedule Time:  Sun, 25 Oct 2026 00:30:00 +0000\n");
    has("cronjob-controller  Created job backup-");
    assert!(printed(folder.path(), &format!("get cronjob/backup {night} -o yaml")).contains("\n  lastScheduleTime: "));
}

#[test]
fn get_follows_changes() {
    let folder = workplace();
    let watched = printed(folder.path(), "get pods scenarios/pi.yaml -w");
    let ours = printed(folder.path(), "run scenarios/pi.yaml --out none");
    let timeline: Vec<&str> = ours.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(watched.lines().collect::<Vec<_>>(), timeline, "the watch of `run` is that of `get`");
    let events = printed(folder.path(), "get pods,jobs scenarios/pi.yaml -w -o json --output-watch-events --at 3s");
    let stream = serde_json::Deserializer::from_str(&events).into_iter::<serde_json::Value>();
    let words: Vec<String> = stream
        .map(|event| {
            let event = event.expect("an event");
            format!("{} {}", event["type"].as_str().expect("a type"), event["object"]["kind"].as_str().expect("a kind"))
        })
        .collect();
    assert_eq!(words[0], "ADDED Job");
    assert_eq!(words.iter().filter(|word| *word == "ADDED Pod").count(), 2);
    assert!(events.starts_with("{\n    \"type\": \"ADDED\",\n    \"object\": {"), "{events}");
}

#[test]
fn what_is_not_there_is_said_as_by_kubectl() {
    let folder = workplace();
    let check = |command: &str, code: i32, words: &str| {
        let output = run(folder.path(), &command.split(' ').collect::<Vec<_>>());
        assert_eq!((output.status.code(), stderr(&output).trim_end()), (Some(code), words), "{command}");
    };
    check("get job x scenarios/pi.yaml", 1, "Error from server (NotFound): jobs.batch \"x\" not found");
    check("get nodes scenarios/pi.yaml", 0, "No resources found");
    check("get cronjobs scenarios/pi.yaml", 0, "No resources found in default namespace.");
    check(
        "get jobs scenarios/pi.yaml -n other",
        0,
        "No resources found in other namespace.\nnote: other namespaces have 1: give -n NAMESPACE or -A, or another selector",
    );
    check("get jobs scenarios/pi.yaml -o jsonpath={.items[0].spec.nothing}", 0, "");
    check("get sandwiches scenarios/pi.yaml", 2, "error: the server doesn't have a resource type \"sandwiches\"");
    check(
        "get pods scenarios/pi.yaml -o pdf",
        2,
        "error: unable to match a printer suitable for the output format \"pdf\", allowed formats are: custom-columns,custom-columns-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,wide,yaml",
    );
    check("get pods scenarios/pi.yaml -o jsonpath={.x", 2, "error: error parsing jsonpath {.x, unclosed action");
    let frame =
        "error: error executing jsonpath \"{.items[9]}\": Error executing template: array index out of bounds: ";
    check("get jobs scenarios/pi.yaml -o jsonpath={.items[9]}", 2, &format!("{frame}index 9, length 1"));
    let nowhere = "error: couldn't find any field with path \"{.x}\" in the list of objects";
    check("get pods scenarios/pi.yaml --sort-by .x -o name", 2, nowhere);
    check("get pods scenarios/pi.yaml --sort-by .x", 0, "No resources found in default namespace.");
    check("get pods,jobs scenarios/pi.yaml --sort-by .x", 2, nowhere);
    check("get nodes scenarios/pi.yaml -o name", 0, "");
    check("get job/pi scenarios/pi.yaml -A", 2, "error: a resource cannot be retrieved by name across all namespaces");
    let named = "error: name cannot be provided when a selector is specified";
    check("get job pi scenarios/pi.yaml -l x", 2, named);
    check("describe job pi scenarios/pi.yaml -l x", 2, named);
    check("get job pi scenarios/pi.yaml --field-selector metadata.name=pi", 2, named);
    check(
        "get job/pi scenarios/pi.yaml -l x",
        2,
        "error: selectors and the all flag cannot be used when passing resource/name arguments",
    );
    check(
        "get pods scenarios/pi.yaml --show-labels -o json",
        2,
        "error: --show-labels option cannot be used with json printer",
    );
    check(
        "get pods scenarios/pi.yaml -L x -o custom-columns=A:a",
        2,
        "error: --label-columns option cannot be used with custom-columns=A:a printer",
    );
    check("get job x scenarios/pi.yaml --ignore-not-found", 0, "");
    check("describe jobs,cronjobs pi scenarios/pi.yaml", 1, "error: you may only specify a single resource type");
    check("describe nodes scenarios/pi.yaml -A", 0, "No resources found");
    check("describe job x scenarios/pi.yaml", 1, "Error from server (NotFound): jobs.batch \"x\" not found");
}

#[test]
fn describe_tells_of_a_job_and_its_events() {
    let folder = workplace();
    let text = printed(folder.path(), "describe job/pi scenarios/pi.yaml --at 8s");
    let has = |words: &str| assert!(text.contains(words), "{words}: {text}");
    has("Pods Statuses:    2 Active (1 Ready) / 1 Succeeded / 0 Failed\n");
    has("  Normal  SuccessfulCreate  8s    job-controller  Created pod: pi-f769t\n");
    assert!(!printed(folder.path(), "describe job/pi scenarios/pi.yaml --show-events=false").contains("Events:"));
}

/// Of several objects kubectl shows events only if it is told to, and sets those that it found by the beginning of
/// their name apart in another way.
#[test]
fn describe_of_several_objects_shows_no_events() {
    let folder = workplace();
    let check = |command: &str, objects: usize, events: usize| {
        let output = run(folder.path(), &format!("describe {command} --at 8s").split(' ').collect::<Vec<_>>());
        let text = stdout(&output);
        let found = (text.matches("\nNamespace:").count(), text.matches("\nEvents:").count());
        assert_eq!(found, (objects, events), "{command}: {text}");
        text
    };
    let all = check("pods scenarios/pi.yaml", 3, 0);
    assert_eq!(all.matches("\n\n\nName:").count(), 2, "{all}");
    let by_prefix = check("pod pi- scenarios/pi.yaml", 3, 0);
    assert!(by_prefix.ends_with("\n\n") && !by_prefix.contains("\n\n\n"), "{by_prefix}");
    check("pod pi- scenarios/pi.yaml --show-events", 3, 3);
    check("pods scenarios/pi.yaml --show-events=true", 3, 3);
    check("job pi x scenarios/pi.yaml", 1, 0);
    check("job/pi job/x scenarios/pi.yaml", 0, 0);
    check("job/p scenarios/pi.yaml", 0, 0);
    let event = check("event pi. scenarios/pi.yaml", 3, 0);
    assert!(event.contains("Involved Object:\n  API Version:       batch/v1\n"), "{event}");
}

/// Which columns and names a table has depends on what is in it.
#[test]
fn tables_of_several_kinds_have_kubectls_columns() {
    let folder = workplace();
    std::fs::write(folder.path().join("m.yaml"), NODE).expect("a file");
    let check = |command: &str, wanted: &str| {
        let arguments = format!("get {command} scenarios/pi.yaml m.yaml");
        let output = run(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(stdout(&output), wanted, "{command}");
    };
    let job = "NAMESPACE   NAME           STATUS     COMPLETIONS   DURATION   AGE\n\
               default     job.batch/pi   Complete   5/5           25s        25s\n";
    let node = "NAMESPACE   NAME     STATUS   ROLES    AGE   VERSION\n            node/m   Ready    <none>   25s   \n";
    check("jobs,nodes -A", &format!("{job}\n{node}"));
    let node = "NAME     STATUS   ROLES    AGE   VERSION\nnode/m   Ready    <none>   25s   \n";
    check("nodes,jobs -A=1", &format!("{node}\n{job}"));
    check("jobs,pods pi --no-headers=true", "pi    Complete   5/5   25s   25s\n");
    check("jobs --field-selector status.successful=5 -o jsonpath-as-json={.items[*].kind}", "[\n    \"Job\"\n]\n");
    check("job/x -o yaml", "");
    check("jobs --field-selector status.successful=4 -o name --ignore-not-found=true", "");
}

const NODE: &str =
    "apiVersion: v1\nkind: Node\nmetadata: {name: m}\nstatus: {capacity: {cpu: 64, memory: 64Gi, pods: 110}}\n";

#[test]
fn init_writes_a_scenario_that_runs_and_nothing_over_another() {
    let folder = workplace();
    let said = lines(folder.path(), &["init"]);
    assert_eq!(said, ["Wrote scenario.yaml and jobsim.schema.json.", "Now try: jobsim run scenario.yaml"]);
    // Others may read it if they may read any new file.
    std::fs::write(folder.path().join("any"), "").expect("a file");
    let permissions = |name: &str| std::fs::metadata(folder.path().join(name)).expect("a file").permissions();
    assert_eq!(permissions("scenario.yaml"), permissions("any"));
    // The schema beside it is no manifest.
    assert_eq!(lines(folder.path(), &["validate", "."]), ["1 Job, 1 Simulation: no errors, no warnings"]);
    let run_of = lines(folder.path(), &["run", "scenario.yaml", "--strict-model"]);
    assert!(run_of.iter().any(|line| line.starts_with("hello   Complete   6/6")), "{run_of:?}");
    let output = run(folder.path(), &["init"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: scenario.yaml exists: name another file, or move it away\n");
    std::fs::write(folder.path().join("jobsim.schema.json"), "{}").expect("a file");
    let output = run(folder.path(), &["init", "other.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("other.yaml").exists(), "all or nothing");
    let text = printed(folder.path(), "init -");
    assert_eq!(text, std::fs::read_to_string(folder.path().join("scenario.yaml")).expect("the scenario"));
}

#[test]
fn command_line_describes_itself() {
    let folder = workplace();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = printed(folder.path(), &format!("completion {shell}"));
        assert!(text.contains("explain") && text.contains("strict-model"), "{shell}: {text}");
    }
    assert!(printed(folder.path(), "man").contains(".TH jobsim 1"));
    assert_eq!(printed(folder.path(), "man pages"), "");
    let page = std::fs::read_to_string(folder.path().join("pages/jobsim-run.1")).expect("a page");
    assert!(page.contains("strict\\-model"), "{page}");
    let version: serde_json::Value = serde_json::from_str(&printed(folder.path(), "version -o json")).expect("JSON");
    assert_eq!((&version["jobsim"], &version["kubernetes"]), (&env!("CARGO_PKG_VERSION").into(), &"1.37".into()));
    assert!(version["timeZoneData"].as_str().is_some_and(|data| data.starts_with("20")), "{version}");
}

#[test]
fn explain_shows_words_default_and_treatment() {
    let folder = workplace();
    let text = printed(folder.path(), "explain job.spec.backoffLimit");
    assert!(text.contains("DEFAULT:\n    6\n") && text.contains("IN JOBSIM:\n    modelled\n"), "{text}");
    let output = run(folder.path(), &["explain", "job.spec.backoffLimitt"]);
    let said = "error: field \"backoffLimitt\" does not exist; did you mean `backoffLimit`?\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), said));
}

#[test]
fn verdicts_on_policies_and_pods_are_as_those_on_jobs() {
    let folder = workplace();
    let check = |text: &str, decode_error: serde_json::Value, errors: serde_json::Value| {
        std::fs::write(folder.path().join("x.yaml"), text).expect("a file");
        let output = run(folder.path(), &["validate", "-o", "json", "x.yaml"]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let verdict: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("one verdict");
        assert_eq!((&verdict["decode_error"], &verdict["errors"]), (&decode_error, &errors), "{text}");
    };
    let error = |field: &str, kind: &str, detail: &str| serde_json::json!([{"field": field, "type": kind, "detail": detail, "text": format!("{field}: {kind}: {detail}")}]);
    check(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\nspec: {hard: {pods: abc}}\n",
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".into(),
        serde_json::json!([]),
    );
    check(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\nspec: {hard: {pods: 1}, foo: 1}\n",
        "strict decoding error: unknown field \"spec.foo\"".into(),
        serde_json::json!([]),
    );
    check(
        "apiVersion: v1\nkind: LimitRange\nmetadata: {name: a}\nspec: {limits: [{type: Pod, default: {cpu: 1}}]}\n",
        serde_json::Value::Null,
        error("spec.limits[0].default", "Forbidden", "may not be specified when `type` is 'Pod'"),
    );
    check(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: i}]}\n",
        serde_json::Value::Null,
        serde_json::json!([{
            "field": "spec.containers[0].name", "type": "Required value", "detail": "",
            "text": "spec.containers[0].name: Required value",
        }]),
    );
}
