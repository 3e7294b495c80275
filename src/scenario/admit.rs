//! From manifests to objects: decoding, the API server's verdict, and the place of every complaint.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value as Json;

use super::clockwork::Clocks;
use super::cluster_objects;
use super::decode::{Decoded, Fault, FaultKind, decode};
use super::document::{Document, Node, Value};
use super::problem::{Problem, Problems, Severity};
use super::quotas;
use super::schema::kubernetes;
use super::source::Span;
use super::validate::Validate;
use super::{JobObject, Object};
use crate::api::release::{Kubernetes, Rules};
use crate::apiserver::{FieldError, NewCronJob, admission};
use crate::controllers::cronjob::schedule::is_of_day_seven;

/// The API server that objects are sent to, and how strictly they are to be read.
pub(super) struct Server<'a> {
    pub(super) validate: Validate,
    /// Under strict validation too, fields that only newer releases know are warned of, unless it was asked for.
    pub(super) refuse_newer: bool,
    pub(super) kubernetes: &'a Kubernetes,
}

/// Decodes an object and lets the API server decide on it.
pub(super) fn admit(document: &Document, kind: &str, server: &Server<'_>, problems: &mut Problems) -> Option<Object> {
    let root = kubernetes().get(&format!("v1.{kind}"))?;
    let decoded = decode(document, root, server.kubernetes);
    let before = errors(problems);
    // The API server goes by the alphabet, people by the text.
    let mut faults: Vec<_> = decoded.faults.iter().collect();
    faults.sort_by_key(|fault| fault.span);
    problems.list.extend(faults.into_iter().filter_map(|fault| fault_problem(document, fault, server)));
    if errors(problems) > before {
        return None;
    }
    let rules = server.kubernetes.rules();
    match kind {
        "Job" => job(document, &decoded, &rules, problems),
        "CronJob" => cron_job(document, &decoded, &rules, problems),
        "Pod" => cluster_objects::pod(document, &decoded.value, &rules, problems),
        // Namespaces are there as soon as an object is in them.
        "Namespace" => None,
        _ => policy(document, kind, &decoded, &rules, problems),
    }
}

/// What the server has of an object that it accepts.
pub(super) struct Accepted {
    /// A Job or CronJob as it is stored.
    pub(super) stored: Option<Json>,
    /// What the server warns of.
    pub(super) warnings: Vec<String>,
}

/// The server's answer to an object of a kind, as far as it hangs on this object alone.
pub(super) fn answer(kind: &str, value: &Json, rules: &Rules) -> Result<Accepted, Vec<FieldError>> {
    let accepted = |stored, warnings| Accepted { stored, warnings };
    match kind {
        "Job" => admission::create_job(value, rules).map(|job| accepted(Some(job.manifest), job.warnings)),
        "CronJob" => admission::create_cron_job(value, &Clocks, rules)
            .map(|cron_job| accepted(Some(cron_job.manifest), cron_job.warnings)),
        "Namespace" => Ok(accepted(None, Vec::new())),
        "Pod" if cluster_objects::has_ended(value) => Ok(accepted(None, Vec::new())),
        "Pod" => admission::create_pod(value, rules).map(|pod| accepted(None, pod.warnings)),
        _ => admission::create_policy(kind, value, rules).map(|policy| accepted(None, policy.warnings)),
    }
}

fn errors(problems: &Problems) -> usize {
    problems.list.iter().filter(|problem| problem.severity == Severity::Error).count()
}

/// Unknown and duplicate fields are as bad as `--validate` says; a wrong type is always an error.
fn fault_problem(document: &Document, fault: &Fault, server: &Server<'_>) -> Option<Problem> {
    let title = match fault.kind {
        FaultKind::Duplicate => format!("duplicate field \"{}\"", fault.path),
        _ => fault.message.clone(),
    };
    let problem = Problem { help: fault.help.iter().cloned().collect(), ..Problem::at(document.at(fault.span), title) };
    match (fault.kind, server.validate) {
        (FaultKind::Newer, Validate::Strict) if !server.refuse_newer => Some(problem.warning()),
        (FaultKind::Type | FaultKind::Fatal, _) | (_, Validate::Strict) => Some(problem),
        (_, Validate::Warn) => Some(problem.warning()),
        (_, Validate::Ignore) => None,
    }
}

/// The API server's answer to an object that does not decode.
pub(super) fn cannot_be_handled(kind: &str, error: &str) -> String {
    format!("{kind} in version \"v1\" cannot be handled as a {kind}: {error}")
}

fn job(document: &Document, decoded: &Decoded, rules: &Rules, problems: &mut Problems) -> Option<Object> {
    let admitted = admission::create_job(&decoded.value, rules);
    let admitted = admitted.map_err(|errors| refuse(document, &errors, problems)).ok()?;
    warn(document, &admitted.warnings, problems);
    let (spec, manifest) = (Arc::new(admitted.spec), Arc::new(admission::as_read(admitted.manifest)));
    let sent = Arc::new(decoded.value.clone());
    Some(Object::Job(Box::new(JobObject { name: admitted.name, spec, manifest, sent })))
}

fn cron_job(document: &Document, decoded: &Decoded, rules: &Rules, problems: &mut Problems) -> Option<Object> {
    let admitted = admission::create_cron_job(&decoded.value, &Clocks, rules);
    let admitted = admitted.map_err(|errors| refuse(document, &errors, problems)).ok()?;
    warn(document, &admitted.warnings, problems);
    let (spec, manifest) = (Arc::new(admitted.spec), Arc::new(admitted.manifest));
    Some(Object::CronJob(Box::new(NewCronJob { name: admitted.name, spec, manifest })))
}

/// An object that bears on pods.
fn policy(
    document: &Document,
    kind: &str,
    decoded: &Decoded,
    rules: &Rules,
    problems: &mut Problems,
) -> Option<Object> {
    let admitted = admission::create_policy(kind, &decoded.value, rules);
    let admitted = admitted.map_err(|errors| refuse(document, &errors, problems)).ok()?;
    warn(document, &admitted.warnings, problems);
    let manifest = &admitted.manifest;
    Some(match kind {
        "Node" => cluster_objects::node(manifest),
        "PodDisruptionBudget" => cluster_objects::disruption_budget(manifest),
        "PriorityClass" => Object::PriorityClass(cluster_objects::class_of(manifest)),
        "LimitRange" => quotas::limit_range(manifest),
        _ => quotas::resource_quota(manifest),
    })
}

pub(super) fn refuse(document: &Document, errors: &[FieldError], problems: &mut Problems) {
    problems.list.extend(errors.iter().map(|error| field_problem(document, error)));
}

pub(super) fn warn(document: &Document, warnings: &[String], problems: &mut Problems) {
    let warning = |warning: &String| {
        let span = warning.split(':').next().and_then(|path| find(&document.root, path));
        Problem::at(document.at(span.unwrap_or(document.root.span)), warning.clone()).warning()
    };
    problems.list.extend(warnings.iter().map(warning));
}

/// The error at its field, or at the nearest thing around it that is written.
fn field_problem(document: &Document, error: &FieldError) -> Problem {
    // The label that the API server gives the pods, not one of those that are written.
    let name = document.root.get("metadata").and_then(|metadata| metadata.get("name"));
    let is_of_name = |name: &Node| {
        let text = name.as_str().filter(|_| error.field.ends_with("template.labels"));
        text.is_some_and(|text| error.text.ends_with(&format!("{text:?}: must be no more than 63 bytes")))
    };
    if let Some(name) = name.filter(|name| is_of_name(name)) {
        let why = "the Job's name is the label `job-name` of its pods: give it 63 characters at most";
        return Problem::at(document.at(name.span), error.text.clone()).label("too long for a label").help(why);
    }
    let field = as_written(&document.root, &error.field);
    let (span, exact) = nearest_span(&document.root, &field);
    let problem = Problem::at(document.at(span), error.text.clone());
    let is_of_sunday = error.field.ends_with("schedule") && is_of_day_seven(&error.text);
    let problem = if is_of_sunday { problem.help("Sunday is 0: days of the week go from 0 to 6") } else { problem };
    let missing = !exact && !error.field.is_empty();
    if missing { problem.label(format!("`{field}` is to stand in here")) } else { problem }
}

/// The path of a field in the document, where the server names it by another: taints and swap of a node as its
/// metadata's, its only network as the first of several.
fn as_written<'f>(root: &Node, field: &'f str) -> Cow<'f, str> {
    let has = |name: &str| root.get("spec").is_some_and(|spec| spec.get(name).is_some());
    for (server, written) in [
        ("metadata.taints", "spec.taints"),
        ("metadata.nodeSwapStatus", "status.nodeInfo.swap"),
        ("spec.podCIDRs[0]", if has("podCIDRs") { "spec.podCIDRs[0]" } else { "spec.podCIDR" }),
    ] {
        if let Some(rest) = field.strip_prefix(server).filter(|rest| rest.is_empty() || rest.starts_with(['.', '['])) {
            return format!("{written}{rest}").into();
        }
    }
    field.into()
}

/// The place of a field by its path: `spec.template.spec.containers[0].name`, `metadata.labels[a/b]`.
fn find(root: &Node, path: &str) -> Option<Span> {
    let (span, exact) = nearest_span(root, path);
    exact.then_some(span)
}

/// The place of a field, and true; or of what is nearest around it, and false.
pub(super) fn nearest_span(root: &Node, path: &str) -> (Span, bool) {
    let (mut node, mut span, mut rest) = (root, first_line(root), path);
    while !rest.is_empty() {
        // The server does not set off the names of resources that a node has, which hold points.
        let is_key = node.entries().iter().any(|entry| &*entry.key == rest);
        let Some((step, after)) = (if is_key { Some((rest, "")) } else { next_step(rest) }) else {
            return (span, false);
        };
        let found = match &node.value {
            Value::Mapping(entries) => entries.iter().find(|entry| &*entry.key == step).map(|e| (&e.value, e.key_span)),
            Value::Sequence(items) => step.parse::<usize>().ok().and_then(|i| items.get(i)).map(|n| (n, first_line(n))),
            _ => None,
        };
        let Some((next, place)) = found else { return (span, false) };
        let is_scalar = !matches!(next.value, Value::Mapping(_) | Value::Sequence(_) | Value::Null);
        (node, span, rest) = (next, if is_scalar { next.span } else { place }, after);
    }
    (span, true)
}

/// A mapping is shown by its first key.
fn first_line(node: &Node) -> Span {
    node.entries().first().map_or(node.span, |entry| entry.key_span)
}

/// The first step of a path and what follows: a name ends at a point or a bracket, a bracket at its end.
fn next_step(path: &str) -> Option<(&str, &str)> {
    if let Some(inner) = path.strip_prefix('[') {
        let (step, after) = inner.split_once(']')?;
        return Some((step, after.strip_prefix('.').unwrap_or(after)));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (step, after) = path.split_at(end);
    Some((step, after.strip_prefix('.').unwrap_or(after)))
}

#[cfg(test)]
mod tests {
    use super::super::document::parse;
    use super::super::source::{Source, SourceText};
    use super::*;

    #[test]
    fn paths_lead_to_places() {
        let text = "a:\n  b:\n  - c: 1\n    d: {x/y.z: 2}\n";
        let source = Arc::new(SourceText::new(Source { name: "x".into(), bytes: text.into() }).unwrap());
        let document = parse(&source).remove(0).unwrap();
        let check = |path: &str, place: &str, exact: bool| {
            let (span, found) = nearest_span(&document.root, path);
            assert_eq!((&text[span.range()], found), (place, exact), "{path}");
        };
        check("a.b[0].c", "1", true);
        check("a.b[0].d[x/y.z]", "2", true);
        check("a.b[0].d", "d", true);
        check("a.b[1].c", "b", false);
        check("a.b[0].d.x/y.z", "2", true);
        check("a.b[0].e", "c", false);
        check("z", "a", false);
        check("", "a", true);
        check("a.b[0", "b", false);
    }
}
