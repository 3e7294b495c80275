//! What a study varies: a path into the scenario's documents and the values that it takes there.

use serde_json::Value;

use super::simulation::read_distribution;
use crate::api::duration::{format_go_duration, parse_duration};
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
    /// Whole numbers that are drawn.
    Drawn(Distribution),
}

impl Axis {
    /// Reads `PATH=VALUES`: values with commas between, ranges `a..b` or `a..b:step` (whole numbers, decimals or
    /// durations, both ends counted), or `~uniform(min: 1, max: 9)` for values that are drawn.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Axis, String> {
        let (path, values) = text.split_once('=').ok_or_else(|| format!("\"{text}\" is not PATH=VALUES"))?;
        let axis = |values| Axis { path: path.trim().to_owned(), values };
        AxisValues::parse(values.trim()).map(axis).map_err(|error| format!("{}: {error}", path.trim()))
    }
}

impl AxisValues {
    /// Reads what stands behind the `=`.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<AxisValues, String> {
        if let Some(drawn) = text.strip_prefix('~') {
            let wrong = || format!("\"{text}\" is not a distribution like ~uniform(min: 1, max: 9)");
            let (family, parameters) =
                drawn.strip_suffix(')').and_then(|drawn| drawn.split_once('(')).ok_or_else(wrong)?;
            return AxisValues::drawn(&format!("{{{family}: {{{parameters}}}}}"));
        }
        let mut values = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                return Err(format!("\"{text}\" lacks a value"));
            }
            // What stands in quotes or brackets is a value, whatever is in it.
            match part.split_once("..").filter(|_| !part.starts_with(['"', '[', '{'])) {
                Some((from, to)) => values.extend(range(from, to)?),
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
        let distribution = read_distribution(text)?;
        if distribution.at(0.5).is_none() {
            return Err("a mixture cannot be an axis: its draws take two numbers".to_owned());
        }
        Ok(AxisValues::Drawn(distribution))
    }
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
fn range(from: &str, rest: &str) -> Result<Vec<Value>, String> {
    let (to, step) = rest.split_once(':').unwrap_or((rest, ""));
    let whole = |text: &str| text.parse::<i64>().ok();
    let wrong = || format!("\"{from}..{rest}\" is not a range like 1..9, 1..9:2, 0.1..0.5:0.1 or 10s..1m:10s");
    let too_many = || format!("\"{from}..{rest}\": more than {MOST} values");
    let steps = |from: i128, to: i128, step: i128| -> Result<Vec<i128>, String> {
        if step <= 0 || from > to {
            return Err(format!("\"{from}..{to}:{step}\": a range goes up, by steps above 0"));
        }
        let count = (to - from) / step;
        if count >= MOST as i128 { Err(too_many()) } else { Ok((0..=count).map(|n| from + n * step).collect()) }
    };
    let default = if step.is_empty() { "1" } else { step };
    if let (Some(from), Some(to), Some(step)) = (whole(from), whole(to), whole(default)) {
        let values = steps(from.into(), to.into(), step.into())?;
        return Ok(values.into_iter().map(|n| Value::from(n as i64)).collect());
    }
    if let (Some(from), Some(to), Some(step)) = (millionths(from), millionths(to), millionths(default)) {
        let values = steps(from, to, step)?;
        return Ok(values.into_iter().map(|n| Value::from(n as f64 / 1e6)).collect());
    }
    let nanos = |text: &str| parse_duration(text).map(|length| i128::from(length.0)).map_err(|_| wrong());
    let values = steps(nanos(from)?, nanos(to)?, nanos(if step.is_empty() { "1s" } else { step })?)?;
    Ok(values.into_iter().map(|n| Value::String(format_go_duration(n as i64))).collect())
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
        check("p=~unifrom(min: 1, max: 2)", Err("unifrom"));
        check("p=~mixture(a: 1)", Err("mixture"));
    }

    #[test]
    fn drawn_values_come_of_a_distribution() {
        let axis = Axis::parse("p=~uniform(min: 1, max: 9)").expect("an axis");
        let AxisValues::Drawn(distribution) = axis.values else { panic!("{axis:?}") };
        assert_eq!(distribution.at(0.5), Some(5));
    }
}
