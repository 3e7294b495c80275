//! Projected volumes: several sources as files in one place (`validateProjectionSources`).

use std::collections::BTreeSet;

use super::volumes::{downward_api_file, file_mode, key_to_path, required};
use super::{Options, meta, names, paths, selector};
use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::print_as;

const KEY_TYPES: [&str; 6] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
const MAX_CERTIFICATE_SECONDS: i64 = 91 * 86_400;
const MAX_KUBERNETES_CERTIFICATE_SECONDS: i64 = 86_400;

/// The paths taken so far.
struct Taken<'v> {
    paths: BTreeSet<&'v str>,
    volume: Field<'v>,
}

impl<'v> Taken<'v> {
    /// Takes a path; `shown` is what an error shows if it is taken already.
    fn take(&mut self, path: &'v str, shown: &str, errors: &mut Errors) {
        if !self.paths.insert(path) {
            errors.invalid(&self.volume, shown, "conflicting duplicate paths");
        }
    }
}

/// Checks the source of a projected volume.
pub(super) fn validate(volume: &Field<'_>, options: &Options, errors: &mut Errors) {
    file_mode(&volume.get("defaultMode"), errors);
    let mut taken = Taken { paths: BTreeSet::new(), volume: volume.clone() };
    for source in volume.get("sources").items() {
        let mut count = 0;
        let mut given = |name: &'static str| source.get(name).set().inspect(|_| count += 1);
        for name in ["secret", "configMap"] {
            if let Some(source) = given(name) {
                keys(&source, &mut taken, errors);
            }
        }
        if let Some(source) = given("downwardAPI") {
            for file in source.get("items").items() {
                downward_api_file(&file.clone().standing_at(source.path.clone()), errors);
                let path = file.get("path").text();
                if !path.is_empty() {
                    taken.take(path, path, errors);
                }
            }
        }
        if let Some(token) = given("serviceAccountToken") {
            service_account_token(&token, volume, options, errors);
        }
        if let Some(bundle) = given("clusterTrustBundle") {
            cluster_trust_bundle(&bundle, errors);
            let path = bundle.get("path");
            required(&bundle, &["path"], errors);
            paths::local_non_reserved(&path, path.text(), errors);
            taken.take(path.text(), path.text(), errors);
        }
        if let Some(certificate) = given("podCertificate") {
            pod_certificate(&certificate, &mut taken, errors);
        }
        if count > 1 {
            errors.forbidden(&source, "may not specify more than 1 volume type per source");
        }
    }
}

fn keys<'v>(source: &Field<'v>, taken: &mut Taken<'v>, errors: &mut Errors) {
    required(source, &["name"], errors);
    for item in source.get("items").items() {
        key_to_path(&item, errors);
        let path = item.get("path").text();
        if !path.is_empty() {
            taken.take(path, source.get("name").text(), errors);
        }
    }
}

fn service_account_token(token: &Field<'_>, volume: &Field<'_>, options: &Options, errors: &mut Errors) {
    let (seconds, path) = (token.get("expirationSeconds"), token.get("path").text());
    if seconds.int() < 600 {
        errors.invalid(&seconds, seconds.int(), "may not specify a duration less than 10 minutes");
    }
    if seconds.int() > 1 << 32 {
        errors.invalid(&seconds, seconds.int(), "may not specify a duration larger than 2^32 seconds");
    }
    let place = volume.path.child("path");
    if path.is_empty() {
        errors.required(&place, "");
    } else if !options.allow_non_local_token_path {
        paths::local_non_reserved(&place, path, errors);
    }
}

/// Has a token a path that today's rule refuses?
pub(super) fn has_non_local_token_path(volumes: &Field<'_>) -> bool {
    let sources = volumes.items().flat_map(|volume| volume.get("projected").get("sources").items());
    let mut errors = Errors::default();
    for path in sources.map(|source| source.get("serviceAccountToken").get("path")) {
        paths::local_non_reserved(&path, path.text(), &mut errors);
    }
    !errors.list.is_empty()
}

fn cluster_trust_bundle(bundle: &Field<'_>, errors: &mut Errors) {
    let (name, signer, labels) = (bundle.get("name"), bundle.get("signerName"), bundle.get("labelSelector"));
    match (name.is_set(), signer.is_set()) {
        (true, true) => {
            let value = print_as("ClusterTrustBundleProjection", bundle.value);
            errors.invalid(bundle, value, "only one of name and signerName may be used");
        }
        (true, false) => {
            if name.text().is_empty() {
                errors.required(&name, "must be a valid object name");
            }
            for problem in bundle_name(name.text()) {
                errors.invalid(&name, name.text(), format!("not a valid clustertrustbundlename: {problem}"));
            }
            if labels.is_set() {
                let value = print_as("LabelSelector", labels.value);
                errors.invalid(&labels, value, "labelSelector must be unset if name is specified");
            }
        }
        (false, true) => {
            if signer.text().is_empty() {
                errors.required(&signer, "must be a valid signer name");
            }
            signer_name(&signer, errors);
            selector::validate(&labels, false, errors);
        }
        (false, false) => errors.required(bundle, "either name or signerName must be specified"),
    }
}

/// A bundle of a signer bears its name, with colons for slashes, before its own (`ValidateClusterTrustBundleName`).
fn bundle_name(name: &str) -> Vec<String> {
    match name.rsplit_once(':') {
        None => names::dns1123_subdomain(name),
        Some(("", _)) => vec!["ClusterTrustBundle without signer name must not have \":\" in its name".to_owned()],
        Some((signer, _)) if signer.contains('/') => {
            let (signer, prefix) = (signer.replace(':', "/"), signer.replace('/', ":"));
            vec![format!("ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}:")]
        }
        Some((_, own)) => names::dns1123_subdomain(own),
    }
}

/// `domain/path` of who signs certificates (`ValidateSignerName`).
fn signer_name(signer: &Field<'_>, errors: &mut Errors) {
    const MAX_LENGTH: usize = MAX_DOMAIN + 1 + 253 + 63 + 1;
    const MAX_DOMAIN: usize = 253;
    let name = signer.text();
    if name.is_empty() {
        return errors.required(signer, "");
    }
    let (domain, path) = match name.split_once('/') {
        Some((domain, path)) if !path.contains('/') => (domain, path),
        _ => {
            let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
            return errors.invalid(signer, name, detail);
        }
    };
    // Only the first label with a fault is told of.
    let labels = |part: &str, check: fn(&str) -> Vec<String>, errors: &mut Errors| {
        let faults = part.split('.').map(|label| (label, check(label))).find(|(_, faults)| !faults.is_empty());
        for (label, fault) in faults.iter().flat_map(|(label, faults)| faults.iter().map(move |fault| (label, fault))) {
            errors.invalid(signer, part, format!("validating label {}: {fault}", quote(label)));
        }
    };
    if domain.len() > MAX_DOMAIN {
        errors.too_long(signer, MAX_DOMAIN);
    }
    labels(domain, names::dns1123_label, errors);
    if !domain.contains('.') {
        errors.invalid(signer, domain, "should be a domain with at least two segments separated by dots");
    }
    labels(path, names::dns1123_subdomain, errors);
    if name.len() > MAX_LENGTH {
        errors.too_long(signer, MAX_LENGTH);
    }
}

fn pod_certificate<'v>(certificate: &Field<'v>, taken: &mut Taken<'v>, errors: &mut Errors) {
    let signer = certificate.get("signerName");
    signer_name(&signer, errors);
    if certificate.get("userAnnotations").is_set() {
        meta::user_annotations(&certificate.get("userAnnotations"), errors);
    }
    let key_type = certificate.get("keyType");
    if !KEY_TYPES.contains(&key_type.text()) {
        errors.not_supported(&key_type, key_type.text(), &KEY_TYPES);
    }
    if let Some(seconds) = certificate.get("maxExpirationSeconds").set() {
        let host = signer.text().split('/').next().unwrap_or("");
        let is_kubernetes = host == "kubernetes.io" || host.ends_with(".kubernetes.io");
        let most = if is_kubernetes { MAX_KUBERNETES_CERTIFICATE_SECONDS } else { MAX_CERTIFICATE_SECONDS };
        if seconds.int() < 3600 {
            errors.invalid(&seconds, seconds.int(), "if provided, maxExpirationSeconds must be >= 3600");
        }
        if seconds.int() > most {
            errors.invalid(&seconds, seconds.int(), format!("if provided, maxExpirationSeconds must be <= {most}"));
        }
    }
    let mut given = false;
    for name in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        let path = certificate.get(name);
        if !path.text().is_empty() {
            given = true;
            paths::local_non_reserved(&path, path.text(), errors);
            taken.take(path.text(), path.text(), errors);
        }
    }
    if !given {
        errors.required(certificate, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
    }
}
