//! Whatever is handed in, the program answers and does not panic: random input for each target of `fuzz/`.
//! `PROPTEST_CASES=100000 cargo test panics` looks further.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::inputs;
use crate::program::{project, shipped_files};
use crate::recorded;

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
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            places(value, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), all);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| places(v, format!("{path}/{i}"), all)),
        _ => {}
    }
    all.push(path);
}

/// Sound files, to be broken.
static SCENARIOS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let files = shipped_files().into_iter().chain([project().join("src/cli/init.yaml")]);
    let mut texts: Vec<String> = files.map(|file| std::fs::read_to_string(file).expect("a scenario")).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "3"}}},
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": manifest()["metadata"], "spec": manifest()["spec"]},
    ]});
    texts.push(format!("{list:#}"));
    texts
});

/// Sound objects of all kinds.
static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = recorded::folder("printing").expect("printing").join("cases");
    let case = |name: &String| std::fs::read(folder.join(format!("{name}.json"))).expect("a case");
    let cases = recorded::names(&folder, ".json");
    cases.iter().map(|name| serde_json::from_slice::<Value>(&case(name)).expect("JSON")["object"].clone()).collect()
});

/// Bits of syntax, by which a parser may stumble.
const BITS: [&str; 24] = [
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: ",
    "- ",
    "? ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "#",
    "!!str ",
    "%YAML 1.1\n",
    "\t",
    "\r\n",
    "0x7f",
    "~",
    "\u{feff}",
];

/// Sound text in which a few pieces are replaced.
fn broken_scenario() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(&BITS[..]).prop_map(str::to_owned),
        "[-a-z0-9:{}\\[\\]&*!<>'\"#%@,.? \n\t]{0,12}",
        ".{0,3}",
        "-?[0-9]{1,21}[smhdeE.KMi]{0,2}",
    ];
    let splices = prop::collection::vec((any::<Index>(), 0usize..30, piece), 1..4);
    (any::<Index>(), splices).prop_map(|(which, splices)| {
        let mut text = which.get(&SCENARIOS).clone();
        for (at, length, piece) in splices {
            let mut start = at.index(text.len() + 1);
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.replace_range(start..end.max(start), &piece);
        }
        text
    })
}

/// A document in which something stands in another's place.
fn broken(mut document: Value, at: Index, value: Value) -> Value {
    let mut all = Vec::new();
    places(&document, String::new(), &mut all);
    *document.pointer_mut(&all[at.index(all.len())]).expect("the place is there") = value;
    document
}

/// Words of these characters, or any text.
fn near(characters: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![4 => characters, 1 => ".{0,40}"]
}

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { usual } else { ProptestConfig { cases, ..usual } }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        inputs::yaml(&bytes);
    }

    #[test]
    fn no_broken_scenario_panics(text in broken_scenario()) {
        inputs::yaml(text.as_bytes());
    }

    #[test]
    fn no_object_of_another_shape_panics(which in any::<Index>(), at in any::<Index>(), value in any_json()) {
        let object = broken(which.get(&OBJECTS).clone(), at, value);
        inputs::object(object.to_string().as_bytes());
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn no_patch_panics(at in any::<Index>(), value in any_json()) {
        let document = broken(manifest(), at, value.clone());
        inputs::patch(format!("{document}\n{value}").as_bytes());
        inputs::patch(format!("{}\n{document}", manifest()).as_bytes());
        inputs::patch(format!("{document}\n{}", manifest()).as_bytes());
    }

    #[test]
    fn no_quantity_panics(text in near("[-+]?[0-9]{0,25}\\.?[0-9]{0,25}([eE][-+]?[0-9]{0,6}|[numkKMGTPE]i?){0,2}")) {
        inputs::quantity(&text);
    }

    #[test]
    fn no_duration_panics(text in near("[-+]?([0-9]{0,22}(\\.[0-9]{0,22})?(ns|us|\u{b5}s|ms|s|m|h|d|x)?){0,4}")) {
        inputs::duration(&text);
    }

    #[test]
    fn no_index_list_panics(text in near("[-, 0-9]{0,24}")) {
        inputs::index_list(&text);
    }

    #[test]
    fn no_selector_panics(text in near("(([!,=() ]|in|notin|[a-z./-]{1,3}){0,14})")) {
        inputs::selector(&text);
    }

    #[test]
    fn no_template_panics(text in near("(([-{}.\\[\\]*@$?(),:'\"=<>&| 0-9]|range|end|items|name|\\.metadata|\\.status){0,16})")) {
        inputs::template(&text);
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn no_schedule_panics(text in near(
        "((CRON_)?TZ=(UTC|Asia/Tokyo|x)? ?)?(@[a-z]{0,8}|@every -?[0-9]{1,20}[smh]|([-*/,?0-9]{1,4}|[A-Za-z]{3}|[0-9]{1,2}|\\*)( ([-*/,?0-9]{1,4}|[a-z]{3}|[0-9]{1,2}|\\*)){3,5})"
    )) {
        inputs::cron(&text);
    }
}
