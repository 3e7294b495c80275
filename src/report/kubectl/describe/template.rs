//! `DescribePodTemplate`, and what a pod and its template share.

use serde_json::Value;

use super::super::fields::{int, items, label_selector, text};
use super::sheet::Sheet;
use super::{container, volume};

pub(super) fn pod(template: &Value, sheet: &mut Sheet) {
    let (metadata, spec) = (&template["metadata"], &template["spec"]);
    sheet.line(0, "Pod Template:");
    sheet.labels("  Labels", &metadata["labels"]);
    if metadata["annotations"].as_object().is_some_and(|annotations| !annotations.is_empty()) {
        sheet.annotations("  Annotations", &metadata["annotations"]);
    }
    if !text(&spec["serviceAccountName"]).is_empty() {
        sheet.field(1, "Service Account", text(&spec["serviceAccountName"]));
    }
    let nowhere = container::Whereabouts { pod: None, indent: "  " };
    if !items(&spec["initContainers"]).is_empty() {
        container::list("Init Containers", &spec["initContainers"], &Value::Null, &nowhere, sheet);
    }
    container::list("Containers", &spec["containers"], &Value::Null, &nowhere, sheet);
    volume::list(&spec["volumes"], "  ", sheet);
    topology_spread_constraints(&spec["topologySpreadConstraints"], "  ", sheet);
    if !text(&spec["priorityClassName"]).is_empty() {
        sheet.field(1, "Priority Class Name", text(&spec["priorityClassName"]));
    }
    sheet.labels("  Node-Selectors", &spec["nodeSelector"]);
    tolerations("  Tolerations", &spec["tolerations"], sheet);
    scheduling_group(&spec["schedulingGroup"], "  ", sheet);
}

/// `describeTopologySpreadConstraints`.
pub(super) fn topology_spread_constraints(constraints: &Value, indent: &str, sheet: &mut Sheet) {
    let mut constraints: Vec<&Value> = items(constraints).iter().collect();
    constraints.sort_by_key(|constraint| text(&constraint["topologyKey"]));
    for (number, constraint) in constraints.into_iter().enumerate() {
        let title = if number == 0 { "Topology Spread Constraints:" } else { "" };
        let selector = match &constraint["labelSelector"] {
            Value::Null => String::new(),
            selector => match label_selector(selector) {
                Ok(text) if text.is_empty() => " for selector <none>".to_owned(),
                Ok(text) => format!(" for selector {text}"),
                Err(_) => " for selector <error>".to_owned(),
            },
        };
        let (key, when) = (text(&constraint["topologyKey"]), text(&constraint["whenUnsatisfiable"]));
        let skew = int(&constraint["maxSkew"]);
        sheet.line(0, format!("{indent}{title}\t{key}:{when} when max skew {skew} is exceeded{selector}"));
    }
}

/// `printPodTolerationsMultiline`.
pub(super) fn tolerations(title: &str, tolerations: &Value, sheet: &mut Sheet) {
    let mut tolerations: Vec<&Value> = items(tolerations).iter().collect();
    tolerations.sort_by_key(|toleration| text(&toleration["key"]));
    sheet.list(title, tolerations.into_iter().map(toleration));
}

fn toleration(toleration: &Value) -> String {
    let mut line = text(&toleration["key"]).to_owned();
    let (value, effect) = (text(&toleration["value"]), text(&toleration["effect"]));
    if !value.is_empty() {
        line += &format!("={value}");
    }
    if !effect.is_empty() {
        line += &format!(":{effect}");
    }
    if toleration["operator"] == "Exists" && value.is_empty() {
        line += if line.is_empty() { "op=Exists" } else { " op=Exists" };
    }
    if let Some(seconds) = toleration["tolerationSeconds"].as_i64() {
        line += &format!(" for {seconds}s");
    }
    line
}

/// `describeSchedulingGroup`.
pub(super) fn scheduling_group(group: &Value, indent: &str, sheet: &mut Sheet) {
    if !group.is_null() {
        sheet.line(0, format!("{indent}SchedulingGroup:"));
        sheet.field(1, "PodGroupName", text(&group["podGroupName"]));
    }
}
