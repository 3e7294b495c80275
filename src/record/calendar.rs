//! A CronJob's calendar: every start that its schedule names, and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{CronJobLife, JobLife, Run};
use crate::api::cronjob::{ConcurrencyPolicy, CronJobSpec};
use crate::controllers::cronjob::clock::{Clock, Entry, Mark, Skipped};
use crate::controllers::cronjob::schedule::Schedule;
use crate::controllers::cronjob::zone::Zone;
use crate::kernel::instant::Instant;
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};
use crate::scenario::Component;

/// Controllers look 100 ms after a start; what begins later than this is late.
const ON_TIME: SimDuration = SimDuration::from_secs(1);
/// Most entries of a calendar.
const MOST_ENTRIES: usize = 2_000_000;

/// An entry of a calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct CalendarEntry {
    /// The start by the schedule; of times that the clock leaves out, the instant of the change.
    pub at: Instant,
    /// Seconds that the clock is ahead of UTC then.
    pub offset: i64,
    /// What a clock change does to it.
    pub mark: Option<Mark>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a start.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A Job was created for it.
    Started {
        /// Its place in [`Run::jobs`].
        job: usize,
        /// How long after the start.
        after: SimDuration,
        /// Runs of the same CronJob that were active then.
        overlapping: usize,
    },
    /// None was.
    Missed(Why),
    /// The clock does not show these times.
    LeftOut(Skipped),
}

/// Why no Job was created for a start.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// `spec.suspend`.
    Suspended,
    /// The run before it was active and the policy is Forbid.
    Forbidden(Arc<str>),
    /// This component was down; with `startingDeadlineSeconds` if they had gone by when it was back, else only the
    /// latest start was made up for.
    Down(Component, Option<i64>),
    /// The API server refused the Job.
    Refused(String),
    /// It could not be made up for within `startingDeadlineSeconds`.
    Deadline(i64),
    /// Several were missed, and only the latest is made up for.
    Superseded,
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CalendarCounts {
    /// Starts that the schedule names.
    pub starts: u64,
    /// Starts with a Job.
    pub started: u64,
    /// Of these, late ones.
    pub late: u64,
    /// Of these, ones that began while another run was active.
    pub overlapping: u64,
    /// Starts without a Job.
    pub missed: u64,
    /// Starts at a local time that the clock shows twice.
    pub doubled: u64,
    /// Local times of the schedule that the clock leaves out.
    pub left_out: u64,
}

impl CalendarCounts {
    /// Of a calendar.
    pub fn of(entries: &[CalendarEntry]) -> CalendarCounts {
        let mut counts = CalendarCounts::default();
        for entry in entries {
            match &entry.outcome {
                Outcome::LeftOut(skipped) => {
                    counts.left_out += u64::from(skipped.count);
                    continue;
                }
                Outcome::Started { after, overlapping, .. } => {
                    counts.started += 1;
                    counts.late += u64::from(is_late(*after));
                    counts.overlapping += u64::from(*overlapping > 0);
                }
                Outcome::Missed(_) => counts.missed += 1,
            }
            counts.starts += 1;
            counts.doubled += u64::from(matches!(entry.mark, Some(Mark::FirstOfTwo | Mark::SecondOfTwo)));
        }
        counts
    }
}

/// Was a Job created later than a controller that is up needs?
pub fn is_late(after: SimDuration) -> bool {
    after > ON_TIME
}

/// The calendars of a run's CronJobs.
#[derive(Debug)]
pub struct Calendars<'a> {
    run: &'a Run,
    /// Places of the Jobs in [`Run::jobs`], by namespace and name of the CronJob that made them.
    jobs: BTreeMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> Calendars<'a> {
    /// Of a run.
    pub fn new(run: &'a Run) -> Calendars<'a> {
        let mut jobs: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (at, job) in run.jobs.iter().enumerate() {
            if let Some(cron_job) = job.cron_job.as_deref() {
                jobs.entry((&*job.name.namespace, cron_job)).or_default().push(at);
            }
        }
        Calendars { run, jobs }
    }

    /// Of one of its CronJobs.
    pub fn of(&self, life: &CronJobLife) -> Vec<CalendarEntry> {
        let end = life.removed.unwrap_or(self.run.horizon.unwrap_or(self.run.end));
        let jobs = self.jobs.get(&(&*life.name.namespace, &*life.name.name)).map_or(&[][..], Vec::as_slice);
        let runs = Runs::of(self.run, life, jobs);
        let mut entries = Vec::new();
        for (at, (from, spec)) in life.specs.iter().enumerate() {
            let until = life.specs.get(at + 1).map_or(end, |next| next.0);
            // A creation time is a whole second.
            let from = if at == 0 { SimTime::from_secs(from.whole_seconds()) } else { *from };
            runs.walk(spec, from, until, &mut entries);
        }
        runs.add_made_up(&mut entries);
        entries
    }
}

/// When a Job was no longer active; none: it never was otherwise.
fn over(job: &JobLife) -> Option<SimTime> {
    job.finished().or(job.removed)
}

/// A CronJob's Jobs, by the starts that they were made for.
struct Runs<'a> {
    run: &'a Run,
    life: &'a CronJobLife,
    jobs: BTreeMap<i64, usize>,
    /// When they were created and when they were over, each in order; those that were never active are left out.
    begun: Vec<SimTime>,
    over: Vec<SimTime>,
}

impl<'a> Runs<'a> {
    /// Of the Jobs that were made by CronJobs of this name: others may have had it before or after.
    fn of(run: &'a Run, life: &'a CronJobLife, jobs: &[usize]) -> Runs<'a> {
        let of_life =
            |job: &JobLife| job.created >= life.created && life.removed.is_none_or(|removed| job.created <= removed);
        let jobs = jobs.iter().map(|&at| (at, &run.jobs[at])).filter(|(_, job)| of_life(job));
        let jobs: BTreeMap<i64, usize> = jobs.filter_map(|(at, job)| Some((job.scheduled?, at))).collect();
        let active = jobs.values().map(|&job| &run.jobs[job]).filter(|job| over(job) != Some(job.created));
        let mut begun: Vec<SimTime> = active.clone().map(|job| job.created).collect();
        let mut ended: Vec<SimTime> = active.filter_map(over).collect();
        begun.sort_unstable();
        ended.sort_unstable();
        Runs { run, life, jobs, begun, over: ended }
    }

    /// Adds the entries of one version of the CronJob.
    fn walk(&self, spec: &CronJobSpec, from: SimTime, until: SimTime, entries: &mut Vec<CalendarEntry>) {
        let Ok(schedule) = Schedule::of_cron_job(&spec.schedule, spec.time_zone.as_deref()) else { return };
        let Ok(zone) = spec.time_zone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::load) else { return };
        let mut clock = Clock::new(&schedule, &zone, Instant::of(self.run.start, from));
        let end = Instant::of(self.run.start, until);
        while entries.len() < MOST_ENTRIES {
            let Ok(Some(entry)) = clock.next_entry() else { return };
            match entry {
                Entry::Start(start) if start.at >= end => return,
                Entry::Start(start) => {
                    let outcome = self.outcome(spec, start.at);
                    entries.push(CalendarEntry { at: start.at, offset: start.offset, mark: start.mark, outcome });
                }
                Entry::Skipped(gap) => {
                    // What the clock shows after the change tells when it was.
                    let zone = schedule.zone().unwrap_or(&zone);
                    let at = Instant::from_seconds(zone.instant_of(gap.to));
                    if at >= end {
                        return;
                    }
                    let offset = zone.offset(at.seconds);
                    entries.push(CalendarEntry { at, offset, mark: None, outcome: Outcome::LeftOut(gap) });
                }
            }
        }
    }

    /// Adds the starts that lie before the version of the CronJob that they are of: an edited schedule makes up for those
    /// that it would have named.
    fn add_made_up(&self, entries: &mut Vec<CalendarEntry>) {
        let told = |entry: &CalendarEntry| match entry.outcome {
            Outcome::Started { job, .. } => Some(job),
            _ => None,
        };
        let told: BTreeSet<usize> = entries.iter().filter_map(told).collect();
        if told.len() == self.jobs.len() {
            return;
        }
        for (&since_start, job) in self.jobs.iter().filter(|(_, job)| !told.contains(job)) {
            let at = Instant::from_seconds(self.run.start + since_start);
            let created = self.run.jobs[*job].created;
            let spec = self.life.specs.iter().rfind(|(from, _)| *from <= created).or(self.life.specs.first());
            let zone = spec.and_then(|(_, spec)| spec.time_zone.as_deref()).and_then(|name| Zone::load(name).ok());
            let offset = zone.map_or(0, |zone| zone.offset(at.seconds));
            entries.push(CalendarEntry { at, offset, mark: None, outcome: self.started(*job, at) });
        }
        entries.sort_by_key(|entry| entry.at);
    }

    fn started(&self, job: usize, at: Instant) -> Outcome {
        let created = self.run.jobs[job].created;
        let after = SimDuration(Instant::of(self.run.start, created).since(at).max(0) as u64);
        Outcome::Started { job, after, overlapping: self.active(created) }
    }

    fn outcome(&self, spec: &CronJobSpec, at: Instant) -> Outcome {
        let since_start = at.seconds - self.run.start;
        let planned = SimTime(since_start.max(0) as u64 * NANOS_PER_SECOND);
        match self.jobs.get(&since_start) {
            Some(&job) => self.started(job, at),
            None => Outcome::Missed(self.why(spec, planned)),
        }
    }

    /// How many runs were active at an instant: created before and not over.
    fn active(&self, at: SimTime) -> usize {
        self.begun.partition_point(|&begun| begun < at) - self.over.partition_point(|&over| over <= at)
    }

    /// The last of them.
    fn last_active(&self, at: SimTime) -> Option<&JobLife> {
        if self.active(at) == 0 {
            return None;
        }
        let jobs = self.jobs.range(..=at.whole_seconds() as i64).rev().map(|(_, &job)| &self.run.jobs[job]);
        jobs.into_iter().find(|job| job.created < at && over(job).is_none_or(|end| end > at))
    }

    fn why(&self, spec: &CronJobSpec, planned: SimTime) -> Why {
        let outage = |component| {
            self.run.outages.iter().find(|outage| outage.0 == component && (outage.1..outage.2).contains(&planned))
        };
        if self.suspended(planned) {
            return Why::Suspended;
        }
        if let Some(outage) = [Component::ControllerManager, Component::ApiServer].into_iter().find_map(outage) {
            let too_late =
                |seconds: &i64| outage.2.since(planned) > SimDuration::from_secs(seconds.max(&0).unsigned_abs());
            return Why::Down(outage.0, spec.starting_deadline_seconds.filter(too_late));
        }
        if spec.concurrency_policy == ConcurrencyPolicy::Forbid
            && let Some(job) = self.last_active(planned)
        {
            return Why::Forbidden(job.name.name.clone());
        }
        if let Some(message) = self.refusal(planned) {
            return Why::Refused(message);
        }
        spec.starting_deadline_seconds.map_or(Why::Superseded, Why::Deadline)
    }

    fn suspended(&self, at: SimTime) -> bool {
        let rows = &self.life.rows;
        rows[..rows.partition_point(|row| row.time <= at)].last().is_some_and(|row| row.suspended)
    }

    /// What the API server said of the Job, if it refused it when the start was due.
    fn refusal(&self, planned: SimTime) -> Option<String> {
        let events = &self.run.events;
        let due = planned + ON_TIME;
        let first = events.partition_point(|event| event.time < planned);
        let mut near = events[first..].iter().take_while(|event| event.time <= due);
        let refused = near.find(|event| {
            event.kind == "CronJob" && event.reason == "FailedCreate" && event.object == self.life.name
        })?;
        Some(refused.message.trim_start_matches("Error creating job: ").to_owned())
    }
}
