//! `pods.csv`: a pod's life, a row each.

use std::io::{self, Write};

use super::Table;
use crate::record::{JobLife, PodLife, Run};

/// Columns of `pods.csv`.
pub const PODS_HEADER: &str = "namespace,pod,job,cronjob,index,attempt,node,created_s,scheduled_s,started_s,ready_s,\
terminating_s,finished_s,removed_s,phase,exit_code,reason,restarts,failure_count,ignored_failure_count";

/// Writes the pods in the order of [`Run::pods`].
///
/// # Errors
/// Those of `out`.
pub fn pods_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, PODS_HEADER);
    for pod in &run.pods {
        pod_row(&mut table, pod, run.job_of(pod))?;
    }
    table.finish()
}

/// The row of a pod, which may be of a Job.
pub(in crate::record) fn pod_row<W: Write>(
    table: &mut Table<W>,
    pod: &PodLife,
    job: Option<&JobLife>,
) -> io::Result<()> {
    table.text(&pod.namespace);
    table.text(&pod.name);
    table.text(job.map_or("", |job| &job.name.name));
    table.text(job.and_then(|job| job.cron_job.as_deref()).unwrap_or_default());
    life(table, pod);
    table.end_row()
}

fn life<W: Write>(table: &mut Table<W>, pod: &PodLife) {
    table.maybe(pod.index);
    table.number(pod.attempt);
    table.text(pod.node.as_deref().unwrap_or_default());
    table.time(pod.created);
    for time in [pod.scheduled, pod.started, pod.ready, pod.terminating, pod.finished, pod.removed] {
        table.time(time);
    }
    table.word(pod.phase.as_str());
    table.maybe(pod.exit_code);
    table.text(pod.reason);
    table.number(pod.restarts);
    table.maybe(pod.failure_count);
    table.maybe(pod.ignored_failure_count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn every_column_is_written() {
        let wanted = "\
default,flaky-0-abcde,flaky,nightly,0,1,node-3,1.5,2,3.25,4,9,9.5,70,Failed,137,DeadlineExceeded,2,1,0
default,flaky-b,flaky,nightly,,0,,2,,,,,,,Pending,,,0,,
";
        let mut run = fixture::run("flaky");
        let flaky = run.job("flaky", Some(1), 1);
        run.jobs[flaky].cron_job = Some("nightly".into());
        let pod = run.pod(flaky, "flaky-0-abcde", [1.5, 3.25, 9.5], 137);
        pod.index = Some(0);
        pod.attempt = 1;
        pod.node = Some("node-3".into());
        pod.scheduled = Some(fixture::at(2.0));
        pod.ready = Some(fixture::at(4.0));
        pod.terminating = Some(fixture::at(9.0));
        pod.removed = Some(fixture::at(70.0));
        pod.reason = "DeadlineExceeded";
        pod.restarts = 2;
        pod.failure_count = Some(1);
        pod.ignored_failure_count = Some(0);
        run.pending_pod(flaky, "flaky-b", 2.0);
        let mut bytes = Vec::new();
        pods_csv(&run, &mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{PODS_HEADER}\n{wanted}"));
    }

    #[test]
    fn rows_have_as_many_fields_as_the_header() {
        let mut bytes = Vec::new();
        pods_csv(&fixture::indexed(), &mut bytes).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let rows = reader.records().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows.len(), 6);
        assert!(rows.iter().all(|row| row.len() == 20));
    }
}
