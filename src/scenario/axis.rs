//! What a study varies: a path into the scenario's documents and the values that it takes there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::simulation::read_distribution;
use crate::api::duration::{format_go_duration, parse_duration};
use crate::api::quantity::Quantity;
use crate::kernel::dist::Distribution;

/// Most values of an axis.
const MOST: usize = 1_000_000;

/// A path and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// As the user wrote it: `spec.parallelism`, `simulation.spec.pods[0].duration`, `etl:spec.completions`.
    pub path: String,
    /// What it is set to.
    pub values: AxisValues,
}

/// Values of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisValues {
    /// These, in this order.
    List(Vec<Value>),
    /// Values that are drawn.
    Drawn(Distribution, Drawn),
}

/// What a distribution of an axis draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Whole numbers.
    Whole,
    /// Nanoseconds, written as durations to the millisecond.
    Durations,
}

impl Drawn {
    /// What is put where the axis leads.
    pub fn value(self, drawn: i64) -> Value {
        match self {
            Drawn::Whole => Value::from(drawn),
            Drawn::Durations => Value::String(format_go_duration(drawn / MILLISECOND * MILLISECOND)),
        }
    }
}

const MILLISECOND: i64 = 1_000_000;

impl Axis {
    /// Reads `PATH=VALUES`: values with commas between, ranges `a..b` or `a..b:step` (whole numbers, decimals, durations or
    /// quantities, both ends counted), or `~uniform(min: 1, max: 9)` for whole numbers or durations that are drawn.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Axis, String> {
        let (path, values) = text.split_once('=').ok_or_else(|| format!("\"{text}\" is not PATH=VALUES"))?;
        let axis = |values| Axis { path: path.trim().to_owned(), values };
        AxisValues::parse(path, values.trim()).map(axis).map_err(|error| format!("{}: {error}", path.trim()))
    }
}

impl Axis {
    /// Has it values, each of them once?
    ///
    /// # Errors
    /// A sentence if not.
    pub fn check(&self) -> Result<(), String> {
        let AxisValues::List(values) = &self.values else { return Ok(()) };
        if values.is_empty() {
            return Err(format!("{} has no values", self.path));
        }
        let mut seen = BTreeSet::new();
        match values.iter().find(|value| !seen.insert(value.to_string())) {
            Some(twice) => Err(format!("{} has the value {twice} twice", self.path)),
            None => Ok(()),
        }
    }
}

impl AxisValues {
    /// Reads what stands behind the `=`, for a path: `5m` is five thousandths of a processor and five minutes of anything
    /// else.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(path: &str, text: &str) -> Result<AxisValues, String> {
        if let Some(drawn) = text.strip_prefix('~') {
            if drawn.starts_with('{') {
                return AxisValues::drawn(drawn);
            }
            let wrong = || format!("\"{text}\" is not a distribution like ~uniform(min: 1, max: 9)");
            let (family, parameters) =
                drawn.strip_suffix(')').and_then(|drawn| drawn.split_once('(')).ok_or_else(wrong)?;
            if !parameters.trim().is_empty() && !parameters.contains(':') {
                return Err(format!("{}: parameters have names, as in ~uniform(min: 1, max: 9)", wrong()));
            }
            return AxisValues::drawn(&format!("{{{family}: {{{parameters}}}}}"));
        }
        let mut values = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                return Err(format!("\"{text}\" lacks a value"));
            }
            // What stands in quotes or brackets is a value, whatever is in it.
            match part.split_once("..").filter(|_| !part.starts_with(['"', '[', '{'])) {
                Some((from, to)) => values.extend(range(from, to, is_of_quantity(path))?),
                None => values.push(value(part)),
            }
            if values.len() > MOST {
                return Err(format!("\"{text}\": more than {MOST} values"));
            }
        }
        Ok(AxisValues::List(values))
    }

    /// Values that are drawn from a distribution as a Simulation writes it: `{uniform: {min: 1, max: 9}}`.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn drawn(text: &str) -> Result<AxisValues, String> {
        let (distribution, drawn) = read_distribution(text)?;
        if distribution.at(0.5).is_none() {
            return Err("a mixture cannot be an axis: its draws take two numbers".to_owned());
        }
        Ok(AxisValues::Drawn(distribution, drawn))
    }
}

/// Does a path lead to an amount of processors, memory and the like, and so to none of time?
pub fn is_of_quantity(path: &str) -> bool {
    let names =
        ["cpu", "memory", "storage", "ephemeral-storage", "requests", "limits", "allocatable", "capacity", "hard"];
    path.split(['.', '[', ']', ':']).any(|name| names.contains(&name))
}

/// At the commas that stand in no brackets and no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0i32, false, false);
    for (at, c) in text.char_indices() {
        let is_escaped = escaped;
        escaped = quoted && c == '\\' && !is_escaped;
        match c {
            '"' if !is_escaped => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// JSON if it is that, else a text.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// `a..b` or `a..b:step`.
fn range(from: &str, rest: &str, is_of_quantity: bool) -> Result<Vec<Value>, String> {
    let (to, step) = rest.split_once(':').unwrap_or((rest, ""));
    let whole = |text: &str| text.parse::<i64>().ok();
    let text = || format!("\"{from}..{rest}\"");
    let wrong = || format!("{} is not a range like 1..9, 1..9:2, 0.1..0.5:0.1, 10s..1m:10s or 1Gi..4Gi:1Gi", text());
    let needs_step = |of: &str| format!("{}: a range of {of} needs a step, as in {from}..{to}:STEP", text());
    let steps = |from: i128, to: i128, step: i128| -> Result<Vec<i128>, String> {
        if step <= 0 || from > to {
            return Err(format!("{}: a range goes up, by steps above 0", text()));
        }
        let count = (to - from) / step;
        let too_many = || format!("{}: more than {MOST} values", text());
        if count >= MOST as i128 { Err(too_many()) } else { Ok((0..=count).map(|n| from + n * step).collect()) }
    };
    let default = if step.is_empty() { "1" } else { step };
    if let (Some(from), Some(to), Some(step)) = (whole(from), whole(to), whole(default)) {
        let values = steps(from.into(), to.into(), step.into())?;
        return Ok(values.into_iter().map(|n| Value::from(n as i64)).collect());
    }
    if let (Some(from), Some(to)) = (millionths(from), millionths(to))
        && let Some(by) = millionths(default)
    {
        if step.is_empty() {
            return Err(needs_step("decimals"));
        }
        let values = steps(from, to, by)?;
        return Ok(values.into_iter().map(|n| Value::from(n as f64 / 1e6)).collect());
    }
    let nanos = |text: &str| parse_duration(text).map(|length| i128::from(length.0)).ok();
    let durations = nanos(from).zip(nanos(to)).zip(nanos(if step.is_empty() { "1s" } else { step }));
    if let Some(((from, to), by)) = durations.filter(|_| !is_of_quantity) {
        if step.is_empty() && (from % by != 0 || to % by != 0) {
            return Err(needs_step("parts of seconds"));
        }
        let values = steps(from, to, by)?;
        return Ok(values.into_iter().map(|n| Value::String(format_go_duration(n as i64))).collect());
    }
    let amount = |text: &str| Quantity::parse(text).map_err(|_| wrong());
    let (from, to) = (amount(from)?, amount(to)?);
    if step.is_empty() {
        return Err(needs_step("quantities"));
    }
    let step = amount(step)?;
    if step.is_zero() || step.is_negative() || from > to {
        return Err(format!("{}: a range goes up, by steps above 0", text()));
    }
    let (mut values, mut at) = (Vec::new(), from);
    while at <= to {
        if values.len() >= MOST {
            return Err(format!("{}: more than {MOST} values", text()));
        }
        values.push(Value::String(at.canonical()));
        at = at.add(&step);
    }
    Ok(values)
}

/// A decimal as a count of millionths, so that steps do not add up errors.
fn millionths(text: &str) -> Option<i128> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.abs() < 1e12)?;
    Some((number * 1e6).round() as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_axes() {
        let check = |text: &str, expected: Result<Value, &str>| match (Axis::parse(text), expected) {
            (Ok(Axis { values: AxisValues::List(values), .. }), Ok(expected)) => {
                assert_eq!(Value::Array(values), expected, "{text}");
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
            (found, _) => panic!("{text}: {found:?}"),
        };
        check("spec.parallelism=1..4", Ok(json!([1, 2, 3, 4])));
        check("spec.parallelism=1..10:4", Ok(json!([1, 5, 9])));
        check("p=-2..0,7", Ok(json!([-2, -1, 0, 7])));
        check("p=0.1..0.3:0.1", Ok(json!([0.1, 0.2, 0.3])));
        check("p=30s..2m:45s", Ok(json!(["30s", "1m15s", "2m0s"])));
        check("p=5m..15m:5m", Ok(json!(["5m0s", "10m0s", "15m0s"])));
        check("cluster.nodePools[0].allocatable.cpu=500m..2000m:500m", Ok(json!(["500m", "1", "1500m", "2"])));
        check(
            "spec.template.spec.containers[0].resources.requests.memory=1Gi..3Gi:1Gi",
            Ok(json!(["1Gi", "2Gi", "3Gi"])),
        );
        check("p=1Gi..2Gi:512Mi", Ok(json!(["1Gi", "1536Mi", "2Gi"])));
        check("p=1Gi..4Gi", Err("a range of quantities needs a step, as in 1Gi..4Gi:STEP"));
        check("p=4Gi..1Gi:1Gi", Err("a range goes up"));
        check("p=0.5..1", Err("a range of decimals needs a step, as in 0.5..1:STEP"));
        check("p=a, \"b,c\",{\"x\": [1,2]}", Ok(json!(["a", "b,c", {"x": [1, 2]}])));
        check(r#"p="a..b",["x\"..y",1]"#, Ok(json!(["a..b", ["x\"..y", 1]])));
        check("p=true,null,1.5", Ok(json!([true, null, 1.5])));
        check("p=", Err("lacks a value"));
        check("p", Err("is not PATH=VALUES"));
        check("p=9..1", Err("a range goes up"));
        check("p=1..9:0", Err("by steps above 0"));
        check("p=a..b", Err("is not a range like"));
        check("p=1..9999999", Err("more than 1000000 values"));
        check("p=~uniform", Err("is not a distribution"));
        check("p=~uniform(1, 5)", Err("parameters have names"));
        check("p=~unifrom(min: 1, max: 2)", Err("unifrom"));
        check("p=~mixture(a: 1)", Err("mixture"));
    }

    #[test]
    fn drawn_values_come_of_a_distribution() {
        let axis = Axis::parse("p=~uniform(min: 1, max: 9)").expect("an axis");
        let AxisValues::Drawn(distribution, drawn) = axis.values else { panic!("{axis:?}") };
        assert_eq!((distribution.at(0.5), drawn.value(5)), (Some(5), json!(5)));
        let axis = Axis::parse("p=~uniform(min: 10s, max: 60s)").expect("an axis");
        let AxisValues::Drawn(distribution, drawn) = axis.values else { panic!("{axis:?}") };
        assert_eq!(distribution.at(0.5).map(|nanos| drawn.value(nanos)), Some(json!("35s")));
        assert_eq!(drawn.value(1_234_567_890), json!("1.234s"));
    }
}
