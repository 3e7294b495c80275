//! Laws over random scenarios, in two acts: faults on, and the laws hold; faults off, and every Job comes to its end.
//!
//! A scenario that breaks a law is shrunk and printed as a file. `JOBSIM_CASES=5000 cargo test --release laws` tries
//! more of them, other ones each time.

use jobsim::record::checks::Checks;
use jobsim::{Ending, RunOptions, scenario};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// When the last fault strikes, in seconds.
const FAULTS_END: u32 = 150;

/// A Job, as text.
fn job(number: usize) -> impl Strategy<Value = String> {
    let shape = prop_oneof![
        3 => (1..9u32, 1..6u32).prop_map(|(c, p)| (format!("completions: {c}\n  parallelism: {p}\n  completionMode: Indexed"), true)),
        3 => (1..9u32, 1..6u32).prop_map(|(c, p)| (format!("completions: {c}\n  parallelism: {p}"), false)),
        1 => (1..5u32).prop_map(|p| (format!("parallelism: {p}"), false)),
    ];
    let limits = (
        prop::option::of(0..5u32),
        prop::option::of(0..3u32),
        prop::option::of(0..3u32),
        prop::option::of(20..400u32),
        prop::option::of(prop_oneof![Just("Failed"), Just("TerminatingOrFailed")]),
        prop::option::of(0..60u32),
    );
    let policies = (prop::collection::vec(0..7usize, 0..4), prop::option::of(1..4u32), any::<bool>(), any::<bool>());
    (shape, limits, policies).prop_map(move |((shape, indexed), limits, policies)| {
        let (backoff, per_index, most_failed, deadline, replacement, ttl) = limits;
        let (rules, count, on_failure, suspend) = policies;
        let mut spec = vec![shape];
        let per_index = per_index.filter(|_| indexed && !on_failure);
        let never = !on_failure || per_index.is_some() || !rules.is_empty();
        spec.extend(backoff.map(|n| format!("backoffLimit: {n}")));
        spec.extend(per_index.map(|n| format!("backoffLimitPerIndex: {n}")));
        spec.extend(most_failed.filter(|_| per_index.is_some()).map(|n| format!("maxFailedIndexes: {}", n.min(1))));
        spec.extend(deadline.map(|n| format!("activeDeadlineSeconds: {n}")));
        spec.extend(ttl.map(|n| format!("ttlSecondsAfterFinished: {n}")));
        spec.extend(suspend.then(|| "suspend: true".to_owned()));
        if !rules.is_empty() {
            let rules: Vec<&str> = rules.iter().map(|&rule| RULES[rule]).collect();
            let rules = rules.into_iter().filter(|rule| per_index.is_some() || !rule.contains("FailIndex"));
            let rules: Vec<String> = rules.map(|rule| format!("\n    - {rule}")).collect();
            spec.push(match rules.is_empty() {
                true => "podFailurePolicy: {rules: []}".to_owned(),
                false => format!("podFailurePolicy:\n    rules:{}", rules.concat()),
            });
        } else {
            spec.extend(replacement.map(|policy| format!("podReplacementPolicy: {policy}")));
        }
        spec.extend(count.filter(|_| indexed).map(|_| "successPolicy: {rules: [{succeededCount: 1}]}".to_owned()));
        let policy = if never { "Never" } else { "OnFailure" };
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: w{number}}}\nspec:\n  {}\n  template:\n    spec:\n      \
             restartPolicy: {policy}\n      containers: [{{name: main, image: i}}]\n---\n",
            spec.join("\n  ")
        )
    })
}

const RULES: [&str; 7] = [
    "{action: Ignore, onPodConditions: [{type: DisruptionTarget, status: \"True\"}]}",
    "{action: Count, onPodConditions: [{type: DisruptionTarget, status: \"True\"}]}",
    "{action: FailJob, onExitCodes: {operator: In, values: [42]}}",
    "{action: FailIndex, onExitCodes: {operator: In, values: [3, 42]}}",
    "{action: Ignore, onExitCodes: {operator: In, values: [2, 143]}}",
    "{action: Ignore, onExitCodes: {operator: NotIn, values: [1, 2, 42]}}",
    "{action: Count, onExitCodes: {containerName: main, operator: In, values: [1, 137]}}",
];

/// What befalls the cluster.
fn fault() -> impl Strategy<Value = String> {
    let what = prop_oneof![
        3 => (0..3u32, 0..4u32).prop_map(|(job, nth)| format!("evict: {{job: w{job}, nth: {nth}}}")),
        3 => (0..3u32, 0..4u32).prop_map(|(job, nth)| format!("deletePod: {{job: w{job}, nth: {nth}}}")),
        3 => (0..3u32, any::<bool>()).prop_map(|(job, on)| patch(job, &format!("suspend: {on}"))),
        2 => (0..3u32, 0..8u32).prop_map(|(job, n)| patch(job, &format!("parallelism: {n}"))),
        1 => (0..3u32, 1..9u32).prop_map(|(job, n)| patch(job, &format!("parallelism: {n}, completions: {n}"))),
        1 => (0..3u32, 1..300u32).prop_map(|(job, n)| patch(job, &format!("activeDeadlineSeconds: {n}"))),
        1 => (0..3u32).prop_map(|job| format!("delete: {{kind: Job, name: w{job}}}")),
    ];
    (0..FAULTS_END * 1000, what).prop_map(|(at, what)| format!("  - {{at: {at}ms, {what}}}\n"))
}

fn patch(job: u32, spec: &str) -> String {
    format!("patch: {{kind: Job, name: w{job}, merge: {{spec: {{{spec}}}}}}}")
}

/// How pods behave: for the first attempts at random, later ones succeed.
fn pods() -> impl Strategy<Value = String> {
    let codes = prop_oneof![Just(0u32), Just(1), Just(2), Just(3), Just(42), Just(137)];
    let rule = (0..4u32, 0..3u32, 0..4000u32, 0..40_000u32, codes, 0..40_000u32);
    let rules = prop::collection::vec(rule, 0..8).prop_map(|rules| {
        let rules = rules.into_iter().map(|(attempt, job, startup, duration, code, termination)| {
            format!(
                "  - {{match: {{job: w{job}, attempt: {attempt}, restart: 0}}, duration: {duration}ms, exitCode: {code}}}\n  - {{match: {{job: \
                 w{job}, attempt: {attempt}}}, startup: {startup}ms, termination: {termination}ms}}\n"
            )
        });
        rules.collect::<String>()
    });
    rules.prop_map(|rules| {
        format!("  pods:\n{rules}  - {{startup: 700ms, duration: 9s, exitCode: 0, termination: 2s}}\n")
    })
}

/// Limits and latencies, or none.
fn control_plane() -> impl Strategy<Value = String> {
    let limits = (1..40u32, 1..30u32, 0..300u32, 0..1500u32, 1..6u32, any::<bool>());
    prop::option::of(limits).prop_map(|limits| {
        let text = |(qps, burst, api, watch, workers, events)| {
            format!(
                "  controlPlane:\n    apiServer: {{latency: {api}ms, watchLatency: {watch}ms}}\n    controllerManager: {{qps: {qps}, burst: \
                 {burst}, concurrentJobSyncs: {workers}, eventsShareClient: {events}}}\n"
            )
        };
        limits.map_or_else(|| "  profile: ideal\n".to_owned(), text)
    })
}

/// A whole scenario: faults up to [`FAULTS_END`], then every Job is let go on.
fn random_scenario() -> impl Strategy<Value = String> {
    let quota = prop::option::of(1..6u32);
    let faults = prop::collection::vec(fault(), 0..10);
    (job(0), job(1), job(2), 1..4usize, quota, pods(), control_plane(), faults).prop_map(
        |(first, second, third, jobs, quota, pods, control_plane, faults)| {
            let mut text: String = [first, second, third][..jobs].concat();
            if let Some(pods) = quota {
                text += &format!("apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {{hard: {{pods: \"{pods}\"}}}}\n---\n");
            }
            text += "apiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {name: laws}\nspec:\n";
            text += &(control_plane + &pods + "  actions:\n" + &faults.concat());
            for job in 0..jobs as u32 {
                // One that was scaled down with its completions may have no more of them than this.
                let go_on = patch(job, "suspend: false");
                text += &format!("  - {{at: {}s, {go_on}}}\n", FAULTS_END + 1);
                let more = "{spec: {parallelism: 3}}";
                text += &format!("  - {{at: {}s, patch: {{kind: Job, name: w{job}, merge: {more}}}}}\n", FAULTS_END + 2);
            }
            text
        },
    )
}

fn config(cases: u32) -> Config {
    let asked = std::env::var("JOBSIM_CASES").ok().and_then(|cases| cases.parse().ok());
    Config {
        cases: asked.unwrap_or(cases),
        // The same cases each time, unless more are asked for.
        rng_seed: if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(42) },
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn laws_hold_and_every_job_ends(text in random_scenario()) {
        let scenario = match scenario::read_str(&text) {
            Ok(scenario) => scenario,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems}\n{text}"))),
        };
        let mut checks = Checks::default();
        let run = jobsim::run_observed(&scenario, &RunOptions::default(), vec![&mut checks]);
        prop_assert!(checks.violations().is_empty(), "{:#?}\n{text}", checks.violations());
        prop_assert_eq!(&run.ending, &Ending::Settled, "{}", text);
        for job in &run.jobs {
            prop_assert!(job.finished().or(job.removed).is_some(), "Job {} has not ended\n{text}", job.name);
        }
    }
}

/// A CronJob with Jobs of random length.
fn random_cron_job() -> impl Strategy<Value = String> {
    let schedule = prop_oneof![Just("* * * * *"), Just("*/2 * * * *"), Just("@every 45s"), Just("1,2,5 * * * *")];
    let policy = prop_oneof![Just("Allow"), Just("Forbid"), Just("Replace")];
    let limits = (prop::option::of(0..90u32), prop::option::of(0..4u32), prop::option::of(0..3u32));
    let patches = prop::collection::vec((0..1800u32, any::<bool>()), 0..6);
    (schedule, policy, limits, 1..300u32, 1..3u32, patches, control_plane()).prop_map(
        |(schedule, policy, (deadline, complete, failed), duration, code, patches, control_plane)| {
            let mut spec = vec![format!("schedule: '{schedule}'"), format!("concurrencyPolicy: {policy}")];
            spec.extend(deadline.map(|n| format!("startingDeadlineSeconds: {n}")));
            spec.extend(complete.map(|n| format!("successfulJobsHistoryLimit: {n}")));
            spec.extend(failed.map(|n| format!("failedJobsHistoryLimit: {n}")));
            let patches = patches.into_iter().chain([(1801, false)]).map(|(at, suspend)| {
                format!("  - {{at: {at}s, patch: {{kind: CronJob, name: c, merge: {{spec: {{suspend: {suspend}}}}}}}}}\n")
            });
            format!(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c}}\nspec:\n  {}\n  jobTemplate:\n    spec:\n      backoffLimit: \
                 0\n      template:\n        spec:\n          restartPolicy: Never\n          containers: [{{name: main, image: \
                 i}}]\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nmetadata: {{name: laws}}\nspec:\n  horizon: 1h\n{control_plane}  \
                 pods:\n  - {{startup: 500ms, duration: {{uniform: {{min: 1s, max: {duration}s}}}}, exitCode: {{weighted: {{0: 1, {code}: 1}}}}}}\n  \
                 actions:\n{}",
                spec.join("\n  "),
                patches.collect::<String>()
            )
        },
    )
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn laws_hold_for_cron_jobs(text in random_cron_job()) {
        let scenario = match scenario::read_str(&text) {
            Ok(scenario) => scenario,
            Err(problems) => return Err(TestCaseError::fail(format!("{problems}\n{text}"))),
        };
        let mut checks = Checks::default();
        let run = jobsim::run_observed(&scenario, &RunOptions::default(), vec![&mut checks]);
        prop_assert!(checks.violations().is_empty(), "{:#?}\n{text}", checks.violations());
        prop_assert_eq!(&run.ending, &Ending::Horizon, "{}", text);
    }
}
