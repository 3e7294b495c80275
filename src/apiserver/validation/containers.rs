//! Containers, init containers and ephemeral containers of a pod (`validateContainers` and its likes).

use std::collections::BTreeSet;

use super::resources::Owner;
use super::volumes::{Volumes, pull_policy};
use super::{Options, env, mounts, names, one_of, ports, probes, resources, restart_rules, security};
use crate::apiserver::field::{Errors, Field, Shown};

/// Fields that an ephemeral container cannot have, in the server's order.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// What the containers of a pod depend on.
pub(super) struct Pod<'v, 'o> {
    /// `spec` of the pod.
    pub(super) spec: &'o Field<'v>,
    /// Volumes that can be mounted.
    pub(super) volumes: Volumes<'v>,
    /// Names of the pod's resource claims.
    pub(super) claims: BTreeSet<&'v str>,
    /// What an update relaxes.
    pub(super) options: &'o Options,
}

impl Pod<'_, '_> {
    fn grace_period(&self) -> Option<i64> {
        self.spec.get("terminationGracePeriodSeconds").opt_int()
    }

    /// Are the users in the pod those of the host? They are unless it says no.
    fn host_users(&self) -> bool {
        self.spec.get("hostUsers").value != false
    }

    /// Checks all containers of all kinds.
    pub(super) fn validate_containers(&self, errors: &mut Errors) {
        self.app_containers(errors);
        self.init_containers(errors);
        self.ephemeral_containers(errors);
    }

    fn app_containers(&self, errors: &mut Errors) {
        let containers = self.spec.get("containers");
        if containers.is_empty() {
            return errors.required(&containers, "");
        }
        let mut seen = BTreeSet::new();
        for container in containers.items() {
            self.common(&container, errors);
            let name = container.get("name");
            if !seen.insert(name.text()) {
                errors.duplicate(&name, name.text());
            }
            probes::validate(&container, self.grace_period(), errors);
            restart_rules::validate_of_app(&container, errors);
        }
        ports::host_port_conflicts(containers.items(), errors);
    }

    fn init_containers(&self, errors: &mut Errors) {
        let mut seen: BTreeSet<&str> = self.spec.get("containers").items().map(|c| c.get("name").text()).collect();
        let containers = self.spec.get("initContainers");
        for container in containers.items() {
            self.common(&container, errors);
            let (name, policy) = (container.get("name"), container.get("restartPolicy"));
            restart_rules::validate_of_init(&container, errors);
            if seen.contains(name.text()) {
                errors.duplicate(&name, name.text());
            } else if !name.text().is_empty() {
                seen.insert(name.text());
            }
            // One after the other they run, so each is looked at alone; the index in the error is always 0.
            let alone = container.clone().standing_at(containers.path.index(0));
            ports::host_port_conflicts(std::iter::once(alone), errors);
            let is_sidecar = policy.text() == "Always";
            if is_sidecar {
                probes::validate(&container, self.grace_period(), errors);
            } else {
                for name in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                    if container.get(name).is_set() {
                        let detail = "may not be set for init containers without restartPolicy=Always";
                        errors.forbidden(&container.get(name), detail);
                    }
                }
            }
            let restarts = |policy: &Field<'_>| policy.text() == "RestartContainer";
            let policies = container.get("resizePolicy").items().map(|policy| policy.get("restartPolicy"));
            for policy in policies.filter(restarts) {
                if !is_sidecar && !self.options.allow_restart_of_init_container {
                    let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                    errors.invalid(&policy, Shown::word(policy.text()), detail);
                }
            }
        }
    }

    /// They are checked although a template cannot have them.
    fn ephemeral_containers(&self, errors: &mut Errors) {
        let list = |name: &'static str| self.spec.get(name).items();
        let others: BTreeSet<&str> =
            list("containers").chain(list("initContainers")).map(|container| container.get("name").text()).collect();
        let mut seen = others.clone();
        for container in list("ephemeralContainers") {
            self.common(&container, errors);
            let (name, image) = (container.get("name"), container.get("image"));
            no_blanks_around(&image, errors);
            if !seen.insert(name.text()) {
                errors.duplicate(&name, name.text());
            }
            let target = container.get("targetContainerName");
            if !target.text().is_empty() && !others.contains(target.text()) {
                errors.not_found(&target, target.text());
            }
            for name in NOT_EPHEMERAL {
                let field = container.get(name);
                // An empty list is something to Go, and so is an empty probe; resources are a struct that is always there.
                let is_zero =
                    field.value.is_null() || (name == "resources" && field.entries().all(|(_, of)| of.value.is_null()));
                if !is_zero {
                    errors.forbidden(&field, "cannot be set for an Ephemeral Container");
                }
            }
            for mount in container.get("volumeMounts").items() {
                for path in ["subPath", "subPathExpr"].map(|name| mount.get(name)) {
                    if !path.text().is_empty() {
                        errors.forbidden(&path, "cannot be set for an Ephemeral Container");
                    }
                }
            }
        }
    }

    /// What holds for containers of any kind (`validateContainerCommon`).
    fn common(&self, container: &Field<'_>, errors: &mut Errors) {
        let (name, image) = (container.get("name"), container.get("image"));
        if name.text().is_empty() {
            errors.required(&name, "");
        } else {
            errors.each_invalid(&name, name.text(), names::dns1123_label(name.text()));
        }
        if image.text().is_empty() {
            errors.required(&image, "");
        }
        one_of(&container.get("terminationMessagePolicy"), &["File", "FallbackToLogsOnError"], errors);
        ports::validate(&container.get("ports"), errors);
        env::validate(&container.get("env"), errors);
        env::validate_from(&container.get("envFrom"), errors);
        mounts::validate(container, &self.volumes, errors);
        mounts::validate_devices(container, &self.volumes, errors);
        pull_policy(&container.get("imagePullPolicy"), errors);
        resources::validate(&container.get("resources"), Owner::Container, &self.claims, self.options, errors);
        self.resize_policy(&container.get("resizePolicy"), errors);
        security::validate_container(&container.get("securityContext"), self.host_users(), self.options, errors);
    }

    /// How a change of resources is carried out (`validateResizePolicy`); errors name the list, not the item.
    fn resize_policy(&self, policies: &Field<'_>, errors: &mut Errors) {
        let mut seen = BTreeSet::new();
        let word = |item: &Field<'_>, supported: &[&str], errors: &mut Errors| match item.text() {
            "" => errors.required(policies, ""),
            _ => one_of(&item.clone().standing_at(policies.path.clone()), supported, errors),
        };
        for policy in policies.items() {
            let (resource, restart) = (policy.get("resourceName"), policy.get("restartPolicy"));
            if !seen.insert(resource.text()) {
                errors.duplicate(&policy, Shown::word(resource.text()));
            }
            word(&resource, &["cpu", "memory"], errors);
            word(&restart, &["NotRequired", "RestartContainer"], errors);
            if self.spec.get("restartPolicy").text() == "Never" && restart.text() != "NotRequired" {
                let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
                errors.invalid(policies, Shown::word(restart.text()), detail);
            }
        }
    }
}

/// What no container of a pod may have, though those of templates may (`validateContainerOnlyForPod`).
pub(super) fn no_blanks_around(image: &Field<'_>, errors: &mut Errors) {
    if image.text().trim().len() != image.text().len() {
        errors.invalid(image, image.text(), "must not have leading or trailing whitespace");
    }
}
