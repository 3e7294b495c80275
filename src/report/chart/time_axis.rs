//! The time axis that all charts of a run share.

use super::lettering;
use super::palette::{FAINT_INK, GRID};
use super::picture::{Align, Picture};
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};
use crate::record::Run;

/// Letters of tick labels.
const SIZE: i32 = 11;

/// Least pixels from tick to tick.
const LEAST_GAP: u64 = 64;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Steps from tick to tick, in seconds, that people can count in.
const STEPS: [u64; 22] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    30 * DAY,
];

/// Virtual time from the start to `end`, laid over `width` pixels from `left`.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    pub(super) end: SimTime,
    pub(super) left: i32,
    pub(super) width: i32,
}

impl TimeAxis {
    /// The axis of a run: up to the last change of a Job or pod, without the wait for their removal.
    pub(super) fn new(run: &Run, left: i32, width: i32) -> TimeAxis {
        let open = run.pods.iter().any(|pod| pod.finished.or(pod.removed).is_none())
            || run.jobs.iter().any(|job| job.removed.is_none() && job.rows.last().is_none_or(|row| !row.is_finished()));
        let pods = run.pods.iter().filter_map(|pod| pod.finished.or(pod.removed));
        let jobs = run.jobs.iter().filter_map(|job| job.rows.last().map(|row| row.time));
        let last = pods.chain(jobs).chain(open.then_some(run.end)).max().unwrap_or(run.end);
        TimeAxis { end: last.max(SimTime(1)), left, width }
    }

    /// The pixel of an instant; later ones are at the end.
    pub(super) fn x(&self, time: SimTime) -> i32 {
        let share = u128::from(time.min(self.end).0) * self.width.unsigned_abs() as u128 / u128::from(self.end.0);
        self.left + share as i32
    }

    /// Draws grid lines from `top` to `bottom`.
    pub(super) fn grid(&self, picture: &mut Picture, top: i32, bottom: i32) {
        for (time, _) in self.ticks() {
            picture.bar((self.x(time), top), (1, bottom - top), GRID);
        }
    }

    /// Writes the times of the ticks below `bottom`, in [`AXIS_HEIGHT`] pixels.
    pub(super) fn labels(&self, picture: &mut Picture, bottom: i32) {
        for (time, label) in self.ticks() {
            let x = self.x(time);
            picture.bar((x, bottom), (1, 4), GRID);
            let half = lettering::width(&label, SIZE) / 2;
            let centre = x.min(picture.width - half - 2);
            picture.text((centre, bottom + 16), SIZE, Align::Centre, FAINT_INK, label);
        }
        let (middle, below) = (self.left + self.width / 2, bottom + 34);
        picture.text((middle, below), SIZE, Align::Centre, FAINT_INK, "time since the start of the run");
    }

    /// Instants and labels of the ticks.
    fn ticks(&self) -> Vec<(SimTime, String)> {
        let step = step(self.end.0 / (self.width as u64 / LEAST_GAP).max(1));
        let count = self.end.0 / step;
        (0..=count).map(|n| (SimTime(n * step), label(n * step))).collect()
    }
}

/// Pixels that [`TimeAxis::labels`] needs.
pub(super) const AXIS_HEIGHT: i32 = 44;

/// The least round step, in nanoseconds, that is at least `least`.
fn step(least: u64) -> u64 {
    if least <= NANOS_PER_SECOND {
        let decimals = (0..9).rev().map(|digits| NANOS_PER_SECOND / 10_u64.pow(digits + 1));
        return decimals
            .flat_map(|unit| [unit, 2 * unit, 5 * unit])
            .find(|&step| step >= least)
            .unwrap_or(NANOS_PER_SECOND);
    }
    STEPS.iter().map(|seconds| seconds * NANOS_PER_SECOND).find(|&step| step >= least).unwrap_or_else(|| {
        let month = 30 * DAY * NANOS_PER_SECOND;
        least.div_ceil(month).saturating_mul(month)
    })
}

/// `0`, `0.5s`, `90s` as `1m30s`, `2h`, `1d12h`.
fn label(nanos: u64) -> String {
    let seconds = nanos / NANOS_PER_SECOND;
    if seconds < MINUTE {
        let text = SimDuration(nanos).to_string();
        return if nanos == 0 { text } else { text + "s" };
    }
    let parts =
        [(seconds / DAY, 'd'), (seconds % DAY / HOUR, 'h'), (seconds % HOUR / MINUTE, 'm'), (seconds % MINUTE, 's')];
    parts.into_iter().filter(|&(count, _)| count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_do_not_touch() {
        let check = |seconds: f64, wanted: &str| {
            let end = SimTime((seconds * 1e9) as u64);
            let axis = TimeAxis { end, left: 100, width: 640 };
            let ticks = axis.ticks();
            let labels: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
            assert_eq!(labels.join(" "), wanted);
            for pair in ticks.windows(2) {
                let room = axis.x(pair[1].0) - axis.x(pair[0].0);
                assert!(room >= lettering::width(&pair[1].1, SIZE), "{seconds}: {room}");
            }
        };
        check(35.83, "0 5s 10s 15s 20s 25s 30s 35s");
        check(0.35, "0 0.05s 0.1s 0.15s 0.2s 0.25s 0.3s 0.35s");
        check(1e-9, "0 0.000000001s");
        check(200.0, "0 30s 1m 1m30s 2m 2m30s 3m");
        check(5400.0, "0 10m 20m 30m 40m 50m 1h 1h10m 1h20m 1h30m");
        check(86_400.0, "0 3h 6h 9h 12h 15h 18h 21h 1d");
        check(31_536_000.0, "0 60d 120d 180d 240d 300d 360d");
    }

    #[test]
    fn the_longest_run_has_an_axis() {
        let axis = TimeAxis { end: SimTime::MAX, left: 0, width: 640 };
        assert!(axis.ticks().len() <= 11, "{}", axis.ticks().len());
        assert_eq!(axis.x(SimTime::MAX), 640);
    }
}
