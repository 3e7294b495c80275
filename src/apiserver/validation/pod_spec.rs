//! `spec` of a pod (`ValidatePodSpec`).

use super::containers::Pod;
use super::{
    Options, claims, containers, env, ip, meta, names, one_of, resources, scheduling, security, volumes, windows,
};
use crate::apiserver::field::{Errors, Field};
use crate::apiserver::schema::print_as;

const MAX_NAMESERVERS: usize = 3;
const MAX_SEARCH_PATHS: usize = 32;
const MAX_SEARCH_LENGTH: usize = 2048;
const MAX_HOSTNAME_OVERRIDE: usize = 64;
const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// Checks `spec` of a pod template.
pub(super) fn validate(spec: &Field<'_>, options: &Options, errors: &mut Errors) {
    let claims = spec.get("resourceClaims");
    let pod = Pod {
        spec,
        volumes: volumes::validate(&spec.get("volumes"), options, errors),
        claims: claims.items().map(|claim| claim.get("name").text()).filter(|name| !name.is_empty()).collect(),
        options,
    };
    claims::validate_resource_claims(&claims, errors);
    pod.validate_containers(errors);
    resources::validate_pod(spec, &pod.claims, options, errors);
    host_network_ports(spec, errors);
    one_of(&spec.get("restartPolicy"), &["Always", "OnFailure", "Never"], errors);
    one_of(&spec.get("dnsPolicy"), &DNS_POLICIES, errors);
    meta::labels(&spec.get("nodeSelector"), errors);
    security::validate_pod(spec, options, errors);
    share_process_namespace(spec, errors);
    scheduling::validate_affinity(&spec.get("affinity"), options, errors);
    dns_config(spec, errors);
    for gate in spec.get("readinessGates").items() {
        let kind = gate.get("conditionType");
        errors.each_invalid(&kind, kind.text(), names::label_key(kind.text()));
    }
    scheduling::validate_scheduling_gates(&spec.get("schedulingGates"), errors);
    scheduling::validate_topology_spread(&spec.get("topologySpreadConstraints"), options, errors);
    windows::validate_host_process(spec, errors);
    host_users(spec, options, errors);
    hostname_override(spec, errors);
    subdomain(&spec.get("serviceAccountName"), errors);
    subdomain(&spec.get("nodeName"), errors);
    let deadline = spec.get("activeDeadlineSeconds");
    if let Some(problem) = deadline.opt_int().and_then(|seconds| names::in_range(seconds, 1, i64::from(i32::MAX))) {
        errors.invalid(&deadline, deadline.int(), problem);
    }
    for name in ["hostname", "subdomain"].map(|name| spec.get(name)) {
        if !name.text().is_empty() {
            errors.each_invalid(&name, name.text(), names::dns1123_label(name.text()));
        }
    }
    scheduling::validate_tolerations(&spec.get("tolerations"), options, errors);
    host_aliases(&spec.get("hostAliases"), errors);
    subdomain(&spec.get("priorityClassName"), errors);
    if let Some(class) = spec.get("runtimeClassName").set() {
        errors.each_invalid(&class, class.text(), names::dns1123_subdomain(class.text()));
    }
    preemption_policy(&spec.get("preemptionPolicy"), errors);
    resources::validate_overhead(&spec.get("overhead"), options, errors);
    windows::validate_os(spec, errors);
    env::file_key_volumes(spec, errors);
}

/// A name that may be left out.
fn subdomain(name: &Field<'_>, errors: &mut Errors) {
    if !name.text().is_empty() {
        errors.each_invalid(name, name.text(), names::dns1123_subdomain(name.text()));
    }
}

/// Of a pod or of a class (`ValidatePreemptionPolicy`).
pub(super) fn preemption_policy(policy: &Field<'_>, errors: &mut Errors) {
    match policy.text() {
        _ if !policy.is_set() => {}
        "" => errors.required(policy, ""),
        _ => one_of(policy, &["PreemptLowerPriority", "Never"], errors),
    }
}

/// In the host's network a port is the host's, or will be defaulted to it.
fn host_network_ports(spec: &Field<'_>, errors: &mut Errors) {
    if !spec.get("hostNetwork").is_true() {
        return;
    }
    for port in spec.get("containers").items().flat_map(|container| container.get("ports").items()) {
        let host = port.get("hostPort");
        if host.int() != 0 && host.int() != port.get("containerPort").int() {
            errors.invalid(&host, host.int(), "must match `containerPort` when `hostNetwork` is true");
        }
    }
}

fn share_process_namespace(spec: &Field<'_>, errors: &mut Errors) {
    let share = spec.get("shareProcessNamespace");
    if share.is_true() && spec.get("hostPID").is_true() {
        errors.invalid(&share, true, "ShareProcessNamespace and HostPID cannot both be enabled");
    }
}

fn dns_config(spec: &Field<'_>, errors: &mut Errors) {
    let config = spec.get("dnsConfig");
    let (servers, searches) = (config.get("nameservers"), config.get("searches"));
    if spec.get("dnsPolicy").text() == "None" {
        if !config.is_set() {
            return errors.required(&config, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            return errors.required(&servers, "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }
    }
    let refuse = |list: &Field<'_>, detail: String, errors: &mut Errors| {
        errors.invalid(list, print_as("[]string", list.value), detail);
    };
    if servers.len() > MAX_NAMESERVERS {
        refuse(&servers, format!("must not have more than {MAX_NAMESERVERS} nameservers"), errors);
    }
    for server in servers.items() {
        ip::validate(&server, errors);
    }
    if searches.len() > MAX_SEARCH_PATHS {
        refuse(&searches, format!("must not have more than {MAX_SEARCH_PATHS} search paths"), errors);
    }
    let length = searches.texts().map(|search| search.len() + 1).sum::<usize>().saturating_sub(1);
    if length > MAX_SEARCH_LENGTH {
        let detail =
            format!("must not have more than {MAX_SEARCH_LENGTH} characters (including spaces) in the search list");
        refuse(&searches, detail, errors);
    }
    for search in searches.items().filter(|search| search.text() != ".") {
        let name = search.text().strip_suffix('.').unwrap_or(search.text());
        errors.each_invalid(&search, name, names::dns1123_subdomain_with_underscore(name));
    }
    for option in config.get("options").items() {
        if option.get("name").text().is_empty() {
            errors.required(&option, "must not be empty");
        }
    }
}

/// A pod with users of its own shares little else with the host (`validateHostUsers`).
fn host_users(spec: &Field<'_>, options: &Options, errors: &mut Errors) {
    if spec.get("hostUsers").value != false {
        return;
    }
    let detail = "when `hostUsers` is false";
    for (name, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        let tolerated = name == "hostNetwork" && options.allow_user_namespaces_with_host_network;
        if spec.get(name).is_true() && !tolerated {
            errors.forbidden(&spec.path.child(shown), detail);
        }
    }
    for container in containers(spec).filter(|_| !options.allow_user_namespaces_with_volume_devices) {
        if !container.get("volumeDevices").is_empty() {
            errors.forbidden(&container.get("volumeDevices"), detail);
        }
    }
}

fn hostname_override(spec: &Field<'_>, errors: &mut Errors) {
    let name = spec.get("hostnameOverride");
    if !name.is_set() {
        return;
    }
    if spec.get("setHostnameAsFQDN").is_true() {
        errors.forbidden(&name, "may not be specified when setHostnameAsFQDN is true");
    }
    if spec.get("hostNetwork").is_true() {
        errors.forbidden(&name, "may not be specified when hostNetwork is true");
    }
    if name.text().len() > MAX_HOSTNAME_OVERRIDE {
        errors.too_long(&name, MAX_HOSTNAME_OVERRIDE);
    }
    errors.each_invalid(&name, name.text(), names::dns1123_subdomain(name.text()));
}

fn host_aliases(aliases: &Field<'_>, errors: &mut Errors) {
    for alias in aliases.items() {
        ip::validate(&alias.get("ip"), errors);
        for name in alias.get("hostnames").items() {
            errors.each_invalid(&name, name.text(), names::dns1123_subdomain(name.text()));
        }
    }
}
