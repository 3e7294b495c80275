//! ResourceQuotas (`ValidateResourceQuotaSpec`).

use std::collections::BTreeSet;

use crate::api::release::Release;
use crate::apiserver::field::{Errors, Field, Shown};
use crate::apiserver::schema::print_as;
use crate::apiserver::validation::quantity;
use crate::apiserver::validation::resources::{is_quota_resource, resource_name, validate_amount};

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Since when quotas of claims with a class of attributes are known.
const VOLUME_ATTRIBUTES_CLASS: Release = Release(33);

/// Scopes that no pod is in together.
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

/// Resources that the server holds requests against limits of, in its order (`knownResourceNames`).
const KNOWN: [&str; 4] = ["cpu", "memory", "storage", "ephemeral-storage"];

/// Checks what a quota limits, and of which pods.
pub(super) fn validate(quota: &Field<'_>, errors: &mut Errors) {
    let spec = quota.get("spec");
    let hard = spec.get("hard");
    for (name, limit) in hard.entries() {
        quota_resource_name(name, &limit, errors);
        if let Some(amount) = quantity(&limit) {
            validate_amount(name, &amount, &limit, errors);
        }
    }
    let limited: Vec<&str> = hard.entries().map(|(name, _)| name).filter(|name| is_quota_resource(name)).collect();
    scopes(&spec, &limited, errors);
    scope_selector(&spec, &limited, errors);
}

/// `ValidateResourceQuotaResourceName`.
fn quota_resource_name(name: &str, at: &Field<'_>, errors: &mut Errors) {
    resource_name(name, at, errors);
    if !name.contains('/') && !is_quota_resource(name) {
        errors.invalid(at, Shown::word(name), "must be a standard resource for quota");
    }
}

/// `validateResourceQuotaScopes`.
fn scopes(spec: &Field<'_>, limited: &[&str], errors: &mut Errors) {
    let scopes = spec.get("scopes");
    let shown = || print_as("[]string", scopes.value);
    for scope in scopes.texts() {
        if !is_known(scope, errors.release) {
            errors.invalid(&scopes, shown(), "unsupported scope");
        } else if !limited.iter().all(|name| applies(scope, name)) {
            errors.invalid(&scopes, shown(), "unsupported scope applied to resource");
        }
    }
    conflicts(&scopes.texts().collect(), &scopes, &scopes, errors);
}

/// `validateScopedResourceSelectorRequirement`, whose errors do not say which requirement they are about.
fn scope_selector(spec: &Field<'_>, limited: &[&str], errors: &mut Errors) {
    let selector = spec.get("scopeSelector");
    let requirements = selector.get("matchExpressions");
    let mut seen = BTreeSet::new();
    for requirement in requirements.items() {
        let at = |name: &'static str| requirement.get(name).standing_at(requirements.path.child(name));
        let (scope, operator, values) = (at("scopeName"), at("operator"), at("values"));
        if !is_known(scope.text(), errors.release) {
            errors.invalid(&scope, Shown::word(scope.text()), "unsupported scope");
        } else if !limited.iter().all(|name| applies(scope.text(), name)) {
            let shown = print_as("ScopeSelector", selector.value);
            errors.invalid(&requirements, shown, "unsupported scope applied to resource");
        }
        let has_no_values =
            SCOPES.contains(&scope.text()) && !matches!(scope.text(), "PriorityClass" | "VolumeAttributesClass");
        if has_no_values && operator.text() != "Exists" {
            let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                          ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                          ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.invalid(&operator, Shown::word(operator.text()), detail);
        }
        match operator.text() {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                errors.required(&values, detail);
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                errors.invalid(&values, print_as("[]string", values.value), detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            unknown => errors.invalid(&operator, Shown::word(unknown), "not a valid selector operator"),
        }
        seen.insert(scope.text());
    }
    conflicts(&seen, &requirements, &spec.get("scopes"), errors);
}

/// `IsStandardResourceQuotaScope`.
fn is_known(scope: &str, release: Release) -> bool {
    SCOPES.contains(&scope) && (scope != "VolumeAttributesClass" || release >= VOLUME_ATTRIBUTES_CLASS)
}

/// The server shows the plain scopes wherever the conflict is.
fn conflicts(scopes: &BTreeSet<&str>, at: &Field<'_>, shown: &Field<'_>, errors: &mut Errors) {
    for _ in CONFLICTS.iter().filter(|pair| pair.iter().all(|scope| scopes.contains(scope))) {
        errors.invalid(at, print_as("[]string", shown.value), "conflicting scopes");
    }
}

/// Can a quota of this scope, which is known, limit this (`IsResourceQuotaScopeValidForResource`)?
fn applies(scope: &str, resource: &str) -> bool {
    let bare = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits.")).unwrap_or(resource);
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => resource == "pods" || matches!(bare, "cpu" | "memory"),
    }
}

/// What the server warns of: less of limits than of requests (`WarningsOnCreate` of the quota strategy).
pub(super) fn warnings(quota: &Field<'_>) -> Vec<String> {
    let hard = quota.get("spec").get("hard");
    let limit = |name: String| {
        let field = Field { value: hard.value.get(&name)?, path: hard.path.key(&name) };
        Some((quantity(&field)?, name))
    };
    let warning = |resource: &str| {
        let bare = || matches!(resource, "cpu" | "memory").then(|| limit(resource.to_owned())).flatten();
        let (request, request_name) = limit(format!("requests.{resource}")).or_else(bare)?;
        let (limit, limit_name) = limit(format!("limits.{resource}"))?;
        (request > limit)
            .then(|| format!("ResourceQuota {request_name} ({request}) should be less than {limit_name} ({limit})"))
    };
    KNOWN.into_iter().filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::said;
    use super::*;

    fn check(spec: Value, wanted: &[&str]) {
        let said = said("ResourceQuota", json!({"spec": spec}));
        let wanted: Vec<String> = wanted.iter().map(|text| format!("spec.{text}")).collect();
        assert_eq!(said, wanted);
    }

    #[test]
    fn limits_are_of_resources_that_quotas_know() {
        let check = |name: &str, amount: &str, wanted: &[&str]| {
            let wanted: Vec<String> =
                wanted.iter().map(|text| format!("hard[{name}]: Invalid value: {text}")).collect();
            check(json!({"hard": {name: amount}}), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
        };
        let (standard, of_quota) =
            ("must be a standard resource type or fully qualified", "must be a standard resource for quota");
        for name in ["requests.gpu", "jobs.batch", "CPU", "limits.hugepages-2Mi"] {
            check(name, "1", &[&format!("\"{name}\": {standard}"), &format!("\"{name}\": {of_quota}")]);
        }
        check("storage", "1", &[&format!("\"storage\": {of_quota}")]);
        for name in ["pods", "requests.nvidia.com/gpu", "count/jobs.batch", "requests.hugepages-2Mi"] {
            check(name, "1", &[]);
        }
        check("pods", "1.5", &["\"1500m\": must be an integer"]);
        check("cpu", "-1", &["\"-1\": must be greater than or equal to 0"]);
    }

    #[test]
    fn scopes_are_known_and_suit_what_is_limited() {
        let check = |hard: &[&str], scopes: Value, wanted: &[&str]| {
            let hard: Value =
                hard.iter().map(|name| ((*name).to_owned(), json!("1"))).collect::<serde_json::Map<_, _>>().into();
            let shown = scopes.to_string();
            let wanted: Vec<String> =
                wanted.iter().map(|detail| format!("scopes: Invalid value: {shown}: {detail}")).collect();
            check(json!({"hard": hard, "scopes": scopes}), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
        };
        let unsuited = "unsupported scope applied to resource";
        check(&["pods"], json!(["BestEffort"]), &[]);
        check(&["pods"], json!(["bestEffort"]), &["unsupported scope"]);
        check(&["cpu"], json!(["BestEffort"]), &[unsuited]);
        check(&["cpu", "limits.memory"], json!(["NotBestEffort"]), &[]);
        check(&["services"], json!(["PriorityClass"]), &[unsuited]);
        check(&["hugepages-2Mi", "persistentvolumeclaims"], json!(["Terminating"]), &[unsuited]);
        check(&["requests.storage"], json!(["VolumeAttributesClass"]), &[]);
        assert!(is_known("VolumeAttributesClass", Release(33)) && !is_known("VolumeAttributesClass", Release(32)));
        check(&["count/pods"], json!(["BestEffort"]), &[]);
        check(&["pods"], json!(["Terminating", "NotTerminating"]), &["conflicting scopes"]);
    }

    #[test]
    fn selectors_of_scopes_have_operators_and_values_that_go_together() {
        let check = |requirement: Value, wanted: &[&str]| {
            let wanted: Vec<String> =
                wanted.iter().map(|text| format!("scopeSelector.matchExpressions{text}")).collect();
            let spec = json!({"hard": {"cpu": "1"}, "scopeSelector": {"matchExpressions": [requirement]}});
            check(spec, &wanted.iter().map(String::as_str).collect::<Vec<_>>());
        };
        check(json!({"scopeName": "PriorityClass", "operator": "In", "values": ["a"]}), &[]);
        check(
            json!({"scopeName": "PriorityClass", "operator": "In"}),
            &[
                ".values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            ],
        );
        check(
            json!({"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}),
            &[
                ".values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope \
               selector",
            ],
        );
        check(
            json!({"scopeName": "Terminating", "operator": "In", "values": ["a"]}),
            &[
                ".operator: Invalid value: \"In\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
               ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
               ResourceQuotaScopeCrossNamespacePodAffinity",
            ],
        );
        check(
            json!({"scopeName": "X", "operator": "x"}),
            &[
                ".scopeName: Invalid value: \"X\": unsupported scope",
                ".operator: Invalid value: \"x\": not a valid selector operator",
            ],
        );
        check(
            json!({"scopeName": "BestEffort", "operator": "Exists"}),
            &[": Invalid value: {\"MatchExpressions\":[{\"ScopeName\":\"BestEffort\",\"Operator\":\"Exists\",\
               \"Values\":null}]}: unsupported scope applied to resource"],
        );
    }

    #[test]
    fn conflicts_of_a_selector_show_the_plain_scopes() {
        let requirements =
            ["BestEffort", "NotBestEffort"].map(|scope| json!({"scopeName": scope, "operator": "Exists"}));
        check(
            json!({"scopeSelector": {"matchExpressions": requirements}}),
            &["scopeSelector.matchExpressions: Invalid value: null: conflicting scopes"],
        );
    }

    #[test]
    fn requests_are_not_to_be_more_than_limits() {
        let check = |hard: Value, wanted: &[&str]| {
            assert_eq!(warnings(&Field::root(&json!({"spec": {"hard": hard}}))), wanted);
        };
        check(json!({"requests.cpu": "1", "limits.cpu": "1"}), &[]);
        check(
            json!({"memory": "2Gi", "limits.memory": "1Gi", "cpu": "3", "requests.cpu": "1", "limits.cpu": "2"}),
            &["ResourceQuota memory (2Gi) should be less than limits.memory (1Gi)"],
        );
    }
}
