//! From the state of a pod's containers to the status that the API server stores and kubectl prints.

use super::lifecycle::{ContainerPhase, ContainerState, PodState, PodWorker};
use crate::api::meta::ApiTime;
use crate::api::pod::{ContainerExit, ContainerExits, ContainersView, ContainersWord};
use crate::kernel::time::SimTime;

impl PodWorker {
    /// Brings the status up to the state of the containers.
    pub(super) fn refresh_status(&mut self, now: SimTime) {
        let ready = self.state == PodState::Running && self.app_containers().iter().all(is_running)
            || self.state == PodState::Terminating && self.app_containers().iter().all(is_running);
        if ready != self.status.ready {
            self.status.ready = ready;
            self.status.ready_since = ApiTime::of(now);
        }
        self.status.phase = self.phase();
        self.status.started = self.started;
        self.status.restarts = self.containers.iter().map(|c| c.restarts).sum();
        self.status.most_restarts = self.app_containers().iter().map(|c| c.restarts).max().unwrap_or(0);
        self.status.finished_at = self.finished_at();
        self.status.exit_code = self.exit_code();
        self.status.exits = self.exits();
        self.status.view = self.view();
    }

    /// The latest end of the app containers, if all are terminated for now.
    fn finished_at(&self) -> Option<ApiTime> {
        let ends = self.app_containers().iter().map(|c| match (c.phase, c.last_exit) {
            (ContainerPhase::Terminated, Some((_, at))) => Some(ApiTime::of(at)),
            _ => None,
        });
        ends.collect::<Option<Vec<ApiTime>>>()?.into_iter().max()
    }

    fn exit_code(&self) -> Option<i32> {
        let codes = || self.containers.iter().filter_map(|c| c.last_exit).map(|(code, _)| code);
        let app_ended = self.app_containers().iter().any(|c| c.last_exit.is_some());
        codes().find(|&code| code != 0).or(app_ended.then_some(0))
    }

    fn exits(&self) -> ContainerExits {
        let code_of = |c: &ContainerState| match c.phase {
            ContainerPhase::Terminated => c.last_exit.map(|(code, _)| code),
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
        let ready = match self.state {
            PodState::Running | PodState::Terminating => self.app_containers().iter().filter(|c| is_running(c)).count(),
            _ => 0,
        };
        let restarted = self.containers.iter().filter(|c| c.restarts > 0).map(|c| ApiTime::of(c.last_start));
        ContainersView {
            ready: ready as u16,
            total: self.app_containers().len() as u16,
            word: self.word(),
            // kubectl counts from the end before the last restart.
            last_restart: restarted.max(),
        }
    }

    /// kubectl's STATUS word: init containers first, then the first app container with something to say.
    fn word(&self) -> ContainersWord {
        let init = self.init_count();
        for (at, container) in self.containers[..init].iter().enumerate() {
            match (container.phase, container.last_exit) {
                (ContainerPhase::Terminated, Some((0, _))) => {}
                (ContainerPhase::Terminated, _) => return ContainersWord::InitError,
                (ContainerPhase::BackOff, _) => return ContainersWord::InitCrashLoopBackOff,
                _ => return ContainersWord::Init(at as u16, init as u16),
            }
        }
        let apps = self.app_containers();
        let running = apps.iter().any(is_running);
        for container in apps.iter() {
            match (container.phase, container.last_exit) {
                (ContainerPhase::Running, _) => {}
                (ContainerPhase::BackOff, _) => return ContainersWord::CrashLoopBackOff,
                (ContainerPhase::Waiting, _) if init > 0 => return ContainersWord::PodInitializing,
                (ContainerPhase::Waiting, _) => return ContainersWord::ContainerCreating,
                (ContainerPhase::Terminated, Some((0, _))) if running => return ContainersWord::NotReady,
                (ContainerPhase::Terminated, Some((0, _))) => return ContainersWord::Completed,
                (ContainerPhase::Terminated, _) => return ContainersWord::Error,
            }
        }
        ContainersWord::Running
    }
}

fn is_running(container: &ContainerState) -> bool {
    container.phase == ContainerPhase::Running
}
