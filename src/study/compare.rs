//! Two scenarios on common random numbers: run by run, what did the change do?
//!
//! Replication `r` of both draws the same numbers for the same pods, so luck is the same on both sides and cancels in
//! the differences: they are known from far fewer runs than the two means.

use std::collections::BTreeSet;

use super::expression::Measure;
use super::interval::{self, Interval};
use super::replication::{Laboratory, Stopped};
use super::steady::Steady;
use crate::kernel::stats::Moments;
use crate::record::gauge::Gauge;
use crate::record::measure::{Metric, PHASES, phases};
use crate::scenario::{Object, Scenario};

/// What each run of a scenario came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// For each replication, or each batch of each, the metrics, then the phases.
    rows: Vec<Vec<f64>>,
    /// For each replication the first metric in finer pieces; empty where runs are not cut.
    pieces: Vec<Vec<f64>>,
}

/// A metric on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// Mean of the first side.
    pub first: f64,
    /// Mean of the second side.
    pub second: f64,
    /// Second less first, run by run; of two pairs at least.
    pub paired: Option<Interval>,
    /// The same by the bootstrap.
    pub bootstrap: Option<Interval>,
    /// How many times more runs independent seeds would need for as narrow an interval; absent where the pairs differ
    /// by always the same.
    pub saving: Option<f64>,
    /// Pairs in which the second is less, equal, more. Pairs of which a side has no value are none of these, and neither
    /// mean is of them.
    pub signs: [u32; 3],
    /// Pairs of which one side at least has no value.
    pub without: u32,
}

/// What is said of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both sides are the same in every run.
    Same,
    /// The interval holds 0.
    Unknown,
    /// The second is less, for sure.
    Less,
    /// The second is more, for sure.
    More,
}

impl Side {
    /// Runs a scenario so many times, and looks at the whole of each run or at the parts that are asked for.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn run(
        laboratory: &Laboratory,
        scenario: &Scenario,
        replications: u32,
        measures: &[Measure],
        steady: Option<Steady>,
    ) -> Result<Side, Stopped> {
        let width = measures.len() + PHASES.len();
        let read = |gauge: &Gauge, row: &mut Vec<f64>| {
            row.extend(measures.iter().map(|measure| measure.value(gauge)));
            row.extend(phases(gauge));
        };
        let batches = steady.map_or(1, |steady| steady.batches as usize);
        let finer = steady.filter(|_| batches > 1).map(Steady::finer);
        let values = laboratory.each(scenario, 0..replications, |gauge, row| {
            match steady {
                None => read(gauge, row),
                Some(steady) => steady.each(gauge, |part| match part {
                    Some(part) => read(part, row),
                    None => row.extend(std::iter::repeat_n(f64::NAN, width)),
                }),
            }
            if let (Some(finer), Some(first)) = (finer, measures.first()) {
                finer.each(gauge, |part| row.push(part.map_or(f64::NAN, |part| first.value(part))));
            }
        })?;
        let own = width * batches;
        let all = own + finer.filter(|_| !measures.is_empty()).map_or(0, |finer| finer.batches as usize);
        let runs = || values.chunks(all.max(1));
        Ok(Side {
            rows: runs().flat_map(|run| run[..own].chunks(width).map(<[f64]>::to_vec)).collect(),
            pieces: runs().map(|run| run[own..].to_vec()).collect(),
        })
    }
}

/// How long runs remember the first metric, in batches and on average over runs ([`Steady::memory`]): the longest of the
/// two sides and their difference. Luck that both sides share hides in a difference of noise what each has seen too little
/// of.
pub fn memory(first: &Side, second: &Side, steady: Steady) -> f64 {
    let of =
        |runs: &[Vec<f64>]| runs.iter().map(|pieces| steady.memory(pieces)).collect::<Moments>().mean().unwrap_or(0.0);
    let apart = |(first, second): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
        first.iter().zip(second).map(|(first, second)| second - first).collect()
    };
    let differences: Vec<Vec<f64>> = first.pieces.iter().zip(&second.pieces).map(apart).collect();
    [of(&first.pieces), of(&second.pieces), of(&differences)].into_iter().fold(0.0, f64::max)
}

/// The Jobs and CronJobs that only one side has, by name. A pod draws by its Job's name, so theirs have no partner on
/// the other side.
pub fn without_counterpart(first: &Scenario, second: &Scenario) -> [Vec<String>; 2] {
    let names = |scenario: &Scenario| -> BTreeSet<String> {
        let own = scenario.objects.iter().filter_map(|object| match object {
            Object::Job(job) => Some(format!("Job {}", job.name)),
            Object::CronJob(cron_job) => Some(format!("CronJob {}", cron_job.name)),
            _ => None,
        });
        own.chain(scenario.arrivals.iter().map(|arrivals| format!("Job {}", arrivals.template.name))).collect()
    };
    let (first, second) = (names(first), names(second));
    [first.difference(&second).cloned().collect(), second.difference(&first).cloned().collect()]
}

/// Each metric, and then each phase, on both sides.
pub fn compare(
    first: &Side,
    second: &Side,
    measures: &[Measure],
    confidence: f64,
    seed: u64,
) -> (Vec<Difference>, Vec<Difference>) {
    let names = measures.iter().map(|measure| measure.name.as_str()).chain(PHASES);
    let mut all: Vec<Difference> = names
        .enumerate()
        .map(|(at, name)| {
            let pairs: Vec<(f64, f64)> = first.rows.iter().zip(&second.rows).map(|(a, b)| (a[at], b[at])).collect();
            let is_share = measures.get(at).and_then(Measure::metric) == Some(Metric::Complete);
            let of = if is_share { interval::of_share_changes } else { interval::student };
            difference(name, &pairs, of, confidence, seed)
        })
        .collect();
    let phases = all.split_off(measures.len());
    (all, phases)
}

/// How sure a mean is, at a confidence.
type IntervalOf = fn(&[f64], f64) -> Option<Interval>;

fn difference(name: &str, pairs: &[(f64, f64)], of: IntervalOf, confidence: f64, seed: u64) -> Difference {
    let all = pairs.len();
    let pairs: Vec<(f64, f64)> = pairs.iter().copied().filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
    let first: Moments = pairs.iter().map(|pair| pair.0).collect();
    let second: Moments = pairs.iter().map(|pair| pair.1).collect();
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
    let spread: Moments = differences.iter().copied().collect();
    let apart = first.variance().zip(second.variance()).map(|(a, b)| a + b);
    let mut signs = [0; 3];
    for difference in &differences {
        signs[if *difference < 0.0 { 0 } else { 1 + usize::from(*difference > 0.0) }] += 1;
    }
    Difference {
        name: name.to_owned(),
        first: first.mean().unwrap_or(f64::NAN),
        second: second.mean().unwrap_or(f64::NAN),
        paired: of(&differences, confidence),
        bootstrap: interval::bootstrap(&differences, confidence, seed),
        saving: apart.zip(spread.variance()).filter(|(_, paired)| *paired > 0.0).map(|(apart, paired)| apart / paired),
        signs,
        without: (all - pairs.len()) as u32,
    }
}

impl Difference {
    /// Pairs of which both sides have a value.
    pub fn pairs(&self) -> u32 {
        self.signs.iter().sum()
    }

    /// What can be said.
    pub fn verdict(&self) -> Verdict {
        let Some(paired) = self.paired else { return Verdict::Unknown };
        match self.signs {
            [0, _, 0] => Verdict::Same,
            _ if paired.high < 0.0 => Verdict::Less,
            _ if paired.low > 0.0 => Verdict::More,
            _ => Verdict::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::read_str;

    #[test]
    fn verdicts() {
        let check = |pairs: &[(f64, f64)], verdict| {
            let found = difference("x", pairs, interval::student, 0.95, 0);
            assert_eq!(found.verdict(), verdict, "{found:?}");
        };
        check(&[(1.0, 1.0), (2.0, 2.0)], Verdict::Same);
        check(&[(1.0, 2.0), (2.0, 3.0)], Verdict::More);
        check(&[(1.0, 0.0), (5.0, 3.9), (9.0, 8.1)], Verdict::Less);
        check(&[(1.0, 0.0), (5.0, 7.0), (9.0, 8.1)], Verdict::Unknown);
        check(&[(1.0, 0.0)], Verdict::Unknown);
        let some =
            difference("x", &[(1.0, f64::NAN), (2.0, 3.0), (f64::NAN, 3.0), (2.0, 5.0)], interval::student, 0.95, 0);
        assert_eq!((some.first, some.second, some.pairs(), some.without), (2.0, 4.0, 2, 2));
        assert_eq!(difference("x", &[(1.0, 2.0), (2.0, 3.0)], interval::student, 0.95, 0).saving, None);
        // Thirty that no longer complete do not make it sure that none would.
        let shares = difference("complete", &[(1.0, 0.0); 30], interval::of_share_changes, 0.95, 0);
        let paired = shares.paired.expect("an interval");
        assert!(paired.low == -1.0 && (-0.9..-0.8).contains(&paired.high), "{paired:?}");
    }

    fn job(parallelism: u32, startup: &str) -> Scenario {
        read_str(&format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{completions: 8, parallelism: {parallelism}, \
             template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: \
             jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, pods: [{{startup: {startup}, duration: \
             {{exponential: {{mean: 9s}}}}}}]}}"
        ))
        .expect("a scenario")
    }

    #[test]
    fn batches_and_their_finer_pieces_are_kept() {
        let laboratory = Laboratory::new(1).expect("a thread");
        let measures = [Measure::of(Metric::Makespan), Measure::of(Metric::Pods)];
        let steady = Steady::new(crate::kernel::time::SimDuration::ZERO, 4);
        let side =
            |parallelism| Side::run(&laboratory, &job(parallelism, "1s"), 3, &measures, Some(steady)).expect("runs");
        let (first, second) = (side(2), side(4));
        assert_eq!((first.rows.len(), first.rows[0].len()), (3 * 4, 2 + PHASES.len()));
        assert_eq!((first.pieces.len(), first.pieces[0].len()), (3, 200));
        // One Job has nothing to follow it.
        assert_eq!(memory(&first, &second, steady), 0.0);
    }

    #[test]
    fn phases_make_up_the_difference() {
        let laboratory = Laboratory::new(2).expect("threads");
        let measures = [Measure::of(Metric::Makespan)];
        let side = |scenario: &Scenario| Side::run(&laboratory, scenario, 100, &measures, None).expect("runs");
        let (metrics, phases) = compare(&side(&job(8, "1s")), &side(&job(8, "3s")), &measures, 0.95, 0);
        // All pods start at once: two seconds of starting more, and nothing else.
        let mean = |difference: &Difference| difference.second - difference.first;
        assert!((mean(&metrics[0]) - 2.0).abs() < 1e-6, "{metrics:?}");
        let starting = phases.iter().find(|phase| phase.name == "starting").expect("a phase");
        assert!((mean(starting) - 2.0).abs() < 1e-6, "{phases:?}");
        let sum: f64 = phases.iter().map(mean).sum();
        assert!((sum - mean(&metrics[0])).abs() < 1e-6);
        let (metrics, phases) = compare(&side(&job(2, "1s")), &side(&job(4, "1s")), &measures, 0.95, 0);
        assert_eq!(metrics[0].verdict(), Verdict::Less);
        let sum: f64 = phases.iter().map(mean).sum();
        assert!((sum - mean(&metrics[0])).abs() < 1e-6, "{phases:?}");
    }
}
