//! A queue with servers, built as a scenario, against the theory of queues: M/M/c.

use jobsim::scenario::{Scenario, read_str};
use jobsim::study::steady::LONG_MEMORY;
use jobsim::study::{Laboratory, Measure, Steady, interval};

/// Jobs of one pod come at random, each pod takes a processor for an exponential time, and a node has so many processors.
/// Times are in seconds.
fn queue(servers: u32, interarrival: u32, service: u32, horizon: &str) -> Scenario {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{template: {{spec: {{restartPolicy: Never, \
         containers: [{{name: c, image: i, resources: {{requests: {{cpu: '1'}}}}}}]}}}}}}\n---\napiVersion: \
         jobsim/v1alpha1\nkind: Simulation\nspec: {{profile: ideal, horizon: {horizon}, pods: [{{duration: \
         {{exponential: {{mean: {service}s}}}}}}], cluster: {{nodePools: [{{name: p, count: 1, allocatable: {{cpu: \
         '{servers}', memory: 64Gi}}}}]}}, arrivals: [{{template: j, interarrival: {{exponential: {{mean: \
         {interarrival}s}}}}}}]}}"
    );
    read_str(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Erlang's C formula: the share of arrivals that wait, with `load` servers' worth of work offered to `servers`.
fn share_that_waits(servers: u32, load: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 0..servers {
        sum += term;
        term *= load / f64::from(n + 1);
    }
    let last = term * f64::from(servers) / (f64::from(servers) - load);
    last / (sum + last)
}

#[test]
fn erlangs_formula_is_that_of_the_tables() {
    // One server: the share of time that it is busy. Two of them: 2 a^2 / (2 (2 - a)) / (1 + a + a^2 / (2 - a)).
    assert!((share_that_waits(1, 0.7) - 0.7).abs() < 1e-12);
    assert!((share_that_waits(2, 1.0) - 1.0 / 3.0).abs() < 1e-12);
    assert!((share_that_waits(3, 2.0) - 4.0 / 9.0).abs() < 1e-12);
}

/// What became of some studies.
#[derive(Debug, Default)]
struct Tally {
    /// In how many the interval of batch means held what theory says: of the mean wait, and of the share of time that
    /// servers are busy.
    hits: [u32; 2],
    /// How many would have been warned that their batches are too short for the wait.
    warned: u32,
}

/// So many studies of a queue, each one run cut into batches.
fn tally(servers: u32, (interarrival, service): (u32, u32), horizon: &str, batches: u32, studies: u64) -> Tally {
    let scenario = queue(servers, interarrival, service, horizon);
    let load = f64::from(service) / f64::from(interarrival);
    let spare = f64::from(servers) / f64::from(service) - 1.0 / f64::from(interarrival);
    let truth = [share_that_waits(servers, load) / spare, load / f64::from(servers)];
    let measures = ["wait", "utilisation"].map(|name| Measure::parse(name).expect("a metric"));
    let steady = Steady::new(jobsim::kernel::time::SimDuration::from_secs(2 * 3600), batches);
    let mut laboratory = Laboratory::new(2).expect("threads");
    let mut tally = Tally::default();
    for study in 0..studies {
        laboratory.seed = Some(study);
        let means = laboratory.each(&scenario, 0..1, |gauge, row| {
            steady.each(gauge, |part| {
                let part = part.expect("Jobs in each batch");
                row.extend(measures.iter().map(|measure| measure.value(part)));
            });
            let mut pieces = Vec::new();
            steady.finer().each(gauge, |part| pieces.push(part.map_or(f64::NAN, |part| measures[0].value(part))));
            row.push(steady.memory(&pieces));
        });
        let mut means = means.expect("a run");
        tally.warned += u32::from(means.pop().is_some_and(|memory| memory > LONG_MEMORY));
        for (metric, truth) in truth.into_iter().enumerate() {
            let series: Vec<f64> = means.iter().skip(metric).step_by(2).copied().collect();
            tally.hits[metric] += u32::from(interval::student(&series, 0.95).expect("an interval").contains(truth));
        }
    }
    println!("M/M/{servers}, load {load}, {horizon}: {tally:?} of {studies}, truth {truth:?}");
    tally
}

#[test]
fn a_queue_meets_theory_as_often_as_intervals_say() {
    // Of 95 % of 60 studies three standard errors are 5 studies either way.
    let tallies = [tally(3, (30, 60), "40h", 8, 60), tally(1, (60, 30), "36h", 8, 60)];
    for hits in tallies.iter().flat_map(|tally| tally.hits) {
        assert!((52..=60).contains(&hits), "{tallies:?}");
    }
    assert!(tallies.iter().all(|tally| tally.warned <= 6), "{tallies:?}");
}

/// A busy server remembers for hours, and batches of an hour share what they went through.
#[test]
fn batches_that_are_too_short_are_nearly_always_found() {
    let tally = tally(1, (67, 60), "20h", 20, 40);
    assert!(tally.hits[0] < 32 && tally.warned >= 38, "{tally:?}");
}

/// A run that starts empty and is looked at from its beginning says too little of a busy queue.
#[test]
fn without_a_warm_up_the_queue_seems_shorter_than_it_is() {
    let scenario = queue(1, 40, 36, "2h");
    let truth = share_that_waits(1, 0.9) / (1.0 / 36.0 - 1.0 / 40.0);
    let wait = Measure::parse("wait").expect("a metric");
    let values = Laboratory::new(2).expect("threads").measure(&scenario, 0..60, &[wait]).expect("runs");
    let found = interval::student(&values, 0.95).expect("an interval");
    assert!(found.high < truth, "{found:?} {truth}");
}
