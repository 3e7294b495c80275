//! What Go holds after reading a document, and what the server says of a document that does not fit.

use serde_json::{Map, Value};

use super::{FieldType, Schema, Shape};
use crate::api::quantity::Quantity;

impl Schema {
    /// What Go holds after reading `value` from a document: only values of the right type, and no nulls.
    pub(crate) fn read(&self, shape: &Shape, value: &Value) -> Option<Value> {
        match (shape, value) {
            (Shape::Optional(_), Value::Null) => None,
            (Shape::Optional(inner), _) => self.read(inner, value),
            (Shape::Struct(index), Value::Object(entries)) => {
                let (mut read, mut may_go) = (Map::new(), false);
                for (name, entry) in entries {
                    let Some(field) = self.structs[*index].field(name) else { continue };
                    if field.off {
                        may_go |= field.off_with_parent && !entry.is_null();
                        continue;
                    }
                    if let Some(entry) = self.read(&field.shape, entry) {
                        read.insert(name.clone(), entry);
                    }
                }
                (!read.is_empty() || !may_go).then_some(Value::Object(read))
            }
            (Shape::List(item), Value::Array(items)) => {
                Some(items.iter().map(|value| self.read(item, value).unwrap_or_else(|| self.zero(item))).collect())
            }
            (Shape::Map(item), Value::Object(entries)) => {
                let read = entries
                    .iter()
                    .map(|(name, value)| (name.clone(), self.read(item, value).unwrap_or_else(|| self.zero(item))));
                Some(Value::Object(read.collect()))
            }
            (Shape::Quantity, Value::Number(number)) => Some(Value::String(number.to_string())),
            (Shape::Quantity, Value::String(text)) => Some(Value::String(text.trim().to_owned())),
            (Shape::Int(bits), Value::Number(number)) => whole(number).filter(|n| fits(*n, *bits)).map(Value::from),
            (Shape::Text | Shape::Time | Shape::IntOrString, Value::String(_)) => Some(value.clone()),
            (Shape::IntOrString, Value::Number(number)) => whole(number).map(Value::from),
            (Shape::Bool, Value::Bool(_)) => Some(value.clone()),
            (Shape::Any, _) => Some(value.clone()),
            // Null, or a wrong type, which the decoder of documents has reported.
            _ => None,
        }
    }

    /// Fields that are not known, by path, and the first value of a wrong type, as the server's converter tells of them
    /// (`FromUnstructuredWithValidation`).
    pub(crate) fn problems(&self, shape: &Shape, value: &Value) -> Problems {
        let mut problems = Problems::default();
        self.find_problems(shape, value, "", &mut problems);
        problems
    }

    fn find_problems(&self, shape: &Shape, value: &Value, path: &str, problems: &mut Problems) {
        let mut wrong = |text: String| problems.wrong(text);
        match (shape, value) {
            (_, Value::Null) | (Shape::Any, _) => {}
            (Shape::Optional(inner), _) => self.find_problems(inner, value, path, problems),
            (Shape::Struct(index), Value::Object(entries)) => {
                for (name, entry) in entries {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    match self.structs[*index].field(name) {
                        Some(FieldType { go_name: Some(go_name), .. }) if entry.is_i64() => {
                            problems.wrong(format!("cannot convert int64 to {go_name}"));
                        }
                        Some(field) => self.find_problems(&field.shape, entry, &path, problems),
                        None => problems.unknown.push(path),
                    }
                }
            }
            (Shape::Struct(_), _) => wrong(format!("cannot restore struct from: {}", go_kind(value))),
            (Shape::List(item), Value::Array(items)) => {
                for (i, entry) in items.iter().enumerate() {
                    self.find_problems(item, entry, &format!("{path}[{i}]"), problems);
                }
            }
            (Shape::List(_), _) => wrong(format!("cannot restore slice from {}", go_kind(value))),
            (Shape::Map(item), Value::Object(entries)) => {
                for (name, entry) in entries {
                    self.find_problems(item, entry, &format!("{path}.{name}"), problems);
                }
            }
            (Shape::Map(_), _) => wrong(format!("cannot restore map from {}", go_kind(value))),
            (Shape::Int(bits), _) if self.read(shape, value).is_none() => wrong(match value {
                Value::Number(_) => format!("cannot convert {} to int{bits}", go_kind(value)),
                _ => format!("unrecognized type: int{bits}"),
            }),
            (Shape::Bool, _) if !value.is_boolean() => wrong("unrecognized type: bool".to_owned()),
            // Go turns whole numbers into characters, which the converter then does not let pass.
            (Shape::Text, Value::Number(number)) if number.is_i64() => {
                wrong("cannot convert int64 to string".to_owned());
            }
            (Shape::Text, _) if !value.is_string() => wrong("unrecognized type: string".to_owned()),
            (Shape::Quantity, _) => {
                let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
                if let Err(problem) = Quantity::parse(&text) {
                    wrong(problem);
                }
            }
            _ => {}
        }
    }
}

/// What a document says that its type does not allow.
#[derive(Default)]
pub(crate) struct Problems {
    /// Paths of fields that are not known.
    pub(crate) unknown: Vec<String>,
    /// What is said of the first value of a wrong type.
    pub(crate) wrong_type: Option<String>,
}

impl Problems {
    /// Only the first one is told of.
    fn wrong(&mut self, text: String) {
        self.wrong_type.get_or_insert(text);
    }
}

/// The type that Go gives a JSON value.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

fn fits(number: i64, bits: u8) -> bool {
    bits == 64 || i32::try_from(number).is_ok()
}

/// A whole number, also when written `5.0`.
fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        let exact = float.fract() == 0.0 && float.abs() < 9.0e15;
        exact.then_some(float as i64)
    })
}
