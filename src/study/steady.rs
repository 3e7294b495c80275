//! Steady-state questions: what begins during the warm-up is left out, and the rest of each run is cut into batches.
//!
//! A run that starts empty says little of the queue that it fills; deleting its beginning takes that out (Welch). What is
//! left is one long series whose neighbours depend on each other, so its parts' means, not its values, are what an
//! interval is made of (batch means; Law, Simulation Modeling and Analysis, 9.5). Batches have equal numbers of Jobs.

use serde::{Deserialize, Serialize};

use crate::kernel::time::{SimDuration, SimTime};
use crate::record::gauge::{Gauge, PodSpan};

/// Which parts of a run are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Steady {
    /// Jobs created before this many nanoseconds have passed are left out, with their pods.
    pub warm_up_nanos: u64,
    /// Parts that the rest is cut into; 1: it is measured as a whole.
    pub batches: u32,
}

impl Steady {
    /// After a warm-up, in so many batches.
    pub fn new(warm_up: SimDuration, batches: u32) -> Steady {
        Steady { warm_up_nanos: warm_up.0, batches: batches.max(1) }
    }

    /// Reads each batch of a run in order; one in which nothing begins is absent.
    ///
    /// A Job belongs, with its pods, to the batch in which it was created, and all of its life is measured there. Nodes,
    /// and what waited for tokens, are cut at the creation of each batch's first Job. In a run of bare pods alone, these
    /// are what is counted.
    pub fn each(self, gauge: &Gauge, mut read: impl FnMut(Option<&Gauge>)) {
        let warm_up = SimTime::ZERO + SimDuration(self.warm_up_nanos);
        let born: Vec<SimTime> = match gauge.jobs.as_slice() {
            [] => gauge.pods.iter().map(|pod| pod.created).filter(|created| *created >= warm_up).collect(),
            jobs => jobs.iter().map(|job| job.created).filter(|created| *created >= warm_up).collect(),
        };
        let early = gauge.jobs.iter().filter(|job| job.created < warm_up).count();
        let batches = self.batches as usize;
        // Which of the counted objects is the first of a batch.
        let bound = |batch: usize| (born.len() as u128 * batch as u128 / batches as u128) as usize;
        let start = |batch: usize| match born.get(bound(batch)) {
            Some(_) if batch == 0 => warm_up,
            Some(created) => *created,
            None => gauge.end,
        };
        let mut pods: Vec<Vec<PodSpan>> = vec![Vec::new(); batches];
        let starts: Vec<SimTime> = (0..batches).map(start).collect();
        let bounds: Vec<usize> = (1..=batches).map(bound).collect();
        for (place, pod) in gauge.pods.iter().enumerate() {
            let (batch, job) = match (pod.job as usize).checked_sub(early) {
                _ if gauge.jobs.is_empty() => {
                    let early = gauge.pods.len() - born.len();
                    let Some(place) = place.checked_sub(early) else { continue };
                    (bounds.partition_point(|bound| *bound <= place), pod.job)
                }
                Some(job) if job < born.len() => {
                    let batch = bounds.partition_point(|bound| *bound <= job);
                    (batch, (job - bound(batch)) as u32)
                }
                Some(_) if pod.created >= warm_up => {
                    (starts.partition_point(|start| *start <= pod.created).saturating_sub(1), pod.job)
                }
                _ => continue,
            };
            pods[batch].push(PodSpan { job, ..*pod });
        }
        let mut part = gauge.without_spans();
        for (batch, pods) in pods.into_iter().enumerate() {
            if bound(batch) == bound(batch + 1) {
                read(None);
                continue;
            }
            part.pods = pods;
            part.jobs.clear();
            part.jobs.extend(gauge.jobs.iter().skip(early + bound(batch)).take(bound(batch + 1) - bound(batch)));
            let end = if batch + 1 == batches { gauge.end } else { start(batch + 1) };
            part.window = Some((start(batch), end));
            read(Some(&part));
        }
    }

    /// The same run cut more finely, into some hundreds of pieces, each a part of one batch as nearly as numbers of Jobs
    /// allow: what tells how long the run remembers.
    pub fn finer(self) -> Steady {
        let pieces = (PIECES.div_ceil(self.batches)).max(LEAST_PIECES);
        Steady { batches: self.batches.saturating_mul(pieces), ..self }
    }

    /// How long a run remembers, as a share of a batch: what the means of [`Steady::finer`] pieces have in common with
    /// later ones, added up over all lags (the integrated autocorrelation time, less that of independent pieces).
    ///
    /// Batch means would tell the same only if there were hundreds of them: the twenty that an interval needs hide a
    /// correlation of a half as often as not. Lags are summed in pairs for as long as a pair is above 0 (Geyer, Practical
    /// Markov Chain Monte Carlo, 1992). Pieces in which nothing began are not numbers and left out, so that
    /// neighbours are those that follow each other: of a run with fewer Jobs than pieces, its Jobs. 0 where nothing varies.
    pub fn memory(self, pieces: &[f64]) -> f64 {
        let known: Vec<f64> = pieces.iter().copied().filter(|value| !value.is_nan()).collect();
        let count = known.len() as f64;
        let mean = known.iter().sum::<f64>() / count;
        let apart: Vec<f64> = known.iter().map(|value| value - mean).collect();
        let variance = apart.iter().map(|value| value * value).sum::<f64>() / count;
        if !(variance > 0.0 && variance.is_finite()) {
            return 0.0;
        }
        // Divided by all pieces, not by the pairs of this lag: far lags, which few pairs tell of, weigh less.
        let correlation = |lag: usize| -> f64 {
            let products = apart.iter().zip(apart.iter().skip(lag)).map(|(first, later)| first * later);
            products.sum::<f64>() / (count * variance)
        };
        let mut sum = correlation(1).max(0.0);
        let mut lag = 2;
        while sum > 0.0 && lag + 1 < known.len().min(MOST_LAGS) {
            let pair = correlation(lag) + correlation(lag + 1);
            if pair <= 0.0 {
                break;
            }
            (sum, lag) = (sum + pair, lag + 2);
        }
        2.0 * sum * f64::from(self.batches) / count.max(1.0)
    }
}

/// Pieces of a run by which its memory is judged, about.
const PIECES: u32 = 200;

/// Least pieces of a batch.
const LEAST_PIECES: u32 = 4;

/// Lags that are looked at, at most: what is remembered for longer is far too long anyway.
const MOST_LAGS: usize = 1000;

/// Memory of more than this share of a batch makes intervals too narrow to be trusted: those of 95 % then hold the mean in
/// fewer than 93 of 100 studies, and in ever fewer as it grows.
pub const LONG_MEMORY: f64 = 0.25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::PodPhase;
    use crate::kernel::rng::{Purpose, Streams};
    use crate::record::BARE;
    use crate::record::gauge::JobSpan;
    use crate::record::measure::Metric;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    /// A Job every ten seconds, each of a pod that waits as many seconds as it has Jobs before it.
    fn queue(jobs: u32, owner: impl Fn(u32) -> u32) -> Gauge {
        let created = |n: u32| at(u64::from(n) * 10);
        let pod = |n| {
            let started = created(n) + SimDuration::from_secs(n.into());
            let ended = started + SimDuration::from_secs(5);
            let (created, scheduled, started, ended) = (created(n), Some(started), Some(started), Some(ended));
            PodSpan { job: owner(n), created, scheduled, started, ended, phase: PodPhase::Succeeded, restarts: 0 }
        };
        let job = |n| JobSpan { created: created(n), ended: pod(n).ended, complete: true };
        let jobs_of = |n| if owner(0) == BARE { Vec::new() } else { (0..n).map(job).collect() };
        let mut gauge = Gauge::default();
        (gauge.pods, gauge.jobs, gauge.end) = ((0..jobs).map(pod).collect(), jobs_of(jobs), at(200));
        gauge
    }

    fn means(steady: Steady, gauge: &Gauge, metric: Metric) -> Vec<f64> {
        let mut found = Vec::new();
        steady.each(gauge, |part| found.push(part.map_or(f64::NAN, |part| metric.of(part))));
        found
    }

    #[test]
    fn what_begins_early_is_left_out_and_the_rest_cut_evenly() {
        for owner in [(|n| n) as fn(u32) -> u32, |_| BARE] {
            let gauge = queue(9, owner);
            let check = |warm_up, batches, wanted: &[f64]| {
                let steady = Steady::new(SimDuration::from_secs(warm_up), batches);
                assert_eq!(means(steady, &gauge, Metric::Wait), wanted, "{warm_up} {batches}");
            };
            check(0, 1, &[4.0]);
            check(21, 1, &[5.5]);
            check(21, 3, &[3.5, 5.5, 7.5]);
            check(20, 3, &[2.5, 4.5, 7.0]);
            check(0, 9, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        }
    }

    #[test]
    fn a_batch_is_measured_like_a_run() {
        let mut gauge = queue(9, |n| n);
        gauge.token_waits = vec![(at(5), SimDuration::from_secs(1)), (at(55), SimDuration::from_secs(2))];
        let steady = Steady::new(SimDuration::from_secs(21), 3);
        assert_eq!(means(steady, &gauge, Metric::Pods), [2.0, 2.0, 2.0]);
        // From the creation of the fifth Job, at 50 s, to the end of the sixth, which came at 60 s.
        assert_eq!(means(steady, &gauge, Metric::Makespan)[1], 21.0);
        assert_eq!(means(steady, &gauge, Metric::Stretch)[0], (8.0 / 5.0 + 9.0 / 5.0) / 2.0);
        assert_eq!(means(steady, &gauge, Metric::ControlPlaneWait), [0.0, 2.0, 0.0]);
    }

    #[test]
    fn a_batch_in_which_nothing_begins_has_no_value() {
        let found = means(Steady::new(SimDuration::from_secs(60), 5), &queue(9, |n| n), Metric::Pods);
        assert_eq!(found.iter().filter(|mean| mean.is_nan()).count(), 2, "{found:?}");
        assert!(means(Steady::new(SimDuration::from_secs(99), 1), &queue(9, |n| n), Metric::Pods)[0].is_nan());
    }

    #[test]
    fn what_a_run_remembers_is_told_from_its_pieces() {
        let steady = Steady::new(SimDuration::ZERO, 20);
        assert_eq!((steady.finer().batches, Steady::new(SimDuration::ZERO, 300).finer().batches), (200, 1200));
        // Each piece keeps a share of the one before and adds noise: the sum over lags is share / (1 - share) pieces.
        let remember = |share: f64| {
            let mut streams = Streams::new(5, 0);
            let mut stream = streams.stream(Purpose(0), 1);
            let mut value = 0.0;
            let mut next = || {
                value = share * value + stream.unit() - 0.5;
                value
            };
            steady.memory(&(0..200).map(|_| next()).collect::<Vec<f64>>())
        };
        // Of ten pieces to a batch: 0, 0.2 and 1.8, of which a run of twenty batches sees a part.
        assert!(remember(0.0) < 0.1, "{}", remember(0.0));
        assert!((0.1..0.35).contains(&remember(0.5)), "{}", remember(0.5));
        assert!(remember(0.9) > 0.5, "{}", remember(0.9));
        // A trend is remembered whether every piece tells of it or one in three.
        let sparse =
            |step: usize| (0..180).map(|n| if n % step == 0 { n as f64 } else { f64::NAN }).collect::<Vec<f64>>();
        assert!(steady.memory(&sparse(1)) > 0.5, "{}", steady.memory(&sparse(1)));
        assert!(steady.memory(&sparse(3)) > 0.5, "{}", steady.memory(&sparse(3)));
        assert_eq!(steady.memory(&[1.0; 200]), 0.0);
        assert_eq!(steady.memory(&[f64::NAN; 200]), 0.0);
        assert_eq!(steady.memory(&[]), 0.0);
    }
}
