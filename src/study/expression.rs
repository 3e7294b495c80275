//! Metrics by name, and expressions over them: `cost=podSeconds*0.04/3600+retries`.

use crate::record::gauge::Gauge;
use crate::record::measure::Metric;

/// A metric of the user's or one of ours, under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// What tables call it.
    pub name: String,
    expression: Expression,
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Number(f64),
    Metric(Metric),
    Negative(Box<Expression>),
    Binary(char, Box<Expression>, Box<Expression>),
    Extreme(bool, Vec<Expression>),
}

/// Deepest nesting of parentheses.
const DEEPEST: usize = 64;

/// Most operators: each makes the tree one deeper, and a tree of many thousands would be too deep to walk.
const MOST_OPERATORS: usize = 1000;

impl Measure {
    /// One of ours.
    pub fn of(metric: Metric) -> Measure {
        Measure { name: metric.as_str().to_owned(), expression: Expression::Metric(metric) }
    }

    /// Reads `NAME` or `NAME=EXPRESSION`: numbers, names of metrics, `+ - * /`, parentheses, `min(..)`, `max(..)`.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Measure, String> {
        let (name, expression) = text.split_once('=').unwrap_or((text, text));
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            return Err(format!("\"{name}\" is no name for a metric: letters, digits, `_`, `-` and `.` make one"));
        }
        let mut parser = Parser { rest: expression, depth: 0, operators: 0 };
        let read = parser.sum().and_then(|read| match parser.peek() {
            None => Ok(read),
            Some(_) => Err(format!("\"{}\" is too much", parser.rest.trim())),
        });
        let expression = read.map_err(|error| format!("metric \"{text}\": {error}"))?;
        Ok(Measure { name: name.to_owned(), expression })
    }

    /// The metric, if it is one of ours and nothing more.
    pub fn metric(&self) -> Option<Metric> {
        if let Expression::Metric(metric) = self.expression { Some(metric) } else { None }
    }

    /// Its value.
    pub fn value(&self, gauge: &Gauge) -> f64 {
        self.expression.value(gauge)
    }
}

impl Expression {
    fn value(&self, gauge: &Gauge) -> f64 {
        match self {
            Expression::Number(number) => *number,
            Expression::Metric(metric) => metric.of(gauge),
            Expression::Negative(inner) => -inner.value(gauge),
            Expression::Binary(operator, left, right) => {
                let (left, right) = (left.value(gauge), right.value(gauge));
                match operator {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ => left / right,
                }
            }
            Expression::Extreme(greatest, of) => {
                let values = of.iter().map(|value| value.value(gauge));
                if *greatest { values.fold(f64::NAN, f64::max) } else { values.fold(f64::NAN, f64::min) }
            }
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
    operators: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: &[char]) -> Option<char> {
        let found = self.peek().filter(|c| wanted.contains(c))?;
        self.rest = &self.rest[found.len_utf8()..];
        Some(found)
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        while let Some(operator) = self.take(&['+', '-']) {
            left = self.binary(operator, left, Parser::product)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.factor()?;
        while let Some(operator) = self.take(&['*', '/']) {
            left = self.binary(operator, left, Parser::factor)?;
        }
        Ok(left)
    }

    fn binary(
        &mut self,
        operator: char,
        left: Expression,
        right: fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        self.operators += 1;
        if self.operators > MOST_OPERATORS {
            return Err(format!("it has more than {MOST_OPERATORS} operators"));
        }
        Ok(Expression::Binary(operator, Box::new(left), Box::new(right(self)?)))
    }

    fn factor(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let read = if self.take(&['-']).is_some() {
            Ok(Expression::Negative(Box::new(self.factor()?)))
        } else if self.take(&['(']).is_some() {
            let inner = self.sum()?;
            self.close().map(|()| inner)
        } else {
            self.word()
        };
        self.depth -= 1;
        read
    }

    fn close(&mut self) -> Result<(), String> {
        self.take(&[')']).map(|_| ()).ok_or_else(|| "a `)` is missing".to_owned())
    }

    fn word(&mut self) -> Result<Expression, String> {
        self.peek();
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if let Some(metric) = Metric::named(word) {
            return Ok(Expression::Metric(metric));
        }
        if matches!(word, "min" | "max") && self.take(&['(']).is_some() {
            let mut of = vec![self.sum()?];
            while self.take(&[',']).is_some() {
                of.push(self.sum()?);
            }
            self.close()?;
            return Ok(Expression::Extreme(word == "max", of));
        }
        if let Some(number) = word.parse().ok().filter(|number: &f64| number.is_finite()) {
            return Ok(Expression::Number(number));
        }
        let names: Vec<&str> = Metric::ALL.into_iter().map(Metric::as_str).collect();
        Err(match word {
            "" => "something is missing".to_owned(),
            _ => format!("no metric is called \"{word}\"; there are {}", names.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn expressions_over_metrics() {
        let gauge = Gauge::of_run(&fixture::pi());
        let check = |text: &str, value: Result<f64, &str>| {
            let found = Measure::parse(text).map(|measure| measure.value(&gauge));
            match (&found, value) {
                (Ok(found), Ok(value)) => assert!((found - value).abs() < 1e-9, "{text}: {found}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                _ => panic!("{text}: {found:?}"),
            }
        };
        check("pods", Ok(5.0));
        check("x = 1 + 2 * pods - -3", Ok(14.0));
        check("x=(1+2)*pods/ 3", Ok(5.0));
        check("x=max(pods, 7, min(9,8))", Ok(8.0));
        check("x=makespan - 0.83", Ok(35.0));
        check("x=podz", Err("no metric is called \"podz\"; there are makespan"));
        check("x=1+", Err("something is missing"));
        check("x=(1", Err("a `)` is missing"));
        check("x=1 2", Err("\"2\" is too much"));
        check("a b=1", Err("is no name for a metric"));
        check(&format!("x={}", "(".repeat(100)), Err("nested too deeply"));
        check(&format!("x=0{}", "+1".repeat(1_000)), Ok(1_000.0));
        check(&format!("x=0{}", "+1".repeat(100_000)), Err("more than 1000 operators"));
    }
}
