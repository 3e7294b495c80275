//! Shards in a folder that all machines see, each a folder of its own.
//!
//! It is complete under a temporary name before it gets its own, and `_SUCCESS` comes last: whatever is cut off leaves
//! nothing that counts. Of two machines that end the same shard at once, one gives its folder the name.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::part::{About, Part};
use super::place::{Found, Shelf};
use super::{Shard, ShardError};

/// The file that says that a folder is complete.
pub const SUCCESS: &str = "_SUCCESS";

const VALUES: &str = "values.csv";
const ABOUT: &str = "shard.json";

/// The folder of a study's shards.
pub(super) struct Folder(pub(super) PathBuf);

impl Shelf for Folder {
    fn find(&self, shard: Shard) -> Result<Option<Found>, ShardError> {
        found(&self.0.join(shard.name()))
    }

    fn add(&self, part: &Part, is_damaged: bool) -> Result<bool, ShardError> {
        let out = &self.0;
        fs::create_dir_all(out).map_err(at(out))?;
        let folder = tempfile::Builder::new().prefix(".jobsim-").tempdir_in(out).map_err(at(out))?;
        let about = serde_json::to_vec_pretty(&part.about).map_err(|error| ShardError::Wrong(error.to_string()))?;
        for (name, content) in [(VALUES, part.values.as_bytes()), (ABOUT, &about), (SUCCESS, b"")] {
            let path = folder.path().join(name);
            let written =
                fs::File::create(&path).and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
            written.map_err(at(&path))?;
        }
        #[cfg(unix)]
        {
            // A temporary folder is for its owner alone; the finished one is for all whom the parent lets.
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(at(folder.path()))?;
        }
        let place = out.join(part.about.part.name());
        // What a run that was cut off left there is not complete.
        if place.exists() && (is_damaged || !place.join(SUCCESS).exists()) {
            fs::remove_dir_all(&place).map_err(at(&place))?;
        }
        match fs::rename(folder.path(), &place) {
            Ok(()) => {
                // It has another name now: there is nothing left to remove.
                _ = folder.keep();
                Ok(true)
            }
            // No folder gets the name of one that holds something: another machine was faster.
            Err(_) if place.join(SUCCESS).exists() => Ok(false),
            Err(source) => Err(ShardError::Io { path: place, source }),
        }
    }

    fn all(&self) -> Result<Vec<Found>, ShardError> {
        if self.0.is_file() {
            let name = self.0.display();
            return Err(ShardError::Wrong(format!(
                "{name} is a file: name the folder that the shards were written to"
            )));
        }
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(at(&self.0))? {
            let path = entry.map_err(at(&self.0))?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("shard=")) {
                parts.extend(found(&path)?);
            }
        }
        Ok(parts)
    }
}

/// The shard in a folder, if it is complete.
fn found(folder: &Path) -> Result<Option<Found>, ShardError> {
    if !folder.join(SUCCESS).exists() {
        return Ok(None);
    }
    let path = folder.join(ABOUT);
    let bytes = match fs::read(&path) {
        // Complete once, and now without a file: damaged as well.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(at(&path))?,
    };
    let name = folder.display().to_string();
    let about: About = serde_json::from_slice(&bytes)
        .map_err(|error| ShardError::Damaged { name: name.clone(), why: format!("{ABOUT}: {error}") })?;
    let path = folder.join(VALUES);
    // A file that was cut within a letter, or has a byte too many, is damaged and not a fault of the system.
    let values = Box::new(move || match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map(text).map_err(at(&path)),
    });
    Ok(Some(Found { name, about, values }))
}

/// As text; what is none becomes a mark, whose digest differs.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ShardError {
    let path = path.to_owned();
    |source| ShardError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{keep, said, shards_are_checked};
    use super::*;
    use crate::study::results::tests::results;

    #[test]
    fn shards_in_a_folder_are_checked() {
        for shards in [1, 3, 4, 7] {
            let folder = tempfile::tempdir().expect("a folder");
            shards_are_checked(&Folder(folder.path().join("new")), shards);
        }
    }

    #[test]
    fn doubles_damage_and_what_was_cut_off_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, shelf) = (folder.path(), Folder(folder.path().to_owned()));
        keep(&shelf, 3, None);
        let copy = path.join("shard=copy");
        fs::create_dir(&copy).expect("a folder");
        for name in [VALUES, ABOUT, SUCCESS] {
            fs::copy(path.join("shard=00001-of-00003").join(name), copy.join(name)).expect("copied");
        }
        assert!(said(&shelf).contains("are the same shard"));
        fs::remove_dir_all(&copy).expect("removed");
        fs::write(path.join("shard=00002-of-00003").join(VALUES), "cell\n").expect("written");
        assert!(said(&shelf).contains("shard=00002-of-00003 is not what was written: its digest differs"));
        // Another run of it puts it right.
        keep(&shelf, 3, None);
        fs::write(path.join("shard=00002-of-00003").join(ABOUT), "{").expect("written");
        assert!(said(&shelf).contains("run that shard again, which puts it right, or delete it first"));
        keep(&shelf, 3, None);
        fs::remove_file(path.join("shard=00001-of-00003").join(VALUES)).expect("removed");
        assert!(said(&shelf).contains("shard=00001-of-00003 is not what was written"));
        keep(&shelf, 3, None);
        fs::remove_file(path.join("shard=00002-of-00003").join(SUCCESS)).expect("removed");
        assert!(
            said(&shelf)
                .contains("of 3 shards this one is missing or not complete: 2; run `jobsim sweep .. --shard 2/3`")
        );
        keep(&shelf, 3, None);
    }

    #[test]
    fn of_two_machines_that_end_a_shard_at_once_the_other_finds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = Folder(folder.path().to_owned());
        let part = Part::new(Shard::new(0, 4).expect("a shard"), &results().outline, &[1.5, 0.25]);
        assert!(shelf.add(&part, false).expect("written"));
        assert!(!shelf.add(&part, false).expect("found"));
        assert!(shelf.add(&part, true).expect("put right"));
        // Nothing is left of the attempts.
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
