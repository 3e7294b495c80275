//! Syntax errors in the words of the API server.
//!
//! Its YAML reader is libyaml carried over to Go. On an error the text is read once more by libyaml carried over to
//! Rust, for its words; the position in our messages is that of our own parser.

use granit_parser::ScanError;
use serde::de::{Deserialize, IgnoredAny};

/// The message of Go's YAML reader for a syntax error in the document that begins at `start`.
pub(super) fn message(text: &str, start: usize, error: &ScanError) -> String {
    let (before, text) = text.split_at_checked(start).unwrap_or(("", text));
    let above = before.bytes().filter(|&b| b == b'\n').count();
    let words = serde_yaml::Deserializer::from_str(text)
        .find_map(|document| IgnoredAny::deserialize(document).err())
        .and_then(|error| Some((error.location()?.line(), error.to_string())))
        .and_then(|(line, words)| Some((line, words.split(" at line ").next()?.to_string())));
    match words {
        // libyaml counts lines from 0. go-yaml's `parser.fail` adds one for errors of the scanner only.
        Some((line, problem)) if is_of_parser(&problem) && line + above > 1 => {
            format!("yaml: line {}: {problem}", line + above - 1)
        }
        Some((_, problem)) if is_of_parser(&problem) => format!("yaml: {problem}"),
        Some((line, problem)) if line + above > 1 => format!("yaml: line {}: {problem}", line + above),
        Some((_, problem)) => format!("yaml: {problem}"),
        None => format!("yaml: line {}: {}", error.marker().line(), error.info()),
    }
}

/// Does the document begin with a directive for another YAML than 1.1? That is found before anything else.
pub(super) fn is_incompatible(document: &str) -> bool {
    let directives = document.lines().skip_while(|line| line.trim().is_empty() || line.starts_with('#'));
    let mut directives = directives.take_while(|line| line.starts_with('%'));
    directives.any(|line| line.strip_prefix("%YAML ").is_some_and(|version| version.trim() != "1.1"))
}

fn is_of_parser(problem: &str) -> bool {
    problem.starts_with("did not find expected key")
        || problem.starts_with("did not find expected node content")
        || problem.starts_with("did not find expected '-'")
        || problem.starts_with("did not find expected ',' or")
        || problem.starts_with("did not find expected <document start>")
        || problem.starts_with("found undefined tag handle")
        || problem.starts_with("found duplicate %")
        || problem.starts_with("found incompatible YAML")
}

/// The name at the start of `*name ...`.
pub(super) fn anchor_name(text: &str) -> &str {
    let text = text.trim_start_matches('*');
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    &text[..end]
}
