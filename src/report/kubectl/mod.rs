//! What kubectl prints: its durations, its tables, its watch.

pub mod duration;
pub mod table;
pub mod watch;
