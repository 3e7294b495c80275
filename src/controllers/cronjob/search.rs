//! The search for the next start, field by field from the month down (`SpecSchedule.Next`).
//!
//! Hours, minutes and seconds step through real time, months and days over the calendar; a field that wraps sends the
//! search back to the top. What comes out around clock changes follows from exactly these steps, so they are kept.

use super::grammar::STAR;
use super::schedule::Fields;
use crate::kernel::calendar::{Date, SECONDS_PER_DAY, civil_from_days, days_from_civil, weekday};

/// The search would come to the same place again and again.
#[derive(Debug)]
pub(super) struct Endless;

/// Seconds of about 30,000 years: farther from 1970 no calendar is kept.
const HORIZON: i64 = 1_000_000_000_000;

/// The start that follows the second `after` (since 1970), unless there is none in five years.
pub(super) fn next_start(fields: &Fields, after: i64) -> Result<Option<i64>, Endless> {
    let at = after.clamp(-HORIZON, HORIZON) + 1;
    let mut search = Search { fields, at, cut: false, landings: Vec::new() };
    let last_year = search.date().year + 5;
    loop {
        if search.date().year > last_year {
            return Ok(None);
        }
        let wrapped = search.month_wraps()
            || search.day_wraps()?
            || search.field_wraps(fields.hour, 24, 3600)
            || search.field_wraps(fields.minute, 60, 60)
            || search.field_wraps(1, 60, 1);
        if !wrapped {
            return Ok(Some(search.at));
        }
    }
}

/// Do the fields match what a clock shows, `wall` seconds since 1970?
pub(super) fn matches_clock(fields: &Fields, wall: i64) -> bool {
    let second = wall.rem_euclid(SECONDS_PER_DAY);
    let days = wall.div_euclid(SECONDS_PER_DAY);
    let date = civil_from_days(days);
    has(fields.month, i64::from(date.month))
        && day_matches(fields, date, weekday(days))
        && has(fields.hour, second / 3600)
        && has(fields.minute, second / 60 % 60)
        && second % 60 == 0
}

struct Search<'a> {
    fields: &'a Fields,
    /// Where it stands, in seconds since 1970.
    at: i64,
    /// Have the fields below the one that first failed been set to their lowest?
    cut: bool,
    /// Where steps of days that did not lead forward ended. The same end twice is a circle.
    landings: Vec<i64>,
}

impl Search<'_> {
    fn wall(&self) -> i64 {
        self.at + self.fields.zone.offset(self.at)
    }

    fn date(&self) -> Date {
        civil_from_days(self.wall().div_euclid(SECONDS_PER_DAY))
    }

    fn hour(&self) -> i64 {
        self.wall().rem_euclid(SECONDS_PER_DAY) / 3600
    }

    /// Goes to a date, which may run over; the clock shows `second` seconds since midnight, if it can.
    fn go_to(&mut self, year: i64, month: i64, day: i64, second: i64) {
        self.at = self.fields.zone.instant_of(days_from_civil(year, month, day) * SECONDS_PER_DAY + second);
    }

    /// Goes to a month that matches; true if a year begins on the way.
    fn month_wraps(&mut self) -> bool {
        let mut date = self.date();
        while !has(self.fields.month, i64::from(date.month)) {
            if !self.cut {
                self.cut = true;
                self.go_to(date.year, i64::from(date.month), 1, 0);
                date = self.date();
            }
            let second = self.wall().rem_euclid(SECONDS_PER_DAY);
            self.go_to(date.year, i64::from(date.month) + 1, i64::from(date.day), second);
            date = self.date();
            if date.month == 1 {
                return true;
            }
        }
        false
    }

    /// Goes to a day that matches; true if a month begins on the way.
    fn day_wraps(&mut self) -> Result<bool, Endless> {
        loop {
            let days = self.wall().div_euclid(SECONDS_PER_DAY);
            let date = civil_from_days(days);
            if day_matches(self.fields, date, weekday(days)) {
                return Ok(false);
            }
            if self.step_day(date)? == 1 {
                return Ok(true);
            }
        }
    }

    /// Goes a day on, to about midnight, and returns the day of the month.
    fn step_day(&mut self, mut date: Date) -> Result<u32, Endless> {
        if !self.cut {
            self.cut = true;
            self.go_to(date.year, i64::from(date.month), i64::from(date.day), 0);
            date = self.date();
        }
        let before = self.at;
        let second = self.wall().rem_euclid(SECONDS_PER_DAY);
        self.go_to(date.year, i64::from(date.month), i64::from(date.day) + 1, second);
        // Midnight may be missing or the clock may have changed on the day: back or on to it by whole hours.
        let hour = self.hour();
        if hour > 12 {
            self.at += (24 - hour) * 3600;
        } else {
            self.at -= hour * 3600;
        }
        if self.at <= before {
            if self.landings.contains(&self.at) {
                return Err(Endless);
            }
            self.landings.push(self.at);
        }
        Ok(self.date().day)
    }

    /// Goes on by `unit` seconds until the field of the clock that counts them, up to `limit`, is in `set`; true if
    /// it comes to zero on the way.
    fn field_wraps(&mut self, set: u64, limit: i64, unit: i64) -> bool {
        let mut value = self.wall().div_euclid(unit).rem_euclid(limit);
        while !has(set, value) {
            if !self.cut {
                self.cut = true;
                self.cut_to(unit);
                value = self.wall().div_euclid(unit).rem_euclid(limit);
            }
            // Up to the next value of the set, or to zero, in one leap if clocks run evenly until there.
            let ahead = i64::from((set & !STAR).checked_shr(value as u32 + 1).unwrap_or(0).trailing_zeros()) + 1;
            let leap = ahead.min(limit - value) * unit;
            let even = self.at + leap < self.fields.zone.period(self.at).end;
            self.at += if even { leap } else { unit };
            value = self.wall().div_euclid(unit).rem_euclid(limit);
            if value == 0 {
                return true;
            }
        }
        false
    }

    /// Cuts off what is below an hour on the clock, or below a minute in real time.
    fn cut_to(&mut self, unit: i64) {
        if unit == 3600 {
            let wall = self.wall();
            self.at = self.fields.zone.instant_of(wall - wall.rem_euclid(unit));
        } else {
            self.at -= self.at.rem_euclid(unit);
        }
    }
}

fn has(set: u64, value: i64) -> bool {
    set >> value & 1 == 1
}

/// Both day fields must match if one of them has a star, else one is enough.
fn day_matches(fields: &Fields, date: Date, weekday: u32) -> bool {
    let day_of_month = has(fields.day_of_month, i64::from(date.day));
    let day_of_week = has(fields.day_of_week, i64::from(weekday));
    if (fields.day_of_month | fields.day_of_week) & STAR != 0 {
        day_of_month && day_of_week
    } else {
        day_of_month || day_of_week
    }
}
