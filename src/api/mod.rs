//! Kubernetes' nouns as compact values, without behaviour: objects, requests, changes.
//!
//! A type here is what a controller reads or asks for. Names are rendered only when something is written out;
//! inside the engine an object is a dense id.

pub mod intervals;
pub mod job;
pub mod meta;
pub mod pod;
