//! The table against the generated types of `k8s-openapi`.

use k8s_openapi::api::{batch::v1 as batch, core::v1 as core, policy::v1 as policy, scheduling::v1 as scheduling};
use serde_json::Value;

use super::*;

#[test]
fn fields_of_the_table_of_releases_exist() {
    for field in crate::api::release::FIELDS {
        let (owner, name) = field.field.split_once('.').expect("a type and a field");
        let known = kubernetes().get(&format!("v1.{owner}"));
        assert!(known.is_some_and(|known| known.field(name).is_some()), "{}", field.field);
    }
}

#[test]
fn the_table_is_the_released_api() {
    let mut generator = schemars::SchemaGenerator::default();
    generator.subschema_for::<batch::Job>();
    generator.subschema_for::<batch::CronJob>();
    generator.subschema_for::<core::Pod>();
    generator.subschema_for::<core::Node>();
    generator.subschema_for::<core::Namespace>();
    generator.subschema_for::<core::ResourceQuota>();
    generator.subschema_for::<core::LimitRange>();
    generator.subschema_for::<scheduling::PriorityClass>();
    generator.subschema_for::<policy::PodDisruptionBudget>();
    let mut released = Vec::new();
    for (name, schema) in generator.definitions() {
        if is_scalar(name) {
            continue;
        }
        released.push(short(name));
        let none = serde_json::Map::new();
        for (field, schema) in schema.get("properties").and_then(Value::as_object).unwrap_or(&none) {
            released.push(format!("{} {field} {}", short(name), kind(schema)));
        }
    }
    let mut table = Vec::new();
    for s in kubernetes().structs() {
        table.push(s.name.to_string());
        assert!(s.fields.is_sorted_by_key(|f| f.name), "{} is looked up by halving", s.name);
        table.extend(s.fields.iter().map(|f| format!("{} {} {}", s.name, f.name, f.kind.anonymous())));
    }
    released.sort();
    table.sort();
    let missing: Vec<_> = released.iter().filter(|line| !table.contains(line)).collect();
    let extra: Vec<_> = table.iter().filter(|line| !released.contains(line)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "not in the table: {missing:#?}\nnot released: {extra:#?}");
}

fn is_scalar(name: &str) -> bool {
    ["Quantity", "Time", "MicroTime", "IntOrString", "FieldsV1"].iter().any(|s| name.ends_with(&format!(".{s}")))
}

fn short(name: &str) -> String {
    let parts: Vec<_> = name.rsplitn(3, '.').collect();
    format!("{}.{}", parts[1], parts[0])
}

fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str()) {
        let name = name.rsplit('/').next().unwrap();
        return if is_scalar(name) { name.rsplit('.').next().unwrap().to_string() } else { short(name) };
    }
    match schema["type"].as_str() {
        Some("boolean") => "bool".to_string(),
        Some("integer") => schema["format"].as_str().unwrap().to_string(),
        Some("array") => format!("[]{}", kind(&schema["items"])),
        Some("object") => format!("map[string]{}", kind(&schema["additionalProperties"])),
        other => other.unwrap().to_string(),
    }
}

#[test]
fn go_names_are_those_of_messages() {
    let check = |owner: &str, field: &str, name: &str| {
        let kind = kubernetes().get(owner).unwrap().field(field).unwrap().kind;
        assert_eq!(kind.go_name(), name);
    };
    check("v1.PodSpec", "restartPolicy", "v1.RestartPolicy");
    check("v1.PodSpec", "containers", "[]v1.Container");
    check("v1.PodSpec", "nodeSelector", "map[string]string");
    check("v1.ResourceRequirements", "limits", "v1.ResourceList");
    check("v1.PersistentVolumeClaimSpec", "accessModes", "[]v1.PersistentVolumeAccessMode");
    check("v1.JobStatus", "startTime", "v1.Time");
}
