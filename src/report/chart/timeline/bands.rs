//! The timeline of many pods: for each Job a band that counts its pods by what they do.

use super::super::frame::{self, MARGIN, WIDTH, counted};
use super::super::palette::{Colour, FAILED, FAILED_INK, FAINT_INK, GRID, INK, RUNNING, STARTING, TERMINATING};
use super::super::picture::{Align, Mark, Picture};
use super::super::time_axis::{AXIS_HEIGHT, TimeAxis};
use super::phases::{Phase, spans};
use crate::api::pod::PodPhase;
use crate::kernel::time::SimTime;
use crate::record::{BARE, Run};
use crate::report::kubectl::duration::human;

/// Most bands; further Jobs share one.
const MOST_BANDS: usize = 20;

const SIZE: i32 = 11;
const HEADER: i32 = 22;
const BAND: i32 = 48;

/// Pixels of a column, in which counts are averaged.
const COLUMN: i32 = 3;

/// Draws a band for every Job, or for the first ones and all others.
pub(super) fn picture(run: &Run) -> Picture {
    let left = MARGIN + 46;
    let width = (WIDTH - MARGIN - 12 - left) / COLUMN * COLUMN;
    let axis = TimeAxis::new(run, left, width);
    let bands = fill(run, &axis);
    let legend = [
        (STARTING, "waiting or starting"),
        (RUNNING, "running"),
        (TERMINATING, "terminating"),
        (FAILED, "a pod failed (mark below)"),
    ];
    let column = (u128::from(axis.end.0) * COLUMN as u128 / width as u128) as i64;
    let means = if column < 1_000_000_000 { String::new() } else { format!(", means over {}", human(column)) };
    let size = frame::size_of(run);
    let subtitle = format!("{size}: too many to draw one by one, so each band counts the pods of a Job{means}");
    let (mut picture, top) = frame::begin(&super::title(run), &subtitle, &legend);
    let bottom = top + bands.len() as i32 * (HEADER + BAND + 10);
    axis.labels(&mut picture, bottom);
    picture.height = bottom + AXIS_HEIGHT;
    for (number, band) in bands.iter().enumerate() {
        band.draw(&mut picture, top + number as i32 * (HEADER + BAND + 10), &axis);
    }
    picture
}

/// A Job, or several, over the columns of the chart.
struct Band {
    name: String,
    standing: String,
    pods: usize,
    columns: Vec<Column>,
}

/// What a column counts.
#[derive(Clone, Copy)]
enum Kind {
    Pending,
    Running,
    Terminating,
}

/// Time that pods spent within a column's time, by [`Kind`], and whether one failed then.
#[derive(Clone, Copy, Default)]
struct Column {
    /// In nanoseconds times the number of columns: the limits of the columns are whole numbers then.
    time: [u128; 3],
    /// Pods that are there for all of the column, less those in the column before.
    change: [i64; 3],
    failed: bool,
}

impl Column {
    /// Time in this kind and those after it, which are drawn over it.
    fn from(&self, kind: Kind) -> u128 {
        self.time[kind as usize..].iter().sum()
    }
}

fn fill(run: &Run, axis: &TimeAxis) -> Vec<Band> {
    let own = if run.jobs.len() <= MOST_BANDS { run.jobs.len() } else { MOST_BANDS - 1 };
    let empty = vec![Column::default(); (axis.width / COLUMN) as usize];
    let names = frame::job_names(run).into_iter().zip(run.jobs.iter().map(frame::standing));
    let band = |(name, standing)| Band { name, standing, pods: 0, columns: empty.clone() };
    let mut bands: Vec<Band> = names.take(own).map(band).collect();
    if run.jobs.len() > own {
        bands.push(band((format!("{} together", counted(run.jobs.len() - own, "further Job")), String::new())));
    }
    let bare = run.pods.iter().filter(|pod| pod.job == BARE).count();
    if bare > 0 {
        bands.push(band((frame::BARE_PODS.to_string(), String::new())));
    }
    for pod in &run.pods {
        let last_of_jobs = bands.len() - 1 - usize::from(bare > 0);
        let at = if pod.job == BARE { bands.len() - 1 } else { (pod.job as usize).min(last_of_jobs) };
        bands[at].pods += 1;
        for (phase, from, to) in spans(pod, axis.end) {
            bands[at].add(phase, from, to, axis.end);
        }
        if let Some(time) = pod.finished.filter(|_| pod.phase == PodPhase::Failed) {
            let column = bands[at].column_of(time, axis.end);
            bands[at].columns[column].failed = true;
        }
    }
    bands.iter_mut().for_each(|band| band.settle(axis.end));
    bands
}

impl Band {
    fn column_of(&self, time: SimTime, end: SimTime) -> usize {
        let last = self.columns.len() - 1;
        ((u128::from(time.0) * self.columns.len() as u128 / u128::from(end.0)) as usize).min(last)
    }

    /// Adds the time from `from` to `to` to the columns it lies in.
    fn add(&mut self, phase: Phase, from: SimTime, to: SimTime, end: SimTime) {
        let kind = match phase {
            Phase::Waiting | Phase::Starting => Kind::Pending,
            Phase::Running | Phase::Succeeded | Phase::Failed => Kind::Running,
            Phase::Terminating => Kind::Terminating,
        } as usize;
        let (first, last) = (self.column_of(from, end), self.column_of(to, end));
        let (length, columns) = (u128::from(end.0), self.columns.len() as u128);
        let (from, to) = (u128::from(from.0) * columns, u128::from(to.0) * columns);
        if first == last {
            self.columns[first].time[kind] += to.saturating_sub(from);
            return;
        }
        self.columns[first].time[kind] += (first as u128 + 1) * length - from;
        self.columns[last].time[kind] += to - last as u128 * length;
        self.columns[first + 1].change[kind] += 1;
        self.columns[last].change[kind] -= 1;
    }

    /// Adds the pods that were there for whole columns.
    fn settle(&mut self, end: SimTime) {
        let mut present = [0_i64; 3];
        for column in &mut self.columns {
            for (kind, count) in present.iter_mut().enumerate() {
                *count += column.change[kind];
                column.time[kind] += count.unsigned_abs() as u128 * u128::from(end.0);
            }
        }
    }

    fn draw(&self, picture: &mut Picture, y: i32, axis: &TimeAxis) {
        let (floor, end) = (y + HEADER + BAND, u128::from(axis.end.0));
        let most = self.columns.iter().map(|column| column.from(Kind::Pending)).max().unwrap_or(0);
        // The scale ends at a whole number of pods.
        let scale = most.div_ceil(end.max(1)).max(1);
        axis.grid(picture, y + HEADER, floor);
        let comma = if self.standing.is_empty() { "" } else { ", " };
        let standing = format!("{}{comma}{}", self.standing, counted(self.pods, "pod"));
        frame::heading(picture, y, &self.name, &standing);
        picture.text((axis.left - 6, y + HEADER + 8), SIZE, Align::Right, FAINT_INK, frame::compact(scale));
        picture.text((axis.left - 6, floor), SIZE, Align::Right, FAINT_INK, "0");
        picture.bar((axis.left, y + HEADER), (axis.width, 1), GRID);

        let height = |share: u128| (share * BAND as u128 / (scale * end)) as i32;
        for (kind, colour) in [(Kind::Pending, STARTING), (Kind::Running, RUNNING), (Kind::Terminating, TERMINATING)] {
            self.area(picture, (axis.left, floor), colour, |column| height(column.from(kind)));
        }
        picture.bar((axis.left, floor), (axis.width, 1), INK);
        for (number, _) in self.columns.iter().enumerate().filter(|(_, column)| column.failed) {
            picture.bar((axis.left + number as i32 * COLUMN, floor + 2), (COLUMN - 1, 5), FAILED_INK);
        }
    }

    /// The steps of a height over the columns, down to the floor; nothing where it is zero throughout.
    fn area(&self, picture: &mut Picture, (left, floor): (i32, i32), colour: Colour, height: impl Fn(&Column) -> i32) {
        let mut points = vec![(left, floor)];
        let mut level = floor;
        for (number, column) in self.columns.iter().enumerate() {
            let (x, y) = (left + number as i32 * COLUMN, floor - height(column));
            if y != level {
                points.extend([(x, level), (x, y)]);
                level = y;
            }
        }
        if points.len() > 1 {
            let right = left + self.columns.len() as i32 * COLUMN;
            points.push((right, level));
            picture.marks.push(Mark::Area { points, floor, colour });
        }
    }
}
