//! What a new pod asks for and may use where it does not say so itself.

use std::sync::Arc;

use crate::api::pod::{Container, PodTemplate};
use crate::api::resources::{self, ResourceList};

/// A container that limits a resource and asks for none of it asks for as much (`SetDefaults_Pod`). That is so of what is
/// written, before a LimitRange adds to it.
pub(super) fn default_container_requests(template: &mut PodTemplate) {
    for container in template.init_containers.iter_mut().chain(&mut template.containers) {
        for (name, amount) in &container.resources.limits {
            container.resources.requests.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    }
}

/// A pod that says something of its resources as a whole has the rest from its containers (`DefaultPodLevelResources`).
/// Each step reads what the one before has set.
pub(super) fn default_pod_resources(template: &mut PodTemplate) {
    if template.resources.requests.is_empty() && template.resources.limits.is_empty() {
        return;
    }
    huge_page_limits(template);
    requests(template);
    limits(template);
}

/// `defaultHugePagePodLevelLimits`.
fn huge_page_limits(template: &mut PodTemplate) {
    let of_containers = template.of_containers(|resources| &resources.limits);
    let whole = &mut template.resources;
    for (name, limit) in of_containers.into_iter().filter(|(name, _)| resources::is_huge_page(name)) {
        if !whole.requests.contains_key(&name) {
            whole.limits.entry(name).or_insert(limit);
        }
    }
}

/// What containers ask for together, then what the pod may use (`defaultPodLevelRequests`).
fn requests(template: &mut PodTemplate) {
    let of_containers = template.of_containers(|resources| &resources.requests);
    // Huge pages are not overcommitted: what is asked for is the limit.
    let of_containers = of_containers.into_iter().filter(|(name, _)| !resources::is_huge_page(name));
    let whole = &mut template.resources;
    let of_limits = whole.limits.iter().map(|(name, amount)| (name.clone(), amount.clone()));
    for (name, amount) in of_containers.chain(of_limits).filter(|(name, _)| resources::is_pod_level(name)) {
        whole.requests.entry(name).or_insert(amount);
    }
}

/// What containers may use together if each has a limit, and no less than the pod asks for (`defaultPodLevelLimits`).
fn limits(template: &mut PodTemplate) {
    let of_containers = template.of_containers(|resources| &resources.limits);
    let has_limit = |name: &Arc<str>| {
        let limits = |container: &Container| container.resources.limits.contains_key(name);
        template.init_containers.iter().chain(&template.containers).all(limits)
    };
    let missing = template.resources.requests.iter().filter(|(name, _)| {
        resources::is_pod_level(name) && !template.resources.limits.contains_key(*name) && has_limit(name)
    });
    let found: ResourceList = missing
        .filter_map(|(name, request)| Some((name.clone(), of_containers.get(name)?.max(request).clone())))
        .collect();
    template.resources.limits.extend(found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::quantity::Quantity;
    use crate::api::resources::Resources;

    /// `"cpu=1 memory=2Gi < cpu=2"`: requests before the sign, limits after it.
    fn resources(text: &str) -> Resources {
        let list = |text: &str| -> ResourceList {
            let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, amount)| (name.into(), Quantity::parse(amount).expect("a quantity"))).collect()
        };
        let (requests, limits) = text.split_once('<').unwrap_or((text, ""));
        Resources { requests: list(requests), limits: list(limits) }
    }

    #[test]
    fn a_pod_that_says_something_as_a_whole_has_the_rest_from_its_containers() {
        let check = |whole: &str, containers: &[&str], wanted: &str| {
            let container = |text: &&str| Container { resources: resources(text), ..Container::default() };
            let mut template = PodTemplate {
                resources: resources(whole),
                containers: containers.iter().map(container).collect(),
                ..PodTemplate::default()
            };
            default_container_requests(&mut template);
            default_pod_resources(&mut template);
            assert_eq!(template.resources, resources(wanted), "{whole} | {containers:?}");
        };
        check("", &["cpu=1 < cpu=2"], "");
        check("< cpu=2", &["cpu=500m", "cpu=250m"], "cpu=750m < cpu=2");
        check("< cpu=2", &[""], "cpu=2 < cpu=2");
        check("< cpu=2", &["memory=1Gi"], "cpu=2 memory=1Gi < cpu=2");
        check("cpu=1", &["cpu=500m memory=1Gi < memory=2Gi"], "cpu=1 memory=1Gi < memory=2Gi");
        check("cpu=3", &["< cpu=1"], "cpu=3 < cpu=3");
        check("cpu=3", &["< cpu=1", ""], "cpu=3");
        check("cpu=1", &["< hugepages-2Mi=4Mi"], "cpu=1 hugepages-2Mi=4Mi < hugepages-2Mi=4Mi");
        check("< cpu=2", &["example.com/gpu=1 < example.com/gpu=1"], "cpu=2 < cpu=2");
    }
}
