//! A study cut over machines: shard `i` of `n` does a share of the runs that follows from the study alone.
//!
//! A shard counts once it is whole, and stands in its place at once or not at all: whatever is cut off leaves nothing
//! that counts, and to run a shard again does no harm. A place is a folder or, with the cargo feature `object-store`, a
//! prefix in an object store.

#[cfg(feature = "object-store")]
mod address;
mod folder;
mod merge;
mod part;
mod place;
#[cfg(feature = "object-store")]
mod store;

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

#[cfg(feature = "object-store")]
pub use address::Address;
pub use folder::SUCCESS;
pub use place::Place;

/// Which part of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// From 0.
    pub shard: u32,
    /// How many there are.
    pub shards: u32,
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
    /// An object store cannot be read or written.
    #[error("{url}: {reason}")]
    Store {
        /// Of the object, or of the prefix.
        url: String,
        /// What the store or the network says, as a sentence.
        reason: String,
    },
    /// A shard is not as it was written.
    #[error("{name} is not what was written: {why}; run that shard again, which puts it right, or delete it first")]
    Damaged {
        /// What people find it by.
        name: String,
        /// What is wrong with it.
        why: String,
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

    /// Its name in the place where it stands; an object store adds `.json`.
    pub fn name(self) -> String {
        format!("shard={:05}-of-{:05}", self.shard, self.shards)
    }
}

#[cfg(test)]
mod tests {
    use super::place::{Shelf, Standing, standing, write};
    use super::*;
    use crate::study::results::{Results, tests::results};

    /// Writes the shards of a study of four runs with two values each, all but one.
    pub(super) fn keep(shelf: &dyn Shelf, shards: u32, but: Option<u32>) {
        let whole = results();
        let all = whole.values.concat();
        for shard in (0..shards).filter(|shard| Some(*shard) != but) {
            let shard = Shard::new(shard, shards).expect("a shard");
            let cells = shard.cells(4);
            let rows = &all[cells.start as usize * 2..cells.end as usize * 2];
            let stood = standing(shelf, shard, &whole.outline).expect("looked up") == Standing::Sound;
            assert_eq!(write(shelf, shard, &whole.outline, rows).expect("written"), !stood);
            assert_eq!(standing(shelf, shard, &whole.outline).expect("looked up"), Standing::Sound);
        }
    }

    /// Why a merge is refused.
    pub(super) fn said(shelf: &dyn Shelf) -> String {
        merge::merge(shelf, "here").expect_err("refused").to_string()
    }

    /// What holds in every place: an empty one at first.
    pub(super) fn shards_are_checked(shelf: &dyn Shelf, shards: u32) {
        let last = shards - 1;
        keep(shelf, shards, Some(last));
        let gap = if last == 0 {
            "no complete shard".to_owned()
        } else {
            format!("of {shards} shards this one is missing or not complete: {last};")
        };
        // A folder that nothing was written to yet does not exist.
        assert!(last == 0 || said(shelf).contains(&gap), "{}", said(shelf));
        for _ in 0..2 {
            keep(shelf, shards, None);
            assert_eq!(csv(&merge::merge(shelf, "here").expect("merged")), csv(&results()));
        }
        let mut other = results().outline;
        other.digest = "e".to_owned();
        let shard = Shard::new(last, shards).expect("a shard");
        let refused = write(shelf, shard, &other, &[1.0, 2.0]).expect_err("refused").to_string();
        assert!(refused.contains("holds a shard of another study; name another place"), "{refused}");
        let beside = Shard::new(shards, shards + 1).expect("a shard");
        write(shelf, beside, &results().outline, &[]).expect("written");
        assert!(said(shelf).contains(" is one of "), "{}", said(shelf));
        write(shelf, Shard::new(0, shards + 1).expect("a shard"), &other, &[]).expect("written");
        assert!(said(shelf).contains(" is of another study than "), "{}", said(shelf));
    }

    fn csv(results: &Results) -> Vec<u8> {
        let mut out = Vec::new();
        results.write_csv(&mut out).expect("written");
        out
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
        assert_eq!(Shard::parse("3/64").expect("a shard").name(), "shard=00003-of-00064");
    }
}
