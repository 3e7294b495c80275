//! Environment variables of containers (`ValidateEnv`, `ValidateEnvFrom`), and the references to fields, resources, keys
//! and files that volumes share with them.

use std::collections::BTreeMap;

use super::{names, paths, resources};
use crate::apiserver::field::{Errors, Field};

const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// What the downward API knows of a pod at all (`ConvertDownwardAPIFieldLabel`).
const FIELDS: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Checks `env` of a container.
pub(super) fn validate(env: &Field<'_>, errors: &mut Errors) {
    for variable in env.items() {
        let name = variable.get("name");
        if name.text().is_empty() {
            errors.required(&name, "");
        }
        errors.each_invalid(&name, name.text(), names::env_var_name(name.text()));
        if let Some(source) = variable.get("valueFrom").set() {
            value_from(&source, !variable.get("value").text().is_empty(), errors);
        }
    }
}

fn value_from(source: &Field<'_>, has_value: bool, errors: &mut Errors) {
    let mut sources = 0;
    let mut given = |name: &'static str| source.get(name).set().inspect(|_| sources += 1);
    if let Some(field) = given("fieldRef") {
        object_field(&field, &ENV_FIELDS, errors);
    }
    if let Some(resource) = given("resourceFieldRef") {
        resource_field(&resource, false, errors);
    }
    for name in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(selector) = given(name) {
            key_selector(&selector, errors);
        }
    }
    if let Some(file) = given("fileKeyRef") {
        file_key(&file, errors);
    }
    let problem = match sources {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if has_value => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.invalid(source, "", problem);
}

/// A reference to a field of the pod (`validateObjectFieldSelector`).
pub(super) fn object_field(reference: &Field<'_>, supported: &[&str], errors: &mut Errors) {
    let (version, path) = (reference.get("apiVersion"), reference.get("fieldPath"));
    for required in [&version, &path] {
        if required.text().is_empty() {
            return errors.required(required, "");
        }
    }
    let mut refuse =
        |problem: String| errors.invalid(&path, path.text(), format!("error converting fieldPath: {problem}"));
    if version.text() != "v1" {
        return refuse(format!("unsupported pod version: {}", version.text()));
    }
    if let Some((map, key)) = subscripted(path.text()) {
        return match map {
            "metadata.annotations" => {
                errors.each_invalid(reference, &key.to_lowercase(), names::label_key(&key.to_lowercase()))
            }
            "metadata.labels" => errors.each_invalid(reference, key, names::label_key(key)),
            _ => refuse(format!("field label does not support subscript: {}", path.text())),
        };
    }
    // The name of a field of old.
    let name = if path.text() == "spec.host" { "spec.nodeName" } else { path.text() };
    if !FIELDS.contains(&name) {
        return refuse(format!("field label not supported: {name}"));
    }
    if !supported.contains(&name) {
        errors.not_supported(&path, name, supported);
    }
}

/// `metadata.labels['key']` as path and key (`SplitMaybeSubscriptedPath`).
fn subscripted(path: &str) -> Option<(&str, &str)> {
    let (map, key) = path.strip_suffix("']")?.split_once("['")?;
    (!map.is_empty()).then_some((map, key))
}

/// A reference to a resource of a container (`validateContainerResourceFieldSelector`); in a volume it must say which.
pub(super) fn resource_field(reference: &Field<'_>, in_volume: bool, errors: &mut Errors) {
    let (container, resource) = (reference.get("containerName"), reference.get("resource"));
    let name = resource.text();
    let is_huge_page = name.starts_with("requests.hugepages-") || name.starts_with("limits.hugepages-");
    if in_volume && container.text().is_empty() {
        errors.required(&container, "");
    } else if name.is_empty() {
        errors.required(&resource, "");
    } else if !RESOURCES.contains(&name) && !is_huge_page {
        errors.not_supported(&resource, name, &RESOURCES);
    }
    resources::validate_divisor(&reference.get("divisor"), name, errors);
}

fn key_selector(selector: &Field<'_>, errors: &mut Errors) {
    let (name, key) = (selector.get("name"), selector.get("key"));
    errors.each_invalid(&name, name.text(), names::dns1123_subdomain(name.text()));
    if key.text().is_empty() {
        errors.required(&key, "");
    } else {
        errors.each_invalid(&key, key.text(), names::config_map_key(key.text()));
    }
}

fn file_key(reference: &Field<'_>, errors: &mut Errors) {
    let (key, volume, path) = (reference.get("key"), reference.get("volumeName"), reference.get("path"));
    if key.text().is_empty() {
        errors.required(&key, "");
    } else {
        errors.each_invalid(&key, key.text(), names::env_var_name(key.text()));
    }
    if volume.text().is_empty() {
        errors.required(&volume, "");
    } else {
        errors.each_invalid(&volume, volume.text(), names::dns1123_label(volume.text()));
    }
    if path.text().is_empty() {
        errors.required(&path, "");
    } else {
        paths::no_backsteps(&path, path.text(), errors);
    }
}

/// Checks `envFrom` of a container.
pub(super) fn validate_from(sources: &Field<'_>, errors: &mut Errors) {
    for source in sources.items() {
        let prefix = source.get("prefix");
        errors.each_invalid(&prefix, prefix.text(), names::env_var_name(prefix.text()));
        let mut count = 0;
        for reference in [source.get("configMapRef"), source.get("secretRef")].into_iter().filter_map(Field::set) {
            count += 1;
            let name = reference.get("name");
            if name.text().is_empty() {
                errors.required(&name, "");
            } else {
                // Checked as the start of a generated name, which may end in a dash.
                let messages = names::dns1123_subdomain(&names::masked_trailing_dash(name.text()));
                errors.each_invalid(&name, name.text(), messages);
            }
        }
        match count {
            0 => errors.invalid(sources, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => errors.invalid(sources, "", "may not have more than one field specified at a time"),
        }
    }
}

/// A variable read from a file needs an emptyDir volume to hold it (`validateFileKeyRefVolumes`).
pub(super) fn file_key_volumes(pod: &Field<'_>, errors: &mut Errors) {
    let sources: BTreeMap<&str, Field<'_>> =
        pod.get("volumes").items().map(|volume| (volume.get("name").text(), volume)).collect();
    for variable in super::containers(pod).flat_map(|container| container.get("env").items()) {
        let reference = variable.get("valueFrom").get("fileKeyRef");
        let volume = reference.get("volumeName");
        if !reference.is_set() {
            continue;
        }
        match sources.get(volume.text()) {
            None => errors.not_found(&volume, volume.text()),
            Some(source) if !source.get("emptyDir").is_set() => {
                errors.invalid(&volume, volume.text(), "referenced volume must be of type emptyDir");
            }
            Some(_) => {}
        }
    }
}
