//! PriorityClasses (`ValidatePriorityClass`).

use crate::api::priority::{HIGHEST_OF_USERS, SYSTEM_CLASSES};
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::validation::pod_spec::preemption_policy;

/// Checks what a class says.
pub(super) fn validate(class: &Field<'_>, errors: &mut Errors) {
    let (name, value) = (class.get("metadata").get("name"), class.get("value"));
    if name.text().starts_with("system-") {
        if let Some(why) = not_of_the_system(name.text(), value.int(), class.get("globalDefault").is_true()) {
            let rule = "priority class names with 'system-' prefix are reserved for system use only";
            errors.forbidden(&name, format!("{rule}. error: {why}"));
        }
    } else if value.int() > i64::from(HIGHEST_OF_USERS) {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}");
        errors.forbidden(&value, detail);
    }
    preemption_policy(&class.get("preemptionPolicy"), errors);
}

/// Why this is no class that every cluster has (`IsKnownSystemPriorityClass`).
fn not_of_the_system(name: &str, value: i64, global_default: bool) -> Option<String> {
    match SYSTEM_CLASSES.iter().find(|(known, _)| *known == name) {
        None => Some(format!("{name} is not a known system priority class")),
        Some((_, known)) if i64::from(*known) != value => {
            Some(format!("value of {name} PriorityClass must be {known}"))
        }
        Some(_) => global_default.then(|| format!("globalDefault of {name} PriorityClass must be false")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_the_system_are_not_for_users() {
        let check = |name: &str, value: i64, wanted: &[&str]| {
            let class = json!({"metadata": {"name": name}, "value": value});
            let mut errors = Errors::default();
            validate(&Field::root(&class), &mut errors);
            assert_eq!(errors.list.iter().map(|error| &*error.text).collect::<Vec<_>>(), wanted);
        };
        check("high", 1_000_000_000, &[]);
        check(
            "high",
            1_000_000_001,
            &["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
        );
        check("system-node-critical", 2_000_001_000, &[]);
        check(
            "system-mine",
            5,
            &[
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. \
               error: system-mine is not a known system priority class",
            ],
        );
    }
}
