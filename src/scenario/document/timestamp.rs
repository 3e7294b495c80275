//! What go-yaml v2 takes for a date: the formats of `allowedTimestampFormats`, read as Go's `time.Parse` does.

/// Does go-yaml's `parseTimestamp` read it? The text itself is kept: a date is one only in the eyes of its tag.
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some(((year, month, day), clock)) = date(text) else { return false };
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let has_clock = match clock.as_bytes() {
        [] => true,
        [b'T' | b't', ..] => time_of_day(&clock[1..]).is_some_and(is_zone),
        [b' ', ..] => time_of_day(clock.trim_start_matches(' ')).is_some_and(str::is_empty),
        _ => false,
    };
    (1..=12).contains(&month) && (1..=days).contains(&day) && has_clock
}

fn date(text: &str) -> Option<((u32, u32, u32), &str)> {
    let (year, rest) = text.split_once('-')?;
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    let (month, rest) = number(rest)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    is_year.then_some(((year.parse().ok()?, month, day), rest))
}

/// What follows hours, minutes, seconds and their fraction.
fn time_of_day(text: &str) -> Option<&str> {
    let (hours, rest) = number(text)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?)?;
    let (seconds, rest) = number(rest.strip_prefix(':')?)?;
    let fraction = rest.strip_prefix(['.', ',']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let rest = fraction.map_or(rest, |digits| digits.trim_start_matches(|c: char| c.is_ascii_digit()));
    (hours < 24 && minutes < 60 && seconds < 60).then_some(rest)
}

fn is_zone(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', hours @ .., b':', _, _] if hours.len() == 2 => {
            let hours_and_minutes = number(&text[1..]).zip(number(&text[4..]));
            let in_range = |((hours, a), (minutes, b)): ((u32, &str), (u32, &str))| {
                hours <= 24 && minutes < 60 && a.starts_with(':') && b.is_empty()
            };
            hours_and_minutes.is_some_and(in_range) && text.bytes().filter(u8::is_ascii_digit).count() == 4
        }
        _ => false,
    }
}

/// One digit or two, and what follows.
fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::is_timestamp;

    #[test]
    fn a_date_is_what_go_reads_as_one() {
        for date in [
            "2001-01-01",
            "2001-1-1",
            "2000-02-29",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14T2:5:4Z",
            "2001-12-14   21:59:43,1",
        ] {
            assert!(is_timestamp(date), "{date}");
        }
        for text in [
            "2001-02-29",
            "2001-13-01",
            "2001-00-01",
            "201-01-01",
            "2001-1",
            "2001-01-01 +1:2.5",
            "2001-01-01 1:2",
            "2001-01-01T01:02:03",
            "2001-01-01T24:02:03Z",
            "2001-01-01T01:02:03+5:00",
            "2001-01-01 01:02:03Z",
            "2001-01-01é",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
