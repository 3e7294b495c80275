//! Kubernetes' nouns as compact values, without behaviour: objects, requests, changes.
//!
//! A type here is what a controller reads or asks for. Names are rendered only when something is written out;
//! inside the engine an object is a dense id.

pub mod change;
pub mod cronjob;
pub mod disruption;
pub mod duration;
pub mod event;
pub mod intervals;
pub mod job;
pub mod meta;
pub mod names;
pub mod node;
pub mod outbox;
pub mod pod;
pub mod priority;
pub mod quantity;
pub mod quote;
pub mod release;
pub mod request;
pub mod resources;
pub mod scheduling;
