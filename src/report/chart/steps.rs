//! Step lines against time, a panel for each Job: pods at a time, and the counters.

use super::frame::{self, MARGIN, WIDTH, counted};
use super::palette::{Colour, FAILED, RUNNING_AREA, RUNNING_LINE, SUCCEEDED};
use super::panel::{self, Panel, StepLine, Style};
use super::picture::Picture;
use super::time_axis::TimeAxis;
use crate::kernel::time::SimTime;
use crate::record::{JobLife, JobRow, Run};

/// Most panels; further Jobs are added up in one.
const MOST_PANELS: usize = 12;

type Counter = fn(&JobRow) -> i32;

/// A counter of a Job's status, and how it is drawn.
struct Series {
    style: Style,
    of: Counter,
    legend: &'static str,
}

impl Series {
    fn new(colour: Colour, filled: bool, of: fn(&JobRow) -> i32, legend: &'static str) -> Series {
        Series { style: Style { colour, filled }, of, legend }
    }
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
    let active = Series::new(RUNNING_LINE, false, |row| row.active, "active pods");
    let ready = Series::new(RUNNING_AREA, true, |row| row.ready, "of these, ready");
    picture(run, &Plan { title: "Pods at a time", series: [ready, active], target: |_| None })
}

/// Succeeded and failed pods of each Job, as it counted them.
pub(super) fn completions(run: &Run) -> Picture {
    let failed = Series::new(FAILED, false, |row| row.failed, "failed pods");
    let succeeded = Series::new(SUCCEEDED, false, |row| row.succeeded, "succeeded pods");
    picture(run, &Plan { title: "Pods counted by the Job", series: [failed, succeeded], target: |job| job.completions })
}

fn picture(run: &Run, plan: &Plan) -> Picture {
    let left = MARGIN + 46;
    let axis = TimeAxis::new(run, left, WIDTH - MARGIN - 12 - left);
    let legend: Vec<(Colour, &str)> =
        plan.series.iter().rev().map(|series| (series.style.colour, series.legend)).collect();
    let title = format!("{} in {}", plan.title, run.scenario);
    let (mut picture, top) = frame::begin(&title, &frame::size_of(run), &legend);
    panel::draw(&mut picture, top, &axis, &panels(run, plan));
    picture
}

fn panels(run: &Run, plan: &Plan) -> Vec<Panel> {
    let own = if run.jobs.len() <= MOST_PANELS { run.jobs.len() } else { MOST_PANELS - 1 };
    let lines = |values: &dyn Fn(Counter) -> Vec<(SimTime, i64)>| {
        plan.series.iter().map(|series| StepLine { style: series.style, values: values(series.of) }).collect()
    };
    let panel = |(job, name): (&JobLife, String)| {
        let target = (plan.target)(job).map(i64::from);
        let parts = [frame::standing(job), target.map(|to| format!("line at {to}: completions")).unwrap_or_default()];
        let said: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let values =
            |of: fn(&JobRow) -> i32| job.rows.iter().map(|row| (row.time, i64::from(of(row)))).collect::<Vec<_>>();
        Panel { name, said: said.join("; "), target, lines: lines(&values), removed: job.removed, unit: (1, "") }
    };
    let mut panels: Vec<Panel> = run.jobs.iter().zip(frame::job_names(run)).take(own).map(panel).collect();
    let rest = &run.jobs[own..];
    if !rest.is_empty() {
        let target: Option<i64> = rest.iter().map(|job| (plan.target)(job).map(i64::from)).sum();
        panels.push(Panel {
            name: format!("{} together", counted(rest.len(), "further Job")),
            said: target.map(|to| format!("line at {to}: completions")).unwrap_or_default(),
            target,
            lines: lines(&|of| added_up(rest, of)),
            removed: None,
            unit: (1, ""),
        });
    }
    panels
}

/// The sum of a counter over several Jobs; what a removed Job had counted stays counted.
fn added_up(jobs: &[JobLife], of: fn(&JobRow) -> i32) -> Vec<(SimTime, i64)> {
    let of_job = |job: &JobLife| panel::changes(job.rows.iter().map(|row| (row.time, i64::from(of(row)))).collect());
    panel::summed(jobs.iter().flat_map(of_job).collect())
}

#[cfg(test)]
mod tests {
    use super::super::palette::INK;
    use super::*;
    use crate::record::fixture;

    #[test]
    fn further_jobs_are_added_up() {
        let run = fixture::large(30, 600);
        let plan = Plan {
            title: "",
            series: [0, 1].map(|_| Series::new(INK, false, |row| row.succeeded, "")),
            target: |job| job.completions,
        };
        let panels = panels(&run, &plan);
        assert_eq!(panels.len(), MOST_PANELS);
        let rest: i64 =
            run.jobs[11..].iter().map(|job| i64::from(job.rows.last().map_or(0, |row| row.succeeded))).sum();
        let last = &panels[11];
        assert_eq!((last.name.as_str(), last.target), ("19 further Jobs together", Some(19 * 20)));
        assert_eq!(last.lines[0].values.last().map(|&(_, value)| value), Some(rest));
    }
}
