//! From text to expressions, by descent.

use super::Expression;
use crate::record::measure::Metric;
use crate::record::series::{Aggregate, Series};

/// Deepest nesting of parentheses.
const DEEPEST: usize = 64;

/// Most operators: each makes the tree one deeper, and a tree of many thousands would be too deep to walk.
const MOST_OPERATORS: usize = 1000;

/// Reads all of a text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn expression(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { rest: text, depth: 0, operators: 0 };
    let read = parser.sum()?;
    match parser.peek() {
        None => Ok(read),
        Some(sign) => {
            let way = if sign == '%' { ": 95% is written 0.95" } else { "" };
            Err(format!("\"{}\" is too much{way}", parser.rest.trim()))
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
    operators: usize,
}

impl<'t> Parser<'t> {
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
            let word = self.word();
            self.named(word)
        };
        self.depth -= 1;
        read
    }

    fn close(&mut self) -> Result<(), String> {
        self.take(&[')']).map(|_| ()).ok_or_else(|| "a `)` is missing".to_owned())
    }

    fn word(&mut self) -> &'t str {
        self.peek();
        let is_end = |c: char| !c.is_alphanumeric() && c != '.' && c != '_';
        let mut end = self.rest.find(is_end).unwrap_or(self.rest.len());
        // The sign of an exponent belongs to its number: 1e-3.
        let word = &self.rest[..end];
        let is_exponent = word.ends_with(['e', 'E']) && word[..word.len() - 1].parse::<f64>().is_ok();
        if let Some(exponent) = self.rest[end..].strip_prefix(['+', '-']).filter(|_| is_exponent) {
            end += 1 + exponent.find(is_end).unwrap_or(exponent.len());
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn named(&mut self, word: &str) -> Result<Expression, String> {
        if let Some(metric) = Metric::named(word) {
            return match self.take(&['(']) {
                Some(_) => self.of_pool(metric),
                None => Ok(Expression::Metric(metric)),
            };
        }
        if let Some(number) = word.parse().ok().filter(|number: &f64| number.is_finite()) {
            return Ok(Expression::Number(number));
        }
        if self.take(&['(']).is_some() {
            return self.function(word);
        }
        Err(match word {
            "" => "something is missing".to_owned(),
            _ => {
                let names: Vec<&str> = Metric::ALL.into_iter().map(Metric::as_str).collect();
                format!("no metric is called \"{word}\"; there are {}", names.join(", "))
            }
        })
    }

    /// The name of a pool, which may hold what would be an operator elsewhere.
    fn of_pool(&mut self, metric: Metric) -> Result<Expression, String> {
        let (pool, rest) = self.rest.split_once(')').ok_or("a `)` is missing")?;
        self.rest = rest;
        match pool.trim() {
            "" => Err(format!("{}(): of which pool?", metric.as_str())),
            _ if !metric.is_of_nodes() => Err(format!("{} is not of a pool of nodes", metric.as_str())),
            pool => Ok(Expression::OfPool(metric, pool.to_owned())),
        }
    }

    /// `p95(wait)`, or the least or greatest of several expressions.
    fn function(&mut self, name: &str) -> Result<Expression, String> {
        let behind = self.rest;
        let word = self.word();
        if let Some(series) = Series::named(word)
            && self.take(&[')']).is_some()
        {
            let aggregate = Aggregate::named(name)
                .ok_or_else(|| format!("\"{name}\" is none of mean, min, max, sum and p1 to p100"))?;
            return Ok(Expression::Aggregate(aggregate, series));
        }
        self.rest = behind;
        if !matches!(name, "min" | "max") {
            let what = "wait, run and life of pods, and turnaround of Jobs";
            return Err(match Aggregate::named(name) {
                Some(_) => format!("\"{word}\" is none of {what}"),
                None => format!("\"{name}\" is none of mean, min, max, sum and p1 to p100"),
            });
        }
        let mut of = vec![self.sum()?];
        while self.take(&[',']).is_some() {
            of.push(self.sum()?);
        }
        self.close()?;
        Ok(Expression::Extreme(name == "max", of))
    }
}
