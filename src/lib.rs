//! jobsim: a deterministic discrete-event simulator of Kubernetes Job scheduling.

pub mod api;
pub mod apiserver;
pub mod controllers;
pub mod kernel;
pub mod kubelet;
pub mod record;
pub mod scenario;
pub mod workload;
pub mod world;
