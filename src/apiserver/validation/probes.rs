//! Probes and lifecycle hooks of containers, and what they run (`validateProbe`, `validateLifecycle`, `validateHandler`).

use super::{names, nonnegative, one_of, ports};
use crate::apiserver::field::{Errors, Field};

/// Checks all probes and hooks of a container that may have them.
pub(super) fn validate(container: &Field<'_>, grace_period: Option<i64>, errors: &mut Errors) {
    if let Some(lifecycle) = container.get("lifecycle").set() {
        validate_lifecycle(&lifecycle, grace_period, errors);
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get(name).set() else { continue };
        validate_probe(&probe, grace_period, errors);
        let (threshold, grace) = (probe.get("successThreshold"), probe.get("terminationGracePeriodSeconds"));
        if name == "readinessProbe" {
            if grace.is_set() {
                errors.invalid(&grace, grace.int(), "must not be set for readinessProbes");
            }
        } else if threshold.int() != 1 {
            errors.invalid(&threshold, threshold.int(), "must be 1");
        }
    }
}

fn validate_probe(probe: &Field<'_>, grace_period: Option<i64>, errors: &mut Errors) {
    validate_handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], grace_period, errors);
    for name in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        nonnegative(&probe.get(name), errors);
    }
    let grace = probe.get("terminationGracePeriodSeconds");
    if grace.is_set() && grace.int() <= 0 {
        errors.invalid(&grace, grace.int(), "must be greater than 0");
    }
}

fn validate_lifecycle(lifecycle: &Field<'_>, grace_period: Option<i64>, errors: &mut Errors) {
    for name in ["postStart", "preStop"] {
        if let Some(handler) = lifecycle.get(name).set() {
            validate_handler(&handler, &["exec", "httpGet", "tcpSocket", "sleep"], grace_period, errors);
        }
    }
}

/// One of several ways to act; only the first one given is looked at.
fn validate_handler(handler: &Field<'_>, kinds: &[&'static str], grace_period: Option<i64>, errors: &mut Errors) {
    let mut given = kinds.iter().filter_map(|kind| handler.get(kind).set().map(|action| (*kind, action)));
    let Some((kind, action)) = given.next() else {
        return errors.required(handler, "must specify a handler type");
    };
    match kind {
        "exec" if action.get("command").is_empty() => errors.required(&action.get("command"), ""),
        "httpGet" => http_get(&action, errors),
        "tcpSocket" | "grpc" => ports::number_or_name(&action.get("port"), errors),
        "sleep" => sleep(&action, grace_period, errors),
        _ => {}
    }
    for (_, other) in given {
        errors.forbidden(&other, "may not specify more than 1 handler type");
    }
}

fn http_get(action: &Field<'_>, errors: &mut Errors) {
    if action.get("path").text().is_empty() {
        errors.required(&action.get("path"), "");
    }
    ports::number_or_name(&action.get("port"), errors);
    one_of(&action.get("scheme"), &["HTTP", "HTTPS"], errors);
    let headers = action.get("httpHeaders");
    for header in headers.items() {
        let name = header.get("name").text();
        errors.each_invalid(&headers, name, names::http_header_name(name));
    }
}

fn sleep(action: &Field<'_>, grace_period: Option<i64>, errors: &mut Errors) {
    let seconds = action.get("seconds").int();
    if let Some(grace) = grace_period.filter(|&grace| seconds < 0 || seconds > grace) {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.invalid(action, seconds, detail);
    }
}
