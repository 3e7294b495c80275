//! Syntax errors in the words of the API server.
//!
//! Its YAML reader is libyaml carried over to Go. On an error the text is read once more by libyaml carried over to
//! Rust, for its words; the position in our messages is that of our own parser.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};
use serde::de::{Deserialize, IgnoredAny};

/// The message of Go's YAML reader for a syntax error in the document that begins at `start`.
pub(super) fn message(text: &str, start: usize, error: &ScanError) -> String {
    let (before, document) = text.split_at_checked(start).unwrap_or(("", text));
    match Words::of(document) {
        Some(words) => words.message(before, document),
        None if matches!(error.kind(), ErrorKind::UnknownAnchor) => {
            let at = error.marker().byte_offset().unwrap_or_default();
            format!("yaml: unknown anchor '{}' referenced", anchor_name(text.get(at..).unwrap_or_default()))
        }
        None => format!("yaml: line {}: this is not YAML as it is read here", error.marker().line()),
    }
}

/// What Go's YAML reader has against a document in `range` that ours can read, and at which byte: tabs where indentation
/// is, keys that are not there, and names of anchors.
pub(super) fn second_opinion(text: &str, range: Range<usize>) -> Option<(usize, String)> {
    let (before, document) = (text.get(..range.start)?, text.get(range.clone())?);
    let is_odd = |line: &str| {
        let line = line.trim_start_matches(' ');
        line.starts_with(['\t', ':']) || has_tab_after_dash(line) || has_odd_anchor(line)
    };
    let words = document.lines().any(is_odd).then(|| Words::of(document))??;
    Some((range.start + words.offset.min(document.len()), words.message(before, document)))
}

/// Has a list's item a tab before it? There indentation goes on.
fn has_tab_after_dash(mut line: &str) -> bool {
    while let Some(after) = line.strip_prefix(['-', '?']) {
        line = after.trim_start_matches(' ');
        if line.starts_with('\t') {
            return true;
        }
        if line.len() == after.len() {
            return false;
        }
    }
    false
}

/// Is there an anchor or alias whose name ends in what Go takes for no end of it (`yaml_parser_scan_anchor`)? Ours takes
/// nearly everything for a part of it.
fn has_odd_anchor(line: &str) -> bool {
    let begins_here = |at: usize| {
        let before = line[..at].trim_end_matches([' ', '\t']);
        let apart = before.len() < at || before.ends_with(['[', '{', ',']) || at == 0;
        apart && (before.is_empty() || before.ends_with(['[', '{', ',', ':', '-', '?']))
    };
    line.match_indices(['&', '*']).filter(|(at, _)| begins_here(*at)).any(|(at, _)| {
        let after = &line[at + 1..];
        let name = name_of_anchor(after);
        // `&a: b` is told from `&a b` by Go alone.
        let ends = after[name.len()..].chars().next().is_none_or(|c| " \t\r,]}".contains(c));
        name.is_empty() || !ends
    })
}

/// What takes the place of a byte order mark within a document, where it is a letter to Go.
pub(super) const MARK: char = '\u{e000}';

/// Something to be read in the place of something else, byte for byte.
pub(super) struct Mend {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

/// What to read instead at the place of an error of our reader, if Go's has nothing against the text.
pub(super) fn mend(text: &str, start: usize, error: &ScanError) -> Option<Mend> {
    let at = error.marker().byte_offset()?;
    let (before, after) = text.split_at_checked(at)?;
    let mend = match error.kind() {
        // As good as spaces, as in lists between brackets.
        ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            let end = text.len() - after.trim_start_matches('\t').len();
            let first = start + before.get(start..)?.trim_end_matches('\t').len();
            Mend { range: first..end, with: " ".repeat(end - first) }
        }
        // `[-]`: a word like another.
        ErrorKind::PlainScalarStartsWithDashFlowIndicator => Mend { range: at..at + 1, with: "x".to_owned() },
        // `"a"#b`: a comment all the same.
        ErrorKind::CommentNotSeparated => {
            let length = after.find('\n').unwrap_or(after.len());
            Mend { range: at..at + length, with: " ".repeat(length) }
        }
        ErrorKind::BomInsideDocument => match before.strip_suffix("---\n").filter(|rest| ends_line(rest)) {
            // It begins a document: a comment takes its room.
            Some(rest) => Mend { range: rest.len()..at + BOM.len_utf8(), with: "# \n---\n".to_owned() },
            None => Mend { range: at..at + BOM.len_utf8(), with: MARK.to_string() },
        },
        _ => return None,
    };
    (!mend.range.is_empty() && Words::of(text.get(start..)?).is_none()).then_some(mend)
}

const BOM: char = '\u{feff}';

fn ends_line(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
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
        let text = document.trim_start_matches(BOM);
        // To Go a later one is a letter, to libyaml not.
        let text =
            if text.contains(BOM) { Cow::Owned(text.replace(BOM, MARK.encode_utf8(&mut [0; 4]))) } else { text.into() };
        let mut documents = serde_yaml::Deserializer::from_str(&text);
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
    name_of_anchor(text.trim_start_matches('*'))
}

/// The letters of a name (`is_alpha`).
fn name_of_anchor(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
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
    #[test]
    fn names_of_anchors_end_where_go_ends_them() {
        let check = |text: &str, wanted: &str| {
            let found = said(text).into_iter().flatten().next().map(|(_, message)| message);
            assert_eq!(found.unwrap_or_default(), wanted, "{text}");
        };
        let no_name = "yaml: line 2: did not find expected alphabetic or numeric character";
        check("a:\n  schedule: */5 * * * *\n", no_name);
        check("a:\n  schedule: * * * * *\n", no_name);
        check("a:\n  b: &c/d e\n", no_name);
        check("a: &b c\nd: *b/5\n", no_name);
        check("a: &b c\nd: *b:\n", "yaml: line 2: mapping values are not allowed in this context");
        check("a: &b: c\n", "yaml: mapping values are not allowed in this context");
        check("a: [&b c, &d e]\nf: {g: &h i}\n*b : 'x * y'\nj: a * b\n", "");
        check("a: \"*/5 * * * *\"\nb: '* *'\nc: 5 * &\n", "");
    }

    #[test]
    fn a_tab_after_a_dash_is_no_room() {
        let problem = Some("yaml: line 2: found character that cannot start any token".to_owned());
        for text in ["a:\n-\t\"x\"\n", "a:\n- \t\"x\"\n", "a:\n  - -\tx\n"] {
            assert_eq!(said(text).into_iter().flatten().next().map(|(_, message)| message), problem, "{text}");
        }
        assert_eq!(said("a:\n- x\ty\n- b:\tc\n"), [None]);
    }

    #[test]
    fn what_only_our_reader_refuses_is_read() {
        let check = |text: &str, wanted: &[serde_json::Value]| {
            let source = SourceText::new(Source { name: "a".into(), bytes: text.into() }).expect("UTF-8");
            let documents = parse(&Arc::new(source)).into_iter();
            let read: Vec<_> = documents.map(|d| d.expect("a document").root.to_json()).collect();
            assert_eq!(read, wanted, "{text}");
        };
        use serde_json::json;
        check("a: [-]\nb: [-, x, -1]\nc: {d: -}\n", &[json!({"a": ["-"], "b": ["-", "x", -1], "c": {"d": "-"}})]);
        check("a: \"i\"#x\nb: [c]#d\n", &[json!({"a": "i", "b": ["c"]})]);
        check("a: b\n\u{feff}c: \u{feff}d\n", &[json!({"a": "b", "\u{feff}c": "\u{feff}d"})]);
        check("a: b\n---\n\u{feff}c: d\n", &[json!({"a": "b"}), json!({"c": "d"})]);
    }
}
