//! From a pod's spec to its shape: words become symbols, what the API merges is merged.

use std::sync::Arc;

use super::requests::{Requests, ResourceNames};
use super::shape::{NodeRules, PodTerm, Port, ShapeSpec, Spread, Term, TolerationOf};
use super::symbols::{Labels, Selector, Symbol, Symbols};
use crate::api::disruption::{Operator, Requirement};
use crate::api::pod::PodTemplate;
use crate::api::priority::PreemptionPolicy;
use crate::api::scheduling::{HostPort, LabelSelector, NodeSelectorTerm, PodAffinityTerm, TopologySpreadConstraint};

/// Labels as objects have them.
pub type LabelList = [(Arc<str>, Arc<str>)];

/// Makes shapes.
pub(super) struct Compiler<'a> {
    pub(super) symbols: &'a mut Symbols,
    pub(super) resources: &'a mut ResourceNames,
    pub(super) namespace: &'a str,
    pub(super) labels: &'a LabelList,
}

impl Compiler<'_> {
    pub(super) fn shape(mut self, template: &PodTemplate) -> ShapeSpec {
        let pod = &template.scheduling;
        let weighted = |weight: &i32| i64::from(*weight);
        let preferred = pod.preferred_nodes.iter().filter(|(weight, term)| *weight != 0 && !is_empty(term));
        let preferred_nodes = preferred.map(|(weight, term)| (weighted(weight), self.term(term))).collect();
        let liked = pod.pod_affinity.preferred.iter().map(|(weight, term)| (weighted(weight), self.pod_term(term)));
        let mut preferred_pods: Vec<_> = liked.collect();
        let disliked = pod.pod_anti_affinity.preferred.iter();
        preferred_pods.extend(disliked.map(|(weight, term)| (-weighted(weight), self.pod_term(term))));
        ShapeSpec {
            namespace: self.symbols.of_str(self.namespace),
            labels: self.symbols.labels(self.labels),
            requests: Requests::of(template, self.resources),
            priority: template.priority.unwrap_or(0),
            never_preempts: pod.preemption_policy == Some(PreemptionPolicy::Never),
            other_scheduler: pod.other_scheduler.is_some(),
            gated: !pod.gates.is_empty(),
            nodes: NodeRules {
                selector: self.symbols.labels(&pod.node_selector),
                terms: pod.required_nodes.as_ref().map(|terms| terms.iter().map(|term| self.term(term)).collect()),
            },
            preferred_nodes,
            prefers_nodes: !pod.preferred_nodes.is_empty(),
            affinity: pod.pod_affinity.required.iter().map(|term| self.pod_term(term)).collect(),
            anti_affinity: pod.pod_anti_affinity.required.iter().map(|term| self.pod_term(term)).collect(),
            preferred_pods,
            spread: pod.topology_spread.iter().map(|constraint| self.spread(constraint)).collect(),
            default_spread: pod.topology_spread.is_empty(),
            tolerations: self.tolerations(template),
            ports: pod.host_ports.iter().map(|port| self.port(port)).collect(),
            images: pod.images.iter().map(|image| self.symbols.of_str(&normalized(image))).collect(),
        }
    }

    fn term(&mut self, term: &NodeSelectorTerm) -> Term {
        let mut sorted = |requirements: &[_]| {
            let mut all: Selector = requirements.iter().map(|one| self.symbols.node_requirement(one)).collect();
            all.sort_unstable();
            all
        };
        Term { labels: sorted(&term.labels), names: sorted(&term.fields) }
    }

    fn pod_term(&mut self, term: &PodAffinityTerm) -> PodTerm {
        let mut selector = term.selector.clone();
        if let Some(selector) = &mut selector {
            self.merge(selector, &term.match_label_keys, Operator::In);
            self.merge(selector, &term.mismatch_label_keys, Operator::NotIn);
        }
        let mut namespaces: Vec<Symbol> = term.namespaces.iter().map(|name| self.symbols.of(name)).collect();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(self.symbols.of_str(self.namespace));
        }
        namespaces.sort_unstable();
        PodTerm {
            selector: selector.map(|selector| self.symbols.selector(&selector)),
            namespaces,
            namespace_selector: term.namespace_selector.as_ref().map(|selector| self.symbols.selector(selector)),
            key: self.symbols.of(&term.topology_key),
        }
    }

    /// `matchLabelKeys` and `mismatchLabelKeys` stand for the pod's own values of labels that it has.
    fn merge(&self, selector: &mut LabelSelector, keys: &[Arc<str>], operator: Operator) {
        for key in keys {
            if let Some((key, value)) = self.labels.iter().find(|(known, _)| known == key) {
                selector.push(Requirement { key: key.clone(), operator, values: vec![value.clone()] });
            }
        }
    }

    fn spread(&mut self, constraint: &TopologySpreadConstraint) -> Spread {
        let mut selector = constraint.selector.clone();
        if let Some(selector) = &mut selector {
            self.merge(selector, &constraint.match_label_keys, Operator::In);
        }
        Spread {
            hard: constraint.hard,
            max_skew: i64::from(constraint.max_skew),
            key: self.symbols.of(&constraint.topology_key),
            selector: selector.map(|selector| self.symbols.selector(&selector)),
            min_domains: i64::from(constraint.min_domains),
            honours_affinity: constraint.honours_affinity,
            honours_taints: constraint.honours_taints,
        }
    }

    fn tolerations(&mut self, template: &PodTemplate) -> Vec<TolerationOf> {
        let toleration = |of: &crate::api::scheduling::Toleration| TolerationOf {
            key: (!of.key.is_empty()).then(|| self.symbols.of(&of.key)),
            value: (!of.any_value).then(|| self.symbols.of(&of.value)),
            effect: of.effect,
        };
        template.scheduling.tolerations.iter().map(toleration).collect()
    }

    fn port(&mut self, port: &HostPort) -> Port {
        let is_any = port.ip.is_empty() || &*port.ip == "0.0.0.0";
        Port {
            ip: (!is_any).then(|| self.symbols.of(&port.ip)),
            protocol: self.symbols.of(&port.protocol),
            port: port.port,
        }
    }
}

/// Selects pods by exact labels, as a Service does.
pub(super) fn equal_to(labels: &Labels) -> Selector {
    labels.iter().map(|(key, value)| super::symbols::Condition::equal(*key, *value)).collect()
}

fn is_empty(term: &NodeSelectorTerm) -> bool {
    term.labels.is_empty() && term.fields.is_empty()
}

/// An image without a tag has the tag `latest` (`normalizedImageName`).
pub(super) fn normalized(image: &str) -> String {
    match (image.rfind(':'), image.rfind('/')) {
        (Some(colon), Some(slash)) if colon > slash => image.to_owned(),
        (Some(_), None) => image.to_owned(),
        _ => format!("{image}:latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_tags() {
        let check = |image: &str, wanted: &str| assert_eq!(normalized(image), wanted);
        check("app", "app:latest");
        check("app:1", "app:1");
        check("registry:5000/app", "registry:5000/app:latest");
        check("registry:5000/app:2", "registry:5000/app:2");
        check("registry/app@sha256:ab", "registry/app@sha256:ab");
    }
}
