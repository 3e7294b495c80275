//! What `kubectl get pods -w` is told: a pod as a table row, after each change of it.

use std::borrow::Cow;
use std::sync::Arc;

use crate::api::change::{Change, Verb};
use crate::api::meta::ApiTime;
use crate::api::pod::{ContainersWord, Pod, PodPhase};
use crate::apiserver::store::Store;
use crate::kernel::time::SimTime;
use crate::world::observer::Observer;

/// A pod after one API change, in the words of the server's table (`printPod`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRow {
    /// When it changed.
    pub time: SimTime,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Containers that are ready, and all of them.
    pub ready: (u32, u32),
    /// STATUS: a phase or a reason, `Running`, `Init:0/1`, `Completed`.
    pub status: Cow<'static, str>,
    /// Restarts of its containers.
    pub restarts: u32,
    /// When a container last ended and was started again.
    pub last_restart: Option<SimTime>,
    /// When the pod was created.
    pub created: SimTime,
    /// The node it is bound to; printed by `-o wide` only.
    pub node: Option<Arc<str>>,
}

/// Makes a row of each change of a pod, for as long as someone reads them.
pub struct Watcher<'w> {
    show: &'w mut dyn FnMut(&PodRow) -> bool,
    reading: bool,
}

impl<'w> Watcher<'w> {
    /// Rows go to `show`, which returns whether it wants more.
    pub fn new(show: &'w mut dyn FnMut(&PodRow) -> bool) -> Watcher<'w> {
        Watcher { show, reading: true }
    }
}

impl Observer for Watcher<'_> {
    fn on_change(&mut self, now: SimTime, change: Change, store: &Store) {
        let Change::Pod(id, verb) = change else { return };
        // kubectl says nothing of an object that goes.
        if !self.reading || verb == Verb::Deleted {
            return;
        }
        let (Some(pod), Some(name)) = (store.pod(id), store.pod_name(id)) else { return };
        let (Some(namespace), Some(template)) = (store.namespace_of(id), store.template_of(id)) else { return };
        let view = pod.status.view;
        let row = PodRow {
            time: now,
            name,
            namespace: namespace.clone(),
            ready: (u32::from(view.ready), u32::from(view.total)),
            status: status_word(pod, template.init_containers.len()),
            restarts: view.restarts,
            last_restart: view.last_restart.map(ApiTime::instant),
            created: pod.created.instant(),
            node: store.node(pod.node).map(|node| node.name.clone()),
        };
        self.reading = (self.show)(&row);
    }
}

/// kubectl's STATUS word for a pod.
pub fn status_word(pod: &Pod, init_containers: usize) -> Cow<'static, str> {
    if pod.is_terminating() {
        return "Terminating".into();
    }
    // What a kubelet refused has no containers that could say more.
    if let Some(failure) = pod.status.rejection() {
        return failure.reason.into();
    }
    match pod.status.view.word {
        // A kubelet that has just seen the pod reports at once what it waits for.
        ContainersWord::Pending if pod.scheduled && init_containers > 0 => format!("Init:0/{init_containers}").into(),
        ContainersWord::Pending if pod.scheduled => "ContainerCreating".into(),
        ContainersWord::Pending => "Pending".into(),
        ContainersWord::ContainerCreating => "ContainerCreating".into(),
        ContainersWord::Init(done, all) => format!("Init:{done}/{all}").into(),
        ContainersWord::InitError => "Init:Error".into(),
        ContainersWord::InitContainerStatusUnknown => "Init:ContainerStatusUnknown".into(),
        ContainersWord::InitCrashLoopBackOff => "Init:CrashLoopBackOff".into(),
        ContainersWord::PodInitializing => "PodInitializing".into(),
        // Nobody told what became of the containers of a pod whose node was lost.
        ContainersWord::Running if pod.status.phase == PodPhase::Failed => "Failed".into(),
        ContainersWord::Running => "Running".into(),
        ContainersWord::CrashLoopBackOff => "CrashLoopBackOff".into(),
        ContainersWord::ErrImagePull => "ErrImagePull".into(),
        ContainersWord::ImagePullBackOff => "ImagePullBackOff".into(),
        ContainersWord::ErrImageNeverPull => "ErrImageNeverPull".into(),
        ContainersWord::OomKilled => "OOMKilled".into(),
        ContainersWord::ContainerStatusUnknown => "ContainerStatusUnknown".into(),
        ContainersWord::Completed => "Completed".into(),
        ContainersWord::Error => "Error".into(),
        ContainersWord::NotReady => "NotReady".into(),
    }
}
