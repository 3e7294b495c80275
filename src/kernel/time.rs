//! Virtual time: whole nanoseconds since the scenario's start.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since the scenario's `startTime`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

/// A length of virtual time in nanoseconds, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(pub u64);

impl SimTime {
    /// The scenario's start.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than every instant that can be reached.
    pub const MAX: SimTime = SimTime(u64::MAX);

    /// The instant `seconds` after the start.
    pub const fn from_secs(seconds: u64) -> SimTime {
        SimTime(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Whole seconds since the start, cut as the API server cuts its times.
    pub const fn whole_seconds(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub const fn since(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimTime {
    /// The instant cut to the millisecond: enough for people.
    pub const fn cut_to_millis(self) -> SimTime {
        SimTime(self.0 / 1_000_000 * 1_000_000)
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);

    /// A length of whole seconds.
    pub const fn from_secs(seconds: u64) -> SimDuration {
        SimDuration(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A length of whole milliseconds.
    pub const fn from_millis(millis: u64) -> SimDuration {
        SimDuration(millis.saturating_mul(1_000_000))
    }

    /// The length in seconds, for figures and charts only, never for the engine.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, length: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(length.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, length: SimDuration) {
        *self = *self + length;
    }
}

impl Add for SimDuration {
    type Output = SimDuration;
    fn add(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_add(other.0))
    }
}

impl Sub for SimDuration {
    type Output = SimDuration;
    /// The difference, or zero if `other` is longer.
    fn sub(self, other: SimDuration) -> SimDuration {
        SimDuration(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for SimTime {
    /// Seconds as an exact decimal without trailing zeros: `35.83`, `0`, `1200.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SimDuration(self.0).fmt(f)
    }
}

impl fmt::Display for SimDuration {
    /// Seconds as an exact decimal without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, mut nanos) = (self.0 / NANOS_PER_SECOND, self.0 % NANOS_PER_SECOND);
        if nanos == 0 {
            return write!(f, "{seconds}");
        }
        let mut digits = 9;
        while nanos.is_multiple_of(10) {
            nanos /= 10;
            digits -= 1;
        }
        write!(f, "{seconds}.{nanos:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_exact_decimals() {
        let check = |nanos, text: &str| assert_eq!(SimTime(nanos).to_string(), text);
        check(0, "0");
        check(35_830_000_000, "35.83");
        check(1_200_100_000_000, "1200.1");
        check(1, "0.000000001");
    }

    #[test]
    fn api_times_are_cut_to_whole_seconds() {
        assert_eq!(SimTime(10_999_999_999).whole_seconds(), 10);
    }
}
