//! Decimals of any size: what a quantity becomes when it does not fit 64 bits (`inf.Dec`).

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};

/// `unscaled * 10^exponent`, exactly. Equal values may differ in exponent.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    pub(super) unscaled: BigInt,
    pub(super) exponent: i32,
}

impl Decimal {
    /// Digits with an optional sign and point; the places after the point become the exponent.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let unscaled = format!("{whole}{fraction}").parse().ok()?;
        Some(Decimal { unscaled, exponent: -i32::try_from(fraction.len()).ok()? })
    }

    pub(super) fn sign(&self) -> Ordering {
        match self.unscaled.sign() {
            Sign::Minus => Ordering::Less,
            Sign::NoSign => Ordering::Equal,
            Sign::Plus => Ordering::Greater,
        }
    }

    pub(super) fn negated(&self) -> Decimal {
        Decimal { unscaled: -&self.unscaled, exponent: self.exponent }
    }

    pub(super) fn add(&self, other: &Decimal) -> Decimal {
        let exponent = self.exponent.min(other.exponent);
        Decimal { unscaled: self.unscaled_at(exponent) + other.unscaled_at(exponent), exponent }
    }

    pub(super) fn cmp(&self, other: &Decimal) -> Ordering {
        let exponent = self.exponent.min(other.exponent);
        self.unscaled_at(exponent).cmp(&other.unscaled_at(exponent))
    }

    /// Exactly this exponent, rounded away from zero where digits are lost (`Round` with `RoundUp`).
    pub(super) fn rounded(&self, exponent: i32) -> Decimal {
        if exponent <= self.exponent {
            return Decimal { unscaled: self.unscaled_at(exponent), exponent };
        }
        let divisor = power_of_ten(exponent.abs_diff(self.exponent));
        let mut unscaled = &self.unscaled / &divisor;
        if &unscaled * &divisor != self.unscaled {
            unscaled += if self.sign() == Ordering::Less { -1 } else { 1 };
        }
        Decimal { unscaled, exponent }
    }

    /// The number of `10^exponent`s, rounded up, in 64 bits: with upstream's overflow, and its rounding of negative
    /// numbers, which depends on their size (`scaledValue`).
    pub(super) fn scaled(&self, exponent: i32) -> i64 {
        let low = low_64_bits(&self.unscaled);
        if exponent <= self.exponent {
            let shift = self.exponent.abs_diff(exponent);
            // Beyond 10^18 the float upstream multiplies by no longer fits and becomes the smallest integer.
            return low.wrapping_mul(10i64.checked_pow(shift).unwrap_or(i64::MIN));
        }
        let shift = exponent.abs_diff(self.exponent);
        if self.unscaled < BigInt::from(i64::MAX) && shift < 19 {
            let divisor = 10i64.pow(shift);
            return (low / divisor).wrapping_add(i64::from(low % divisor != 0));
        }
        let divisor = power_of_ten(shift);
        let floor = div_floor(&self.unscaled, &divisor);
        low_64_bits(&floor).wrapping_add(i64::from(&floor * &divisor != self.unscaled))
    }

    /// Digits and exponent with the exponent as large as it can be among the multiples of three.
    pub(super) fn decimal_mantissa(&self) -> (String, i32) {
        let digits = self.unscaled.to_string();
        let significant = digits.trim_end_matches('0');
        let exponent = self.exponent + (digits.len() - significant.len()) as i32;
        let missing = exponent.rem_euclid(3);
        (format!("{significant}{}", "0".repeat(missing as usize)), exponent - missing)
    }

    /// Digits and power of 1024, the power as large as it can be. For whole numbers other than zero.
    pub(super) fn binary_mantissa(&self) -> (String, usize) {
        let power = self.unscaled.trailing_zeros().unwrap_or(0) / 10;
        ((&self.unscaled >> (10 * power)).to_string(), power as usize)
    }

    fn unscaled_at(&self, exponent: i32) -> BigInt {
        &self.unscaled * power_of_ten(self.exponent.abs_diff(exponent))
    }
}

impl fmt::Display for Decimal {
    /// A plain decimal with all its places: `0.100`, `-1.5`, `1000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exponent >= 0 {
            let zeros = if self.sign() == Ordering::Equal { 0 } else { self.exponent as usize };
            return write!(f, "{}{}", self.unscaled, "0".repeat(zeros));
        }
        let places = self.exponent.unsigned_abs() as usize;
        let digits = format!("{:0>width$}", self.unscaled.magnitude().to_string(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if self.sign() == Ordering::Less { "-" } else { "" };
        write!(f, "{sign}{whole}.{fraction}")
    }
}

fn power_of_ten(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

/// Go's `big.Int.Int64`: the low 64 bits of the magnitude, with the sign.
fn low_64_bits(number: &BigInt) -> i64 {
    let low = number.iter_u64_digits().next().unwrap_or(0) as i64;
    if number.sign() == Sign::Minus { low.wrapping_neg() } else { low }
}

fn div_floor(number: &BigInt, divisor: &BigInt) -> BigInt {
    let quotient = number / divisor;
    if number.sign() == Sign::Minus && &quotient * divisor != *number { quotient - 1 } else { quotient }
}
