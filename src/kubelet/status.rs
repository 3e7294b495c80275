//! From the state of a pod's containers to the status that the API server stores and kubectl prints.

use super::lifecycle::{ContainerPhase, ContainerState, PodState, PodWorker, PullState};
use crate::api::meta::ApiTime;
use std::sync::Arc;

use crate::api::pod::{
    ContainerDetail, ContainerExit, ContainerExits, ContainerNow, ContainersView, ContainersWord, PodStatus,
};
use crate::kernel::time::SimTime;

impl PodWorker {
    /// Brings a status to what the state of the containers makes of it. Returns whether anything in it has changed.
    ///
    /// In place, field by field: statuses are large, and between two reports little in them differs.
    pub(super) fn write_status(&mut self, now: SimTime, status: &mut PodStatus) -> bool {
        let ready = matches!(self.state, PodState::Running | PodState::Terminating)
            && self.app_containers().iter().all(is_ready)
            && (0..self.init_count()).all(|at| !self.is_sidecar(at) || is_ready(&self.containers[at]));
        if ready != self.ready {
            (self.ready, self.ready_since) = (ready, ApiTime::of(now));
        }
        let PodStatus {
            phase,
            ready: is_ready,
            ready_since,
            started,
            restarts,
            most_restarts,
            finished_at,
            exit_code,
            exits,
            reason,
            view,
            containers,
        } = status;
        // No short cut: each field is to be written, whether one before it has changed or not.
        let changed = write(phase, self.phase())
            | write(is_ready, ready)
            | write(ready_since, self.ready_since)
            | write(started, self.started)
            | write(restarts, self.containers.iter().map(|c| c.restarts).sum())
            | write(most_restarts, self.app_containers().iter().map(|c| c.restarts).max().unwrap_or(0))
            | write(finished_at, self.finished_at())
            | write(exit_code, self.exit_code())
            | write(exits, self.exits())
            | write(reason, self.reason())
            | write(view, self.view());
        // What is told of each container by itself is no reason to write.
        if changed {
            *containers = self.details();
        }
        changed
    }

    /// Why the pod failed as a whole, once it has.
    fn reason(&self) -> Option<&'static str> {
        self.failing.filter(|reason| self.state == PodState::Ended && !reason.is_empty())
    }

    fn details(&self) -> Option<Arc<Vec<ContainerDetail>>> {
        let previous = self.previous.as_ref()?;
        let others = if self.init_count() > 0 { "PodInitializing" } else { "ContainerCreating" };
        // Images are pulled in the order of the containers: the first one that waits, waits for its image.
        let mut first = match self.pull {
            PullState::Quiet => others,
            PullState::Failed => "ErrImagePull",
            PullState::BackOff => "ImagePullBackOff",
        };
        let detail = |(container, previous): (&ContainerState, &Option<_>)| {
            let (now, last) = match (container.phase, container.termination()) {
                (ContainerPhase::Running, _) => (ContainerNow::Running(container.last_start), *previous),
                (ContainerPhase::Terminated, Some(end)) => (ContainerNow::Terminated(end), *previous),
                (ContainerPhase::BackOff, end) => (ContainerNow::Waiting("CrashLoopBackOff"), end),
                _ => (ContainerNow::Waiting(std::mem::replace(&mut first, others)), *previous),
            };
            ContainerDetail { now, last, restarts: container.restarts }
        };
        let details = self.containers.iter().zip(previous).map(detail).collect();
        Some(Arc::new(details))
    }

    /// The latest end of the app containers, if all are terminated for now.
    fn finished_at(&self) -> Option<ApiTime> {
        let mut latest = None;
        for container in self.app_containers() {
            match (container.phase, container.last_exit()) {
                (ContainerPhase::Terminated, Some((_, at))) => latest = latest.max(Some(ApiTime::of(at))),
                _ => return None,
            }
        }
        latest
    }

    fn exit_code(&self) -> Option<i32> {
        let codes = || self.containers.iter().filter_map(|c| c.last_code);
        let app_ended = self.app_containers().iter().any(|c| c.last_code.is_some());
        codes().find(|&code| code != 0).or(app_ended.then_some(0))
    }

    fn exits(&self) -> ContainerExits {
        let code_of = |c: &ContainerState| match c.phase {
            ContainerPhase::Terminated => c.last_code,
            _ => None,
        };
        if let [only] = &self.containers[..] {
            return code_of(only).map_or(ContainerExits::None, ContainerExits::Only);
        }
        let init = self.init_count();
        let exit = |(at, c): (usize, &ContainerState)| {
            let (init, container) = if at < init { (true, at) } else { (false, at - init) };
            Some(ContainerExit { init, container: container as u16, code: code_of(c)? })
        };
        let (inits, apps): (Vec<_>, Vec<_>) =
            self.containers.iter().enumerate().filter_map(exit).partition(|exit| exit.init);
        if inits.is_empty() && apps.is_empty() {
            return ContainerExits::None;
        }
        ContainerExits::Several(apps.into_iter().chain(inits).collect())
    }

    fn view(&self) -> ContainersView {
        let sidecars = || (0..self.init_count()).filter(|&at| self.is_sidecar(at)).map(|at| &self.containers[at]);
        let ready = match self.state {
            PodState::Running | PodState::Terminating => {
                self.app_containers().iter().chain(sidecars()).filter(|c| is_ready(c)).count()
            }
            _ => sidecars().filter(|c| is_ready(c)).count(),
        };
        let word = self.word();
        let initializing =
            matches!(word, ContainersWord::Init(..) | ContainersWord::InitError | ContainersWord::InitCrashLoopBackOff);
        let counted = if initializing { &self.containers[..self.init_count()] } else { self.app_containers() };
        let last_end = |c: &ContainerState| match (c.phase, c.last_exit()) {
            (ContainerPhase::BackOff, Some((_, at))) => Some(ApiTime::of(at)),
            _ => (c.restarts > 0).then(|| ApiTime::of(c.end_before)),
        };
        ContainersView {
            ready: ready as u16,
            total: (self.app_containers().len() + sidecars().count()) as u16,
            word,
            restarts: counted.iter().map(|c| c.restarts).sum(),
            last_restart: counted.iter().filter_map(last_end).max(),
        }
    }

    /// kubectl's STATUS word: init containers first, then the first app container with something to say.
    fn word(&self) -> ContainersWord {
        let init = self.init_count();
        match self.pull {
            PullState::Quiet => {}
            PullState::Failed => return ContainersWord::ErrImagePull,
            PullState::BackOff => return ContainersWord::ImagePullBackOff,
        }
        for (at, container) in self.containers[..init].iter().enumerate() {
            let has_begun = container.phase != ContainerPhase::Waiting && self.state != PodState::Init(at as u16);
            if self.is_sidecar(at) && (has_begun || self.state == PodState::Ended) {
                continue;
            }
            match (container.phase, container.last_exit()) {
                (ContainerPhase::Terminated, Some((0, _))) => {}
                (ContainerPhase::Terminated, _) => return ContainersWord::InitError,
                (ContainerPhase::BackOff, _) => return ContainersWord::InitCrashLoopBackOff,
                _ => return ContainersWord::Init(at as u16, init as u16),
            }
        }
        let apps = self.app_containers();
        let running = apps.iter().any(is_running);
        let failed =
            |c: &ContainerState| c.phase == ContainerPhase::Terminated && c.last_code.is_some_and(|code| code != 0);
        for container in apps.iter() {
            match (container.phase, container.last_exit()) {
                (ContainerPhase::Running, _) => {}
                (ContainerPhase::BackOff, _) => return ContainersWord::CrashLoopBackOff,
                (ContainerPhase::Waiting, _) if init > 0 => return ContainersWord::PodInitializing,
                (ContainerPhase::Waiting, _) => return ContainersWord::ContainerCreating,
                (ContainerPhase::Terminated, Some((0, _))) if running => return ContainersWord::NotReady,
                (ContainerPhase::Terminated, Some((0, _))) if apps.iter().any(failed) => return ContainersWord::Error,
                (ContainerPhase::Terminated, Some((0, _))) => return ContainersWord::Completed,
                (ContainerPhase::Terminated, _) if container.was_oom => return ContainersWord::OomKilled,
                (ContainerPhase::Terminated, _) => return ContainersWord::Error,
            }
        }
        ContainersWord::Running
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
    container.phase == ContainerPhase::Running
}
