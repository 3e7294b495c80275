//! Rules that an update relaxes, so that an object stored by an older server can still be changed
//! (`GetValidationOptionsFromPodSpecAndMeta`): what the old one broke the new one may break too.

use super::{containers, pod_template, projected, quantity, resources, scheduling, security, selector};
use crate::apiserver::field::Field;

/// Which rules are relaxed; none for a new object.
#[derive(Default)]
pub(super) struct Options {
    /// Of a Job made before its pods bore the prefixed labels.
    pub(super) allow_missing_prefixed_labels: bool,
    pub(super) allow_invalid_deletion_cost: bool,
    pub(super) allow_invalid_label_value_in_selector: bool,
    pub(super) allow_invalid_label_value_in_node_affinity: bool,
    pub(super) allow_invalid_topology_spread_selector: bool,
    pub(super) old_match_label_keys_are_invalid: bool,
    pub(super) allow_indivisible_huge_pages: bool,
    pub(super) allow_non_local_token_path: bool,
    pub(super) allow_host_sysctls: bool,
    pub(super) allow_restart_of_init_container: bool,
    pub(super) allow_user_namespaces_with_volume_devices: bool,
    pub(super) allow_user_namespaces_with_host_network: bool,
    pub(super) allow_empty_image_reference: bool,
    pub(super) allow_sys_admin_without_escalation: bool,
    pub(super) allow_comparing_tolerations: bool,
}

impl Options {
    /// For an update of an object with this pod template.
    pub(super) fn for_update(old: &Field<'_>) -> Options {
        let spec = old.get("spec");
        let own_users = spec.get("hostUsers").value == false;
        let mut sysctls = spec.get("securityContext").get("sysctls").items();
        let init = || spec.get("initContainers").items().filter(|c| c.get("restartPolicy").text() != "Always");
        let mut init_policies = init().flat_map(|container| container.get("resizePolicy").items());
        Options {
            allow_missing_prefixed_labels: false,
            allow_invalid_deletion_cost: pod_template::has_invalid_deletion_cost(old),
            allow_invalid_label_value_in_selector: scheduling::has_invalid_pod_selector_value(&spec.get("affinity")),
            allow_invalid_label_value_in_node_affinity: scheduling::has_invalid_node_value(&spec.get("affinity")),
            allow_invalid_topology_spread_selector: spec
                .get("topologySpreadConstraints")
                .items()
                .any(|constraint| selector::is_invalid(&constraint.get("labelSelector"))),
            old_match_label_keys_are_invalid: scheduling::has_invalid_match_label_keys(
                &spec.get("topologySpreadConstraints"),
            ),
            allow_indivisible_huge_pages: has_indivisible_huge_pages(&spec),
            allow_non_local_token_path: projected::has_non_local_token_path(&spec.get("volumes")),
            allow_host_sysctls: sysctls.any(|s| security::host_sysctl(s.get("name").text(), &spec).is_some()),
            allow_restart_of_init_container: init_policies
                .any(|policy| policy.get("restartPolicy").text() == "RestartContainer"),
            allow_user_namespaces_with_volume_devices: own_users
                && containers(&spec).any(|container| !container.get("volumeDevices").is_empty()),
            allow_user_namespaces_with_host_network: own_users && spec.get("hostNetwork").is_true(),
            allow_empty_image_reference: spec
                .get("volumes")
                .items()
                .map(|volume| volume.get("image"))
                .any(|image| image.is_set() && image.get("reference").text().is_empty()),
            allow_sys_admin_without_escalation: containers(&spec).any(|container| {
                let context = container.get("securityContext");
                let mut added = context.get("capabilities").get("add").texts();
                context.get("allowPrivilegeEscalation").value == false && added.any(|c| c == "CAP_SYS_ADMIN")
            }),
            allow_comparing_tolerations: scheduling::has_comparing_toleration(&spec.get("tolerations")),
        }
    }
}

fn has_indivisible_huge_pages(spec: &Field<'_>) -> bool {
    let of_containers = containers(spec).flat_map(|container| {
        let resources = container.get("resources");
        resources.get("limits").entries().chain(resources.get("requests").entries())
    });
    of_containers.chain(spec.get("overhead").entries()).any(|(name, amount)| {
        let amount = quantity(&amount).filter(|_| name.starts_with("hugepages-"));
        amount.is_some_and(|amount| !resources::is_divisible(name, &amount))
    })
}
