//! The timeline: what the pods of each Job did, one by one while they are few, counted when they are many.

mod bands;
pub(super) mod phases;
mod rows;

use super::picture::Picture;
use crate::record::{Ending, Run};

/// Most pods that are drawn one by one.
const MOST_PODS: usize = 300;

/// Most pixels of height for that: more would be a huge bitmap.
const MOST_HEIGHT: i32 = 6000;

/// Draws the timeline.
pub(super) fn picture(run: &Run) -> Picture {
    let few = run.pods.len() <= MOST_PODS && run.jobs.len() <= MOST_PODS && rows::height(run) <= MOST_HEIGHT;
    if few { rows::picture(run) } else { bands::picture(run) }
}

fn title(run: &Run) -> String {
    format!("Timeline of {}", run.scenario)
}

/// How long the run took and why it ended.
fn ending(run: &Run) -> String {
    match &run.ending {
        Ending::Settled => format!("settled after {} s", run.end.cut_to_millis()),
        Ending::Horizon => format!("cut off by the horizon at {} s", run.end),
        Ending::Limit(why) | Ending::Fault(why) => format!("stopped at {} s: {why}", run.end),
        Ending::Interrupted => format!("interrupted at {} s", run.end),
    }
}
