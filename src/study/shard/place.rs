//! Where shards stand, and what every such place can do.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "object-store")]
use super::address::Address;
use super::folder::Folder;
use super::merge;
use super::part::{About, Part};
#[cfg(feature = "object-store")]
use super::store::Store;
use super::{Shard, ShardError};
use crate::study::results::{Outline, Results};

/// Where the shards of a study stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder that all machines see: a folder a shard.
    Folder(PathBuf),
    /// A bucket, or what begins with a prefix in it: an object a shard.
    #[cfg(feature = "object-store")]
    Store(Address),
}

/// What a place can do. Shards are added and read, never changed.
pub(super) trait Shelf {
    /// The shard, if it stands there complete.
    fn find(&self, shard: Shard) -> Result<Option<Found>, ShardError>;

    /// Adds a shard, whole or not at all; false if a complete one stands there by now, which stays unless what stands
    /// there is known to be damaged.
    fn add(&self, part: &Part, is_damaged: bool) -> Result<bool, ShardError>;

    /// All complete shards, in any order.
    fn all(&self) -> Result<Vec<Found>, ShardError>;
}

/// A complete shard on a shelf.
pub(super) struct Found {
    /// What people find it by.
    pub(super) name: String,
    pub(super) about: About,
    /// Gets its table of values, which is not in memory before it must be.
    pub(super) values: Box<dyn FnOnce() -> Result<String, ShardError>>,
}

impl Place {
    /// Tells the URL of an object store, like `s3://bucket/prefix`, from a folder's path.
    ///
    /// # Errors
    /// A sentence if it is a URL that shards cannot be written to, in this build of jobsim or in any. It is never taken
    /// for a path.
    pub fn new(path: PathBuf) -> Result<Place, String> {
        match path.to_str().filter(|text| is_url(text)) {
            Some(text) => Place::store(text),
            None => Ok(Place::Folder(path)),
        }
    }

    #[cfg(feature = "object-store")]
    fn store(text: &str) -> Result<Place, String> {
        Address::parse(text).map(Place::Store)
    }

    #[cfg(not(feature = "object-store"))]
    fn store(_: &str) -> Result<Place, String> {
        Err("this jobsim was built without object stores; name a folder, or build it with --features object-store, as \
             its Containerfile does"
            .to_owned())
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Place::Folder(folder) => Some(folder),
            #[cfg(feature = "object-store")]
            Place::Store(_) => None,
        }
    }

    /// What a shard is found by: the path of its folder, or the URL of its object.
    pub fn entry(&self, shard: Shard) -> String {
        match self {
            Place::Folder(folder) => folder.join(shard.name()).display().to_string(),
            #[cfg(feature = "object-store")]
            Place::Store(address) => address.entry(shard),
        }
    }

    /// Whether this very shard of this study stands there complete. One that is damaged does not count: it is to be run
    /// again.
    ///
    /// # Errors
    /// If one of another study does, or the place cannot be looked into.
    pub fn holds(&self, shard: Shard, outline: &Outline) -> Result<bool, ShardError> {
        Ok(standing(&*self.shelf()?, shard, outline)? == Standing::Sound)
    }

    /// Writes the values of a shard's runs, [`Outline::width`] for each run. Answers false if this very shard stood there.
    ///
    /// # Errors
    /// If one of another study stands there, or the place cannot be written to.
    pub fn write(&self, shard: Shard, outline: &Outline, values: &[f64]) -> Result<bool, ShardError> {
        write(&*self.shelf()?, shard, outline, values)
    }

    /// Puts the shards that stand there together.
    ///
    /// # Errors
    /// Shards that are missing, not complete, damaged, there twice or of different studies; a place that cannot be read.
    pub fn merge(&self) -> Result<Results, ShardError> {
        merge::merge(&*self.shelf()?, &self.to_string())
    }

    fn shelf(&self) -> Result<Box<dyn Shelf>, ShardError> {
        Ok(match self {
            Place::Folder(path) => Box::new(Folder(path.clone())),
            #[cfg(feature = "object-store")]
            Place::Store(address) => Box::new(Store::open(address)?),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(f),
            #[cfg(feature = "object-store")]
            Place::Store(address) => address.fmt(f),
        }
    }
}

/// What stands where a shard belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Nothing,
    /// This very shard, as it was written.
    Sound,
    /// A shard that is not as it was written.
    Damaged,
}

/// Looks for a shard, and whether its values are those that were written.
///
/// # Errors
/// If one of another study stands there, or the place cannot be looked into.
pub(super) fn standing(shelf: &dyn Shelf, shard: Shard, outline: &Outline) -> Result<Standing, ShardError> {
    let found = match shelf.find(shard) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Standing::Nothing),
        Err(ShardError::Damaged { .. }) => return Ok(Standing::Damaged),
        Err(error) => return Err(error),
    };
    if found.about.study.digest != outline.digest {
        let text = format!("{} holds a shard of another study; name another place with --out", found.name);
        return Err(ShardError::Wrong(text));
    }
    match (found.values)().and_then(|values| found.about.read(&found.name, &values)) {
        Ok(_) => Ok(Standing::Sound),
        Err(ShardError::Damaged { .. }) => Ok(Standing::Damaged),
        Err(error) => Err(error),
    }
}

pub(super) fn write(shelf: &dyn Shelf, shard: Shard, outline: &Outline, values: &[f64]) -> Result<bool, ShardError> {
    let before = standing(shelf, shard, outline)?;
    if before == Standing::Sound {
        return Ok(false);
    }
    if shelf.add(&Part::new(shard, outline, values), before == Standing::Damaged)? {
        return Ok(true);
    }
    // Another machine was faster, with the same shard or one of another study.
    if standing(shelf, shard, outline)? == Standing::Sound {
        return Ok(false);
    }
    let Shard { shard, shards } = shard;
    Err(ShardError::Wrong(format!("shard {shard} of {shards} is being written by another machine; run it again")))
}

/// Whether a text begins like `s3://`.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_never_a_path() {
        for path in ["out", "/out", "a/b://c", "s3:", "C:\\out", "none", "://x"] {
            assert_eq!(Place::new(path.into()), Ok(Place::Folder(path.into())));
        }
        for url in ["s3://b/p", "gs://b", "az://c/p", "S3://b"] {
            let place = Place::new(url.into());
            #[cfg(feature = "object-store")]
            assert!(matches!(place, Ok(Place::Store(_))), "{place:?}");
            #[cfg(not(feature = "object-store"))]
            assert!(place.is_err_and(|sentence| sentence.contains("--features object-store")));
        }
        assert!(Place::new("file:///out".into()).is_err() && Place::new("x://y".into()).is_err());
    }
}
