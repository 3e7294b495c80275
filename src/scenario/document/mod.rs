//! Documents as written: a JSON-like tree in which everything knows its place in the text.

mod go;
mod parse;
mod scalar;
mod syntax;
mod timestamp;

use std::sync::Arc;

use super::source::{Location, SourceText, Span};

pub use go::{go_float, go_json};
pub use parse::parse;
pub use scalar::is_plainly_text;

/// One document of a YAML stream.
#[derive(Clone, Debug)]
pub struct Document {
    /// The text that it stands in.
    pub source: Arc<SourceText>,
    /// The whole of it.
    pub root: Node,
    /// Keys that are set more than once, in order; the last one counts.
    pub duplicates: Vec<Duplicate>,
}

/// Why a document cannot be read at all.
#[derive(Clone, Debug)]
pub struct SyntaxError {
    /// Where.
    pub location: Location,
    /// What Go's YAML reader says.
    pub message: String,
}

/// A key that its mapping already had.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicate {
    /// The field: `spec.backoffLimit`.
    pub path: String,
    /// As Go prints it in an error, quoted if it is text.
    pub key: String,
    /// The later one's place.
    pub span: Span,
    /// Place of the later one's value, whose line is the one that Go names.
    pub value: Span,
}

/// A value and its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Where it stands; for an alias where its anchor stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// A value as JSON knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number past `i64`.
    Unsigned(u64),
    /// A finite number with a fraction or an exponent, or past `u64`.
    Float(f64),
    /// Text.
    String(Box<str>),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the text; no key twice.
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As JSON writes it: numbers and truth values as text.
    pub key: Box<str>,
    /// Where it stands.
    pub key_span: Span,
    /// What it is set to.
    pub value: Node,
}

impl Node {
    /// The value of a key, unless this is no mapping or has no such key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| &*entry.key == key).map(|entry| &entry.value)
    }

    /// Adds a key with a text that stands nowhere; does nothing if this is no mapping.
    pub fn set(&mut self, key: &str, text: &str) {
        let value = Node { span: self.span, value: Value::String(text.into()) };
        if let Value::Mapping(entries) = &mut self.value {
            entries.push(Entry { key: key.into(), key_span: self.span, value });
        }
    }

    /// The entries, none if this is no mapping.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Mapping(entries) = &self.value { entries } else { &[] }
    }

    /// The text, unless this is something else.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// A number as JSON text, as Go writes it.
    pub fn number(&self) -> Option<String> {
        match &self.value {
            Value::Int(n) => Some(n.to_string()),
            Value::Unsigned(n) => Some(n.to_string()),
            Value::Float(n) => Some(go_float(*n)),
            _ => None,
        }
    }

    /// What JSON calls this kind of value, in Go's words.
    pub fn json_type(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Unsigned(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Sequence(_) => "array",
            Value::Mapping(_) => "object",
        }
    }

    /// A value that stands nowhere in a text.
    pub fn from_json(value: &serde_json::Value) -> Node {
        let value = match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(b) => Value::Bool(*b),
            serde_json::Value::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(n), _) => Value::Int(n),
                (None, Some(n)) => Value::Unsigned(n),
                (None, None) => Value::Float(n.as_f64().unwrap_or_default()),
            },
            serde_json::Value::String(text) => Value::String(text.as_str().into()),
            serde_json::Value::Array(items) => Value::Sequence(items.iter().map(Node::from_json).collect()),
            serde_json::Value::Object(fields) => {
                let entry = |(key, value): (&String, &serde_json::Value)| Entry {
                    key: key.as_str().into(),
                    key_span: Span::default(),
                    value: Node::from_json(value),
                };
                Value::Mapping(fields.iter().map(entry).collect())
            }
        };
        Node { span: Span::default(), value }
    }

    /// Without the places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Int(n) => (*n).into(),
            Value::Unsigned(n) => (*n).into(),
            // JSON does not tell 9.0 from 9.
            Value::Float(n) => go_float(*n).parse().map_or_else(|_| (*n).into(), |whole: i64| whole.into()),
            Value::String(text) => (**text).into(),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(entries) => {
                serde_json::Value::Object(entries.iter().map(|e| (e.key.to_string(), e.value.to_json())).collect())
            }
        }
    }
}

impl Document {
    /// What a text without any document stands for.
    pub fn empty(source: Arc<SourceText>) -> Document {
        Document { source, root: Node { span: Span::default(), value: Value::Null }, duplicates: Vec::new() }
    }

    /// A place in this document.
    pub fn at(&self, span: Span) -> Location {
        Location { source: self.source.clone(), span }
    }
}
