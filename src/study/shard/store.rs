//! Shards in an object store, each one object: it appears whole, by one put that is refused where one stands already.

use std::sync::Arc;

use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
use serde::{Deserialize, Serialize};
use tokio::runtime::{self, Runtime};

use super::address::{Address, object};
use super::part::{About, Part};
use super::place::{Found, Shelf};
use super::{Shard, ShardError};

/// Objects that are fetched at a time: their waits overlap.
const AT_A_TIME: usize = 16;

/// Most of what a store says that is passed on, in characters.
const LONGEST_REASON: usize = 300;

/// A prefix in an object store.
pub(super) struct Store {
    url: String,
    prefix: Path,
    client: Arc<dyn ObjectStore>,
    runtime: Runtime,
}

/// The object of a shard: the two files that its folder would hold, under their names.
#[derive(Serialize, Deserialize)]
struct Object {
    #[serde(rename = "shard.json")]
    about: About,
    #[serde(rename = "values.csv")]
    values: String,
}

impl Store {
    pub(super) fn open(address: &Address) -> Result<Store, ShardError> {
        let url = address.to_string();
        let client = address.client().map_err(|error| failed(&url, &error))?;
        Store::new(url, address.prefix().clone(), client)
    }

    fn new(url: String, prefix: Path, client: Arc<dyn ObjectStore>) -> Result<Store, ShardError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ShardError::Store { url: url.clone(), reason: error.to_string() })?;
        Ok(Store { url, prefix, client, runtime })
    }

    fn path(&self, shard: Shard) -> Path {
        self.prefix.clone().join(object(shard))
    }

    /// The URL of an object below the prefix.
    fn name(&self, path: &Path) -> String {
        format!("{}/{}", self.url, path.filename().unwrap_or_default())
    }

    fn read(&self, path: &Path, bytes: &[u8]) -> Result<Found, ShardError> {
        let name = self.name(path);
        let Object { about, values } = serde_json::from_slice(bytes)
            .map_err(|error| ShardError::Damaged { name: name.clone(), why: error.to_string() })?;
        Ok(Found { name, about, values: Box::new(|| Ok(values)) })
    }
}

impl Shelf for Store {
    fn find(&self, shard: Shard) -> Result<Option<Found>, ShardError> {
        let path = self.path(shard);
        match self.runtime.block_on(fetch(self.client.clone(), path.clone())) {
            Ok(bytes) => self.read(&path, &bytes).map(Some),
            Err(error @ Error::NotFound { .. }) if !lacks_bucket(&error) => Ok(None),
            Err(error) => Err(failed(&self.name(&path), &error)),
        }
    }

    fn add(&self, part: &Part, is_damaged: bool) -> Result<bool, ShardError> {
        let path = self.path(part.about.part);
        let object = Object { about: part.about.clone(), values: part.values.clone() };
        let bytes = serde_json::to_vec(&object).map_err(|error| ShardError::Wrong(error.to_string()))?;
        let mode = if is_damaged { PutMode::Overwrite } else { PutMode::Create };
        match self.runtime.block_on(self.client.put_opts(&path, bytes.into(), mode.into())) {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(failed(&self.name(&path), &error)),
        }
    }

    fn all(&self) -> Result<Vec<Found>, ShardError> {
        let list = self.runtime.block_on(self.client.list_with_delimiter(Some(&self.prefix)));
        let list = list.map_err(|error| failed(&self.url, &error))?;
        let is_shard =
            |path: &Path| path.filename().is_some_and(|name| name.starts_with("shard=") && name.ends_with(".json"));
        let paths: Vec<Path> = list.objects.into_iter().map(|object| object.location).filter(is_shard).collect();
        let mut parts = Vec::new();
        for paths in paths.chunks(AT_A_TIME) {
            let tasks: Vec<_> =
                paths.iter().map(|path| self.runtime.spawn(fetch(self.client.clone(), path.clone()))).collect();
            for (path, task) in paths.iter().zip(tasks) {
                let bytes = self.runtime.block_on(task).unwrap_or_else(|error| Err(error.into()));
                parts.push(self.read(path, &bytes.map_err(|error| failed(&self.name(path), &error))?)?);
            }
        }
        Ok(parts)
    }
}

async fn fetch(client: Arc<dyn ObjectStore>, path: Path) -> object_store::Result<Vec<u8>> {
    Ok(client.get(&path).await?.bytes().await?.into())
}

fn failed(url: &str, error: &Error) -> ShardError {
    ShardError::Store { url: url.to_owned(), reason: reason(error) }
}

/// Whether an object is missing because all of its bucket is: the codes of S3 and Google, and of Azure.
fn lacks_bucket(error: &Error) -> bool {
    let text = error.to_string();
    ["NoSuchBucket", "ContainerNotFound"].iter().any(|code| text.contains(code))
}

/// What is behind an error, in a sentence: the crate's own texts repeat each other at every level.
fn reason(error: &Error) -> String {
    let (mut last, mut is_reached): (&dyn std::error::Error, bool) = (error, true);
    while let Some(source) = last.source() {
        last = source;
        is_reached &= last.downcast_ref::<HttpError>().is_none_or(|error| error.kind() != HttpErrorKind::Connect);
    }
    let text = last.to_string();
    // Of the answers of stores, which are XML, the part for people.
    let message = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    let said = message.map_or(text.as_str(), |(message, _)| message);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_REASON).collect::<String>();
    match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            format!("the store refuses the credentials found in the environment: {said}")
        }
        Error::NotFound { .. } => format!("the store has no such bucket or object: {said}"),
        _ if !is_reached => format!("the store cannot be reached: {said}"),
        // What its HTTP client says of http:// where only https:// may be.
        _ if said == "URL scheme is not allowed" => {
            "http:// must be allowed: set AWS_ALLOW_HTTP=true, or AZURE_ or GOOGLE_ALLOW_HTTP".to_owned()
        }
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use object_store::memory::InMemory;

    use super::super::place::write;
    use super::super::tests::{keep, said, shards_are_checked};
    use super::*;
    use crate::study::results::tests::results;

    fn store(client: &Arc<InMemory>) -> Store {
        Store::new("s3://b/p".to_owned(), Path::from("p"), client.clone()).expect("a store")
    }

    fn put(store: &Store, name: &str, bytes: Vec<u8>) {
        let path = store.prefix.clone().join(name);
        store.runtime.block_on(store.client.put(&path, bytes.into())).expect("written");
    }

    fn bytes(store: &Store, name: &str) -> Vec<u8> {
        let path = store.prefix.clone().join(name);
        store.runtime.block_on(fetch(store.client.clone(), path)).expect("an object")
    }

    #[test]
    fn shards_in_a_store_are_checked() {
        for shards in [1, 3, 4, 7, 40] {
            let client = Arc::new(InMemory::new());
            let store = store(&client);
            assert!(said(&store).contains("here: no complete shard"));
            // Neither beside nor below the prefix, nor by another name.
            for (name, path) in [("shard=x", "p"), ("shard=x.json", "p/q"), ("shard=x.json", "pp")] {
                let beside = Store::new(store.url.clone(), Path::from(path), client.clone()).expect("a store");
                put(&beside, name, b"{".to_vec());
            }
            shards_are_checked(&store, shards);
        }
    }

    #[test]
    fn doubles_and_damage_are_found() {
        let store = store(&Arc::default());
        keep(&store, 3, None);
        let whole = bytes(&store, "shard=00001-of-00003.json");
        put(&store, "shard=copy.json", whole.clone());
        let twice = "s3://b/p/shard=00001-of-00003.json and s3://b/p/shard=copy.json are the same shard";
        assert_eq!(said(&store), twice);
        put(&store, "shard=copy.json", whole[..whole.len() / 2].to_vec());
        assert!(said(&store).starts_with("s3://b/p/shard=copy.json is not what was written: EOF"), "{}", said(&store));
        let store = super::tests::store(&Arc::default());
        keep(&store, 3, None);
        let text = String::from_utf8(whole).expect("text").replace(r"\n1,", r"\n1,7");
        put(&store, "shard=00001-of-00003.json", text.into_bytes());
        let damaged = "s3://b/p/shard=00001-of-00003.json is not what was written: its digest differs";
        assert!(said(&store).starts_with(damaged), "{}", said(&store));
        keep(&store, 3, None);
    }

    #[test]
    fn of_two_writers_one_wins_and_the_other_finds_it() {
        let (client, outline) = (Arc::default(), results().outline);
        let shard = Shard::new(1, 4).expect("a shard");
        // Both saw nothing before.
        let part = Part::new(shard, &outline, &[2.5, 0.5]);
        assert!(store(&client).add(&part, false).expect("written"));
        assert!(!store(&client).add(&part, false).expect("refused"));
        let mut other = outline.clone();
        other.digest = "e".to_owned();
        let error = write(&store(&client), shard, &other, &[2.5, 0.5]).expect_err("refused");
        assert!(error.to_string().contains("holds a shard of another study"), "{error}");
        for _ in 0..20 {
            let (client, start) = (Arc::default(), Barrier::new(4));
            let wins = thread::scope(|scope| {
                let writer = || {
                    let store = store(&client);
                    start.wait();
                    write(&store, shard, &outline, &[2.5, 0.5]).expect("written")
                };
                let writers: Vec<_> = (0..4).map(|_| scope.spawn(writer)).collect();
                writers.into_iter().map(|writer| writer.join().expect("an end")).filter(|new| *new).count()
            });
            assert_eq!(wins, 1);
        }
    }
}
