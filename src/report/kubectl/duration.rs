//! Durations as kubectl writes them in AGE and DURATION: `35s`, `3m6s`, `2d10h`.

use crate::api::meta::ApiTime;
use crate::kernel::time::SimTime;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Two or three digits of precision (`HumanDuration`), from nanoseconds.
///
/// Up to two seconds below zero are taken for clocks that differ, more is `<invalid>`.
pub fn human(nanos: i64) -> String {
    // Go cuts towards zero, as the division here does.
    let seconds = nanos / SECOND;
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds, MINUTE, 'm', 1, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds, HOUR, 'h', MINUTE, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds, DAY, 'd', HOUR, 'h'),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds, YEAR, 'y', DAY, 'd'),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// One unit only (`ShortHumanDuration`), from nanoseconds.
pub fn short_human(nanos: i64) -> String {
    let seconds = nanos / SECOND;
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        _ => match float_hours(nanos) {
            hours @ ..24 => format!("{hours}h"),
            hours @ 24..8760 => format!("{}d", hours / 24),
            hours => format!("{}y", hours / 8760),
        },
    }
}

/// Whole hours as Go's `Duration.Hours` gives them: a float, which rounds the last nanoseconds of many hours up.
fn float_hours(nanos: i64) -> i64 {
    let hour = HOUR * SECOND;
    ((nanos / hour) as f64 + (nanos % hour) as f64 / hour as f64) as i64
}

/// How long ago `then` was at `now`: the API server knows `then` by the whole second.
pub fn age(then: SimTime, now: SimTime) -> String {
    human(between(ApiTime::of(then).instant(), now))
}

/// Nanoseconds from `from` to `to`, for [`human`].
pub fn between(from: SimTime, to: SimTime) -> i64 {
    let nanos = i128::from(to.0) - i128::from(from.0);
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

fn two(seconds: i64, unit: i64, name: char, part: i64, part_name: char) -> String {
    match seconds % unit / part {
        0 => format!("{}{name}", seconds / unit),
        rest => format!("{}{name}{rest}{part_name}", seconds / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_count_from_whole_seconds() {
        let check = |then, now, text: &str| assert_eq!(age(SimTime(then), SimTime(now)), text);
        check(0, 0, "0s");
        check(1_900_000_000, 3_000_000_000, "2s");
        check(5_000_000_000, 3_500_000_000, "0s");
        check(0, u64::MAX, "292y");
    }
}
