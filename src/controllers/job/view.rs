//! What the Job controller was told: its informers' caches, kept as tallies and lists so that a sync costs what
//! changed, never all pods of the Job. Upstream lists and filters all pods in each sync; the decisions are the same.

use std::borrow::Cow;
use std::sync::Arc;

use super::backoff::BackoffRecord;
use super::index_table::{IndexTable, Occupancy};
use super::pod_failure_policy::{FailedPodFacts, PodConditions};
use super::sync::match_pod;
use crate::api::job::{Job, JobSpec, JobStatus};
use crate::api::meta::{ApiTime, JobId, ObjectName, PodId};
use crate::api::pod::{NO_INDEX, Pod, PodPhase, RestartPolicy};
use crate::api::release::Rules;
use crate::controllers::expectations::Expectations;
use crate::kernel::slab::Slab;
use crate::kernel::time::SimTime;

/// A Job in the cache, and what the controller remembers of it.
#[derive(Debug)]
pub(super) struct JobView {
    pub(super) id: JobId,
    pub(super) name: ObjectName,
    pub(super) identity: u64,
    pub(super) spec: Arc<JobSpec>,
    pub(super) status: Arc<JobStatus>,
    pub(super) generation: u32,
    pub(super) version: u64,
    pub(super) deleting: bool,
    pub(super) expectations: Expectations,
    pub(super) backoff: BackoffRecord,
    /// Version of the controller's own last write of this Job, and of its pods.
    pub(super) written: Written,
    /// Its terminal condition was written, the cache need not show it yet (`finishedJobExpectations`).
    pub(super) finished: bool,
    /// A FailJob rule matched a pod that may have lost its finalizer since.
    pub(super) fail_job: Option<Cow<'static, str>>,
    pub(super) pods: PodTallies,
    pub(super) indexes: IndexTable,
}

/// Resource versions of a controller's own writes (`ConsistencyStore`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) job: u64,
    pub(super) pods: u64,
}

/// What older releases kept by the name of a Job that is gone until a sync found it gone: a Job that was created again
/// under the name before that went on with it.
#[derive(Debug, Default)]
pub(super) struct LeftBehind(Vec<(JobId, ObjectName, BackoffRecord, Expectations)>);

impl LeftBehind {
    /// A Job is gone.
    pub(super) fn keep(&mut self, gone: Option<JobView>, rules: &Rules) {
        let Some(gone) = gone.filter(|_| !rules.forgets_expectations_at_once) else { return };
        let backoff = if rules.forgets_back_off_at_once { BackoffRecord::default() } else { gone.backoff };
        self.0.push((gone.id, gone.name, backoff, gone.expectations));
    }

    /// A Job is new.
    pub(super) fn inherit(&mut self, job: &mut JobView) {
        if let Some(at) = self.0.iter().position(|(_, name, ..)| *name == job.name) {
            (_, _, job.backoff, job.expectations) = self.0.swap_remove(at);
        }
    }

    /// A sync found the Job gone.
    pub(super) fn forget(&mut self, id: JobId) {
        self.0.retain(|(of, ..)| *of != id);
    }
}

/// A Job's pods by what a sync may have to do with them. Entries are pod slots, in no order.
#[derive(Debug, Default)]
pub(super) struct PodTallies {
    /// Neither ended nor being deleted.
    pub(super) active: Vec<u32>,
    /// Succeeded, or counting as failed, with the tracking finalizer still on.
    pub(super) unsettled: Vec<u32>,
    /// Being deleted, with the finalizer, but not failed before its phase is (podReplacementPolicy `Failed`).
    pub(super) lingering: Vec<u32>,
    /// Failed without the finalizer, by a FailJob rule: no more counted, but looked at as long as they are there.
    pub(super) released: Vec<u32>,
    /// Active and Ready.
    pub(super) ready: i32,
    /// Being deleted and not ended.
    pub(super) terminating: i32,
    /// Restarts of Pending and Running pods.
    pub(super) restarts: i64,
}

/// Which list of [`PodTallies`] a pod stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Nowhere,
    Active,
    Unsettled,
    Lingering,
    Released,
}

/// What [`PodTallies`] and [`IndexTable`] count of a pod; nothing of one that is not there.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    ready: bool,
    /// Zero once it has ended.
    restarts: u32,
    occupancy: Occupancy,
}

impl PodTallies {
    fn list(&mut self, standing: Standing) -> Option<&mut Vec<u32>> {
        match standing {
            Standing::Nowhere => None,
            Standing::Active => Some(&mut self.active),
            Standing::Unsettled => Some(&mut self.unsettled),
            Standing::Lingering => Some(&mut self.lingering),
            Standing::Released => Some(&mut self.released),
        }
    }

    /// A pod goes to the list of its new standing. Returns the list that it left, and where in it there is a gap now.
    fn stand(&mut self, pod: &mut PodView, standing: Standing) -> Option<(Standing, u32)> {
        if pod.standing == standing {
            return None;
        }
        let left = (std::mem::replace(&mut pod.standing, standing), pod.place);
        if let Some(list) = self.list(standing) {
            pod.place = list.len() as u32;
            list.push(pod.id.slot);
        }
        Some(left)
    }

    /// The last pod of a list takes the place of the one that has left.
    fn close_gap(&mut self, left: Option<(Standing, u32)>, pods: &mut Slab<PodView>) {
        let Some((list, place)) = left.and_then(|(from, place)| Some((self.list(from)?, place))) else { return };
        list.swap_remove(place as usize);
        if let Some(moved) = list.get(place as usize).and_then(|&slot| pods.get_mut(slot)) {
            moved.place = place;
        }
    }

    /// A pod has changed.
    fn count(&mut self, before: Counted, after: Counted) {
        self.ready += i32::from(after.ready) - i32::from(before.ready);
        self.terminating += i32::from(after.occupancy.terminating) - i32::from(before.occupancy.terminating);
        self.restarts += i64::from(after.restarts) - i64::from(before.restarts);
    }
}

/// A pod in the cache.
#[derive(Clone, Debug)]
pub(super) struct PodView {
    pub(super) id: PodId,
    pub(super) index: u32,
    pub(super) attempt: u32,
    pub(super) standing: Standing,
    place: u32,
    pub(super) phase: PodPhase,
    pub(super) ready: bool,
    pub(super) scheduled: bool,
    pub(super) deleting: bool,
    pub(super) tracked: bool,
    /// The removal of its finalizer was asked for and not seen yet (`uidTrackingExpectations`).
    pub(super) release_expected: bool,
    pub(super) created: ApiTime,
    pub(super) ready_since: ApiTime,
    /// `getFinishedTime`.
    pub(super) finish: ApiTime,
    restarts: u32,
    pub(super) most_restarts: u32,
    pub(super) failure_count: u32,
    pub(super) ignored_failure_count: u32,
    /// Kept only where a pod failure policy may look at it.
    pub(super) facts: Option<Box<FailedPodFacts>>,
}

impl JobView {
    pub(super) fn new(id: JobId, job: &Job) -> JobView {
        JobView {
            id,
            name: job.name.clone(),
            identity: job.identity,
            spec: job.spec.clone(),
            status: job.status.clone(),
            generation: job.generation,
            version: job.resource_version,
            deleting: job.deletion_timestamp.is_some(),
            expectations: Expectations::default(),
            backoff: BackoffRecord::default(),
            written: Written::default(),
            finished: false,
            fail_job: None,
            pods: PodTallies::default(),
            indexes: IndexTable::new(completions_of(&job.spec)),
        }
    }

    /// The cache shows a newer Job. Returns the status that it showed before.
    pub(super) fn update(&mut self, job: &Job, pods: &mut Slab<PodView>) -> Arc<JobStatus> {
        let policy_changed = self.spec.pod_replacement_policy != job.spec.pod_replacement_policy;
        if job.spec.completions != self.spec.completions {
            self.indexes.resize(completions_of(&job.spec));
        }
        if !Arc::ptr_eq(&self.spec, &job.spec) {
            self.spec = job.spec.clone();
        }
        let old = std::mem::replace(&mut self.status, job.status.clone());
        (self.generation, self.version) = (job.generation, job.resource_version);
        self.deleting = job.deletion_timestamp.is_some();
        if policy_changed {
            self.restand(pods);
            self.indexes.ask_again();
        }
        old
    }

    /// Is the Job in the midst of its work, as wanted and as its status says? A sync would look at all of it and do
    /// nothing. Said only of the plain case: whatever has rules of its own takes the long way.
    pub(super) fn is_as_wanted(&self, now: SimTime) -> bool {
        let (spec, status, pods) = (&self.spec, &self.status, &self.pods);
        let active = pods.active.len() as i64;
        let plain = !self.deleting
            && !spec.suspend
            && spec.active_deadline_seconds.is_none()
            && spec.success_policy.is_none()
            && spec.backoff_limit_per_index.is_none()
            && spec.template.restart_policy == RestartPolicy::Never
            && status.conditions.is_empty()
            && self.fail_job.is_none();
        let counted = pods.unsettled.is_empty()
            && pods.lingering.is_empty()
            && status.uncounted_succeeded.is_empty()
            && status.uncounted_failed.is_empty()
            && i64::from(status.failed) <= i64::from(spec.backoff_limit)
            && !(spec.is_indexed() && self.indexes.are_irregular())
            && pods.released.is_empty();
        let written = status.start_time.is_some()
            && i64::from(status.active) == active
            && status.ready == Some(pods.ready)
            && status.terminating == Some(pods.terminating);
        // A work queue that has had a success wants no more pods than it has.
        let wanted = match spec.completions {
            Some(completions) => (i64::from(completions) - i64::from(status.succeeded)).min(spec.parallelism.into()),
            None if status.succeeded == 0 => i64::from(spec.parallelism),
            None => active,
        };
        plain && counted && written && active > 0 && active == wanted && self.expectations.satisfied(now)
    }

    /// What a deleted pod counts as has changed: each tracked pod finds its list again.
    fn restand(&mut self, pods: &mut Slab<PodView>) {
        let slots: Vec<u32> = self.pods.unsettled.iter().chain(&self.pods.lingering).copied().collect();
        for slot in slots {
            let Some(pod) = pods.get_mut(slot) else { continue };
            let standing = pod.standing_under(&self.spec);
            let left = self.pods.stand(pod, standing);
            self.pods.close_gap(left, pods);
        }
    }

    /// The cache shows a pod, new or newer.
    pub(super) fn put(&mut self, pod: &Pod, pods: &mut Slab<PodView>) {
        let slot = pod.id.slot;
        let (view, before) = match pods.get(slot).filter(|view| view.id == pod.id).map(PodView::counted) {
            Some(before) => (pods.get_mut(slot).expect("a pod that was just looked at"), Some(before)),
            None => (pods.put(slot, PodView::new(pod)), None),
        };
        view.update(pod, &self.spec);
        let standing = view.standing_under(&self.spec);
        let left = self.pods.stand(view, standing);
        let (index, after) = (view.index, view.counted());
        self.pods.close_gap(left, pods);
        self.pods.count(before.unwrap_or_default(), after);
        if index != NO_INDEX && before.is_none_or(|before| before.occupancy != after.occupancy) {
            if before.is_none() {
                self.indexes.appeared(index);
            }
            self.indexes.changed(index, before.unwrap_or_default().occupancy, after.occupancy);
        }
    }

    /// The cache shows that a pod is gone.
    pub(super) fn remove(&mut self, id: PodId, pods: &mut Slab<PodView>) {
        let Some(view) = pods.get_mut(id.slot) else { return };
        let (index, before) = (view.index, view.counted());
        let left = self.pods.stand(view, Standing::Nowhere);
        self.pods.close_gap(left, pods);
        self.pods.count(before, Counted::default());
        if index != NO_INDEX {
            self.indexes.changed(index, before.occupancy, Occupancy::default());
        }
        pods.remove(id.slot);
    }

    pub(super) fn pod_name(&self, pod: &PodView) -> String {
        let name = crate::api::names::pod_name(&self.name.name, self.identity, pod.index, pod.attempt);
        format!("{}/{name}", self.name.namespace)
    }
}

impl PodView {
    /// What stays as it is in a pod; the rest is for [`PodView::update`].
    fn new(pod: &Pod) -> PodView {
        PodView {
            id: pod.id,
            index: pod.index,
            attempt: pod.attempt,
            standing: Standing::Nowhere,
            place: 0,
            phase: PodPhase::Pending,
            ready: false,
            scheduled: false,
            deleting: false,
            tracked: false,
            release_expected: false,
            created: pod.created,
            ready_since: pod.created,
            finish: pod.created,
            restarts: 0,
            most_restarts: 0,
            failure_count: pod.failure_count.unwrap_or(0),
            ignored_failure_count: pod.ignored_failure_count,
            facts: None,
        }
    }

    /// What may change in a pod, in place.
    fn update(&mut self, pod: &Pod, spec: &JobSpec) {
        let status = &pod.status;
        (self.phase, self.ready, self.ready_since) = (status.phase, status.ready, status.ready_since);
        (self.scheduled, self.deleting, self.tracked) = (pod.scheduled, pod.deletion.is_some(), pod.tracked);
        self.release_expected &= pod.tracked;
        self.finish = finish_time(pod);
        (self.restarts, self.most_restarts) = (status.restarts, status.most_restarts);
        if spec.pod_failure_policy.is_some() {
            let (exits, conditions) = (status.exits.clone(), PodConditions::of(pod, &spec.template));
            self.facts = Some(Box::new(FailedPodFacts { exits, conditions }));
        }
    }

    pub(super) fn is_terminating(&self) -> bool {
        self.deleting && !self.phase.is_terminal()
    }

    fn counted(&self) -> Counted {
        let active = self.standing == Standing::Active;
        Counted {
            ready: active && self.ready,
            restarts: if self.phase.is_terminal() { 0 } else { self.restarts },
            occupancy: Occupancy { active, terminating: self.is_terminating() },
        }
    }

    /// `isPodFailed`: a deleted pod counts at once, unless only failed ones are replaced.
    pub(super) fn is_failed(&self, spec: &JobSpec) -> bool {
        self.phase == PodPhase::Failed
            || (!spec.only_replace_failed_pods() && self.deleting && self.phase != PodPhase::Succeeded)
    }

    fn standing_under(&self, spec: &JobSpec) -> Standing {
        if !self.deleting && !self.phase.is_terminal() {
            Standing::Active
        } else if !self.tracked {
            let fails_job =
                || self.is_failed(spec) && match_pod(spec, self).is_some_and(|matched| matched.cause.is_some());
            if self.facts.is_some() && fails_job() { Standing::Released } else { Standing::Nowhere }
        } else if self.phase == PodPhase::Succeeded || self.is_failed(spec) {
            Standing::Unsettled
        } else {
            Standing::Lingering
        }
    }

    /// `getIndexAbsoluteFailureCount`.
    pub(super) fn absolute_failures(&self) -> u32 {
        self.failure_count.saturating_add(self.ignored_failure_count)
    }
}

/// `getFinishedTime`: the containers' end, else when it was not ready any more, else when it was deleted. A pod has
/// condition Ready from its creation, so there is no further case.
fn finish_time(pod: &Pod) -> ApiTime {
    let not_ready = (!pod.status.ready).then_some(pod.status.ready_since);
    pod.status.finished_at.or(not_ready).or(pod.deletion.map(|deletion| deletion.asked)).unwrap_or(pod.created)
}

/// How many indexes a Job has.
fn completions_of(spec: &JobSpec) -> u32 {
    spec.completions.unwrap_or(0).max(0) as u32
}
