//! Folders of scenarios and of golden traces: which scenarios there are, and which traces.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::recorded;

/// A scenario that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name: the path below the folder that it was found by, without the ending.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// The folder that was named; none if the file was.
    pub root: Option<PathBuf>,
}

/// The scenarios below some files and folders. Folders called `golden`, links to folders, hidden files and what is neither
/// YAML nor JSON are passed over.
///
/// # Errors
/// Files and folders that cannot be read.
pub fn scenarios(roots: &[PathBuf]) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for root in roots {
        if root.is_dir() {
            walk(root, root, &mut found)?;
        } else {
            fs::metadata(root).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", root.display())))?;
            let name = root.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push(Found { name, file: root.clone(), root: None });
        }
    }
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Found>) -> io::Result<()> {
    for path in sorted(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "golden" {
            continue;
        }
        if path.is_dir() {
            // A link may lead back to where it is.
            if !path.is_symlink() {
                walk(root, &path, found)?;
            }
        } else if path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
            let name = below(root, &path.with_extension(""));
            found.push(Found { name, file: path, root: Some(root.to_owned()) });
        }
    }
    Ok(())
}

/// The folders below this one that hold a golden trace, or a refusal, themselves: the path below it of each.
///
/// # Errors
/// Files and folders that cannot be read.
pub fn traces(golden: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    gather(golden, golden, &mut found)?;
    Ok(found)
}

fn gather(golden: &Path, folder: &Path, found: &mut Vec<String>) -> io::Result<()> {
    for path in sorted(folder)?.into_iter().filter(|path| path.is_dir() && !path.is_symlink()) {
        if !recorded(&path)?.is_empty() {
            found.push(below(golden, &path));
        }
        gather(golden, &path, found)?;
    }
    Ok(())
}

/// Is there a scenario of this name below a folder beside this one, or in it? They all keep their traces in the one
/// `tests/golden` beside them.
///
/// # Errors
/// Folders that cannot be read.
pub fn is_of_a_neighbour(root: &Path, name: &str) -> io::Result<bool> {
    let around = match root.parent().filter(|_| root.file_name().is_some()) {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => root.join(".."),
    };
    let is_one = |folder: &PathBuf| ENDINGS.iter().any(|ending| folder.join(format!("{name}.{ending}")).is_file());
    Ok(sorted(&around)?.iter().any(is_one))
}

/// Endings of files that may be scenarios.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Takes a golden trace away: the files that were recorded, then the folder and those around it as far as they are empty.
///
/// # Errors
/// Files that cannot be read or removed.
pub fn remove(golden: &Path, name: &str) -> io::Result<()> {
    let folder = golden.join(name);
    recorded(&folder)?.iter().try_for_each(fs::remove_file)?;
    // One that still holds something stays, and so do those around it.
    let around = folder.ancestors().take_while(|folder| *folder != golden);
    around.map_while(|folder| fs::remove_dir(folder).ok()).for_each(drop);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;
    use crate::study::golden::kept;

    #[test]
    #[cfg(unix)]
    fn links_to_folders_are_passed_over() {
        let root = tempfile::tempdir().expect("a folder");
        let jobs = root.path().join("jobs");
        fs::create_dir(&jobs).expect("a folder");
        fs::write(jobs.join("a.yaml"), "").expect("written");
        std::os::unix::fs::symlink(root.path(), jobs.join("loop")).expect("a link");
        let names: Vec<String> =
            scenarios(&[root.path().to_owned()]).expect("read").into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["jobs/a"]);
        assert!(traces(root.path()).expect("read").is_empty());
    }

    #[test]
    fn traces_are_found_and_taken_away_but_not_what_is_of_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let golden = folder.path();
        for name in ["a", "a/b", "c/d"] {
            fs::create_dir_all(golden.join(name)).expect("a folder");
            for (file, table) in kept(&fixture::pi(), 1000) {
                fs::write(golden.join(name).join(file), table).expect("written");
            }
        }
        for (name, text) in [("c/notes.txt", "mine"), ("e/jobs.csv", "name,salary\n")] {
            fs::create_dir_all(golden.join(name).parent().expect("a folder")).expect("a folder");
            fs::write(golden.join(name), text).expect("written");
        }
        assert_eq!(traces(golden).expect("read"), ["a", "a/b", "c/d"]);
        remove(golden, "a").expect("removed");
        assert_eq!(traces(golden).expect("read"), ["a/b", "c/d"]);
        ["a/b", "c/d"].iter().for_each(|name| remove(golden, name).expect("removed"));
        assert!(!golden.join("a").exists() && !golden.join("c/d").exists());
        assert!(golden.join("c/notes.txt").exists() && golden.join("e/jobs.csv").exists());
    }
}
