//! Many runs of one scenario that differ by chance alone, on all cores; results do not depend on how many there are.
//!
//! Each thread has a world of its own, in which one run follows the other, and a scenario of its own: even counting
//! who holds an object together would make the threads wait for each other.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::expression::Measure;
use crate::record::Ending;
use crate::record::gauge::Gauge;
use crate::run::{Limits, RunOptions, Runner};
use crate::scenario::Scenario;

/// Most runs to a task: handing tasks out costs nothing then.
const MOST_TO_A_TASK: u32 = 64;
/// Tasks for each thread, unless they are larger: few enough that all cores have work to the end.
const TASKS_A_THREAD: u32 = 16;

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
    /// Set to a sentence to end all runs, as by a limit.
    pub stop: Arc<OnceLock<String>>,
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
            stop: Arc::default(),
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
        let next = AtomicU64::new(replications.start.into());
        let tasks = TASKS_A_THREAD.saturating_mul(self.pool.current_num_threads() as u32).max(1);
        let size = (replications.len() as u32 / tasks).clamp(1, MOST_TO_A_TASK);
        let mut chunks = self.pool.install(|| {
            let threads = (0..rayon::current_num_threads()).into_par_iter().with_max_len(1);
            threads
                .map(|_| self.work(scenario, (replications.end, size), &next, &read))
                .flatten_iter()
                .collect::<Vec<Chunk>>()
        });
        chunks.sort_by_key(|chunk| chunk.start);
        let mut all = Vec::new();
        for chunk in chunks {
            all.extend(chunk.rows?);
        }
        Ok(all)
    }

    /// Takes chunks for as long as there are any, on one thread.
    fn work(
        &self,
        scenario: &Scenario,
        (end, size): (u32, u32),
        next: &AtomicU64,
        read: &(impl Fn(&Gauge, &mut Vec<f64>) + Sync),
    ) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let take = || u32::try_from(next.fetch_add(size.into(), Ordering::Relaxed)).ok().filter(|&start| start < end);
        let Some(first) = take() else { return chunks };
        let scenario = scenario.detached();
        let gauge = RefCell::new(Gauge::in_cluster(&scenario.cluster));
        let mut observer = &gauge;
        let mut runner = Runner::new(vec![&mut observer]);
        let mut options = RunOptions {
            seed: self.seed,
            limits: self.limits,
            interrupt: Some(self.interrupt.clone()),
            stop: Some(self.stop.clone()),
            ..RunOptions::default()
        };
        let mut run = |replication: u32, rows: &mut Vec<f64>| {
            gauge.borrow_mut().clear();
            options.replication = replication;
            let (ending, end) = runner.run(&scenario, &options);
            gauge.borrow_mut().end = end;
            match ending {
                Ending::Settled | Ending::Horizon => {}
                Ending::Interrupted => return Err(Stopped::Interrupted),
                Ending::Limit(why) => return Err(Stopped::Run { replication, why, limit: true }),
                Ending::Fault(why) => return Err(Stopped::Run { replication, why, limit: false }),
            }
            read(&gauge.borrow(), rows);
            Ok(())
        };
        let mut start = Some(first);
        while let Some(from) = start {
            let (mut rows, to) = (Vec::new(), end.min(from.saturating_add(size)));
            let done = (from..to).try_for_each(|replication| {
                let result = run(replication, &mut rows);
                self.done.fetch_add(1, Ordering::Relaxed);
                result
            });
            chunks.push(Chunk { start: from, rows: done.map(|()| rows) });
            start = take();
        }
        chunks
    }
}

/// Runs that follow each other.
struct Chunk {
    start: u32,
    rows: Result<Vec<f64>, Stopped>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::measure::Metric;
    use crate::record::metrics::Figures;
    use crate::run::{run, run_unrecorded};
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
        laboratory.limits = Limits::default();
        laboratory.stop.set("enough".to_owned()).expect("not set");
        let stopped = laboratory.measure(&exponential(), 0..9, &[]);
        assert!(matches!(&stopped, Err(Stopped::Run { why, limit: true, .. }) if why == "enough"), "{stopped:?}");
        laboratory.stop = Arc::default();
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
            let mut recorded = Gauge::of_run(&run);
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
