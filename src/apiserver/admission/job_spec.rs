//! From a defaulted manifest to the engine's compact specification of a Job.

use std::sync::Arc;

use serde_json::Value;

use crate::api::intervals::Intervals;
use crate::api::job::{
    CompletionMode, JobSpec, PodFailurePolicyAction, PodFailurePolicyRequirement, PodFailurePolicyRule,
    PodReplacementPolicy, SuccessPolicyRule,
};
use crate::api::pod::{
    Container, ContainerRestartRule, ContainerRestarts, PodTemplate, Probe, PullPolicy, RestartPolicy,
};
use crate::api::quantity::Quantity;
use crate::api::resources::{ResourceList, Resources};

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

pub(super) fn pod_template(template: &Value) -> PodTemplate {
    let spec = &template["spec"];
    let containers = |name: &str| {
        let container = |c: &Value| Container {
            name: text(&c["name"]),
            image: text(&c["image"]),
            pull_policy: pull_policy(&c["imagePullPolicy"]),
            resources: resources(&c["resources"]),
            sidecar: name == "initContainers" && c["restartPolicy"] == "Always",
            readiness_probe: probe(&c["readinessProbe"]),
            startup_probe: probe(&c["startupProbe"]),
            restarts: restarts(c),
        };
        list(&spec[name]).iter().map(container).collect()
    };
    let words = |of: &Value, wanted: fn(&str) -> bool| {
        let words = of.as_object().into_iter().flatten().filter(|(key, _)| wanted(key));
        words.map(|(key, value)| (key.as_str().into(), text(value))).collect()
    };
    // A negative grace period is stored and means one second to the kubelet (`SetDefaults_Pod`).
    let grace = match spec["terminationGracePeriodSeconds"].as_i64().unwrap_or(30) {
        negative if negative < 0 => 1,
        seconds => u32::try_from(seconds).unwrap_or(u32::MAX),
    };
    PodTemplate {
        restart_policy: restart_policy(&spec["restartPolicy"]),
        init_containers: containers("initContainers"),
        containers: containers("containers"),
        termination_grace_period_seconds: grace,
        labels: words(&template["metadata"]["labels"], |_| true),
        annotations: words(&template["metadata"]["annotations"], |key| key.starts_with(AUTOSCALER_ANNOTATIONS)),
        priority_class_name: spec["priorityClassName"].as_str().filter(|name| !name.is_empty()).map(Arc::from),
        priority: int32(&spec["priority"]),
        active_deadline_seconds: spec["activeDeadlineSeconds"].as_i64().and_then(|seconds| seconds.try_into().ok()),
        resources: resources(&spec["resources"]),
        overhead: resource_list(&spec["overhead"]),
        scheduling: super::scheduling::scheduling(spec),
        has_local_storage: list(&spec["volumes"]).iter().any(is_local_storage),
        node_name: spec["nodeName"].as_str().filter(|name| !name.is_empty()).map(Arc::from),
    }
}

/// What the annotations begin with that the cluster autoscaler reads.
const AUTOSCALER_ANNOTATIONS: &str = "cluster-autoscaler.kubernetes.io/";

/// Does the volume go with its node? A disk in memory does not count.
fn is_local_storage(volume: &Value) -> bool {
    let empty = &volume["emptyDir"];
    !volume["hostPath"].is_null() || (!empty.is_null() && empty["medium"] != "Memory")
}

fn probe(probe: &Value) -> Option<Probe> {
    let number = |name: &str, default| probe[name].as_u64().map_or(default, |number| number as u32);
    (!probe.is_null()).then(|| Probe {
        initial_delay_seconds: number("initialDelaySeconds", 0),
        period_seconds: number("periodSeconds", 10).max(1),
        success_threshold: number("successThreshold", 1).max(1),
        failure_threshold: number("failureThreshold", 3).max(1),
        grace_period_seconds: probe["terminationGracePeriodSeconds"].as_u64().map(|seconds| seconds as u32),
    })
}

fn pull_policy(policy: &Value) -> PullPolicy {
    match policy.as_str() {
        Some("Always") => PullPolicy::Always,
        Some("Never") => PullPolicy::Never,
        _ => PullPolicy::IfNotPresent,
    }
}

fn restart_policy(policy: &Value) -> RestartPolicy {
    match policy.as_str() {
        Some("Never") => RestartPolicy::Never,
        Some("OnFailure") => RestartPolicy::OnFailure,
        _ => RestartPolicy::Always,
    }
}

fn restarts(container: &Value) -> Option<Box<ContainerRestarts>> {
    let rule = |rule: &Value| ContainerRestartRule {
        all_containers: rule["action"] == "RestartAllContainers",
        is_in: rule["exitCodes"]["operator"] == "In",
        values: list(&rule["exitCodes"]["values"]).iter().filter_map(int32).collect(),
    };
    let policy = &container["restartPolicy"];
    (!policy.is_null()).then(|| {
        let rules = list(&container["restartPolicyRules"]).iter().map(rule).collect();
        Box::new(ContainerRestarts { policy: restart_policy(policy), rules })
    })
}

fn resources(resources: &Value) -> Resources {
    Resources { requests: resource_list(&resources["requests"]), limits: resource_list(&resources["limits"]) }
}

fn resource_list(list: &Value) -> ResourceList {
    let amounts = list.as_object().into_iter().flatten();
    let amount = |(name, amount): (&String, &Value)| {
        Some((name.as_str().into(), Quantity::parse(amount.as_str().unwrap_or("")).ok()?))
    };
    amounts.filter_map(amount).collect()
}
