//! What a study found, and the tables that are made of it: the same bytes on one machine and on many.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::design::Point;
use super::interval::{self, Interval};
use super::steady::Steady;
use crate::kernel::stats::{Moments, quantile};
use crate::record::measure::Metric;

/// What a study is about: all that tables need next to the values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    /// Name of the scenario.
    pub scenario: String,
    /// What tells this study from others: documents, axes, design, replications, metrics, seed, version.
    pub digest: String,
    /// What chance is drawn from.
    pub seed: u64,
    /// Paths that are varied.
    pub axes: Vec<String>,
    /// The points, in order.
    #[serde(with = "super::design::spelling")]
    pub points: Vec<Point>,
    /// Names of the metrics.
    pub metrics: Vec<String>,
    /// Runs of each point; with `until`, the most.
    pub replications: u32,
    /// Replications stop early once half the interval is no more than this share of the mean.
    pub until: Option<f64>,
    /// Of intervals.
    pub confidence: f64,
    /// Which parts of each run are measured, where that is not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady: Option<Steady>,
    /// Is it told of each run whether all its Jobs completed, as some metric hangs on their ends?
    #[serde(default)]
    pub tells_completion: bool,
}

/// What a study found.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// What it was about.
    pub outline: Outline,
    /// For each point a row of values, in the order of the metrics, for each replication or each batch of it.
    pub values: Vec<Vec<f64>>,
    /// For each point how long its runs remember, of the first metric and in batches ([`Steady::memory`]), on average;
    /// empty where runs are not cut.
    pub memory: Vec<f64>,
    /// Runs in which not every Job completed, where that is told.
    pub incomplete: u64,
}

/// A metric at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Position of the point.
    pub point: usize,
    /// Position of the metric.
    pub metric: usize,
    /// Runs, or batches of runs, that had a value.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Their deviation.
    pub stddev: f64,
    /// Half of the runs did not exceed it.
    pub p50: f64,
    /// Nor 95 of 100.
    pub p95: f64,
    /// Nor 99 of 100.
    pub p99: f64,
    /// Student's interval of the mean, of two runs at least; Wilson's of a share.
    pub student: Option<Interval>,
    /// The bootstrap's.
    pub bootstrap: Option<Interval>,
}

impl Outline {
    /// Parts that each run is cut into.
    pub fn batches(&self) -> usize {
        self.steady.map_or(1, |steady| steady.batches as usize)
    }

    /// Numbers that a run comes to: the metrics of each batch and, where there are several, how long it remembers, or
    /// whether its Jobs completed.
    pub fn width(&self) -> usize {
        self.metrics.len() * self.batches() + usize::from(self.batches() > 1 || self.tells_completion)
    }

    /// The values of the metrics among the numbers of some runs.
    pub fn values(&self, runs: &[f64]) -> Vec<f64> {
        let own = self.metrics.len() * self.batches();
        runs.chunks(self.width().max(1)).flat_map(|run| &run[..own.min(run.len())]).copied().collect()
    }

    /// The interval of a metric's mean, of two values at least: Student's, or that of a share, which ends at 0 and 1.
    pub fn interval(&self, metric: usize, values: &[f64]) -> Option<Interval> {
        let is_share = self.metrics.get(metric).and_then(|name| Metric::named(name)) == Some(Metric::Complete);
        let of = if is_share { interval::of_shares } else { interval::student };
        of(values, self.confidence)
    }
}

impl Results {
    /// From what the runs of each point came to, [`Outline::width`] numbers each.
    pub fn new(outline: Outline, runs: &[Vec<f64>]) -> Results {
        let width = outline.width();
        let last = |runs: &'_ Vec<f64>| runs.iter().skip(width - 1).step_by(width).copied().collect::<Vec<f64>>();
        let mean = |values: Vec<f64>| values.into_iter().collect::<Moments>().mean().unwrap_or(0.0);
        let memory = match outline.batches() {
            1 => Vec::new(),
            _ => runs.iter().map(|runs| mean(last(runs))).collect(),
        };
        let incomplete = match outline.tells_completion {
            true => runs.iter().flat_map(last).filter(|complete| *complete == 0.0).count() as u64,
            false => 0,
        };
        Results { values: runs.iter().map(|runs| outline.values(runs)).collect(), memory, incomplete, outline }
    }

    /// All runs.
    pub fn runs(&self) -> u64 {
        let each = (self.outline.metrics.len() * self.outline.batches()).max(1);
        self.values.iter().map(|values| (values.len() / each) as u64).sum()
    }

    /// The values of a metric at a point, in the order of the replications; those that are no numbers left out.
    pub fn series(&self, point: usize, metric: usize) -> Vec<f64> {
        let width = self.outline.metrics.len();
        self.values[point].iter().skip(metric).step_by(width).copied().filter(|value| !value.is_nan()).collect()
    }

    /// Each metric at each point. On all threads of the pool that it is called in.
    pub fn rows(&self) -> Vec<Row> {
        let metrics = 0..self.outline.metrics.len();
        let places = (0..self.values.len()).flat_map(|point| metrics.clone().map(move |metric| (point, metric)));
        places.map(|(point, metric)| self.row(point, metric)).collect()
    }

    fn row(&self, point: usize, metric: usize) -> Row {
        let values = self.series(point, metric);
        let moments: Moments = values.iter().copied().collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = |p| quantile(&sorted, p).unwrap_or(f64::NAN);
        Row {
            point,
            metric,
            count: moments.count(),
            mean: moments.mean().unwrap_or(f64::NAN),
            stddev: moments.stddev().unwrap_or(f64::NAN),
            p50: rank(0.5),
            p95: rank(0.95),
            p99: rank(0.99),
            student: self.outline.interval(metric, &values),
            bootstrap: interval::bootstrap(&values, self.outline.confidence, self.outline.seed),
        }
    }

    /// `results.csv`, long: a line for each value.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let outline = &self.outline;
        write!(out, "point")?;
        for axis in &outline.axes {
            write!(out, ",{}", cell(axis))?;
        }
        let batches = outline.batches();
        writeln!(out, ",replication,metric,value{}", if batches > 1 { ",batch" } else { "" })?;
        for (at, (point, rows)) in outline.points.iter().zip(&self.values).enumerate() {
            let head = point_cells(at, point);
            for (at, row) in rows.chunks(outline.metrics.len().max(1)).enumerate() {
                let (replication, batch) = (at / batches, at % batches);
                let batch = if batches > 1 { format!(",{batch}") } else { String::new() };
                for (metric, value) in outline.metrics.iter().zip(row) {
                    writeln!(out, "{head},{replication},{},{}{batch}", cell(metric), number(*value))?;
                }
            }
        }
        Ok(())
    }

    /// `summary.csv`: a line for each metric at each point.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_summary(&self, rows: &[Row], out: &mut impl Write) -> io::Result<()> {
        let outline = &self.outline;
        write!(out, "point")?;
        for axis in &outline.axes {
            write!(out, ",{}", cell(axis))?;
        }
        writeln!(out, ",metric,replications,mean,stddev,p50,p95,p99,t_low,t_high,bootstrap_low,bootstrap_high")?;
        for row in rows {
            let bounds = |interval: Option<Interval>| {
                let (low, high) = interval.map_or((f64::NAN, f64::NAN), |found| (found.low, found.high));
                format!("{},{}", number(low), number(high))
            };
            let head = point_cells(row.point, &outline.points[row.point]);
            let ranks = [row.mean, row.stddev, row.p50, row.p95, row.p99].map(number).join(",");
            let (t, bootstrap) = (bounds(row.student), bounds(row.bootstrap));
            let metric = cell(&outline.metrics[row.metric]);
            writeln!(out, "{head},{metric},{},{ranks},{t},{bootstrap}", row.count)?;
        }
        Ok(())
    }
}

/// The value of an axis as people read it.
pub fn value_text(value: &Option<Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn point_cells(at: usize, point: &Point) -> String {
    point.iter().fold(at.to_string(), |line, value| line + "," + &cell(&value_text(value)))
}

/// The shortest text that reads as the same number; empty for none.
fn number(value: f64) -> String {
    if value.is_nan() { String::new() } else { value.to_string() }
}

/// A field of a CSV file, in quotes where it must be.
pub fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn results() -> Results {
        let outline = Outline {
            scenario: "s".to_owned(),
            digest: "d".to_owned(),
            seed: 1,
            axes: vec!["spec.parallelism".to_owned(), "q".to_owned()],
            points: vec![vec![Some(json!(1)), Some(json!("a,b"))], vec![Some(json!(2)), None]],
            metrics: vec!["makespan".to_owned(), "wait".to_owned()],
            replications: 2,
            until: None,
            confidence: 0.95,
            steady: None,
            tells_completion: false,
        };
        let values = vec![vec![1.5, 0.25, 2.5, f64::NAN], vec![3.0, 1.0, 3.0, 2.0]];
        Results { outline, values, memory: Vec::new(), incomplete: 0 }
    }

    #[test]
    fn tables_of_a_study() {
        let (results, mut out) = (results(), Vec::new());
        results.write_csv(&mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.lines().next(), Some("point,spec.parallelism,q,replication,metric,value"));
        assert_eq!(text.lines().nth(2), Some("0,1,\"a,b\",0,wait,0.25"));
        assert_eq!(text.lines().nth(4), Some("0,1,\"a,b\",1,wait,"));
        assert_eq!(text.lines().nth(5), Some("1,2,,0,makespan,3"));
        assert_eq!(text.lines().count(), 9);
        let rows = results.rows();
        let mut out = Vec::new();
        results.write_summary(&rows, &mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.lines().nth(1).expect("a line").starts_with("0,1,\"a,b\",makespan,2,2,0.7071067811865476,2,"));
        assert!(text.lines().nth(2).expect("a line").starts_with("0,1,\"a,b\",wait,1,0.25,,0.25,0.25,0.25,,,"));
        assert!(text.lines().nth(3).expect("a line").ends_with(",3,0,3,3,3,3,3,3,3"));
    }

    #[test]
    fn points_are_read_as_they_were_written() {
        let mut outline = results().outline;
        outline.points = vec![vec![None, Some(Value::Null)], vec![Some(json!({"value": null})), Some(json!(1))]];
        let text = serde_json::to_string(&outline).expect("text");
        assert!(text.contains(r#"[[null,{"value":null}],[{"value":{"value":null}},1]]"#), "{text}");
        assert_eq!(serde_json::from_str::<Outline>(&text).expect("an outline"), outline);
    }

    #[test]
    fn what_runs_remember_is_kept_apart() {
        let mut outline = results().outline;
        outline.steady = Some(Steady { warm_up_nanos: 0, batches: 2 });
        let runs = [[1.0, 2.0, 3.0, 4.0, 0.5], [5.0, 6.0, 7.0, 8.0, 0.7]].concat();
        let found = Results::new(outline, &[runs.clone(), runs]);
        assert_eq!(found.values[1], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(found.memory, [0.6, 0.6]);
    }

    #[test]
    fn runs_that_are_not_complete_are_counted() {
        let mut outline = results().outline;
        outline.tells_completion = true;
        let runs = [[1.0, 2.0, 1.0], [3.0, 4.0, 0.0]].concat();
        let found = Results::new(outline, &[runs.clone(), runs]);
        assert_eq!(found.values[1], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!((found.incomplete, found.runs()), (2, 4));
    }

    #[test]
    fn shares_have_an_interval_of_their_own() {
        let mut results = results();
        results.outline.metrics[1] = "complete".to_owned();
        results.values[0] = vec![3.0, 1.0, 3.0, 1.0];
        let [other, share] = [0, 1].map(|metric| results.row(0, metric).student.expect("an interval"));
        assert!(other.half_width() == 0.0 && share.high == 1.0 && share.low < 0.5, "{share:?}");
    }

    #[test]
    fn batches_are_counted_within_their_runs() {
        let mut results = results();
        results.outline.steady = Some(Steady { warm_up_nanos: 0, batches: 2 });
        results.outline.replications = 1;
        let mut out = Vec::new();
        results.write_csv(&mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.lines().next(), Some("point,spec.parallelism,q,replication,metric,value,batch"));
        assert_eq!(text.lines().nth(3), Some("0,1,\"a,b\",0,makespan,2.5,1"));
    }
}
