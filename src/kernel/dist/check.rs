//! Distributions from parameters as people write them: checked, and constant where nothing is left to chance.

use super::weights::Weights;
use super::{Distribution, Family, inverse};

/// Why parameters make no distribution. Names the parameter as it is written in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DistributionError {
    /// Infinite, or not a number at all.
    #[error("{0} must be a finite number")]
    NotFinite(&'static str),
    /// Below 0.
    #[error("{0} must not be negative")]
    Negative(&'static str),
    /// 0 or below.
    #[error("{0} must be greater than 0")]
    NotPositive(&'static str),
    /// Two parameters the wrong way round.
    #[error("{0} must not be less than {1}")]
    Less(&'static str, &'static str),
    /// Two parameters that must differ, equal or the wrong way round.
    #[error("{0} must be greater than {1}")]
    NotGreater(&'static str, &'static str),
    /// A parameter so small beside another that values leave the range of numbers.
    #[error("{0} is too small for this {1}")]
    TooSmall(&'static str, &'static str),
    /// Nothing to choose from.
    #[error("values must not be empty")]
    NoValues,
    /// Nothing that could be chosen.
    #[error("at least one weight must be greater than 0")]
    NoWeight,
}

use DistributionError::*;

type Checked = Result<Distribution, DistributionError>;

impl Distribution {
    /// Always `value`.
    pub fn fixed(value: i64) -> Distribution {
        Distribution(Family::Constant(value))
    }

    /// Always `value`, rounded to a whole number; may be below 0.
    pub fn constant_value(value: f64) -> Checked {
        Ok(Distribution::fixed(finite("constant", value)?.round() as i64))
    }

    /// Each whole number from `min` to `max`, both included, equally often; may be below 0.
    pub fn uniform(min: f64, max: f64) -> Checked {
        let (low, high) = (finite("min", min)?.round() as i64, finite("max", max)?.round() as i64);
        if max < min {
            return Err(Less("max", "min"));
        }
        Ok(match low == high {
            true => Distribution::fixed(low),
            false => Distribution(Family::Uniform { min: low, max: high }),
        })
    }

    /// Times between events that know nothing of each other.
    pub fn exponential(mean: f64) -> Checked {
        Ok(Distribution(Family::Exponential { min: 0.0, mean_excess: positive("mean", mean)? }))
    }

    /// `min` and an exponentially distributed time more; `mean` is the mean of the sum.
    pub fn shifted_exponential(min: f64, mean: f64) -> Checked {
        let (min, mean) = (not_negative("min", min)?, positive("mean", mean)?);
        if mean <= min {
            return Err(NotGreater("mean", "min"));
        }
        Ok(Distribution(Family::Exponential { min, mean_excess: mean - min }))
    }

    /// A normal distribution of which only what is above 0 counts; `mean` and `stddev` are those before the cut.
    pub fn normal(mean: f64, stddev: f64) -> Checked {
        let (mean, stddev) = (not_negative("mean", mean)?, not_negative("stddev", stddev)?);
        Ok(match stddev == 0.0 {
            true => Distribution::fixed(mean.round() as i64),
            false => Distribution(Family::Normal { mean, stddev }),
        })
    }

    /// The logarithm is normally distributed; half of the values are below `median`, 99 % below `p99`.
    pub fn lognormal(median: f64, p99: f64) -> Checked {
        let (median, p99) = (positive("median", median)?, positive("p99", p99)?);
        if p99 <= median {
            return Err(NotGreater("p99", "median"));
        }
        let mu = libm::log(median);
        let sigma = (libm::log(p99) - mu) / inverse::normal(0.99);
        Ok(Distribution(Family::Lognormal { mu, sigma }))
    }

    /// The natural logarithm has mean `mu` and standard deviation `sigma`. In another unit, `k` times as fine, `mu` is
    /// greater by ln `k`: of nanoseconds by 20.72 more than of seconds.
    pub fn lognormal_of_log(mu: f64, sigma: f64) -> Checked {
        let (mu, sigma) = (finite("mu", mu)?, not_negative("sigma", sigma)?);
        Ok(match sigma == 0.0 {
            true => Distribution::fixed(libm::exp(mu).round() as i64),
            false => Distribution(Family::Lognormal { mu, sigma }),
        })
    }

    /// Times to failure: falling risk for a `shape` below 1, rising above; 63.2 % of the values are below `scale`.
    pub fn weibull(shape: f64, scale: f64) -> Checked {
        Ok(Distribution(Family::Weibull { shape: positive("shape", shape)?, scale: positive("scale", scale)? }))
    }

    /// Sums of waiting times: of `shape` exponential ones, and in between.
    pub fn gamma(shape: f64, mean: f64) -> Checked {
        let (shape, mean) = (positive("shape", shape)?, positive("mean", mean)?);
        if !(mean / shape).is_finite() {
            return Err(TooSmall("shape", "mean"));
        }
        Ok(Distribution(Family::Gamma { shape, mean }))
    }

    /// Heavy tails: a share of `(min / x)^alpha` of the values is above `x`.
    pub fn pareto(min: f64, alpha: f64) -> Checked {
        Ok(Distribution(Family::Pareto { min: positive("min", min)?, alpha: positive("alpha", alpha)? }))
    }

    /// Between `min` and `max`, most often near `mode`.
    pub fn triangular(min: f64, mode: f64, max: f64) -> Checked {
        let (min, mode, max) = (not_negative("min", min)?, not_negative("mode", mode)?, not_negative("max", max)?);
        if mode < min {
            return Err(Less("mode", "min"));
        }
        if max < mode {
            return Err(Less("max", "mode"));
        }
        Ok(match min == max {
            true => Distribution::fixed(min.round() as i64),
            false => Distribution(Family::Triangular { min, mode, max }),
        })
    }

    /// One of the values that were observed, each equally often.
    pub fn empirical(values: Vec<f64>) -> Checked {
        let mut sorted = Vec::with_capacity(values.len());
        for value in values {
            sorted.push(not_negative("each of the values", value)?.round() as i64);
        }
        sorted.sort_unstable();
        match (sorted.first(), sorted.last()) {
            (Some(first), Some(last)) if first == last => Ok(Distribution::fixed(*first)),
            (Some(_), Some(_)) => Ok(Distribution(Family::Empirical(sorted.into()))),
            _ => Err(NoValues),
        }
    }

    /// Whole numbers, each as often as its weight says, given as (value, weight). Weights need not sum to 1, and the
    /// order in which they are given plays no part.
    pub fn weighted(values: Vec<(i64, f64)>) -> Checked {
        let mut sorted = values;
        sorted.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.total_cmp(y)));
        let weights = Weights::new(sorted.into_iter().map(|(value, weight)| (weight, value)))?;
        Ok(match weights.only() {
            Some(value) => Distribution::fixed(*value),
            None => Distribution(Family::Weighted(weights)),
        })
    }

    /// A draw from one of several distributions, each as often as its weight says.
    pub fn mixture(parts: Vec<(f64, Distribution)>) -> Checked {
        // The outer weights first: those of a mixture within are shares of its own.
        let outer = Weights::new(parts)?;
        if let Some(part) = outer.only() {
            return Ok(part.clone());
        }
        let flat = outer.shares().flat_map(|(share, part)| match &part.0 {
            Family::Mixture(inner) => inner.shares().map(|(within, part)| (share * within, part.clone())).collect(),
            _ => vec![(share, part.clone())],
        });
        Ok(Distribution(Family::Mixture(Weights::new(flat)?)))
    }
}

fn finite(parameter: &'static str, value: f64) -> Result<f64, DistributionError> {
    if value.is_finite() { Ok(value) } else { Err(NotFinite(parameter)) }
}

fn not_negative(parameter: &'static str, value: f64) -> Result<f64, DistributionError> {
    if finite(parameter, value)? < 0.0 { Err(Negative(parameter)) } else { Ok(value) }
}

fn positive(parameter: &'static str, value: f64) -> Result<f64, DistributionError> {
    if finite(parameter, value)? <= 0.0 { Err(NotPositive(parameter)) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_parameters_are_told_in_a_sentence() {
        let check = |found: Checked, sentence: &str| assert_eq!(found.unwrap_err().to_string(), sentence);
        check(Distribution::lognormal(240.0, 240.0), "p99 must be greater than median");
        check(Distribution::lognormal(0.0, 240.0), "median must be greater than 0");
        check(Distribution::lognormal_of_log(1.0, -1.0), "sigma must not be negative");
        check(Distribution::lognormal_of_log(f64::NAN, 1.0), "mu must be a finite number");
        check(Distribution::constant_value(f64::INFINITY), "constant must be a finite number");
        check(Distribution::uniform(8.0, 1.0), "max must not be less than min");
        check(Distribution::uniform(0.0, f64::INFINITY), "max must be a finite number");
        check(Distribution::exponential(0.0), "mean must be greater than 0");
        check(Distribution::exponential(-0.0), "mean must be greater than 0");
        check(Distribution::shifted_exponential(3.0, 3.0), "mean must be greater than min");
        check(Distribution::shifted_exponential(-3.0, 3.0), "min must not be negative");
        check(Distribution::normal(-1.0, 1.0), "mean must not be negative");
        check(Distribution::normal(1.0, -1.0), "stddev must not be negative");
        check(Distribution::weibull(0.0, 1.0), "shape must be greater than 0");
        check(Distribution::weibull(1.0, f64::NEG_INFINITY), "scale must be a finite number");
        check(Distribution::gamma(2.0, 0.0), "mean must be greater than 0");
        check(Distribution::gamma(1e-308, 1e9), "shape is too small for this mean");
        check(Distribution::pareto(0.0, 1.0), "min must be greater than 0");
        check(Distribution::pareto(1.0, 0.0), "alpha must be greater than 0");
        check(Distribution::triangular(2.0, 1.0, 3.0), "mode must not be less than min");
        check(Distribution::triangular(1.0, 3.0, 2.0), "max must not be less than mode");
        check(Distribution::empirical(vec![]), "values must not be empty");
        check(Distribution::empirical(vec![1.0, -2.0]), "each of the values must not be negative");
        check(Distribution::weighted(vec![]), "at least one weight must be greater than 0");
        check(Distribution::weighted(vec![(0, 1.0), (1, -1.0)]), "weight must not be negative");
        check(Distribution::mixture(vec![(0.0, Distribution::fixed(1))]), "at least one weight must be greater than 0");
    }

    #[test]
    fn what_has_no_spread_is_constant() {
        let check = |found: Checked, value| assert_eq!(found.unwrap().constant(), value);
        check(Distribution::constant_value(2.5e9), Some(2_500_000_000));
        check(Distribution::uniform(7.0, 7.0), Some(7));
        check(Distribution::normal(7.0, 0.0), Some(7));
        check(Distribution::lognormal_of_log(0.0, 0.0), Some(1));
        check(Distribution::triangular(7.0, 7.0, 7.0), Some(7));
        check(Distribution::empirical(vec![7.0, 7.0]), Some(7));
        check(Distribution::weighted(vec![(7, 0.2), (8, 0.0)]), Some(7));
        check(Distribution::mixture(vec![(0.2, Distribution::fixed(7)), (0.0, Distribution::fixed(8))]), Some(7));
        check(Distribution::exponential(7.0), None);
        check(Distribution::weighted(vec![(7, 0.2), (8, 0.1)]), None);
    }

    #[test]
    fn a_mixture_within_a_mixture_is_one_mixture() {
        let fixed = Distribution::fixed;
        let inner = Distribution::mixture(vec![(1.0, fixed(1)), (3.0, fixed(2))]).unwrap();
        let nested = Distribution::mixture(vec![(4.0, inner), (4.0, fixed(3))]).unwrap();
        let flat = Distribution::mixture(vec![(1.0, fixed(1)), (3.0, fixed(2)), (4.0, fixed(3))]).unwrap();
        assert_eq!(nested.mean(), flat.mean());
        let Family::Mixture(parts) = &nested.0 else { panic!("{nested:?}") };
        let shares: Vec<_> = parts.shares().collect();
        assert_eq!(shares, [(0.125, &fixed(1)), (0.375, &fixed(2)), (0.5, &fixed(3))]);
    }
}
