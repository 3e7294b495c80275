//! `--sort-by`: objects by a field (`SortObjects`).

use std::cmp::Ordering;

use serde_json::Value;

use super::jsonpath::{Template, relaxed};
use crate::api::quantity::Quantity;

/// Sorts by what a path finds first in each object; objects in which it finds nothing come first.
///
/// # Errors
/// A sentence as kubectl's.
pub fn sort_by<T>(objects: &mut [T], object: impl Fn(&T) -> &Value, path: &str) -> Result<(), String> {
    let template = relaxed(path)?;
    let first = |template: &Template, object: &Value| -> Result<Option<Value>, String> {
        Ok(template.find(object)?.into_iter().next().and_then(|found| found.into_iter().next()))
    };
    let mut keys = Vec::with_capacity(objects.len());
    for item in objects.iter() {
        keys.push(first(&template, object(item))?);
    }
    if !objects.is_empty() && keys.iter().all(Option::is_none) {
        let path = path.trim_start_matches('{').trim_end_matches('}').trim_start_matches('.');
        return Err(format!("couldn't find any field with path \"{{.{path}}}\" in the list of objects"));
    }
    let kind = |value: &Value| std::mem::discriminant(value);
    let mut kinds = keys.iter().flatten().filter(|key| !key.is_null());
    if let Some(one) = kinds.next()
        && (one.is_object() || one.is_array() || one.is_boolean() || kinds.any(|other| kind(other) != kind(one)))
    {
        return Err(format!("Field {path} is an unsortable type"));
    }
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_by(|&a, &b| compare(keys[a].as_ref(), keys[b].as_ref()));
    rearrange(objects, order);
    Ok(())
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let (a, b) = match (a.filter(|a| !a.is_null()), b.filter(|b| !b.is_null())) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return a.is_some().cmp(&b.is_some()),
    };
    match (a, b) {
        (Value::String(a), Value::String(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
            (Ok(a), Ok(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            _ => a.cmp(b),
        },
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Puts at each place what stood at the place that `order` has there.
fn rearrange<T>(objects: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut at = start;
        while order[at] != start {
            let from = order[at];
            objects.swap(at, from);
            order[at] = at;
            at = from;
        }
        order[at] = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_sorted_by_what_the_field_holds() {
        let check = |path: &str, objects: Value, wanted: &str| {
            let mut objects: Vec<Value> = objects.as_array().cloned().unwrap_or_default();
            let sorted = sort_by(&mut objects, |object| object, path);
            let names: Vec<&str> = objects.iter().filter_map(|object| object["n"].as_str()).collect();
            assert_eq!(sorted.map(|()| names.join(" ")), Ok(wanted.to_owned()), "{path}");
        };
        check(".a", json!([{"n": "x", "a": 10}, {"n": "y", "a": 9}, {"n": "z"}]), "z y x");
        check("a", json!([{"n": "x", "a": "1Gi"}, {"n": "y", "a": "512Mi"}, {"n": "z", "a": "2Gi"}]), "y x z");
        check("{.a}", json!([{"n": "x", "a": "b"}, {"n": "y", "a": "a"}, {"n": "z", "a": "b"}]), "y x z");
        let mut none = [json!({})];
        assert_eq!(
            sort_by(&mut none, |object| object, ".a.b"),
            Err("couldn't find any field with path \"{.a.b}\" in the list of objects".to_owned())
        );
        let mut list = [json!({"a": []})];
        assert_eq!(sort_by(&mut list, |object| object, "a"), Err("Field a is an unsortable type".to_owned()));
    }
}
