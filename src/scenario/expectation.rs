//! What a scenario expects of its runs: `spec.expect` of a Simulation.

use std::fmt;

use super::source::Location;
use crate::api::meta::ObjectName;
use crate::kernel::time::SimTime;

/// Something that must hold of a run.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// As it was written, for messages.
    pub text: String,
    /// Where it stands.
    pub location: Location,
    /// Whose Jobs it is about.
    pub subject: Subject,
    /// What must hold.
    pub check: Check,
}

/// Whose Jobs an expectation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All Jobs of the run.
    Run,
    /// Those of a namespace.
    Namespace(String),
    /// The Job of this name.
    Job(ObjectName),
    /// Those that the CronJob of this name makes.
    CronJob(ObjectName),
}

impl Expectation {
    /// `file:line`.
    pub fn place(&self) -> String {
        let source = &self.location.source;
        format!("{}:{}", source.name, source.line_column(self.location.span.start).0)
    }
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// All Jobs have ended before this instant.
    FinishesBefore(SimTime),
    /// No more pods than this run at the same time.
    MaxPods(u64),
    /// No two Jobs run at the same time.
    NeverOverlaps,
    /// The run costs less than this.
    CostBelow(f64),
    /// Each Job ends with this condition, and this reason if one is given.
    Condition(String, Option<String>),
    /// So many pods were created, succeeded and failed, where given.
    Pods {
        /// Created.
        created: Option<u64>,
        /// Succeeded.
        succeeded: Option<u64>,
        /// Failed.
        failed: Option<u64>,
    },
    /// A comparison of figures.
    Holds(Comparison),
}

/// `p95(wait) < 30s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Left of the operator.
    pub left: String,
    /// Between the two.
    pub operator: Operator,
    /// Right of the operator.
    pub right: String,
}

/// How two numbers must stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Other,
}

impl Operator {
    /// Longer ones first, as a text is searched for them in this order.
    const ALL: [(&'static str, Operator); 6] = [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("==", Operator::Equal),
        ("!=", Operator::Other),
        ("<", Operator::Less),
        (">", Operator::More),
    ];

    /// Does it hold? Never of what is not a number.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Operator::Less => left < right,
            Operator::AtMost => left <= right,
            Operator::More => left > right,
            Operator::AtLeast => left >= right,
            Operator::Equal => left == right,
            Operator::Other => left != right && !left.is_nan() && !right.is_nan(),
        }
    }
}

impl Comparison {
    /// Splits a text at its operator.
    ///
    /// # Errors
    /// A sentence if it has none, or nothing beside it.
    pub fn parse(text: &str) -> Result<Comparison, String> {
        let wrong = || format!("\"{text}\" is no comparison like \"p95(wait) < 30s\"");
        for (sign, operator) in Operator::ALL {
            if let Some((left, right)) = text.split_once(sign) {
                let (left, right) = (left.trim().to_owned(), right.trim().to_owned());
                let is_whole = !left.is_empty() && !right.is_empty() && !right.contains(['<', '>', '=', '!']);
                return if is_whole { Ok(Comparison { left, operator, right }) } else { Err(wrong()) };
            }
        }
        match text.contains('=') {
            true => Err(format!("{}: write `==` for \"is equal to\"", wrong())),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Run => f.write_str(&self.text),
            Subject::Namespace(namespace) => write!(f, "{} of namespace {namespace}", self.text),
            Subject::Job(object) | Subject::CronJob(object) => write!(f, "{} of {}", self.text, object.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_split_at_their_operator() {
        let check = |text: &str, expected: Option<(&str, Operator, &str)>| {
            let found = Comparison::parse(text).ok();
            let found = found.as_ref().map(|found| (found.left.as_str(), found.operator, found.right.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        check("p95(wait) < 30s", Some(("p95(wait)", Operator::Less, "30s")));
        check("a>=b", Some(("a", Operator::AtLeast, "b")));
        check("a == 1 + 2", Some(("a", Operator::Equal, "1 + 2")));
        check("a != b", Some(("a", Operator::Other, "b")));
        for wrong in ["a", "a <", "< 3", "1 < 2 < 3", "a = 3"] {
            check(wrong, None);
        }
        let error = Comparison::parse("a = 3").expect_err("no operator");
        assert!(error.ends_with("write `==` for \"is equal to\""), "{error}");
    }

    #[test]
    fn nothing_holds_of_what_is_no_number() {
        for (sign, operator) in Operator::ALL {
            assert!(!operator.holds(f64::NAN, 1.0), "{sign}");
        }
        assert!(Operator::AtMost.holds(1.0, 1.0) && !Operator::Less.holds(1.0, 1.0));
    }
}
