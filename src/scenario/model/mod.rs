//! Which fields of a manifest the simulation acts on: one table, for `explain`, for what a run lists as not modelled,
//! and for `--strict-model`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::document::{Document, Node, Value};
use super::problem::Problem;
use super::schema::{Shape, Struct, Type, kubernetes};
use super::source::Span;

/// How a field is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// As in a cluster.
    Modelled,
    /// Something stands in for it.
    Approximated,
    /// Nothing reads it.
    Ignored,
}

impl Treatment {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Treatment::Modelled => "modelled",
            Treatment::Approximated => "approximated",
            Treatment::Ignored => "ignored",
        }
    }
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// How the field is treated.
    pub treatment: Treatment,
    /// Why, or what instead; often empty.
    pub why: &'static str,
}

/// The table: entries by type and field, `JobSpec.parallelism`.
pub fn table() -> &'static BTreeMap<&'static str, Entry> {
    static TABLE: OnceLock<BTreeMap<&'static str, Entry>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("fields.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entry = |line: &'static str| {
            let mut words = line.splitn(3, ' ');
            let (field, treatment) = (words.next()?, words.next()?);
            let treatment = [Treatment::Modelled, Treatment::Approximated, Treatment::Ignored]
                .into_iter()
                .find(|known| known.as_str() == treatment)?;
            Some((field, Entry { treatment, why: words.next().unwrap_or("") }))
        };
        lines.filter_map(entry).collect()
    })
}

/// How a field of a type is treated; none for types that the table does not go into.
pub fn treatment(owner: &Struct, field: &str) -> Option<Entry> {
    table().get(format!("{}.{field}", owner.short_name()).as_str()).copied()
}

/// A field that is set and that nothing reads.
#[derive(Clone, Debug)]
pub(super) struct Unmodelled {
    /// Its path, without positions in lists.
    pub(super) path: String,
    pub(super) span: Span,
    pub(super) entry: Entry,
}

impl Unmodelled {
    /// As an error, under `--strict-model`.
    pub(super) fn problem(&self, document: &Document) -> Problem {
        let problem = Problem::at(document.at(self.span), format!("not modelled: {}", self.path));
        let problem = if self.entry.why.is_empty() { problem } else { problem.help(self.entry.why) };
        problem.help("take the field out, or leave --strict-model out to run as if it were not there")
    }
}

/// The fields of an object that nothing reads, in the order of the text.
pub(super) fn unmodelled(root: &Node, kind: &str) -> Vec<Unmodelled> {
    let mut found = Vec::new();
    if let Some(owner) = kubernetes().get(&format!("v1.{kind}")) {
        walk(root, owner, "", &mut found);
    }
    found.sort_by_key(|field| field.span);
    found
}

fn walk(node: &Node, owner: &'static Struct, path: &str, found: &mut Vec<Unmodelled>) {
    for entry in node.entries().iter().filter(|entry| entry.value.value != Value::Null) {
        let Some(field) = owner.field(&entry.key) else { continue };
        let path = if path.is_empty() { entry.key.to_string() } else { format!("{path}.{}", entry.key) };
        match treatment(owner, &entry.key) {
            Some(treated) if treated.treatment == Treatment::Ignored => {
                found.push(Unmodelled { path, span: entry.key_span, entry: treated });
            }
            Some(treated) if treated.treatment == Treatment::Modelled => within(&entry.value, field.kind, &path, found),
            _ => {}
        }
    }
}

fn within(node: &Node, kind: Type, path: &str, found: &mut Vec<Unmodelled>) {
    match (&node.value, kubernetes().shape(kind)) {
        (Value::Mapping(_), Shape::Struct(owner)) => walk(node, owner, path, found),
        (Value::Sequence(items), Shape::List(item)) => items.iter().for_each(|node| within(node, item, path, found)),
        _ => {}
    }
}

/// What nothing reads in all manifests of a scenario, counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By kind and path, in order of appearance: in how many objects.
    fields: Vec<(String, String, usize)>,
}

impl Tally {
    /// Counts an object's fields, each once.
    pub(super) fn add(&mut self, kind: &str, fields: &[Unmodelled]) {
        for (at, field) in fields.iter().enumerate() {
            if fields[..at].iter().any(|other| other.path == field.path) {
                continue;
            }
            let known = self.fields.iter_mut().find(|(of, path, _)| of == kind && *path == field.path);
            match known {
                Some((_, _, count)) => *count += 1,
                None => self.fields.push((kind.to_owned(), field.path.clone(), 1)),
            }
        }
    }

    /// A sentence a kind.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<(String, Vec<String>)> = Vec::new();
        for (kind, path, count) in &self.fields {
            let text = if *count == 1 { path.clone() } else { format!("{path} ({count} objects)") };
            match notes.iter_mut().find(|(of, _)| of == kind) {
                Some((_, paths)) => paths.push(text),
                None => notes.push((kind.clone(), vec![text])),
            }
        }
        let note = |(kind, paths): (String, Vec<String>)| {
            let example = self.fields.iter().find(|(of, ..)| *of == kind).map_or("", |(_, path, _)| path);
            let lower = kind.to_lowercase();
            format!("not modelled, of {kind}: {} (see `jobsim explain {lower}.{example}`)", paths.join(", "))
        };
        notes.into_iter().map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types that can be reached through fields that are modelled.
    fn reached(owner: &'static Struct, all: &mut Vec<&'static Struct>) {
        if all.iter().any(|known| known.name == owner.name) {
            return;
        }
        all.push(owner);
        for field in &owner.fields {
            if treatment(owner, field.name).is_none_or(|entry| entry.treatment != Treatment::Modelled) {
                continue;
            }
            let mut shape = kubernetes().shape(field.kind);
            while let Shape::List(item) | Shape::Map(item) = shape {
                shape = kubernetes().shape(item);
            }
            if let Shape::Struct(inner) = shape {
                // What the server sets is no manifest's business.
                if !matches!(field.name, "status" | "managedFields") {
                    reached(inner, all);
                }
            }
        }
    }

    #[test]
    fn every_field_that_a_manifest_can_set_is_in_the_table() {
        let mut all = Vec::new();
        for kind in ["v1.Job", "v1.CronJob", "v1.ResourceQuota"] {
            reached(kubernetes().get(kind).expect("a kind"), &mut all);
        }
        let fields: Vec<String> = all
            .iter()
            .flat_map(|owner| owner.fields.iter().map(|field| format!("{}.{}", owner.short_name(), field.name)))
            .collect();
        let missing: Vec<_> = fields.iter().filter(|field| !table().contains_key(field.as_str())).collect();
        let extra: Vec<_> = table().keys().filter(|field| !fields.iter().any(|known| known == *field)).collect();
        assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}, no such fields: {extra:?}");
        let lines = include_str!("fields.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(lines.count(), table().len(), "a line is not well formed or there twice");
    }
}
