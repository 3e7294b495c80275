//! Jobs submitted over time from a template: when the next one comes.

use std::sync::Arc;

use crate::kernel::dist::Distribution;
use crate::kernel::rng::{Purpose, Streams, mix};
use crate::kernel::time::{SimDuration, SimTime};

/// What the streams of arrivals are for.
const INTERARRIVAL: Purpose = Purpose(0x20);
const SIZE: Purpose = Purpose(0x21);

/// A stream of arrivals.
#[derive(Clone, Debug)]
pub struct ArrivalProcess {
    /// What its draws are looked up by.
    pub entity: u64,
    /// What comes between two arrivals, or all of them.
    pub gaps: Gaps,
    /// The first comes one gap after this.
    pub from: SimTime,
    /// None comes after this.
    pub until: Option<SimTime>,
    /// None comes after so many.
    pub limit: Option<u32>,
    /// From each of these instants on time counts this much: 2 brings twice as many. Before the first it counts once.
    pub rate: Vec<(SimTime, f64)>,
}

/// What comes between arrivals.
#[derive(Clone, Debug)]
pub enum Gaps {
    /// A length of time, in nanoseconds, drawn for each.
    Drawn(Distribution),
    /// No gaps but the times themselves, ascending.
    Times(Arc<[SimTime]>),
}

impl ArrivalProcess {
    /// When arrival `number` comes, given when the one before it came; none: it does not come.
    pub fn next(&self, number: u32, last: SimTime, streams: &mut Streams) -> Option<SimTime> {
        if self.limit.is_some_and(|limit| number >= limit) {
            return None;
        }
        let at = match &self.gaps {
            Gaps::Times(times) => *times.get(number as usize)?,
            Gaps::Drawn(gap) => {
                let gap = gap.sample(&mut streams.stream(INTERARRIVAL, mix(self.entity, number.into())));
                self.after(last, u64::try_from(gap).unwrap_or(0))?
            }
        };
        self.until.is_none_or(|until| at <= until).then_some(at)
    }

    /// A value drawn for arrival `number`; `field` tells several of them apart.
    pub fn size(&self, number: u32, field: u32, of: &Distribution, streams: &mut Streams) -> i64 {
        of.sample(&mut streams.stream(SIZE, mix(mix(self.entity, number.into()), field.into())))
    }

    /// The instant at which `gap` nanoseconds have gone by since `start`, as the rate counts them; none: never.
    fn after(&self, start: SimTime, gap: u64) -> Option<SimTime> {
        let (mut at, mut left) = (start, gap as f64);
        loop {
            let passed = self.rate.partition_point(|(from, _)| *from <= at);
            let factor = passed.checked_sub(1).map_or(1.0, |now| self.rate[now].1);
            let end = self.rate.get(passed).map(|(from, _)| *from);
            let until_end = end.map(|end| end.since(at).0 as f64 * factor);
            if until_end.is_none_or(|until_end| left < until_end) {
                return (factor > 0.0).then(|| at + SimDuration((left / factor) as u64));
            }
            left -= until_end.unwrap_or(0.0);
            at = end?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arrivals in whole seconds, gaps of ten seconds.
    fn check(rate: &[(u64, f64)], until: Option<u64>, limit: Option<u32>, expected: &[u64]) {
        let second = SimTime::from_secs;
        let process = ArrivalProcess {
            entity: 1,
            gaps: Gaps::Drawn(Distribution::fixed(10_000_000_000)),
            from: second(100),
            until: until.map(second),
            limit,
            rate: rate.iter().map(|&(at, factor)| (second(at), factor)).collect(),
        };
        let mut streams = Streams::new(0, 0);
        let mut times = Vec::new();
        let mut last = process.from;
        while let Some(at) = process.next(times.len() as u32, last, &mut streams) {
            times.push(at.whole_seconds());
            last = at;
        }
        assert_eq!(times, expected);
    }

    #[test]
    fn the_rate_thins_and_speeds_up() {
        check(&[], Some(130), None, &[110, 120, 130]);
        check(&[], None, Some(2), &[110, 120]);
        check(&[(0, 2.0)], Some(112), None, &[105, 110]);
        check(&[(115, 2.0)], Some(130), None, &[110, 117, 122, 127]);
        check(&[(105, 0.0), (200, 1.0)], Some(220), None, &[205, 215]);
        check(&[(105, 0.0)], None, None, &[]);
    }

    #[test]
    fn given_times_come_as_they_are() {
        let times: Vec<SimTime> = [3, 3, 8].map(SimTime::from_secs).to_vec();
        let gaps = Gaps::Times(times.into());
        let process =
            ArrivalProcess { entity: 1, gaps, from: SimTime::ZERO, until: None, limit: None, rate: Vec::new() };
        let mut streams = Streams::new(0, 0);
        let at = |number, streams: &mut Streams| process.next(number, SimTime::ZERO, streams);
        assert_eq!(at(1, &mut streams), Some(SimTime::from_secs(3)));
        assert_eq!(at(3, &mut streams), None);
    }
}
