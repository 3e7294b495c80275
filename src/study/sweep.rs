//! A sweep: points of a design, each run many times.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::{Value, json};

use super::design::{Point, points};
use super::documents::{Documents, Place};
use super::expression::Measure;
use super::replication::{Laboratory, Stopped};
use super::results::{Outline, Results};
use super::steady::Steady;
use crate::kernel::rng::entity;
use crate::record::gauge::Gauge;
use crate::record::measure::Metric;
use crate::scenario::Scenario;
use crate::scenario::axis::Axis;
use crate::scenario::study::Design;

/// Replications after which the width of an interval is first looked at.
const FIRST_LOOK: u32 = 16;

/// Equal values after which it is believed that there are no others: at most one run in twenty may yet be otherwise, at
/// 95 %, and after sixteen it would be one in six.
const SURE: usize = 64;

/// A study that can be carried out, in part or as a whole.
#[derive(Clone, Debug)]
pub struct Sweep {
    documents: Documents,
    places: Vec<Place>,
    measures: Vec<Measure>,
    side_files: Vec<String>,
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
    /// Stop early once half the interval of the first metric is no more than this share of its mean; not before 64 runs
    /// where all come to the same.
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
        let outline = Outline {
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
            // In a study of the steady state some Job is always at work.
            tells_completion: options.steady.is_none()
                && options.measures.iter().any(Measure::hangs_on_ends)
                && options.measures.iter().all(|measure| measure.metric() != Some(Metric::Complete)),
        };
        let expressions: Vec<String> = options.measures.iter().map(|measure| format!("{measure:?}")).collect();
        let about = json!([outline, expressions, env!("CARGO_PKG_VERSION")]).to_string();
        let mut sweep = Sweep { documents, places, measures: options.measures, side_files: Vec::new(), outline };
        let files = sweep.files(scenario);
        let digest = sweep.documents.digest().to_le_bytes();
        let content = json!(files).to_string();
        sweep.outline.digest = format!("{:016x}", entity(&[&digest, about.as_bytes(), content.as_bytes()]));
        sweep.side_files = files.into_iter().map(|(name, _)| name).collect();
        Ok(sweep)
    }

    /// Names and digests of the files that documents name, those included that an axis names instead.
    fn files(&self, scenario: &Scenario) -> BTreeSet<(String, u64)> {
        let mut files: BTreeSet<(String, u64)> = BTreeSet::new();
        let mut add = |scenario: &Scenario| {
            files.extend(scenario.files.iter().map(|file| (file.name.clone(), file.digest)));
        };
        add(scenario);
        for axis in 0..self.places.len() {
            let values = self.outline.points.iter().filter_map(|point| point[axis].as_ref());
            let texts = values.map(|value| (value.to_string(), value)).collect::<BTreeMap<String, &Value>>();
            for (text, value) in texts {
                // Other values cannot name one, and reading a scenario for each would take its time.
                if !self.outline.axes[axis].contains("file") && !text.contains("\"file\"") {
                    continue;
                }
                let mut point: Point = vec![None; self.places.len()];
                point[axis] = Some(value.clone());
                // What is wrong with a point is said when it is run.
                self.scenario(&point).iter().for_each(&mut add);
            }
        }
        files
    }

    /// Files that documents name, those included that an axis names instead.
    pub fn side_files(&self) -> &[String] {
        &self.side_files
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
        Ok(Results::new(outline.clone(), &values?))
    }

    /// What each run comes to, [`Outline::width`] numbers.
    fn measure(&self, laboratory: &Laboratory, of: &Scenario, runs: Range<u32>) -> Result<Vec<f64>, Stopped> {
        let Some(steady) = self.outline.steady else {
            return laboratory.each(of, runs, |gauge, row| {
                row.extend(self.measures.iter().map(|measure| measure.value(gauge)));
                if self.outline.tells_completion {
                    row.push(f64::from(u8::from(gauge.jobs.iter().all(|job| job.complete))));
                }
            });
        };
        laboratory.each(of, runs, |gauge, row| {
            let value = |measure: &Measure, part: Option<&Gauge>| part.map_or(f64::NAN, |part| measure.value(part));
            steady.each(gauge, |part| row.extend(self.measures.iter().map(|measure| value(measure, part))));
            if steady.batches > 1 {
                let mut pieces = Vec::new();
                steady.finer().each(gauge, |part| pieces.extend(self.measures.first().map(|first| value(first, part))));
                row.push(steady.memory(&pieces));
            }
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
            if self.is_known(&rows, share) {
                break;
            }
        }
        Ok(rows)
    }

    /// Is half the interval of the first metric's mean no more than this share of it?
    fn is_known(&self, rows: &[f64], share: f64) -> bool {
        let first = self.outline.values(rows).into_iter().step_by(self.measures.len());
        let first: Vec<f64> = first.filter(|value| !value.is_nan()).collect();
        let found = self.outline.interval(0, &first);
        // Runs that all came to the same say little of rare ones that do not, and their interval has no width to tell.
        found.is_some_and(|found| found.relative() <= share && (found.half_width() > 0.0 || first.len() >= SURE))
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
    use crate::scenario::{ReadOptions, Source};

    const TEXT: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 6, template: {spec: \
                        {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n---\napiVersion: \
                        jobsim/v1alpha1\nkind: Simulation\nspec: {profile: ideal, pods: [{duration: {exponential: \
                        {mean: 9s}}}]}";

    pub(super) fn sweep(axes: &[&str], change: impl FnOnce(&mut SweepOptions)) -> Result<Sweep, String> {
        let source = Source { name: "x".to_owned(), bytes: TEXT.as_bytes().to_vec() };
        let documents = Documents::new(&[source], ReadOptions::default())?;
        let scenario = documents.scenario()?;
        let mut options = plain(axes.iter().map(|text| Axis::parse(text)).collect::<Result<_, _>>()?);
        change(&mut options);
        Sweep::new(documents, &scenario, options)
    }

    fn plain(axes: Vec<Axis>) -> SweepOptions {
        SweepOptions {
            axes,
            design: Design::Cartesian,
            samples: 10,
            replications: 40,
            until: None,
            confidence: 0.95,
            measures: vec![Measure::of(Metric::Makespan), Measure::of(Metric::MaxParallelism)],
            seed: None,
            steady: None,
        }
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
        // What never varies is believed after more than a glance, and a share only as its interval says.
        let steady = |metric| {
            let sweep = sweep(&[], |options| {
                (options.until, options.replications) = (Some(0.02), 3000);
                options.measures = vec![Measure::of(metric)];
            });
            let results = sweep.expect("a sweep").run(&Laboratory::new(2).expect("threads")).expect("results");
            results.series(0, 0).len()
        };
        assert_eq!((steady(Metric::Pods), steady(Metric::Complete)), (64, 128));
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
        assert_eq!(sweep.outline.values(&parts.concat()), whole);
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
        assert_eq!(results.memory.len(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        assert!(sweep(&["b:parallelism=1"], |_| {}).expect_err("no such Job").contains("no Job or CronJob \"b\""));
        let wrong = sweep(&["parallelism=2,-1"], |_| {}).expect("a sweep");
        let error = wrong.run(&Laboratory::new(1).expect("a thread")).expect_err("refused");
        assert!(matches!(&error, StudyError::Wrong(text) if text.starts_with("at parallelism=-1: ")), "{error:?}");
    }

    #[test]
    fn the_digest_covers_files_that_documents_or_axes_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let scenario = folder.path().join("s.yaml").display().to_string();
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, \
                    containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
                    {arrivals: [{template: j, times: {file: a.csv}}]}";
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let digest = |axes: &[&str]| {
            let source = Source { name: scenario.clone(), bytes: text.as_bytes().to_vec() };
            let documents = Documents::new(&[source], ReadOptions::default()).expect("documents");
            let read = documents.scenario().expect("a scenario");
            let axes = axes.iter().map(|text| Axis::parse(text).expect("an axis")).collect();
            Sweep::new(documents, &read, plain(axes)).expect("a sweep").outline.digest
        };
        write("a.csv", "at\n1s\n");
        write("b.csv", "at\n1s\n");
        let files = ["arrivals[0].times.file=a.csv,b.csv"];
        let (first, varied) = (digest(&[]), digest(&files));
        assert_eq!(first, digest(&[]));
        write("b.csv", "at\n2s\n");
        assert_eq!(first, digest(&[]));
        assert_ne!(varied, digest(&files));
        write("a.csv", "at\n3s\n");
        assert_ne!(first, digest(&[]));
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
