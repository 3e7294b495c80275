//! Digests of tables: what tells whether a run was the same.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
}
