//! Sidecars: init containers that run beside the app containers (`restartPolicy: Always`). They start again whenever they
//! end, never count for the pod's outcome, and are stopped last, in the reverse order of their start.

use super::lifecycle::{ContainerPhase, PodWorker};
use super::{Alarm, Workload};
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};

impl PodWorker {
    pub(super) fn is_sidecar(&self, at: usize) -> bool {
        at < self.init_count() && self.template.init_containers[at].sidecar
    }

    pub(super) fn has_running_sidecar(&self) -> bool {
        (0..self.init_count()).any(|at| self.is_sidecar(at) && self.containers[at].phase == ContainerPhase::Running)
    }

    /// No app container runs or will run any more: sidecars have the grace period of the pod to end.
    pub(super) fn stop_with_sidecars(
        &mut self,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let over = |at: usize| match self.containers[at].phase {
            ContainerPhase::Running | ContainerPhase::BackOff => self.is_sidecar(at),
            ContainerPhase::GivenUp | ContainerPhase::Terminated => true,
            ContainerPhase::Waiting => self.fails,
        };
        if self.kill_at.is_some() || !(0..self.containers.len()).all(over) {
            return;
        }
        if !(0..self.init_count()).any(|at| self.is_sidecar(at)) {
            return;
        }
        let grace = SimDuration::from_secs(self.template.termination_grace_period_seconds.into());
        self.kill_at = Some(now + grace);
        self.await_end_of_grace(alarms);
        self.give_up_restarts();
        self.stop_sidecars(now, workload, alarms);
    }

    /// Once all app containers and the sidecars behind it have ended, a sidecar is told to end; what is left of the grace
    /// period is its, in whole seconds (`waitForTurn`).
    pub(super) fn stop_sidecars(
        &mut self,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let Some(kill_at) = self.kill_at else { return };
        let runs = |at: usize| self.containers[at].phase == ContainerPhase::Running;
        if (self.init_count()..self.containers.len()).any(runs) {
            return;
        }
        if let Some(last) = (0..self.init_count()).rev().find(|&at| self.is_sidecar(at) && runs(at)) {
            let left = kill_at.since(now.min(kill_at)).0.div_ceil(NANOS_PER_SECOND) * NANOS_PER_SECOND;
            self.signal(last, SimDuration(left), now, workload, alarms);
        }
    }

    /// No sidecar waits for others any more; one that was told to end before has its own time.
    pub(super) fn stop_all_sidecars(
        &mut self,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        for at in (0..self.init_count()).filter(|&at| self.is_sidecar(at)).collect::<Vec<usize>>() {
            if self.containers[at].phase == ContainerPhase::Running {
                self.signal(at, SimDuration::ZERO, now, workload, alarms);
            }
        }
    }

    /// Sets the alarm at the end of a pod's grace, if it has sidecars.
    pub(super) fn await_end_of_grace(&self, alarms: &mut Vec<(SimTime, Alarm)>) {
        if let Some(at) = self.kill_at.filter(|_| (0..self.init_count()).any(|at| self.is_sidecar(at))) {
            alarms.push((at, Alarm::GraceOver(self.id)));
        }
    }
}
