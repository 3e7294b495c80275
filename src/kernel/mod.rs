//! The simulation kernel: clock, event list, tables by slot, random streams, distributions, statistics.
//!
//! Knows no Kubernetes. Nothing here reads a wall clock; every draw is looked up, never consumed in order.

pub mod calendar;
mod chacha;
pub mod dist;
pub mod event_list;
pub mod instant;
pub mod rng;
pub mod slab;
pub mod stats;
pub mod time;
