//! Runs that follow each other in one world are those of new worlds.

use std::cell::RefCell;
use std::fmt::Write;
use std::path::Path;

use jobsim::api::change::Change;
use jobsim::api::event::ObjectEvent;
use jobsim::apiserver::store::Store;
use jobsim::scenario::{ReadOptions, Source, Validate, read};
use jobsim::world::observer::{Observer, RequestSpan, SyncSpan};
use jobsim::{RunOptions, Runner, Scenario, SimDuration, SimTime, run_unrecorded};

/// Writes down all that an observer can see.
struct Log<'a>(&'a RefCell<String>);

impl Log<'_> {
    fn line(&self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0.borrow_mut(), "{line}").expect("memory");
    }
}

impl Observer for Log<'_> {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        match change {
            Change::CronJob(id, verb) => self.line(format_args!("{now} {verb:?} {:?}", store.cron_job(id))),
            Change::Job(id, verb) => self.line(format_args!("{now} {verb:?} {id:?} {:?}", store.job(id))),
            Change::Pod(id, verb) => self.line(format_args!("{now} {verb:?} {:?}", store.pod(id))),
            Change::Node(id, verb) => self.line(format_args!("{now} {verb:?} {:?}", store.node(id))),
        }
    }

    fn on_event(&mut self, now: SimTime, event: &ObjectEvent, _store: &Store) {
        self.line(format_args!("{now} {event:?}"));
    }

    fn on_request(&mut self, request: &RequestSpan, _store: &Store) {
        self.line(format_args!("{request:?}"));
    }

    fn on_sync(&mut self, sync: &SyncSpan) {
        self.line(format_args!("{sync:?}"));
    }

    fn on_note(&mut self, now: SimTime, note: &str) {
        self.line(format_args!("{now} {note}"));
    }

    fn on_instant_over(&mut self, now: SimTime, _store: &Store) {
        self.line(format_args!("{now}"));
    }
}

/// The shipped scenarios and some of the recorded ones.
fn scenarios() -> Vec<(String, Scenario)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for (folder, every) in [("scenarios", 1), ("scenarios/lessons", 1), ("tests/conformance/jobs/cases", 9)] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        let mut found: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        found.sort();
        files.extend(found.into_iter().filter(|path| path.is_file()).step_by(every));
    }
    let options = ReadOptions { validate: Validate::Warn, ..ReadOptions::default() };
    let scenario = |path: &std::path::PathBuf| {
        let source = Source::from_file(path, "scenario").ok()?;
        let (scenario, _) = read(vec![source], &options).ok()?;
        Some((path.display().to_string(), scenario))
    };
    files.iter().filter_map(scenario).collect()
}

#[test]
fn a_world_that_is_used_again_is_like_a_new_one() {
    let scenarios = scenarios();
    assert!(scenarios.len() > 40, "{}", scenarios.len());
    let log = RefCell::new(String::new());
    let mut again = Log(&log);
    let mut runner = Runner::new(vec![&mut again]);
    // An order that has nothing to do with theirs, then the way back, so that each follows several others and itself.
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    order.sort_by_key(|&at| (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let back: Vec<usize> = order.iter().rev().flat_map(|&at| [at, at]).collect();
    for (replication, &at) in (0..).zip(order.iter().chain(&back)) {
        let (name, scenario) = &scenarios[at];
        let horizon = scenario.horizon.unwrap_or(SimDuration::from_secs(86_400)).min(SimDuration::from_secs(86_400));
        // Some are left in the midst of it.
        let horizon = if replication % 3 == 0 { SimDuration(horizon.0 / 50) } else { horizon };
        let mut options = RunOptions { replication, horizon: Some(horizon), ..RunOptions::default() };
        options.limits.events = 5_000;
        let fresh = RefCell::new(String::new());
        let ending = run_unrecorded(scenario, &options, vec![&mut Log(&fresh)]);
        log.borrow_mut().clear();
        assert_eq!(runner.run(scenario, &options), ending, "{name}");
        let (ours, wanted) = (log.borrow(), fresh.borrow());
        let differs = ours.lines().zip(wanted.lines()).find(|(a, b)| a != b);
        assert!(*ours == *wanted, "{name}, replication {replication}: {differs:?}");
    }
}
