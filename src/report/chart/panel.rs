//! A panel of step lines against time.

use super::frame;
use super::palette::{Colour, FAINT_INK, GRID, INK};
use super::picture::{Align, Mark, Picture};
use super::time_axis::{AXIS_HEIGHT, TimeAxis};
use crate::kernel::time::SimTime;

const SIZE: i32 = 11;
const HEADER: i32 = 24;
const GAP: i32 = 16;

/// Pixels that a line goes on after the end, so that a last step is seen.
const TAIL: i32 = 8;

/// How a line of a panel is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) colour: Colour,
    /// The area below a thin line, or a line.
    pub(super) filled: bool,
}

/// What steps, and how.
#[derive(Debug)]
pub(super) struct StepLine {
    pub(super) style: Style,
    /// Values from their instants on.
    pub(super) values: Vec<(SimTime, i64)>,
}

/// Lines on one scale, the first below the others.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) name: String,
    /// What there is to say beside the name.
    pub(super) said: String,
    /// A level to reach.
    pub(super) target: Option<i64>,
    pub(super) lines: Vec<StepLine>,
    /// When what it shows went.
    pub(super) removed: Option<SimTime>,
    /// What the numbers of the scale count, and the word for it.
    pub(super) unit: (i64, &'static str),
}

/// Draws panels below each other from `top`, and the times below them.
pub(super) fn draw(picture: &mut Picture, top: i32, axis: &TimeAxis, panels: &[Panel]) {
    let height = match panels.len() {
        ..=1 => 220,
        2..=4 => 120,
        _ => 72,
    };
    let bottom = top + panels.len() as i32 * (HEADER + height + GAP);
    axis.labels(picture, bottom);
    picture.height = bottom + AXIS_HEIGHT;
    for (number, panel) in panels.iter().enumerate() {
        let y = top + number as i32 * (HEADER + height + GAP);
        panel.draw(picture, (y + HEADER, height), axis);
    }
}

impl Panel {
    fn draw(&self, picture: &mut Picture, (top, height): (i32, i32), axis: &TimeAxis) {
        let floor = top + height;
        let values = self.lines.iter().flat_map(|line| &line.values).map(|&(_, value)| value);
        let (unit, word) = self.unit;
        let most = values.chain(self.target).max().unwrap_or(0).max(unit);
        let level = |value: i64| floor - (i128::from(value.max(0)) * i128::from(height) / i128::from(most)) as i32;
        frame::heading(picture, top - HEADER, &self.name, &self.said);
        axis.grid(picture, top, floor);
        for tick in ticks(most / unit, height) {
            let y = level(tick.saturating_mul(unit));
            picture.bar((axis.left, y), (axis.width, 1), GRID);
            let label = frame::compact(tick.unsigned_abs().into()) + if tick == 0 { "" } else { word };
            picture.text((axis.left - 6, y + 4), SIZE, Align::Right, FAINT_INK, label);
        }
        if let Some(target) = self.target {
            picture.bar((axis.left, level(target)), (axis.width, 1), INK);
        }
        let end =
            self.removed.filter(|&time| time <= axis.end).map_or(axis.left + axis.width + TAIL, |time| axis.x(time));
        for StepLine { style, values } in &self.lines {
            // A picture ends where nothing happens any more; what steps later is on nobody's mind.
            let seen = values.iter().filter(|(time, _)| *time <= axis.end);
            let points = steps(seen.map(|&(time, value)| (axis.x(time), level(value))), end);
            picture.marks.push(match style.filled {
                true => Mark::Area { points, floor, colour: style.colour },
                false => Mark::Line { points, width: 2, colour: style.colour },
            });
        }
        picture.bar((axis.left, floor), (axis.width, 1), INK);
    }
}

/// The sum of changes, from each instant on.
pub(super) fn summed(mut changes: Vec<(SimTime, i64)>) -> Vec<(SimTime, i64)> {
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

/// How much each of some values, which follow one another, differs from the one before.
pub(super) fn changes(mut values: Vec<(SimTime, i64)>) -> Vec<(SimTime, i64)> {
    let mut before = 0;
    for (_, value) in &mut values {
        let after = *value;
        *value -= before;
        before = after;
    }
    values
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
}
