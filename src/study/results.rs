//! What a study found, and the tables that are made of it: the same bytes on one machine and on many.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::design::Point;
use super::interval::{self, Interval};
use super::steady::Steady;
use crate::kernel::stats::{Moments, quantile};

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
}

/// What a study found.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// What it was about.
    pub outline: Outline,
    /// For each point a row of values, in the order of the metrics, for each replication or each batch of it.
    pub values: Vec<Vec<f64>>,
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
    /// Student's interval of the mean, of two runs at least.
    pub student: Option<Interval>,
    /// The bootstrap's.
    pub bootstrap: Option<Interval>,
}

impl Outline {
    /// Parts that each run is cut into.
    pub fn batches(&self) -> usize {
        self.steady.map_or(1, |steady| steady.batches as usize)
    }

    /// Values of a run.
    pub fn width(&self) -> usize {
        self.metrics.len() * self.batches()
    }
}

impl Results {
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
        let confidence = self.outline.confidence;
        Row {
            point,
            metric,
            count: moments.count(),
            mean: moments.mean().unwrap_or(f64::NAN),
            stddev: moments.stddev().unwrap_or(f64::NAN),
            p50: rank(0.5),
            p95: rank(0.95),
            p99: rank(0.99),
            student: interval::student(&values, confidence),
            bootstrap: interval::bootstrap(&values, confidence, self.outline.seed),
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
        };
        Results { outline, values: vec![vec![1.5, 0.25, 2.5, f64::NAN], vec![3.0, 1.0, 3.0, 2.0]] }
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
