//! Probes, as far as they decide when a container counts as started or ready.

use super::lifecycle::{PodState, PodWorker};
use super::{Alarm, Workload};
use crate::api::pod::Probe;
use crate::kernel::time::{SimDuration, SimTime};

/// From a container's start to the answer of its startup probe that counts. The probe has had its turns since its pod was
/// admitted, `known_for` before; what it is asked then, or before the delay is over, counts for nothing.
pub(super) fn started_after(probe: Probe, ready_after: SimDuration, known_for: SimDuration) -> SimDuration {
    let (period, least) = in_nanos(probe, ready_after);
    let turns = (known_for.0 + least).div_ceil(period).max(1);
    SimDuration(turns * period - known_for.0)
}

/// From a container's start to the answer of its startup probe at which it is given up, if that comes before a good one.
pub(super) fn given_up_after(probe: Probe, ready_after: SimDuration, known_for: SimDuration) -> Option<SimDuration> {
    let more = u64::from(probe.failure_threshold) - 1;
    let first = started_after(probe, SimDuration::ZERO, known_for);
    let last = first + SimDuration::from_secs(more * u64::from(probe.period_seconds));
    (last < started_after(probe, ready_after, known_for)).then_some(last)
}

/// From a container's start to the answer of its readiness probe that counts. Its turns begin at once where the container
/// counts as started `from` then (`UpdatePodStatus`); as many as are needed have to be good in a row.
pub(super) fn ready_after(probe: Probe, ready_after: SimDuration, from: SimDuration) -> SimDuration {
    let (period, least) = in_nanos(probe, ready_after);
    let late = least.saturating_sub(from.0).div_ceil(period);
    SimDuration(from.0 + (late + u64::from(probe.success_threshold) - 1) * period)
}

/// The time between two turns, and from the start of the container to the first that may be good.
fn in_nanos(probe: Probe, ready_after: SimDuration) -> (u64, u64) {
    let seconds = |seconds: u32| SimDuration::from_secs(seconds.into()).0;
    (seconds(probe.period_seconds), seconds(probe.initial_delay_seconds).max(ready_after.0))
}

impl PodWorker {
    /// Sets the alarm of a container's probe, or takes it as ready at once where it has none. A readiness probe begins
    /// once the startup probe is content.
    pub(super) fn await_readiness(
        &mut self,
        at: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let (pod, name) = (self.id, self.container_name(at));
        let (startup, readiness) = (self.container(at).startup_probe, self.container(at).readiness_probe);
        if startup.is_none() && readiness.is_none() {
            self.containers[at].ready = true;
            return;
        }
        let (works_after, known_for) =
            (workload.ready_after(pod, &name, self.containers[at].restarts), now.since(self.admitted));
        let started = startup.map_or(SimDuration::ZERO, |probe| started_after(probe, works_after, known_for));
        let ready = readiness.map_or(started, |probe| ready_after(probe, works_after, started));
        // What comes after a sidecar waits for its startup probe alone.
        let after = if self.is_sidecar(at) && startup.is_some() { started } else { ready };
        let (container, turn) = (at as u16, self.containers[at].turn);
        match startup.and_then(|probe| given_up_after(probe, works_after, known_for)) {
            Some(given_up) => alarms.push((now + given_up, Alarm::NotStarted { pod, container, turn })),
            None => alarms.push((now + after, Alarm::Ready { pod, container, turn })),
        }
    }

    /// The startup probe of a container has found it wanting as often as it may: it is killed.
    pub(super) fn has_not_started(
        &mut self,
        at: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let own = self.container(at).startup_probe.and_then(|probe| probe.grace_period_seconds);
        let grace = own.unwrap_or(self.template.termination_grace_period_seconds);
        self.containers[at].not_started = true;
        self.signal(at, SimDuration::from_secs(grace.into()), now, workload, alarms);
    }

    /// A probe is content.
    pub(super) fn found_ready(
        &mut self,
        at: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        self.containers[at].ready = true;
        if self.state == PodState::Init(at as u16) && self.is_sidecar(at) {
            self.start_next(at + 1, now, workload, alarms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_finds_out_at_its_next_turn() {
        let probe = |initial_delay_seconds, period_seconds, success_threshold| Probe {
            initial_delay_seconds,
            period_seconds,
            success_threshold,
            failure_threshold: 3,
            grace_period_seconds: None,
        };
        let (millis, seconds) = (SimDuration::from_millis, SimDuration::from_secs);
        let readiness = |delay, period, successes, works_after, from, found| {
            let after = ready_after(probe(delay, period, successes), millis(works_after), millis(from));
            assert_eq!(after, millis(found), "{delay} {period} {successes} {works_after} {from}");
        };
        readiness(0, 10, 1, 0, 0, 0);
        readiness(0, 10, 1, 1, 0, 10_000);
        readiness(5, 10, 1, 0, 0, 10_000);
        readiness(0, 10, 3, 12_000, 0, 40_000);
        readiness(0, 10, 1, 1_000, 3_000, 3_000);
        let startup = |delay, period, works_after, known_for, found| {
            let after = started_after(probe(delay, period, 1), millis(works_after), millis(known_for));
            assert_eq!(after, millis(found), "{delay} {period} {works_after} {known_for}");
        };
        // Never at once; behind an init container of four seconds, six after the start.
        startup(0, 10, 0, 0, 10_000);
        startup(0, 10, 0, 4_000, 6_000);
        startup(0, 4, 500, 3_300, 700);
        startup(3, 4, 0, 0, 4_000);
        startup(5, 10, 7_000, 0, 10_000);
        assert_eq!(started_after(probe(0, 10, 1), seconds(0), seconds(10)), SimDuration::ZERO);
        let given_up = |delay, works_after, known_for| {
            given_up_after(probe(delay, 10, 1), seconds(works_after), seconds(known_for))
        };
        // Turns at 10, 20 and 30 s, or those after the delay.
        assert_eq!((given_up(0, 30, 0), given_up(0, 31, 0)), (None, Some(seconds(30))));
        assert_eq!((given_up(15, 40, 0), given_up(15, 41, 0)), (None, Some(seconds(40))));
        assert_eq!(given_up(0, 100, 4), Some(seconds(26)));
    }
}
