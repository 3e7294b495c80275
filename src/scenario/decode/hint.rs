//! The way out: where an unknown field may belong, how a value of a wrong type could be meant.

use std::collections::VecDeque;

use super::super::document::{Node, Value};
use super::super::schema::{Shape, Struct, kubernetes};

/// How deep fields are looked for below a type.
const MAX_DEPTH: usize = 5;

/// What people write, and what Kubernetes calls it.
const SYNONYMS: [(&str, &str); 9] = [
    ("cmd", "command"),
    ("podTemplate", "template"),
    ("retries", "backoffLimit"),
    ("replicas", "parallelism"),
    ("timeout", "activeDeadlineSeconds"),
    ("ttl", "ttlSecondsAfterFinished"),
    ("cron", "schedule"),
    ("timezone", "timeZone"),
    ("environment", "env"),
];

/// Where a field that its type does not have may belong. `owners` are the types from the root to the one that it was
/// found in, each with the field of it that leads on.
pub(in crate::scenario) fn unknown_field(name: &str, owners: &[(&Struct, &'static str)]) -> Option<String> {
    let (&(owner, _), above) = owners.split_last()?;
    if let Some(similar) = spelled_alike(name, owner) {
        return Some(format!("did you mean `{similar}`?"));
    }
    let kind = owners[0].0.short_name();
    let here = path(above);
    for (i, (ancestor, _)) in above.iter().enumerate().rev() {
        if let Some(field) = ancestor.field(name).map(|f| f.name).or_else(|| spelled_alike(name, ancestor)) {
            let there = path(&above[..i]);
            return Some(format!("`{field}` belongs to {} of the {kind}: move it up from {}", top(&there), top(&here)));
        }
    }
    if let Some(below) = find_below(name, owner, MAX_DEPTH) {
        let there = join(&here, &below);
        return Some(format!("`{name}` belongs to {there} of the {kind}: move it down from {}", top(&here)));
    }
    let candidates = owner.fields.iter().map(|field| field.name);
    if let Some(similar) = nearest(name, candidates) {
        return Some(format!("did you mean `{similar}`?"));
    }
    let elsewhere = find_below(name, owners[0].0, MAX_DEPTH)?;
    Some(format!("`{name}` belongs to {elsewhere} of the {kind}"))
}

/// A field that differs by case, separators, a plural or a customary name only.
fn spelled_alike(name: &str, owner: &Struct) -> Option<&'static str> {
    let synonym = SYNONYMS.iter().find(|(written, _)| written.eq_ignore_ascii_case(name)).map(|&(_, meant)| meant);
    if let Some(field) = synonym.and_then(|meant| owner.field(meant)) {
        return Some(field.name);
    }
    let name = plain(name);
    let same = |field: &str| {
        let field = plain(field);
        field == name || field.strip_suffix('s') == Some(&name) || name.strip_suffix('s') == Some(&field)
    };
    owner.fields.iter().map(|field| field.name).find(|field| *field != name && same(field))
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name at the smallest distance, if that is small enough for a slip of the finger.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let allowed = if name.chars().count() <= 4 { 1 } else { 2 };
    let distance = |candidate: &str| strsim::osa_distance(name, candidate);
    candidates
        .into_iter()
        .filter(|candidate| distance(candidate) <= allowed)
        .min_by_key(|candidate| distance(candidate))
}

/// The shortest path below a type to a type that has a field of this name.
fn find_below(name: &str, root: &Struct, max_depth: usize) -> Option<String> {
    let mut seen = vec![root.name];
    let mut queue = VecDeque::from([(root, String::new(), 0)]);
    while let Some((owner, path, depth)) = queue.pop_front() {
        if !path.is_empty() && owner.field(name).is_some() {
            return Some(path);
        }
        for field in owner.fields.iter().filter(|f| depth < max_depth && f.name != "status" && f.name != "metadata") {
            let (next, step) = match kubernetes().shape(field.kind) {
                Shape::Struct(next) => (next, field.name.to_string()),
                Shape::List(item) => match kubernetes().shape(item) {
                    Shape::Struct(next) => (next, format!("{}[]", field.name)),
                    _ => continue,
                },
                _ => continue,
            };
            if !seen.contains(&next.name) {
                seen.push(next.name);
                queue.push_back((next, join(&path, &step), depth + 1));
            }
        }
    }
    None
}

fn path(owners: &[(&Struct, &'static str)]) -> String {
    owners.iter().map(|(_, field)| *field).collect::<Vec<_>>().join(".")
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_string() } else { format!("{path}.{step}") }
}

fn top(path: &str) -> &str {
    if path.is_empty() { "the top level" } else { path }
}

/// How a value of a wrong type could be meant.
pub(super) fn wrong_type(node: &Node, wanted: &str) -> Option<String> {
    match (&node.value, wanted) {
        (Value::String(text), "int32" | "int64") if text.parse::<i64>().is_ok() => {
            Some(format!("a number is written without quotes: {text}"))
        }
        (Value::String(text), "bool") if matches!(&**text, "true" | "false") => {
            Some(format!("a truth value is written without quotes: {text}"))
        }
        (Value::Sequence(_) | Value::Mapping(_) | Value::Null, wanted) if !wanted.starts_with("[]") => None,
        (Value::Mapping(_), _) => Some("this is a list: begin each of its items with `- `".to_string()),
        (Value::String(_), wanted) if wanted.starts_with("[]") => {
            Some("this is a list: write `[a, b]` or one item a line, each after `- `".to_string())
        }
        (Value::Bool(_), "string") => {
            Some("text that YAML reads as a truth value (yes, no, on, off, true, false) needs quotes".to_string())
        }
        (Value::Int(_) | Value::Unsigned(_) | Value::Float(_), "string") => {
            Some("text that YAML reads as a number needs quotes".to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_told_where_they_belong() {
        let check = |place: &str, name: &str, hint: &str| {
            let mut owners = Vec::new();
            let mut parts = place.split('.');
            let mut owner = kubernetes().get(&format!("v1.{}", parts.next().unwrap())).unwrap();
            for part in parts {
                let field = owner.field(part).unwrap();
                owners.push((owner, field.name));
                owner = match kubernetes().shape(field.kind) {
                    Shape::Struct(next) => next,
                    Shape::List(item) => match kubernetes().shape(item) {
                        Shape::Struct(next) => next,
                        shape => panic!("{shape:?}"),
                    },
                    shape => panic!("{shape:?}"),
                };
            }
            owners.push((owner, ""));
            assert_eq!(unknown_field(name, &owners).unwrap_or_default(), hint, "{place} {name}");
        };
        let up = "belongs to spec of the Job: move it up from spec.template.spec";
        check("Job.spec.template.spec", "completions", &format!("`completions` {up}"));
        check("Job.spec.template.spec", "backoff_limit", &format!("`backoffLimit` {up}"));
        check("Job.spec", "backoff_limit", "did you mean `backoffLimit`?");
        check("Job.spec", "BackoffLimit", "did you mean `backoffLimit`?");
        check("Job.spec", "completion", "did you mean `completions`?");
        check("Job.spec", "paralelism", "did you mean `parallelism`?");
        check("Job.spec.template.spec.containers", "cmd", "did you mean `command`?");
        check("Job.metadata", "label", "did you mean `labels`?");
        check("Job", "completions", "`completions` belongs to spec of the Job: move it down from the top level");
        check(
            "Job.spec",
            "containers",
            "`containers` belongs to spec.template.spec of the Job: move it down from spec",
        );
        check(
            "CronJob.spec",
            "completions",
            "`completions` belongs to spec.jobTemplate.spec of the CronJob: move it down from spec",
        );
        check(
            "CronJob.spec.jobTemplate.spec",
            "schedule",
            "`schedule` belongs to spec of the CronJob: move it up from spec.jobTemplate.spec",
        );
        check("Job.spec", "nonsense", "");
    }
}
