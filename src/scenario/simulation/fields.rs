//! Reading a mapping of our own document, strictly: every fault is noted and reading goes on.

use std::ops::RangeInclusive;

use super::super::decode::nearest;
use super::super::document::{Document, Entry, Node, Value};
use super::super::problem::Problem;
use super::super::source::{SideFile, Span};
use super::super::validate::Validate;
use crate::api::duration::parse_duration;
use crate::kernel::time::SimDuration;

/// Most problems of the document that are kept.
const MAX_PROBLEMS: usize = 1000;

/// What was found wrong so far.
pub(super) struct Report<'a> {
    pub(super) document: &'a Document,
    pub(super) validate: Validate,
    pub(super) problems: Vec<Problem>,
    /// Files that the document names, as they were read.
    pub(super) files: Vec<SideFile>,
}

/// The entries of a mapping, of which each must be asked for.
pub(super) struct Fields<'n> {
    path: String,
    span: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

/// A value with the name of its field.
#[derive(Clone)]
pub(super) struct Item<'n> {
    pub(super) node: &'n Node,
    pub(super) path: String,
}

impl<'a> Report<'a> {
    /// Of a document of which nothing was read yet.
    pub(super) fn new(document: &'a Document, validate: Validate) -> Report<'a> {
        Report { document, validate, problems: Vec::new(), files: Vec::new() }
    }
}

impl Report<'_> {
    /// Notes a fault.
    pub(super) fn error(&mut self, span: Span, title: String, label: &str) {
        self.push(Problem::at(self.document.at(span), title).label(label));
    }

    /// Notes a fault of any kind, unless there are too many.
    pub(super) fn push(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Notes a fault and a way out.
    pub(super) fn error_with_help(&mut self, span: Span, title: String, help: impl Into<String>) {
        self.push(Problem::at(self.document.at(span), title).help(help));
    }

    /// A value that is of another kind than its field.
    pub(super) fn wrong<T>(&mut self, item: &Item<'_>, wanted: &str) -> Option<T> {
        let found = item.node.json_type();
        self.error(item.node.span, format!("{}: expected {wanted}, found {found}", item.path), "");
        None
    }

    /// A mapping.
    pub(super) fn fields<'n>(&mut self, item: &Item<'n>) -> Option<Fields<'n>> {
        match &item.node.value {
            Value::Mapping(entries) => {
                Some(Fields { path: item.path.clone(), span: item.node.span, entries, known: Vec::new() })
            }
            _ => self.wrong(item, "a mapping"),
        }
    }

    /// A list.
    pub(super) fn list<'n>(&mut self, item: &Item<'n>) -> Vec<Item<'n>> {
        match &item.node.value {
            Value::Sequence(items) => {
                let item = |(i, node)| Item { node, path: format!("{}[{i}]", item.path) };
                items.iter().enumerate().map(item).collect()
            }
            _ => self.wrong(item, "a list").unwrap_or_default(),
        }
    }

    /// Text.
    pub(super) fn text<'n>(&mut self, item: &Item<'n>) -> Option<&'n str> {
        item.node.as_str().or_else(|| self.wrong(item, "text (put it in quotes)"))
    }

    /// A truth value.
    pub(super) fn boolean(&mut self, item: &Item<'_>) -> Option<bool> {
        if let Value::Bool(value) = item.node.value { Some(value) } else { self.wrong(item, "true or false") }
    }

    /// A whole number within a range.
    pub(super) fn integer(&mut self, item: &Item<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match item.node.value {
            Value::Int(n) => u64::try_from(n).ok(),
            Value::Unsigned(n) => Some(n),
            _ => return self.wrong(item, "a whole number"),
        };
        number.filter(|n| range.contains(n)).or_else(|| {
            let written = item.node.number().unwrap_or_default();
            let title = format!("{}: {written} is not from {} to {}", item.path, range.start(), range.end());
            self.error(item.node.span, title, "");
            None
        })
    }

    /// A finite number.
    pub(super) fn number(&mut self, item: &Item<'_>) -> Option<f64> {
        match item.node.value {
            Value::Int(n) => Some(n as f64),
            Value::Unsigned(n) => Some(n as f64),
            Value::Float(n) => Some(n),
            _ => self.wrong(item, "a number"),
        }
    }

    /// A length of time that may be negative, in nanoseconds.
    pub(super) fn signed_duration(&mut self, item: &Item<'_>) -> Option<i64> {
        let Some(text) = item.node.as_str() else { return self.duration(item).map(|length| length.0 as i64) };
        let (text, sign) = text.strip_prefix('-').map_or((text, 1), |rest| (rest, -1));
        let read = parse_duration(text).map(|length| sign * i64::try_from(length.0).unwrap_or(i64::MAX));
        read.map_err(|error| self.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
    }

    /// A length of time.
    pub(super) fn duration(&mut self, item: &Item<'_>) -> Option<SimDuration> {
        let text = match &item.node.value {
            Value::String(text) => text.to_string(),
            Value::Int(_) | Value::Float(_) => item.node.number().unwrap_or_default(),
            _ => return self.wrong(item, "a duration like 1h30m, 45s, 250ms or 2d"),
        };
        let read = parse_duration(&text);
        read.map_err(|error| self.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
    }
}

impl<'n> Fields<'n> {
    /// The value of a field, unless it is absent or null.
    pub(super) fn get(&mut self, name: &'static str) -> Option<Item<'n>> {
        self.known.push(name);
        let entry = self.entries.iter().find(|entry| &*entry.key == name)?;
        (entry.value.value != Value::Null).then(|| Item { node: &entry.value, path: self.path_of(name) })
    }

    /// The value of a field that must be there.
    pub(super) fn require(&mut self, name: &'static str, report: &mut Report<'_>) -> Option<Item<'n>> {
        let found = self.get(name);
        if found.is_none() {
            report.error(self.span, format!("missing field \"{}\"", self.path_of(name)), "");
        }
        found
    }

    /// All entries, for mappings with keys of the user's.
    pub(super) fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// Where the mapping stands.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The mapping's own name.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }

    /// Notes the entries that nothing asked for.
    pub(super) fn finish(self, report: &mut Report<'_>) {
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&&*entry.key)) {
            let title = format!("unknown field \"{}\"", self.path_of(&entry.key));
            let mut problem = Problem::at(report.document.at(entry.key_span), title);
            let hint = match nearest(&entry.key, self.known.iter().copied()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("fields here: {}", self.known.join(", ")),
            };
            problem = problem.help(hint);
            match report.validate {
                Validate::Strict => report.push(problem),
                Validate::Warn => report.push(problem.warning()),
                Validate::Ignore => {}
            }
        }
    }
}
