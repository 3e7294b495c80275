//! `jobsim diff --from 1.31 --to 1.37`: what an upgrade of Kubernetes changes for scenarios.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::diff::{DiffArgs, Output};
use super::exit;
use super::files;
use super::out;
use super::study;
use crate::api::release::{Line, Release};
use crate::report::verdicts::{self, Remedy, Verdict};
use crate::scenario::{self, Problems, ReadOptions, Severity, Source, source};
use crate::study::golden;
use crate::study::upgrade::{Attribution, ChangedRow, FieldChange, Impact, TableChange, Upgrade};

/// A scenario, and what the upgrade does to it.
struct Examined {
    name: String,
    file: String,
    result: Result<Impact, Problems>,
}

/// Examines each scenario. The exit code is 1 if something changes for one of them, 2 if one is wrong.
pub(super) fn run(args: &DiffArgs, from: Release, to: Release, colour: bool) -> anyhow::Result<ExitCode> {
    let upgrade = Upgrade { from, to, seed: args.seed, validate: args.validate.into() };
    let scenarios = scenarios(args)?;
    if scenarios.is_empty() {
        writeln!(
            io::stderr(),
            "error: no scenario was found: files that end in .yaml, .yml or .json, with a Job in them"
        )?;
        return Ok(ExitCode::from(exit::USAGE));
    }
    let done: Arc<AtomicU64> = Arc::default();
    let progress = study::progress_of(&done, scenarios.len() as u64, "scenarios");
    let examine = |(name, file, sources): (String, String, Vec<Source>)| {
        let result = upgrade.examine(&sources);
        done.fetch_add(1, Ordering::Relaxed);
        Examined { name, file, result }
    };
    let all: Vec<Examined> = scenarios.into_par_iter().map(examine).collect();
    drop(progress);
    let mut refused = false;
    for one in &all {
        match &one.result {
            Err(problems) => {
                refused = true;
                writeln!(io::stderr(), "{}", problems.render(colour).trim_end())?;
            }
            Ok(impact) => {
                impact.notes.iter().try_for_each(|note| writeln!(io::stderr(), "note: {}: {note}", one.file))?;
            }
        }
    }
    let mut out = out::stdout();
    match args.output {
        Output::Human => human(&all, &upgrade, args.rows, &mut out)?,
        Output::Json => json(&all, &upgrade, &mut out)?,
        Output::Junit => verdicts::junit(&verdicts(&all), &mut out)?,
        Output::Github => {
            verdicts::annotations(&verdicts(&all), &mut out)?;
            writeln!(out, "{}", summary(&all, &upgrade))?;
        }
    }
    let changes = all.iter().any(Examined::changes);
    Ok(ExitCode::from(if refused {
        exit::USAGE
    } else if changes {
        exit::DIFFERENCE
    } else {
        0
    }))
}

impl Examined {
    fn changes(&self) -> bool {
        self.result.as_ref().is_ok_and(|impact| !impact.is_none())
    }
}

/// Name, file and sources of each scenario. Files of a folder in which there is nothing to run are passed over, which is
/// said.
fn scenarios(args: &DiffArgs) -> anyhow::Result<Vec<(String, String, Vec<Source>)>> {
    let with_under = |paths: &[PathBuf]| -> anyhow::Result<Vec<Source>> {
        let files: Vec<PathBuf> = paths.iter().chain(&args.under).cloned().collect();
        files::read(&files)
    };
    if args.together {
        let names: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
        return Ok(vec![(names.join(" "), names[0].clone(), with_under(&args.paths)?)]);
    }
    let mut found = Vec::new();
    for path in &args.paths {
        if !path.is_dir() {
            let name = path.display().to_string();
            found.push((name.clone(), name, with_under(std::slice::from_ref(path))?));
            continue;
        }
        for golden::Found { file, .. } in golden::scenarios(std::slice::from_ref(path))? {
            let name = file.display().to_string();
            if has_work(&file)? {
                found.push((name.clone(), name, with_under(&[file])?));
            } else {
                writeln!(io::stderr(), "note: {name} has no Job in it; --together takes all files as one scenario")?;
            }
        }
    }
    Ok(found)
}

/// Is there something to run in this file, or something wrong with it?
fn has_work(file: &PathBuf) -> anyhow::Result<bool> {
    let sources = files::read(std::slice::from_ref(file))?;
    if sources.iter().any(source::is_other_json) {
        return Ok(false);
    }
    let checked = scenario::check(sources, &ReadOptions::default());
    let is_work = |kind: &str| matches!(kind, "Job" | "CronJob" | "Pod" | "Simulation");
    Ok(checked.problems.count(Severity::Error) > 0 || checked.kinds.iter().any(|(kind, _)| is_work(kind)))
}

fn sentences(impact: &Impact) -> Vec<String> {
    let fields = impact.fields.iter().map(FieldChange::to_string);
    fields.chain(impact.findings.iter().map(ToString::to_string)).collect()
}

fn human(all: &[Examined], upgrade: &Upgrade, rows: usize, out: &mut impl Write) -> io::Result<()> {
    let mut lines: Vec<Attribution> = Vec::new();
    for one in all {
        let Ok(impact) = &one.result else { continue };
        if impact.is_none() {
            continue;
        }
        writeln!(out, "{}", one.file)?;
        let sentences = sentences(impact);
        for sentence in sentences.iter().take(rows) {
            writeln!(out, "  {}", sentence.replace('\n', "\n  "))?;
        }
        more(sentences.len(), rows, "differences", out)?;
        for TableChange { table, rows: changed } in &impact.tables {
            writeln!(out, "  {table}")?;
            for row in changed.iter().take(rows) {
                match row {
                    ChangedRow::Removed(row) => writeln!(out, "  - {row}")?,
                    ChangedRow::Added(row) => writeln!(out, "  + {row}")?,
                }
            }
            more(changed.len(), rows, "rows", out)?;
        }
        writeln!(out)?;
        let named = impact.findings.iter().flat_map(|finding| &finding.lines);
        let named = named.chain(impact.fields.iter().flat_map(|field| &field.rules)).chain(&impact.lines);
        for attribution in named {
            if !lines.contains(attribution) {
                lines.push(*attribution);
            }
        }
    }
    lines.sort_by_key(|attribution| (attribution.release, attribution.line.code()));
    for Attribution { line, release } in &lines {
        match line {
            Line::Rule(change) => {
                writeln!(out, "{} ({release}, {}): {}", change.code, change.upstream, change.now)?;
                writeln!(out, "   before: {}", change.before)?;
            }
            Line::Field(field) => writeln!(out, "{} is known since {}", field.field, field.since)?,
        }
    }
    if !lines.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", summary(all, upgrade))
}

fn more(count: usize, shown: usize, what: &str, out: &mut impl Write) -> io::Result<()> {
    match count.saturating_sub(shown) {
        0 => Ok(()),
        more => writeln!(out, "  .. and {more} more {what} (--rows {count})"),
    }
}

fn summary(all: &[Examined], upgrade: &Upgrade) -> String {
    let (from, to) = (upgrade.from, upgrade.to);
    let changed = all.iter().filter(|one| one.changes()).count();
    let refused = all.iter().filter(|one| one.result.is_err()).count();
    let wrong = if refused > 0 { format!(", {refused} cannot be read") } else { String::new() };
    match (all.len(), changed) {
        (1, 0) if refused > 0 => "The scenario cannot be read.".to_owned(),
        (1, 0) => format!("Nothing changes from {from} to {to}."),
        (1, _) => format!("The scenario changes from {from} to {to}."),
        (count, changed) => format!("{changed} of {count} scenarios change from {from} to {to}{wrong}."),
    }
}

fn json(all: &[Examined], upgrade: &Upgrade, out: &mut impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        from: String,
        to: String,
        changes: bool,
        scenarios: Vec<Form<'a>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Form<'a> {
        name: &'a str,
        file: &'a str,
        changes: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        impact: Option<&'a Impact>,
    }
    let mut scenarios = Vec::new();
    for one in all {
        let error = one.result.as_ref().err().map(|problems| problems.render(false));
        let impact = one.result.as_ref().ok();
        scenarios.push(Form { name: &one.name, file: &one.file, changes: one.changes(), error, impact });
    }
    let (from, to) = (upgrade.from.to_string(), upgrade.to.to_string());
    let changes = all.iter().any(Examined::changes);
    serde_json::to_writer_pretty(&mut *out, &Document { from, to, changes, scenarios })?;
    writeln!(out)
}

fn verdicts(all: &[Examined]) -> Vec<Verdict> {
    let verdict = |one: &Examined| {
        let (name, file) = (one.name.clone(), one.file.clone());
        let mut verdict = Verdict::new(name, file);
        let complaints = match &one.result {
            Ok(impact) => sentences(impact),
            Err(problems) => vec![problems.render(false).trim_end().to_owned()],
        };
        complaints.into_iter().for_each(|complaint| verdict.fail(complaint, Remedy::Nothing));
        verdict
    };
    all.iter().map(verdict).collect()
}
