//! Components of the control plane that are down for a while, and what becomes of it when they are up again.

use super::World;
use super::controller_manager::ControllerManager;
use super::event::Event;
use super::taint_eviction::TaintEviction;
use crate::api::change::Verb;
use crate::api::meta::JobId;
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::Component;

/// Who is down, and what waits for them.
#[derive(Debug, Default)]
pub(super) struct Outages {
    /// Until when, by component; an outage within another ends with the later one.
    until: [Option<SimTime>; Component::ALL.len()],
    /// What the kubelets, the scheduler and the nodes' controllers would write, in the order in which they first tried.
    deferred: Vec<Event>,
    /// When the controller-manager that runs now was started.
    pub(super) controllers_since: SimTime,
}

impl Outages {
    /// The first time after `at` of those at which a controller acts that does so each `period` from its start on.
    pub(super) fn round_after(&self, at: SimTime, period: SimDuration) -> SimTime {
        let since = self.controllers_since;
        since + SimDuration((at.max(since).since(since).0 / period.0 + 1) * period.0)
    }
}

impl Outages {
    pub(super) fn is_down(&self, component: Component) -> bool {
        self.until[component as usize].is_some()
    }

    /// Is the API server down? Asked for each request.
    pub(super) fn api_is_down(&self) -> bool {
        self.is_down(Component::ApiServer)
    }

    /// Is the controller-manager down? Asked before each sync.
    pub(super) fn controllers_are_down(&self) -> bool {
        self.is_down(Component::ControllerManager)
    }
}

impl World<'_> {
    pub(super) fn begin_outage(&mut self, component: Component, length: SimDuration) {
        let end = self.now + length;
        let until = &mut self.outages.until[component as usize];
        let was_down = until.is_some();
        *until = Some(until.map_or(end, |until| until.max(end)));
        self.events.push(end, Event::OutageOver(component));
        if component == Component::Registry
            && let Some(images) = &mut self.images
        {
            images.registry_is_down = true;
        }
        if component == Component::ControllerManager && !was_down {
            // The process is gone, and what it knew with it.
            self.control_plane.crash(self.now);
            self.orphans.crash(self.now);
            self.taint_eviction = TaintEviction::new(self.control_plane.limits());
            self.controllers =
                ControllerManager::new(self.start, self.control_plane.clock_skew(), self.rules, self.has_pods);
        }
    }

    pub(super) fn outage_over(&mut self, component: Component) {
        if self.outages.until[component as usize].is_none_or(|until| until > self.now) {
            return;
        }
        self.outages.until[component as usize] = None;
        match component {
            Component::ControllerManager => self.restart_controllers(),
            Component::Registry => {
                if let Some(images) = &mut self.images {
                    images.registry_is_down = false;
                }
            }
            Component::ApiServer | Component::Scheduler => {
                for event in std::mem::take(&mut self.outages.deferred) {
                    self.dispatch(event);
                }
            }
        }
    }

    /// What would be written now is written once the API server, or the scheduler, is up again. Returns whether it has
    /// to wait.
    pub(super) fn defer(&mut self, event: Event) -> bool {
        let down = match event {
            Event::Bind(..) => self.outages.is_down(Component::Scheduler) || self.outages.api_is_down(),
            _ => self.outages.api_is_down(),
        };
        if down {
            self.outages.deferred.push(event);
        }
        down
    }

    /// A controller can do nothing now: its manager is down, and begins anew when it is up, or the API server is, which it
    /// waits for.
    pub(super) fn controllers_cannot(&mut self, event: Event) -> bool {
        self.outages.controllers_are_down() || self.defer(event)
    }

    /// The controllers' informers list all that there is, and the garbage collector finds what it missed.
    fn restart_controllers(&mut self) {
        let (now, out) = (self.now, &mut self.outbox);
        self.outages.controllers_since = now;
        let version = self.store.version();
        for id in self.store.cron_job_ids() {
            if let Some(cron_job) = self.store.standing_cron_job(id) {
                self.controllers.on_cron_job(id, Verb::Added, cron_job, now, out);
            }
        }
        let jobs: Vec<JobId> = self.store.job_ids().collect();
        for &id in &jobs {
            if let Some(job) = self.store.standing_job(id) {
                self.controllers.on_job(id, Verb::Added, job, version, now, out);
            }
            let mut pods: Vec<_> = self.store.pods_of(id).collect();
            pods.sort_by_key(|pod| pod.id.uid);
            for pod in pods {
                self.controllers.on_pod(pod, Verb::Added, version, now, out);
            }
        }
        for id in jobs {
            match self.store.standing_job(id) {
                None => self.collect_pods(id, true),
                Some(job) if job.foreground_deletion => self.collect_pods(id, false),
                Some(_) => self.collect_orphan(id),
            }
        }
        self.restart_node_controllers();
        self.restart_quota_controller();
    }
}
