//! Jobs that come over time: copies of templates, each when its stream of arrivals says.

use std::sync::Arc;

use super::World;
use super::event::Event;
use crate::api::meta::{ApiTime, ObjectName};
use crate::api::release::Rules;
use crate::apiserver::NewJob;
use crate::apiserver::admission::{self, listed};
use crate::kernel::rng::Streams;
use crate::kernel::time::SimTime;
use crate::scenario::{Arrivals, Drawn};

/// A stream of arrivals and how far it has come.
#[derive(Debug)]
pub(super) struct Stream {
    arrivals: Arrivals,
    streams: Streams,
    /// The next copy.
    number: u32,
    rules: Rules,
}

impl Stream {
    pub(super) fn new(arrivals: &Arrivals, seed: u64, replication: u32, rules: Rules) -> Stream {
        Stream { arrivals: arrivals.clone(), streams: Streams::new(seed, replication), number: 0, rules }
    }

    /// When its next copy comes, if the last came at `last`.
    fn next(&mut self, last: SimTime) -> Option<SimTime> {
        self.arrivals.process.next(self.number, last, &mut self.streams)
    }

    /// The next copy, as the API server stores it; or its name and why the server refuses it.
    fn copy(&mut self) -> Result<NewJob, (ObjectName, String)> {
        let template = self.arrivals.template.clone();
        let name = format!("{}-{}", template.name.name, self.number);
        let name = ObjectName { namespace: template.name.namespace.clone(), name: name.into() };
        let copy_of = Some(template.name.name.clone());
        if self.arrivals.set.is_empty() {
            let (spec, manifest) = (template.spec.clone(), template.manifest.clone());
            return Ok(NewJob { name, copy_of, spec, manifest });
        }
        match self.drawn(&name) {
            Ok((spec, manifest)) => Ok(NewJob { name, copy_of, spec, manifest }),
            Err(refusal) => Err((name, refusal)),
        }
    }

    /// A copy whose fields are drawn; it is admitted like any other Job.
    fn drawn(&mut self, name: &ObjectName) -> Result<(Arc<crate::api::job::JobSpec>, Arc<serde_json::Value>), String> {
        let mut sent = serde_json::Value::clone(&self.arrivals.template.sent);
        sent["metadata"]["name"] = (*name.name).into();
        for (field, set) in (0..).zip(self.arrivals.set.iter()) {
            let mut draw = |of| self.arrivals.process.size(self.number, field, of, &mut self.streams);
            let value = match &set.value {
                Drawn::Value(value) => value.clone(),
                Drawn::Number(of) => set.given(draw(of).into()),
                Drawn::OneOf(of, values) => values.get(draw(of).max(0) as usize).cloned().unwrap_or_default(),
            };
            set.path.set(&mut sent, value)?;
        }
        let admitted = admission::create_job(&sent, &self.rules).map_err(|errors| listed(&errors))?;
        Ok((Arc::new(admitted.spec), Arc::new(admitted.manifest)))
    }
}

impl World<'_> {
    /// Sets the first alarm of each stream. One that brings nothing is seldom meant.
    pub(super) fn begin_arrivals(&mut self) {
        for at in 0..self.arrivals.len() {
            let from = self.arrivals[at].arrivals.process.from;
            if !self.await_arrival(at, from) {
                self.note(format!("no copy of Job {} will arrive", self.arrivals[at].arrivals.template.name));
            }
        }
    }

    /// Sets the alarm of the next copy. Returns false if there is none.
    fn await_arrival(&mut self, at: usize, last: SimTime) -> bool {
        let next = self.arrivals[at].next(last);
        if let Some(next) = next {
            self.events.push(next.max(self.now), Event::Arrival(at as u32));
        }
        next.is_some()
    }

    /// A copy is submitted, and the next is awaited.
    pub(super) fn arrive(&mut self, at: usize) {
        let now = ApiTime::of(self.now);
        let copy = self.arrivals[at].copy();
        self.arrivals[at].number += 1;
        if self.outages.api_is_down() {
            let name = copy.map_or_else(|(name, _)| name, |copy| copy.name);
            self.note(format!("the arriving Job {name} was lost: the API server is down"));
            self.await_arrival(at, self.now);
            return;
        }
        match copy {
            Ok(copy) => {
                let name = copy.name.name.clone();
                if self.store.create_job(now, copy).is_err() {
                    self.note(format!("jobs.batch \"{name}\" already exists: it was not created again"));
                }
            }
            Err((name, refusal)) => {
                self.note(format!("the arriving Job {name} was refused: {refusal}"));
            }
        }
        self.await_arrival(at, self.now);
    }
}
