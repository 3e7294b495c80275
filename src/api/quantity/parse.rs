//! Text to quantity (`resource.ParseQuantity`).

use std::cmp::Ordering;

use num_bigint::BigInt;

use super::amount::Amount;
use super::decimal::Decimal;
use super::suffix::{self, Factor};
use super::{Format, Quantity};

const FORMAT_WRONG: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NUMERIC: &str = "unable to parse numeric part of quantity";

/// Longer texts are refused: reading n digits takes time in n^2.
const LONGEST: usize = 10_000;

/// The finest that is kept: billionths.
const NANO: i32 = -9;

/// The parts of a quantity's text.
struct Parts<'a> {
    negative: bool,
    /// Sign, digits and point, as written.
    value: &'a str,
    /// Digits before the point without leading zeros, `0` if there are none.
    whole: &'a str,
    /// Digits after the point.
    fraction: &'a str,
    suffix: &'a str,
}

pub(super) fn parse_quantity(text: &str) -> Result<Quantity, String> {
    if text.is_empty() {
        return Err(FORMAT_WRONG.to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("quantity is longer than {LONGEST} characters"));
    }
    if text == "0" {
        return Ok(Quantity { written: Some(text.into()), ..Quantity::default() });
    }
    let parts = split(text)?;
    let (factor, format) = suffix::interpret(parts.suffix)?;
    match parse_small(&parts, &factor, text) {
        Some((amount, written)) => Ok(Quantity { amount, format, written }),
        None => parse_big(&parts, &factor, format),
    }
}

/// Cuts the text up (`parseQuantityString`). Laxer than it looks: `-`, `.` and `Mi` have a number, zero.
fn split(text: &str) -> Result<Parts<'_>, String> {
    let digits = |from: usize| from + text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let start = usize::from(text.starts_with(['-', '+']));
    let zeros = start + text[start..].bytes().take_while(|&byte| byte == b'0').count();
    let negative = text.starts_with('-');
    if zeros == text.len() {
        return Ok(Parts { negative, value: "0", whole: "0", fraction: "", suffix: "" });
    }
    let point = digits(zeros);
    let whole = if point == zeros { "0" } else { &text[zeros..point] };
    let (fraction, end) = match text[point..].starts_with('.') {
        true => (&text[point + 1..digits(point + 1)], digits(point + 1)),
        false => ("", point),
    };
    let letters = text[end..].bytes().take_while(|byte| b"eEinumkKMGTP".contains(byte)).count();
    let exponent = end + letters + usize::from(text[end + letters..].starts_with(['-', '+']));
    if digits(exponent) != text.len() {
        return Err(FORMAT_WRONG.to_owned());
    }
    Ok(Parts { negative, value: &text[..end], whole, fraction, suffix: &text[end..] })
}

/// The fast path for few digits: a 64-bit amount, and the text if upstream takes it for canonical.
fn parse_small(parts: &Parts<'_>, factor: &Factor, text: &str) -> Option<(Amount, Option<Box<str>>)> {
    let (whole, fraction) = (parts.whole.len() as i64, parts.fraction.len() as i64);
    let (multiplier, exponent, spare_digits) = match *factor {
        Factor::Ten(exponent) => (1, i64::from(exponent), 18 - whole - fraction),
        // Upstream's estimate of the decimal digits that a power of two takes.
        Factor::Two(power) if fraction == 0 => (1i64 << power, 0, 15 - whole - i64::from(power * 3 / 10) - 1),
        Factor::Two(_) => return None,
    };
    let exponent = exponent - fraction;
    if spare_digits < 0 || exponent < i64::from(NANO) {
        return None;
    }
    let digits = format!("{}{}", parts.whole, parts.fraction);
    let value: i64 = digits.parse().ok()?;
    let product = value.checked_mul(multiplier)?;
    let canonical = match factor {
        Factor::Two(_) => value % 8 != 0,
        Factor::Ten(_) => exponent % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0'),
    };
    let signed = if parts.negative { -product } else { product };
    Some((Amount::small(signed, i32::try_from(exponent).ok()?), canonical.then(|| text.into())))
}

/// The slow path: any number of digits, rounded away from zero to billionths, binary ones capped at 64 bits.
fn parse_big(parts: &Parts<'_>, factor: &Factor, mut format: Format) -> Result<Quantity, String> {
    let mut size = Decimal::parse(parts.value.trim_start_matches(['-', '+'])).ok_or(NUMERIC)?;
    match *factor {
        Factor::Ten(exponent) => size.exponent = size.exponent.checked_add(exponent).ok_or(NUMERIC)?,
        Factor::Two(power) => size.unscaled <<= power,
    }
    if size.sign() != Ordering::Equal {
        size = size.rounded(NANO);
    }
    if format == Format::BinarySi {
        let most = Decimal { unscaled: BigInt::from(i64::MAX), exponent: 0 };
        let one = Decimal { unscaled: BigInt::from(1), exponent: 0 };
        if size.cmp(&most) == Ordering::Greater {
            size = most;
        }
        if size.cmp(&one) == Ordering::Less && size.sign() == Ordering::Greater {
            format = Format::DecimalSi;
        }
    }
    let size = if parts.negative { size.negated() } else { size };
    Ok(Quantity { amount: Amount::Big(size), format, written: None })
}
