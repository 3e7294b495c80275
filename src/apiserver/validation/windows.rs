//! What depends on the operating system a pod is for, and Windows' own options (`validateOS`, `validateWindows`,
//! `validateWindowsSecurityContextOptions`, `validateWindowsHostProcessPod`).

use super::security::ALLOW_PRIVILEGED;
use super::{containers, names};
use crate::apiserver::field::{Errors, Field, Shown};

const MAX_CREDENTIAL_SPEC: usize = 64 * 1024;
const MAX_DOMAIN: usize = 256;
const MAX_USER: usize = 104;
/// What only Linux knows, in a pod's security context.
const LINUX_OF_PODS: [&str; 11] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
];
/// What only Linux knows, in a container's security context.
const LINUX_OF_CONTAINERS: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// Checks `os` of a pod, and that nothing in it belongs to the other one.
pub(super) fn validate_os(pod: &Field<'_>, errors: &mut Errors) {
    let os = pod.get("os");
    match os.get("name").text() {
        _ if !os.is_set() => {}
        "" => errors.required(&os.get("name"), ""),
        "linux" => linux(pod, errors),
        "windows" => windows(pod, errors),
        unknown => errors.not_supported(&os, Shown::word(unknown), &["linux", "windows"]),
    }
}

fn linux(pod: &Field<'_>, errors: &mut Errors) {
    for owner in std::iter::once(pod.clone()).chain(containers(pod)) {
        let options = owner.get("securityContext").get("windowsOptions");
        if options.is_set() {
            errors.forbidden(&options, "windows options cannot be set for a linux pod");
        }
    }
}

fn windows(pod: &Field<'_>, errors: &mut Errors) {
    let mut refuse = |field: Field<'_>, given: bool| {
        if given {
            errors.forbidden(&field, "cannot be set for a windows pod");
        }
    };
    let context = pod.get("securityContext");
    for name in LINUX_OF_PODS {
        let field = context.get(name);
        let given = if name == "sysctls" { !field.is_empty() } else { field.is_set() };
        refuse(field, given);
    }
    for name in ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] {
        let field = pod.get(name);
        // Two of them can only be said to be on.
        let given =
            if name.starts_with("hostU") || name.starts_with("share") { field.is_set() } else { field.is_true() };
        refuse(field, given);
    }
    for container in containers(pod) {
        let context = container.get("securityContext");
        for name in LINUX_OF_CONTAINERS {
            let field = context.get(name);
            let given = field.is_set();
            refuse(field, given);
        }
    }
}

/// Checks `windowsOptions` of a security context.
pub(super) fn validate_options(options: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (options.get("gmsaCredentialSpecName"), options.get("gmsaCredentialSpec"));
    if name.is_set() {
        for message in names::dns1123_subdomain(name.text()) {
            errors.invalid(&name, Shown::word(name.text()), message);
        }
    }
    let problem = match spec.text().len() {
        0 => "gmsaCredentialSpec cannot be an empty string",
        length if length > MAX_CREDENTIAL_SPEC => "gmsaCredentialSpec size must be under 64 KiB",
        _ => "",
    };
    if spec.is_set() && !problem.is_empty() {
        errors.invalid(&spec, Shown::word(spec.text()), problem);
    }
    if let Some(user) = options.get("runAsUserName").set() {
        for problem in user_name(user.text()) {
            errors.invalid(&user, Shown::word(user.text()), format!("runAsUserName{problem}"));
        }
    }
}

/// What is wrong with a `DOMAIN\USER` or `USER`.
fn user_name(name: &str) -> Vec<String> {
    if name.is_empty() {
        return vec![" cannot be an empty string".to_owned()];
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return vec![" cannot contain control characters".to_owned()];
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => return vec![" cannot contain more than one backslash".to_owned()],
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    let checks = [
        (
            domain.is_none_or(|domain| domain.len() < MAX_DOMAIN),
            format!("'s Domain length must be under {MAX_DOMAIN} characters"),
        ),
        (
            domain.is_none_or(|domain| is_netbios(domain) || is_dns(domain)),
            "'s Domain doesn't match the NetBios nor the DNS format".to_owned(),
        ),
        (!user.is_empty(), "'s User cannot be empty".to_owned()),
        (user.len() <= MAX_USER, format!("'s User length must not be longer than {MAX_USER} characters")),
        (
            user.is_empty() || !user.chars().all(|c| c == '.' || c == ' '),
            "'s User cannot contain only periods or spaces".to_owned(),
        ),
        (
            !user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']),
            "'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]".to_owned(),
        ),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, problem)| problem).collect()
}

fn is_netbios(domain: &str) -> bool {
    let count = domain.chars().count();
    let reserved = domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|']);
    (1..=15).contains(&count) && !reserved && !domain.starts_with('.')
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let bytes = label.as_bytes();
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let inner = bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && inner
    })
}

/// Checks that all or none of a pod's containers are processes of the host.
pub(super) fn validate_host_process(pod: &Field<'_>, errors: &mut Errors) {
    fn flag<'v>(owner: &Field<'v>) -> Field<'v> {
        owner.get("securityContext").get("windowsOptions").get("hostProcess")
    }
    let of_pod = flag(pod).value.as_bool();
    let (mut all, mut host) = (0, 0);
    for container in containers(pod) {
        let field = flag(&container);
        let own = field.value.as_bool();
        all += 1;
        host += usize::from(own.or(of_pod) == Some(true));
        if let Some((pod, own)) = of_pod.zip(own).filter(|(pod, own)| pod != own) {
            let detail = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.invalid(&field, own, detail);
        }
    }
    if host == 0 {
        return;
    }
    if host != all {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.invalid(pod, "", detail);
    }
    if !pod.get("hostNetwork").is_true() {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&pod.get("hostNetwork"), false, detail);
    }
    if !ALLOW_PRIVILEGED {
        errors.forbidden(pod, "hostProcess containers are disallowed by cluster policy");
    }
}
