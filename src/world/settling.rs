//! When a run is over although components would keep looking for ever: the scheduler flushes pods that no node can take
//! every five minutes, the autoscaler looks every ten seconds, and nodes go on failing when nobody works on them any more.

use std::sync::Arc;

use super::World;
use super::autoscaler::AutoscalerAlarm;
use super::event::Event;
use super::nodes::NodeAlarm;
use crate::api::meta::PodId;
use crate::kernel::time::SimTime;

/// How often a pod was refused while nothing in the cluster changed.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    version: u64,
    tries: u32,
    /// What it was told last.
    told: Option<Arc<str>>,
}

/// The first refusal is a pod's turn, the second a flush: the third would be told the same.
const ENOUGH: u32 = 2;

impl Event {
    /// Does it come again and again, whether or not anything is left to do?
    fn keeps_house(&self) -> bool {
        matches!(
            self,
            Event::Schedule
                | Event::Autoscaler(AutoscalerAlarm::Loop)
                | Event::Node(_, NodeAlarm::Fails(_) | NodeAlarm::ReclaimWarned(_))
        )
    }
}

impl World<'_> {
    /// Sets an alarm that alone is no reason to go on.
    pub(super) fn push_housekeeping(&mut self, at: SimTime, event: Event) {
        self.housekeeping += usize::from(event.keeps_house());
        self.events.push(at, event);
    }

    /// An event of the list is carried out.
    pub(super) fn count_housekeeping(&mut self, event: &Event) {
        self.housekeeping -= usize::from(event.keeps_house());
    }

    /// No node takes the pod. Returns whether it is told something else than before: what is said again and again is one
    /// event upstream too, a series (`recordToSink` of client-go's `events`).
    pub(super) fn pod_is_refused(&mut self, pod: PodId, message: &Arc<str>) -> bool {
        let version = self.store.version();
        let new = Refused { version, tries: 0, told: None };
        let refused = self.scheduling.unschedulable.entry(pod).or_insert(new);
        refused.tries = if refused.version == version { refused.tries + 1 } else { 1 };
        refused.version = version;
        let is_news = refused.told.as_ref().is_none_or(|told| !Arc::ptr_eq(told, message) && told != message);
        if is_news {
            refused.told = Some(message.clone());
        }
        is_news
    }

    /// Would whatever is left to happen change nothing?
    pub(super) fn is_over(&self) -> bool {
        // Each machine that boots has an alarm.
        self.events.len() == self.housekeeping + self.machines_in_vain()
            && self.pods_are_helpless()
            && !self.pods_may_lose_their_node()
    }

    /// Do all pods without a node wait in vain?
    fn pods_are_helpless(&self) -> bool {
        let version = self.store.version();
        let in_vain = |refused: &Refused| refused.version == version && refused.tries >= ENOUGH;
        self.scheduling.unschedulable.values().all(in_vain) && self.autoscaler_is_at_rest()
    }

    /// Is there work that a failing node would interrupt?
    fn pods_may_lose_their_node(&self) -> bool {
        self.nodes.states.iter().any(|state| {
            let works = |pod: &PodId| self.store.standing_pod(*pod).is_some_and(|pod| !pod.status.phase.is_terminal());
            state.pods.iter().any(works)
        })
    }
}
