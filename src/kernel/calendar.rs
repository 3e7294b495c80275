//! The Gregorian calendar, extended over all years: days and dates.

/// Seconds in a day.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year; 0 is the year before 1.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

/// The date that is `days` days after 1970-01-01.
pub fn civil_from_days(days: i64) -> Date {
    // Years are counted from 1 March, so that the leap day is their last.
    let shifted = days.saturating_add(DAYS_TO_1970);
    let (era, day_of_era) = (shifted.div_euclid(DAYS_PER_ERA), shifted.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Date {
        year: era * 400 + year_of_era + i64::from(month <= 2),
        month: month as u32,
        day: (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32,
    }
}

/// Days from 1970-01-01 to a date. A month or day outside its range runs over into the years or days around it.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let months = month - 1;
    let (year, month) = (year + months.div_euclid(12), months.rem_euclid(12));
    let (year, month_from_march) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + (153 * month_from_march + 2) / 5;
    era * DAYS_PER_ERA + day_of_era + day - 1 - DAYS_TO_1970
}

/// Day of the week of the day that is `days` days after 1970-01-01; Sunday is 0.
pub fn weekday(days: i64) -> u32 {
    // 1970-01-01 was a Thursday.
    (days.rem_euclid(7) + 4).rem_euclid(7) as u32
}

/// The day of the week at `seconds` since 1970-01-01T00:00:00, in three letters.
pub fn day_name(seconds: i64) -> &'static str {
    const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    NAMES[weekday(seconds.div_euclid(SECONDS_PER_DAY)) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        let check = |days, year, month, day, weekday_of| {
            assert_eq!(civil_from_days(days), Date { year, month, day });
            assert_eq!(days_from_civil(year, i64::from(month), i64::from(day)), days);
            assert_eq!(weekday(days), weekday_of);
        };
        check(0, 1970, 1, 1, 4);
        check(-1, 1969, 12, 31, 3);
        check(11_016, 2000, 2, 29, 2);
        check(11_017, 2000, 3, 1, 3);
        check(20_541, 2026, 3, 29, 0);
        check(-719_162, 1, 1, 1, 1);
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let mut before = civil_from_days(-150_000);
        for days in -149_999..150_000 {
            let date = civil_from_days(days);
            assert!(date > before, "{date:?} after {before:?}");
            assert_eq!(days_from_civil(date.year, i64::from(date.month), i64::from(date.day)), days);
            before = date;
        }
    }

    #[test]
    fn months_and_days_run_over() {
        assert_eq!(days_from_civil(2025, 13, 1), days_from_civil(2026, 1, 1));
        assert_eq!(days_from_civil(2025, 2, 31), days_from_civil(2025, 3, 3));
        assert_eq!(days_from_civil(2025, 0, 1), days_from_civil(2024, 12, 1));
    }
}
