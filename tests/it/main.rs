//! Tests of the whole program, in one binary.
#![allow(clippy::print_stdout, reason = "a test says how many recorded cases passed")]

mod autoscaling;
mod cli;
mod clusters;
mod conformance_cron;
mod conformance_decoding;
mod conformance_jobs;
mod conformance_kubectl;
mod conformance_parsing;
mod conformance_printing;
mod conformance_reading;
mod conformance_scheduler;
mod conformance_timeline;
mod conformance_validation;
mod cron;
mod floor_plan;
mod front_door;
mod fuzz_corpora;
mod gate;
mod gate_folders;
mod golden;
#[expect(unreachable_pub, reason = "also the library of fuzz/")]
mod inputs;
mod kubelets;
mod late;
mod laws;
mod lost_nodes;
mod manifests;
mod no_input_panics;
mod objects_of_runs;
#[cfg(all(feature = "parquet", target_endian = "little"))]
mod parquet;
mod patches;
mod program;
mod recorded;
mod refusals;
mod robustness;
mod runner;
mod scenario_schema;
mod scheduler_index;
mod side_files;
mod steady_state;
mod studies;
mod taints;
mod upgrades;
