//! Tests of the whole program, in one binary.
#![allow(clippy::print_stdout, reason = "a test says how many recorded cases passed")]

mod admission_is_total;
mod cli;
mod conformance_cron;
mod conformance_decoding;
mod conformance_jobs;
mod conformance_parsing;
mod conformance_printing;
mod conformance_reading;
mod conformance_validation;
mod cron;
mod floor_plan;
mod golden;
mod laws;
mod program;
mod recorded;
