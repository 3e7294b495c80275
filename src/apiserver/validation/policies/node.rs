//! Nodes (`ValidateNode`).

use std::collections::BTreeSet;

use crate::apiserver::field::{Errors, Field, Path};
use crate::apiserver::schema::print_as;
use crate::apiserver::validation::resources::validate_amount;
use crate::apiserver::validation::{cidr, names, one_of, quantity};

/// Checks taints, amounts and networks.
pub(super) fn validate(node: &Field<'_>, errors: &mut Errors) {
    // The server takes its errors of taints and of swap to be of the metadata.
    let metadata = Path::root().child("metadata");
    taints(&node.get("spec").get("taints").standing_at(metadata.child("taints")), errors);
    for list in ["capacity", "allocatable"] {
        let list = node.get("status").get(list);
        for (name, field) in list.entries() {
            // A step of a path without a name prints as a key.
            let at = if name.is_empty() { list.path.key(name) } else { list.path.named(name) };
            if let Some(amount) = quantity(&field) {
                validate_amount(name, &amount, &at, errors);
            }
        }
    }
    // `validateNodeSwapStatus`.
    let swap = node.get("status").get("nodeInfo").get("swap").get("capacity");
    if swap.opt_int().is_some_and(|bytes| bytes <= 0) {
        errors.invalid(&metadata.child("nodeSwapStatus.capacity"), swap.int(), "must be greater than zero");
    }
    pod_cidrs(&node.get("spec").get("podCIDRs"), errors);
}

/// `validateNodeTaints`.
fn taints(taints: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for taint in taints.items() {
        let (key, value, effect) = (taint.get("key"), taint.get("value"), taint.get("effect"));
        errors.each_invalid(&key, key.text(), names::label_key(key.text()));
        let messages = names::label_value(value.text());
        if !messages.is_empty() {
            errors.invalid(&value, value.text(), messages.join(";"));
        }
        if effect.text().is_empty() {
            errors.required(&effect, "");
        } else {
            one_of(&effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"], errors);
        }
        if !seen.insert((effect.text(), key.text())) {
            let detail = "taints must be unique by key and effect pair";
            errors.duplicate_because(&taint, print_as("Taint", taint.value), detail);
        }
    }
}

/// Networks of its pods: one of a family.
fn pod_cidrs(cidrs: &Field<'_>, errors: &mut Errors) {
    cidrs.items().for_each(|cidr| cidr::validate(&cidr, errors));
    if cidrs.len() < 2 {
        return;
    }
    let networks: Vec<_> = cidrs.texts().map(cidr::parse_sloppy).collect();
    let wrong = cidrs.texts().zip(&networks).position(|(_, network)| network.is_none());
    if let Some((i, text)) = wrong.and_then(|i| Some((i, cidrs.texts().nth(i)?))) {
        errors.internal(
            cidrs,
            format!(
                "invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[{i}]: <nil> (invalid CIDR \
                 address: {text})"
            ),
        );
    }
    let families: BTreeSet<bool> = networks.iter().flatten().map(|network| network.is_ipv4()).collect();
    if wrong.is_some() || families.len() < 2 || cidrs.len() > 2 {
        let shown = print_as("[]string", cidrs.value);
        errors.invalid(cidrs, shown, "may specify no more than one CIDR for each IP family");
    }
}

/// What the server warns of (`nodeWarnings`).
pub(super) fn warnings(node: &Field<'_>) -> Vec<String> {
    let spec = node.get("spec");
    let is_old = !spec.get("externalID").text().is_empty();
    let of_id = is_old.then(|| "spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
    of_id.into_iter().chain(spec.get("podCIDRs").items().filter_map(|cidr| cidr::warning(&cidr))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::said;
    use super::*;

    fn check(node: Value, wanted: &[&str]) {
        assert_eq!(said("Node", node), wanted);
    }

    #[test]
    fn taints_have_a_key_a_value_and_an_effect() {
        let check = |taint: Value, wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|text| format!("metadata.taints[0].{text}")).collect();
            check(json!({"spec": {"taints": [taint]}}), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
        };
        check(json!({"key": "example.com/a", "value": "v", "effect": "NoExecute"}), &[]);
        check(json!({"key": "a"}), &["effect: Required value"]);
        check(
            json!({"key": "a", "effect": "Noschedule"}),
            &[
                "effect: Unsupported value: \"Noschedule\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"",
            ],
        );
        let qualified = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation \
                         is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
        check(
            json!({"key": "a b", "effect": "NoSchedule"}),
            &[&format!("key: Invalid value: \"a b\": name part {qualified}")],
        );
        check(
            json!({"effect": "NoSchedule"}),
            &[
                "key: Invalid value: \"\": name part must be non-empty",
                &format!("key: Invalid value: \"\": name part {qualified}"),
            ],
        );
        check(
            json!({"key": "a", "value": "x".repeat(64), "effect": "NoSchedule"}),
            &[&format!("value: Invalid value: \"{}\": must be no more than 63 bytes", "x".repeat(64))],
        );
    }

    #[test]
    fn taints_differ_in_key_or_effect() {
        let taints = ["NoSchedule", "NoExecute", "NoSchedule"].map(|effect| json!({"key": "a", "effect": effect}));
        check(
            json!({"spec": {"taints": taints}}),
            &["metadata.taints[2]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\
               \"TimeAdded\":null}: taints must be unique by key and effect pair"],
        );
    }

    #[test]
    fn amounts_are_not_negative_and_whole_where_they_are_counted() {
        let check = |name: &str, amount: &str, wanted: &[&str]| {
            let wanted: Vec<String> =
                wanted.iter().map(|text| format!("status.capacity.{name}: Invalid value: {text}")).collect();
            check(
                json!({"status": {"capacity": {name: amount}}}),
                &wanted.iter().map(String::as_str).collect::<Vec<_>>(),
            );
        };
        check("cpu", "1500m", &[]);
        check("cpu", "-1", &["\"-1\": must be greater than or equal to 0"]);
        check("pods", "1.5", &["\"1500m\": must be an integer"]);
        check("nvidia.com/gpu", "0.5", &["\"500m\": must be an integer"]);
        super::tests::check(
            json!({"status": {"nodeInfo": {"swap": {"capacity": 0}}}}),
            &["metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero"],
        );
    }

    #[test]
    fn networks_of_pods_are_one_of_a_family() {
        let check = |cidrs: Value, wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|text| format!("spec.podCIDRs{text}")).collect();
            check(json!({"spec": {"podCIDRs": cidrs}}), &wanted.iter().map(String::as_str).collect::<Vec<_>>());
        };
        check(json!(["10.0.0.0/24", "fd00::/64"]), &[]);
        check(
            json!(["10.0.0.0/24", "10.0.1.0/24"]),
            &[
                ": Invalid value: [\"10.0.0.0/24\",\"10.0.1.0/24\"]: may specify no more than one CIDR for each IP family",
            ],
        );
        let form = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        check(
            json!(["fd00::/64", "x"]),
            &[
                &format!("[1]: Invalid value: \"x\": {form}"),
                ": Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[1]: <nil> \
               (invalid CIDR address: x)",
                ": Invalid value: [\"fd00::/64\",\"x\"]: may specify no more than one CIDR for each IP family",
            ],
        );
    }

    #[test]
    fn ids_of_old_and_long_networks_are_warned_of() {
        let node = json!({"spec": {"externalID": "x", "podCIDRs": ["FD00:0::/64"]}});
        assert_eq!(
            warnings(&Field::root(&node)),
            [
                "spec.externalID: this field is deprecated, and is unused by Kubernetes",
                "spec.podCIDRs[0]: IPv6 CIDR value \"FD00:0::/64\" should be in RFC 5952 canonical format (\"fd00::/64\")",
            ]
        );
    }
}
