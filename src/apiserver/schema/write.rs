//! What the server makes of an object before it stores it: defaults filled in, empty values left out.

use serde_json::{Map, Value};

use super::{FieldType, Schema, Shape, is_empty};
use crate::api::quantity::Quantity;

impl Schema {
    /// Fills in the table's defaults, and the structs that are always there.
    pub(crate) fn fill(&self, shape: &Shape, value: &mut Value) {
        match (shape, value) {
            (_, Value::Null) => {}
            (Shape::Optional(inner), value) => self.fill(inner, value),
            (Shape::List(item), Value::Array(items)) => items.iter_mut().for_each(|value| self.fill(item, value)),
            (Shape::Struct(index), Value::Object(entries)) => {
                let known = &self.structs[*index];
                for field in known.fields.iter().filter(|field| field.default.is_some() || field.is_always_there()) {
                    if is_empty(&field.shape, entries.get(field.name).unwrap_or(&Value::Null)) {
                        let default = field.default.clone().unwrap_or_else(|| Value::Object(Map::new()));
                        entries.insert(field.name.to_owned(), default);
                    }
                }
                for (name, entry) in entries {
                    if let Some(field) = known.field(name) {
                        self.fill(&field.shape, entry);
                    }
                }
            }
            (Shape::Map(item), Value::Object(entries)) => {
                for value in entries.values_mut() {
                    if **item == Shape::Quantity {
                        normalize(value, true);
                    }
                    self.fill(item, value);
                }
            }
            (Shape::Quantity, value) => normalize(value, false),
            _ => {}
        }
    }

    /// What the server stores and answers: without empty values where Go leaves them out, with the structs that Go
    /// always writes.
    pub(crate) fn stored(&self, shape: &Shape, mut value: Value) -> Value {
        self.store(shape, &mut value);
        value
    }

    fn store(&self, shape: &Shape, value: &mut Value) {
        match (shape, &mut *value) {
            (Shape::Optional(inner), _) => self.store(inner, value),
            (Shape::Struct(index), Value::Object(entries)) => {
                let known = &self.structs[*index];
                let is_kept =
                    |field: &FieldType| field.keep || field.is_always_there() || !is_empty(&field.shape, &Value::Null);
                entries.retain(|name, entry| {
                    known.field(name).is_some_and(|field| is_kept(field) || !is_empty(&field.shape, entry))
                });
                for field in known.fields.iter().filter(|field| is_kept(field)) {
                    if entries.get(field.name).is_none_or(Value::is_null) {
                        entries.insert(field.name.to_owned(), self.empty(&field.shape));
                    }
                }
                for (name, entry) in entries {
                    if let Some(field) = known.field(name) {
                        self.store(&field.shape, entry);
                    }
                }
            }
            (Shape::Struct(_), _) => {
                *value = Value::Object(Map::new());
                self.store(shape, value);
            }
            (Shape::List(item), Value::Array(items)) => items.iter_mut().for_each(|value| self.store(item, value)),
            (Shape::Map(item), Value::Object(entries)) => {
                entries.values_mut().for_each(|value| self.store(item, value))
            }
            _ => {}
        }
    }

    /// What Go writes for a field that nothing was read into.
    fn empty(&self, shape: &Shape) -> Value {
        match shape {
            Shape::List(_) | Shape::Map(_) => Value::Null,
            _ => self.zero(shape),
        }
    }
}

fn normalize(value: &mut Value, of_resources: bool) {
    if let Some(text) = value.as_str().and_then(|text| normal_quantity(text, of_resources)) {
        *value = Value::String(text);
    }
}

/// An amount as the server writes it. Those of resources are rounded up to thousandths (`SetDefaults_ResourceList`).
fn normal_quantity(text: &str, of_resources: bool) -> Option<String> {
    let amount = Quantity::parse(text).ok()?;
    let decimals = amount.exact_decimal();
    let beyond = decimals.split_once('.').is_some_and(|(_, digits)| digits.trim_end_matches('0').len() > 3);
    if of_resources && beyond {
        return Some(Quantity::new_milli(amount.milli_value(), amount.format()).to_string());
    }
    Some(amount.to_string())
}
