//! Where recorded data lies, and how its tests report.

#![allow(clippy::print_stdout, reason = "a test reports to a terminal")]

use std::path::PathBuf;

/// The folder of a recorded set: the project's own copy, or the one that `JOBSIM_CONFORMANCE` has.
/// A set that is not there is skipped, by name.
pub(crate) fn folder(set: &str) -> Option<PathBuf> {
    let root = std::env::var_os("JOBSIM_CONFORMANCE")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance"), PathBuf::from);
    let folder = root.join(set);
    if !folder.is_dir() {
        println!("{set}: skipped, no {}", folder.display());
        return None;
    }
    Some(folder)
}

/// A file of a recorded set, if it is there.
pub(crate) fn file(set: &str, name: &str) -> Option<String> {
    let path = folder(set)?.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("{set}/{name}: skipped, no {}", path.display());
            None
        }
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Counts what agrees with a recording, and names what does not.
#[derive(Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: Vec<String>,
}

impl Tally {
    /// Counts one recorded case; `difference` says what is wrong with it.
    pub(crate) fn count(&mut self, name: impl std::fmt::Display, difference: Option<String>) {
        match difference {
            None => self.passed += 1,
            Some(difference) => self.failed.push(format!("{name}: {difference}")),
        }
    }

    /// Prints `passed N of M` with the failing names, and fails if there are any, or if nothing was tested.
    pub(crate) fn finish(self, what: &str) {
        let all = self.passed + self.failed.len();
        println!("{what}: passed {} of {all}", self.passed);
        for failed in &self.failed {
            println!("  {failed}");
        }
        assert!(self.failed.is_empty() && all > 0, "{what}: {} of {all} failed", self.failed.len());
    }
}

/// `None` if two values are equal, else what was wanted and what came.
pub(crate) fn differs<T: PartialEq + std::fmt::Debug>(what: &str, wanted: T, got: T) -> Option<String> {
    (wanted != got).then(|| format!("{what}: recorded {wanted:?}, got {got:?}"))
}

/// The files of a folder with this ending, by name without it.
pub(crate) fn names(folder: &std::path::Path, ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect();
    names.sort();
    names
}
