//! `jobsim schedule`: the next starts of a CronJob's schedule, and what clock changes do to them.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::controllers::cronjob::clock::{Clock, Entry, Mark, Skipped, Start};
use crate::controllers::cronjob::schedule::{Schedule, is_of_day_seven, names_zone};
use crate::controllers::cronjob::zone::{self, Zone};
use crate::kernel::calendar::{SECONDS_PER_DAY, day_name};
use crate::kernel::instant::Instant;

/// Print the next starts of a schedule, local and UTC, and mark local times that a clock change skips or repeats.
///
/// Starts are those that Kubernetes would make: its cron library is followed step by step.
#[derive(Args, Clone, Debug)]
pub struct ScheduleArgs {
    /// The schedule: five cron fields or a descriptor, as '30 2 * * *', '@daily', '@every 90m'
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub schedule: Option<String>,

    /// The time zone (spec.timeZone) by its IANA name, as Europe/Berlin; UTC if there is none
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub time_zone: Option<String>,

    /// Read schedule and time zone from the CronJobs of this manifest, or of those in this folder; - is standard input
    #[arg(short, long = "filename", alias = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Print starts after this instant, in RFC 3339. Required: jobsim never reads the clock of the machine, so that the
    /// same command prints the same text on every day
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    pub from: Instant,

    /// How many starts to print
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,

    /// What to print
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// How starts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people
    Table,
    /// One JSON object
    Json,
}

/// Prints the starts of the schedule, or of each CronJob of the manifest.
pub fn run(args: &ScheduleArgs, out: &mut dyn Write) -> Result<()> {
    let subjects = match (&args.schedule, &args.file) {
        (_, Some(folder)) if folder.is_dir() => of_folder(folder)?,
        (_, Some(file)) => read_cron_jobs(file)?,
        (Some(schedule), None) => {
            vec![Subject { name: None, schedule: schedule.clone(), time_zone: args.time_zone.clone(), suspend: false }]
        }
        (None, None) => bail!("a schedule or a manifest (-f) is needed"),
    };
    match args.output {
        Output::Table => print_tables(&subjects, args, out),
        Output::Json => print_json(&subjects, args, out),
    }
}

fn parse_instant(text: &str) -> Result<Instant, String> {
    let instant: jiff::Timestamp = text.parse().map_err(|_| {
        // An hour that is too late is one in the year before.
        let is_late =
            text.strip_prefix("9999-").is_some_and(|rest| format!("9998-{rest}").parse::<jiff::Timestamp>().is_ok());
        match is_late {
            true => "too late: the latest time is 9999-12-30T22:00:00Z".to_owned(),
            false => "not an RFC 3339 time; write it like 2026-10-24T00:00:00Z".to_owned(),
        }
    })?;
    Ok(Instant::from_seconds(0).plus(instant.as_nanosecond()))
}

/// What starts are printed for.
struct Subject {
    name: Option<String>,
    schedule: String,
    time_zone: Option<String>,
    suspend: bool,
}

impl Subject {
    fn of_manifest(manifest: serde_yaml::Value) -> Result<Subject> {
        let CronJobManifest { metadata, spec } = serde_yaml::from_value(manifest)?;
        let suspend = spec.suspend.unwrap_or(false);
        Ok(Subject { name: Some(metadata.name), schedule: spec.schedule, time_zone: spec.time_zone, suspend })
    }

    /// The schedule, and the zone that its starts are shown in.
    fn parse(&self) -> Result<(Schedule, Zone)> {
        let zone = match self.time_zone.as_deref() {
            Some(name) if name.is_empty() || name.eq_ignore_ascii_case("Local") => {
                bail!("time zone {name:?}: the API server refuses it; leave it out for that of the controller, UTC")
            }
            Some(name) => Zone::load(name)
                .map_err(anyhow::Error::msg)
                .with_context(|| format!("time zone {name:?}; names are IANA's, as Europe/Berlin, in exact case"))?,
            None => Zone::utc(),
        };
        let schedule = Schedule::of_cron_job(&self.schedule, self.time_zone.as_deref())
            .map_err(|error| match is_of_day_seven(&error) {
                true => anyhow::anyhow!("{error}; Sunday is 0"),
                false => anyhow::Error::msg(error),
            })
            .with_context(|| format!("schedule {:?}", self.schedule))?;
        let zone = schedule.zone().cloned().unwrap_or(zone);
        Ok((schedule, zone))
    }

    fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        if self.suspend {
            notes.push("suspended: nothing starts until it is resumed");
        }
        if names_zone(&self.schedule) {
            notes.push("the API refuses new CronJobs with TZ or CRON_TZ in the schedule: use spec.timeZone");
        }
        notes
    }
}

/// The parts of a CronJob manifest that matter here.
#[derive(Deserialize)]
struct CronJobManifest {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    schedule: String,
    time_zone: Option<String>,
    #[serde(default)]
    suspend: Option<bool>,
}

/// The CronJobs of all manifests in a folder, in the order of their names.
fn of_folder(folder: &Path) -> Result<Vec<Subject>> {
    let cannot = || format!("cannot read {}", folder.display());
    let entries: std::io::Result<Vec<PathBuf>> =
        std::fs::read_dir(folder).with_context(cannot)?.map(|entry| Ok(entry?.path())).collect();
    let mut files = entries.with_context(cannot)?;
    files.retain(|file| file.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|e| ending == *e)));
    files.sort();
    let mut subjects = Vec::new();
    for file in files {
        subjects.extend(cron_jobs_of(&file)?);
    }
    if subjects.is_empty() {
        bail!("{} holds no CronJob", folder.display());
    }
    Ok(subjects)
}

fn read_cron_jobs(file: &Path) -> Result<Vec<Subject>> {
    let subjects = cron_jobs_of(file)?;
    if subjects.is_empty() {
        bail!("{} holds no CronJob", file.display());
    }
    Ok(subjects)
}

fn cron_jobs_of(file: &Path) -> Result<Vec<Subject>> {
    let name = file.display();
    let text = match file.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(file),
    };
    let text = text.with_context(|| format!("cannot read {name}"))?;
    let mut subjects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let value = serde_yaml::Value::deserialize(document).with_context(|| format!("{name} is not YAML"))?;
        let items = match value.get("items") {
            Some(serde_yaml::Value::Sequence(items)) => items.clone(),
            _ => vec![value],
        };
        for item in items {
            if item.get("kind").and_then(serde_yaml::Value::as_str) == Some("CronJob") {
                subjects.push(Subject::of_manifest(item).with_context(|| format!("a CronJob of {name}"))?);
            }
        }
    }
    Ok(subjects)
}

fn print_tables(subjects: &[Subject], args: &ScheduleArgs, out: &mut dyn Write) -> Result<()> {
    for (position, subject) in subjects.iter().enumerate() {
        let (schedule, zone) = subject.parse()?;
        if position > 0 {
            writeln!(out)?;
        }
        if let Some(name) = &subject.name {
            writeln!(out, "cronjob/{name}")?;
        }
        writeln!(out, "{:?} in {} (zone data {})", subject.schedule, zone.name(), zone::data_version())?;
        for note in subject.notes() {
            writeln!(out, "note: {note}")?;
        }
        writeln!(out, "\nDAY  {:25}  {:20}  NOTE", "LOCAL", "UTC")?;
        let end = walk(&schedule, &zone, args, |entry| {
            let row = Row::of(entry);
            let utc = row.utc.as_deref().unwrap_or("-");
            let line = format!("{}  {:25}  {utc:20}  {}", row.day, row.local, row.note.unwrap_or_default());
            writeln!(out, "{}", line.trim_end())
        })?;
        if end == End::Never {
            writeln!(out, "no further start within five years")?;
        }
    }
    Ok(())
}

/// What `-o json` prints for one schedule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    schedule: &'a str,
    time_zone: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
    entries: Vec<Row>,
    /// Does the schedule start no more within five years of the last entry?
    ends: bool,
}

fn print_json(subjects: &[Subject], args: &ScheduleArgs, out: &mut dyn Write) -> Result<()> {
    let mut listings = Vec::new();
    for subject in subjects {
        let (schedule, zone) = subject.parse()?;
        let mut entries = Vec::new();
        let end = walk(&schedule, &zone, args, |entry| {
            entries.push(Row::of(entry));
            Ok(())
        })?;
        let time_zone = zone.name().to_owned();
        listings.push((subject, time_zone, entries, end == End::Never));
    }
    let schedules: Vec<Listing<'_>> = listings
        .iter_mut()
        .map(|(subject, time_zone, entries, ends)| Listing {
            name: subject.name.as_deref(),
            schedule: &subject.schedule,
            time_zone,
            notes: subject.notes(),
            entries: std::mem::take(entries),
            ends: *ends,
        })
        .collect();
    let document = serde_json::json!({ "timeZoneData": zone::data_version(), "schedules": schedules });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}

/// How a walk over a schedule came to its end.
#[derive(PartialEq)]
enum End {
    Counted,
    Never,
}

/// Shows the entries up to the `--count`th start.
fn walk(
    schedule: &Schedule,
    zone: &Zone,
    args: &ScheduleArgs,
    mut show: impl FnMut(Entry) -> std::io::Result<()>,
) -> Result<End> {
    let mut clock = Clock::new(schedule, zone, args.from);
    let mut starts = 0;
    while starts < args.count {
        let Some(entry) = clock.next_entry()? else { return Ok(End::Never) };
        starts += u32::from(matches!(entry, Entry::Start(_)));
        show(entry)?;
    }
    Ok(End::Counted)
}

/// A line of the output.
#[derive(Serialize)]
struct Row {
    day: &'static str,
    local: String,
    utc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Row {
    fn of(entry: Entry) -> Row {
        match entry {
            Entry::Start(start) => Row::of_start(start),
            Entry::Skipped(skipped) => Row::of_skipped(skipped),
        }
    }

    fn of_start(start: Start) -> Row {
        let (mark, note) = start.mark.map(describe).unzip();
        Row {
            day: day_name(start.at.seconds.saturating_add(start.offset)),
            local: start.at.rfc3339(start.offset),
            utc: Some(start.at.to_string()),
            mark,
            note: note.map(str::to_owned),
        }
    }

    fn of_skipped(skipped: Skipped) -> Row {
        let mut note = format!("skipped: the clock goes from {} to {}", time(skipped.from), time(skipped.to));
        if skipped.count > 1 {
            note += &format!(" ({} times up to {})", skipped.count, time(skipped.last));
        }
        let local = Instant::from_seconds(skipped.first).to_string();
        Row {
            day: day_name(skipped.first),
            local: local.trim_end_matches('Z').to_owned(),
            utc: None,
            mark: Some("skipped"),
            note: Some(note),
        }
    }
}

fn describe(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::FirstOfTwo => ("doubled", "doubled: the clock goes back, first of two starts"),
        Mark::SecondOfTwo => ("doubled", "doubled: the clock went back, second of two starts"),
        Mark::OnlyOneOfTwo => ("once", "the clock shows this time twice, the schedule starts once"),
        Mark::OffTheClock => ("shifted", "shifted: a clock change moved it off the schedule's time"),
        Mark::NotLater => ("repeated", "repeated: not later than the start before, an oddity at clock changes"),
    }
}

/// What a clock shows, to the minute; at midnight with the date, since the day may be in question.
fn time(wall: i64) -> String {
    let text = Instant::from_seconds(wall).to_string();
    let minutes = text.trim_end_matches('Z').strip_suffix(":00").unwrap_or(&text);
    match minutes.split_once('T') {
        Some((_, time)) if wall.rem_euclid(SECONDS_PER_DAY) != 0 => time.to_owned(),
        _ => minutes.replace('T', " "),
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
