//! Objects as kubectl writes them whole: `-o yaml`, `-o json`.

use std::fmt::Write;

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};

use crate::apiserver::escape_html;
use crate::scenario::document::is_plainly_text;

/// JSON indented by four, with a line's end, and escaped as Go does.
pub fn json(object: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let written = object.serialize(&mut Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    ")));
    debug_assert!(written.is_ok(), "a JSON value can be written into memory");
    escape_html(&String::from_utf8_lossy(&bytes)) + "\n"
}

/// A YAML document without a separator: lists stand as far left as their key, and text that a reader of YAML 1.1 would
/// take for something else (`yes`, a date) is in double quotes, as go-yaml has it.
pub fn yaml(object: &Value) -> String {
    let mut text = String::new();
    match object {
        Value::Object(fields) if !fields.is_empty() => mapping(fields, 0, "", &mut text),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut text),
        _ => {
            scalar(object, 0, &mut text);
            text.push('\n');
        }
    }
    text
}

/// The entries, the first behind what already stands on its line, `first`.
fn mapping(fields: &Map<String, Value>, indent: usize, first: &str, text: &mut String) {
    for (number, (key, value)) in fields.iter().enumerate() {
        if number == 0 && !first.is_empty() {
            text.push_str(first);
        } else {
            spaces(indent, text);
        }
        string(key, indent, text);
        text.push(':');
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                text.push('\n');
                mapping(fields, indent + 2, "", text);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                sequence(items, indent, text);
            }
            _ => {
                text.push(' ');
                scalar(value, indent, text);
                text.push('\n');
            }
        }
    }
}

fn sequence(items: &[Value], indent: usize, text: &mut String) {
    for item in items {
        spaces(indent, text);
        match item {
            Value::Object(fields) if !fields.is_empty() => mapping(fields, indent + 2, "- ", text),
            Value::Array(items) if !items.is_empty() => {
                text.push_str("-\n");
                sequence(items, indent + 2, text);
            }
            _ => {
                text.push_str("- ");
                scalar(item, indent, text);
                text.push('\n');
            }
        }
    }
}

fn spaces(count: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', count));
}

fn scalar(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::String(value) => string(value, indent, text),
        Value::Object(_) => text.push_str("{}"),
        Value::Array(_) => text.push_str("[]"),
        _ => _ = write!(text, "{value}"),
    }
}

fn string(value: &str, indent: usize, text: &mut String) {
    let is_visible = |c: char| matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{10000}'..);
    let one_line = value.chars().all(is_visible);
    if one_line && is_plainly_text(value) && can_stand_plain(value) {
        text.push_str(value);
    } else if one_line && !value.is_empty() && is_plainly_text(value) {
        _ = write!(text, "'{}'", value.replace('\'', "''"));
    } else if is_block(value) && value.chars().all(|c| c == '\n' || is_visible(c)) {
        block(value, indent, text);
    } else {
        // Every JSON string is one of YAML's in double quotes, once what it calls printable is escaped too.
        for c in Value::from(value).to_string().chars() {
            if is_visible(c) { text.push(c) } else { escape(c, text) }
        }
    }
}

fn escape(c: char, text: &mut String) {
    _ = match u32::from(c) {
        code @ 0..=0xff => write!(text, "\\x{code:02X}"),
        code @ 0x100..=0xffff => write!(text, "\\u{code:04X}"),
        code => write!(text, "\\U{code:08X}"),
    };
}

/// Does it begin and end with what cannot be taken for YAML's own signs?
fn can_stand_plain(value: &str) -> bool {
    let indicator = |c: char| "-?:,[]{}#&*!|>'\"%@`=<~ ".contains(c);
    let harmless = match value.strip_prefix(['-', '?', ':']) {
        Some(rest) => rest.starts_with(|c: char| !indicator(c)),
        None => !value.starts_with(indicator),
    };
    let inside = value.contains(": ") || value.contains(" #") || value.contains("---") || value.contains("...");
    harmless && !inside && !value.ends_with([':', ' '])
}

/// Several lines that a literal block can hold.
fn is_block(value: &str) -> bool {
    let lines_are_full = value.split('\n').all(|line| !line.ends_with(' '));
    value.trim_end_matches('\n').contains('\n') && lines_are_full && !value.starts_with([' ', '\n'])
}

fn block(value: &str, indent: usize, text: &mut String) {
    let body = value.trim_end_matches('\n');
    text.push_str(match value.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
        text.push('\n');
        if !line.is_empty() {
            spaces(indent + 2, text);
            text.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scenario::document::parse;
    use crate::scenario::source::{Source, SourceText};

    #[test]
    fn yaml_is_written_as_by_go() {
        let check = |value: Value, wanted: &str| assert_eq!(yaml(&value), wanted);
        check(
            json!({"a": {"b": [1, "x", {"c": null, "d": []}], "e": {}}}),
            "a:\n  b:\n  - 1\n  - x\n  - c: null\n    d: []\n  e: {}\n",
        );
        check(
            json!({"t": "2000-01-01T00:00:00Z", "y": "yes", "n": "017"}),
            "\"n\": \"017\"\nt: \"2000-01-01T00:00:00Z\"\n\"y\": \"yes\"\n",
        );
        check(json!({"s": "*/5 * * * *", "m": "a: b", "q": "it's #1"}), "m: 'a: b'\nq: 'it''s #1'\ns: '*/5 * * * *'\n");
        check(json!({"script": "set -e\n\necho hi\n"}), "script: |\n  set -e\n\n  echo hi\n");
        check(json!(["-x", "a\tb", ""]), "- -x\n- \"a\\tb\"\n- \"\"\n");
        check(json!({}), "{}\n");
    }

    #[test]
    fn json_is_written_as_by_go() {
        assert_eq!(json(&json!({"a": ["<", {}]})), "{\n    \"a\": [\n        \"\\u003c\",\n        {}\n    ]\n}\n");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[-?:,\\[\\]{}#&*!|>'\"%@`=<~ \\\\a-z0-9.\n\t\u{85}\u{2028}\u{feff}é😀]{0,9}",
            Just("null".to_owned()),
            "[0-9][0-9_:.oxb-]{0,9}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[-a-z~*: ]{0,5}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let text = yaml(&value);
            let source = Arc::new(SourceText::new(Source { name: "x".into(), bytes: text.clone().into() }).expect("text"));
            let read = parse(&source).remove(0).map(|document| document.root.to_json());
            prop_assert!(read.as_ref().is_ok_and(|read| *read == value), "{value}\n{text}\n{read:?}");
        }
    }
}
