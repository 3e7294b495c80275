//! Probes, as far as they decide when a container counts as started or ready.

use super::lifecycle::{PodState, PodWorker};
use super::{Alarm, Workload};
use crate::api::pod::Probe;
use crate::kernel::time::{SimDuration, SimTime};

/// From a container's start to the probe's answer that counts: the first turn at which the container is ready for work
/// and the delay is over, and then as many turns as are needed in a row.
pub(super) fn probed_after(probe: Probe, ready_after: SimDuration) -> SimDuration {
    let period = SimDuration::from_secs(probe.period_seconds.into()).0;
    let first = SimDuration::from_secs(probe.initial_delay_seconds.into()).0;
    let late = ready_after.0.saturating_sub(first).div_ceil(period);
    SimDuration(first + (late + u64::from(probe.success_threshold) - 1) * period)
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
        let ready_after = workload.ready_after(pod, &name, self.containers[at].restarts);
        let started = startup.map_or(SimDuration::ZERO, |probe| probed_after(probe, ready_after));
        let ready = readiness.map_or(started, |probe| probed_after(probe, ready_after.max(started)));
        // What comes after a sidecar waits for its startup probe alone.
        let after = if self.is_sidecar(at) && startup.is_some() { started } else { ready };
        let turn = self.containers[at].turn;
        alarms.push((now + after, Alarm::Ready { pod, container: at as u16, turn }));
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
        let check = |initial_delay_seconds, period_seconds, success_threshold, ready_after, seconds| {
            let probe = Probe { initial_delay_seconds, period_seconds, success_threshold };
            let found = probed_after(probe, SimDuration::from_millis(ready_after));
            assert_eq!(found, SimDuration::from_secs(seconds), "{probe:?} {ready_after}");
        };
        check(0, 10, 1, 0, 0);
        check(0, 10, 1, 1, 10);
        check(5, 10, 1, 0, 5);
        check(5, 10, 1, 5_500, 15);
        check(0, 10, 3, 12_000, 40);
    }
}
