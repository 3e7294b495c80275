//! From the state of a pod's containers to the status that the API server stores and kubectl prints.

use std::sync::Arc;

use super::lifecycle::{ContainerState, PodState, PodWorker, PullState, ShownState};
use crate::api::meta::ApiTime;
use crate::api::pod::{
    ContainerDetail, ContainerExit, ContainerExits, ContainerNow, ContainersView, ContainersWord, PodFailure, PodPhase,
    PodStatus, TerminatedReason,
};
use crate::kernel::time::SimTime;

/// `status.reason` of a pod that was active for too long.
pub(super) const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";

impl PodWorker {
    /// Brings a status to what the state of the containers makes of it. Returns whether anything in it has changed.
    ///
    /// In place, field by field: statuses are large, and between two reports little in them differs.
    pub(super) fn write_status(&mut self, now: SimTime, status: &mut PodStatus) -> bool {
        let (inits, apps) = self.containers.split_at(self.init_count());
        let sorted = Sorted { worker: self, inits, apps, seen: Look::at(apps) };
        let sidecars = sorted.sidecars();
        // A pod that is beyond its deadline counts as failed while its containers still end.
        let is_late = self.failure.as_ref().is_some_and(|failure| failure.reason == DEADLINE_EXCEEDED);
        let ready = sorted.are_ready(sidecars) && !is_late;
        let ready_since = if ready == self.ready { self.ready_since } else { ApiTime::of(now) };
        let PodStatus {
            phase,
            ready: own_ready,
            ready_since: own_ready_since,
            started,
            restarts,
            most_restarts,
            finished_at,
            exit_code,
            exits,
            failure,
            view,
            containers,
        } = status;
        // A phase that says of an end stays, whoever wrote it (`mergePodStatus`).
        let own_phase = if phase.is_terminal() { *phase } else { sorted.phase() };
        // No short cut: each field is to be written, whether one before it has changed or not.
        let changed = write(phase, own_phase)
            | write(own_ready, ready)
            | write(own_ready_since, ready_since)
            | write(started, self.started())
            | write(restarts, sorted.seen.restarts + inits.iter().map(|c| c.restarts).sum::<u32>())
            | write(most_restarts, sorted.seen.most_restarts)
            | write(finished_at, sorted.seen.finished_at())
            | write(exit_code, sorted.exit_code())
            | write(exits, sorted.exits())
            | self.write_failure(failure)
            | write(view, sorted.view(sidecars));
        // What is told of each container by itself is no reason to write.
        *containers = self.details();
        (self.ready, self.ready_since) = (ready, ready_since);
        changed
    }

    /// Why the pod failed as a whole, once it has.
    fn write_failure(&self, failure: &mut Option<Arc<PodFailure>>) -> bool {
        let changes = self.state == PodState::Ended && failure.is_none() && self.failure.is_some();
        if changes {
            failure.clone_from(&self.failure);
        }
        changes
    }

    fn details(&self) -> Option<Arc<Vec<ContainerDetail>>> {
        let previous = self.previous.as_ref()?;
        let others = if self.init_count() > 0 { "PodInitializing" } else { "ContainerCreating" };
        // Images are pulled in the order of the containers: the first one that waits, waits for its image.
        let mut first = match self.pull {
            PullState::Quiet => others,
            PullState::Failed => "ErrImagePull",
            PullState::BackOff => "ImagePullBackOff",
            PullState::Never => "ErrImageNeverPull",
        };
        let detail = |(container, previous): (&ContainerState, &Option<_>)| {
            let (now, last) = match (container.shown(), container.termination()) {
                (ShownState::Running, _) => (ContainerNow::Running(container.last_start), *previous),
                (ShownState::Terminated, Some(end)) => (ContainerNow::Terminated(end), *previous),
                (ShownState::BackOff, end) => (ContainerNow::Waiting("CrashLoopBackOff"), end),
                _ => (ContainerNow::Waiting(std::mem::replace(&mut first, others)), *previous),
            };
            ContainerDetail { now, last, restarts: container.restarts, ready: is_ready(container) }
        };
        let details = self.containers.iter().zip(previous).map(detail).collect();
        Some(Arc::new(details))
    }
}

/// What a look at each of some containers finds.
#[derive(Clone, Copy)]
struct Look {
    ready: u16,
    all_started: bool,
    /// All are terminated for now, the last one at `last_end`.
    all_ended: bool,
    last_end: SimTime,
    /// Of one that is terminated nobody knows when.
    some_lost: bool,
    /// .. each with 0.
    all_ended_well: bool,
    /// The first last exit code that is not 0, or else 0 if there is any.
    code: Option<i32>,
    restarts: u32,
    most_restarts: u32,
    /// When one that was started again, or will be, last ended.
    last_restart: Option<ApiTime>,
}

impl Look {
    fn at(containers: &[ContainerState]) -> Look {
        let mut look = Look {
            ready: 0,
            all_started: true,
            all_ended: true,
            last_end: SimTime::ZERO,
            some_lost: false,
            all_ended_well: true,
            code: None,
            restarts: 0,
            most_restarts: 0,
            last_restart: None,
        };
        for container in containers {
            let (phase, exit) = (container.shown(), container.last_exit());
            look.ready += u16::from(is_ready(container));
            look.some_lost |= container.reason == TerminatedReason::ContainerStatusUnknown;
            look.all_started &= phase != ShownState::Waiting;
            match exit.filter(|_| phase == ShownState::Terminated) {
                Some((code, at)) => {
                    look.last_end = look.last_end.max(at);
                    look.all_ended_well &= code == 0;
                }
                None => (look.all_ended, look.all_ended_well) = (false, false),
            }
            look.code = look.code.filter(|&code| code != 0).or(exit.map(|(code, _)| code)).or(look.code);
            look.restarts += container.restarts;
            look.most_restarts = look.most_restarts.max(container.restarts);
            let last_restart = match exit {
                Some((_, at)) if phase == ShownState::BackOff => Some(ApiTime::of(at)),
                _ => (container.restarts > 0).then(|| ApiTime::of(container.end_before)),
            };
            look.last_restart = look.last_restart.max(last_restart);
        }
        look
    }

    /// The latest end, if all are terminated for now (`getFinishTimeFromContainers`).
    fn finished_at(&self) -> Option<ApiTime> {
        (self.all_ended && !self.some_lost).then(|| ApiTime::of(self.last_end))
    }
}

/// A pod's containers by what they are for.
#[derive(Clone, Copy)]
struct Sorted<'w> {
    worker: &'w PodWorker,
    inits: &'w [ContainerState],
    apps: &'w [ContainerState],
    /// What there is to see of the app containers.
    seen: Look,
}

/// How many there are, and how many of these are ready.
#[derive(Clone, Copy)]
struct Sidecars {
    count: u16,
    ready: u16,
}

impl<'w> Sorted<'w> {
    fn sidecars(&self) -> Sidecars {
        let mut sidecars = Sidecars { count: 0, ready: 0 };
        for (at, container) in self.inits.iter().enumerate() {
            if self.worker.is_sidecar(at) {
                sidecars.count += 1;
                sidecars.ready += u16::from(is_ready(container));
            }
        }
        sidecars
    }

    /// Have app containers been started, and has the pod not ended?
    fn are_at_work(&self) -> bool {
        matches!(self.worker.state, PodState::Running | PodState::Terminating)
    }

    /// Condition Ready.
    fn are_ready(&self, sidecars: Sidecars) -> bool {
        self.are_at_work() && usize::from(self.seen.ready) == self.apps.len() && sidecars.ready == sidecars.count
    }

    /// `getPhase`.
    fn phase(&self) -> PodPhase {
        let (fails, seen) = (self.worker.fails, &self.seen);
        match self.worker.state {
            PodState::Ended if !fails && seen.all_ended_well => PodPhase::Succeeded,
            PodState::Ended => PodPhase::Failed,
            _ if seen.all_started => PodPhase::Running,
            _ => PodPhase::Pending,
        }
    }

    fn exit_code(&self) -> Option<i32> {
        // What a sidecar ends with says nothing of the pod.
        let inits = self.inits.iter().enumerate().filter(|(at, _)| !self.worker.is_sidecar(*at));
        inits.filter_map(|(_, init)| init.last_code).find(|&code| code != 0).or(self.seen.code)
    }

    fn exits(&self) -> ContainerExits {
        let code_of = |c: &ContainerState| match c.shown() {
            ShownState::Terminated => c.last_code,
            _ => None,
        };
        if let ([], [only]) = (self.inits, self.apps) {
            return code_of(only).map_or(ContainerExits::None, ContainerExits::Only);
        }
        let exits = |init: bool, containers: &'w [ContainerState]| {
            let exit = move |(at, c)| Some(ContainerExit { init, container: at as u16, code: code_of(c)? });
            containers.iter().enumerate().filter_map(exit)
        };
        let all: Box<[ContainerExit]> = exits(false, self.apps).chain(exits(true, self.inits)).collect();
        if all.is_empty() { ContainerExits::None } else { ContainerExits::Several(all) }
    }

    fn view(&self, sidecars: Sidecars) -> ContainersView {
        let word = self.word();
        let initializing = matches!(
            word,
            ContainersWord::Init(..)
                | ContainersWord::InitError
                | ContainersWord::InitContainerStatusUnknown
                | ContainersWord::InitCrashLoopBackOff
        );
        let counted = if initializing { Look::at(self.inits) } else { self.seen };
        ContainersView {
            ready: sidecars.ready + if self.are_at_work() { self.seen.ready } else { 0 },
            total: self.apps.len() as u16 + sidecars.count,
            word,
            restarts: counted.restarts,
            last_restart: counted.last_restart,
        }
    }

    /// kubectl's STATUS word: init containers first, then the first app container with something to say.
    fn word(&self) -> ContainersWord {
        let Sorted { worker, inits, apps, seen } = *self;
        match worker.pull {
            PullState::Quiet => {}
            PullState::Failed => return ContainersWord::ErrImagePull,
            PullState::BackOff => return ContainersWord::ImagePullBackOff,
            PullState::Never => return ContainersWord::ErrImageNeverPull,
        }
        for (at, container) in inits.iter().enumerate() {
            let has_begun = container.shown() != ShownState::Waiting && worker.state != PodState::Init(at as u16);
            if worker.is_sidecar(at) && (has_begun || worker.state == PodState::Ended) {
                continue;
            }
            match (container.shown(), container.last_exit()) {
                (ShownState::Terminated, Some((0, _))) => {}
                (ShownState::Terminated, _) => match container.reason {
                    TerminatedReason::ContainerStatusUnknown => return ContainersWord::InitContainerStatusUnknown,
                    _ => return ContainersWord::InitError,
                },
                (ShownState::BackOff, _) => return ContainersWord::InitCrashLoopBackOff,
                _ => return ContainersWord::Init(at as u16, inits.len() as u16),
            }
        }
        let failed =
            |c: &ContainerState| c.shown() == ShownState::Terminated && c.last_code.is_some_and(|code| code != 0);
        for container in apps {
            match (container.shown(), container.last_exit()) {
                (ShownState::Running, _) => {}
                (ShownState::BackOff, _) => return ContainersWord::CrashLoopBackOff,
                (ShownState::Waiting, _) if !inits.is_empty() => return ContainersWord::PodInitializing,
                (ShownState::Waiting, _) => return ContainersWord::ContainerCreating,
                (ShownState::Terminated, Some((0, _))) => match apps.iter().find(|other| failed(other)) {
                    Some(other) => return failed_word(other),
                    None if seen.ready > 0 => return ContainersWord::NotReady,
                    None => return ContainersWord::Completed,
                },
                (ShownState::Terminated, _) => return failed_word(container),
            }
        }
        ContainersWord::Running
    }
}

/// What is said of an app container that did not end well.
fn failed_word(container: &ContainerState) -> ContainersWord {
    match container.reason {
        TerminatedReason::Exited | TerminatedReason::RestartingAllContainers => ContainersWord::Error,
        TerminatedReason::OomKilled => ContainersWord::OomKilled,
        TerminatedReason::ContainerStatusUnknown => ContainersWord::ContainerStatusUnknown,
    }
}

/// Writes a field. Returns whether that changed it.
#[inline]
fn write<T: PartialEq>(field: &mut T, value: T) -> bool {
    let changes = *field != value;
    if changes {
        *field = value;
    }
    changes
}

fn is_ready(container: &ContainerState) -> bool {
    is_running(container) && container.ready
}

fn is_running(container: &ContainerState) -> bool {
    container.shown() == ShownState::Running
}
