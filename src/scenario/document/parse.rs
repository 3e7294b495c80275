//! From YAML events to documents, with limits that no input can push past.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde::de::IgnoredAny;

use super::go::go_syntax;
use super::scalar::{ScalarError, resolve};
use super::syntax::{self, Mend};
use super::{Document, Duplicate, Entry, Node, SyntaxError, Value};
use crate::api::quote::quote;
use crate::scenario::source::{Location, SourceText, Span};

/// Most levels of nesting, aliases followed: past any manifest, and shallow enough to walk by recursion.
const MAX_DEPTH: usize = 200;
/// Most nodes of a stream.
const MAX_NODES: usize = 4_000_000;
/// Most nodes that the aliases of a stream may stand for: what stops the "billion laughs".
const MAX_ALIAS_NODES: usize = 200_000;
/// Most bytes of text that they may stand for.
const MAX_ALIAS_BYTES: usize = 16 << 20;
/// Most documents of a stream.
const MAX_DOCUMENTS: usize = 500_000;
/// Most duplicate keys of a document that are kept.
const MAX_DUPLICATES: usize = 1000;
/// From this size on, keys of a mapping are looked up in an index.
const INDEXED_FROM: usize = 16;

/// Most places of a stream that are mended.
const MAX_MENDS: usize = 20;

/// What is said of a document that asks for another YAML than 1.1.
const INCOMPATIBLE: &str = "yaml: found incompatible YAML document";

/// Reads a YAML stream. The root of an empty document is null. A document that cannot be read does not hide those
/// after it.
pub fn parse(source: &Arc<SourceText>) -> Vec<Result<Document, SyntaxError>> {
    if let Some((offset, character)) = source.text.char_indices().find(|&(_, c)| !is_printable(c)) {
        let span = place(Some(offset), Some(offset + character.len_utf8()));
        let location = Location { source: source.clone(), span };
        let message = "yaml: control characters are not allowed".to_string();
        return vec![Err(SyntaxError { location, message })];
    }
    let values = json_stream(&source.text);
    if values.len() > 1 || (values.len() == 1 && source.text.contains('\t')) {
        // Tabs are room here: no text in JSON has one.
        let read = |value: &Range<usize>| {
            read(source, &source.text[value.clone()].replace('\t', " "), Some(value.start), false).unwrap_or_default()
        };
        return values.iter().flat_map(read).collect();
    }
    let mut text = Cow::Borrowed(&*source.text);
    for _ in 0..MAX_MENDS {
        match read(source, &text, None, true) {
            Ok(documents) => return documents,
            Err(mend) => text.to_mut().replace_range(mend.range, &mend.with),
        }
    }
    read(source, &text, None, false).unwrap_or_default()
}

/// Where the values are of a text that is JSON, one after the other as `jq -c` writes them; none if it is not
/// (`GuessJSONStream`).
fn json_stream(text: &str) -> Vec<Range<usize>> {
    if !text.trim_start().starts_with('{') {
        return Vec::new();
    }
    let mut values = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut start = 0;
    while let Some(value) = stream.next() {
        if value.is_err() || values.len() > MAX_DOCUMENTS {
            return Vec::new();
        }
        values.push(start..stream.byte_offset());
        start = stream.byte_offset();
    }
    values
}

/// Reads the text of a source, or a value of a stream of JSON, which begins at `value`. With `mends` the answer may be
/// what to write in the place of something that our reader refuses and Go's does not.
fn read(
    source: &Arc<SourceText>,
    text: &str,
    value: Option<usize>,
    mends: bool,
) -> Result<Vec<Result<Document, SyntaxError>>, Mend> {
    let (mut documents, base) = (Vec::new(), value.unwrap_or(0));
    let mut options = granit_parser::options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::new(source);
    let mut start = base;
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let at = |offset: Option<usize>| offset.map(|offset| base + offset);
                let span = place(at(span.start.byte_offset()), at(span.end.byte_offset()));
                let mut opinion = None;
                match event {
                    Event::DocumentStart(..) if start == source.text.len() => start = span.start as usize,
                    Event::DocumentEnd => {
                        // JSON is read by another reader upstream, and is right by now.
                        if value.is_none() {
                            opinion = syntax::second_opinion(&source.text, start..span.end as usize);
                        }
                        start = span.end as usize;
                    }
                    _ => {}
                }
                if let Some(document) = builder.event(event, span) {
                    documents.push(match opinion {
                        Some((at, message)) => {
                            let span = tab_of(source, &message).unwrap_or(place(Some(at), None));
                            let location = Location { source: source.clone(), span };
                            Err(SyntaxError { location, message })
                        }
                        None => document,
                    });
                }
                if builder.exhausted || documents.len() > MAX_DOCUMENTS {
                    break;
                }
            }
            Err(error) => {
                if let Some(mend) = syntax::mend(text, start - base, &error).filter(|_| mends) {
                    return Err(mend);
                }
                documents.push(Err(scan_error(source, start, &error)));
                builder.next_document();
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
                start = source.text.len();
            }
        }
    }
    Ok(documents)
}

fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

fn place(start: Option<usize>, end: Option<usize>) -> Span {
    let start = start.unwrap_or_default() as u32;
    Span { start, end: end.map_or(start, |end| end as u32).max(start) }
}

fn scan_error(source: &Arc<SourceText>, start: usize, error: &ScanError) -> SyntaxError {
    let offset = error.marker().byte_offset().unwrap_or_default().min(source.text.len());
    let location = Location { source: source.clone(), span: Span { start: offset as u32, end: offset as u32 } };
    let message = match error.kind() {
        granit_parser::ErrorKind::RecursionLimitExceeded => {
            format!("yaml: nested too deeply: more than {MAX_DEPTH} levels")
        }
        _ if syntax::is_incompatible(source.text.get(start..).unwrap_or_default()) => INCOMPATIBLE.to_string(),
        _ => syntax::message(&source.text, start, error),
    };
    let span = tab_of(source, &message).unwrap_or(location.span);
    SyntaxError { location: Location { span, ..location }, message }
}

/// The first tab in the indentation of the line that a message about one names: readers stop elsewhere.
fn tab_of(source: &SourceText, message: &str) -> Option<Span> {
    let (line, problem) = message.strip_prefix("yaml: line ")?.split_once(": ")?;
    if !matches!(
        problem,
        "found character that cannot start any token" | "found a tab character that violates indentation"
    ) {
        return None;
    }
    let line: usize = line.parse().ok()?;
    let range = source.lines(line..line + 1);
    let text = source.text.get(range.clone())?;
    let room = text.len() - text.trim_start_matches([' ', '\t']).len();
    let tab = range.start + text[..room].find('\t')?;
    Some(place(Some(tab), Some(tab + 1)))
}

/// A collection that is still open.
struct Frame {
    anchor: usize,
    start: u32,
    content: Open,
}

enum Open {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<Key>, index: BTreeMap<Box<str>, usize> },
}

enum Key {
    Name { name: Box<str>, printed: String, span: Span },
    Merge,
}

/// An anchor's node and what a copy costs.
struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
    depth: usize,
}

struct Builder<'a> {
    source: &'a Arc<SourceText>,
    open: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    duplicates: Vec<Duplicate>,
    root: Option<Node>,
    failure: Option<SyntaxError>,
    nodes: usize,
    alias_nodes: usize,
    alias_bytes: usize,
    exhausted: bool,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<SourceText>) -> Builder<'a> {
        Builder {
            source,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            duplicates: Vec::new(),
            root: None,
            failure: None,
            nodes: 0,
            alias_nodes: 0,
            alias_bytes: 0,
            exhausted: false,
        }
    }

    fn next_document(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.duplicates.clear();
        self.root = None;
        self.failure = None;
    }

    /// Takes an event; gives a document that it ends.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<Result<Document, SyntaxError>> {
        match event {
            Event::DocumentStart(_, version) => {
                self.next_document();
                if version.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                    self.fail(span, INCOMPATIBLE.to_string());
                }
            }
            Event::DocumentEnd => return self.end_document(),
            _ if self.failure.is_some() => {}
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span),
            Event::SequenceStart(_, anchor, _) => self.open(anchor, span, Open::Sequence(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.open(anchor, span, Open::Mapping { entries: Vec::new(), key: None, index: BTreeMap::new() });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => {}
        }
        self.exhausted.then(|| self.end_document()).flatten()
    }

    fn end_document(&mut self) -> Option<Result<Document, SyntaxError>> {
        let (root, failure) = (self.root.take(), self.failure.take());
        let duplicates = std::mem::take(&mut self.duplicates);
        self.next_document();
        match failure {
            Some(failure) => Some(Err(failure)),
            None => root.map(|root| Ok(Document { source: self.source.clone(), root, duplicates })),
        }
    }

    fn fail(&mut self, span: Span, message: String) {
        self.failure = Some(SyntaxError { location: Location { source: self.source.clone(), span }, message });
        self.open.clear();
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, span: Span) {
        let awaits_key = matches!(self.open.last(), Some(Frame { content: Open::Mapping { key: None, .. }, .. }));
        if awaits_key && style == ScalarStyle::Plain && text == "<<" && tag.is_none() {
            return self.set_key(Key::Merge);
        }
        let known_tag = tag.map(|tag| tag.core_suffix().unwrap_or("str"));
        let value = match (style, known_tag) {
            (ScalarStyle::Plain, tag) => resolve(as_written(text, self.source.text.get(span.range())), tag),
            (_, Some(tag)) => resolve(text, Some(tag)),
            (_, None) => Ok(Value::String(text.into())),
        };
        match value {
            Ok(value) => self.add(Node { span, value }, anchor),
            Err(ScalarError::NotFinite(number)) => self.fail(span, format!("json: unsupported value: {number}")),
            Err(ScalarError::Tag(message)) => self.fail(span, format!("yaml: {message}")),
        }
    }

    fn open(&mut self, anchor: usize, span: Span, content: Open) {
        if self.open.len() >= MAX_DEPTH {
            return self.fail(span, format!("yaml: nested too deeply: more than {MAX_DEPTH} levels"));
        }
        self.open.push(Frame { anchor, start: span.start, content });
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.open.pop() else { return };
        let value = match frame.content {
            Open::Sequence(items) => Value::Sequence(items),
            Open::Mapping { entries, .. } => Value::Mapping(entries),
        };
        let end = trimmed_end(&self.source.text, frame.start, span.end);
        self.add(Node { span: Span { start: frame.start, end }, value }, frame.anchor);
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let name = self.source.text.get(span.range()).unwrap_or_default().trim_start_matches('*').to_string();
        if self.open.iter().any(|frame| frame.anchor == anchor) {
            return self.fail(span, format!("yaml: anchor '{name}' value contains itself"));
        }
        let Some(anchored) = self.anchors.get(&anchor) else {
            return self.fail(span, format!("yaml: unknown anchor '{name}' referenced"));
        };
        self.alias_nodes += anchored.nodes;
        self.alias_bytes += anchored.bytes;
        if self.alias_nodes > MAX_ALIAS_NODES || self.alias_bytes > MAX_ALIAS_BYTES {
            self.exhausted = true;
            return self.fail(span, "yaml: document contains excessive aliasing".to_string());
        }
        if self.open.len() + anchored.depth > MAX_DEPTH {
            return self.fail(span, format!("yaml: nested too deeply: more than {MAX_DEPTH} levels"));
        }
        let node = anchored.node.clone();
        self.add(node, 0);
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize) {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.exhausted = true;
            return self.fail(node.span, format!("yaml: too large: more than {MAX_NODES} values"));
        }
        if anchor != 0 && !self.remember(&node, anchor) {
            return;
        }
        match self.open.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Open::Sequence(items)) => items.push(node),
            Some(Open::Mapping { key: None, .. }) => self.key(node),
            Some(Open::Mapping { key, .. }) => match key.take() {
                Some(Key::Name { name, printed, span }) => self.set(name, printed, span, node),
                _ => self.merge(node),
            },
        }
    }

    /// Keeps a copy of an anchored node; false if that is past the limit.
    fn remember(&mut self, node: &Node, anchor: usize) -> bool {
        let (mut nodes, mut bytes) = (0, 0);
        let depth = measure(node, &mut nodes, &mut bytes);
        self.alias_nodes += nodes;
        self.alias_bytes += bytes;
        if self.alias_nodes > MAX_ALIAS_NODES || self.alias_bytes > MAX_ALIAS_BYTES {
            self.exhausted = true;
            self.fail(node.span, "yaml: document contains excessive aliasing".to_string());
            return false;
        }
        self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, bytes, depth });
        true
    }

    fn key(&mut self, node: Node) {
        let span = node.span;
        match &node.value {
            Value::String(text) => {
                self.set_key(Key::Name { name: text.clone(), printed: quote(text), span });
            }
            Value::Bool(b) => self.set_key(Key::Name { name: b.to_string().into(), printed: b.to_string(), span }),
            Value::Sequence(_) | Value::Mapping(_) => {
                self.fail(span, format!("yaml: invalid map key: {}", go_syntax(&node)));
            }
            Value::Null => {
                self.fail(span, "unsupported map key of type: %!s(<nil>), key: <nil>".to_string());
            }
            _ => {
                let number = node.number().unwrap_or_default();
                self.set_key(Key::Name { name: number.clone().into(), printed: number, span });
            }
        }
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Frame { content: Open::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
    }

    /// Sets a key of the innermost mapping; the last value of a key is the one that counts.
    fn set(&mut self, name: Box<str>, printed: String, span: Span, value: Node) {
        let value_span = value.span;
        let Some(Frame { content: Open::Mapping { entries, index, .. }, .. }) = self.open.last_mut() else { return };
        if put(entries, index, &name, span, value) && self.duplicates.len() < MAX_DUPLICATES {
            let path = self.path(&name);
            self.duplicates.push(Duplicate { path, key: printed, span, value: value_span });
        }
    }

    /// `<<: *base`, `<<: [*one, *two]`: the first of several wins.
    fn merge(&mut self, node: Node) {
        let span = node.span;
        let sources = match node.value {
            Value::Sequence(items) => items,
            value => vec![Node { span, value }],
        };
        for source in sources.into_iter().rev() {
            let Value::Mapping(merged) = source.value else {
                return self.fail(span, "yaml: map merge requires map or sequence of maps as the value".to_string());
            };
            for entry in merged {
                // A key that was there already is set twice like any other.
                let printed = quote(&entry.key);
                self.set(entry.key, printed, entry.key_span, entry.value);
            }
        }
    }

    /// The field that `name` is in the innermost mapping: `spec.containers[0].name`.
    fn path(&self, name: &str) -> String {
        let mut path = String::new();
        for frame in &self.open {
            match &frame.content {
                Open::Sequence(items) => path.push_str(&format!("[{}]", items.len())),
                Open::Mapping { key: Some(Key::Name { name, .. }), .. } => push_field(&mut path, name),
                Open::Mapping { .. } => {}
            }
        }
        push_field(&mut path, name);
        path
    }
}

fn push_field(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Sets a key; was it set before?
fn put(
    entries: &mut Vec<Entry>,
    index: &mut BTreeMap<Box<str>, usize>,
    name: &str,
    key_span: Span,
    value: Node,
) -> bool {
    if entries.len() == INDEXED_FROM && index.is_empty() {
        *index = entries.iter().enumerate().map(|(i, entry)| (entry.key.clone(), i)).collect();
    }
    let found = if entries.len() < INDEXED_FROM {
        entries.iter().position(|entry| &*entry.key == name)
    } else {
        index.get(name).copied()
    };
    if let Some(entry) = found.and_then(|i| entries.get_mut(i)) {
        (entry.key_span, entry.value) = (key_span, value);
        return true;
    }
    if entries.len() >= INDEXED_FROM {
        index.insert(name.into(), entries.len());
    }
    entries.push(Entry { key: name.into(), key_span, value });
    false
}

fn measure(node: &Node, nodes: &mut usize, bytes: &mut usize) -> usize {
    *nodes += 1;
    match &node.value {
        Value::String(text) => *bytes += text.len(),
        Value::Sequence(items) => {
            return 1 + items.iter().map(|item| measure(item, nodes, bytes)).max().unwrap_or(0);
        }
        Value::Mapping(entries) => {
            *bytes += entries.iter().map(|entry| entry.key.len()).sum::<usize>();
            return 1 + entries.iter().map(|entry| measure(&entry.value, nodes, bytes)).max().unwrap_or(0);
        }
        _ => {}
    }
    0
}

/// A plain scalar without what stands for something in it that our reader refuses.
fn as_written<'t>(text: &'t str, source: Option<&'t str>) -> &'t str {
    match source {
        Some(source) if text == "x" || text.contains(syntax::MARK) => source,
        _ => text,
    }
}

/// A block collection ends where the next thing begins; messages point at what it holds.
fn trimmed_end(text: &str, start: u32, end: u32) -> u32 {
    let content = text.get(start as usize..end as usize).unwrap_or_default();
    start + content.trim_end().len() as u32
}
