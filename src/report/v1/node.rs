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
    let mut spec = json!({});
    if node.unschedulable {
        spec["unschedulable"] = true.into();
    }
    if !node.taints.is_empty() {
        let taint = |taint: &crate::api::node::Taint| {
            let mut value = json!({"key": &*taint.key, "effect": taint.effect.as_str()});
            if !taint.value.is_empty() {
                value["value"] = (*taint.value).into();
            }
            value
        };
        spec["taints"] = node.taints.iter().map(taint).collect();
    }
    let images = node.images.iter().map(
        |(names, size)| json!({"names": names.iter().map(|name| &**name).collect::<Vec<&str>>(), "sizeBytes": size}),
    );
    let metadata = json!({
        "name": &*node.name, "uid": uid(Identity::Node, id.0.into()), "creationTimestamp": calendar.api(node.created),
        "labels": words(&node.labels), "annotations": words(&node.annotations),
    });
    Some(json!({
        "apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec,
        "status": {
            "capacity": amounts(&node.capacity), "allocatable": amounts(&node.allocatable),
            "conditions": [{
                "type": "Ready", "status": status, "reason": reason, "message": message,
                "lastTransitionTime": calendar.api(node.ready_since), "lastHeartbeatTime": calendar.api(node.ready_since),
            }],
            "images": images.collect::<Vec<Value>>(),
            "nodeInfo": {"kubeletVersion": "v1.37.2", "operatingSystem": "linux", "architecture": "amd64"},
        },
    }))
}
