//! Golden traces: what a scenario was once seen to do, kept beside others in a folder of tables.

mod folder;
mod settings;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use folder::{Found, is_of_a_neighbour, remove, scenarios, traces};
pub use settings::{changed_settings, kept_settings};

use super::difference::view::Texts;
use super::difference::{Difference, TraceView, differences};
use crate::kernel::rng::entity;
use crate::record::Run;
use crate::record::trace::RunTable;

/// Tables of a golden trace.
const TABLES: [RunTable; 5] = [RunTable::CronJobs, RunTable::Jobs, RunTable::Pods, RunTable::Nodes, RunTable::Events];

/// How these tables begin.
const FIRST_COLUMNS: [&str; 4] = ["time_s,namespace,", "namespace,pod,job,", "time_s,type,reason,", "time_s,node,"];

/// What the API server says of a scenario that is to be refused.
const REFUSED: &str = "refused.txt";

/// How a run stands to its golden trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// There is no trace to compare with.
    Missing,
    /// Nothing differs.
    Same,
    /// These are the differences, a sentence each: in words as far as the tables are there whole, else what there is to say
    /// of a table.
    Differs(Vec<String>),
}

/// The tables of a run by name; those of CronJobs and nodes only where there are any.
pub fn tables(run: &Run) -> Vec<(String, Vec<u8>)> {
    let mut tables = Vec::new();
    for table in TABLES.into_iter().filter(|table| table.is_told(run)) {
        let mut bytes = Vec::new();
        // Writing into memory does not fail.
        _ = table.write(run, &mut bytes);
        tables.push((table.file_name().to_owned(), bytes));
    }
    tables
}

/// Holds a run against the trace in a folder.
///
/// # Errors
/// Files that are there and cannot be read.
pub fn compare(folder: &Path, run: &Run) -> io::Result<Comparison> {
    // Sentences that words about Jobs and pods make superfluous, and those that must be said beside them.
    let (mut plain, mut needed) = (Vec::new(), Vec::new());
    let mut kept: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, ours) in tables(run) {
        let theirs = match fs::read(folder.join(&name)) {
            Ok(theirs) => theirs,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                plain.push(format!("{name} is not in the golden trace"));
                continue;
            }
            Err(error) => return Err(error),
        };
        let theirs = as_written(&theirs, &ours).into_owned();
        if is_digest(&theirs) {
            if theirs != digest(&ours) {
                needed.push(format!("{name}: its digest differs"));
            }
        } else if header(&theirs) != header(&ours) {
            needed.push(format!("{name} was recorded with other columns: --bless records it anew"));
        } else if theirs != ours {
            plain.push(format!("{name}: {}", first_line(&theirs, &ours)));
        }
        kept.push((name, theirs));
    }
    for name in TABLES.into_iter().filter(|table| !table.is_told(run)).map(RunTable::file_name) {
        match fs::read(folder.join(name)) {
            Ok(theirs) if is_table(&theirs) || is_digest(&theirs) => {
                plain.push(format!("{name} is in the golden trace, and there is nothing to tell in it any more"));
                kept.push((name.to_owned(), theirs));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    if kept.is_empty() {
        return Ok(Comparison::Missing);
    }
    if plain.is_empty() && needed.is_empty() {
        return Ok(Comparison::Same);
    }
    let mut found: Vec<String> = words(&kept, run).iter().map(ToString::to_string).collect();
    if found.is_empty() {
        found = plain;
    }
    found.extend(needed);
    Ok(Comparison::Differs(found))
}

/// What differs in words, as far as the kept tables are whole: of pods only if theirs is, of nothing if that of Jobs is not.
fn words(kept: &[(String, Vec<u8>)], run: &Run) -> Vec<Difference> {
    let whole = |table: RunTable| {
        let table = kept.iter().find(|(name, _)| name == table.file_name()).map(|(_, table)| table.as_slice());
        table.filter(|table| !is_digest(table))
    };
    let Some(jobs) = whole(RunTable::Jobs) else { return Vec::new() };
    let [pods, events, cron_jobs, nodes] =
        [RunTable::Pods, RunTable::Events, RunTable::CronJobs, RunTable::Nodes].map(whole);
    let tables = Texts {
        jobs,
        pods: pods.unwrap_or_default(),
        events: events.unwrap_or_default(),
        cron_jobs: cron_jobs.unwrap_or_default(),
        nodes: nodes.unwrap_or_default(),
    };
    let Ok(mut before) = TraceView::read(&tables) else { return Vec::new() };
    let mut after = TraceView::of_run(run);
    if pods.is_none() {
        after.pods.clear();
    }
    if nodes.is_none() {
        after.nodes.clear();
    }
    if cron_jobs.is_none() {
        // Which CronJob a Job is of is said by the run, then.
        before.name_cron_jobs(&after.cron_jobs);
    }
    differences(&before, &after)
}

/// A golden file with the line ends that were written: git and editors on Windows put others there.
fn as_written<'t>(theirs: &'t [u8], ours: &[u8]) -> Cow<'t, [u8]> {
    let is_changed = theirs != ours && theirs.windows(2).any(|pair| pair == b"\r\n");
    if !is_changed {
        return Cow::Borrowed(theirs);
    }
    let text = String::from_utf8_lossy(theirs).replace("\r\n", "\n");
    Cow::Owned(text.into_bytes())
}

fn header(table: &[u8]) -> &[u8] {
    table.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn is_table(text: &[u8]) -> bool {
    FIRST_COLUMNS.iter().any(|columns| text.starts_with(columns.as_bytes()))
}

fn is_digest(table: &[u8]) -> bool {
    table.starts_with(digest_start(table).as_bytes())
}

/// What was said of the scenario when it was refused, if it was when its trace was recorded.
///
/// # Errors
/// A file that is there and cannot be read.
pub fn refusal(folder: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(REFUSED)) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes room for a new trace: tables, digests and refusals that were recorded before go; files of others stay.
///
/// # Errors
/// Files that cannot be read or removed.
pub fn clear(folder: &Path) -> io::Result<()> {
    recorded(folder)?.iter().try_for_each(fs::remove_file)
}

/// The files of a trace or refusal that was recorded in this very folder.
///
/// # Errors
/// Files that cannot be read.
fn recorded(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for name in TABLES.map(RunTable::file_name).into_iter().chain([REFUSED, settings::FILE]) {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(text) if name == settings::FILE && !settings::is_ours(&text) => {}
            Ok(text) if matches!(name, REFUSED | settings::FILE) || is_table(&text) || is_digest(&text) => {
                found.push(path)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(found)
}

/// The file to keep of a refusal.
pub fn kept_refusal(text: String) -> Vec<(String, Vec<u8>)> {
    vec![(REFUSED.to_owned(), text.into_bytes())]
}

/// What a golden file holds of a table with more rows than are kept.
pub fn digest(table: &[u8]) -> Vec<u8> {
    let lines = table.iter().filter(|byte| **byte == b'\n').count();
    format!("{lines} lines, digest {:016x}\n", entity(&[table])).into_bytes()
}

/// The front of a digest, if the text is one; else something that it does not begin with.
fn digest_start(text: &[u8]) -> String {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match digits {
        0 => "\u{0}".to_owned(),
        _ => format!("{} lines, digest ", String::from_utf8_lossy(&text[..digits])),
    }
}

/// The tables to keep of a run: whole up to `most_rows` rows, else as a digest.
pub fn kept(run: &Run, most_rows: usize) -> Vec<(String, Vec<u8>)> {
    let keep = |table: Vec<u8>| match table.iter().filter(|byte| **byte == b'\n').count() > most_rows {
        true => digest(&table),
        false => table,
    };
    tables(run).into_iter().map(|(name, table)| (name, keep(table))).collect()
}

fn first_line(theirs: &[u8], ours: &[u8]) -> String {
    let (theirs, ours) = (String::from_utf8_lossy(theirs), String::from_utf8_lossy(ours));
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
    let lines = theirs.lines().count().max(ours.lines().count());
    let at = (0..lines).find(|&at| line(&theirs, at) != line(&ours, at)).unwrap_or(0);
    format!("line {}: {} instead of {}", at + 1, line(&ours, at), line(&theirs, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn a_run_against_its_own_trace_and_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = fixture::pi();
        assert_eq!(compare(folder.path(), &run).expect("read"), Comparison::Missing);
        for most_rows in [1000, 3] {
            for (name, table) in kept(&run, most_rows) {
                fs::write(folder.path().join(name), table).expect("written");
            }
            assert_eq!(compare(folder.path(), &run).expect("read"), Comparison::Same, "{most_rows}");
            let mut other = run.clone();
            other.pods[0].exit_code = Some(7);
            let Comparison::Differs(told) = compare(folder.path(), &other).expect("read") else {
                panic!("no difference");
            };
            match most_rows {
                1000 => assert_eq!(told, ["Job pi: pod 0 ends with exit code 7 instead of exit code 0"]),
                _ => assert_eq!(told, ["pods.csv: its digest differs"]),
            }
        }
    }

    /// Records a run, changes the files, and holds the run, or another one, against them.
    fn check(most_rows: usize, change: impl Fn(&str, String) -> String, run: &Run, expected: &[&str]) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, table) in kept(&fixture::pi(), most_rows) {
            let table = change(&name, String::from_utf8(table).expect("text"));
            fs::write(folder.path().join(name), table).expect("written");
        }
        let found = compare(folder.path(), run).expect("read");
        let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        let expected = if expected.is_empty() { Comparison::Same } else { Comparison::Differs(expected) };
        assert_eq!(found, expected);
    }

    #[test]
    fn other_line_ends_are_no_difference() {
        for most_rows in [1000, 3] {
            check(most_rows, |_, table| table.replace('\n', "\r\n"), &fixture::pi(), &[]);
        }
        let mut other = fixture::pi();
        other.pods[0].exit_code = Some(7);
        let told = "Job pi: pod 0 ends with exit code 7 instead of exit code 0";
        check(1000, |_, table| table.replace('\n', "\r\n"), &other, &[told]);
    }

    #[test]
    fn other_columns_are_said_once_for_a_table() {
        let columns = |name: &str, table: String| match name {
            "pods.csv" => table.replacen(",node,", ",machine,", 1),
            _ => table,
        };
        let told = "pods.csv was recorded with other columns: --bless records it anew";
        check(1000, columns, &fixture::pi(), &[told]);
    }

    #[test]
    fn words_are_told_as_far_as_tables_are_whole() {
        let mut other = fixture::pi();
        let last = other.jobs[0].rows.last_mut().expect("a row");
        last.succeeded = 4;
        other.pods[0].exit_code = Some(7);
        let digests = |name: &str, table: String| match name {
            "pods.csv" => String::from_utf8(digest(table.as_bytes())).expect("text"),
            _ => table,
        };
        check(1000, digests, &other, &["Job pi: 4 pods succeed instead of 5", "pods.csv: its digest differs"]);
    }
}
