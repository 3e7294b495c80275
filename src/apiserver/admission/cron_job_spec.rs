//! From a defaulted manifest to the engine's compact specification of a CronJob.

use std::sync::Arc;

use serde_json::{Value, json};

use super::job_spec::{int32, job_spec, text};
use super::{Admitted, as_read, create_job, listed};
use crate::api::cronjob::{ConcurrencyPolicy, CronJobSpec, JobTemplate};
use crate::api::release::Rules;

/// What the engine needs of a valid, defaulted CronJob.
pub fn cron_job_spec(manifest: &Value, rules: &Rules) -> CronJobSpec {
    let spec = &manifest["spec"];
    CronJobSpec {
        schedule: text(&spec["schedule"]),
        time_zone: spec["timeZone"].as_str().map(Arc::from),
        starting_deadline_seconds: spec["startingDeadlineSeconds"].as_i64(),
        concurrency_policy: match spec["concurrencyPolicy"].as_str() {
            Some("Forbid") => ConcurrencyPolicy::Forbid,
            Some("Replace") => ConcurrencyPolicy::Replace,
            _ => ConcurrencyPolicy::Allow,
        },
        suspend: spec["suspend"].as_bool().unwrap_or(false),
        successful_jobs_history_limit: int32(&spec["successfulJobsHistoryLimit"]),
        failed_jobs_history_limit: int32(&spec["failedJobsHistoryLimit"]),
        job_template: Arc::new(job_template(manifest, rules)),
    }
}

/// What the server makes of a Job of the template (`getJobFromTemplate2`): all are alike but for their names.
fn job_template(cron_job: &Value, rules: &Rules) -> JobTemplate {
    let (metadata, template) = (&cron_job["metadata"], &cron_job["spec"]["jobTemplate"]);
    let name = metadata["name"].as_str().unwrap_or("");
    let job = json!({
        "metadata": {
            // As long as the names of this century.
            "name": format!("{name}-00000000"),
            "namespace": metadata["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": template["metadata"]["annotations"],
        },
        "spec": template["spec"],
    });
    match create_job(&job, rules) {
        Ok(Admitted { manifest, spec, .. }) => {
            JobTemplate { spec: Arc::new(spec), manifest: Arc::new(as_read(manifest)), refusal: None }
        }
        Err(errors) => {
            let refusal = Some(listed(&errors).into());
            JobTemplate { spec: Arc::new(job_spec(&job)), manifest: Arc::new(job), refusal }
        }
    }
}
