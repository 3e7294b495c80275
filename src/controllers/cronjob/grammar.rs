//! The language of cron fields: `*/15`, `1-5`, `mon,wed`, with the parser's own error texts (`getField`).

use crate::api::quote::quote;

/// Marks a field that was written with `*` or `?`, for the rule of the two day fields.
pub(super) const STAR: u64 = 1 << 63;

/// The values of a field.
pub(super) struct Bounds {
    least: u64,
    most: u64,
    /// Names of the values from `least` on, in lower case.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Bounds = Bounds { least: 0, most: 59, names: &[] };
pub(super) const HOUR: Bounds = Bounds { least: 0, most: 23, names: &[] };
pub(super) const DAY_OF_MONTH: Bounds = Bounds { least: 1, most: 31, names: &[] };
pub(super) const MONTH: Bounds = Bounds {
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
pub(super) const DAY_OF_WEEK: Bounds =
    Bounds { least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Bounds {
    /// Every value, as `*` gives.
    pub(super) fn all(&self) -> u64 {
        bits(self.least, self.most, 1) | STAR
    }

    /// The lowest value alone.
    pub(super) fn first(&self) -> u64 {
        1 << self.least
    }
}

/// Reads a field into the set of its values, one bit each. Empty items of a list are passed over, so `,` is a field
/// that never matches.
pub(super) fn parse_field(field: &str, bounds: &Bounds) -> Result<u64, String> {
    let items = field.split(',').filter(|item| !item.is_empty());
    items.map(|item| parse_range(item, bounds)).try_fold(0, |set, item| Ok(set | item?))
}

/// `number | number-number [/step]` (`getRange`).
fn parse_range(item: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = item.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let starred = matches!(ends[0], "*" | "?");
    let (start, mut end) = match ends[..] {
        // What follows a star and a hyphen is not even read.
        ["*" | "?", ..] => (bounds.least, bounds.most),
        [only] => parse_value(only, bounds).map(|value| (value, value))?,
        [low, ..] => {
            let low = parse_value(low, bounds)?;
            let [_, high] = ends[..] else { return Err(format!("too many hyphens: {item}")) };
            (low, parse_value(high, bounds)?)
        }
        [] => (bounds.least, bounds.most),
    };
    let step = match parts[..] {
        [_] => 1,
        [_, step] => {
            if ends.len() == 1 {
                end = bounds.most;
            }
            parse_number(step)?
        }
        _ => return Err(format!("too many slashes: {item}")),
    };
    check_range(start, end, step, bounds).map_err(|fault| format!("{fault}: {item}"))?;
    Ok(bits(start, end, step) | if starred && step <= 1 { STAR } else { 0 })
}

fn check_range(start: u64, end: u64, step: u64, bounds: &Bounds) -> Result<(), String> {
    let (least, most) = (bounds.least, bounds.most);
    if start < least {
        Err(format!("beginning of range ({start}) below minimum ({least})"))
    } else if end > most {
        Err(format!("end of range ({end}) above maximum ({most})"))
    } else if start > end {
        Err(format!("beginning of range ({start}) beyond end of range ({end})"))
    } else if step == 0 {
        Err("step of range should be a positive number".to_owned())
    } else {
        Ok(())
    }
}

fn parse_value(text: &str, bounds: &Bounds) -> Result<u64, String> {
    match bounds.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        Some(position) => Ok(bounds.least + position as u64),
        None => parse_number(text),
    }
}

/// `mustParseInt`.
fn parse_number(text: &str) -> Result<u64, String> {
    let number = parse_go_int(text)
        .map_err(|fault| format!("failed to parse int from {text}: strconv.Atoi: parsing {}: {fault}", quote(text)))?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

/// `strconv.Atoi`. A number too long is out of range even if something else follows it.
fn parse_go_int(text: &str) -> Result<i64, &'static str> {
    const SYNTAX: &str = "invalid syntax";
    const RANGE: &str = "value out of range";
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut magnitude: u64 = 0;
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return Err(SYNTAX);
        }
        let longer = magnitude.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit - b'0')));
        magnitude = longer.ok_or(RANGE)?;
    }
    if digits.is_empty() {
        return Err(SYNTAX);
    }
    let negative = text.starts_with('-');
    let number = if negative { 0i64.checked_sub_unsigned(magnitude) } else { 0i64.checked_add_unsigned(magnitude) };
    number.ok_or(RANGE)
}

/// The bits from `start` to `end`, every `step`th.
fn bits(start: u64, end: u64, step: u64) -> u64 {
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    (start..=end).step_by(step).fold(0, |set, value| set | 1 << value)
}

/// Does an error say that there is no day 7 of the week? To other crons that is Sunday.
pub fn is_of_day_seven(error: &str) -> bool {
    error.contains("(7) above maximum (6)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(field: &str, bounds: &Bounds) -> (Vec<u32>, bool) {
        let set = parse_field(field, bounds).unwrap_or_else(|error| panic!("{field}: {error}"));
        ((0..63).filter(|bit| set >> bit & 1 == 1).collect(), set & STAR != 0)
    }

    #[test]
    fn fields_are_sets_of_values_with_a_mark_for_stars() {
        let check = |field: &str, bounds: &Bounds, set: &[u32], starred| {
            assert_eq!(values(field, bounds), (set.to_vec(), starred), "{field}");
        };
        check("*/20", &MINUTE, &[0, 20, 40], false);
        check("50/5", &MINUTE, &[50, 55], false);
        check("1-4/2,+07", &MINUTE, &[1, 3, 7], false);
        check("3/99", &HOUR, &[3], false);
        check("Mon-wed,SAT", &DAY_OF_WEEK, &[1, 2, 3, 6], false);
        check("*/1", &DAY_OF_WEEK, &[0, 1, 2, 3, 4, 5, 6], true);
        check("*-5", &DAY_OF_WEEK, &[0, 1, 2, 3, 4, 5, 6], true);
        check("*,5", &DAY_OF_WEEK, &[0, 1, 2, 3, 4, 5, 6], true);
        check(",", &MINUTE, &[], false);
        check("jan-mar", &MONTH, &[1, 2, 3], false);
    }

    #[test]
    fn refusals_have_the_words_of_the_parser() {
        let check = |field: &str, error: &str| assert_eq!(parse_field(field, &HOUR), Err(error.to_owned()), "{field}");
        check("24", "end of range (24) above maximum (23): 24");
        check("5-", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax");
        check("1-2-3", "too many hyphens: 1-2-3");
        check("x-2-3", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax");
        check("*/2/3", "too many slashes: */2/3");
        check("*/-2", "negative number (-2) not allowed: -2");
        check(
            "99999999999999999999x",
            "failed to parse int from 99999999999999999999x: strconv.Atoi: parsing \"99999999999999999999x\": value out of range",
        );
    }
}
