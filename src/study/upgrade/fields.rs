//! What becomes of the fields of Jobs and CronJobs under two releases: dropped, with or without a warning, or defaulted
//! otherwise.

use serde::Serialize;
use serde_json::Value;

use super::super::difference::{SettingChange, object_changes};
use super::search::fewest;
use super::{Attribution, Between};
use crate::api::release::{FIELDS, Kubernetes, Line, NewField, Release};
use crate::scenario::{Judged, Source, Validate, judge};

/// A field that does not become the same in both releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// `Job train`.
    pub object: String,
    /// Its path; empty for a warning that is about no single field.
    pub field: String,
    /// What becomes of it.
    pub fate: Fate,
    /// The sentence.
    pub text: String,
    /// The lines of the table that make it so.
    pub rules: Vec<Attribution>,
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// One release does not know it: its server drops it and warns of that.
    DroppedWithWarning,
    /// One release has its feature gate off: its server drops it and says nothing.
    DroppedSilently,
    /// It is not written, and only one release has this default.
    Default,
    /// Only one release warns of something.
    Warning,
}

impl std::fmt::Display for FieldChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.object, self.text)?;
        if self.rules.is_empty() { Ok(()) } else { write!(f, " ({})", super::named(&self.rules)) }
    }
}

/// What differs, in the order of the documents.
pub(super) fn changes(sources: &[Source], from: &Kubernetes, to: &Kubernetes) -> Vec<FieldChange> {
    let between = Between { from, to };
    let judged = |kubernetes: &Kubernetes| judge(sources.to_vec(), Validate::Warn, Some(kubernetes.clone()));
    let (befores, afters) = (judged(from), judged(to));
    let mut found = Vec::new();
    for (place, (before, after)) in befores.iter().zip(&afters).enumerate() {
        let object = format!("{} {}", before.kind, before.name);
        let mut add = |field: &str, fate, text: String, rules| {
            let (object, field) = (object.clone(), field.to_owned());
            found.push(FieldChange { object, field, fate, text, rules });
        };
        for (mine, theirs, release, other) in
            [(before, after, from.release, to.release), (after, before, to.release, from.release)]
        {
            for warning in mine.warnings.iter().filter(|warning| !theirs.warnings.contains(warning)) {
                match unknown(warning) {
                    Some(path) => {
                        let also = match dropped(theirs, path) {
                            true => format!("; {other} drops it without a warning"),
                            false => String::new(),
                        };
                        let text = format!("{release} drops {path} and warns: {warning}{also}");
                        let known = new(path, release).map(|f| Attribution { line: Line::Field(f), release: f.since });
                        add(path, Fate::DroppedWithWarning, text, known.into_iter().collect());
                    }
                    None => add("", Fate::Warning, format!("{release} warns: {warning}"), Vec::new()),
                }
            }
        }
        let settings = |kubernetes: &Kubernetes| stored_changes(before, judged(kubernetes).get(place));
        for change in stored_changes(before, Some(after)) {
            let warned = |judged: &Judged| {
                judged.warnings.iter().filter_map(|text| unknown(text)).any(|path| is_within(&change.field, path))
            };
            if warned(before) || warned(after) {
                continue;
            }
            let lines = between.lines();
            let explains = |some: &[Line]| settings(&between.kubernetes(some)).contains(&change);
            let lines = if explains(&lines) { fewest(&lines, explains) } else { Vec::new() };
            let (fate, text) = told(&change, before, after, (from.release, to.release), &lines);
            let rules = lines.into_iter().map(|line| Attribution { line, release: line.turned(from, to) });
            add(&change.field, fate, text, rules.collect());
        }
    }
    found
}

/// How the object is stored in one release and in the other.
fn stored_changes(before: &Judged, after: Option<&Judged>) -> Vec<SettingChange> {
    match (&before.stored, after.and_then(|after| after.stored.as_ref())) {
        (Some(before), Some(after)) => object_changes("", Some(before), Some(after)),
        _ => Vec::new(),
    }
}

fn told(
    change: &SettingChange,
    before: &Judged,
    after: &Judged,
    (from, to): (Release, Release),
    lines: &[Line],
) -> (Fate, String) {
    let field = &change.field;
    let is_written = [before, after].iter().any(|side| is_sent(side, field));
    let gates = lines.iter().flat_map(|line| match line {
        Line::Rule(change) => change.gates,
        Line::Field(_) => &[],
    });
    let off = gates.map(|gate| format!(": its feature gate {gate} is off")).next().unwrap_or_default();
    match (&change.before, &change.after) {
        (None, Some(_)) if is_written => {
            (Fate::DroppedSilently, format!("{from} drops {field} without a warning{off}"))
        }
        (Some(_), None) if is_written => (Fate::DroppedSilently, format!("{to} drops {field} without a warning{off}")),
        (None, Some(value)) => (Fate::Default, format!("{field} is {value} by default in {to}, and not set in {from}")),
        (Some(value), None) => (Fate::Default, format!("{field} is {value} by default in {from}, and not set in {to}")),
        (before, after) => {
            let text = |value: &Option<Value>| value.as_ref().map_or("not set".to_owned(), Value::to_string);
            (Fate::Default, format!("{field} is {} in {to} instead of {} in {from}", text(after), text(before)))
        }
    }
}

/// The path in `unknown field "spec.successPolicy"`.
fn unknown(warning: &str) -> Option<&str> {
    warning.strip_prefix("unknown field \"")?.strip_suffix('"')
}

/// The field at the end of a path that is younger than a release.
fn new(path: &str, release: Release) -> Option<&'static NewField> {
    let name = path.rsplit('.').next()?;
    FIELDS.iter().find(|field| field.since > release && field.field.rsplit('.').next() == Some(name))
}

fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Was the field sent, and is it not stored?
fn dropped(judged: &Judged, path: &str) -> bool {
    is_sent(judged, path) && judged.stored.as_ref().is_some_and(|stored| at(stored, path).is_none())
}

fn is_sent(judged: &Judged, path: &str) -> bool {
    judged.sent.as_ref().is_some_and(|sent| at(sent, path).is_some())
}

/// The value at `spec.template.spec.containers[0].name`; none if it is not set.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    let found = steps.into_iter().try_fold(value, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => value.get(step),
    });
    found.filter(|value| !value.is_null())
}
