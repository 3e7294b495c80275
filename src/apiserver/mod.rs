//! The API server: the only room that changes a Kubernetes object.
//!
//! Manifests are JSON values here; `schema` knows their types, [`admission`] fills in defaults and decides,
//! `validation` holds the rules. Past this a Job is the compact `api::job::JobSpec`, kept in the [`store`].

pub mod admission;
mod bare_pods;
mod change_log;
mod cron_job_table;
mod field;
mod job_table;
pub mod limit_range;
mod node_table;
mod pod_admission;
mod pod_resources;
mod pod_table;
pub mod quota;
mod schema;
pub mod served;
pub mod store;
mod validation;

pub use bare_pods::BarePod;
pub use cron_job_table::NewCronJob;
pub use field::FieldError;
pub(crate) use field::aggregate;
pub use job_table::NewJob;
pub use schema::{escape_html, go_json_text};
pub use validation::{Clockwork, SuspensionFacts};
pub(crate) use validation::{is_dns1123_subdomain, label_key, label_value};
