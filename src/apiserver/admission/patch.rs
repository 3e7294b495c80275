//! Patches: JSON merge (RFC 7386) and strategic merge (`strategicpatch.StrategicMergePatch`).

use serde_json::{Map, Value, json};

use crate::apiserver::schema::{Shape, schema};

/// Merges by RFC 7386: objects field by field, null removes, all else replaces.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Merges as the server does for its own kinds: lists item by item where their type says so.
pub(super) fn strategic_merge(shape: &Shape, target: &Value, patch: &Value) -> Value {
    let (Value::Object(target), Value::Object(patch)) = (target, patch) else { return without_directives(patch) };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => return without_directives(&Value::Object(patch.clone())),
        Some("delete") => return json!({}),
        _ => {}
    }
    let mut merged = target.clone();
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        merged.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            delete_items(&mut merged, list, value);
        }
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        if value.is_null() {
            merged.remove(name);
            continue;
        }
        let (inner, merge) = schema().field(shape, name).unwrap_or((&Shape::Any, None));
        let old = merged.get(name).unwrap_or(&Value::Null);
        let new = match (merge, old, value) {
            (Some(merge), Value::Array(old), Value::Array(items)) => merge_list(inner, merge.key, old, items),
            (Some(merge), _, Value::Array(items)) => merge_list(inner, merge.key, &[], items),
            _ => strategic_merge(inner, old, value),
        };
        merged.insert(name.clone(), new);
    }
    for (name, order) in patch {
        if let (Some(list), Value::Array(order)) = (name.strip_prefix("$setElementOrder/"), order) {
            let key = schema().field(shape, list).and_then(|(_, merge)| merge).map_or("", |merge| merge.key);
            let server = target.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if let Some(Value::Array(items)) = merged.get_mut(list) {
                *items = in_order(std::mem::take(items), key, order, server);
            }
        }
    }
    Value::Object(merged)
}

fn delete_items(target: &mut Map<String, Value>, list: &str, deleted: &Value) {
    let deleted = deleted.as_array().map_or(&[][..], Vec::as_slice);
    if let Some(Value::Array(items)) = target.get_mut(list) {
        items.retain(|item| !deleted.contains(item));
    }
}

/// What tells an item apart: the item itself if the key is empty.
pub(super) fn identity<'v>(item: &'v Value, key: &str) -> &'v Value {
    if key.is_empty() { item } else { &item[key] }
}

fn merge_list(shape: &Shape, key: &str, old: &[Value], patch: &[Value]) -> Value {
    let item_shape = match shape {
        Shape::List(item) => item,
        _ => shape,
    };
    let directive = |item: &Value| item.get("$patch").and_then(Value::as_str).map(str::to_owned);
    let replaces = patch.iter().any(|item| directive(item).as_deref() == Some("replace"));
    let mut merged = if replaces { Vec::new() } else { old.to_vec() };
    for item in patch {
        let same = merged.iter().position(|old| identity(old, key) == identity(item, key));
        match (directive(item).as_deref(), same) {
            (Some("replace"), _) => {}
            (Some("delete"), _) => merged.retain(|old| identity(old, key) != identity(item, key)),
            (_, Some(at)) => merged[at] = strategic_merge(item_shape, &merged[at], item),
            (_, None) => merged.push(without_directives(item)),
        }
    }
    Value::Array(merged)
}

/// Items that the patch orders stand in its order, others where the server had them (`normalizeElementOrder`).
pub(super) fn in_order(items: Vec<Value>, key: &str, order: &[Value], server: &[Value]) -> Vec<Value> {
    let place =
        |list: &[Value], item: &Value| list.iter().position(|other| identity(other, key) == identity(item, key));
    let (mut ordered, others): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(order, item).is_some());
    ordered.sort_by_key(|item| place(order, item));
    let (mut ordered, mut others) = (ordered.into_iter().peekable(), others.into_iter().peekable());
    let mut result = Vec::new();
    loop {
        let next = match (ordered.peek(), others.peek()) {
            (Some(ours), Some(other)) => match (place(server, ours), place(server, other)) {
                (Some(ours), Some(other)) if other < ours => others.next(),
                _ => ordered.next(),
            },
            (Some(_), None) => ordered.next(),
            (None, _) => others.next(),
        };
        match next {
            Some(item) => result.push(item),
            None => return result,
        }
    }
}

/// A part of a patch that meets nothing to merge with: without nulls and directives.
fn without_directives(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| !name.starts_with('$') && !value.is_null());
            Value::Object(kept.map(|(name, value)| (name.clone(), without_directives(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_directives).collect(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_merge() {
        let check = |target: Value, patch: Value, wanted: Value| {
            let mut merged = target;
            merge(&mut merged, &patch);
            assert_eq!(merged, wanted);
        };
        check(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"}));
        check(json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}}));
        check(json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]}));
        check(json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1}));
        check(json!({}), json!({"a": {"b": {"c": null}}}), json!({"a": {"b": {}}}));
    }

    #[test]
    fn strategic_merge_of_lists() {
        let shape = schema().shape("PodSpec");
        let check = |target: Value, patch: Value, wanted: Value| {
            assert_eq!(strategic_merge(&shape, &target, &patch), wanted);
        };
        let two = json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}]});
        check(
            two.clone(),
            json!({"containers": [{"name": "a", "image": "y"}]}),
            json!({"containers": [{"name": "a", "image": "y"}, {"name": "b"}]}),
        );
        check(
            two.clone(),
            json!({"containers": [{"name": "a", "$patch": "delete"}]}),
            json!({"containers": [{"name": "b"}]}),
        );
        check(
            two.clone(),
            json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}], "containers": [{"name": "c"}]}),
            json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}, {"name": "c"}]}),
        );
        check(
            two,
            json!({"containers": [{"$patch": "replace"}, {"name": "c"}]}),
            json!({"containers": [{"name": "c"}]}),
        );
        check(json!({"tolerations": [{"key": "a"}]}), json!({"tolerations": []}), json!({"tolerations": []}));
        check(
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"$retainKeys": ["name", "secret"], "name": "v", "secret": {"secretName": "s"}}]}),
            json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
        );
    }
}
