//! Golden traces: what a scenario was once seen to do, kept beside others in a folder of tables.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::difference::{Difference, TraceView, differences};
use crate::kernel::rng::entity;
use crate::record::Run;
use crate::record::trace::RunTable;

/// Tables of a golden trace.
const TABLES: [RunTable; 4] = [RunTable::CronJobs, RunTable::Jobs, RunTable::Pods, RunTable::Events];

/// How these tables begin.
const FIRST_COLUMNS: [&str; 3] = ["time_s,namespace,", "namespace,pod,job,", "time_s,type,reason,"];

/// What the API server says of a scenario that is to be refused.
const REFUSED: &str = "refused.txt";

/// How a run stands to its golden trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// There is no trace to compare with.
    Missing,
    /// Not a byte differs.
    Same,
    /// These are the differences, in words. Tables too long to be kept say only that there are some.
    Differs(Vec<Difference>, Vec<String>),
}

/// The tables of a run by name; those of CronJobs only where there are any.
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
    let (mut any, mut unequal, mut digests) = (false, Vec::new(), false);
    for (name, ours) in tables(run) {
        let theirs = match fs::read(folder.join(&name)) {
            Ok(theirs) => theirs,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                unequal.push(format!("{name} is not in the golden trace"));
                continue;
            }
            Err(error) => return Err(error),
        };
        any = true;
        let is_digest = theirs.starts_with(digest_start(&theirs).as_bytes());
        if is_digest && theirs == digest(&ours) || theirs == ours {
            continue;
        }
        digests |= is_digest;
        unequal.push(match is_digest {
            true => format!("{name}: its digest differs"),
            false => format!("{name}: {}", first_line(&theirs, &ours)),
        });
    }
    if !any {
        return Ok(Comparison::Missing);
    }
    if unequal.is_empty() {
        return Ok(Comparison::Same);
    }
    let found = match TraceView::of_folder(folder) {
        Ok(before) if !digests => differences(&before, &TraceView::of_run(run)),
        _ => Vec::new(),
    };
    Ok(Comparison::Differs(found, unequal))
}

/// What was said of the scenario when it was refused, if it was when its trace was recorded.
///
/// # Errors
/// A file that is there and cannot be read.
pub fn refusal(folder: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(REFUSED)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes room for a new trace: tables, digests and refusals that were recorded before go; files of others stay.
///
/// # Errors
/// Files that cannot be read or removed.
pub fn clear(folder: &Path) -> io::Result<()> {
    for name in TABLES.map(RunTable::file_name).into_iter().chain([REFUSED]) {
        let path = folder.join(name);
        let is_ours = |text: &[u8]| {
            let is_table = FIRST_COLUMNS.iter().any(|columns| text.starts_with(columns.as_bytes()));
            name == REFUSED || is_table || text.starts_with(digest_start(text).as_bytes())
        };
        match fs::read(&path) {
            Ok(text) if is_ours(&text) => fs::remove_file(&path)?,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
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

/// The scenarios below some files and folders, each with its name below the folder that it was found by. Folders
/// called `golden`, hidden files and what is no YAML are passed over.
///
/// # Errors
/// Files and folders that cannot be read.
pub fn scenarios(roots: &[PathBuf]) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for root in roots {
        if root.is_dir() {
            walk(root, root, &mut found)?;
        } else {
            fs::metadata(root).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", root.display())))?;
            let name = root.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, root.clone()));
        }
    }
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "golden" {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            let inside = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            found.push((inside.to_string_lossy().replace('\\', "/"), path));
        }
    }
    Ok(())
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
            let Comparison::Differs(words, tables) = compare(folder.path(), &other).expect("read") else {
                panic!("no difference");
            };
            let told: Vec<String> = words.iter().map(ToString::to_string).collect();
            match most_rows {
                1000 => assert_eq!(told, ["Job pi: pod 0 ends with exit code 7 instead of exit code 0"]),
                _ => assert_eq!((told.len(), tables.as_slice()), (0, &["pods.csv: its digest differs".to_owned()][..])),
            }
        }
    }
}
