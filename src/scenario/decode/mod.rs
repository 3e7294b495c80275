//! Kubernetes' own strict decoding: unknown fields, duplicate keys and wrong types, all at once.
//!
//! Messages are those of `sigs.k8s.io/json` and `sigs.k8s.io/yaml`, which visit keys in alphabetical order.

mod hint;
mod verdict;

use super::document::{Document, Entry, Node, Value};
use super::schema::{Field, Shape, Struct, Type, kubernetes};
use super::source::Span;
use crate::api::duration;
use crate::api::quantity::Quantity;
use crate::api::quote::quote;
use crate::api::release::{Kubernetes, Line, Release, new_field};

pub use hint::nearest;
pub(in crate::scenario) use hint::unknown_field;
pub use verdict::{ServerDecoder, Verdict, document_verdict, is_served, kind_verdict, server_verdict, similar_kind};

/// Most strict errors that are reported of an object, as upstream.
const MAX_STRICT_ERRORS: usize = 100;

/// Most faults of a document that are kept; Kubernetes tells of the first wrong type only.
const MAX_FAULTS: usize = 1000;

/// What a document says, as far as it can be decoded.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The object, without unknown fields, fields of a wrong type, and nulls.
    pub value: serde_json::Value,
    /// All that is wrong, in the order in which the API server sees it.
    pub faults: Vec<Fault>,
}

/// Something that does not fit the type.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The field: `spec.template.spec.containers[0].name`.
    pub path: String,
    /// Its key if it is unknown or a duplicate, else its value.
    pub span: Span,
    /// The API server's words.
    pub message: String,
    /// Where it may belong, and other ways out.
    pub help: Option<String>,
}

/// What a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A value of a wrong type.
    Type,
    /// A value that its type's own reader refuses, which ends decoding.
    Fatal,
    /// No such field.
    Unknown,
    /// No such field in this release, only in later ones.
    Newer,
    /// A key that was there before.
    Duplicate,
}

impl Decoded {
    /// The error that the API server answers with if the object does not decode: the first, as Go tells of one only.
    pub fn type_error(&self) -> Option<&str> {
        let first = |kind| self.faults.iter().find(|fault| fault.kind == kind);
        first(FaultKind::Fatal).or_else(|| first(FaultKind::Type)).map(|fault| fault.message.as_str())
    }

    /// The single errors within the API server's `strict decoding error: a, b`. Duplicate keys are one error.
    pub fn strict_errors(&self) -> Vec<String> {
        let duplicates: Vec<_> = self.messages(FaultKind::Duplicate).collect();
        let first = format!("yaml: unmarshal errors:\n  {}", duplicates.join("\n  "));
        let duplicates = (!duplicates.is_empty()).then_some(first);
        let unknown = |fault: &&Fault| matches!(fault.kind, FaultKind::Unknown | FaultKind::Newer);
        let unknown = self.faults.iter().filter(unknown).map(|fault| fault.message.clone());
        duplicates.into_iter().chain(unknown).collect()
    }

    fn messages(&self, kind: FaultKind) -> impl Iterator<Item = &str> {
        self.faults.iter().filter(move |fault| fault.kind == kind).map(|fault| fault.message.as_str())
    }
}

/// Decodes a document as an object of a type, as a cluster's server does.
pub fn decode(document: &Document, root: &'static Struct, kubernetes: &Kubernetes) -> Decoded {
    let mut decoded = decode_node(&document.root, root, kubernetes);
    let duplicates = document.duplicates.iter().map(|duplicate| {
        let (line, _) = document.source.line_column(duplicate.value.start);
        Fault {
            kind: FaultKind::Duplicate,
            path: duplicate.path.clone(),
            span: duplicate.span,
            message: format!("line {line}: key {} already set in map", duplicate.key),
            help: Some("remove one of the two; the API server would take the last".to_string()),
        }
    });
    decoded.faults.splice(0..0, duplicates);
    decoded
}

/// Decodes a value as an object of a type; duplicates are the document's matter.
pub fn decode_node(node: &Node, root: &'static Struct, kubernetes: &Kubernetes) -> Decoded {
    let mut walk = Walk { kubernetes, faults: Vec::new(), unknown: 0, path: String::new(), owners: Vec::new() };
    let value = match &node.value {
        Value::Mapping(entries) => walk.fields(entries, root),
        Value::Null => walk.fields(&[], root),
        _ => {
            walk.wrong_type(node, node.json_type(), root.name.to_string(), FaultKind::Type);
            serde_json::Value::Null
        }
    };
    Decoded { value, faults: walk.faults }
}

/// A type on the way from the root to the value at hand, and the field of it that leads on.
struct Owner {
    owner: &'static Struct,
    field: &'static Field,
}

struct Walk<'k> {
    kubernetes: &'k Kubernetes,
    faults: Vec<Fault>,
    unknown: usize,
    path: String,
    owners: Vec<Owner>,
}

impl Walk<'_> {
    fn fields(&mut self, entries: &[Entry], owner: &'static Struct) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        for entry in sorted(entries) {
            let Some(field) = owner.field(&entry.key) else {
                self.unknown_field(entry, owner);
                continue;
            };
            if let Some(since) = self.comes_later(owner, field) {
                self.newer_field(entry, since);
            } else if let Some(value) = self.field(entry, owner, field) {
                object.insert(field.name.to_string(), value);
            }
        }
        serde_json::Value::Object(object)
    }

    fn field(&mut self, entry: &Entry, owner: &'static Struct, field: &'static Field) -> Option<serde_json::Value> {
        self.owners.push(Owner { owner, field });
        let value = self.within(&entry.key, |walk| walk.value(&entry.value, field.kind));
        self.owners.pop();
        value
    }

    /// What a value stands for; nothing for a null, which leaves a field unset, and for a wrong type.
    fn value(&mut self, node: &Node, kind: Type) -> Option<serde_json::Value> {
        let shape = kubernetes().shape(kind);
        match (&node.value, shape) {
            (Value::Null, _) => None,
            (_, Shape::Any)
            | (Value::String(_), Shape::String | Shape::IntOrString)
            | (Value::Bool(_), Shape::Bool)
            | (Value::Int(_), Shape::Int64) => Some(node.to_json()),
            (Value::Int(n), Shape::Int32 | Shape::IntOrString) if i32::try_from(*n).is_ok() => Some(node.to_json()),
            (Value::Float(n), Shape::Int32 | Shape::Int64 | Shape::IntOrString) if is_whole(*n, shape) => {
                Some((*n as i64).into())
            }
            (_, Shape::IntOrString) => self.wrong_type(node, &number_type(node), "int32".into(), FaultKind::Fatal),
            (_, Shape::Quantity) => self.quantity(node),
            (_, Shape::Time) => self.time(node),
            (Value::Mapping(entries), Shape::Struct(of)) => Some(self.fields(entries, of)),
            (Value::Mapping(entries), Shape::Map(of)) => Some(self.map(entries, of)),
            (Value::Sequence(items), Shape::List(of)) => Some(self.list(items, of)),
            (_, Shape::Int32 | Shape::Int64) => {
                self.wrong_type(node, &number_type(node), kind.go_name(), FaultKind::Type)
            }
            _ => self.wrong_type(node, node.json_type(), kind.go_name(), FaultKind::Type),
        }
    }

    fn map(&mut self, entries: &[Entry], of: Type) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        for entry in sorted(entries) {
            let value = self.within(&entry.key, |walk| walk.element(&entry.value, of));
            object.extend(value.map(|value| (entry.key.to_string(), value)));
        }
        serde_json::Value::Object(object)
    }

    fn list(&mut self, items: &[Node], of: Type) -> serde_json::Value {
        let length = self.path.len();
        let mut values = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            self.path.push_str(&format!("[{i}]"));
            values.extend(self.element(item, of));
            self.path.truncate(length);
        }
        serde_json::Value::Array(values)
    }

    /// An item of a list or map, where a null is the type's zero.
    fn element(&mut self, node: &Node, of: Type) -> Option<serde_json::Value> {
        if node.value != Value::Null {
            return self.value(node, of);
        }
        Some(match kubernetes().shape(of) {
            Shape::String => "".into(),
            Shape::Bool => false.into(),
            Shape::Int32 | Shape::Int64 | Shape::IntOrString => 0.into(),
            Shape::Quantity => "0".into(),
            Shape::Struct(_) => serde_json::Value::Object(serde_json::Map::new()),
            _ => serde_json::Value::Null,
        })
    }

    /// `Quantity.UnmarshalJSON` reads the JSON text of whatever it is given, less the quotes.
    fn quantity(&mut self, node: &Node) -> Option<serde_json::Value> {
        let text = match &node.value {
            Value::String(text) => text.trim().to_string(),
            Value::Bool(b) => b.to_string(),
            _ => node.number().unwrap_or_default(),
        };
        match Quantity::parse(&text) {
            Ok(_) => Some(node.to_json()),
            Err(message) => {
                self.fault(FaultKind::Fatal, node.span, message, None);
                None
            }
        }
    }

    fn time(&mut self, node: &Node) -> Option<serde_json::Value> {
        let Value::String(text) = &node.value else {
            return self.wrong_type(node, node.json_type(), "string".to_string(), FaultKind::Fatal);
        };
        if super::time::rfc3339(text).is_some() {
            return Some((**text).into());
        }
        let layout = "2006-01-02T15:04:05Z07:00";
        let quoted = duration::quote(text);
        let message = format!("parsing time {quoted} as \"{layout}\": cannot parse {quoted} as \"2006\"");
        self.fault(FaultKind::Fatal, node.span, message, None);
        None
    }

    fn wrong_type(&mut self, node: &Node, found: &str, wanted: String, kind: FaultKind) -> Option<serde_json::Value> {
        let target = match self.owners.last() {
            Some(last) => {
                let names = |Owner { field, .. }: &Owner| field.embedded_in.into_iter().chain([field.name]);
                let fields: Vec<_> = self.owners.iter().flat_map(names).collect();
                format!("Go struct field {}.{}", last.owner.short_name(), fields.join("."))
            }
            None => "Go value".to_string(),
        };
        let message = format!("json: cannot unmarshal {found} into {target} of type {wanted}");
        let help = hint::wrong_type(node, &wanted);
        self.fault(kind, node.span, message, help);
        None
    }

    fn unknown_field(&mut self, entry: &Entry, owner: &'static Struct) {
        self.unknown += 1;
        if self.unknown > MAX_STRICT_ERRORS {
            return;
        }
        let mut owners: Vec<_> = self.owners.iter().map(|o| (o.owner, o.field.name)).collect();
        owners.push((owner, ""));
        let help = hint::unknown_field(&entry.key, &owners);
        self.within(&entry.key, |walk| {
            let message = format!("unknown field {}", quote(&walk.path));
            walk.fault(FaultKind::Unknown, entry.key_span, message, help);
        });
    }

    /// The later release that the field came with.
    fn comes_later(&self, owner: &Struct, field: &Field) -> Option<Release> {
        if self.kubernetes.knows_all_fields() {
            return None;
        }
        let known = new_field(owner.short_name(), field.name)?;
        (!self.kubernetes.holds(Line::Field(known))).then_some(known.since)
    }

    fn newer_field(&mut self, entry: &Entry, since: Release) {
        self.unknown += 1;
        if self.unknown > MAX_STRICT_ERRORS {
            return;
        }
        let release = self.kubernetes.release;
        let help = format!("Kubernetes {release} does not know it, {since} is the first that does: it is dropped");
        self.within(&entry.key, |walk| {
            let message = format!("unknown field \"{}\"", walk.path);
            walk.fault(FaultKind::Newer, entry.key_span, message, Some(help));
        });
    }

    fn fault(&mut self, kind: FaultKind, span: Span, message: String, help: Option<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { kind, path: self.path.clone(), span, message, help });
        }
    }

    fn within<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let value = work(self);
        self.path.truncate(length);
        value
    }
}

/// Go's YAML reader turns a mapping into JSON with its keys in order.
fn sorted(entries: &[Entry]) -> Vec<&Entry> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    sorted
}

/// Is this written to JSON as digits alone, and within the type?
fn is_whole(number: f64, shape: Shape<'_>) -> bool {
    let limit = if matches!(shape, Shape::Int64) { i64::MAX as f64 } else { f64::from(i32::MAX) };
    number.fract() == 0.0 && number <= limit && number >= -limit && number.abs() < 1e18
}

/// Go tells which number it was if it wanted another number.
fn number_type(node: &Node) -> String {
    node.number().map_or_else(|| node.json_type().to_string(), |number| format!("number {number}"))
}

#[cfg(test)]
mod tests;
