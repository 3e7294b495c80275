//! Figures of a run: how many pods, how long they ran and waited, how many at a time.

use super::{JobLife, PodLife, Run};
use crate::api::pod::PodPhase;
use crate::kernel::time::{SimDuration, SimTime};

/// Figures of a set of pods and of the Jobs that made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Pods created.
    pub pods: u64,
    /// Pods that succeeded.
    pub succeeded: u64,
    /// Pods that failed.
    pub failed: u64,
    /// Pods that had neither ended nor gone when the run ended.
    pub unfinished: u64,
    /// Restarts of containers within their pods.
    pub restarts: u64,
    /// Most pods that ran at the same time.
    pub max_parallelism: u64,
    /// Time that pods ran, added up, in nanoseconds.
    pub pod_nanos: u128,
    /// From a pod's creation until its app containers ran, over the pods that got there.
    pub wait: Option<Spread>,
    /// From the first creation of a Job to the end of the last one, or of the run if one had not ended.
    pub makespan: SimDuration,
}

/// How a length of time is spread over pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The mean, cut to whole nanoseconds.
    pub mean: SimDuration,
    /// Half of the pods took no longer (nearest rank).
    pub median: SimDuration,
    /// Of a hundred pods, 95 took no longer (nearest rank).
    pub p95: SimDuration,
    /// The longest.
    pub max: SimDuration,
}

impl Figures {
    /// Of the whole run.
    pub fn of_run(run: &Run) -> Figures {
        figures(&run.jobs, run.pods.iter(), run.end)
    }

    /// Of each Job, in the order of [`Run::jobs`].
    pub fn of_jobs(run: &Run) -> Vec<Figures> {
        let mut pods: Vec<Vec<&PodLife>> = vec![Vec::new(); run.jobs.len()];
        for pod in &run.pods {
            pods[pod.job as usize].push(pod);
        }
        let jobs = run.jobs.chunks(1).zip(pods);
        jobs.map(|(job, pods)| figures(job, pods.into_iter(), run.end)).collect()
    }
}

fn figures<'a>(jobs: &[JobLife], pods: impl Iterator<Item = &'a PodLife>, end: SimTime) -> Figures {
    let mut figures = Figures { makespan: makespan(jobs, end), ..Figures::default() };
    let (mut waits, mut changes) = (Vec::new(), Vec::new());
    for pod in pods {
        let ended = pod.finished.or(pod.removed);
        figures.pods += 1;
        figures.restarts += u64::from(pod.restarts);
        match pod.phase {
            PodPhase::Succeeded => figures.succeeded += 1,
            PodPhase::Failed => figures.failed += 1,
            PodPhase::Pending | PodPhase::Running => figures.unfinished += u64::from(ended.is_none()),
        }
        if let Some(started) = pod.started {
            let ended = ended.unwrap_or(end);
            waits.push(started.since(pod.created));
            figures.pod_nanos += u128::from(ended.since(started).0);
            changes.extend((started < ended).then_some([(started, 1), (ended, -1)]).into_iter().flatten());
        }
    }
    figures.wait = spread(waits);
    figures.max_parallelism = most(changes);
    figures
}

fn makespan(jobs: &[JobLife], end: SimTime) -> SimDuration {
    let first = jobs.iter().map(|job| job.created).min();
    let last = jobs.iter().map(|job| job.finished().or(job.removed).unwrap_or(end)).max();
    last.unwrap_or_default().since(first.unwrap_or_default())
}

/// The highest sum of changes; those of an instant count together, losses first.
pub(super) fn most(mut changes: Vec<(SimTime, i64)>) -> u64 {
    changes.sort_unstable();
    let sums = changes.iter().scan(0, |sum, (_, change)| {
        *sum += change;
        Some(*sum)
    });
    sums.max().unwrap_or(0).unsigned_abs()
}

fn spread(mut times: Vec<SimDuration>) -> Option<Spread> {
    times.sort_unstable();
    let sum: u128 = times.iter().map(|time| u128::from(time.0)).sum();
    let ranked = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    let max = *times.last()?;
    let mean = SimDuration((sum / times.len() as u128) as u64);
    Some(Spread { mean, median: ranked(50), p95: ranked(95), max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{self, at};

    #[test]
    fn the_tutorials_job_in_figures() {
        let figures = Figures::of_run(&fixture::pi());
        assert_eq!((figures.pods, figures.succeeded, figures.failed, figures.unfinished), (5, 5, 0, 0));
        assert_eq!(figures.makespan, at(35.83).since(SimTime::ZERO));
        // 7.68 + 10.81 + 9.39 + 9.46 + 10.93
        assert_eq!(figures.pod_nanos, 48_270_000_000);
        assert_eq!(figures.max_parallelism, 2);
        let wait = figures.wait.unwrap();
        assert_eq!(wait.mean.to_string(), "1.818");
        assert_eq!((wait.median.to_string().as_str(), wait.max.to_string().as_str()), ("1.91", "2.21"));
    }

    #[test]
    fn unfinished_pods_run_until_the_end() {
        let run = fixture::two_jobs();
        let jobs = Figures::of_jobs(&run);
        assert_eq!((jobs[0].pods, jobs[0].failed, jobs[0].unfinished), (5, 1, 0));
        assert_eq!((jobs[1].pods, jobs[1].succeeded, jobs[1].unfinished), (4, 1, 3));
        assert_eq!(jobs[1].pod_nanos, (206 + 265 + 264) * 1_000_000_000);
        assert_eq!(jobs[1].makespan, run.end.since(SimTime::ZERO));
        let total = Figures::of_run(&run);
        assert_eq!((total.pods, total.succeeded, total.max_parallelism), (9, 5, 5));
    }

    #[test]
    fn a_pod_that_takes_over_in_the_same_instant_is_not_a_second_one() {
        assert_eq!(most(vec![(at(1.0), 1), (at(2.0), 1), (at(2.0), -1), (at(3.0), -1)]), 1);
        assert_eq!(most(Vec::new()), 0);
        assert_eq!(spread(Vec::new()), None);
    }
}
