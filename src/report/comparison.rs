//! A comparison in words and in a table.

use serde_json::json;

use super::chart::{self, ChartError, ChartFormat};
use super::output::{SUMMARY_FILE, TOOL};
use super::study::{columns, number};
use crate::record::measure::Metric;
use crate::study::compare::{Difference, Verdict};
use crate::study::expression::Measure;
use crate::study::interval::Interval;
use crate::study::results::cell;

/// A phase is told of if it makes up at least this share of what changed.
const WORTH_TELLING: f64 = 0.05;

/// The table of differences, a verdict, and where the time went. `complete`: which shares of the Jobs complete.
pub fn text(
    [first, second]: [&str; 2],
    metrics: &[Difference],
    phases: &[Difference],
    (measures, complete): (&[Measure], [f64; 2]),
    confidence: f64,
    (pairs, what): (u32, &str),
) -> String {
    let head = ["METRIC", "FIRST", "SECOND", "DIFFERENCE", "INTERVAL (t)", "BOOTSTRAP", "LESS/SAME/MORE"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for metric in metrics {
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
    let percent = confidence * 100.0;
    let mut text = format!("first:  {first}\nsecond: {second}\n{pairs} pairs of {what} on the same luck, ");
    text += &format!("intervals at {percent}%\n\n{}\n", columns(lines));
    if let (Some(metric), Some(measure)) = (metrics.first(), measures.first()) {
        text += &format!("{}\n", verdict(metric, measure, complete, (pairs, what)));
        if metric.name == "makespan" && !matches!(metric.verdict(), Verdict::Same) {
            text += &where_it_went(phases);
        }
    }
    text + "\n"
}

/// One sentence on the metric that counts.
fn verdict(metric: &Difference, measure: &Measure, complete: [f64; 2], (pairs, what): (u32, &str)) -> String {
    let change = metric.second - metric.first;
    let share =
        if metric.first == 0.0 { String::new() } else { format!(" ({:.1}%)", (change / metric.first * 100.0).abs()) };
    let [before, now] = complete;
    let better = match measure.metric() {
        Some(own) if own.less_is_better() == (change < 0.0) => {
            let stops_early = own != Metric::Complete && now < before;
            if stops_early { ", but no better" } else { ": better" }
        }
        Some(_) => ": worse",
        None => "",
    };
    let jobs = match measure.metric() {
        Some(Metric::Complete) => String::new(),
        _ if before == now || before.is_nan() || now.is_nan() => String::new(),
        _ => format!(" {}% of the Jobs complete where {}% did.", number(now * 100.0), number(before * 100.0)),
    };
    let name = &metric.name;
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
            let half = metric.paired.map_or(f64::INFINITY, |paired| paired.half_width());
            // The width falls with the root of the pairs.
            let factor = (half / change.abs()) * (half / change.abs());
            let more = (f64::from(pairs) * factor).ceil();
            let needed = if more.is_finite() { format!("; about {more:.0} pairs may tell") } else { String::new() };
            format!("No difference in {name} can be told from luck{needed}.")
        }
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
    format!("Where it comes from, along the pod that ends last: {}.\n", parts.join(", "))
}

fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 && text != "0" { format!("+{text}") } else { text }
}

fn bounds(interval: Option<Interval>) -> String {
    interval.map_or("-".to_owned(), |found| format!("{} .. {}", signed(found.low), signed(found.high)))
}

/// The files of a comparison with one scenario or more: `differences.csv`, a picture of the metrics, and what it was about.
///
/// # Errors
/// Those of drawing.
pub fn files(first: &str, others: &[Other], about: &str) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let mut table = csv_head();
    let mut rows = Vec::new();
    for Other { name, metrics, phases } in others {
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
        Difference { name, first, second, paired, bootstrap: paired, saving: Some(12.0), signs }
    }

    #[test]
    fn verdicts_in_words() {
        let measure = Measure::parse("makespan").expect("a metric");
        let check = |difference: Difference, text: &str| {
            assert_eq!(verdict(&difference, &measure, [1.0; 2], (100, "runs")), text)
        };
        check(
            found(100.0, 80.0, 5.0, [9, 1, 0]),
            "The second has a makespan less by 20 (20.0%): better; sure of 15 at least. Independent seeds would need 12 \
             times as many runs.",
        );
        check(
            found(80.0, 100.0, 5.0, [0, 1, 9]),
            "The second has a makespan more by 20 (25.0%): worse; sure of 15 at least. Independent seeds would need 12 \
             times as many runs.",
        );
        check(
            found(80.0, 82.0, 4.0, [4, 1, 5]),
            "No difference in makespan can be told from luck; about 400 pairs may tell.",
        );
        check(found(80.0, 80.0, 0.0, [0, 9, 0]), "No difference: makespan is the same in every pair of runs.");
        let stopped = verdict(&found(100.0, 80.0, 5.0, [9, 1, 0]), &measure, [1.0, 0.25], (100, "runs"));
        assert_eq!(
            stopped,
            "The second has a makespan less by 20 (20.0%), but no better; sure of 15 at least. Independent seeds would \
             need 12 times as many runs. 25% of the Jobs complete where 100% did."
        );
    }
}
