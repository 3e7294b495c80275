//! Security contexts of pods and containers (`validatePodSpecSecurityContext`, `ValidateSecurityContext`).

use std::collections::BTreeSet;

use super::{Options, names, one_of, paths, windows};
use crate::api::release::Release;
use crate::apiserver::field::{Errors, Field, Shown};
use crate::apiserver::schema::print_as;

/// Can containers be privileged (`--allow-privileged`)? The server's own default is no, that of every installer yes.
pub(super) const ALLOW_PRIVILEGED: bool = true;
const MAX_LOCALHOST_PROFILE: usize = 4095;
const MAX_SYSCTL: usize = 253;
const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// Checks the security context of a pod.
pub(super) fn validate_pod(pod: &Field<'_>, options: &Options, errors: &mut Errors) {
    let Some(context) = pod.get("securityContext").set() else { return };
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        id(&context.get(name), errors);
    }
    for group in context.get("supplementalGroups").items() {
        id(&group, errors);
    }
    sysctls(&context.get("sysctls"), pod, options, errors);
    optional_word(&context.get("fsGroupChangePolicy"), &["Always", "OnRootMismatch"], errors);
    seccomp(&context.get("seccompProfile"), errors);
    windows::validate_options(&context.get("windowsOptions"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
    optional_word(&context.get("supplementalGroupsPolicy"), &["Merge", "Strict"], errors);
    // MountOption is behind the gate SELinuxMount, which is on since 1.37.
    let change_policies: &[&str] =
        if errors.release >= Release(37) { &["MountOption", "Recursive"] } else { &["Recursive"] };
    optional_word(&context.get("seLinuxChangePolicy"), change_policies, errors);
}

/// Checks the security context of a container.
pub(super) fn validate_container(context: &Field<'_>, host_users: bool, options: &Options, errors: &mut Errors) {
    if !context.is_set() {
        return;
    }
    if context.get("privileged").is_true() && !ALLOW_PRIVILEGED {
        errors.forbidden(&context.get("privileged"), "disallowed by cluster policy");
    }
    id(&context.get("runAsUser"), errors);
    id(&context.get("runAsGroup"), errors);
    let proc_mount = context.get("procMount");
    optional_word(&proc_mount, &["Default", "Unmasked"], errors);
    if host_users && proc_mount.text() == "Unmasked" {
        errors.invalid(&proc_mount, Shown::word("Unmasked"), "`hostUsers` must be false to use `Unmasked`");
    }
    seccomp(&context.get("seccompProfile"), errors);
    if context.get("allowPrivilegeEscalation").value == false {
        let mut refuse = |of: &str| {
            let detail = format!("cannot set `allowPrivilegeEscalation` to false and {of}");
            errors.invalid(context, print_as("SecurityContext", context.value), detail);
        };
        if context.get("privileged").is_true() {
            refuse("`privileged` to true");
        }
        let added = context.get("capabilities").get("add");
        for _ in added.texts().filter(|c| *c == "CAP_SYS_ADMIN" && !options.allow_sys_admin_without_escalation) {
            refuse("`capabilities.Add` CAP_SYS_ADMIN");
        }
    }
    windows::validate_options(&context.get("windowsOptions"), errors);
    app_armor(&context.get("appArmorProfile"), errors);
}

fn id(id: &Field<'_>, errors: &mut Errors) {
    if let Some(problem) = names::user_or_group_id(id.int()) {
        errors.invalid(id, id.int(), problem);
    }
}

fn optional_word(word: &Field<'_>, supported: &[&str], errors: &mut Errors) {
    if word.is_set() {
        one_of(word, supported, errors);
    }
}

fn sysctls(sysctls: &Field<'_>, pod: &Field<'_>, options: &Options, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for sysctl in sysctls.items() {
        let name = sysctl.get("name");
        if name.text().is_empty() {
            errors.required(&name, "");
        } else if !is_sysctl_name(name.text()) {
            let detail = format!(
                "must have at most {MAX_SYSCTL} characters and match regex \
                 ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
            );
            errors.invalid(&name, name.text(), detail);
        } else if seen.contains(name.text()) {
            errors.duplicate(&name, name.text());
        }
        if !options.allow_host_sysctls
            && let Some(detail) = host_sysctl(name.text(), pod)
        {
            errors.invalid(&name, name.text(), detail);
        }
        seen.insert(name.text());
    }
}

/// Is it a setting that the pod shares with its host (`ValidateHostSysctl`)?
pub(super) fn host_sysctl(name: &str, pod: &Field<'_>) -> Option<&'static str> {
    // Slashes may stand for dots if the first separator is a slash (`NormalizeName`).
    let name = match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => {
            let swap = |c| {
                if c == '/' {
                    '.'
                } else if c == '.' {
                    '/'
                } else {
                    c
                }
            };
            name.chars().map(swap).collect()
        }
        _ => name.to_owned(),
    };
    let is_net = name.starts_with("net.");
    let of_ipc = ["kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax"];
    let is_ipc = of_ipc.contains(&name.as_str())
        || ["kernel.shmmni", "kernel.shm_rmid_forced"].contains(&name.as_str())
        || name.starts_with("fs.mqueue.");
    if is_net && pod.get("hostNetwork").is_true() {
        return Some("may not be specified when 'hostNetwork' is true");
    }
    (is_ipc && pod.get("hostIPC").is_true()).then_some("may not be specified when 'hostIPC' is true")
}

fn is_sysctl_name(name: &str) -> bool {
    let segment = |segment: &str| {
        let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let bytes = segment.as_bytes();
        edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|&b| inner(b))
    };
    name.len() <= MAX_SYSCTL && name.split(['.', '/']).all(segment)
}

fn seccomp(profile: &Field<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "" => errors.required(&kind, "type is required when seccompProfile is set"),
        _ => one_of(&kind, &PROFILES, errors),
    }
    match (kind.text() == "Localhost", file.is_set()) {
        (true, false) => errors.required(&file, "must be set when seccomp type is Localhost"),
        (true, true) => paths::local_descending(&file, file.text(), errors),
        (false, true) => {
            let value = print_as("SeccompProfile", profile.value);
            errors.invalid(&file, value, "can only be set when seccomp type is Localhost");
        }
        (false, false) => {}
    }
}

fn app_armor(profile: &Field<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.get("type"), profile.get("localhostProfile"));
    match kind.text() {
        "Localhost" => {
            let missing = "must be set when AppArmor type is Localhost";
            let trimmed = file.text().trim();
            if !file.is_set() {
                return errors.required(&file, missing);
            }
            if trimmed != file.text() {
                errors.invalid(&file, file.text(), "must not be padded with whitespace");
            } else if trimmed.is_empty() {
                errors.required(&file, missing);
            }
            if file.text().len() > MAX_LOCALHOST_PROFILE {
                errors.too_long(&file, MAX_LOCALHOST_PROFILE);
            }
        }
        "RuntimeDefault" | "Unconfined" if file.is_set() => {
            errors.invalid(&file, Shown::word(file.text()), "can only be set when AppArmor type is Localhost");
        }
        "" => errors.required(&kind, "type is required when appArmorProfile is set"),
        _ => one_of(&kind, &PROFILES, errors),
    }
}
