//! Syntax errors in the words of the API server.
//!
//! Its YAML reader is libyaml carried over to Go. On an error the text is read once more by libyaml carried over to
//! Rust, for its words; the position in our messages is that of our own parser.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};
use serde::de::{Deserialize, IgnoredAny};

/// The message of Go's YAML reader for a syntax error in the document that begins at `start`.
pub(super) fn message(text: &str, start: usize, error: &ScanError) -> String {
    let (before, document) = text.split_at_checked(start).unwrap_or(("", text));
    match Words::of(document) {
        Some(words) => words.message(before, document),
        None => format!("yaml: line {}: {}", error.marker().line(), error.info()),
    }
}

/// What Go's YAML reader has against a document in `range` that ours can read, and at which byte: tabs where indentation
/// is, and keys that are not there.
pub(super) fn second_opinion(text: &str, range: Range<usize>) -> Option<(usize, String)> {
    let (before, document) = (text.get(..range.start)?, text.get(range.clone())?);
    let is_odd = |line: &str| line.trim_start_matches(' ').starts_with(['\t', ':']);
    let words = document.lines().any(is_odd).then(|| Words::of(document))??;
    Some((range.start + words.offset.min(document.len()), words.message(before, document)))
}

/// The tabs before the place of an error of our reader that Go's has nothing against.
pub(super) fn harmless_tabs(text: &str, start: usize, error: &ScanError) -> Option<Range<usize>> {
    if !matches!(error.kind(), ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed) {
        return None;
    }
    let (before, after) = text.split_at_checked(error.marker().byte_offset()?)?;
    let end = text.len() - after.trim_start_matches('\t').len();
    let before = before.get(start..)?;
    let first = start + before.trim_end_matches('\t').len();
    (first < end && Words::of(text.get(start..)?).is_none()).then_some(first..end)
}

/// What libyaml says of a document that it cannot read.
struct Words {
    /// Where it stopped: line, column, both from 1, and byte.
    line: usize,
    column: usize,
    offset: usize,
    problem: String,
}

impl Words {
    fn of(document: &str) -> Option<Words> {
        // Go's reader passes over a byte order mark.
        let text = document.trim_start_matches('\u{feff}');
        let mut documents = serde_yaml::Deserializer::from_str(text);
        let error = documents.find_map(|document| IgnoredAny::deserialize(document).err())?;
        let (location, said) = (error.location()?, error.to_string());
        // `problem at line 3 column 5, while parsing a block mapping at line 2 column 3`, without places in the first line.
        let problem = said.split(" at line ").next()?.split(", while ").next()?.to_owned();
        let offset = document.len() - text.len() + location.index();
        Some(Words { line: location.line(), column: location.column(), offset, problem })
    }

    /// In Go's words, for a document that has `before` above it.
    fn message(&self, before: &str, document: &str) -> String {
        let problem = &self.problem;
        if problem == "unknown anchor" {
            let line = document.lines().nth(self.line - 1).unwrap_or("");
            let name = anchor_name(line.get(self.column - 1..).unwrap_or(""));
            return format!("yaml: unknown anchor '{name}' referenced");
        }
        // libyaml counts lines from 0. go-yaml's `parser.fail` adds one for errors of the scanner only.
        let above = before.bytes().filter(|&b| b == b'\n').count();
        let line = self.line + above - usize::from(is_of_parser(problem));
        match self.line + above {
            ..=1 => format!("yaml: {problem}"),
            _ => format!("yaml: line {line}: {problem}"),
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::parse;
    use crate::scenario::source::{Source, SourceText};

    /// What is said of each document of a text; nothing of those that can be read.
    fn said(text: &str) -> Vec<Option<(u32, String)>> {
        let source = SourceText::new(Source { name: "a".into(), bytes: text.as_bytes().to_vec() }).expect("UTF-8");
        let documents = parse(&Arc::new(source)).into_iter();
        documents.map(|document| document.err().map(|e| (e.location.span.start, e.message))).collect()
    }

    #[test]
    fn tabs_are_no_indentation_and_keys_must_be_there() {
        let tab = |at: u32, message: &str| Some((at, format!("yaml: {message}")));
        assert_eq!(said("\ta: b\n"), [tab(0, "found character that cannot start any token")]);
        assert_eq!(said("a: b\n\t\n"), [tab(5, "line 2: found a tab character that violates indentation")]);
        assert_eq!(
            said("a: b\n---\nc: d\n\t\n"),
            [None, tab(14, "line 4: found a tab character that violates indentation")]
        );
        assert_eq!(said("a:\n  : b:\n    c: d\n"), [tab(5, "line 1: did not find expected key")]);
        // Elsewhere they are as good as spaces.
        assert_eq!(said("a: [\n\tb,\n\t\t{d: e}]\nc: |\n  d\n  \te\nf:\tg\t# h\n"), [None]);
    }

    #[test]
    fn problems_are_told_without_what_was_being_read() {
        let first = |text: &str| said(text).into_iter().flatten().next().map(|(_, message)| message);
        assert_eq!(first("}").as_deref(), Some("yaml: did not find expected node content"));
        assert_eq!(first("\u{feff}a: b\n\t c: d\n"), first("a: b\n\t c: d\n"));
        assert_eq!(first("a:\n  *b:\n    c: d\n").as_deref(), Some("yaml: unknown anchor 'b' referenced"));
    }
}
