//! The suffixes of quantities (`suffixHandler`).

use super::Format;

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// The greatest exponent, either way, that is computed with. Upstream takes any 32 bits and hangs on large ones.
const GREATEST_EXPONENT: i32 = 10_000;

/// What a suffix multiplies by.
pub(super) enum Factor {
    /// Ten to this power.
    Ten(i32),
    /// Two to this power.
    Two(u32),
}

/// Reads a suffix; `Err` is the text of the refusal.
pub(super) fn interpret(suffix: &str) -> Result<(Factor, Format), String> {
    if let Some(&(_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Ok((Factor::Ten(exponent), Format::DecimalSi));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        return Ok((Factor::Two(10 * power as u32), Format::BinarySi));
    }
    // A 64-bit number that upstream then cuts to 32 bits.
    let exponent: i64 = suffix
        .strip_prefix(['e', 'E'])
        .and_then(|digits| digits.parse().ok())
        .ok_or("unable to parse quantity's suffix")?;
    let exponent = exponent as i32;
    if exponent.unsigned_abs() > GREATEST_EXPONENT.unsigned_abs() {
        return Err(format!("exponent of quantity must be between -{GREATEST_EXPONENT} and {GREATEST_EXPONENT}"));
    }
    Ok((Factor::Ten(exponent), Format::DecimalExponent))
}

/// The suffix of ten to `exponent`; none where upstream has none, so that `1000E` prints as `1`.
pub(super) fn decimal(exponent: i32) -> &'static str {
    DECIMAL.iter().find(|&&(_, power)| power == exponent).map_or("", |(name, _)| name)
}

/// The suffix of 1024 to `power`.
pub(super) fn binary(power: usize) -> &'static str {
    BINARY.get(power).copied().unwrap_or("")
}
