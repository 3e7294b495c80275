//! Metrics of a run as numbers, each named once: sweeps, comparisons, fits and tables all use these names.

use super::gauge::{Gauge, PodSpan};
use super::metrics::most;
use super::node_gauge::Resource;
use crate::api::pod::PodPhase;
use crate::kernel::time::{SimDuration, SimTime};

/// A number that a run comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Seconds from the first creation of a Job to the end of the last one, or of the run if one had not ended.
    Makespan,
    /// Mean seconds from a pod's creation until its app containers ran, over the pods that got there.
    Wait,
    /// What 95 of 100 of these waits do not exceed (nearest rank).
    WaitP95,
    /// Mean seconds from a Job's creation to its end, or to that of the run.
    Turnaround,
    /// Mean over Jobs of turnaround by the time in which at least one of its pods ran: 1 for one that never waits.
    Stretch,
    /// Seconds that pods ran, added up.
    PodSeconds,
    /// Of these, the seconds of pods that did not succeed.
    WastedPodSeconds,
    /// Pods that failed, and restarts of containers within pods.
    Retries,
    /// Pods created.
    Pods,
    /// Pods that succeeded.
    Succeeded,
    /// Pods that failed.
    Failed,
    /// Most pods that ran at the same time.
    MaxParallelism,
    /// Seconds of pods that succeeded, by the makespan: how many pods' worth of work was done at a time.
    Speedup,
    /// Speed-up by the most pods that ran at the same time: 1 if they all worked all the time.
    Efficiency,
    /// Seconds that requests of the controllers waited for tokens of their clients, added up.
    ControlPlaneWait,
    /// Share of the Jobs that completed.
    Complete,
    /// Share of the nodes' processors that pods on them asked for, over the time that the nodes were there.
    Utilisation,
    /// The same of their memory.
    MemoryUtilisation,
    /// Dollars for the nodes of pools, each by its time and at least for the minimum charge.
    Cost,
}

impl Metric {
    /// Does it hang on when Jobs end?
    pub fn hangs_on_ends(self) -> bool {
        matches!(self, Metric::Makespan | Metric::Turnaround | Metric::Stretch | Metric::Speedup | Metric::Efficiency)
    }

    /// All of them.
    pub const ALL: [Metric; 19] = [
        Metric::Makespan,
        Metric::Wait,
        Metric::WaitP95,
        Metric::Turnaround,
        Metric::Stretch,
        Metric::PodSeconds,
        Metric::WastedPodSeconds,
        Metric::Retries,
        Metric::Pods,
        Metric::Succeeded,
        Metric::Failed,
        Metric::MaxParallelism,
        Metric::Speedup,
        Metric::Efficiency,
        Metric::ControlPlaneWait,
        Metric::Complete,
        Metric::Utilisation,
        Metric::MemoryUtilisation,
        Metric::Cost,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Makespan => "makespan",
            Metric::Wait => "wait",
            Metric::WaitP95 => "waitP95",
            Metric::Turnaround => "turnaround",
            Metric::Stretch => "stretch",
            Metric::PodSeconds => "podSeconds",
            Metric::WastedPodSeconds => "wastedPodSeconds",
            Metric::Retries => "retries",
            Metric::Pods => "pods",
            Metric::Succeeded => "succeeded",
            Metric::Failed => "failed",
            Metric::MaxParallelism => "maxParallelism",
            Metric::Speedup => "speedup",
            Metric::Efficiency => "efficiency",
            Metric::ControlPlaneWait => "controlPlaneWait",
            Metric::Complete => "complete",
            Metric::Utilisation => "utilisation",
            Metric::MemoryUtilisation => "memoryUtilisation",
            Metric::Cost => "cost",
        }
    }

    /// The metric of this name.
    pub fn named(name: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.as_str() == name)
    }

    /// Is less of it better, as of waits, or more, as of speed-up? Absent where neither is by itself: more pods at a time
    /// may be what is wanted or what it costs.
    pub fn less_is_better(self) -> Option<bool> {
        match self {
            Metric::MaxParallelism | Metric::Pods | Metric::PodSeconds => None,
            Metric::Succeeded
            | Metric::Speedup
            | Metric::Efficiency
            | Metric::Complete
            | Metric::Utilisation
            | Metric::MemoryUtilisation => Some(false),
            Metric::Makespan
            | Metric::Wait
            | Metric::WaitP95
            | Metric::Turnaround
            | Metric::Stretch
            | Metric::WastedPodSeconds
            | Metric::Retries
            | Metric::Failed
            | Metric::ControlPlaneWait
            | Metric::Cost => Some(true),
        }
    }

    /// What it is counted in, where that is not a number of things or a share.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Metric::Makespan | Metric::Wait | Metric::WaitP95 | Metric::Turnaround | Metric::ControlPlaneWait => {
                Some("seconds")
            }
            Metric::PodSeconds | Metric::WastedPodSeconds => Some("pod seconds"),
            Metric::Cost => Some("dollars"),
            _ => None,
        }
    }

    /// Can it be asked of a single pool of nodes?
    pub fn is_of_nodes(self) -> bool {
        matches!(self, Metric::Utilisation | Metric::MemoryUtilisation | Metric::Cost)
    }

    /// Its value in a pool of nodes, for those that are of nodes.
    pub fn of_pool(self, pool: Option<u32>, gauge: &Gauge) -> f64 {
        let (nodes, window) = (&gauge.nodes, gauge.span());
        match self {
            Metric::Utilisation => nodes.utilisation(Resource::Cpu, pool, window),
            Metric::MemoryUtilisation => nodes.utilisation(Resource::Memory, pool, window),
            Metric::Cost => nodes.cost(pool, window, gauge.window.is_none()),
            _ => f64::NAN,
        }
    }

    /// Its value; not a number where there is none, as for the wait of no pods.
    pub fn of(self, gauge: &Gauge) -> f64 {
        let pods = gauge.pods.iter();
        let of_phase = |phase| pods.clone().filter(move |pod| pod.phase == phase);
        match self {
            Metric::Makespan => seconds(makespan(gauge)),
            Metric::Wait => mean(pods.filter_map(wait).map(seconds)),
            Metric::WaitP95 => rank(pods.filter_map(wait).collect(), 95).map_or(f64::NAN, seconds),
            Metric::Turnaround => mean(gauge.jobs.iter().map(|job| seconds(since(job.ended, gauge, job.created)))),
            Metric::Stretch => stretch(gauge),
            Metric::PodSeconds => run_seconds(pods, gauge.end),
            Metric::WastedPodSeconds => {
                run_seconds(pods.filter(|pod| pod.phase != PodPhase::Succeeded && pod.ended.is_some()), gauge.end)
            }
            Metric::Retries => {
                let restarts: u64 = pods.clone().map(|pod| u64::from(pod.restarts)).sum();
                of_phase(PodPhase::Failed).count() as f64 + restarts as f64
            }
            Metric::Pods => gauge.pods.len() as f64,
            Metric::Succeeded => of_phase(PodPhase::Succeeded).count() as f64,
            Metric::Failed => of_phase(PodPhase::Failed).count() as f64,
            Metric::MaxParallelism => most(changes(gauge)) as f64,
            Metric::Speedup => run_seconds(of_phase(PodPhase::Succeeded), gauge.end) / seconds(makespan(gauge)),
            Metric::Efficiency => Metric::Speedup.of(gauge) / Metric::MaxParallelism.of(gauge),
            Metric::ControlPlaneWait => token_wait(gauge),
            Metric::Utilisation | Metric::MemoryUtilisation | Metric::Cost => self.of_pool(None, gauge),
            Metric::Complete => mean(gauge.jobs.iter().map(|job| f64::from(u8::from(job.complete)))),
        }
    }
}

/// What the time of the Job that ended last went into, along its pod that ended last.
pub const PHASES: [&str; 6] = ["creating", "back-off", "scheduling", "starting", "running", "completing"];

/// Seconds in each of [`PHASES`], which add up to the time from the creation of the Job that ended last to its end: until
/// that pod was created, less what of this was back-off after failed pods, or a wait for a node of a pod whose place it
/// took; the back-off; those waits, and until the pod itself was bound; until its containers ran, until it ended, until the
/// Job was marked.
pub fn phases(gauge: &Gauge) -> [f64; 6] {
    let ended = |at: &usize| gauge.jobs[*at].ended.unwrap_or(gauge.end);
    let Some(last) = (0..gauge.jobs.len()).max_by_key(ended) else { return [0.0; 6] };
    let (first, end) = (gauge.jobs[last].created, ended(&last));
    let of_it: Vec<&PodSpan> = gauge.pods.iter().filter(|pod| pod.job as usize == last).collect();
    let over = |pod: &PodSpan| pod.ended.unwrap_or(end).min(end);
    let Some(pod) = of_it.iter().max_by_key(|pod| (over(pod), pod.created)) else {
        return [seconds(end.since(first)), 0.0, 0.0, 0.0, 0.0, 0.0];
    };
    let over = over(pod);
    let started = pod.started.unwrap_or(over).min(over);
    let scheduled = pod.scheduled.unwrap_or(started).min(started);
    let created = pod.created.min(scheduled);
    let creating = created.since(first);
    let (backing_off, waiting) = before(&of_it, pod.created);
    let backing_off = backing_off.min(creating);
    let waiting = waiting.min(SimDuration(creating.0 - backing_off.0));
    let creating = SimDuration(creating.0 - backing_off.0 - waiting.0);
    let [scheduling, starting] = [scheduled.since(created) + waiting, started.since(scheduled)];
    [creating, backing_off, scheduling, starting, over.since(started), end.since(over)].map(seconds)
}

/// How much of the time until a pod of a Job was created was back-off after failed pods, and how much pods before it
/// waited for nodes.
///
/// The pods before it are walked back: what it waited for is the failed pod after whose end none was created, else the
/// pod that ended last before, whose place it took; and that pod waited for one before itself.
fn before(pods: &[&PodSpan], until: SimTime) -> (SimDuration, SimDuration) {
    let mut created: Vec<SimTime> = pods.iter().map(|pod| pod.created).collect();
    created.sort_unstable();
    let by_end = |is_failed: bool| {
        let ends = pods.iter().filter(|pod| !is_failed || pod.phase == PodPhase::Failed);
        let waited = |pod: &PodSpan, ended| pod.scheduled.unwrap_or(ended).since(pod.created);
        let end = |pod: &&&PodSpan| pod.ended.map(|ended| (ended, pod.created, waited(pod, ended)));
        let mut ends: Vec<(SimTime, SimTime, SimDuration)> = ends.filter_map(|pod| end(&pod)).collect();
        ends.sort_unstable();
        ends
    };
    let (failed, all) = (by_end(true), by_end(false));
    let last = |ends: &[(SimTime, SimTime, SimDuration)], at: SimTime| {
        ends[..ends.partition_point(|(ended, ..)| *ended <= at)].last().copied()
    };
    let (mut at, mut backing_off, mut waiting) = (until, SimDuration::ZERO, SimDuration::ZERO);
    loop {
        let before = created[..created.partition_point(|other| *other < at)].last().copied().unwrap_or_default();
        let failed = last(&failed, at).filter(|(ended, ..)| *ended >= before);
        let Some((ended, came, waited)) = failed.or_else(|| last(&all, at)) else { return (backing_off, waiting) };
        if failed.is_some() {
            backing_off = backing_off + at.since(ended);
        }
        waiting = waiting + waited;
        if came >= at {
            return (backing_off, waiting);
        }
        at = came;
    }
}

fn seconds(length: SimDuration) -> f64 {
    length.0 as f64 / 1e9
}

fn since(ended: Option<SimTime>, gauge: &Gauge, from: SimTime) -> SimDuration {
    ended.unwrap_or(gauge.end).since(from)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0u64);
    for value in values {
        (sum, count) = (sum + value, count + 1);
    }
    // Of nothing: 0 by 0, which is not a number.
    sum / count as f64
}

fn rank(mut times: Vec<SimDuration>, percent: usize) -> Option<SimDuration> {
    let place = (times.len() * percent).div_ceil(100).checked_sub(1)?;
    Some(*times.select_nth_unstable(place).1)
}

fn wait(pod: &PodSpan) -> Option<SimDuration> {
    pod.started.map(|started| started.since(pod.created))
}

fn token_wait(gauge: &Gauge) -> f64 {
    let (from, to) = gauge.span();
    let is_whole = gauge.window.is_none();
    let waits = gauge.token_waits.iter().filter(|(sent, _)| is_whole || (from <= *sent && *sent < to));
    waits.map(|(_, wait)| u128::from(wait.0)).sum::<u128>() as f64 / 1e9
}

fn makespan(gauge: &Gauge) -> SimDuration {
    let first = gauge.jobs.iter().map(|job| job.created).min();
    let last = gauge.jobs.iter().map(|job| job.ended.unwrap_or(gauge.end)).max();
    last.unwrap_or_default().since(first.unwrap_or_default())
}

/// From when until when a pod ran.
fn running(pod: &PodSpan, end: SimTime) -> Option<(SimTime, SimTime)> {
    let started = pod.started?;
    Some((started, pod.ended.unwrap_or(end).max(started)))
}

fn run_seconds<'a>(pods: impl Iterator<Item = &'a PodSpan>, end: SimTime) -> f64 {
    let nanos: u128 = pods.filter_map(|pod| running(pod, end)).map(|(from, to)| u128::from(to.since(from).0)).sum();
    nanos as f64 / 1e9
}

fn changes(gauge: &Gauge) -> Vec<(SimTime, i64)> {
    let spans = gauge.pods.iter().filter_map(|pod| running(pod, gauge.end)).filter(|(from, to)| from < to);
    spans.flat_map(|(from, to)| [(from, 1), (to, -1)]).collect()
}

fn stretch(gauge: &Gauge) -> f64 {
    let mut spans: Vec<(u32, SimTime, SimTime)> =
        gauge.pods.iter().filter_map(|pod| running(pod, gauge.end).map(|(from, to)| (pod.job, from, to))).collect();
    spans.sort_unstable();
    let mut ratios = Vec::new();
    for of_job in spans.chunk_by(|a, b| a.0 == b.0) {
        let (mut busy, mut until) = (0, SimTime::ZERO);
        for &(_, from, to) in of_job {
            busy += to.max(until).since(from.max(until)).0;
            until = until.max(to);
        }
        if let Some(job) = gauge.jobs.get(of_job[0].0 as usize).filter(|_| busy > 0) {
            ratios.push(since(job.ended, gauge, job.created).0 as f64 / busy as f64);
        }
    }
    mean(ratios.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;

    #[test]
    fn the_tutorials_job_in_numbers() {
        let gauge = Gauge::of_run(&fixture::pi());
        let check = |metric: Metric, value: f64| {
            assert!((metric.of(&gauge) - value).abs() < 1e-9, "{metric:?}: {}", metric.of(&gauge));
        };
        check(Metric::Makespan, 35.83);
        check(Metric::Wait, 1.818);
        check(Metric::WaitP95, 2.21);
        check(Metric::Turnaround, 35.83);
        check(Metric::PodSeconds, 48.27);
        check(Metric::MaxParallelism, 2.0);
        check(Metric::Speedup, 48.27 / 35.83);
        check(Metric::Efficiency, 48.27 / 35.83 / 2.0);
        check(Metric::Complete, 1.0);
        check(Metric::Retries, 0.0);
    }

    #[test]
    fn a_job_that_waits_half_its_time_is_stretched_to_two() {
        let at = |seconds: u64| SimTime(seconds * 1_000_000_000);
        let pod = |from, to| PodSpan {
            job: 0,
            created: at(0),
            scheduled: None,
            started: Some(at(from)),
            ended: Some(at(to)),
            phase: PodPhase::Succeeded,
            restarts: 0,
        };
        let mut gauge = Gauge::default();
        (gauge.pods, gauge.end) = (vec![pod(5, 8), pod(6, 10)], at(10));
        gauge.jobs.push(super::super::gauge::JobSpan { created: at(0), ended: Some(at(10)), complete: true });
        assert_eq!(Metric::Stretch.of(&gauge), 2.0);
        assert!(Metric::Wait.of(&Gauge::default()).is_nan());
        assert!(Metric::WaitP95.of(&Gauge::default()).is_nan());
    }

    #[test]
    fn phases_are_those_of_the_job_that_ended_last() {
        let at = |seconds: u64| SimTime(seconds * 1_000_000_000);
        let pod = |job, created, ended, phase| PodSpan {
            job,
            created: at(created),
            scheduled: Some(at(created)),
            started: Some(at(created + 1)),
            ended: Some(at(ended)),
            phase,
            restarts: 0,
        };
        let job = |created, ended| super::super::gauge::JobSpan {
            created: at(created),
            ended: Some(at(ended)),
            complete: true,
        };
        let check = |pods: Vec<PodSpan>, wanted: [f64; 6]| {
            let mut gauge = Gauge::default();
            (gauge.jobs, gauge.pods, gauge.end) = (vec![job(0, 9), job(100, 160)], pods, at(200));
            assert_eq!(phases(&gauge), wanted);
        };
        let (good, bad) = (PodPhase::Succeeded, PodPhase::Failed);
        let first = pod(0, 0, 8, good);
        // Nothing of the hundred seconds before it was created.
        check(vec![first, pod(1, 110, 158, good)], [10.0, 0.0, 0.0, 1.0, 47.0, 2.0]);
        // Ten seconds of back-off after a pod that failed at 120, and what ran meanwhile does not matter.
        let others = [pod(1, 101, 120, bad), pod(1, 101, 125, good)];
        check([&[first], &others[..], &[pod(1, 130, 158, good)]].concat(), [20.0, 10.0, 0.0, 1.0, 27.0, 2.0]);
        // The place of one that succeeded, which had waited 4 s for another attempt.
        let others = [pod(1, 101, 106, bad), pod(1, 110, 125, good)];
        check([&[first], &others[..], &[pod(1, 127, 158, good)]].concat(), [23.0, 4.0, 0.0, 1.0, 30.0, 2.0]);
        // The place of one that had waited for a node: neither more pods nor a quicker control plane would have helped.
        let waited = PodSpan { scheduled: Some(at(120)), started: Some(at(121)), ..pod(1, 101, 125, good) };
        check(vec![first, waited, pod(1, 127, 158, good)], [8.0, 0.0, 19.0, 1.0, 30.0, 2.0]);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for metric in Metric::ALL {
            assert_eq!(Metric::named(metric.as_str()), Some(metric));
        }
        assert_eq!(Metric::named("speed"), None);
    }
}
