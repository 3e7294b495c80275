//! Fields behind feature gates that are off: the server drops them (`PrepareForCreate`, `PrepareForUpdate`).

use serde_json::Value;

use crate::api::release::Rules;

/// Drops them from `spec` of a Job, unless the stored one has them.
pub(super) fn drop_fields(spec: &mut Value, old: Option<&Value>, rules: &Rules) {
    for (field, known) in [
        ("successPolicy", rules.has_success_policy),
        ("managedBy", rules.has_managed_by),
        ("backoffLimitPerIndex", rules.has_back_off_per_index),
        ("maxFailedIndexes", rules.has_back_off_per_index),
        ("podReplacementPolicy", rules.has_pod_replacement_policy),
    ] {
        let in_use = || old.is_some_and(|old| !old[field].is_null());
        if !known && !spec[field].is_null() && !in_use() {
            spec[field] = Value::Null;
        }
    }
}

/// Drops them from a CronJob's template, which the server does since 1.37; before, it does so as Jobs are made of it.
pub(super) fn drop_in_template(cron_job: &mut Value, rules: &Rules) {
    if rules.drops_fields_in_templates {
        drop_fields(&mut cron_job["spec"]["jobTemplate"]["spec"], None, rules);
    }
}
