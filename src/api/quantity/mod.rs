//! Kubernetes quantities (`500m`, `1.5Gi`, `1e3`): exact decimals that remember how they were written.
//!
//! Ported in meaning from `k8s.io/apimachinery/pkg/api/resource`, the oddities included: a number that fits 64 bits and
//! one that does not round and overflow differently, and a freshly parsed quantity may print as it was written.

mod amount;
mod decimal;
mod parse;
mod suffix;

use std::cmp::Ordering;
use std::fmt;

use amount::Amount;

/// How a quantity's suffix is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `500m`, `2`, `12M`.
    #[default]
    DecimalSi,
    /// `12Mi`.
    BinarySi,
    /// `12e6`.
    DecimalExponent,
}

impl fmt::Display for Format {
    /// Upstream's names: `DecimalSI`, `BinarySI`, `DecimalExponent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::DecimalSi => "DecimalSI",
            Format::BinarySi => "BinarySI",
            Format::DecimalExponent => "DecimalExponent",
        })
    }
}

/// An exact amount with the format it prints in. Compares by value: `1000m` equals `1`.
#[derive(Clone, Debug, Default)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text it was parsed from, where upstream keeps it: what it prints as until it is computed with.
    written: Option<Box<str>>,
}

impl Quantity {
    /// A whole number (`resource.NewQuantity`).
    pub fn new(value: i64, format: Format) -> Quantity {
        Quantity { amount: Amount::small(value, 0), format, written: None }
    }

    /// Thousandths (`resource.NewMilliQuantity`).
    pub fn new_milli(thousandths: i64, format: Format) -> Quantity {
        Quantity { amount: Amount::small(thousandths, -3), format, written: None }
    }

    /// Reads a quantity; the error is upstream's text (`resource.ParseQuantity`).
    ///
    /// White space is an error here; the JSON decoder trims it first. Exponents beyond ±10,000 and texts longer
    /// than that, which make upstream hang or fill the memory, are refused.
    pub fn parse(text: &str) -> Result<Quantity, String> {
        parse::parse_quantity(text)
    }

    /// How it prints.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The number rounded up to a whole one, wrapped to 64 bits as upstream does (`Value`).
    pub fn value(&self) -> i64 {
        self.amount.scaled(0)
    }

    /// Thousandths rounded up, wrapped to 64 bits as upstream does (`MilliValue`).
    pub fn milli_value(&self) -> i64 {
        self.amount.scaled(-3)
    }

    /// The nearest float, more or less (`AsApproximateFloat64`). For figures, prices and scores.
    pub fn approximate_f64(&self) -> f64 {
        self.amount.approximate_f64()
    }

    /// Is it zero?
    pub fn is_zero(&self) -> bool {
        self.amount.sign() == Ordering::Equal
    }

    /// Is it below zero?
    pub fn is_negative(&self) -> bool {
        self.amount.sign() == Ordering::Less
    }

    /// The exact value as a plain decimal, with the digits after the point that it was given.
    pub fn exact_decimal(&self) -> String {
        self.amount.to_decimal().to_string()
    }

    /// The sum, in this one's format, or in the other's if this one is zero (`Add`).
    #[must_use]
    pub fn add(&self, other: &Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { amount: self.amount.add(&other.amount), format, written: None }
    }

    /// The difference, in this one's format, or in the other's if this one is zero (`Sub`).
    #[must_use]
    pub fn sub(&self, other: &Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { amount: self.amount.add(&other.amount.negated()), format, written: None }
    }

    /// Number and suffix in the one true form: no fraction, the largest suffix that keeps every digit
    /// (`CanonicalizeBytes`).
    pub fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        if self.format == Format::BinarySi
            && let Some(whole) = self.amount.whole_beyond(1024)
        {
            let (number, power) = whole.binary_mantissa();
            return number + suffix::binary(power);
        }
        let (number, exponent) = self.amount.decimal_mantissa();
        match self.format {
            Format::DecimalExponent if exponent != 0 => format!("{number}e{exponent}"),
            Format::DecimalExponent => number,
            // What is not a whole binary number prints as a decimal one.
            Format::DecimalSi | Format::BinarySi => number + suffix::decimal(exponent),
        }
    }
}

impl fmt::Display for Quantity {
    /// What `kubectl` shows: the canonical form, or right after parsing often the text as written (`String`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            Some(text) => f.write_str(text),
            None => f.write_str(&self.canonical()),
        }
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.amount.cmp(&other.amount)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn prints_as_written_until_computed_with() {
        let check = |text: &str, shown: &str, canonical: &str| {
            assert_eq!((parsed(text).to_string(), parsed(text).canonical()), (shown.to_owned(), canonical.to_owned()));
        };
        check("1.5", "1500m", "1500m");
        check("+5", "+5", "5");
        check("1.5Gi", "1536Mi", "1536Mi");
        check("0.1Ki", "102400m", "102400m");
        check("3.100k", "3.100k", "3100");
        check("0", "0", "0");
        assert_eq!(parsed("+5").add(&Quantity::default()).to_string(), "5");
    }

    #[test]
    fn suffixes_beyond_exa_are_lost_as_upstream_loses_them() {
        assert_eq!(parsed("1000E").canonical(), "1");
        assert_eq!(parsed("1e21").canonical(), "1e21");
    }

    #[test]
    fn exponents_that_hang_upstream_are_refused() {
        let refuse = |text: &str| assert!(Quantity::parse(text).is_err_and(|e| e.contains("exponent")), "{text}");
        refuse("1e99999999999");
        refuse("1e-99999999999");
        refuse("1e2147483648");
        refuse("1e10001");
        assert_eq!(
            Quantity::parse(&"7".repeat(10_001)).err().as_deref(),
            Some("quantity is longer than 10000 characters")
        );
        assert_eq!(parsed("1e4294967299").value(), 1000, "the exponent is cut to 32 bits");
        assert_eq!(parsed("1e-10000").canonical(), "1e-9");
    }

    #[test]
    fn overflows_are_upstreams() {
        let check = |text: &str, value, milli| {
            assert_eq!((parsed(text).value(), parsed(text).milli_value()), (value, milli), "{text}")
        };
        check("52655321141242435", 52_655_321_141_242_435, -2_684_911_079_886_219_848);
        check("123456789G", 123_456_789_000_000_000, 0);
        check("409730233405038G", -8_845_960_198_560_494_592, 0);
    }

    #[test]
    fn sums_leave_64_bits_without_loss() {
        let most = parsed("9223372036854775807");
        assert_eq!(most.add(&most).canonical(), "18446744073709551614");
        assert_eq!(
            Quantity::new(i64::MIN, Format::DecimalSi).sub(&Quantity::new(1, Format::DecimalSi)).canonical(),
            "-9223372036854775809"
        );
        assert!(parsed("1e10000") > most && parsed("-1e10000") < parsed("1n"));
        assert_eq!(parsed("16Ei").add(&parsed("16Ei")).canonical(), "18446744073709551614");
    }
}
