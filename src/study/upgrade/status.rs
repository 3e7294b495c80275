//! Status fields that had another value for a time: "Job w: ready is 0 instead of 2 from 32.0 s on".

use super::super::difference::{Difference, Kind, Micros, at};
use crate::api::job::JobConditionType;
use crate::api::meta::ObjectName;
use crate::kernel::time::SimTime;
use crate::record::{CronJobLife, CronJobRow, JobLife, JobRow, Run};

/// A field's values, each from an instant on.
type Steps = Vec<(SimTime, String)>;

/// A field's name, and how a row shows it.
type Field<R> = (&'static str, fn(&R) -> String);

/// Status fields of Jobs, by their API names.
const JOB_FIELDS: [Field<JobRow>; 11] = [
    ("active", |row| row.active.to_string()),
    ("ready", |row| row.ready.to_string()),
    ("terminating", |row| row.terminating.to_string()),
    ("succeeded", |row| row.succeeded.to_string()),
    ("failed", |row| row.failed.to_string()),
    ("uncounted succeeded pods", |row| row.uncounted_succeeded.to_string()),
    ("uncounted failed pods", |row| row.uncounted_failed.to_string()),
    ("completedIndexes", |row| row.completed_indexes.clone()),
    ("failedIndexes", |row| row.failed_indexes.clone()),
    ("startTime", |row| second(row.start_time.map(|time| time.0.into()))),
    ("completionTime", |row| second(row.completion_time.map(|time| time.0.into()))),
];

/// Status fields of CronJobs.
const CRON_JOB_FIELDS: [Field<CronJobRow>; 3] = [
    ("active", |row| row.active.join(", ")),
    ("lastScheduleTime", |row| second(row.last_schedule_time)),
    ("lastSuccessfulTime", |row| second(row.last_successful_time.map(|time| time.0.into()))),
];

fn second(seconds: Option<i64>) -> String {
    seconds.map_or(String::new(), |seconds| format!("{seconds} s"))
}

/// Differences of the status of Jobs and CronJobs that are in both runs.
pub(super) fn differences(before: &Run, after: &Run) -> Vec<Difference> {
    let mut found = Vec::new();
    for (place, old) in before.jobs.iter().enumerate() {
        let nth = before.jobs[..place].iter().filter(|job| job.name == old.name).count();
        if let Some(new) = after.jobs.iter().filter(|job| job.name == old.name).nth(nth) {
            found.extend(of_job(old, new));
        }
    }
    for (place, old) in before.cron_jobs.iter().enumerate() {
        let nth = before.cron_jobs[..place].iter().filter(|job| job.name == old.name).count();
        if let Some(new) = after.cron_jobs.iter().filter(|job| job.name == old.name).nth(nth) {
            found.extend(of_cron_job(old, new));
        }
    }
    found
}

fn of_job(old: &JobLife, new: &JobLife) -> Vec<Difference> {
    let mut found = conditions(old, new);
    for (field, value) in JOB_FIELDS {
        let steps = |life: &JobLife| life.rows.iter().map(|row| (row.time, value(row))).collect::<Steps>();
        found.extend(gap(&steps(old), &steps(new)).map(|gap| about("Job", &old.name, &format!("{field} {gap}"))));
    }
    found
}

fn of_cron_job(old: &CronJobLife, new: &CronJobLife) -> Vec<Difference> {
    let mut found = Vec::new();
    for (field, value) in CRON_JOB_FIELDS {
        let steps = |life: &CronJobLife| life.rows.iter().map(|row| (row.time, value(row))).collect::<Steps>();
        found.extend(gap(&steps(old), &steps(new)).map(|gap| about("CronJob", &old.name, &format!("{field} {gap}"))));
    }
    found
}

/// Conditions that only one of the Jobs ever had. Complete and Failed are told as its end.
fn conditions(old: &JobLife, new: &JobLife) -> Vec<Difference> {
    let (olds, news) = (seen(old), seen(new));
    let mut texts = Vec::new();
    for (condition, time) in &news {
        match olds.iter().find(|(known, _)| known == condition) {
            None => texts.push(format!("condition {condition} is set at {time} s, which it was not")),
            Some((_, was)) if was != time => {
                texts.push(format!("condition {condition} is set at {time} s instead of {was} s"));
            }
            Some(_) => {}
        }
    }
    let gone = olds.iter().filter(|(condition, _)| news.iter().all(|(known, _)| known != condition));
    texts.extend(
        gone.map(|(condition, was)| format!("condition {condition} is not set any more, as it was at {was} s")),
    );
    texts.iter().map(|text| about("Job", &old.name, text)).collect()
}

/// The conditions of a life but those of its end, each with its first `lastTransitionTime`, in order of appearance.
fn seen(life: &JobLife) -> Vec<(String, i64)> {
    let mut seen: Vec<(String, i64)> = Vec::new();
    for condition in life.rows.iter().flat_map(|row| &row.conditions) {
        if matches!(condition.kind, JobConditionType::Complete | JobConditionType::Failed) {
            continue;
        }
        let status = if condition.status { "" } else { "=False" };
        let name = format!("{}{status} ({})", condition.kind.as_str(), condition.reason.as_str());
        if seen.iter().all(|(known, _)| *known != name) {
            seen.push((name, condition.last_transition_time.0.into()));
        }
    }
    seen
}

/// Where two step functions differ: the first stretch in words, and how many there are more. An end of one of the lives
/// is no difference: that it went is told elsewhere.
fn gap(old: &Steps, new: &Steps) -> Option<String> {
    let mut times: Vec<SimTime> = old.iter().chain(new).map(|(time, _)| *time).collect();
    times.sort_unstable();
    times.dedup();
    let (mut was, mut is) = (old.iter().peekable(), new.iter().peekable());
    let (mut old_value, mut new_value): (Option<&str>, Option<&str>) = (None, None);
    // Stretches with the same two values all along.
    let mut stretches: Vec<(SimTime, Option<SimTime>, &str, &str)> = Vec::new();
    for time in times {
        while let Some((_, value)) = was.next_if(|(at, _)| *at <= time) {
            old_value = Some(value);
        }
        while let Some((_, value)) = is.next_if(|(at, _)| *at <= time) {
            new_value = Some(value);
        }
        let (Some(old), Some(new)) = (old_value, new_value) else { continue };
        if let Some(last) = stretches.last_mut().filter(|last| last.1.is_none()) {
            if (last.2, last.3) == (old, new) {
                continue;
            }
            last.1 = Some(time);
        }
        if old != new {
            stretches.push((time, None, old, new));
        }
    }
    let (start, end, old, new) = stretches.first()?;
    let value = |text: &str| if text.is_empty() { "not set".to_owned() } else { text.to_owned() };
    let until = end.map_or("on".to_owned(), |end| format!("until {}", at(micros(end))));
    let more = match stretches.len() - 1 {
        0 => String::new(),
        1 => ", and differs once more".to_owned(),
        n => format!(", and differs {n} times more"),
    };
    Some(format!("is {} instead of {} from {} {until}{more}", value(new), value(old), at(micros(*start))))
}

fn micros(time: SimTime) -> Micros {
    time.0 / 1_000
}

/// A difference of a Job's or CronJob's status.
fn about(kind: &str, name: &ObjectName, text: &str) -> Difference {
    let title = match &*name.namespace {
        "default" => format!("{kind} {}", name.name),
        namespace => format!("{kind} {namespace}/{}", name.name),
    };
    let job = format!("{}/{}", name.namespace, name.name);
    Difference { kind: Kind::Status, job, pod: None, text: format!("{title}: {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_other_values_are_told() {
        let steps = |steps: &[(u64, &str)]| -> Steps {
            steps.iter().map(|(seconds, value)| (SimTime(seconds * 1_000_000_000), (*value).to_owned())).collect()
        };
        let check = |old: &[(u64, &str)], new: &[(u64, &str)], expected: Option<&str>| {
            assert_eq!(gap(&steps(old), &steps(new)).as_deref(), expected, "{old:?} {new:?}");
        };
        check(&[(0, "1"), (5, "2")], &[(0, "1"), (5, "2")], None);
        // The same value said anew is no difference.
        check(&[(0, "1"), (3, "1"), (5, "2")], &[(0, "1"), (5, "2")], None);
        check(&[(0, "1"), (5, "2")], &[(0, "1"), (5, "0")], Some("is 0 instead of 2 from 5.0 s on"));
        check(&[(0, "1"), (5, "2")], &[(0, "1"), (7, "2")], Some("is 1 instead of 2 from 5.0 s until 7.0 s"));
        check(
            &[(0, "1"), (5, "2"), (8, "3"), (9, "")],
            &[(0, "1"), (7, "2"), (9, "3")],
            Some("is 1 instead of 2 from 5.0 s until 7.0 s, and differs 2 times more"),
        );
        check(&[(0, "")], &[(2, "3 s")], Some("is 3 s instead of not set from 2.0 s on"));
    }
}
