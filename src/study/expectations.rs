//! Expectations held against a run.

use crate::api::meta::ObjectName;
use crate::api::pod::PodPhase;
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::gauge::Gauge;
use crate::record::measure::Metric;
use crate::record::{Ending, JobLife, PodLife, Run};
use crate::scenario::cluster::NodePool;
use crate::scenario::expectation::{Check, Comparison, Expectation, Operator, Subject};
use crate::scenario::{Problem, Problems, Scenario};

use super::expression::Measure;

/// Can the figures that are compared be taken of a run of this scenario?
///
/// # Errors
/// Unknown metrics, series and pools, each at its place.
pub fn check(scenario: &Scenario) -> Result<(), Problems> {
    let list = problems(&scenario.expectations, &scenario.cluster.pools);
    if list.is_empty() { Ok(()) } else { Err(Problems { list, kubectl: None }) }
}

/// What is wrong with the figures that are compared, in a cluster with these pools.
pub fn problems(expectations: &[Expectation], pools: &[NodePool]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for expectation in expectations {
        let Check::Holds(comparison) = &expectation.check else { continue };
        for side in [&comparison.left, &comparison.right] {
            if let Err(error) = measure(side, pools) {
                let title = format!("spec.expect: \"{side}\": {error}");
                problems.push(Problem::at(expectation.location.clone(), title));
            }
        }
    }
    problems
}

/// Why an expectation does not hold: a sentence. Nothing if it does.
pub fn failure(expectation: &Expectation, run: &Run) -> Option<String> {
    let jobs: Vec<usize> = (0..run.jobs.len()).filter(|&place| is_about(expectation, &run.jobs[place])).collect();
    if jobs.is_empty() {
        match &expectation.subject {
            Subject::Run => {}
            Subject::Namespace(namespace) => {
                return Some(format!("there is no Job in namespace {namespace} in the run"));
            }
            Subject::Job(object) => return Some(absent(object, false, run)),
            Subject::CronJob(object) => return Some(absent(object, true, run)),
        }
    }
    let lives = || jobs.iter().map(|&place| &run.jobs[place]);
    let pods: Vec<&PodLife> = run.pods.iter().filter(|pod| jobs.binary_search(&(pod.job as usize)).is_ok()).collect();
    match &expectation.check {
        Check::FinishesBefore(time) => lives().find_map(|job| late(job, *time, run)),
        Check::MaxPods(most) => {
            let found = most_running(&pods, run.end);
            (found > *most).then(|| format!("{found} pods run at the same time, more than {most}"))
        }
        Check::NeverOverlaps => overlap(&lives().collect::<Vec<_>>(), run.end),
        check if run.pools.iter().all(|pool| pool.micros_an_hour == 0) && is_about_cost(check) => {
            let why = "no pool has a price: give one a machineType or a pricePerHour";
            Some(format!("it would hold whatever happens, as {why}"))
        }
        Check::CostBelow(bound) => {
            let cost = Metric::Cost.of(&Gauge::of_run(run));
            let whose = match &expectation.subject {
                Subject::Run => "",
                _ => "; costBelow is of the whole run, whoever's Jobs are named",
            };
            (cost >= *bound).then(|| format!("the run costs {cost:.4}, not less than {bound}{whose}"))
        }
        Check::Condition(kind, reason) => lives().find_map(|job| other_end(job, kind, reason.as_deref())),
        Check::Pods { created, succeeded, failed } => {
            let count = |phase| pods.iter().filter(|pod| pod.phase == phase).count() as u64;
            let counts = [
                (created, pods.len() as u64, ["is created", "are created"]),
                (succeeded, count(PodPhase::Succeeded), ["succeeds", "succeed"]),
                (failed, count(PodPhase::Failed), ["fails", "fail"]),
            ];
            let wrong = counts.into_iter().filter(|(wanted, found, _)| wanted.is_some_and(|wanted| wanted != *found));
            let text = |(wanted, found, verbs): (&Option<u64>, u64, [&str; 2])| {
                let pods =
                    if found == 1 { format!("1 pod {}", verbs[0]) } else { format!("{found} pods {}", verbs[1]) };
                format!("{pods} instead of {}", wanted.unwrap_or_default())
            };
            let texts: Vec<String> = wrong.map(text).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        Check::Holds(comparison) => {
            let whole = Gauge::of_run(run);
            let gauge = if expectation.subject == Subject::Run { whole } else { whole.of_jobs(&jobs) };
            Sample { run, gauge }.compared(comparison)
        }
    }
}

/// Is it an upper bound on what the run costs?
fn is_about_cost(check: &Check) -> bool {
    match check {
        Check::CostBelow(_) => true,
        Check::Holds(Comparison { left, operator: Operator::Less | Operator::AtMost, .. }) => {
            left.trim() == Metric::Cost.as_str()
        }
        _ => false,
    }
}

fn is_about(expectation: &Expectation, job: &JobLife) -> bool {
    match &expectation.subject {
        Subject::Run => true,
        Subject::Namespace(namespace) => *job.name.namespace == **namespace,
        Subject::Job(object) => job.name == *object,
        Subject::CronJob(object) => {
            job.name.namespace == object.namespace && job.cron_job.as_deref() == Some(&*object.name)
        }
    }
}

/// Why there are no Jobs of this name: a CronJob that starts none, one of the other kind, another namespace.
fn absent(object: &ObjectName, of_cron_job: bool, run: &Run) -> String {
    let ObjectName { namespace, name } = object;
    let jobs: Vec<&ObjectName> = run.jobs.iter().map(|job| &job.name).collect();
    let cron_jobs: Vec<&ObjectName> = run.cron_jobs.iter().map(|cron_job| &cron_job.name).collect();
    let (kind, mine, other_field, others) = match of_cron_job {
        true => ("CronJob", cron_jobs, "job", jobs),
        false => ("Job", jobs, "cronJob", cron_jobs),
    };
    if mine.contains(&object) {
        return format!("CronJob {name} started no Job within the run");
    }
    if others.contains(&object) {
        return format!("there is no {kind} {name} in the run: write `{other_field}: {name}`");
    }
    let elsewhere = mine.iter().find(|other| other.name == *name).map(|other| &other.namespace);
    match elsewhere {
        Some(there) => {
            format!(
                "there is no {kind} {name} in namespace {namespace} in the run, but one in {there}: add `namespace: \
                 {there}`"
            )
        }
        None if **namespace == *"default" => format!("there is no {kind} {name} in the run"),
        None => format!("there is no {kind} {name} in namespace {namespace} in the run"),
    }
}

/// When a Job was deleted, if it had not ended by then.
fn cut_off(job: &JobLife) -> Option<String> {
    let time = job.removed.filter(|_| job.finished().is_none())?;
    Some(format!("Job {} was deleted at {} s, before it ended", job.name.name, time.cut_to_millis()))
}

fn late(job: &JobLife, bound: SimTime, run: &Run) -> Option<String> {
    let bound_text = bound.cut_to_millis();
    match job.finished() {
        Some(time) if time < bound => None,
        Some(time) => {
            let late = SimTime(time.since(bound).0).cut_to_millis();
            Some(format!("Job {} ends at {} s, {late} s too late", job.name.name, time.cut_to_millis()))
        }
        None if job.removed.is_some() => cut_off(job),
        None if run.ending == Ending::Horizon && run.end < bound => {
            let end = run.end.cut_to_millis();
            let what = "that it would end in time cannot be told: give the scenario a longer horizon";
            Some(format!("Job {} has not ended by the horizon of {end} s, and {what}", job.name.name))
        }
        None => Some(format!("Job {} has not ended by {bound_text} s, nor by the end of the run", job.name.name)),
    }
}

/// Most pods that ran at the same time; those of an instant count together, losses first.
fn most_running(pods: &[&PodLife], end: SimTime) -> u64 {
    let mut changes: Vec<(SimTime, i64)> = Vec::new();
    for pod in pods {
        let Some(started) = pod.started else { continue };
        let ended = pod.finished.or(pod.removed).unwrap_or(end);
        if started < ended {
            changes.extend([(started, 1), (ended, -1)]);
        }
    }
    changes.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, change) in changes {
        now += change;
        most = most.max(now);
    }
    most.unsigned_abs()
}

fn overlap(jobs: &[&JobLife], end: SimTime) -> Option<String> {
    let mut spans: Vec<(SimTime, SimTime, &JobLife)> = Vec::new();
    for job in jobs {
        spans.extend(active_spans(job, end).into_iter().map(|(from, until)| (from, until, *job)));
    }
    spans.sort_by_key(|(from, ..)| *from);
    // Up to the first that overlaps they follow each other, so the last one lasts longest.
    spans.windows(2).find_map(|pair| {
        let ((_, until, before), (from, _, job)) = (pair[0], pair[1]);
        let verb = if from == job.created { "created" } else { "resumed" };
        let text =
            format!("Job {} is {verb} while {} runs, at {} s", job.name.name, before.name.name, from.cut_to_millis());
        (from < until).then_some(text)
    })
}

/// From when until when a Job was there and neither ended nor suspended.
fn active_spans(job: &JobLife, end: SimTime) -> Vec<(SimTime, SimTime)> {
    let until = job.finished().or(job.removed).unwrap_or(end);
    let mut spans = Vec::new();
    let mut since = Some(job.created);
    for row in job.rows.iter().filter(|row| row.time <= until) {
        match since {
            Some(from) if row.suspended => {
                spans.push((from, row.time));
                since = None;
            }
            None if !row.suspended => since = Some(row.time),
            _ => {}
        }
    }
    spans.extend(since.map(|from| (from, until)));
    spans.retain(|(from, until)| from < until);
    spans
}

fn other_end(job: &JobLife, kind: &str, reason: Option<&str>) -> Option<String> {
    let name = &job.name.name;
    let conditions = job.rows.last().map(|row| row.conditions.as_slice()).unwrap_or_default();
    let found =
        |wanted: &str| conditions.iter().find(|condition| condition.status && condition.kind.as_str() == wanted);
    match (found(kind), reason) {
        (Some(_), None) => None,
        (Some(condition), Some(reason)) if condition.reason.as_str() == reason => None,
        (Some(condition), Some(reason)) => {
            Some(format!("Job {name} ends {kind} with reason {}, not {reason}", condition.reason.as_str()))
        }
        (None, _) => Some(match ["Complete", "Failed", "Suspended"].into_iter().find_map(found) {
            Some(other) => format!("Job {name} is {} ({}), not {kind}", other.kind.as_str(), other.reason.as_str()),
            None => cut_off(job)
                .unwrap_or_else(|| format!("Job {name} has not ended when the run does: no condition {kind}")),
        }),
    }
}

/// A run, and what of it an expectation is about.
struct Sample<'a> {
    run: &'a Run,
    gauge: Gauge,
}

impl Sample<'_> {
    fn compared(&self, comparison: &Comparison) -> Option<String> {
        match (self.value(&comparison.left), self.value(&comparison.right)) {
            (Ok(left), Ok(right)) if comparison.operator.holds(left, right) => None,
            (Ok(left), Ok(right)) => {
                let side = |text: &str, value: f64| match text.chars().next() {
                    Some('0'..='9') => text.to_owned(),
                    _ => format!("{text} is {}", rounded(value)),
                };
                Some(format!("{}, against {}", side(&comparison.left, left), side(&comparison.right, right)))
            }
            (Err(error), _) | (_, Err(error)) => Some(error),
        }
    }

    fn value(&self, text: &str) -> Result<f64, String> {
        match measure(text, &self.run.pools)? {
            Side::Length(length) => Ok(seconds(length)),
            Side::Figure(measure) => match measure.value(&self.gauge) {
                value if value.is_nan() => Err(format!("{text}: there is nothing that it could be taken of")),
                value => Ok(value),
            },
        }
    }
}

/// A side of a comparison.
enum Side {
    Length(SimDuration),
    Figure(Measure),
}

/// A length of time, or an expression over metrics; with these pools.
fn measure(text: &str, pools: &[NodePool]) -> Result<Side, String> {
    if let Ok(length) = crate::api::duration::parse_duration(text) {
        return Ok(Side::Length(length));
    }
    let measure = Measure::unnamed(text)?;
    measure.check(pools)?;
    Ok(Side::Figure(measure))
}

fn rounded(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn seconds(length: SimDuration) -> f64 {
    length.0 as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunOptions, run};
    use crate::scenario::read_str;

    const ETL: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: etl}\nspec: {completions: 4, parallelism: 2, \
                       backoffLimit: 1, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}";

    fn check(expect: &str, expected: &[&str]) {
        check_of(ETL, "", expect, expected);
    }

    /// Runs these objects under a Simulation with more in its spec.
    fn check_of(objects: &str, more: &str, expect: &str, expected: &[&str]) {
        let text = format!(
            "{objects}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, {more} pods: [{{match: \
             {{attempt: 1}}, exitCode: 1, duration: 20s}}, {{duration: 10s}}], expect: [{expect}]}}"
        );
        let scenario = read_str(&text).unwrap_or_else(|problems| panic!("{expect}: {}", problems.render(false)));
        let run = run(&scenario, &RunOptions::default());
        let found: Vec<String> = scenario.expectations.iter().filter_map(|one| failure(one, &run)).collect();
        assert_eq!(found, expected, "{expect}");
    }

    fn job(name: &str, spec: &str) -> String {
        let template = "template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}";
        format!("---\napiVersion: batch/v1\nkind: Job\nmetadata: {{{name}}}\nspec: {{{spec}{template}}}\n")
    }

    #[test]
    fn whose_jobs_are_meant() {
        let both = job("name: etl", "") + &job("name: etl, namespace: team-b", "parallelism: 2, completions: 2, ");
        check_of(&both, "", "{namespace: team-b, pods: {created: 3}}, {job: etl, pods: {created: 1}}", &[]);
        check_of(&both, "", "{namespace: c, maxPods: 3}", &["there is no Job in namespace c in the run"]);
        let hint = "there is no Job load in namespace default in the run, but one in team-b: add `namespace: \
                    team-b`";
        check_of(&job("name: load, namespace: team-b", ""), "", "{job: load, maxPods: 3}", &[hint]);
        let cron_job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: weekly}\nspec: {schedule: '@weekly', \
                        jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}";
        let none = "CronJob weekly started no Job within the run";
        check_of(cron_job, "horizon: 1h,", "{cronJob: weekly, maxPods: 3}", &[none]);
        let other = "there is no Job weekly in the run: write `cronJob: weekly`";
        check_of(cron_job, "horizon: 1h,", "{job: weekly, maxPods: 3}", &[other]);
        let other = "there is no CronJob etl in the run: write `job: etl`";
        check_of(ETL, "", "{cronJob: etl, neverOverlaps: true}", &[other]);
    }

    #[test]
    fn a_job_that_was_deleted_has_not_ended() {
        let actions = "actions: [{at: 5s, delete: {kind: Job, name: etl}}],";
        let deleted = "Job etl was deleted at 5 s, before it ended";
        check_of(ETL, actions, "{finishesBefore: 1h}, {condition: Complete}", &[deleted, deleted]);
    }

    #[test]
    fn suspended_jobs_overlap_nothing() {
        let two = |spec: &str| job("name: a", "") + &job("name: b", spec);
        let expect = "{neverOverlaps: true}";
        check_of(&two(""), "", expect, &["Job b is created while a runs, at 0 s"]);
        check_of(&two("suspend: true, "), "horizon: 1h,", expect, &[]);
        let resume = |at: &str| {
            format!("actions: [{{at: {at}, patch: {{kind: Job, name: b, merge: {{spec: {{suspend: false}}}}}}}}],")
        };
        check_of(&two("suspend: true, "), &resume("1m"), expect, &[]);
        check_of(&two("suspend: true, "), &resume("5s"), expect, &["Job b is resumed while a runs, at 5 s"]);
    }

    #[test]
    fn figures_that_are_unknown_are_found_before_the_run() {
        let text = format!(
            "{ETL}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec:\n  expect:\n  - \"p95(wiat) < 30s\"\n  - \
             \"cost(spot) < 1\"\n  - \"makespan < 1h\"\n"
        );
        let scenario = read_str(&text).expect("a scenario");
        let problems = super::check(&scenario).expect_err("unknown names").list;
        let places: Vec<usize> = problems
            .iter()
            .filter_map(|p| Some(p.location.as_ref()?.source.line_column(p.location.as_ref()?.span.start).0))
            .collect();
        assert_eq!(places, [10, 11]);
        assert!(
            problems[0].title.starts_with("spec.expect: \"p95(wiat)\": \"wiat\" is none of wait"),
            "{}",
            problems[0].title
        );
    }

    #[test]
    fn what_holds_whatever_happens_is_said() {
        let pools = |price: &str| {
            format!("cluster: {{nodePools: [{{name: p, count: 1, allocatable: {{cpu: 4, memory: 4Gi}}{price}}}]}},")
        };
        let free = "it would hold whatever happens, as no pool has a price: give one a machineType or a pricePerHour";
        let expect = "{costBelow: 5}, \"cost < 5\", \"makespan < 1h\"";
        check_of(ETL, "", expect, &[free, free]);
        check_of(ETL, &pools(""), expect, &[free, free]);
        check_of(ETL, &pools(", pricePerHour: 1"), expect, &[]);
    }

    #[test]
    fn what_the_horizon_cuts_off_may_have_been_in_time() {
        let cut = "Job etl has not ended by the horizon of 5 s, and that it would end in time cannot be told: give the \
                   scenario a longer horizon";
        check_of(ETL, "horizon: 5s,", "{finishesBefore: 1h}", &[cut]);
    }

    #[test]
    fn what_holds_and_what_does_not() {
        check("{finishesBefore: 2h}, {maxPods: 2}, {neverOverlaps: true}", &[]);
        check("{finishesBefore: 10s, job: etl}", &["Job etl ends at 32 s, 22 s too late"]);
        check("{maxPods: 1}", &["2 pods run at the same time, more than 1"]);
        check("{condition: Complete, reason: CompletionsReached}", &[]);
        check("{condition: Failed}", &["Job etl is Complete (CompletionsReached), not Failed"]);
        let wrong = "Job etl ends Complete with reason CompletionsReached, not SuccessPolicy";
        check("{condition: Complete, reason: SuccessPolicy}", &[wrong]);
        check("{pods: {created: 5, succeeded: 4, failed: 1}}", &[]);
        check("{pods: {succeeded: 5, failed: 0}}", &["4 pods succeed instead of 5, 1 pod fails instead of 0"]);
        check("{job: other, maxPods: 3}", &["there is no Job other in the run"]);
    }

    #[test]
    fn figures_are_compared() {
        check("\"p95(run) < 30s\", \"max(run) == 20\", \"mean(run) <= 12s\", {holds: \"retries == 1\"}", &[]);
        check("\"p95(run) < 15s\"", &["p95(run) is 20, against 15s"]);
        check("{job: etl, holds: \"failed == 1\"}, \"cost == 0\"", &[]);
        check("\"utilisation > 0\"", &["utilisation: there is nothing that it could be taken of"]);
        let no_pool = "cost(spot): there is no pool \"spot\": the scenario has no node pools";
        check("\"cost(spot) < 1\"", &[no_pool]);
        check("\"makespan / 2 > 100\"", &["makespan / 2 is 16, against 100"]);
        check("\"p95(walk) < 15s\"", &["\"walk\" is none of wait, run and life of pods, and turnaround of Jobs"]);
        check("\"p0(run) < 1\"", &["\"p0\" is none of mean, min, max, sum and p1 to p100"]);
    }
}
