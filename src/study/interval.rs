//! How sure a mean is: Student's t interval and the percentile bootstrap.

use rayon::prelude::*;

use crate::kernel::dist::normal_quantile;
use crate::kernel::rng::{Purpose, Streams};
use crate::kernel::stats::{Moments, quantile};

/// Resamples of a bootstrap; of long samples fewer, as many as so many draws make, and these at least.
const RESAMPLES: usize = 1000;
const DRAWS: usize = 4_000_000;
const LEAST_RESAMPLES: usize = 200;

/// The draws of bootstraps: a number that no simulated thing has, nor any of the seven after it.
const BOOTSTRAP: Purpose = Purpose(0x4000);

/// A mean and the bounds it lies within, at some confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub mean: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Interval {
    /// Half its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Half its width as a share of the mean; 0 for a mean that is known exactly.
    pub fn relative(&self) -> f64 {
        if self.half_width() == 0.0 { 0.0 } else { self.half_width() / self.mean.abs() }
    }

    /// Does it hold this value?
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Student's t interval of the mean of independent values; of two values at least.
pub fn student(values: &[f64], confidence: f64) -> Option<Interval> {
    let moments: Moments = values.iter().copied().collect();
    let (mean, deviation) = (moments.mean()?, moments.stddev()?);
    let count = moments.count() as f64;
    let half = t_quantile(0.5 + confidence / 2.0, count - 1.0) * deviation / count.sqrt();
    Some(Interval { mean, low: mean - half, high: mean + half })
}

/// The interval of the mean of values that are shares, 0 to 1, and never reach beyond: Wilson's where each is all or
/// nothing, which knows that a hundred hits are no certainty; of others Student's, cut at 0 and 1.
pub fn of_shares(values: &[f64], confidence: f64) -> Option<Interval> {
    if values.len() > 1 && values.iter().all(|value| *value == 0.0 || *value == 1.0) {
        let hits = values.iter().filter(|value| **value == 1.0).count();
        return Some(share(hits as u64, values.len() as u64, confidence));
    }
    let Interval { mean, low, high } = student(values, confidence)?;
    Some(Interval { mean, low: low.max(0.0), high: high.min(1.0) })
}

/// The interval of the mean of what shares changed by, -1 to 1: where each was all or nothing before and after that of
/// Agresti and Min (2005), which adds half a pair of each sort, so that a few pairs that all agree are no certainty; of
/// others Student's, cut at -1 and 1.
pub fn of_share_changes(changes: &[f64], confidence: f64) -> Option<Interval> {
    let Interval { mean, low, high } = student(changes, confidence)?;
    let mut bounds = (low, high);
    if changes.iter().all(|change| matches!(*change, -1.0 | 0.0 | 1.0)) {
        let count = |wanted: f64| changes.iter().filter(|change| **change == wanted).count() as f64 + 0.5;
        let (less, more, all) = (count(-1.0), count(1.0), changes.len() as f64 + 2.0);
        let centre = (more - less) / all;
        let half =
            normal_quantile(0.5 + confidence / 2.0) * (more + less - (more - less) * centre).max(0.0).sqrt() / all;
        bounds = (centre - half, centre + half);
    }
    Some(Interval { mean, low: bounds.0.max(-1.0), high: bounds.1.min(1.0) })
}

/// How many values would make half of a [`student`] interval as wide as `wanted`, judged by the `half` that so many
/// `values` made. Few values make wide intervals by their number alone, which more of them cure; so the quantile is that
/// of the number suggested. Not a number if the width is none; infinite if nothing is wanted.
pub fn needed(values: f64, half: f64, wanted: f64, confidence: f64) -> f64 {
    let p = 0.5 + confidence / 2.0;
    // What the values vary by, in units of what is wanted.
    let spread = half * values.sqrt() / t_quantile(p, values - 1.0) / wanted;
    let square = |quantile: f64| (quantile * spread) * (quantile * spread);
    let mut count = square(normal_quantile(p)).ceil();
    if !count.is_finite() {
        return count;
    }
    count = count.max(2.0);
    // The normal quantile is the lesser one, so the answer is a few values further; of very many that is no matter.
    while count < ALIKE && square(t_quantile(p, count - 1.0)) > count * (1.0 + 1e-9) {
        count += 1.0;
    }
    count
}

/// So many values and one more make no difference to the quantile.
const ALIKE: f64 = 1e5;

/// The percentile bootstrap of the mean: what the means of samples drawn from the sample lie between. On all threads of
/// the pool that it is called in.
pub fn bootstrap(values: &[f64], confidence: f64, seed: u64) -> Option<Interval> {
    let mean = values.iter().copied().collect::<Moments>().mean().filter(|_| values.len() > 1)?;
    // Of values that are all the same every resample is.
    let varies = values.iter().any(|value| value.to_bits() != values[0].to_bits());
    let resamples = if varies { (DRAWS / values.len()).clamp(LEAST_RESAMPLES, RESAMPLES) } else { 1 };
    // Each resample has draws of its own, so it does not matter who makes it.
    let mut means: Vec<f64> =
        (0..resamples as u64).into_par_iter().map(|number| resampled_mean(values, seed, number)).collect();
    means.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval { mean, low: quantile(&means, tail)?, high: quantile(&means, 1.0 - tail)? })
}

/// The mean of as many values drawn from these, with replacement.
fn resampled_mean(values: &[f64], seed: u64, resample: u64) -> f64 {
    let mut streams = Streams::new(seed, 0);
    let mut stream = streams.stream(BOOTSTRAP, resample);
    let (mut sum, mut left) = (0.0, values.len());
    while left > 0 {
        // Each half of a draw chooses a value.
        let halves = stream.next_eight().into_iter().flat_map(|draw| [draw & 0xffff_ffff, draw >> 32]);
        for bits in halves.take(left) {
            sum += values[((bits * values.len() as u64) >> 32) as usize];
        }
        left = left.saturating_sub(16);
    }
    sum / values.len() as f64
}

/// Bounds of a share of which `hits` of `count` were seen: Wilson's score interval, which holds near 0 and 1.
pub fn share(hits: u64, count: u64, confidence: f64) -> Interval {
    if count == 0 {
        return Interval { mean: f64::NAN, low: 0.0, high: 1.0 };
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    let (n, p) = (count as f64, hits as f64 / count as f64);
    let denominator = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / denominator;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / denominator;
    // At the ends the bounds are exact.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits == count { 1.0 } else { (centre + half).min(1.0) };
    Interval { mean: p, low, high }
}

/// The value that a share `p` of Student's t distribution with so many degrees of freedom does not exceed.
pub fn t_quantile(p: f64, degrees: f64) -> f64 {
    if p < 0.5 {
        return -t_quantile(1.0 - p, degrees);
    }
    // The distribution function grows, so halving an interval that holds the value finds it.
    let (mut low, mut high) = (0.0, 1.0);
    while t_cdf(high, degrees) < p && high < 1e12 {
        (low, high) = (high, high * 2.0);
    }
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if t_cdf(middle, degrees) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// The share of Student's t distribution up to `t`, not below 0.
fn t_cdf(t: f64, degrees: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t))
}

/// The regularised incomplete beta function by its continued fraction (Lentz's method).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on one side of the mean; the other is its mirror.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let log_front = log_gamma_ratio(a, b) + a * libm::log(x) + b * libm::log1p(-x);
    let tiny = 1e-300;
    let (mut c, mut d) = (1.0, 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0), tiny));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / guarded(1.0 + term * d, tiny);
            c = guarded(1.0 + term / c, tiny);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    libm::exp(log_front) * fraction / a
}

/// `log(gamma(a + b) / (gamma(a) gamma(b)))`, of which the first two nearly cancel for great `a`.
fn log_gamma_ratio(a: f64, b: f64) -> f64 {
    if a > 1e6 && b < 1.0 {
        // gamma(a + b) / gamma(a) comes to a^b (1 + b (b - 1) / 2a).
        return b * libm::log(a) + libm::log1p(b * (b - 1.0) / (2.0 * a)) - libm::lgamma(b);
    }
    libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
}

fn guarded(value: f64, tiny: f64) -> f64 {
    if value.abs() < tiny { tiny } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Stream;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, and the normal distribution in the last row.
        let check = |p, degrees, golden: f64| {
            let found = t_quantile(p, degrees);
            assert!((found - golden).abs() < 6e-4, "t({p}, {degrees}) = {found}");
        };
        check(0.975, 1.0, 12.706);
        check(0.975, 2.0, 4.303);
        check(0.975, 4.0, 2.776);
        check(0.975, 9.0, 2.262);
        check(0.975, 30.0, 2.042);
        check(0.975, 100.0, 1.984);
        check(0.95, 5.0, 2.015);
        check(0.995, 10.0, 3.169);
        check(0.999, 3.0, 10.215);
        check(0.975, 1e12, 1.960);
        check(0.975, 3e6, 1.960);
        check(0.025, 9.0, -2.262);
        assert!(t_quantile(0.5, 7.0).abs() < 1e-9);
    }

    #[test]
    fn an_interval_by_hand() {
        // Mean 3, deviation sqrt(2.5), t(0.975, 4) = 2.7764.
        let interval = student(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert!((interval.half_width() - 2.7764 * (2.5f64 / 5.0).sqrt()).abs() < 1e-3, "{interval:?}");
        assert_eq!(student(&[1.0], 0.95), None);
        assert_eq!(bootstrap(&[1.0], 0.95, 0), None);
        assert_eq!(student(&[2.0, 2.0], 0.95).unwrap().relative(), 0.0);
    }

    #[test]
    fn shares_stay_between_nothing_and_all() {
        let all = of_shares(&[1.0; 16], 0.95).unwrap();
        assert!(all.mean == 1.0 && all.high == 1.0 && (0.7..0.9).contains(&all.low), "{all:?}");
        let parts = of_shares(&[1.0, 0.9, 1.0, 0.95], 0.95).unwrap();
        assert!(parts.high == 1.0 && parts.low < 0.95, "{parts:?}");
        assert_eq!((of_shares(&[1.0], 0.95), of_shares(&[], 0.95)), (None, None));
    }

    #[test]
    fn few_values_do_not_ask_for_too_many_more() {
        // Two values 1 apart: half is 12.7 times 0.5. To know the mean to 0.5 takes t(n - 1) 0.707 / sqrt(n) < 0.5.
        let half = student(&[1.0, 2.0], 0.95).unwrap().half_width();
        assert_eq!(needed(2.0, half, 0.5, 0.95), 11.0);
        assert_eq!(needed(100.0, 2.0, 1.0, 0.95), 393.0);
        // As many as there are make what they made.
        assert_eq!(needed(40.0, 3.0, 3.0, 0.95), 40.0);
        assert!(needed(10.0, 0.0, 0.0, 0.95).is_nan() && needed(10.0, 1.0, 0.0, 0.95).is_infinite());
    }

    #[test]
    fn shares_near_one_keep_room() {
        // Agresti and Coull (1998): 0 of 10 at 95 % is 0 to 0.278.
        let interval = share(0, 10, 0.95);
        assert!(interval.low == 0.0 && (interval.high - 0.2775).abs() < 1e-3, "{interval:?}");
        assert!(share(10, 10, 0.95).low < 0.73);
        assert!(share(0, 0, 0.95).mean.is_nan());
    }

    /// In how large a share of studies of 40 values the interval holds the mean.
    fn coverage(studies: u64, draw: fn(&mut Stream<'_>) -> f64, mean: f64, of: fn(&[f64], u64) -> Interval) -> f64 {
        let mut streams = Streams::new(7, 0);
        let hits = (0..studies).filter(|&study| {
            let mut stream = streams.stream(Purpose(0), study);
            let values: Vec<f64> = (0..40).map(|_| draw(&mut stream)).collect();
            of(&values, study).contains(mean)
        });
        hits.count() as f64 / studies as f64
    }

    #[test]
    fn intervals_hold_the_mean_as_often_as_they_say() {
        let t = |values: &[f64], _| student(values, 0.95).unwrap();
        let resampled = |values: &[f64], seed| bootstrap(values, 0.95, seed).unwrap();
        let uniform = |stream: &mut Stream<'_>| stream.unit();
        let exponential = |stream: &mut Stream<'_>| -libm::log(stream.unit());
        // Three standard errors of a share are 2 % of 1,000 studies and 3.3 % of 400; skewed values cost both some coverage.
        assert!((coverage(1000, uniform, 0.5, t) - 0.95).abs() < 0.02);
        assert!((coverage(400, uniform, 0.5, resampled) - 0.95).abs() < 0.035);
        assert!((coverage(1000, exponential, 1.0, t) - 0.93).abs() < 0.03);
        assert!((coverage(400, exponential, 1.0, resampled) - 0.92).abs() < 0.04);
    }
}
