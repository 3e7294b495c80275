//! Mounts of volumes into containers, as files or as devices (`ValidateVolumeMounts`, `ValidateVolumeDevices`).

use std::collections::{BTreeMap, BTreeSet};

use super::volumes::Volumes;
use super::{one_of, paths};
use crate::apiserver::field::{Errors, Field};

/// Checks `volumeMounts` of a container.
pub(super) fn validate(container: &Field<'_>, volumes: &Volumes<'_>, errors: &mut Errors) {
    let mounts = container.get("volumeMounts");
    let by_device = Taken::of(&container.get("volumeDevices"), "devicePath");
    let mut taken = BTreeSet::new();
    for mount in mounts.items() {
        let (name, path) = (mount.get("name"), mount.get("mountPath"));
        if name.text().is_empty() {
            errors.required(&name, "");
        }
        if !volumes.contains_key(name.text()) {
            errors.not_found(&name, name.text());
        }
        if path.text().is_empty() {
            errors.required(&path, "");
        }
        if !taken.insert(path.text()) {
            errors.invalid(&path, path.text(), "must be unique");
        }
        if by_device.names.contains(name.text()) {
            errors.invalid(&name, name.text(), "must not already exist in volumeDevices");
        }
        if by_device.paths.contains(path.text()) {
            errors.invalid(&path, path.text(), "must not already exist as a path in volumeDevices");
        }
        options(&mount, &mounts, container, errors);
    }
}

/// Sub-path, propagation and such; the server names these fields without the index of the mount.
fn options(mount: &Field<'_>, mounts: &Field<'_>, container: &Field<'_>, errors: &mut Errors) {
    let (sub_path, expression) = (mount.get("subPath").text(), mount.get("subPathExpr"));
    if !sub_path.is_empty() {
        paths::local_descending(&mounts.path.child("subPath"), sub_path, errors);
    }
    if !expression.text().is_empty() {
        if !sub_path.is_empty() {
            errors.invalid(&expression, expression.text(), "subPathExpr and subPath are mutually exclusive");
        }
        paths::local_descending(&mounts.path.child("subPathExpr"), expression.text(), errors);
    }
    let propagation = mount.get("mountPropagation").standing_at(mounts.path.child("mountPropagation"));
    if propagation.is_set() {
        one_of(&propagation, &["Bidirectional", "HostToContainer", "None"], errors);
        let privileged = container.get("securityContext").get("privileged").is_true();
        if propagation.text() == "Bidirectional" && !privileged {
            let detail = "Bidirectional mount propagation is available only to privileged containers";
            errors.forbidden(&propagation, detail);
        }
    }
    let recursive = mount.get("recursiveReadOnly").standing_at(mounts.path.child("recursiveReadOnly"));
    match recursive.text() {
        _ if !recursive.is_set() => {}
        "Enabled" | "IfPossible" => {
            if !mount.get("readOnly").is_true() {
                errors.forbidden(&recursive, "may only be specified when readOnly is true");
            }
            if propagation.is_set() && propagation.text() != "None" {
                errors.forbidden(&recursive, "may only be specified when mountPropagation is None or not specified");
            }
        }
        _ => one_of(&recursive, &["Disabled", "Enabled", "IfPossible"], errors),
    }
}

/// Checks `volumeDevices` of a container.
pub(super) fn validate_devices(container: &Field<'_>, volumes: &Volumes<'_>, errors: &mut Errors) {
    let devices = container.get("volumeDevices");
    let by_mount = Taken::of(&container.get("volumeMounts"), "mountPath");
    let (mut names, mut device_paths) = (BTreeSet::new(), BTreeSet::new());
    for device in devices.items() {
        let (name, path) = (device.get("name"), device.get("devicePath"));
        let volume = volumes.get(name.text());
        let is_claim = |v: &Field<'_>| v.get("persistentVolumeClaim").is_set() || v.get("ephemeral").is_set();
        if name.text().is_empty() {
            errors.required(&name, "");
        }
        if names.contains(name.text()) {
            errors.invalid(&name, name.text(), "must be unique");
        }
        match volume {
            Some(volume) if !is_claim(volume) => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&name, name.text(), detail);
            }
            Some(_) => {}
            None => errors.not_found(&name, name.text()),
        }
        if path.text().is_empty() {
            errors.required(&path, "");
        }
        if device_paths.contains(path.text()) {
            errors.invalid(&path, path.text(), "must be unique");
        }
        if paths::has_backstep(path.text()) {
            errors.invalid(&path, path.text(), "can not contain backsteps ('..')");
        } else {
            device_paths.insert(path.text());
        }
        if by_mount.names.contains(name.text()) {
            errors.invalid(&name, name.text(), "must not already exist in volumeMounts");
        }
        if by_mount.paths.contains(path.text()) {
            errors.invalid(&path, path.text(), "must not already exist as a path in volumeMounts");
        }
        if !name.text().is_empty() {
            names.insert(name.text());
        }
    }
}

/// Names and paths of a list of mounts or devices. Of items with one name only the last counts, as upstream.
struct Taken<'v> {
    names: BTreeSet<&'v str>,
    paths: BTreeSet<&'v str>,
}

impl<'v> Taken<'v> {
    fn of(list: &Field<'v>, path: &'static str) -> Taken<'v> {
        let by_name: BTreeMap<&str, &str> =
            list.items().map(|item| (item.get("name").text(), item.get(path).text())).collect();
        Taken { names: by_name.keys().copied().collect(), paths: by_name.into_values().collect() }
    }
}
