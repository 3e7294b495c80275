//! Which start of a CronJob is due, how many were missed, and when to look again.

use super::schedule::{EndlessSearch, Schedule};
use super::zone::Zone;
use crate::kernel::instant::Instant;
use crate::kernel::time::NANOS_PER_SECOND;

/// Added to each wake-up, so that clocks that differ a little do not wake a worker early (`nextScheduleDelta`).
const PADDING: i128 = 100_000_000;

/// Above this many missed starts upstream warns.
const MANY: i64 = 100;

/// What the decisions look at in a CronJob.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// `metadata.creationTimestamp`.
    pub creation: Instant,
    /// `status.lastScheduleTime`.
    pub last_schedule: Option<Instant>,
    /// `spec.startingDeadlineSeconds`.
    pub starting_deadline: Option<i64>,
}

/// How many starts were missed, estimated from the gap between the first two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// None, or a single one.
    None,
    /// Up to 100.
    Few,
    /// More.
    Many,
}

/// What [`most_recent_start`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostRecent {
    /// The latest start that is not after now. Irregular schedules can lose it, so there may be none where some were
    /// missed.
    pub start: Option<Instant>,
    /// How many were missed.
    pub missed: Missed,
}

/// A start that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its nominal time.
    pub start: Instant,
    /// Warn with `TooManyMissedTimes`.
    pub too_many_missed: bool,
}

/// Why no start can be named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The first two starts are the same or out of order; so for schedules that never match.
    #[error("time difference between two schedules is less than 1 second")]
    TooClose,
    /// Upstream would never answer.
    #[error(transparent)]
    Endless(#[from] EndlessSearch),
}

/// The message of the `TooManyMissedTimes` event.
pub const TOO_MANY_MISSED: &str =
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";

/// Starts up to this instant are settled: the last start or the creation, or with the deadline what lies before it.
pub fn earliest_start(times: &Times, now: Instant, with_deadline: bool) -> Instant {
    let earliest = times.last_schedule.unwrap_or(times.creation);
    match times.starting_deadline {
        // 64-bit nanoseconds, which wrap: above 9,223,372,036 s the deadline is nonsense upstream too.
        Some(seconds) if with_deadline => {
            earliest.max(now.plus((-(NANOS_PER_SECOND as i64)).wrapping_mul(seconds).into()))
        }
        _ => earliest,
    }
}

/// The latest start since [`earliest_start`] that is not after `now` (`mostRecentScheduleTime`).
pub fn most_recent_start(
    times: &Times,
    now: Instant,
    schedule: &Schedule,
    with_deadline: bool,
) -> Result<MostRecent, ScheduleError> {
    let first = next_or_zero(schedule, earliest_start(times, now, with_deadline))?;
    let second = next_or_zero(schedule, first)?;
    if now < first {
        return Ok(MostRecent { start: None, missed: Missed::None });
    }
    if now < second {
        return Ok(MostRecent { start: Some(first), missed: Missed::None });
    }
    let gap = rounded_seconds(second.since(first));
    if gap < 1 {
        return Err(ScheduleError::TooClose);
    }
    let estimate = float_seconds(now.since(first)) / gap + 1;
    // Two gaps early, and from there start by start: irregular schedules are not where the estimate says.
    let back = (estimate - 2).wrapping_mul(gap).wrapping_mul(NANOS_PER_SECOND as i64);
    let start = last_start_until(schedule, first.plus(back.into()), now)?;
    let missed = match estimate {
        ..=0 => Missed::None,
        1..=MANY => Missed::Few,
        _ => Missed::Many,
    };
    Ok(MostRecent { start, missed })
}

/// The start that a sync at `now` begins, if one is due; the deadline is applied (`nextScheduleTime`).
pub fn due_start(times: &Times, now: Instant, schedule: &Schedule) -> Result<Option<Due>, ScheduleError> {
    let recent = most_recent_start(times, now, schedule, true)?;
    let due = |start| Due { start, too_many_missed: recent.missed == Missed::Many };
    Ok(recent.start.filter(|&start| start <= now).map(due))
}

/// Nanoseconds from `now` until the CronJob is to be looked at again; negative or zero is at once
/// (`nextScheduleTimeDuration`). The smallest number stands for a schedule without a next start.
pub fn requeue_after(times: &Times, now: Instant, schedule: &Schedule) -> Result<i64, EndlessSearch> {
    let base = match most_recent_start(times, now, schedule, false) {
        Ok(MostRecent { start: Some(start), .. }) => start,
        Ok(MostRecent { start: None, missed: Missed::None }) => earliest_start(times, now, false),
        Ok(_) | Err(ScheduleError::TooClose) => now,
        Err(ScheduleError::Endless(error)) => return Err(error),
    };
    Ok(wake_up(next_or_zero(schedule, base)?).since(now))
}

/// When a CronJob is looked at for a start.
pub fn wake_up(start: Instant) -> Instant {
    start.plus(PADDING)
}

/// Has the deadline of a start passed at `now`? The sync's second look, which [`due_start`] leaves nothing to find.
pub fn is_too_late(times: &Times, start: Instant, now: Instant) -> bool {
    let late = |seconds| start.plus((NANOS_PER_SECOND as i64).wrapping_mul(seconds).into()) < now;
    times.starting_deadline.is_some_and(late)
}

/// The name of the Job of a start: the CronJob's and the minutes since 1970 (`getJobName`).
pub fn job_name(cron_job: &str, start: Instant) -> String {
    let mut name = String::with_capacity(cron_job.len() + 20);
    name.push_str(cron_job);
    name.push('-');
    name.push_str(itoa::Buffer::new().format(start.seconds / 60));
    name
}

/// The value of `batch.kubernetes.io/cronjob-scheduled-timestamp`: the start on the clocks of `spec.timeZone`.
pub fn scheduled_timestamp(start: Instant, zone: &Zone) -> String {
    start.rfc3339(zone.offset(start.seconds))
}

/// The next start, or Go's zero time if there is none, which upstream computes with unawares.
fn next_or_zero(schedule: &Schedule, after: Instant) -> Result<Instant, EndlessSearch> {
    Ok(schedule.next(after)?.unwrap_or(Instant::ZERO_TIME))
}

/// The last of the starts after `from` that is not after `now`.
fn last_start_until(schedule: &Schedule, from: Instant, now: Instant) -> Result<Option<Instant>, EndlessSearch> {
    let mut last = None;
    // A start need not be later than the one before, and after the last one comes the zero time: then upstream may
    // walk in a circle for ever, which it does if it steps back twice to the same instant.
    let mut steps_back = Vec::new();
    let mut start = next_or_zero(schedule, from)?;
    while start <= now {
        if last.is_some_and(|last| start <= last) {
            if steps_back.contains(&start) {
                return Err(schedule.endless(from));
            }
            steps_back.push(start);
        }
        last = Some(start);
        start = next_or_zero(schedule, start)?;
    }
    // The zero time, had it been the last, would mean none (`mostRecentTime.IsZero`).
    Ok(last.filter(|&last| last != Instant::ZERO_TIME))
}

/// Whole seconds, half a second counting up, within 64-bit nanoseconds (`Duration.Round`).
fn rounded_seconds(nanos: i64) -> i64 {
    let second = NANOS_PER_SECOND as i64;
    let half = if nanos < 0 { -second / 2 } else { second / 2 };
    nanos.saturating_add(half) / second
}

/// Whole seconds by way of a float, as `int64(Duration.Seconds())` has them: from half a year on, a rest of almost a
/// second counts as one.
fn float_seconds(nanos: i64) -> i64 {
    let second = NANOS_PER_SECOND as i64;
    ((nanos / second) as f64 + (nanos % second) as f64 / 1e9) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        let instant: jiff::Timestamp = text.parse().expect("an instant");
        Instant { seconds: instant.as_second(), nanos: instant.subsec_nanosecond() as u32 }
    }

    /// `due`: the start that a sync begins, with a `!` if it warns.
    fn check(schedule: &str, last: &str, deadline: Option<i64>, now: &str, due: &str) {
        let times = Times { creation: at(last), last_schedule: None, starting_deadline: deadline };
        let parsed = Schedule::parse(schedule).expect("a schedule");
        let found = match due_start(&times, at(now), &parsed) {
            Ok(None) => "none".to_owned(),
            Ok(Some(due)) => format!("{}{}", due.start, if due.too_many_missed { "!" } else { "" }),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, due, "{schedule} last {last} now {now}");
    }

    #[test]
    fn the_latest_start_is_due() {
        check("0 * * * *", "2025-03-03T09:30:00Z", None, "2025-03-03T09:59:59.9Z", "none");
        check("0 * * * *", "2025-03-03T09:30:00Z", None, "2025-03-03T10:00:00Z", "2025-03-03T10:00:00Z");
        check("0 * * * *", "2025-03-03T09:30:00Z", None, "2025-03-03T15:10:00Z", "2025-03-03T15:00:00Z");
        check("* * * * *", "2025-03-03T09:30:00Z", None, "2025-03-03T11:11:00Z", "2025-03-03T11:11:00Z!");
        check("0,1 0 * * *", "2025-03-03T09:30:00Z", None, "2025-03-04T09:30:00Z", "none");
    }

    #[test]
    fn the_deadline_cuts_off_what_is_older() {
        check("0 * * * *", "2025-03-03T09:30:00Z", Some(5), "2025-03-03T12:00:04.9Z", "2025-03-03T12:00:00Z");
        check("0 * * * *", "2025-03-03T09:30:00Z", Some(5), "2025-03-03T12:00:05Z", "none");
        check("0 * * * *", "2025-03-03T09:30:00Z", Some(0), "2025-03-03T12:00:00Z", "none");
    }

    #[test]
    fn schedules_without_starts_are_refused_and_circles_end() {
        let too_close = "time difference between two schedules is less than 1 second";
        check("0 0 30 2 *", "2025-03-03T09:30:00Z", None, "2025-03-04T09:30:00Z", too_close);
        let times = Times { creation: at("2096-03-01T00:00:00Z"), last_schedule: None, starting_deadline: None };
        let schedule = Schedule::parse("0 0 29 2 *").expect("a schedule");
        let error = requeue_after(&times, at("2097-03-03T12:00:00Z"), &schedule).expect_err("a circle");
        assert_eq!(error.schedule, "0 0 29 2 *");
    }

    #[test]
    fn jobs_are_named_by_the_minute() {
        let start = at("2025-03-03T10:00:59Z");
        assert_eq!(job_name("demo", start), "demo-29016600");
        let zone = Zone::load("Asia/Kolkata").expect("a zone");
        assert_eq!(scheduled_timestamp(start, &zone), "2025-03-03T15:30:59+05:30");
    }

    #[test]
    fn elapsed_seconds_are_upstreams_floats() {
        assert_eq!(float_seconds(1_999_999_999), 1);
        assert_eq!(float_seconds(20_000_000_999_999_999), 20_000_001);
        assert_eq!(rounded_seconds(i64::MAX), 9_223_372_036);
        assert_eq!(rounded_seconds(-1_500_000_000), -2);
    }
}
