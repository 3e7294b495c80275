//! Resource requests and limits (`ValidateContainerResourceRequirements`, `validatePodResources`).

use std::collections::{BTreeMap, BTreeSet};

use super::{Options, names, quantity};
use crate::api::quantity::Quantity;
use crate::apiserver::field::{Errors, Field, Place, Shown};

const OF_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const OF_PODS: [&str; 2] = ["cpu", "memory"];
const STANDARD: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// Whose resources they are: which names are allowed depends on it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Owner {
    /// A container, or the overhead of a pod.
    Container,
    /// The pod as a whole.
    Pod,
}

/// Checks requests, limits and claims.
pub(super) fn validate(
    resources: &Field<'_>,
    owner: Owner,
    claims: &BTreeSet<&str>,
    options: &Options,
    errors: &mut Errors,
) {
    let (limits, requests) = (resources.get("limits"), resources.get("requests"));
    for (name, limit) in limits.entries() {
        let Some(amount) = quantity(&limit) else { continue };
        resource(name, owner, &amount, &limit, errors);
        huge_pages(name, &amount, &limit, options, errors);
    }
    for (name, request) in requests.entries() {
        let Some(amount) = quantity(&request) else { continue };
        resource(name, owner, &amount, &request, errors);
        within_limit(name, &amount, &requests, &limits, errors);
        huge_pages(name, &amount, &request, options, errors);
    }
    let has = |wanted: fn(&str) -> bool| limits.entries().chain(requests.entries()).any(|(name, _)| wanted(name));
    if has(is_huge_page) && !has(|name| name == "cpu" || name == "memory") {
        errors.forbidden(resources, "HugePages require cpu or memory");
    }
    claim_names(&resources.get("claims"), claims, errors);
}

/// Checks limits alone, as the overhead of a pod is one.
pub(super) fn validate_overhead(overhead: &Field<'_>, options: &Options, errors: &mut Errors) {
    let limits = overhead.path.child("limits");
    for (name, amount) in overhead.entries() {
        let at = amount.standing_at(limits.key(name));
        let Some(amount) = quantity(&at) else { continue };
        resource(name, Owner::Container, &amount, &at, errors);
        huge_pages(name, &amount, &at, options, errors);
    }
    let has = |wanted: fn(&str) -> bool| overhead.entries().any(|(name, _)| wanted(name));
    if has(is_huge_page) && !has(|name| name == "cpu" || name == "memory") {
        errors.forbidden(overhead, "HugePages require cpu or memory");
    }
}

fn resource(name: &str, owner: Owner, amount: &Quantity, at: &Field<'_>, errors: &mut Errors) {
    match owner {
        Owner::Container => container_resource_name(name, at, errors),
        Owner::Pod => {
            if resource_name(name, at, errors) && !OF_PODS.contains(&name) && !is_huge_page(name) {
                errors.not_supported(at, Shown::word(name), &["cpu", "hugepages-", "memory"]);
            }
        }
    }
    validate_amount(name, amount, at, errors);
}

/// Can a container have it (`ValidateContainerResourceName`)?
pub(super) fn container_resource_name(name: &str, at: &Field<'_>, errors: &mut Errors) {
    resource_name(name, at, errors);
    if !name.contains('/') {
        if !OF_CONTAINERS.contains(&name) && !is_huge_page(name) {
            errors.invalid(at, Shown::word(name), "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(at, Shown::word(name), "doesn't follow extended resource name standard");
    }
}

/// Is it a name of a resource at all (`validateResourceName`)?
pub(super) fn resource_name(name: &str, at: &Field<'_>, errors: &mut Errors) -> bool {
    let messages = names::label_key(name);
    let standard = STANDARD.contains(&name) || is_quota_huge_page(name);
    let sound = messages.is_empty();
    for message in messages {
        errors.invalid(at, Shown::word(name), message);
    }
    if sound && !name.contains('/') && !standard {
        errors.invalid(at, Shown::word(name), "must be a standard resource type or fully qualified");
        return false;
    }
    sound
}

/// Does the server's quota controller know it (`IsStandardQuotaResourceName`)?
pub(super) fn is_quota_resource(name: &str) -> bool {
    (STANDARD.contains(&name) && name != "storage") || is_quota_huge_page(name)
}

fn is_quota_huge_page(name: &str) -> bool {
    is_huge_page(name) || name.starts_with("requests.hugepages-")
}

/// Not negative, and whole where the resource comes in pieces (`ValidateResourceQuantityValue`).
pub(super) fn validate_amount(name: &str, amount: &Quantity, at: &impl Place, errors: &mut Errors) {
    if amount.is_negative() {
        errors.invalid(at, amount.to_string(), "must be greater than or equal to 0");
    }
    if (COUNTED.contains(&name) || is_extended(name)) && amount.milli_value() % 1000 != 0 {
        errors.invalid(at, Shown::word(&amount.to_string()), "must be an integer");
    }
}

fn within_limit(name: &str, request: &Quantity, requests: &Field<'_>, limits: &Field<'_>, errors: &mut Errors) {
    let limit = limits.value.get(name).map(|value| Field { value, path: limits.path.clone() });
    match limit.as_ref().and_then(quantity) {
        None if !can_overcommit(name) => {
            errors.required(limits, "Limit must be set for non overcommitable resources");
        }
        None => {}
        Some(limit) => {
            let relation = match request.cmp(&limit) {
                std::cmp::Ordering::Equal => return,
                _ if !can_overcommit(name) => "equal to",
                std::cmp::Ordering::Greater => "less than or equal to",
                std::cmp::Ordering::Less => return,
            };
            errors.invalid(requests, request.to_string(), format!("must be {relation} {name} limit of {limit}"));
        }
    }
}

fn huge_pages(name: &str, amount: &Quantity, at: &Field<'_>, options: &Options, errors: &mut Errors) {
    if is_huge_page(name) && !options.allow_indivisible_huge_pages && !is_divisible(name, amount) {
        errors.invalid(at, amount.to_string(), format!("{amount} is not positive integer multiple of {name}"));
    }
}

/// Is the amount a multiple of the page size in the resource's name (`IsHugePageResourceValueDivisible`)?
pub(super) fn is_divisible(name: &str, amount: &Quantity) -> bool {
    let size = name.strip_prefix("hugepages-").and_then(|size| Quantity::parse(size).ok());
    let size = size.filter(|size| !size.is_negative() && !size.is_zero() && size.milli_value() % 1000 == 0);
    size.is_some_and(|size| amount.value().checked_rem(size.value()) == Some(0))
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Can more of it be promised than there is (`IsOvercommitAllowed`)?
pub(super) fn can_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::label_key(&format!("requests.{name}")).is_empty()
}

fn claim_names(claims: &Field<'_>, of_pod: &BTreeSet<&str>, errors: &mut Errors) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for claim in claims.items() {
        let (name, request) = (claim.get("name").text(), claim.get("request"));
        if name.is_empty() {
            errors.required(&claim, "");
            continue;
        }
        if seen.contains(name) {
            errors.duplicate(&claim, name);
        } else {
            let mut key = name.to_owned();
            if !request.text().is_empty() {
                errors.each_invalid(&request, request.text(), names::dns1123_label(request.text()));
                key = format!("{name}/{}", request.text());
            }
            if seen.contains(&key) {
                errors.duplicate(&claim, key.as_str());
            } else if request.text().is_empty() {
                for _ in seen.iter().filter(|key| key.split_once('/').is_some_and(|(first, _)| first == name)) {
                    errors.duplicate(&claim, name);
                }
            }
            seen.insert(key);
        }
        if !of_pod.contains(name) {
            let all: Vec<&str> = of_pod.iter().copied().collect();
            let known = if all.is_empty() { " which is empty".to_owned() } else { format!(": {}", all.join(", ")) };
            errors.not_found_because(
                &claim,
                name,
                format!("must be one of the names in pod.spec.resourceClaims{known}"),
            );
        }
    }
}

/// Units in which a variable or file shows a resource (`validateContainerResourceDivisor`).
pub(super) fn validate_divisor(divisor: &Field<'_>, resource: &str, errors: &mut Errors) {
    const BYTES: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let Some(amount) = quantity(divisor).filter(|amount| !amount.is_zero()) else { return };
    let (units, what): (&[&str], &str) = match resource.split_once('.') {
        Some(("limits" | "requests", "cpu")) => (&["1m", "1"], "cpu"),
        Some(("limits" | "requests", "memory")) => (&BYTES, "memory"),
        Some(("limits" | "requests", "ephemeral-storage")) => (&BYTES, "local ephemeral storage"),
        Some(("limits" | "requests", name)) if is_huge_page(name) => (&BYTES, "hugepages"),
        _ => return,
    };
    if !units.contains(&amount.to_string().as_str()) {
        let joined = if what == "cpu" { "1m and 1".to_owned() } else { units.join(", ") };
        let detail = format!("only divisor's values {joined} are supported with the {what} resource");
        errors.invalid(divisor, resource, detail);
    }
}

/// Checks the resources of the pod as a whole, and that those of its containers fit (`validatePodResources`).
pub(super) fn validate_pod(pod: &Field<'_>, claims: &BTreeSet<&str>, options: &Options, errors: &mut Errors) {
    let Some(resources) = pod.get("resources").set() else { return };
    if pod.get("os").get("name").text() == "windows" {
        return errors.forbidden(&resources, "may not be set for a windows pod");
    }
    if resources.get("claims").is_set() {
        errors.forbidden(&resources.get("claims"), "claims may not be set for Resources at pod-level");
    }
    validate(&resources, Owner::Pod, claims, options, errors);
    let (requests, limits) = (resources.get("requests"), resources.get("limits"));
    for (name, sum) in aggregate(pod, "requests") {
        if let Some((request, amount)) = entry(&requests, &name).filter(|(_, amount)| sum > *amount) {
            let detail = format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.invalid(&request, amount.to_string(), detail);
        }
    }
    for (name, sum) in aggregate(pod, "limits").into_iter().filter(|(name, _)| is_huge_page(name)) {
        if let Some((limit, amount)) = entry(&limits, &name).filter(|(_, amount)| sum > *amount) {
            let detail = format!("must be greater than or equal to aggregate container limits of {sum}");
            errors.invalid(&limit, amount.to_string(), detail);
        }
    }
    for (i, container) in pod.get("containers").items().enumerate() {
        for (name, limit) in container.get("resources").get("limits").entries() {
            let of_pod = entry(&limits, name).map(|(_, amount)| amount);
            let Some((limit, of_pod)) = quantity(&limit).zip(of_pod).filter(|(limit, of_pod)| limit > of_pod) else {
                continue;
            };
            let at = resources.path.child("containers").index(i).key(name).child("limits");
            errors.invalid(&at, limit.to_string(), format!("must be less than or equal to pod limits of {of_pod}"));
        }
    }
}

fn entry<'v>(list: &Field<'v>, name: &str) -> Option<(Field<'v>, Quantity)> {
    let field = Field { value: list.value.get(name)?, path: list.path.key(name) };
    let amount = quantity(&field)?;
    Some((field, amount))
}

/// What the containers ask for together: the sum of those that run side by side, or what an init container needs while
/// the sidecars before it run (`AggregateContainerRequests`).
fn aggregate(pod: &Field<'_>, list: &'static str) -> BTreeMap<String, Quantity> {
    let amounts = |container: &Field<'_>| -> Vec<(String, Quantity)> {
        let entries = container.get("resources").get(list).entries();
        entries.filter_map(|(name, field)| Some((name.to_owned(), quantity(&field)?))).collect()
    };
    let mut sum: BTreeMap<String, Quantity> = BTreeMap::new();
    let add = |sum: &mut BTreeMap<String, Quantity>, amounts: Vec<(String, Quantity)>| {
        for (name, amount) in amounts {
            let total = sum.get(&name).map_or_else(|| amount.clone(), |total| total.add(&amount));
            sum.insert(name, total);
        }
    };
    for container in pod.get("containers").items() {
        add(&mut sum, amounts(&container));
    }
    let (mut sidecars, mut most) = (BTreeMap::new(), BTreeMap::<String, Quantity>::new());
    for container in pod.get("initContainers").items() {
        let own = amounts(&container);
        let together = if container.get("restartPolicy").text() == "Always" {
            add(&mut sum, own.clone());
            add(&mut sidecars, own);
            sidecars.clone()
        } else {
            let mut together = sidecars.clone();
            add(&mut together, own);
            together
        };
        for (name, amount) in together {
            if most.get(&name).is_none_or(|most| amount > *most) {
                most.insert(name, amount);
            }
        }
    }
    for (name, amount) in most {
        if sum.get(&name).is_none_or(|sum| amount > *sum) {
            sum.insert(name, amount);
        }
    }
    sum
}
