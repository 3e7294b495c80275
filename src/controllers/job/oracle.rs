//! The oracle of the cache: what upstream finds by listing all pods, against what [`super::view`] keeps up to date,
//! over random histories.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::view::{JobView, PodView};
use crate::api::job::{CompletionMode, Job, JobSpec, PodReplacementPolicy};
use crate::api::meta::{ApiTime, JobId, ObjectName, PodId};
use crate::api::pod::{Container, Deletion, NO_INDEX, Pod, PodPhase, PodStatus, PodTemplate, RestartPolicy};
use crate::kernel::slab::Slab;

/// One thing that may happen; numbers pick a pod or an index among those there are.
#[derive(Clone, Debug)]
enum Step {
    Create(u32),
    Ready(usize, bool),
    Restart(usize),
    End(usize, bool),
    Delete(usize),
    Release(usize),
    Remove(usize),
    Complete(u32),
    Policy(bool),
    /// The controller is begun again and lists what there is.
    Relist,
}

fn step() -> impl Strategy<Value = Step> {
    let pod = 0..40usize;
    prop_oneof![
        6 => (0..12u32).prop_map(Step::Create),
        3 => (pod.clone(), any::<bool>()).prop_map(|(pod, ready)| Step::Ready(pod, ready)),
        1 => pod.clone().prop_map(Step::Restart),
        4 => (pod.clone(), any::<bool>()).prop_map(|(pod, well)| Step::End(pod, well)),
        3 => pod.clone().prop_map(Step::Delete),
        3 => pod.clone().prop_map(Step::Release),
        2 => pod.prop_map(Step::Remove),
        1 => (1..14u32).prop_map(Step::Complete),
        1 => any::<bool>().prop_map(Step::Policy),
        1 => Just(Step::Relist),
    ]
}

/// The cache as upstream has it: a Job and a list of pods.
struct Listing {
    job: Job,
    pods: Vec<Pod>,
    created: u32,
}

impl Listing {
    fn only_failed(&self) -> bool {
        self.job.spec.only_replace_failed_pods()
    }

    fn slots(&self, filter: impl Fn(&Pod) -> bool) -> BTreeSet<u32> {
        self.pods.iter().filter(|pod| filter(pod)).map(|pod| pod.id.slot).collect()
    }

    /// `isPodFailed`.
    fn failed(&self, pod: &Pod) -> bool {
        let phase = pod.status.phase;
        phase == PodPhase::Failed || (!self.only_failed() && pod.deletion.is_some() && phase != PodPhase::Succeeded)
    }

    fn indexes(&self, filter: impl Fn(&Pod) -> bool) -> BTreeSet<u32> {
        self.pods.iter().filter(|pod| pod.index != NO_INDEX && filter(pod)).map(|pod| pod.index).collect()
    }

    /// `firstPendingIndexes` with nothing decided but what succeeded.
    fn first_pending(&self, count: usize) -> Vec<u32> {
        let completions = self.job.spec.completions.unwrap_or(0) as u32;
        let taken = self.indexes(|pod| {
            pod.is_active() || pod.status.phase == PodPhase::Succeeded || (self.only_failed() && pod.is_terminating())
        });
        (0..completions).filter(|index| !taken.contains(index)).take(count).collect()
    }
}

fn job(indexed: bool) -> Job {
    let container = Container { name: "main".into(), image: "i".into(), ..Container::default() };
    let spec = JobSpec {
        parallelism: 5,
        completions: Some(8),
        completion_mode: if indexed { CompletionMode::Indexed } else { CompletionMode::NonIndexed },
        backoff_limit: 6,
        backoff_limit_per_index: None,
        max_failed_indexes: None,
        active_deadline_seconds: None,
        ttl_seconds_after_finished: None,
        suspend: false,
        pod_replacement_policy: PodReplacementPolicy::TerminatingOrFailed,
        pod_failure_policy: None,
        success_policy: None,
        managed_by: None,
        template: Arc::new(PodTemplate {
            restart_policy: RestartPolicy::OnFailure,
            init_containers: vec![],
            containers: vec![container],
            termination_grace_period_seconds: 30,
            ..PodTemplate::default()
        }),
    };
    Job {
        name: ObjectName::new("default", "w"),
        owner: None,
        copy_of: None,
        identity: 0,
        spec: Arc::new(spec),
        status: Arc::default(),
        generation: 1,
        resource_version: 1,
        created: ApiTime(0),
        deletion_timestamp: None,
        foreground_deletion: false,
    }
}

const ID: JobId = JobId { slot: 0, uid: 0 };

fn new_pod(slot: u32, index: u32) -> Pod {
    Pod {
        id: PodId { slot, uid: slot },
        job: ID,
        index,
        attempt: slot,
        created: ApiTime(slot),
        scheduled: true,
        node: crate::api::meta::NodeId::WITHOUT_LIMITS,
        tracked: true,
        deletion: None,
        disruption_target: None,
        failure_count: None,
        ignored_failure_count: 0,
        status: PodStatus::new(ApiTime(slot), 1),
    }
}

/// Changes the pod if the step can happen to it; false otherwise.
fn change(pod: &mut Pod, step: &Step) -> bool {
    let over = pod.status.phase.is_terminal();
    match step {
        Step::Ready(_, ready) if !over => {
            (pod.status.phase, pod.status.ready) = (PodPhase::Running, *ready);
        }
        Step::Restart(_) if !over => pod.status.restarts += 1,
        Step::End(_, well) if !over => {
            pod.status.phase = if *well { PodPhase::Succeeded } else { PodPhase::Failed };
            pod.status.ready = false;
        }
        Step::Delete(_) if pod.deletion.is_none() => {
            pod.deletion = Some(Deletion { asked: ApiTime(9), grace: 30 });
        }
        Step::Release(_) if pod.tracked => pod.tracked = false,
        _ => return false,
    }
    true
}

fn apply(step: &Step, list: &mut Listing, view: &mut JobView, cache: &mut Slab<PodView>, indexed: bool) {
    let updated = |list: &mut Listing, spec: JobSpec, view: &mut JobView, cache: &mut Slab<PodView>| {
        list.job.spec = Arc::new(spec);
        view.update(&list.job, cache);
    };
    match *step {
        Step::Create(index) => {
            let pod = new_pod(list.created, if indexed { index } else { NO_INDEX });
            list.created += 1;
            view.put(&pod, cache);
            list.pods.push(pod);
        }
        Step::Complete(completions) if indexed => {
            let spec = JobSpec { completions: Some(completions as i32), ..(*list.job.spec).clone() };
            updated(list, spec, view, cache);
        }
        Step::Policy(only_failed) => {
            let pod_replacement_policy =
                if only_failed { PodReplacementPolicy::Failed } else { PodReplacementPolicy::TerminatingOrFailed };
            updated(list, JobSpec { pod_replacement_policy, ..(*list.job.spec).clone() }, view, cache);
        }
        Step::Relist => {
            (*view, *cache) = (JobView::new(ID, &list.job), Slab::new());
            list.pods.iter().for_each(|pod| view.put(pod, cache));
        }
        Step::Remove(at) if !list.pods.is_empty() => {
            let at = at % list.pods.len();
            // A success that is gone without having been counted would make its index free again upstream only.
            if list.pods[at].status.phase != PodPhase::Succeeded {
                let pod = list.pods.remove(at);
                view.remove(pod.id, cache);
            }
        }
        Step::Ready(at, _) | Step::Restart(at) | Step::End(at, _) | Step::Delete(at) | Step::Release(at)
            if !list.pods.is_empty() =>
        {
            let at = at % list.pods.len();
            if change(&mut list.pods[at], step) {
                view.put(&list.pods[at], cache);
            }
        }
        _ => {}
    }
}

fn compare(list: &Listing, view: &mut JobView, indexed: bool) {
    let set = |slots: &[u32]| slots.iter().copied().collect::<BTreeSet<u32>>();
    let tracked = |pod: &Pod| pod.tracked && !pod.is_active();
    let unsettled = |pod: &Pod| tracked(pod) && (pod.status.phase == PodPhase::Succeeded || list.failed(pod));
    assert_eq!(set(&view.pods.active), list.slots(Pod::is_active));
    assert_eq!(set(&view.pods.unsettled), list.slots(unsettled));
    assert_eq!(set(&view.pods.lingering), list.slots(|pod| tracked(pod) && !unsettled(pod)));
    let count = |filter: &dyn Fn(&Pod) -> bool| list.pods.iter().filter(|pod| filter(pod)).count();
    assert_eq!(view.pods.ready as usize, count(&|pod| pod.is_active() && pod.status.ready));
    assert_eq!(view.pods.terminating as usize, count(&Pod::is_terminating));
    let restarts = list.pods.iter().filter(|pod| !pod.status.phase.is_terminal()).map(|pod| pod.status.restarts);
    assert_eq!(view.pods.restarts, restarts.map(i64::from).sum::<i64>());
    if indexed {
        let active = list.indexes(Pod::is_active);
        assert_eq!(view.indexes.duplicates as usize, view.pods.active.len() - active.len());
        let succeeded = list.indexes(|pod| pod.status.phase == PodPhase::Succeeded);
        let completions = list.job.spec.completions.unwrap_or(0) as u32;
        assert_eq!(view.indexes.out_of_range as usize, count(&|pod| pod.is_active() && pod.index >= completions));
        let pending =
            view.indexes.first_pending(4, completions, list.only_failed(), |index| succeeded.contains(&index));
        assert_eq!(pending, list.first_pending(4));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn the_cache_says_what_a_listing_would(indexed: bool, steps in prop::collection::vec(step(), 1..120)) {
        let mut list = Listing { job: job(indexed), pods: Vec::new(), created: 0 };
        let (mut view, mut cache) = (JobView::new(ID, &list.job), Slab::new());
        for step in &steps {
            apply(step, &mut list, &mut view, &mut cache, indexed);
            compare(&list, &mut view, indexed);
        }
    }
}
