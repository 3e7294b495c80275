//! Questions that take many runs: sweeps, comparisons, fits, and how they are cut over machines.
//!
//! Replication `r` of every point draws from the same streams, so points differ by what was changed and by nothing
//! else. What a study finds is a function of its scenario and seed: never of threads, machines or the time of day.

mod cost;
pub mod difference;
pub mod expectations;
pub mod expression;
pub mod golden;
pub mod interval;
pub mod replication;
