//! Ports of containers (`validateContainerPorts`, `checkHostPortConflicts`).

use std::collections::BTreeSet;

use super::{names, one_of};
use crate::apiserver::field::{Errors, Field};

/// Checks the ports of one container.
pub(super) fn validate(ports: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let (name, number, host) = (port.get("name"), port.get("containerPort"), port.get("hostPort"));
        if !name.text().is_empty() {
            let messages = names::port_name(name.text());
            if messages.is_empty() && !seen.insert(name.text()) {
                errors.duplicate(&name, name.text());
            }
            errors.each_invalid(&name, name.text(), messages);
        }
        if number.int() == 0 {
            errors.required(&number, "");
        } else {
            range(&number, errors);
        }
        if host.int() != 0 {
            range(&host, errors);
        }
        one_of(&port.get("protocol"), &["SCTP", "TCP", "UDP"], errors);
    }
}

/// A port given by number or by name (`ValidatePortNumOrName`).
pub(super) fn number_or_name(port: &Field<'_>, errors: &mut Errors) {
    if port.value.is_string() {
        errors.each_invalid(port, port.text(), names::port_name(port.text()));
    } else {
        range(port, errors);
    }
}

fn range(port: &Field<'_>, errors: &mut Errors) {
    if let Some(problem) = names::port_number(port.int()) {
        errors.invalid(port, port.int(), problem);
    }
}

/// No two containers can have the same port of the host.
pub(super) fn host_port_conflicts<'v>(containers: impl Iterator<Item = Field<'v>>, errors: &mut Errors) {
    let mut taken = BTreeSet::new();
    for port in containers.flat_map(|container| container.get("ports").items()) {
        let host = port.get("hostPort");
        let name = format!("{}/{}/{}", port.get("protocol").text(), port.get("hostIP").text(), host.int());
        if host.int() != 0 && !taken.insert(name.clone()) {
            errors.duplicate(&host, name);
        }
    }
}
