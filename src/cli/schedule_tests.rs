//! What `jobsim schedule` prints.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: ScheduleArgs,
}

fn output(args: &[&str]) -> String {
    let command = Command::try_parse_from([&["schedule"], args].concat()).unwrap_or_else(|error| panic!("{error}"));
    let mut out = Vec::new();
    if let Err(error) = run(&command.args, &mut out) {
        write!(out, "error: {error:#}").expect("memory");
    }
    String::from_utf8(out).expect("text")
}

/// The rows below the table's head.
fn rows(args: &[&str]) -> Vec<String> {
    let text = output(args);
    text.lines().skip_while(|line| !line.starts_with("DAY")).skip(1).map(str::to_owned).collect()
}

#[test]
fn a_berlin_night_is_doubled_in_autumn_and_skipped_in_spring() {
    let check = |from: &str, count: &str, lines: &[&str]| {
        let args = ["30 2 * * *", "--time-zone", "Europe/Berlin", "--from", from, "--count", count];
        assert_eq!(rows(&args), lines, "from {from}");
    };
    check(
        "2026-10-24T00:00:00Z",
        "4",
        &[
            "Sat  2026-10-24T02:30:00+02:00  2026-10-24T00:30:00Z",
            "Sun  2026-10-25T02:30:00+02:00  2026-10-25T00:30:00Z  doubled: the clock goes back, first of two starts",
            "Sun  2026-10-25T02:30:00+01:00  2026-10-25T01:30:00Z  doubled: the clock went back, second of two starts",
            "Mon  2026-10-26T02:30:00+01:00  2026-10-26T01:30:00Z",
        ],
    );
    check(
        "2026-03-28T00:00:00Z",
        "2",
        &[
            "Sat  2026-03-28T02:30:00+01:00  2026-03-28T01:30:00Z",
            "Sun  2026-03-29T02:30:00        -                     skipped: the clock goes from 02:00 to 03:00",
            "Mon  2026-03-30T02:30:00+02:00  2026-03-30T00:30:00Z",
        ],
    );
}

#[test]
fn the_head_names_schedule_zone_and_data() {
    let text = output(&["@daily", "--from", "2026-01-05T00:00:00Z", "--count", "1"]);
    let expected = "\
\"@daily\" in UTC (zone data 2025c)

DAY  LOCAL                      UTC                   NOTE
Tue  2026-01-06T00:00:00Z       2026-01-06T00:00:00Z
";
    assert_eq!(text, expected);
}

#[test]
fn json_has_the_same_entries() {
    let args = ["*/20 2 * * *", "--time-zone", "Europe/Berlin", "--from", "2026-03-29T00:00:00Z", "--count", "1"];
    let text = output(&[&args[..], &["-o", "json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let entries = &document["schedules"][0]["entries"];
    assert_eq!(entries[0]["mark"], "skipped");
    assert_eq!(entries[0]["note"], "skipped: the clock goes from 02:00 to 03:00 (3 times up to 02:40)");
    assert_eq!(entries[1]["utc"], "2026-03-30T00:00:00Z");
    assert_eq!(document["schedules"][0]["timeZone"], "Europe/Berlin");
}

#[test]
fn manifests_give_schedule_and_zone() {
    let manifest = "\
kind: Job
metadata: {name: other}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: '30 2 * * *', timeZone: Asia/Tokyo, suspend: true, jobTemplate: {}}
---
kind: List
items:
- {kind: CronJob, metadata: {name: hourly}, spec: {schedule: '@hourly'}}
";
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), manifest).expect("a file");
    let path = file.path().to_str().expect("a path");
    let text = output(&["-f", path, "--from", "2026-01-05T00:00:00Z", "--count", "1"]);
    assert!(text.starts_with("cronjob/nightly\n\"30 2 * * *\" in Asia/Tokyo"), "{text}");
    assert!(text.contains("note: suspended") && text.contains("2026-01-06T02:30:00+09:00"), "{text}");
    assert!(text.contains("\n\ncronjob/hourly\n\"@hourly\" in UTC"), "{text}");
}

#[test]
fn mistakes_are_explained() {
    let check = |args: &[&str], part: &str| {
        let text = output(&[args, &["--from", "2011-12-28T10:00:00Z"]].concat());
        assert!(text.contains(part), "{args:?}: {text}");
    };
    check(&["30 2 * *"], "schedule \"30 2 * *\": expected exactly 5 fields, found 4");
    check(&["@daily", "--time-zone", "europe/berlin"], "unknown time zone europe/berlin");
    check(&["@daily", "--time-zone", "local"], "the API server refuses it; leave it out");
    check(&["0 0 30 2 *"], "no further start within five years");
    check(&["0 12 30 12 *", "--time-zone", "Pacific/Apia"], "never ends");
    check(&["TZ=Asia/Tokyo @daily"], "note: the API refuses new CronJobs");
    check(&["-f", "no-such-file.yaml"], "cannot read no-such-file.yaml");
    assert!(Command::try_parse_from(["schedule", "@daily"]).is_err(), "--from is required");
    assert!(Command::try_parse_from(["schedule", "@daily", "--from", "today"]).is_err());
}
