//! Sidecars: init containers that run beside the app containers (`restartPolicy: Always`). They start again whenever they
//! end, never count for the pod's outcome, and are stopped last, in the reverse order of their start.

use super::lifecycle::{ContainerPhase, PodWorker};
use super::{Alarm, Workload};
use crate::kernel::time::{SimDuration, SimTime};

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
            ContainerPhase::Terminated => true,
            ContainerPhase::Waiting => self.failing.is_some(),
        };
        if self.kill_at.is_some() || !(0..self.containers.len()).all(over) {
            return;
        }
        let sidecars = (0..self.init_count()).filter(|&at| self.is_sidecar(at)).collect::<Vec<usize>>();
        if sidecars.is_empty() {
            return;
        }
        let grace = SimDuration::from_secs(self.template.termination_grace_period_seconds.into());
        self.kill_at = Some(now + grace);
        for at in sidecars {
            if self.containers[at].phase == ContainerPhase::BackOff {
                self.containers[at].phase = ContainerPhase::Terminated;
            }
        }
        self.stop_sidecars(now, workload, alarms);
    }

    /// Once all else has ended the last sidecar that runs is told to end; what is left of the grace period is its.
    pub(super) fn stop_sidecars(
        &mut self,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let Some(kill_at) = self.kill_at else { return };
        let runs = |at: usize| self.containers[at].phase == ContainerPhase::Running;
        if (0..self.containers.len()).any(|at| !self.is_sidecar(at) && runs(at)) {
            return;
        }
        if let Some(last) = (0..self.init_count()).rev().find(|&at| runs(at)) {
            self.signal(last, kill_at.since(now.min(kill_at)), now, workload, alarms);
        }
    }
}
