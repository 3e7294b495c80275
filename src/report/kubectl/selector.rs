//! `-l`: label selectors as text (`labels.Parse`).

use serde_json::Value;

use super::fields::{check_requirement, text};
use crate::api::quote::quote;
use crate::apiserver::label_key;

/// Which objects are meant: those whose labels fulfil all requirements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl LabelSelector {
    /// Reads a selector: `a=b,c!=d,e in (f, g),h notin (i),j,!k,l>1`.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn parse(text: &str) -> Result<LabelSelector, String> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        parser.requirements().map(LabelSelector)
    }

    /// Is an object with these labels meant?
    pub fn matches(&self, labels: &Value) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &Value) -> bool {
        let label = labels.get(&self.key).map(text);
        let number = |text: &str| text.parse::<i64>().ok();
        let compared = || Some((number(label?)?, number(self.values.first()?)?));
        match self.operator {
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::In => label.is_some_and(|label| self.values.iter().any(|value| value == label)),
            Operator::NotIn => label.is_none_or(|label| self.values.iter().all(|value| value != label)),
            Operator::GreaterThan => compared().is_some_and(|(label, value)| label > value),
            Operator::LessThan => compared().is_some_and(|(label, value)| label < value),
        }
    }
}

/// Words and signs; blanks only part words (`Lexer.Lex`).
fn tokens(text: &str) -> Vec<&str> {
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(first) = rest.chars().next() {
        let length = if is_sign(first) {
            // Two-letter signs: `==`, `!=`.
            let pair = rest.get(..2).unwrap_or("");
            if matches!(pair, "==" | "!=") { 2 } else { 1 }
        } else {
            rest.find(|c: char| is_blank(c) || is_sign(c)).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start_matches(is_blank);
    }
    tokens
}

fn is_sign(c: char) -> bool {
    "=!(),<>".contains(c)
}

/// Is it a key or a value, and neither a sign nor the end?
fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|first| !is_sign(first))
}

struct Parser<'t> {
    tokens: Vec<&'t str>,
    at: usize,
}

impl<'t> Parser<'t> {
    /// The next token; none at all at the end.
    fn peek(&self) -> &'t str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'t str {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// `Parser.parse`.
    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut all = Vec::new();
        loop {
            match self.peek() {
                "" => return Ok(all),
                token if token == "!" || is_word(token) => {}
                token => return Err(format!("found '{token}', expected: !, identifier, or 'end of string'")),
            }
            all.push(self.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?);
            match self.next() {
                "" => return Ok(all),
                "," if self.peek() != "!" && !is_word(self.peek()) => {
                    return Err(format!("found '{}', expected: identifier after ','", self.peek()));
                }
                "," => {}
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    /// `Parser.parseRequirement`.
    fn requirement(&mut self) -> Result<Requirement, String> {
        let is_negated = self.peek() == "!";
        if is_negated {
            self.at += 1;
        }
        let key = match self.next() {
            key if is_word(key) => key,
            other => return Err(format!("found '{other}', expected: identifier")),
        };
        let wrong = label_key(key);
        if !wrong.is_empty() {
            // The released one has no path to name here.
            return Err(invalid("<nil>", key, &wrong.join("; ")));
        }
        if is_negated || matches!(self.peek(), "" | ",") {
            let operator = if is_negated { Operator::DoesNotExist } else { Operator::Exists };
            return Ok(Requirement { key: key.to_owned(), operator, values: Vec::new() });
        }
        let operator = match self.next() {
            "=" | "==" | "in" => Operator::In,
            "!=" | "notin" => Operator::NotIn,
            ">" => Operator::GreaterThan,
            "<" => Operator::LessThan,
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let is_set = matches!(self.tokens[self.at - 1], "in" | "notin");
        let mut values = if is_set { self.values()? } else { vec![self.exact_value()?] };
        values.sort_unstable();
        values.dedup();
        let is_compared = matches!(operator, Operator::GreaterThan | Operator::LessThan);
        let no_number = values.iter().find(|value| is_compared && value.parse::<i64>().is_err());
        let no_number = no_number
            .map(|value| invalid("values[0]", value, "for 'Gt', 'Lt' operators, the value must be an integer"));
        check_requirement(key, &values, no_number)?;
        Ok(Requirement { key: key.to_owned(), operator, values: values.into_iter().map(str::to_owned).collect() })
    }

    /// A value after `=`; none at all is the empty one (`Parser.parseExactValue`).
    fn exact_value(&mut self) -> Result<&'t str, String> {
        if matches!(self.peek(), "" | ",") {
            return Ok("");
        }
        match self.next() {
            value if is_word(value) => Ok(value),
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    /// `(a, b, )`, where nothing between commas is the empty value (`Parser.parseValues`).
    fn values(&mut self) -> Result<Vec<&'t str>, String> {
        match self.next() {
            "(" => {}
            other => return Err(format!("found '{other}' expected: '('")),
        }
        match self.peek() {
            ")" => {
                self.at += 1;
                return Ok(vec![""]);
            }
            token if token == "," || is_word(token) => {}
            other => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
        }
        let mut values = Vec::new();
        loop {
            match self.next() {
                "," => {
                    if values.is_empty() || matches!(self.peek(), ")" | ",") {
                        values.push("");
                    }
                }
                value if is_word(value) => {
                    values.push(value);
                    if !matches!(self.peek(), "," | ")") {
                        return Err(format!("found '{}', expected: ',' or ')'", self.peek()));
                    }
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
            if self.peek() == ")" {
                self.at += 1;
                return Ok(values);
            }
        }
    }
}

fn invalid(path: &str, value: &str, why: &str) -> String {
    format!("{path}: Invalid value: {}: {why}", quote(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_choose_by_labels() {
        let labels = json!({"app": "pi", "tier": "batch", "n": "5", "empty": ""});
        let check = |selector: &str, matches: bool| {
            assert_eq!(LabelSelector::parse(selector).map(|s| s.matches(&labels)), Ok(matches), "{selector}");
        };
        check("", true);
        check("app=pi", true);
        check("app==pi, tier != web", true);
        check("app!=pi", false);
        check("missing!=x", true);
        check("app in (pi, e),tier", true);
        check("app notin (pi)", false);
        check("missing notin (x)", true);
        check("!missing", true);
        check("!app", false);
        check("n>4,n<6", true);
        check("n>5", false);
        check("empty=", true);
        check("empty in ()", true);
        check("in in (x)", false);
        check("batch.kubernetes.io/job-name=pi", false);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |selector: &str, error: &str| {
            assert_eq!(LabelSelector::parse(selector), Err(error.to_owned()), "{selector}");
        };
        let unable = |selector: &str, error: &str| check(selector, &format!("unable to parse requirement: {error}"));
        check("=x", "found '=', expected: !, identifier, or 'end of string'");
        unable("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt");
        unable("a in x", "found 'x' expected: '('");
        unable("a in (x", "found '', expected: ',' or ')'");
        unable("a in (", "found '', expected: ',', ')' or identifier");
        unable("a in (x, =)", "found '=', expected: ',', or identifier");
        check("a,", "found '', expected: identifier after ','");
        unable("a=(", "found '(', expected: identifier");
        unable("!", "found '', expected: identifier");
        unable("a>b", "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer");
        check("a=b c", "found 'c', expected: ',' or 'end of string'");
        check("!a=b", "found '=', expected: ',' or 'end of string'");
        let begins = |selector: &str, beginning: &str| {
            let error = LabelSelector::parse(selector).expect_err(selector);
            assert!(error.starts_with(beginning), "{selector}: {error}");
        };
        begins("-a=b", "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of");
        begins("a in (c,-b,c)", "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must");
        begins("a in (-b,-c)", "unable to parse requirement: [values[0][a]: Invalid value: \"-b\": a valid label must");
    }
}
