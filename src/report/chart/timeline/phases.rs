//! A pod's life as spans of one colour each.

use super::super::palette::{self, Colour};
use crate::api::pod::PodPhase;
use crate::kernel::time::SimTime;
use crate::record::PodLife;

/// What a pod did for a while. While it ran it bears the colour of its outcome: that is what one looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report::chart) enum Phase {
    /// No node had it.
    Waiting,
    /// On a node, app containers not yet running.
    Starting,
    /// Ran, and had not ended when the run ended or the pod went.
    Running,
    /// Ran, and succeeded.
    Succeeded,
    /// Ran, and failed.
    Failed,
    /// Deleted, not yet ended.
    Terminating,
}

impl Phase {
    pub(in crate::report::chart) const ALL: [Phase; 6] =
        [Phase::Waiting, Phase::Starting, Phase::Running, Phase::Succeeded, Phase::Failed, Phase::Terminating];

    pub(in crate::report::chart) fn colour(self) -> Colour {
        match self {
            Phase::Waiting => palette::WAITING,
            Phase::Starting => palette::STARTING,
            Phase::Running => palette::RUNNING,
            Phase::Succeeded => palette::SUCCEEDED,
            Phase::Failed => palette::FAILED,
            Phase::Terminating => palette::TERMINATING,
        }
    }

    pub(in crate::report::chart) fn legend(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting for a node",
            Phase::Starting => "starting",
            Phase::Running => "still running",
            Phase::Succeeded => "ran, succeeded",
            Phase::Failed => "ran, failed",
            Phase::Terminating => "terminating",
        }
    }

    /// Does it say how the pod ended? Shown however short it was.
    pub(in crate::report::chart) fn is_outcome(self) -> bool {
        matches!(self, Phase::Running | Phase::Succeeded | Phase::Failed)
    }
}

/// When the pod ended or went, or the chart ends.
fn ended(pod: &PodLife, end: SimTime) -> SimTime {
    pod.finished.or(pod.removed).unwrap_or(end).min(end)
}

/// The spans of a pod up to `end`, in order, without empty ones but for a pod's failure before it ran.
pub(in crate::report::chart) fn spans(pod: &PodLife, end: SimTime) -> impl Iterator<Item = (Phase, SimTime, SimTime)> {
    let ended = ended(pod, end);
    let deleted = pod.terminating.unwrap_or(ended).min(ended);
    let started = pod.started.unwrap_or(deleted).min(deleted);
    let scheduled = pod.scheduled.unwrap_or(started).min(started);
    let ran = match pod.phase {
        PodPhase::Succeeded => Phase::Succeeded,
        PodPhase::Failed => Phase::Failed,
        PodPhase::Pending | PodPhase::Running => Phase::Running,
    };
    let spans = [
        (Phase::Waiting, pod.created.min(scheduled), scheduled),
        (Phase::Starting, scheduled, started),
        (ran, started, deleted),
        (Phase::Terminating, deleted, ended),
    ];
    let outcome_known = pod.finished.is_some() || pod.started.is_some();
    let shown = move |phase: Phase, from, to| from < to || (phase.is_outcome() && outcome_known);
    spans.into_iter().filter(move |&(phase, from, to)| shown(phase, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::{self, at};

    #[test]
    fn spans_follow_a_pods_times() {
        let check = |times: [Option<f64>; 4], phase: PodPhase, wanted: &str| {
            let mut run = fixture::run("x");
            run.job("x", Some(1), 1);
            let pod = run.pending_pod(0, "x-1", 1.0);
            [pod.scheduled, pod.started, pod.terminating, pod.finished] = times.map(|time| time.map(at));
            pod.phase = phase;
            let spans: Vec<String> =
                spans(pod, at(50.0)).map(|(phase, from, to)| format!("{phase:?} {from}-{to}")).collect();
            assert_eq!(spans.join(", "), wanted);
        };
        let (pending, running) = (PodPhase::Pending, PodPhase::Running);
        check([None, None, None, None], pending, "Waiting 1-50");
        check([Some(2.0), None, None, None], pending, "Waiting 1-2, Starting 2-50");
        check([Some(1.0), Some(3.0), None, None], running, "Starting 1-3, Running 3-50");
        check([Some(1.0), Some(3.0), None, Some(9.0)], PodPhase::Succeeded, "Starting 1-3, Succeeded 3-9");
        check([Some(1.0), Some(1.0), None, Some(1.0)], PodPhase::Succeeded, "Succeeded 1-1");
        let killed = [Some(1.0), Some(3.0), Some(9.0), Some(12.0)];
        check(killed, PodPhase::Failed, "Starting 1-3, Failed 3-9, Terminating 9-12");
        check(
            [Some(2.0), None, Some(4.0), Some(5.0)],
            PodPhase::Failed,
            "Waiting 1-2, Starting 2-4, Failed 4-4, Terminating 4-5",
        );
        check([None, None, None, Some(5.0)], PodPhase::Failed, "Waiting 1-5, Failed 5-5");
    }
}
