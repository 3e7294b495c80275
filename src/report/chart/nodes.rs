//! The pods of each node: one by one below each other while they are few, as shades of what they ask for when they are
//! many.

use super::frame::{self, MARGIN, WIDTH, counted};
use super::lettering;
use super::palette::{Colour, FAINT_INK, GRID, INK, RUNNING_LINE};
use super::picture::{Align, Picture};
use super::time_axis::{AXIS_HEIGHT, TimeAxis};
use super::timeline::phases::{Phase, spans};
use crate::kernel::time::SimTime;
use crate::record::nodes::NodeLife;
use crate::record::{PodLife, Run};

/// Most lanes of pods that are drawn one by one, and most nodes that are drawn as shades.
const MOST_LANES: usize = 400;
const MOST_NODES: usize = 250;

/// Most pixels of the column of names.
const MOST_NAME_WIDTH: i32 = 220;

const SIZE: i32 = 11;
/// Pixels of a lane of pods, of what is in it, between nodes, and of a node in shades.
const LANE: i32 = 12;
const BAR: i32 = 9;
const GAP: i32 = 6;
const ROW: i32 = 14;

/// Shades from nothing to all of a node's processors being asked for.
const SHADES: i64 = 5;

/// Draws each node's pods against time.
pub(super) fn picture(run: &Run) -> Picture {
    let lanes: Vec<Vec<Vec<&PodLife>>> = pods_by_node(run).into_iter().map(in_lanes).collect();
    let count: usize = lanes.iter().map(|lanes| lanes.len().max(1)).sum();
    if count <= MOST_LANES { one_by_one(run, &lanes) } else { in_shades(run) }
}

fn axis_of(run: &Run) -> (TimeAxis, i32) {
    let width = run.nodes.iter().take(MOST_NODES).map(|node| lettering::width(&node.name, SIZE)).max().unwrap_or(0);
    let names = width.clamp(60, MOST_NAME_WIDTH);
    let left = MARGIN + names + 10;
    (TimeAxis { end: run.end.max(SimTime(1)), left, width: WIDTH - MARGIN - 12 - left }, names)
}

fn title(run: &Run) -> String {
    format!("Pods on the nodes of {}", run.scenario)
}

/// The pods of each node, in the order in which they came to it. Names are given anew: a node has the pods of its time.
fn pods_by_node(run: &Run) -> Vec<Vec<&PodLife>> {
    let mut pods: Vec<&PodLife> = run.pods.iter().filter(|pod| pod.node.is_some() && pod.scheduled.is_some()).collect();
    pods.sort_by(|a, b| (&a.node, a.scheduled, &a.name).cmp(&(&b.node, b.scheduled, &b.name)));
    let of = |node: &NodeLife| {
        let from = pods.partition_point(|pod| pod.node.as_deref() < Some(&*node.name));
        let mine = pods[from..].iter().take_while(|pod| pod.node.as_deref() == Some(&*node.name));
        let gone = node.removed.unwrap_or(SimTime(u64::MAX));
        mine.filter(|pod| pod.scheduled.is_some_and(|at| at >= node.created && at <= gone)).copied().collect()
    };
    run.nodes.iter().map(of).collect()
}

/// Pods that follow each other share a lane.
fn in_lanes(pods: Vec<&PodLife>) -> Vec<Vec<&PodLife>> {
    let mut lanes: Vec<(SimTime, Vec<&PodLife>)> = Vec::new();
    for pod in pods {
        let from = pod.scheduled.unwrap_or(pod.created);
        let until = pod.finished.or(pod.removed).unwrap_or(SimTime(u64::MAX));
        match lanes.iter_mut().find(|(free, _)| *free <= from) {
            Some((free, lane)) => {
                *free = until;
                lane.push(pod);
            }
            None => lanes.push((until, vec![pod])),
        }
    }
    lanes.into_iter().map(|(_, lane)| lane).collect()
}

fn one_by_one(run: &Run, lanes: &[Vec<Vec<&PodLife>>]) -> Picture {
    let (axis, names) = axis_of(run);
    let shown = |phase: &Phase| *phase != Phase::Waiting;
    let legend: Vec<(Colour, &str)> =
        Phase::ALL.into_iter().filter(shown).map(|phase| (phase.colour(), phase.legend())).collect();
    let subtitle = format!("{}, {}", frame::size_of(run), counted(run.nodes.len(), "node"));
    let (mut picture, top) = frame::begin(&title(run), &subtitle, &legend);
    let height = |lanes: &Vec<Vec<&PodLife>>| lanes.len().max(1) as i32 * LANE + GAP;
    let bottom = top + lanes.iter().map(height).sum::<i32>();
    axis.grid(&mut picture, top, bottom);
    axis.labels(&mut picture, bottom);
    picture.height = bottom + AXIS_HEIGHT;
    let mut y = top;
    for (node, lanes) in run.nodes.iter().zip(lanes) {
        name(&mut picture, y + LANE - 2, node, names);
        line_of_life(&mut picture, y + height(lanes) - 3, node, &axis, run.end);
        for (number, pod) in
            lanes.iter().enumerate().flat_map(|(number, lane)| lane.iter().map(move |pod| (number, pod)))
        {
            for (phase, from, to) in spans(pod, axis.end).filter(|(phase, ..)| shown(phase)) {
                let (x, end) = (axis.x(from), axis.x(to));
                let least = if phase.is_outcome() { 2 } else { 0 };
                let width = (end - x - i32::from(end - x > 4)).max(least);
                if width > 0 {
                    picture.bar((x, y + number as i32 * LANE + 1), (width, BAR), phase.colour());
                }
            }
        }
        y += height(lanes);
    }
    picture
}

fn name(picture: &mut Picture, y: i32, node: &NodeLife, room: i32) {
    let name = lettering::cut_start(&node.name, SIZE, room);
    picture.text((MARGIN + room, y), SIZE, Align::Right, INK, name);
}

/// A thin line while the node is there.
fn line_of_life(picture: &mut Picture, y: i32, node: &NodeLife, axis: &TimeAxis, end: SimTime) {
    let (from, to) = (axis.x(node.created), axis.x(node.removed.unwrap_or(end)));
    picture.bar((from, y), ((to - from).max(1), 1), FAINT_INK);
}

fn in_shades(run: &Run) -> Picture {
    let (axis, names) = axis_of(run);
    let legend: Vec<(Colour, String)> = (0..=SHADES)
        .map(|shade| {
            (colour(shade), if shade == 0 { "nothing".into() } else { format!("to {}%", shade * 100 / SHADES) })
        })
        .collect();
    let legend: Vec<(Colour, &str)> = legend.iter().map(|(colour, text)| (*colour, text.as_str())).collect();
    let shown = run.nodes.len().min(MOST_NODES);
    let rest = if run.nodes.len() > shown { format!(", the first {shown} of them") } else { String::new() };
    let subtitle = format!(
        "{}, {}{rest}: too many to draw one by one, so each node shows how much of its processors is requested",
        frame::size_of(run),
        counted(run.nodes.len(), "node")
    );
    let (mut picture, top) = frame::begin(&title(run), &subtitle, &legend);
    let bottom = top + shown as i32 * ROW;
    axis.labels(&mut picture, bottom);
    picture.height = bottom + AXIS_HEIGHT;
    for (node, y) in run.nodes[..shown].iter().zip((top..).step_by(ROW as usize)) {
        name(&mut picture, y + ROW - 3, node, names);
        for (from, to, shade) in shades(node, &axis, run.end) {
            picture.bar((from, y + 1), (to - from, ROW - 2), colour(shade));
        }
    }
    picture
}

/// Stretches of pixels of one shade each: that of the first row in a pixel.
fn shades(node: &NodeLife, axis: &TimeAxis, end: SimTime) -> Vec<(i32, i32, i64)> {
    let mut stretches: Vec<(i32, i32, i64)> = Vec::new();
    let ends = node.rows.iter().skip(1).map(|row| row.time).chain([node.removed.unwrap_or(end)]);
    for (row, until) in node.rows.iter().zip(ends).filter(|(row, _)| row.state != "Deleted") {
        let (from, to) = (axis.x(row.time), axis.x(until));
        let whole = node.cpu_m.max(1);
        let shade = ((row.cpu_m * SHADES + whole - 1) / whole).clamp(0, SHADES);
        match stretches.last_mut() {
            _ if from >= to => {}
            Some(last) if last.2 == shade => last.1 = to,
            _ => stretches.push((from, to, shade)),
        }
    }
    stretches
}

fn colour(shade: i64) -> Colour {
    let part = |full: u8, empty: u8| (i64::from(empty) + (i64::from(full) - i64::from(empty)) * shade / SHADES) as u8;
    let (full, empty) = (RUNNING_LINE, GRID);
    plotters::style::RGBColor(part(full.0, empty.0), part(full.1, empty.1), part(full.2, empty.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{self, at};

    #[test]
    fn pods_that_follow_each_other_share_a_lane() {
        let mut run = fixture::run("x");
        run.job("x", None, 3);
        let times = [(0.0, 5.0), (1.0, 9.0), (5.0, 7.0), (8.0, 9.5), (9.0, 12.0)];
        for (number, (from, to)) in times.into_iter().enumerate() {
            let pod = run.pod(0, &format!("x-{number}"), [from, from, to], 0);
            (pod.scheduled, pod.finished) = (Some(at(from)), Some(at(to)));
        }
        let names: Vec<Vec<&str>> = in_lanes(run.pods.iter().collect())
            .into_iter()
            .map(|lane| lane.into_iter().map(|pod| pod.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["x-0", "x-2", "x-3"], vec!["x-1", "x-4"]]);
    }
}
