//! How kubectl cuts a file into documents (`YAMLOrJSONDecoder`): as JSON while it looks like it, else at lines that
//! begin with `---`. The YAML reader sees each piece alone, so its messages count lines from the piece's first.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::document::{Node, Value, parse};
use super::super::source::{Source, SourceText};
use super::json_syntax::{NotJson, value_end};

/// A document of the file: its value, and its JSON text if it was written as JSON.
pub(super) struct Piece {
    pub(super) value: Node,
    pub(super) json: Option<String>,
}

/// The documents, empty ones left out, and what ends the reading of the file before its end.
pub(super) fn read(text: &str) -> (Vec<Piece>, Option<String>) {
    let mut pieces = Vec::new();
    let (rest, not_json) = if text.trim_start().starts_with('{') {
        match read_json(text, &mut pieces) {
            Ok(rest) => rest,
            Err(error) => return (pieces, Some(error)),
        }
    } else {
        (text, None)
    };
    let (mut not_json, mut chunks) = (not_json, chunks(rest));
    let error = loop {
        let Some(chunk) = chunks.next() else { break None };
        // If the first document is neither, the complaint is about JSON.
        let about_json = not_json.take();
        match chunk.and_then(|chunk| yaml(&chunk)) {
            Ok(value) if value.value == Value::Null => {}
            Ok(value) => pieces.push(Piece { value, json: None }),
            Err(error) => break Some(about_json.unwrap_or(error)),
        }
    };
    (pieces, error)
}

/// Reads JSON values for as long as there are any. What does not look like one is left to the YAML reader, with the
/// complaint of the JSON reader; but after two of them the stream is JSON.
fn read_json<'t>(text: &'t str, pieces: &mut Vec<Piece>) -> Result<(&'t str, Option<String>), String> {
    let (mut at, mut count) = (0, 0);
    loop {
        let error = match value_end(text, at) {
            Ok(None) => return Ok(("", None)),
            Ok(Some(end)) => {
                let json = text[at..end].trim();
                let value: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
                if !value.is_null() {
                    pieces.push(Piece { value: Node::from_json(&value), json: Some(json.to_owned()) });
                }
                (at, count) = (end, count + 1);
                continue;
            }
            Err(error) => error,
        };
        let words = match error {
            NotJson::UnexpectedEnd => "unexpected EOF".to_owned(),
            NotJson::Syntax { message, .. } if count > 1 => message,
            NotJson::Syntax { offset, message } => format!("json: offset {offset}: {message}"),
        };
        if count > 1 {
            return Err(words);
        }
        let rest = &text[at..];
        let blanks = rest.len() - rest.trim_start().len();
        let line_end = rest[..blanks].find('\n').map_or(blanks, |end| end + 1);
        return Ok((&rest[line_end..], Some(words)));
    }
}

/// The pieces between lines that begin with `---` (`YAMLReader`).
fn chunks(text: &str) -> impl Iterator<Item = Result<Cow<'_, str>, String>> {
    let mut lines = text.lines();
    let mut over = false;
    std::iter::from_fn(move || {
        let mut chunk = String::new();
        while !over {
            let Some(line) = lines.next() else {
                over = true;
                break;
            };
            let Some(after) = line.strip_prefix("---").map(str::trim) else {
                chunk.push_str(line);
                chunk.push('\n');
                continue;
            };
            if !after.is_empty() && !after.starts_with('#') {
                over = true;
                return Some(Err(format!("invalid Yaml document separator: {after}")));
            }
            if !chunk.is_empty() {
                return Some(Ok(chunk.into()));
            }
        }
        (!chunk.is_empty()).then_some(Ok(chunk.into()))
    })
}

fn yaml(chunk: &str) -> Result<Node, String> {
    let converting = |message: String| format!("error converting YAML to JSON: {message}");
    let source = SourceText::new(Source { name: String::new(), bytes: chunk.as_bytes().to_vec() });
    let source = Arc::new(source.map_err(|error| converting(format!("yaml: {error}")))?);
    match parse(&source).into_iter().next() {
        Some(Ok(document)) => Ok(document.root),
        Some(Err(error)) => Err(converting(error.message)),
        None => Ok(Node { span: Default::default(), value: Value::Null }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_cut_as_kubectl_cuts_them() {
        let check = |text: &str, documents: &[&str], error: Option<&str>| {
            let (pieces, ended) = read(text);
            let read: Vec<String> = pieces.iter().map(|piece| piece.value.to_json().to_string()).collect();
            assert_eq!((read.iter().map(String::as_str).collect(), ended.as_deref()), (documents.to_vec(), error));
        };
        check("---\na: 1\n--- # next\n# nothing\n---\nb: 2", &[r#"{"a":1}"#, r#"{"b":2}"#], None);
        check("{\"a\": 1}\n{\"b\": 2}\n", &[r#"{"a":1}"#, r#"{"b":2}"#], None);
        check("{\"a\": 1}\n---\nb: 2\n", &[r#"{"a":1}"#, r#"{"b":2}"#], None);
        check("{a: 1}\n", &[r#"{"a":1}"#], None);
        check(
            "{\"a\": 1,,}\n",
            &[],
            Some("json: offset 9: invalid character ',' looking for beginning of object key string"),
        );
        check("a: 1\n--- b\n", &[], Some("invalid Yaml document separator: b"));
        check(
            "a: 1\n---\nb: [\n",
            &[r#"{"a":1}"#],
            Some("error converting YAML to JSON: yaml: line 1: did not find expected node content"),
        );
    }
}
