//! Environment variables and where their values come from.

use serde_json::Value;

use super::super::fields::{is_true, items, text};
use super::resources::amount;
use super::sheet::Sheet;
use crate::api::quantity::Quantity;

pub(super) fn environment(container: &Value, pod: Option<&Value>, sheet: &mut Sheet) {
    let sources = items(&container["envFrom"]);
    if !sources.is_empty() {
        sheet.line(2, "Environment Variables from:");
        sources.iter().for_each(|source| sheet.line(3, whole_source(source)));
    }
    let variables = items(&container["env"]);
    sheet.line(2, if variables.is_empty() { "Environment:\t<none>" } else { "Environment:" });
    for variable in variables {
        let (name, from) = (text(&variable["name"]), &variable["valueFrom"]);
        if from.is_null() {
            for (number, line) in text(&variable["value"]).split('\n').enumerate() {
                let title = if number == 0 { format!("{name}:") } else { String::new() };
                sheet.line(3, format!("{title}\t{line}"));
            }
        } else if let Some(value) = value_from(from, container, pod) {
            sheet.line(3, format!("{name}:\t{value}"));
        }
    }
}

/// A ConfigMap or Secret that all variables are taken from.
fn whole_source(source: &Value) -> String {
    let (kind, reference) = match (&source["configMapRef"], &source["secretRef"]) {
        (Value::Null, Value::Null) => ("", &Value::Null),
        (Value::Null, secret) => ("Secret", secret),
        (config_map, _) => ("ConfigMap", config_map),
    };
    let prefix = match text(&source["prefix"]) {
        "" => String::new(),
        prefix => format!(" with prefix '{prefix}'"),
    };
    format!("{}\t{kind}{prefix}\tOptional: {}", text(&reference["name"]), is_true(&reference["optional"]))
}

fn value_from(from: &Value, container: &Value, pod: Option<&Value>) -> Option<String> {
    let (field, resource) = (&from["fieldRef"], &from["resourceFieldRef"]);
    if !field.is_null() {
        let path = text(&field["fieldPath"]);
        let value = pod.map(|pod| field_of(pod, path)).unwrap_or_default();
        return Some(format!("{value} ({}:{path})", text(&field["apiVersion"])));
    }
    if !resource.is_null() {
        let name = text(&resource["resource"]);
        let value = match container_resource(resource, container) {
            Some(0) if matches!(name, "limits.cpu" | "limits.memory") => "node allocatable".to_owned(),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        return Some(format!("{value} ({name})"));
    }
    let key = |reference: &Value, words: &str| {
        let (key, name) = (text(&reference["key"]), text(&reference["name"]));
        format!("<set to the key '{key}' {words} '{name}'>\tOptional: {}", is_true(&reference["optional"]))
    };
    match (&from["secretKeyRef"], &from["configMapKeyRef"]) {
        (Value::Null, Value::Null) => None,
        (Value::Null, config_map) => Some(key(config_map, "of config map")),
        (secret, _) => Some(key(secret, "in secret")),
    }
}

/// A field of a pod. kubectl's scheme knows the labels of fields that every object has, and no others
/// (`DefaultMetaV1FieldSelectorConversion`).
fn field_of<'p>(pod: &'p Value, path: &str) -> &'p str {
    match path {
        "metadata.name" => text(&pod["metadata"]["name"]),
        "metadata.namespace" => text(&pod["metadata"]["namespace"]),
        _ => "",
    }
}

/// `ExtractContainerResourceValue`: how often the divisor fits, rounded up.
fn container_resource(reference: &Value, container: &Value) -> Option<i64> {
    let (list, name) = text(&reference["resource"]).split_once('.')?;
    let known = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    let of = matches!(list, "limits" | "requests").then(|| amount(&container["resources"][list][name]))?;
    let divisor = amount(&reference["divisor"]);
    let divisor = if divisor.is_zero() { Quantity::parse("1").ok()? } else { divisor };
    let (of, divisor) = match name {
        "cpu" => (of.milli_value(), divisor.milli_value()),
        _ => (of.value(), divisor.value()),
    };
    (known && divisor != 0).then(|| (of as f64 / divisor as f64).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_those_that_kubectl_can_resolve() {
        let metadata =
            json!({"name": "p", "namespace": "n", "uid": "u", "labels": {"a": "b"}, "annotations": {"c": "d"}});
        let pod = json!({"metadata": metadata, "spec": {"nodeName": "m"}});
        let check = |path: &str, value: &str| {
            let from = json!({"fieldRef": {"apiVersion": "v1", "fieldPath": path}});
            let wanted = format!("{value} (v1:{path})");
            assert_eq!(value_from(&from, &Value::Null, Some(&pod)).as_deref(), Some(wanted.as_str()));
            let of_template = value_from(&from, &Value::Null, None);
            assert_eq!(of_template, Some(format!(" (v1:{path})")));
        };
        check("metadata.name", "p");
        check("metadata.namespace", "n");
        for unknown in ["metadata.uid", "metadata.labels", "metadata.labels['a']", "metadata.annotations['c']"] {
            check(unknown, "");
        }
        check("spec.nodeName", "");
    }
}
