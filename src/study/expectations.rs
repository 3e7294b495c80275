//! Expectations held against a run.

use crate::api::pod::PodPhase;
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::gauge::Gauge;
use crate::record::measure::Metric;
use crate::record::{JobLife, PodLife, Run};
use crate::scenario::expectation::{Check, Comparison, Expectation};

use super::expression::Measure;

/// Why an expectation does not hold: a sentence. Nothing if it does.
pub fn failure(expectation: &Expectation, run: &Run) -> Option<String> {
    let jobs: Vec<usize> = (0..run.jobs.len()).filter(|&place| is_about(expectation, &run.jobs[place])).collect();
    if jobs.is_empty()
        && let Some(object) = &expectation.object
    {
        return Some(format!("there is no Job or CronJob {} in the run", object.name));
    }
    let lives = || jobs.iter().map(|&place| &run.jobs[place]);
    let pods: Vec<&PodLife> = run.pods.iter().filter(|pod| jobs.binary_search(&(pod.job as usize)).is_ok()).collect();
    match &expectation.check {
        Check::FinishesBefore(time) => lives().find_map(|job| late(job, *time)),
        Check::MaxPods(most) => {
            let found = most_running(&pods, run.end);
            (found > *most).then(|| format!("{found} pods run at the same time, more than {most}"))
        }
        Check::NeverOverlaps => overlap(lives().collect(), run.end),
        Check::CostBelow(bound) => {
            let cost = Metric::Cost.of(&Gauge::of_run(run));
            (cost >= *bound).then(|| format!("the run costs {cost:.4}, not less than {bound}"))
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
            let gauge = if expectation.object.is_some() { whole.of_jobs(&jobs) } else { whole };
            Sample { run, gauge }.compared(comparison)
        }
    }
}

fn is_about(expectation: &Expectation, job: &JobLife) -> bool {
    let Some(object) = &expectation.object else { return true };
    let name = &job.name;
    name.namespace == object.namespace
        && (name.name == object.name || job.cron_job.as_deref().is_some_and(|cron_job| *cron_job == *object.name))
}

fn late(job: &JobLife, bound: SimTime) -> Option<String> {
    let bound_text = bound.cut_to_millis();
    match job.finished() {
        Some(time) if time < bound => None,
        Some(time) => {
            let late = SimTime(time.since(bound).0).cut_to_millis();
            Some(format!("Job {} ends at {} s, {late} s too late", job.name.name, time.cut_to_millis()))
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

fn overlap(mut jobs: Vec<&JobLife>, end: SimTime) -> Option<String> {
    jobs.sort_by_key(|job| job.created);
    let mut last: Option<(&JobLife, SimTime)> = None;
    for job in jobs {
        if let Some((before, until)) = last
            && job.created < until
        {
            let names = (&before.name.name, &job.name.name);
            return Some(format!(
                "Job {} is created while {} runs, at {} s",
                names.1,
                names.0,
                job.created.cut_to_millis()
            ));
        }
        let until = job.finished().or(job.removed).unwrap_or(end);
        if last.is_none_or(|(_, before)| before < until) {
            last = Some((job, until));
        }
    }
    None
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
            None => format!("Job {name} has not ended when the run does: no condition {kind}"),
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

    /// A length of time, or an expression over metrics and lengths of time.
    fn value(&self, text: &str) -> Result<f64, String> {
        if let Ok(length) = crate::api::duration::parse_duration(text) {
            return Ok(seconds(length));
        }
        let measure = Measure::unnamed(text)?;
        measure.check(&self.run.pools)?;
        let value = measure.value(&self.gauge);
        if value.is_nan() { Err(format!("{text}: there is nothing that it could be taken of")) } else { Ok(value) }
    }
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

    fn check(expect: &str, expected: &[&str]) {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: etl}}\nspec: {{completions: 4, parallelism: 2, \
             backoffLimit: 1, template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}\n\
             ---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, pods: [{{match: {{attempt: \
             1}}, exitCode: 1, duration: 20s}}, {{duration: 10s}}], expect: [{expect}]}}"
        );
        let scenario = read_str(&text).unwrap_or_else(|problems| panic!("{expect}: {}", problems.render(false)));
        let run = run(&scenario, &RunOptions::default());
        let found: Vec<String> = scenario.expectations.iter().filter_map(|one| failure(one, &run)).collect();
        assert_eq!(found, expected, "{expect}");
    }

    #[test]
    fn what_holds_and_what_does_not() {
        check("{finishesBefore: 2h}, {maxPods: 2}, {neverOverlaps: true}, {costBelow: 1}", &[]);
        check("{finishesBefore: 10s, job: etl}", &["Job etl ends at 32 s, 22 s too late"]);
        check("{maxPods: 1}", &["2 pods run at the same time, more than 1"]);
        check("{condition: Complete, reason: CompletionsReached}", &[]);
        check("{condition: Failed}", &["Job etl is Complete (CompletionsReached), not Failed"]);
        let wrong = "Job etl ends Complete with reason CompletionsReached, not SuccessPolicy";
        check("{condition: Complete, reason: SuccessPolicy}", &[wrong]);
        check("{pods: {created: 5, succeeded: 4, failed: 1}}", &[]);
        check("{pods: {succeeded: 5, failed: 0}}", &["4 pods succeed instead of 5, 1 pod fails instead of 0"]);
        check("{job: other, maxPods: 3}", &["there is no Job or CronJob other in the run"]);
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
