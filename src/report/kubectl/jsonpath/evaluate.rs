//! What a template finds in an object.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::custom_columns::as_go_prints;
use super::{Bound, Comparison, Step, go_type};

/// Deepest nesting of ranges, and the most actions that are carried out: ranges without an end do what follows over and
/// over.
const MAX_RANGES: usize = 32;
const MAX_ACTIONS: usize = 4_000_000;

type Found<'v> = Vec<&'v Value>;

/// Where the work on a template stands (`JSONPath`). A range that is not ended goes on to the end of the text, and what
/// follows it is done once more.
pub(super) struct Work<'v> {
    actions: &'v [Vec<Step>],
    begun: usize,
    ranges: usize,
    ends: usize,
    last_end: Option<usize>,
    done: usize,
}

impl<'v> Work<'v> {
    pub(super) fn new(actions: &'v [Vec<Step>]) -> Work<'v> {
        Work { actions, begun: 0, ranges: 0, ends: 0, last_end: None, done: 0 }
    }

    /// What the actions from this one on find, up to the end of the range that they are in (`FindResults`).
    pub(super) fn find(&mut self, first: usize, object: &'v Value) -> Result<Vec<Found<'v>>, String> {
        let actions = self.actions;
        let mut results = Vec::new();
        let mut at = first;
        while let Some(action) = actions.get(at) {
            self.done += 1;
            if self.done > MAX_ACTIONS {
                return Err("too many ranges".to_owned());
            }
            let found = self.walk(action, vec![object])?;
            if self.ends > 0 && self.ends <= self.ranges {
                self.ends -= 1;
                self.last_end = Some(at);
                break;
            }
            if self.begun > 0 {
                self.begun -= 1;
                self.range(at + 1, found, &mut results)?;
                at = self.last_end.filter(|&end| end > at).unwrap_or(at);
            } else {
                results.push(found);
            }
            at += 1;
        }
        Ok(results)
    }

    fn range(&mut self, first: usize, values: Found<'v>, results: &mut Vec<Found<'v>>) -> Result<(), String> {
        if self.ranges >= MAX_RANGES {
            return Err("too many ranges".to_owned());
        }
        self.ranges += 1;
        if values.is_empty() {
            // Only to learn where the range ends.
            self.find(first, &Value::Null)?;
        }
        for value in values {
            results.extend(self.find(first, value)?);
        }
        self.ranges -= 1;
        Ok(())
    }

    fn walk(&mut self, steps: &'v [Step], mut values: Found<'v>) -> Result<Found<'v>, String> {
        for step in steps {
            values = match step {
                // Text stands for itself, whatever was found before; numbers and truth values once for each of these.
                Step::Text(text) => vec![text],
                Step::Literal(value) => values.iter().map(|_| value).collect(),
                Step::Field(name) => values.into_iter().filter_map(|value| value.get(name)).collect(),
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
                        found.extend(self.walk(way, values.clone())?);
                    }
                    found
                }
                Step::Filter(left, comparison) => self.filter(values, left, comparison.as_ref())?,
                Step::Identifier(word) => match word.as_str() {
                    "range" => {
                        self.begun += 1;
                        values
                    }
                    "end" if self.ranges > 0 => {
                        self.ends += 1;
                        Vec::new()
                    }
                    "end" => return Err("not in range, nothing to end".to_owned()),
                    other => return Err(format!("unrecognized identifier {other}")),
                },
            };
        }
        Ok(values)
    }

    fn filter(
        &mut self,
        values: Found<'v>,
        left: &'v [Step],
        comparison: Option<&'v (Comparison, Vec<Step>)>,
    ) -> Result<Found<'v>, String> {
        let mut found = Vec::new();
        for value in values {
            let Value::Array(items) = value else {
                return Err(format!("{} is not array or slice and cannot be filtered", as_go_prints(value)));
            };
            for item in items {
                if self.holds(item, left, comparison)? {
                    found.push(item);
                }
            }
        }
        Ok(found)
    }

    fn holds(
        &mut self,
        item: &'v Value,
        left: &'v [Step],
        comparison: Option<&'v (Comparison, Vec<Step>)>,
    ) -> Result<bool, String> {
        let found = self.walk(left, vec![item]);
        let Some((comparison, right)) = comparison else {
            // What fails has been found up to there.
            return Ok(found.map_or(true, |found| !found.is_empty()));
        };
        let only = |found: Found<'v>| match found.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            _ => Err("can only compare one element at a time".to_owned()),
        };
        let Some(left) = only(found?)? else { return Ok(false) };
        let Some(right) = only(self.walk(right, vec![item])?)? else { return Ok(false) };
        compare(left, comparison, right)
    }
}

fn children(value: &Value) -> Found<'_> {
    match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

fn with_descendants(value: &Value) -> Found<'_> {
    // Letters are parts of a text, but have none.
    let has_parts = !children(value).is_empty() || value.as_str().is_some_and(|text| !text.is_empty());
    let descendants = children(value).into_iter().flat_map(with_descendants);
    has_parts.then_some(value).into_iter().chain(descendants).collect()
}

fn slice(value: &Value, from: Option<i64>, to: Bound, step: Option<i64>) -> Result<Found<'_>, String> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        other => return Err(format!("{} is not array or slice", go_type(other))),
    };
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
    Ok(items.iter().take(end as usize).skip(from as usize).step_by(step as usize).collect())
}

fn compare(left: &Value, comparison: &Comparison, right: &Value) -> Result<bool, String> {
    let order = match (left, right) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) if matches!(comparison, Comparison::Equal | Comparison::NotEqual) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) if a.is_f64() == b.is_f64() => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::Bool(_), Value::Bool(_)) => return Err("invalid type for comparison".to_owned()),
        _ if [left, right].iter().any(|v| v.is_null() || v.is_array() || v.is_object()) => {
            return Err("invalid type for comparison".to_owned());
        }
        _ => return Err("incompatible types for comparison".to_owned()),
    };
    Ok(match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::Greater => order.is_gt(),
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Unknown(sign) => return Err(format!("unrecognized filter operator {sign}")),
    })
}
