//! A node that was away runs again: the sandboxes of its pods are gone with all that ran in them, and its kubelet learns
//! what it has missed.

use super::lifecycle::{ContainerPhase, FIRST_BACK_OFF, KILLED, Kubelet, PodState, PodWorker};
use super::{Alarm, Workload};
use crate::api::meta::PodId;
use crate::api::pod::{RestartPolicy, TerminatedReason};
use crate::kernel::time::{SimDuration, SimTime};

impl Kubelet {
    /// A pod's node runs again; `grace` is that of a pod which is being deleted. Returns whether the pod's status may have
    /// changed, be it by what nobody has been told of since before.
    pub fn node_restarted(
        &mut self,
        id: PodId,
        grace: Option<SimDuration>,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) -> bool {
        if !self.knows(id) {
            return false;
        }
        let had_sandbox = !self.waits_to_start(id);
        if let Some(grace) = grace {
            self.terminate(id, grace, now, workload, alarms);
        } else if self.is_late(id, now) {
            self.on_alarm(Alarm::Deadline(id), now, workload, alarms);
        }
        if let Some(worker) = self.worker(id) {
            worker.lose_sandbox(now, workload, alarms);
        }
        had_sandbox || !self.waits_to_start(id)
    }
}

impl PodWorker {
    /// What ran was killed, and back-off was in the kubelet's memory alone. A new sandbox is made unless the pod is to end
    /// or is never restarted (`computePodActions`).
    fn lose_sandbox(&mut self, now: SimTime, workload: &mut dyn Workload, alarms: &mut Vec<(SimTime, Alarm)>) {
        match self.state {
            PodState::Starting | PodState::Ended => return,
            PodState::Restarting => return self.start_again(now, workload, alarms),
            PodState::Init(_) | PodState::Running | PodState::Terminating => {}
        }
        for container in &mut self.containers {
            container.turn = container.turn.wrapping_add(1);
            // The restart that follows is counted (`doBackOff`).
            container.back_off = FIRST_BACK_OFF;
            match container.phase {
                ContainerPhase::Running => {
                    (container.last_code, container.last_end) = (Some(KILLED), now);
                    (container.phase, container.reason) = (ContainerPhase::Terminated, TerminatedReason::Exited);
                    container.ready = false;
                }
                ContainerPhase::BackOff => container.phase = ContainerPhase::Terminated,
                ContainerPhase::Waiting | ContainerPhase::GivenUp | ContainerPhase::Terminated => {}
            }
        }
        if self.is_stopping() || self.template.restart_policy == RestartPolicy::Never {
            self.end();
        } else {
            self.state = PodState::Starting;
        }
    }

    /// A sandbox is ready. If it is not the first, all start again from the first init container on, but for app
    /// containers that have succeeded and run once (`computePodActions`).
    pub(super) fn start_in_sandbox(
        &mut self,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        for at in 0..self.containers.len() {
            let container = &self.containers[at];
            let is_done = at >= self.init_count() && container.last_code == Some(0) && self.runs_once(at);
            if container.phase == ContainerPhase::Waiting || is_done {
                continue;
            }
            let container = &mut self.containers[at];
            (container.phase, container.restarts) = (ContainerPhase::Waiting, container.restarts + 1);
            if let Some(previous) = &mut self.previous {
                previous[at] = container.termination();
            }
        }
        self.start_next(0, now, workload, alarms);
    }

    /// Is a container of its own policy, or its pod's, not started again once it has succeeded?
    fn runs_once(&self, at: usize) -> bool {
        let own = self.container(at).restarts.as_ref().map(|own| own.policy);
        own.unwrap_or(self.template.restart_policy) == RestartPolicy::OnFailure
    }
}
