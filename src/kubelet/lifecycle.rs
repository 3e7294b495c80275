//! A pod's life on its node: start, init containers, app containers, restarts with back-off, termination
//! (semantics of `SyncPod`, `computePodActions`, `doBackOff` and `killContainer`).

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::status::DEADLINE_EXCEEDED;
use super::{Alarm, FOR_EVER, Workload};
use crate::api::meta::{ApiTime, PodId};
use crate::api::pod::{Container, PodFailure, PodStatus, PodTemplate, Restart, TerminatedReason, Termination};
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
pub(super) const FIRST_BACK_OFF: u16 = 10;
const LONGEST_BACK_OFF: u16 = 300;
/// A kubelet looks at a pod again after this long, however long it has to wait (`syncFrequency`).
const RESYNC: SimDuration = SimDuration::from_secs(60);
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
    /// The image is never to be pulled, and is not there.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodState {
    /// Sandbox and images are being prepared.
    Starting,
    /// This init container is next or running.
    Init(u16),
    /// App containers have started.
    Running,
    /// All containers are being removed, to start again from the first.
    Restarting,
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
    pub(super) last_end: SimTime,
    pub(super) last_start: SimTime,
    /// When it ended before that, if it has been started again.
    pub(super) end_before: SimTime,
    /// Seconds that it waits before its next restart.
    pub(super) back_off: u16,
    /// Its restart is not to come at once.
    is_in_back_off: bool,
    /// .. and its status says so.
    shows_back_off: bool,
    /// Code that the process will exit with, once it is known.
    pub(super) planned_code: Option<i32>,
    pub(super) ends_at: SimTime,
    /// Raised whenever an alarm set earlier has lost its meaning.
    pub(super) turn: u16,
    /// It runs and is ready.
    pub(super) ready: bool,
    /// It will end because of the memory it takes; it did so last time.
    pub(super) will_be_oom: bool,
    /// What its last end is called.
    pub(super) reason: TerminatedReason,
    /// Its startup probe has given it up.
    pub(super) not_started: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContainerPhase {
    Waiting,
    Running,
    /// Ended, and to be started again.
    BackOff,
    /// It was to be started again and will not, as its pod is to end first.
    GivenUp,
    Terminated,
}

/// The state of a container as its status shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShownState {
    Waiting,
    BackOff,
    Running,
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
            is_in_back_off: false,
            shows_back_off: false,
            planned_code: None,
            ends_at: SimTime::ZERO,
            turn: 0,
            ready: false,
            will_be_oom: false,
            reason: TerminatedReason::Exited,
            not_started: false,
        }
    }

    /// What its status shows. That a container is in back-off it tells one look of the kubelet late, from what the look
    /// before came to (`reasonCache`).
    pub(super) fn shown(&self) -> ShownState {
        match self.phase {
            ContainerPhase::Waiting => ShownState::Waiting,
            ContainerPhase::Running => ShownState::Running,
            ContainerPhase::BackOff if !self.shows_back_off => ShownState::Terminated,
            ContainerPhase::BackOff | ContainerPhase::GivenUp => ShownState::BackOff,
            ContainerPhase::Terminated => ShownState::Terminated,
        }
    }

    /// Code and time of its last end.
    pub(super) fn last_exit(&self) -> Option<(i32, SimTime)> {
        self.last_code.map(|code| (code, self.last_end))
    }

    /// Its last end, as long as it has not been started again.
    pub(super) fn termination(&self) -> Option<Termination> {
        let (started, reason) = (self.last_start, self.reason);
        self.last_exit().map(|(code, finished)| Termination { code, started, finished, reason })
    }

    /// Nobody can tell when it ended, and so it is called.
    pub(super) fn lose(&mut self, phase: ContainerPhase, reason: TerminatedReason) {
        (self.phase, self.reason, self.ready) = (phase, reason, false);
        self.end_before = self.last_end;
        (self.last_code, self.last_end, self.last_start) = (Some(KILLED), SimTime::ZERO, SimTime::ZERO);
    }
}

impl PodWorker {
    /// When the app containers first ran.
    pub(super) fn started(&self) -> Option<SimTime> {
        (self.started < SimTime::MAX).then_some(self.started)
    }

    /// When it has been active for as long as it may be, counted from `startTime`, which is cut to seconds.
    fn deadline(&self) -> Option<SimTime> {
        let seconds = self.template.active_deadline_seconds?;
        Some(ApiTime::of(self.admitted).instant() + SimDuration::from_secs(seconds.into()))
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
        if let Some(deadline) = worker.deadline() {
            alarms.push((deadline, Alarm::Deadline(id)));
        }
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

    /// Has this pod been active for longer than it may be?
    pub fn is_late(&mut self, id: PodId, now: SimTime) -> bool {
        self.worker(id).and_then(|worker| worker.deadline()).is_some_and(|deadline| deadline <= now)
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
                worker.start_in_sandbox(now, workload, alarms);
                Some(id)
            }
            Alarm::Exit { pod, container, turn } => {
                let worker = self.worker_in(ContainerPhase::Running, pod, container, turn)?;
                worker.exit(usize::from(container), now, workload, alarms);
                Some(pod)
            }
            Alarm::BackOff { pod, container, turn } => {
                let worker = self.worker_in(ContainerPhase::BackOff, pod, container, turn)?;
                worker.containers[usize::from(container)].shows_back_off = true;
                Some(pod)
            }
            Alarm::Restart { pod, container, turn } => {
                let worker = self.worker_in(ContainerPhase::BackOff, pod, container, turn)?;
                worker.restart(usize::from(container), now, workload, alarms);
                Some(pod)
            }
            Alarm::Ready { pod, container, turn } => {
                let worker = self.worker_in(ContainerPhase::Running, pod, container, turn)?;
                worker.found_ready(usize::from(container), now, workload, alarms);
                Some(pod)
            }
            Alarm::NotStarted { pod, container, turn } => {
                let worker = self.worker_in(ContainerPhase::Running, pod, container, turn)?;
                worker.has_not_started(usize::from(container), now, workload, alarms);
                None
            }
            Alarm::RestartAll(pod) => {
                let worker = self.worker(pod).filter(|worker| worker.state == PodState::Restarting)?;
                worker.start_again(now, workload, alarms);
                Some(pod)
            }
            Alarm::StorageFull { pod, container, turn } => {
                let worker = self.worker_in(ContainerPhase::Running, pod, container, turn)?;
                let failure = worker.is_evicted_for_storage(usize::from(container));
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

    /// The pod of an alarm about a container, if that still is as it was when the alarm was set.
    fn worker_in(&mut self, phase: ContainerPhase, pod: PodId, container: u16, turn: u16) -> Option<&mut PodWorker> {
        let is_so = |c: &ContainerState| c.turn == turn && c.phase == phase;
        self.worker(pod).filter(|worker| is_so(&worker.containers[usize::from(container)]))
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
        // The state of a deleted pod's containers is how they ended last (`ShouldContainerBeRestarted`).
        let waiting = |phase| matches!(phase, ContainerPhase::BackOff | ContainerPhase::GivenUp);
        let mut may_have_changed = false;
        for container in worker.containers.iter_mut().filter(|container| waiting(container.phase)) {
            (container.phase, may_have_changed) = (ContainerPhase::Terminated, true);
        }
        may_have_changed |= worker.stop(grace, now, workload, alarms);
        may_have_changed.then_some(id)
    }
}

impl PodWorker {
    /// What runs is told to end, nothing starts any more. Returns whether the pod's status may have changed.
    pub(super) fn stop(
        &mut self,
        grace: SimDuration,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
    ) -> bool {
        if matches!(self.state, PodState::Terminating | PodState::Ended) {
            return false;
        }
        self.state = PodState::Terminating;
        // What is on its end already goes on as it was.
        if self.kill_at.is_some() {
            return true;
        }
        self.kill_at = Some(now + grace);
        self.await_end_of_grace(alarms);
        self.give_up_restarts();
        for at in 0..self.containers.len() {
            if self.containers[at].phase == ContainerPhase::Running && !self.is_sidecar(at) {
                self.signal(at, grace, now, workload, alarms);
            }
        }
        self.stop_sidecars(now, workload, alarms);
        self.end_if_stopped();
        true
    }

    /// Starts the init container at `next`, or all app containers that wait after the last one.
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
        self.started = self.started.min(now);
        for at in self.init_count()..self.containers.len() {
            if self.containers[at].phase == ContainerPhase::Waiting {
                self.start(at, now, workload, alarms);
            }
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
        (container.will_be_oom, container.ready, container.not_started) = (false, false, false);
        if self.template.containers_are_plain() {
            let name = &self.template.container(at).name;
            let container = &mut self.containers[at];
            container.ready = true;
            let length = workload.duration(pod, name, container.restarts);
            container.ends_at = now + length;
            if length < FOR_EVER {
                alarms.push((container.ends_at, Alarm::Exit { pod, container: at as u16, turn: container.turn }));
            }
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
        container.reason = match container.will_be_oom {
            true => TerminatedReason::OomKilled,
            false => TerminatedReason::Exited,
        };
        container.ready = false;
        if self.is_stopping() {
            self.stop_sidecars(now, workload, alarms);
            return self.end_if_stopped();
        }
        match self.restart_after(code, at) {
            Restart::AllContainers => return self.remove_all(at, now, workload, alarms),
            Restart::Container => return self.back_off(at, now, workload, alarms),
            Restart::No => {}
        }
        match self.state {
            PodState::Init(_) if code == 0 => self.start_next(at + 1, now, workload, alarms),
            PodState::Init(_) if self.has_running_sidecar() => {
                self.fails = true;
                self.stop_with_sidecars(now, workload, alarms);
            }
            PodState::Init(_) => {
                // A sidecar that waits for its restart does not get it any more.
                self.give_up_restarts();
                self.end();
            }
            _ => {
                self.stop_with_sidecars(now, workload, alarms);
                self.end_if_stopped();
            }
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state == PodState::Terminating || self.kill_at.is_some()
    }

    fn restart_after(&self, code: i32, at: usize) -> Restart {
        match self.container(at).restart_after(code, self.template.restart_policy) {
            // An init container that succeeded is done, whatever the policy.
            Restart::Container if code == 0 && at < self.init_count() && !self.is_sidecar(at) => Restart::No,
            restart => restart,
        }
    }

    /// The first restart is immediate, each later one waits twice as long (`doBackOff`).
    fn back_off(&mut self, at: usize, now: SimTime, workload: &mut dyn Workload, alarms: &mut Vec<(SimTime, Alarm)>) {
        let pod = self.id;
        let container = &mut self.containers[at];
        if container.restarts > 0 && now.since(container.last_start) > FORGIVEN_AFTER {
            container.back_off = 0;
        }
        let entry = SimDuration::from_secs(container.back_off.into());
        // What a probe gave up is started by the look that ended it, which knows of the ends before alone.
        let (wait, counts) = match container.not_started {
            true if container.restarts == 0 => (SimDuration::ZERO, false),
            true if now.since(container.end_before) >= entry => (SimDuration::ZERO, true),
            _ => (entry, true),
        };
        if counts {
            container.back_off = (2 * container.back_off).clamp(FIRST_BACK_OFF, LONGEST_BACK_OFF);
        }
        let until = now + wait;
        let (restarts, turn, name) = (container.restarts, container.turn, &self.template.container(at).name);
        let mut look = now + workload.look(pod, name, restarts, 0, SimDuration::ZERO);
        let (mut number, mut shows) = (0, None);
        while look < until {
            number += 1;
            look = look + workload.look(pod, name, restarts, number, until.since(look).min(RESYNC));
            shows = shows.or(Some(look));
        }
        let starts = look + workload.container_start(pod, name, restarts);
        if starts == now {
            return self.restart(at, now, workload, alarms);
        }
        let container = &mut self.containers[at];
        container.phase = ContainerPhase::BackOff;
        (container.is_in_back_off, container.shows_back_off) = (wait > SimDuration::ZERO, false);
        let container = at as u16;
        if let Some(shows) = shows.filter(|&shows| shows < starts) {
            alarms.push((shows, Alarm::BackOff { pod, container, turn }));
        }
        alarms.push((starts, Alarm::Restart { pod, container, turn }));
    }

    /// Containers that wait for their restart do not get it any more. As long as their pod is not deleted their status says
    /// that they wait, if they are in back-off, except for sidecars that ended well (`convertToAPIContainerStatuses`).
    pub(super) fn give_up_restarts(&mut self) {
        let inits = self.init_count();
        let waiting = |(_, container): &(usize, &mut ContainerState)| container.phase == ContainerPhase::BackOff;
        for (at, container) in self.containers.iter_mut().enumerate().filter(waiting) {
            let goes_on = container.is_in_back_off && !(at < inits && container.last_code == Some(0));
            container.phase = if goes_on { ContainerPhase::GivenUp } else { ContainerPhase::Terminated };
        }
    }

    /// The pod has ended once no container runs or will run.
    pub(super) fn end_if_stopped(&mut self) {
        let over = |phase: ContainerPhase| match phase {
            ContainerPhase::Running | ContainerPhase::BackOff => false,
            ContainerPhase::GivenUp | ContainerPhase::Terminated => true,
            ContainerPhase::Waiting => self.is_stopping(),
        };
        if self.containers.iter().all(|container| over(container.phase)) {
            self.end();
        }
    }

    pub(super) fn end(&mut self) {
        self.pull = PullState::Quiet;
        let was_deleted = self.state == PodState::Terminating && self.failure.is_none();
        self.state = PodState::Ended;
        if !was_deleted && self.containers.iter().any(|container| container.phase != ContainerPhase::Terminated) {
            self.lose_what_waits();
        }
    }

    /// Of what should have been started, be it again, nobody knows how it ended: app containers once one of them was
    /// started, init containers up to the last that was (`TerminatePod`, `hasPodInitialized`, `initializedContainers`).
    fn lose_what_waits(&mut self) {
        let was_started = |container: &ContainerState| container.phase != ContainerPhase::Waiting;
        let (inits, apps) = self.containers.split_at(self.init_count());
        let begun = inits.iter().rposition(was_started).map_or(1, |last| last + 1).min(inits.len());
        let is_initialized = inits.is_empty() || apps.iter().any(was_started);
        let apps = if is_initialized { self.init_count()..self.containers.len() } else { 0..0 };
        for at in (0..begun).chain(apps) {
            if self.containers[at].phase != ContainerPhase::Terminated {
                if let Some(previous) = &mut self.previous {
                    previous[at] = self.containers[at].termination();
                }
                self.containers[at].lose(ContainerPhase::Terminated, TerminatedReason::ContainerStatusUnknown);
            }
        }
    }
}
