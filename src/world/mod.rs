//! The world: the only place where time passes and where components meet.
//!
//! Within one instant: first what was scheduled, in the order of its scheduling, then syncs. A write is told to all
//! readers before the next one is carried out.

mod actions;
mod arrivals;
pub mod autoscaler;
mod control_plane;
pub mod controller_manager;
pub mod event;
mod evictions;
pub mod examination;
mod garbage_collector;
mod images;
mod node_failures;
pub mod nodes;
pub mod observer;
mod orphans;
mod outages;
mod pod_gc;
mod pods;
mod quotas;
mod schedule_only;
mod scheduling;
mod settling;
mod taint_eviction;
mod workload;

use std::collections::BTreeMap;

use crate::api::change::{Change, Verb};
use crate::api::cronjob::Start;
use crate::api::disruption::PodDisruptionBudget;
use crate::api::meta::{ApiTime, CronJobId, JobId, ObjectId, ObjectName};
use crate::api::outbox::Outbox;
use crate::api::release::{Kubernetes, Rules};
use crate::api::request::{Answer, Refusal, Request};
use crate::apiserver::store::Store;
use crate::controllers::Progress;
use crate::kernel::event_list::EventList;
use crate::kernel::time::{SimDuration, SimTime};
use crate::kubelet::Alarm;
use crate::kubelet::images::Images;
use crate::kubelet::lifecycle::Kubelet;
use crate::scenario::{Object, Scenario, ScheduledAction};
use autoscaler::Autoscaler;
use control_plane::ControlPlane;
use controller_manager::{Controller, ControllerManager, Task};
use event::Event;
use node_failures::Zone;
use nodes::Nodes;
use observer::{Observer, Reads, RequestSpan, SyncSpan};
use orphans::Orphans;
use outages::Outages;
use quotas::Overdue;
use scheduling::Scheduling;
use settling::Standstill;
use taint_eviction::TaintEviction;
use workload::PodWorkload;

/// A simulated cluster and its clock.
pub struct World<'a> {
    now: SimTime,
    last_change: SimTime,
    standstill: Standstill,
    /// Objects were submitted at this instant and no instant has been carried out since.
    submitted: bool,
    steps: u64,
    /// After more events than these an instant is left as it is.
    most_steps: u64,
    events: EventList<Event>,
    /// Events of the list that alone are no reason to go on, and those that bring nodes.
    housekeeping: usize,
    comings: usize,
    store: Store,
    controllers: ControllerManager,
    kubelet: Kubelet,
    workload: PodWorkload,
    control_plane: ControlPlane,
    orphans: Orphans,
    actions: Vec<ScheduledAction>,
    arrivals: Vec<arrivals::Stream>,
    outages: Outages,
    kubernetes: Kubernetes,
    rules: Rules,
    nodes: Nodes,
    budgets: Vec<PodDisruptionBudget>,
    /// Absent where every image is everywhere.
    images: Option<Images>,
    scheduling: Scheduling,
    autoscaler: Autoscaler,
    taint_eviction: TaintEviction,
    /// When the next node of a zone may get the taint that evicts its pods.
    next_eviction: BTreeMap<Zone, SimTime>,
    /// From when pods that are being deleted no longer count for quotas.
    overdue: Overdue,
    /// Are there pods, or only Jobs that last as long as theirs would?
    has_pods: bool,
    /// `startTime` in seconds since 1970.
    start: i64,
    observers: Vec<&'a mut dyn Observer>,
    /// What any of the observers looks at.
    reads: Reads,
    outbox: Outbox,
    alarms: Vec<(SimTime, Alarm)>,
    requests: Vec<Request>,
    answers: Vec<Answer>,
}

impl<'a> World<'a> {
    /// The cluster as the first objects are submitted.
    pub fn new(scenario: &Scenario, seed: u64, replication: u32, observers: Vec<&'a mut dyn Observer>) -> World<'a> {
        World::build(scenario, seed, replication, true, observers)
    }

    /// The same without pods: a Job lasts as long as its pods would.
    pub fn schedule_only(
        scenario: &Scenario,
        seed: u64,
        replication: u32,
        observers: Vec<&'a mut dyn Observer>,
    ) -> World<'a> {
        World::build(scenario, seed, replication, false, observers)
    }

    fn build(
        scenario: &Scenario,
        seed: u64,
        replication: u32,
        has_pods: bool,
        observers: Vec<&'a mut dyn Observer>,
    ) -> World<'a> {
        let rules = scenario.kubernetes.rules();
        let mut world = World {
            now: SimTime::ZERO,
            last_change: SimTime::ZERO,
            standstill: Standstill::default(),
            submitted: true,
            steps: 0,
            most_steps: u64::MAX,
            events: EventList::new(),
            housekeeping: 0,
            comings: 0,
            store: Store::new(rules),
            controllers: ControllerManager::new(scenario.start, scenario.control_plane.clock_skew, rules, has_pods),
            kubelet: Kubelet::new(),
            workload: PodWorkload::new(scenario, seed, replication),
            control_plane: ControlPlane::new(&scenario.control_plane, rules),
            orphans: Orphans::default(),
            actions: Vec::new(),
            arrivals: Vec::new(),
            outages: Outages::default(),
            kubernetes: scenario.kubernetes.clone(),
            rules,
            nodes: Nodes::new(scenario, seed, replication),
            budgets: Vec::new(),
            images: images::images(&scenario.cluster),
            autoscaler: Autoscaler::default(),
            scheduling: Scheduling::new(scenario, seed, replication, scenario.first_of_ties),
            next_eviction: BTreeMap::new(),
            taint_eviction: TaintEviction::new(&scenario.control_plane),
            overdue: Overdue::default(),
            has_pods,
            start: scenario.start,
            observers,
            reads: Reads::OBJECTS,
            outbox: Outbox::default(),
            alarms: Vec::new(),
            requests: Vec::new(),
            answers: Vec::new(),
        };
        world.begin(scenario, seed, replication);
        world
    }

    /// Puts everything back to the start and begins with this scenario, for the same observers: all that happens is what
    /// would happen in a new world. Memory is used again.
    pub fn begin_again(&mut self, scenario: &Scenario, seed: u64, replication: u32) {
        if self.kubernetes != scenario.kubernetes {
            (self.kubernetes, self.rules) = (scenario.kubernetes.clone(), scenario.kubernetes.rules());
        }
        let rules = self.rules;
        (self.now, self.last_change, self.submitted, self.steps) = (SimTime::ZERO, SimTime::ZERO, true, 0);
        (self.start, self.housekeeping, self.comings) = (scenario.start, 0, 0);
        self.standstill = Standstill::default();
        self.next_eviction.clear();
        self.taint_eviction = TaintEviction::new(&scenario.control_plane);
        self.overdue = Overdue::default();
        self.events.clear();
        self.store.clear(rules);
        self.controllers.begin_again(scenario.start, scenario.control_plane.clock_skew, rules, self.has_pods);
        self.kubelet.clear();
        self.workload.begin_again(scenario, seed, replication);
        self.control_plane.begin_again(&scenario.control_plane, rules);
        self.orphans = Orphans::default();
        self.outages = Outages::default();
        self.budgets.clear();
        self.images = images::images(&scenario.cluster);
        self.autoscaler = Autoscaler::default();
        // Without nodes nothing is ever scheduled, or drawn for a node.
        if self.nodes.exist || Nodes::are_in(scenario) {
            self.nodes = Nodes::new(scenario, seed, replication);
            self.scheduling = Scheduling::new(scenario, seed, replication, scenario.first_of_ties);
        }
        self.outbox.clear();
        self.alarms.clear();
        self.requests.clear();
        self.answers.clear();
        self.begin(scenario, seed, replication);
    }

    /// What a scenario begins with, in a world that is empty.
    fn begin(&mut self, scenario: &Scenario, seed: u64, replication: u32) {
        for (position, action) in scenario.actions.iter().enumerate() {
            self.events.push(action.at, Event::Action(position as u32));
        }
        self.actions.clone_from(&scenario.actions);
        let stream = |of| arrivals::Stream::new(of, seed, replication, self.rules);
        self.arrivals = scenario.arrivals.iter().map(stream).collect();
        self.reads = self.observers.iter().fold(Reads::OBJECTS, |reads, observer| reads.or(observer.reads()));
        self.outbox.drops_events = !self.reads.events && !self.control_plane.writes_events();
        if self.reads.containers {
            self.kubelet.keep_details();
        }
        self.begin_nodes();
        self.submit(&scenario.objects);
        self.begin_arrivals();
    }

    /// Tells the observers that no more will be carried out up to `now`.
    pub fn end(&mut self, now: SimTime) {
        self.note_awaited_nodes();
        for observer in &mut self.observers {
            observer.on_end(now, &self.store);
        }
    }

    /// The instant that was reached.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The last instant at which an object was written.
    pub fn last_change(&self) -> SimTime {
        self.last_change
    }

    /// Events carried out so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// From now on an instant ends amid its events once there have been more than `most`: some never end.
    pub fn limit_steps(&mut self, most: u64) {
        self.most_steps = most;
    }

    /// All objects, for readers.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Is nothing left to happen, ever?
    pub fn is_settled(&self) -> bool {
        self.events.next_time().is_none() || self.is_over()
    }

    /// What a component of the real cluster would hang on for good, if it has come to that.
    pub fn fault(&self) -> Option<&str> {
        self.outbox.fault.as_deref()
    }

    /// Pods created so far.
    pub fn pods_created(&self) -> u64 {
        self.store.pods_created()
    }

    /// Carries out all that happens at the next instant at which anything does, if it is not after `until`. Returns
    /// false when nothing was left to do.
    pub fn step_instant(&mut self, until: SimTime) -> bool {
        // A horizon ends what would go on for ever.
        if until == SimTime::MAX {
            self.look_for_standstill();
        }
        if !std::mem::take(&mut self.submitted) {
            match self.events.next_time() {
                Some(next) if next <= until && !self.is_over() => self.now = next,
                _ => return false,
            }
        }
        while self.steps <= self.most_steps {
            if self.events.next_time() == Some(self.now) {
                let Some((_, event)) = self.events.pop() else { break };
                self.steps += 1;
                self.count_housekeeping(&event);
                self.dispatch(event);
            } else if !self.sync_next() && !self.send_spawned() && !self.schedule_next() {
                break;
            }
        }
        if self.reads.instants {
            self.observers.iter_mut().for_each(|observer| observer.on_instant_over(self.now, &self.store));
        }
        true
    }

    /// One screen says all that can happen.
    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Action(position) => self.act(position as usize),
            Event::Arrival(stream) => self.arrive(stream as usize),
            Event::OutageOver(component) => self.outage_over(component),
            Event::JobOver(job, well) => self.end_without_pods(job, well),
            Event::Bind(pod, node) => self.bind(pod, node),
            Event::Kubelet(alarm) => self.kubelet_alarm(alarm),
            Event::TaintEviction(pod, step) => self.evict_by_taint(pod, step),
            Event::Node(node, alarm) => self.node_alarm(node, alarm),
            // The scheduler's turn comes when all else of the instant is done.
            Event::Schedule => {}
            Event::Autoscaler(alarm) => self.autoscaler_alarm(alarm),
            Event::AwaitedInVain => self.collect_awaiting(),
            Event::CollectUnbound(pod) => self.collect_unbound(pod),
            Event::QuotaResync => self.quota_resync(),
            Event::Drain(node) => _ = self.go_on_draining(node),
            Event::Report(pod) => self.report_now(pod),
            Event::Sync(due) => self.controllers.on_alarm(due, self.now),
            Event::Request(slot) => self.request_effective(slot),
            Event::EventWritten(controller) => self.event_written(controller),
            Event::Deliver => self.deliver(),
            Event::Orphan(worker) => self.orphan_released(worker),
        }
        self.tell();
    }

    fn submit(&mut self, objects: &[Object]) {
        for object in objects {
            self.create(object);
            self.tell();
        }
    }

    // ---- telling what was written ----

    /// Tells every reader of every write, and of the writes that this brings about.
    fn tell(&mut self) {
        while let Some(change) = self.store.next_change() {
            self.last_change = self.now;
            for observer in &mut self.observers {
                observer.on_change(self.now, change, &self.store);
            }
            match change {
                Change::CronJob(cron_job, verb) => self.tell_cron_job(cron_job, verb),
                Change::Job(job, verb) => self.tell_job(job, verb),
                Change::Pod(pod, verb) => self.tell_pod(pod, verb),
                Change::Node(node, verb) => self.tell_node(node, verb),
            }
            self.store.forget(change);
        }
        if !self.outbox.alarms.is_empty() {
            for (at, due) in self.outbox.alarms.drain(..) {
                self.events.push(at, Event::Sync(due));
            }
        }
    }

    fn tell_cron_job(&mut self, id: CronJobId, verb: Verb) {
        let Some(cron_job) = self.store.cron_job(id) else { return };
        // Controllers that are down see nothing, and nobody collects garbage; all of it is made up for later.
        if self.outages.controllers_are_down() {
            return;
        }
        if self.control_plane.watchers_lag() {
            let cron_job = cron_job.clone();
            self.deliver_cron_job_later(id, verb, cron_job);
        } else {
            self.controllers.on_cron_job(id, verb, cron_job, self.now, &mut self.outbox);
            self.publish_events(Controller::CronJob);
        }
        if verb == Verb::Deleted {
            self.control_plane.forget(ObjectId::CronJob(id));
            self.collect_jobs(id);
        }
    }

    fn tell_job(&mut self, id: JobId, verb: Verb) {
        if let (Verb::Added, Some(job)) = (verb, self.store.job(id)) {
            self.workload.job_added(id, job);
        }
        if !self.has_pods && verb != Verb::Deleted {
            self.start_without_pods(id, verb);
        }
        let Some(job) = self.store.job(id) else { return };
        if self.outages.controllers_are_down() {
            return;
        }
        let (version, foreground) = (job.resource_version, job.foreground_deletion);
        if self.control_plane.watchers_lag() {
            let job = job.clone();
            self.deliver_job_later(id, verb, job);
        } else {
            self.controllers.on_job(id, verb, job, version, self.now, &mut self.outbox);
        }
        match verb {
            Verb::Added => self.collect_orphan(id),
            Verb::Modified if foreground => self.collect_pods(id, false),
            Verb::Modified => {}
            Verb::Deleted => {
                self.control_plane.forget(ObjectId::Job(id));
                self.collect_pods(id, true);
            }
        }
    }

    // ---- syncs ----

    /// A worker of some controller takes a key and carries the sync out. Returns false if none was ready.
    fn sync_next(&mut self) -> bool {
        !self.outages.controllers_are_down()
            && Controller::ALL
                .into_iter()
                .any(|controller| self.controllers.has_ready(controller) && self.sync(controller))
    }

    fn sync(&mut self, controller: Controller) -> bool {
        if !self.control_plane.is_instant() {
            let started = self.start_sync(controller);
            self.tell();
            return started;
        }
        let task = self.controllers.take(controller, self.now, &mut self.outbox);
        self.publish_events(controller);
        let Some(mut task) = task else {
            self.tell();
            return false;
        };
        self.answers.clear();
        let (about, mut sent) = (task.about(), 0);
        loop {
            let mut requests = std::mem::take(&mut self.requests);
            let progress =
                self.controllers.next(&mut task, self.now, &mut self.answers, &mut requests, &mut self.outbox);
            self.publish_events(controller);
            sent += requests.len();
            for request in requests.drain(..) {
                let answer = self.carry_out_for(controller, about, request, self.now, SimDuration::ZERO);
                self.answers.push(answer);
                self.tell();
            }
            self.requests = requests;
            if progress == Progress::Done {
                break;
            }
        }
        self.sync_over(controller, &task, SimDuration::ZERO, sent);
        self.controllers.over(task);
        self.tell();
        true
    }

    fn publish_events(&mut self, controller: Controller) {
        for event in self.outbox.events.drain(..) {
            for observer in &mut self.observers {
                observer.on_event(self.now, &event, &self.store);
            }
            self.control_plane.keep_event(controller, event);
        }
    }

    fn sync_over(&mut self, controller: Controller, task: &Task, token_wait: SimDuration, requests: usize) {
        if !self.reads.requests {
            return;
        }
        let (about, (waited, started)) = (task.about(), task.begun());
        let (ended, requests) = (self.now, requests as u32);
        let span = SyncSpan { controller, about, waited, started, ended, token_wait, requests };
        for observer in &mut self.observers {
            observer.on_sync(&span);
        }
    }

    /// Carries out a request that was sent at `sent` and waited for a token, and tells the observers of it.
    fn carry_out_for(
        &mut self,
        controller: Controller,
        about: ObjectId,
        request: Request,
        sent: SimTime,
        token_wait: SimDuration,
    ) -> Answer {
        // Two calls, one after the other.
        if let Request::ReleaseAndDeletePod(pod) = request {
            let released = self.carry_out_for(controller, about, Request::ReleasePod(pod), sent, token_wait);
            self.tell();
            let Answer::Done { version } = released else { return released };
            let deleted = self.carry_out_for(controller, about, Request::DeletePod(pod), self.now, SimDuration::ZERO);
            return deleted.after_release(version);
        }
        if !self.reads.requests {
            self.tell_token_wait(sent, token_wait);
            return self.carry_out(request);
        }
        let (verb, resource) = request.call();
        let answer = self.carry_out(request);
        let (effective, status) = (self.now, answer.status());
        self.tell_request(&RequestSpan { sent, token_wait, effective, controller, verb, resource, about, status });
        answer
    }

    fn tell_request(&mut self, span: &RequestSpan) {
        self.tell_token_wait(span.sent, span.token_wait);
        self.observers.iter_mut().for_each(|observer| observer.on_request(span, &self.store));
    }

    fn tell_token_wait(&mut self, sent: SimTime, wait: SimDuration) {
        if wait > SimDuration::ZERO {
            self.observers.iter_mut().for_each(|observer| observer.on_token_wait(sent, wait));
        }
    }

    fn carry_out(&mut self, request: Request) -> Answer {
        if self.outages.api_is_down() {
            return Answer::Refused(Refusal::Unavailable);
        }
        let time = ApiTime::of(self.now);
        let done = |result: Result<u64, Refusal>| match result {
            Ok(version) => Answer::Done { version },
            Err(refusal) => Answer::Refused(refusal),
        };
        match request {
            Request::CreatePod { job, index, counts } => match self.store.create_pod(time, job, index, counts) {
                Ok(pod) => Answer::Created { pod, version: self.store.version() },
                Err(refusal) => Answer::Refused(refusal),
            },
            Request::DeletePod(pod) => done(self.store.delete_pod(time, pod)),
            Request::ReleasePod(pod) | Request::ReleaseAndDeletePod(pod) => done(self.store.release_pod(pod)),
            Request::CreateJob { name, start } => self.create_job_of(name, *start),
            Request::GetJob(name) => self.read_job(&name),
            Request::DeleteJob(job) => done(self.store.delete_job(time, job, true).map(|()| self.store.version())),
            Request::DeleteJobNamed(name) => match self.store.find_job(&name) {
                Some(job) => done(self.store.delete_job(time, job, false).map(|()| self.store.version())),
                None => Answer::Refused(Refusal::NotFound),
            },
            Request::UpdateJobStatus { job, version, status } => {
                done(self.store.update_job_status(job, version, status))
            }
            Request::GetCronJob(id) => match self.store.standing_cron_job(id) {
                Some(cron_job) => Answer::CronJob(Box::new(cron_job.clone())),
                None => Answer::Refused(Refusal::NotFound),
            },
            Request::UpdateCronJobStatus { cron_job, version, status } => {
                done(self.store.update_cron_job_status(cron_job, version, *status))
            }
        }
    }

    fn create_job_of(&mut self, name: ObjectName, start: Start) -> Answer {
        match self.store.create_job_of(ApiTime::of(self.now), name, start) {
            Ok(id) => Answer::JobCreated(id),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    fn read_job(&self, name: &ObjectName) -> Answer {
        let id = self.store.find_job(name);
        match id.and_then(|id| Some((id, self.store.job(id)?))) {
            Some((id, job)) => Answer::Job(id, Box::new(job.clone())),
            None => Answer::Refused(Refusal::NotFound),
        }
    }
}
