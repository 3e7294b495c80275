//! jobsim: a deterministic discrete-event simulator of Kubernetes Job scheduling.

pub mod api;
pub mod kernel;
pub mod record;
pub mod scenario;
pub mod workload;
