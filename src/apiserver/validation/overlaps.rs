//! Warnings of files in one volume that would lie at or under each other's path (`warningsForOverlappingVirtualPaths`).

use crate::api::quote::quote;
use crate::apiserver::field::Field;

/// A path in a volume and where it comes from.
#[derive(Clone, PartialEq)]
struct Entry {
    path: String,
    source: String,
}

impl Entry {
    fn new(path: &str, source: &str) -> Entry {
        Entry { path: path.trim_end_matches('/').to_owned(), source: source.to_owned() }
    }

    fn overlaps(&self, other: &Entry) -> bool {
        let (a, b) = (format!("{}/", self.path), format!("{}/", other.path));
        !self.path.is_empty() && !other.path.is_empty() && (a.starts_with(&b) || b.starts_with(&a))
    }

    fn shown(&self) -> String {
        match self.source.as_str() {
            "" => quote(&self.path),
            source => format!("{} ({source})", quote(&self.path)),
        }
    }
}

/// Most files that are compared with each other: the time for it grows with their square.
const MAX_COMPARED: usize = 2000;

/// Warns of overlaps in volumes made of keys, fields or several sources.
pub(super) fn of_volumes(volumes: &Field<'_>, warnings: &mut Vec<String>) {
    for volume in volumes.items() {
        let name = quote(volume.get("name").text());
        let mut compare = |what: &str, earlier: &mut Vec<Entry>, entries: Vec<Entry>| {
            for entry in entries.into_iter().take(MAX_COMPARED.saturating_sub(earlier.len())) {
                for other in earlier.iter().filter(|other| entry.overlaps(other)) {
                    let both = format!("{} with {}", entry.shown(), other.shown());
                    warnings.push(format!("volume {name} ({what}): overlapping paths: {both}"));
                }
                earlier.push(entry);
            }
        };
        for (kind, source, reference) in [("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")] {
            let source = volume.get(source);
            compare(&format!("{kind} {}", quote(source.get(reference).text())), &mut Vec::new(), files(&source, ""));
        }
        compare("DownwardAPI", &mut Vec::new(), files(&volume.get("downwardAPI"), ""));
        let mut all = Vec::new();
        for source in volume.get("projected").get("sources").items() {
            compare("Projected", &mut all, projected(&source));
        }
        for source in volume.get("projected").get("sources").items() {
            if source.value.as_object().is_none_or(|fields| fields.values().all(|field| field.is_null())) {
                warnings.push(format!("volume {name} (Projected) has no sources provided"));
            }
        }
    }
}

fn files(source: &Field<'_>, shown: &str) -> Vec<Entry> {
    source.get("items").items().map(|item| Entry::new(item.get("path").text(), shown)).collect()
}

/// The files of one source of a projected volume; the first source given counts.
fn projected(source: &Field<'_>) -> Vec<Entry> {
    let named = |kind: &str, name: &str| format!("{kind} {}", quote(name));
    for (kind, field) in [("ConfigMap", "configMap"), ("Secret", "secret"), ("DownwardAPI", "downwardAPI")] {
        let keys = source.get(field);
        if keys.get("items").is_set() {
            let shown = match kind {
                "DownwardAPI" => kind.to_owned(),
                _ => named(kind, keys.get("name").text()),
            };
            return files(&keys, &shown);
        }
    }
    let (token, bundle) = (source.get("serviceAccountToken"), source.get("clusterTrustBundle"));
    if token.is_set() {
        return vec![Entry::new(token.get("path").text(), "ServiceAccountToken")];
    }
    if bundle.is_set() {
        let name = if bundle.get("name").is_set() { bundle.get("name") } else { bundle.get("signerName") };
        return vec![Entry::new(bundle.get("path").text(), &named("ClusterTrustBundle", name.text()))];
    }
    let paths = [
        ("certificateChainPath", "PodCertificate chain"),
        ("keyPath", "PodCertificate key"),
        ("credentialBundlePath", "PodCertificate credential bundle"),
    ];
    let paths = paths.map(|(name, shown)| (source.get("podCertificate").get(name).text(), shown));
    paths.into_iter().filter(|(path, _)| !path.is_empty()).map(|(path, shown)| Entry::new(path, shown)).collect()
}
