//! Times as users write them.

use crate::api::duration::parse_duration;
use crate::kernel::time::SimDuration;

/// Reads a time as Go's `time.RFC3339` does.
pub(super) fn rfc3339(text: &str) -> Option<jiff::Timestamp> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[10] == b'T'
        && bytes[13] == b':'
        && bytes[16] == b':'
        && (bytes.ends_with(b"Z") || matches!(bytes[bytes.len() - 6], b'+' | b'-'));
    if shaped { text.parse().ok() } else { None }
}

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// How long it is from a start, in seconds since 1970, to what a text says: a length, the first time of day after it,
/// or a time.
///
/// # Errors
/// A sentence if it says none of these, or a time that has gone by.
pub fn length_until(text: &str, start: i64) -> Result<SimDuration, String> {
    let of_day =
        time_of_day(text).map(|time| (time - start).rem_euclid(DAY)).map(|left| if left == 0 { DAY } else { left });
    let seconds = of_day.or_else(|| rfc3339(text).map(|time| time.as_second() - start));
    let length = match seconds {
        Some(seconds) => u64::try_from(seconds).ok().map(SimDuration::from_secs),
        None => parse_duration(text).ok(),
    };
    length.ok_or_else(|| format!("\"{text}\" is no length like 2h, time of day like 06:00, or time after the start"))
}

/// `06:00` or `06:00:30` in seconds since midnight.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut part =
        |most: i64| parts.next().and_then(|part| part.parse::<i64>().ok()).filter(|n| (0..=most).contains(n));
    let (hours, minutes) = (part(23)?, part(59)?);
    let seconds = if text.matches(':').count() == 2 { part(59)? } else { 0 };
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let check = |text: &str, seconds: Option<i64>| assert_eq!(rfc3339(text).map(|t| t.as_second()), seconds);
        check("2000-01-01T01:00:00Z", Some(946_688_400));
        check("2000-01-01T02:00:00+01:00", Some(946_688_400));
        check("2000-01-01", None);
        check("2000-13-01T01:00:00Z", None);
        check("2000-01-01T01:00:00", None);
        check("2000-01-01T01:00:00Z[UTC]", None);
        check("ä000-01-01T01:00:0", None);
    }
}
