//! A pod's life on its node: start, init containers, app containers, restarts with back-off, termination
//! (semantics of `SyncPod`, `computePodActions`, `doBackOff` and `killContainer`, without their latencies).

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::status::DEADLINE_EXCEEDED;
use super::{Alarm, Workload};
use crate::api::meta::{ApiTime, PodId};
use crate::api::pod::{Container, PodFailure, PodStatus, PodTemplate, RestartPolicy, Termination};
use crate::kernel::slab::Slab;
use crate::kernel::time::{SimDuration, SimTime};

/// Exit code of a process that ended on SIGTERM, and on SIGKILL.
const TERMINATED: i32 = 143;
pub(super) const KILLED: i32 = 137;
/// A runtime is never asked to stop a container in less (`minimumGracePeriodInSeconds`).
pub(super) const LEAST_GRACE: SimDuration = SimDuration::from_secs(2);
/// What a pod gets that is evicted from its node: one second, which the runtime makes two.
const EVICTION_GRACE: SimDuration = SimDuration::from_secs(2);
/// Crash back-off: first and longest wait in seconds, and how long a container must run to be forgiven.
const FIRST_BACK_OFF: u16 = 10;
const LONGEST_BACK_OFF: u16 = 300;
const FORGIVEN_AFTER: SimDuration = SimDuration::from_secs(600);

/// All pods that kubelets look after.
#[derive(Debug, Default)]
pub struct Kubelet {
    pods: Slab<PodWorker>,
    keeps_details: bool,
}

/// A pod on its node.
#[derive(Debug)]
pub(super) struct PodWorker {
    pub(super) id: PodId,
    pub(super) template: Arc<PodTemplate>,
    pub(super) state: PodState,
    /// Init containers, then app containers.
    pub(super) containers: SmallVec<[ContainerState; 1]>,
    /// When the kubelet met the pod.
    pub(super) admitted: SimTime,
    /// When the app containers first ran; [`SimTime::MAX`] as long as they have not.
    started: SimTime,
    /// Was it ready when its status was last made, and since when has that been so?
    pub(super) ready: bool,
    pub(super) ready_since: ApiTime,
    /// How each container ended before its last start, if someone reads that.
    pub(super) previous: Option<Box<[Option<Termination>]>>,
    /// Will the pod fail, whatever its containers end with?
    pub(super) fails: bool,
    /// .. and is it as a whole that it does, for this reason?
    pub(super) failure: Option<Arc<PodFailure>>,
    /// When what still runs is killed, once the pod is to end.
    pub(super) kill_at: Option<SimTime>,
    /// How the pull of its images stands.
    pub(super) pull: PullState,
}

/// How the pull of a pod's images stands, where that is worth a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullState {
    /// Not begun, under way or done.
    #[default]
    Quiet,
    /// It has just failed.
    Failed,
    /// It failed and will be tried again.
    BackOff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodState {
    /// Sandbox and images are being prepared.
    Starting,
    /// This init container is next or running.
    Init(u16),
    /// App containers have started.
    Running,
    /// Being deleted: nothing starts any more.
    Terminating,
    /// All containers have ended for good.
    Ended,
}

/// A container of a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContainerState {
    pub(super) phase: ContainerPhase,
    pub(super) restarts: u32,
    /// Code of its last end, and when that was.
    pub(super) last_code: Option<i32>,
    last_end: SimTime,
    pub(super) last_start: SimTime,
    /// When it ended before that, if it has been started again.
    pub(super) end_before: SimTime,
    /// Seconds that it waits before its next restart.
    back_off: u16,
    /// Code that the process will exit with, once it is known.
    pub(super) planned_code: Option<i32>,
    pub(super) ends_at: SimTime,
    /// Raised whenever an alarm set earlier has lost its meaning.
    pub(super) turn: u16,
    /// It runs and is ready.
    pub(super) ready: bool,
    /// It will end because of the memory it takes; it did so last time.
    pub(super) will_be_oom: bool,
    pub(super) was_oom: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContainerPhase {
    Waiting,
    Running,
    BackOff,
    Terminated,
}

impl ContainerState {
    fn new() -> ContainerState {
        ContainerState {
            phase: ContainerPhase::Waiting,
            restarts: 0,
            last_code: None,
            last_end: SimTime::ZERO,
            last_start: SimTime::ZERO,
            end_before: SimTime::ZERO,
            back_off: 0,
            planned_code: None,
            ends_at: SimTime::ZERO,
            turn: 0,
            ready: false,
            will_be_oom: false,
            was_oom: false,
        }
    }

    /// Code and time of its last end.
    pub(super) fn last_exit(&self) -> Option<(i32, SimTime)> {
        self.last_code.map(|code| (code, self.last_end))
    }

    /// Its last end, as long as it has not been started again.
    pub(super) fn termination(&self) -> Option<Termination> {
        let started = self.last_start;
        self.last_exit().map(|(code, finished)| Termination { code, started, finished, oom: self.was_oom })
    }
}

impl PodWorker {
    /// When the app containers first ran.
    pub(super) fn started(&self) -> Option<SimTime> {
        (self.started < SimTime::MAX).then_some(self.started)
    }

    pub(super) fn init_count(&self) -> usize {
        self.template.init_containers.len()
    }

    /// What a container is made of.
    pub(super) fn container(&self, at: usize) -> &Container {
        self.template.container(at)
    }

    pub(super) fn container_name(&self, at: usize) -> Arc<str> {
        self.container(at).name.clone()
    }
}

impl Kubelet {
    /// A kubelet without pods.
    pub fn new() -> Kubelet {
        Kubelet::default()
    }

    /// Forgets all pods; their memory is kept.
    pub fn clear(&mut self) {
        self.pods.clear();
        self.keeps_details = false;
    }

    /// From now on statuses tell of each container.
    pub fn keep_details(&mut self) {
        self.keeps_details = true;
    }

    /// A pod was bound: the kubelet looks after it from now on. It starts with [`Kubelet::begin`].
    pub fn admit(
        &mut self,
        id: PodId,
        template: Arc<PodTemplate>,
        created: ApiTime,
        now: SimTime,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let count = template.init_containers.len() + template.containers.len();
        let previous = self.keeps_details.then(|| vec![None; count].into());
        if let Some(seconds) = template.active_deadline_seconds {
            // Counted from `startTime`, which is cut to seconds.
            let start = ApiTime::of(now).instant();
            alarms.push((start + SimDuration::from_secs(seconds.into()), Alarm::Deadline(id)));
        }
        let worker = PodWorker {
            id,
            template,
            state: PodState::Starting,
            containers: smallvec![ContainerState::new(); count],
            admitted: now,
            started: SimTime::MAX,
            ready: false,
            ready_since: created,
            previous,
            fails: false,
            failure: None,
            kill_at: None,
            pull: PullState::Quiet,
        };
        self.pods.put(id.slot, worker);
    }

    /// The images of a pod are on its node: its sandbox is made, not before `earliest`, and then its containers start.
    pub fn begin(
        &mut self,
        id: PodId,
        now: SimTime,
        earliest: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        if let Some(worker) = self.worker(id).filter(|worker| worker.state == PodState::Starting) {
            worker.pull = PullState::Quiet;
            alarms.push((earliest.max(now) + workload.startup(id), Alarm::Start(id)));
        }
    }

    /// Is its sandbox still to be made?
    pub fn waits_to_start(&mut self, id: PodId) -> bool {
        self.worker(id).is_some_and(|worker| worker.state == PodState::Starting)
    }

    /// The pull of a pod's images has come to this.
    pub fn pull_stands(&mut self, id: PodId, pull: PullState) {
        if let Some(worker) = self.worker(id) {
            worker.pull = pull;
        }
    }

    /// Was this pod admitted, and does its object still stand?
    pub fn knows(&self, id: PodId) -> bool {
        self.pods.get(id.slot).is_some_and(|worker| worker.id == id)
    }

    /// The pod's object is gone.
    pub fn forget(&mut self, id: PodId) {
        if self.worker(id).is_some() {
            self.pods.remove(id.slot);
        }
    }

    pub(super) fn worker(&mut self, id: PodId) -> Option<&mut PodWorker> {
        self.pods.get_mut(id.slot).filter(|worker| worker.id == id)
    }

    /// Brings a pod's status up to date, if the kubelet knows the pod. Returns whether anything in it has changed.
    pub fn write_status(&mut self, id: PodId, now: SimTime, status: &mut PodStatus) -> bool {
        self.worker(id).is_some_and(|worker| worker.write_status(now, status))
    }

    /// An alarm rang. Returns the pod whose status may have changed; stale alarms do nothing.
    pub fn on_alarm(
        &mut self,
        alarm: Alarm,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) -> Option<PodId> {
        match alarm {
            Alarm::Start(id) => {
                let worker = self.worker(id).filter(|worker| worker.state == PodState::Starting)?;
                worker.start_next(0, now, workload, alarms);
                Some(id)
            }
            Alarm::Exit { pod, container, turn } => {
                let worker = self.worker(pod)?;
                let at = container as usize;
                if worker.containers[at].turn != turn || worker.containers[at].phase != ContainerPhase::Running {
                    return None;
                }
                worker.exit(at, now, workload, alarms);
                Some(pod)
            }
            Alarm::Restart { pod, container, turn } => {
                let worker = self.worker(pod)?;
                let at = container as usize;
                if worker.containers[at].turn != turn || worker.containers[at].phase != ContainerPhase::BackOff {
                    return None;
                }
                worker.restart(at, now, workload, alarms);
                Some(pod)
            }
            Alarm::Ready { pod, container, turn } => {
                let worker = self.running(pod, container, turn)?;
                worker.found_ready(usize::from(container), now, workload, alarms);
                Some(pod)
            }
            Alarm::StorageFull { pod, container, turn } => {
                let failure = self.running(pod, container, turn)?.is_evicted_for_storage(usize::from(container));
                self.fail(pod, failure, EVICTION_GRACE, now, workload, alarms)
            }
            Alarm::Deadline(pod) => {
                let grace = self.worker(pod)?.template.termination_grace_period_seconds;
                let message = "Pod was active on the node longer than the specified deadline".to_owned();
                let failure = PodFailure { reason: DEADLINE_EXCEEDED, message };
                self.fail(pod, failure, SimDuration::from_secs(grace.into()), now, workload, alarms)
            }
            Alarm::GraceOver(pod) => {
                let worker = self.worker(pod)?;
                worker.stop_all_sidecars(now, workload, alarms);
                None
            }
            // The world hands these to the images.
            Alarm::Pulled(_) | Alarm::PullBackOff(_) | Alarm::PullAgain(_) => None,
        }
    }

    /// The pod of an alarm about a container, if that still runs as it did when the alarm was set.
    fn running(&mut self, pod: PodId, container: u16, turn: u16) -> Option<&mut PodWorker> {
        let is_so = |c: &ContainerState| c.turn == turn && c.phase == ContainerPhase::Running;
        self.worker(pod).filter(|worker| is_so(&worker.containers[usize::from(container)]))
    }

    /// The pod's node was away and runs again: its containers are gone. Returns whether the pod's status may have changed.
    pub fn node_restarted(
        &mut self,
        id: PodId,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) -> bool {
        let Some(worker) = self.worker(id) else { return false };
        match worker.state {
            PodState::Ended => return false,
            PodState::Starting => return false,
            PodState::Init(_) | PodState::Running | PodState::Terminating => {
                for at in 0..worker.containers.len() {
                    let container = &mut worker.containers[at];
                    match container.phase {
                        ContainerPhase::Running => {
                            container.planned_code = Some(KILLED);
                            container.turn = container.turn.wrapping_add(1);
                            worker.exit(at, now, workload, alarms);
                        }
                        // Its back-off is kept in the kubelet's memory, which is gone.
                        ContainerPhase::BackOff => worker.restart(at, now, workload, alarms),
                        ContainerPhase::Waiting | ContainerPhase::Terminated => {}
                    }
                }
            }
        }
        true
    }

    /// The pod is being deleted: running containers are told to terminate. Returns the pod if its status may have
    /// changed.
    pub fn terminate(
        &mut self,
        id: PodId,
        grace: SimDuration,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) -> Option<PodId> {
        let worker = self.worker(id)?;
        if matches!(worker.state, PodState::Terminating | PodState::Ended) {
            return None;
        }
        worker.state = PodState::Terminating;
        // What is on its end already goes on as it was.
        if worker.kill_at.is_some() {
            return Some(id);
        }
        worker.kill_at = Some(now + grace);
        worker.await_end_of_grace(alarms);
        for at in 0..worker.containers.len() {
            match worker.containers[at].phase {
                ContainerPhase::Running if !worker.is_sidecar(at) => worker.signal(at, grace, now, workload, alarms),
                ContainerPhase::BackOff => worker.containers[at].phase = ContainerPhase::Terminated,
                ContainerPhase::Running | ContainerPhase::Waiting | ContainerPhase::Terminated => {}
            }
        }
        worker.stop_sidecars(now, workload, alarms);
        worker.end_if_stopped();
        Some(id)
    }
}

impl PodWorker {
    /// Starts the init container at `next`, or all app containers after the last one.
    pub(super) fn start_next(
        &mut self,
        next: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let mut next = next;
        while next < self.init_count() {
            self.state = PodState::Init(next as u16);
            self.start(next, now, workload, alarms);
            if !self.is_sidecar(next) || self.container(next).startup_probe.is_some() {
                return;
            }
            next += 1;
        }
        self.state = PodState::Running;
        self.started = now;
        for at in self.init_count()..self.containers.len() {
            self.start(at, now, workload, alarms);
        }
    }

    fn start(&mut self, at: usize, now: SimTime, workload: &mut dyn Workload, alarms: &mut Vec<(SimTime, Alarm)>) {
        let pod = self.id;
        let container = &mut self.containers[at];
        if let Some(previous) = &mut self.previous {
            previous[at] = container.termination();
        }
        container.phase = ContainerPhase::Running;
        container.end_before = container.last_end;
        container.last_start = now;
        container.planned_code = None;
        container.turn = container.turn.wrapping_add(1);
        (container.will_be_oom, container.ready) = (false, false);
        if self.template.containers_are_plain() {
            let name = &self.template.container(at).name;
            let container = &mut self.containers[at];
            container.ready = true;
            container.ends_at = now + workload.duration(pod, name, container.restarts);
            alarms.push((container.ends_at, Alarm::Exit { pod, container: at as u16, turn: container.turn }));
            return;
        }
        self.run(at, now, workload, alarms);
    }

    pub(super) fn restart(
        &mut self,
        at: usize,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        self.containers[at].restarts += 1;
        self.start(at, now, workload, alarms);
    }

    /// SIGTERM now, SIGKILL after the grace period; a process that would end before either ends by itself.
    pub(super) fn signal(
        &mut self,
        at: usize,
        grace: SimDuration,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) {
        let (name, pod, grace) = (self.container_name(at), self.id, grace.max(LEAST_GRACE));
        let container = &mut self.containers[at];
        let reaction = workload.termination(pod, &name, container.restarts);
        let (ends_at, code) = if reaction <= grace { (now + reaction, TERMINATED) } else { (now + grace, KILLED) };
        if container.ends_at <= ends_at {
            return;
        }
        container.planned_code = Some(code);
        container.ends_at = ends_at;
        container.turn = container.turn.wrapping_add(1);
        alarms.push((ends_at, Alarm::Exit { pod, container: at as u16, turn: container.turn }));
    }

    fn exit(&mut self, at: usize, now: SimTime, workload: &mut dyn Workload, alarms: &mut Vec<(SimTime, Alarm)>) {
        let name = &self.template.container(at).name;
        let restarts = self.containers[at].restarts;
        let planned = self.containers[at].planned_code;
        let code = planned.unwrap_or_else(|| workload.exit_code(self.id, name, restarts));
        let container = &mut self.containers[at];
        (container.last_code, container.last_end) = (Some(code), now);
        container.phase = ContainerPhase::Terminated;
        container.was_oom = container.will_be_oom;
        container.ready = false;
        if self.state == PodState::Terminating || self.kill_at.is_some() {
            self.stop_sidecars(now, workload, alarms);
            return self.end_if_stopped();
        }
        if self.restarts_after(code, at) {
            return self.back_off(at, now, workload, alarms);
        }
        if self.is_sidecar(at) {
            return self.back_off(at, now, workload, alarms);
        }
        match self.state {
            PodState::Init(_) if code == 0 => self.start_next(at + 1, now, workload, alarms),
            PodState::Init(_) if self.has_running_sidecar() => {
                self.fails = true;
                self.stop_with_sidecars(now, workload, alarms);
            }
            PodState::Init(_) => {
                // A sidecar that waits for its restart does not get it any more.
                let waiting = self.containers.iter_mut().filter(|other| other.phase == ContainerPhase::BackOff);
                waiting.for_each(|other| other.phase = ContainerPhase::Terminated);
                self.state = PodState::Ended;
            }
            _ => {
                self.stop_with_sidecars(now, workload, alarms);
                self.end_if_stopped();
            }
        }
    }

    fn restarts_after(&self, code: i32, at: usize) -> bool {
        if self.is_sidecar(at) {
            return false;
        }
        match self.template.restart_policy {
            RestartPolicy::Never => false,
            RestartPolicy::OnFailure => code != 0,
            // An init container that succeeded is done, whatever the policy.
            RestartPolicy::Always => code != 0 || at >= self.init_count(),
        }
    }

    /// The first restart is immediate, each later one waits twice as long (`doBackOff`).
    fn back_off(&mut self, at: usize, now: SimTime, workload: &mut dyn Workload, alarms: &mut Vec<(SimTime, Alarm)>) {
        let pod = self.id;
        let container = &mut self.containers[at];
        if container.restarts > 0 && now.since(container.last_start) > FORGIVEN_AFTER {
            container.back_off = 0;
        }
        let wait = SimDuration::from_secs(container.back_off.into());
        container.back_off = (2 * container.back_off).clamp(FIRST_BACK_OFF, LONGEST_BACK_OFF);
        if wait == SimDuration::ZERO {
            return self.restart(at, now, workload, alarms);
        }
        container.phase = ContainerPhase::BackOff;
        alarms.push((now + wait, Alarm::Restart { pod, container: at as u16, turn: container.turn }));
    }

    /// The pod has ended once no container runs or will run.
    pub(super) fn end_if_stopped(&mut self) {
        let over = |phase: ContainerPhase| match phase {
            ContainerPhase::Running | ContainerPhase::BackOff => false,
            ContainerPhase::Terminated => true,
            ContainerPhase::Waiting => self.state == PodState::Terminating || self.kill_at.is_some(),
        };
        if self.containers.iter().all(|container| over(container.phase)) {
            self.state = PodState::Ended;
        }
    }
}
