//! One run of a scenario: the library's front door.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::kernel::time::{SimDuration, SimTime};
use crate::record::recorder::{self, Recorder};
use crate::record::stream::{Stream, Tables};
use crate::record::totals::Counter;
use crate::record::{Ending, Run};
use crate::scenario::Scenario;
use crate::world::World;
use crate::world::examination::PodExamination;
use crate::world::observer::Observer;

/// How to run a scenario, where it differs from what the scenario says.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Instead of the scenario's seed.
    pub seed: Option<u64>,
    /// Instead of the scenario's horizon.
    pub horizon: Option<SimDuration>,
    /// Which of several runs that differ by chance alone.
    pub replication: u32,
    /// What ends a run that would grow without bound.
    pub limits: Limits,
    /// What is kept of it.
    pub trace: Trace,
    /// Leave the pods out: only which Jobs start, and when.
    pub schedule_only: bool,
    /// Set to true to end the run at the next instant.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Set to a sentence to end the run at the next instant, as by a limit.
    pub stop: Option<Arc<OnceLock<String>>>,
    /// Where to keep the nanosecond that was reached, for whoever shows progress.
    pub progress: Option<Arc<AtomicU64>>,
}

/// What is kept of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trace {
    /// Everything.
    #[default]
    All,
    /// Counts alone: memory does not grow with what has ended.
    None,
}

/// Bounds on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pods created.
    pub pods: u64,
    /// Events of the event list carried out.
    pub events: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { pods: 20_000_000, events: 2_000_000_000 }
    }
}

/// Runs a scenario to its end and returns what happened.
///
/// ```
/// # let scenario = jobsim::scenario::read_str("apiVersion: batch/v1\nkind: Job\nmetadata: {name: pi}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: pi, image: perl}]}}}").expect("a good Job");
/// let run = jobsim::run(&scenario, &jobsim::RunOptions::default());
/// assert_eq!(run.jobs[0].rows.last().map(|row| row.status), Some("Complete"));
/// assert_eq!(run.pods.len(), 1);
/// ```
pub fn run(scenario: &Scenario, options: &RunOptions) -> Run {
    run_observed(scenario, options, Vec::new())
}

/// As [`run`], with further observers that are told of everything as it happens.
pub fn run_observed(scenario: &Scenario, options: &RunOptions, further: Vec<&mut dyn Observer>) -> Run {
    match options.trace {
        Trace::All => {
            let mut recorder = Recorder::new(scenario.start);
            let frame = play(scenario, options, &mut recorder, further);
            recorder.into_run(frame)
        }
        Trace::None => {
            let mut counter = Counter::default();
            let mut frame = play(scenario, options, &mut counter, further);
            frame.totals = Some(counter.totals());
            frame
        }
    }
}

/// As [`run_observed`], with tables that are written meanwhile: what is kept of the run are counts, as with
/// [`Trace::None`].
///
/// # Errors
/// The first of those that a table's writer gave; it ends the run if there is an [`interrupt`](RunOptions::interrupt).
pub fn run_streamed<W: Write>(
    scenario: &Scenario,
    options: &RunOptions,
    tables: Tables<W>,
    further: Vec<&mut dyn Observer>,
) -> io::Result<Run> {
    let mut stream = Stream::new(scenario, tables, options.interrupt.clone());
    let mut frame = play(scenario, options, &mut stream, further);
    let (totals, notes) = stream.finish()?;
    (frame.totals, frame.notes) = (Some(totals), notes);
    Ok(frame)
}

/// Plays the scenario before `own` and further observers; returns what need not be recorded.
fn play(scenario: &Scenario, options: &RunOptions, own: &mut dyn Observer, further: Vec<&mut dyn Observer>) -> Run {
    let seed = options.seed.unwrap_or(scenario.seed);
    let mut frame = recorder::frame(scenario, seed);
    let mut observers: Vec<&mut dyn Observer> = vec![own];
    for observer in further {
        observers.push(observer);
    }
    let new = if options.schedule_only { World::schedule_only } else { World::new };
    let mut world = new(scenario, seed, options.replication, observers);
    (frame.ending, frame.end) = drive_to_end(&mut world, scenario, options);
    frame.steps = world.steps();
    frame.horizon = (frame.ending == Ending::Horizon).then_some(frame.end);
    frame
}

/// Why the run ends, and at which instant: settled, at the last write; paused, at the horizon; else where it stands.
fn drive_to_end(world: &mut World<'_>, scenario: &Scenario, options: &RunOptions) -> (Ending, SimTime) {
    let horizon = options.horizon.or(scenario.horizon).map(|length| SimTime::ZERO + length);
    let ending = drive(world, horizon, options);
    let paused = horizon.filter(|_| ending == Ending::Horizon);
    world.end(paused.unwrap_or_else(|| world.now()));
    let end = paused.unwrap_or_else(|| if ending == Ending::Settled { world.last_change() } else { world.now() });
    (ending, end)
}

/// Runs a scenario for its observers alone. Answers why it ended and at which instant, as [`Run::ending`] and
/// [`Run::end`] do.
pub fn run_unrecorded(
    scenario: &Scenario,
    options: &RunOptions,
    observers: Vec<&mut dyn Observer>,
) -> (Ending, SimTime) {
    Runner::new(observers).run(scenario, options)
}

/// Carries out runs, one after the other, for the same observers, each as if it were the first: memory is used again.
pub struct Runner<'a> {
    observers: Vec<&'a mut dyn Observer>,
    /// From the first run on; it has the observers then.
    world: Option<World<'a>>,
}

impl<'a> Runner<'a> {
    /// Runs that these are to observe. Between two runs nobody tells them to begin anew.
    pub fn new(observers: Vec<&'a mut dyn Observer>) -> Runner<'a> {
        Runner { observers, world: None }
    }

    /// As [`run_unrecorded`].
    pub fn run(&mut self, scenario: &Scenario, options: &RunOptions) -> (Ending, SimTime) {
        let (seed, replication) = (options.seed.unwrap_or(scenario.seed), options.replication);
        let world = match &mut self.world {
            Some(world) => {
                world.begin_again(scenario, seed, replication);
                world
            }
            None => {
                let observers = std::mem::take(&mut self.observers);
                self.world.insert(World::new(scenario, seed, replication, observers))
            }
        };
        drive_to_end(world, scenario, options)
    }
}

/// What every node would say to a pod, by its `namespace/name`, at the end of the instant `at`; none if no such pod has
/// been refused by then and waits.
pub fn examine(scenario: &Scenario, options: &RunOptions, at: SimTime, pod: &str) -> Option<PodExamination> {
    let seed = options.seed.unwrap_or(scenario.seed);
    let mut world = World::new(scenario, seed, options.replication, Vec::new());
    drive(&mut world, Some(at), options);
    world.examine(pod)
}

fn drive(world: &mut World<'_>, horizon: Option<SimTime>, options: &RunOptions) -> Ending {
    let until = horizon.unwrap_or(SimTime::MAX);
    world.limit_steps(options.limits.events);
    loop {
        if !world.step_instant(until) {
            return if world.is_settled() { Ending::Settled } else { Ending::Horizon };
        }
        if let Some(fault) = world.fault() {
            return Ending::Fault(fault.to_owned());
        }
        if world.pods_created() > options.limits.pods {
            return Ending::Limit(format!("more than {} pods were created (--max-pods)", options.limits.pods));
        }
        if world.steps() > options.limits.events {
            return Ending::Limit(format!("more than {} events happened (--max-events)", options.limits.events));
        }
        if let Some(limit) = options.stop.as_ref().and_then(|stop| stop.get()) {
            return Ending::Limit(limit.clone());
        }
        if options.interrupt.as_ref().is_some_and(|interrupt| interrupt.load(Ordering::Relaxed)) {
            return Ending::Interrupted;
        }
        if let Some(progress) = &options.progress {
            progress.store(world.now().0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::trace::RunTable;
    use crate::scenario::{ReadOptions, Source, read};

    /// The tables of a scenario: streamed, and written at the end.
    fn tables(scenario: &Scenario) -> Vec<(RunTable, String, String)> {
        let options =
            RunOptions { horizon: scenario.horizon.or(Some(SimDuration::from_secs(86_400))), ..RunOptions::default() };
        let mut tables = Tables::of(|_| Ok::<_, io::Error>(Some(Vec::new()))).expect("memory");
        let mut stream = Stream::new(scenario, tables.as_mut(), None).eagerly();
        run_observed(scenario, &options, vec![&mut stream]);
        let (totals, _) = stream.finish().expect("memory");
        let recorded = run(scenario, &options);
        assert_eq!((totals.jobs, totals.pods), (recorded.jobs.len() as u64, recorded.pods.len() as u64));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let pair = |(table, ours): (RunTable, Vec<u8>)| {
            let mut wanted = Vec::new();
            table.write(&recorded, &mut wanted).expect("memory");
            (table, text(ours), text(wanted))
        };
        tables.named().map(pair).collect()
    }

    #[test]
    fn an_instant_that_never_ends_meets_the_limit() {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, \
                    containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
                    {arrivals: [{template: j, interarrival: 1s, rate: [{at: 0s, factor: 1e30}]}]}";
        let scenario = crate::scenario::read_str(text).expect("a scenario");
        let limits = Limits { events: 500, ..Limits::default() };
        let run = run(&scenario, &RunOptions { limits, ..RunOptions::default() });
        assert!(matches!(&run.ending, Ending::Limit(why) if why.contains("--max-events")), "{:?}", run.ending);
    }

    #[test]
    fn a_container_may_run_for_a_century_and_more() {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, \
                    containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
                    {profile: ideal, pods: [{duration: 1051200h}]}";
        let scenario = crate::scenario::read_str(text).expect("a scenario");
        let run = run(&scenario, &RunOptions::default());
        assert_eq!(run.jobs[0].rows.last().map(|row| row.status), Some("Complete"));
        let ended =
            run.jobs[0].rows.last().and_then(|row| row.completion_time).map(|time| time.instant().whole_seconds());
        assert!(ended.is_some_and(|ended| (1_051_200 * 3600..1_051_201 * 3600).contains(&ended)), "{ended:?}");
    }

    #[test]
    fn streamed_tables_are_those_of_a_recorded_run() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for folder in ["scenarios", "scenarios/lessons", "tests/conformance/jobs/cases"] {
            let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
            files.extend(entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()));
        }
        files.sort();
        // Long ones are for release builds.
        let long = ["late-completion-1000", "late-completion-5000", "ramp-10000"];
        files.retain(|path| !long.iter().any(|name| path.to_string_lossy().contains(name)));
        let mut checked = 0;
        for path in &files {
            let source = Source::from_file(path, "scenario").expect("a file");
            let Ok((scenario, _)) = read(vec![source], &ReadOptions::default()) else { continue };
            for (table, ours, wanted) in tables(&scenario) {
                let at = ours.lines().zip(wanted.lines()).position(|(a, b)| a != b);
                assert!(ours == wanted, "{}: {} differs at line {at:?}", path.display(), table.file_name());
            }
            checked += 1;
        }
        assert!(checked > 300, "{checked}");
    }
}
