//! `--sort-by`: objects by a field (`SortObjects`).

use std::cmp::Ordering;

use serde_json::Value;

use super::jsonpath::{go_type, parse, relaxed_path};
use crate::api::quantity::Quantity;
use crate::api::quote::quote;

/// Most rows that Go's sort inserts one by one.
const MAX_INSERTION: usize = 12;

/// What the objects are, which decides what happens to a path that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    /// Rows of a table (`TableSorter`).
    Rows,
    /// Items of a list (`RuntimeSort`).
    Items,
}

/// Why nothing is sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsorted {
    /// The path is none, or finds nothing anywhere.
    Path(String),
    /// It finds what has no order.
    Value(String),
}

/// Sorts by what a path finds first in each object; objects in which it finds nothing come first.
///
/// # Errors
/// A sentence as kubectl's.
pub fn sort_by<T>(
    objects: &mut [T],
    object: impl Fn(&T) -> &Value,
    path: &str,
    sorted: Sorted,
) -> Result<(), Unsorted> {
    let path = match (relaxed_path(path), sorted) {
        (Ok(path), _) => path,
        // A table is sorted by whatever was written, if it is a template.
        (Err(_), Sorted::Rows) => path.to_owned(),
        (Err(error), Sorted::Items) => return Err(Unsorted::Path(error)),
    };
    let template = parse(&path).map_err(Unsorted::Path)?;
    let mut keys = Vec::with_capacity(objects.len());
    for item in objects.iter() {
        let lists = template.find(object(item)).map_err(Unsorted::Path)?;
        keys.push(lists.first().and_then(|found| found.first()).map(|value| Value::clone(value)));
    }
    if !objects.is_empty() && keys.iter().all(Option::is_none) {
        return Err(Unsorted::Path(nowhere(&path)));
    }
    let mut order: Vec<usize> = (0..objects.len()).collect();
    let less = |a: usize, b: usize| is_less(keys[a].as_ref(), keys[b].as_ref());
    sort(&mut order, less).map_err(|error| {
        let kind = if sorted == Sorted::Rows { "[][][]reflect.Value" } else { "*unstructured.Unstructured" };
        Unsorted::Value(format!("Field {path} in {kind} is an unsortable type: interface, err: {error}"))
    })?;
    rearrange(objects, order);
    Ok(())
}

/// What kubectl says of a path that it looks for in the tables themselves, where there are several.
pub fn path_into_tables(path: &str) -> String {
    match relaxed_path(path).and_then(|path| parse(&path).map(|_| path)) {
        Ok(path) => nowhere(&path),
        Err(error) => error,
    }
}

fn nowhere(path: &str) -> String {
    format!("couldn't find any field with path {} in the list of objects", quote(path))
}

/// Go's sort as far as its result can be told from that of others: few things are inserted one by one.
fn sort(order: &mut [usize], less: impl Fn(usize, usize) -> Result<bool, String>) -> Result<(), String> {
    if order.len() <= MAX_INSERTION {
        for end in 1..order.len() {
            let mut at = end;
            while at > 0 && less(order[at], order[at - 1])? {
                order.swap(at, at - 1);
                at -= 1;
            }
        }
        return Ok(());
    }
    merge_sort(order, &less)
}

/// Values of several kinds have no order that holds throughout, over which the standard library's sort would panic.
fn merge_sort(order: &mut [usize], less: &impl Fn(usize, usize) -> Result<bool, String>) -> Result<(), String> {
    if order.len() < 2 {
        return Ok(());
    }
    let half = order.len() / 2;
    merge_sort(&mut order[..half], less)?;
    merge_sort(&mut order[half..], less)?;
    let (left, right) = (order[..half].to_vec(), order[half..].to_vec());
    let (mut l, mut r) = (0, 0);
    for place in order {
        let takes_right = match (left.get(l), right.get(r)) {
            (Some(&left), Some(&right)) => less(right, left)? && !less(left, right)?,
            (left, _) => left.is_none(),
        };
        *place = if takes_right { right[r] } else { left[l] };
        (l, r) = (l + usize::from(!takes_right), r + usize::from(takes_right));
    }
    Ok(())
}

/// `Less` and `isLess`: what has nothing there comes before all, itself too.
fn is_less(a: Option<&Value>, b: Option<&Value>) -> Result<bool, String> {
    let (a, b) = match (a, b) {
        (None, _) => return Ok(true),
        (_, None) => return Ok(false),
        (Some(a), Some(b)) => (a, b),
    };
    Ok(match (a, b) {
        (_, Value::Null) => false,
        (Value::Null, _) => true,
        (Value::String(a), Value::String(b)) => match (Quantity::parse(a), Quantity::parse(b)) {
            (Ok(a), Ok(b)) => a.partial_cmp(&b) == Some(Ordering::Less),
            _ => a < b,
        },
        (Value::Number(a), Value::Number(b)) if a.is_f64() == b.is_f64() => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a < b,
            _ => a.as_f64() < b.as_f64(),
        },
        (Value::Object(_) | Value::Array(_) | Value::Bool(_), _) => {
            return Err(format!("unsortable type: {}", go_type(a)));
        }
        _ => return Err("unsortable interface: interface".to_owned()),
    })
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

    fn names(path: &str, objects: Value, sorted: Sorted) -> Result<String, Unsorted> {
        let mut objects: Vec<Value> = objects.as_array().cloned().unwrap_or_default();
        let done = sort_by(&mut objects, |object| object, path, sorted);
        let names: Vec<&str> = objects.iter().filter_map(|object| object["n"].as_str()).collect();
        done.map(|()| names.join(" "))
    }

    #[test]
    fn objects_are_sorted_by_what_the_field_holds() {
        let check = |path: &str, objects: Value, wanted: &str| {
            assert_eq!(names(path, objects, Sorted::Items), Ok(wanted.to_owned()), "{path}");
        };
        check(".a", json!([{"n": "x", "a": 10}, {"n": "y", "a": 9}, {"n": "z"}]), "z y x");
        check("a", json!([{"n": "x", "a": "1Gi"}, {"n": "y", "a": "512Mi"}, {"n": "z", "a": "2Gi"}]), "y x z");
        check("{.a}", json!([{"n": "x", "a": "b"}, {"n": "y", "a": "a"}, {"n": "z", "a": "b"}]), "y x z");
        // Each that has nothing there is before those that were first.
        check(".a", json!([{"n": "x"}, {"n": "y", "a": 1}, {"n": "z"}, {"n": "w", "a": null}]), "z x w y");
    }

    #[test]
    fn what_cannot_be_sorted_by_is_told() {
        let check = |path: &str, objects: Value, sorted: Sorted, wanted: Unsorted| {
            assert_eq!(names(path, objects, sorted), Err(wanted), "{path}");
        };
        let (path, value) =
            (|text: &str| Unsorted::Path(text.to_owned()), |text: &str| Unsorted::Value(text.to_owned()));
        let nowhere = path("couldn't find any field with path \"{.a.b}\" in the list of objects");
        check(".a.b", json!([{}]), Sorted::Items, nowhere);
        let of_rows = "Field {.a} in [][][]reflect.Value is an unsortable type: interface, err: unsortable type: bool";
        check("a", json!([{"a": true}, {"a": true}]), Sorted::Rows, value(of_rows));
        let of_items = "Field {.a} in *unstructured.Unstructured is an unsortable type: interface, err: unsortable \
                        interface: interface";
        check("a", json!([{"a": "x"}, {"a": 1}]), Sorted::Items, value(of_items));
        check("{.a", json!([{"a": 1}]), Sorted::Rows, path("unclosed action"));
        assert_eq!(path_into_tables("a"), "couldn't find any field with path \"{.a}\" in the list of objects");
        assert!(path_into_tables("{.a").starts_with("unexpected path string"));
    }
}
