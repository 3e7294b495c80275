//! Durations as text: Go's (`1h30m`, `250ms`), and ours, which also know days (`2d`).
//!
//! Go's text is what Kubernetes prints and what `@every` reads; [`parse_duration`] is for scenario documents.

use std::fmt::Write;

use crate::kernel::time::SimDuration;

/// Units of `time.ParseDuration` in nanoseconds. The two micro signs are U+00B5 and U+03BC.
const GO_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A day of 24 hours in nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// The magnitude of the smallest `i64`, which upstream lets a sum reach before it looks at the sign.
const LIMIT: u64 = 1 << 63;

/// Reads a Go duration into nanoseconds; the error is Go's text (`time.ParseDuration`).
pub fn parse_go_duration(text: &str) -> Result<i64, String> {
    parse_with(text, |unit| GO_UNITS.iter().find(|(name, _)| *name == unit).map(|&(_, nanos)| nanos)).map_err(|fault| {
        match fault {
            Fault::Invalid => format!("time: invalid duration {}", quote(text)),
            Fault::MissingUnit => format!("time: missing unit in duration {}", quote(text)),
            Fault::UnknownUnit(unit) => format!("time: unknown unit {} in duration {}", quote(unit), quote(text)),
        }
    })
}

/// Reads a duration of a scenario document: a Go duration that may also count days (`1d12h`), never negative.
pub fn parse_duration(text: &str) -> Result<SimDuration, String> {
    let unit = |unit: &str| match unit {
        "d" => Some(DAY),
        _ => GO_UNITS.iter().find(|(name, _)| *name == unit).map(|&(_, nanos)| nanos),
    };
    let nanos = parse_with(text, unit).map_err(|fault| {
        let why = match fault {
            Fault::Invalid => "not a duration, or longer than 292 years".to_owned(),
            Fault::MissingUnit => "a number without a unit".to_owned(),
            Fault::UnknownUnit(unit) => format!("unknown unit {unit:?}"),
        };
        format!("{text:?}: {why}; write it like 250ms, 90s, 1h30m or 2d (units: ns, us, ms, s, m, h, d)")
    })?;
    match u64::try_from(nanos) {
        Ok(nanos) => Ok(SimDuration(nanos)),
        Err(_) => Err(format!("{text:?}: a duration cannot be negative")),
    }
}

/// Prints nanoseconds as Go does: `1h30m0s`, `1.5s`, `250ms`, `0s` (`Duration.String`).
pub fn format_go_duration(nanos: i64) -> String {
    let magnitude = nanos.unsigned_abs();
    let mut text = String::from(if nanos < 0 { "-" } else { "" });
    match magnitude {
        0 => text.push_str("0s"),
        1..1_000 => text.push_str(&format!("{magnitude}ns")),
        1_000..1_000_000 => push_decimal(&mut text, magnitude, 3, "µs"),
        1_000_000..1_000_000_000 => push_decimal(&mut text, magnitude, 6, "ms"),
        _ => {
            let minutes = magnitude / 60_000_000_000;
            if minutes >= 60 {
                text.push_str(&format!("{}h", minutes / 60));
            }
            if minutes > 0 {
                text.push_str(&format!("{}m", minutes % 60));
            }
            push_decimal(&mut text, magnitude % 60_000_000_000, 9, "s");
        }
    }
    text
}

/// Puts text in double quotes as package `time` does: what is not printable ASCII as `\x` and hexadecimal bytes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='\u{7f}' => quoted.push(c),
            _ => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(quoted, "\\x{byte:02x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

/// What is wrong with a duration.
enum Fault<'a> {
    Invalid,
    MissingUnit,
    UnknownUnit(&'a str),
}

/// `time.ParseDuration` with the units left open.
fn parse_with<'a>(text: &'a str, unit_of: impl Fn(&str) -> Option<u64>) -> Result<i64, Fault<'a>> {
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(Fault::Invalid);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (amount, after) = next_term(rest, &unit_of)?;
        rest = after;
        // Two halves of 2^64 wrap to nothing upstream too.
        total = total.wrapping_add(amount);
        if total > LIMIT {
            return Err(Fault::Invalid);
        }
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| Fault::Invalid)
}

/// Reads one `number unit` and returns it in nanoseconds with what follows.
fn next_term<'a>(text: &'a str, unit_of: &impl Fn(&str) -> Option<u64>) -> Result<(u64, &'a str), Fault<'a>> {
    let whole_digits = digits(text);
    let (whole, mut rest) = text.split_at(whole_digits.len());
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        fraction = digits(after);
        rest = &after[fraction.len()..];
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err(Fault::Invalid);
    }
    let whole = leading_int(whole).ok_or(Fault::Invalid)?;
    let (unit, rest) = rest.split_at(rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len()));
    if unit.is_empty() {
        return Err(Fault::MissingUnit);
    }
    let nanos = unit_of(unit).ok_or(Fault::UnknownUnit(unit))?;
    if whole > LIMIT / nanos {
        return Err(Fault::Invalid);
    }
    let amount = whole * nanos + fraction_of(fraction, nanos);
    if amount > LIMIT {
        return Err(Fault::Invalid);
    }
    Ok((amount, rest))
}

/// The decimal digits that `text` begins with.
fn digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

/// The number, unless it is above 2^63 (`leadingInt`).
fn leading_int(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse().ok().filter(|&number| number <= LIMIT)
}

/// `0.digits` of a unit, cut: digits beyond what 63 bits hold are passed over (`leadingFraction`).
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let (mut number, mut scale) = (0u64, 1f64);
    for digit in digits.bytes() {
        if number > (LIMIT - 1) / 10 {
            break;
        }
        let longer = number * 10 + u64::from(digit - b'0');
        if longer > LIMIT {
            break;
        }
        number = longer;
        scale *= 10.0;
    }
    // Upstream's own float arithmetic, so that the last nanosecond is the same.
    (number as f64 * (unit as f64 / scale)) as u64
}

/// Appends `value / 10^places` without trailing zeros, and the unit.
fn push_decimal(text: &mut String, value: u64, places: u32, unit: &str) {
    let one = 10u64.pow(places);
    text.push_str(&(value / one).to_string());
    if !value.is_multiple_of(one) {
        let fraction = format!("{:0width$}", value % one, width = places as usize);
        text.push('.');
        text.push_str(fraction.trim_end_matches('0'));
    }
    text.push_str(unit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenario_durations_know_days_and_refuse_negatives() {
        let check = |text: &str, nanos: u64| assert_eq!(parse_duration(text), Ok(SimDuration(nanos)), "{text}");
        check("0", 0);
        check("2d", 2 * DAY);
        check("1d12h", DAY + DAY / 2);
        check("0.5d", DAY / 2);
        check("250ms", 250_000_000);
        let refuse = |text: &str, part: &str| {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        };
        refuse("5", "without a unit");
        refuse("-1s", "cannot be negative");
        refuse("1w", "unknown unit \"w\"");
        refuse("soon", "write it like 250ms");
        refuse("106752d", "292 years");
    }

    #[test]
    fn prints_the_extremes() {
        assert_eq!(format_go_duration(i64::MIN), "-2562047h47m16.854775808s");
        assert_eq!(format_go_duration(1_100), "1.1µs");
    }

    #[test]
    fn quotes_what_cannot_be_printed() {
        assert_eq!(quote("a\"b\\\u{1}é"), "\"a\\\"b\\\\\\x01\\xc3\\xa9\"");
    }
}
