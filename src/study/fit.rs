//! The smallest or cheapest point that meets a deadline in so many of all runs.
//!
//! Along an axis of numbers, quantities or durations more usually means sooner, and then halving finds where the deadline
//! begins to hold. That is not taken on trust: on common random numbers every run of a greater point must end no later
//! than the same run of a lesser one. One pair of runs the other way round, or Jobs that fail where nothing holds, and the
//! line is looked at point by point from its start. Of names none is more than another, so each is tried.

use std::collections::BTreeMap;

use super::choice::Choice;
use super::design::Point;
use super::expression::Measure;
use super::interval::{self, Interval};
use super::replication::Laboratory;
use super::sweep::{StudyError, Sweep};
use crate::kernel::stats::Moments;
use crate::kernel::time::SimDuration;
use crate::record::gauge::Gauge;
use crate::record::measure::{PHASES, phases};

/// Runs after which a hopeless point is first given up.
const FIRST_LOOK: u32 = 16;

/// A share of the time that decides nothing.
const LITTLE: f64 = 0.05;

/// Of the intervals that shares of runs are told with.
pub const CONFIDENCE: f64 = 0.95;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Values of each axis.
    pub values: Vec<Choice>,
    /// All Jobs must have completed this long after the start of the run ..
    pub deadline: SimDuration,
    /// .. in this share of the runs.
    pub confidence: f64,
    /// Runs of each point.
    pub replications: u32,
    /// What is to be as little as can be.
    pub objective: Objective,
}

/// What is to be as little as can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Objective {
    /// The value of an axis; of names the place in their list.
    Axis(usize),
    /// The mean of a metric.
    Measure(Measure),
}

/// Runs of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Positions of its values on the axes.
    pub at: Vec<usize>,
    /// When the last Job had ended, run by run, in seconds; infinite where one had not completed.
    pub ends: Vec<f64>,
    /// Runs in which all Jobs completed in time.
    pub hits: u64,
    /// Runs in which they completed, but late.
    pub late: u64,
    /// Does it hold?
    pub holds: bool,
    /// Mean of what is to be little.
    pub objective: f64,
    /// Mean seconds of the phases of the run's critical pod.
    pub phases: [f64; PHASES.len()],
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The best point that holds, if any does.
    pub best: Option<Trial>,
    /// Where none does: the one in most of whose runs all Jobs were in time.
    pub nearest: Option<Trial>,
    /// The axis that lines run along, if halving could make sense along any.
    pub along: Option<usize>,
    /// The first point that holds on each line, in the order of the lines.
    pub frontier: Vec<Trial>,
    /// Points one step below the best on each axis that do not hold, or that are no better.
    pub neighbours: Vec<(usize, Trial)>,
    /// Lines on which more was not always sooner, or on which nothing that was tried held and Jobs failed.
    pub crooked: u64,
    /// Every point that was tried, in the order of the axes' values.
    pub trials: Vec<Trial>,
    /// How many points there are.
    pub points: u64,
}

impl Trial {
    /// Bounds of the share of runs that are in time, at [`CONFIDENCE`].
    pub fn share(&self) -> Interval {
        interval::share(self.hits, self.ends.len() as u64, CONFIDENCE)
    }

    /// Is what is minimized less here? What cannot be told is more than anything.
    fn is_less_than(&self, other: &Trial) -> bool {
        self.objective < other.objective || other.objective.is_nan() && !self.objective.is_nan()
    }

    /// How near it comes to the deadline: the share of runs in time, then how soon they end.
    fn is_nearer_than(&self, other: &Trial) -> bool {
        let mean = |trial: &Trial| trial.ends.iter().sum::<f64>() / trial.ends.len().max(1) as f64;
        let (own, others) = (self.share().mean, other.share().mean);
        let (sooner, later) = (mean(self) < mean(other), mean(self) > mean(other));
        // Of those that are alike the one with the least values.
        own > others || own == others && (sooner || !later && self.at < other.at)
    }

    /// What stands in the way of the runs that are not in time, in words.
    pub fn obstacle(&self) -> String {
        let runs = self.ends.len() as u64;
        let failed = runs - self.hits - self.late;
        if failed > self.late {
            let late = if self.late == 0 { String::new() } else { format!("; {} more are late", self.late) };
            return format!("Jobs that do not complete ({failed} of {runs} runs{late})");
        }
        let total: f64 = self.phases.iter().sum();
        let longest = (0..PHASES.len()).max_by(|&a, &b| self.phases[a].total_cmp(&self.phases[b])).unwrap_or(0);
        let share = if total > 0.0 { self.phases[longest] / total * 100.0 } else { 0.0 };
        let what = match longest {
            0 => "waiting for pods to be created: more of them at a time, or a quicker control plane, would help",
            1 => "back-off after failed pods: fewer failures would help",
            2 => "waiting for a node",
            3 => "starting pods",
            // Where no pod waits for another to end, or for a node.
            4 if self.phases[0] + self.phases[2] < total * LITTLE => {
                "the run time of a single pod: more of them at a time would not help much"
            }
            4 => "the run time of pods",
            _ => "the Job's own completion",
        };
        let others = match failed {
            0 => String::new(),
            1 => ", in 1 Jobs do not complete".to_owned(),
            failed => format!(", in {failed} Jobs do not complete"),
        };
        let late = if self.late == 1 { "is" } else { "are" };
        let late = format!("{} of {runs} runs {late} late{others}", self.late);
        format!("the deadline ({late}); {share:.0}% of the time goes into {what}")
    }
}

/// Searches the grid.
///
/// # Errors
/// See [`StudyError`].
pub fn fit(sweep: &Sweep, laboratory: &Laboratory, options: &FitOptions) -> Result<Fit, StudyError> {
    let mut search = Search { sweep, laboratory, options, trials: BTreeMap::new() };
    let sizes: Vec<usize> = options.values.iter().map(Choice::len).collect();
    let along = search.along();
    let (mut frontier, mut crooked, mut best): (Vec<Trial>, u64, Option<Trial>) = (Vec::new(), 0, None);
    for line in lines(&sizes, along) {
        let Some(along) = along else {
            // No line but a point.
            let trial = search.trial(&line)?;
            search.take_if_better(&trial, &mut best);
            frontier.extend(Some(trial).filter(|trial| trial.holds));
            continue;
        };
        let (first, straight) = search.line(&line, along)?;
        crooked += u64::from(!straight);
        let Some(first) = first else { continue };
        let candidates = match options.objective {
            Objective::Axis(_) => first..first + 1,
            // What a metric comes to beyond is not known before it is tried.
            Objective::Measure(_) => first..sizes[along],
        };
        for at in candidates {
            let trial = search.trial(&place(&line, along, at))?;
            search.take_if_better(&trial, &mut best);
            if at == first {
                frontier.push(trial);
            }
        }
    }
    let mut neighbours = Vec::new();
    if let Some(best) = &best {
        for axis in (0..sizes.len()).filter(|axis| !options.values[*axis].is_of_names()) {
            if let Some(below) = best.at[axis].checked_sub(1) {
                neighbours.push((axis, search.trial(&place(&best.at, axis, below))?));
            }
        }
    }
    let trials: Vec<Trial> = search.trials.into_values().collect();
    let nearest = trials.iter().fold(None::<&Trial>, |nearest, trial| match nearest {
        Some(nearest) if !trial.is_nearer_than(nearest) => Some(nearest),
        _ => Some(trial),
    });
    let nearest = nearest.filter(|_| best.is_none()).cloned();
    let points = sizes.iter().map(|&size| size as u64).product();
    Ok(Fit { best, nearest, along, frontier, neighbours, crooked, trials, points })
}

/// Starts of the lines along an axis, in order.
fn lines(sizes: &[usize], along: Option<usize>) -> Vec<Vec<usize>> {
    let mut lines = vec![Vec::new()];
    for (axis, &size) in sizes.iter().enumerate() {
        let size = if Some(axis) == along { 1 } else { size };
        let longer = |line: Vec<usize>| (0..size).map(move |at| [line.clone(), vec![at]].concat()).collect::<Vec<_>>();
        lines = lines.into_iter().flat_map(longer).collect();
    }
    lines
}

fn place(line: &[usize], along: usize, at: usize) -> Vec<usize> {
    let mut place = line.to_vec();
    place[along] = at;
    place
}

struct Search<'s> {
    sweep: &'s Sweep,
    laboratory: &'s Laboratory,
    options: &'s FitOptions,
    trials: BTreeMap<Vec<usize>, Trial>,
}

impl Search<'_> {
    /// The axis along which halving spares most: the one that is to be little, else the longest, of those of which more
    /// can be sooner. Paths decide between equals, so that the order of the axes changes nothing.
    fn along(&self) -> Option<usize> {
        let values = &self.options.values;
        let can_be_more = |axis: &usize| !values[*axis].is_of_names();
        if let Objective::Axis(axis) = self.options.objective
            && can_be_more(&axis)
        {
            return Some(axis);
        }
        let paths = &self.sweep.outline.axes;
        let axes = (0..values.len()).filter(can_be_more);
        axes.max_by(|&a, &b| values[a].len().cmp(&values[b].len()).then_with(|| paths[b].cmp(&paths[a])))
    }

    /// Takes a point that holds where it is better than the best so far. Of points that are equally good it is the one with
    /// the lesser values, compared in the order of their paths.
    fn take_if_better(&self, trial: &Trial, best: &mut Option<Trial>) {
        let lesser = |best: &Trial| {
            let mut axes: Vec<usize> = (0..trial.at.len()).collect();
            axes.sort_by(|&a, &b| self.sweep.outline.axes[a].cmp(&self.sweep.outline.axes[b]));
            axes.iter().map(|&axis| trial.at[axis]).lt(axes.iter().map(|&axis| best.at[axis]))
        };
        let is_better = |best: &Trial| trial.is_less_than(best) || !best.is_less_than(trial) && lesser(best);
        if trial.holds && best.as_ref().is_none_or(is_better) {
            *best = Some(trial.clone());
        }
    }

    /// The first point of a line that holds, and whether more was always sooner.
    fn line(&mut self, line: &[usize], along: usize) -> Result<(Option<usize>, bool), StudyError> {
        let size = self.options.values[along].len();
        let (mut low, mut high) = (0, size);
        // The ends first: they show most of a line that is not straight.
        for end in [size - 1, 0] {
            self.trial(&place(line, along, end))?;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.trial(&place(line, along, middle))?.holds { high = middle } else { low = middle + 1 }
        }
        // Where Jobs fail, more of them at a time may be what they fail of: that none of the greater points holds says
        // nothing of the lesser ones then.
        let is_hopeless = high == size && self.tried(line, along).any(|trial| trial.ends.contains(&f64::INFINITY));
        if !is_hopeless && self.is_straight(line, along) {
            return Ok(((high < size).then_some(high), true));
        }
        for at in 0..size {
            if self.trial(&place(line, along, at))?.holds {
                return Ok((Some(at), false));
            }
        }
        Ok((None, false))
    }

    /// The points of a line that were tried, in order.
    fn tried(&self, line: &[usize], along: usize) -> impl Iterator<Item = &Trial> {
        let size = self.options.values[along].len();
        (0..size).filter_map(move |at| self.trials.get(&place(line, along, at)))
    }

    /// Did every run of a greater point that was tried end no later than that of the next lesser one?
    fn is_straight(&self, line: &[usize], along: usize) -> bool {
        let tried: Vec<&Trial> = self.tried(line, along).collect();
        tried.windows(2).all(|pair| pair[0].ends.iter().zip(&pair[1].ends).all(|(less, more)| more <= less))
    }

    fn trial(&mut self, at: &[usize]) -> Result<Trial, StudyError> {
        if let Some(known) = self.trials.get(at) {
            return Ok(known.clone());
        }
        let trial = self.run(at)?;
        self.trials.insert(at.to_vec(), trial.clone());
        Ok(trial)
    }

    fn run(&self, at: &[usize]) -> Result<Trial, StudyError> {
        let FitOptions { values, confidence, replications, objective, deadline } = self.options;
        let point: Point = at.iter().zip(values).map(|(&at, values)| Some(values.value(at).clone())).collect();
        let scenario = self.sweep.scenario(&point)?;
        if let Some(horizon) = scenario.horizon.filter(|horizon| horizon < deadline) {
            return Err(StudyError::Wrong(format!(
                "the deadline of {deadline} s lies beyond the horizon of {horizon} s: what completes between them would \
                 count as late; give the Simulation a longer `horizon`"
            )));
        }
        let read = |gauge: &Gauge, row: &mut Vec<f64>| {
            let complete = gauge.jobs.iter().all(|job| job.complete) && !gauge.jobs.is_empty();
            let end = gauge.jobs.iter().map(|job| job.ended.unwrap_or(gauge.end)).max().unwrap_or_default();
            row.push(if complete { end.0 as f64 / 1e9 } else { f64::INFINITY });
            row.push(match objective {
                Objective::Axis(_) => 0.0,
                Objective::Measure(measure) => measure.value(gauge),
            });
            row.extend(phases(gauge));
        };
        let limit = deadline.0 as f64 / 1e9;
        // Rounded up, and a share like 0.95 of 100 runs is 95 of them whatever a float makes of it.
        let needed = (f64::from(*replications) * confidence - 1e-9).ceil() as u64;
        let most_misses = u64::from(*replications).saturating_sub(needed);
        let (mut rows, mut done) = (Vec::new(), 0);
        let width = 2 + PHASES.len();
        let misses = |rows: &[f64]| rows.iter().step_by(width).filter(|end| **end > limit).count() as u64;
        while done < *replications && misses(&rows) <= most_misses {
            let next = (*replications).min((done * 2).max(FIRST_LOOK));
            rows.extend(self.laboratory.each(&scenario, done..next, read)?);
            done = next;
        }
        let ends: Vec<f64> = rows.iter().step_by(width).copied().collect();
        let mean = |column: usize| {
            // What some run has no value of is taken of the others, as in a sweep.
            let values = rows.iter().skip(column).step_by(width).filter(|value| !value.is_nan());
            values.copied().collect::<Moments>().mean().unwrap_or(f64::NAN)
        };
        let hits = ends.iter().filter(|end| **end <= limit).count() as u64;
        let late = ends.iter().filter(|end| **end > limit && end.is_finite()).count() as u64;
        let own = match objective {
            Objective::Axis(axis) => values[*axis].size(at[*axis]),
            Objective::Measure(_) => mean(1),
        };
        let phases = std::array::from_fn(|phase| mean(2 + phase));
        Ok(Trial { at: at.to_vec(), holds: hits >= needed, ends, hits, late, objective: own, phases })
    }
}

/// The same by trying every point: what the search is held against.
///
/// # Errors
/// See [`StudyError`].
pub fn brute_force(sweep: &Sweep, laboratory: &Laboratory, options: &FitOptions) -> Result<Option<Trial>, StudyError> {
    let mut search = Search { sweep, laboratory, options, trials: BTreeMap::new() };
    let sizes: Vec<usize> = options.values.iter().map(Choice::len).collect();
    let mut best: Option<Trial> = None;
    for point in lines(&sizes, None) {
        let trial = search.trial(&point)?;
        search.take_if_better(&trial, &mut best);
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::{Purpose, Streams};
    use crate::record::measure::Metric;
    use crate::scenario::axis::{Axis, AxisValues};
    use crate::scenario::study::Design;
    use crate::scenario::{ReadOptions, Source};
    use crate::study::{Documents, SweepOptions};

    fn sweep(text: &str, axes: &[Axis]) -> Sweep {
        let source = Source { name: "x".to_owned(), bytes: text.as_bytes().to_vec() };
        let documents = Documents::new(&[source], ReadOptions::default()).expect("documents");
        let scenario = documents.scenario().expect("a scenario");
        let options = SweepOptions {
            axes: axes.to_vec(),
            design: Design::OneAtATime,
            samples: 1,
            replications: 1,
            until: None,
            confidence: 0.95,
            measures: vec![Measure::of(Metric::Makespan)],
            seed: None,
            steady: None,
        };
        Sweep::new(documents, &scenario, options).expect("a sweep")
    }

    fn lists(axes: &[Axis]) -> Vec<Choice> {
        let list = |axis: &Axis| match &axis.values {
            AxisValues::List(values) => Choice::new(&axis.path, values),
            AxisValues::Drawn(..) => Choice::new(&axis.path, &[]),
        };
        axes.iter().map(list).collect()
    }

    /// Jobs of all sorts: lengths, failures, back-off, profiles, one axis or two, deadlines that hold or do not.
    fn random(case: u64) -> (Sweep, FitOptions) {
        let mut streams = Streams::new(11, 0);
        let mut stream = streams.stream(Purpose(0), case);
        let mut below = |n: u64| stream.next_u64() % n;
        let (completions, mean, fails) = (2 + below(14), 5 + below(30), [0.0, 0.05, 0.3][below(3) as usize]);
        let profile = ["ideal", "default"][below(2) as usize];
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{completions: {completions}, template: {{spec: \
             {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: \
             Simulation\nspec: {{seed: {case}, profile: {profile}, pods: [{{duration: {{exponential: {{mean: {mean}s}}}}, \
             exitCode: {{weighted: {{0: {}, 1: {fails}}}}}}}]}}",
            1.0 - fails
        );
        let mut axes = vec![Axis::parse("parallelism=1..16").expect("an axis")];
        if below(2) == 0 {
            axes.push(Axis::parse("backoffLimit=0,1,3,6").expect("an axis"));
        }
        if below(3) == 0 {
            axes.push(Axis::parse("podReplacementPolicy=Failed,TerminatingOrFailed").expect("an axis"));
        }
        if below(2) == 0 {
            axes.reverse();
        }
        let objective = match below(3) {
            0 => Objective::Measure(Measure::parse("x=podSeconds + 40 * maxParallelism").expect("a metric")),
            1 => Objective::Axis(axes.len() - 1),
            _ => Objective::Axis(0),
        };
        let deadline = SimDuration::from_secs(mean * (1 + below(completions + 3)));
        let confidence = [0.5, 0.8, 0.95][below(3) as usize];
        let options = FitOptions { values: lists(&axes), deadline, confidence, replications: 40, objective };
        (sweep(&text, &axes), options)
    }

    #[test]
    fn the_search_finds_what_trying_everything_finds() {
        let laboratory = Laboratory::new(2).expect("threads");
        let (mut found_some, mut none, mut crooked, mut spared) = (0, 0, 0, 0);
        for case in 0..50 {
            let (sweep, options) = random(case);
            let fit = fit(&sweep, &laboratory, &options).expect("an answer");
            let best = brute_force(&sweep, &laboratory, &options).expect("an answer");
            let objective = |trial: &Option<Trial>| trial.as_ref().map(|trial| trial.objective);
            assert_eq!(objective(&fit.best), objective(&best), "case {case}: {options:?}");
            if best.is_some() {
                found_some += 1
            } else {
                none += 1
            }
            crooked += u64::from(fit.crooked > 0);
            spared += fit.points - fit.trials.len() as u64;
        }
        // Cases of each kind came up, and halving was good for something.
        assert!(found_some > 10 && none > 5 && crooked > 0 && spared > 100, "{found_some} {none} {crooked} {spared}");
    }

    /// Machines by name: none is more than another, and the cheapest is neither the first nor the last.
    fn machines(axes: [&str; 2], deadline: u64, minimize: &str) -> Fit {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 16, parallelism: 16, template: \
                    {spec: {restartPolicy: Never, containers: [{name: c, image: i, resources: {requests: {cpu: '1'}}}]}}}\n\
                    ---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {profile: ideal, pods: [{duration: 10m}], \
                    cluster: {nodePools: [{name: p, count: 1, machineType: m6i.xlarge}]}}";
        let axes = axes.map(|axis| Axis::parse(axis).expect("an axis"));
        let at = axes.iter().position(|axis| axis.path == minimize);
        let objective = at.map_or_else(|| Objective::Measure(Measure::parse(minimize).expect("one")), Objective::Axis);
        let options = FitOptions {
            values: lists(&axes),
            deadline: SimDuration::from_secs(deadline),
            confidence: 0.95,
            replications: 16,
            objective,
        };
        fit(&sweep(text, &axes), &Laboratory::new(1).expect("a thread"), &options).expect("an answer")
    }

    #[test]
    fn names_are_all_tried_and_the_order_of_axes_changes_nothing() {
        let [types, counts] =
            ["cluster.nodePools[0].machineType=m6i.4xlarge,c5.2xlarge,m6i.large", "cluster.nodePools[0].count=1..9"];
        for minimize in ["cost", "cluster.nodePools[0].count"] {
            let [there, back] = [[types, counts], [counts, types]].map(|axes| machines(axes, 1300, minimize));
            let (there, back) = (there.best.expect("a point"), back.best.expect("a point"));
            assert_eq!((there.objective, there.at[0], there.at[1]), (back.objective, back.at[1], back.at[0]));
            if minimize == "cost" {
                // Two rounds of ten minutes, so eight processors: one c5.2xlarge has seven to give.
                assert_eq!(there.at[0], 1, "{there:?}");
            }
        }
    }

    #[test]
    fn where_nothing_holds_the_nearest_is_named() {
        let found =
            machines(["cluster.nodePools[0].count=1..3", "backoffLimit=1,2"], 700, "cluster.nodePools[0].count");
        let nearest = found.nearest.expect("a point");
        assert_eq!((found.best, nearest.at[0], nearest.hits), (None, 2, 0));
        assert!(!found.trials.is_empty() && found.trials.is_sorted_by(|a, b| a.at < b.at));
    }

    #[test]
    fn a_deadline_beyond_the_horizon_is_refused() {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, \
                    containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {horizon: \
                    1h, pods: [{duration: 10s}]}";
        let axes = [Axis::parse("parallelism=1,2").expect("an axis")];
        let asked = |deadline| {
            let options = FitOptions {
                values: lists(&axes),
                deadline: SimDuration::from_secs(deadline),
                confidence: 0.95,
                replications: 16,
                objective: Objective::Axis(0),
            };
            fit(&sweep(text, &axes), &Laboratory::new(1).expect("a thread"), &options)
        };
        assert!(asked(3600).is_ok());
        let error = asked(3601).expect_err("refused");
        assert!(
            matches!(&error, StudyError::Wrong(text) if text.contains("beyond the horizon of 3600 s")),
            "{error:?}"
        );
    }

    #[test]
    fn a_hopeless_point_is_given_up_early() {
        let axes = [Axis::parse("parallelism=1..40").expect("an axis")];
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 40, template: {spec: \
                    {restartPolicy: Never, containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: \
                    Simulation\nspec: {profile: ideal, pods: [{duration: 10s}]}";
        let options = FitOptions {
            values: lists(&axes),
            deadline: SimDuration::from_secs(55),
            confidence: 0.95,
            replications: 400,
            objective: Objective::Axis(0),
        };
        let laboratory = Laboratory::new(1).expect("a thread");
        let fit = fit(&sweep(text, &axes), &laboratory, &options).expect("an answer");
        let best = fit.best.expect("a point");
        // Five rounds of 10 s are 50 s: eight pods at a time.
        assert_eq!((best.objective, best.hits, fit.crooked), (8.0, 400, 0));
        assert_eq!(fit.neighbours[0].1.ends.len(), 32);
        assert!(fit.neighbours[0].1.obstacle().contains("32 of 32 runs are late"));
        assert!(fit.trials.len() < 10, "{}", fit.trials.len());
    }
}
