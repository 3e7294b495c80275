//! Digests of tables: what tells whether a run was the same.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Write};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::compress::{Compression, decompress};

/// A table and the digest of its rows, whether it is compressed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableDigest {
    /// `jobs.csv` and the like.
    pub table: String,
    /// SHA-256 of the table as it is before compression, in hexadecimal digits.
    pub sha256: String,
}

impl TableDigest {
    /// Of a whole table.
    pub fn of(table: &str, content: &[u8]) -> TableDigest {
        TableDigest { table: table.to_owned(), sha256: hexadecimal(&Sha256::digest(content)) }
    }
}

/// What became of a table that a summary has the digest of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is what was written.
    Whole,
    /// It is not, or cannot be decompressed.
    Altered,
    /// There is no such file, compressed or not.
    Missing,
}

impl TableDigest {
    /// Holds the table's file in a folder, compressed or not, against the digest.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn standing(&self, folder: &Path) -> io::Result<Standing> {
        for how in [None, Some(Compression::Gzip), Some(Compression::Zstd)] {
            let name = how.map_or(self.table.clone(), |how| format!("{}.{}", self.table, how.extension()));
            let file = match File::open(folder.join(name)) {
                Ok(file) => BufReader::new(file),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let mut digesting = Digesting::new(io::sink());
            let read = decompress(file, how, &mut digesting);
            return match read {
                Ok(()) if digesting.finish(&self.table).1 == *self => Ok(Standing::Whole),
                Err(error) if how.is_none() => Err(error),
                _ => Ok(Standing::Altered),
            };
        }
        Ok(Standing::Missing)
    }
}

/// A writer that digests what goes through it.
#[derive(Debug)]
pub struct Digesting<W: Write> {
    out: W,
    digest: Sha256,
}

impl<W: Write> Digesting<W> {
    /// Writes into `out`.
    pub fn new(out: W) -> Digesting<W> {
        Digesting { out, digest: Sha256::new() }
    }

    /// The writer again, and the digest of what went into it.
    pub fn finish(self, table: &str) -> (W, TableDigest) {
        let sha256 = hexadecimal(&self.digest.finalize());
        (self.out, TableDigest { table: table.to_owned(), sha256 })
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.digest.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha_256_in_one_piece_or_in_many() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(TableDigest::of("t", b"abc").sha256, abc);
        let mut written = Digesting::new(Vec::new());
        written.write_all(b"a").unwrap();
        written.write_all(b"bc").unwrap();
        let (out, digest) = written.finish("t");
        assert_eq!((out.as_slice(), digest), (&b"abc"[..], TableDigest::of("t", b"abc")));
    }

    #[test]
    fn files_are_held_against_their_digests() {
        use super::super::compress::compress;
        let folder = tempfile::tempdir().unwrap();
        let digest = TableDigest::of("jobs.csv", b"time_s,job\n0,pi\n");
        let check = |file: &str, bytes: &[u8], expected: Standing| {
            std::fs::write(folder.path().join(file), bytes).unwrap();
            assert_eq!(digest.standing(folder.path()).unwrap(), expected, "{file}");
            std::fs::remove_file(folder.path().join(file)).unwrap();
        };
        check("pods.csv", b"", Standing::Missing);
        check("jobs.csv", b"time_s,job\n0,pi\n", Standing::Whole);
        check("jobs.csv", b"time_s,job\n1,pi\n", Standing::Altered);
        for how in [Compression::Gzip, Compression::Zstd] {
            let file = format!("jobs.csv.{}", how.extension());
            check(&file, &compress(b"time_s,job\n0,pi\n", how).unwrap(), Standing::Whole);
            check(&file, &compress(b"time_s,job\n", how).unwrap(), Standing::Altered);
            check(&file, b"time_s,job\n", Standing::Altered);
        }
    }
}
