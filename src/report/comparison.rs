//! A comparison in words and in a table.

use serde_json::json;

use super::chart::{self, ChartError, ChartFormat};
use super::output::{SUMMARY_FILE, TOOL};
use super::study::{about, columns, counted, empty_batches, few, long_memory, number, percent};
use crate::record::measure::Metric;
use crate::study::compare::{Difference, Verdict};
use crate::study::expression::Measure;
use crate::study::interval::{self, Interval};
use crate::study::results::cell;

/// A phase is told of if it makes up at least this share of what changed.
const WORTH_TELLING: f64 = 0.05;

/// What a comparison was made of, next to what it found.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What was measured, in the order of the differences.
    pub measures: &'a [Measure],
    /// Of intervals.
    pub confidence: f64,
    /// Pairs, and what they are pairs of: runs or batches.
    pub pairs: (u32, &'a str),
    /// Have both sides the same Jobs by name, so that their pods draw the same numbers?
    pub is_paired: bool,
}

/// The table of differences, a verdict, and where the time went.
pub fn text([first, second]: [&str; 2], other: &Other, asked: &Asked<'_>) -> String {
    let head = ["METRIC", "FIRST", "SECOND", "DIFFERENCE", "INTERVAL (t)", "BOOTSTRAP", "LESS/SAME/MORE"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for metric in &other.metrics {
        let signs = metric.signs.map(|count| count.to_string()).join("/");
        lines.push(vec![
            metric.name.clone(),
            number(metric.first),
            number(metric.second),
            signed(metric.second - metric.first),
            bounds(metric.paired),
            bounds(metric.bootstrap),
            signs,
        ]);
    }
    let (pairs, what) = asked.pairs;
    let luck = if asked.is_paired { "on the same luck" } else { "on luck that is not the same" };
    let mut text = format!("first:  {first}\nsecond: {second}\n{} {luck}, ", of_pairs(pairs, what));
    text += &format!("intervals at {}\n\n{}\n", percent(asked.confidence), columns(lines));
    for metric in other.metrics.iter().filter(|metric| metric.without > 0) {
        let (name, without) = (&metric.name, metric.without);
        let pairs = of_pairs(metric.pairs(), what);
        text += &format!("{name} is of {pairs}: in {without} one side or both have none.\n");
    }
    if let (Some(metric), Some(measure)) = (other.metrics.first(), asked.measures.first()) {
        text += &format!("{}\n", verdict(metric, measure, &other.complete, asked));
        // What cannot be told from luck needs no reason.
        if metric.name == "makespan" && matches!(metric.verdict(), Verdict::Less | Verdict::More) {
            text += &where_it_went(&other.phases);
        }
    }
    text + "\n"
}

/// `20 pairs of runs`.
fn of_pairs(pairs: u32, what: &str) -> String {
    counted(pairs.into(), &format!("pairs of {what}"))
}

/// What Jobs only one side has, and what follows from it.
pub fn other_luck([first, second]: &[Vec<String>; 2]) -> String {
    let only = |names: &[String], side: &str| match names {
        [] => None,
        [name] => Some(format!("{name} is only in the {side}")),
        [name, others @ ..] => Some(format!("{name} and {} more are only in the {side}", others.len())),
    };
    let only: Vec<String> = only(first, "first").into_iter().chain(only(second, "second")).collect();
    format!("{}: pods draw by the names of their Jobs, so luck is part of the difference", only.join(", "))
}

/// What a reader should know before trusting a comparison: on the pairs of the first metric.
pub fn warnings(other: &Other, (pairs, what): (u32, &str)) -> Vec<String> {
    let Some(first) = other.metrics.first() else { return Vec::new() };
    let mut warnings: Vec<String> = Vec::new();
    if what == "batches" {
        warnings.extend(empty_batches((&first.name, what), first.without as usize, pairs as usize));
        warnings.extend(long_memory(&first.name, other.memory));
    }
    warnings.extend(few(first.pairs().into(), &format!("pairs of {what}"), "intervals are wide"));
    warnings
}

/// One sentence on the metric that counts.
fn verdict(metric: &Difference, measure: &Measure, complete: &Difference, asked: &Asked<'_>) -> String {
    let what = asked.pairs.1;
    let change = metric.second - metric.first;
    let share =
        if metric.first == 0.0 { String::new() } else { format!(" ({:.1}%)", (change / metric.first * 100.0).abs()) };
    let better = better(measure.metric(), change, complete);
    let (before, now) = (complete.first, complete.second);
    let jobs = match measure.metric() {
        Some(Metric::Complete) => String::new(),
        _ if before == now || before.is_nan() || now.is_nan() => String::new(),
        _ => format!(" {}% of the Jobs complete where {}% did.", number(now * 100.0), number(before * 100.0)),
    };
    let name = &metric.name;
    if metric.pairs() == 0 {
        return format!("Nothing can be said of {name}: no pair of {what} has a value of it on both sides.");
    }
    match (metric.verdict(), metric.paired) {
        (Verdict::Same, _) => format!("No difference: {name} is the same in every pair of {what}."),
        (Verdict::Less, Some(paired)) => format!(
            "The second has a {name} less by {}{share}{better}; sure of {} at least.{}",
            number(-change),
            number(-paired.high),
            saving(metric) + &jobs
        ),
        (Verdict::More, Some(paired)) => format!(
            "The second has a {name} more by {}{share}{better}; sure of {} at least.{}",
            number(change),
            number(paired.low),
            saving(metric) + &jobs
        ),
        _ => {
            let more = metric.paired.map(|paired| {
                interval::needed(metric.pairs().into(), paired.half_width(), change.abs(), asked.confidence)
            });
            let needed = match more.filter(|more| more.is_finite()) {
                Some(more) => format!("; {} pairs may tell", about(more)),
                None => String::new(),
            };
            format!("No difference in {name} can be told from luck{needed}.")
        }
    }
}

/// Whether a change is for the better. What is quick because it fails is no better, and what takes longer because it no
/// longer fails is no worse.
fn better(metric: Option<Metric>, change: f64, complete: &Difference) -> &'static str {
    let is_other = metric != Some(Metric::Complete);
    match metric.and_then(|metric| Some(metric.less_is_better()? == (change < 0.0))) {
        Some(true) if is_other && complete.second < complete.first => ", but no better",
        Some(true) => ": better",
        Some(false) if is_other && complete.verdict() == Verdict::More => ", but no worse",
        Some(false) => ": worse",
        None => "",
    }
}

fn saving(metric: &Difference) -> String {
    match metric.saving.filter(|saving| *saving >= 1.5) {
        Some(saving) => format!(" Independent seeds would need {saving:.0} times as many runs."),
        None => String::new(),
    }
}

fn where_it_went(phases: &[Difference]) -> String {
    let change = |phase: &&Difference| phase.second - phase.first;
    let total: f64 = phases.iter().map(|phase| change(&phase).abs()).sum();
    let mut told: Vec<&Difference> =
        phases.iter().filter(|phase| change(phase).abs() > total * WORTH_TELLING).collect();
    told.sort_by(|a, b| change(b).abs().total_cmp(&change(a).abs()));
    let parts: Vec<String> = told.iter().map(|phase| format!("{} {} s", phase.name, signed(change(phase)))).collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("Where it comes from, in the Job that ends last, along its pod that ends last: {}.\n", parts.join(", "))
}

fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 && text != "0" { format!("+{text}") } else { text }
}

fn bounds(interval: Option<Interval>) -> String {
    interval.map_or("-".to_owned(), |found| format!("{} .. {}", signed(found.low), signed(found.high)))
}

/// The files of a comparison.
pub const FILES: [&str; 3] = ["differences.csv", "differences.svg", SUMMARY_FILE];

/// The files of a comparison with one scenario or more: `differences.csv`, a picture of the metrics, and what it was about.
///
/// # Errors
/// Those of drawing.
pub fn files(first: &str, others: &[Other], about: &str) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let mut table = csv_head();
    let mut rows = Vec::new();
    for Other { name, metrics, phases, .. } in others {
        table += &csv_rows(first, name, metrics, phases);
        let of = |metric: &str| if others.len() == 1 { metric.to_owned() } else { format!("{metric}: {name}") };
        rows.extend(metrics.iter().map(|metric| (of(&metric.name), metric)));
    }
    let title = match others {
        [only] => format!("{} against {first}", only.name),
        _ => format!("against {first}"),
    };
    let picture = chart::differences(&title, about, &rows, ChartFormat::Svg)?;
    let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
    let summary = json!({"tool": TOOL, "version": env!("CARGO_PKG_VERSION"), "comparison": {"first": first,
        "others": names, "about": about}});
    Ok(vec![
        ("differences.csv".to_owned(), table.into_bytes()),
        ("differences.svg".to_owned(), picture),
        (SUMMARY_FILE.to_owned(), format!("{summary:#}\n").into_bytes()),
    ])
}

/// A scenario that the first was compared with, and what came of it.
#[derive(Clone, Debug)]
pub struct Other {
    /// What it is called.
    pub name: String,
    /// Each metric on both sides.
    pub metrics: Vec<Difference>,
    /// Each phase on both sides.
    pub phases: Vec<Difference>,
    /// The share of the Jobs that complete, on both sides.
    pub complete: Difference,
    /// How long runs remember the first metric, in batches; 0 where runs are not cut.
    pub memory: f64,
}

/// The columns of `differences.csv`.
fn csv_head() -> String {
    "first,second,kind,name,first_mean,second_mean,difference,t_low,t_high,bootstrap_low,bootstrap_high,less,same,more\n"
        .to_owned()
}

/// Its rows for two scenarios.
fn csv_rows(first: &str, second: &str, metrics: &[Difference], phases: &[Difference]) -> String {
    let all = metrics.iter().map(|metric| ("metric", metric)).chain(phases.iter().map(|phase| ("phase", phase)));
    let mut rows = String::new();
    for (kind, found) in all {
        let ends = |interval: Option<Interval>| interval.map_or(",".to_owned(), |of| format!("{},{}", of.low, of.high));
        let signs = found.signs.map(|count| count.to_string()).join(",");
        let difference = found.second - found.first;
        rows += &format!("{},{},{kind},{},", cell(first), cell(second), cell(&found.name));
        rows += &format!("{},{},{difference},{},", found.first, found.second, ends(found.paired));
        rows += &format!("{},{signs}\n", ends(found.bootstrap));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(first: f64, second: f64, half: f64, signs: [u32; 3]) -> Difference {
        let mean = second - first;
        let paired = Some(Interval { mean, low: mean - half, high: mean + half });
        let name = "makespan".to_owned();
        Difference { name, first, second, paired, bootstrap: paired, saving: Some(12.0), signs, without: 0 }
    }

    #[test]
    fn verdicts_in_words() {
        let measures = ["makespan", "maxParallelism"].map(|name| Measure::parse(name).expect("a metric"));
        let asked = Asked { measures: &measures, confidence: 0.95, pairs: (100, "runs"), is_paired: true };
        let all = found(1.0, 1.0, 0.0, [0, 9, 0]);
        let check = |difference: Difference, complete: &Difference, text: &str| {
            assert_eq!(verdict(&difference, &measures[0], complete, &asked), text)
        };
        check(
            found(100.0, 80.0, 5.0, [9, 1, 0]),
            &all,
            "The second has a makespan less by 20 (20.0%): better; sure of 15 at least. Independent seeds would need 12 \
             times as many runs.",
        );
        check(
            found(80.0, 100.0, 5.0, [0, 1, 9]),
            &all,
            "The second has a makespan more by 20 (25.0%): worse; sure of 15 at least. Independent seeds would need 12 \
             times as many runs.",
        );
        check(
            found(80.0, 82.0, 4.0, [49, 1, 50]),
            &all,
            "No difference in makespan can be told from luck; about 393 pairs may tell.",
        );
        check(found(80.0, 80.0, 0.0, [0, 9, 0]), &all, "No difference: makespan is the same in every pair of runs.");
        let quick = "The second has a makespan less by 20 (20.0%), but no better; sure of 15 at least. Independent seeds \
                     would need 12 times as many runs. 25% of the Jobs complete where 100% did.";
        check(found(100.0, 80.0, 5.0, [9, 1, 0]), &found(1.0, 0.25, 0.9, [9, 1, 0]), quick);
        let slow = "The second has a makespan more by 20 (25.0%), but no worse; sure of 15 at least. Independent seeds \
                    would need 12 times as many runs. 100% of the Jobs complete where 25% did.";
        check(found(80.0, 100.0, 5.0, [0, 1, 9]), &found(0.25, 1.0, 0.1, [0, 1, 9]), slow);
        // Where that may be luck, longer is worse.
        let perhaps =
            verdict(&found(80.0, 100.0, 5.0, [0, 1, 9]), &measures[0], &found(0.9, 0.95, 0.1, [1, 8, 2]), &asked);
        assert!(perhaps.contains(": worse; sure of 15"), "{perhaps}");
        let neither = verdict(&found(4.0, 5.0, 0.5, [0, 1, 9]), &measures[1], &all, &asked);
        assert!(neither.contains("more by 1 (25.0%); sure of 0.5 at least"), "{neither}");
    }

    #[test]
    fn pairs_without_a_value_and_doubts_are_told() {
        let measures = [Measure::parse("makespan").expect("a metric")];
        let asked = Asked { measures: &measures, confidence: 0.57, pairs: (9, "batches"), is_paired: true };
        let some = Difference { without: 7, ..found(80.0, 90.0, 20.0, [1, 0, 1]) };
        let phases = vec![Difference { name: "running".to_owned(), ..some.clone() }];
        let complete = found(1.0, 1.0, 0.0, [0, 2, 0]);
        let other = Other { name: "b".to_owned(), metrics: vec![some], phases, complete, memory: 1.5 };
        let told = text(["a", "b"], &other, &asked);
        assert!(told.contains("intervals at 57%\n"), "{told}");
        assert!(told.contains("makespan is of 2 pairs of batches: in 7 one side or both have none.\n"), "{told}");
        // A difference that may be luck is not explained.
        assert!(told.contains("can be told from luck") && !told.contains("Where it comes from"), "{told}");
        let said = warnings(&other, asked.pairs);
        assert!(said[0].starts_with("7 of 9 batches have no makespan: "), "{said:?}");
        assert!(said[1].starts_with("batch means of makespan follow one another"), "{said:?}");
        assert_eq!(said[2..], ["2 pairs of batches are few: intervals are wide"]);
    }
}
