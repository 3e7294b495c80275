//! From text to a template.

use serde_json::Value;

use super::{Bound, Comparison, Part, Step, Template};

/// Deepest nesting of ranges, unions and filters.
const MAX_DEPTH: usize = 32;

/// Reads a template.
///
/// # Errors
/// A sentence as kubectl's.
pub fn parse(text: &str) -> Result<Template, String> {
    let mut open: Vec<(Vec<Step>, Vec<Part>)> = vec![(Vec::new(), Vec::new())];
    let mut rest = text;
    while !rest.is_empty() {
        let Some(start) = rest.find('{') else {
            add(&mut open, Part::Action(vec![literal(rest)]));
            break;
        };
        if start > 0 {
            add(&mut open, Part::Action(vec![literal(&rest[..start])]));
        }
        let mut action = Action { text: &rest[start + 1..], at: 0, depth: open.len() };
        let (word, steps) = action.read(true)?;
        rest = &action.text[action.at..];
        match word.as_deref() {
            None => add(&mut open, Part::Action(steps)),
            Some("range") if open.len() > MAX_DEPTH => return Err("too many ranges".to_owned()),
            Some("range") => open.push((steps, Vec::new())),
            Some("end") => {
                let Some((steps, parts)) = open.pop().filter(|_| !open.is_empty()) else {
                    return Err("not in range, nothing to end".to_owned());
                };
                add(&mut open, Part::Range(steps, parts));
            }
            Some(other) => return Err(format!("unrecognized identifier {other}")),
        }
    }
    // A range without an end goes on to the end of the text.
    while open.len() > 1 {
        let Some((steps, parts)) = open.pop() else { break };
        add(&mut open, Part::Range(steps, parts));
    }
    Ok(Template(open.pop().map(|(_, parts)| parts).unwrap_or_default()))
}

fn add(open: &mut [(Vec<Step>, Vec<Part>)], part: Part) {
    if let Some((_, parts)) = open.last_mut() {
        parts.push(part);
    }
}

fn literal(text: &str) -> Step {
    Step::Literal(text.into())
}

/// The steps of a text as they stand within braces.
fn steps(text: &str, depth: usize) -> Result<Vec<Step>, String> {
    if depth > MAX_DEPTH {
        return Err("nested too deeply".to_owned());
    }
    let text = format!("{text}}}");
    let mut action = Action { text: &text, at: 0, depth };
    match action.read(false)? {
        (Some(word), _) => Err(format!("unrecognized identifier {word}")),
        (None, steps) => Ok(steps),
    }
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

    /// Reads to the closing brace: a word like `range` if there is one, and the steps.
    fn read(&mut self, words: bool) -> Result<(Option<String>, Vec<Step>), String> {
        let (mut word, mut steps) = (None, Vec::new());
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
                Some('}') => return Ok((word, steps)),
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
                    match self.until_terminator() {
                        name if name == "true" || name == "false" => steps.push(Step::Literal((name == "true").into())),
                        name if words && word.is_none() => word = Some(name),
                        name => return Err(format!("unrecognized identifier {name}")),
                    }
                }
                Some(c) => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
            }
        }
    }

    /// A name up to a point, a bracket or the like; a backslash takes the next character as it is.
    fn until_terminator(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if " \t\r\n.,[]$@{}".contains(c) {
                break;
            }
            self.at += c.len_utf8();
            if c == '\\' {
                name.extend(self.next());
            } else {
                name.push(c);
            }
        }
        name
    }

    fn field(&mut self) -> Step {
        match self.until_terminator() {
            name if name == "*" => Step::Wildcard,
            name => Step::Field(name),
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

    fn quoted(&mut self, quote: char) -> Result<Step, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote => return Ok(literal(&text)),
                Some('\\') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(c) if c == quote || c == '\\' => text.push(c),
                    _ => return Err("invalid syntax".to_owned()),
                },
                Some(c) => text.push(c),
            }
        }
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
        let mut quote = None;
        loop {
            match (self.next(), quote) {
                (None | Some('\n'), _) => return Err("unterminated filter".to_owned()),
                (Some(c @ ('"' | '\'')), None) => quote = Some(c),
                (Some('\\'), Some(_)) => _ = self.next(),
                (Some(c), Some(open)) if c == open => quote = None,
                (Some(')'), None) => break,
                _ => {}
            }
        }
        let text = &self.text[start..self.at - 1];
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        let Some(at) = text.find(['!', '<', '>', '=']).filter(|&at| at > 0) else {
            return Ok(Step::Filter(steps(text, self.depth + 1)?, None));
        };
        let length = text[at..].chars().take_while(|c| "!<>=~".contains(*c)).count();
        let comparison = match &text[at..at + length] {
            "<" => Comparison::Less,
            ">" => Comparison::Greater,
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<=" => Comparison::LessOrEqual,
            ">=" => Comparison::GreaterOrEqual,
            other => return Err(format!("unrecognized filter operator {other}")),
        };
        let (left, right) = (steps(&text[..at], self.depth + 1)?, steps(&text[at + length..], self.depth + 1)?);
        Ok(Step::Filter(left, Some((comparison, right))))
    }
}

fn slice(text: &str) -> Result<Step, String> {
    let invalid = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| match part {
        "" => Ok(None),
        _ if !part.trim_start_matches('-').chars().all(|c| c.is_ascii_digit()) => Err(invalid()),
        _ => part.parse::<i64>().map(Some).map_err(|_| format!("array index {part} is not a number")),
    };
    match parts.as_slice() {
        [at] => Ok(Step::Slice(number(at)?, Bound::Single, None)),
        [from, to] | [from, to, ""] => Ok(Step::Slice(number(from)?, number(to)?.map_or(Bound::Open, Bound::At), None)),
        [from, to, step] => Ok(Step::Slice(number(from)?, number(to)?.map_or(Bound::Open, Bound::At), number(step)?)),
        _ => Err(invalid()),
    }
}
