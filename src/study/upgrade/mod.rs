//! One scenario under two releases of Kubernetes: what changes, and which line of the table of releases changes it.
//!
//! Chance is the same on both sides, so whatever differs comes of a rule or of a field that one of them does not know.
//! Which of them is found by trying: runs in which single lines of the table are as in the old release show which are
//! needed for a difference (`search.rs`).

mod events;
mod fields;
mod rows;
mod search;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::difference::{self, Difference, Kind, TraceView};
use super::golden;
use crate::api::release::{Kubernetes, Line, Release};
use crate::record::{Ending, Run};
use crate::run::{Limits, RunOptions, run_observed};
use crate::scenario::{self, Problems, ReadOptions, Scenario, Severity, Source, Validate};

pub use fields::{Fate, FieldChange};
pub use rows::{ChangedRow, TableChange};

/// An upgrade, or a downgrade, of a cluster.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The release that it comes from.
    pub from: Release,
    /// The release that it goes to.
    pub to: Release,
    /// Instead of the scenario's seed, on both sides.
    pub seed: Option<u64>,
    /// What becomes of fields that no release knows.
    pub validate: Validate,
}

/// What an upgrade changes for a scenario.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Impact {
    /// Fields that one of the releases drops, defaults that only one has, what only one warns of.
    pub fields: Vec<FieldChange>,
    /// Differences of the runs, the most telling first, Job by Job.
    pub findings: Vec<Finding>,
    /// The fewest lines of the table that make all differences of the runs: without one of them something is missing.
    #[serde(rename = "rules")]
    pub lines: Vec<Attribution>,
    /// Rows of the tables that differ.
    pub tables: Vec<TableChange>,
    /// Why gates that the scenario sets cannot be set in one of the releases.
    pub notes: Vec<String>,
}

/// A difference, and what makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
    /// What the trace says about the reason, where it says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The fewest lines of the table that make it; none if the table does not explain it.
    #[serde(rename = "rules")]
    pub lines: Vec<Attribution>,
}

/// A line of the table, and the release that it came with on the way between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The line.
    pub line: Line,
    /// The first release that has it as it is in the newer of the two.
    pub release: Release,
}

impl Serialize for Attribution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'a> {
            code: &'a str,
            rule: &'a str,
            release: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            upstream: Option<&'a str>,
        }
        let upstream = match self.line {
            Line::Rule(change) => Some(change.upstream).filter(|upstream| *upstream != "-"),
            Line::Field(_) => None,
        };
        let (code, rule) = (self.line.code(), self.line.name());
        Form { code, rule, release: self.release.to_string(), upstream }.serialize(serializer)
    }
}

/// `C1, 1.31`; `C1 and C3, 1.31; C7, 1.36`.
pub fn named(lines: &[Attribution]) -> String {
    let mut releases: BTreeMap<Release, Vec<&str>> = BTreeMap::new();
    for Attribution { line, release } in lines {
        let codes = releases.entry(*release).or_default();
        if !codes.contains(&line.code()) {
            codes.push(line.code());
        }
    }
    let group = |(release, codes): (Release, Vec<&str>)| format!("{}, {release}", codes.join(" and "));
    releases.into_iter().map(group).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.difference.fmt(f)?;
        self.because.iter().try_for_each(|because| write!(f, ": {because}"))?;
        match self.lines.as_slice() {
            [] => Ok(()),
            lines => write!(f, " ({})", named(lines)),
        }
    }
}

impl Impact {
    /// Does the upgrade change nothing?
    pub fn is_none(&self) -> bool {
        self.fields.is_empty() && self.findings.is_empty() && self.tables.is_empty()
    }
}

/// What comes of a scenario under some rules.
enum Outcome {
    Ran(Box<Trace>),
    /// The API server refuses it: what is wrong.
    Refused(Problems),
}

/// A run with its tables.
struct Trace {
    run: Run,
    /// Name and text.
    tables: Vec<(String, Vec<u8>)>,
    /// Positions of the events that are never written.
    lost: BTreeSet<usize>,
    /// What was noted of it: refused patches, why it stopped.
    notes: Vec<String>,
}

impl Upgrade {
    /// Runs a scenario under both releases, and under rules between them where they differ.
    ///
    /// # Errors
    /// What is wrong with the scenario under either release.
    pub fn examine(&self, sources: &[Source]) -> Result<Impact, Problems> {
        let said = scenario::kubernetes_of(sources).unwrap_or_default();
        let (from, not_from) = said.moved_to(self.from);
        let (to, not_to) = said.moved_to(self.to);
        let note = |release: Release| move |why: String| format!("Kubernetes {release}: {why}");
        let notes = not_from.into_iter().map(note(self.from)).chain(not_to.into_iter().map(note(self.to))).collect();
        let (before, after) =
            (self.outcome(sources, &from, Limits::default()), self.outcome(sources, &to, Limits::default()));
        if let (Outcome::Refused(_), Outcome::Refused(problems)) = (&before, &after) {
            return Err(problems.clone());
        }
        let mut impact = Impact { notes, ..Impact::default() };
        impact.fields = fields::changes(sources, &from, &to);
        if after.is_as(&before) {
            return Ok(impact);
        }
        let between = Between { from: &from, to: &to };
        // Rules that no cluster has together can go on for ever, such as a write that is refused again and again.
        let limits = Limits { events: 4 * before.steps().max(after.steps()) + 10_000, ..Limits::default() };
        let play = |lines: &[Line]| self.outcome(sources, &between.kubernetes(lines), limits);
        let mut search = search::Search::new(&before, &after, (self.from, self.to), play);
        let lines = search.all_lines(&between.lines());
        let attribution = |line: Line| Attribution { line, release: line.turned(&from, &to) };
        for difference in words(&before, &after, (self.from, self.to)) {
            let own: Vec<_> = search.lines_of(&difference, &lines).into_iter().map(attribution).collect();
            let because = because(&difference, &own, &before, &after);
            impact.findings.push(Finding { difference, because, lines: own });
        }
        impact.lines = lines.into_iter().map(attribution).collect();
        if let (Outcome::Ran(before), Outcome::Ran(after)) = (&before, &after) {
            impact.tables = rows::changes(&before.tables, &after.tables);
        }
        Ok(impact)
    }

    fn outcome(&self, sources: &[Source], kubernetes: &Kubernetes, limits: Limits) -> Outcome {
        let kubernetes = Some(kubernetes.clone());
        let options = ReadOptions { validate: self.validate, kubernetes, ..ReadOptions::default() };
        match scenario::read(sources.to_vec(), &options) {
            Ok((scenario, _)) => Outcome::Ran(Box::new(self.run(&scenario, limits))),
            Err(problems) => Outcome::Refused(problems),
        }
    }

    fn run(&self, scenario: &Scenario, limits: Limits) -> Trace {
        let mut filter = events::SpamFilter::new(scenario.kubernetes.rules());
        let options = RunOptions { seed: self.seed, limits, ..RunOptions::default() };
        let run = run_observed(scenario, &options, vec![&mut filter]);
        let lost = filter.into_lost();
        let mut tables = golden::tables(&run);
        tables.push(("events that are lost".to_owned(), events::lost_table(&run, &lost)));
        let mut notes = run.notes.clone();
        if let Ending::Limit(why) | Ending::Fault(why) = &run.ending {
            notes.push(format!("the run stops: {why}"));
        }
        Trace { run, tables, lost, notes }
    }
}

/// The way from a cluster to another in steps of one line of the table.
struct Between<'a> {
    from: &'a Kubernetes,
    to: &'a Kubernetes,
}

impl Between<'_> {
    /// The lines that differ, in the order in which they came.
    fn lines(&self) -> Vec<Line> {
        let mut lines = Line::between(self.from, self.to);
        lines.sort_by_key(|line| line.turned(self.from, self.to));
        lines
    }

    /// The old cluster with some lines as in the new one. It is played by the newer of the two releases: that one knows
    /// all fields of the other, and those behind gates fall with the rules of their gates.
    fn kubernetes(&self, lines: &[Line]) -> Kubernetes {
        let newer = if self.from.release > self.to.release { self.from } else { self.to };
        self.lines().into_iter().fold(newer.clone(), |kubernetes, line| {
            let side = if lines.contains(&line) { self.to } else { self.from };
            kubernetes.with_line(line, side.holds(line))
        })
    }
}

impl Outcome {
    /// Events that the run took.
    fn steps(&self) -> u64 {
        if let Outcome::Ran(trace) = self { trace.run.steps } else { 0 }
    }

    fn is_as(&self, other: &Outcome) -> bool {
        match (self, other) {
            (Outcome::Ran(one), Outcome::Ran(other)) => one.tables == other.tables && one.notes == other.notes,
            (Outcome::Refused(one), Outcome::Refused(other)) => errors(one) == errors(other),
            _ => false,
        }
    }
}

fn errors(problems: &Problems) -> Vec<&str> {
    let errors = problems.list.iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(|problem| problem.title.as_str()).collect()
}

/// All that the second outcome has other than the first, in words.
fn words(before: &Outcome, after: &Outcome, (from, to): (Release, Release)) -> Vec<Difference> {
    let other = |kind, text| Difference { kind, job: String::new(), pod: None, text };
    let refused = |release: Release, problems: &Problems| {
        let text = |error: &str| other(Kind::Refused, format!("refused by {release}: {error}"));
        errors(problems).into_iter().map(text).collect::<Vec<_>>()
    };
    let (before, after) = match (before, after) {
        (Outcome::Ran(before), Outcome::Ran(after)) => (before, after),
        (_, Outcome::Refused(problems)) => return refused(to, problems),
        (Outcome::Refused(problems), _) => return refused(from, problems),
    };
    let mut found = difference::differences(&TraceView::of_run(&before.run), &TraceView::of_run(&after.run));
    found.extend(status::differences(&before.run, &after.run));
    found.extend(events::differences(before, after));
    for (notes, others, word) in [(&after.notes, &before.notes, "new"), (&before.notes, &after.notes, "gone")] {
        let alone = notes.iter().filter(|note| !others.contains(note));
        found.extend(alone.map(|note| other(Kind::Note, format!("note that is {word}: {note}"))));
    }
    found
}

/// What the traces show of the reason: how many pods the end of a Job waits for.
fn because(difference: &Difference, lines: &[Attribution], before: &Outcome, after: &Outcome) -> Option<String> {
    let waits = lines.iter().any(|attribution| attribution.line.name() == "waits_for_terminating_pods");
    let (Outcome::Ran(before), Outcome::Ran(after)) = (before, after) else { return None };
    if !waits || !matches!(difference.kind, Kind::End | Kind::Outcome) {
        return None;
    }
    let (old, new) = (waited_for(&before.run, &difference.job), waited_for(&after.run, &difference.job));
    let pods =
        |count: i32| if count == 1 { "1 terminating pod".to_owned() } else { format!("{count} terminating pods") };
    match (old, new) {
        (None, Some(count)) => Some(format!("it waits for {}", pods(count))),
        (Some(count), None) => Some(format!("it does not wait for {}", pods(count))),
        _ => None,
    }
}

/// Pods that are terminating while the end of a Job is decided and not written.
fn waited_for(run: &Run, job: &str) -> Option<i32> {
    let life = run.jobs.iter().find(|life| job == format!("{}/{}", life.name.namespace, life.name.name))?;
    let decided = life.rows.iter().filter(|row| matches!(row.status, "FailureTarget" | "SuccessCriteriaMet"));
    decided.map(|row| row.terminating).max().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests;
