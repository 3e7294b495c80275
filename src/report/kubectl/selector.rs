//! `-l`: label selectors as text (`labels.Parse`).

use serde_json::Value;

use super::fields::text;

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
        parser.requirements().map(LabelSelector).map_err(|error| format!("unable to parse requirement: {error}"))
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

/// Words and signs; blanks only part words.
fn tokens(text: &str) -> Vec<&str> {
    let is_sign = |c: char| "=!(),<>".contains(c);
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_sign(first) {
            // Two-letter signs: `==`, `!=`.
            let pair = rest.get(..2).unwrap_or("");
            if matches!(pair, "==" | "!=") { 2 } else { 1 }
        } else {
            rest.find(|c: char| c.is_whitespace() || is_sign(c)).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

struct Parser<'t> {
    tokens: Vec<&'t str>,
    at: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &'t str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'t str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut all = Vec::new();
        if self.tokens.is_empty() {
            return Ok(all);
        }
        loop {
            all.push(self.requirement()?);
            match self.next() {
                "" => return Ok(all),
                "," if matches!(self.peek(), "" | ",") => {
                    return Err(format!("found '{}', expected: identifier after ','", self.peek()));
                }
                "," => {}
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.peek() == "!";
        if negated {
            self.at += 1;
        }
        let key = self.word("identifier")?;
        let one = |operator, values| Ok(Requirement { key: key.to_owned(), operator, values });
        if negated {
            return one(Operator::DoesNotExist, Vec::new());
        }
        match self.peek() {
            "" | "," => return one(Operator::Exists, Vec::new()),
            _ => {}
        }
        match self.next() {
            "=" | "==" => one(Operator::In, vec![self.exact_value()?]),
            "!=" => one(Operator::NotIn, vec![self.exact_value()?]),
            ">" => one(Operator::GreaterThan, vec![self.number()?]),
            "<" => one(Operator::LessThan, vec![self.number()?]),
            "in" => one(Operator::In, self.values()?),
            "notin" => one(Operator::NotIn, self.values()?),
            other => Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        }
    }

    fn word(&mut self, expected: &str) -> Result<&'t str, String> {
        match self.next() {
            token @ ("" | "=" | "==" | "!=" | "(" | ")" | "," | "<" | ">" | "!") => {
                Err(format!("found '{token}', expected: {expected}"))
            }
            word => Ok(word),
        }
    }

    /// A value after `=`; none at all is the empty one.
    fn exact_value(&mut self) -> Result<String, String> {
        match self.peek() {
            "" | "," => Ok(String::new()),
            _ => self.word("identifier").map(str::to_owned),
        }
    }

    fn number(&mut self) -> Result<String, String> {
        let value = self.exact_value()?;
        match value.parse::<i64>() {
            Ok(_) => Ok(value),
            Err(_) => Err(format!(
                "values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
            )),
        }
    }

    /// `(a, b, )`, where nothing between commas is the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let (mut values, mut pending) = (Vec::new(), true);
        loop {
            match self.next() {
                ")" => {
                    if pending {
                        values.push(String::new());
                    }
                    return Ok(values);
                }
                "," => {
                    if pending {
                        values.push(String::new());
                    }
                    pending = true;
                }
                token @ ("" | "=" | "==" | "!=" | "(" | "<" | ">" | "!") => {
                    return Err(format!("found '{token}', expected: ',', ')' or identifier"));
                }
                _ if !pending => return Err("found a value, expected: ',' or ')'".to_owned()),
                word => {
                    values.push(word.to_owned());
                    pending = false;
                }
            }
        }
    }
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
            assert_eq!(
                LabelSelector::parse(selector),
                Err(format!("unable to parse requirement: {error}")),
                "{selector}"
            );
        };
        check("=x", "found '=', expected: identifier");
        check("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt");
        check("a in x", "found 'x' expected: '('");
        check("a in (x", "found '', expected: ',', ')' or identifier");
        check("a,", "found '', expected: identifier after ','");
        check("a=(", "found '(', expected: identifier");
        check("a>b", "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer");
        check("a=b c", "found 'c', expected: ',' or 'end of string'");
    }
}
