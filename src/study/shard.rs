//! A study cut over machines: shard `i` of `n` does a share of the runs that follows from the study alone.
//!
//! A shard's folder is complete under a temporary name before it gets its own, and `_SUCCESS` comes last: whatever is
//! cut off leaves either nothing or a folder that is not counted. To run a shard again does no harm.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::results::{Outline, Results};
use crate::kernel::rng::entity;

/// The file that says that a folder is complete.
pub const SUCCESS: &str = "_SUCCESS";

const VALUES: &str = "values.csv";
const ABOUT: &str = "shard.json";

/// Which part of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 0.
    pub shard: u32,
    /// How many there are.
    pub shards: u32,
}

/// What a shard says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct About {
    tool: String,
    version: String,
    #[serde(flatten)]
    part: Shard,
    /// Of the values.
    digest: String,
    study: Outline,
}

/// Why shards cannot be written or put together.
#[derive(Debug, Error)]
pub enum ShardError {
    /// A folder or file cannot be read or written.
    #[error("{}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The shards do not make a study.
    #[error("{0}")]
    Wrong(String),
}

impl Shard {
    /// Reads `3/64`.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/').and_then(|(shard, of)| Some((shard.parse().ok()?, of.parse().ok()?)));
        let (shard, shards) = parts.ok_or_else(|| format!("\"{text}\" is not like 3/64"))?;
        Shard::new(shard, shards)
    }

    /// A shard of so many.
    ///
    /// # Errors
    /// If there is no such shard.
    pub fn new(shard: u32, shards: u32) -> Result<Shard, String> {
        if shard >= shards || shards > 99_999 {
            return Err(format!("there is no shard {shard} of {shards}: they are counted from 0, up to 99999 of them"));
        }
        Ok(Shard { shard, shards })
    }

    /// Its share of so many runs.
    pub fn cells(self, runs: u64) -> Range<u64> {
        let bound = |shard: u32| (u128::from(runs) * u128::from(shard) / u128::from(self.shards)) as u64;
        bound(self.shard)..bound(self.shard + 1)
    }

    /// Name of its folder.
    pub fn folder(self) -> String {
        format!("shard={:05}-of-{:05}", self.shard, self.shards)
    }

    /// Writes its values. Answers false if a complete folder of this very shard stood there.
    ///
    /// # Errors
    /// See [`ShardError`].
    pub fn write(self, out: &Path, outline: &Outline, values: &[f64]) -> Result<bool, ShardError> {
        fs::create_dir_all(out).map_err(at(out))?;
        let place = out.join(self.folder());
        if place.join(SUCCESS).exists() {
            let there = About::read(&place)?;
            if there.study.digest == outline.digest {
                return Ok(false);
            }
            let text = format!("{} holds a shard of another study; name another folder with --out", place.display());
            return Err(ShardError::Wrong(text));
        }
        let folder = tempfile::Builder::new().prefix(".jobsim-").tempdir_in(out).map_err(at(out))?;
        let width = outline.width().max(1);
        let cells = self.cells(outline.points.len() as u64 * u64::from(outline.replications));
        let names: Vec<String> = outline.metrics.iter().map(|metric| super::results::cell(metric)).collect();
        let mut text = format!("cell,{}\n", vec![names.join(","); outline.batches()].join(","));
        for (cell, row) in cells.zip(values.chunks(width)) {
            let row: Vec<String> = row.iter().map(|value| value.to_string()).collect();
            text += &format!("{cell},{}\n", row.join(","));
        }
        let about = About {
            tool: "jobsim".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            part: self,
            digest: format!("{:016x}", entity(&[text.as_bytes()])),
            study: outline.clone(),
        };
        let about = serde_json::to_vec_pretty(&about).map_err(|error| ShardError::Wrong(error.to_string()))?;
        for (name, content) in [(VALUES, text.as_bytes()), (ABOUT, &about)] {
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
        // What a run that was cut off left there is not complete.
        if place.exists() {
            fs::remove_dir_all(&place).map_err(at(&place))?;
        }
        fs::rename(folder.keep(), &place).map_err(at(&place))?;
        fs::write(place.join(SUCCESS), "").map_err(at(&place))?;
        Ok(true)
    }
}

impl About {
    fn read(folder: &Path) -> Result<About, ShardError> {
        let path = folder.join(ABOUT);
        let bytes = fs::read(&path).map_err(at(&path))?;
        serde_json::from_slice(&bytes).map_err(|error| ShardError::Wrong(format!("{}: {error}", path.display())))
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ShardError {
    let path = path.to_owned();
    |source| ShardError::Io { path, source }
}

/// Puts the shards in a folder together.
///
/// # Errors
/// Shards that are missing, not complete, damaged, there twice or of different studies.
pub fn merge(out: &Path) -> Result<Results, ShardError> {
    let mut parts: Vec<(About, PathBuf)> = Vec::new();
    for entry in fs::read_dir(out).map_err(at(out))? {
        let path = entry.map_err(at(out))?.path();
        let is_shard = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("shard="));
        if is_shard && path.join(SUCCESS).exists() {
            parts.push((About::read(&path)?, path));
        }
    }
    parts.sort_by(|(a, _), (b, _)| a.part.shard.cmp(&b.part.shard).then(a.part.shards.cmp(&b.part.shards)));
    let Some((first, _)) = parts.first().cloned() else {
        return Err(ShardError::Wrong(format!("{}: no complete shard in it", out.display())));
    };
    let wrong = |text: String| Err(ShardError::Wrong(text));
    for (part, path) in &parts {
        if part.study.digest != first.study.digest || part.version != first.version {
            return wrong(format!("{} is of another study than {}", path.display(), parts[0].1.display()));
        }
        if part.part.shards != first.part.shards {
            return wrong(format!(
                "{} is one of {}, others of {}",
                path.display(),
                part.part.shards,
                first.part.shards
            ));
        }
    }
    if let Some(twice) = parts.windows(2).find(|pair| pair[0].0.part == pair[1].0.part) {
        return wrong(format!("{} and {} are the same shard", twice[0].1.display(), twice[1].1.display()));
    }
    let has = |shard: &u32| parts.iter().any(|(about, _)| about.part.shard == *shard);
    let missing: Vec<String> =
        (0..first.part.shards).filter(|shard| !has(shard)).map(|shard| shard.to_string()).collect();
    if !missing.is_empty() {
        return wrong(format!("shards {} of {} are missing or not complete", missing.join(", "), first.part.shards));
    }
    let mut values = Vec::new();
    for (about, path) in &parts {
        values.extend(read_values(about, path)?);
    }
    let each = first.study.replications as usize * first.study.width();
    let values = values.chunks(each.max(1)).map(<[f64]>::to_vec).collect();
    Ok(Results { outline: first.study, values })
}

fn read_values(about: &About, folder: &Path) -> Result<Vec<f64>, ShardError> {
    let path = folder.join(VALUES);
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let damaged = || ShardError::Wrong(format!("{} is not what was written: its digest differs", path.display()));
    if format!("{:016x}", entity(&[text.as_bytes()])) != about.digest {
        return Err(damaged());
    }
    let runs = about.study.points.len() as u64 * u64::from(about.study.replications);
    let mut values = Vec::new();
    let mut lines = text.lines().skip(1);
    for cell in about.part.cells(runs) {
        let line = lines.next().ok_or_else(damaged)?;
        let (number, row) = line.split_once(',').ok_or_else(damaged)?;
        if number != cell.to_string() {
            return Err(damaged());
        }
        for value in row.split(',') {
            values.push(value.parse().map_err(|_| damaged())?);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::results::tests::results;

    fn write_all(folder: &Path, shards: u32, but: Option<u32>) -> Results {
        let whole = results();
        let all = whole.values.concat();
        for shard in (0..shards).filter(|shard| Some(*shard) != but) {
            let shard = Shard::new(shard, shards).expect("a shard");
            let cells = shard.cells(4);
            let rows = &all[cells.start as usize * 2..cells.end as usize * 2];
            assert!(shard.write(folder, &whole.outline, rows).expect("written"));
            assert!(!shard.write(folder, &whole.outline, rows).expect("written before"));
        }
        whole
    }

    fn said(folder: &Path) -> String {
        merge(folder).expect_err("refused").to_string()
    }

    fn csv(results: &Results) -> Vec<u8> {
        let mut out = Vec::new();
        results.write_csv(&mut out).expect("written");
        out
    }

    #[test]
    fn shards_make_the_whole_again() {
        for shards in [1, 3, 4, 7] {
            let folder = tempfile::tempdir().expect("a folder");
            let whole = write_all(folder.path(), shards, None);
            assert_eq!(csv(&merge(folder.path()).expect("merged")), csv(&whole));
        }
    }

    #[test]
    fn gaps_doubles_and_damage_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        assert!(said(path).contains("no complete shard"));
        write_all(path, 3, Some(1));
        assert!(said(path).contains("shards 1 of 3 are missing"));
        let whole = results().values.concat();
        Shard::new(1, 3).expect("a shard").write(path, &results().outline, &whole[2..4]).expect("written");
        let copy = path.join("shard=copy");
        fs::create_dir(&copy).expect("a folder");
        for name in [VALUES, ABOUT, SUCCESS] {
            fs::copy(path.join("shard=00001-of-00003").join(name), copy.join(name)).expect("copied");
        }
        assert!(said(path).contains("are the same shard"));
        fs::remove_dir_all(&copy).expect("removed");
        fs::write(path.join("shard=00002-of-00003").join(VALUES), "cell\n").expect("written");
        assert!(said(path).contains("its digest differs"));
        fs::remove_file(path.join("shard=00002-of-00003").join(SUCCESS)).expect("removed");
        assert!(said(path).contains("shards 2 of 3 are missing"));
        let mut other = results().outline;
        other.digest = "e".to_owned();
        Shard::new(2, 3).expect("a shard").write(path, &other, &[1.0, 2.0]).expect("written");
        assert!(said(path).contains("another study"));
    }

    #[test]
    fn every_run_is_in_one_shard() {
        for runs in [0, 1, 5, 64, 1001] {
            for shards in [1, 2, 7, 64] {
                let parts = (0..shards).map(|shard| Shard { shard, shards }.cells(runs));
                assert_eq!(parts.flatten().collect::<Vec<_>>(), (0..runs).collect::<Vec<_>>());
            }
        }
        assert!(Shard::parse("64/64").is_err() && Shard::parse("3").is_err());
        assert_eq!(Shard::parse("3/64").expect("a shard").folder(), "shard=00003-of-00064");
    }
}
