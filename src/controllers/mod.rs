//! The controllers: each sees what its informers were told and answers with plans of requests.
//!
//! Nothing here reads the store or a clock: `now` is an argument, and so is all that is known of the cluster.

pub mod cronjob;
pub mod event_correlator;
pub mod expectations;
pub mod job;
pub mod ttl_after_finished;
pub mod workqueue;
