//! `jobs.csv`: a Job's status after each instant in which a column changed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, Write};

use super::Table;
use crate::api::job::JobCondition;
use crate::api::meta::ObjectName;
use crate::kernel::time::SimTime;
use crate::record::{JobLife, JobRow, Run};

/// Columns of `jobs.csv`.
pub const JOBS_HEADER: &str = "time_s,namespace,job,status,suspended,active,ready,terminating,succeeded,failed,\
uncounted_succeeded,uncounted_failed,completed_indexes,failed_indexes,start_time_s,completion_time_s,conditions";

/// Writes the status rows of all Jobs, ordered by time, namespace, name; a removed Job's last row says `Deleted`.
///
/// # Errors
/// Those of `out`.
pub fn jobs_csv(run: &Run, out: impl Write) -> io::Result<()> {
    let mut table = Table::new(out, JOBS_HEADER);
    let mut conditions = String::new();
    let mut next = first_rows(&run.jobs);
    while let Some(mut top) = next.peek_mut() {
        let Reverse(entry) = &mut *top;
        let life = &run.jobs[entry.life as usize];
        job_row(&mut table, entry.time, &life.name, life.rows.get(entry.row), &mut conditions)?;
        entry.row += 1;
        match row_time(life, entry.row) {
            Some(time) => entry.time = time,
            None => drop(PeekMut::pop(top)),
        }
    }
    table.finish()
}

/// The row of a Job's status, or of its removal; `conditions` is room for a text.
pub(in crate::record) fn job_row<W: Write>(
    table: &mut Table<W>,
    time: SimTime,
    name: &ObjectName,
    row: Option<&JobRow>,
    conditions: &mut String,
) -> io::Result<()> {
    table.time(time);
    table.text(&name.namespace);
    table.text(&name.name);
    match row {
        Some(row) => status(table, row, conditions),
        None => {
            table.word("Deleted");
            table.empty(13);
        }
    }
    table.end_row()
}

/// The place of a Job's next row. Fields compare in this order; `rank` stands for namespace and name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    time: SimTime,
    rank: u32,
    life: u32,
    /// Position in the life's rows; their number means removal.
    row: usize,
}

/// The first row of every Job, the earliest on top: the rows of each Job are in order, so they only need merging.
fn first_rows(jobs: &[JobLife]) -> BinaryHeap<Reverse<Entry>> {
    let lives = jobs.iter().zip(ranks(jobs)).zip(0..);
    let first = |((job, rank), life)| row_time(job, 0).map(|time| Reverse(Entry { time, rank, life, row: 0 }));
    lives.filter_map(first).collect()
}

fn row_time(job: &JobLife, row: usize) -> Option<SimTime> {
    match job.rows.get(row) {
        Some(found) => Some(found.time),
        None => job.removed.filter(|_| row == job.rows.len()),
    }
}

/// For each Job the number of Job names before its own; equal for lives of the same name.
fn ranks(jobs: &[JobLife]) -> Vec<u32> {
    let mut by_name: Vec<usize> = (0..jobs.len()).collect();
    by_name.sort_by(|&a, &b| jobs[a].name.cmp(&jobs[b].name));
    let mut ranks = vec![0; jobs.len()];
    for pair in by_name.windows(2) {
        ranks[pair[1]] = ranks[pair[0]] + u32::from(jobs[pair[0]].name != jobs[pair[1]].name);
    }
    ranks
}

fn status<W: Write>(table: &mut Table<W>, row: &JobRow, conditions: &mut String) {
    table.word(row.status);
    table.word(if row.suspended { "true" } else { "false" });
    for count in [row.active, row.ready, row.terminating, row.succeeded, row.failed] {
        table.number(count);
    }
    table.number(row.uncounted_succeeded);
    table.number(row.uncounted_failed);
    table.text(&row.completed_indexes);
    table.text(&row.failed_indexes);
    table.maybe(row.start_time.map(|time| time.0));
    table.maybe(row.completion_time.map(|time| time.0));
    conditions.clear();
    for condition in &row.conditions {
        describe(condition, conditions);
    }
    table.text(conditions);
}

/// `Type=Status/Reason@seconds`, joined by `;`.
fn describe(condition: &JobCondition, text: &mut String) {
    if !text.is_empty() {
        text.push(';');
    }
    text.push_str(condition.kind.as_str());
    text.push_str(if condition.status { "=True/" } else { "=False/" });
    text.push_str(condition.reason.as_str());
    text.push('@');
    text.push_str(itoa::Buffer::new().format(condition.last_transition_time.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    fn text(run: &Run) -> String {
        let mut bytes = Vec::new();
        jobs_csv(run, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_job_from_creation_to_removal() {
        let wanted = "\
0,default,pi,Running,false,0,0,0,0,0,0,0,,,,,
0,default,pi,Running,false,2,0,0,0,0,0,0,,,0,,
2.5,default,pi,Running,false,2,2,0,0,0,0,0,,,0,,
8.25,default,pi,Complete,false,0,0,0,2,0,0,0,,,0,8,SuccessCriteriaMet=True/CompletionsReached@8;Complete=True/CompletionsReached@8
68.25,default,pi,Deleted,,,,,,,,,,,,,
";
        let mut run = fixture::run("pi");
        let pi = run.job("pi", Some(2), 2);
        run.status(pi, 0.0, [0, 0, 0, 0, 0]).start_time = None;
        run.status(pi, 0.0, [2, 0, 0, 0, 0]);
        run.status(pi, 2.5, [2, 2, 0, 0, 0]);
        run.complete(pi, 8.25, [0, 0, 0, 2, 0]);
        run.jobs[pi].removed = Some(fixture::at(68.25));
        assert_eq!(text(&run), format!("{JOBS_HEADER}\n{wanted}"));
    }

    #[test]
    fn rows_are_ordered_by_time_namespace_and_name_and_lives_of_one_name_by_life() {
        let mut run = fixture::run("many");
        for (namespace, name) in [("b", "a"), ("a", "z"), ("a", "b"), ("a", "z")] {
            let job = run.job(name, Some(1), 1);
            run.jobs[job].name.namespace = namespace.into();
            run.status(job, 1.0, [1, 0, 0, 0, 0]);
        }
        // The first a/z went in the instant in which the second came.
        run.jobs[1].removed = Some(fixture::at(1.0));
        let text = text(&run);
        let order: Vec<String> =
            text.lines().skip(1).map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",")).collect();
        assert_eq!(order, ["1,a,b,Running", "1,a,z,Running", "1,a,z,Deleted", "1,a,z,Running", "1,b,a,Running"]);
    }

    #[test]
    fn index_lists_are_quoted_and_conditions_joined() {
        let mut run = fixture::indexed();
        let rows = &mut run.jobs[0].rows;
        rows.drain(..rows.len() - 1);
        let text = text(&run);
        let row = text.lines().nth(1).unwrap();
        assert!(row.contains(",\"0,2-4\",1,"), "{row}");
        assert!(row.ends_with("FailureTarget=True/FailedIndexes@43;Failed=True/FailedIndexes@43"), "{row}");
    }
}
