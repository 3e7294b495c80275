//! Volumes of a pod and their sources (`ValidateVolumes`, `validateVolumeSource`).

use std::collections::BTreeMap;

use super::{Options, claims, env, names, one_of, paths, projected, quantity, storage};
use crate::apiserver::field::{Errors, Field};

/// The volumes without faults, by name: those that can be mounted.
pub(super) type Volumes<'v> = BTreeMap<&'v str, Field<'v>>;

/// How a source is checked.
type Check = fn(&Field<'_>, &mut Errors);

/// All sources in the order in which they are looked for, each with its check. The first one given counts, others are
/// refused.
const SOURCES: [(&str, Check); 29] = [
    ("hostPath", host_path),
    ("gitRepo", storage::git_repo),
    ("gcePersistentDisk", storage::gce_persistent_disk),
    ("awsElasticBlockStore", storage::aws_elastic_block_store),
    ("secret", |source, errors| files(source, "secretName", errors)),
    ("nfs", storage::nfs),
    ("iscsi", storage::iscsi),
    ("glusterfs", |source, errors| required(source, &["endpoints", "path"], errors)),
    ("flocker", storage::flocker),
    ("persistentVolumeClaim", |source, errors| required(source, &["claimName"], errors)),
    ("rbd", |source, errors| required(source, &["monitors", "image"], errors)),
    ("cinder", storage::cinder),
    ("cephfs", |source, errors| required(source, &["monitors"], errors)),
    ("quobyte", storage::quobyte),
    ("downwardAPI", downward_api),
    ("fc", storage::fibre_channel),
    ("flexVolume", storage::flex_volume),
    ("configMap", |source, errors| files(source, "name", errors)),
    ("azureFile", |source, errors| required(source, &["secretName", "shareName"], errors)),
    ("vsphereVolume", |source, errors| required(source, &["volumePath"], errors)),
    ("photonPersistentDisk", |source, errors| required(source, &["pdID"], errors)),
    ("portworxVolume", |source, errors| required(source, &["volumeID"], errors)),
    ("azureDisk", storage::azure_disk),
    ("storageos", storage::storage_os),
    ("projected", |_, _| {}),
    ("scaleIO", |source, errors| required(source, &["gateway", "system", "volumeName"], errors)),
    ("csi", storage::csi),
    ("ephemeral", claims::validate_ephemeral),
    ("image", |_, _| {}),
];

/// Checks the volumes of a pod and gives those that containers can mount.
pub(super) fn validate<'v>(volumes: &Field<'v>, options: &Options, errors: &mut Errors) -> Volumes<'v> {
    let mut sound = Volumes::new();
    for volume in volumes.items() {
        let mut faults = Errors::of(errors.release);
        let name = volume.get("name");
        source(&volume, options, &mut faults);
        if name.text().is_empty() {
            faults.required(&name, "");
        } else {
            faults.each_invalid(&name, name.text(), names::dns1123_label(name.text()));
        }
        if sound.contains_key(name.text()) {
            faults.duplicate(&name, name.text());
        }
        if faults.list.is_empty() {
            sound.insert(name.text(), volume);
        }
        errors.list.append(&mut faults.list);
    }
    sound
}

fn source(volume: &Field<'_>, options: &Options, errors: &mut Errors) {
    let mut given = false;
    let empty_dir = volume.get("emptyDir");
    if empty_dir.is_set() {
        given = true;
        let limit = empty_dir.get("sizeLimit");
        if quantity(&limit).is_some_and(|limit| limit.is_negative()) {
            errors.forbidden(&limit, "SizeLimit field must be a valid resource quantity");
        }
    }
    for (name, check) in SOURCES {
        let Some(source) = volume.get(name).set() else { continue };
        // Three sources go by other names in errors.
        let source = match (name, given) {
            ("gcePersistentDisk", false) => source.standing_at(volume.path.child("persistentDisk")),
            ("cephfs", true) => source.standing_at(volume.path.child("cephFS")),
            ("downwardAPI", true) => source.standing_at(volume.path.child("downwarAPI")),
            _ => source,
        };
        if given {
            errors.forbidden(&source, "may not specify more than 1 volume type");
        } else {
            check(&source, errors);
            match name {
                "projected" => projected::validate(&source, options, errors),
                "image" => image(&source, options, errors),
                _ => {}
            }
        }
        if name == "iscsi" {
            storage::iscsi_initiator_length(volume, &source, errors);
        }
        given = true;
    }
    if !given {
        errors.required(volume, "must specify a volume type");
    }
}

/// Fields that a source cannot do without.
pub(super) fn required(source: &Field<'_>, names: &[&'static str], errors: &mut Errors) {
    for field in names.iter().map(|name| source.get(name)).filter(Field::is_empty) {
        errors.required(&field, "");
    }
}

fn host_path(source: &Field<'_>, errors: &mut Errors) {
    const TYPES: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let (path, kind) = (source.get("path"), source.get("type"));
    if path.text().is_empty() {
        return errors.required(&path, "");
    }
    paths::no_backsteps(&path, path.text(), errors);
    if kind.is_set() {
        one_of(&kind, &TYPES, errors);
    }
}

fn image(source: &Field<'_>, options: &Options, errors: &mut Errors) {
    let reference = source.get("reference");
    if reference.text().is_empty() && !options.allow_empty_image_reference {
        errors.required(&reference, "");
    }
    pull_policy(&source.get("pullPolicy"), errors);
}

/// When an image is fetched (`validatePullPolicy`).
pub(super) fn pull_policy(policy: &Field<'_>, errors: &mut Errors) {
    match policy.text() {
        "" => errors.required(policy, ""),
        _ => one_of(policy, &["Always", "IfNotPresent", "Never"], errors),
    }
}

/// A Secret or ConfigMap as files.
fn files(source: &Field<'_>, name: &'static str, errors: &mut Errors) {
    required(source, &[name], errors);
    file_mode(&source.get("defaultMode"), errors);
    for item in source.get("items").items() {
        key_to_path(&item, errors);
    }
}

/// A key and the file it becomes (`validateKeyToPath`).
pub(super) fn key_to_path(item: &Field<'_>, errors: &mut Errors) {
    required(item, &["key", "path"], errors);
    paths::local_non_reserved(&item.get("path"), item.get("path").text(), errors);
    file_mode(&item.get("mode"), errors);
}

/// Permissions of a file.
pub(super) fn file_mode(mode: &Field<'_>, errors: &mut Errors) {
    if !(0..=0o777).contains(&mode.int()) {
        errors.invalid(mode, mode.int(), "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

fn downward_api(source: &Field<'_>, errors: &mut Errors) {
    file_mode(&source.get("defaultMode"), errors);
    for item in source.get("items").items() {
        // The server leaves out which item it is.
        downward_api_file(&item.standing_at(source.path.clone()), errors);
    }
}

/// A field or resource and the file it becomes (`validateDownwardAPIVolumeFile`).
pub(super) fn downward_api_file(file: &Field<'_>, errors: &mut Errors) {
    const FIELDS: [&str; 5] =
        ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
    required(file, &["path"], errors);
    paths::local_non_reserved(&file.get("path"), file.get("path").text(), errors);
    let (field, resource) = (file.get("fieldRef"), file.get("resourceFieldRef"));
    if field.is_set() {
        env::object_field(&field, &FIELDS, errors);
        if resource.is_set() {
            errors.invalid(file, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
    } else if resource.is_set() {
        env::resource_field(&resource, true, errors);
    } else {
        errors.required(file, "one of fieldRef and resourceFieldRef is required");
    }
    file_mode(&file.get("mode"), errors);
}
