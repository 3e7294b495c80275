//! `spec.kubernetes` and `spec.featureGates`: whose rules hold.
//!
//! They decide how every other document is read, so they are looked for first, wherever the document stands.

use std::sync::Arc;

use super::super::document::{Document, Node, Value, parse};
use super::super::source::SourceText;
use super::fields::{Fields, Item, Report};
use super::is_own;
use crate::api::release::{Kubernetes, Release};

/// What the Simulation document of a text says, if there is one and what it says is right; else it is reported when the
/// document is read.
pub(in crate::scenario) fn kubernetes_of(text: &Arc<SourceText>) -> Option<Kubernetes> {
    // Most texts need not be read for this.
    if !(text.text.contains("kubernetes") || text.text.contains("featureGates")) {
        return None;
    }
    let own = own_document(text)?;
    let spec = own.root.get("spec")?;
    let release = spec.get("kubernetes").and_then(written).map_or(Ok(Release::NEWEST), |text| text.parse()).ok()?;
    let mut kubernetes = Kubernetes::of(release);
    for entry in spec.get("featureGates").into_iter().flat_map(Node::entries) {
        if let Value::Bool(on) = entry.value.value {
            kubernetes.set_gate(&entry.key, on).ok()?;
        }
    }
    kubernetes.check_gates().ok()?;
    Some(kubernetes)
}

/// The first Simulation document in it.
pub(in crate::scenario) fn own_document(text: &Arc<SourceText>) -> Option<Document> {
    if !text.text.contains("jobsim/") {
        return None;
    }
    parse(text).into_iter().flatten().find(|document| is_own(&document.root))
}

/// `"1.31"`, also without the quotes.
fn written(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.to_string()),
        Value::Float(_) => node.number(),
        _ => None,
    }
}

/// Reports what is wrong with the two fields.
pub(super) fn read(spec: &mut Fields<'_>, report: &mut Report<'_>) {
    let release = spec.get("kubernetes").map_or(Some(Release::NEWEST), |item| release(&item, report));
    let gates = spec.get("featureGates");
    let (Some(release), Some(gates)) = (release, gates) else { return };
    let mut kubernetes = Kubernetes::of(release);
    if !matches!(gates.node.value, Value::Mapping(_)) {
        return report.wrong(&gates, "a mapping of feature gates to true or false").unwrap_or_default();
    }
    for entry in gates.node.entries() {
        let Value::Bool(on) = entry.value.value else {
            let title = format!("{}.{}: a feature gate is true or false", gates.path, entry.key);
            report.error(entry.value.span, title, "");
            continue;
        };
        if let Err(error) = kubernetes.set_gate(&entry.key, on) {
            let help = format!("`jobsim releases` lists the gates; these are the rules of Kubernetes {release}");
            report.error_with_help(entry.key_span, format!("{}: {error}", gates.path), help);
        }
    }
    if let Err(error) = kubernetes.check_gates() {
        report.error(gates.node.span, format!("{}: {error}", gates.path), "");
    }
}

fn release(item: &Item<'_>, report: &mut Report<'_>) -> Option<Release> {
    let Some(text) = written(item.node) else {
        report.wrong::<()>(item, "a version like \"1.37\"");
        return None;
    };
    match text.parse() {
        Ok(release) => Some(release),
        Err(error) => {
            let title = format!("{}: {error}", item.path);
            // Without quotes a number: YAML takes the last 0 away.
            let meant = format!("{text}0");
            let help = match &item.node.value {
                Value::Float(_) if meant.parse::<Release>().is_ok() => format!("quote it: \"{meant}\""),
                _ => format!("write \"{}\" or leave it out", Release::NEWEST),
            };
            report.error_with_help(item.node.span, title, help);
            None
        }
    }
}
