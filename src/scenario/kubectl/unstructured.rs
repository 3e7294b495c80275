//! From a document to the objects that kubectl sends: kinds, lists, metadata (`resource.mapper`, `FlattenListVisitor`).

use super::super::decode::{decode_node, is_served};
use super::super::document::{Node, Value, go_json};
use super::super::schema::metadata_only;
use super::complaint::Complaint;
use super::stream::Piece;
use crate::api::release::Kubernetes;

/// What Go says it wanted instead of a value that is no object.
const DETECTOR: &str = "unstructured.detector";

/// An object to be sent.
pub(super) struct Unstructured {
    pub(super) value: Node,
}

/// The objects of a document, or why kubectl does not know what to do with it.
pub(super) fn objects(piece: Piece, file: &str) -> Result<Vec<Unstructured>, Complaint> {
    let Piece { value, json } = piece;
    let undecodable = |error: String| Complaint::Client(format!("unable to decode \"{file}\": {error}"));
    if !matches!(value.value, Value::Mapping(_)) {
        let found = value.json_type();
        return Err(undecodable(format!("json: cannot unmarshal {found} into Go value of type {DETECTOR}")));
    }
    if kind(&value).is_empty() {
        let body = json.unwrap_or_else(|| go_json(&value));
        return Err(undecodable(format!("Object 'Kind' is missing in '{body}'")));
    }
    metadata_error(&value).map_or(Ok(()), |error| Err(undecodable(error)))?;
    if let Some(error) = no_match(&value) {
        let metadata = |field| value.get("metadata").and_then(|m| m.get(field)).and_then(Node::as_str).unwrap_or("");
        let (name, namespace) = (metadata("name"), metadata("namespace"));
        return Err(Complaint::Client(format!(
            "resource mapping not found for name: \"{name}\" namespace: \"{namespace}\" from \"{file}\": {error}\n\
             ensure CRDs are installed first"
        )));
    }
    if value.get("items").is_none() {
        return Ok(vec![Unstructured { value }]);
    }
    let mut list = Vec::new();
    items(&value, &mut list).map_err(undecodable)?;
    let wrong: Vec<Complaint> = list.iter().filter_map(|item| item_error(&item.value)).collect();
    if wrong.is_empty() { Ok(list) } else { Err(Complaint::Several(wrong)) }
}

/// The items of a list and of the lists in it. An item without version and kind has those of its list.
fn items(list: &Node, all: &mut Vec<Unstructured>) -> Result<(), String> {
    let Some(Node { value: Value::Sequence(found), .. }) = list.get("items") else { return Ok(()) };
    for item in found {
        let Value::Mapping(entries) = &item.value else {
            let found = item.json_type();
            return Err(format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"));
        };
        let mut item = item.clone();
        if kind(&item).is_empty() && version(&item).is_empty() {
            let mut entries = entries.clone();
            entries.retain(|entry| !matches!(&*entry.key, "apiVersion" | "kind"));
            item.value = Value::Mapping(entries);
            let of_list = kind(list);
            item.set("apiVersion", &version(list));
            item.set("kind", of_list.strip_suffix("List").unwrap_or(&of_list));
        }
        if item.get("items").is_some() {
            items(&item, all)?;
        } else {
            all.push(Unstructured { value: item });
        }
    }
    Ok(())
}

fn item_error(item: &Node) -> Option<Complaint> {
    let no_type = |missing: &str| {
        let words = "unable to get type info from the object \"*unstructured.Unstructured\"";
        Complaint::Client(format!("{words}: Object '{missing}"))
    };
    if kind(item).is_empty() {
        return Some(no_type("Kind' is missing in 'unstructured object has no kind'"));
    }
    if group_version(item).is_none_or(|(_, version)| version.is_empty()) {
        return Some(no_type("apiVersion' is missing in 'unstructured object has no version'"));
    }
    no_match(item).map(|error| Complaint::Client(format!("unable to recognize {error}")))
}

fn text(value: &Node, field: &str) -> String {
    value.get(field).and_then(Node::as_str).unwrap_or("").to_owned()
}

fn version(value: &Node) -> String {
    text(value, "apiVersion")
}

/// The kind; none if the version is not one.
pub(super) fn kind(value: &Node) -> String {
    if group_version(value).is_some() { text(value, "kind") } else { String::new() }
}

/// Group and version (`ParseGroupVersion`).
fn group_version(value: &Node) -> Option<(String, String)> {
    let text = version(value);
    match text.matches('/').count() {
        _ if text == "/" => Some((String::new(), String::new())),
        0 => Some((String::new(), text)),
        1 => text.split_once('/').map(|(group, version)| (group.to_owned(), version.to_owned())),
        _ => None,
    }
}

/// The complaint about a kind that no API has. Groups that are not Kubernetes' own may have any.
fn no_match(value: &Node) -> Option<String> {
    let (group, version) = group_version(value)?;
    let kind = kind(value);
    let written = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
    // Without a version the group's preferred one is taken.
    let preferred = if version.is_empty() && !group.is_empty() { format!("{group}/v1") } else { written.clone() };
    let known = is_served(&preferred, &kind);
    (!known).then(|| format!("no matches for kind \"{kind}\" in version \"{written}\""))
}

/// Types are checked early where kubectl itself looks at them (`metadataValidatingDecoder`).
fn metadata_error(value: &Node) -> Option<String> {
    if let Some(version) = value.get("apiVersion").filter(|v| !matches!(v.value, Value::String(_) | Value::Null)) {
        let (found, field) = (version.json_type(), "metadataOnlyObject.TypeMeta.apiVersion");
        return Some(format!("json: cannot unmarshal {found} into Go struct field {field} of type string"));
    }
    let metadata = value.entries().iter().filter(|entry| &*entry.key == "metadata").cloned().collect();
    let only = Node { span: value.span, value: Value::Mapping(metadata) };
    decode_node(&only, metadata_only(), &Kubernetes::default()).type_error().map(str::to_owned)
}

/// As the object arrives at the server: a number past 64 bits has become a float on the way.
pub(super) fn as_sent(mut node: Node) -> Node {
    match &mut node.value {
        Value::Unsigned(n) => node.value = Value::Float(*n as f64),
        Value::Sequence(items) => items.iter_mut().for_each(|item| *item = as_sent(std::mem::take(item))),
        Value::Mapping(entries) => entries.iter_mut().for_each(|e| e.value = as_sent(std::mem::take(&mut e.value))),
        _ => {}
    }
    node
}
