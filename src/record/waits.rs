//! What pods waited for until their containers ran, part by part.

use super::{PodLife, Run};
use crate::kernel::time::{SimDuration, SimTime};

/// A controller whose creations follow each other within this time is at one sync still.
const ONE_SYNC: SimDuration = SimDuration::from_secs(1);

/// A pod's way to its running, cut where one wait ends and the next begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Its creation was refused, by a quota or another admission, before it was there.
    pub quota: SimDuration,
    /// The scheduler had not looked at it, or was binding it.
    pub queue: SimDuration,
    /// The scheduler had found no node for it.
    pub capacity: SimDuration,
    /// Its images were not on its node.
    pub image: SimDuration,
    /// Sandbox, init containers and the start of its containers.
    pub start: SimDuration,
}

impl Waits {
    /// The names of the parts, in the order of [`Waits::parts`].
    pub const NAMES: [&str; 5] = ["quota", "queue", "capacity", "image", "start"];

    /// Of a pod, up to its running; of one that never ran, up to its end or `end`.
    pub fn of(pod: &PodLife, end: SimTime) -> Waits {
        let last = pod.started.or(pod.finished).or(pod.removed).unwrap_or(end);
        let bound = pod.scheduled.unwrap_or(last).min(last);
        let refused = pod.unschedulable.unwrap_or(bound).min(bound);
        let pulled = pod.pulled.unwrap_or(bound).clamp(bound, last);
        Waits {
            quota: pod.refused,
            queue: refused.since(pod.created),
            capacity: bound.since(refused),
            image: pulled.since(bound),
            start: last.since(pulled),
        }
    }

    /// Part by part, in the order in which they come.
    pub fn parts(&self) -> [SimDuration; 5] {
        [self.quota, self.queue, self.capacity, self.image, self.start]
    }
}

/// Are there waits to tell of: nodes that may be full, or a quota that refused something?
pub fn are_told(run: &Run) -> bool {
    !run.nodes.is_empty() || run.pods.iter().any(|pod| pod.refused > SimDuration::ZERO)
}

/// What became of each part over the pods of a run: the sum, and the longest.
pub fn totals(run: &Run) -> [(u128, SimDuration); 5] {
    let mut totals = [(0, SimDuration::ZERO); 5];
    for pod in &run.pods {
        for (total, part) in totals.iter_mut().zip(Waits::of(pod, run.end).parts()) {
            *total = (total.0 + u128::from(part.0), total.1.max(part));
        }
    }
    totals
}

/// Refusals of a Job's pods that have not been made up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusals {
    /// The first.
    since: SimTime,
    /// The first creation that no refusal has followed yet.
    relieved: Option<SimTime>,
}

impl Refusals {
    /// A creation was refused.
    pub(super) fn refuse(known: Option<Refusals>, now: SimTime) -> Refusals {
        let over = |known: &Refusals| known.relieved.is_some_and(|at| now > at + ONE_SYNC);
        let since = known.filter(|known| !over(known)).map_or(now, |known| known.since);
        Refusals { since, relieved: None }
    }

    /// A pod was created: how long the Job had wanted one in vain; nothing once it got all that it had wanted.
    pub(super) fn relieve(&mut self, now: SimTime) -> SimDuration {
        if self.relieved.is_some_and(|at| now > at + ONE_SYNC) {
            return SimDuration::ZERO;
        }
        self.relieved.get_or_insert(now);
        now.since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{self, at};

    #[test]
    fn a_pods_way_is_cut_without_gaps() {
        let check = |times: [Option<f64>; 5], wanted: [f64; 4]| {
            let mut run = fixture::run("x");
            run.job("x", Some(1), 1);
            let pod = run.pending_pod(0, "x-1", 1.0);
            [pod.unschedulable, pod.scheduled, pod.pulled, pod.started, pod.removed] = times.map(|time| time.map(at));
            let waits = Waits::of(pod, at(50.0));
            assert_eq!(waits.parts()[1..], wanted.map(|seconds| at(seconds).since(SimTime::ZERO)), "{times:?}");
        };
        check([None, Some(2.0), None, Some(5.0), None], [1.0, 0.0, 0.0, 3.0]);
        check([Some(1.5), Some(8.0), Some(20.0), Some(22.0), Some(30.0)], [0.5, 6.5, 12.0, 2.0]);
        check([Some(1.5), None, None, None, None], [0.5, 48.5, 0.0, 0.0]);
        check([None, None, None, None, Some(4.0)], [3.0, 0.0, 0.0, 0.0]);
        check([None, Some(2.0), None, None, None], [1.0, 0.0, 0.0, 48.0]);
    }

    #[test]
    fn a_job_waits_for_its_quota_until_nothing_is_refused_any_more() {
        let mut known = None;
        let refuse = |known: &mut Option<Refusals>, seconds| *known = Some(Refusals::refuse(*known, at(seconds)));
        refuse(&mut known, 10.0);
        refuse(&mut known, 20.0);
        let wait = |known: &mut Option<Refusals>, seconds| {
            known.as_mut().map_or(SimDuration::ZERO, |refusals| refusals.relieve(at(seconds))).to_string()
        };
        // Half of what is missing is let in, and the rest refused again.
        assert_eq!(wait(&mut known, 40.0), "30");
        refuse(&mut known, 40.1);
        assert_eq!(wait(&mut known, 60.0), "50");
        assert_eq!(wait(&mut known, 60.5), "50.5");
        // A pod that takes the place of one that ended was refused by nobody.
        assert_eq!(wait(&mut known, 90.0), "0");
        refuse(&mut known, 100.0);
        assert_eq!(wait(&mut known, 101.0), "1");
    }
}
