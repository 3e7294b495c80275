//! Patches: JSON merge (RFC 7386) and strategic merge (`strategicpatch.StrategicMergePatch`).

use serde_json::{Map, Value, json};

use crate::apiserver::schema::{Shape, items, schema};

/// What marks a part of a patch as an order rather than as something to merge.
const DIRECTIVE: &str = "$patch";
/// What marks the order of a list: this, a slash, and its name.
const ORDER: &str = "$setElementOrder";

type Fields = Map<String, Value>;

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
///
/// What the server prints of a patch in its errors is what it has left of it, so `patch` loses here what it loses there:
/// directives, lists whose order it gives, and nulls in what is new.
///
/// # Errors
/// The server's words on a patch that cannot be merged.
pub(super) fn strategic_merge(shape: &Shape, target: Fields, patch: &mut Fields) -> Result<Fields, String> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(directive) if directive == "replace" => {
            patch.remove(DIRECTIVE);
            return Ok(patch.clone());
        }
        Some(directive) if directive == "delete" => return Ok(Fields::new()),
        Some(directive) => return Err(unknown_directive(directive, patch)),
    }
    let mut merged = target;
    retain_keys(&mut merged, patch)?;
    merge_ordered_lists(shape, &mut merged, patch)?;
    for (key, value) in patch.iter_mut() {
        let deleted_from = key.strip_prefix("$deleteFromPrimitiveList/");
        let name = deleted_from.unwrap_or(key);
        if value.is_null() {
            merged.remove(name);
            continue;
        }
        let (inner, merge) = schema().field(shape, name).unwrap_or((&Shape::Any, None));
        match (merged.get_mut(name), value) {
            (None, _) if deleted_from.is_some() => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                *old = strategic_merge(inner, std::mem::take(old), new)?;
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                let old = std::mem::take(old);
                let list = match (deleted_from, merge) {
                    (Some(_), _) => old.into_iter().filter(|item| !new.contains(item)).collect(),
                    (None, Some(merge)) => merge_list(inner, merge.key, old, new)?,
                    (None, None) => new.clone(),
                };
                merged.insert(name.to_owned(), Value::Array(list));
            }
            (_, value) => {
                discard_nulls(value);
                match take_out_directives(value) {
                    true => _ = merged.insert(name.to_owned(), value.clone()),
                    false => _ = merged.remove(name),
                }
            }
        }
    }
    Ok(merged)
}

/// Only the fields that the patch of an item names stay (`applyRetainKeysDirective`).
fn retain_keys(target: &mut Fields, patch: &mut Fields) -> Result<(), String> {
    let Some(kept) = patch.remove("$retainKeys") else { return Ok(()) };
    let kept = items(&kept);
    let named = |name: &str| kept.iter().any(|kept| kept == name);
    let is_directive = |name: &str| ["$deleteFromPrimitiveList", ORDER].iter().any(|start| name.starts_with(start));
    if !patch.iter().all(|(name, value)| value.is_null() || is_directive(name) || named(name)) {
        return Err("invalid patch format of retainKeys".to_owned());
    }
    target.retain(|name, _| named(name));
    Ok(())
}

/// Merges the lists whose order the patch gives, and takes them out of the patch (`mergePatchIntoOriginal`).
fn merge_ordered_lists(shape: &Shape, target: &mut Fields, patch: &mut Fields) -> Result<(), String> {
    let orders: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER)).cloned().collect();
    for key in orders {
        let (Some(order), Some(name)) = (patch.remove(&key), key.strip_prefix(ORDER).and_then(|n| n.strip_prefix('/')))
        else {
            continue;
        };
        let order = items(&order);
        let (inner, merge) = schema().field(shape, name).unwrap_or((&Shape::Any, None));
        let key = merge.map_or("", |merge| merge.key);
        let (old, new) =
            (target.get(name).and_then(Value::as_array), patch.get_mut(name).and_then(Value::as_array_mut));
        let server = old.cloned().unwrap_or_default();
        let merged = match (old, new) {
            (Some(old), None) => old.clone(),
            (None, Some(new)) => {
                check_order(new, order, key)?;
                new.retain_mut(take_out_directives);
                new.clone()
            }
            (Some(old), Some(new)) => {
                check_order(new, order, key)?;
                match merge {
                    Some(merge) => merge_list(inner, merge.key, old.clone(), new)?,
                    None => new.clone(),
                }
            }
            (None, None) => continue,
        };
        if let Some(nameless) = merged.iter().find(|item| !key.is_empty() && item.get(key).is_none()) {
            return Err(no_merge_key(nameless, key));
        }
        target.insert(name.to_owned(), Value::Array(in_order(merged, key, order, &server)));
        patch.remove(name);
    }
    Ok(())
}

/// Do the items of a patch stand in the order that it gives (`validatePatchWithSetOrderList`)?
fn check_order(patch: &[Value], order: &[Value], key: &str) -> Result<(), String> {
    if order.is_empty() {
        return Ok(());
    }
    let mut left = order.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        if !key.is_empty() && item.get(key).is_none() {
            return Err(no_merge_key(item, key));
        }
        if !left.any(|ordered| identity(ordered, key) == identity(item, key)) {
            let printed = |list: &[Value]| go_value(&Value::Array(list.to_vec()));
            let (patch, order) = (printed(patch), printed(order));
            return Err(format!("The order in patch list:\n{patch}\n doesn't match {ORDER} list:\n{order}\n"));
        }
    }
    Ok(())
}

/// Merges item by item, those of the patch in its order (`mergeSlice`).
fn merge_list(shape: &Shape, key: &str, old: Vec<Value>, patch: &mut [Value]) -> Result<Vec<Value>, String> {
    let kind = |item: &Value| std::mem::discriminant(item);
    let mut all = old.iter().chain(patch.iter());
    let first = all.next();
    if first.is_some_and(|first| all.any(|other| kind(other) != kind(first))) {
        let lists = go_value(&json!([old, patch]));
        return Err(format!("list element types are not identical: {lists}"));
    }
    if !first.is_some_and(Value::is_object) {
        let mut both: Vec<Value> = Vec::new();
        for item in old.iter().chain(patch.iter()) {
            if !both.contains(item) {
                both.push(item.clone());
            }
        }
        return Ok(in_order(both, key, patch, &old));
    }
    let item_shape = match shape {
        Shape::List(item) => item,
        _ => shape,
    };
    let mut merged = old;
    let mut replaces = false;
    for item in patch.iter() {
        match item.get(DIRECTIVE) {
            None => {}
            Some(directive) if directive == "replace" => replaces = true,
            Some(directive) if directive == "delete" => match item.get(key) {
                Some(gone) => merged.retain(|old| &old[key] != gone),
                None => return Err(no_merge_key(item, key)),
            },
            Some(directive) if directive == "merge" => {
                return Err("merging lists cannot yet be specified in the patch".to_owned());
            }
            Some(directive) => return Err(unknown_directive(directive, item.as_object().unwrap_or(&Fields::new()))),
        }
    }
    let items = patch.iter_mut().filter(|item| item.get(DIRECTIVE).is_none());
    if replaces {
        return Ok(items.map(|item| item.clone()).collect());
    }
    let server = merged.clone();
    let mut order = Vec::new();
    for item in items {
        let Some(identity) = item.get(key).cloned() else { return Err(no_merge_key(item, key)) };
        let same = merged.iter_mut().find(|old| old.get(key) == Some(&identity));
        match (same, &mut *item) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                *old = strategic_merge(item_shape, std::mem::take(old), new)?;
            }
            _ => merged.push(item.clone()),
        }
        order.push(json!({key: identity}));
    }
    match merged.iter().find(|item| item.get(key).is_none()) {
        Some(nameless) => Err(no_merge_key(nameless, key)),
        None => Ok(in_order(merged, key, &order, &server)),
    }
}

/// What tells an item apart: the item itself if the key is empty.
pub(super) fn identity<'v>(item: &'v Value, key: &str) -> &'v Value {
    if key.is_empty() { item } else { &item[key] }
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

/// Takes the fields that are null out of what meets nothing to merge with.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// Takes out whatever is a directive. False if the whole is one (`removeDirectives`).
fn take_out_directives(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => return false,
        Value::Object(fields) => fields.retain(|_, value| take_out_directives(value)),
        Value::Array(items) => items.retain_mut(take_out_directives),
        _ => {}
    }
    true
}

fn no_merge_key(item: &Value, key: &str) -> String {
    format!("map: {} does not contain declared merge key: {key}", go_value(item))
}

fn unknown_directive(directive: &Value, patch: &Fields) -> String {
    format!("unknown patch type: {} in map: {}", go_value(directive), go_value(&Value::Object(patch.clone())))
}

/// A JSON value as Go's `%v` prints it.
pub(super) fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_value).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}:{}", go_value(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
        _ => value.to_string(),
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
            let (Value::Object(target), Value::Object(mut patch)) = (target, patch) else { panic!("objects") };
            assert_eq!(strategic_merge(&shape, target, &mut patch).map(Value::Object), Ok(wanted));
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
        // The patch gives the order of what it names, and adds what the server has no list for as it stands.
        check(
            json!({"containers": [{"name": "a"}, {"name": "b"}]}),
            json!({"containers": [{"name": "b"}, {"name": "a"}]}),
            json!({"containers": [{"name": "b"}, {"name": "a"}]}),
        );
        check(
            json!({}),
            json!({"containers": [{"name": "a", "image": null}, {"name": "a"}, {"name": "b", "$patch": "delete"}]}),
            json!({"containers": [{"name": "a"}, {"name": "a"}]}),
        );
        check(json!({"tolerations": [{"key": "a"}]}), json!({"tolerations": []}), json!({"tolerations": []}));
        check(
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"$retainKeys": ["name", "secret"], "name": "v", "secret": {"secretName": "s"}}]}),
            json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
        );
    }

    #[test]
    fn errors_show_what_is_left_of_a_patch() {
        let shape = schema().shape("PodSpec");
        let left = |target: Value, patch: Value| {
            let (Value::Object(target), Value::Object(mut patch)) = (target, patch) else { panic!("objects") };
            let result = strategic_merge(&shape, target, &mut patch);
            result.map(|_| go_value(&Value::Object(patch)))
        };
        let order = json!([{"name": "a"}]);
        let patch =
            json!({"$setElementOrder/containers": order, "containers": [{"name": "a", "tty": 1}], "nodeNam": 1});
        assert_eq!(left(json!({"containers": [{"name": "a"}]}), patch), Ok("map[nodeNam:1]".to_owned()));
        let patch = json!({"affinity": {"nodeAffinity": null, "podAffinity": {"x": null}}});
        assert_eq!(left(json!({}), patch), Ok("map[affinity:map[podAffinity:map[]]]".to_owned()));
        let patch = json!({"containers": [{"image": "x"}]});
        let problem = "map: map[image:x] does not contain declared merge key: name";
        assert_eq!(left(json!({"containers": [{"name": "a"}]}), patch), Err(problem.to_owned()));
        let patch = json!({"$setElementOrder/containers": order, "containers": [{"name": "b"}]});
        let problem = "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n";
        assert_eq!(left(json!({}), patch), Err(problem.to_owned()));
    }
}
