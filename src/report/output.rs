//! Files of a run, written whole or not at all, and never over somebody else's.
//!
//! Every file is complete under a temporary name in the folder before the first one gets its own name. A full disk, an
//! interruption or a refused folder therefore leaves what was there before.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::NamedTempFile;
use thiserror::Error;

use super::digest::TableDigest;
use super::{comparison, fit, study};

/// The file that tells a folder of ours from others, by its field `tool`.
pub const SUMMARY_FILE: &str = "summary.json";

/// Value of the field `tool` of [`SUMMARY_FILE`].
pub const TOOL: &str = "jobsim";

/// Longest folder name made from a scenario's name, in characters.
const LONGEST_NAME: usize = 100;

/// Longest header line that is looked at.
const LONGEST_HEADER: u64 = 4096;

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// Something else stands where the folder should be.
    #[error("cannot write into {}: it is not a folder; name another one with --out", .path.display())]
    NotAFolder {
        /// What stands there.
        path: PathBuf,
    },
    /// A file of that name exists and jobsim did not write it.
    #[error("{} exists and was not written by jobsim; move it away, or name another folder with --out", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds a run, and a study was to be written into it, or the other way round.
    #[error("{} is of a {there}; name another folder with --out, or move that one away", .path.display())]
    OfAnotherKind {
        /// The summary.
        path: PathBuf,
        /// What it is of.
        there: &'static str,
    },
    /// A file name that would lead out of the folder.
    #[error("{name:?} is not a plain file name")]
    Name {
        /// The name.
        name: String,
    },
    /// The folder cannot be made or looked into.
    #[error("cannot use the folder {}; name another one with --out", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}; nothing was changed", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says: no permission, no space left.
        source: io::Error,
    },
    /// A finished file could not be given its name.
    #[error("cannot put {} in place", .path.display())]
    Rename {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Writes `files` (plain name, content) into `dir`, which is made if it is missing; answers their paths in that order.
///
/// # Errors
/// See [`OutputError`]. Before [`OutputError::Rename`] nothing is changed, and folders made are removed again.
pub fn write_all(dir: &Path, files: Vec<(String, Vec<u8>)>) -> Result<Vec<PathBuf>, OutputError> {
    if let Some((name, _)) = files.iter().find(|(name, _)| !is_plain(name)) {
        return Err(OutputError::Name { name: name.clone() });
    }
    let mut staging = Staging::begin(dir)?;
    if let Some(mark) = files.iter().find(|(name, _)| name == SUMMARY_FILE).and_then(|(_, text)| Mark::read(&text[..]))
    {
        staging.check_kind(mark.of_what())?;
    }
    for (name, content) in &files {
        staging.check(name, content)?;
    }
    for (name, content) in &files {
        staging.add(name, content)?;
    }
    staging.commit()
}

/// What a folder of ours is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Of a run.
    Run,
    /// Of a study.
    Study,
}

/// Can files of a run or study be written into `dir`, these among them? Nothing stays of the attempt.
///
/// # Errors
/// [`OutputError::NotAFolder`], [`OutputError::Folder`], [`OutputError::OfAnotherKind`], [`OutputError::Foreign`].
pub fn try_folder(dir: &Path, of: Of, files: &[&str]) -> Result<(), OutputError> {
    let staging = Staging::begin(dir)?;
    let tried = temporary(&staging.dir).map(drop);
    tried.map_err(|source| OutputError::Folder { path: dir.to_owned(), source })?;
    staging.check_kind(of)?;
    files.iter().try_for_each(|name| staging.check(name, b""))
}

/// Files that have no names yet: they get them all together, or vanish.
#[derive(Debug)]
pub struct Staging {
    dir: PathBuf,
    /// Folders that were made, the deepest first.
    made: Vec<PathBuf>,
    prepared: Vec<(NamedTempFile, PathBuf)>,
}

impl Staging {
    /// For files in this folder, which is made if it is missing.
    ///
    /// # Errors
    /// [`OutputError::NotAFolder`], [`OutputError::Folder`].
    pub fn begin(dir: &Path) -> Result<Staging, OutputError> {
        Ok(Staging { made: make_folder(dir)?, dir: dir.to_owned(), prepared: Vec::new() })
    }

    /// A file to be written by and by, which begins with `header`.
    ///
    /// # Errors
    /// [`OutputError::Name`], [`OutputError::Foreign`], [`OutputError::Write`].
    pub fn open(&mut self, name: &str, header: &[u8]) -> Result<File, OutputError> {
        if !is_plain(name) {
            return Err(OutputError::Name { name: name.to_owned() });
        }
        self.check(name, header)?;
        let path = self.dir.join(name);
        let made = temporary(&self.dir).and_then(|file| Ok((file.as_file().try_clone()?, file)));
        let (file, named) = made.map_err(|source| OutputError::Write { path: path.clone(), source })?;
        self.prepared.push((named, path));
        Ok(file)
    }

    /// A whole file.
    ///
    /// # Errors
    /// As [`Staging::open`].
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.dir.join(name);
        let mut file = self.open(name, content)?;
        fill(&mut file, content).map_err(|source| OutputError::Write { path, source })
    }

    /// Gives the files their names; answers their paths in the order in which they were begun.
    ///
    /// # Errors
    /// [`OutputError::Rename`]: some may have their names.
    pub fn commit(mut self) -> Result<Vec<PathBuf>, OutputError> {
        let paths = put_in_place(std::mem::take(&mut self.prepared))?;
        self.made.clear();
        Ok(paths)
    }

    /// Refuses to mix the files of a run with those of a study.
    fn check_kind(&self, of: Of) -> Result<(), OutputError> {
        let path = self.dir.join(SUMMARY_FILE);
        match Mark::of(&path).map(|mark| mark.of_what()).filter(|there| *there != of) {
            Some(Of::Run) => Err(OutputError::OfAnotherKind { path, there: "run" }),
            Some(Of::Study) => Err(OutputError::OfAnotherKind { path, there: "study" }),
            None => Ok(()),
        }
    }

    /// Refuses to go on if the name is taken by something that jobsim did not write.
    fn check(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let path = self.dir.join(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(OutputError::Write { path, source }),
        }
        let kind = Path::new(name).extension().and_then(|ending| ending.to_str());
        let replaceable = match kind {
            // The columns of a study's tables are what was varied in it: the summary vouches for those too.
            Some("csv") => has_same_columns(&path, content) || path.is_file() && is_study(&self.dir.join(SUMMARY_FILE)),
            // Pictures and compressed tables bear no mark of ours: the folder's summary vouches for them.
            _ => path.is_file() && is_our_summary(&self.dir.join(SUMMARY_FILE)),
        };
        if replaceable { Ok(()) } else { Err(OutputError::Foreign { path }) }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.prepared.clear();
        // Only empty folders go: one that meanwhile holds something stays.
        self.made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

/// Files in this folder that the run wrote of which the summary there tells: tables, compressed or not, and pictures of
/// these names.
pub fn of_earlier_run(dir: &Path, pictures: &[&str]) -> Vec<PathBuf> {
    let Some(tables) = Mark::of(&dir.join(SUMMARY_FILE)).and_then(|mark| mark.tables) else { return Vec::new() };
    let named = |name: &str, endings: &[&str]| -> Vec<PathBuf> {
        endings.iter().map(|ending| dir.join(format!("{name}{ending}"))).collect()
    };
    let tables = tables.iter().filter(|table| is_plain(&table.table));
    let tables = tables.flat_map(|table| named(&table.table, &["", ".gz", ".zst"]));
    let pictures = pictures.iter().flat_map(|name| named(name, &[".svg", ".png"]));
    tables.chain(pictures).filter(|path| path.is_file()).collect()
}

/// Writes the files of a study as [`write_all`] does. What an earlier one of any kind left there goes: it would be
/// taken for this one's.
///
/// # Errors
/// See [`OutputError`].
pub fn write_study(dir: &Path, files: Vec<(String, Vec<u8>)>) -> Result<(), OutputError> {
    let of_studies = study::FILES.iter().chain(&comparison::FILES).chain(&fit::FILES);
    let of_studies = of_studies.chain(&["results.csv", "results.parquet"]).map(|name| dir.join(name));
    let earlier: Vec<PathBuf> = match is_study(&dir.join(SUMMARY_FILE)) {
        true => of_studies.filter(|path| path.is_file()).collect(),
        false => Vec::new(),
    };
    let written = write_all(dir, files)?;
    let mut others = earlier.into_iter().filter(|path| !written.contains(path));
    others.try_for_each(|path| fs::remove_file(&path).map_err(|source| OutputError::Write { path, source }))
}

/// A folder name for a scenario: letters, digits, `.`, `_` and `-`, never hidden, never a way out of its parent.
pub fn folder_name(scenario: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let name: String = scenario.chars().map(safe).take(LONGEST_NAME).collect();
    let name = name.trim_start_matches('.').trim_end_matches('.');
    match name {
        "" => "scenario".into(),
        _ if is_device(name) => format!("{name}-scenario"),
        _ => name.into(),
    }
}

/// Is it a device on Windows, whatever its ending?
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let first = parts.next();
    matches!(first, Some(std::path::Component::Normal(part)) if part == name) && parts.next().is_none()
}

/// Makes `dir` and the folders above it; answers those that were missing, the deepest first.
fn make_folder(dir: &Path) -> Result<Vec<PathBuf>, OutputError> {
    let mut missing = Vec::new();
    for folder in dir.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => break,
            Ok(_) => return Err(OutputError::NotAFolder { path: folder.into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder.to_path_buf()),
            // A file further up: the loop comes to it and says so.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
            Err(source) => return Err(OutputError::Folder { path: folder.into(), source }),
        }
    }
    fs::create_dir_all(dir).map_err(|source| {
        missing.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        OutputError::Folder { path: dir.into(), source }
    })?;
    Ok(missing)
}

/// What tells a summary of ours from other files, and one kind from another.
#[derive(Deserialize)]
struct Mark {
    tool: String,
    /// Of a study.
    study: Option<serde::de::IgnoredAny>,
    /// Of a study that compares.
    comparison: Option<serde::de::IgnoredAny>,
    /// Of a run.
    tables: Option<Vec<TableDigest>>,
}

impl Mark {
    fn of(summary: &Path) -> Option<Mark> {
        Mark::read(io::BufReader::new(File::open(summary).ok()?))
    }

    fn read(text: impl Read) -> Option<Mark> {
        serde_json::from_reader::<_, Mark>(text).ok().filter(|mark| mark.tool == TOOL)
    }

    fn of_what(&self) -> Of {
        if self.study.is_some() || self.comparison.is_some() { Of::Study } else { Of::Run }
    }
}

/// Is it the summary of something that jobsim wrote?
pub fn is_our_summary(path: &Path) -> bool {
    Mark::of(path).is_some()
}

/// Is it the summary of a study of ours?
pub fn is_study(path: &Path) -> bool {
    Mark::of(path).is_some_and(|mark| mark.of_what() == Of::Study)
}

/// Do both tables begin with the same columns? Later versions add columns at the end only.
fn has_same_columns(path: &Path, content: &[u8]) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_HEADER).read_to_end(&mut head));
    let (Ok(_), Some(old), Some(new)) = (read, first_line(&head), first_line(content)) else { return false };
    let (old, new) = (old.split(|&byte| byte == b','), new.split(|&byte| byte == b','));
    old.zip(new).all(|(old, new)| old == new)
}

fn first_line(content: &[u8]) -> Option<&[u8]> {
    content.split(|&byte| byte == b'\n').next().filter(|line| line.len() < content.len())
}

/// A file without a name of its own yet.
///
/// # Errors
/// Those of the file system.
pub fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".jobsim-");
    #[cfg(unix)]
    {
        // As any new file: readable for those whom the user's mask lets.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir).map_err(without_name)
}

/// The error without the name that only the temporary file has.
fn without_name(error: io::Error) -> io::Error {
    // `tempfile` puts the path behind what the system said.
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((told, _)) => io::Error::new(error.kind(), told),
        None => error,
    }
}

fn fill(file: &mut File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.flush()
}

/// Gives the files their names, the summary first: should the rest be cut off, the folder is known as ours.
fn put_in_place(prepared: Vec<(NamedTempFile, PathBuf)>) -> Result<Vec<PathBuf>, OutputError> {
    let paths = prepared.iter().map(|(_, path)| path.clone()).collect();
    let (first, rest): (Vec<_>, Vec<_>) = prepared.into_iter().partition(|(_, path)| path.ends_with(SUMMARY_FILE));
    for (file, path) in first.into_iter().chain(rest) {
        file.persist(&path).map_err(|error| OutputError::Rename { path, source: error.error })?;
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        list.iter().map(|&(name, content)| (name.into(), content.into())).collect()
    }

    fn listing(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    const RUN: [(&str, &str); 3] = [
        ("jobs.csv", "time_s,job\n0,pi\n"),
        ("summary.json", r#"{"tool":"jobsim","version":"0.1.0"}"#),
        ("timeline.svg", "<svg/>"),
    ];

    #[test]
    fn a_folder_is_made_and_written_again() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("output/pi");
        let paths = write_all(&dir, files(&RUN)).unwrap();
        assert_eq!(paths, ["jobs.csv", "summary.json", "timeline.svg"].map(|name| dir.join(name)));
        assert_eq!(listing(&dir), ["jobs.csv", "summary.json", "timeline.svg"]);
        write_all(&dir, files(&[("jobs.csv", "time_s,job,new\n1,pi,2\n"), ("timeline.svg", "<svg></svg>")])).unwrap();
        assert_eq!(fs::read_to_string(dir.join("jobs.csv")).unwrap(), "time_s,job,new\n1,pi,2\n");
        assert_eq!(fs::read_to_string(dir.join("timeline.svg")).unwrap(), "<svg></svg>");
        assert_eq!(listing(&dir), ["jobs.csv", "summary.json", "timeline.svg"]);
    }

    #[test]
    fn files_of_others_stay_as_they_are() {
        let check = |name: &str, content: &str| {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(name);
            fs::write(&path, content).unwrap();
            let error = write_all(root.path(), files(&RUN)).unwrap_err();
            assert!(matches!(&error, OutputError::Foreign { path: named } if *named == path), "{name}: {error}");
            assert!(error.to_string().ends_with("or name another folder with --out"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content, "{name}");
            assert_eq!(listing(root.path()), [name], "{name}");
        };
        check("jobs.csv", "name,salary\nann,1\n");
        check("jobs.csv", "");
        check("summary.json", r#"{"total": 3}"#);
        check("summary.json", r#"{"tool": "other"}"#);
        check("summary.json", "[");
        check("timeline.svg", "<svg>mine</svg>");
    }

    #[test]
    fn runs_and_studies_are_not_mixed() {
        let root = tempfile::tempdir().unwrap();
        let study = [("summary.json", r#"{"tool":"jobsim","study":{}}"#), ("results.csv", "point,mean\n")];
        write_all(root.path(), files(&RUN)).unwrap();
        let error = write_all(root.path(), files(&study)).unwrap_err().to_string();
        assert!(error.contains("summary.json is of a run; name another folder with --out"), "{error}");
        assert!(matches!(try_folder(root.path(), Of::Study, &[]).unwrap_err(), OutputError::OfAnotherKind { .. }));
        let other = tempfile::tempdir().unwrap();
        write_all(other.path(), files(&study)).unwrap();
        assert!(write_all(other.path(), files(&RUN)).unwrap_err().to_string().contains("is of a study"));
        try_folder(other.path(), Of::Study, &["results.csv", "summary.json"]).unwrap();
        // Known before anything is run.
        let foreign = tempfile::tempdir().unwrap();
        fs::write(foreign.path().join("results.csv"), "name,salary\n").unwrap();
        let error = try_folder(foreign.path(), Of::Study, &["results.csv"]).unwrap_err();
        assert!(matches!(error, OutputError::Foreign { .. }), "{error}");
    }

    #[test]
    fn a_folder_of_that_name_is_foreign() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("summary.json")).unwrap();
        let error = write_all(root.path(), files(&RUN)).unwrap_err();
        assert!(matches!(error, OutputError::Foreign { .. }), "{error}");
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        for dir in [file.clone(), file.join("below"), file.join("below/deeper")] {
            let error = write_all(&dir, files(&RUN)).unwrap_err();
            assert!(matches!(&error, OutputError::NotAFolder { path } if *path == file), "{error}");
            assert!(matches!(try_folder(&dir, Of::Run, &[]).unwrap_err(), OutputError::NotAFolder { .. }));
        }
        try_folder(&root.path().join("new/folder"), Of::Run, &["jobs.csv"]).unwrap();
        assert_eq!(listing(root.path()), ["file"]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_unwritable_folder_is_an_error_even_for_root() {
        let error = write_all(Path::new("/proc/jobsim/pi"), files(&RUN)).unwrap_err();
        assert!(matches!(error, OutputError::Folder { .. }), "{error}");
        assert!(!temporary(Path::new("/nowhere")).unwrap_err().to_string().contains(".jobsim-"));
        assert!(matches!(try_folder(Path::new("/proc"), Of::Run, &[]).unwrap_err(), OutputError::Folder { .. }));
        let error = write_all(Path::new("/proc"), files(&RUN)).unwrap_err();
        assert!(matches!(error, OutputError::Write { .. }), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error() {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(fill(&mut full, b"time_s").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn nothing_is_left_when_the_last_file_cannot_be_written() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        let mut list = files(&RUN);
        // Too long a name for a file system.
        list.push(("x".repeat(300), Vec::new()));
        let error = write_all(&dir, list).unwrap_err();
        assert!(matches!(error, OutputError::Write { .. }), "{error}");
        assert!(!root.path().join("a").exists(), "{:?}", listing(root.path()));
    }

    #[test]
    fn names_do_not_lead_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        for name in ["", ".", "..", "../x", "a/b", "/etc/x", "a/"] {
            let error = write_all(&root.path().join("d"), files(&[(name, "")])).unwrap_err();
            assert!(matches!(error, OutputError::Name { .. }), "{name}: {error}");
        }
        assert!(listing(root.path()).is_empty());
    }

    #[test]
    fn scenario_names_become_folder_names() {
        let check = |scenario: &str, folder: &str| assert_eq!(folder_name(scenario), folder);
        check("pi", "pi");
        check("night.2_x-y", "night.2_x-y");
        check("../../etc/passwd", "-..-etc-passwd");
        check("..", "scenario");
        check("", "scenario");
        check(".hidden", "hidden");
        check("/abs", "-abs");
        check("C:\\x", "C--x");
        check("nul.txt", "nul.txt-scenario");
        check("com1", "com1-scenario");
        check("야간 작업", "야간-작업");
        check("a\u{0}b\n", "a-b-");
        assert_eq!(folder_name(&"x".repeat(5000)).len(), 100);
    }
}
