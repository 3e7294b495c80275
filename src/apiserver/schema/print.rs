//! Values as the server prints them in an error: JSON of its internal types, every field, in its own order.

use std::fmt::Write;

use serde_json::Value;

use super::{Schema, Shape, is_empty, items};

impl Schema {
    /// The value as the server prints it in an error: JSON of its internal type, every field, in its own order.
    pub(crate) fn print(&self, shape: &Shape, value: &Value) -> String {
        let mut text = String::new();
        self.print_into(&mut text, shape, value);
        text
    }

    fn print_into(&self, out: &mut String, shape: &Shape, value: &Value) {
        match (shape, value) {
            (Shape::Optional(_) | Shape::List(_) | Shape::Map(_), Value::Null) => out.push_str("null"),
            (Shape::Optional(inner), _) => self.print_into(out, inner, value),
            (Shape::Struct(index), _) => {
                out.push('{');
                self.print_fields(out, *index, value);
                out.push('}');
            }
            (Shape::List(item), _) => {
                out.push('[');
                for (i, value) in items(value).iter().enumerate() {
                    separate(out, i > 0);
                    self.print_into(out, item, value);
                }
                out.push(']');
            }
            (Shape::Map(item), _) => {
                out.push('{');
                for (i, (name, value)) in value.as_object().into_iter().flatten().enumerate() {
                    separate(out, i > 0);
                    print_json(out, &Value::from(name.as_str()));
                    out.push(':');
                    self.print_into(out, item, value);
                }
                out.push('}');
            }
            (Shape::Time, Value::Null) => out.push_str("null"),
            (_, Value::Null) => print_json(out, &self.zero(shape)),
            _ => print_json(out, value),
        }
    }

    fn print_fields(&self, out: &mut String, index: usize, value: &Value) {
        for field in &self.structs[index].fields {
            let entry = &value[field.name];
            match (field.printed, &field.shape) {
                (None, Shape::Struct(inner)) => self.print_fields(out, *inner, entry),
                _ if field.omit && is_empty(&field.shape, entry) => {}
                (printed, shape) => {
                    separate(out, !out.ends_with('{'));
                    let _ = write!(out, "\"{}\":", printed.unwrap_or(field.name));
                    self.print_into(out, shape, entry);
                }
            }
        }
    }
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
