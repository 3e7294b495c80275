//! Whatever JSON comes in, admission answers and does not panic.

use jobsim::api::job::JobStatus;
use jobsim::api::release::{Kubernetes, Rules};
use jobsim::apiserver::admission;
use jobsim::scenario::decode::ServerDecoder;
use proptest::prelude::*;
use serde_json::{Value, json};

fn manifest() -> Value {
    json!({
        "metadata": {"name": "pi", "labels": {"a": "b"}, "annotations": {"c": "d"}},
        "spec": {
            "parallelism": 2, "completions": 3, "completionMode": "Indexed", "backoffLimit": 1,
            "backoffLimitPerIndex": 1, "maxFailedIndexes": 2,
            "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]},
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}}]},
            "template": {"metadata": {"labels": {"x": "y"}}, "spec": {
                "restartPolicy": "Never", "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
                "containers": [{
                    "name": "a", "image": "perl", "resources": {"limits": {"cpu": "1", "hugepages-2Mi": "4Mi"}},
                    "env": [{"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['x']"}}}],
                    "ports": [{"containerPort": 80, "name": "http"}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                    "livenessProbe": {"httpGet": {"port": 80}},
                }],
            }},
        },
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        "[-0-9.eEiKMGm'\\[\\]/:@]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z$]{0,9}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Every place in a document, as JSON pointers.
fn places(value: &Value, path: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| places(value, format!("{path}/{name}"), all)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| places(v, format!("{path}/{i}"), all)),
        _ => {}
    }
    all.push(path);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_or_patch_makes_admission_panic(at in any::<prop::sample::Index>(), value in any_json()) {
        let (mut document, mut all) = (manifest(), Vec::new());
        places(&document, String::new(), &mut all);
        let stored = admission::create_job(&document, &Rules::default()).expect("the manifest is sound").manifest;
        *document.pointer_mut(&all[at.index(all.len())]).expect("the place is there") = value.clone();
        let _ = admission::create_job(&document, &Rules::default());
        let kubernetes = Kubernetes::default();
        let decoder = ServerDecoder(&kubernetes);
        let _ = admission::patch_job(&stored, &document, &decoder, &JobStatus::default(), &Rules::default());
        let _ = admission::patch_job(&stored, &value, &decoder, &JobStatus::default(), &Rules::default());
        let _ = admission::patch_job(&document, &json!({"spec": {"parallelism": 1}}), &decoder, &JobStatus::default(), &Rules::default());
    }
}
