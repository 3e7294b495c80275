//! Values as the server prints them in an error: JSON of its internal types, every field, in its own order.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;

use super::{FieldType, Schema, Shape, is_empty, items};
use crate::api::release::{Release, new_field};

impl Schema {
    /// The value as the server prints it in an error: JSON of its internal type, every field, in its own order.
    /// Releases differ in the fields that they know, and in where those stand.
    pub(crate) fn print(&self, shape: &Shape, value: &Value, release: Release) -> String {
        let mut text = String::new();
        self.print_into(&mut text, shape, value, release);
        text
    }

    fn print_into(&self, out: &mut String, shape: &Shape, value: &Value, release: Release) {
        match (shape, value) {
            (Shape::Optional(_) | Shape::List(_) | Shape::Map(_), Value::Null) => out.push_str("null"),
            (Shape::Optional(inner), _) => self.print_into(out, inner, value, release),
            (Shape::Struct(index), _) => {
                out.push('{');
                self.print_fields(out, *index, value, release);
                out.push('}');
            }
            (Shape::List(item), _) => {
                out.push('[');
                for (i, value) in items(value).iter().enumerate() {
                    separate(out, i > 0);
                    self.print_into(out, item, value, release);
                }
                out.push(']');
            }
            (Shape::Map(item), _) => {
                out.push('{');
                for (i, (name, value)) in value.as_object().into_iter().flatten().enumerate() {
                    separate(out, i > 0);
                    print_json(out, &Value::from(name.as_str()));
                    out.push(':');
                    self.print_into(out, item, value, release);
                }
                out.push('}');
            }
            (Shape::Time, Value::Null) => out.push_str("null"),
            (_, Value::Null) => print_json(out, &self.zero(shape)),
            _ => print_json(out, value),
        }
    }

    fn print_fields(&self, out: &mut String, index: usize, value: &Value, release: Release) {
        let known = &self.structs[index];
        let older = self.structs.iter().find(|s| s.name == known.name && s.until.is_some_and(|last| release <= last));
        let value = &match older {
            Some(older) if older.name == "PodSpec" => Cow::Owned(with_inner_host_fields(value)),
            _ => Cow::Borrowed(value),
        };
        for field in older.unwrap_or(known).fields.iter().filter(|field| field.is_in(known.name, release)) {
            let entry = &value[field.name];
            match (field.printed, &field.shape) {
                (None, Shape::Struct(inner)) => self.print_fields(out, *inner, entry, release),
                _ if field.omit && is_empty(&field.shape, entry) => {}
                (printed, shape) => {
                    separate(out, !out.ends_with('{'));
                    let _ = write!(out, "\"{}\":", printed.unwrap_or(field.name));
                    self.print_into(out, shape, entry, release);
                }
            }
        }
    }
}

impl FieldType {
    /// Does the release know the field of this type?
    fn is_in(&self, owner: &str, release: Release) -> bool {
        match self.only {
            Some(only) => release == only,
            None => release == Release::NEWEST || new_field(owner, self.name).is_none_or(|new| release >= new.since),
        }
    }
}

/// Up to 1.36 the server had what a pod shares with its host in the security context
/// (`Convert_v1_PodSpec_To_core_PodSpec`).
fn with_inner_host_fields(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"] {
        if !spec[field].is_null() {
            spec["securityContext"][field] = spec[field].clone();
        }
    }
    spec
}

fn separate(out: &mut String, needed: bool) {
    if needed {
        out.push(',');
    }
}

/// JSON as Go's `encoding/json` writes it.
pub fn go_json_text(value: &Value) -> String {
    let mut text = String::new();
    print_json(&mut text, value);
    text
}

/// JSON as Go writes it: without spaces, and with `<`, `>`, `&` and the two line separators escaped.
pub(crate) fn print_json(out: &mut String, value: &Value) {
    out.push_str(&escape_html(&value.to_string()));
}

/// A JSON text with the characters escaped that Go escapes for the sake of HTML.
pub fn escape_html(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
