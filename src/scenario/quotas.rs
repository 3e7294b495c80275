//! ResourceQuotas and LimitRanges: what a namespace allows.

use serde_json::Value as Json;

use super::Object;
use super::cluster_objects::{namespaced, resource_list};
use crate::api::resources::ResourceList;
use crate::apiserver::limit_range::{LimitRange, LimitRangeItem};
use crate::apiserver::quota::{ResourceQuota, Scope};

/// A ResourceQuota.
pub(super) fn resource_quota(value: &Json) -> Object {
    let (hard, scopes) = (resource_list(&value["spec"]["hard"]), scopes(&value["spec"]));
    Object::Quota(ResourceQuota { name: namespaced(value), hard, scopes, used: ResourceList::new() })
}

fn scopes(spec: &Json) -> Vec<Scope> {
    let plain = |name: &str| match name {
        "Terminating" => Some(Scope::Terminating(true)),
        "NotTerminating" => Some(Scope::Terminating(false)),
        "BestEffort" => Some(Scope::BestEffort(true)),
        "NotBestEffort" => Some(Scope::BestEffort(false)),
        "PriorityClass" => Some(Scope::PriorityClass(true, Vec::new())),
        "CrossNamespacePodAffinity" => Some(Scope::CrossNamespacePodAffinity),
        "VolumeAttributesClass" => Some(Scope::VolumeAttributesClass),
        _ => None,
    };
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let named = list(&spec["scopes"]).into_iter().filter_map(|name| plain(name.as_str()?)).collect::<Vec<Scope>>();
    let selected = list(&spec["scopeSelector"]["matchExpressions"]).into_iter().filter_map(|expression| {
        let scope = plain(expression["scopeName"].as_str()?)?;
        let names = list(&expression["values"]).iter().filter_map(|name| Some(name.as_str()?.into())).collect();
        let wanted = matches!(expression["operator"].as_str(), Some("In" | "Exists"));
        Some(if matches!(scope, Scope::PriorityClass(..)) { Scope::PriorityClass(wanted, names) } else { scope })
    });
    named.into_iter().chain(selected).collect()
}

/// A LimitRange that has its defaults.
pub(super) fn limit_range(value: &Json) -> Object {
    let item = |item: &Json| LimitRangeItem {
        kind: item["type"].as_str().unwrap_or("").into(),
        default: resource_list(&item["default"]),
        default_request: resource_list(&item["defaultRequest"]),
        min: resource_list(&item["min"]),
        max: resource_list(&item["max"]),
        max_limit_request_ratio: resource_list(&item["maxLimitRequestRatio"]),
    };
    let limits = value["spec"]["limits"].as_array().into_iter().flatten().map(item).collect();
    Object::LimitRange(LimitRange { name: namespaced(value), limits })
}
