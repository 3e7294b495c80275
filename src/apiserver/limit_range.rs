//! LimitRange: defaults for what containers ask for, and bounds on it (plugin `LimitRanger`).

use std::sync::Arc;

use crate::api::meta::ObjectName;
use crate::api::pod::PodTemplate;
use crate::api::quantity::Quantity;
use crate::api::resources::{ResourceList, Resources};

/// A LimitRange.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitRange {
    /// Namespace and name.
    pub name: ObjectName,
    /// Its items, in order.
    pub limits: Vec<LimitRangeItem>,
}

/// One of `spec.limits`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LimitRangeItem {
    /// `Container` or `Pod`; others concern no pod.
    pub kind: Arc<str>,
    /// Limits of containers that set none.
    pub default: ResourceList,
    /// Requests of containers that set none.
    pub default_request: ResourceList,
    /// Least request and limit.
    pub min: ResourceList,
    /// Most request and limit.
    pub max: ResourceList,
    /// Most that a limit may be of its request.
    pub max_limit_request_ratio: ResourceList,
}

impl LimitRange {
    /// Gives containers the defaults for what they do not set (`mergePodResourceRequirements`).
    pub fn set_defaults(&self, template: &mut PodTemplate) {
        for item in self.limits.iter().filter(|item| &*item.kind == "Container") {
            for container in template.init_containers.iter_mut().chain(&mut template.containers) {
                let resources = &mut container.resources;
                for (list, defaults) in
                    [(&mut resources.limits, &item.default), (&mut resources.requests, &item.default_request)]
                {
                    for (name, amount) in defaults {
                        list.entry(name.clone()).or_insert_with(|| amount.clone());
                    }
                }
            }
        }
    }

    /// What of a pod is out of bounds, in the server's words (`PodValidateLimitFunc`).
    pub fn violations(&self, template: &PodTemplate) -> Vec<String> {
        let mut found = Vec::new();
        for item in &self.limits {
            match &*item.kind {
                "Container" => {
                    let containers = template.containers.iter().chain(&template.init_containers);
                    containers.for_each(|container| item.check(&container.resources, &mut found));
                }
                "Pod" => {
                    // Overhead is no part of it.
                    let whole = Resources {
                        requests: template.without_overhead(|resources| &resources.requests),
                        limits: template.without_overhead(|resources| &resources.limits),
                    };
                    item.check(&whole, &mut found);
                }
                _ => {}
            }
        }
        found
    }
}

impl LimitRangeItem {
    fn check(&self, resources: &Resources, found: &mut Vec<String>) {
        let (requests, limits) = (&resources.requests, &resources.limits);
        let least = self.min.iter().filter_map(|(name, min)| self.below(name, min, requests, limits));
        let most = self.max.iter().filter_map(|(name, max)| self.above(name, max, requests, limits));
        let ratios = &self.max_limit_request_ratio;
        let ratios = ratios.iter().filter_map(|(name, most)| self.apart(name, most, requests, limits));
        found.extend(least.chain(most).chain(ratios));
    }

    /// `minConstraint`.
    fn below(&self, name: &Arc<str>, min: &Quantity, requests: &ResourceList, limits: &ResourceList) -> Option<String> {
        let rule = format!("minimum {name} usage per {} is {min}", self.kind);
        let Some(request) = requests.get(name) else { return Some(format!("{rule}.  No request is specified")) };
        if request < min {
            return Some(format!("{rule}, but request is {request}"));
        }
        limits.get(name).filter(|limit| *limit < min).map(|limit| format!("{rule}, but limit is {limit}"))
    }

    /// `maxConstraint`.
    fn above(&self, name: &Arc<str>, max: &Quantity, requests: &ResourceList, limits: &ResourceList) -> Option<String> {
        let rule = format!("maximum {name} usage per {} is {max}", self.kind);
        let Some(limit) = limits.get(name) else { return Some(format!("{rule}.  No limit is specified")) };
        if limit > max {
            return Some(format!("{rule}, but limit is {limit}"));
        }
        requests.get(name).filter(|request| *request > max).map(|request| format!("{rule}, but request is {request}"))
    }

    /// `limitRequestRatioConstraint`.
    fn apart(
        &self,
        name: &Arc<str>,
        most: &Quantity,
        requests: &ResourceList,
        limits: &ResourceList,
    ) -> Option<String> {
        let rule = format!("{name} max limit to request ratio per {} is {most}", self.kind);
        let Some(request) = requests.get(name).filter(|request| !request.is_zero()) else {
            return Some(format!("{rule}, but no request is specified or request is 0"));
        };
        let Some(limit) = limits.get(name).filter(|limit| !limit.is_zero()) else {
            return Some(format!("{rule}, but no limit is specified or limit is 0"));
        };
        let ratio = amount(name, limit) as f64 / amount(name, request) as f64;
        (ratio * 1000.0 > most.milli_value() as f64).then(|| format!("{rule}, but provided ratio is {ratio:.6}"))
    }
}

/// Thousandths of processors, else whole units.
fn amount(name: &str, quantity: &Quantity) -> i64 {
    if name == "cpu" { quantity.milli_value() } else { quantity.value() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::Container;

    /// `"cpu=1,memory=2Gi"`
    fn list(text: &str) -> ResourceList {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, amount)| (name.into(), Quantity::parse(amount).expect("a quantity"))).collect()
    }

    fn pod(containers: &[(&str, &str)]) -> PodTemplate {
        let container = |(requests, limits): &(&str, &str)| Container {
            resources: Resources { requests: list(requests), limits: list(limits) },
            ..Container::default()
        };
        PodTemplate { containers: containers.iter().map(container).collect(), ..PodTemplate::default() }
    }

    #[test]
    fn bounds_are_told_in_the_servers_words() {
        let check = |item: LimitRangeItem, kind: &str, pod: PodTemplate, wanted: &[&str]| {
            let item = LimitRangeItem { kind: kind.into(), ..item };
            let range = LimitRange { name: ObjectName::new("default", "r"), limits: vec![item] };
            assert_eq!(range.violations(&pod), wanted);
        };
        let none = LimitRangeItem::default;
        let max = || LimitRangeItem { max: list("cpu=2"), ..none() };
        check(max(), "Container", pod(&[("", "cpu=3")]), &["maximum cpu usage per Container is 2, but limit is 3"]);
        check(
            max(),
            "Container",
            pod(&[("cpu=1", "")]),
            &["maximum cpu usage per Container is 2.  No limit is specified"],
        );
        check(max(), "Container", pod(&[("cpu=2", "cpu=2")]), &[]);
        check(
            max(),
            "Pod",
            pod(&[("cpu=2", "cpu=2"), ("cpu=1", "cpu=1")]),
            &["maximum cpu usage per Pod is 2, but limit is 3"],
        );
        let overhead = PodTemplate { overhead: list("cpu=1"), ..pod(&[("cpu=2", "cpu=2")]) };
        check(max(), "Pod", overhead, &[]);
        let min = LimitRangeItem { min: list("memory=64Mi"), ..none() };
        check(
            min,
            "Container",
            pod(&[("memory=32Mi", ""), ("", "")]),
            &[
                "minimum memory usage per Container is 64Mi, but request is 32Mi",
                "minimum memory usage per Container is 64Mi.  No request is specified",
            ],
        );
        let ratio = LimitRangeItem { max_limit_request_ratio: list("cpu=2"), ..none() };
        check(
            ratio,
            "Container",
            pod(&[("cpu=1", "cpu=2"), ("cpu=1", "cpu=3")]),
            &["cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"],
        );
    }

    #[test]
    fn defaults_are_for_what_is_not_set() {
        let item = LimitRangeItem {
            kind: "Container".into(),
            default: list("cpu=1"),
            default_request: list("cpu=500m,memory=1Gi"),
            ..LimitRangeItem::default()
        };
        let range = LimitRange { name: ObjectName::new("default", "r"), limits: vec![item] };
        let mut template = pod(&[("cpu=100m", ""), ("", "cpu=2")]);
        range.set_defaults(&mut template);
        assert_eq!(template, pod(&[("cpu=100m,memory=1Gi", "cpu=1"), ("cpu=500m,memory=1Gi", "cpu=2")]));
    }
}
