//! Where a pod may run: affinity, tolerations, topology spread, gates (`validateAffinity`, `ValidateTolerations`, ...).

use std::collections::{BTreeMap, BTreeSet};
use std::num::IntErrorKind;

use super::{Options, names, one_of, selector};
use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field, Shown};

/// Checks the affinities of a pod.
pub(super) fn validate_affinity(affinity: &Field<'_>, options: &Options, errors: &mut Errors) {
    let node = affinity.get("nodeAffinity");
    if let Some(required) = node.get("requiredDuringSchedulingIgnoredDuringExecution").set() {
        let terms = required.get("nodeSelectorTerms");
        if terms.is_empty() {
            errors.required(&terms, "must have at least one node selector term");
        }
        for term in terms.items() {
            node_selector_term(&term, options.allow_invalid_label_value_in_node_affinity, errors);
        }
    }
    for preferred in node.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
        weight(&preferred.get("weight"), errors);
        node_selector_term(&preferred.get("preference"), true, errors);
    }
    for pods in [affinity.get("podAffinity"), affinity.get("podAntiAffinity")] {
        for term in pods.get("requiredDuringSchedulingIgnoredDuringExecution").items() {
            pod_affinity_term(&term, options, errors);
        }
        for weighted in pods.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
            weight(&weighted.get("weight"), errors);
            pod_affinity_term(&weighted.get("podAffinityTerm"), options, errors);
        }
    }
}

fn weight(weight: &Field<'_>, errors: &mut Errors) {
    if !(1..=100).contains(&weight.int()) {
        errors.invalid(weight, weight.int(), "must be in the range 1-100");
    }
}

fn node_selector_term(term: &Field<'_>, lenient: bool, errors: &mut Errors) {
    for expression in term.get("matchExpressions").items() {
        let (operator, values) = (expression.get("operator"), expression.get("values"));
        match operator.text() {
            "In" | "NotIn" if values.is_empty() => {
                errors.required(&values, "must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                errors.forbidden(&values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
            "Gt" | "Lt" if values.len() != 1 => {
                errors.required(&values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            unknown => errors.invalid(&operator, Shown::word(unknown), "not a valid selector operator"),
        }
        label_name(&expression.get("key"), errors);
        for value in values.items().filter(|_| !lenient) {
            errors.each_invalid(&value, value.text(), names::label_value(value.text()));
        }
    }
    for field in term.get("matchFields").items() {
        let (key, operator, values) = (field.get("key"), field.get("operator"), field.get("values"));
        match operator.text() {
            "In" | "NotIn" if values.len() != 1 => {
                let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                errors.required(&values, detail);
            }
            "In" | "NotIn" => {}
            unknown => errors.invalid(&operator, Shown::word(unknown), "not a valid selector operator"),
        }
        if key.text() != "metadata.name" {
            errors.invalid(&key, key.text(), "not a valid field selector key");
            continue;
        }
        for value in values.items() {
            errors.each_invalid(&value, value.text(), names::dns1123_subdomain(value.text()));
        }
    }
}

fn label_name(name: &Field<'_>, errors: &mut Errors) {
    errors.each_invalid(name, name.text(), names::label_key(name.text()));
}

fn pod_affinity_term(term: &Field<'_>, options: &Options, errors: &mut Errors) {
    let lenient = options.allow_invalid_label_value_in_selector;
    for name in ["labelSelector", "namespaceSelector"] {
        selector::validate(&term.get(name), lenient, errors);
    }
    let place = term.path.child("namespace");
    for namespace in term.get("namespaces").texts() {
        errors.each_invalid(&place, namespace, names::dns1123_label(namespace));
    }
    label_keys(term, errors);
    let key = term.get("topologyKey");
    if key.text().is_empty() {
        errors.required(&key, "can not be empty");
    }
    label_name(&key, errors);
}

/// `matchLabelKeys` and `mismatchLabelKeys` add to a selector, which must be there
/// (`ValidateMatchLabelKeysAndMismatchLabelKeys`).
fn label_keys(term: &Field<'_>, errors: &mut Errors) {
    let (keys, mismatch, selector) =
        (term.get("matchLabelKeys"), term.get("mismatchLabelKeys"), term.get("labelSelector"));
    for list in [&keys, &mismatch] {
        if !list.is_empty() && !selector.is_set() {
            errors.forbidden(list, "must not be specified when labelSelector is not set");
            continue;
        }
        for key in list.items() {
            label_name(&key, errors);
        }
    }
    // The server itself adds the keys of the pod's labels to the expressions; a key from elsewhere is one too many.
    let position: BTreeMap<&str, usize> = keys.texts().enumerate().map(|(i, key)| (key, i)).collect();
    let mut selected: BTreeSet<&str> = selector.get("matchLabels").entries().map(|(key, _)| key).collect();
    for key in selector.get("matchExpressions").items().map(|expression| expression.get("key").text()) {
        if let Some(&i) = position.get(key).filter(|_| selected.contains(key)) {
            errors.invalid(&term.path.index(i), key, "exists in both matchLabelKeys and labelSelector");
        }
        selected.insert(key);
    }
    let mismatched: BTreeSet<&str> = mismatch.texts().collect();
    for key in keys.items().filter(|key| mismatched.contains(key.text())) {
        errors.invalid(&key, key.text(), "exists in both matchLabelKeys and mismatchLabelKeys");
    }
}

/// Checks a list of tolerations.
pub(super) fn validate_tolerations(tolerations: &Field<'_>, options: &Options, errors: &mut Errors) {
    const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    for toleration in tolerations.items() {
        let (key, operator) = (toleration.get("key"), toleration.get("operator"));
        let (value, effect) = (toleration.get("value").text(), toleration.get("effect"));
        if !key.text().is_empty() {
            label_name(&key, errors);
        } else if operator.text() != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.invalid(&operator, Shown::word(operator.text()), detail);
        }
        if toleration.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&effect, Shown::word(effect.text()), detail);
        }
        match operator.text() {
            "Equal" | "" => {
                let messages = names::label_value(value);
                if !messages.is_empty() {
                    errors.invalid(&operator, value, messages.join(";"));
                }
            }
            "Exists" if !value.is_empty() => {
                errors.invalid(&operator, value, "value must be empty when `operator` is 'Exists'");
            }
            "Exists" => {}
            "Lt" | "Gt" if options.allow_comparing_tolerations => decimal(&toleration.get("value"), errors),
            // Known, but behind a feature gate that is off.
            "Lt" | "Gt" => {
                errors.not_supported(&operator, Shown::word(operator.text()), &["Equal", "Exists", "Lt", "Gt"]);
            }
            unknown => errors.not_supported(&operator, Shown::word(unknown), &["Equal", "Exists"]),
        }
        if !effect.text().is_empty() {
            one_of(&effect, &EFFECTS, errors);
        }
    }
}

/// Is it a number that a taint's value can be compared with (`IsDecimalInteger`, and what `strconv.ParseInt` reads)?
fn decimal(value: &Field<'_>, errors: &mut Errors) {
    let text = value.text();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !digits.starts_with('0'));
    if text.is_empty() {
        errors.invalid(value, text, "must be non-empty");
    } else if !is_canonical {
        errors.invalid(value, text, "must be a valid decimal integer in canonical form");
    }
    if let Err(problem) = text.parse::<i64>() {
        let what = match problem.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        errors.invalid(value, text, format!("strconv.ParseInt: parsing {}: {what}", quote(text)));
    }
}

/// Does any compare the taint's value with its own (`taintTolerationComparisonOperatorsInUse`)?
pub(super) fn has_comparing_toleration(tolerations: &Field<'_>) -> bool {
    tolerations.items().any(|toleration| matches!(toleration.get("operator").text(), "Lt" | "Gt"))
}

/// Checks `topologySpreadConstraints` of a pod.
pub(super) fn validate_topology_spread(constraints: &Field<'_>, options: &Options, errors: &mut Errors) {
    // How many constraints with this key and action are still to come.
    let mut ahead: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for constraint in constraints.items() {
        *ahead
            .entry((constraint.get("topologyKey").text(), constraint.get("whenUnsatisfiable").text()))
            .or_default() += 1;
    }
    for constraint in constraints.items() {
        let (skew, key, action) =
            (constraint.get("maxSkew"), constraint.get("topologyKey"), constraint.get("whenUnsatisfiable"));
        positive(&skew, errors);
        if key.text().is_empty() {
            errors.required(&key, "can not be empty");
        }
        one_of(&action, &["DoNotSchedule", "ScheduleAnyway"], errors);
        if let Some(left) = ahead.get_mut(&(key.text(), action.text())) {
            *left -= 1;
            if *left > 0 {
                let both = format!("{{{}, {}}}", key.text(), action.text());
                errors.duplicate(&constraint.path.child("{topologyKey, whenUnsatisfiable}"), both);
            }
        }
        if let Some(domains) = constraint.get("minDomains").set() {
            positive(&domains, errors);
            if action.text() != "DoNotSchedule" {
                let detail =
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", action.text());
                errors.invalid(&domains, domains.int(), detail);
            }
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"].map(|name| constraint.get(name)) {
            if policy.is_set() {
                one_of(&policy, &["Honor", "Ignore"], errors);
            }
        }
        if options.old_match_label_keys_are_invalid {
            legacy_label_keys(&constraint, errors);
        } else {
            label_keys(&constraint, errors);
        }
        if !options.allow_invalid_topology_spread_selector {
            selector::validate(&constraint.get("labelSelector"), false, errors);
        }
    }
}

fn positive(number: &Field<'_>, errors: &mut Errors) {
    if number.int() <= 0 {
        errors.invalid(number, number.int(), "must be greater than zero");
    }
}

/// The rule of servers before 1.34 (`ValidateMatchLabelKeysInTopologySpread`).
fn legacy_label_keys(constraint: &Field<'_>, errors: &mut Errors) {
    let (keys, selector) = (constraint.get("matchLabelKeys"), constraint.get("labelSelector"));
    if keys.is_empty() {
        return;
    }
    if !selector.is_set() {
        errors.forbidden(&keys, "must not be specified when labelSelector is not set");
    }
    let labels = selector.get("matchLabels").entries().map(|(key, _)| key);
    let expressions = selector.get("matchExpressions").items().map(|expression| expression.get("key").text());
    let selected: BTreeSet<&str> = labels.chain(expressions).collect();
    for key in keys.items() {
        label_name(&key, errors);
        if selected.contains(key.text()) {
            errors.invalid(&key, key.text(), "exists in both matchLabelKeys and labelSelector");
        }
    }
}

/// Has a constraint keys that today's rule refuses?
pub(super) fn has_invalid_match_label_keys(constraints: &Field<'_>) -> bool {
    let mut errors = Errors::default();
    constraints.items().for_each(|constraint| label_keys(&constraint, &mut errors));
    !errors.list.is_empty()
}

/// Has a selector of pods a value that is no label value (`hasInvalidLabelValueInAffinitySelector`)?
pub(super) fn has_invalid_pod_selector_value(affinity: &Field<'_>) -> bool {
    let kinds = [affinity.get("podAffinity"), affinity.get("podAntiAffinity")];
    let terms = kinds.iter().flat_map(|pods| {
        let weighted = pods.get("preferredDuringSchedulingIgnoredDuringExecution").items();
        let required = pods.get("requiredDuringSchedulingIgnoredDuringExecution").items();
        required.chain(weighted.map(|weighted| weighted.get("podAffinityTerm")))
    });
    let mut terms = terms;
    terms.any(|term| {
        ["labelSelector", "namespaceSelector"].iter().any(|name| selector::has_invalid_value(&term.get(name)))
    })
}

/// Has a required node affinity a value that is no label value?
pub(super) fn has_invalid_node_value(affinity: &Field<'_>) -> bool {
    let required = affinity.get("nodeAffinity").get("requiredDuringSchedulingIgnoredDuringExecution");
    let terms = required.get("nodeSelectorTerms").items();
    let mut values = terms.flat_map(|term| term.get("matchExpressions").items()).flat_map(|e| e.get("values").texts());
    values.any(|value| !names::label_value(value).is_empty())
}

/// Checks the gates that hold a pod back (`validateSchedulingGates`); errors name the item.
pub(super) fn validate_scheduling_gates(gates: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for gate in gates.items() {
        let name = gate.get("name").text();
        errors.each_invalid(&gate, name, names::label_key(name));
        if !seen.insert(name) {
            errors.duplicate(&gate, name);
        }
    }
}
