//! When two values are the same to the server (`equality.Semantic.DeepEqual`).

use serde_json::{Map, Value};

use super::{Schema, Shape, is_empty, items};
use crate::api::quantity::Quantity;

impl Schema {
    /// Are two values the same to the server (`equality.Semantic.DeepEqual`)? Nothing and an empty list are, so are
    /// `1` and `1000m` as quantities.
    pub(crate) fn equal(&self, shape: &Shape, a: &Value, b: &Value) -> bool {
        match shape {
            Shape::Optional(inner) => a.is_null() == b.is_null() && (a.is_null() || self.equal(inner, a, b)),
            Shape::Struct(index) => {
                self.structs[*index].fields.iter().all(|f| self.equal(&f.shape, &a[f.name], &b[f.name]))
            }
            Shape::List(item) => {
                let (a, b) = (items(a), items(b));
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.equal(item, a, b))
            }
            Shape::Map(item) => {
                count(a) == count(b) && {
                    let entries = a.as_object().into_iter().flatten();
                    entries.into_iter().all(|(name, value)| b.get(name).is_some_and(|b| self.equal(item, value, b)))
                }
            }
            Shape::Quantity => same_quantity(a, b),
            _ => a == b || (is_empty(shape, a) && is_empty(shape, b)),
        }
    }
}

fn count(value: &Value) -> usize {
    value.as_object().map_or(0, Map::len)
}

/// An amount of no text is zero; what is none at all is only the same as itself.
fn same_quantity(a: &Value, b: &Value) -> bool {
    let amount = |value: &Value| value.as_str().map_or(Ok(Quantity::default()), Quantity::parse);
    match (amount(a), amount(b)) {
        (Ok(x), Ok(y)) => x == y,
        _ => a == b,
    }
}
