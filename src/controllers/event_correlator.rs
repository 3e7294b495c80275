//! What becomes of a controller's Kubernetes events before they are written: folding, counting, spam filter
//! (`EventCorrelator` of client-go).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::api::event::{CronJobHappening, Happening, JobHappening, ObjectEvent};
use crate::api::meta::ObjectId;
use crate::api::release::Rules;
use crate::kernel::rng::{entity, mix};
use crate::kernel::time::{SimDuration, SimTime};

/// Distinct messages of one (object, type, reason) from which on they are folded into one.
const MOST_SIMILAR: usize = 10;
/// A longer silence starts a new set of messages.
const SIMILAR_WITHIN: SimDuration = SimDuration::from_secs(600);
/// Spam filter of one (object, type): so many at once, then one each 300 s.
const SPAM_BURST: f64 = 25.0;
const SPAM_SECONDS: f64 = 300.0;
/// Counted events remembered (`maxLruCacheEntries`).
const MOST_COUNTED: usize = 4096;

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As a new object: POST.
    New,
    /// As a higher count of one that exists: PATCH.
    Counted,
    /// Not at all: too many of this object.
    Dropped,
}

/// The memory of one event broadcaster.
#[derive(Debug, Default)]
pub struct EventCorrelator {
    /// By [`object`].
    objects: BTreeMap<u64, Memory>,
    /// Behind numbers by which most are told apart at a glance.
    counted: BTreeSet<(u64, Key)>,
    /// Those of `counted`, oldest first.
    order: VecDeque<(u64, Key)>,
    rules: Rules,
}

/// What is remembered of one object.
#[derive(Debug, Default)]
struct Memory {
    similar: Vec<Similar>,
    /// Of Normal events, or of all, and of Warnings.
    spam: [Option<SpamBucket>; 2],
}

/// An event's identity once folded: with its message, or without for the combined one.
type Key = (ObjectId, &'static str, Option<Message>);

/// A message by what makes it differ from others of its reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    Always,
    Pod(u32),
    Job(Arc<str>, &'static str),
    Text(Arc<str>),
}

/// The messages of one reason.
#[derive(Debug)]
struct Similar {
    reason: &'static str,
    messages: Vec<Message>,
    last: SimTime,
}

#[derive(Debug)]
struct SpamBucket {
    tokens: f64,
    last: SimTime,
}

impl EventCorrelator {
    /// One of a release that remembers nothing.
    pub fn new(rules: Rules) -> EventCorrelator {
        // Without the default rules, which take time to look up.
        EventCorrelator { objects: BTreeMap::new(), counted: BTreeSet::new(), order: VecDeque::new(), rules }
    }

    /// Takes an event in and says how it is written.
    pub fn correlate(&mut self, event: &ObjectEvent, now: SimTime) -> Written {
        self.correlate_folded(event, now).0
    }

    /// The same, and whether it was folded into the one that combines similar events.
    pub fn correlate_folded(&mut self, event: &ObjectEvent, now: SimTime) -> (Written, bool) {
        let message = message(&event.what);
        let memory = self.objects.entry(object(event.about)).or_default();
        let folded = memory.fold(event.what.reason(), message, now);
        let apart = self.rules.counts_warnings_apart && event.what.is_warning();
        let passes = memory.passes_spam_filter(usize::from(apart), now);
        let combined = folded.is_none();
        let known = self.is_counted((event.about, event.what.reason(), folded));
        let written = match (passes, known) {
            (false, _) => Written::Dropped,
            (true, false) => Written::New,
            (true, true) => Written::Counted,
        };
        (written, combined)
    }

    /// Is it one of those that were counted last? From now on it is.
    fn is_counted(&mut self, key: Key) -> bool {
        let key = (glance(&key), key);
        if !self.counted.insert(key.clone()) {
            return true;
        }
        self.order.push_back(key);
        if self.order.len() > MOST_COUNTED
            && let Some(oldest) = self.order.pop_front()
        {
            self.counted.remove(&oldest);
        }
        false
    }

    /// The object is gone: nothing more is recorded of it.
    pub fn forget(&mut self, gone: ObjectId) {
        self.objects.remove(&object(gone));
    }
}

impl Memory {
    /// `EventAggregate`: the message as it counts; none once there were too many like it.
    fn fold(&mut self, reason: &'static str, message: Message, now: SimTime) -> Option<Message> {
        let at = self.similar.iter().position(|similar| similar.reason == reason).unwrap_or_else(|| {
            self.similar.push(Similar { reason, messages: Vec::new(), last: now });
            self.similar.len() - 1
        });
        let similar = &mut self.similar[at];
        if now.since(similar.last) > SIMILAR_WITHIN {
            similar.messages.clear();
        }
        similar.last = now;
        if !similar.messages.contains(&message) {
            similar.messages.push(message.clone());
        }
        if similar.messages.len() < MOST_SIMILAR {
            return Some(message);
        }
        // Upstream forgets any one; which does not matter for messages that never come again.
        similar.messages.remove(0);
        None
    }

    /// `EventSourceObjectSpamFilter`: Normal and Warning events of an object may have a bucket each.
    fn passes_spam_filter(&mut self, bucket: usize, now: SimTime) -> bool {
        let bucket = self.spam[bucket].get_or_insert(SpamBucket { tokens: SPAM_BURST, last: now });
        let elapsed = now.since(bucket.last).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed / SPAM_SECONDS).min(SPAM_BURST);
        bucket.last = now;
        let passes = bucket.tokens >= 1.0;
        if passes {
            bucket.tokens -= 1.0;
        }
        passes
    }
}

/// No two objects share it.
fn object(id: ObjectId) -> u64 {
    let (kind, uid) = match id {
        ObjectId::CronJob(id) => (0, id.uid),
        ObjectId::Job(id) => (1, id.uid),
        ObjectId::Pod(id) => (2, id.uid),
        ObjectId::Node(id) => (3, id.0),
        ObjectId::AutoscalerStatus => (4, 0),
    };
    kind << 32 | u64::from(uid)
}

/// Few keys share it.
fn glance((about, reason, message): &Key) -> u64 {
    let message = match message {
        None => 0,
        Some(Message::Always) => 1,
        Some(Message::Pod(uid)) => mix(2, u64::from(*uid)),
        Some(Message::Job(name, _)) => entity(&[name.as_bytes()]),
        Some(Message::Text(text)) => entity(&[text.as_bytes()]),
    };
    mix(mix(object(*about), reason.len() as u64), message)
}

fn message(what: &Happening) -> Message {
    match what {
        Happening::Job(JobHappening::Created(pod) | JobHappening::Deleted(pod)) => Message::Pod(pod.uid),
        Happening::Job(JobHappening::FailedCreate(text)) => Message::Text(text.as_ref().into()),
        Happening::Job(JobHappening::Failed(_, text)) => Message::Text(text.as_ref().into()),
        Happening::Job(_) => Message::Always,
        Happening::CronJob(CronJobHappening::Created(job) | CronJobHappening::Deleted(job)) => {
            Message::Job(job.clone(), "")
        }
        Happening::CronJob(CronJobHappening::SawCompletedJob(job, _, how)) => Message::Job(job.clone(), how),
        Happening::CronJob(what) => Message::Text(what.message().into()),
        Happening::Cluster(what) => Message::Text(what.message.as_ref().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::{JobId, PodId};

    #[test]
    fn a_burst_of_creations_costs_ten_posts_and_fifteen_patches() {
        let mut correlator = EventCorrelator::default();
        let job = JobId { slot: 0, uid: 0 };
        let mut count = BTreeMap::new();
        for uid in 0..100 {
            let event = ObjectEvent::of_job(job, JobHappening::Created(PodId { slot: uid, uid }));
            *count.entry(format!("{:?}", correlator.correlate(&event, SimTime::ZERO))).or_insert(0) += 1;
        }
        let expected = [("Counted", 15), ("Dropped", 75), ("New", 10)].map(|(what, n)| (what.to_owned(), n));
        assert_eq!(count, BTreeMap::from(expected));
        // Completed shares the bucket of Normal events: lost until 300 s have passed.
        let completed = ObjectEvent::of_job(job, JobHappening::Completed);
        assert_eq!(correlator.correlate(&completed, SimTime::from_secs(299)), Written::Dropped);
        assert_eq!(correlator.correlate(&completed, SimTime::from_secs(301)), Written::Counted);
        let failed = ObjectEvent::of_job(job, JobHappening::FailedCreate("no".into()));
        assert_eq!(correlator.correlate(&failed, SimTime::from_secs(301)), Written::New);
    }
}
