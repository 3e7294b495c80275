//! What the server knows of the types of a manifest: how absent and empty values are read, stored, compared and printed.
//!
//! Go reads a document into structs and writes it out again. That drops nulls and most empty values, turns numbers into
//! quantities, and makes `{}` of missing structs. The table `schema.txt` says for each field what happens to it.

mod compare;
mod print;
mod read;
mod write;

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::field::Shown;
use crate::api::release::Release;

pub(crate) use print::print_json;
pub use print::{escape_html, go_json_text};

/// All types that a Job or a CronJob is made of.
pub(crate) struct Schema {
    structs: Vec<Struct>,
}

struct Struct {
    name: &'static str,
    /// The last release that prints it like this, if it is only there for that.
    until: Option<Release>,
    /// As Go has them in order.
    fields: Vec<FieldType>,
    /// The same by name.
    by_name: Vec<(&'static str, usize)>,
}

struct FieldType {
    name: &'static str,
    /// Name in the server's error texts, absent for a field whose own fields stand in its place.
    printed: Option<&'static str>,
    keep: bool,
    omit: bool,
    /// Dropped when read.
    off: bool,
    /// The parent is dropped with it if nothing else is in there.
    off_with_parent: bool,
    /// The only release whose error texts have it.
    only: Option<Release>,
    /// Go's name for the type of a string that has one.
    go_name: Option<&'static str>,
    /// How a patch merges the list, if it does.
    merge: Option<Merge>,
    default: Option<Value>,
    shape: Shape,
}

/// How a patch merges a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Merge {
    /// What tells items apart; empty if they are plain.
    pub(crate) key: &'static str,
    /// Does a patch of an item say which of its fields are to stay?
    pub(crate) retain_keys: bool,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A string.
    Text,
    /// A truth value.
    Bool,
    /// An integer of 32 or 64 bits.
    Int(u8),
    /// An amount: a string, or a number in the document.
    Quantity,
    /// A number or a name.
    IntOrString,
    /// An RFC 3339 time.
    Time,
    /// Whatever the document holds.
    Any,
    /// Items of one type.
    List(Box<Shape>),
    /// Values of one type by name.
    Map(Box<Shape>),
    /// A struct that is always there.
    Struct(usize),
    /// Something that may be absent, which differs from being empty.
    Optional(Box<Shape>),
}

/// The table, read once.
pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::parse(include_str!("schema.txt")))
}

/// A value of a type in the table's notation as an error shows it.
pub(crate) fn print_as(notation: &str, value: &Value) -> Shown {
    match (notation, value) {
        ("string", _) => Shown::Quoted(value.as_str().unwrap_or("").to_owned()),
        _ => Shown::Typed(notation.to_owned(), value.clone()),
    }
}

/// Are two values of a type in the table's notation the same to the server?
pub(crate) fn equal_as(notation: &str, a: &Value, b: &Value) -> bool {
    schema().equal(&schema().shape(notation), a, b)
}

impl Schema {
    fn parse(table: &'static str) -> Schema {
        let lines = || table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let names: Vec<&str> = lines().filter(|line| !line.starts_with(' ')).collect();
        // Types of older releases have a second word, and are no type's.
        let position = |name: &str| names.iter().position(|known| *known == name);
        let release = |word: &str, start: &str| word.strip_prefix(start).and_then(|text| text.parse().ok());
        let mut structs: Vec<Struct> = Vec::with_capacity(names.len());
        for line in lines() {
            if !line.starts_with(' ') {
                let (name, until) = line.split_once(' ').unwrap_or((line, ""));
                let until = release(until, "until:");
                structs.push(Struct { name, until, fields: Vec::new(), by_name: Vec::new() });
                continue;
            }
            let mut words = line.split_whitespace();
            let mut next = || words.next().unwrap_or("");
            let (name, shape, printed) = (next(), Shape::parse(next(), &position), next());
            let printed = (printed != "-").then_some(printed);
            let mut field = FieldType::plain(name, printed, shape);
            for word in words {
                match word {
                    "keep" => field.keep = true,
                    "omit" => field.omit = true,
                    "off" => field.off = true,
                    "off+" => (field.off, field.off_with_parent) = (true, true),
                    "retain" => field.merge = field.merge.map(|merge| Merge { retain_keys: true, ..merge }),
                    _ if word.starts_with("by:") => {
                        field.merge = word.strip_prefix("by:").map(|key| Merge { key, retain_keys: false });
                    }
                    _ if word.starts_with("only:") => field.only = release(word, "only:"),
                    _ if word.starts_with("go:") => field.go_name = word.strip_prefix("go:"),
                    _ => field.default = word.strip_prefix('=').and_then(|json| serde_json::from_str(json).ok()),
                }
            }
            if let Some(last) = structs.last_mut() {
                last.by_name.push((name, last.fields.len()));
                last.fields.push(field);
            }
        }
        structs.iter_mut().for_each(|s| s.by_name.sort_unstable());
        Schema { structs }
    }

    /// The type in the table's notation: `Container`, `[]string`, `*int32`.
    pub(crate) fn shape(&self, notation: &str) -> Shape {
        Shape::parse(notation, &|name| self.structs.iter().position(|s| s.name == name && s.until.is_none()))
    }

    /// A field of a struct: its type, and how a patch merges it if it is a list with a way of its own.
    pub(crate) fn field<'s>(&'s self, shape: &'s Shape, name: &str) -> Option<(&'s Shape, Option<Merge>)> {
        match shape {
            Shape::Optional(inner) => self.field(inner, name),
            Shape::Struct(index) => {
                let field = self.structs[*index].field(name)?;
                Some((&field.shape, field.merge))
            }
            Shape::Map(item) => Some((item, None)),
            _ => None,
        }
    }

    /// What an item is that a document gives as null.
    fn zero(&self, shape: &Shape) -> Value {
        match shape {
            Shape::Text => Value::from(""),
            Shape::Quantity => Value::from("0"),
            Shape::Int(_) | Shape::IntOrString => Value::from(0),
            Shape::Bool => Value::Bool(false),
            Shape::Struct(_) => Value::Object(Map::new()),
            _ => Value::Null,
        }
    }
}

impl Struct {
    fn field(&self, name: &str) -> Option<&FieldType> {
        let place = self.by_name.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        Some(&self.fields[self.by_name[place].1])
    }
}

impl FieldType {
    /// Go writes it whether there is anything in it or not.
    fn is_always_there(&self) -> bool {
        matches!(self.shape, Shape::Struct(_))
    }

    fn plain(name: &'static str, printed: Option<&'static str>, shape: Shape) -> FieldType {
        FieldType {
            name,
            printed,
            keep: false,
            omit: false,
            off: false,
            off_with_parent: false,
            only: None,
            go_name: None,
            merge: None,
            default: None,
            shape,
        }
    }
}

impl Shape {
    fn parse(text: &str, position: &dyn Fn(&str) -> Option<usize>) -> Shape {
        let boxed = |rest| Box::new(Shape::parse(rest, position));
        if let Some(rest) = text.strip_prefix('*') {
            return Shape::Optional(boxed(rest));
        }
        if let Some(rest) = text.strip_prefix("[]") {
            return Shape::List(boxed(rest));
        }
        if let Some(rest) = text.strip_prefix("{}") {
            return Shape::Map(boxed(rest));
        }
        match text {
            "string" | "bytes" => Shape::Text,
            "bool" => Shape::Bool,
            "int32" => Shape::Int(32),
            "int64" => Shape::Int(64),
            "Quantity" => Shape::Quantity,
            "IntOrString" => Shape::IntOrString,
            "Time" => Shape::Time,
            _ => position(text).map_or(Shape::Any, Shape::Struct),
        }
    }
}

/// Does Go's `omitempty` leave it out?
fn is_empty(shape: &Shape, value: &Value) -> bool {
    match (shape, value) {
        // A struct to Go, which is never left out.
        (Shape::Quantity, _) => false,
        (_, Value::Null) => true,
        (Shape::Optional(_), _) => false,
        (_, Value::String(text)) => text.is_empty() && !matches!(shape, Shape::IntOrString),
        (_, Value::Bool(truth)) => !truth,
        (Shape::Int(_), Value::Number(number)) => number.as_i64() == Some(0),
        (Shape::List(_), Value::Array(items)) => items.is_empty(),
        (Shape::Map(_), Value::Object(entries)) => entries.is_empty(),
        _ => false,
    }
}

/// The items of a list; none if it is no list.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_of_the_table_is_known() {
        for s in &schema().structs {
            for f in &s.fields {
                let mut shape = &f.shape;
                while let Shape::Optional(inner) | Shape::List(inner) | Shape::Map(inner) = shape {
                    shape = inner;
                }
                assert!(*shape != Shape::Any || f.name == "fieldsV1", "{}.{}", s.name, f.name);
            }
        }
    }

    #[test]
    fn reads_stores_and_prints_as_go_does() {
        let schema = schema();
        let shape = schema.shape("Container");
        let document = json!({
            "name": "a", "image": null, "command": [null, "<b>"], "env": [],
            "resources": {"limits": {"cpu": 1, "memory": null}}, "securityContext": {"privileged": false}
        });
        let read = schema.read(&shape, &document).unwrap();
        let stored = json!({
            "name": "a", "command": ["", "<b>"], "resources": {"limits": {"cpu": "1", "memory": "0"}},
            "securityContext": {"privileged": false}
        });
        assert_eq!(schema.stored(&shape, read.clone()), stored);
        assert!(schema.equal(&shape, &read, &stored));
        let lifecycle = schema.shape("Lifecycle");
        assert_eq!(schema.read(&lifecycle, &json!({"stopSignal": "SIGUSR1"})), None, "nothing is left of it");
        assert_eq!(
            schema.read(&lifecycle, &json!({"stopSignal": "SIGUSR1", "preStop": {}})),
            Some(json!({"preStop": {}}))
        );
        assert_eq!(schema.read(&lifecycle, &json!({"stopSignal": null})), Some(json!({})));
        let wrong = |document: Value| schema.problems(&schema.shape("PodSpec"), &document).wrong_type;
        assert_eq!(wrong(json!({"restartPolicy": 1})).as_deref(), Some("cannot convert int64 to v1.RestartPolicy"));
        assert_eq!(wrong(json!({"hostname": 1})).as_deref(), Some("cannot convert int64 to string"));
        assert_eq!(wrong(json!({"hostname": 1.5})).as_deref(), Some("unrecognized type: string"));
        let newest = Release::NEWEST;
        let printed = schema.print(&schema.shape("SuccessPolicy"), &json!({"rules": [{"succeededCount": 1}]}), newest);
        assert_eq!(printed, r#"{"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}"#);
        let printed = schema.print(&schema.shape("LabelSelector"), &json!({"matchLabels": {"a": "<"}}), newest);
        assert_eq!(printed, r#"{"matchLabels":{"a":"\u003c"}}"#);
    }

    #[test]
    fn values_are_printed_as_the_release_has_its_types() {
        let print =
            |minor, notation: &str, value: Value| schema().print(&schema().shape(notation), &value, Release(minor));
        let pod = |minor| {
            let value = json!({"hostNetwork": true, "hostUsers": false, "serviceAccount": "s", "securityContext": {}});
            print(minor, "PodSpec", value)
        };
        let end = |minor| {
            let printed = pod(minor);
            let from = printed.rfind("\"Resources\"").expect("the field");
            printed[from..].to_owned()
        };
        assert_eq!(end(33), r#""Resources":null}"#);
        assert_eq!(end(34), r#""Resources":null,"HostnameOverride":null}"#);
        assert_eq!(end(35), r#""Resources":null,"HostnameOverride":null,"WorkloadRef":null}"#);
        assert_eq!(end(36), r#""Resources":null,"HostnameOverride":null,"SchedulingGroup":null}"#);
        let newest = r#""Resources":null,"HostnameOverride":null,"SchedulingGroup":null,"EvictionResponders":null}"#;
        assert_eq!(end(37), newest);
        let (older, newer) = (pod(36), pod(37));
        assert!(older.contains(
            r#""NodeName":"","SecurityContext":{"HostNetwork":true,"HostPID":false,"HostIPC":false,"ShareProcessNamespace":null,"HostUsers":false,"SELinuxOptions":null"#
        ));
        assert!(!older.contains("DeprecatedServiceAccount") && newer.contains(r#""DeprecatedServiceAccount":"s""#));
        assert!(newer.contains(r#""HostNetwork":true"#) && newer.contains(r#""SecurityContext":{"SELinuxOptions""#));
        assert_eq!(print(36, "EmptyDirVolumeSource", Value::Null), r#"{"Medium":"","SizeLimit":null}"#);
        assert_eq!(print(37, "EmptyDirVolumeSource", Value::Null), r#"{"Medium":"","SizeLimit":null,"Mode":null}"#);
    }
}
