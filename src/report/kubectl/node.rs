//! What the views of a node share.

use serde_json::Value;

use super::fields::entries;

/// The roles of a node, sorted (`findNodeRoles`).
pub(super) fn roles(node: &Value) -> Vec<&str> {
    let mut roles: Vec<&str> = entries(&node["metadata"]["labels"])
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None => (key == "kubernetes.io/role").then_some(value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}
