#![doc = include_str!("ARCHITECTURE.md")]

pub mod api;
pub mod apiserver;
pub mod cli;
pub mod controllers;
pub mod kernel;
pub mod kubelet;
pub mod record;
pub mod report;
mod run;
pub mod scenario;
pub mod scheduler;
pub mod study;
pub mod workload;
pub mod world;

pub use kernel::time::{SimDuration, SimTime};
pub use record::{CronJobLife, CronJobRow, Ending, EventRow, JobLife, JobRow, PodLife, Run};
pub use run::{Limits, RunOptions, Runner, Trace, examine, run, run_observed, run_streamed, run_unrecorded};
pub use scenario::Scenario;
