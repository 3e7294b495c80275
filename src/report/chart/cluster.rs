//! The cluster against time: what of each pool's processors and memory was there, asked for and used, and which pods
//! waited.

use super::frame::{self, MARGIN, WIDTH, counted};
use super::palette::{Colour, INK, RUNNING_AREA, RUNNING_LINE, STARTING, WAITING};
use super::panel::{self, Panel, StepLine, Style};
use super::picture::Picture;
use super::time_axis::TimeAxis;
use crate::kernel::time::SimTime;
use crate::record::nodes::{NodeLife, NodeRow, most_at_a_time};
use crate::record::{PodLife, Run};

/// Most pools and Jobs with panels of their own.
const MOST: usize = 8;

const MEBI: i64 = 1 << 20;

/// What of a pool's processors and memory is there, asked for and used.
pub(super) fn utilisation(run: &Run) -> Picture {
    let legend = [(INK, "there"), (RUNNING_LINE, "requested"), (RUNNING_AREA, "used by pods that run")];
    let (mut picture, top, axis) = begin(run, "Use of the nodes", &legend);
    let mut panels = Vec::new();
    for (name, nodes) in pools(run) {
        let of = format!("{}, at most {} at a time", counted(nodes.len(), "node"), most_at_a_time(&nodes, run.end));
        panels.push(resource(run, &nodes, (format!("{name}: processors"), of), &CPU));
        panels.push(resource(run, &nodes, (format!("{name}: memory"), String::new()), &MEMORY));
    }
    panel::draw(&mut picture, top, &axis, &panels);
    picture
}

/// Pods that no node has, and pods that start on theirs.
pub(super) fn pending(run: &Run) -> Picture {
    let legend = [(WAITING, "pending"), (STARTING, "of these, on a node and starting")];
    let (mut picture, top, axis) = begin(run, "Pending pods", &legend);
    let own = if run.jobs.len() <= MOST { run.jobs.len() } else { MOST - 1 };
    let mut panels = vec![waiting("all pods".into(), run.pods.iter().collect())];
    if own > 1 {
        let mut by_job: Vec<Vec<&PodLife>> = vec![Vec::new(); own];
        for pod in &run.pods {
            if let Some(pods) = by_job.get_mut(pod.job as usize) {
                pods.push(pod);
            }
        }
        panels.extend(frame::job_names(run).into_iter().zip(by_job).map(|(name, pods)| waiting(name, pods)));
    }
    panel::draw(&mut picture, top, &axis, &panels);
    picture
}

fn begin(run: &Run, title: &str, legend: &[(Colour, &str)]) -> (Picture, i32, TimeAxis) {
    let left = MARGIN + 46;
    // Nodes are there, and paid for, after the last pod.
    let axis = TimeAxis { end: run.end.max(SimTime(1)), left, width: WIDTH - MARGIN - 12 - left };
    let (picture, top) = frame::begin(&format!("{title} in {}", run.scenario), &frame::size_of(run), legend);
    (picture, top, axis)
}

/// Nodes by pool, those of none last; of many pools the last ones together.
fn pools(run: &Run) -> Vec<(String, Vec<&NodeLife>)> {
    let mut pools: Vec<(String, Vec<&NodeLife>)> =
        run.pools.iter().map(|pool| (format!("pool {}", pool.name), Vec::new())).collect();
    pools.push(("nodes of no pool".into(), Vec::new()));
    for node in &run.nodes {
        let last = pools.len() - 1;
        let place = node.pool.map_or(last, |pool| (pool as usize).min(last));
        pools[place].1.push(node);
    }
    pools.retain(|(_, nodes)| !nodes.is_empty());
    if pools.len() > MOST {
        let rest: Vec<&NodeLife> = pools.drain(MOST - 1..).flat_map(|(_, nodes)| nodes).collect();
        pools.push(("all other pools".into(), rest));
    }
    pools
}

/// A resource of nodes.
struct Resource {
    there: fn(&NodeLife) -> i64,
    asked: fn(&NodeRow) -> i64,
    used: fn(&NodeRow) -> i64,
    /// Units of a scale, from the largest: from which value on, what it counts, its word.
    units: [(i64, &'static str); 3],
}

const CPU: Resource = Resource {
    there: |node| node.cpu_m,
    asked: |row| row.cpu_m,
    used: |row| row.used_cpu_m,
    units: [(1000, ""), (1, "m"), (1, "m")],
};

const MEMORY: Resource = Resource {
    there: |node| node.memory_b,
    asked: |row| row.memory_b,
    used: |row| row.used_memory_b,
    units: [(MEBI << 20, "Ti"), (MEBI << 10, "Gi"), (MEBI, "Mi")],
};

fn resource(run: &Run, nodes: &[&NodeLife], (name, said): (String, String), of: &Resource) -> Panel {
    let there = nodes.iter().flat_map(|node| {
        let gone = node.removed.filter(|&gone| gone <= run.end).map(|gone| (gone, -(of.there)(node)));
        [(node.created, (of.there)(node))].into_iter().chain(gone)
    });
    let taken = |value: fn(&NodeRow) -> i64| {
        let of_node = |node: &&NodeLife| panel::changes(node.rows.iter().map(|row| (row.time, value(row))).collect());
        panel::summed(nodes.iter().flat_map(of_node).collect())
    };
    let line = |colour, filled, values| StepLine { style: Style { colour, filled }, values };
    let lines = vec![
        line(RUNNING_AREA, true, taken(of.used)),
        line(RUNNING_LINE, false, taken(of.asked)),
        line(INK, false, panel::summed(there.collect())),
    ];
    let most = lines.iter().flat_map(|line| &line.values).map(|&(_, value)| value).max().unwrap_or(0);
    let [large, middle, small] = of.units;
    let unit = [large, middle].into_iter().find(|(unit, _)| most >= 2 * unit).unwrap_or(small);
    Panel { name, said, target: None, lines, removed: None, unit }
}

fn waiting(name: String, pods: Vec<&PodLife>) -> Panel {
    let mut pending: Vec<(SimTime, i64)> = Vec::new();
    let mut starting: Vec<(SimTime, i64)> = Vec::new();
    for pod in &pods {
        let over = pod.started.or(pod.finished).or(pod.removed);
        pending.push((pod.created, 1));
        pending.extend(over.map(|at| (at, -1)));
        if let Some(bound) = pod.scheduled {
            starting.push((bound, 1));
            starting.extend(over.map(|at| (at, -1)));
        }
    }
    let line = |colour, filled, values| StepLine { style: Style { colour, filled }, values: panel::summed(values) };
    let lines = vec![line(WAITING, true, pending), line(STARTING, true, starting)];
    let found_none = pods.iter().filter(|pod| pod.unschedulable.is_some()).count();
    let said = match found_none {
        0 => counted(pods.len(), "pod"),
        some => format!("{}, no node found at first for {some}", counted(pods.len(), "pod")),
    };
    Panel { name, said, target: None, lines, removed: None, unit: (1, "") }
}
