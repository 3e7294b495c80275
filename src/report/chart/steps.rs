//! Step lines against time, a panel for each Job: pods at a time, and the counters.

use super::frame::{self, MARGIN, WIDTH, counted};
use super::palette::{Colour, FAILED, FAINT_INK, GRID, INK, RUNNING_AREA, RUNNING_LINE, SUCCEEDED};
use super::picture::{Align, Mark, Picture};
use super::time_axis::{AXIS_HEIGHT, TimeAxis};
use crate::kernel::time::SimTime;
use crate::record::{JobLife, JobRow, Run};

/// Most panels; further Jobs are added up in one.
const MOST_PANELS: usize = 12;

const SIZE: i32 = 11;
const HEADER: i32 = 24;
const GAP: i32 = 16;

/// Pixels that a line goes on after the end, so that a last step is seen.
const TAIL: i32 = 8;

/// A counter of a Job's status, and how it is drawn.
struct Series {
    colour: Colour,
    /// The area below a thin line, or a line.
    filled: bool,
    of: fn(&JobRow) -> i32,
    legend: &'static str,
}

/// What a chart shows.
struct Plan {
    title: &'static str,
    series: [Series; 2],
    /// A level to reach, and its name.
    target: fn(&JobLife) -> Option<i32>,
}

/// Active and ready pods of each Job.
pub(super) fn parallelism(run: &Run) -> Picture {
    let active = Series { colour: RUNNING_LINE, filled: false, of: |row| row.active, legend: "active pods" };
    let ready = Series { colour: RUNNING_AREA, filled: true, of: |row| row.ready, legend: "of these, ready" };
    picture(run, &Plan { title: "Pods at a time", series: [ready, active], target: |_| None })
}

/// Succeeded and failed pods of each Job, as it counted them.
pub(super) fn completions(run: &Run) -> Picture {
    let failed = Series { colour: FAILED, filled: false, of: |row| row.failed, legend: "failed pods" };
    let succeeded = Series { colour: SUCCEEDED, filled: false, of: |row| row.succeeded, legend: "succeeded pods" };
    picture(run, &Plan { title: "Pods counted by the Job", series: [failed, succeeded], target: |job| job.completions })
}

fn picture(run: &Run, plan: &Plan) -> Picture {
    let left = MARGIN + 46;
    let axis = TimeAxis::new(run, left, WIDTH - MARGIN - 12 - left);
    let legend: Vec<(Colour, &str)> = plan.series.iter().rev().map(|series| (series.colour, series.legend)).collect();
    let title = format!("{} in {}", plan.title, run.scenario);
    let (mut picture, top) = frame::begin(&title, &frame::size_of(run), &legend);
    let panels = panels(run, plan);
    let height = match panels.len() {
        ..=1 => 220,
        2..=4 => 120,
        _ => 72,
    };
    let bottom = top + panels.len() as i32 * (HEADER + height + GAP);
    axis.labels(&mut picture, bottom);
    picture.height = bottom + AXIS_HEIGHT;
    for (number, panel) in panels.iter().enumerate() {
        let y = top + number as i32 * (HEADER + height + GAP);
        panel.draw(&mut picture, (y + HEADER, height), &axis, plan);
    }
    picture
}

/// A Job, or several added up.
struct Panel {
    name: String,
    standing: String,
    target: Option<i64>,
    /// For each series of the plan, values from their instants on.
    lines: [Vec<(SimTime, i64)>; 2],
    /// When the Job went.
    removed: Option<SimTime>,
}

fn panels(run: &Run, plan: &Plan) -> Vec<Panel> {
    let own = if run.jobs.len() <= MOST_PANELS { run.jobs.len() } else { MOST_PANELS - 1 };
    let panel = |(job, name): (&JobLife, String)| Panel {
        name,
        standing: frame::standing(job),
        target: (plan.target)(job).map(i64::from),
        lines: [0, 1].map(|at| job.rows.iter().map(|row| (row.time, i64::from((plan.series[at].of)(row)))).collect()),
        removed: job.removed,
    };
    let mut panels: Vec<Panel> = run.jobs.iter().zip(frame::job_names(run)).take(own).map(panel).collect();
    let rest = &run.jobs[own..];
    if !rest.is_empty() {
        panels.push(Panel {
            name: format!("{} together", counted(rest.len(), "further Job")),
            standing: String::new(),
            target: rest.iter().map(|job| (plan.target)(job).map(i64::from)).sum(),
            lines: [0, 1].map(|at| added_up(rest, plan.series[at].of)),
            removed: None,
        });
    }
    panels
}

/// The sum of a counter over several Jobs; what a removed Job had counted stays counted.
fn added_up(jobs: &[JobLife], of: fn(&JobRow) -> i32) -> Vec<(SimTime, i64)> {
    let mut changes = Vec::new();
    for job in jobs {
        let mut before = 0;
        for row in &job.rows {
            let value = i64::from(of(row));
            changes.push((row.time, value - before));
            before = value;
        }
    }
    changes.sort_unstable();
    let mut line: Vec<(SimTime, i64)> = Vec::new();
    let mut sum = 0;
    for (time, change) in changes {
        sum += change;
        match line.last_mut() {
            Some(last) if last.0 == time => last.1 = sum,
            _ => line.push((time, sum)),
        }
    }
    line
}

impl Panel {
    fn draw(&self, picture: &mut Picture, (top, height): (i32, i32), axis: &TimeAxis, plan: &Plan) {
        let floor = top + height;
        let most = self.lines.iter().flatten().map(|&(_, value)| value).chain(self.target).max().unwrap_or(0).max(1);
        let level = |value: i64| floor - (i128::from(value.max(0)) * i128::from(height) / i128::from(most)) as i32;
        self.header(picture, top - HEADER);
        axis.grid(picture, top, floor);
        for tick in ticks(most, height) {
            picture.bar((axis.left, level(tick)), (axis.width, 1), GRID);
            picture.text(
                (axis.left - 6, level(tick) + 4),
                SIZE,
                Align::Right,
                FAINT_INK,
                frame::compact(tick.unsigned_abs().into()),
            );
        }
        if let Some(target) = self.target {
            picture.bar((axis.left, level(target)), (axis.width, 1), INK);
        }
        let end =
            self.removed.filter(|&time| time <= axis.end).map_or(axis.left + axis.width + TAIL, |time| axis.x(time));
        for (series, line) in plan.series.iter().zip(&self.lines) {
            let points = steps(line.iter().map(|&(time, value)| (axis.x(time), level(value))), end);
            picture.marks.push(match series.filled {
                true => Mark::Area { points, floor, colour: series.colour },
                false => Mark::Line { points, width: 2, colour: series.colour },
            });
        }
        picture.bar((axis.left, floor), (axis.width, 1), INK);
    }

    fn header(&self, picture: &mut Picture, y: i32) {
        let target = self.target.map(|target| format!("line at {target}: completions")).unwrap_or_default();
        let parts = [self.standing.as_str(), &target];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        frame::heading(picture, y, &self.name, &said.join("; "));
    }
}

/// Corners of the step line through `points`. Of many changes in one pixel column the first, the extremes and the last
/// are drawn: it looks the same.
fn steps(points: impl Iterator<Item = (i32, i32)>, end: i32) -> Vec<(i32, i32)> {
    let mut corners: Vec<(i32, i32)> = Vec::new();
    let mut points = points.peekable();
    while let Some((x, first)) = points.next() {
        let (mut low, mut high, mut last) = (first, first, first);
        while let Some((_, y)) = points.next_if(|&(next, _)| next == x) {
            (low, high, last) = (low.min(y), high.max(y), y);
        }
        let before = corners.last().map(|&(_, y)| y);
        let column = [before.unwrap_or(first), low, high, last].map(|y| (x, y));
        // A first column has no line that leads to it.
        let drawn = if before.is_none() && low == high { &column[3..] } else { &column[..] };
        for &corner in drawn {
            if corners.last() != Some(&corner) {
                corners.push(corner);
            }
        }
    }
    if let Some(&(x, y)) = corners.last()
        && x < end
    {
        corners.push((end, y));
    }
    corners
}

/// Round values from zero to `most`, few enough for the height, `most` itself among them if nothing is in its way.
fn ticks(most: i64, height: i32) -> Vec<i64> {
    let room = i64::from(height / 22).max(1);
    let steps = (0..19).flat_map(|zeros| [1, 2, 5].map(|digit| 10_i64.pow(zeros).saturating_mul(digit)));
    let step = steps.into_iter().find(|step| most / step <= room).unwrap_or(most);
    (0..=most / step).map(|n| n * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn steps_go_along_and_then_up() {
        let check = |points: &[(i32, i32)], wanted: &[(i32, i32)]| {
            assert_eq!(steps(points.iter().copied(), 50), wanted);
        };
        check(&[], &[]);
        check(&[(10, 5)], &[(10, 5), (50, 5)]);
        check(&[(10, 5), (20, 3)], &[(10, 5), (20, 5), (20, 3), (50, 3)]);
        check(&[(10, 5), (20, 3), (20, 9), (20, 4)], &[(10, 5), (20, 5), (20, 3), (20, 9), (20, 4), (50, 4)]);
        check(&[(50, 1)], &[(50, 1)]);
    }

    #[test]
    fn ticks_are_round() {
        let check = |most, height, wanted: &[i64]| assert_eq!(ticks(most, height), wanted);
        check(1, 72, &[0, 1]);
        check(5, 220, &[0, 1, 2, 3, 4, 5]);
        check(5, 72, &[0, 2, 4]);
        check(1234, 120, &[0, 500, 1000]);
        check(i64::MAX, 72, &[0, 5_000_000_000_000_000_000]);
    }

    #[test]
    fn further_jobs_are_added_up() {
        let run = fixture::large(30, 600);
        let plan = Plan {
            title: "",
            series: [0, 1].map(|_| Series { colour: INK, filled: false, of: |row| row.succeeded, legend: "" }),
            target: |job| job.completions,
        };
        let panels = panels(&run, &plan);
        assert_eq!(panels.len(), MOST_PANELS);
        let rest: i64 =
            run.jobs[11..].iter().map(|job| i64::from(job.rows.last().map_or(0, |row| row.succeeded))).sum();
        let last = &panels[11];
        assert_eq!((last.name.as_str(), last.target), ("19 further Jobs together", Some(19 * 20)));
        assert_eq!(last.lines[0].last().map(|&(_, value)| value), Some(rest));
    }
}
