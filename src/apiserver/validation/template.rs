//! What of a Job's pod template can change (`validatePodTemplateUpdate`): nothing while it runs, some of it while it is
//! suspended.

use serde_json::{Value, json};

use super::meta::immutable;
use crate::api::job::{JobConditionType, JobStatus};
use crate::api::release::Rules;
use crate::apiserver::field::{Errors, Field};

/// What a status says of the suspension of a Job.
#[derive(Clone, Copy, Debug, Default)]
pub struct SuspensionFacts {
    /// It has a start time.
    pub(crate) started: bool,
    /// Its condition Suspended is true.
    pub(crate) has_suspended_condition: bool,
    /// It has active pods.
    pub(crate) active: bool,
}

impl SuspensionFacts {
    /// From the engine's status of a Job.
    pub fn of(status: &JobStatus) -> SuspensionFacts {
        SuspensionFacts {
            started: status.start_time.is_some(),
            has_suspended_condition: status.is_true(JobConditionType::Suspended),
            active: status.active > 0,
        }
    }

    /// From `status` of a manifest.
    pub fn of_manifest(status: &Value) -> SuspensionFacts {
        let conditions = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
        SuspensionFacts {
            started: !status["startTime"].is_null(),
            has_suspended_condition: conditions.iter().any(|c| c["type"] == "Suspended" && c["status"] == "True"),
            active: status["active"].as_i64().unwrap_or(0) > 0,
        }
    }
}

/// Checks the template of a changed Job.
pub(super) fn validate_update(
    spec: &Field<'_>,
    old: &Field<'_>,
    facts: &SuspensionFacts,
    rules: &Rules,
    errors: &mut Errors,
) {
    let (template, mut allowed) = (spec.get("template"), old.get("template").value.clone());
    let suspended = old.get("suspend").is_true();
    let is_settled = suspended && (!facts.started || facts.has_suspended_condition) && !facts.active;
    let moves = if rules.suspended_template_is_mutable { is_settled } else { suspended && !facts.started };
    let resizes = rules.suspended_resources_are_mutable && is_settled;
    if !moves && !resizes {
        return immutable(
            &template,
            &Field { value: &allowed, path: template.path.clone() },
            "PodTemplateSpec",
            errors,
        );
    }
    if moves {
        take_scheduling(&mut allowed, template.value);
    }
    // Annotations and labels are free, too: what is compared in the end is the spec alone.
    if resizes {
        take_resources(&mut allowed["spec"], &template.value["spec"]);
    }
    let new = template.get("spec");
    immutable(&new, &Field { value: &allowed["spec"], path: new.path.clone() }, "PodSpec", errors);
}

/// Takes over what says where pods may run.
fn take_scheduling(allowed: &mut Value, new: &Value) {
    let (allowed, new) = (&mut allowed["spec"], &new["spec"]);
    for name in ["nodeSelector", "tolerations", "schedulingGates"] {
        allowed[name] = new[name].clone();
    }
    match (allowed["affinity"].is_null(), new["affinity"].is_null()) {
        (true, true) => {}
        (true, false) => allowed["affinity"] = json!({"nodeAffinity": new["affinity"]["nodeAffinity"]}),
        (false, false) => allowed["affinity"]["nodeAffinity"] = new["affinity"]["nodeAffinity"].clone(),
        (false, true) => {
            allowed["affinity"]["nodeAffinity"] = Value::Null;
            let is_empty = |affinity: &Value| affinity.as_object().is_none_or(|a| a.values().all(Value::is_null));
            if is_empty(&allowed["affinity"]) {
                allowed["affinity"] = Value::Null;
            }
        }
    }
}

/// Takes over what the containers of the same names ask for (`validatePodResourceUpdatesOnly`).
fn take_resources(allowed: &mut Value, new: &Value) {
    for list in ["containers", "initContainers"] {
        let new = new[list].as_array().map_or(&[][..], Vec::as_slice);
        let Some(old) = allowed[list].as_array_mut().filter(|old| old.len() == new.len()) else { continue };
        for (old, new) in old.iter_mut().zip(new) {
            if old["name"] == new["name"] {
                old["resources"] = new["resources"].clone();
            }
        }
    }
}
