//! What the control plane cost: requests by verb and resource, what they and the syncs waited for, and every sync of
//! each Job, which [`critical_path`](super::critical_path) is found from.

use std::collections::BTreeMap;

use crate::api::meta::ObjectId;
use crate::apiserver::store::Store;
use crate::controllers::workqueue::{WaitReason, Waited};
use crate::kernel::time::{SimDuration, SimTime};
use crate::world::controller_manager::Controller;
use crate::world::observer::{Observer, RequestSpan, SyncSpan};

/// Requests of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTally {
    /// How many there were.
    pub number: u64,
    /// How many of them were refused.
    pub refused: u64,
    /// Nanoseconds that they waited for tokens of the client.
    pub tokens: u128,
    /// Nanoseconds that they waited for the API server.
    pub api: u128,
}

/// What the keys of one controller waited for before their syncs, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncTally {
    /// Syncs that asked for something.
    pub syncs: u64,
    /// For the batch second.
    pub batch: u128,
    /// For the back-off after failed pods.
    pub pod_back_off: u128,
    /// For the back-off after failed syncs.
    pub api_back_off: u128,
    /// For a free worker.
    pub worker: u128,
}

impl SyncTally {
    fn count(&mut self, waited: &Waited, started: SimTime) {
        self.syncs += 1;
        let length = u128::from(waited.due.since(waited.since).0);
        match waited.reason {
            WaitReason::Batch => self.batch += length,
            WaitReason::PodBackOff => self.pod_back_off += length,
            WaitReason::ApiBackOff => self.api_back_off += length,
            WaitReason::None | WaitReason::Deadline | WaitReason::Ttl | WaitReason::Schedule => {}
        }
        self.worker += u128::from(started.since(waited.due).0);
    }
}

/// A controller, a verb and a resource.
pub type RequestKind = (Controller, &'static str, &'static str);

/// What the control plane cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlPlaneTallies {
    /// Requests by controller, verb and resource.
    pub requests: BTreeMap<RequestKind, RequestTally>,
    /// Syncs by controller.
    pub syncs: BTreeMap<Controller, SyncTally>,
}

/// A sync of a Job, from its wait to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobSync {
    pub(super) waited: Waited,
    pub(super) started: SimTime,
    pub(super) ended: SimTime,
    /// Where its requests begin among the Job's.
    pub(super) first_call: u32,
}

/// A request of a sync that took time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) sent: SimTime,
    pub(super) token_wait: SimDuration,
    pub(super) effective: SimTime,
}

/// The syncs of a Job, in order, and their requests that took time.
#[derive(Clone, Debug, Default)]
pub(super) struct JobSyncs {
    pub(super) syncs: Vec<JobSync>,
    pub(super) calls: Vec<Call>,
    /// How many of `calls` belong to syncs that are over.
    pub(super) settled: usize,
}

impl JobSyncs {
    /// The requests of the sync at a position.
    pub(super) fn calls_of(&self, at: usize) -> &[Call] {
        let end = self.syncs.get(at + 1).map_or(self.settled, |next| next.first_call as usize);
        &self.calls[self.syncs[at].first_call as usize..end]
    }
}

/// Listens to requests and syncs.
#[derive(Debug, Default)]
pub(super) struct ControlPlaneLog {
    /// A handful of kinds, looked through from the front for each request.
    requests: Vec<(RequestKind, RequestTally)>,
    syncs: BTreeMap<Controller, SyncTally>,
    /// By number of creation, which is a Job's place in a run.
    pub(super) jobs: Vec<JobSyncs>,
}

impl ControlPlaneLog {
    /// What the control plane cost.
    pub(super) fn tallies(&self) -> ControlPlaneTallies {
        ControlPlaneTallies { requests: self.requests.iter().copied().collect(), syncs: self.syncs.clone() }
    }

    fn tally(&mut self, kind: RequestKind) -> &mut RequestTally {
        let at = self.requests.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            self.requests.push((kind, RequestTally::default()));
            self.requests.len() - 1
        });
        &mut self.requests[at].1
    }

    fn job(&mut self, uid: u32) -> &mut JobSyncs {
        let place = uid as usize;
        if self.jobs.len() <= place {
            self.jobs.resize_with(place + 1, JobSyncs::default);
        }
        &mut self.jobs[place]
    }
}

impl Observer for ControlPlaneLog {
    fn on_request(&mut self, request: &RequestSpan, _store: &Store) {
        let RequestSpan { sent, token_wait, effective, .. } = *request;
        let tally = self.tally((request.controller, request.verb, request.resource));
        tally.number += 1;
        tally.refused += u64::from(request.is_refused());
        tally.tokens += u128::from(token_wait.0);
        tally.api += u128::from((effective.since(sent) - token_wait).0);
        if let (Controller::Job, ObjectId::Job(job)) = (request.controller, request.about)
            && effective > sent
            && request.resource != "events"
        {
            self.job(job.uid).calls.push(Call { sent, token_wait, effective });
        }
    }

    fn on_sync(&mut self, sync: &SyncSpan) {
        let SyncSpan { controller, about, waited, started, ended, .. } = *sync;
        if sync.requests > 0 {
            self.syncs.entry(controller).or_default().count(&waited, started);
        }
        if let (Controller::Job, ObjectId::Job(job)) = (controller, about) {
            let job = self.job(job.uid);
            let first_call = job.settled as u32;
            job.settled = job.calls.len();
            job.syncs.push(JobSync { waited, started, ended, first_call });
        }
    }
}
