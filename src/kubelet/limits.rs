//! What ends a container or a pod before its time: memory, disk, deadlines.

use std::sync::Arc;

use super::lifecycle::{KILLED, Kubelet, PodState, PodWorker};
use super::{Alarm, Workload};
use crate::api::meta::PodId;
use crate::api::pod::PodFailure;
use crate::kernel::time::{SimDuration, SimTime};

const STORAGE: &str = "ephemeral-storage";
/// The eviction manager looks at disks this often.
const EVICTION_ROUND: u64 = SimDuration::from_secs(10).0;
/// How long what runs on for ever runs, such as a sidecar that no rule speaks of.
pub const FOR_EVER: SimDuration = SimDuration(i64::MAX as u64);

impl PodWorker {
    /// A container has started whose end is not its own affair alone: it may hit a limit, or waits for a probe.
    pub(super) fn run(
        &mut self,
        at: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let (pod, name, restarts) = (self.id, self.container_name(at), self.containers[at].restarts);
        let turn = self.containers[at].turn;
        let own = match self.is_sidecar(at) {
            true => workload.sidecar_duration(pod, &name, restarts),
            false => Some(workload.duration(pod, &name, restarts)),
        };
        let length = own.unwrap_or(FOR_EVER);
        self.containers[at].ends_at = now + length;
        if let Some(after) = self.beyond(at, "memory", length, |name| workload.memory(pod, name, restarts)) {
            let container = &mut self.containers[at];
            container.ends_at = now + after;
            (container.planned_code, container.will_be_oom) = (Some(KILLED), true);
        }
        if let Some(after) = self.beyond(at, STORAGE, length, |name| workload.storage(pod, name, restarts)) {
            let round = SimTime((now + after).0.div_ceil(EVICTION_ROUND) * EVICTION_ROUND);
            alarms.push((round, Alarm::StorageFull { pod, container: at as u16, turn }));
        }
        if length < FOR_EVER || self.containers[at].will_be_oom {
            alarms.push((self.containers[at].ends_at, Alarm::Exit { pod, container: at as u16, turn }));
        }
        self.await_readiness(at, now, workload, alarms);
    }

    /// Why a pod goes of which a container has written more to the disk than it may. The pod as a whole is held against
    /// the sum of the limits first (`podEphemeralStorageLimitEviction`); others are taken to write less than theirs.
    pub(super) fn is_evicted_for_storage(&self, at: usize) -> PodFailure {
        let limit_of = |at: usize| self.container(at).resources.limits.get(STORAGE);
        let limit = limit_of(at).map(ToString::to_string).unwrap_or_default();
        let message = match (0..self.containers.len()).filter_map(limit_of).count() {
            ..=1 => format!("Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "),
            _ => {
                let name = self.container_name(at);
                format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". ")
            }
        };
        PodFailure { reason: "Evicted", message }
    }

    /// When a container that uses ever more of something passes its limit, if it does.
    fn beyond(
        &self,
        at: usize,
        resource: &str,
        length: SimDuration,
        mut most: impl FnMut(&str) -> Option<u64>,
    ) -> Option<SimDuration> {
        let container = self.container(at);
        let limit = u64::try_from(container.resources.limits.get(resource)?.value()).ok()?;
        let most = most(&container.name)?;
        (most > limit).then(|| SimDuration((u128::from(length.0) * u128::from(limit) / u128::from(most)) as u64))
    }
}

impl Kubelet {
    /// A pod fails as a whole: what runs is told to end. Returns the pod if its status may have changed.
    pub fn fail(
        &mut self,
        id: PodId,
        failure: PodFailure,
        grace: SimDuration,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) -> Option<PodId> {
        let worker =
            self.worker(id).filter(|worker| !matches!(worker.state, PodState::Terminating | PodState::Ended))?;
        (worker.fails, worker.failure) = (true, Some(Arc::new(failure)));
        worker.stop(grace, now, workload, alarms).then_some(id)
    }
}
