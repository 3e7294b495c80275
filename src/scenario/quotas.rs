//! ResourceQuotas and LimitRanges: what a namespace allows.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Object;
use super::admit::nearest_span;
use super::cluster_objects::name;
use super::document::Document;
use super::problem::{Problem, Problems};
use crate::api::meta::ObjectName;
use crate::api::quantity::Quantity;
use crate::api::quote::quote;
use crate::api::resources::ResourceList;
use crate::apiserver::admission::fill_amounts;
use crate::apiserver::limit_range::{LimitRange, LimitRangeItem};
use crate::apiserver::quota::{ResourceQuota, Scope};

/// Resources that are counted in whole things.
const COUNTED: [&str; 10] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
    "count/",
];

/// A ResourceQuota.
pub(super) fn resource_quota(document: &Document, value: &Json, problems: &mut Problems) -> Option<Object> {
    let name = namespaced(document, value, problems)?;
    let (mut hard, mut sound) = (ResourceList::new(), true);
    for (resource, limit) in value["spec"]["hard"].as_object().into_iter().flatten() {
        let (text, amount) = quantity(limit);
        match complaint(resource, &text, amount.as_ref()) {
            None => hard.extend(amount.map(|amount| (Arc::from(resource.as_str()), amount))),
            Some(why) => {
                let title = format!("spec.hard[{resource}]: Invalid value: {}: {why}", quote(&text));
                let span = nearest_span(&document.root, &format!("spec.hard[{resource}]")).0;
                problems.list.push(Problem::at(document.at(span), title));
                sound = false;
            }
        }
    }
    let scopes = scopes(&value["spec"]);
    sound.then(|| Object::Quota(ResourceQuota { name, hard, scopes, used: ResourceList::new() }))
}

/// What is wrong with a limit (`ValidateResourceQuantityValue`).
fn complaint(resource: &str, text: &str, amount: Option<&Quantity>) -> Option<&'static str> {
    let amount = amount?;
    if amount.is_negative() {
        return Some("must be greater than or equal to 0");
    }
    let counted =
        COUNTED.iter().any(|known| resource == *known || (known.ends_with('/') && resource.starts_with(known)));
    let is_whole = i128::from(amount.milli_value()) == 1000 * i128::from(amount.value());
    (counted && !is_whole && !text.is_empty()).then_some("must be an integer")
}

fn quantity(value: &Json) -> (String, Option<Quantity>) {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let amount = Quantity::parse(&text).ok();
    (text, amount)
}

fn scopes(spec: &Json) -> Vec<Scope> {
    let plain = |name: &str| match name {
        "Terminating" => Some(Scope::Terminating(true)),
        "NotTerminating" => Some(Scope::Terminating(false)),
        "BestEffort" => Some(Scope::BestEffort(true)),
        "NotBestEffort" => Some(Scope::BestEffort(false)),
        "PriorityClass" => Some(Scope::PriorityClass(true, Vec::new())),
        "CrossNamespacePodAffinity" => Some(Scope::CrossNamespacePodAffinity),
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

/// A LimitRange with its defaults, or another object as it is (`SetDefaults_LimitRangeItem`).
pub(super) fn with_defaults(kind: &str, value: &Json) -> Json {
    let mut value = value.clone();
    let items = value["spec"]["limits"].as_array_mut().filter(|_| kind == "LimitRange");
    for item in items.into_iter().flatten().filter(|item| item["type"] == "Container") {
        // What has a maximum has a default, what has a default asks for as much.
        for (list, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
            fill_amounts(item, list, from);
        }
    }
    value
}

/// A LimitRange.
pub(super) fn limit_range(document: &Document, value: &Json, problems: &mut Problems) -> Option<Object> {
    let name = namespaced(document, value, problems)?;
    let value = &with_defaults("LimitRange", value);
    let list = |value: &Json| -> ResourceList {
        let amounts = value.as_object().into_iter().flatten();
        amounts.filter_map(|(name, amount)| Some((name.as_str().into(), quantity(amount).1?))).collect()
    };
    let item = |item: &Json| {
        let (min, max) = (list(&item["min"]), list(&item["max"]));
        let (default, default_request) = (list(&item["default"]), list(&item["defaultRequest"]));
        let kind: Arc<str> = item["type"].as_str().unwrap_or("").into();
        let max_limit_request_ratio = list(&item["maxLimitRequestRatio"]);
        LimitRangeItem { kind, default, default_request, min, max, max_limit_request_ratio }
    };
    let limits = value["spec"]["limits"].as_array().into_iter().flatten().map(item).collect();
    Some(Object::LimitRange(LimitRange { name, limits }))
}

/// Namespace and name.
pub(super) fn namespaced(document: &Document, value: &Json, problems: &mut Problems) -> Option<ObjectName> {
    let namespace = value["metadata"]["namespace"].as_str().filter(|namespace| !namespace.is_empty());
    Some(ObjectName::new(namespace.unwrap_or("default"), name(document, value, problems)?))
}
