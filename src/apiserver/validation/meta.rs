//! `metadata` of any object: names, labels, annotations, owners, finalizers (`api/validation/objectmeta.go`).

use super::names;
use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::{equal_as, print_as};

const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// Checks the metadata of a new object whose name must be a DNS subdomain (`ValidateObjectMeta`).
pub(super) fn validate(meta: &Field<'_>, errors: &mut Errors) {
    let generated = meta.get("generateName");
    if !generated.text().is_empty() {
        let messages = names::dns1123_subdomain(&names::masked_trailing_dash(generated.text()));
        errors.each_invalid(&generated, generated.text(), messages);
    }
    let name = meta.get("name");
    if name.text().is_empty() {
        errors.required(&name, "name or generateName is required");
    } else {
        errors.each_invalid(&name, name.text(), names::dns1123_subdomain(name.text()));
    }
    common(meta, errors);
    kube_finalizers(meta, errors);
}

/// Checks what a name may hold as part of a URL, when there is no stricter rule (`validatePathSegment`).
pub(super) fn validate_as_path_segment(meta: &Field<'_>, errors: &mut Errors) {
    let name = meta.get("name");
    let generated = meta.get("generateName");
    errors.each_invalid(&generated, generated.text(), path_segment_prefix(generated.text()));
    match name.text() {
        "" => errors.required(&name, "name or generateName is required"),
        "." | ".." => errors.invalid(&name, name.text(), format!("may not be '{}'", name.text())),
        text => errors.each_invalid(&name, text, path_segment_prefix(text)),
    }
    common(meta, errors);
}

fn path_segment_prefix(name: &str) -> Vec<String> {
    let unwanted = ["/", "%"].into_iter().filter(|unwanted| name.contains(unwanted));
    unwanted.map(|unwanted| format!("may not contain '{unwanted}'")).collect()
}

fn common(meta: &Field<'_>, errors: &mut Errors) {
    let namespace = meta.get("namespace");
    if namespace.text().is_empty() {
        errors.required(&namespace, "");
    } else {
        errors.each_invalid(&namespace, namespace.text(), names::dns1123_label(namespace.text()));
    }
    super::nonnegative(&meta.get("generation"), errors);
    labels(&meta.get("labels"), errors);
    annotations(&meta.get("annotations"), errors);
    owner_references(&meta.get("ownerReferences"), errors);
    finalizers(&meta.get("finalizers"), errors);
}

/// Checks the metadata of a changed object (`ValidateObjectMetaUpdate`).
pub(super) fn validate_update(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    if old.get("deletionTimestamp").is_set() {
        no_new_finalizers(&new.get("finalizers"), &old.get("finalizers"), errors);
    }
    let version = new.get("resourceVersion");
    if version.text().is_empty() {
        errors.invalid(&version, "", "must be specified for an update");
    }
    super::nonnegative(&new.get("generation"), errors);
    if new.get("generation").int() < old.get("generation").int() {
        errors.invalid(&new.get("generation"), new.get("generation").int(), "must not be decremented");
    }
    for (name, shape) in [
        ("name", "string"),
        ("namespace", "string"),
        ("uid", "string"),
        ("creationTimestamp", "Time"),
        ("deletionTimestamp", "*Time"),
        ("deletionGracePeriodSeconds", "*int64"),
    ] {
        immutable(&new.get(name), &old.get(name), shape, errors);
    }
    labels(&new.get("labels"), errors);
    annotations(&new.get("annotations"), errors);
    owner_references(&new.get("ownerReferences"), errors);
}

/// Refuses any change of a field whose type is `shape` in the schema's notation (`ValidateImmutableField`).
pub(super) fn immutable(new: &Field<'_>, old: &Field<'_>, shape: &str, errors: &mut Errors) {
    if !equal_as(shape, new.value, old.value) {
        errors.invalid(new, print_as(shape, new.value), "field is immutable");
    }
}

/// Checks keys and values of a set of labels (`ValidateLabels`); errors name the set, not the label.
pub(super) fn labels(labels: &Field<'_>, errors: &mut Errors) {
    for (key, value) in labels.entries() {
        errors.each_invalid(labels, key, names::label_key(key));
        errors.each_invalid(labels, value.text(), names::label_value(value.text()));
    }
}

/// Checks keys and size of a set of annotations (`ValidateAnnotations`).
pub(super) fn annotations(annotations: &Field<'_>, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in annotations.entries() {
        // Case is of no matter here, alone among the names.
        errors.each_invalid(annotations, key, names::label_key(&key.to_lowercase()));
        size += key.len() + value.text().len();
    }
    if size > ANNOTATIONS_LIMIT {
        errors.too_long(annotations, ANNOTATIONS_LIMIT);
    }
}

/// Checks annotations whose keys must have a domain (`ValidateUserAnnotations`).
pub(super) fn user_annotations(annotations: &Field<'_>, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in annotations.entries() {
        let key = key.to_lowercase();
        let messages = names::label_key(&key);
        if key.is_empty() {
            errors.required(annotations, "");
        } else if messages.is_empty() && !key.contains('/') {
            errors.invalid(annotations, key.as_str(), "must be a domain-prefixed key (such as \"acme.io/foo\")");
        } else {
            errors.each_invalid(annotations, &key, messages);
        }
        size += key.len() + value.text().len();
    }
    if size > ANNOTATIONS_LIMIT {
        errors.too_long(annotations, ANNOTATIONS_LIMIT);
    }
}

fn owner_references(owners: &Field<'_>, errors: &mut Errors) {
    let mut controller: Option<String> = None;
    for owner in owners.items() {
        owner_reference(&owner, errors);
        if !owner.get("controller").is_true() {
            continue;
        }
        let name = format!("{}/{}", owner.get("kind").text(), owner.get("name").text());
        match &controller {
            None => controller = Some(name),
            Some(first) => {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                );
                errors.invalid(owners, print_as("[]OwnerReference", owners.value), detail);
            }
        }
    }
}

fn owner_reference(owner: &Field<'_>, errors: &mut Errors) {
    let version = owner.get("apiVersion");
    let parts = version.text().split('/').count();
    let is_empty = version.text().rsplit('/').next() == Some("");
    if version.text().is_empty() {
        errors.required(&version, "must not be empty");
    } else if parts > 2 || (is_empty && version.text() != "/") || version.text() == "/" {
        errors.invalid(&version, version.text(), "must be <group>/<version> or <version>");
    }
    for name in ["kind", "name", "uid"] {
        if owner.get(name).text().is_empty() {
            errors.required(&owner.get(name), "must not be empty");
        }
    }
    if version.text() == "v1" && owner.get("kind").text() == "Event" {
        let detail = "/v1, Kind=Event is disallowed from being an owner";
        errors.invalid(owner, print_as("OwnerReference", owner.value), detail);
    }
}

/// Checks each finalizer's name once more, by the rule of the core types (`validateKubeFinalizerName`).
pub(super) fn kube_finalizers(meta: &Field<'_>, errors: &mut Errors) {
    for finalizer in meta.get("finalizers").items() {
        let name = finalizer.text();
        let standard = ["kubernetes", "orphan", "foregroundDeletion"].contains(&name);
        if !name.contains('/') && !standard {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&finalizer, name, detail);
        }
    }
}

fn finalizers(finalizers: &Field<'_>, errors: &mut Errors) {
    for finalizer in finalizers.texts() {
        errors.each_invalid(finalizers, finalizer, names::label_key(finalizer));
    }
    let has = |name: &str| finalizers.texts().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.invalid(finalizers, print_as("[]string", finalizers.value), detail);
    }
}

fn no_new_finalizers(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let mut extra: Vec<&str> = new.texts().filter(|name| !old.texts().any(|old| old == *name)).collect();
    extra.sort_unstable();
    extra.dedup();
    if !extra.is_empty() {
        let names: Vec<String> = extra.iter().map(|name| quote(name)).collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            names.join(", ")
        );
        errors.forbidden(new, detail);
    }
}
