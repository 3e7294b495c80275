//! A sweep: points of a design, each run many times.

use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::json;

use super::design::{Point, points};
use super::documents::{Documents, Place};
use super::expression::Measure;
use super::interval;
use super::replication::{Laboratory, Stopped};
use super::results::{Outline, Results};
use super::steady::Steady;
use crate::kernel::rng::entity;
use crate::record::gauge::Gauge;
use crate::scenario::Scenario;
use crate::scenario::axis::Axis;
use crate::scenario::study::Design;

/// Replications after which the width of an interval is first looked at.
const FIRST_LOOK: u32 = 16;

/// A study that can be carried out, in part or as a whole.
#[derive(Clone, Debug)]
pub struct Sweep {
    documents: Documents,
    places: Vec<Place>,
    measures: Vec<Measure>,
    /// What tables need of it.
    pub outline: Outline,
}

/// What a sweep is made of, next to the documents.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    /// What is varied.
    pub axes: Vec<Axis>,
    /// How values of several axes go together.
    pub design: Design,
    /// Points of a Latin hypercube, and values of an axis that is drawn.
    pub samples: u32,
    /// Runs of each point.
    pub replications: u32,
    /// Stop early once half the interval of the first metric is no more than this share of its mean.
    pub until: Option<f64>,
    /// Of intervals.
    pub confidence: f64,
    /// What is measured.
    pub measures: Vec<Measure>,
    /// Instead of the scenario's seed.
    pub seed: Option<u64>,
    /// Which parts of each run are measured, where that is not the whole.
    pub steady: Option<Steady>,
}

/// Why a study has no results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StudyError {
    /// The study makes no sense: a path that leads nowhere, a point that cannot be run.
    Wrong(String),
    /// Runs did not come to their end.
    Stopped(Stopped),
}

impl From<String> for StudyError {
    fn from(sentence: String) -> StudyError {
        StudyError::Wrong(sentence)
    }
}

impl From<Stopped> for StudyError {
    fn from(stopped: Stopped) -> StudyError {
        StudyError::Stopped(stopped)
    }
}

impl Sweep {
    /// Finds the places that are varied and lays out the points.
    ///
    /// # Errors
    /// A sentence on what makes no sense.
    pub fn new(documents: Documents, scenario: &Scenario, options: SweepOptions) -> Result<Sweep, String> {
        let places: Result<Vec<Place>, String> = options.axes.iter().map(|axis| documents.place(&axis.path)).collect();
        let places = places?;
        let twice = |at: usize| places[..at].iter().position(|place| *place == places[at]).map(|other| (other, at));
        if let Some((first, second)) = (0..places.len()).find_map(twice) {
            let [first, second] = [first, second].map(|at| &options.axes[at].path);
            return Err(format!("{first} and {second} lead to the same place: name all its values in one axis"));
        }
        let seed = options.seed.unwrap_or(scenario.seed);
        let points = points(&options.axes, options.design, options.samples, seed)?;
        let mut outline = Outline {
            scenario: scenario.name.clone(),
            digest: String::new(),
            seed,
            axes: options.axes.into_iter().map(|axis| axis.path).collect(),
            points,
            metrics: options.measures.iter().map(|measure| measure.name.clone()).collect(),
            replications: options.replications,
            until: options.until,
            confidence: options.confidence,
            steady: options.steady,
        };
        let expressions: Vec<String> = options.measures.iter().map(|measure| format!("{measure:?}")).collect();
        let about = json!([outline, expressions, env!("CARGO_PKG_VERSION")]).to_string();
        outline.digest = format!("{:016x}", entity(&[&documents.digest().to_le_bytes(), about.as_bytes()]));
        Ok(Sweep { documents, places, measures: options.measures, outline })
    }

    /// The scenario of a point.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn scenario(&self, point: &Point) -> Result<Scenario, String> {
        let mut documents = self.documents.clone();
        for (place, value) in self.places.iter().zip(point) {
            if let Some(value) = value {
                documents.set(place, value.clone())?;
            }
        }
        documents.scenario().map_err(|error| format!("at {}: {error}", self.name(point)))
    }

    fn name(&self, point: &Point) -> String {
        let values = self.outline.axes.iter().zip(point).filter_map(|(axis, value)| Some((axis, value.as_ref()?)));
        let values: Vec<String> = values.map(|(axis, value)| format!("{axis}={value}")).collect();
        if values.is_empty() { "the scenario as it is".to_owned() } else { values.join(" ") }
    }

    /// All of it.
    ///
    /// # Errors
    /// See [`StudyError`]; of several the one that comes first.
    pub fn run(&self, laboratory: &Laboratory) -> Result<Results, StudyError> {
        let outline = &self.outline;
        let one = |point: &Point| -> Result<Vec<f64>, StudyError> {
            let scenario = self.scenario(point)?;
            match outline.until {
                None => Ok(self.measure(laboratory, &scenario, 0..outline.replications)?),
                Some(share) => Ok(self.until(laboratory, &scenario, share)?),
            }
        };
        let values: Vec<Result<Vec<f64>, StudyError>> =
            laboratory.install(|| outline.points.iter().collect::<Vec<_>>().into_par_iter().map(one).collect());
        let values: Result<Vec<Vec<f64>>, StudyError> = values.into_iter().collect();
        Ok(Results { outline: outline.clone(), values: values? })
    }

    /// The values of each run, or of each batch of each run.
    fn measure(&self, laboratory: &Laboratory, of: &Scenario, runs: Range<u32>) -> Result<Vec<f64>, Stopped> {
        let Some(steady) = self.outline.steady else { return laboratory.measure(of, runs, &self.measures) };
        laboratory.each(of, runs, |gauge, row| {
            let value = |measure: &Measure, part: Option<&Gauge>| part.map_or(f64::NAN, |part| measure.value(part));
            steady.each(gauge, |part| row.extend(self.measures.iter().map(|measure| value(measure, part))));
        })
    }

    /// Replications of a point until the mean is known well enough. They are looked at after 16, 32, 64.. of them
    /// whatever the number of threads.
    fn until(&self, laboratory: &Laboratory, scenario: &Scenario, share: f64) -> Result<Vec<f64>, Stopped> {
        let most = self.outline.replications;
        let (mut rows, mut done) = (Vec::new(), 0);
        while done < most {
            let next = most.min(done.saturating_mul(2).max(FIRST_LOOK));
            rows.extend(self.measure(laboratory, scenario, done..next)?);
            done = next;
            let first: Vec<f64> =
                rows.iter().step_by(self.measures.len()).copied().filter(|value| !value.is_nan()).collect();
            if interval::student(&first, self.outline.confidence).is_some_and(|found| found.relative() <= share) {
                break;
            }
        }
        Ok(rows)
    }

    /// The runs with numbers `cells`, counted over points and their replications: what a shard does.
    ///
    /// # Errors
    /// As of [`Sweep::run`].
    pub fn run_cells(&self, laboratory: &Laboratory, cells: Range<u64>) -> Result<Vec<f64>, StudyError> {
        let each = u64::from(self.outline.replications);
        let mut rows = Vec::new();
        let mut at = cells.start;
        while at < cells.end {
            let (point, from) = (at / each, at % each);
            let to = each.min(from + (cells.end - at));
            let scenario = self.scenario(&self.outline.points[point as usize])?;
            rows.extend(self.measure(laboratory, &scenario, from as u32..to as u32)?);
            at += to - from;
        }
        Ok(rows)
    }

    /// How many runs it has, at most.
    pub fn cells(&self) -> u64 {
        self.outline.points.len() as u64 * u64::from(self.outline.replications)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimDuration;
    use crate::record::measure::Metric;
    use crate::scenario::{ReadOptions, Source};

    const TEXT: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 6, template: {spec: \
                        {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n---\napiVersion: \
                        jobsim/v1alpha1\nkind: Simulation\nspec: {profile: ideal, pods: [{duration: {exponential: \
                        {mean: 9s}}}]}";

    pub(super) fn sweep(axes: &[&str], change: impl FnOnce(&mut SweepOptions)) -> Result<Sweep, String> {
        let source = Source { name: "x".to_owned(), bytes: TEXT.as_bytes().to_vec() };
        let documents = Documents::new(&[source], ReadOptions::default())?;
        let scenario = documents.scenario()?;
        let mut options = SweepOptions {
            axes: axes.iter().map(|text| Axis::parse(text)).collect::<Result<_, _>>()?,
            design: Design::Cartesian,
            samples: 10,
            replications: 40,
            until: None,
            confidence: 0.95,
            measures: vec![Measure::of(Metric::Makespan), Measure::of(Metric::MaxParallelism)],
            seed: None,
            steady: None,
        };
        change(&mut options);
        Sweep::new(documents, &scenario, options)
    }

    #[test]
    fn more_pods_at_a_time_end_sooner() {
        let sweep = sweep(&["parallelism=1,2,6"], |_| {}).expect("a sweep");
        let results = sweep.run(&Laboratory::new(2).expect("threads")).expect("results");
        let means: Vec<f64> = (0..3).map(|point| results.rows()[point * 2].mean).collect();
        // Alone: six times 9 s; all at once: the longest of six, 9 s (1 + 1/2 + .. + 1/6) = 22.05 s.
        assert!((means[0] - 54.0).abs() < 8.0 && (means[2] - 22.05).abs() < 5.0, "{means:?}");
        assert!(means[0] > means[1] && means[1] > means[2]);
        assert_eq!(results.series(2, 1), vec![6.0; 40]);
    }

    #[test]
    fn replications_stop_when_the_mean_is_known() {
        let until = |share| {
            let sweep = sweep(&["parallelism=1,6"], |options| {
                (options.until, options.replications) = (Some(share), 3000);
            });
            let runs = |threads| {
                let laboratory = Laboratory::new(threads).expect("threads");
                sweep.as_ref().expect("a sweep").run(&laboratory).expect("results")
            };
            let results = runs(1);
            assert_eq!(results, runs(3));
            (results.series(0, 0).len(), results.rows()[0].student.expect("an interval").relative())
        };
        let (coarse, fine) = (until(0.1), until(0.02));
        assert!(coarse.0 < fine.0 && fine.0 < 3000, "{coarse:?} {fine:?}");
        assert!(coarse.1 <= 0.1 && fine.1 <= 0.02, "{coarse:?} {fine:?}");
    }

    #[test]
    fn cells_are_what_the_whole_is_made_of() {
        let sweep = sweep(&["parallelism=1,2,6"], |_| {}).expect("a sweep");
        let laboratory = Laboratory::new(2).expect("threads");
        let whole: Vec<f64> = sweep.run(&laboratory).expect("results").values.concat();
        let parts = [0..7, 7..85, 85..120].map(|cells| sweep.run_cells(&laboratory, cells).expect("rows"));
        assert_eq!(parts.concat(), whole);
        assert_eq!(sweep.cells(), 120);
    }

    #[test]
    fn batches_are_rows_of_their_run() {
        let sweep = sweep(&["parallelism=1,6"], |options| {
            (options.replications, options.steady) = (3, Some(Steady::new(SimDuration::ZERO, 2)));
        });
        let results = sweep.expect("a sweep").run(&Laboratory::new(1).expect("a thread")).expect("results");
        // One Job makes one batch; the other has nothing.
        assert_eq!((results.values[0].len(), results.series(0, 0).len()), (3 * 2 * 2, 3));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        assert!(sweep(&["b:parallelism=1"], |_| {}).expect_err("no such Job").contains("no Job or CronJob \"b\""));
        let wrong = sweep(&["parallelism=2,-1"], |_| {}).expect("a sweep");
        let error = wrong.run(&Laboratory::new(1).expect("a thread")).expect_err("refused");
        assert!(matches!(&error, StudyError::Wrong(text) if text.starts_with("at parallelism=-1: ")), "{error:?}");
    }

    #[test]
    fn the_digest_changes_with_what_is_asked() {
        let digest = |axes: &[&str], seed| sweep(axes, |options| options.seed = seed).expect("a sweep").outline.digest;
        let first = digest(&["parallelism=1,2"], None);
        assert_eq!(first, digest(&["parallelism=1,2"], Some(0)));
        assert_ne!(first, digest(&["parallelism=1,3"], None));
        assert_ne!(first, digest(&["parallelism=1,2"], Some(1)));
    }
}
