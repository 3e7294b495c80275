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
