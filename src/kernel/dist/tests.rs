//! Moments of many draws against the formulas, quantiles where moments do not exist, and spot checks by hand.

use super::super::rng::{Purpose, Streams, mix};
use super::*;

const DRAWS: u64 = 100_000;

fn draws(distribution: &Distribution) -> Vec<f64> {
    let mut streams = Streams::new(2026, 0);
    (0..DRAWS).map(|i| distribution.sample(&mut streams.stream(Purpose(0), mix(0, i))) as f64).collect()
}

/// Mean and variance of draws within `tolerance` (relative) of the formulas.
fn check(distribution: Result<Distribution, DistributionError>, mean: f64, variance: f64, tolerance: f64) {
    let distribution = distribution.unwrap();
    let draws = draws(&distribution);
    let found_mean = draws.iter().sum::<f64>() / DRAWS as f64;
    let found_variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / DRAWS as f64;
    let limit = 4.0 * (variance / DRAWS as f64).sqrt();
    assert!((found_mean - mean).abs() < limit, "{distribution:?}: mean {found_mean}, not {mean} +- {limit}");
    let off = found_variance / variance - 1.0;
    assert!(off.abs() < tolerance, "{distribution:?}: variance {found_variance}, not {variance}");
    let off = distribution.mean() / mean - 1.0;
    assert!(off.abs() < 1e-9, "{distribution:?}: mean() {}, not {mean}", distribution.mean());
}

/// The share of draws up to each value.
fn check_shares(distribution: Result<Distribution, DistributionError>, shares: &[(f64, f64)]) {
    let distribution = distribution.unwrap();
    let draws = draws(&distribution);
    for (value, share) in shares {
        let found = draws.iter().filter(|x| *x <= value).count() as f64 / DRAWS as f64;
        let limit = 4.0 * (share * (1.0 - share) / DRAWS as f64).sqrt();
        assert!((found - share).abs() < limit, "{distribution:?}: {found} up to {value}, not {share} +- {limit}");
    }
}

/// A second, as the scenario has them.
const S: f64 = 1e9;

#[test]
fn moments_are_those_of_the_formulas() {
    check(Distribution::uniform(2.0 * S, 8.0 * S), 5.0 * S, 3.0 * S * S, 0.01);
    check(Distribution::uniform(1.0, 8.0), 4.5, 63.0 / 12.0, 0.01);
    check(Distribution::uniform(-3.0, 2.0), -0.5, 35.0 / 12.0, 0.01);
    check(Distribution::exponential(3.0 * S), 3.0 * S, 9.0 * S * S, 0.03);
    check(Distribution::shifted_exponential(2.0 * S, 5.0 * S), 5.0 * S, 9.0 * S * S, 0.03);
    check(Distribution::normal(50.0 * S, 2.0 * S), 50.0 * S, 4.0 * S * S, 0.02);
    check(Distribution::weibull(0.8, S), S * 1.133_003_096_318_577, 2.040_776_706_689_66 * S * S, 0.05);
    check(Distribution::weibull(2.0, S), S * 0.886_226_925_452_758, S * S * 0.214_601_836_602_552, 0.02);
    check(Distribution::gamma(0.5, 2.0 * S), 2.0 * S, 8.0 * S * S, 0.04);
    check(Distribution::gamma(4.0, 2.0 * S), 2.0 * S, S * S, 0.02);
    check(Distribution::gamma(5000.0, 2.0 * S), 2.0 * S, S * S / 1250.0, 0.02);
    check(Distribution::pareto(S, 5.0), 1.25 * S, S * S * 5.0 / 48.0, 0.1);
    check(Distribution::triangular(S, 2.0 * S, 6.0 * S), 3.0 * S, S * S * 7.0 / 6.0, 0.02);
    check(Distribution::triangular(0.0, 0.0, 6.0 * S), 2.0 * S, 2.0 * S * S, 0.02);
    check(Distribution::empirical(vec![4.0 * S, S, S, 2.0 * S]), 2.0 * S, 1.5 * S * S, 0.02);
    check(Distribution::weighted(vec![(137, 0.01), (0, 0.97), (1, 0.02)]), 1.39, 187.71 - 1.39 * 1.39, 0.1);
}

#[test]
fn moments_of_the_cut_normal_are_those_of_the_formulas() {
    // Half a normal distribution, and one cut a standard deviation below its mean.
    check(Distribution::normal(0.0, S), S * 0.797_884_560_802_865, S * S * 0.363_380_227_632_419, 0.02);
    let hazard = 0.287_599_970_939_178;
    check(Distribution::normal(S, S), S * (1.0 + hazard), S * S * (1.0 - hazard - hazard * hazard), 0.02);
}

#[test]
fn moments_of_the_lognormal_are_those_of_the_formulas() {
    let (mu, sigma) = (libm::log(S), 0.5f64);
    let (mean, spread) = (S * libm::exp(0.125), libm::exp(0.25) - 1.0);
    check(Distribution::lognormal_of_log(mu, sigma), mean, mean * mean * spread, 0.05);
    let p99 = S * libm::exp(sigma * 2.326_347_874_040_841);
    check(Distribution::lognormal(S, p99), mean, mean * mean * spread, 0.05);
}

#[test]
fn moments_of_a_mixture_are_those_of_its_parts() {
    let part = |mean| Distribution::exponential(mean).unwrap();
    let mixture = Distribution::mixture(vec![(3.0, part(S)), (1.0, part(9.0 * S))]);
    check(mixture, 3.0 * S, S * S * (0.75 * 2.0 + 0.25 * 162.0 - 9.0), 0.05);
}

#[test]
fn quantiles_are_those_of_the_formulas() {
    check_shares(Distribution::lognormal(240.0 * S, 1500.0 * S), &[(240.0 * S, 0.5), (1500.0 * S, 0.99)]);
    check_shares(Distribution::pareto(S, 0.5), &[(4.0 * S, 0.5), (100.0 * S, 0.9), (10_000.0 * S, 0.99)]);
    check_shares(Distribution::pareto(S, 1.0), &[(2.0 * S, 0.5), (10.0 * S, 0.9), (1000.0 * S, 0.999)]);
    check_shares(Distribution::weibull(0.3, S), &[(S, 0.632_120_558_828_558)]);
    check_shares(Distribution::weighted(vec![(0, 0.97), (1, 0.02), (137, 0.01)]), &[(0.0, 0.97), (1.0, 0.99)]);
    check_shares(Distribution::uniform(1.0, 4.0), &[(1.0, 0.25), (2.0, 0.5), (3.0, 0.75)]);
}

#[test]
fn draws_invert_the_distribution_function() {
    let check = |distribution: Result<Distribution, DistributionError>, u, value| {
        let distribution = distribution.unwrap();
        assert_eq!(distribution.value_at(u), value, "{distribution:?} at {u}");
    };
    check(Distribution::exponential(1e9), 0.5, 693_147_181);
    check(Distribution::shifted_exponential(1e9, 3e9), 0.5, 2_386_294_361);
    check(Distribution::lognormal(240e9, 1500e9), 0.5, 240_000_000_000);
    check(Distribution::lognormal(240e9, 1500e9), 0.99, 1_500_000_000_000);
    check(Distribution::normal(50e9, 1e9), 0.975, 51_959_963_985);
    check(Distribution::normal(0.0, 1e9), 0.5, 674_489_750);
    check(Distribution::weibull(2.0, 1e9), 0.5, 832_554_611);
    check(Distribution::gamma(1.0, 1e9), 0.5, 693_147_181);
    check(Distribution::gamma(3.0, 3e9), 0.5, 2_674_060_314);
    check(Distribution::pareto(1e9, 2.0), 0.75, 2_000_000_000);
    check(Distribution::triangular(0.0, 1e9, 2e9), 0.5, 1_000_000_000);
    check(Distribution::triangular(0.0, 1e9, 2e9), 0.125, 500_000_000);
    check(Distribution::triangular(0.0, 2e9, 2e9), 0.25, 1_000_000_000);
    check(Distribution::uniform(1.0, 4.0), 0.24, 1);
    check(Distribution::uniform(1.0, 4.0), 0.26, 2);
    check(Distribution::uniform(1.0, 4.0), 0.99, 4);
    check(Distribution::empirical(vec![5.0, 1.0]), 0.49, 1);
    check(Distribution::empirical(vec![5.0, 1.0]), 0.51, 5);
}

#[test]
fn extremes_stay_within_bounds() {
    let ends = [2f64.powi(-53), 1.0 - 2f64.powi(-53)];
    let check = |distribution: Result<Distribution, DistributionError>, least, most| {
        let distribution = distribution.unwrap();
        let found = ends.map(|u| distribution.value_at(u));
        assert_eq!(found, [least, most], "{distribution:?}");
    };
    check(Distribution::pareto(1.0, 1e-9), 1, i64::MAX);
    check(Distribution::pareto(f64::MAX, 1.0), i64::MAX, i64::MAX);
    check(Distribution::weibull(1e-300, 1.0), 0, i64::MAX);
    check(Distribution::exponential(f64::MAX), i64::MAX, i64::MAX);
    check(Distribution::lognormal_of_log(700.0, 1e9), 0, i64::MAX);
    check(Distribution::uniform(-1e300, 1e300), i64::MIN + 2048, i64::MAX - 2047);
    check(Distribution::triangular(0.0, f64::MAX, f64::MAX), i64::MAX, i64::MAX);
    check(Distribution::normal(f64::MAX, 1e300), i64::MAX, i64::MAX);
    check(Distribution::gamma(1e-300, 1e-300), 0, 0);
    check(Distribution::gamma(f64::MAX, 5.0), 5, 5);
}

#[test]
fn a_greater_number_gives_a_greater_value() {
    let distributions = [
        Distribution::gamma(0.2, S),
        Distribution::gamma(1.0, S),
        Distribution::gamma(7.5, S),
        Distribution::normal(S, S),
        Distribution::lognormal(S, 9.0 * S),
        Distribution::triangular(S, 2.0 * S, 6.0 * S),
        Distribution::pareto(S, 1.5),
        Distribution::weibull(0.7, S),
    ];
    for distribution in distributions.map(Result::unwrap) {
        let values: Vec<i64> = (1..1000).map(|i| distribution.value_at(f64::from(i) / 1000.0)).collect();
        assert!(values.is_sorted(), "{distribution:?}");
    }
}

#[test]
fn only_mixtures_take_two_draws() {
    let taken = |distribution: &Distribution| {
        let mut streams = Streams::new(0, 0);
        let expected: Vec<u64> = {
            let mut stream = streams.stream(Purpose(1), 5);
            (0..3).map(|_| stream.next_u64()).collect()
        };
        let mut stream = streams.stream(Purpose(1), 5);
        distribution.sample(&mut stream);
        let next = stream.next_u64();
        expected.iter().position(|draw| *draw == next)
    };
    let part = |mean| Distribution::exponential(mean).unwrap();
    assert_eq!(taken(&Distribution::fixed(1)), Some(0));
    assert_eq!(taken(&part(1.0)), Some(1));
    assert_eq!(taken(&Distribution::mixture(vec![(1.0, part(1.0)), (1.0, part(2.0))]).unwrap()), Some(2));
    assert_eq!(Distribution::fixed(-1).sample(&mut Streams::new(0, 0).stream(Purpose(1), 5)), -1);
}

#[test]
fn means_without_bound_are_infinite() {
    assert_eq!(Distribution::pareto(1.0, 1.0).unwrap().mean(), f64::INFINITY);
    let parts = vec![(1.0, Distribution::fixed(0)), (1.0, Distribution::pareto(1.0, 0.5).unwrap())];
    assert_eq!(Distribution::mixture(parts).unwrap().mean(), f64::INFINITY);
}
