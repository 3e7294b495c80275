//! CronJobs: when a schedule starts, which start is due, and when to look again.
//!
//! Schedules are those of github.com/robfig/cron v3.0.1, which upstream uses, its oddities included.

pub mod clock;
mod grammar;
pub mod missed;
pub mod schedule;
mod search;
pub mod zone;
