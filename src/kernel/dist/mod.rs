//! Distributions of run times, exit codes, numbers of pods and everything else that chance decides.
//!
//! Every draw is an inversion: one number of the stream gives one value, and a greater number a greater value. Two
//! scenarios that share a stream so stay comparable even where their distributions differ. All functions come from
//! `libm`, which gives the same bits on every platform.

mod check;
mod inverse;
mod weights;

use self::weights::Weights;
use super::rng::Stream;

pub use self::check::DistributionError;
pub use self::inverse::normal as normal_quantile;

/// How often which value comes up. Values are whole numbers in the caller's unit: nanoseconds for durations.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution(Family);

/// The families. What has no spread is always a `Constant`; the parts of a `Mixture` are never mixtures.
#[derive(Clone, Debug, PartialEq)]
enum Family {
    Constant(i64),
    Uniform { min: i64, max: i64 },
    Exponential { min: f64, mean_excess: f64 },
    Normal { mean: f64, stddev: f64 },
    Lognormal { mu: f64, sigma: f64 },
    Weibull { shape: f64, scale: f64 },
    Gamma { shape: f64, mean: f64 },
    Pareto { min: f64, alpha: f64 },
    Triangular { min: f64, mode: f64, max: f64 },
    Empirical(Box<[i64]>),
    Weighted(Weights<i64>),
    Mixture(Weights<Distribution>),
}

impl Distribution {
    /// A value: rounded to the nearest whole number, kept within `i64`, and not below 0 unless `fixed`, `uniform` or
    /// `weighted` were given values below 0.
    ///
    /// Takes one draw of the stream, two for a mixture, none for a constant.
    pub fn sample(&self, stream: &mut Stream<'_>) -> i64 {
        match &self.0 {
            Family::Constant(value) => *value,
            Family::Mixture(parts) => {
                let part = parts.at(stream.unit());
                part.value_at(stream.unit())
            }
            _ => self.value_at(stream.unit()),
        }
    }

    /// The value that a share `u` of all draws does not exceed, `u` between 0 and 1; none of a mixture, whose draws take
    /// two numbers.
    pub fn at(&self, u: f64) -> Option<i64> {
        match &self.0 {
            Family::Mixture(_) => None,
            Family::Constant(value) => Some(*value),
            _ => Some(self.value_at(u)),
        }
    }

    /// The value, if it is always the same.
    pub fn constant(&self) -> Option<i64> {
        match self.0 {
            Family::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The expected value, before values are rounded; infinite for a Pareto distribution with alpha up to 1.
    pub fn mean(&self) -> f64 {
        match &self.0 {
            Family::Constant(value) => *value as f64,
            Family::Uniform { min, max } => *min as f64 / 2.0 + *max as f64 / 2.0,
            Family::Exponential { min, mean_excess } => min + mean_excess,
            Family::Normal { mean, stddev } => mean + stddev * inverse::normal_hazard(mean / stddev),
            Family::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Family::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Family::Gamma { mean, .. } => *mean,
            Family::Pareto { alpha, .. } if *alpha <= 1.0 => f64::INFINITY,
            Family::Pareto { min, alpha } => min * (alpha / (alpha - 1.0)),
            Family::Triangular { min, mode, max } => min / 3.0 + mode / 3.0 + max / 3.0,
            Family::Empirical(values) => {
                let count = values.len() as f64;
                values.iter().map(|value| *value as f64 / count).sum()
            }
            Family::Weighted(values) => values.mean(|value| *value as f64),
            Family::Mixture(parts) => parts.mean(Distribution::mean),
        }
    }

    /// The value that a share `u` of all draws does not exceed, `u` between 0 and 1. Of a mixture: not defined by one
    /// number, the parts have their own.
    fn value_at(&self, u: f64) -> i64 {
        match &self.0 {
            Family::Uniform { min, max } => uniform_at(*min, *max, u),
            Family::Empirical(values) => values[((u * values.len() as f64) as usize).min(values.len() - 1)],
            Family::Weighted(values) => *values.at(u),
            // A float becomes an integer by saturation.
            _ => self.quantile(u).round().max(0.0) as i64,
        }
    }

    /// The same of the continuous families.
    fn quantile(&self, u: f64) -> f64 {
        match self.0 {
            Family::Exponential { min, mean_excess } => min + mean_excess * -libm::log1p(-u),
            // The share above, of all that is above 0.
            Family::Normal { mean, stddev } => {
                mean - stddev * inverse::normal((1.0 - u) * inverse::normal_cdf(mean / stddev))
            }
            Family::Lognormal { mu, sigma } => libm::exp(mu + sigma * inverse::normal(u)),
            Family::Weibull { shape, scale } => scale * libm::pow(-libm::log1p(-u), 1.0 / shape),
            Family::Gamma { shape, mean } => inverse::gamma(shape, u) * (mean / shape),
            Family::Pareto { min, alpha } => min * libm::exp(-libm::log1p(-u) / alpha),
            Family::Triangular { min, mode, max } => {
                let (width, left) = (max - min, mode - min);
                match u * width < left {
                    true => min + (u * width * left).sqrt(),
                    false => max - ((1.0 - u) * width * (max - mode)).sqrt(),
                }
            }
            Family::Constant(value) => value as f64,
            Family::Uniform { .. } | Family::Empirical(_) | Family::Weighted(_) | Family::Mixture(_) => {
                unreachable!("not a continuous family: {self:?}")
            }
        }
    }
}

/// One of the whole numbers from `min` to `max`, each as likely as the others.
fn uniform_at(min: i64, max: i64, u: f64) -> i64 {
    let steps = max.abs_diff(min);
    let step = (u * (steps as f64 + 1.0)) as u64;
    min.saturating_add_unsigned(step.min(steps))
}

#[cfg(test)]
mod tests;
