//! Claims: the template of an ephemeral volume's (`ValidatePersistentVolumeClaimTemplate`), and the resource claims of a
//! pod (`validatePodResourceClaims`).

use std::collections::BTreeSet;

use super::{meta, names, one_of, quantity, resources, selector};
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::print_as;

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// Metadata that a template of a claim cannot have, as the error names it.
const OTHER_METADATA: [(&str, &str); 13] = [
    ("name", "name"),
    ("generateName", "generateName"),
    ("namespace", "namespace"),
    ("selfLink", "selfLink"),
    ("uid", "uID"),
    ("resourceVersion", "resourceVersion"),
    ("generation", "generation"),
    ("creationTimestamp", "creationTimestamp"),
    ("deletionTimestamp", "deletionTimestamp"),
    ("deletionGracePeriodSeconds", "deletionGracePeriodSeconds"),
    ("ownerReferences", "ownerReferences"),
    ("finalizers", "finalizers"),
    ("managedFields", "managedFields"),
];

/// Checks the source of an ephemeral volume.
pub(super) fn validate_ephemeral(source: &Field<'_>, errors: &mut Errors) {
    let template = source.get("volumeClaimTemplate");
    if !template.is_set() {
        return errors.required(&template, "");
    }
    let metadata = template.get("metadata");
    meta::annotations(&metadata.get("annotations"), errors);
    meta::labels(&metadata.get("labels"), errors);
    for (name, shown) in OTHER_METADATA {
        let value = &metadata.value[name];
        let zero = value.is_null() || value == "" || value == 0;
        if !zero {
            errors.forbidden(&metadata.path.child(shown), "cannot be set");
        }
    }
    claim_spec(&template.get("spec"), errors);
}

fn claim_spec(spec: &Field<'_>, errors: &mut Errors) {
    let modes = spec.get("accessModes");
    if modes.is_empty() {
        errors.required(&modes, "at least 1 access mode is required");
    }
    if spec.get("selector").is_set() {
        selector::validate(&spec.get("selector"), false, errors);
    }
    for mode in modes.items() {
        one_of(&mode.standing_at(modes.path.clone()), &ACCESS_MODES, errors);
    }
    let is_single = |mode: &str| mode == "ReadWriteOncePod";
    if modes.texts().any(is_single) && modes.texts().any(|mode| ACCESS_MODES.contains(&mode) && !is_single(mode)) {
        errors.forbidden(&modes, "may not use ReadWriteOncePod with other access modes");
    }
    storage_request(spec, errors);
    class_name(&spec.get("storageClassName"), errors);
    if spec.get("volumeMode").is_set() {
        one_of(&spec.get("volumeMode"), &["Block", "Filesystem"], errors);
    }
    data_sources(spec, errors);
    class_name(&spec.get("volumeAttributesClassName"), errors);
}

fn storage_request(spec: &Field<'_>, errors: &mut Errors) {
    let resources = spec.get("resources");
    let storage = resources.get("requests").get("storage").standing_at(resources.path.key("storage"));
    match quantity(&storage) {
        None => errors.required(&storage, ""),
        Some(amount) if amount.is_negative() || amount.is_zero() => {
            errors.invalid(&storage, amount.to_string(), "must be greater than zero");
        }
        Some(amount) => resources::validate_amount("storage", &amount, &storage, errors),
    }
}

fn class_name(name: &Field<'_>, errors: &mut Errors) {
    if !name.text().is_empty() {
        errors.each_invalid(name, name.text(), names::dns1123_subdomain(name.text()));
    }
}

fn data_sources(spec: &Field<'_>, errors: &mut Errors) {
    let (source, reference) = (spec.get("dataSource"), spec.get("dataSourceRef"));
    let namespace = reference.get("namespace");
    for object in [&source, &reference].into_iter().filter(|object| object.is_set()) {
        data_source(object, errors);
        if !namespace.text().is_empty() && std::ptr::eq(object, &reference) {
            errors.each_invalid(&namespace, namespace.text(), names::dns1123_label(namespace.text()));
        }
    }
    if !source.is_set() || !reference.is_set() {
        return;
    }
    let same = ["apiGroup", "kind", "name"].iter().all(|name| {
        let (a, b) = (source.get(name), reference.get(name));
        a.text() == b.text() && (*name != "apiGroup" || a.is_set() == b.is_set())
    });
    let problem = match (namespace.text().is_empty(), same) {
        (false, _) => "may not be specified when dataSourceRef.namespace is specified",
        (true, false) => "must match dataSourceRef",
        (true, true) => return,
    };
    // The value shown is a path, which Go prints as an empty struct.
    errors.invalid(spec, crate::apiserver::field::Shown::Plain("{}".to_owned()), problem);
}

fn data_source(object: &Field<'_>, errors: &mut Errors) {
    for name in ["name", "kind"] {
        if object.get(name).text().is_empty() {
            errors.required(&object.get(name), "");
        }
    }
    let (group, kind) = (object.get("apiGroup"), object.get("kind").text());
    if group.text().is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.invalid(object, kind, detail);
    }
    if !group.text().is_empty() {
        errors.each_invalid(&group, group.text(), names::dns1123_subdomain(group.text()));
    }
}

/// Checks `resourceClaims` of a pod.
pub(super) fn validate_resource_claims(claims: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.get("name");
        if name.text().is_empty() {
            errors.required(&name, "");
        } else if !seen.insert(name.text()) {
            errors.duplicate(&name, name.text());
        } else {
            errors.each_invalid(&name, name.text(), names::dns1123_label(name.text()));
        }
        let (of_claim, of_template) = (claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName"));
        let problem = match (of_claim.is_set(), of_template.is_set()) {
            (true, true) => Some("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"),
            (false, false) => Some("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"),
            _ => None,
        };
        if let Some(problem) = problem {
            errors.invalid(&claim, print_as("PodResourceClaim", claim.value), problem);
        }
        for name in [of_claim, of_template].into_iter().filter_map(Field::set) {
            errors.each_invalid(&name, name.text(), names::dns1123_subdomain(name.text()));
        }
    }
}
