//! The number in a quantity: 64 bits and an exponent where that holds it, a big decimal elsewhere.
//!
//! Upstream's two forms (`int64Amount`, `infDecAmount`) are kept apart because they round and overflow differently.

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::decimal::Decimal;

/// A number, exactly.
#[derive(Clone, Debug)]
pub(super) enum Amount {
    /// `value * 10^exponent`.
    Small { value: i64, exponent: i32 },
    /// What does not fit, or was rounded or multiplied by a binary suffix when it was parsed.
    Big(Decimal),
}

impl Default for Amount {
    fn default() -> Amount {
        Amount::small(0, 0)
    }
}

impl Amount {
    pub(super) fn small(value: i64, exponent: i32) -> Amount {
        Amount::Small { value, exponent }
    }

    pub(super) fn to_decimal(&self) -> Decimal {
        match self {
            &Amount::Small { value, exponent } => Decimal { unscaled: BigInt::from(value), exponent },
            Amount::Big(decimal) => decimal.clone(),
        }
    }

    pub(super) fn sign(&self) -> Ordering {
        match self {
            Amount::Small { value, .. } => value.cmp(&0),
            Amount::Big(decimal) => decimal.sign(),
        }
    }

    pub(super) fn cmp(&self, other: &Amount) -> Ordering {
        match (self, other) {
            (Amount::Small { value: a, exponent: x }, Amount::Small { value: b, exponent: y }) if x == y => a.cmp(b),
            _ if self.sign() != other.sign() => self.sign().cmp(&other.sign()),
            _ => self.to_decimal().cmp(&other.to_decimal()),
        }
    }

    pub(super) fn negated(&self) -> Amount {
        match self {
            &Amount::Small { value, exponent } if value != i64::MIN => Amount::small(-value, exponent),
            _ => Amount::Big(self.to_decimal().negated()),
        }
    }

    /// The sum: in 64 bits if both are and it fits, else as a big decimal.
    pub(super) fn add(&self, other: &Amount) -> Amount {
        if let (&Amount::Small { value: a, exponent: x }, &Amount::Small { value: b, exponent: y }) = (self, other)
            && let Some(sum) = add_small(a, x, b, y)
        {
            return sum;
        }
        Amount::Big(self.to_decimal().add(&other.to_decimal()))
    }

    /// The number of `10^exponent`s, rounded up (away from zero for the small form), in 64 bits (`ScaledValue`).
    pub(super) fn scaled(&self, exponent: i32) -> i64 {
        match self {
            Amount::Big(decimal) => decimal.scaled(exponent),
            &Amount::Small { value, exponent: own } if own >= exponent => {
                let digits = own.abs_diff(exponent);
                scale_up(value, digits).unwrap_or_else(|| overflowed(value, digits))
            }
            &Amount::Small { value, exponent: own } => scale_down(value, exponent.abs_diff(own)).0,
        }
    }

    pub(super) fn approximate_f64(&self) -> f64 {
        let (base, exponent) = match self {
            Amount::Small { value, exponent } => (*value as f64, *exponent),
            // Decimal text is the way to the nearest float.
            Amount::Big(decimal) => (decimal.unscaled.to_string().parse().unwrap_or(f64::NAN), decimal.exponent),
        };
        if exponent == 0 { base } else { base * pow10(exponent) }
    }

    /// The amount if it is whole and at least `bound` in size.
    pub(super) fn whole_beyond(&self, bound: i64) -> Option<Decimal> {
        let decimal = self.to_decimal();
        let whole = if decimal.exponent < 0 { decimal.rounded(0) } else { decimal.clone() };
        let limit = Decimal { unscaled: BigInt::from(bound), exponent: 0 };
        let size = if decimal.sign() == Ordering::Less { decimal.negated() } else { decimal.clone() };
        let beyond = size.cmp(&limit) != Ordering::Less;
        (beyond && whole.cmp(&decimal) == Ordering::Equal).then(|| whole.rounded(0))
    }

    /// Digits and exponent, a multiple of three as large as it can be.
    pub(super) fn decimal_mantissa(&self) -> (String, i32) {
        self.to_decimal().decimal_mantissa()
    }
}

/// The sum of two small amounts at the smaller exponent, unless it overflows (`int64Amount.Add`).
fn add_small(a: i64, x: i32, b: i64, y: i32) -> Option<Amount> {
    if b == 0 {
        return Some(Amount::small(a, x));
    }
    if a == 0 {
        return Some(Amount::small(b, y));
    }
    let exponent = x.min(y);
    let sum = scale_up(a, x.abs_diff(exponent))?.checked_add(scale_up(b, y.abs_diff(exponent))?)?;
    Some(Amount::small(sum, exponent))
}

fn scale_up(value: i64, digits: u32) -> Option<i64> {
    match value {
        0 => Some(0),
        _ => value.checked_mul(10i64.checked_pow(digits)?),
    }
}

/// What upstream answers where scaling up does not fit: it multiplies at once by the powers it has a case for, and
/// the product wraps; by others it goes digit by digit and gives zero (`positiveScaleInt64`).
fn overflowed(value: i64, digits: u32) -> i64 {
    match digits {
        1 | 2 | 3 | 6 | 9 => value.wrapping_mul(10i64.pow(digits)),
        _ => 0,
    }
}

/// The value without its last `digits` digits, rounded away from zero, and whether nothing was lost.
fn scale_down(value: i64, digits: u32) -> (i64, bool) {
    let Some(divisor) = 10i64.checked_pow(digits) else { return (value.signum(), value == 0) };
    let rest = value % divisor;
    (value / divisor + rest.signum(), rest == 0)
}

/// `math.Pow10`: a product or quotient of two table entries, so not always the nearest float.
fn pow10(exponent: i32) -> f64 {
    // The entries of Go's tables are decimal literals, so the nearest floats.
    let entry = |power: u32| format!("1e{power}").parse::<f64>().unwrap_or(f64::INFINITY);
    let power = exponent.unsigned_abs();
    match exponent {
        0..=308 => entry(power / 32 * 32) * entry(power % 32),
        309.. => f64::INFINITY,
        -323..=-1 => format!("1e-{}", power / 32 * 32).parse::<f64>().unwrap_or(0.0) / entry(power % 32),
        _ => 0.0,
    }
}
