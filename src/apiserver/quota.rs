//! ResourceQuota: what the pods and Jobs of a namespace may use together (`checkRequest` of the quota admission plugin).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::meta::ObjectName;
use crate::api::pod::PodTemplate;
use crate::api::quantity::{Format, Quantity};
use crate::api::request::Refusal;
use crate::api::resources::ResourceList;
use crate::api::scheduling::PodAffinityTerm;

/// A quota and what is used of it.
#[derive(Clone, Debug)]
pub struct ResourceQuota {
    /// Namespace and name.
    pub name: ObjectName,
    /// `spec.hard`.
    pub hard: ResourceList,
    /// Which pods count; all must hold.
    pub scopes: Vec<Scope>,
    /// What of `hard` is used.
    pub used: ResourceList,
}

/// A condition on the pods that count.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// With a deadline of their own, or without.
    Terminating(bool),
    /// Without any request and limit, or with some.
    BestEffort(bool),
    /// Of these PriorityClasses (`true`: In, `false`: NotIn); an empty list: of any, or none.
    PriorityClass(bool, Vec<Arc<str>>),
    /// Near pods, or away from pods, of other namespaces.
    CrossNamespacePodAffinity,
    /// Of claims with a class of attributes, which no pod is.
    VolumeAttributesClass,
}

impl Scope {
    fn holds(&self, template: &PodTemplate) -> bool {
        match self {
            Scope::Terminating(wanted) => template.active_deadline_seconds.is_some() == *wanted,
            Scope::BestEffort(wanted) => is_best_effort(template) == *wanted,
            Scope::PriorityClass(wanted, names) => match &template.priority_class_name {
                Some(class) => (names.is_empty() || names.contains(class)) == *wanted,
                None => !wanted,
            },
            Scope::CrossNamespacePodAffinity => crosses_namespaces(template),
            Scope::VolumeAttributesClass => false,
        }
    }
}

/// It has an affinity to pods, or against pods, of namespaces that it names (`usesCrossNamespacePodAffinity`).
fn crosses_namespaces(template: &PodTemplate) -> bool {
    let scheduling = &template.scheduling;
    let crosses = |term: &PodAffinityTerm| !term.namespaces.is_empty() || term.namespace_selector.is_some();
    [&scheduling.pod_affinity, &scheduling.pod_anti_affinity].into_iter().any(|affinity| {
        affinity.required.iter().any(crosses) || affinity.preferred.iter().any(|(_, term)| crosses(term))
    })
}

/// No container sets a request or a limit of cpu or memory.
fn is_best_effort(template: &PodTemplate) -> bool {
    let lists = template.init_containers.iter().chain(&template.containers).map(|container| &container.resources);
    let counts = |(name, amount): (&Arc<str>, &Quantity)| matches!(&**name, "cpu" | "memory") && !amount.is_zero();
    !lists.chain([&template.resources]).any(|r| r.requests.iter().chain(&r.limits).any(counts))
}

/// What a pod counts as until it has ended, and what as long as its object stands (`PodUsageFunc`).
fn usage_of_pod(template: &PodTemplate) -> (ResourceList, Quantity) {
    let one = Quantity::new(1, Format::DecimalSi);
    let mut usage = ResourceList::from([("pods".into(), one.clone())]);
    for (name, amount) in template.requests() {
        usage.insert(format!("requests.{name}").into(), amount.clone());
        // Extended resources have no plain name.
        if !name.contains('/') {
            usage.insert(name, amount);
        }
    }
    for (name, amount) in template.limits().into_iter().filter(|(name, _)| !name.contains('/')) {
        usage.insert(format!("limits.{name}").into(), amount);
    }
    (usage, one)
}

impl ResourceQuota {
    fn counts(&self, namespace: &str, template: &PodTemplate) -> bool {
        *self.name.namespace == *namespace && self.scopes.iter().all(|scope| scope.holds(template))
    }

    /// Only what is limited.
    fn masked(&self, usage: &ResourceList) -> ResourceList {
        let limited = usage.iter().filter(|(name, _)| self.hard.contains_key(*name));
        limited.map(|(name, amount)| (name.clone(), amount.clone())).collect()
    }

    fn change(&mut self, usage: &ResourceList, taken: bool) {
        for (name, amount) in self.masked(usage) {
            let used = self.used.entry(name).or_default();
            *used = if taken { used.add(&amount) } else { used.sub(&amount) };
        }
    }

    /// Why this much more is refused, if it is.
    fn excess(&self, usage: &ResourceList) -> Option<String> {
        let asked = self.masked(usage);
        let used = |name: &Arc<str>| self.used.get(name).cloned().unwrap_or_default();
        let is_over = |name: &Arc<str>, amount: &Quantity| {
            !amount.is_zero() && self.hard.get(name).is_some_and(|hard| used(name).add(amount) > *hard)
        };
        let over: Vec<&Arc<str>> =
            asked.iter().filter(|(name, amount)| is_over(name, amount)).map(|(n, _)| n).collect();
        if over.is_empty() {
            return None;
        }
        let list = |amount: &dyn Fn(&Arc<str>) -> Quantity| {
            let pairs: Vec<String> = over.iter().map(|name| format!("{name}={}", amount(name))).collect();
            pairs.join(",")
        };
        let name = &self.name.name;
        let (requested, used) = (list(&|name| asked[name].clone()), list(&used));
        let limited = list(&|name| self.hard[name].clone());
        Some(format!("exceeded quota: {name}, requested: {requested}, used: {used}, limited: {limited}"))
    }

    /// Containers must say what they take of what is limited (`Constraints`).
    fn unstated(&self, template: &PodTemplate) -> Option<String> {
        if !template.resources.requests.is_empty() || !template.resources.limits.is_empty() {
            return None;
        }
        let mut missing: Vec<String> = Vec::new();
        for limited in self.hard.keys() {
            let (name, of_limits) = match limited.split_once('.') {
                Some(("requests", name)) => (name, false),
                Some(("limits", name)) => (name, true),
                _ => (&**limited, false),
            };
            if !matches!(name, "cpu" | "memory") {
                continue;
            }
            let lists = |r: &crate::api::resources::Resources| {
                if of_limits { r.limits.contains_key(name) } else { r.requests.contains_key(name) }
            };
            let containers = template.containers.iter().chain(&template.init_containers);
            let silent = containers.filter(|container| !lists(&container.resources));
            let names: BTreeSet<&str> = silent.map(|container| &*container.name).collect();
            if !names.is_empty() {
                let names: Vec<&str> = names.into_iter().collect();
                missing.push(format!("{limited} for: {}", names.join(",")));
            }
        }
        let name = &self.name.name;
        (!missing.is_empty()).then(|| format!("failed quota: {name}: must specify {}", missing.join("; ")))
    }
}

/// The quotas of all namespaces, by name within each.
#[derive(Debug, Default)]
pub struct Quotas {
    all: Vec<ResourceQuota>,
}

/// The name under which Jobs are counted.
const JOBS: &str = "count/jobs.batch";
const PODS: &str = "count/pods";

fn one_of(resource: &str) -> ResourceList {
    ResourceList::from([(resource.into(), Quantity::new(1, Format::DecimalSi))])
}

impl Quotas {
    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceQuota> {
        self.all.iter()
    }

    /// A new quota. Nothing is counted yet.
    ///
    /// # Errors
    /// There is one of this name.
    pub fn add(&mut self, mut quota: ResourceQuota) -> Result<(), Refusal> {
        if self.all.iter().any(|other| other.name == quota.name) {
            return Err(Refusal::AlreadyExists);
        }
        quota.used = quota.hard.keys().map(|name| (name.clone(), Quantity::new(0, Format::DecimalSi))).collect();
        let at = self.all.partition_point(|other| other.name < quota.name);
        self.all.insert(at, quota);
        Ok(())
    }

    /// Counts a pod that stands, for one quota only: as a new quota does with what it finds.
    pub fn count_pod(&mut self, quota: &ObjectName, namespace: &str, template: &PodTemplate, ended: bool) {
        let (usage, _) = usage_of_pod(template);
        let wanted = |of: &&mut ResourceQuota| of.name == *quota && of.counts(namespace, template);
        for quota in self.all.iter_mut().filter(wanted) {
            quota.change(&one_of(PODS), true);
            if !ended {
                quota.change(&usage, true);
            }
        }
    }

    /// Counts a Job that stands, for one quota only.
    pub fn count_job(&mut self, quota: &ObjectName) {
        let wanted = |of: &&mut ResourceQuota| of.name == *quota;
        self.all.iter_mut().filter(wanted).for_each(|quota| quota.change(&one_of(JOBS), true));
    }

    /// Charges a new pod.
    ///
    /// # Errors
    /// What the server says of a pod that is not allowed, after its name.
    pub fn charge_pod(&mut self, namespace: &str, template: &PodTemplate) -> Result<(), String> {
        if !self.all.iter().any(|quota| *quota.name.namespace == *namespace) {
            return Ok(());
        }
        let (mut usage, one) = usage_of_pod(template);
        usage.insert(PODS.into(), one);
        let counting = || self.all.iter().filter(|quota| quota.counts(namespace, template));
        // What is missing in the eyes of any quota is told before anything is counted.
        let unstated = counting().find_map(|quota| quota.unstated(template));
        if let Some(why) = unstated.or_else(|| counting().find_map(|quota| quota.excess(&usage))) {
            return Err(why);
        }
        let counting = self.all.iter_mut().filter(|quota| quota.counts(namespace, template));
        counting.for_each(|quota| quota.change(&usage, true));
        Ok(())
    }

    /// A pod has ended, or its object has gone.
    pub fn release_pod(&mut self, namespace: &str, template: &PodTemplate, release: Release) {
        if self.all.is_empty() {
            return;
        }
        let (usage, _) = usage_of_pod(template);
        for quota in self.all.iter_mut().filter(|quota| quota.counts(namespace, template)) {
            if release.ended {
                quota.change(&usage, false);
            }
            if release.gone {
                quota.change(&one_of(PODS), false);
            }
        }
    }

    /// Charges a new Job.
    ///
    /// # Errors
    /// What the server says of a Job that is not allowed, after its name.
    pub fn charge_job(&mut self, namespace: &str) -> Result<(), String> {
        let mut counting: Vec<&mut ResourceQuota> = self
            .all
            .iter_mut()
            .filter(|quota| *quota.name.namespace == *namespace && quota.scopes.is_empty())
            .collect();
        if let Some(why) = counting.iter().find_map(|quota| quota.excess(&one_of(JOBS))) {
            return Err(why);
        }
        counting.iter_mut().for_each(|quota| quota.change(&one_of(JOBS), true));
        Ok(())
    }

    /// A Job's object has gone.
    pub fn release_job(&mut self, namespace: &str) {
        let counting =
            self.all.iter_mut().filter(|quota| *quota.name.namespace == *namespace && quota.scopes.is_empty());
        counting.for_each(|quota| quota.change(&one_of(JOBS), false));
    }
}

/// What of a pod does not count any more.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// It has ended, or went before it did.
    pub ended: bool,
    /// Its object is gone.
    pub gone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::Container;
    use crate::api::resources::Resources;

    fn list(text: &str) -> ResourceList {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, amount)| (name.into(), Quantity::parse(amount).expect("a quantity"))).collect()
    }

    fn pod(requests: &str, limits: &str) -> PodTemplate {
        let resources = Resources { requests: list(requests), limits: list(limits) };
        let container = Container { name: "main".into(), resources, ..Container::default() };
        PodTemplate { containers: vec![container], ..PodTemplate::default() }
    }

    /// The answers to one pod after the other.
    fn answers(hard: &str, scopes: &[Scope], pods: &[(&str, &str)]) -> Vec<String> {
        let mut quotas = Quotas::default();
        let (name, scopes) = (ObjectName::new("default", "q"), scopes.to_vec());
        quotas.add(ResourceQuota { name, hard: list(hard), scopes, used: ResourceList::new() }).expect("a new name");
        let pods = pods.iter().map(|(requests, limits)| pod(requests, limits));
        pods.map(|pod| quotas.charge_pod("default", &pod).err().unwrap_or_default()).collect()
    }

    #[test]
    fn a_quota_refuses_in_the_servers_words() {
        let check = |hard: &str, pods: &[(&str, &str)], wanted: &[&str]| {
            assert_eq!(answers(hard, &[], pods), wanted, "{hard}");
        };
        check(
            "pods=1",
            &[("", ""), ("", "")],
            &["", "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"],
        );
        check(
            "cpu=1500m,pods=4",
            &[("cpu=1", ""), ("cpu=1", ""), ("cpu=500m", "")],
            &["", "exceeded quota: q, requested: cpu=1, used: cpu=1, limited: cpu=1500m", ""],
        );
        check(
            "limits.memory=1Gi,requests.cpu=1",
            &[("memory=1Mi", "")],
            &["failed quota: q: must specify limits.memory for: main; requests.cpu for: main"],
        );
        check(
            "requests.nvidia.com/gpu=1",
            &[("nvidia.com/gpu=1", "nvidia.com/gpu=1"), ("nvidia.com/gpu=1", "")],
            &[
                "",
                "exceeded quota: q, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, \
             limited: requests.nvidia.com/gpu=1",
            ],
        );
    }

    #[test]
    fn containers_say_what_they_take_before_anything_is_counted() {
        let container = |name: &str| Container { name: name.into(), ..Container::default() };
        let mut pod = PodTemplate {
            init_containers: vec![container("b")],
            containers: vec![container("z"), container("a")],
            ..PodTemplate::default()
        };
        let mut quotas = Quotas::default();
        for (name, hard) in [("one", "pods=0"), ("two", "cpu=3")] {
            let (name, hard) = (ObjectName::new("default", name), list(hard));
            let quota = ResourceQuota { name, hard, scopes: Vec::new(), used: ResourceList::new() };
            quotas.add(quota).expect("a new name");
        }
        let mut answer = |pod: &PodTemplate| quotas.charge_pod("default", pod).err().unwrap_or_default();
        assert_eq!(answer(&pod), "failed quota: two: must specify cpu for: a,b,z");
        // What the pod says as a whole is enough, whatever it says.
        pod.resources.requests = list("memory=1Gi");
        assert_eq!(answer(&pod), "exceeded quota: one, requested: pods=1, used: pods=0, limited: pods=0");
    }

    #[test]
    fn affinity_to_pods_of_other_namespaces_is_a_scope() {
        let counts = |term: PodAffinityTerm| {
            let mut pod = PodTemplate::default();
            pod.scheduling.pod_anti_affinity.preferred.push((1, term));
            Scope::CrossNamespacePodAffinity.holds(&pod)
        };
        assert!(!counts(PodAffinityTerm::default()));
        assert!(counts(PodAffinityTerm { namespaces: vec!["other".into()], ..PodAffinityTerm::default() }));
        let all = Some(Default::default());
        assert!(counts(PodAffinityTerm { namespace_selector: all, ..PodAffinityTerm::default() }));
    }

    #[test]
    fn scopes_choose_pods() {
        let check = |scope: Scope, wanted: [bool; 2]| {
            let refused = answers("pods=0", &[scope], &[("", ""), ("cpu=1", "")]).into_iter().map(|a| !a.is_empty());
            assert_eq!(refused.collect::<Vec<bool>>(), wanted);
        };
        check(Scope::BestEffort(true), [true, false]);
        check(Scope::BestEffort(false), [false, true]);
        check(Scope::Terminating(true), [false, false]);
        check(Scope::PriorityClass(true, vec!["high".into()]), [false, false]);
        check(Scope::CrossNamespacePodAffinity, [false, false]);
    }
}
