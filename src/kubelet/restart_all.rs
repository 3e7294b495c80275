//! `RestartAllContainers`: a container's end has all containers of its pod start again, in the same sandbox.

use super::lifecycle::{ContainerPhase, LEAST_GRACE, PodState, PodWorker};
use super::{Alarm, Workload};
use crate::api::pod::TerminatedReason;
use crate::kernel::time::{SimDuration, SimTime};

impl PodWorker {
    /// A container has ended and a rule of it asks for all to start again. What runs is killed, one after the other, app
    /// containers first, without the pod's grace (`getContainersToReset`).
    pub(super) fn remove_all(
        &mut self,
        source: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        self.state = PodState::Restarting;
        let (pod, inits) = (self.id, self.init_count());
        let restarts = self.containers[source].restarts;
        let mut time = now + workload.look(pod, &self.container_name(source), restarts, 0, SimDuration::ZERO);
        for at in (inits..self.containers.len()).chain(0..inits) {
            let name = self.container_name(at);
            let container = &mut self.containers[at];
            container.turn = container.turn.wrapping_add(1);
            if container.phase == ContainerPhase::Running {
                let killed = time + workload.termination(pod, &name, container.restarts).min(LEAST_GRACE);
                time = killed.min(container.ends_at).max(time);
            }
        }
        for at in 0..self.containers.len() {
            time += workload.container_start(pod, &self.container_name(at), self.containers[at].restarts);
        }
        alarms.push((time, Alarm::RestartAll(pod)));
    }

    /// All containers are gone: they start from the first init container on, without back-off.
    pub(super) fn start_again(
        &mut self,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        for container in &mut self.containers {
            match container.phase {
                ContainerPhase::Waiting => continue,
                ContainerPhase::Running => {
                    container.lose(ContainerPhase::Waiting, TerminatedReason::RestartingAllContainers);
                }
                _ => container.phase = ContainerPhase::Waiting,
            }
            container.restarts += 1;
        }
        if let Some(previous) = &mut self.previous {
            for (previous, container) in previous.iter_mut().zip(&self.containers) {
                *previous = container.termination();
            }
        }
        self.start_next(0, now, workload, alarms);
    }
}
