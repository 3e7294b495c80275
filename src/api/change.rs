//! The change log: what watchers are told.

use super::meta::{CronJobId, JobId, NodeId, PodId};

/// An object was written. Entries are in the order of the writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A CronJob.
    CronJob(CronJobId, Verb),
    /// A Job.
    Job(JobId, Verb),
    /// A pod.
    Pod(PodId, Verb),
    /// A node.
    Node(NodeId, Verb),
}

/// What happened to it (the types of a watch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is new.
    Added,
    /// It differs.
    Modified,
    /// It is gone; readers see its last state.
    Deleted,
}
