//! From a defaulted manifest to the engine's compact specification of a Job.

use std::sync::Arc;

use serde_json::Value;

use crate::api::intervals::Intervals;
use crate::api::job::{
    CompletionMode, JobSpec, PodFailurePolicyAction, PodFailurePolicyRequirement, PodFailurePolicyRule,
    PodReplacementPolicy, SuccessPolicyRule,
};
use crate::api::pod::{Container, PodTemplate, RestartPolicy};

/// What the engine needs of a valid, defaulted Job.
pub fn job_spec(manifest: &Value) -> JobSpec {
    let spec = &manifest["spec"];
    let completions = int32(&spec["completions"]);
    JobSpec {
        parallelism: int32(&spec["parallelism"]).unwrap_or(1),
        completions,
        completion_mode: match spec["completionMode"].as_str() {
            Some("Indexed") => CompletionMode::Indexed,
            _ => CompletionMode::NonIndexed,
        },
        backoff_limit: int32(&spec["backoffLimit"]).unwrap_or(6),
        backoff_limit_per_index: int32(&spec["backoffLimitPerIndex"]),
        max_failed_indexes: int32(&spec["maxFailedIndexes"]),
        active_deadline_seconds: spec["activeDeadlineSeconds"].as_i64(),
        ttl_seconds_after_finished: int32(&spec["ttlSecondsAfterFinished"]),
        suspend: spec["suspend"].as_bool().unwrap_or(false),
        pod_replacement_policy: match spec["podReplacementPolicy"].as_str() {
            Some("Failed") => PodReplacementPolicy::Failed,
            _ => PodReplacementPolicy::TerminatingOrFailed,
        },
        pod_failure_policy: rules(&spec["podFailurePolicy"], pod_failure_policy_rule),
        success_policy: rules(&spec["successPolicy"], |rule| success_policy_rule(rule, completions.unwrap_or(0))),
        managed_by: spec["managedBy"].as_str().map(Arc::from),
        template: pod_template(&spec["template"]).into(),
    }
}

pub(super) fn int32(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|number| i32::try_from(number).ok())
}

pub(super) fn text(value: &Value) -> Arc<str> {
    value.as_str().unwrap_or("").into()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn rules<R>(policy: &Value, rule: impl Fn(&Value) -> R) -> Option<Vec<R>> {
    (!policy.is_null()).then(|| list(&policy["rules"]).iter().map(rule).collect())
}

fn pod_failure_policy_rule(rule: &Value) -> PodFailurePolicyRule {
    let exit_codes = &rule["onExitCodes"];
    let requirement = if exit_codes.is_null() {
        let pattern = |pattern: &Value| (text(&pattern["type"]), text(&pattern["status"]));
        PodFailurePolicyRequirement::PodConditions(list(&rule["onPodConditions"]).iter().map(pattern).collect())
    } else {
        PodFailurePolicyRequirement::ExitCodes {
            container_name: exit_codes["containerName"].as_str().map(Arc::from),
            is_in: exit_codes["operator"] == "In",
            values: list(&exit_codes["values"]).iter().filter_map(int32).collect(),
        }
    };
    let action = match rule["action"].as_str() {
        Some("FailJob") => PodFailurePolicyAction::FailJob,
        Some("FailIndex") => PodFailurePolicyAction::FailIndex,
        Some("Ignore") => PodFailurePolicyAction::Ignore,
        _ => PodFailurePolicyAction::Count,
    };
    PodFailurePolicyRule { action, requirement }
}

fn success_policy_rule(rule: &Value, completions: i32) -> SuccessPolicyRule {
    let completions = u32::try_from(completions).unwrap_or(0);
    SuccessPolicyRule {
        succeeded_indexes: rule["succeededIndexes"].as_str().map(|text| Intervals::parse(text, completions)),
        succeeded_count: int32(&rule["succeededCount"]),
    }
}

fn pod_template(template: &Value) -> PodTemplate {
    let spec = &template["spec"];
    let containers = |name: &str| {
        let container = |c: &Value| Container { name: text(&c["name"]), image: text(&c["image"]) };
        list(&spec[name]).iter().map(container).collect()
    };
    let labels = template["metadata"]["labels"].as_object().into_iter().flatten();
    // A negative grace period is stored and means one second to the kubelet (`SetDefaults_Pod`).
    let grace = match spec["terminationGracePeriodSeconds"].as_i64().unwrap_or(30) {
        negative if negative < 0 => 1,
        seconds => u32::try_from(seconds).unwrap_or(u32::MAX),
    };
    PodTemplate {
        restart_policy: match spec["restartPolicy"].as_str() {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => RestartPolicy::Always,
        },
        init_containers: containers("initContainers"),
        containers: containers("containers"),
        termination_grace_period_seconds: grace,
        labels: labels.map(|(key, value)| (key.as_str().into(), text(value))).collect(),
    }
}
