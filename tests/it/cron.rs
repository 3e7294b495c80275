//! CronJobs as objects where no recording speaks: outages, clock skew, runs without pods.

use std::collections::BTreeSet;

use jobsim::record::calendar::{CalendarEntry, Calendars, Outcome};
use jobsim::{Run, RunOptions, Trace, scenario};

const CRON_JOB: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec:\n  schedule: '0 * * * *'\n  \
                        jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: \
                        i}]}}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {name: s}\nspec:\n  \
                        startTime: '2026-01-05T00:00:00Z'\n  horizon: 7h\n  profile: ideal\n";

fn run(spec: &str, options: &RunOptions) -> Run {
    let text = format!("{CRON_JOB}{spec}");
    let scenario = scenario::read_str(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    jobsim::run(&scenario, options)
}

/// Names of the Jobs by the hour that they are named after, and when they were created.
fn starts(spec: &str) -> String {
    let run = run(spec, &RunOptions::default());
    let minutes = |name: &str| name.trim_start_matches("c-").parse::<u64>().expect("minutes") - 29_459_520;
    let start = |job: &jobsim::JobLife| format!("{}h {}", minutes(&job.name.name) / 60, job.created);
    run.jobs.iter().map(start).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_controller_manager_that_was_down_makes_up_for_the_last_start() {
    let down = "  actions: [{at: 90m, outage: {component: controller-manager, for: 130m}}]\n";
    assert_eq!(starts(down), "1h 3600.1, 3h 13200, 4h 14400.1, 5h 18000.1, 6h 21600.1");
}

#[test]
fn an_api_server_that_was_down_is_asked_again_after_the_back_off() {
    let down = "  actions: [{at: 119m, outage: {component: apiserver, for: 2m}}]\n";
    // 5 ms doubled until the sum is over a minute: the wait that the outage ends in was 40.96 s.
    assert_eq!(starts(down), "1h 3600.1, 2h 7282.015, 3h 10800.1, 4h 14400.1, 5h 18000.1, 6h 21600.1");
}

#[test]
fn pods_end_while_nobody_looks_and_are_counted_later() {
    let spec = "  pods: [{duration: 10m}]\n  actions:\n  - {at: 61m, outage: {component: controller-manager, for: 30m}}\n  - {at: 125m, \
                outage: {component: apiserver, for: 30m}}\n";
    let run = run(spec, &RunOptions::default());
    let ends = |at: usize| run.jobs[at].finished().map(|time| time.to_string());
    assert_eq!((ends(0), ends(1)), (Some("5460".to_owned()), Some("9301".to_owned())));
    assert_eq!(run.pods[0].finished.map(|time| time.to_string()), Some("4200.1".to_owned()));
    assert_eq!(run.pods[1].finished.map(|time| time.to_string()), Some("9300".to_owned()));
}

#[test]
fn a_deleted_cron_job_wakes_one_that_is_created_under_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let cron_job = |schedule: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec: {{schedule: '{schedule}', jobTemplate: {{spec: \
             {{template: {{spec: {{restartPolicy: Never, containers: [{{name: m, image: i}}]}}}}}}}}}}\n"
        )
    };
    std::fs::write(folder.path().join("again.yaml"), cron_job("0 * * * *")).expect("a file");
    // The old one would have been looked at at 180.1 s, the new one only in a day: its new start at 120 s is found late.
    let actions = "[{at: 70s, delete: {kind: CronJob, name: c}}, {at: 71s, apply: {file: again.yaml}}, {at: 160s, patch: \
                   {kind: CronJob, name: c, merge: {spec: {schedule: '2 1 * * *'}}}}]";
    let simulation = "apiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {name: s}\nspec: {startTime: \
                      '2000-01-01T01:00:00Z', horizon: 4m, profile: ideal, actions: ";
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, format!("{}---\n{simulation}{actions}}}\n", cron_job("*/3 * * * *"))).expect("a file");
    let source = scenario::Source::from_file(&file, &file.to_string_lossy()).expect("a file");
    let (scenario, _) = scenario::read(vec![source], &scenario::ReadOptions::default()).expect("a scenario");
    let run = jobsim::run(&scenario, &RunOptions::default());
    let jobs: Vec<String> = run.jobs.iter().map(|job| format!("{} {}", job.name.name, job.created)).collect();
    assert_eq!(jobs, ["c-15778142 180.1"]);
}

/// The calendar of the CronJob, a line a start.
fn calendar(run: &Run) -> Vec<String> {
    let minutes = |entry: &CalendarEntry| (entry.at.seconds - run.start) / 60;
    let line = |entry: CalendarEntry| match &entry.outcome {
        Outcome::Started { after, .. } => format!("{} after {}", minutes(&entry), after.0 / 1_000_000_000),
        Outcome::Missed(why) => format!("{} {why:?}", minutes(&entry)),
        Outcome::LeftOut(_) => panic!("UTC has no gaps"),
    };
    Calendars::new(run).of(&run.cron_jobs[0]).into_iter().map(line).collect()
}

#[test]
fn starts_that_an_edited_schedule_makes_up_for_are_in_the_calendar() {
    let edited = run(
        "  actions:\n  - {at: 170m, patch: {kind: CronJob, name: c, merge: {spec: {schedule: '40 * * * *'}}}}\n  - {at: 175m, \
         patch: {kind: CronJob, name: c, merge: {metadata: {labels: {a: b}}}}}\n  - {at: 230m, patch: {kind: CronJob, \
         name: c, merge: {spec: {suspend: true}}}}\n",
        &RunOptions::default(),
    );
    let wanted = ["60 after 0", "120 after 0", "160 after 900", "220 after 0"];
    assert_eq!(calendar(&edited)[..4], wanted);
    assert_eq!(edited.jobs.len(), 4);
}

#[test]
fn a_start_that_was_in_time_was_not_missed_for_its_deadline() {
    let spec = CRON_JOB.replace("'0 * * * *'", "'* * * * *'\n  startingDeadlineSeconds: 100")
        + "  actions: [{at: 130s, outage: {component: controller-manager, for: 200s}}]\n";
    let scenario = scenario::read_str(&spec.replace("horizon: 7h", "horizon: 6m")).expect("a scenario");
    let run = jobsim::run(&scenario, &RunOptions::default());
    let late = "Down(ControllerManager, Some(100))";
    let wanted = [
        "1 after 0".to_owned(),
        "2 after 0".to_owned(),
        format!("3 {late}"),
        "4 Down(ControllerManager, None)".to_owned(),
        "5 after 30".to_owned(),
    ];
    assert_eq!(calendar(&run), wanted);
}

#[test]
fn jobs_of_one_name_have_pods_of_their_own() {
    let every = CRON_JOB
        .replace("'0 * * * *'", "'@every 20s'")
        .replace("template: {spec", "ttlSecondsAfterFinished: 0, template: {spec")
        + "  pods: [{duration: 3s}]\n";
    let scenario = scenario::read_str(&every.replace("horizon: 7h", "horizon: 2m")).expect("a scenario");
    let run = jobsim::run(&scenario, &RunOptions::default());
    let jobs: BTreeSet<&str> = run.jobs.iter().map(|job| &*job.name.name).collect();
    let pods: BTreeSet<&str> = run.pods.iter().map(|pod| &*pod.name).collect();
    assert!(jobs.len() < run.jobs.len(), "names come again within a minute");
    assert_eq!((pods.len(), run.pods.len()), (run.pods.len(), run.jobs.len()));
}

#[test]
fn a_skewed_clock_starts_early_or_late() {
    let skew = |skew| starts(&format!("  controlPlane: {{controllerManager: {{clockSkew: {skew}}}}}\n"));
    assert!(skew("5m").starts_with("1h 3300.1, 2h 6900.1"), "{}", skew("5m"));
    assert!(skew("-90s").starts_with("1h 3690.1, 2h 7290.1"), "{}", skew("-90s"));
}

#[test]
fn runs_without_pods_start_the_same_jobs() {
    let spec = "  pods: [{startup: 2s, duration: {uniform: {min: 40m, max: 100m}}}]\n";
    let forbid = CRON_JOB.replace("  schedule", "  concurrencyPolicy: Forbid\n  schedule") + spec;
    let scenario = scenario::read_str(&forbid).expect("a scenario");
    let with_pods = jobsim::run(&scenario, &RunOptions::default());
    let without = jobsim::run(&scenario, &RunOptions { schedule_only: true, ..RunOptions::default() });
    assert_eq!((with_pods.pods.len(), without.pods.len()), (with_pods.jobs.len(), 0));
    let names = |run: &Run| run.jobs.iter().map(|job| job.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&with_pods), names(&without));
    // The Job controller needs a second to see that a pod has ended.
    for (job, bare) in with_pods.jobs.iter().zip(&without.jobs) {
        let late = job.finished().zip(bare.finished()).map(|(a, b)| a.since(b).as_secs_f64());
        assert!(late.is_none_or(|late| (1.0..8.0).contains(&late)), "{} {late:?}", job.name);
    }
}

#[test]
fn counts_are_those_of_the_record() {
    let spec = "  pods: [{duration: 10m}]\n";
    let (all, none) = (RunOptions::default(), RunOptions { trace: Trace::None, ..RunOptions::default() });
    let (recorded, counted) = (run(spec, &all), run(spec, &none));
    let totals = counted.totals.expect("counts");
    assert!(recorded.totals.is_none() && counted.jobs.is_empty());
    assert_eq!((totals.jobs, totals.pods), (recorded.jobs.len() as u64, recorded.pods.len() as u64));
    assert_eq!(totals.pods_left, recorded.pods.iter().filter(|pod| pod.removed.is_none()).count() as u64);
}
