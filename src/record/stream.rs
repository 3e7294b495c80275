//! Tables written while the run goes on, so that memory does not grow with what has ended.
//!
//! A [`Recorder`] records as ever; from time to time what will not change any more is written and forgotten. The tables
//! come out as those of a run that was recorded whole: `pods.csv` is in order of creation, so the rows of pods that have
//! gone wait for those of older pods that still stand.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::nodes::NodeLife;
use super::recorder::{self, Recorder};
use super::totals::{Counter, Totals};
use super::trace::{RunTable, Table, cron_job_row, event_row, job_row, node_row, pod_row};
use super::{JobLife, PodLife};
use crate::api::change::Change;
use crate::api::event::ObjectEvent;
use crate::api::meta::PodId;
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::scenario::Scenario;
use crate::world::observer::{Observer, Reads};

/// Changes and events after which it is worth looking for what can be written.
const OFTEN: usize = 1 << 14;

/// The tables of a run that can be written meanwhile; one that is not there is not written.
#[derive(Debug)]
pub struct Tables<W> {
    /// For `cronjobs.csv`.
    pub cron_jobs: Option<W>,
    /// For `jobs.csv`.
    pub jobs: Option<W>,
    /// For `pods.csv`.
    pub pods: Option<W>,
    /// For `events.csv`.
    pub events: Option<W>,
    /// For `nodes.csv`.
    pub nodes: Option<W>,
}

impl<W> Tables<W> {
    /// Those that `table` gives something for.
    ///
    /// # Errors
    /// The first that `table` gives.
    pub fn of<E>(mut table: impl FnMut(RunTable) -> Result<Option<W>, E>) -> Result<Tables<W>, E> {
        Ok(Tables {
            cron_jobs: table(RunTable::CronJobs)?,
            jobs: table(RunTable::Jobs)?,
            pods: table(RunTable::Pods)?,
            events: table(RunTable::Events)?,
            nodes: table(RunTable::Nodes)?,
        })
    }

    /// Those that are there, by name.
    pub fn named(self) -> impl Iterator<Item = (RunTable, W)> {
        let Tables { cron_jobs, jobs, pods, events, nodes } = self;
        let all = [
            (RunTable::CronJobs, cron_jobs),
            (RunTable::Jobs, jobs),
            (RunTable::Pods, pods),
            (RunTable::Nodes, nodes),
            (RunTable::Events, events),
        ];
        all.into_iter().filter_map(|(name, table)| Some((name, table?)))
    }

    /// The same, to be had again after a run.
    pub fn as_mut(&mut self) -> Tables<&mut W> {
        let Tables { cron_jobs, jobs, pods, events, nodes } = self;
        Tables {
            cron_jobs: cron_jobs.as_mut(),
            jobs: jobs.as_mut(),
            pods: pods.as_mut(),
            events: events.as_mut(),
            nodes: nodes.as_mut(),
        }
    }
}

/// Records and writes.
pub struct Stream<W: Write> {
    recorder: Recorder,
    counter: Counter,
    cron_jobs: Option<Table<W>>,
    jobs: Option<Table<W>>,
    pods: Option<Table<W>>,
    events: Option<Table<W>>,
    nodes: Option<Table<W>>,
    /// Names of the pools that nodes are of.
    pools: Vec<String>,
    /// Of each of the recorder's lives.
    cron_jobs_written: Vec<Written>,
    jobs_written: Vec<Written>,
    nodes_written: Vec<Written>,
    seen: usize,
    /// Write after each instant, for tests.
    eager: bool,
    failed: Option<io::Error>,
    interrupt: Option<Arc<AtomicBool>>,
}

/// How much of a life is written.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    /// The first of the rows that are kept.
    begun: bool,
    /// Its removal.
    over: bool,
}

impl<W: Write> Stream<W> {
    /// Writes the tables of a run of this scenario. When one cannot be written, `interrupt` is set.
    pub fn new(scenario: &Scenario, tables: Tables<W>, interrupt: Option<Arc<AtomicBool>>) -> Stream<W> {
        let table = |out: Option<W>, table: RunTable| out.map(|out| Table::new(out, table.header()));
        Stream {
            recorder: Recorder::new(scenario.start).without_shares(),
            counter: Counter::default(),
            cron_jobs: table(tables.cron_jobs, RunTable::CronJobs),
            jobs: table(tables.jobs, RunTable::Jobs),
            pods: table(tables.pods, RunTable::Pods),
            events: table(tables.events, RunTable::Events),
            nodes: table(tables.nodes, RunTable::Nodes),
            pools: scenario.cluster.pools.iter().map(|pool| pool.name.to_string()).collect(),
            cron_jobs_written: Vec::new(),
            jobs_written: Vec::new(),
            nodes_written: Vec::new(),
            seen: 0,
            eager: false,
            failed: None,
            interrupt,
        }
    }

    /// Writes after each instant what can be written then.
    #[cfg(test)]
    pub(crate) fn eagerly(mut self) -> Stream<W> {
        self.eager = true;
        self
    }

    /// Ends the tables, and tells what was counted and noted.
    ///
    /// # Errors
    /// The first of those that a table's writer gave.
    pub fn finish(mut self) -> io::Result<(Totals, Vec<String>)> {
        self.write_out(true);
        if let Some(error) = self.failed {
            return Err(error);
        }
        for table in [self.cron_jobs, self.jobs, self.pods, self.events, self.nodes].into_iter().flatten() {
            table.finish()?;
        }
        Ok((self.counter.totals(), recorder::written(self.recorder.notes)))
    }

    /// Writes what will not change any more; at the end of the run, all.
    fn write_out(&mut self, all: bool) {
        if self.failed.is_some() {
            return;
        }
        let written = self
            .write_events()
            .and_then(|()| self.write_cron_jobs())
            .and_then(|()| self.write_jobs())
            .and_then(|()| self.write_nodes())
            .and_then(|()| self.write_pods(all));
        self.failed = written.err();
        if let (Some(_), Some(interrupt)) = (&self.failed, &self.interrupt) {
            interrupt.store(true, Ordering::Relaxed);
        }
        self.forget_jobs();
    }

    fn write_events(&mut self) -> io::Result<()> {
        let events = &mut self.recorder.events;
        events.sort_by(|a, b| (a.time, &a.object).cmp(&(b.time, &b.object)));
        if let Some(table) = &mut self.events {
            events.iter().try_for_each(|event| event_row(table, event))?;
        }
        events.clear();
        Ok(())
    }

    fn write_cron_jobs(&mut self) -> io::Result<()> {
        let lives = &mut self.recorder.cron_jobs;
        self.cron_jobs_written.resize(lives.len(), Written::default());
        if let Some(table) = &mut self.cron_jobs {
            let mut rows = Vec::new();
            for (life, written) in lives.iter().zip(&self.cron_jobs_written) {
                rows.extend(life.rows.iter().skip(usize::from(written.begun)).map(|row| (&life.name, row)));
            }
            rows.sort_by(|a, b| (a.1.time, a.0).cmp(&(b.1.time, b.0)));
            rows.into_iter().try_for_each(|(name, row)| cron_job_row(table, name, row))?;
        }
        for (life, written) in lives.iter_mut().zip(&mut self.cron_jobs_written) {
            written.begun = !life.rows.is_empty();
            // The last row is what the next one is compared with.
            life.rows.drain(..life.rows.len().saturating_sub(1));
            life.specs.drain(..life.specs.len().saturating_sub(1));
        }
        Ok(())
    }

    fn write_jobs(&mut self) -> io::Result<()> {
        let lives = &mut self.recorder.jobs;
        self.jobs_written.resize(lives.len(), Written::default());
        if let Some(table) = &mut self.jobs {
            let mut rows = Vec::new();
            for (life, written) in lives.iter().zip(&self.jobs_written).filter(|(_, written)| !written.over) {
                let unwritten = life.rows.iter().skip(usize::from(written.begun));
                rows.extend(unwritten.map(|row| (row.time, &life.name, Some(row))));
                rows.extend(life.removed.map(|time| (time, &life.name, None)));
            }
            // Lives of one name follow each other, and so do their rows within an instant.
            rows.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
            let mut room = String::new();
            rows.into_iter().try_for_each(|(time, name, row)| job_row(table, time, name, row, &mut room))?;
        }
        for (life, written) in lives.iter_mut().zip(&mut self.jobs_written) {
            *written = Written { begun: !life.rows.is_empty(), over: life.removed.is_some() };
            life.rows.drain(..life.rows.len().saturating_sub(1));
        }
        Ok(())
    }

    fn write_nodes(&mut self) -> io::Result<()> {
        let lives = &mut self.recorder.nodes.lives;
        self.nodes_written.resize(lives.len(), Written::default());
        if let Some(table) = &mut self.nodes {
            let mut rows = Vec::new();
            for (life, written) in lives.iter().zip(&self.nodes_written) {
                rows.extend(life.rows.iter().skip(usize::from(written.begun)).map(|row| (life, row)));
            }
            rows.sort_by(|(one, a), (other, b)| (a.time, &one.name).cmp(&(b.time, &other.name)));
            let pools = &self.pools;
            let pool = |life: &NodeLife| life.pool.and_then(|pool| pools.get(pool as usize)).map_or("", String::as_str);
            rows.into_iter().try_for_each(|(life, row)| node_row(table, life, pool(life), row))?;
        }
        for (life, written) in lives.iter_mut().zip(&mut self.nodes_written) {
            written.begun = !life.rows.is_empty();
            life.rows.drain(..life.rows.len().saturating_sub(1));
        }
        Ok(())
    }

    fn write_pods(&mut self, all: bool) -> io::Result<()> {
        let recorder = &self.recorder;
        let standing = recorder.pods.iter().find(|pod| pod.removed.is_none()).map(|pod| pod.created);
        let end = match standing {
            // Pods of one instant are put in order together.
            Some(created) if !all => recorder.pods.partition_point(|pod| pod.created < created),
            _ => recorder.pods.len(),
        };
        if let Some(table) = &mut self.pods {
            let mut rows: Vec<(&PodLife, Option<&JobLife>)> =
                recorder.pods[..end].iter().map(|pod| (pod, recorder.job_of(pod))).collect();
            rows.sort_by(|(a, of_a), (b, of_b)| order_of_pods(a, *of_a).cmp(&order_of_pods(b, *of_b)));
            rows.into_iter().try_for_each(|(pod, job)| pod_row(table, pod, job))?;
        }
        self.recorder.forget_pods(end);
        Ok(())
    }

    /// Jobs that have gone, and whose pods are all written.
    fn forget_jobs(&mut self) {
        let over = self.jobs_written.iter().take_while(|written| written.over).count();
        let number = self.recorder.forget_jobs(over);
        self.jobs_written.drain(..number);
    }
}

/// As in [`Run::pods`](super::Run::pods).
fn order_of_pods<'a>(pod: &'a PodLife, job: Option<&'a JobLife>) -> (SimTime, &'a str, &'a str, Option<u32>, u32) {
    let name = job.map_or(pod.name.as_str(), |job| &job.name.name);
    (pod.created, &pod.namespace, name, pod.index, pod.attempt)
}

/// Stretches of indexes that the status of a Job lists.
fn indexes(change: Change, store: &Store) -> usize {
    let Change::Job(id, _) = change else { return 0 };
    store.job(id).map_or(0, |job| {
        let failed = job.status.failed_indexes.as_ref().map_or(0, |indexes| indexes.spans().len());
        job.status.completed_indexes.spans().len() + failed
    })
}

impl<W: Write> Observer for Stream<W> {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        self.counter.on_change(now, change, store);
        self.recorder.on_change(now, change, store);
        // A row of an Indexed Job holds its indexes, and thousands of these weigh as much as thousands of rows.
        self.seen += 1 + indexes(change, store) / 16;
    }

    fn on_use(&mut self, pod: PodId, cpu_m: i64, memory_b: i64) {
        self.recorder.on_use(pod, cpu_m, memory_b);
    }

    fn reads(&self) -> Reads {
        Reads { events: self.events.is_some(), instants: true, ..Reads::OBJECTS }
    }

    fn on_event(&mut self, now: SimTime, event: &ObjectEvent, store: &Store) {
        if self.events.is_some() {
            self.recorder.on_event(now, event, store);
            self.seen += 1;
        }
    }

    fn on_note(&mut self, now: SimTime, note: &str) {
        self.recorder.on_note(now, note);
    }

    fn on_instant_over(&mut self, now: SimTime, store: &Store) {
        self.recorder.on_instant_over(now, store);
        // What is kept is looked through, so that there has to be a reason.
        if self.eager || self.seen >= OFTEN.max(self.recorder.size()) {
            self.seen = 0;
            self.write_out(false);
        }
    }
}
