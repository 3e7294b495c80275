//! Absolute instants: what calendars and time zones are about.
//!
//! The simulation counts [`SimTime`] from its start; a calendar needs to know where on the time line that is.

use std::fmt;

use super::calendar::{SECONDS_PER_DAY, civil_from_days, day_name};
use super::time::{NANOS_PER_SECOND, SimTime};

const NANOS: i128 = NANOS_PER_SECOND as i128;

/// A point on the time line, UTC without leap seconds, to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub seconds: i64,
    /// Nanoseconds on top, below 10^9.
    pub nanos: u32,
}

impl Instant {
    /// Midnight of 1 January of the year 1, UTC: Go's zero `time.Time`, which stands for "no time".
    pub const ZERO_TIME: Instant = Instant { seconds: -62_135_596_800, nanos: 0 };

    /// A whole second since 1970.
    pub const fn from_seconds(seconds: i64) -> Instant {
        Instant { seconds, nanos: 0 }
    }

    /// The instant of `now` in a simulation that starts at `start` seconds since 1970.
    pub fn of(start: i64, now: SimTime) -> Instant {
        let seconds = start.saturating_add((now.0 / NANOS_PER_SECOND) as i64);
        Instant { seconds, nanos: (now.0 % NANOS_PER_SECOND) as u32 }
    }

    /// The instant `nanos` later, or earlier if negative; stops at the ends of the time line.
    #[must_use]
    pub fn plus(self, nanos: i128) -> Instant {
        // The usual case does without division in 128 bits.
        if let Ok(nanos) = i64::try_from(nanos)
            && let Some(sum) = i64::from(self.nanos).checked_add(nanos)
        {
            let second = NANOS_PER_SECOND as i64;
            let seconds = self.seconds.saturating_add(sum.div_euclid(second));
            return Instant { seconds, nanos: sum.rem_euclid(second) as u32 };
        }
        let sum = (i128::from(self.nanos)).saturating_add(nanos);
        let seconds = i128::from(self.seconds).saturating_add(sum.div_euclid(NANOS));
        let seconds = seconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        Instant { seconds, nanos: sum.rem_euclid(NANOS) as u32 }
    }

    /// Nanoseconds from `earlier` to here, capped at both ends of 64 bits (`Time.Sub`).
    pub fn since(self, earlier: Instant) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(earlier.seconds);
        let nanos = seconds * NANOS + i128::from(self.nanos) - i128::from(earlier.nanos);
        nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// RFC 3339 as on a clock that is `offset` seconds ahead of UTC: `2026-03-29T03:30:00+02:00`. Seconds of the
    /// offset are left out, as Go leaves them out.
    pub fn rfc3339(self, offset: i64) -> String {
        let local = self.seconds.saturating_add(offset);
        let date = civil_from_days(local.div_euclid(SECONDS_PER_DAY));
        let second = local.rem_euclid(SECONDS_PER_DAY);
        let sign = if date.year < 0 { "-" } else { "" };
        let year = date.year.unsigned_abs();
        let mut text = format!(
            "{sign}{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.month,
            date.day,
            second / 3600,
            second / 60 % 60,
            second % 60
        );
        if self.nanos > 0 {
            text.push('.');
            text.push_str(format!("{:09}", self.nanos).trim_end_matches('0'));
        }
        match offset {
            0 => text.push('Z'),
            _ => {
                let minutes = offset.unsigned_abs() / 60;
                let sign = if offset < 0 { '-' } else { '+' };
                text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
            }
        }
        text
    }
}

impl Instant {
    /// In UTC as Go's `time.RFC1123Z` has it: `Sun, 29 Mar 2026 01:30:00 +0000`.
    pub fn rfc1123(self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let date = civil_from_days(self.seconds.div_euclid(SECONDS_PER_DAY));
        let second = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let (day, month) = (day_name(self.seconds), MONTHS[date.month as usize - 1]);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} +0000", date.day, date.year)
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_local_time_with_its_offset() {
        let check = |seconds, nanos, offset, text: &str| {
            assert_eq!(Instant { seconds, nanos }.rfc3339(offset), text);
        };
        check(0, 0, 0, "1970-01-01T00:00:00Z");
        check(-1, 500_000_000, 0, "1969-12-31T23:59:59.5Z");
        check(1_774_747_800, 0, 7200, "2026-03-29T03:30:00+02:00");
        check(951_782_400, 0, -12_600, "2000-02-28T20:30:00-03:30");
        check(Instant::ZERO_TIME.seconds, 0, 0, "0001-01-01T00:00:00Z");
    }

    #[test]
    fn prints_for_http_and_mail() {
        assert_eq!(Instant::from_seconds(1_774_747_800).rfc1123(), "Sun, 29 Mar 2026 01:30:00 +0000");
    }

    #[test]
    fn arithmetic_stays_on_the_time_line() {
        let last = Instant::from_seconds(i64::MAX);
        assert_eq!(last.plus(5_000_000_000).seconds, i64::MAX);
        assert_eq!(Instant::ZERO_TIME.since(last), i64::MIN);
        assert_eq!(Instant::from_seconds(3).plus(-1), Instant { seconds: 2, nanos: 999_999_999 });
        assert_eq!(Instant::of(10, SimTime(1_500_000_000)), Instant { seconds: 11, nanos: 500_000_000 });
        assert!(!last.rfc3339(0).is_empty());
    }
}
