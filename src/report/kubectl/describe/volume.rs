//! Volumes of a pod or of a template (`describeVolumes`): one table of sources, in the order in which they are looked for.

use serde_json::Value;

use super::super::fields::{entries, int, is_true, items, text};
use super::resources::amount;
use super::sheet::{Sheet, shortened};

/// Longest attribute of a CSI volume on a line.
const MAX_ATTRIBUTE: usize = 140;

/// How a field's value is shown.
#[derive(Clone, Copy)]
enum Show {
    /// Text.
    Text,
    /// Text, or `<none>`.
    OrNone,
    /// A number.
    Number,
    /// A number, or `<none>`.
    NumberOrNone,
    /// A truth value.
    Truth,
    /// Go's `[a b]`.
    List,
    /// `a, b`.
    Joined,
    /// A reference to a Secret.
    Reference,
    /// Go's `map[a:b]`.
    Map,
    /// An amount above zero, or `<unset>`.
    Size,
}

use Show::{Joined, List, Map, Number, NumberOrNone, OrNone, Reference, Size, Text, Truth};

/// A kind of volume: its field, what it is, and its lines (title with colon, field, form).
type Source = (&'static str, &'static str, &'static [(&'static str, &'static str, Show)]);

const SOURCES: &[Source] = &[
    (
        "hostPath",
        "HostPath (bare host directory volume)",
        &[("Path:", "path", Text), ("HostPathType:", "type", OrNone)],
    ),
    (
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        &[("Medium:", "medium", Text), ("SizeLimit:", "sizeLimit", Size)],
    ),
    (
        "gcePersistentDisk",
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        &[
            ("PDName:", "pdName", Text),
            ("FSType:", "fsType", Text),
            ("Partition:", "partition", Number),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "awsElasticBlockStore",
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        &[
            ("VolumeID:", "volumeID", Text),
            ("FSType:", "fsType", Text),
            ("Partition:", "partition", Number),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        &[("Repository:", "repository", Text), ("Revision:", "revision", Text)],
    ),
    (
        "secret",
        "Secret (a volume populated by a Secret)",
        &[("SecretName:", "secretName", Text), ("Optional:", "optional", Truth)],
    ),
    (
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        &[("Name:", "name", Text), ("Optional:", "optional", Truth)],
    ),
    (
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[("Server:", "server", Text), ("Path:", "path", Text), ("ReadOnly:", "readOnly", Truth)],
    ),
    (
        "iscsi",
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        &[
            ("TargetPortal:", "targetPortal", Text),
            ("IQN:", "iqn", Text),
            ("Lun:", "lun", Number),
            ("ISCSIInterface", "iscsiInterface", Text),
            ("FSType:", "fsType", Text),
            ("ReadOnly:", "readOnly", Truth),
            ("Portals:", "portals", List),
            ("DiscoveryCHAPAuth:", "chapAuthDiscovery", Truth),
            ("SessionCHAPAuth:", "chapAuthSession", Truth),
            ("SecretRef:", "secretRef", Reference),
            ("InitiatorName:", "initiatorName", OrNone),
        ],
    ),
    (
        "glusterfs",
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        &[("EndpointsName:", "endpoints", Text), ("Path:", "path", Text), ("ReadOnly:", "readOnly", Truth)],
    ),
    (
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[("ClaimName:", "claimName", Text), ("ReadOnly:", "readOnly", Truth)],
    ),
    (
        "ephemeral",
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
        &[],
    ),
    (
        "rbd",
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        &[
            ("CephMonitors:", "monitors", List),
            ("RBDImage:", "image", Text),
            ("FSType:", "fsType", Text),
            ("RBDPool:", "pool", Text),
            ("RadosUser:", "user", Text),
            ("Keyring:", "keyring", Text),
            ("SecretRef:", "secretRef", Reference),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "quobyte",
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        &[("Registry:", "registry", Text), ("Volume:", "volume", Text), ("ReadOnly:", "readOnly", Truth)],
    ),
    ("downwardAPI", "DownwardAPI (a volume populated by information about the pod)", &[]),
    (
        "azureDisk",
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        &[
            ("DiskName:", "diskName", Text),
            ("DiskURI:", "diskURI", Text),
            ("Kind: ", "kind", Text),
            ("FSType:", "fsType", Text),
            ("CachingMode:", "cachingMode", Text),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "vsphereVolume",
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        &[
            ("VolumePath:", "volumePath", Text),
            ("FSType:", "fsType", Text),
            ("StoragePolicyName:", "storagePolicyName", Text),
        ],
    ),
    (
        "cinder",
        "Cinder (a Persistent Disk resource in OpenStack)",
        &[
            ("VolumeID:", "volumeID", Text),
            ("FSType:", "fsType", Text),
            ("ReadOnly:", "readOnly", Truth),
            ("SecretRef:", "secretRef", Reference),
        ],
    ),
    (
        "photonPersistentDisk",
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        &[("PdID:", "pdID", Text), ("FSType:", "fsType", Text)],
    ),
    ("portworxVolume", "PortworxVolume (a Portworx Volume resource)", &[("VolumeID:", "volumeID", Text)]),
    (
        "scaleIO",
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        &[
            ("Gateway:", "gateway", Text),
            ("System:", "system", Text),
            ("Protection Domain:", "protectionDomain", Text),
            ("Storage Pool:", "storagePool", Text),
            ("Storage Mode:", "storageMode", Text),
            ("VolumeName:", "volumeName", Text),
            ("FSType:", "fsType", Text),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "cephfs",
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        &[
            ("Monitors:", "monitors", List),
            ("Path:", "path", Text),
            ("User:", "user", Text),
            ("SecretFile:", "secretFile", Text),
            ("SecretRef:", "secretRef", Reference),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "storageos",
        "StorageOS (a StorageOS Persistent Disk resource)",
        &[
            ("VolumeName:", "volumeName", Text),
            ("VolumeNamespace:", "volumeNamespace", Text),
            ("FSType:", "fsType", Text),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "fc",
        "FC (a Fibre Channel disk)",
        &[
            ("TargetWWNs:", "targetWWNs", Joined),
            ("LUN:", "lun", NumberOrNone),
            ("FSType:", "fsType", Text),
            ("ReadOnly:", "readOnly", Truth),
        ],
    ),
    (
        "azureFile",
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        &[("SecretName:", "secretName", Text), ("ShareName:", "shareName", Text), ("ReadOnly:", "readOnly", Truth)],
    ),
    (
        "flexVolume",
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        &[
            ("Driver:", "driver", Text),
            ("FSType:", "fsType", Text),
            ("SecretRef:", "secretRef", Reference),
            ("ReadOnly:", "readOnly", Truth),
            ("Options:", "options", Map),
        ],
    ),
    (
        "flocker",
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        &[("DatasetName:", "datasetName", Text), ("DatasetUUID:", "datasetUUID", Text)],
    ),
    ("projected", "Projected (a volume that contains injected data from multiple sources)", &[]),
    (
        "csi",
        "CSI (a Container Storage Interface (CSI) volume source)",
        &[("Driver:", "driver", Text), ("FSType:", "fsType", Text), ("ReadOnly:", "readOnly", Truth)],
    ),
    (
        "image",
        "Image (a container image or OCI artifact)",
        &[("Reference:", "reference", Text), ("PullPolicy:", "pullPolicy", Text)],
    ),
];

pub(super) fn list(volumes: &Value, indent: &str, sheet: &mut Sheet) {
    let volumes = items(volumes);
    if volumes.is_empty() {
        return sheet.line(0, format!("{indent}Volumes:\t<none>"));
    }
    sheet.line(0, format!("{indent}Volumes:"));
    let name_indent = if indent.is_empty() { "" } else { " " };
    for volume in volumes {
        sheet.line(1, format!("{name_indent}{}:", text(&volume["name"])));
        match SOURCES.iter().find(|(field, ..)| !volume[*field].is_null()) {
            None => sheet.line(1, "<unknown>"),
            Some((field, what, lines)) => {
                let source = &volume[*field];
                sheet.field(2, "Type", what);
                for (title, field, show) in *lines {
                    sheet.line(2, format!("{title}\t{}", shown(&source[*field], *show)));
                }
                further(field, source, sheet);
            }
        }
    }
}

fn shown(value: &Value, show: Show) -> String {
    let list = |separator: &str| items(value).iter().map(text).collect::<Vec<_>>().join(separator);
    match show {
        Text => text(value).to_owned(),
        OrNone => value.as_str().unwrap_or("<none>").to_owned(),
        Number => int(value).to_string(),
        NumberOrNone => value.as_i64().map_or("<none>".to_owned(), |number| number.to_string()),
        Truth => is_true(value).to_string(),
        List => format!("[{}]", list(" ")),
        Joined => list(", "),
        Reference if value.is_null() => "nil".to_owned(),
        Reference => format!("&LocalObjectReference{{Name:{},}}", text(&value["name"])),
        Map => {
            let pairs: Vec<String> = entries(value).map(|(key, value)| format!("{key}:{value}")).collect();
            format!("map[{}]", pairs.join(" "))
        }
        Size => {
            let size = amount(value);
            let is_limit = !value.is_null() && !size.is_zero() && !size.is_negative();
            if is_limit { size.to_string() } else { "<unset>".to_owned() }
        }
    }
}

/// What has more to it than fields of its own.
fn further(field: &str, source: &Value, sheet: &mut Sheet) {
    match field {
        "ephemeral" if !source["volumeClaimTemplate"].is_null() => claim(&source["volumeClaimTemplate"], sheet),
        "downwardAPI" => {
            sheet.line(2, "Items:");
            for item in items(&source["items"]) {
                for from in [&item["fieldRef"]["fieldPath"], &item["resourceFieldRef"]["resource"]] {
                    if !from.is_null() {
                        sheet.line(3, format!("{} -> {}", text(from), text(&item["path"])));
                    }
                }
            }
        }
        "projected" => items(&source["sources"]).iter().for_each(|source| projected(source, sheet)),
        "csi" => {
            sheet.raw("    VolumeAttributes:");
            let attributes: Vec<(&str, &str)> = entries(&source["volumeAttributes"]).collect();
            if attributes.is_empty() {
                sheet.line(0, "\t<none>");
            }
            for (number, (key, value)) in attributes.into_iter().enumerate() {
                // Each part that upstream writes is indented, the first attribute's too.
                let before = if number == 0 { "\t    " } else { "        \t    " };
                sheet.line(0, before.to_owned() + &shortened(&format!("{key}={value}"), MAX_ATTRIBUTE));
            }
        }
        _ => {}
    }
}

/// `printPersistentVolumeClaim` of a claim that does not exist yet.
fn claim(template: &Value, sheet: &mut Sheet) {
    let (metadata, spec) = (&template["metadata"], &template["spec"]);
    let annotated = text(&metadata["annotations"]["volume.beta.kubernetes.io/storage-class"]);
    let class = if annotated.is_empty() { text(&spec["storageClassName"]) } else { annotated };
    sheet.field(2, "StorageClass", class);
    sheet.field(2, "Volume", text(&spec["volumeName"]));
    sheet.labels_within("    ", "Labels", &metadata["labels"]);
    sheet.annotations_within("    ", "Annotations", &metadata["annotations"]);
    let given = if text(&spec["volumeName"]).is_empty() { "" } else { "0" };
    sheet.field(2, "Capacity", given);
    sheet.field(2, "Access Modes", "");
    if let Some(mode) = spec["volumeMode"].as_str() {
        sheet.field(2, "VolumeMode", mode);
    }
    let source = &spec["dataSource"];
    if !source.is_null() {
        sheet.line(2, "DataSource:");
        for (title, field) in [("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")] {
            if field != "apiGroup" || !source[field].is_null() {
                sheet.field(3, title, text(&source[field]));
            }
        }
    }
}

fn projected(source: &Value, sheet: &mut Sheet) {
    let (secret, config_map) = (&source["secret"], &source["configMap"]);
    let token = &source["serviceAccountToken"];
    if !secret.is_null() {
        sheet.field(2, "SecretName", text(&secret["name"]));
        sheet.field(2, "Optional", is_true(&secret["optional"]).to_string());
    } else if !source["downwardAPI"].is_null() {
        sheet.field(2, "DownwardAPI", "true");
    } else if !config_map.is_null() {
        sheet.field(2, "ConfigMapName", text(&config_map["name"]));
        sheet.field(2, "Optional", is_true(&config_map["optional"]).to_string());
    } else if !token.is_null() {
        sheet.field(2, "TokenExpirationSeconds", int(&token["expirationSeconds"]).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_of_claims_to_come_are_indented_twice() {
        let metadata = json!({"labels": {"a": "b", "c": "d"}, "annotations": {"e": "f", "g": "h\ni"}});
        let volumes = json!([{"name": "v", "ephemeral": {"volumeClaimTemplate": {"metadata": metadata, "spec": {}}}}]);
        let mut sheet = Sheet::new();
        list(&volumes, "", &mut sheet);
        let wanted = "
    Labels:            a=b
                       c=d
    Annotations:       e: f
                       g:
                     h
                     i
    Capacity:      \n";
        let text = sheet.finish();
        assert!(text.contains(wanted), "{text}");
    }
}
