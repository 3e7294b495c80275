//! The manual: what each field of a manifest and of a Simulation means, as text and as JSON Schema.

mod distribution;
pub mod explain;
mod released;
pub mod schema;
