//! What can stand in a Simulation: the table that documentation and schema are made of.

use std::sync::OnceLock;

/// A field of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualField {
    /// Its path, items of lists marked: `spec.pods[].match.job`.
    pub path: &'static str,
    /// What it holds, in the table's words.
    pub kind: &'static str,
    /// What holds without it, where one can say.
    pub default: Option<&'static str>,
    /// What it means.
    pub text: &'static str,
}

/// All fields, those above before those within.
pub fn manual() -> &'static [ManualField] {
    static MANUAL: OnceLock<Vec<ManualField>> = OnceLock::new();
    MANUAL.get_or_init(|| {
        let mut fields: Vec<ManualField> = Vec::new();
        for line in include_str!("manual.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match (line.strip_prefix("  "), fields.last_mut()) {
                (Some(text), Some(field)) => field.text = text,
                _ => {
                    let (path, rest) = line.split_once(' ').unwrap_or((line, ""));
                    let (kind, default) =
                        rest.split_once(" = ").map_or((rest, None), |(kind, value)| (kind, Some(value)));
                    fields.push(ManualField { path, kind, default, text: "" });
                }
            }
        }
        fields
    })
}

/// A family of distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyForm {
    /// Its key.
    pub name: &'static str,
    /// Parameters in the unit of what is drawn.
    pub measured: &'static [&'static str],
    /// Parameters that are plain numbers.
    pub plain: &'static [&'static str],
    /// What it draws.
    pub text: &'static str,
}

/// The families with parameters by name, in each form that they are written in.
pub const DISTRIBUTIONS: [FamilyForm; 10] = [
    form("uniform", &["min", "max"], &[], "Each value from min to max as often as any other."),
    form(
        "exponential",
        &["mean"],
        &[],
        "As of what can happen at any instant alike: gaps between arrivals, times to a failure.",
    ),
    form("shiftedExponential", &["min", "mean"], &[], "The same on top of a least value."),
    form("normal", &["mean", "stddev"], &[], "The bell curve, cut at 0."),
    form(
        "lognormal",
        &["median", "p99"],
        &[],
        "Half of the values are below the median, 99 of 100 below p99: what many run times look like.",
    ),
    form(
        "lognormal",
        &[],
        &["mu", "sigma"],
        "The same by mean and deviation of the natural logarithm of the value, in seconds where it is a length of time.",
    ),
    form(
        "weibull",
        &["scale"],
        &["shape"],
        "Lifetimes: with a shape below 1 early failures, above 1 wear. Of 100 values 63 are below the scale.",
    ),
    form("gamma", &["mean"], &["shape"], "The sum of as many exponential parts as the shape says."),
    form(
        "pareto",
        &["min"],
        &["alpha"],
        "Few values that outweigh all others; the mean is infinite for an alpha up to 1.",
    ),
    form("triangular", &["min", "mode", "max"], &[], "From min to max, mode most often: three guesses of a person."),
];

const fn form(
    name: &'static str,
    measured: &'static [&'static str],
    plain: &'static [&'static str],
    text: &'static str,
) -> FamilyForm {
    FamilyForm { name, measured, plain, text }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::document::parse;
    use crate::scenario::problem::Problem;
    use crate::scenario::source::{Source, SourceText};
    use crate::scenario::validate::Validate;

    /// What the reader finds wrong with a document that sets one field, by its path in the table.
    fn problems(path: &str, value: &str) -> Vec<Problem> {
        let text = path.split('.').rev().fold(value.to_owned(), |inner, step| match step.strip_suffix("[]") {
            Some(name) => format!("{{{name}: [{inner}]}}"),
            None => format!("{{{step}: {inner}}}"),
        });
        let source = Arc::new(SourceText::new(Source { name: "x".into(), bytes: text.into() }).expect("text"));
        let document = parse(&source).remove(0).expect("a document");
        let mut problems = Vec::new();
        super::super::read(&document, Validate::Strict, &mut problems);
        problems
    }

    #[test]
    fn the_table_is_what_the_reader_knows() {
        let objects = manual().iter().filter(|field| matches!(field.kind, "object" | "list of object"));
        let roots = [ManualField { path: "", kind: "object", default: None, text: "" }];
        for owner in roots.iter().chain(objects) {
            let path = if owner.kind == "object" { owner.path.to_owned() } else { format!("{}[]", owner.path) };
            let unknown = if path.is_empty() { "qqqqqqqq".to_owned() } else { format!("{path}.qqqqqqqq") };
            let help =
                problems(&unknown, "1").into_iter().filter(|p| p.title.contains("qqqqqqqq")).flat_map(|p| p.help);
            let help: Vec<String> = help.collect();
            let mut known: Vec<&str> = help
                .iter()
                .filter_map(|help| help.strip_prefix("fields here: "))
                .flat_map(|list| list.split(", "))
                .collect();
            let below = manual().iter().filter_map(|field| {
                let name =
                    if path.is_empty() { Some(field.path) } else { field.path.strip_prefix(&format!("{path}.")) };
                name.filter(|name| !name.contains('.') && !name.contains("[]"))
            });
            let mut listed: Vec<&str> = below.collect();
            known.sort_unstable();
            listed.sort_unstable();
            assert_eq!(listed, known, "fields of `{path}`");
        }
    }

    #[test]
    fn examples_of_each_type_are_read() {
        for field in manual().iter().filter(|field| !matches!(field.path, "apiVersion" | "kind")) {
            let value = match field.kind {
                // The least of those that are allowed.
                kind if kind.starts_with("integer ") => kind["integer ".len()..].split("..").next().unwrap_or(""),
                kind if kind.starts_with("integer") => "1",
                kind if kind.starts_with("some of ") => "least-nodes,priority",
                kind if kind.starts_with("one of ") => kind["one of ".len()..].split('|').next().unwrap_or(""),
                "text" => "x",
                "taint" => "'a=b:NoExecute'",
                "version" => "'1.37'",
                "bool" => "true",
                "number" => "1.5",
                "time" => "'2026-01-05T00:00:00Z'",
                "duration" | "durations" => "1h30m",
                "signed duration" => "-1h30m",
                "times" => "[0s, 5m]",
                "draws" => "{spec.completions: {uniform: {min: 1, max: 8}}}",
                "codes" => "3",
                "deadline" => "2h",
                "comparison" => "'p95(wait) < 30s'",
                "share" => "0.5",
                "percent" => "2%",
                "texts" => "[a, b]",
                "labels" => "{a: b}",
                "gates" => "{PodLevelResources: true}",
                "any" => "{}",
                _ => continue,
            };
            let about =
                |p: &Problem| p.title.contains(&field.path.replace("[]", "[0]")) && !p.title.starts_with("missing");
            let found: Vec<Problem> = problems(field.path, value).into_iter().filter(about).collect();
            assert!(found.is_empty(), "{}: {found:?}", field.path);
            assert!(!field.text.is_empty(), "{} says nothing", field.path);
        }
    }
}
