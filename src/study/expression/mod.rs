//! Metrics by name, and expressions over them: `bill=cost(spot)+podSeconds*0.04/3600`, `p99(wait)`.

mod parse;

use crate::record::gauge::Gauge;
use crate::record::measure::Metric;
use crate::record::series::{Aggregate, Series};
use crate::scenario::cluster::NodePool;

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
    OfPool(Metric, String),
    Aggregate(Aggregate, Series),
    Negative(Box<Expression>),
    Binary(char, Box<Expression>, Box<Expression>),
    Extreme(bool, Vec<Expression>),
}

impl Measure {
    /// One of ours.
    pub fn of(metric: Metric) -> Measure {
        Measure { name: metric.as_str().to_owned(), expression: Expression::Metric(metric) }
    }

    /// Reads `NAME` or `NAME=EXPRESSION`: numbers, names of metrics, those of nodes also of a pool (`cost(spot)`), `mean`,
    /// `min`, `max`, `sum` and `p1` to `p100` (`p99.9` too) of `wait`, `run`, `life` or `turnaround`, `+ - * /`, parentheses, and `min`
    /// and `max` of several expressions.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Measure, String> {
        let (name, expression) = match text.split_once('=') {
            Some((name, expression)) => (Some(name.trim()), expression),
            None => (None, text),
        };
        let wrong =
            |name: &str| format!("\"{name}\" is no name for a metric: letters, digits, `_`, `-` and `.` make one");
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if let Some(name) = name.filter(|name| name.is_empty() || !name.chars().all(is_word)) {
            return Err(wrong(name));
        }
        let expression = parse::expression(expression).map_err(|error| format!("metric \"{text}\": {error}"))?;
        // What is one thing needs no other name than its own.
        let is_one = matches!(expression, Expression::Metric(_) | Expression::OfPool(..) | Expression::Aggregate(..));
        match name {
            None if !is_one => Err(wrong(text)),
            _ => Ok(Measure { name: name.unwrap_or(text.trim()).to_owned(), expression }),
        }
    }

    /// An expression that needs no name, as a side of a comparison.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn unnamed(text: &str) -> Result<Measure, String> {
        parse::expression(text).map(|expression| Measure { name: text.to_owned(), expression })
    }

    /// Are there the pools that it is of?
    ///
    /// # Errors
    /// A sentence on the first that there is not.
    pub fn check(&self, pools: &[NodePool]) -> Result<(), String> {
        match self.expression.pools().find(|name| pools.iter().all(|pool| *pool.name != **name)) {
            None => Ok(()),
            Some(name) => Err(match pools {
                [] => format!("{}: there is no pool \"{name}\": the scenario has no node pools", self.name),
                _ => {
                    let names: Vec<&str> = pools.iter().map(|pool| &*pool.name).collect();
                    format!("{}: there is no pool \"{name}\"; pools here: {}", self.name, names.join(", "))
                }
            }),
        }
    }

    /// The metric, if it is one of ours and nothing more, of all nodes or of a pool.
    pub fn metric(&self) -> Option<Metric> {
        match self.expression {
            Expression::Metric(metric) | Expression::OfPool(metric, _) => Some(metric),
            _ => None,
        }
    }

    /// Does it hang on when Jobs end?
    pub fn hangs_on_ends(&self) -> bool {
        self.expression.hangs_on_ends()
    }

    /// What it is counted in, where that is known: of one of ours or a length of time, not of an expression over several.
    pub fn unit(&self) -> Option<&'static str> {
        match &self.expression {
            Expression::Metric(metric) | Expression::OfPool(metric, _) => metric.unit(),
            Expression::Aggregate(..) => Some("seconds"),
            _ => None,
        }
    }

    /// Its value; not a number where there is none, as where it divides by 0.
    pub fn value(&self, gauge: &Gauge) -> f64 {
        let value = self.expression.value(gauge);
        if value.is_finite() { value } else { f64::NAN }
    }
}

impl Expression {
    /// Names of the pools in it.
    fn pools(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Expression::Number(_) | Expression::Metric(_) | Expression::Aggregate(..) => Box::new(std::iter::empty()),
            Expression::OfPool(_, pool) => Box::new(std::iter::once(pool.as_str())),
            Expression::Negative(inner) => inner.pools(),
            Expression::Binary(_, left, right) => Box::new(left.pools().chain(right.pools())),
            Expression::Extreme(_, of) => Box::new(of.iter().flat_map(Expression::pools)),
        }
    }

    fn hangs_on_ends(&self) -> bool {
        match self {
            Expression::Metric(metric) => metric.hangs_on_ends(),
            Expression::Aggregate(_, series) => *series == Series::Turnaround,
            Expression::Number(_) | Expression::OfPool(..) => false,
            Expression::Negative(inner) => inner.hangs_on_ends(),
            Expression::Binary(_, left, right) => left.hangs_on_ends() || right.hangs_on_ends(),
            Expression::Extreme(_, of) => of.iter().any(Expression::hangs_on_ends),
        }
    }

    fn value(&self, gauge: &Gauge) -> f64 {
        match self {
            Expression::Number(number) => *number,
            Expression::Metric(metric) => metric.of(gauge),
            Expression::OfPool(metric, pool) => match gauge.nodes.pool_named(pool) {
                None => f64::NAN,
                found => metric.of_pool(found, gauge),
            },
            Expression::Aggregate(aggregate, series) => aggregate.of(*series, gauge),
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
        check("x=1e-3*pods", Ok(0.005));
        check("x=2.5E+1 - 1", Ok(24.0));
        check("x=1e-", Err("no metric is called \"1e-\""));
        check("p99.9(wait)", Ok(2.21));
        check("p0.5(wait)", Ok(1.52));
        check("x=max(pods, 7, min(9,8))", Ok(8.0));
        check("x=makespan - 0.83", Ok(35.0));
        check("x=p50(wait) + max( turnaround )", Ok(1.91 + 35.83));
        check("p100(wait)", Ok(2.21));
        check("x=max(wait, 1)", Ok(1.818));
        check("x=max(wait)", Ok(2.21));
        check("x=mean(walk)", Err("\"walk\" is none of wait, run and life of pods"));
        check("x=p0(wait)", Err("\"p0\" is none of mean, min"));
        check("x=median(3)", Err("\"median\" is none of mean, min"));
        check("pods(spot)", Err("pods is not of a pool of nodes"));
        check("cost()", Err("of which pool?"));
        check("cost(a", Err("a `)` is missing"));
        check("cost", Ok(0.0));
        check("max(1,2)", Err("is no name for a metric"));
        check("x=podz", Err("no metric is called \"podz\"; there are makespan"));
        check("x=1+", Err("something is missing"));
        check("x=(1", Err("a `)` is missing"));
        check("x=1 2", Err("\"2\" is too much"));
        check("a b=1", Err("is no name for a metric"));
        check(&format!("x={}", "(".repeat(100)), Err("nested too deeply"));
        check(&format!("x=0{}", "+1".repeat(1_000)), Ok(1_000.0));
        check(&format!("x=0{}", "+1".repeat(100_000)), Err("more than 1000 operators"));
    }

    #[test]
    fn what_hangs_on_ends_of_jobs_is_known() {
        let hangs = |text: &str| Measure::parse(text).expect("a metric").hangs_on_ends();
        assert!(hangs("makespan") && hangs("x=2 * -max(cost, stretch)") && hangs("p95(turnaround)"));
        assert!(!hangs("x=wait + cost(spot) - 3") && !hangs("p95(wait)"));
    }

    #[test]
    fn pools_must_be_there() {
        let measure = Measure::parse("bill=max(cost(on-demand), 2 * -cost( spot )) + utilisation").expect("a metric");
        assert_eq!(measure.expression.pools().collect::<Vec<_>>(), ["on-demand", "spot"]);
        let error = measure.check(&[]).expect_err("no pool");
        assert_eq!(error, "bill: there is no pool \"on-demand\": the scenario has no node pools");
        assert_eq!(Measure::parse("cost(a-b)").map(|measure| measure.name), Ok("cost(a-b)".to_owned()));
    }
}
