//! What ends a run that would take too much: pods, events, time on the clock, memory.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::Args;

use crate::api::duration::parse_duration;
use crate::api::quantity::Quantity;
use crate::kernel::time::SimDuration;
use crate::run::Limits;

/// From one look at clock and memory to the next.
const LOOK: Duration = Duration::from_millis(20);

/// Limits of a run. What was done until one is reached is written and shown; the exit code is 4 then.
#[derive(Debug, Args)]
pub struct LimitArgs {
    /// Stop when more pods than this were created
    #[arg(long, default_value_t = Limits::default().pods, value_name = "N")]
    max_pods: u64,
    /// Stop when more events than this have happened
    #[arg(long, default_value_t = Limits::default().events, value_name = "N")]
    max_events: u64,
    /// Stop after so much time on the clock, such as 10m: what is done until then differs from run to run
    #[arg(long, value_parser = parse_duration, value_name = "DURATION")]
    max_time: Option<SimDuration>,
    /// Stop when the process has more memory than this; 0 for no limit
    #[arg(long, default_value = "8Gi", value_parser = parse_bytes, value_name = "SIZE")]
    max_memory: u64,
}

pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let amount = Quantity::parse(text)?;
    u64::try_from(amount.value()).map_err(|_| "an amount of memory is not negative".to_owned())
}

/// Looks at clock and memory from now on, for as long as what it returns is kept: a sentence once there is too much of one.
/// Memory is in bytes, 0 for any.
pub(super) fn watch(time: Option<SimDuration>, memory: u64) -> Arc<OnceLock<String>> {
    let stop: Arc<OnceLock<String>> = Arc::default();
    let time = time.map(|limit| Duration::from_nanos(limit.0));
    if time.is_none() && memory == 0 {
        return stop;
    }
    let watched = Arc::downgrade(&stop);
    #[expect(clippy::disallowed_types, reason = "a limit on the time that a user waits is one of the wall clock")]
    let begun = std::time::Instant::now();
    std::thread::spawn(move || {
        while let Some(stop) = watched.upgrade() {
            if let Some(limit) = time.filter(|&limit| begun.elapsed() > limit) {
                _ = stop.set(format!("more than {} s on the clock (--max-time)", limit.as_secs_f64()));
                return;
            }
            if memory > 0 && memory_stats::memory_stats().is_some_and(|now| now.physical_mem as u64 > memory) {
                _ = stop.set(format!("more than {memory} bytes of memory (--max-memory)"));
                return;
            }
            drop(stop);
            std::thread::sleep(LOOK);
        }
    });
    stop
}

impl LimitArgs {
    /// Those that the simulation itself looks at.
    pub(super) fn limits(&self) -> Limits {
        Limits { pods: self.max_pods, events: self.max_events }
    }

    /// Looks at those of clock and memory.
    pub(super) fn watch(&self) -> Arc<OnceLock<String>> {
        watch(self.max_time, self.max_memory)
    }
}
