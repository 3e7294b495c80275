//! LimitRanges that have their defaults (`ValidateLimitRange`).

use std::collections::{BTreeMap, BTreeSet};

use crate::api::quantity::{Format, Quantity};
use crate::apiserver::field::{Errors, Field, Path, Shown};
use crate::apiserver::validation::resources::{can_overcommit, container_resource_name, resource_name};
use crate::apiserver::validation::{names, quantity};

const STANDARD_TYPES: [&str; 3] = ["Pod", "Container", "PersistentVolumeClaim"];

/// Up to here amounts are compared in thousandths (`resource.MaxMilliValue`).
const MAX_MILLI_VALUE: i64 = i64::MAX / 1000;

/// Checks each item of a range. The server goes through resources in no order, here they come by name.
pub(super) fn validate(range: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for item in range.get("spec").get("limits").items() {
        let kind = item.get("type");
        type_name(&kind, errors);
        if !seen.insert(kind.text()) {
            errors.duplicate(&kind, Shown::word(kind.text()));
        }
        names_and_lists(&item, errors);
        let amounts = Amounts::of(&item);
        let lists = [&amounts.min, &amounts.max, &amounts.default, &amounts.default_request, &amounts.ratio];
        let names: BTreeSet<&str> = lists.into_iter().flat_map(BTreeMap::keys).copied().collect();
        names.into_iter().for_each(|name| amounts.check(name, &item.path, errors));
    }
}

/// `validateLimitRangeTypeName`.
fn type_name(kind: &Field<'_>, errors: &mut Errors) {
    let messages = names::label_key(kind.text());
    if messages.is_empty() && !kind.text().contains('/') && !STANDARD_TYPES.contains(&kind.text()) {
        errors.invalid(kind, Shown::word(kind.text()), "must be a standard limit type or fully qualified");
    }
    messages.into_iter().for_each(|message| errors.invalid(kind, Shown::word(kind.text()), message));
}

/// Which lists an item may have, and of what.
fn names_and_lists(item: &Field<'_>, errors: &mut Errors) {
    let kind = item.get("type").text();
    let names_of = |list: &'static str, errors: &mut Errors| {
        for (name, amount) in item.get(list).entries() {
            // Only a claim's limits are of storage (`validateLimitRangeResourceName`).
            match kind {
                "Pod" | "Container" => container_resource_name(name, &amount, errors),
                _ => _ = resource_name(name, &amount, errors),
            }
        }
    };
    names_of("max", errors);
    names_of("min", errors);
    for list in ["default", "defaultRequest"] {
        if kind != "Pod" {
            names_of(list, errors);
        } else if !item.get(list).is_empty() {
            errors.forbidden(&item.get(list), "may not be specified when `type` is 'Pod'");
        }
    }
    let has_storage = |list: &'static str| item.get(list).value.get("storage").is_some();
    if kind == "PersistentVolumeClaim" && !has_storage("min") && !has_storage("max") {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&item.path.child("limits"), detail);
    }
    names_of("maxLimitRequestRatio", errors);
}

/// The amounts of an item by resource.
struct Amounts<'v> {
    min: BTreeMap<&'v str, Quantity>,
    max: BTreeMap<&'v str, Quantity>,
    default: BTreeMap<&'v str, Quantity>,
    default_request: BTreeMap<&'v str, Quantity>,
    ratio: BTreeMap<&'v str, Quantity>,
}

impl<'v> Amounts<'v> {
    fn of(item: &Field<'v>) -> Amounts<'v> {
        let list = |name: &'static str| {
            let entries = item.get(name).entries();
            entries.filter_map(|(name, field)| Some((name, quantity(&field)?))).collect()
        };
        // Those of a pod are refused as a whole.
        let of_containers =
            |name: &'static str| if item.get("type").text() == "Pod" { BTreeMap::new() } else { list(name) };
        Amounts {
            min: list("min"),
            max: list("max"),
            default: of_containers("default"),
            default_request: of_containers("defaultRequest"),
            ratio: list("maxLimitRequestRatio"),
        }
    }

    /// Holds the amounts of one resource against each other.
    fn check(&self, name: &str, item: &Path, errors: &mut Errors) {
        let [min, max, default, default_request, ratio] =
            [&self.min, &self.max, &self.default, &self.default_request, &self.ratio].map(|list| list.get(name));
        let at = |list: &'static str| item.child(list).key(name);
        // What is not to be more than what, in the server's words, at whose place, and what is shown there.
        for (low, low_words, high, high_words, place, shown) in [
            (min, "min", max, "max", "min", min),
            (min, "min", default_request, "default request", "defaultRequest", default_request),
            (default_request, "default request", max, "max", "defaultRequest", default_request),
            (default_request, "default request", default, "default limit", "defaultRequest", default_request),
            (min, "min", default, "default", "default", min),
            (default, "default", max, "max", "default", max),
        ] {
            if let (Some(low), Some(high), Some(shown)) = (low, high, shown)
                && low > high
            {
                let detail = format!("{low_words} value {low} is greater than {high_words} value {high}");
                errors.invalid(&at(place), shown.to_string(), detail);
            }
        }
        if let Some(ratio) = ratio {
            check_ratio(ratio, min.zip(max), &at("maxLimitRequestRatio"), errors);
        }
        if let (Some(default), Some(request)) = (default, default_request)
            && !can_overcommit(name)
            && default != request
        {
            let detail = format!("default value {default} must equal to defaultRequest value {request} in {name}");
            errors.invalid(&at("defaultRequest"), request.to_string(), detail);
        }
    }
}

/// A ratio is 1 at least, and no more than what the bounds leave.
fn check_ratio(ratio: &Quantity, bounds: Option<(&Quantity, &Quantity)>, at: &Path, errors: &mut Errors) {
    if *ratio < Quantity::new(1, Format::DecimalSi) {
        errors.invalid(at, ratio.to_string(), format!("ratio {ratio} is less than 1"));
    }
    let Some((min, max)) = bounds else { return };
    let are_small = [ratio, min, max].iter().all(|amount| amount.value() < MAX_MILLI_VALUE);
    let (ratio_value, most) = if are_small {
        (ratio.milli_value() as f64 / 1000.0, max.milli_value() as f64 / min.milli_value() as f64)
    } else {
        (ratio.value() as f64, max.value() as f64 / min.value() as f64)
    };
    if ratio_value > most {
        // A minimum of 0 under a negative maximum.
        let most = if most.is_infinite() { "-Inf".to_owned() } else { format!("{most:.6}") };
        errors.invalid(at, ratio.to_string(), format!("ratio {ratio} is greater than max/min = {most}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::said;

    fn check(item: Value, wanted: &[&str]) {
        assert_eq!(said("LimitRange", json!({"spec": {"limits": [item]}})), wanted);
    }

    #[test]
    fn least_is_no_more_than_most() {
        check(json!({"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}}), &[]);
        check(
            json!({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}),
            &["spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"],
        );
        check(
            json!({"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}}),
            &["spec.limits[0].default[cpu]: Invalid value: \"1\": default value 2 is greater than max value 1"],
        );
        check(
            json!({"type": "Container", "min": {"cpu": "2"}, "default": {"cpu": "3"}, "defaultRequest": {"cpu": "1"}}),
            &[
                "spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default request value 1",
            ],
        );
        check(
            json!({"type": "Pod", "default": {"cpu": "2"}, "max": {"cpu": "1"}}),
            &["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
        );
    }

    #[test]
    fn types_are_known_or_qualified_and_come_once() {
        let refused = |text: &str| {
            format!("spec.limits[0].type: Invalid value: {text}: must be a standard limit type or fully qualified")
        };
        check(json!({"type": "container", "max": {"cpu": "1"}}), &[&refused("\"container\"")]);
        check(json!({"type": "example.com/Thing", "max": {"storage": "1"}}), &[]);
        let none = said("LimitRange", json!({"spec": {"limits": [{"max": {"cpu": "1"}}]}}));
        assert_eq!(none[0], "spec.limits[0].type: Invalid value: \"\": name part must be non-empty");
        let twice = json!({"spec": {"limits": [{"type": "Pod"}, {"type": "Pod"}]}});
        assert_eq!(said("LimitRange", twice), ["spec.limits[1].type: Duplicate value: \"Pod\""]);
    }

    #[test]
    fn resources_are_those_of_the_type() {
        let of_container = "Invalid value: \"storage\": must be a standard resource for containers";
        check(
            json!({"type": "Container", "max": {"storage": "1"}, "defaultRequest": {"storage": "1"}}),
            &[
                &format!("spec.limits[0].max[storage]: {of_container}"),
                &format!("spec.limits[0].defaultRequest[storage]: {of_container}"),
            ],
        );
        check(
            json!({"type": "Pod", "min": {"x": "1"}}),
            &[
                "spec.limits[0].min[x]: Invalid value: \"x\": must be a standard resource type or fully qualified",
                "spec.limits[0].min[x]: Invalid value: \"x\": must be a standard resource for containers",
            ],
        );
        check(json!({"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}}), &[]);
        check(
            json!({"type": "PersistentVolumeClaim", "min": {"cpu": "1"}}),
            &[
                "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
            ],
        );
    }

    #[test]
    fn ratios_lie_between_one_and_what_the_bounds_leave() {
        let check = |ratio: &str, min: &str, wanted: &[&str]| {
            let bounds = [("min", min), ("max", "2")].map(|(list, amount)| (list.to_owned(), json!({"cpu": amount})));
            let mut item = Value::Object(bounds.into_iter().collect());
            item["type"] = json!("Pod");
            item["maxLimitRequestRatio"] = json!({"cpu": ratio});
            let at = |detail: &&str| format!("spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: {detail}");
            let wanted: Vec<String> = wanted.iter().map(at).collect();
            assert_eq!(said("LimitRange", json!({"spec": {"limits": [item]}})), wanted);
        };
        check("2", "1", &[]);
        check("100", "0", &[]);
        check("500m", "1", &["\"500m\": ratio 500m is less than 1"]);
        check("4", "1", &["\"4\": ratio 4 is greater than max/min = 2.000000"]);
    }

    #[test]
    fn what_cannot_be_overcommitted_is_asked_for_as_it_is_limited() {
        check(json!({"type": "Container", "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}), &[]);
        check(
            json!({"type": "Container", "default": {"nvidia.com/gpu": "2"}, "defaultRequest": {"nvidia.com/gpu": "1"}}),
            &["spec.limits[0].defaultRequest[nvidia.com/gpu]: Invalid value: \"1\": default value 2 must equal to \
               defaultRequest value 1 in nvidia.com/gpu"],
        );
    }
}
