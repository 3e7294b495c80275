//! jobsim: a deterministic discrete-event simulator of Kubernetes Job scheduling.

pub mod api;
pub mod kernel;
