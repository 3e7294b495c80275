//! What becomes of a controller's Kubernetes events before they are written: folding, counting, spam filter
//! (`EventCorrelator` of client-go).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::api::event::{Happening, JobHappening, ObjectEvent};
use crate::api::meta::ObjectId;
use crate::api::release::Rules;
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
    similar: BTreeMap<(ObjectId, &'static str), Similar>,
    counted: BTreeSet<Key>,
    order: VecDeque<Key>,
    spam: BTreeMap<(ObjectId, bool), SpamBucket>,
    rules: Rules,
}

/// An event's identity once folded: with its message, or without for the combined one.
type Key = (ObjectId, &'static str, Option<Message>);

/// A message by what makes it differ from others of its reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    Always,
    Pod(u32),
    Text(Box<str>),
}

#[derive(Debug)]
struct Similar {
    messages: BTreeSet<Message>,
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
        EventCorrelator { rules, ..EventCorrelator::default() }
    }

    /// Takes an event in and says how it is written.
    pub fn correlate(&mut self, event: &ObjectEvent, now: SimTime) -> Written {
        self.correlate_folded(event, now).0
    }

    /// The same, and whether it was folded into the one that combines similar events.
    pub fn correlate_folded(&mut self, event: &ObjectEvent, now: SimTime) -> (Written, bool) {
        let key = self.fold(event, now);
        let combined = key.2.is_none();
        let known = self.counted.contains(&key);
        if !known {
            self.order.push_back(key.clone());
            self.counted.insert(key);
            if self.order.len() > MOST_COUNTED
                && let Some(oldest) = self.order.pop_front()
            {
                self.counted.remove(&oldest);
            }
        }
        let written = match (self.passes_spam_filter(event, now), known) {
            (false, _) => Written::Dropped,
            (true, false) => Written::New,
            (true, true) => Written::Counted,
        };
        (written, combined)
    }

    /// `EventAggregate`.
    fn fold(&mut self, event: &ObjectEvent, now: SimTime) -> Key {
        let (about, reason) = (event.about, event.what.reason());
        let message = message(&event.what);
        let empty = || Similar { messages: BTreeSet::new(), last: now };
        let similar = self.similar.entry((about, reason)).or_insert_with(empty);
        if now.since(similar.last) > SIMILAR_WITHIN {
            *similar = empty();
        }
        similar.last = now;
        similar.messages.insert(message.clone());
        if similar.messages.len() < MOST_SIMILAR {
            return (about, reason, Some(message));
        }
        // Upstream forgets any one; which does not matter for messages that never come again.
        similar.messages.pop_first();
        (about, reason, None)
    }

    /// `EventSourceObjectSpamFilter`: Normal and Warning events of an object have a bucket each.
    fn passes_spam_filter(&mut self, event: &ObjectEvent, now: SimTime) -> bool {
        let full = || SpamBucket { tokens: SPAM_BURST, last: now };
        let apart = self.rules.counts_warnings_apart && event.what.is_warning();
        let bucket = self.spam.entry((event.about, apart)).or_insert_with(full);
        let elapsed = now.since(bucket.last).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed / SPAM_SECONDS).min(SPAM_BURST);
        bucket.last = now;
        let passes = bucket.tokens >= 1.0;
        if passes {
            bucket.tokens -= 1.0;
        }
        passes
    }

    /// The object is gone: nothing more is recorded of it.
    pub fn forget(&mut self, gone: ObjectId) {
        while let Some((&key, _)) = self.similar.range((gone, "")..).next().filter(|entry| entry.0.0 == gone) {
            self.similar.remove(&key);
        }
        self.spam.remove(&(gone, false));
        self.spam.remove(&(gone, true));
    }
}

fn message(what: &Happening) -> Message {
    match what {
        Happening::Job(JobHappening::Created(pod) | JobHappening::Deleted(pod)) => Message::Pod(pod.uid),
        Happening::Job(JobHappening::FailedCreate(text)) => Message::Text(text.clone()),
        Happening::Job(JobHappening::Failed(_, text)) => Message::Text(text.as_ref().into()),
        Happening::Job(_) => Message::Always,
        Happening::CronJob(what) => Message::Text(what.message().into()),
        Happening::Cluster(what) => Message::Text(what.message.clone()),
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
