//! Restart policy and restart rules of a single container (`validateContainerRestartPolicy`).

use super::one_of;
use crate::api::release::Release;
use crate::apiserver::field::{Errors, Field};

const MAX_RULES: usize = 20;
/// The first release in which RestartAllContainersOnContainerExits is on.
const ALL_CONTAINERS_SINCE: Release = Release(36);
const MAX_EXIT_CODES: usize = 255;

/// Checks those of a container that is no init container.
pub(super) fn validate_of_app(container: &Field<'_>, errors: &mut Errors) {
    let policy = container.get("restartPolicy");
    if errors.release >= Release(34) {
        validate(container, errors);
    } else if policy.is_set() {
        errors.forbidden(&policy, "may not be set for non-init containers");
    }
}

/// Checks those of an init container (`validateInitContainerRestartPolicy`).
pub(super) fn validate_of_init(container: &Field<'_>, errors: &mut Errors) {
    let (policy, rules) = (container.get("restartPolicy"), container.get("restartPolicyRules"));
    if !policy.is_set() {
        if !rules.is_empty() {
            errors.required(&policy, "must specify restartPolicy when restart rules are used");
        }
    } else if errors.release < Release(34) {
        one_of(&policy, &["Always"], errors);
    } else if policy.text() == "Always" && errors.release < ALL_CONTAINERS_SINCE {
        if !rules.is_empty() {
            let detail = "restartPolicyRules are not allowed for init containers with restart policy Always";
            errors.forbidden(&rules, detail);
        }
    } else {
        validate(container, errors);
    }
}

/// Checks `restartPolicy` and `restartPolicyRules` of a container of any kind.
fn validate(container: &Field<'_>, errors: &mut Errors) {
    let (policy, rules) = (container.get("restartPolicy"), container.get("restartPolicyRules"));
    if policy.is_set() {
        one_of(&policy, &["Always", "Never", "OnFailure"], errors);
    } else if !rules.is_empty() {
        errors.required(&policy, "must specify restartPolicy when restart rules are used");
    }
    if rules.len() > MAX_RULES {
        errors.too_many(&rules, rules.len(), MAX_RULES);
    }
    for rule in rules.items() {
        let actions: &[&str] = match errors.release >= ALL_CONTAINERS_SINCE {
            true => &["Restart", "RestartAllContainers"],
            false => &["Restart"],
        };
        one_of(&rule.get("action"), actions, errors);
        let codes = rule.get("exitCodes");
        if !codes.is_set() {
            errors.required(&codes, "must be specified");
            continue;
        }
        one_of(&codes.get("operator"), &["In", "NotIn"], errors);
        let values = codes.get("values");
        if values.len() > MAX_EXIT_CODES {
            errors.too_many(&values, values.len(), MAX_EXIT_CODES);
        }
    }
}
