//! The timeline of a few pods: a row each below a line for their Job.

use super::super::frame::{self, MARGIN, WIDTH};
use super::super::lettering;
use super::super::palette::{Colour, FAILED_INK, FAINT_INK, INK, PAPER};
use super::super::picture::{Align, Picture};
use super::super::time_axis::{AXIS_HEIGHT, TimeAxis};
use super::phases::{Phase, spans};
use crate::api::pod::PodPhase;
use crate::kernel::time::SimTime;
use crate::record::{BARE, JobLife, PodLife, Run};

/// Most pixels of the column of names.
const MOST_NAME_WIDTH: i32 = 250;

const HEADER_HEIGHT: i32 = 38;

/// Pixels of a header above its text.
const HEADER_GAP: i32 = 8;

/// Least pixels of a bar that says how a pod ended.
const LEAST_BAR: i32 = 3;

/// Pixels of a row and of what is in it; smaller when there are many.
struct RowSize {
    height: i32,
    bar: i32,
    letters: i32,
}

impl RowSize {
    fn of(rows: usize) -> RowSize {
        match rows {
            ..=80 => RowSize { height: 20, bar: 14, letters: 12 },
            _ => RowSize { height: 13, bar: 9, letters: 10 },
        }
    }
}

/// Pixels that the rows of all Jobs and pods need.
pub(super) fn height(run: &Run) -> i32 {
    let bare = i32::from(run.pods.iter().any(|pod| pod.job == BARE));
    (run.jobs.len() as i32 + bare) * HEADER_HEIGHT + run.pods.len() as i32 * RowSize::of(run.pods.len()).height
}

/// Draws a row for every Job and pod.
pub(super) fn picture(run: &Run) -> Picture {
    let size = RowSize::of(run.pods.len());
    let labels: Vec<Label> = run.pods.iter().map(|pod| Label::new(pod, run.job_of(pod))).collect();
    let name_width =
        labels.iter().map(|label| label.width(size.letters)).max().unwrap_or(0).clamp(120, MOST_NAME_WIDTH);
    let left = MARGIN + 12 + name_width + 12;
    let axis = TimeAxis::new(run, left, WIDTH - MARGIN - left - 12);
    let legend = legend(run, &axis);
    let subtitle = format!("{}, {}", frame::size_of(run), super::ending(run));
    let (mut picture, top) = frame::begin(&super::title(run), &subtitle, &legend);
    let bottom = top + height(run) + 6;
    axis.grid(&mut picture, top, bottom);
    axis.labels(&mut picture, bottom);
    picture.height = bottom + AXIS_HEIGHT;

    let mut y = top - HEADER_GAP;
    let row = |picture: &mut Picture, y: i32, at: usize| {
        labels[at].draw(picture, y, &size, name_width);
        bars(picture, y, &size, &axis, &run.pods[at]);
        y + size.height
    };
    for ((number, job), name) in run.jobs.iter().enumerate().zip(frame::job_names(run)) {
        header(&mut picture, y + HEADER_GAP, &axis, job, &name, run.end);
        y += HEADER_HEIGHT;
        for at in pods_of(run, number as u32, job.indexed) {
            y = row(&mut picture, y, at);
        }
    }
    let bare = pods_of(run, BARE, false);
    if !bare.is_empty() {
        frame::heading(&mut picture, y + HEADER_GAP, frame::BARE_PODS, "");
        y += HEADER_HEIGHT;
        bare.into_iter().for_each(|at| y = row(&mut picture, y, at));
    }
    picture
}

/// Positions of a Job's pods in the order of their rows: retries of an index stand below it.
fn pods_of(run: &Run, job: u32, indexed: bool) -> Vec<usize> {
    let mut pods: Vec<usize> = (0..run.pods.len()).filter(|&at| run.pods[at].job == job).collect();
    if indexed {
        pods.sort_by_key(|&at| (run.pods[at].index, run.pods[at].attempt));
    }
    pods
}

/// The phases that at least a pixel shows.
fn legend(run: &Run, axis: &TimeAxis) -> Vec<(Colour, &'static str)> {
    let mut seen = [false; Phase::ALL.len()];
    for (phase, from, to) in run.pods.iter().flat_map(|pod| spans(pod, axis.end)) {
        seen[phase as usize] |= phase.is_outcome() || axis.x(from) + 1 < axis.x(to);
    }
    let shown = Phase::ALL.into_iter().filter(|&phase| seen[phase as usize]);
    shown.map(|phase| (phase.colour(), phase.legend())).collect()
}

/// The Job's name and standing over its life, a thin line.
fn header(picture: &mut Picture, y: i32, axis: &TimeAxis, job: &JobLife, name: &str, end: SimTime) {
    let (from, to) = (axis.x(job.created), axis.x(job.finished().or(job.removed).unwrap_or(end)));
    picture.bar((from, y + 22), ((to - from).max(1), 2), INK);
    picture.bar((from, y + 19), (1, 8), INK);
    picture.bar((to.max(from + 1), y + 19), (1, 8), INK);
    frame::heading(picture, y, name, &frame::standing(job));
}

/// What stands left of a pod's bar.
struct Label {
    /// `index 3`, for Indexed Jobs.
    index: String,
    name: String,
}

impl Label {
    fn new(pod: &PodLife, job: Option<&JobLife>) -> Label {
        let index = pod
            .index
            .filter(|_| job.is_some_and(|job| job.indexed))
            .map(|index| format!("index {index}"))
            .unwrap_or_default();
        Label { index, name: pod.name.clone() }
    }

    fn index_width(&self, letters: i32) -> i32 {
        if self.index.is_empty() { 0 } else { lettering::width(&self.index, letters) + 10 }
    }

    fn width(&self, letters: i32) -> i32 {
        self.index_width(letters) + lettering::width(&self.name, letters)
    }

    fn draw(&self, picture: &mut Picture, y: i32, size: &RowSize, room: i32) {
        let (left, line) = (MARGIN + 12, y + size.height / 2 + size.letters * 7 / 20);
        let used = self.index_width(size.letters);
        if used > 0 {
            picture.text((left, line), size.letters, Align::Left, INK, self.index.as_str());
        }
        let name = lettering::cut_start(&self.name, size.letters, room - used);
        picture.text((left + room, line), size.letters, Align::Right, FAINT_INK, name);
    }
}

/// A pod's spans, and what there is to say about its end.
fn bars(picture: &mut Picture, y: i32, size: &RowSize, axis: &TimeAxis, pod: &PodLife) {
    let top = y + (size.height - size.bar) / 2;
    let mut drawn_to = axis.x(pod.created);
    let first = drawn_to;
    let mut outcome = (drawn_to, drawn_to);
    for (phase, from, to) in spans(pod, axis.end) {
        let from = axis.x(from).max(drawn_to);
        let least = if phase.is_outcome() { LEAST_BAR } else { 0 };
        let width = (axis.x(to) - from).max(least);
        if width > 0 {
            picture.bar((from, top), (width, size.bar), phase.colour());
        }
        if least > 0 {
            outcome = (from, from + width);
        }
        drawn_to = from + width;
    }
    let remark = remark(pod);
    if remark.is_empty() {
        return;
    }
    let letters = size.letters - 1;
    let line = y + size.height / 2 + letters * 7 / 20;
    let (width, failed) = (lettering::width(&remark, letters), ended_badly(pod));
    let beside = if failed { FAILED_INK } else { FAINT_INK };
    if drawn_to + 5 + width <= WIDTH - 4 {
        picture.text((drawn_to + 5, line), letters, Align::Left, beside, remark);
    } else if outcome.1 - outcome.0 >= width + 10 {
        picture.text((outcome.1 - 5, line), letters, Align::Right, PAPER, remark);
    } else if first - axis.left > width + 5 {
        picture.text((first - 5, line), letters, Align::Right, beside, remark);
    }
}

fn ended_badly(pod: &PodLife) -> bool {
    pod.phase == PodPhase::Failed
}

/// `exit 3, 2 restarts`.
fn remark(pod: &PodLife) -> String {
    let mut parts = Vec::new();
    if ended_badly(pod) {
        parts.push(match (pod.exit_code, pod.reason) {
            (Some(code), "") => format!("exit {code}"),
            (Some(code), reason) => format!("exit {code}, {reason}"),
            (None, reason) => reason.into(),
        });
    }
    match pod.restarts {
        0 => {}
        1 => parts.push("1 restart".into()),
        restarts => parts.push(format!("{restarts} restarts")),
    }
    parts.retain(|part: &String| !part.is_empty());
    parts.join(", ")
}
