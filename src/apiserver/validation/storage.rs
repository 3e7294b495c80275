//! Volume sources that name a storage system (`validateVolumeSource`).

use super::volumes::required;
use super::{names, one_of, paths};
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::print_as;

pub(super) fn git_repo(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["repository"], errors);
    let directory = source.get("directory");
    paths::local_descending(&directory, directory.text(), errors);
}

pub(super) fn gce_persistent_disk(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["pdName"], errors);
    partition(&source.get("partition"), errors);
}

pub(super) fn aws_elastic_block_store(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["volumeID"], errors);
    partition(&source.get("partition"), errors);
}

fn partition(partition: &Field<'_>, errors: &mut Errors) {
    if !(0..=255).contains(&partition.int()) {
        // 0 is allowed and means the whole volume; the message leaves that out.
        errors.invalid(partition, partition.int(), "must be between 1 and 255, inclusive");
    }
}

pub(super) fn nfs(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["server", "path"], errors);
    let path = source.get("path");
    if !path.text().starts_with('/') {
        errors.invalid(&path, path.text(), "must be an absolute path");
    }
}

pub(super) fn iscsi(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["targetPortal", "iqn"], errors);
    let (iqn, initiator) = (source.get("iqn"), source.get("initiatorName"));
    if !iqn.text().is_empty() {
        initiator_name(&iqn, errors);
    }
    let lun = source.get("lun");
    if let Some(problem) = names::in_range(lun.int(), 0, 255) {
        errors.invalid(&lun, lun.int(), problem);
    }
    let authenticates = source.get("chapAuthDiscovery").is_true() || source.get("chapAuthSession").is_true();
    if authenticates && !source.get("secretRef").is_set() {
        errors.required(&source.get("secretRef"), "");
    }
    if initiator.is_set() {
        initiator_name(&initiator.standing_at(source.path.child("initiatorname")), errors);
    }
}

fn initiator_name(name: &Field<'_>, errors: &mut Errors) {
    let id = |text: &str, length: usize| {
        // Any letter may follow the first three, though a dot is meant.
        let rest = text.chars().skip(4).collect::<String>();
        rest.len() == length && rest.bytes().all(|b| b.is_ascii_alphanumeric()) && !text[3..].starts_with('\n')
    };
    let text = name.text();
    let known = match text.get(..3) {
        Some("iqn") => is_iqn(text),
        Some("eui") => id(text, 16),
        Some("naa") => id(text, 32),
        _ => return errors.invalid(name, text, "must be valid format starting with iqn, eui, or naa"),
    };
    if !known {
        errors.invalid(name, text, "must be valid format");
    }
}

/// Holds it `iqn.YYYY-MM.` with a reversed domain, a colon and a name up to the end? The start may be anything.
fn is_iqn(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    text.match_indices("iqn.").any(|(at, _)| {
        let rest = &text[at + 4..];
        let date_is_known = rest.is_char_boundary(8)
            && rest.get(..8).is_some_and(|d| digits(&d[..4]) && &d[4..5] == "-" && digits(&d[5..7]) && &d[7..] == ".");
        let Some((domain, name)) = rest.get(8..).and_then(|rest| rest.split_once(':')) else { return false };
        date_is_known
            && !domain.is_empty()
            && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
            && !name.is_empty()
            && !name.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\u{c}'])
    })
}

/// With an initiator name, the names of volume and portal make one of limited length.
pub(super) fn iscsi_initiator_length(volume: &Field<'_>, source: &Field<'_>, errors: &mut Errors) {
    let name = volume.get("name");
    let length = name.text().len() + 1 + source.get("targetPortal").text().len();
    if source.get("initiatorName").is_set() && length > 64 {
        let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                      iscsi.initiatorName is specified.";
        errors.invalid(&name, name.text(), detail);
    }
}

pub(super) fn flocker(source: &Field<'_>, errors: &mut Errors) {
    let (name, uuid) = (source.get("datasetName"), source.get("datasetUUID"));
    match (name.text().is_empty(), uuid.text().is_empty()) {
        (true, true) => errors.required(source, "one of datasetName and datasetUUID is required"),
        (false, false) => {
            errors.invalid(source, "resource", "datasetName and datasetUUID can not be specified simultaneously");
        }
        _ => {}
    }
    if name.text().contains('/') {
        errors.invalid(&name, name.text(), "must not contain '/'");
    }
}

pub(super) fn cinder(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["volumeID"], errors);
    secret(&source.get("secretRef"), errors);
}

fn secret(secret: &Field<'_>, errors: &mut Errors) {
    if secret.is_set() {
        required(secret, &["name"], errors);
    }
}

pub(super) fn quobyte(source: &Field<'_>, errors: &mut Errors) {
    let (registry, tenant) = (source.get("registry"), source.get("tenant"));
    let pairs = "must be a host:port pair or multiple pairs separated by commas";
    if registry.text().is_empty() {
        errors.required(&registry, pairs);
    } else if tenant.text().len() >= 65 {
        errors.required(&tenant, "must be a UUID and may not exceed a length of 64 characters");
    } else {
        for _ in registry.text().split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.invalid(&registry, registry.text(), pairs);
        }
    }
    required(source, &["volume"], errors);
}

/// A host, which may be an address in brackets, a colon and a port (`net.SplitHostPort`).
fn is_host_and_port(pair: &str) -> bool {
    let plain = |part: &str| !part.contains([':', '[', ']']);
    match pair.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, port)) => plain(port) && !host.contains(['[', ']']),
        None => pair.split_once(':').is_some_and(|(host, port)| plain(host) && plain(port)),
    }
}

pub(super) fn fibre_channel(source: &Field<'_>, errors: &mut Errors) {
    let (wwns, ids, lun) = (source.get("targetWWNs"), source.get("wwids"), source.get("lun"));
    if wwns.is_empty() && ids.is_empty() {
        errors.required(&wwns, "must specify either targetWWNs or wwids, but not both");
    }
    if !wwns.is_empty() && !ids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.invalid(&wwns, print_as("[]string", wwns.value), detail);
    }
    if !wwns.is_empty() {
        if !lun.is_set() {
            errors.required(&lun, "lun is required if targetWWNs is specified");
        } else if let Some(problem) = names::in_range(lun.int(), 0, 255) {
            errors.invalid(&lun, lun.int(), problem);
        }
    }
}

pub(super) fn flex_volume(source: &Field<'_>, errors: &mut Errors) {
    required(source, &["driver"], errors);
    for (key, option) in source.get("options").entries() {
        let namespace = format!(".{}", key.split('/').next().unwrap_or("").to_lowercase());
        if namespace.ends_with(".kubernetes.io") || namespace.ends_with(".k8s.io") {
            errors.invalid(&option, key, "kubernetes.io and k8s.io namespaces are reserved");
        }
    }
}

pub(super) fn azure_disk(source: &Field<'_>, errors: &mut Errors) {
    const MANAGED: &str =
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    required(source, &["diskName", "diskURI"], errors);
    let (kind, uri) = (source.get("kind"), source.get("diskURI"));
    one_of(&source.get("cachingMode"), &["None", "ReadOnly", "ReadWrite"], errors);
    one_of(&kind, &["Dedicated", "Managed", "Shared"], errors);
    let (start, form) = if kind.text() == "Managed" { ("/subscriptions/", MANAGED) } else { ("https://", BLOB) };
    if !uri.text().starts_with(start) {
        errors.not_supported(&uri, uri.text(), &[form]);
    }
}

pub(super) fn storage_os(source: &Field<'_>, errors: &mut Errors) {
    let (name, namespace) = (source.get("volumeName"), source.get("volumeNamespace"));
    required(source, &["volumeName"], errors);
    for name in [name, namespace].into_iter().filter(|name| !name.text().is_empty()) {
        errors.each_invalid(&name, name.text(), names::dns1123_label(name.text()));
    }
    secret(&source.get("secretRef"), errors);
}

pub(super) fn csi(source: &Field<'_>, errors: &mut Errors) {
    let (driver, reference) = (source.get("driver"), source.get("nodePublishSecretRef"));
    required(source, &["driver"], errors);
    if !driver.text().is_empty() {
        if driver.text().len() > 63 {
            errors.too_long(&driver, 63);
        }
        errors.each_invalid(&driver, driver.text(), names::dns1123_subdomain(&driver.text().to_lowercase()));
    }
    let name = reference.get("name");
    secret(&reference, errors);
    if !name.text().is_empty() {
        errors.each_invalid(&source.get("name"), name.text(), names::dns1123_subdomain(name.text()));
    }
}
