//! The tables of a run by their names.

use std::io::{self, Write};

use super::{
    CRONJOBS_HEADER, EVENTS_HEADER, JOBS_HEADER, NODES_HEADER, PODS_HEADER, WAITS_HEADER, cronjobs_csv, events_csv,
    jobs_csv, nodes_csv, pods_csv, waits_csv,
};
use crate::record::{Run, waits};

/// A table that a run is recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunTable {
    /// What CronJobs did.
    CronJobs,
    /// The statuses of Jobs.
    Jobs,
    /// The lives of pods.
    Pods,
    /// The lives of nodes, and what they had to do.
    Nodes,
    /// What pods waited for until they ran.
    Waits,
    /// Kubernetes events.
    Events,
}

impl RunTable {
    /// All of them, in the order in which they are named.
    pub const ALL: [RunTable; 6] =
        [RunTable::CronJobs, RunTable::Jobs, RunTable::Pods, RunTable::Nodes, RunTable::Waits, RunTable::Events];

    /// The name of its file.
    pub fn file_name(self) -> &'static str {
        match self {
            RunTable::CronJobs => "cronjobs.csv",
            RunTable::Jobs => "jobs.csv",
            RunTable::Pods => "pods.csv",
            RunTable::Nodes => "nodes.csv",
            RunTable::Waits => "waits.csv",
            RunTable::Events => "events.csv",
        }
    }

    /// Its first row.
    pub fn header(self) -> &'static str {
        match self {
            RunTable::CronJobs => CRONJOBS_HEADER,
            RunTable::Jobs => JOBS_HEADER,
            RunTable::Pods => PODS_HEADER,
            RunTable::Nodes => NODES_HEADER,
            RunTable::Waits => WAITS_HEADER,
            RunTable::Events => EVENTS_HEADER,
        }
    }

    /// Has this run anything to say in it? Jobs, pods and events are told of even if there are none.
    pub fn is_told(self, run: &Run) -> bool {
        match self {
            RunTable::CronJobs => !run.cron_jobs.is_empty(),
            RunTable::Nodes => !run.nodes.is_empty(),
            RunTable::Waits => waits::are_told(run),
            RunTable::Jobs | RunTable::Pods | RunTable::Events => true,
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(self, run: &Run, out: impl Write) -> io::Result<()> {
        match self {
            RunTable::CronJobs => cronjobs_csv(run, out),
            RunTable::Jobs => jobs_csv(run, out),
            RunTable::Pods => pods_csv(run, out),
            RunTable::Nodes => nodes_csv(run, out),
            RunTable::Waits => waits_csv(run, out),
            RunTable::Events => events_csv(run, out),
        }
    }
}
