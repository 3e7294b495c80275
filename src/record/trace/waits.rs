//! `waits.csv`: what each pod waited for until it ran, in seconds.

use std::io::{self, Write};

use super::Table;
use crate::kernel::time::SimTime;
use crate::record::Run;
use crate::record::waits::Waits;

/// Columns of `waits.csv`.
pub const WAITS_HEADER: &str = "namespace,pod,job,index,attempt,quota_s,queue_s,capacity_s,image_s,start_s";

/// Writes the waits of the pods, in the order of [`Run::pods`]. A pod that never ran waited until its end or that of the
/// run.
///
/// # Errors
/// Those of `out`.
pub fn waits_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, WAITS_HEADER);
    for pod in &run.pods {
        table.text(&pod.namespace);
        table.text(&pod.name);
        table.text(run.job_of(pod).map_or("", |job| &job.name.name));
        table.maybe(pod.index);
        table.number(pod.attempt);
        for part in Waits::of(pod, run.end).parts() {
            table.time(SimTime::ZERO + part);
        }
        table.end_row()?;
    }
    table.finish()
}
