//! Many runs of one scenario that differ by chance alone, on all cores; results do not depend on how many there are.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::expression::Measure;
use crate::record::Ending;
use crate::record::gauge::Gauge;
use crate::run::{Limits, RunOptions, run_unrecorded};
use crate::scenario::Scenario;

/// Runs to a task: enough that handing tasks out costs nothing, few enough that all cores have work.
const CHUNK: u32 = 64;

/// What runs replications.
#[derive(Debug)]
pub struct Laboratory {
    pool: ThreadPool,
    /// Bounds on each run.
    pub limits: Limits,
    /// Instead of the scenario's seed.
    pub seed: Option<u64>,
    /// Set to true to stop at the next instant of all runs.
    pub interrupt: Arc<AtomicBool>,
    /// Runs done so far, for whoever shows progress.
    pub done: Arc<AtomicU64>,
}

/// Why a study has no results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The user interrupted it.
    Interrupted,
    /// A run met a limit, or hung for good.
    Run {
        /// Which replication.
        replication: u32,
        /// What happened.
        why: String,
        /// Was it a limit?
        limit: bool,
    },
}

impl Laboratory {
    /// With so many threads; 0: one for each core.
    ///
    /// # Errors
    /// If threads cannot be had.
    pub fn new(threads: usize) -> Result<Laboratory, String> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        Ok(Laboratory {
            pool: pool.map_err(|error| format!("cannot start {threads} threads: {error}"))?,
            limits: Limits::default(),
            seed: None,
            interrupt: Arc::default(),
            done: Arc::default(),
        })
    }

    /// Carries out something on the threads of the laboratory.
    pub fn install<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        self.pool.install(what)
    }

    /// The values of the measures for each of these replications, in order: a row of `measures.len()` each.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn measure(
        &self,
        scenario: &Scenario,
        replications: Range<u32>,
        measures: &[Measure],
    ) -> Result<Vec<f64>, Stopped> {
        self.each(scenario, replications, |gauge, row| row.extend(measures.iter().map(|measure| measure.value(gauge))))
    }

    /// As [`Laboratory::measure`], with a function that adds a row for each run.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn each(
        &self,
        scenario: &Scenario,
        replications: Range<u32>,
        read: impl Fn(&Gauge, &mut Vec<f64>) + Sync,
    ) -> Result<Vec<f64>, Stopped> {
        let starts: Vec<u32> = replications.clone().step_by(CHUNK as usize).collect();
        let chunk = |start: u32| {
            let mut rows = Vec::new();
            let mut gauge = Gauge::in_cluster(&scenario.cluster);
            for replication in start..replications.end.min(start.saturating_add(CHUNK)) {
                self.run(scenario, replication, &mut gauge)?;
                read(&gauge, &mut rows);
            }
            Ok(rows)
        };
        let chunks: Vec<Result<Vec<f64>, Stopped>> = self.pool.install(|| starts.into_par_iter().map(chunk).collect());
        let mut all = Vec::new();
        for rows in chunks {
            all.extend(rows?);
        }
        Ok(all)
    }

    fn run(&self, scenario: &Scenario, replication: u32, gauge: &mut Gauge) -> Result<(), Stopped> {
        gauge.clear();
        let options = RunOptions {
            seed: self.seed,
            replication,
            limits: self.limits,
            interrupt: Some(self.interrupt.clone()),
            ..RunOptions::default()
        };
        let (ending, end) = run_unrecorded(scenario, &options, vec![gauge]);
        gauge.end = end;
        self.done.fetch_add(1, Ordering::Relaxed);
        match ending {
            Ending::Settled | Ending::Horizon => Ok(()),
            Ending::Interrupted => Err(Stopped::Interrupted),
            Ending::Limit(why) => Err(Stopped::Run { replication, why, limit: true }),
            Ending::Fault(why) => Err(Stopped::Run { replication, why, limit: false }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::measure::Metric;
    use crate::record::metrics::Figures;
    use crate::run::run;
    use crate::scenario::read_str;

    fn exponential() -> Scenario {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 5, parallelism: 2, \
                    template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n---\n\
                    apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {pods: [{duration: {exponential: {mean: \
                    9s}}}]}";
        read_str(text).expect("a scenario")
    }

    #[test]
    fn results_are_equal_for_any_number_of_threads() {
        let measures: Vec<Measure> = Metric::ALL.into_iter().map(Measure::of).collect();
        let bits = |threads| {
            let laboratory = Laboratory::new(threads).expect("threads");
            let values = laboratory.measure(&exponential(), 3..303, &measures).expect("results");
            assert_eq!(laboratory.done.load(Ordering::Relaxed), 300);
            values.into_iter().map(f64::to_bits).collect::<Vec<u64>>()
        };
        let one = bits(1);
        assert_eq!(one.len(), 300 * Metric::ALL.len());
        assert_eq!(bits(2), one);
        assert_eq!(bits(5), one);
    }

    #[test]
    fn a_run_that_meets_a_limit_is_named() {
        let mut laboratory = Laboratory::new(1).expect("a thread");
        laboratory.limits.pods = 2;
        let stopped = laboratory.measure(&exponential(), 7..9, &[]);
        assert!(matches!(stopped, Err(Stopped::Run { replication: 7, limit: true, .. })), "{stopped:?}");
        laboratory.interrupt.store(true, Ordering::Relaxed);
        assert_eq!(laboratory.measure(&exponential(), 0..9, &[]), Err(Stopped::Interrupted));
    }

    #[test]
    fn spans_as_they_happen_are_those_of_the_record() {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 9, parallelism: 3, \
                    template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n---\n\
                    apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {pods: [{duration: {exponential: {mean: \
                    9s}}, exitCode: {weighted: {0: 0.7, 1: 0.3}}}]}";
        let scenario = read_str(text).expect("a scenario");
        for seed in 0..20 {
            let options = RunOptions { seed: Some(seed), ..RunOptions::default() };
            let run = run(&scenario, &options);
            let mut gauge = Gauge::default();
            (_, gauge.end) = run_unrecorded(&scenario, &options, vec![&mut gauge]);
            let mut recorded = Gauge::of_run(&run, scenario.cluster.minimum_charge);
            recorded.pods.sort_by_key(|pod| (pod.created, pod.started));
            gauge.pods.sort_by_key(|pod| (pod.created, pod.started));
            assert_eq!((&gauge.pods, &gauge.jobs, gauge.end), (&recorded.pods, &recorded.jobs, recorded.end));
            let figures = Figures::of_run(&run);
            assert_eq!(Metric::MaxParallelism.of(&gauge) as u64, figures.max_parallelism);
            assert_eq!(Metric::Failed.of(&gauge) as u64, figures.failed);
            assert!((Metric::PodSeconds.of(&gauge) - figures.pod_nanos as f64 / 1e9).abs() < 1e-6);
        }
    }
}
