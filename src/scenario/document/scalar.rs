//! What a plain scalar means: the YAML 1.1 rules of go-yaml v2, which the API server reads manifests with.
//!
//! `yes` is true, `010` is eight, `1e3` is a number, a date is text.

use super::Value;
use super::timestamp::is_timestamp;

/// Why a scalar has no meaning.
#[derive(Debug, PartialEq)]
pub(super) enum ScalarError {
    /// JSON has no infinity and no NaN; as Go prints it.
    NotFinite(&'static str),
    /// Its tag asks for what it is not.
    Tag(String),
}

/// The meaning of a plain scalar with the tag `tag` of YAML's own name space, if it has one (go-yaml's `resolve`).
pub(super) fn resolve(text: &str, tag: Option<&str>) -> Result<Value, ScalarError> {
    let value = match tag {
        None | Some("bool" | "int" | "float" | "null" | "timestamp") => untagged(text, tag.is_none())?,
        Some("binary") => return binary(text),
        Some(_) => Value::String(text.into()),
    };
    let (found, value) = match (value, tag) {
        (Value::Int(n), Some("float")) => ("float", Value::Float(n as f64)),
        (value @ Value::Null, _) => ("null", value),
        (value @ Value::Bool(_), _) => ("bool", value),
        (value @ (Value::Int(_) | Value::Unsigned(_)), _) => ("int", value),
        (value @ Value::Float(_), _) => ("float", value),
        (value, _) => (if is_timestamp(text) { "timestamp" } else { "str" }, value),
    };
    match tag {
        Some(tag @ ("bool" | "int" | "float" | "null" | "timestamp")) if tag != found => {
            Err(ScalarError::Tag(format!("cannot decode !!{found} `{text}` as a !!{tag}")))
        }
        _ => Ok(value),
    }
}

/// Is this text also text when it is written plainly, as go-yaml has it (`stringv`)?
pub fn is_plainly_text(text: &str) -> bool {
    matches!(resolve(text, None), Ok(Value::String(_))) && !is_timestamp(text) && !is_base_60(text)
}

/// A number of YAML 1.1 that go-yaml does not read, but does not write as text either (`isBase60Float`).
fn is_base_60(text: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut places = sign(whole).1.split(':');
    let first = places.next().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_digit()) && is_number(first));
    let place = |text: &str| match text.as_bytes() {
        [unit] => unit.is_ascii_digit(),
        [b'0'..=b'5', unit] => unit.is_ascii_digit(),
        _ => false,
    };
    first && whole.contains(':') && places.all(place) && is_number(fraction)
}

fn untagged(text: &str, dates: bool) -> Result<Value, ScalarError> {
    let value = match text.as_bytes().first() {
        None => Some(Value::Null),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.' | b'+' | b'-') if not_finite(text).is_some() => {
            return Err(ScalarError::NotFinite(not_finite(text).unwrap_or_default()));
        }
        Some(b'.') => fraction(text),
        Some(b'0'..=b'9' | b'+' | b'-') if !(dates && is_timestamp(text)) => number(text),
        _ => None,
    };
    Ok(value.unwrap_or_else(|| Value::String(text.into())))
}

fn word(text: &str) -> Option<Value> {
    match text {
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(Value::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        _ => None,
    }
}

fn not_finite(text: &str) -> Option<&'static str> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some("NaN"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some("+Inf"),
        "-.inf" | "-.Inf" | "-.INF" => Some("-Inf"),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    // go-yaml has binary numbers whose sign comes after the prefix.
    let binary = |digits: &str| i64::from_str_radix(digits, 2).ok().map(Value::Int);
    whole(&plain).or_else(|| float(&plain)).or_else(|| plain.strip_prefix("0b").and_then(binary))
}

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: the prefix names the base.
fn whole(plain: &str) -> Option<Value> {
    let (negative, digits) = sign(plain);
    let (base, digits) = base(digits);
    if !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    match (negative, i64::try_from(size)) {
        (false, Ok(n)) => Some(Value::Int(n)),
        (false, Err(_)) => (!plain.starts_with('+')).then_some(Value::Unsigned(size)),
        (true, Ok(n)) => Some(Value::Int(-n)),
        (true, Err(_)) => (size == 1 << 63).then_some(Value::Int(i64::MIN)),
    }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn base(digits: &str) -> (u32, &str) {
    let Some(rest) = digits.strip_prefix('0').filter(|rest| !rest.is_empty()) else { return (10, digits) };
    match rest.as_bytes()[0] {
        b'x' | b'X' => (16, &rest[1..]),
        b'o' | b'O' => (8, &rest[1..]),
        b'b' | b'B' => (2, &rest[1..]),
        _ => (8, rest),
    }
}

/// go-yaml's `yamlStyleFloat`.
fn is_float(text: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (_, rest) = sign(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(sign(exponent).1)),
        None => (rest, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_mantissa = digits(before) && digits(after) && !(before.is_empty() && after.is_empty());
    is_mantissa && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// `strconv.ParseFloat`, less what JSON cannot say; a number out of range is text.
/// `strconv.ParseFloat`, to which an underscore between digits is one in any number.
fn fraction(text: &str) -> Option<Value> {
    let is_digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let stands_between = |at: usize| is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1));
    let all_between = text.match_indices('_').all(|(at, _)| stands_between(at));
    all_between.then(|| float(&text.replace('_', "")))?
}

fn float(text: &str) -> Option<Value> {
    let number = is_float(text).then(|| text.parse::<f64>().ok())??;
    number.is_finite().then_some(Value::Float(number))
}

fn binary(text: &str) -> Result<Value, ScalarError> {
    let bad = || ScalarError::Tag("!!binary value contains invalid base64 data".to_string());
    let mut bytes = Vec::new();
    let clean: Vec<u8> = text.bytes().filter(|b| !b"\r\n".contains(b)).collect();
    for group in clean.chunks(4) {
        let padding = group.iter().rev().take_while(|&&b| b == b'=').count();
        if group.len() != 4 || padding > 2 {
            return Err(bad());
        }
        let mut bits = 0u32;
        for &byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' => 0,
                _ => return Err(bad()),
            };
            bits = bits << 6 | u32::from(digit);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    Ok(Value::String(String::from_utf8_lossy(&bytes).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_go_yaml_says() {
        let check = |text: &str, value: Value| assert_eq!(resolve(text, None), Ok(value), "{text}");
        for (text, number) in [
            ("5", 5),
            ("+5", 5),
            ("-5", -5),
            ("1_000", 1000),
            ("0x1F", 31),
            ("010", 8),
            ("0o10", 8),
            ("0b101", 5),
            ("-0b11", -3),
            ("0", 0),
            ("-9223372036854775808", i64::MIN),
        ] {
            check(text, Value::Int(number));
        }
        check("9223372036854775808", Value::Unsigned(1 << 63));
        for (text, number) in [
            ("1.0", 1.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("-1.5E-3", -0.0015),
            ("5.", 5.0),
            ("089", 89.0),
            ("18446744073709551616", 18446744073709551616.0),
        ] {
            check(text, Value::Float(number));
        }
        for text in ["yes", "On", "TRUE", "y"] {
            check(text, Value::Bool(true));
        }
        for text in ["", "~", "Null"] {
            check(text, Value::Null);
        }
        for text in ["1e400", "2001-12-14", "12:30", "0x", "nO", "1,000", "yess", "-", "+", ".", "0xg", "1 2", "5s"] {
            check(text, Value::String(text.into()));
        }
        assert_eq!(resolve("-.inf", None), Err(ScalarError::NotFinite("-Inf")));
    }

    #[test]
    fn tags_must_be_true() {
        assert_eq!(resolve("123", Some("str")), Ok(Value::String("123".into())));
        assert_eq!(resolve("1", Some("float")), Ok(Value::Float(1.0)));
        assert_eq!(resolve("YWI=", Some("binary")), Ok(Value::String("ab".into())));
        assert_eq!(resolve("x", Some("int")), Err(ScalarError::Tag("cannot decode !!str `x` as a !!int".into())));
        assert!(resolve("a", Some("binary")).is_err());
    }
}
