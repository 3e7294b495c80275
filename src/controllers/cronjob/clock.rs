//! A schedule on the clocks of its zone, for people: its starts, and the local times that clock changes skip or repeat.

use std::collections::VecDeque;

use super::schedule::{EndlessSearch, Schedule};
use super::zone::Zone;
use crate::kernel::calendar::SECONDS_PER_DAY;
use crate::kernel::instant::Instant;

/// What comes next on the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A start.
    Start(Start),
    /// Local times of the schedule that the clock leaves out.
    Skipped(Skipped),
}

/// A start, and what is odd about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// When.
    pub at: Instant,
    /// Seconds that the clock is ahead of UTC then.
    pub offset: i64,
    /// What a clock change does to it.
    pub mark: Option<Mark>,
}

/// What a clock change does to a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The clock shows this time twice, and the schedule starts both times: here first.
    FirstOfTwo,
    /// The same, here for the second time.
    SecondOfTwo,
    /// The clock shows this time twice, but the schedule starts only here.
    OnlyOneOfTwo,
    /// The clock does not show a time of the schedule: the library looked for it across a change.
    OffTheClock,
    /// Not later than the start before: the library's search stepped back across a change.
    NotLater,
}

/// Local times that a clock change leaves out, in seconds since 1970 on the local clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The first time of the schedule that is left out.
    pub first: i64,
    /// The last one, often the same.
    pub last: i64,
    /// How many.
    pub count: u32,
    /// What the clock would show at the change.
    pub from: i64,
    /// What it shows instead.
    pub to: i64,
}

/// Walks a schedule from an instant on.
#[derive(Debug)]
pub struct Clock<'a> {
    schedule: &'a Schedule,
    zone: &'a Zone,
    /// Where the walk began.
    begin: Instant,
    /// Starts up to here are done.
    after: Instant,
    /// Clock changes up to here (seconds since 1970) are done.
    seen: i64,
    /// The starts of the last day, which an overlap may repeat.
    past: VecDeque<Instant>,
}

impl<'a> Clock<'a> {
    /// The starts after `from` on the clocks of `zone`, which is the schedule's own if it has one.
    pub fn new(schedule: &'a Schedule, zone: &'a Zone, from: Instant) -> Clock<'a> {
        let zone = schedule.zone().unwrap_or(zone);
        Clock { schedule, zone, begin: from, after: from, seen: from.seconds, past: VecDeque::new() }
    }

    /// The next entry; `None` if the schedule starts no more within five years.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, EndlessSearch> {
        let Some(at) = self.schedule.next(self.after)? else { return Ok(None) };
        if let Some(skipped) = self.next_gap(at.seconds) {
            return Ok(Some(Entry::Skipped(skipped)));
        }
        let offset = self.zone.offset(at.seconds);
        let mark = self.mark(at, offset)?;
        self.after = at;
        self.seen = self.seen.max(at.seconds);
        while self.past.front().is_some_and(|past| at.seconds - past.seconds > SECONDS_PER_DAY) {
            self.past.pop_front();
        }
        self.past.push_back(at);
        Ok(Some(Entry::Start(Start { at, offset, mark })))
    }

    /// The next clock change up to `end` that leaves out times of the schedule.
    fn next_gap(&mut self, end: i64) -> Option<Skipped> {
        loop {
            let period = self.zone.period(self.seen);
            if period.end > end {
                return None;
            }
            self.seen = period.end;
            let (from, to) = (period.end + period.offset, period.end + self.zone.offset(period.end));
            let whole_minute = from + (-from).rem_euclid(60);
            let left_out = (whole_minute..to).step_by(60).filter(|&wall| self.schedule.matches_clock(wall));
            let mut left_out = left_out.peekable();
            if let Some(&first) = left_out.peek() {
                let (last, count) = left_out.fold((first, 0), |(_, count), wall| (wall, count + 1));
                return Some(Skipped { first, last, count, from, to });
            }
        }
    }

    fn mark(&self, at: Instant, offset: i64) -> Result<Option<Mark>, EndlessSearch> {
        if self.past.back().is_some_and(|&last| at <= last) {
            return Ok(Some(Mark::NotLater));
        }
        if self.schedule.zone().is_none() {
            return Ok(None);
        }
        if !self.schedule.matches_clock(at.seconds + offset) {
            return Ok(Some(Mark::OffTheClock));
        }
        let period = self.zone.period(at.seconds);
        let set_back = |seconds: i64, before: i64, after: i64| {
            let length = self.zone.offset(before) - self.zone.offset(after);
            (length > seconds).then_some(length)
        };
        if period.end != i64::MAX
            && let Some(length) = set_back(period.end - 1 - at.seconds, at.seconds, period.end)
        {
            let repeats = self.starts_at(Instant::from_seconds(at.seconds + length), at)?;
            return Ok(Some(if repeats { Mark::FirstOfTwo } else { Mark::OnlyOneOfTwo }));
        }
        if period.start != i64::MIN
            && let Some(length) = set_back(at.seconds - period.start, period.start - 1, at.seconds)
        {
            let first = Instant::from_seconds(at.seconds - length);
            // Before the walk began the schedule is taken to have started whenever the clock said so.
            let started = first <= self.begin || self.past.contains(&first);
            return Ok(Some(if started { Mark::SecondOfTwo } else { Mark::OnlyOneOfTwo }));
        }
        Ok(None)
    }

    /// Is `wanted` among the starts after `from`?
    fn starts_at(&self, wanted: Instant, from: Instant) -> Result<bool, EndlessSearch> {
        let mut start = from;
        while start < wanted {
            match self.schedule.next(start)? {
                Some(next) if next > start => start = next,
                _ => return Ok(false),
            }
        }
        Ok(start == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries as `time`, `time mark` or `-first-last xcount`, local, without the date's year.
    fn walk(schedule: &str, zone: &str, from: i64, count: usize) -> Vec<String> {
        let schedule = Schedule::of_cron_job(schedule, Some(zone)).expect("a schedule");
        let zone = Zone::utc();
        let mut clock = Clock::new(&schedule, &zone, Instant::from_seconds(from));
        let short = |wall: i64| Instant::from_seconds(wall).rfc3339(0)[5..16].to_owned();
        let entry = |entry| match entry {
            Entry::Start(Start { at, offset, mark: None }) => short(at.seconds + offset),
            Entry::Start(Start { at, offset, mark: Some(mark) }) => format!("{} {mark:?}", short(at.seconds + offset)),
            Entry::Skipped(gap) => format!("-{} {} x{}", short(gap.first), &short(gap.last)[6..], gap.count),
        };
        (0..count).filter_map(|_| clock.next_entry().expect("an end").map(entry)).collect()
    }

    #[test]
    fn clock_changes_leave_out_and_repeat_times() {
        let check = |schedule: &str, zone: &str, from, entries: &[&str]| {
            assert_eq!(walk(schedule, zone, from, entries.len()), entries, "{schedule} {zone}");
        };
        let (spring, autumn) = (1_774_746_000, 1_792_890_000);
        check("30 2 * * *", "Europe/Berlin", spring - 7200, &["-03-29T02:30 02:30 x1", "03-30T02:30"]);
        check("*/20 2 * * *", "Europe/Berlin", spring - 7200, &["-03-29T02:00 02:40 x3", "03-30T02:00"]);
        check(
            "30 2 * * *",
            "Europe/Berlin",
            autumn - 7200,
            &["10-25T02:30 FirstOfTwo", "10-25T02:30 SecondOfTwo", "10-26T02:30"],
        );
        check("30 2 * * *", "Europe/Berlin", autumn, &["10-25T02:30 SecondOfTwo", "10-26T02:30"]);
        check("30 1 * * *", "Europe/Berlin", autumn - 7200, &["10-25T01:30", "10-26T01:30"]);
        check("0 3 * * *", "Europe/Berlin", autumn - 7200, &["10-25T03:00"]);
    }
}
