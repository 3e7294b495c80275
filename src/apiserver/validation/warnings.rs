//! What the server accepts but warns of (`WarningsForJobSpec`, `GetWarningsForPodTemplate`).

use std::collections::{BTreeMap, BTreeSet};

use super::overlaps;
use super::{containers, ip, job, names, quantity};
use crate::api::quote::quote;
use crate::apiserver::field::Field;

const COMPLETIONS_SOFT_LIMIT: i64 = 100_000;
const PARALLELISM_SOFT_LIMIT: i64 = 10_000;
const DEPRECATED_NODE_LABELS: [(&str, &str); 8] = [
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"),
    ("scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"),
];
const DEPRECATED_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];
const DEPRECATED_VOLUMES: [(&str, &str, &str); 9] = [
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Warnings of the name of a new Job or CronJob.
pub(super) fn of_name(name: &str) -> Vec<String> {
    not_a_label(name, "Pod names and hostnames")
}

/// Warnings of the name of a new pod.
pub(super) fn of_pod_name(name: &str) -> Vec<String> {
    not_a_label(name, "the Pod's hostname")
}

fn not_a_label(name: &str, used_in: &str) -> Vec<String> {
    let messages = names::dns1123_label(name);
    if messages.is_empty() {
        return messages;
    }
    vec![format!(
        "metadata.name: this is used in {used_in}, which can result in surprising behavior; a DNS label is recommended: [{}]",
        messages.join(" ")
    )]
}

/// Warnings of the specification of a Job.
pub(super) fn of_job_spec(spec: &Field<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let (completions, parallelism) = (spec.get("completions").int(), spec.get("parallelism").int());
    if job::is_indexed(spec) && completions > COMPLETIONS_SOFT_LIMIT && parallelism > PARALLELISM_SOFT_LIMIT {
        warnings.push(format!(
            "{}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
             Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
            spec.path
        ));
    }
    of_pod(&spec.get("template"), &mut warnings);
    warnings
}

/// Warnings of a pod or a template of pods (`warningsForPodSpecAndMeta`).
pub(super) fn of_pod(pod: &Field<'_>, warnings: &mut Vec<String>) {
    let (spec, annotations) = (pod.get("spec"), pod.get("metadata").get("annotations"));
    of_node_labels(&spec, warnings);
    for (key, message) in DEPRECATED_ANNOTATIONS {
        if annotations.value.get(key).is_some() {
            warnings.push(format!("{}: {message}", annotations.path.key(key)));
        }
    }
    of_volumes(&spec.get("volumes"), warnings);
    overlaps::of_volumes(&spec.get("volumes"), warnings);
    of_repeated(&spec.get("hostAliases"), "ip", warnings);
    of_repeated(&spec.get("imagePullSecrets"), "name", warnings);
    for name in spec.get("imagePullSecrets").items().map(|secret| secret.get("name")) {
        if name.text().is_empty() {
            warnings.push(format!("{}: invalid empty name \"\"", name.path));
        }
    }
    of_fractions(&spec.get("overhead"), warnings);
    of_profiles(&spec, &annotations, warnings);
    of_ports(&spec, warnings);
    let grace = spec.get("terminationGracePeriodSeconds");
    if grace.int() < 0 {
        warnings.push(format!("{}: must be >= 0; negative values are invalid and will be treated as 1", grace.path));
    }
    of_pod_affinity(&spec.get("affinity"), warnings);
    let addresses = spec.get("dnsConfig").get("nameservers").items();
    let aliases = spec.get("hostAliases").items().map(|alias| alias.get("ip"));
    warnings.extend(addresses.chain(aliases).filter_map(|address| ip::warning(&address)));
}

fn deprecated_node_label(key: &str) -> Option<&'static str> {
    DEPRECATED_NODE_LABELS.iter().find(|(label, _)| *label == key).map(|(_, message)| *message)
}

fn of_node_labels(spec: &Field<'_>, warnings: &mut Vec<String>) {
    for (key, label) in spec.get("nodeSelector").entries() {
        warnings.extend(deprecated_node_label(key).map(|message| format!("{}: {message}", label.path)));
    }
    let affinity = spec.get("affinity").get("nodeAffinity");
    let required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution").get("nodeSelectorTerms").items();
    for term in required {
        of_node_selector_term(&term, false, warnings);
    }
    for preferred in affinity.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
        of_node_selector_term(&preferred.get("preference"), true, warnings);
    }
    for constraint in spec.get("topologySpreadConstraints").items() {
        let (key, selector) = (constraint.get("topologyKey"), constraint.get("labelSelector"));
        warnings.extend(deprecated_node_label(key.text()).map(|why| format!("{}: {} is {why}", key.path, key.text())));
        of_absent_selector(&selector, warnings);
    }
}

fn of_node_selector_term(term: &Field<'_>, weighted: bool, warnings: &mut Vec<String>) {
    for expression in term.get("matchExpressions").items() {
        let key = expression.get("key");
        warnings.extend(deprecated_node_label(key.text()).map(|why| format!("{}: {} is {why}", key.path, key.text())));
        // A required term with such a value is refused.
        for value in expression.get("values").items().filter(|_| weighted) {
            for message in names::label_value(value.text()) {
                warnings.push(format!("{}: {} is invalid, {message}", value.path, value.text()));
            }
        }
    }
}

fn of_absent_selector(selector: &Field<'_>, warnings: &mut Vec<String>) {
    if !selector.is_set() {
        warnings.push(format!("{}: a null labelSelector results in matching no pod", selector.path));
    }
}

fn of_volumes(volumes: &Field<'_>, warnings: &mut Vec<String>) {
    for volume in volumes.items() {
        for (name, shown, message) in &DEPRECATED_VOLUMES[..7] {
            if volume.get(name).is_set() {
                warnings.push(format!("{}: {message}", volume.path.child(shown)));
            }
        }
        let resources = volume.get("ephemeral").get("volumeClaimTemplate").get("spec").get("resources");
        for list in ["requests", "limits"] {
            of_fraction(&resources.get(list), "storage", warnings);
        }
        for (name, shown, message) in &DEPRECATED_VOLUMES[7..] {
            if volume.get(name).is_set() {
                warnings.push(format!("{}: {message}", volume.path.child(shown)));
            }
        }
    }
}

fn of_repeated(list: &Field<'_>, name: &'static str, warnings: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for field in list.items().map(|item| item.get(name)) {
        if !seen.insert(field.text()) {
            warnings.push(format!("{}: duplicate {name} {}", field.path, quote(field.text())));
        }
    }
}

fn of_fractions(amounts: &Field<'_>, warnings: &mut Vec<String>) {
    of_fraction(amounts, "memory", warnings);
    of_fraction(amounts, "ephemeral-storage", warnings);
}

/// Bytes do not come in parts.
fn of_fraction(amounts: &Field<'_>, name: &str, warnings: &mut Vec<String>) {
    let Some(value) = amounts.value.get(name) else { return };
    let at = Field { value, path: amounts.path.key(name) };
    if let Some(amount) = quantity(&at).filter(|amount| amount.milli_value() % 1000 != 0) {
        let shown = quote(&amount.to_string());
        warnings.push(format!("{}: fractional byte value {shown} is invalid, must be an integer", at.path));
    }
}

/// Warnings of each container: profiles by annotation, parts of bytes, variables that hide others.
fn of_profiles(spec: &Field<'_>, annotations: &Field<'_>, warnings: &mut Vec<String>) {
    const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod";
    let annotation = |key: &str| annotations.value.get(key).and_then(|value| value.as_str());
    let of_key = |key: &str, why: &str| format!("{}: {why}", annotations.path.key(key));
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    let context = spec.get("securityContext");
    if !context.get("seccompProfile").is_set() && annotation(SECCOMP).is_some() {
        warnings.push(of_key(SECCOMP, seccomp));
    }
    for container in containers(spec) {
        let (own, name) = (container.get("securityContext"), container.get("name").text());
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        if !own.get("seccompProfile").is_set() && annotation(&key).is_some() {
            warnings.push(of_key(&key, seccomp));
        }
        let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
        if let Some(profile) = annotation(&key).filter(|_| !own.get("appArmorProfile").is_set())
            && !says_the_same(&context.get("appArmorProfile"), profile)
        {
            warnings.push(of_key(&key, "deprecated since v1.30; use the \"appArmorProfile\" field instead"));
        }
        let resources = container.get("resources");
        for amount in ["memory", "ephemeral-storage"] {
            of_fraction(&resources.get("limits"), amount, warnings);
            of_fraction(&resources.get("requests"), amount, warnings);
        }
        of_env(&container.get("env"), warnings);
    }
}

/// Is the pod's AppArmor profile the one of an annotation (`ApparmorFieldForAnnotation`)?
fn says_the_same(profile: &Field<'_>, annotation: &str) -> bool {
    let (kind, file) = (profile.get("type").text(), profile.get("localhostProfile"));
    match annotation {
        _ if !profile.is_set() => false,
        "unconfined" => kind == "Unconfined" && !file.is_set(),
        "runtime/default" => kind == "RuntimeDefault" && !file.is_set(),
        _ => match annotation.strip_prefix("localhost/") {
            Some(path) if !path.is_empty() => kind == "Localhost" && file.text() == path,
            _ => false,
        },
    }
}

/// A variable may build on one of the same name before it, but not replace it.
fn of_env(env: &Field<'_>, warnings: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for variable in env.items() {
        let (name, value) = (variable.get("name").text(), variable.get("value").text());
        let reference = format!("$({name})");
        let builds_on = !variable.get("valueFrom").is_set() && value != reference && value.contains(&reference);
        if !seen.insert(name) && !builds_on {
            let hides = format!("hides previous definition of {}", quote(name));
            warnings.push(format!("{}: {hides}, which may be dropped when using apply", variable.path));
        }
    }
}

fn of_ports(spec: &Field<'_>, warnings: &mut Vec<String>) {
    let all = || containers(spec).flat_map(|container| container.get("ports").items());
    let mut by_number: BTreeMap<(i64, &str), Vec<Field<'_>>> = BTreeMap::new();
    for port in all() {
        let (host, address) = (port.get("hostPort").int(), port.get("hostIP").text());
        if !address.is_empty() && host == 0 {
            // Go prints the struct, fields by name.
            let text = |name: &'static str| port.get(name).text();
            warnings.push(format!(
                "{}: hostIP set without hostPort: {{Name:{} HostPort:0 ContainerPort:{} Protocol:{} HostIP:{address}}}",
                port.path,
                text("name"),
                port.get("containerPort").int(),
                text("protocol"),
            ));
        }
        let others = by_number.entry((port.get("containerPort").int(), port.get("protocol").text())).or_default();
        for other in others.iter() {
            let (other_host, other_address) = (other.get("hostPort").int(), other.get("hostIP").text());
            let how = if address == other_address && host == other_host {
                "duplicate"
            } else if host == 0 || other_host == 0 {
                "overlapping"
            } else if host == other_host && address.is_empty() != other_address.is_empty() {
                "dangerously ambiguous"
            } else {
                continue;
            };
            warnings.push(format!("{}: {how} port definition with {}", port.path, other.path));
        }
        others.push(port);
    }
    let mut by_name: BTreeMap<&str, Field<'_>> = BTreeMap::new();
    for port in all().filter(|port| !port.get("name").text().is_empty()) {
        let name = port.get("name").text();
        match by_name.get(name) {
            None => {
                by_name.insert(name, port);
            }
            Some(other) => warnings.push(format!(
                "{}: duplicate port name {} with {other}, services and probes that select ports by name will use {other}",
                port.path,
                quote(name),
                other = other.path
            )),
        }
    }
}

fn of_pod_affinity(affinity: &Field<'_>, warnings: &mut Vec<String>) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let terms = affinity.get(kind);
        for term in terms.get("requiredDuringSchedulingIgnoredDuringExecution").items() {
            of_absent_selector(&term.get("labelSelector"), warnings);
        }
        for weighted in terms.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
            of_absent_selector(&weighted.get("podAffinityTerm").get("labelSelector"), warnings);
        }
    }
}
