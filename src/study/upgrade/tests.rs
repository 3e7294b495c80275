use super::*;

const TEMPLATE: &str = "template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}";

fn source(text: String) -> Vec<Source> {
    vec![Source { name: "scenario.yaml".to_owned(), bytes: text.into_bytes() }]
}

fn scenario(spec: &str, simulation: &str) -> Vec<Source> {
    source(format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: w}}\nspec: {{{spec}, {TEMPLATE}}}\n---\n\
         apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, {simulation}}}"
    ))
}

fn upgrade(from: u8, to: u8) -> Upgrade {
    Upgrade { from: Release(from), to: Release(to), seed: None, validate: Validate::Strict }
}

fn check(from: u8, to: u8, sources: &[Source], fields: &[&str], findings: &[&str]) {
    let impact = upgrade(from, to).examine(sources).expect("a scenario");
    let texts: Vec<String> = impact.fields.iter().map(ToString::to_string).collect();
    assert_eq!(texts, fields, "fields, 1.{from} to 1.{to}");
    let texts: Vec<String> = impact.findings.iter().map(ToString::to_string).collect();
    assert_eq!(texts, findings, "findings, 1.{from} to 1.{to}");
    assert_eq!(impact.is_none(), fields.is_empty() && findings.is_empty());
}

#[test]
fn nothing_changes_where_no_rule_applies() {
    let sources = scenario("completions: 2", "pods: [{duration: 10s}]");
    check(31, 37, &sources, &[], &[]);
    check(37, 37, &sources, &[], &[]);
}

const SUCCESS: &str = "completionMode: Indexed, completions: 2, parallelism: 2, successPolicy: {rules: \
                       [{succeededIndexes: \"0\"}]}";

#[test]
fn a_wait_for_terminating_pods_is_named() {
    let sources = scenario("activeDeadlineSeconds: 10", "pods: [{duration: 1h, termination: 7200ms}]");
    let findings = [
        "Job w fails 8.2 s later, at 18.2 s instead of 10.0 s: it waits for 1 terminating pod (C1 and C3, 1.31)",
        "Job w: condition FailureTarget (DeadlineExceeded) is set at 10 s, which it was not (C1, 1.31)",
        "Job w: ready is 0 instead of 1 from 10.0 s on (C3, 1.31)",
        "Job w: terminating is 1 instead of 0 from 10.0 s until 18.2 s (C1 and C3, 1.31)",
    ];
    check(30, 31, &sources, &[], &findings);
    check(29, 37, &sources, &[], &findings);
    // Down again.
    let impact = upgrade(31, 30).examine(&sources).expect("a scenario");
    let first = "Job w fails 8.2 s earlier, at 10.0 s instead of 18.2 s: it does not wait for 1 terminating pod (C1, \
                 1.31)";
    assert_eq!(impact.findings[0].to_string(), first);
}

#[test]
fn rules_that_do_not_matter_are_not_named() {
    // Between 1.29 and 1.37 the table has dozens of lines; a suspended Job meets one of them.
    let actions = "pods: [{duration: 1h}], actions: [\
                   {at: 10s, patch: {kind: Job, name: w, merge: {spec: {suspend: true}}}}, \
                   {at: 40s, patch: {kind: Job, name: w, merge: {spec: {suspend: false}}}}]";
    let impact = upgrade(33, 37).examine(&scenario("completions: 1", actions)).expect("a scenario");
    assert_eq!(named(&impact.lines), "C7, 1.36");
    let texts: Vec<String> = impact.findings.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["Job w: startTime is not set instead of 0 s from 10.0 s until 40.0 s (C7, 1.36)"]);
    assert_eq!(impact.tables.len(), 1);
}

#[test]
fn dropped_fields_are_named_with_their_warning() {
    let sources = scenario(SUCCESS, "pods: [{match: {index: 0}, duration: 10s}, {duration: 1h}]");
    let fields = |from, to| {
        let impact = upgrade(from, to).examine(&sources).expect("a scenario");
        let first = impact.findings.first().map(|finding| named(&finding.lines)).unwrap_or_default();
        (impact.fields.iter().map(ToString::to_string).collect::<Vec<_>>(), first)
    };
    let unknown = "Job w: 1.29 drops spec.successPolicy and warns: unknown field \"spec.successPolicy\"";
    let (found, rule) = fields(29, 30);
    assert_eq!(found, [format!("{unknown}; 1.30 drops it without a warning (JobSpec.successPolicy, 1.30)")]);
    assert_eq!(rule, "");
    let (found, rule) = fields(29, 31);
    assert_eq!(found, [format!("{unknown} (JobSpec.successPolicy, 1.30)")]);
    assert!(rule.contains("C4"), "{rule}");
    let (found, rule) = fields(30, 31);
    let off = "its feature gate JobSuccessPolicy is off (C4, 1.31)";
    assert_eq!(found, [format!("Job w: 1.30 drops spec.successPolicy without a warning: {off}")]);
    assert!(rule.contains("C4"), "{rule}");
}

#[test]
fn objects_that_only_one_release_takes_are_told() {
    let sources = source(format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec:\n  schedule: '0 * * * *'\n  jobTemplate:\n    \
         spec:\n      podFailurePolicy: {{rules: [{{action: Ignore, onPodConditions: [{{type: DisruptionTarget}}]}}]}}\n      \
         {TEMPLATE}"
    ));
    let impact = upgrade(33, 34).examine(&sources).expect("a scenario");
    let texts: Vec<String> = impact.findings.iter().map(ToString::to_string).collect();
    let error = "spec.jobTemplate.spec.podFailurePolicy.rules[0].onPodConditions[0].status: Required value: valid \
                 values: [\"False\" \"True\" \"Unknown\"]";
    assert_eq!(texts, [format!("refused by 1.33: {error} (A1, 1.34)")]);
    assert!(impact.tables.is_empty() && !impact.is_none());
    let wrong = source("apiVersion: batch/v1\nkind: Job\nmetadata: {name: w}\nspec: {}".to_owned());
    assert!(upgrade(31, 37).examine(&wrong).is_err());
}

#[test]
fn gates_of_the_scenario_stay_where_they_can() {
    let gates = "featureGates: {JobSuccessPolicy: false}, pods: [{match: {index: 0}, duration: 10s}, {duration: 1h}]";
    let mut sources = scenario(SUCCESS, gates);
    let text = String::from_utf8(sources[0].bytes.clone()).expect("text");
    sources[0].bytes = text.replace("spec: {profile", "spec: {kubernetes: \"1.31\", profile").into_bytes();
    let impact = upgrade(31, 32).examine(&sources).expect("a scenario");
    assert!(impact.is_none() && impact.notes.is_empty(), "{:?}", impact.notes);
    let impact = upgrade(32, 33).examine(&sources).expect("a scenario");
    let note = "Kubernetes 1.33: cannot set feature gate JobSuccessPolicy to false, feature is locked to true";
    assert_eq!(impact.notes, [note]);
    assert!(impact.fields[0].to_string().ends_with("(C4, 1.33)"), "{:?}", impact.fields);
    assert!(impact.lines.iter().any(|one| one.line.name() == "has_success_policy"));
}

#[test]
fn a_default_that_only_one_release_has_is_told() {
    let gates = "kubernetes: \"1.33\", featureGates: {JobPodReplacementPolicy: false}, pods: [{duration: 10s}]";
    let impact = upgrade(33, 34).examine(&scenario("completions: 1", gates)).expect("a scenario");
    let text = "Job w: spec.podReplacementPolicy is \"TerminatingOrFailed\" by default in 1.34, and not set in 1.33 (A5, 1.34)";
    assert_eq!(impact.fields.iter().map(ToString::to_string).collect::<Vec<_>>(), [text]);
    assert_eq!(impact.fields[0].fate, Fate::Default);
}

#[test]
fn all_lines_together_are_the_other_release() {
    // What is found by trying lines stands on this: with all of them an old release is the new one.
    let sources = scenario(
        &format!("{SUCCESS}, backoffLimitPerIndex: 1, activeDeadlineSeconds: 90"),
        "pods: [{match: {index: 0, attempt: 0}, duration: 10s, exitCode: 1}, {duration: 20s, termination: 5s}]",
    );
    for release in Release::all() {
        let upgrade = upgrade(release.0, 37);
        let (from, to) = (Kubernetes::of(release), Kubernetes::of(Release::NEWEST));
        let between = Between { from: &from, to: &to };
        let outcome = |kubernetes: &Kubernetes| upgrade.outcome(&sources, kubernetes, Limits::default());
        let before = outcome(&from);
        assert!(outcome(&between.kubernetes(&[])).is_as(&before), "{release}");
        let after = outcome(&to);
        assert!(outcome(&between.kubernetes(&between.lines())).is_as(&after), "{release}");
    }
}
