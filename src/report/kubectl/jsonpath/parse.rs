//! From text to a template.

use serde_json::Value;

use super::{Bound, Comparison, Step, Template};

/// Deepest nesting of unions and filters.
const MAX_DEPTH: usize = 32;

/// Reads a template.
///
/// # Errors
/// A sentence as kubectl's.
pub fn parse(text: &str) -> Result<Template, String> {
    let mut actions: Vec<Vec<Step>> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find('{').unwrap_or(rest.len());
        if start > 0 {
            actions.push(vec![Step::Text(rest[..start].into())]);
        }
        let Some(inner) = rest.get(start + 1..) else { break };
        let mut action = Action { text: inner, at: 0, depth: 0 };
        actions.push(action.read()?);
        rest = &action.text[action.at..];
    }
    Ok(Template(actions))
}

/// The steps of a text as they stand within braces.
fn steps(text: &str, depth: usize) -> Result<Vec<Step>, String> {
    if depth > MAX_DEPTH {
        return Err("nested too deeply".to_owned());
    }
    Action { text: &format!("{text}}}"), at: 0, depth }.read()
}

/// What stands between braces.
struct Action<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Action<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Reads to the closing brace.
    fn read(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with("[?(") {
                steps.push(self.filter()?);
                continue;
            }
            if rest.starts_with("..") {
                if steps.last() == Some(&Step::Recursive) {
                    return Err("invalid multiple recursive descent".to_owned());
                }
                self.at += 2;
                steps.push(Step::Recursive);
                if self.peek().is_some_and(|c| c == '_' || c.is_alphanumeric()) {
                    steps.push(self.field());
                }
                continue;
            }
            match self.next() {
                Some('}') => return Ok(steps),
                None | Some('\r' | '\n') => return Err("unclosed action".to_owned()),
                Some(' ' | '@' | '$') => {}
                Some('[') => steps.extend(self.brackets()?),
                Some(quote @ ('"' | '\'')) => steps.push(self.quoted(quote)?),
                Some('.') => steps.push(self.field()),
                Some(c) if matches!(c, '+' | '-') || c.is_ascii_digit() => {
                    self.at -= 1;
                    steps.push(self.number()?);
                }
                Some(c) if c == '_' || c.is_alphanumeric() => {
                    self.at -= c.len_utf8();
                    let end = self.text[self.at..].find(is_terminator).map_or(self.text.len(), |end| self.at + end);
                    let word = &self.text[self.at..end];
                    self.at = end;
                    steps.push(match word {
                        "true" | "false" => Step::Literal((word == "true").into()),
                        _ => Step::Identifier(word.to_owned()),
                    });
                }
                Some(c) => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
            }
        }
    }

    /// A name up to a point, a bracket or the like; a backslash takes the next character as it is.
    fn field(&mut self) -> Step {
        let start = self.at;
        while let Some(c) = self.peek().filter(|c| !is_terminator(*c)) {
            self.at += c.len_utf8();
            if c == '\\' {
                self.next();
            }
        }
        match &self.text[start..self.at] {
            "*" => Step::Wildcard,
            name => Step::Field(name.replace('\\', "")),
        }
    }

    fn number(&mut self) -> Result<Step, String> {
        let start = self.at;
        self.at += 1;
        while self.peek().is_some_and(|c| c == '.' || c.is_ascii_digit()) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let whole = text.parse::<i64>().map(Value::from);
        let value = whole.or_else(|_| text.parse::<f64>().map(Value::from));
        value.map(Step::Literal).map_err(|_| format!("cannot parse number {text}"))
    }

    /// Text in quotes, which a backslash before them does not end.
    fn quoted(&mut self, quote: char) -> Result<Step, String> {
        let start = self.at - 1;
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote && !self.text[..self.at - 1].ends_with('\\') => break,
                Some(_) => {}
            }
        }
        let text = unquoted(&self.text[start + 1..self.at - 1], quote);
        let wrong = || format!("unquote string {} error invalid syntax", &self.text[start..self.at]);
        text.map(|text| Step::Text(text.into())).ok_or_else(wrong)
    }

    /// `[0]`, `[1:3]`, `[*]`, `['name']`, `[0,2]`.
    fn brackets(&mut self) -> Result<Vec<Step>, String> {
        let rest = &self.text[self.at..];
        let end = rest.find([']', '\n']).filter(|&end| rest[end..].starts_with(']'));
        let Some(end) = end else { return Err("unterminated array".to_owned()) };
        let inner = &rest[..end];
        self.at += end + 1;
        if inner.contains(',') {
            let parts = inner.split(',').map(|part| steps(&format!("[{}]", part.trim_matches(' ')), self.depth + 1));
            return Ok(vec![Step::Union(parts.collect::<Result<_, _>>()?)]);
        }
        if let Some(name) = inner.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')) {
            return steps(&format!(".{name}"), self.depth + 1);
        }
        slice(if inner == "*" { ":" } else { inner }).map(|slice| vec![slice])
    }

    /// `[?(@.name=="x")]`.
    fn filter(&mut self) -> Result<Step, String> {
        self.at += "[?(".len();
        let start = self.at;
        // Of quotes only the first and one like it count.
        let (mut quote, mut is_closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => match quote {
                    None => quote = Some(c),
                    Some(open) => is_closed |= c == open && !self.text[..self.at - 1].ends_with('\\'),
                },
                Some(')') if quote.is_some() == is_closed => break,
                Some(_) => {}
            }
        }
        let text = &self.text[start..self.at - 1];
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        let Some((left, sign, right)) = comparison(text) else {
            return Ok(Step::Filter(steps(text, self.depth + 1)?, None));
        };
        let sign = match sign {
            "<" => Comparison::Less,
            ">" => Comparison::Greater,
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<=" => Comparison::LessOrEqual,
            ">=" => Comparison::GreaterOrEqual,
            other => Comparison::Unknown(other.to_owned()),
        };
        let (left, right) = (steps(left, self.depth + 1)?, steps(right, self.depth + 1)?);
        Ok(Step::Filter(left, Some((sign, right))))
    }
}

/// The sides of a comparison and the sign between them; the right side has a letter at least.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_sign = |c: char| "!<>=".contains(c);
    let at = text.find(is_sign).filter(|&at| at > 0)?;
    let length = text[at..].find(|c| !is_sign(c)).unwrap_or(text.len() - at - 1);
    (length > 0).then(|| (&text[..at], &text[at..at + length], &text[at + length..]))
}

/// What ends a name.
fn is_terminator(c: char) -> bool {
    " \t\r\n.,[]$@{}".contains(c)
}

/// Text with escapes as Go writes them (`UnquoteExtend`); none if one is wrong.
fn unquoted(text: &str, quote: char) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        let escape = rest.chars().next()?;
        rest = &rest[escape.len_utf8()..];
        let (digits, radix) = match escape {
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='7' => (2, 8),
            _ => (0, 10),
        };
        let written = rest.get(..digits).filter(|written| written.chars().all(|c| c.is_digit(radix)))?;
        rest = &rest[digits..];
        let number = || u32::from_str_radix(written, radix).ok();
        match escape {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            'f' => bytes.push(0x0c),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(0x0b),
            'x' => bytes.push(u8::try_from(number()?).ok()?),
            'u' | 'U' => bytes.extend(char::from_u32(number()?)?.encode_utf8(&mut [0; 4]).bytes()),
            '0'..='7' => bytes.push(u8::try_from(escape.to_digit(8)? * 64 + number()?).ok()?),
            c if c == quote || c == '\\' => bytes.push(c as u8),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn slice(text: &str) -> Result<Step, String> {
    let invalid = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| match part {
        "" => Ok(None),
        _ if !part.strip_prefix('-').unwrap_or(part).chars().all(|c| c.is_ascii_digit()) => Err(invalid()),
        _ => part.parse::<i64>().map(Some).map_err(|_| format!("array index {part} is not a number")),
    };
    match parts.as_slice() {
        [at] => Ok(Step::Slice(number(at)?, Bound::Single, None)),
        [from, to] | [from, to, ""] => Ok(Step::Slice(number(from)?, number(to)?.map_or(Bound::Open, Bound::At), None)),
        [from, to, step] => Ok(Step::Slice(number(from)?, number(to)?.map_or(Bound::Open, Bound::At), number(step)?)),
        _ => Err(invalid()),
    }
}
