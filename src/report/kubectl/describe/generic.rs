//! The description of kinds that have none of their own, Events among them (`genericDescriber`).

use serde_json::{Map, Value};

use super::super::custom_columns::as_go_prints;
use super::super::fields::text;
use super::sheet::Sheet;

/// Words that stay in capitals.
const ACRONYMS: [&str; 4] = ["api", "url", "uid", "guid"];

/// What stands above the fields, or nowhere.
const SHOWN_ELSEWHERE: [&str; 5] =
    [".metadata.managedFields", ".metadata.name", ".metadata.namespace", ".metadata.labels", ".metadata.annotations"];

pub(super) fn describe(object: &Value, sheet: &mut Sheet) {
    let metadata = &object["metadata"];
    sheet.field(0, "Name", text(&metadata["name"]));
    sheet.field(0, "Namespace", text(&metadata["namespace"]));
    sheet.labels("Labels", &metadata["labels"]);
    sheet.annotations("Annotations", &metadata["annotations"]);
    if let Some(object) = object.as_object() {
        fields(object, "", 0, sheet);
    }
}

/// `printUnstructuredContent`.
fn fields(object: &Map<String, Value>, path: &str, level: usize, sheet: &mut Sheet) {
    let mut sorted: Vec<(&String, &Value)> = object.iter().collect();
    sorted.sort_by_key(|(field, _)| *field);
    for (field, value) in sorted {
        let path = format!("{path}.{field}");
        if SHOWN_ELSEWHERE.contains(&path.as_str()) {
            continue;
        }
        match value {
            Value::Object(inner) => {
                sheet.line(level, format!("{}:", title(field)));
                fields(inner, &path, level + 1, sheet);
            }
            Value::Array(items) => {
                sheet.line(level, format!("{}:", title(field)));
                for item in items {
                    match item {
                        Value::Object(inner) => fields(inner, &path, level + 1, sheet),
                        other => sheet.line(level + 1, as_go_prints(other)),
                    }
                }
            }
            other => sheet.field(level, &title(field), as_go_prints(other)),
        }
    }
}

/// `apiVersion` as `API Version` (`smartLabelFor`).
fn title(field: &str) -> String {
    if field.contains(|c: char| !c.is_alphabetic() && c != '-') {
        return field.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    for c in field.chars() {
        match words.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words.iter().map(|word| capitalised(word)).collect::<Vec<_>>().join(" ")
}

fn capitalised(word: &str) -> String {
    if ACRONYMS.contains(&word.to_lowercase().as_str()) {
        return word.to_uppercase();
    }
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_fields_are_shown_with_titles() {
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "eventTime": null, "count": 2, "list": [1, {"a": true}],
            "metadata": {"name": "e", "namespace": "n", "uid": "u", "creationTimestamp": "t"},
        });
        let mut sheet = Sheet::new();
        describe(&event, &mut sheet);
        let wanted = "\
Name:         e
Namespace:    n
Labels:       <none>
Annotations:  <none>
API Version:  v1
Count:        2
Event Time:   <nil>
Kind:         Event
List:
  1
  A:  true
Metadata:
  Creation Timestamp:  t
  UID:                 u
";
        assert_eq!(sheet.finish(), wanted);
    }
}
