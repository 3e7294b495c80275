//! What a study found, as text for people and as files.

use std::fmt::Write;

use serde_json::json;

use super::chart::{self, ChartError, ChartFormat};
use super::output::{SUMMARY_FILE, TOOL};
use crate::study::interval::{self, Interval};
use crate::study::results::{Results, Row, value_text};
use crate::study::steady::LONG_MEMORY;

/// Fewer replications than this are too few to say much of the mean, and of P99 by far.
const FEW: u64 = 10;

/// Half an interval that is more than this share of the mean says little.
const WIDE: f64 = 0.1;

/// A table: the points with each metric's mean, its interval, and what 50, 95 and 99 of 100 runs do not exceed.
pub fn table(results: &Results, rows: &[Row]) -> String {
    let outline = &results.outline;
    let percent = percent(outline.confidence);
    let mut head: Vec<String> = outline.axes.clone();
    let counted = if outline.batches() > 1 { "BATCHES" } else { "RUNS" };
    head.extend(["METRIC", counted, "MEAN"].map(str::to_owned));
    head.extend([format!("{percent} INTERVAL (t)"), format!("{percent} (BOOTSTRAP)")]);
    head.extend(["P50", "P95", "P99"].map(str::to_owned));
    let line = |row: &Row| {
        let mut line: Vec<String> = outline.points[row.point].iter().map(value_text).collect();
        let bounds = |interval: Option<Interval>| {
            interval.map_or("-".to_owned(), |found| format!("{} .. {}", number(found.low), number(found.high)))
        };
        line.extend([outline.metrics[row.metric].clone(), row.count.to_string(), number(row.mean)]);
        line.extend([bounds(row.student), bounds(row.bootstrap)]);
        line.extend([row.p50, row.p95, row.p99].map(number));
        line
    };
    columns(std::iter::once(head).chain(rows.iter().map(line)).collect())
}

/// What a reader should know before trusting the table.
pub fn warnings(results: &Results, rows: &[Row]) -> Vec<String> {
    let outline = &results.outline;
    let mut warnings = Vec::new();
    warnings.extend(of_batches(results));
    for (at, metric) in outline.metrics.iter().enumerate() {
        let none = rows.iter().filter(|row| row.metric == at && row.count == 0).count();
        if none > 0 {
            let points = results.values.len();
            warnings.push(format!(
                "{metric} has no value at {none} of {points} points: nothing is there to take it of, or to divide by"
            ));
        }
    }
    if outline.steady.is_none() {
        warnings.extend((0..outline.metrics.len()).filter_map(|metric| in_some_runs(results, rows, metric)));
    }
    let least = rows.iter().map(|row| row.count).filter(|&count| count > 0).min().unwrap_or(FEW);
    if rows.iter().any(|row| row.stddev != 0.0) {
        let what = if outline.batches() > 1 { "batches" } else { "replications" };
        warnings.extend(few(least, what, "intervals are wide and P95 and P99 mean little"));
    }
    warnings.extend(wide(results, rows));
    warnings.extend(incomplete(results));
    warnings
}

/// A metric has a value in some runs of a point alone.
fn in_some_runs(results: &Results, rows: &[Row], metric: usize) -> Option<String> {
    let width = results.outline.metrics.len();
    let of = rows.iter().filter(|row| row.metric == metric && row.count > 0);
    let (runs, found) = of.fold((0, 0), |(runs, found), row| {
        (runs + results.values[row.point].len() / width.max(1), found + row.count as usize)
    });
    let name = &results.outline.metrics[metric];
    (found < runs)
        .then(|| format!("{name} has no value in {} of {runs} runs; what is told of it is of the others", runs - found))
}

/// So many runs of so many have Jobs that did not complete, which some metric hangs on and none tells.
fn incomplete(results: &Results) -> Option<String> {
    let (runs, all) = (results.incomplete, results.runs());
    (runs > 0).then(|| {
        format!(
            "in {runs} of {all} runs not every Job completed: their times go to where a Job failed, was deleted or was \
             cut off; -m complete tells the share of Jobs that did"
        )
    })
}

/// So few that little can be said.
pub fn few(count: u64, what: &str, consequence: &str) -> Option<String> {
    let are = if count == 1 { "is" } else { "are" };
    (count < FEW).then(|| format!("{} {are} few: {consequence}", counted(count, what)))
}

/// `3 pairs of runs`, `1 pair of runs`: the first word is the one that is counted.
pub fn counted(count: u64, what: &str) -> String {
    let (first, rest) = what.split_once(' ').map_or((what, String::new()), |(first, rest)| (first, format!(" {rest}")));
    match count {
        1 => {
            let plural = if first.ends_with("ches") { "es" } else { "s" };
            format!("1 {}{rest}", first.strip_suffix(plural).unwrap_or(first))
        }
        _ => format!("{count} {what}"),
    }
}

/// Points at which the mean of the first metric is not known well, or not as well as was asked.
fn wide(results: &Results, rows: &[Row]) -> Option<String> {
    let outline = &results.outline;
    let limit = outline.until.unwrap_or(WIDE);
    let first = rows.iter().filter(|row| row.metric == 0 && row.mean != 0.0);
    let wide: Vec<(u64, Interval)> = first
        .filter_map(|row| Some((row.count, row.student?)))
        .filter(|(_, interval)| interval.relative() > limit)
        .collect();
    let worst = wide.iter().map(|(_, interval)| interval.relative()).max_by(f64::total_cmp)?;
    let needed = |(count, found): &(u64, Interval)| {
        interval::needed(*count as f64, found.half_width(), limit * found.mean.abs(), outline.confidence)
    };
    let more = match outline.batches() {
        1 => format!("{} replications", about(wide.iter().map(needed).fold(0.0, f64::max))),
        // Of longer runs as many batches are made, so only what they vary by shrinks, with the root of the length.
        _ => format!("runs {} times as long", about(((worst / limit) * (worst / limit)).ceil())),
    };
    let wanted = format!("+-{}", percent(limit));
    let cure = match outline.until {
        Some(_) => format!(", where {wanted} was wanted; {more} would do"),
        None => format!("; {more} would make it {wanted}"),
    };
    Some(format!(
        "{} of {} {} the mean of {} no better than +-{:.0}%{cure}",
        wide.len(),
        counted(results.values.len() as u64, "points"),
        if wide.len() == 1 { "knows" } else { "know" },
        outline.metrics.first().map_or("", String::as_str),
        worst * 100.0,
    ))
}

/// `about 1200`; nobody runs a billion.
pub fn about(count: f64) -> String {
    if count < 1e9 { format!("about {count:.0}") } else { "more than a billion".to_owned() }
}

/// Batches that are empty, or that know of each other.
fn of_batches(results: &Results) -> Vec<String> {
    let outline = &results.outline;
    let Some(metric) = outline.metrics.first().filter(|_| outline.steady.is_some()) else { return Vec::new() };
    let first = results.values.iter().flat_map(|values| values.iter().step_by(outline.metrics.len()));
    let longest = results.memory.iter().copied().max_by(f64::total_cmp).unwrap_or(0.0);
    let what = if outline.batches() == 1 { "runs" } else { "batches" };
    empty_batches((metric, what), first.clone().filter(|value| value.is_nan()).count(), first.count())
        .into_iter()
        .chain(long_memory(metric, longest))
        .collect()
}

/// Batches, or what else a metric is of, that have no value of it, if there are any.
pub fn empty_batches((metric, what): (&str, &str), empty: usize, all: usize) -> Option<String> {
    let why = "nothing begins in them after the warm-up, or nothing that it could be taken of";
    (empty > 0).then(|| format!("{empty} of {all} {what} have no {metric}: {why}; longer runs are needed"))
}

/// Batches too short to be independent, if they are: `memory` as [`crate::study::Steady::memory`] finds it.
pub fn long_memory(metric: &str, memory: f64) -> Option<String> {
    let times = (memory / LONG_MEMORY).ceil();
    (memory > LONG_MEMORY).then(|| {
        format!(
            "batch means of {metric} follow one another: a run remembers for {} of a batch, so intervals are too narrow; \
             longer batches are needed: fewer of them, or runs about {times:.0} times as long",
            percent((memory * 100.0).round() / 100.0)
        )
    })
}

/// The files of a sweep beside those of its values.
pub const FILES: [&str; 3] = ["summary.csv", "study.svg", SUMMARY_FILE];

/// The files of a study.
///
/// # Errors
/// Those of drawing.
pub fn files(results: &Results, rows: &[Row], formats: &[Format]) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let mut summary = Vec::new();
    let mut files = formats.iter().map(|format| table_of(results, *format)).collect::<Result<Vec<_>, _>>()?;
    // Writing into memory does not fail.
    _ = results.write_summary(rows, &mut summary);
    let about = json!({"tool": TOOL, "version": env!("CARGO_PKG_VERSION"), "study": results.outline});
    files.extend([
        ("summary.csv".to_owned(), summary),
        ("study.svg".to_owned(), chart::study(results, rows, ChartFormat::Svg)?),
        (SUMMARY_FILE.to_owned(), format!("{about:#}\n").into_bytes()),
    ]);
    Ok(files)
}

/// What the values of a study are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `results.csv`
    Csv,
    /// `results.parquet`
    #[cfg(all(feature = "parquet", target_endian = "little"))]
    Parquet,
}

impl Format {
    /// The name of its file.
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Csv => "results.csv",
            #[cfg(all(feature = "parquet", target_endian = "little"))]
            Format::Parquet => "results.parquet",
        }
    }
}

fn table_of(results: &Results, format: Format) -> Result<(String, Vec<u8>), ChartError> {
    match format {
        Format::Csv => {
            let mut values = Vec::new();
            // Writing into memory does not fail.
            _ = results.write_csv(&mut values);
            Ok((format.file_name().to_owned(), values))
        }
        #[cfg(all(feature = "parquet", target_endian = "little"))]
        Format::Parquet => {
            let file = super::parquet::results(results).map_err(|error| ChartError::Table(error.to_string()))?;
            Ok((format.file_name().to_owned(), file))
        }
    }
}

/// A share as a percentage, without the digits that binary numbers add: 57%, 99.5%.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 1e-6 {
        return format!("{:.0e}%", share * 100.0);
    }
    let text = format!("{:.4}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A number for people: up to four digits behind the point, fewer where there are many before it, and with an exponent
/// where it has too many or none of them says anything.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    let digits = match value.abs() {
        size if size >= 1e12 || size > 0.0 && size < 1e-9 => return format!("{value:.3e}"),
        ..1.0 => 4,
        ..10.0 => 3,
        ..100.0 => 2,
        ..1000.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Lines of cells, set in columns.
pub fn columns(lines: Vec<Vec<String>>) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            _ = write!(row, "{cell:width$}   ");
        }
        text += row.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        let check = |value: f64, text: &str| assert_eq!(number(value), text);
        check(0.0, "0");
        check(0.12345, "0.1235");
        check(-0.00001, "0");
        check(2.5, "2.5");
        check(35.834, "35.83");
        check(1234.56, "1235");
        check(100.0, "100");
        check(f64::NAN, "-");
        check(-2.34567e200, "-2.346e200");
        check(1e-200, "1.000e-200");
    }

    #[test]
    fn shares_in_percent() {
        let check = |share: f64, text: &str| assert_eq!(percent(share), text);
        check(0.57, "57%");
        check(0.95, "95%");
        check(0.999, "99.9%");
        check(0.0125, "1.25%");
        check(0.02, "2%");
        check(1e-9, "1e-7%");
        check(1.0, "100%");
    }

    #[test]
    fn warnings_say_what_would_do() {
        let mut results = crate::study::results::tests::results();
        results.outline.replications = 10;
        results.outline.metrics.truncate(1);
        results.values = vec![(0..10).map(f64::from).collect(), vec![4.0; 10]];
        let said = |results: &Results| warnings(results, &results.rows()).join("\n");
        // 10 values of deviation 3.03 around 4.5: 2.17 at either side, and 0.45 is wanted.
        let known = "1 of 2 points knows the mean of makespan no better than +-48%";
        assert_eq!(said(&results), format!("{known}; about 177 replications would make it +-10%"));
        results.outline.until = Some(0.2);
        assert_eq!(said(&results), format!("{known}, where +-20% was wanted; about 46 replications would do"));
        results.values = vec![vec![1.0, 2.0], vec![1.0, 1.0]];
        assert!(said(&results).starts_with("2 replications are few: intervals"), "{}", said(&results));
    }

    #[test]
    fn columns_line_up() {
        let lines = [vec!["a", "bbb"], vec!["cc", "d"]].map(|line| line.into_iter().map(str::to_owned).collect());
        assert_eq!(columns(lines.to_vec()), "a    bbb\ncc   d\n");
    }
}
