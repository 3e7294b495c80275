//! A trace as its tables say it: what two runs are compared by, whether they were made now or kept in files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use crate::record::trace::RunTable;
use crate::record::{Run, trace};

/// Microseconds since the start of the run, as the tables have them.
pub type Micros = u64;

/// The tables of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceView {
    /// Jobs in order of creation.
    pub jobs: Vec<JobView>,
    /// Pods in the order of their table.
    pub pods: Vec<PodView>,
    /// What the scheduler said of pods that it found no node for: pod and message, in order of time.
    pub unscheduled: Vec<(String, String)>,
    /// CronJobs by namespace and name, in order of their first rows.
    pub cron_jobs: Vec<(String, String)>,
    /// Nodes by name, and when each went.
    pub nodes: BTreeMap<String, Option<Micros>>,
}

/// The texts of the tables of a run; those of what there is none of are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'t> {
    /// `jobs.csv`
    pub jobs: &'t [u8],
    /// `pods.csv`
    pub pods: &'t [u8],
    /// `events.csv`
    pub events: &'t [u8],
    /// `cronjobs.csv`
    pub cron_jobs: &'t [u8],
    /// `nodes.csv`
    pub nodes: &'t [u8],
}

/// A Job's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobView {
    /// Namespace and name.
    pub name: (String, String),
    /// The CronJob that made it, in the same namespace.
    pub cron_job: Option<String>,
    /// First row.
    pub created: Micros,
    /// First row that says Complete or Failed.
    pub ended: Option<Micros>,
    /// Did it complete?
    pub complete: bool,
    /// Reason of the condition that it ended with.
    pub reason: String,
    /// Last `status.succeeded`.
    pub succeeded: i64,
    /// Last `status.failed`.
    pub failed: i64,
    /// Most `status.active`.
    pub most_active: i64,
    /// The row that says that the object went.
    pub removed: Option<Micros>,
    /// Rows that say that it is suspended, of all rows.
    pub suspended: usize,
    /// All rows but that of its removal.
    pub rows: usize,
    /// Does the last row say that it is suspended?
    pub ends_suspended: bool,
}

/// A pod's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodView {
    /// Namespace and name of its Job.
    pub job: (String, String),
    /// Its own name.
    pub name: String,
    /// Completion index.
    pub index: Option<u32>,
    /// Which of the pods of that index or Job.
    pub attempt: u32,
    /// Its node.
    pub node: String,
    /// Instants: created, bound, started, ready, deletion asked for, ended, gone.
    pub times: [Option<Micros>; 7],
    /// Phase at the end.
    pub phase: String,
    /// Exit code.
    pub exit_code: String,
    /// Why it ended so.
    pub reason: String,
    /// Restarts of containers.
    pub restarts: String,
}

/// Why tables cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// A file is not there.
    #[error("no such file: {file} in {folder}")]
    Missing {
        /// Which.
        file: &'static str,
        /// Where.
        folder: String,
    },
    /// A file cannot be read.
    #[error("cannot read {file}: {why}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        why: std::io::Error,
    },
    /// A file is no table of ours.
    #[error("{file}:{line}: {what}")]
    Table {
        /// Which.
        file: String,
        /// Where.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

impl TraceView {
    /// Of a run.
    pub fn of_run(run: &Run) -> TraceView {
        let [mut jobs, mut pods, mut events, mut cron_jobs, mut nodes] = [const { Vec::new() }; 5];
        // Writing into memory does not fail.
        _ = trace::jobs_csv(run, &mut jobs);
        _ = trace::pods_csv(run, &mut pods);
        _ = trace::events_csv(run, &mut events);
        _ = trace::cronjobs_csv(run, &mut cron_jobs);
        _ = trace::nodes_csv(run, &mut nodes);
        let texts = Texts { jobs: &jobs, pods: &pods, events: &events, cron_jobs: &cron_jobs, nodes: &nodes };
        TraceView::read(&texts).unwrap_or_default()
    }

    /// Of the folder that a run was written to; `events.csv`, `cronjobs.csv` and `nodes.csv` may be
    /// missing.
    ///
    /// # Errors
    /// Files that are missing or no tables.
    pub fn of_folder(folder: &Path) -> Result<TraceView, ViewError> {
        let read = |name: &'static str| {
            let file = folder.join(name);
            std::fs::read(&file).map_err(|why| match why.kind() {
                ErrorKind::NotFound => ViewError::Missing { file: name, folder: folder.display().to_string() },
                _ => ViewError::Read { file: file.display().to_string(), why },
            })
        };
        let (jobs, pods) = (read("jobs.csv")?, read("pods.csv")?);
        let [events, cron_jobs, nodes] = ["events.csv", "cronjobs.csv", "nodes.csv"].map(|name| match read(name) {
            Err(ViewError::Missing { .. }) => Ok(Vec::new()),
            other => other,
        });
        let (events, cron_jobs, nodes) = (events?, cron_jobs?, nodes?);
        TraceView::read(&Texts { jobs: &jobs, pods: &pods, events: &events, cron_jobs: &cron_jobs, nodes: &nodes })
    }

    /// Of the texts of the tables.
    ///
    /// # Errors
    /// Where they are no tables of ours.
    pub fn read(texts: &Texts<'_>) -> Result<TraceView, ViewError> {
        let mut view = TraceView::default();
        // Places of the Jobs that have not been removed.
        let mut standing = BTreeMap::new();
        rows(RunTable::Jobs, texts.jobs, |row| view.job_row(row, &mut standing))?;
        rows(RunTable::Pods, texts.pods, |row| {
            view.pods.push(pod(row)?);
            Ok(())
        })?;
        rows(RunTable::Events, texts.events, |row| {
            if row.get("reason")? == "FailedScheduling" {
                view.unscheduled.push((row.get("name")?.to_owned(), row.get("message")?.to_owned()));
            }
            Ok(())
        })?;
        let (mut cron_jobs, mut known) = (Vec::new(), BTreeSet::new());
        rows(RunTable::CronJobs, texts.cron_jobs, |row| {
            let name = (row.get("namespace")?.to_owned(), row.get("cronjob")?.to_owned());
            if known.insert(name.clone()) {
                cron_jobs.push(name);
            }
            Ok(())
        })?;
        view.name_cron_jobs(&cron_jobs);
        rows(RunTable::Nodes, texts.nodes, |row| {
            let gone = if row.get("state")? == "Deleted" { row.time("time_s")? } else { None };
            view.nodes.insert(row.get("node")?.to_owned(), gone);
            Ok(())
        })?;
        Ok(view)
    }

    /// Says of Jobs which of these CronJobs made them: theirs are called after it and the minute of their start.
    pub fn name_cron_jobs(&mut self, cron_jobs: &[(String, String)]) {
        self.cron_jobs = cron_jobs.to_vec();
        let known: BTreeSet<(&str, &str)> = cron_jobs.iter().map(|(namespace, name)| (&**namespace, &**name)).collect();
        for job in &mut self.jobs {
            let Some((front, minute)) = job.name.1.rsplit_once('-') else { continue };
            let is_made = !minute.is_empty() && minute.bytes().all(|byte| byte.is_ascii_digit());
            job.cron_job = (is_made && known.contains(&(&*job.name.0, front))).then(|| front.to_owned());
        }
    }

    fn job_row(&mut self, row: &Row<'_>, standing: &mut BTreeMap<(String, String), usize>) -> Result<(), String> {
        let name = (row.get("namespace")?.to_owned(), row.get("job")?.to_owned());
        let time = row.time("time_s")?.ok_or("time_s is empty")?;
        let place = *standing.entry(name).or_insert_with_key(|name| {
            self.jobs.push(JobView { name: name.clone(), created: time, ..JobView::default() });
            self.jobs.len() - 1
        });
        let job = &mut self.jobs[place];
        let status = row.get("status")?;
        if status == "Deleted" {
            job.removed = Some(time);
            standing.remove(&job.name);
            return Ok(());
        }
        job.succeeded = row.number("succeeded")?;
        job.failed = row.number("failed")?;
        job.most_active = job.most_active.max(row.number("active")?);
        job.rows += 1;
        job.ends_suspended = row.get("suspended")? == "true";
        job.suspended += usize::from(job.ends_suspended);
        let conditions = row.get("conditions")?;
        let ended = |kind: &str| conditions.split(';').find_map(|one| one.strip_prefix(kind)?.strip_prefix("=True/"));
        if let Some(end) = ended("Complete").or_else(|| ended("Failed")).filter(|_| job.ended.is_none()) {
            job.ended = Some(time);
            job.complete = ended("Complete").is_some();
            job.reason = end.split('@').next().unwrap_or_default().to_owned();
        }
        Ok(())
    }
}

fn pod(row: &Row<'_>) -> Result<PodView, String> {
    let mut times = [None; 7];
    let columns = ["created_s", "scheduled_s", "started_s", "ready_s", "terminating_s", "finished_s", "removed_s"];
    for (time, column) in times.iter_mut().zip(columns) {
        *time = row.time(column)?;
    }
    let text = |column: &str| row.get(column).map(str::to_owned);
    let index = row.get("index")?;
    Ok(PodView {
        job: (text("namespace")?, text("job")?),
        name: text("pod")?,
        index: (!index.is_empty()).then(|| row.number("index")).transpose()?.map(|n| n as u32),
        attempt: row.number("attempt")? as u32,
        node: text("node")?,
        times,
        phase: text("phase")?,
        exit_code: text("exit_code")?,
        reason: text("reason")?,
        restarts: text("restarts")?,
    })
}

/// A row under its header.
struct Row<'a> {
    header: &'a StringRecord,
    fields: &'a StringRecord,
}

impl Row<'_> {
    fn get(&self, column: &str) -> Result<&str, String> {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|place| self.fields.get(place)).ok_or_else(|| format!("there is no column {column}"))
    }

    fn number(&self, column: &str) -> Result<i64, String> {
        let text = self.get(column)?;
        text.parse().map_err(|_| format!("{column}: \"{text}\" is no whole number"))
    }

    fn time(&self, column: &str) -> Result<Option<Micros>, String> {
        let text = self.get(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || format!("{column}: \"{text}\" is no time in seconds");
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let seconds: Micros = seconds.parse().map_err(|_| wrong())?;
        if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let micros: Micros = format!("{fraction:0<6}").parse().map_err(|_| wrong())?;
        seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(micros)).map(Some).ok_or_else(wrong)
    }
}

fn rows(table: RunTable, text: &[u8], mut each: impl FnMut(&Row<'_>) -> Result<(), String>) -> Result<(), ViewError> {
    let file = table.file_name();
    let mut reader = ReaderBuilder::new().from_reader(text);
    let wrong = |line: u64, what: String| ViewError::Table { file: file.to_owned(), line, what };
    let header = reader.headers().map_err(|error| wrong(1, error.to_string()))?.clone();
    // A table without rows has its columns all the same.
    let first = table.header().split(',').next();
    if header.get(0) != first && !text.is_empty() {
        let first = first.unwrap_or_default();
        return Err(wrong(1, format!("it is no {file} of ours: there is no column {first} at the front")));
    }
    for fields in reader.records() {
        let fields = fields.map_err(|error| wrong(error.position().map_or(1, |at| at.line()), error.to_string()))?;
        let line = fields.position().map_or(1, |at| at.line());
        each(&Row { header: &header, fields: &fields }).map_err(|what| wrong(line, what))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn a_run_and_its_tables_are_one_view() {
        let view = TraceView::of_run(&fixture::pi());
        assert_eq!((view.jobs.len(), view.pods.len()), (1, 5));
        let job = &view.jobs[0];
        assert_eq!((job.complete, job.succeeded, job.ended), (true, 5, Some(35_830_000)));
        assert_eq!(view.pods[0].times[0], Some(0));
    }

    #[test]
    fn what_is_no_table_is_said_with_its_line() {
        let texts = |jobs| Texts { jobs, ..Texts::default() };
        let jobs = format!("{}\nx,default,a,Running,false,0,0,0,0,0,0,0,,,,,\n", trace::JOBS_HEADER);
        let error = TraceView::read(&texts(jobs.as_bytes())).expect_err("no time").to_string();
        assert_eq!(error, "jobs.csv:2: time_s: \"x\" is no time in seconds");
        let error = TraceView::read(&texts(b"time_s,b\n1,2\n")).expect_err("no column").to_string();
        assert_eq!(error, "jobs.csv:2: there is no column namespace");
        let error = TraceView::read(&texts(b"garbage\n")).expect_err("no table").to_string();
        assert_eq!(error, "jobs.csv:1: it is no jobs.csv of ours: there is no column time_s at the front");
    }
}
