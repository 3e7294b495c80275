//! Cases of strict decoding; the recorded ones are in tests/conformance/validation.

use std::sync::Arc;

use super::super::document::parse;
use super::super::source::{Source, SourceText};
use super::*;

fn job(spec: &str) -> Decoded {
    let text = format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec: {spec}\n");
    let source = Arc::new(SourceText::new(Source { name: "a".into(), bytes: text.into() }).unwrap());
    let document = parse(&source).remove(0).unwrap();
    decode(&document, kubernetes().get("v1.Job").unwrap(), &crate::api::release::Kubernetes::default())
}

#[test]
fn all_is_reported_at_once() {
    let decoded = job("{b: 1, a: 2, suspend: 5, completions: '5', completions: x}");
    assert_eq!(
        decoded.type_error(),
        Some("json: cannot unmarshal string into Go struct field JobSpec.spec.completions of type int32")
    );
    assert_eq!(decoded.faults.len(), 5);
    assert_eq!(
        decoded.strict_errors(),
        [
            "yaml: unmarshal errors:\n  line 4: key \"completions\" already set in map",
            "unknown field \"spec.a\"",
            "unknown field \"spec.b\""
        ]
    );
    assert_eq!(decoded.value["spec"], serde_json::json!({}), "what is wrong is left out");
}

#[test]
fn values_are_read_as_go_reads_them() {
    let check = |spec: &str, value: serde_json::Value| {
        let decoded = job(spec);
        assert!(decoded.faults.is_empty(), "{spec}: {:?}", decoded.faults);
        assert_eq!(decoded.value["spec"], value, "{spec}");
    };
    check("{completions: 1e1, suspend: yes}", serde_json::json!({"completions": 10, "suspend": true}));
    check("{completions: null}", serde_json::json!({}));
    check(
        "{template: {spec: {containers: [null, {command: [a, null]}]}}}",
        serde_json::json!({"template": {"spec": {"containers": [{}, {"command": ["a", ""]}]}}}),
    );
    let check = |spec: &str, error: &str| assert_eq!(job(spec).type_error(), Some(error), "{spec}");
    let field = "Go struct field JobSpec.spec.completions of type int32";
    check("{completions: 1.5}", &format!("json: cannot unmarshal number 1.5 into {field}"));
    check("{completions: 2147483648}", &format!("json: cannot unmarshal number 2147483648 into {field}"));
    check("{completions: [1]}", &format!("json: cannot unmarshal array into {field}"));
    check(
        "{template: {spec: {volumes: [{configMap: {name: 5}}]}}}",
        "json: cannot unmarshal number into Go struct field \
         ConfigMapVolumeSource.spec.template.spec.volumes.VolumeSource.configMap.LocalObjectReference.name of type string",
    );
    check(
        "{template: {spec: {containers: [{resources: {limits: {cpu: 1x}}}], restartPolicy: 5}}}",
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
}

#[test]
fn a_flood_of_unknown_fields_is_cut() {
    let fields: Vec<_> = (0..500).map(|i| format!("f{i}: 1")).collect();
    assert_eq!(job(&format!("{{{}}}", fields.join(", "))).faults.len(), MAX_STRICT_ERRORS);
}
