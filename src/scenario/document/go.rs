//! Values in the words of Go's `fmt` and `encoding/json`, which reach users through the API server's messages.

use super::{Node, Value};
use crate::api::quote::quote;

/// A number as `encoding/json` writes it: without an exponent from 1e-6 to 1e21.
pub fn go_float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    if number == 0.0 && number.is_sign_negative() { "-0".to_string() } else { format!("{number}") }
}

/// A value as `encoding/json` writes it: keys in order, `<`, `>` and `&` escaped.
pub fn go_json(node: &Node) -> String {
    match &node.value {
        Value::Int(_) | Value::Unsigned(_) | Value::Float(_) => node.number().unwrap_or_default(),
        Value::Sequence(items) => format!("[{}]", items.iter().map(go_json).collect::<Vec<_>>().join(",")),
        Value::Mapping(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            let text = |key: &str| crate::apiserver::go_json_text(&key.into());
            let fields: Vec<_> = entries.iter().map(|e| format!("{}:{}", text(&e.key), go_json(&e.value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        _ => crate::apiserver::go_json_text(&node.to_json()),
    }
}

/// A value as the verb `%#v` prints what Go's YAML reader makes of it.
pub(super) fn go_syntax(node: &Node) -> String {
    match &node.value {
        Value::Null => "interface {}(nil)".to_string(),
        Value::Bool(b) => b.to_string(),
        Value::String(text) => quote(text),
        Value::Sequence(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(entries) => {
            let mut pairs: Vec<_> =
                entries.iter().map(|e| format!("{}:{}", quote(&e.key), go_syntax(&e.value))).collect();
            pairs.sort();
            format!("map[interface {{}}]interface {{}}{{{}}}", pairs.join(", "))
        }
        _ => node.number().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_by_encoding_json() {
        let check = |number: f64, text: &str| assert_eq!(go_float(number), text);
        check(1.5, "1.5");
        check(1000.0, "1000");
        check(1e20, "100000000000000000000");
        check(1e21, "1e+21");
        check(1.25e-7, "1.25e-7");
        check(0.000001, "0.000001");
        check(-0.0, "-0");
        check(-2.5e300, "-2.5e+300");
    }

    #[test]
    fn values_are_written_as_by_encoding_json() {
        let node = Node::from_json(&serde_json::json!({"b": [1.5, -3, null, true], "a<": "x&\u{2028}\n"}));
        assert_eq!(go_json(&node), r#"{"a\u003c":"x\u0026\u2028\n","b":[1.5,-3,null,true]}"#);
    }

    #[test]
    fn text_is_quoted_as_by_strconv() {
        assert_eq!(quote("a\"b\\\n\u{1}\u{7f}ä"), "\"a\\\"b\\\\\\n\\x01\\x7fä\"");
    }
}
