//! The controllers: each sees what its informers were told and answers with plans of requests.
//!
//! Nothing here reads the store or a clock: `now` is an argument, and so is all that is known of the cluster.

pub mod cronjob;
pub mod event_correlator;
pub mod expectations;
pub mod job;
pub mod rate_limiter;
pub mod still_due;
pub mod ttl_after_finished;
pub mod workqueue;

/// What a sync does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It sent requests, all at once, and waits for all answers.
    Waiting,
    /// It is over.
    Done,
}
