//! What the API server says of a YAML text that is sent to one of its endpoints, before validation.

use std::sync::Arc;

use super::super::document::{Document, Node, Value, parse};
use super::super::schema::kubernetes;
use super::super::source::{Source, SourceText};
use super::decode;

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

/// Some kinds of other endpoints that the API server knows, for which it says that it cannot convert them.
const OTHER_KINDS: [(&str, &[&str]); 5] = [
    (
        "v1",
        &[
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "List",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
            "ConfigMapList",
            "PodList",
            "NodeList",
            "NamespaceList",
            "SecretList",
            "ServiceList",
            "ResourceQuotaList",
        ],
    ),
    ("batch/v1", &["Job", "JobList", "CronJob", "CronJobList"]),
    ("batch/v1beta1", &["CronJob", "CronJobList"]),
    ("apps/v1", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("policy/v1", &["PodDisruptionBudget", "PodDisruptionBudgetList", "Eviction"]),
];

/// Decodes the first document of a text as the endpoint of `kind` (`Job` or `CronJob`) does.
pub fn server_verdict(source: Source, kind: &str) -> Verdict {
    let refused = |error: String| Verdict { decode_error: Some(error), strict_errors: Vec::new(), value: None };
    let text = match SourceText::new(source) {
        Ok(text) => Arc::new(text),
        Err(error) => return refused(format!("yaml: {error}")),
    };
    let document = match parse(&text).into_iter().next() {
        Some(Ok(document)) => document,
        Some(Err(error)) => return refused(error.message),
        None => Document::empty(text),
    };
    if let Err(error) = check_kind(&document.root, kind) {
        return refused(error);
    }
    let Some(root) = kubernetes().get(&format!("v1.{kind}")) else {
        return refused(format!("no endpoint for {kind}"));
    };
    let decoded = decode(&document, root);
    if let Some(error) = decoded.type_error() {
        return refused(error.to_string());
    }
    let strict_errors = decoded.strict_errors();
    let decode_error =
        (!strict_errors.is_empty()).then(|| format!("strict decoding error: {}", strict_errors.join(", ")));
    Verdict { decode_error, strict_errors, value: Some(decoded.value) }
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
    let known = OTHER_KINDS.iter().any(|(of, kinds)| *of == version && kinds.contains(&kind));
    if !known {
        return Err(format!("no kind \"{kind}\" is registered for version \"{version}\" in scheme \"<SCHEME>\""));
    }
    let short = version.rsplit('/').next().unwrap_or(version);
    Err(format!("converting ({short}.{kind}) to (batch.{endpoint}): unknown conversion"))
}
