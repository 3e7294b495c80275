//! How pods behave: what the scenario says of start-up, run time, exit codes and termination.

pub mod arrivals;
pub mod behaviour;
mod rule_table;
