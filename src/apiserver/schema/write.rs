//! What the server makes of an object before it stores it: defaults filled in, empty values left out.

use serde_json::{Map, Value};

use super::{Schema, Shape, is_empty};
use crate::api::quantity::Quantity;

impl Schema {
    /// Fills in the table's defaults, and the structs that are always there.
    pub(crate) fn fill(&self, shape: &Shape, value: &mut Value) {
        match (shape, value) {
            (_, Value::Null) => {}
            (Shape::Optional(inner), value) => self.fill(inner, value),
            (Shape::List(item), Value::Array(items)) => items.iter_mut().for_each(|value| self.fill(item, value)),
            (Shape::Struct(index), Value::Object(entries)) => {
                for field in &self.structs[*index].fields {
                    let entry = entries.get(field.name).unwrap_or(&Value::Null);
                    if is_empty(&field.shape, entry) {
                        let always = matches!(field.shape, Shape::Struct(_)).then(|| Value::Object(Map::new()));
                        if let Some(default) = field.default.clone().or(always) {
                            entries.insert(field.name.to_owned(), default);
                        }
                    }
                    if let Some(entry) = entries.get_mut(field.name) {
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
    pub(crate) fn stored(&self, shape: &Shape, value: &Value) -> Value {
        match (shape, value) {
            (Shape::Optional(inner), _) => self.stored(inner, value),
            (Shape::Struct(index), _) => {
                let mut stored = Map::new();
                for field in &self.structs[*index].fields {
                    let entry = &value[field.name];
                    if field.keep || matches!(field.shape, Shape::Struct(_)) || !is_empty(&field.shape, entry) {
                        let entry = if entry.is_null() { self.empty(&field.shape) } else { entry.clone() };
                        stored.insert(field.name.to_owned(), self.stored(&field.shape, &entry));
                    }
                }
                Value::Object(stored)
            }
            (Shape::List(item), Value::Array(items)) => items.iter().map(|value| self.stored(item, value)).collect(),
            (Shape::Map(item), Value::Object(entries)) => {
                Value::Object(entries.iter().map(|(name, value)| (name.clone(), self.stored(item, value))).collect())
            }
            _ => value.clone(),
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
