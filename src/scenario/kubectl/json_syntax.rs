//! Where a JSON value ends, and what Go's reader says where it is not one (the scanner of `encoding/json`).

use crate::api::quote::quote;

/// Why a text is no JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NotJson {
    /// The text ends within a value.
    UnexpectedEnd,
    /// A character that cannot stand there.
    Syntax {
        /// Bytes read, that character included.
        offset: usize,
        /// Go's words.
        message: String,
    },
}

/// Deepest nesting, as in Go.
const MAX_DEPTH: usize = 10_000;

/// The place after the value that begins at `start` or behind the blanks there; nothing if the text ends before.
pub(super) fn value_end(text: &str, start: usize) -> Result<Option<usize>, NotJson> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: start };
    scanner.blanks();
    if scanner.peek().is_none() {
        return Ok(None);
    }
    scanner.value().map(|()| Some(scanner.at))
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

/// A collection that is still open.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object,
    Array,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The next byte, which must be one of these; otherwise it is `wrong` there.
    fn expect(&mut self, allowed: impl Fn(u8) -> bool, wrong: &str) -> Result<u8, NotJson> {
        match self.peek() {
            Some(byte) if allowed(byte) => {
                self.at += 1;
                Ok(byte)
            }
            Some(byte) => Err(self.invalid(byte, wrong)),
            None => Err(NotJson::UnexpectedEnd),
        }
    }

    fn invalid(&self, byte: u8, context: &str) -> NotJson {
        let shown = match byte {
            b'\'' => "'\\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            _ => format!("'{}'", quote(&char::from(byte).to_string()).trim_matches('"')),
        };
        NotJson::Syntax { offset: self.at + 1, message: format!("invalid character {shown} {context}") }
    }

    /// A value with all that is in it, without recursion.
    fn value(&mut self) -> Result<(), NotJson> {
        let mut open = Vec::new();
        loop {
            self.blanks();
            let begun = match self.peek() {
                Some(b'{') => Some(Open::Object),
                Some(b'[') => Some(Open::Array),
                _ => None,
            };
            if let Some(kind) = begun {
                self.at += 1;
                if open.len() >= MAX_DEPTH {
                    return Err(NotJson::Syntax { offset: self.at, message: "exceeded max depth".to_owned() });
                }
                open.push(kind);
                self.blanks();
                let empty = if kind == Open::Object { b'}' } else { b']' };
                if self.peek() != Some(empty) {
                    if kind == Open::Object {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.scalar()?;
            }
            if !self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After a value or within an empty collection: closes what ends here. True if another value follows.
    fn close(&mut self, open: &mut Vec<Open>) -> Result<bool, NotJson> {
        while let Some(kind) = open.last() {
            self.blanks();
            let (end, wrong) = match kind {
                Open::Object => (b'}', "after object key:value pair"),
                Open::Array => (b']', "after array element"),
            };
            if self.expect(|byte| byte == end || byte == b',', wrong)? == b',' {
                if *kind == Open::Object {
                    self.blanks();
                    self.key()?;
                }
                return Ok(true);
            }
            open.pop();
        }
        Ok(false)
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), NotJson> {
        self.expect(|byte| byte == b'"', "looking for beginning of object key string")?;
        self.string()?;
        self.blanks();
        self.expect(|byte| byte == b':', "after object key").map(|_| ())
    }

    fn scalar(&mut self) -> Result<(), NotJson> {
        let begins = |byte| matches!(byte, b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n');
        match self.expect(begins, "looking for beginning of value")? {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            first => self.number(first),
        }
    }

    /// The rest of a string whose quote has been read.
    fn string(&mut self) -> Result<(), NotJson> {
        loop {
            match self.expect(|byte| byte >= 0x20, "in string literal")? {
                b'"' => return Ok(()),
                b'\\' => {
                    let known = |byte| matches!(byte, b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' | b'u');
                    if self.expect(known, "in string escape code")? == b'u' {
                        for _ in 0..4 {
                            self.expect(|byte| byte.is_ascii_hexdigit(), "in \\u hexadecimal character escape")?;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The rest of a word whose first letter has been read.
    fn literal(&mut self, word: &str) -> Result<(), NotJson> {
        for &letter in &word.as_bytes()[1..] {
            let wrong = format!("in literal {word} (expecting '{}')", char::from(letter));
            self.expect(|byte| byte == letter, &wrong)?;
        }
        Ok(())
    }

    /// The rest of a number whose first character has been read.
    fn number(&mut self, first: u8) -> Result<(), NotJson> {
        let digit = |byte: u8| byte.is_ascii_digit();
        let first = if first == b'-' { self.expect(digit, "in numeric literal")? } else { first };
        if first != b'0' {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.expect(digit, "after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.expect(digit, "in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_they_end() {
        let check = |text: &str, end: Option<usize>| assert_eq!(value_end(text, 0), Ok(end), "{text}");
        check(" \n", None);
        check(r#"{"a": [1, -2.5e+3, {"b\u00e4": []}, {}], "c": null} {}"#, Some(51));
        check("12 3", Some(2));
        check("[[[[]]]]x", Some(8));
    }

    #[test]
    fn go_names_the_character() {
        let check = |text: &str, offset: usize, words: &str| {
            let message = format!("invalid character {words}");
            assert_eq!(value_end(text, 0), Err(NotJson::Syntax { offset, message }), "{text}");
        };
        check(r#"{"a": 4,, "b": 5}"#, 9, "',' looking for beginning of object key string");
        check("{a: 1}", 2, "'a' looking for beginning of object key string");
        check(r#"{"a" 1}"#, 6, "'1' after object key");
        check(r#"{"a": 1 "b"}"#, 9, "'\"' after object key:value pair");
        check("[1 2]", 4, "'2' after array element");
        check("[1,]", 4, "']' looking for beginning of value");
        check("['x']", 2, "'\\'' looking for beginning of value");
        check("---", 2, "'-' in numeric literal");
        check("tru ", 4, "' ' in literal true (expecting 'e')");
        check("\"\\q\"", 3, "'q' in string escape code");
        check("\"a\tb\"", 3, "'\\t' in string literal");
        check("1.x", 3, "'x' after decimal point in numeric literal");
        assert_eq!(value_end("{\"a\": [1", 0), Err(NotJson::UnexpectedEnd));
    }
}
