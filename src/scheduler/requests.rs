//! What a pod asks for, in three readings: to fit, to be counted on its node, and to be scored (`PodRequests`).

use std::sync::Arc;

use crate::api::pod::{Container, PodTemplate};
use crate::api::quantity::{Format, Quantity};
use crate::api::resources::{self, ResourceList};

/// Place of cpu (in thousandths) in lists of amounts.
pub(super) const CPU: usize = 0;
/// Place of memory.
pub(super) const MEMORY: usize = 1;
/// Resources by number: extended ones follow as they are met.
pub(super) const FIRST: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// What scoring takes a container to need that does not say.
const DEFAULT_MILLI_CPU: i64 = 100;
const DEFAULT_MEMORY: i64 = 200 << 20;

/// Names of resources by number.
#[derive(Clone, Debug)]
pub(super) struct ResourceNames(Vec<Arc<str>>);

impl Default for ResourceNames {
    fn default() -> ResourceNames {
        ResourceNames(FIRST.iter().map(|name| Arc::from(*name)).collect())
    }
}

impl ResourceNames {
    pub(super) fn name(&self, number: usize) -> &str {
        &self.0[number]
    }

    /// The number of a resource that was met.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| **known == *name)
    }

    fn number(&mut self, name: &Arc<str>) -> usize {
        self.place_of(name).unwrap_or_else(|| {
            self.0.push(name.clone());
            self.0.len() - 1
        })
    }

    /// Amounts by number; what is not named is 0. `pods` is not among them.
    pub(super) fn amounts(&mut self, list: &ResourceList) -> Vec<i64> {
        let mut amounts = vec![0; FIRST.len()];
        for (name, amount) in list.iter().filter(|(name, _)| &***name != "pods") {
            let number = self.number(name);
            if amounts.len() <= number {
                amounts.resize(number + 1, 0);
            }
            amounts[number] = if number == CPU { amount.milli_value() } else { amount.value() };
        }
        amounts
    }
}

/// A pod's requests in all readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Requests {
    /// To fit, by resource number.
    pub(super) plain: Vec<i64>,
    /// Counted on its node for the scores of others: cpu and memory, with defaults for what is missing.
    pub(super) counted: [i64; 2],
    /// Counted for its own score, which forgets pod-level requests.
    pub(super) scored: [i64; 2],
}

impl Requests {
    pub(super) fn of(template: &PodTemplate, names: &mut ResourceNames) -> Requests {
        let template = &with_api_defaults(template);
        let plain = with_overhead(pod_requests(template, [false; 2], true), template);
        let has_pod_level = template.resources.requests.keys().any(|name| is_pod_level(name));
        let missing = FIRST[..2].iter().map(|name| !has_pod_level || !plain.contains_key(*name));
        let missing: Vec<bool> = missing.collect();
        let counted = with_overhead(pod_requests(template, [missing[0], missing[1]], true), template);
        let scored = with_overhead(pod_requests(template, [true; 2], false), template);
        let two = |list: &ResourceList| [amount(list, "cpu"), amount(list, "memory")];
        Requests { plain: names.amounts(&plain), counted: two(&counted), scored: two(&scored) }
    }

    /// The plain amount of a resource.
    pub(super) fn plain(&self, number: usize) -> i64 {
        self.plain.get(number).copied().unwrap_or(0)
    }
}

fn amount(list: &ResourceList, name: &str) -> i64 {
    list.get(name).map_or(0, |amount| if name == "cpu" { amount.milli_value() } else { amount.value() })
}

/// Resources that may be asked for by the pod as a whole.
fn is_pod_level(name: &str) -> bool {
    name == "cpu" || name == "memory" || name.starts_with("hugepages-")
}

/// Missing requests are those of the limits, of containers and of the pod (`SetDefaults_Pod`, `defaultPodRequests`).
fn with_api_defaults(template: &PodTemplate) -> PodTemplate {
    let mut template = template.clone();
    for container in template.init_containers.iter_mut().chain(&mut template.containers) {
        for (name, limit) in &container.resources.limits {
            container.resources.requests.entry(name.clone()).or_insert_with(|| limit.clone());
        }
    }
    if !template.resources.limits.is_empty() {
        let containers = pod_requests(&template, [false; 2], false);
        let of_containers = containers.iter().filter(|(name, _)| is_pod_level(name) && !name.starts_with("hugepages-"));
        let of_limits = template.resources.limits.iter().filter(|(name, _)| is_pod_level(name));
        for (name, amount) in of_containers.chain(of_limits) {
            template.resources.requests.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    }
    template
}

/// The most that containers need at any time, or what the pod asks for as a whole; without overhead.
fn pod_requests(template: &PodTemplate, missing: [bool; 2], pod_level: bool) -> ResourceList {
    let requests = |container: &Container| {
        let mut list = container.resources.requests.clone();
        if missing[CPU] {
            list.entry("cpu".into()).or_insert_with(|| Quantity::new_milli(DEFAULT_MILLI_CPU, Format::DecimalSi));
        }
        if missing[MEMORY] {
            list.entry("memory".into()).or_insert_with(|| Quantity::new(DEFAULT_MEMORY, Format::BinarySi));
        }
        list
    };
    let (mut sum, mut sidecars, mut start) = (ResourceList::new(), ResourceList::new(), ResourceList::new());
    template.containers.iter().for_each(|container| resources::add(&mut sum, &requests(container)));
    for container in &template.init_containers {
        let own = requests(container);
        let mut step = sidecars.clone();
        resources::add(&mut step, &own);
        if container.sidecar {
            resources::add(&mut sum, &own);
            sidecars = step.clone();
        }
        resources::raise(&mut start, &step);
    }
    resources::raise(&mut sum, &start);
    if pod_level {
        let whole = template.resources.requests.iter().filter(|(name, _)| is_pod_level(name));
        sum.extend(whole.map(|(name, amount)| (name.clone(), amount.clone())));
    }
    sum
}

fn with_overhead(mut requests: ResourceList, template: &PodTemplate) -> ResourceList {
    resources::add(&mut requests, &template.overhead);
    requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resources::Resources;

    /// `cpu/memory` of each container, `s:` before a sidecar, `-` where nothing is said.
    fn containers(text: &str) -> Vec<Container> {
        let list = |text: &str| {
            let (cpu, memory) = text.split_once('/').expect("cpu/memory");
            let said = [("cpu", cpu), ("memory", memory)].into_iter().filter(|(_, amount)| *amount != "-");
            said.map(|(name, amount)| (name.into(), Quantity::parse(amount).expect("a quantity"))).collect()
        };
        let container = |text: &str| Container {
            sidecar: text.starts_with("s:"),
            resources: Resources { requests: list(text.trim_start_matches("s:")), limits: ResourceList::new() },
            ..Container::default()
        };
        text.split_whitespace().map(container).collect()
    }

    #[test]
    fn requests_are_the_most_at_any_time() {
        let check = |init: &str, main: &str, plain: [i64; 2], counted: [i64; 2]| {
            let template =
                PodTemplate { init_containers: containers(init), containers: containers(main), ..Default::default() };
            let found = Requests::of(&template, &mut ResourceNames::default());
            assert_eq!((&found.plain[..2], found.counted), (&plain[..], counted), "{init} | {main}");
            assert_eq!(found.scored, counted, "{init} | {main}");
        };
        let mi = 1 << 20;
        check("", "1/1Mi 500m/2Mi", [1500, 3 * mi], [1500, 3 * mi]);
        check("", "-/-", [0, 0], [100, 200 * mi]);
        check("", "0/0 -/1Mi", [0, mi], [100, mi]);
        check("3/1Mi", "1/4Mi", [3000, 4 * mi], [3000, 4 * mi]);
        check("s:1/1Mi 2/1Mi", "1/1Mi", [3000, 2 * mi], [3000, 2 * mi]);
        check("2/1Mi s:1/1Mi", "500m/1Mi", [2000, 2 * mi], [2000, 2 * mi]);
        check("s:-/1Mi", "1/1Mi", [1000, 2 * mi], [1100, 2 * mi]);
    }
}
