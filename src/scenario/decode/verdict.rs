//! What the API server says of a YAML text that is sent to one of its endpoints, before validation.

use std::sync::Arc;

use super::super::document::{Document, Node, Value, parse};
use super::super::schema::{self, Struct};
use super::super::source::{Source, SourceText};
use super::{Decoded, decode, decode_node, nearest};
use crate::api::quote::quote;
use crate::api::release::Kubernetes;
use crate::apiserver::admission::Decoder;

/// The decoder's part of the answer to a create request with `fieldValidation=Strict`.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Why the object was refused, if it was.
    pub decode_error: Option<String>,
    /// The single errors of a strict decoding error.
    pub strict_errors: Vec<String>,
    /// The object, as far as it could be decoded.
    pub value: Option<serde_json::Value>,
}

/// Kinds of the API server, by version; those of some other groups are left out.
const KINDS: [(&str, &str); 5] = [
    (
        "v1",
        "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume \
         PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
    ),
    ("batch/v1", "Job CronJob"),
    ("batch/v1beta1", "CronJob"),
    ("apps/v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    ("policy/v1", "PodDisruptionBudget Eviction"),
];

/// All kinds of further versions of Kubernetes' own groups: those of 1.37, to which releases have only added.
const COMPLETE: [(&str, &str); 17] = [
    (
        "admissionregistration.k8s.io/v1",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy \
         ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("authentication.k8s.io/v1", "SelfSubjectReview TokenRequest TokenReview"),
    (
        "authorization.k8s.io/v1",
        "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    ),
    ("autoscaling/v1", "HorizontalPodAutoscaler Scale"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("certificates.k8s.io/v1", "CertificateSigningRequest ClusterTrustBundle PodCertificateRequest"),
    ("coordination.k8s.io/v1", "Lease"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("events.k8s.io/v1", "Event"),
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema PriorityLevelConfiguration"),
    ("networking.k8s.io/v1", "IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR"),
    ("node.k8s.io/v1", "RuntimeClass"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole ClusterRoleBinding Role RoleBinding"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1", "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass"),
];

/// Versions that can be decoded and are not served any more.
const REMOVED: [&str; 1] = ["batch/v1beta1"];

/// Can the server decode this kind, if only to say that it belongs to another endpoint?
fn is_registered(version: &str, kind: &str) -> bool {
    let item = kind.strip_suffix("List").unwrap_or(kind);
    (version == "v1" && kind == "List")
        || KINDS.iter().any(|(of, kinds)| *of == version && kinds.split_whitespace().any(|known| known == item))
}

/// Would a client find an endpoint for this kind? Groups and versions that are not listed here may have any.
pub fn is_served(version: &str, kind: &str) -> bool {
    if let Some((_, kinds)) = COMPLETE.iter().find(|(of, _)| *of == version) {
        let item = kind.strip_suffix("List").unwrap_or(kind);
        return kinds.split_whitespace().any(|known| known == item);
    }
    let group = |version: &str| version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
    let is_listed = KINDS.iter().any(|(known, _)| group(known) == group(version));
    !is_listed || (is_registered(version, kind) && !REMOVED.contains(&version))
}

/// The kind that a version has and that is written most like this one.
pub fn similar_kind(version: &str, kind: &str) -> Option<&'static str> {
    let listed = KINDS.iter().chain(&COMPLETE).filter(|(of, _)| *of == version && !REMOVED.contains(of));
    nearest(kind, listed.flat_map(|(_, kinds)| kinds.split_whitespace()))
}

/// Decodes the first document of a text as the endpoint of `kind` (`Job` or `CronJob`) does.
pub fn server_verdict(source: Source, kind: &str) -> Verdict {
    let text = match SourceText::new(source) {
        Ok(text) => Arc::new(text),
        Err(error) => return Verdict::refused(format!("yaml: {error}")),
    };
    match parse(&text).into_iter().next() {
        Some(Ok(document)) => document_verdict(&document, kind, &Kubernetes::default()),
        Some(Err(error)) => Verdict::refused(error.message),
        None => document_verdict(&Document::empty(text), kind, &Kubernetes::default()),
    }
}

/// Decodes a document as the endpoint of `kind` does.
pub fn document_verdict(document: &Document, kind: &str, kubernetes: &Kubernetes) -> Verdict {
    verdict(&document.root, kind, |root| decode(document, root, kubernetes))
}

/// Decodes a document that says of itself that it is of this kind.
pub fn kind_verdict(document: &Document, kind: &str, kubernetes: &Kubernetes) -> Verdict {
    verdict_of(kind, |root| decode(document, root, kubernetes))
}

fn verdict(root: &Node, kind: &str, decode: impl FnOnce(&'static Struct) -> Decoded) -> Verdict {
    match check_kind(root, kind) {
        Ok(()) => verdict_of(kind, decode),
        Err(error) => Verdict::refused(error),
    }
}

fn verdict_of(kind: &str, decode: impl FnOnce(&'static Struct) -> Decoded) -> Verdict {
    let Some(of) = schema::kubernetes().get(&format!("v1.{kind}")) else {
        return Verdict::refused(format!("no endpoint for {kind}"));
    };
    let decoded = decode(of);
    if let Some(error) = decoded.type_error() {
        return Verdict::refused(error.to_string());
    }
    let strict_errors = decoded.strict_errors();
    let decode_error =
        (!strict_errors.is_empty()).then(|| format!("strict decoding error: {}", strict_errors.join(", ")));
    Verdict { decode_error, strict_errors, value: Some(decoded.value) }
}

/// The decoder of a cluster's server.
#[derive(Clone, Copy, Debug)]
pub struct ServerDecoder<'k>(pub &'k Kubernetes);

impl Decoder for ServerDecoder<'_> {
    fn decode(&self, kind: &str, object: &serde_json::Value) -> Result<(), String> {
        let node = Node::from_json(object);
        verdict(&node, kind, |root| decode_node(&node, root, self.0)).decode_error.map_or(Ok(()), Err)
    }
}

impl Verdict {
    /// The verdict on what does not decode at all.
    pub(in crate::scenario) fn refused(error: String) -> Verdict {
        Verdict { decode_error: Some(error), strict_errors: Vec::new(), value: None }
    }
}

/// The type that an endpoint reads first, as Go prints it.
const TYPE_META: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

/// Does the object say that it is what the endpoint takes? A missing `apiVersion` or `kind` is the endpoint's.
fn check_kind(root: &Node, endpoint: &str) -> Result<(), String> {
    if !matches!(root.value, Value::Mapping(_) | Value::Null) {
        let found = root.json_type();
        let error = format!("json: cannot unmarshal {found} into Go value of type {TYPE_META}");
        return Err(format!("couldn't get version/kind; json parse error: {error}"));
    }
    let text = |field: &str| match root.get(field) {
        None | Some(Node { value: Value::Null, .. }) => Ok(""),
        Some(node) => node.as_str().ok_or_else(|| {
            let found = node.json_type();
            let error = format!("json: cannot unmarshal {found} into Go struct field .{field} of type string");
            format!("couldn't get version/kind; json parse error: {error}")
        }),
    };
    let (version, kind) = (text("apiVersion")?, text("kind")?);
    if version.matches('/').count() > 1 {
        return Err(format!("unexpected GroupVersion string: {version}"));
    }
    let version = if matches!(version, "" | "batch/") { "batch/v1" } else { version };
    let kind = if kind.is_empty() { endpoint } else { kind };
    if (version, kind) == ("batch/v1", endpoint) {
        return Ok(());
    }
    if !is_registered(version, kind) {
        return Err(format!(
            "no kind {} is registered for version {} in scheme \"<SCHEME>\"",
            quote(kind),
            quote(version)
        ));
    }
    let short = version.rsplit('/').next().unwrap_or(version);
    Err(format!("converting ({short}.{kind}) to (batch.{endpoint}): unknown conversion"))
}
