//! CronJobs' calendars for people: each start, when its Job came, how that ended, and what was odd.

use crate::controllers::cronjob::clock::Mark;
use crate::kernel::calendar::day_name;
use crate::kernel::instant::Instant;
use crate::kernel::time::SimDuration;
use crate::record::calendar::{CalendarCounts, CalendarEntry, Calendars, Outcome, Why, is_late};
use crate::record::{CronJobLife, JobLife, Run};
use crate::report::kubectl::{duration, table::table};
use crate::report::summary;

/// With more rows than this, starts with nothing to say of them are told together.
const MOST_ROWS: usize = 30;
/// Most CronJobs whose calendar is shown.
const MOST_CALENDARS: usize = 5;

/// The calendars of the run's CronJobs.
pub fn text(run: &Run) -> String {
    let (calendars, mut text) = (Calendars::new(run), String::new());
    for life in run.cron_jobs.iter().take(MOST_CALENDARS) {
        text.push_str(&of_cron_job(run, life, calendars.of(life)));
        text.push('\n');
    }
    if let Some(rest) = run.cron_jobs.len().checked_sub(MOST_CALENDARS).filter(|&rest| rest > 0) {
        text.push_str(&format!("... and {rest} more CronJobs; all are in summary.json\n\n"));
    }
    text
}

fn of_cron_job(run: &Run, life: &CronJobLife, entries: Vec<CalendarEntry>) -> String {
    let counts = CalendarCounts::of(&entries);
    let zone = life.specs.last().and_then(|(_, spec)| spec.time_zone.as_deref()).unwrap_or("UTC");
    let schedule = life.specs.last().map_or("", |(_, spec)| &*spec.schedule);
    let mut text = format!("CronJob {} ({schedule} in {zone}): {}.\n", life.name.name, in_words(&counts));
    let header = ["SCHEDULED", "STARTED", "JOB", "RESULT", "NOTE"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    if entries.len() > MOST_ROWS {
        entries.chunk_by(are_alike).for_each(|alike| tell_together(run, alike, &mut rows));
    } else {
        rows.extend(entries.iter().map(|entry| row(run, entry)));
    }
    if rows.len() > 1 {
        text.push_str(&table(&rows));
    }
    text
}

fn in_words(counts: &CalendarCounts) -> String {
    let mut words = format!("{} starts, {} started", counts.starts, counts.started);
    for (count, what) in [
        (counts.late, "late"),
        (counts.overlapping, "overlapping"),
        (counts.doubled, "doubled"),
        (counts.missed, "skipped"),
        (counts.left_out, "not on the clock"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {count} {what}"));
        }
    }
    words
}

/// Is there the same to say of two starts, but for their times and Jobs?
fn are_alike(a: &CalendarEntry, b: &CalendarEntry) -> bool {
    let plain = |entry: &CalendarEntry| {
        let on_time = matches!(entry.outcome, Outcome::Started { after, overlapping: 0, .. } if !is_late(after));
        on_time && entry.mark.is_none()
    };
    match (&a.outcome, &b.outcome) {
        (Outcome::Missed(a), Outcome::Missed(b)) => a == b,
        _ => plain(a) && plain(b),
    }
}

/// Up to two starts are told one by one, more of them in a line.
fn tell_together(run: &Run, alike: &[CalendarEntry], rows: &mut Vec<Vec<String>>) {
    let [first, .., last] = alike else { return rows.extend(alike.iter().map(|entry| row(run, entry))) };
    if alike.len() < 3 {
        return rows.extend(alike.iter().map(|entry| row(run, entry)));
    }
    let what = match &first.outcome {
        Outcome::Missed(why) => format!("skipped: {}", reason(why)),
        _ => "on time".to_owned(),
    };
    let note = format!("{} starts up to {} {what}", alike.len(), local(last.at, last.offset));
    rows.push(vec![local(first.at, first.offset), "...".into(), String::new(), String::new(), note]);
}

fn row(run: &Run, entry: &CalendarEntry) -> Vec<String> {
    let mut notes: Vec<String> = entry.mark.map(|mark| told(mark).to_owned()).into_iter().collect();
    let (started, job, result) = match &entry.outcome {
        Outcome::Started { job, after, overlapping } => {
            if *overlapping > 0 {
                let runs = if *overlapping == 1 { "run" } else { "runs" };
                notes.push(format!("overlaps {overlapping} {runs}"));
            }
            let started = if is_late(*after) { format!("{} late", short(*after)) } else { "on time".to_owned() };
            let job = &run.jobs[*job];
            (started, job.name.name.to_string(), result(run, job))
        }
        Outcome::Missed(why) => {
            notes.push(reason(why));
            ("skipped".to_owned(), String::new(), String::new())
        }
        Outcome::LeftOut(gap) => {
            let time = |wall: i64| Instant::from_seconds(wall).to_string()[11..16].to_owned();
            let (from, to) = (time(gap.from), time(gap.to));
            notes.push(format!("the clock goes from {from} to {to}"));
            let times = if gap.count == 1 { String::new() } else { format!(" and {} more", gap.count - 1) };
            let scheduled =
                format!("{} {}{times}", day_name(gap.first), &Instant::from_seconds(gap.first).to_string()[..19]);
            return vec![scheduled, "never".into(), String::new(), String::new(), notes.join("; ")];
        }
    };
    vec![local(entry.at, entry.offset), started, job, result, notes.join("; ")]
}

fn told(mark: Mark) -> &'static str {
    match mark {
        Mark::FirstOfTwo => "doubled: the clock goes back, first of two starts",
        Mark::SecondOfTwo => "doubled: the clock went back, second of two starts",
        Mark::OnlyOneOfTwo => "the clock shows this time twice, the schedule starts once",
        Mark::OffTheClock => "a clock change moved it off the schedule's time",
        Mark::NotLater => "not later than the start before, an oddity at clock changes",
    }
}

fn reason(why: &Why) -> String {
    match why {
        Why::Suspended => "suspended".to_owned(),
        Why::Forbidden(job) => format!("Job {job} was still active and the policy is Forbid"),
        Why::Down(component, None) => format!("the {} was down", component.as_str()),
        Why::Down(component, Some(seconds)) => {
            format!("the {} was down, and startingDeadlineSeconds {seconds} went by", component.as_str())
        }
        Why::Refused(message) => format!("the Job was refused: {message}"),
        Why::Deadline(seconds) => format!("not within startingDeadlineSeconds {seconds}"),
        Why::Superseded => "missed, and only the latest start is made up for".to_owned(),
    }
}

fn result(run: &Run, job: &JobLife) -> String {
    // Of a Job that nobody has started, how long it has been there.
    let stood = || short(job.removed.unwrap_or(run.end).since(job.created));
    let length = summary::length(job, run.end).unwrap_or_else(stood);
    format!("{} {length}", job.status_word())
}

fn short(length: SimDuration) -> String {
    duration::human(i64::try_from(length.0).unwrap_or(i64::MAX))
}

fn local(at: Instant, offset: i64) -> String {
    format!("{} {}", day_name(at.seconds + offset), at.rfc3339(offset))
}
