//! The scheduling part of a pod's spec, out of its manifest. Fields that say nothing mean what the API says they do.

use std::sync::Arc;

use serde_json::Value;

use crate::api::disruption::{Operator, Requirement};
use crate::api::node::TaintEffect;
use crate::api::priority::PreemptionPolicy;
use crate::api::scheduling::{
    HostPort, LabelSelector, NodeOperator, NodeRequirement, NodeSelectorTerm, PodAffinityTerm, PodTerms, Scheduling,
    Toleration, TopologySpreadConstraint,
};

/// The scheduler that pods go to which name none.
const DEFAULT_SCHEDULER: &str = "default-scheduler";

/// What the scheduler reads of a pod's spec.
pub(super) fn scheduling(spec: &Value) -> Scheduling {
    let affinity = &spec["affinity"];
    let nodes = &affinity["nodeAffinity"];
    let required = &nodes[REQUIRED]["nodeSelectorTerms"];
    let preferred = |term: &Value| (int(&term["weight"]), node_term(&term["preference"]));
    Scheduling {
        other_scheduler: spec["schedulerName"]
            .as_str()
            .filter(|name| !name.is_empty() && *name != DEFAULT_SCHEDULER)
            .map(Arc::from),
        gates: list(&spec["schedulingGates"]).map(|gate| text(&gate["name"])).collect(),
        preemption_policy: spec["preemptionPolicy"].as_str().and_then(PreemptionPolicy::by_name),
        node_selector: words(&spec["nodeSelector"]),
        required_nodes: (!nodes[REQUIRED].is_null()).then(|| list(required).map(node_term).collect()),
        preferred_nodes: list(&nodes[PREFERRED]).map(preferred).collect(),
        pod_affinity: pod_terms(&affinity["podAffinity"]),
        pod_anti_affinity: pod_terms(&affinity["podAntiAffinity"]),
        topology_spread: list(&spec["topologySpreadConstraints"]).map(spread_constraint).collect(),
        tolerations: list(&spec["tolerations"]).map(toleration).collect(),
        host_ports: host_ports(spec),
        images: images(spec),
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn node_term(term: &Value) -> NodeSelectorTerm {
    let requirement = |of: &Value| NodeRequirement {
        key: text(&of["key"]),
        operator: match of["operator"].as_str() {
            Some("NotIn") => NodeOperator::NotIn,
            Some("Exists") => NodeOperator::Exists,
            Some("DoesNotExist") => NodeOperator::DoesNotExist,
            Some("Gt") => NodeOperator::Gt,
            Some("Lt") => NodeOperator::Lt,
            _ => NodeOperator::In,
        },
        values: list(&of["values"]).map(text).collect(),
    };
    NodeSelectorTerm {
        labels: list(&term["matchExpressions"]).map(requirement).collect(),
        fields: list(&term["matchFields"]).map(requirement).collect(),
    }
}

fn pod_terms(of: &Value) -> PodTerms {
    let weighted = |term: &Value| (int(&term["weight"]), pod_term(&term["podAffinityTerm"]));
    PodTerms {
        required: list(&of[REQUIRED]).map(pod_term).collect(),
        preferred: list(&of[PREFERRED]).map(weighted).collect(),
    }
}

fn pod_term(term: &Value) -> PodAffinityTerm {
    PodAffinityTerm {
        selector: label_selector(&term["labelSelector"]),
        namespaces: list(&term["namespaces"]).map(text).collect(),
        namespace_selector: label_selector(&term["namespaceSelector"]),
        topology_key: text(&term["topologyKey"]),
        match_label_keys: list(&term["matchLabelKeys"]).map(text).collect(),
        mismatch_label_keys: list(&term["mismatchLabelKeys"]).map(text).collect(),
    }
}

fn spread_constraint(of: &Value) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: int(&of["maxSkew"]),
        topology_key: text(&of["topologyKey"]),
        hard: of["whenUnsatisfiable"] != "ScheduleAnyway",
        selector: label_selector(&of["labelSelector"]),
        min_domains: of["minDomains"].as_i64().map_or(1, |count| i32::try_from(count).unwrap_or(i32::MAX)),
        honours_affinity: of["nodeAffinityPolicy"] != "Ignore",
        honours_taints: of["nodeTaintsPolicy"] == "Honor",
        match_label_keys: list(&of["matchLabelKeys"]).map(text).collect(),
    }
}

fn toleration(of: &Value) -> Toleration {
    Toleration {
        key: text(&of["key"]),
        any_value: of["operator"] == "Exists",
        value: text(&of["value"]),
        effect: of["effect"].as_str().and_then(TaintEffect::by_name),
        seconds: of["tolerationSeconds"].as_i64(),
    }
}

/// A label selector, or none where nothing is written.
pub fn label_selector(of: &Value) -> Option<LabelSelector> {
    let labels = words(&of["matchLabels"]).into_iter();
    let equal = labels.map(|(key, value)| Requirement { key, operator: Operator::In, values: vec![value] });
    let requirement = |of: &Value| Requirement {
        key: text(&of["key"]),
        operator: match of["operator"].as_str() {
            Some("NotIn") => Operator::NotIn,
            Some("Exists") => Operator::Exists,
            Some("DoesNotExist") => Operator::DoesNotExist,
            _ => Operator::In,
        },
        values: list(&of["values"]).map(text).collect(),
    };
    (!of.is_null()).then(|| equal.chain(list(&of["matchExpressions"]).map(requirement)).collect())
}

/// Ports of containers and sidecars; an init container that ends takes none (`GetHostPorts`).
fn host_ports(spec: &Value) -> Vec<HostPort> {
    let sidecars = list(&spec["initContainers"]).filter(|container| container["restartPolicy"] == "Always");
    let ports = sidecars.chain(list(&spec["containers"])).flat_map(|container| list(&container["ports"]));
    let port = |of: &Value| HostPort {
        ip: text(&of["hostIP"]),
        protocol: of["protocol"].as_str().filter(|protocol| !protocol.is_empty()).unwrap_or("TCP").into(),
        port: int(&of["hostPort"]),
    };
    ports.map(port).filter(|port| port.port > 0).collect()
}

/// Images of init containers, containers and image volumes.
fn images(spec: &Value) -> Vec<Arc<str>> {
    let containers = list(&spec["initContainers"]).chain(list(&spec["containers"]));
    let containers = containers.map(|container| text(&container["image"]));
    let volumes = list(&spec["volumes"]).filter(|volume| !volume["image"].is_null());
    containers.chain(volumes.map(|volume| text(&volume["image"]["reference"]))).collect()
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn text(of: &Value) -> Arc<str> {
    of.as_str().unwrap_or("").into()
}

fn int(of: &Value) -> i32 {
    of.as_i64().and_then(|number| number.try_into().ok()).unwrap_or(0)
}

fn words(of: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    of.as_object().into_iter().flatten().map(|(key, value)| (key.as_str().into(), text(value))).collect()
}
