//! A CronJob's schedule: parsing `spec.schedule` with its time zone, and the start that follows an instant.

use std::cell::Cell;
use std::sync::Arc;

pub use super::grammar::is_of_day_seven;
use super::grammar::{self, DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH};
use super::search;
use super::zone::Zone;
use crate::api::duration::parse_go_duration;
use crate::kernel::instant::Instant;
use crate::kernel::time::NANOS_PER_SECOND;

/// A parsed schedule. Cheap to clone; keeps the time zone period and the starts it last looked at.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: Arc<str>,
    kind: Kind,
    /// Starts that were searched for, by the second after which.
    found: Cell<[(i64, Option<i64>); REMEMBERED]>,
    /// Where the next one goes.
    oldest: Cell<usize>,
}

/// A controller asks for the same few starts again and again until one of them is due.
const REMEMBERED: usize = 4;

#[derive(Clone, Debug)]
enum Kind {
    Fields(Fields),
    /// `@every`: a number of seconds, at least one.
    Every(i64),
}

/// Five sets of values, one bit each, and the zone whose clocks they are read on.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) minute: u64,
    pub(super) hour: u64,
    pub(super) day_of_month: u64,
    pub(super) month: u64,
    pub(super) day_of_week: u64,
    pub(super) zone: Zone,
}

/// A schedule whose next start would be looked for without end. Upstream's worker hangs there for good.
///
/// Known only for days that a zone left out altogether, as Pacific/Apia did 30 December 2011.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "schedule \"{schedule}\" in time zone {zone}: the search for the start after {after} never ends (the cron library of \
     Kubernetes would hang here); choose another time zone, day or start of the simulation"
)]
pub struct EndlessSearch {
    /// The schedule as written.
    pub schedule: String,
    /// The zone it is read in.
    pub zone: String,
    /// The instant from which the search set out.
    pub after: Instant,
}

impl Schedule {
    /// Parses `spec.schedule` in `spec.timeZone` as the controller does; the error is the parser's text.
    ///
    /// A zone inside the schedule (`TZ=..`) wins over `time_zone`, and one that cannot be loaded is passed over: the
    /// controller and the API check it on their own, with [`Zone::load`] (`formatSchedule`).
    pub fn of_cron_job(schedule: &str, time_zone: Option<&str>) -> Result<Schedule, String> {
        match time_zone {
            Some(zone) if !names_zone(schedule) && Zone::load(zone).is_ok() => {
                Schedule::parse(&format!("TZ={zone} {schedule}"))
            }
            _ => Schedule::parse(schedule),
        }
    }

    /// Parses a schedule: five fields or a descriptor, after an optional `TZ=zone` or `CRON_TZ=zone` and a space
    /// (`cron.ParseStandard`, with panics told as the controller tells them).
    pub fn parse(text: &str) -> Result<Schedule, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        let (zone, rest) = match text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ=")) {
            Some(after) => {
                // The parser cuts the text there without looking whether there is a space.
                let (name, rest) = after
                    .split_once(' ')
                    .ok_or("invalid schedule format: runtime error: slice bounds out of range [:-1]")?;
                let zone = Zone::load(name).map_err(|error| format!("provided bad location {name}: {error}"))?;
                (zone, rest.trim())
            }
            None => (Zone::utc(), text),
        };
        let kind = if rest.starts_with('@') { parse_descriptor(rest, zone)? } else { parse_fields(rest, zone)? };
        // No search sets out from the first second there is.
        let found = Cell::new([(i64::MIN, None); REMEMBERED]);
        Ok(Schedule { text: text.into(), kind, found, oldest: Cell::new(0) })
    }

    /// The schedule as it was parsed, with its zone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone it is read in; absent for `@every`, which has no clock.
    pub fn zone(&self) -> Option<&Zone> {
        match &self.kind {
            Kind::Fields(fields) => Some(&fields.zone),
            Kind::Every(_) => None,
        }
    }

    /// The start that follows `after`; `None` if there is none in the next five years (`Schedule.Next`).
    ///
    /// On days of a clock change it need not be later than `after`: the library's oddity is kept.
    pub fn next(&self, after: Instant) -> Result<Option<Instant>, EndlessSearch> {
        match &self.kind {
            Kind::Every(seconds) => Ok(Some(Instant::from_seconds(after.seconds.saturating_add(*seconds)))),
            Kind::Fields(fields) => {
                let mut found = self.found.get();
                if let Some((_, start)) = found.iter().find(|(second, _)| *second == after.seconds) {
                    return Ok(start.map(Instant::from_seconds));
                }
                let start = search::next_start(fields, after.seconds).map_err(|search::Endless| self.endless(after))?;
                found[self.oldest.get()] = (after.seconds, start);
                self.found.set(found);
                self.oldest.set((self.oldest.get() + 1) % REMEMBERED);
                Ok(start.map(Instant::from_seconds))
            }
        }
    }

    /// The error of a search from `after` that does not end.
    pub(super) fn endless(&self, after: Instant) -> EndlessSearch {
        let zone = self.zone().map_or("UTC", Zone::name).to_owned();
        EndlessSearch { schedule: self.text.to_string(), zone, after }
    }

    /// Would the schedule start at `wall` (seconds since 1970 on the zone's clock), were there no clock changes?
    /// Never for `@every`.
    pub fn matches_clock(&self, wall: i64) -> bool {
        match &self.kind {
            Kind::Fields(fields) => search::matches_clock(fields, wall),
            Kind::Every(_) => false,
        }
    }
}

/// Does a schedule name a zone of its own, or look like it? Such a schedule is used as it is, `spec.timeZone` or not.
pub fn names_zone(schedule: &str) -> bool {
    schedule.contains("TZ")
}

fn parse_fields(text: &str, zone: Zone) -> Result<Kind, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day_of_month, month, day_of_week] = words[..] else {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", words.len(), words.join(" ")));
    };
    Ok(Kind::Fields(Fields {
        minute: grammar::parse_field(minute, &MINUTE)?,
        hour: grammar::parse_field(hour, &HOUR)?,
        day_of_month: grammar::parse_field(day_of_month, &DAY_OF_MONTH)?,
        month: grammar::parse_field(month, &MONTH)?,
        day_of_week: grammar::parse_field(day_of_week, &DAY_OF_WEEK)?,
        zone,
    }))
}

/// `@daily` and its like; lower case only (`parseDescriptor`).
fn parse_descriptor(text: &str, zone: Zone) -> Result<Kind, String> {
    let hourly = Fields {
        minute: MINUTE.first(),
        hour: HOUR.all(),
        day_of_month: DAY_OF_MONTH.all(),
        month: MONTH.all(),
        day_of_week: DAY_OF_WEEK.all(),
        zone,
    };
    let daily = Fields { hour: HOUR.first(), ..hourly.clone() };
    let monthly = Fields { day_of_month: DAY_OF_MONTH.first(), ..daily.clone() };
    match text {
        "@yearly" | "@annually" => Ok(Kind::Fields(Fields { month: MONTH.first(), ..monthly })),
        "@monthly" => Ok(Kind::Fields(monthly)),
        "@weekly" => Ok(Kind::Fields(Fields { day_of_week: DAY_OF_WEEK.first(), ..daily })),
        "@daily" | "@midnight" => Ok(Kind::Fields(daily)),
        "@hourly" => Ok(Kind::Fields(hourly)),
        _ => {
            let length = text.strip_prefix("@every ").ok_or_else(|| format!("unrecognized descriptor: {text}"))?;
            let nanos =
                parse_go_duration(length).map_err(|error| format!("failed to parse duration {text}: {error}"))?;
            Ok(Kind::Every((nanos / NANOS_PER_SECOND as i64).max(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, zone: Option<&str>, after: &str) -> String {
        let schedule = Schedule::of_cron_job(schedule, zone).unwrap_or_else(|error| panic!("{schedule}: {error}"));
        let after: jiff::Timestamp = after.parse().expect("an instant");
        let after = Instant { seconds: after.as_second(), nanos: after.subsec_nanosecond() as u32 };
        match schedule.next(after) {
            Ok(start) => start.map_or("never".to_owned(), |start| start.to_string()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_next_start_is_later_by_whole_seconds() {
        let check = |schedule: &str, after: &str, start: &str| assert_eq!(next(schedule, None, after), start);
        check("*/15 * * * *", "2026-01-05T10:00:00Z", "2026-01-05T10:15:00Z");
        check("* * * * *", "2026-01-05T10:00:59.9Z", "2026-01-05T10:01:00Z");
        check("@every 90s", "2026-01-05T10:00:00.7Z", "2026-01-05T10:01:30Z");
        check("@every 10ms", "2026-01-05T10:00:00Z", "2026-01-05T10:00:01Z");
        check("0 0 29 2 *", "2026-01-05T10:00:00Z", "2028-02-29T00:00:00Z");
        check("0 0 30 2 *", "2026-01-05T10:00:00Z", "never");
        check(", * * * *", "2026-01-05T10:00:00Z", "never");
        check("0 0 13 * fri", "2026-01-05T10:00:00Z", "2026-01-09T00:00:00Z");
        check("0 0 13 * *", "2026-01-05T10:00:00Z", "2026-01-13T00:00:00Z");
    }

    #[test]
    fn clock_changes_skip_and_repeat() {
        let check = |after: &str, start: &str| assert_eq!(next("30 2 * * *", Some("Europe/Berlin"), after), start);
        check("2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z");
        check("2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z");
        check("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
        check("2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z");
    }

    #[test]
    fn an_endless_search_is_an_error_that_names_schedule_and_zone() {
        let error = next("0 12 30 12 *", Some("Pacific/Apia"), "2011-12-28T10:00:00Z");
        assert!(error.contains("0 12 30 12 *") && error.contains("Pacific/Apia"), "{error}");
    }

    #[test]
    fn a_zone_in_the_schedule_wins_and_a_wrong_one_is_passed_over() {
        let check = |schedule: &str, zone, start: &str| {
            assert_eq!(next(schedule, Some(zone), "2026-01-05T00:00:00Z"), start);
        };
        check("TZ=Asia/Tokyo 0 12 * * *", "Europe/Berlin", "2026-01-05T03:00:00Z");
        check("0 12 * * *", "Europe/Berlin", "2026-01-05T11:00:00Z");
        check("0 12 * * *", "Europe/Bonn", "2026-01-05T12:00:00Z");
        check(" @daily ", "Europe/Berlin", "2026-01-05T23:00:00Z");
    }
}
