//! The simulation kernel: clock, event list, random streams, distributions, statistics.
//!
//! Knows no Kubernetes. Nothing here reads a wall clock; every draw is looked up, never consumed in order.

pub mod time;
