//! What a template finds in an object.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Bound, Comparison, Part, Step};

type Found<'v> = Vec<Cow<'v, Value>>;

pub(super) fn parts<'v>(parts: &[Part], object: &'v Value, results: &mut Vec<Found<'v>>) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Action(steps) => results.push(walk(steps, vec![Cow::Borrowed(object)])?),
            Part::Range(steps, inner) => {
                for value in walk(steps, vec![Cow::Borrowed(object)])? {
                    match value {
                        Cow::Borrowed(value) => self::parts(inner, value, results)?,
                        Cow::Owned(value) => {
                            let mut of_value = Vec::new();
                            self::parts(inner, &value, &mut of_value)?;
                            let own = |list: Found<'_>| list.into_iter().map(|v| Cow::Owned(v.into_owned())).collect();
                            results.extend(of_value.into_iter().map(own));
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

fn walk<'v>(steps: &[Step], mut values: Found<'v>) -> Result<Found<'v>, String> {
    for step in steps {
        values = match step {
            // A literal stands for itself, whatever was found before; one without anything before it too.
            Step::Literal(value) => vec![Cow::Owned(value.clone())],
            Step::Field(name) => values.into_iter().filter_map(|value| field(value, name)).collect(),
            Step::Wildcard => values.into_iter().flat_map(children).collect(),
            Step::Recursive => values.into_iter().flat_map(with_descendants).collect(),
            Step::Slice(from, to, step) => {
                let mut found = Vec::new();
                for value in values {
                    found.extend(slice(value, *from, *to, *step)?);
                }
                found
            }
            Step::Union(ways) => {
                let mut found = Vec::new();
                for way in ways {
                    found.extend(walk(way, values.clone())?);
                }
                found
            }
            Step::Filter(left, comparison) => {
                let mut found = Vec::new();
                for value in values {
                    for item in list(value)? {
                        if holds(&item, left, comparison.as_ref())? {
                            found.push(item);
                        }
                    }
                }
                found
            }
        };
    }
    Ok(values)
}

fn field<'v>(value: Cow<'v, Value>, name: &str) -> Option<Cow<'v, Value>> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(value) => value.get(name).cloned().map(Cow::Owned),
    }
}

fn children(value: Cow<'_, Value>) -> Found<'_> {
    match value {
        Cow::Borrowed(Value::Object(fields)) => fields.values().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Object(fields)) => fields.into_iter().map(|(_, value)| Cow::Owned(value)).collect(),
        Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
        _ => Vec::new(),
    }
}

fn with_descendants(value: Cow<'_, Value>) -> Found<'_> {
    let parts = children(value.clone());
    if parts.is_empty() {
        return Vec::new();
    }
    std::iter::once(value).chain(parts.into_iter().flat_map(with_descendants)).collect()
}

/// The items of a list; nothing has none.
fn list(value: Cow<'_, Value>) -> Result<Found<'_>, String> {
    let kind = match &*value {
        Value::Null | Value::Array(_) => return Ok(children(value)),
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
    };
    Err(format!("{kind} is not array or slice"))
}

fn slice(value: Cow<'_, Value>, from: Option<i64>, to: Bound, step: Option<i64>) -> Result<Found<'_>, String> {
    let is_null = value.is_null();
    let items = list(value)?;
    if is_null {
        return Ok(items);
    }
    let length = items.len() as i64;
    let from = from.unwrap_or(0);
    let end = match to {
        Bound::Open => length,
        Bound::Single => from.saturating_add(1),
        Bound::At(to) => to,
    };
    let end = if end < 0 || (end == 0 && to == Bound::Single) { end + length } else { end };
    let from = if from < 0 { from + length } else { from };
    if from == end {
        return Ok(Vec::new());
    }
    let out = |index: i64| format!("array index out of bounds: index {index}, length {length}");
    if !(0..length).contains(&from) {
        return Err(out(from));
    }
    if !(0..=length).contains(&end) {
        return Err(out(end - 1));
    }
    if from > end {
        return Err(format!("starting index {from} is greater than ending index {end}"));
    }
    let step = match step {
        Some(step) if step <= 0 => return Err("step must be > 0".to_owned()),
        step => step.unwrap_or(1),
    };
    Ok(items.into_iter().take(end as usize).skip(from as usize).step_by(step as usize).collect())
}

fn holds(item: &Value, left: &[Step], comparison: Option<&(Comparison, Vec<Step>)>) -> Result<bool, String> {
    let Some((comparison, right)) = comparison else {
        return Ok(walk(left, vec![Cow::Borrowed(item)]).is_ok_and(|found| !found.is_empty()));
    };
    let (left, right) = (walk(left, vec![Cow::Borrowed(item)])?, walk(right, vec![Cow::Borrowed(item)])?);
    let (left, right) = match (left.as_slice(), right.as_slice()) {
        ([], _) | (_, []) => return Ok(false),
        ([left], [right]) => (left, right),
        _ => return Err("can only compare one element at a time".to_owned()),
    };
    let order = match (&**left, &**right) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) if matches!(comparison, Comparison::Equal | Comparison::NotEqual) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) if a.is_f64() == b.is_f64() => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::Bool(_), Value::Bool(_)) => return Err("invalid type for comparison".to_owned()),
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::Greater => order.is_gt(),
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}
