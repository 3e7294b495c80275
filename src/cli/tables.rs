//! Tables that are written while a run goes on.

use std::fs::File;
use std::path::Path;

use anyhow::Context;

use crate::record::stream::Tables;
use crate::record::trace::{CRONJOBS_HEADER, EVENTS_HEADER, JOBS_HEADER, NODES_HEADER, PODS_HEADER};
use crate::report::compress::{Compressed, Compression};
use crate::report::digest::{Digesting, TableDigest};
use crate::report::output::Staging;

/// Which tables are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) cron_jobs: bool,
    pub(super) jobs: bool,
    pub(super) pods: bool,
    pub(super) events: bool,
    pub(super) nodes: bool,
}

/// Files that have no names yet, and the digests of the tables in them.
pub(super) type Streamed = (Staging, Vec<TableDigest>);

/// The files of the tables, without names yet.
#[derive(Debug)]
pub(super) struct TableFiles {
    staging: Staging,
    tables: Tables<Digesting<Compressed<File>>>,
}

impl TableFiles {
    /// Begins the files in this folder.
    pub(super) fn open(folder: &Path, wanted: Wanted, compression: Option<Compression>) -> anyhow::Result<TableFiles> {
        let mut staging = Staging::begin(folder)?;
        let mut table =
            |wanted: bool, name: &str, header: &str| -> anyhow::Result<Option<Digesting<Compressed<File>>>> {
                if !wanted {
                    return Ok(None);
                }
                let file = staging.open(&name_of(name, compression), format!("{header}\n").as_bytes())?;
                Ok(Some(Digesting::new(Compressed::new(file, compression))))
            };
        let tables = Tables {
            cron_jobs: table(wanted.cron_jobs, "cronjobs.csv", CRONJOBS_HEADER)?,
            jobs: table(wanted.jobs, "jobs.csv", JOBS_HEADER)?,
            pods: table(wanted.pods, "pods.csv", PODS_HEADER)?,
            events: table(wanted.events, "events.csv", EVENTS_HEADER)?,
            nodes: table(wanted.nodes, "nodes.csv", NODES_HEADER)?,
        };
        Ok(TableFiles { staging, tables })
    }

    /// What the run writes into.
    pub(super) fn tables(&mut self) -> Tables<&mut Digesting<Compressed<File>>> {
        let Tables { cron_jobs, jobs, pods, events, nodes } = &mut self.tables;
        Tables {
            cron_jobs: cron_jobs.as_mut(),
            jobs: jobs.as_mut(),
            pods: pods.as_mut(),
            events: events.as_mut(),
            nodes: nodes.as_mut(),
        }
    }

    /// Ends the files, which have no names yet.
    pub(super) fn finish(self) -> anyhow::Result<Streamed> {
        let Tables { cron_jobs, jobs, pods, events, nodes } = self.tables;
        let files = [
            ("cronjobs.csv", cron_jobs),
            ("jobs.csv", jobs),
            ("pods.csv", pods),
            ("nodes.csv", nodes),
            ("events.csv", events),
        ];
        let mut digests = Vec::new();
        for (name, file) in files.into_iter().filter_map(|(name, file)| Some((name, file?))) {
            let (file, digest) = file.finish(name);
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
