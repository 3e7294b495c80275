//! When a run is over although components would keep looking for ever: the scheduler flushes pods that no node can take
//! every five minutes, the autoscaler looks every ten seconds, and nodes go on failing when nobody works on them any more.

use std::sync::Arc;

use super::World;
use super::autoscaler::AutoscalerAlarm;
use super::event::Event;
use super::nodes::NodeAlarm;
use crate::api::meta::PodId;
use crate::api::outbox::SyncDue;
use crate::kernel::time::{SimDuration, SimTime};

/// Where nothing was written for so long it is asked, once in such a time, whether anything will be.
const STANDSTILL: SimDuration = SimDuration::from_secs(86_400);

/// So many times in a row it has to look as if nothing will.
const LOOKS: u32 = 2;

/// When it was asked last, and how often in a row it looked so.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standstill {
    looked: SimTime,
    looks: u32,
}

/// A pod that was refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Refused {
    tries: Tries,
    /// What it was told last.
    told: Option<Arc<str>>,
}

/// How often that happened while nothing in the cluster changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    version: u64,
    number: u32,
}

impl Tries {
    fn again(&mut self, version: u64) {
        self.number = if self.version == version { self.number + 1 } else { 1 };
        self.version = version;
    }

    fn are_in_vain(&self, version: u64) -> bool {
        self.version == version && self.number >= ENOUGH
    }
}

/// The first refusal is a pod's turn, the second a flush: the third would be told the same.
const ENOUGH: u32 = 2;

impl Event {
    /// Does it come again and again, whether or not anything is left to do?
    fn keeps_house(&self) -> bool {
        matches!(
            self,
            Event::Schedule
                | Event::QuotaResync
                | Event::Autoscaler(AutoscalerAlarm::Loop)
                | Event::Node(_, NodeAlarm::Fails(_) | NodeAlarm::ReclaimWarned(_) | NodeAlarm::Reclaimed(_))
                | Event::Node(_, NodeAlarm::Unheard(_))
        )
    }

    /// Does it bring a node, which is nothing to go on for where no pod waits for one?
    fn brings_node(&self) -> bool {
        matches!(self, Event::Node(_, NodeAlarm::Returns(_)) | Event::Autoscaler(AutoscalerAlarm::Replaced(_)))
    }
}

impl World<'_> {
    /// Sets an alarm that alone is no reason to go on.
    pub(super) fn push_housekeeping(&mut self, at: SimTime, event: Event) {
        self.housekeeping += usize::from(event.keeps_house());
        self.comings += usize::from(event.brings_node());
        self.events.push(at, event);
    }

    /// An event of the list is carried out.
    pub(super) fn count_housekeeping(&mut self, event: &Event) {
        self.housekeeping -= usize::from(event.keeps_house());
        self.comings -= usize::from(event.brings_node());
    }

    /// No node takes the pod. Returns whether it is told something else than before: what is said again and again is one
    /// event upstream too, a series (`recordToSink` of client-go's `events`).
    pub(super) fn pod_is_refused(&mut self, pod: PodId, message: &Arc<str>) -> bool {
        let refused = self.scheduling.unschedulable.entry(pod).or_default();
        refused.tries.again(self.store.version());
        let is_news = refused.told.as_ref().is_none_or(|told| !Arc::ptr_eq(told, message) && told != message);
        if is_news {
            refused.told = Some(message.clone());
        }
        is_news
    }

    /// No node takes the pods that are alike, which they were told before. Where they are several rows of the queue, that
    /// is once for all of them.
    pub(super) fn all_are_refused(&mut self, number: u32) {
        let (version, now) = (self.store.version(), self.now);
        let (tries, last) = self.scheduling.refused_alike.entry(number).or_insert((Tries::default(), SimTime::MAX));
        if *last != now || tries.version != version {
            tries.again(version);
        }
        *last = now;
    }

    /// Looks, where nothing has changed for days, whether nothing but requests that were refused is left to be tried
    /// again: a quota without room for a Job's pods, a priority class that there is not, a drain that a budget forbids.
    pub(super) fn look_for_standstill(&mut self) {
        let Standstill { looked, looks } = self.standstill;
        if self.now.since(self.last_change.max(looked)) < STANDSTILL {
            return;
        }
        // What was on its way at the first look has come by the second.
        let before = if self.last_change > looked { 0 } else { looks };
        let has_work = self.pods_may_lose_their_node();
        let is_vain = self.events.iter().all(|event| self.tries_again_alone(event, has_work));
        let looks = if is_vain { before + 1 } else { 0 };
        self.standstill = Standstill { looked: self.now, looks };
        if looks == LOOKS {
            self.note(
                "nothing has changed for days, and only what was refused is tried again: the run ends".to_owned(),
            );
        }
    }

    /// Will an event, if all others are of the same sort, bring about nothing that was not tried before? Nodes that fail
    /// matter where they have work.
    fn tries_again_alone(&self, event: &Event, has_work: bool) -> bool {
        match event {
            // A sync of a Job may be the one at its deadline.
            Event::Sync(SyncDue::Job(id)) => {
                self.store.standing_job(*id).is_none_or(|job| job.spec.active_deadline_seconds.is_none())
            }
            // One that was called off.
            Event::TaintEviction(pod, _) => !self.is_to_be_evicted(*pod),
            Event::Request(_) | Event::EventWritten(_) | Event::Deliver | Event::Drain(_) => true,
            Event::Autoscaler(AutoscalerAlarm::Loop) => self.autoscaler_is_at_rest(),
            Event::QuotaResync => self.overdue.is_empty(),
            Event::Node(..) => event.keeps_house() && !has_work,
            event => event.keeps_house(),
        }
    }

    /// Would whatever is left to happen change nothing?
    pub(super) fn is_over(&self) -> bool {
        if self.standstill.looks >= LOOKS {
            return true;
        }
        // Each machine that boots has an alarm.
        self.events.len() == self.housekeeping + self.comings + self.machines_in_vain()
            && (self.comings == 0 || self.scheduling.unschedulable.is_empty())
            && self.pods_are_helpless()
            && !self.pods_may_lose_their_node()
    }

    /// Do all pods without a node wait in vain?
    fn pods_are_helpless(&self) -> bool {
        let version = self.store.version();
        let scheduling = &self.scheduling;
        let all_are = |pod: &PodId| {
            let number = scheduling.scheduler.number_of(*pod);
            number
                .and_then(|number| scheduling.refused_alike.get(&number))
                .is_some_and(|(of, _)| of.are_in_vain(version))
        };
        let is_in_vain = |(pod, refused): (&PodId, &Refused)| refused.tries.are_in_vain(version) || all_are(pod);
        scheduling.unschedulable.iter().all(is_in_vain) && self.autoscaler_is_at_rest()
    }

    /// Is there work that a failing node would interrupt?
    fn pods_may_lose_their_node(&self) -> bool {
        self.nodes.states.iter().any(|state| {
            let works = |pod: &PodId| self.store.standing_pod(*pod).is_some_and(|pod| !pod.status.phase.is_terminal());
            state.pods.iter().any(works)
        })
    }
}
