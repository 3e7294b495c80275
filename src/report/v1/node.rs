//! A node as v1 JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Calendar, Identity, uid};
use crate::api::meta::NodeId;
use crate::api::node::Readiness;
use crate::api::resources::ResourceList;
use crate::apiserver::store::Store;

pub(super) fn render(calendar: Calendar, id: NodeId, store: &Store) -> Option<Value> {
    let node = store.node(id)?;
    let amounts = |list: &ResourceList| -> Map<String, Value> {
        list.iter().map(|(name, amount)| (name.to_string(), amount.to_string().into())).collect()
    };
    let words = |list: &[(Arc<str>, Arc<str>)]| -> Map<String, Value> {
        list.iter().map(|(key, value)| (key.to_string(), (**value).into())).collect()
    };
    let (status, reason, message) = match node.ready {
        Readiness::Ready => ("True", "KubeletReady", "kubelet is posting ready status"),
        Readiness::NotReady => ("False", "KubeletNotReady", "container runtime network not ready"),
        Readiness::Unknown => ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
    };
    let taint = |taint: &crate::api::node::Taint| {
        let mut value = json!({"key": &*taint.key, "effect": taint.effect.as_str()});
        if !taint.value.is_empty() {
            value["value"] = (*taint.value).into();
        }
        value
    };
    let images = node.images.iter().map(
        |(names, size)| json!({"names": names.iter().map(|name| &**name).collect::<Vec<&str>>(), "sizeBytes": size}),
    );
    // What nothing here changes is as the manifest says.
    let mut object = node.manifest.as_deref().cloned().unwrap_or_else(unknown);
    for part in ["metadata", "spec", "status"] {
        if !object[part].is_object() {
            object[part] = json!({});
        }
    }
    let mut set = |[part, field]: [&str; 2], value: Value| {
        let is_empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        let Some(fields) = object[part].as_object_mut() else { return };
        if is_empty || value.is_null() {
            fields.remove(field);
        } else {
            fields.insert(field.to_owned(), value);
        }
    };
    set(["metadata", "name"], (*node.name).into());
    set(["metadata", "uid"], uid(Identity::Node, id.0.into()).into());
    set(["metadata", "creationTimestamp"], calendar.api(node.created));
    set(["metadata", "labels"], words(&node.labels).into());
    set(["metadata", "annotations"], words(&node.annotations).into());
    set(["metadata", "managedFields"], json!([]));
    set(["spec", "unschedulable"], if node.unschedulable { true.into() } else { Value::Null });
    set(["spec", "taints"], node.taints.iter().map(taint).collect());
    set(["status", "capacity"], amounts(&node.capacity).into());
    set(["status", "allocatable"], amounts(&node.allocatable).into());
    set(["status", "images"], images.collect());
    let known = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let mut conditions: Vec<Value> = known.into_iter().filter(|condition| condition["type"] != "Ready").collect();
    conditions.push(json!({
        "type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": calendar.api(node.ready_since), "lastHeartbeatTime": calendar.api(node.ready_since),
    }));
    object["status"]["conditions"] = conditions.into();
    (object["apiVersion"], object["kind"]) = ("v1".into(), "Node".into());
    Some(object)
}

/// A node of which nobody has said what it is.
fn unknown() -> Value {
    json!({"status": {
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        "nodeInfo": {
            "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "",
            "kubeletVersion": "v1.37.2", "machineID": "", "operatingSystem": "linux", "osImage": "", "systemUUID": "",
        },
    }})
}
