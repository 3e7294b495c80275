//! The pod template (`ValidatePodTemplateSpec`), and the annotations that mean something in it.

use super::{Options, containers, meta, paths, pod_spec, scheduling};
use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field, Path};

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const MIRROR: &str = "kubernetes.io/config.mirror";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";

/// Checks a pod template.
pub(super) fn validate(template: &Field<'_>, options: &Options, errors: &mut Errors) {
    // The server leaves `metadata` out of these two paths.
    let labels = template.get("metadata").get("labels").standing_at(template.path.child("labels"));
    let annotations = template.get("metadata").get("annotations").standing_at(template.path.child("annotations"));
    let spec = template.get("spec");
    meta::labels(&labels, errors);
    meta::annotations(&annotations, errors);
    pod_annotations(&annotations, &spec, options, errors);
    pod_spec::validate(&spec, options, errors);
    seccomp_matches(&annotations, &spec, errors);
    app_armor_matches(&annotations, &spec, errors);
    let ephemeral = spec.get("ephemeralContainers");
    if !ephemeral.is_empty() {
        errors.forbidden(&ephemeral, "ephemeral containers not allowed in pod template");
    }
}

/// Checks a pod but for its metadata (`ValidatePodCreate`).
pub(super) fn validate_pod(pod: &Field<'_>, options: &Options, errors: &mut Errors) {
    let (annotations, spec) = (pod.get("metadata").get("annotations"), pod.get("spec"));
    pod_annotations(&annotations, &spec, options, errors);
    pod_spec::validate(&spec, options, errors);
    for image in
        ["containers", "initContainers"].into_iter().flat_map(|list| spec.get(list).items()).map(|c| c.get("image"))
    {
        containers::no_blanks_around(&image, errors);
    }
    let (ephemeral, node) = (spec.get("ephemeralContainers"), spec.get("nodeName"));
    if !ephemeral.is_empty() {
        errors.forbidden(&ephemeral, "cannot be set on create");
    }
    if !node.is_empty() && !spec.get("schedulingGates").is_empty() {
        errors.forbidden(&node, "cannot be set until all schedulingGates have been cleared");
    }
    seccomp_matches(&annotations, &spec, errors);
    app_armor_matches(&annotations, &spec, errors);
}

/// Checks annotations that are settings in disguise (`ValidatePodSpecificAnnotations`).
fn pod_annotations(annotations: &Field<'_>, spec: &Field<'_>, options: &Options, errors: &mut Errors) {
    let annotation = |key: &str| annotations.value.get(key).map(|value| value.as_str().unwrap_or(""));
    if let Some(value) = annotation(MIRROR).filter(|_| spec.get("nodeName").text().is_empty()) {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.invalid(&annotations.path.key(MIRROR), value, detail);
    }
    if let Some(list) = annotation(TOLERATIONS).and_then(|json| serde_json::from_str(json).ok()) {
        let list = Field { value: &list, path: annotations.path.child(TOLERATIONS) };
        scheduling::validate_tolerations(&list, options, errors);
    }
    if let Some(cost) = annotation(DELETION_COST).filter(|cost| !options.allow_invalid_deletion_cost && !is_cost(cost))
    {
        errors.invalid(&annotations.path.key(DELETION_COST), cost, "must be a 32bit integer");
    }
    if let Some(profile) = annotation(SECCOMP_POD) {
        seccomp_profile(&annotations.path.child(SECCOMP_POD), profile, errors);
    }
    for (key, value) in annotations.entries() {
        if key.starts_with(SECCOMP_CONTAINER) {
            seccomp_profile(&annotations.path.named(key), value.text(), errors);
        }
    }
    for (key, value) in annotations.entries() {
        let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
        if !containers(spec).any(|container| container.get("name").text() == name) {
            errors.invalid(&value, name, "container not found");
        }
        let profile = value.text();
        if !matches!(profile, "" | "runtime/default" | "unconfined") && !profile.starts_with("localhost/") {
            errors.invalid(&value, profile, format!("invalid AppArmor profile name: {}", quote(profile)));
        }
    }
}

/// A 32 bit number without leading zeros or plus sign (`GetDeletionCostFromPodAnnotations`).
pub(super) fn is_cost(cost: &str) -> bool {
    let first = cost.as_bytes().first();
    let sound = |b: u8| b == b'-' || (b'1'..=b'9').contains(&b) || (b == b'0' && cost == "0");
    first.is_some_and(|&b| sound(b)) && cost.parse::<i32>().is_ok()
}

/// The cost of the old template as an update sees it.
pub(super) fn has_invalid_deletion_cost(template: &Field<'_>) -> bool {
    let cost = &template.get("metadata").get("annotations").value[DELETION_COST];
    cost.as_str().is_some_and(|cost| !is_cost(cost))
}

fn seccomp_profile(at: &Path, profile: &str, errors: &mut Errors) {
    match profile.strip_prefix("localhost/") {
        _ if matches!(profile, "runtime/default" | "docker/default" | "unconfined") => {}
        Some(file) => paths::local_descending(at, file, errors),
        None => errors.invalid(at, profile, "must be a valid seccomp profile"),
    }
}

/// Field and annotation of old must say the same (`validateSeccompAnnotationsAndFields`).
fn seccomp_matches(annotations: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let annotation = |key: &str| annotations.value.get(key).map(|value| value.as_str().unwrap_or(""));
    fn own<'v>(owner: &Field<'v>) -> Field<'v> {
        owner.get("securityContext").get("seccompProfile")
    }
    let mut check = |profile: Field<'_>, written: Option<&str>| {
        if let Some(written) = written.filter(|_| profile.is_set()) {
            profile_matches(&profile, written, "seccomp", &["runtime/default", "docker/default"], errors);
        }
    };
    check(own(spec), annotation(SECCOMP_POD));
    for container in containers(spec) {
        check(own(&container), annotation(&format!("{SECCOMP_CONTAINER}{}", container.get("name").text())));
    }
}

/// The same for AppArmor; a container without a profile has the pod's.
fn app_armor_matches(annotations: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    if spec.get("os").get("name").text() == "windows" {
        return;
    }
    let of_pod = spec.get("securityContext").get("appArmorProfile");
    for container in containers(spec) {
        let own = container.get("securityContext").get("appArmorProfile");
        let profile = if own.is_set() { own.clone() } else { of_pod.clone() }.standing_at(own.path);
        let key = format!("{APP_ARMOR}{}", container.get("name").text());
        if let Some(written) = annotations.value.get(&key).filter(|_| profile.is_set()) {
            profile_matches(&profile, written.as_str().unwrap_or(""), "apparmor", &["runtime/default"], errors);
        }
    }
}

fn profile_matches(profile: &Field<'_>, written: &str, what: &str, default: &[&str], errors: &mut Errors) {
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    let same = match kind.text() {
        "Unconfined" => written == "unconfined",
        "RuntimeDefault" => default.contains(&written),
        "Localhost" => written.starts_with("localhost/"),
        _ => true,
    };
    let written_file = written.strip_prefix("localhost/").filter(|_| kind.text() == "Localhost");
    if !same {
        errors.forbidden(&kind, format!("{what} type in annotation and field must match"));
    } else if written_file.is_some_and(|written| !file.is_set() || written != file.text()) {
        errors.forbidden(&file, format!("{what} profile in annotation and field must match"));
    }
}
