//! Restart policy and restart rules of a single container (`validateContainerRestartPolicy`).

use super::one_of;
use crate::apiserver::field::{Errors, Field};

const MAX_RULES: usize = 20;
const MAX_EXIT_CODES: usize = 255;

/// Checks `restartPolicy` and `restartPolicyRules` of a container of any kind.
pub(super) fn validate(container: &Field<'_>, errors: &mut Errors) {
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
        one_of(&rule.get("action"), &["Restart", "RestartAllContainers"], errors);
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
