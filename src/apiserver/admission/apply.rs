//! The patch that `kubectl apply` sends (`strategicpatch.CreateThreeWayMergePatch`): what the new manifest changes in the
//! live object, and what it has dropped since the old manifest.

use serde_json::{Map, Value, json};

use super::patch::{identity, in_order};
use crate::apiserver::schema::{Merge, Shape, schema};

/// The strategic merge patch that takes the live object to the new manifest. `{}` if there is nothing to change, which
/// kubectl then does not send.
pub fn apply_patch(kind: &str, old: &Value, new: &Value, live: &Value) -> Value {
    let shape = schema().shape(kind);
    let none = Map::new();
    let fields = |value: &'_ Value| value.as_object().cloned().unwrap_or_else(|| none.clone());
    let (old, new, live) = (fields(old), fields(new), fields(live));
    let delta = Diff::Changes.maps(&shape, &live, &new, false);
    let deletions = Diff::Deletions.maps(&shape, &old, &new, false);
    Value::Object(merge_patches(&shape, deletions, delta))
}

/// Which differences are looked for.
#[derive(Clone, Copy, PartialEq)]
enum Diff {
    Changes,
    Deletions,
}

impl Diff {
    fn maps(
        self,
        shape: &Shape,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        retain: bool,
    ) -> Map<String, Value> {
        let mut patch = Map::new();
        for (name, value) in new {
            match old.get(name) {
                Some(before) => self.field(shape, name, before, value, &mut patch),
                None if self == Diff::Changes => _ = patch.insert(name.clone(), value.clone()),
                None => {}
            }
        }
        let dropped: Vec<&String> = old.keys().filter(|name| !new.contains_key(*name)).collect();
        if self == Diff::Deletions {
            patch.extend(dropped.iter().map(|name| ((*name).clone(), Value::Null)));
        }
        let kept: Vec<&String> = new.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
        if retain && !kept.is_empty() && (!patch.is_empty() || !dropped.is_empty()) {
            patch.insert("$retainKeys".to_owned(), json!(kept));
        }
        patch
    }

    fn field(self, shape: &Shape, name: &str, old: &Value, new: &Value, patch: &mut Map<String, Value>) {
        let (inner, merge) = schema().field(shape, name).unwrap_or((&Shape::Any, None));
        match (old, new, merge) {
            (Value::Object(old), Value::Object(new), _) => {
                let nested = self.maps(inner, old, new, false);
                if !nested.is_empty() {
                    patch.insert(name.to_owned(), Value::Object(nested));
                }
            }
            (Value::Array(old), Value::Array(new), Some(merge)) => self.lists(inner, name, merge, old, new, patch),
            _ if self == Diff::Changes && old != new => _ = patch.insert(name.to_owned(), new.clone()),
            _ => {}
        }
    }

    /// A list whose items are merged one by one.
    fn lists(
        self,
        shape: &Shape,
        name: &str,
        merge: Merge,
        old: &[Value],
        new: &[Value],
        patch: &mut Map<String, Value>,
    ) {
        if old.is_empty() {
            if self == Diff::Changes && !new.is_empty() {
                patch.insert(name.to_owned(), json!(new));
            }
            return;
        }
        let (items, gone) = match merge.key {
            "" => self.scalars(old, new),
            _ => (self.items(shape, merge, old, new), Vec::new()),
        };
        let same_order = old.len() == new.len()
            && old.iter().zip(new).all(|(old, new)| identity(old, merge.key) == identity(new, merge.key));
        let changed = !items.is_empty() || !gone.is_empty() || (self == Diff::Changes && !same_order);
        if !items.is_empty() {
            patch.insert(name.to_owned(), Value::Array(items));
        }
        if !gone.is_empty() {
            patch.insert(format!("$deleteFromPrimitiveList/{name}"), Value::Array(gone));
        }
        if changed && !new.is_empty() {
            let named = |item: &Value| match merge.key {
                "" => item.clone(),
                key => json!({key: item[key]}),
            };
            patch.insert(format!("$setElementOrder/{name}"), new.iter().map(named).collect());
        }
    }

    /// Plain items to add and to take away.
    fn scalars(self, old: &[Value], new: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let missing = |from: &[Value], of: &[Value]| from.iter().filter(|v| !of.contains(v)).cloned().collect();
        match self {
            Diff::Changes => (missing(new, old), Vec::new()),
            Diff::Deletions => (Vec::new(), missing(old, new)),
        }
    }

    /// Changed items in the new order, then those that are gone.
    fn items(self, shape: &Shape, merge: Merge, old: &[Value], new: &[Value]) -> Vec<Value> {
        let key = merge.key;
        let item_shape = if let Shape::List(item) = shape { item } else { shape };
        let same = |list: &'_ [Value], item: &Value| list.iter().position(|other| other[key] == item[key]);
        let mut items = Vec::new();
        for item in new {
            match (same(old, item).map(|at| &old[at]), item) {
                (Some(Value::Object(before)), Value::Object(after)) => {
                    let mut changed = self.maps(item_shape, before, after, merge.retain_keys);
                    if !changed.is_empty() {
                        changed.insert(key.to_owned(), item[key].clone());
                        items.push(Value::Object(changed));
                    }
                }
                (None, _) if self == Diff::Changes => items.push(item.clone()),
                _ => {}
            }
        }
        if self == Diff::Deletions {
            let gone = old.iter().filter(|item| same(new, item).is_none());
            items.extend(gone.map(|item| json!({"$patch": "delete", key: item[key]})));
        }
        items
    }
}

/// One patch that does what two do, the second after the first (`MergeStrategicMergeMapPatchUsingLookupPatchMeta`).
fn merge_patches(shape: &Shape, mut first: Map<String, Value>, second: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in second {
        let (inner, merge) = schema().field(shape, &name).unwrap_or((&Shape::Any, None));
        let merged = match (first.remove(&name), value, merge) {
            (Some(Value::Object(one)), Value::Object(other), _) => Value::Object(merge_patches(inner, one, other)),
            (Some(Value::Array(one)), Value::Array(other), Some(merge)) => {
                Value::Array(merge_items(inner, merge.key, &one, other))
            }
            (_, value, _) => value,
        };
        first.insert(name, merged);
    }
    first
}

fn merge_items(shape: &Shape, key: &str, first: &[Value], second: Vec<Value>) -> Vec<Value> {
    let item_shape = if let Shape::List(item) = shape { item } else { shape };
    let mut merged = first.to_vec();
    for item in &second {
        let same = merged.iter_mut().find(|other| identity(other, key) == identity(item, key));
        match (same, item) {
            (Some(Value::Object(one)), Value::Object(other)) => {
                *one = merge_patches(item_shape, std::mem::take(one), other.clone());
            }
            (Some(_), _) => {}
            (None, _) => merged.push(item.clone()),
        }
    }
    in_order(merged, key, &second, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_sets_what_differs_and_drops_what_was_dropped() {
        let check = |old: Value, new: Value, live: Value, patch: Value| {
            let of = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
            let wanted = if patch == json!({}) { patch } else { of(patch) };
            assert_eq!(apply_patch("Job", &of(old), &of(new), &of(live)), wanted);
        };
        let (a, b) = (json!({"name": "a", "image": "x"}), json!({"name": "b", "image": "y"}));
        check(
            json!({"containers": [a]}),
            json!({"containers": [a]}),
            json!({"containers": [a], "dnsPolicy": "d"}),
            json!({}),
        );
        check(
            json!({"containers": [a, b], "nodeName": "n"}),
            json!({"containers": [b]}),
            json!({"containers": [a, b], "nodeName": "n"}),
            json!({
                "$setElementOrder/containers": [{"name": "b"}], "nodeName": null,
                "containers": [{"$patch": "delete", "name": "a"}],
            }),
        );
        check(
            json!({"containers": [a, b]}),
            json!({"containers": [b, a]}),
            json!({"containers": [a, b]}),
            json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}),
        );
        check(
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
            json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
            json!({
                "$setElementOrder/volumes": [{"name": "v"}],
                "volumes": [{"$retainKeys": ["name", "secret"], "name": "v", "emptyDir": null, "secret": {"secretName": "s"}}],
            }),
        );
    }

    #[test]
    fn plain_lists_are_merged_item_by_item() {
        let of = |finalizers: Value| json!({"metadata": {"finalizers": finalizers}});
        let patch = apply_patch("Job", &of(json!(["a", "b"])), &of(json!(["b", "c"])), &of(json!(["a", "b", "d"])));
        let wanted = json!({"metadata": {
            "$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b", "c"], "finalizers": ["c"],
        }});
        assert_eq!(patch, wanted);
    }
}
