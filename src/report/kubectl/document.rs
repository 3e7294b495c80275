//! Objects as kubectl writes them whole: `-o yaml`, `-o json`.

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::apiserver::escape_html;

pub use super::yaml::yaml;

/// JSON indented by four, with a line's end, and escaped as Go does.
pub fn json(object: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let written = object.serialize(&mut Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    ")));
    debug_assert!(written.is_ok(), "a JSON value can be written into memory");
    escape_html(&String::from_utf8_lossy(&bytes)) + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::json;

    #[test]
    fn json_is_written_as_by_go() {
        assert_eq!(json(&json!({"a": ["<", {}]})), "{\n    \"a\": [\n        \"\\u003c\",\n        {}\n    ]\n}\n");
    }
}
