//! Schedules and missed starts against recordings of the cron library and the CronJob controller.

use jobsim::controllers::cronjob::missed::{self, Due, Missed, ScheduleError, TOO_MANY_MISSED, Times};
use jobsim::controllers::cronjob::schedule::{EndlessSearch, Schedule};
use jobsim::controllers::cronjob::zone::Zone;
use jobsim::kernel::instant::Instant;
use serde::Deserialize;

use crate::recorded::{self, Tally, differs};

fn instant(text: &str) -> Instant {
    let instant: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let nanos = instant.as_nanosecond();
    Instant::from_seconds(0).plus(nanos)
}

fn check_lines<T: serde::de::DeserializeOwned>(file: &str, check: impl Fn(&T) -> (String, Option<String>)) {
    let Some(text) = recorded::file("cron", file) else { return };
    let mut tally = Tally::default();
    for line in text.lines() {
        let (name, difference) = check(&serde_json::from_str(line).expect("a recorded case"));
        tally.count(name, difference);
    }
    tally.finish(&format!("cron/{file}"));
}

#[derive(Deserialize)]
struct Starts {
    group: String,
    schedule: String,
    time_zone: Option<String>,
    after: String,
    next: Vec<String>,
    error: String,
    #[serde(default)]
    never_returns: bool,
    time_zone_error: Option<String>,
}

#[test]
fn conformance_cron_schedules() {
    check_lines("schedules.jsonl", |case: &Starts| {
        let name = format!("{} {:?} {:?} after {}", case.group, case.schedule, case.time_zone, case.after);
        (name, starts_differ(case))
    });
}

fn starts_differ(case: &Starts) -> Option<String> {
    let zone_error = case.time_zone.as_deref().and_then(|zone| Zone::load(zone).err());
    let parsed = Schedule::of_cron_job(&case.schedule, case.time_zone.as_deref());
    let error = parsed.as_ref().err().cloned().unwrap_or_default();
    let found = differs("zone error", case.time_zone_error.clone(), zone_error)
        .or_else(|| differs("error", case.error.clone(), error));
    match parsed {
        Ok(schedule) if found.is_none() => {
            let (next, endless) = next_six(&schedule, instant(&case.after));
            let names = |error: EndlessSearch| error.to_string().contains(&case.schedule);
            differs("next", case.next.clone(), next)
                .or_else(|| differs("never returns", case.never_returns, endless.is_some_and(names)))
        }
        _ => found,
    }
}

fn next_six(schedule: &Schedule, mut after: Instant) -> (Vec<String>, Option<EndlessSearch>) {
    let mut starts = Vec::new();
    while starts.len() < 6 {
        match schedule.next(after) {
            Ok(Some(start)) => {
                starts.push(start.to_string());
                after = start;
            }
            Ok(None) => return (starts, None),
            Err(endless) => return (starts, Some(endless)),
        }
    }
    (starts, None)
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    #[serde(rename = "in")]
    given: Given,
    most_recent_schedule_time: MostRecent,
    next_schedule_time: NextTime,
    requeue_after_ns: i64,
    too_late: Option<bool>,
    job: Option<Job>,
    #[serde(default)]
    never_returns: bool,
}

#[derive(Deserialize)]
struct Given {
    schedule: String,
    time_zone: Option<String>,
    creation: String,
    last_schedule_time: Option<String>,
    now: String,
    starting_deadline_seconds: Option<i64>,
    include_starting_deadline: bool,
}

#[derive(Deserialize)]
struct MostRecent {
    earliest: String,
    most_recent: Option<String>,
    missed: String,
    error: String,
}

#[derive(Deserialize)]
struct NextTime {
    time: Option<String>,
    error: String,
    events: Vec<String>,
}

#[derive(Deserialize, Debug, PartialEq, Clone)]
struct Job {
    name: String,
    scheduled_timestamp_annotation: String,
}

#[test]
fn conformance_cron_missed() {
    check_lines("missed.jsonl", |case: &Decision| (case.id.clone(), decision_differs(case)));
}

fn decision_differs(case: &Decision) -> Option<String> {
    let given = &case.given;
    let schedule = Schedule::of_cron_job(&given.schedule, given.time_zone.as_deref()).expect("a schedule");
    let now = instant(&given.now);
    let times = Times {
        creation: instant(&given.creation),
        last_schedule: given.last_schedule_time.as_deref().map(instant),
        starting_deadline: given.starting_deadline_seconds,
    };
    let recent = missed::most_recent_start(&times, now, &schedule, given.include_starting_deadline);
    let due = missed::due_start(&times, now, &schedule);
    let requeue = missed::requeue_after(&times, now, &schedule);
    if case.never_returns {
        let endless = |error: &ScheduleError| matches!(error, ScheduleError::Endless(_));
        let ends = recent.is_err_and(|e| endless(&e)) || due.is_err_and(|e| endless(&e)) || requeue.is_err();
        return (!ends).then(|| "ended".to_owned());
    }
    recent_differs(case, recent)
        .or_else(|| {
            let earliest = missed::earliest_start(&times, now, given.include_starting_deadline);
            differs("earliest", case.most_recent_schedule_time.earliest.clone(), earliest.to_string())
        })
        .or_else(|| differs("requeue", Ok(case.requeue_after_ns), requeue))
        .or_else(|| due_differs(case, &times, now, due))
}

fn recent_differs(case: &Decision, recent: Result<missed::MostRecent, ScheduleError>) -> Option<String> {
    let recorded = &case.most_recent_schedule_time;
    let (start, missed, error) = match recent {
        Ok(recent) => (recent.start.map(|start| start.to_string()), recent.missed, String::new()),
        Err(error) => (None, Missed::None, error.to_string()),
    };
    let missed = format!("{missed:?}").to_lowercase();
    differs("most recent", recorded.most_recent.clone(), start)
        .or_else(|| differs("missed", recorded.missed.clone(), missed))
        .or_else(|| differs("error", recorded.error.clone(), error))
}

fn due_differs(
    case: &Decision,
    times: &Times,
    now: Instant,
    due: Result<Option<Due>, ScheduleError>,
) -> Option<String> {
    let recorded = &case.next_schedule_time;
    let error = due.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let due = due.ok().flatten();
    let start = due.map(|due| due.start);
    let warns = due.is_some_and(|due| due.too_many_missed);
    let events = if warns { vec![format!("Warning TooManyMissedTimes {TOO_MANY_MISSED}")] } else { Vec::new() };
    let zone = Zone::load(case.given.time_zone.as_deref().unwrap_or("")).expect("a zone");
    let job = start.map(|start| Job {
        name: missed::job_name("demo", start),
        scheduled_timestamp_annotation: missed::scheduled_timestamp(start, &zone),
    });
    differs("time", recorded.time.clone(), start.map(|start| start.to_string()))
        .or_else(|| differs("time error", recorded.error.clone(), error))
        .or_else(|| differs("events", recorded.events.clone(), events))
        .or_else(|| differs("too late", case.too_late, start.map(|start| missed::is_too_late(times, start, now))))
        .or_else(|| differs("job", case.job.clone(), job))
}
