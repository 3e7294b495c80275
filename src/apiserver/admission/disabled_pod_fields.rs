//! Fields of pods behind feature gates that are off: the server drops them (`dropDisabledFields`).

use serde_json::Value;

use crate::api::release::{Release, Rules};

/// What one gate stands for: is it on, and paths from the spec of pods, where `*` is each container and `[]` each item.
type Gated = (fn(&Rules) -> bool, &'static [&'static str]);

/// Fields that only have to go.
const GATED: [Gated; 8] = [
    (|rules| rules.has_pod_level_resources, &["resources"]),
    (|rules| rules.has_resource_claims, &["resourceClaims", "*.resources.claims"]),
    (|rules| rules.has_host_users, &["hostUsers"]),
    (|rules| rules.has_resize_policy, &["*.resizePolicy"]),
    (|rules| rules.has_supplemental_groups_policy, &["securityContext.supplementalGroupsPolicy"]),
    (|rules| rules.has_selinux_change_policy, &["securityContext.seLinuxChangePolicy"]),
    (|rules| rules.has_env_files, &["*.env[].valueFrom.fileKeyRef"]),
    (|rules| rules.has_hostname_override, &["hostnameOverride"]),
];

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Drops them from the spec of pods, unless the stored one has some of the same gate.
pub(super) fn drop_pod_fields(spec: &mut Value, old: Option<&Value>, rules: &Rules) {
    for (is_on, paths) in GATED {
        let in_use = || old.is_some_and(|old| paths.iter().any(|path| has(old, path)));
        if !is_on(rules) && !in_use() {
            paths.iter().for_each(|path| remove_at(spec, path));
        }
    }
    if !rules.has_image_volumes && !old.is_some_and(|old| has(old, "volumes[].image")) {
        drop_image_volumes(spec);
    }
    if !rules.has_container_restart_rules && !old.is_some_and(has_restart_rules) {
        drop_restart_rules(spec, rules.release);
    }
}

/// Before 1.34 a restart policy that no sidecar has is no field of a gate but a mistake.
fn drop_restart_rules(spec: &mut Value, release: Release) {
    for kind in CONTAINERS {
        for container in spec.get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten() {
            remove(container, "restartPolicyRules");
            if release >= Release(34) && (kind != "initContainers" || container["restartPolicy"] != "Always") {
                remove(container, "restartPolicy");
            }
        }
    }
}

/// Volumes of images go whole, with what mounts them (`dropImageVolumes`).
fn drop_image_volumes(spec: &mut Value) {
    let is_image = |volume: &Value| !volume["image"].is_null();
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    let gone: Vec<Value> = volumes.filter(|volume| is_image(volume)).map(|volume| volume["name"].clone()).collect();
    if gone.is_empty() {
        return;
    }
    retain(spec, "volumes", |volume| !is_image(volume));
    for kind in CONTAINERS {
        for container in spec.get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten() {
            retain(container, "volumeMounts", |mount| !gone.contains(&mount["name"]));
        }
    }
}

/// Do containers have a word of their own on restarts, which sidecars have anyway (`containerRestartRulesInUse`)?
fn has_restart_rules(spec: &Value) -> bool {
    let containers = |kind: &str| spec[kind].as_array().into_iter().flatten();
    let has_rules =
        |container: &Value| container["restartPolicyRules"].as_array().is_some_and(|rules| !rules.is_empty());
    let is_other = |container: &Value| !container["restartPolicy"].is_null() && container["restartPolicy"] != "Always";
    containers("initContainers").any(|container| is_other(container) || has_rules(container))
        || containers("containers").any(|container| !container["restartPolicy"].is_null())
}

/// Is anything set at the end of a path?
fn has(value: &Value, path: &str) -> bool {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let within = |value: &Value| rest.map_or(!value.is_null(), |rest| has(value, rest));
    let items = |name: &str| value[name].as_array().into_iter().flatten();
    match step.strip_suffix("[]") {
        _ if step == "*" => CONTAINERS.iter().any(|kind| items(kind).any(within)),
        Some(list) => items(list).any(within),
        None => within(&value[step]),
    }
}

/// Takes away what is set there.
fn remove_at(value: &mut Value, path: &str) {
    let Some((step, rest)) = path.split_once('.') else { return remove(value, path) };
    let lists = match step.strip_suffix("[]") {
        _ if step == "*" => &CONTAINERS[..],
        Some(list) => &[list],
        None => {
            if let Some(inner) = value.get_mut(step) {
                remove_at(inner, rest);
            }
            return;
        }
    };
    for list in lists {
        let items = value.get_mut(list).and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(|item| remove_at(item, rest));
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove(field);
    }
}

/// Keeps some items of a list, which goes with its last one.
fn retain(object: &mut Value, field: &str, keeps: impl Fn(&Value) -> bool) {
    let Some(items) = object.get_mut(field).and_then(Value::as_array_mut) else { return };
    items.retain(keeps);
    if items.is_empty() {
        remove(object, field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::release::Kubernetes;
    use serde_json::json;

    fn at(release: u8, pod: &Value, old: Option<&Value>) -> Value {
        let mut spec = pod.clone();
        drop_pod_fields(&mut spec, old, &Kubernetes::of(Release(release)).rules());
        spec
    }

    #[test]
    fn what_containers_say_of_restarts_is_dropped() {
        let rules = json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]);
        let container = |policy: &str| json!({"restartPolicy": policy, "restartPolicyRules": rules});
        let pod = json!({
            "resources": {"requests": {"cpu": "1"}},
            "initContainers": [container("Always"), container("Never")],
            "containers": [container("Never")],
        });
        let own = |policy: &str| json!({"restartPolicy": policy});
        let refused = json!({"initContainers": [own("Always"), own("Never")], "containers": [own("Never")]});
        let dropped = json!({
            "initContainers": [own("Always"), {}], "containers": [{}], "resources": pod["resources"],
        });
        assert_eq!([33, 34, 35].map(|release| at(release, &pod, None)), [refused, dropped, pod.clone()]);
        assert_eq!(at(33, &pod, Some(&pod)), pod);
    }

    #[test]
    fn fields_go_with_their_gates() {
        let pod = json!({
            "hostUsers": false,
            "hostnameOverride": "h",
            "resourceClaims": [{"name": "gpu"}],
            "securityContext": {"runAsUser": 1, "supplementalGroupsPolicy": "Strict", "seLinuxChangePolicy": "Recursive"},
            "volumes": [{"name": "i", "image": {"reference": "r"}}],
            "containers": [{
                "name": "c",
                "resources": {"limits": {"cpu": "1"}, "claims": [{"name": "gpu"}]},
                "resizePolicy": [{}],
                "env": [{"name": "a", "valueFrom": {"fileKeyRef": {}}}, {"name": "b", "value": "x"}],
                "volumeMounts": [{"name": "i"}],
            }],
        });
        let left = json!({
            "securityContext": {"runAsUser": 1},
            "containers": [{
                "name": "c", "resources": {"limits": {"cpu": "1"}},
                "env": [{"name": "a", "valueFrom": {}}, {"name": "b", "value": "x"}],
            }],
        });
        assert_eq!(at(32, &pod, None), left);
        assert_eq!(at(35, &pod, None), pod);
        assert_eq!(at(32, &pod, Some(&pod)), pod);
        let of = |release: u8, field: &str| !at(release, &pod, None)[field].is_null();
        let first = |field: &str| (29..=37).find(|release| of(*release, field));
        let found = ["hostUsers", "hostnameOverride", "resourceClaims", "volumes"].map(first);
        assert_eq!(found, [Some(33), Some(35), Some(34), Some(35)]);
    }
}
