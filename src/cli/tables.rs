//! Tables that are written while a run goes on.

use std::fs::File;
use std::path::Path;

use anyhow::Context;

use crate::record::stream::Tables;
use crate::record::trace::RunTable;
use crate::report::compress::{Compressed, Compression};
use crate::report::digest::{Digesting, TableDigest};
use crate::report::output::Staging;

/// Files that have no names yet, and the digests of the tables in them.
pub(super) type Streamed = (Staging, Vec<TableDigest>);

/// The files of the tables, without names yet.
#[derive(Debug)]
pub(super) struct TableFiles {
    staging: Staging,
    tables: Tables<Digesting<Compressed<File>>>,
}

impl TableFiles {
    /// Begins the files of these tables in this folder.
    pub(super) fn open(
        folder: &Path,
        is_wanted: impl Fn(RunTable) -> bool,
        compression: Option<Compression>,
    ) -> anyhow::Result<TableFiles> {
        let mut staging = Staging::begin(folder)?;
        let tables = Tables::of(|table| {
            if !is_wanted(table) {
                return Ok::<_, anyhow::Error>(None);
            }
            let head = format!("{}\n", table.header());
            let file = staging.open(&name_of(table.file_name(), compression), head.as_bytes())?;
            Ok(Some(Digesting::new(Compressed::new(file, compression))))
        })?;
        Ok(TableFiles { staging, tables })
    }

    /// What the run writes into.
    pub(super) fn tables(&mut self) -> Tables<&mut Digesting<Compressed<File>>> {
        self.tables.as_mut()
    }

    /// Ends the files, which have no names yet.
    pub(super) fn finish(self) -> anyhow::Result<Streamed> {
        let mut digests = Vec::new();
        for (table, file) in self.tables.named() {
            let (file, digest) = file.finish(table.file_name());
            file.finish().context("cannot write a table; nothing was changed")?;
            digests.push(digest);
        }
        Ok((self.staging, digests))
    }
}

/// A table's file name.
pub(super) fn name_of(name: &str, compression: Option<Compression>) -> String {
    compression.map_or_else(|| name.to_owned(), |how| format!("{name}.{}", how.extension()))
}
