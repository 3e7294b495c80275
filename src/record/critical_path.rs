//! A Job's critical path: what the time from its creation to its end was spent on, found by going back from its end.
//!
//! The sync that ended the Job had waited for something, most often a pod's end seen in the batch second before it; that
//! pod had been created by an earlier sync, which had waited for something; and so on up to the creation of the Job.

use super::control_plane::{JobSync, JobSyncs};
use super::{JobLife, PodLife};
use crate::controllers::workqueue::WaitReason;
use crate::kernel::time::{SimDuration, SimTime};

/// What a part of the path was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// App containers of a pod ran, and their end was reported.
    Running,
    /// A pod was bound and its containers had not started.
    Starting,
    /// A pod was waiting for its node.
    Scheduling,
    /// A pod was being deleted.
    Terminating,
    /// The controller let pods' changes of one second come together.
    Batch,
    /// The controller waited after failed pods.
    PodBackOff,
    /// The controller waited after a failed sync.
    ApiBackOff,
    /// The controller had no free worker.
    Worker,
    /// Requests waited for tokens of the controller's client.
    Tokens,
    /// Requests waited for the API server.
    Api,
    /// The controller had not yet seen what had happened.
    Watch,
    /// The Job ran into its deadline.
    Deadline,
    /// The Job waited for someone to change it.
    Change,
}

impl Part {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Part; 13] = [
        Part::Running,
        Part::Starting,
        Part::Scheduling,
        Part::Terminating,
        Part::Batch,
        Part::PodBackOff,
        Part::ApiBackOff,
        Part::Worker,
        Part::Tokens,
        Part::Api,
        Part::Watch,
        Part::Deadline,
        Part::Change,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Part::Running => "running",
            Part::Starting => "starting",
            Part::Scheduling => "scheduling",
            Part::Terminating => "terminating",
            Part::Batch => "batch second",
            Part::PodBackOff => "back-off after failed pods",
            Part::ApiBackOff => "back-off after failed syncs",
            Part::Worker => "no free worker",
            Part::Tokens => "tokens",
            Part::Api => "API",
            Part::Watch => "watch",
            Part::Deadline => "deadline",
            Part::Change => "until it was changed",
        }
    }
}

/// A stretch of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it was spent on.
    pub part: Part,
    /// From here.
    pub from: SimTime,
    /// Until here.
    pub to: SimTime,
    /// The pod concerned, by its place in the run.
    pub pod: Option<u32>,
}

/// A Job's path from its creation to its end, without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// In order of time.
    pub steps: Vec<Step>,
}

impl CriticalPath {
    /// From the first step to the last.
    pub fn total(&self) -> SimDuration {
        self.steps.iter().fold(SimDuration::ZERO, |sum, step| sum + step.to.since(step.from))
    }

    /// The time spent on each part that took any, in the order of [`Part::ALL`].
    pub fn parts(&self) -> Vec<(Part, SimDuration)> {
        let spent = |part| {
            let of_part = self.steps.iter().filter(|step| step.part == part);
            of_part.fold(SimDuration::ZERO, |sum, step| sum + step.to.since(step.from))
        };
        let parts = Part::ALL.into_iter().map(|part| (part, spent(part)));
        parts.filter(|(_, spent)| *spent > SimDuration::ZERO).collect()
    }
}

/// A Job's pods, with their places in the run, ordered by their ends.
type EndedPods<'a> = [(u32, &'a PodLife)];

/// What the path of a Job is found from.
struct Ended<'a> {
    created: SimTime,
    finished: SimTime,
    syncs: &'a JobSyncs,
    /// Those that have ended.
    pods: &'a EndedPods<'a>,
    /// How long a change took to be seen.
    watch_latency: SimDuration,
}

/// The path of each Job that has ended, in the order of `jobs`; `syncs` are in that order too.
pub(super) fn of_jobs(
    jobs: &[JobLife],
    pods: &[PodLife],
    syncs: &[JobSyncs],
    watch_latency: SimDuration,
) -> Vec<Option<CriticalPath>> {
    let mut ended: Vec<Vec<(u32, &PodLife)>> = vec![Vec::new(); jobs.len()];
    for (place, pod) in (0..).zip(pods) {
        if pod.finished.is_some()
            && let Some(ended) = ended.get_mut(pod.job as usize)
        {
            ended.push((place, pod));
        }
    }
    let none = JobSyncs::default();
    let mut paths = Vec::with_capacity(jobs.len());
    for (at, (job, pods)) in jobs.iter().zip(&mut ended).enumerate() {
        pods.sort_by_key(|(_, pod)| pod.finished);
        let (created, syncs) = (job.created, syncs.get(at).unwrap_or(&none));
        let path = |finished| find(&Ended { created, finished, syncs, pods, watch_latency });
        paths.push(job.finished().map(path));
    }
    paths
}

/// Goes back from the end of a Job to its creation.
fn find(job: &Ended<'_>) -> CriticalPath {
    let mut walk = Walk { job, at: job.finished, steps: Vec::new() };
    while walk.at > job.created {
        let syncs = &job.syncs.syncs;
        let before = walk.at;
        // Syncs of a Job follow each other: the first that had not ended before is the one at work here.
        let Some(last) = syncs.len().checked_sub(1) else { break };
        let sync = syncs.partition_point(|sync| sync.ended < walk.at).min(last);
        walk.within(sync);
        walk.wait(sync);
        if walk.at >= before {
            break;
        }
    }
    // What comes before the first sync: the controller had to see the Job.
    walk.back_to(job.created, Part::Watch, None);
    walk.steps.reverse();
    CriticalPath { steps: walk.steps }
}

struct Walk<'a> {
    job: &'a Ended<'a>,
    /// Where it stands.
    at: SimTime,
    /// From the last to the first.
    steps: Vec<Step>,
}

impl<'a> Walk<'a> {
    fn back_to(&mut self, to: SimTime, part: Part, pod: Option<u32>) {
        let to = to.max(self.job.created);
        if to < self.at {
            self.steps.push(Step { part, from: to, to: self.at, pod });
            self.at = to;
        }
    }

    /// Back through the requests of a sync, each sent when the one before it was answered.
    fn within(&mut self, sync: usize) {
        let started = self.job.syncs.syncs[sync].started;
        let mut calls = self.job.syncs.calls_of(sync);
        while self.at > started {
            let answered = calls.iter().rposition(|call| call.effective <= self.at);
            let Some(call) = answered.or_else(|| calls.iter().position(|call| call.sent < self.at)) else { break };
            let (earlier, call) = (&calls[..call], calls[call]);
            // Between an answer and the sync that it woke lies its way there.
            self.back_to(call.effective, Part::Watch, None);
            self.back_to(call.sent + call.token_wait, Part::Api, None);
            self.back_to(call.sent, Part::Tokens, None);
            calls = earlier;
        }
        self.back_to(started, Part::Api, None);
    }

    /// Back through what a sync had waited for.
    fn wait(&mut self, at: usize) {
        let syncs = &self.job.syncs.syncs;
        let sync = syncs[at];
        self.back_to(sync.waited.due, Part::Worker, None);
        let before = at.checked_sub(1).map(|before| &syncs[before]);
        let part = match sync.waited.reason {
            WaitReason::Batch => Part::Batch,
            WaitReason::PodBackOff => Part::PodBackOff,
            WaitReason::ApiBackOff => return self.retry(&sync, before),
            WaitReason::Deadline => return self.back_to(sync.waited.since, Part::Deadline, None),
            _ if before.is_none() => return self.back_to(self.job.created, Part::Watch, None),
            _ => return self.back_to(self.job.created, Part::Change, None),
        };
        match self.awaited(&sync, before, part) {
            Some((place, pod)) => self.through(place, pod, part),
            None => self.woken(&sync, before, part),
        }
    }

    fn retry(&mut self, sync: &JobSync, before: Option<&JobSync>) {
        let failed = before.map_or(self.job.created, |before| before.ended);
        self.back_to(failed.min(sync.waited.since), Part::ApiBackOff, None);
    }

    /// The pod whose end the sync had waited for: the last one that it saw and the sync before it did not.
    fn awaited(&self, sync: &JobSync, before: Option<&JobSync>, part: Part) -> Option<(u32, &'a PodLife)> {
        let end = |pod: &PodLife| pod.finished.unwrap_or(SimTime::MAX);
        let pods: &'a EndedPods<'a> = self.job.pods;
        let seen = pods.partition_point(|(_, pod)| end(pod) + self.job.watch_latency <= sync.started);
        // Those that the sync itself deleted it had not waited for.
        let mut known = pods[..seen].iter().rev();
        let last = known.find(|(_, pod)| pod.terminating.is_none_or(|asked| asked < sync.started))?;
        let new = before.is_none_or(|before| end(last.1) + self.job.watch_latency > before.started);
        // A back-off is counted from the failure, which earlier syncs have seen too.
        (new || part == Part::PodBackOff).then_some((last.0, last.1))
    }

    /// Back through the life of a pod.
    fn through(&mut self, place: u32, pod: &PodLife, part: Part) {
        let Some(finished) = pod.finished else { return };
        self.back_to(finished + self.job.watch_latency, part, Some(place));
        self.back_to(finished, Part::Watch, Some(place));
        if let Some(terminating) = pod.terminating {
            self.back_to(terminating, Part::Terminating, Some(place));
            // What led to a deletion of the controller's own is the sync that asked for it.
            let syncs = &self.job.syncs.syncs;
            let sync = syncs.get(syncs.partition_point(|sync| sync.ended < terminating));
            if sync.is_some_and(|sync| sync.started <= terminating) {
                return;
            }
        }
        self.before(place, pod);
    }

    /// Back from somewhere in the life of a pod to its creation.
    fn before(&mut self, place: u32, pod: &PodLife) {
        let scheduled = pod.scheduled.unwrap_or(pod.created);
        self.back_to(pod.started.unwrap_or(scheduled), Part::Running, Some(place));
        self.back_to(scheduled, Part::Starting, Some(place));
        self.back_to(pod.created, Part::Scheduling, Some(place));
    }

    /// What woke the sync was a write of the sync before it, or a change in a pod that goes on, such as a restart.
    fn woken(&mut self, sync: &JobSync, before: Option<&JobSync>, part: Part) {
        let since = sync.waited.since;
        self.back_to(since, part, None);
        let ended = before.map_or(self.job.created, |before| before.ended).min(since);
        if ended + self.job.watch_latency < since
            && let Some((place, pod)) = self.living(since)
        {
            return self.before(place, pod);
        }
        self.back_to(ended, Part::Watch, None);
    }

    /// The youngest of the pods that stood at an instant.
    fn living(&self, at: SimTime) -> Option<(u32, &'a PodLife)> {
        let pods: &'a EndedPods<'a> = self.job.pods;
        let alive = pods.iter().filter(|(_, pod)| pod.created < at && pod.finished.is_none_or(|end| end >= at));
        alive.max_by_key(|(place, pod)| (pod.created, *place)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::workqueue::Waited;
    use crate::record::fixture::{self, at};

    fn sync(reason: WaitReason, since: f64, due: f64, ended: f64) -> JobSync {
        let waited = Waited { reason, since: at(since), due: at(due) };
        JobSync { waited, started: at(due), ended: at(ended), first_call: 0 }
    }

    /// Parts as `words seconds`, joined by commas.
    fn check(syncs: Vec<JobSync>, lives: &[[f64; 3]], finished: f64, expected: &str) {
        check_with(syncs, lives, |_| {}, finished, expected);
    }

    fn check_with(
        syncs: Vec<JobSync>,
        lives: &[[f64; 3]],
        change: impl Fn(&mut PodLife),
        finished: f64,
        expected: &str,
    ) {
        let mut run = fixture::run("x");
        let job = run.job("x", Some(1), 1);
        for (number, times) in lives.iter().enumerate() {
            run.pod(job, &format!("x-{number}"), *times, 0).scheduled = Some(at(times[0]));
        }
        run.pods.iter_mut().for_each(change);
        let pods: Vec<(u32, &PodLife)> = (0..).zip(&run.pods).collect();
        let syncs = JobSyncs { syncs, ..JobSyncs::default() };
        let ended = Ended {
            created: SimTime::ZERO,
            finished: at(finished),
            syncs: &syncs,
            pods: &pods,
            watch_latency: SimDuration::ZERO,
        };
        let path = find(&ended);
        let parts: Vec<String> = path.parts().iter().map(|(part, spent)| format!("{} {spent}", part.words())).collect();
        assert_eq!(parts.join(", "), expected);
        assert_eq!(path.total(), at(finished).since(SimTime::ZERO));
        assert!(path.steps.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn two_pods_one_after_the_other() {
        use WaitReason::{Batch, None};
        let syncs = vec![sync(None, 0.0, 0.0, 0.0), sync(Batch, 5.0, 6.0, 6.0), sync(Batch, 11.0, 12.0, 12.0)];
        check(syncs, &[[0.0, 2.0, 5.0], [6.0, 7.0, 11.0]], 12.0, "running 7, starting 3, batch second 2");
    }

    #[test]
    fn a_pod_that_was_evicted_has_run_until_then() {
        use WaitReason::{Batch, None, PodBackOff};
        let syncs = vec![
            sync(None, 0.0, 0.0, 0.0),
            sync(Batch, 70.0, 71.0, 71.0),
            sync(PodBackOff, 71.0, 81.0, 81.0),
            sync(Batch, 91.0, 92.0, 92.0),
        ];
        let lives = [[0.0, 2.0, 71.0], [81.0, 82.0, 91.0]];
        let parts = "running 77, starting 3, terminating 1, batch second 1, back-off after failed pods 10";
        check_with(
            syncs,
            &lives,
            |pod| pod.terminating = (pod.created == SimTime::ZERO).then_some(at(70.0)),
            92.0,
            parts,
        );
    }

    #[test]
    fn of_pods_that_run_side_by_side_the_last_counts() {
        use WaitReason::{Batch, None};
        let syncs = vec![sync(None, 0.0, 0.0, 0.0), sync(Batch, 9.5, 10.5, 10.5)];
        check(syncs, &[[0.0, 1.0, 9.5], [0.0, 2.0, 10.0]], 10.5, "running 8, starting 2, batch second 0.5");
    }

    #[test]
    fn back_off_is_counted_from_the_failure() {
        use WaitReason::{Batch, None, PodBackOff};
        let syncs = vec![
            sync(None, 0.0, 0.0, 0.0),
            sync(Batch, 5.0, 6.0, 6.0),
            sync(PodBackOff, 6.0, 15.0, 15.0),
            sync(Batch, 20.0, 21.0, 21.0),
        ];
        let parts = "running 8, starting 2, batch second 1, back-off after failed pods 10";
        check(syncs, &[[0.0, 1.0, 5.0], [15.0, 16.0, 20.0]], 21.0, parts);
    }

    #[test]
    fn a_deadline_is_all_there_is_to_say() {
        use WaitReason::{Deadline, None};
        check(vec![sync(None, 0.0, 0.0, 0.0), sync(Deadline, 0.0, 30.0, 30.0)], &[], 30.0, "deadline 30");
        let resumed = vec![sync(None, 0.0, 0.0, 0.0), sync(None, 9.0, 9.0, 9.0), sync(Deadline, 9.0, 30.0, 30.0)];
        check(resumed, &[], 30.0, "deadline 21, until it was changed 9");
    }

    #[test]
    fn a_restart_in_place_is_part_of_the_pods_run() {
        use WaitReason::{Batch, None};
        let syncs = vec![sync(None, 0.0, 0.0, 0.0), sync(Batch, 7.0, 8.0, 8.0), sync(Batch, 20.0, 21.0, 21.0)];
        check(syncs, &[[0.0, 2.0, 30.0]], 21.0, "running 18, starting 2, batch second 1");
    }
}
