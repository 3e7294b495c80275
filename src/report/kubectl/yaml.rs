//! Objects as `-o yaml` writes them: the block style of go-yaml v2, to the byte.
//!
//! Lists stand as far left as their key, keys are in natural order (`a2` before `a10`), text that a reader of YAML 1.1
//! would take for something else (`yes`, a date) is in double quotes, and a line breaks at the first space after
//! column 80.

use serde_json::{Map, Number, Value};

use crate::scenario::document::{go_float, is_plainly_text};

/// What go-yaml calls the best width and the best indent.
const WIDTH: usize = 80;
const INDENT: usize = 2;
/// In bytes: a longer key is written behind a question mark, as YAML's own limit of 1,024 would have it later.
const LONGEST_SIMPLE_KEY: usize = 128;

/// A YAML document without a separator.
pub fn yaml(object: &Value) -> String {
    let mut emitter =
        Emitter { text: String::new(), indent: None, column: 0, ends_in_space: true, is_only_indention: true };
    emitter.value(object, false);
    emitter.line();
    emitter.text
}

/// What has been written, and where that leaves the next sign (`yaml_emitter_t`).
struct Emitter {
    text: String,
    /// The columns before a line of the innermost collection; none outside of all.
    indent: Option<usize>,
    /// In characters.
    column: usize,
    /// Need no space come before the next sign?
    ends_in_space: bool,
    /// Does the line hold only indention so far, the signs `-`, `?` and `:` of collections being some?
    is_only_indention: bool,
}

/// Signs that want, leave or keep something: the three flags of `yaml_emitter_write_indicator`.
#[derive(Clone, Copy)]
enum Sign {
    /// Stands apart from what is before it: an opening quote.
    Apart,
    /// The same, and opens room for what follows without a space: an opening bracket.
    Opening,
    /// Stands right behind what is before it: a closing quote, the colon of a simple key.
    Behind,
    /// Stands apart, and what follows may be indented by it: `-`, `?`.
    Indenting,
}

impl Emitter {
    /// A value, and whether it is that of a key.
    fn value(&mut self, value: &Value, of_a_key: bool) {
        match value {
            Value::Null => self.plain("null", false),
            Value::Bool(value) => self.plain(if *value { "true" } else { "false" }, false),
            Value::Number(number) => self.plain(&go_yaml_number(number), false),
            Value::String(text) => self.string(text, false),
            Value::Array(items) if items.is_empty() => self.empty("[", "]"),
            Value::Object(fields) if fields.is_empty() => self.empty("{", "}"),
            Value::Array(items) => self.sequence(items, of_a_key),
            Value::Object(fields) => self.mapping(fields),
        }
    }

    fn empty(&mut self, opening: &str, closing: &str) {
        self.sign(opening, Sign::Opening);
        self.sign(closing, Sign::Behind);
    }

    fn sequence(&mut self, items: &[Value], of_a_key: bool) {
        let outer = self.indent;
        self.indent = match outer {
            // Behind `key:`, not behind the `:` of a key that is not simple.
            Some(outer) if of_a_key && !self.is_only_indention => Some(outer),
            _ => Some(outer.map_or(0, |outer| outer + INDENT)),
        };
        for item in items {
            self.line();
            self.sign("-", Sign::Indenting);
            self.value(item, false);
        }
        self.indent = outer;
    }

    fn mapping(&mut self, fields: &Map<String, Value>) {
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |outer| outer + INDENT));
        for (key, value) in in_natural_order(fields) {
            self.line();
            if key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break) {
                self.string(key, true);
                self.sign(":", Sign::Behind);
            } else {
                self.sign("?", Sign::Indenting);
                self.string(key, false);
                self.line();
                self.sign(":", Sign::Indenting);
            }
            self.value(value, true);
        }
        self.indent = outer;
    }

    /// `yaml_emitter_select_scalar_style`.
    fn string(&mut self, text: &str, simple_key: bool) {
        let outer = self.indent;
        self.indent = Some(outer.unwrap_or(0) + INDENT);
        let style = Allowed::of(text);
        match () {
            () if text.contains('\n') && style.block => self.literal(text),
            () if text.contains('\n') || !is_plainly_text(text) => {
                self.double_quoted(text, simple_key);
            }
            () if style.plain => self.plain(text, simple_key),
            () if style.single_quoted => self.single_quoted(text, simple_key),
            () => self.double_quoted(text, simple_key),
        }
        self.indent = outer;
    }

    fn plain(&mut self, text: &str, simple_key: bool) {
        if !self.ends_in_space {
            self.put(' ');
        }
        let mut after_space = false;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let breaks = c == ' ' && self.may_break(simple_key, after_space) && !rest.as_str().starts_with(' ');
            if breaks {
                self.line()
            } else {
                self.put(c)
            }
            self.is_only_indention &= c == ' ';
            after_space = c == ' ';
        }
        self.ends_in_space = false;
        self.is_only_indention = false;
    }

    fn single_quoted(&mut self, text: &str, simple_key: bool) {
        self.sign("'", Sign::Apart);
        let (mut after_space, mut after_break) = (false, false);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c == ' ' {
                let within = is_within(text, rest.as_str());
                let breaks = within && self.may_break(simple_key, after_space) && !rest.as_str().starts_with(' ');
                if breaks {
                    self.line()
                } else {
                    self.put(c)
                }
                after_space = true;
            } else if is_break(c) {
                self.put_break(c);
                after_break = true;
            } else {
                if after_break {
                    self.line();
                }
                if c == '\'' {
                    self.put(c);
                }
                self.put(c);
                self.is_only_indention = false;
                (after_space, after_break) = (false, false);
            }
        }
        self.sign("'", Sign::Behind);
    }

    fn double_quoted(&mut self, text: &str, simple_key: bool) {
        self.sign("\"", Sign::Apart);
        // go-yaml looks for a byte order mark at the start of the text, whichever the character.
        let all = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                escape(c).chars().for_each(|c| self.put(c));
            } else if c == ' ' && is_within(text, rest.as_str()) && self.may_break(simple_key, after_space) {
                self.line();
                if rest.as_str().starts_with(' ') {
                    self.put('\\');
                }
            } else {
                self.put(c);
            }
            after_space = c == ' ';
        }
        self.sign("\"", Sign::Behind);
    }

    fn literal(&mut self, text: &str) {
        self.sign("|", Sign::Apart);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.sign(&INDENT.to_string(), Sign::Behind);
        }
        let mut backwards = text.chars().rev();
        match (backwards.next().is_some_and(is_break), backwards.next().is_none_or(is_break)) {
            (false, _) => self.sign("-", Sign::Behind),
            (true, true) => self.sign("+", Sign::Behind),
            (true, false) => {}
        }
        self.put_break('\n');
        self.ends_in_space = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
            } else {
                if after_break {
                    self.line();
                }
                self.put(c);
                self.is_only_indention = false;
            }
            after_break = is_break(c);
        }
    }

    /// May a space at this column become the end of the line?
    fn may_break(&self, simple_key: bool, after_space: bool) -> bool {
        !simple_key && !after_space && self.column > WIDTH
    }

    fn sign(&mut self, sign: &str, kind: Sign) {
        if !matches!(kind, Sign::Behind) && !self.ends_in_space {
            self.put(' ');
        }
        sign.chars().for_each(|c| self.put(c));
        self.ends_in_space = matches!(kind, Sign::Opening);
        self.is_only_indention &= matches!(kind, Sign::Indenting);
    }

    /// A new line, unless this one has room for what comes next, and its indention (`yaml_emitter_write_indent`).
    fn line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.is_only_indention || self.column > indent || (self.column == indent && !self.ends_in_space) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.ends_in_space = true;
        self.is_only_indention = true;
    }

    fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    fn put_break(&mut self, c: char) {
        self.text.push(c);
        self.column = 0;
        self.is_only_indention = true;
    }
}

/// Is the space before `rest` neither the first nor the last character of `text`?
fn is_within(text: &str, rest: &str) -> bool {
    !rest.is_empty() && rest.len() + 1 < text.len()
}

/// The styles that some text can be written in (`yaml_emitter_analyze_scalar`).
struct Allowed {
    plain: bool,
    single_quoted: bool,
    block: bool,
}

impl Allowed {
    fn of(text: &str) -> Allowed {
        let blank = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '\t'));
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut breaks, mut break_space, mut space_break, mut special) = (false, false, false, false);
        let mut before = None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let then_blank = blank(rest.as_str().chars().next());
            indicators |= match (c, before) {
                ('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>', None) => true,
                ('\'' | '"' | '%' | '@' | '`', None) => true,
                ('?' | '-', None) | (':', _) => then_blank,
                ('#', Some(before)) => blank(Some(before)) || is_break(before),
                _ => false,
            };
            special |= !is_printable(c);
            breaks |= is_break(c);
            break_space |= c == ' ' && before.is_some_and(is_break);
            space_break |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        let outer = |c: char| c == ' ' || is_break(c);
        let quoted = space_break || special;
        Allowed {
            plain: !(indicators || breaks || quoted || text.starts_with(outer) || text.ends_with(outer)),
            single_quoted: !(break_space || quoted),
            block: !(text.ends_with(' ') || quoted),
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn escape(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{letter}")
}

/// What is left of a number that went through JSON: an integer, or the verb `%g`.
fn go_yaml_number(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let json = go_float(float);
    if let Ok(integer) = json.parse::<i128>()
        && (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&integer)
    {
        return integer.to_string();
    }
    let scientific = format!("{float:e}");
    match scientific.split_once('e').map(|(digits, exponent)| (digits, exponent.parse())) {
        Some((digits, Ok(exponent))) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", i32::abs(exponent))
        }
        _ => format!("{float}"),
    }
}

/// By insertion: the order of go-yaml is none where numbers overflow, which Rust's own sorting may answer with a panic.
fn in_natural_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut sorted: Vec<(&String, &Value)> = Vec::with_capacity(fields.len());
    for field in fields {
        sorted.insert(sorted.partition_point(|(before, _)| precedes(before, field.0)), field);
    }
    sorted
}

/// go-yaml's `keyList.Less`: letters after all else, runs of digits as numbers.
fn precedes(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len() < b.len() };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at] < b[at],
        (false, false) => {}
        (_, b_is_letter) => return b_is_letter,
    }
    // A zero behind other digits is one of their number, and counts as a digit of its own.
    let digits_before = a[..at].iter().rev().take_while(|c| c.is_ascii_digit());
    let within_number = (a[at] == '0' || b[at] == '0') && digits_before.into_iter().any(|c| *c != '0');
    let number = |text: &[char]| {
        let digits = text[at..].iter().map_while(|c| c.to_digit(10));
        digits.fold((i64::from(within_number), 0), |(number, length), digit| {
            (number.wrapping_mul(10).wrapping_add(i64::from(digit)), length + 1)
        })
    };
    (number(&a), a[at]) < (number(&b), b[at])
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
        check(json!([[1, [2]], {"a": []}]), "- - 1\n  - - 2\n- a: []\n");
        check(json!({"b": "\u{2028}%", "n": " \u{1}😀"}), "b: '\u{2028}  %'\n\"n\": \" \\x01\\U0001F600\"\n");
        check(json!({"t": ["12:30", "1:75", "2001-02-29", "2001-2-9", "<<"]}), {
            "t:\n- \"12:30\"\n- 1:75\n- 2001-02-29\n- \"2001-2-9\"\n- <<\n"
        });
        check(json!({"f": [1.0, 0.25, 1_234_567.5, 1e20, 0.00001]}), {
            "f:\n- 1\n- 0.25\n- 1.2345675e+06\n- 1e+20\n- 1e-05\n"
        });
    }

    #[test]
    fn keys_are_in_natural_order() {
        let keys = json!({"a10": 0, "a2": 0, "B": 0, "a-1": 0, "1": 0, "a02": 0});
        assert_eq!(yaml(&keys), "\"1\": 0\nB: 0\na-1: 0\na2: 0\na02: 0\na10: 0\n");
    }

    #[test]
    fn lines_break_after_column_80_and_long_keys_stand_behind_a_question_mark() {
        let (key, text) = ("k".repeat(129), format!("{}: {}", "a ".repeat(45).trim_end(), "b".repeat(90)));
        let wanted = format!(
            "? {key}\n: '{}\n  {}: {}'\n",
            "a ".repeat(40).trim_end(),
            "a ".repeat(5).trim_end(),
            "b".repeat(90)
        );
        assert_eq!(yaml(&json!({key: text})), wanted);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[-?:,\\[\\]{}#&*!|>'\"%@`=<~ \\\\a-z0-9.\n\t\u{85}\u{feff}é😀]{0,9}",
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
