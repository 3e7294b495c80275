//! Inverse distribution functions that have no closed form: of the normal and of the gamma distribution.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// The standard normal value that a share `p` of all values does not exceed, exact to about 1e-15; `p` within (0, 1).
///
/// Three rational functions by Wichura (1988), algorithm AS 241: the middle, the tails, the far tails.
pub fn normal(p: f64) -> f64 {
    let from_middle = p - 0.5;
    if from_middle.abs() <= 0.425 {
        let r = 0.180625 - from_middle * from_middle;
        return from_middle * ratio(r, &MIDDLE);
    }
    let r = (-libm::log(p.min(1.0 - p))).sqrt();
    let tail = if r <= 5.0 { ratio(r - 1.6, &TAIL) } else { ratio(r - 5.0, &FAR_TAIL) };
    tail.copysign(from_middle)
}

/// The share of standard normal values up to `x`.
pub(super) fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Density over distribution function at `x`, the mean distance by which a cut at `-x` moves a standard normal value.
pub(super) fn normal_hazard(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (TAU.sqrt() * normal_cdf(x))
}

/// Numerator and denominator, from the constant term up.
type Ratio = ([f64; 8], [f64; 8]);

fn ratio(x: f64, (above, below): &Ratio) -> f64 {
    let polynomial = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
    polynomial(above) / polynomial(below)
}

const MIDDLE: Ratio = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);

const TAIL: Ratio = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR_TAIL: Ratio = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

/// From this shape on a series about the normal distribution is good to 1e-8, and the iteration slow.
const LARGE_SHAPE: f64 = 1000.0;

/// The value that a share `u` of all values of a gamma distribution with scale 1 does not exceed; `u` within (0, 1).
pub(super) fn gamma(shape: f64, u: f64) -> f64 {
    if shape >= LARGE_SHAPE {
        return gamma_near_normal(shape, normal(u));
    }
    // P(x) < x^shape / Gamma(shape + 1), so this is below the value, and almost equal where x is small.
    let below = libm::exp((libm::log(u) + libm::lgamma(shape + 1.0)) / shape);
    if below < 1e-16 {
        return below;
    }
    let start = if shape < 1.0 { below } else { below.max(wilson_hilferty(shape, normal(u))) };
    gamma_by_newton(shape, u, start)
}

/// Newton's method, on the logarithm of the smaller tail: straight enough that it converges from any start below.
///
/// ln P is concave in ln x. ln Q is concave in x for a shape from 1 up, and convex, but started from below, else.
fn gamma_by_newton(shape: f64, u: f64, start: f64) -> f64 {
    let mut x = start;
    // Some four rounds suffice; the limit is there for rounding that will not settle.
    for _ in 0..60 {
        let tails = GammaTails::at(shape, x);
        let next = match u <= 0.5 {
            true => x * libm::exp((libm::log(u) - libm::log(tails.below)) * tails.below / tails.x_density),
            false => x + (libm::log(tails.above) - libm::log1p(-u)) * tails.above / tails.x_density * x,
        };
        let settled = (next - x).abs() <= 1e-13 * x;
        x = next;
        if settled {
            break;
        }
    }
    x
}

/// The cube root of a gamma variable is almost normal (Wilson and Hilferty 1931).
fn wilson_hilferty(shape: f64, z: f64) -> f64 {
    let root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    shape * root * root * root
}

/// The Cornish-Fisher series: the normal distribution, and what bends it, by falling powers of the shape.
fn gamma_near_normal(shape: f64, z: f64) -> f64 {
    let (root, square) = (shape.sqrt(), z * z);
    shape + z * root + (square - 1.0) / 3.0 + z * (square - 7.0) / (36.0 * root)
        - ((3.0 * square + 7.0) * square - 16.0) / 810.0 / shape
        + z * ((9.0 * square + 256.0) * square - 433.0) / 38_880.0 / shape / root
}

/// The gamma distribution with scale 1 at a value.
struct GammaTails {
    /// P: the share below.
    below: f64,
    /// Q: the share above.
    above: f64,
    /// The density, times the value.
    x_density: f64,
}

impl GammaTails {
    fn at(shape: f64, x: f64) -> GammaTails {
        let x_density = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
        // Each of the two converges fast on its own side.
        if x < shape + 1.0 {
            let below = x_density * gamma_series(shape, x);
            GammaTails { below, above: 1.0 - below, x_density }
        } else {
            let above = x_density * gamma_fraction(shape, x);
            GammaTails { below: 1.0 - above, above, x_density }
        }
    }
}

/// 1/a + x/(a(a+1)) + x^2/(a(a+1)(a+2)) + ..
fn gamma_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// 1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- ..))), by convergents whose scale is kept near 1.
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut part = x + 1.0 - a;
    let mut below = 1.0 / part;
    let mut above = f64::MAX.sqrt();
    let mut value = below;
    for n in 1..10_000 {
        let n = f64::from(n);
        let numerator = n * (a - n);
        part += 2.0;
        below = 1.0 / (numerator * below + part);
        above = part + numerator / above;
        let factor = above * below;
        value *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
        assert!((found / expected - 1.0).abs() <= tolerance, "{what}: {found:e}, not {expected:e}");
    }

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        let check = |p, z| close(normal(p), z, 2e-15, "normal");
        check(0.99, 2.326_347_874_040_841);
        check(0.975, 1.959_963_984_540_054);
        check(0.75, 0.674_489_750_196_081_7);
        check(0.025, -1.959_963_984_540_054);
        check(1e-6, -4.753_424_308_822_899);
        check(1e-16, -8.222_082_216_130_435);
        assert_eq!(normal(0.5), 0.0);
    }

    #[test]
    fn the_normal_quantile_inverts_the_distribution_function() {
        for exponent in 1..=53 {
            let p = 2f64.powi(-exponent);
            close(normal_cdf(normal(p)), p, 1e-13, "tail");
        }
        for percent in 1..50 {
            let p = f64::from(percent) / 100.0;
            close(normal_cdf(normal(p)), p, 1e-14, "middle");
            close(-normal(1.0 - p), normal(p), 1e-13, "symmetry");
        }
    }

    #[test]
    fn the_gamma_quantile_inverts_the_distribution_function() {
        for shape in [0.01, 0.1, 0.3, 0.5, 0.9, 1.0, 1.1, 2.0, 5.0, 20.0, 100.0, 999.0] {
            for p in (1..=53).map(|exponent| 2f64.powi(-exponent)) {
                let x = gamma(shape, p);
                if x > 1e-290 {
                    close(GammaTails::at(shape, x).below, p, 1e-11, &format!("below, shape {shape}, share {p:e}"));
                }
                let x = gamma(shape, 1.0 - p);
                close(GammaTails::at(shape, x).above, p, 1e-11, &format!("above, shape {shape}, share {p:e}"));
            }
        }
    }

    #[test]
    fn gamma_distribution_functions_match_closed_forms() {
        // Shape 1 is exponential, shape 3 a sum of three, shape 1/2 the square of a normal value over 2.
        for x in [0.01, 0.5, 1.0, 1.9, 2.1, 3.9, 4.1, 10.0, 40.0] {
            close(GammaTails::at(1.0, x).above, libm::exp(-x), 1e-13, "shape 1");
            close(GammaTails::at(3.0, x).above, libm::exp(-x) * (1.0 + x + x * x / 2.0), 1e-13, "shape 3");
            close(GammaTails::at(0.5, x).above, libm::erfc(x.sqrt()), 1e-12, "shape 1/2");
            close(GammaTails::at(0.5, x).below, libm::erf(x.sqrt()), 1e-12, "shape 1/2");
        }
    }

    #[test]
    fn both_ways_to_a_gamma_quantile_meet() {
        for shape in [LARGE_SHAPE, 3.0 * LARGE_SHAPE] {
            for u in [1e-9, 1e-3, 0.1, 0.5, 0.9, 0.999, 1.0 - 1e-9] {
                let exact = gamma_by_newton(shape, u, wilson_hilferty(shape, normal(u)));
                close(gamma_near_normal(shape, normal(u)), exact, 1e-8, &format!("shape {shape}, share {u}"));
            }
        }
    }

    #[test]
    fn extreme_shapes_end() {
        for u in [2f64.powi(-53), 0.5, 1.0 - 2f64.powi(-53)] {
            for shape in [f64::MIN_POSITIVE, 1e-300, 1e-20, 1e-6, 1e-3, 1e9, 1e300, f64::MAX] {
                let x = gamma(shape, u);
                assert!(x >= 0.0, "shape {shape:e}, share {u}: {x}");
            }
        }
    }
}
