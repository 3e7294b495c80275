//! What admission makes of a new pod: requests from limits, LimitRanges, priority (plugins `LimitRanger` and `Priority`).

use std::sync::Arc;

use super::field::aggregate;
use super::limit_range::LimitRange;
use crate::api::pod::PodTemplate;
use crate::api::priority::{PriorityClass, SYSTEM_CLASSES};
use crate::api::resources::Resources;

/// Objects that new pods are held against.
#[derive(Debug, Default)]
pub(super) struct Policies {
    classes: Vec<PriorityClass>,
    ranges: Vec<LimitRange>,
    /// Raised by each change.
    epoch: u32,
}

/// Why a pod is not admitted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denied {
    /// What the server says after the pod's name.
    pub(super) why: String,
    /// Was it refused before it had a name, so that the message has its prefix only?
    pub(super) nameless: bool,
}

/// A template as pods of it are admitted, for as long as neither it nor the policies change.
#[derive(Clone, Debug)]
pub(super) struct AdmittedTemplate {
    source: Arc<PodTemplate>,
    epoch: u32,
    pub(super) template: Arc<PodTemplate>,
}

impl Policies {
    pub(super) fn add_class(&mut self, class: PriorityClass) {
        self.classes.push(class);
        self.epoch += 1;
    }

    pub(super) fn add_range(&mut self, range: LimitRange) {
        let at = self.ranges.partition_point(|other| other.name < range.name);
        self.ranges.insert(at, range);
        self.epoch += 1;
    }

    /// Is what was admitted before still what would be?
    pub(super) fn still_holds(&self, admitted: &AdmittedTemplate, source: &Arc<PodTemplate>) -> bool {
        admitted.epoch == self.epoch && Arc::ptr_eq(&admitted.source, source)
    }

    /// What pods of a template are in this namespace.
    pub(super) fn admit(&self, source: &Arc<PodTemplate>, namespace: &str) -> Result<AdmittedTemplate, Denied> {
        let admitted = |template| AdmittedTemplate { source: source.clone(), epoch: self.epoch, template };
        let has_limits = |resources: &Resources| !resources.limits.is_empty();
        let limited = has_limits(&source.resources)
            || source.containers.iter().chain(&source.init_containers).any(|c| has_limits(&c.resources));
        if self.epoch == 0 && !limited && source.priority_class_name.is_none() {
            return Ok(admitted(source.clone()));
        }
        let mut template = PodTemplate::clone(source);
        requests_from_limits(&mut template);
        let ranges = || self.ranges.iter().filter(|range| *range.name.namespace == *namespace);
        ranges().for_each(|range| range.set_defaults(&mut template));
        let priority = self.priority_of(&template).map_err(|why| Denied { why, nameless: true })?;
        template.priority = Some(priority);
        if let (None, Some(class)) = (&template.priority_class_name, self.default_class()) {
            template.priority_class_name = Some(class.name.clone());
        }
        let violations: Vec<String> = ranges().flat_map(|range| range.violations(&template)).collect();
        if violations.is_empty() {
            return Ok(admitted(Arc::new(template)));
        }
        Err(Denied { why: aggregate(&violations), nameless: false })
    }

    /// The class of pods that name none (`getDefaultPriorityClass`).
    fn default_class(&self) -> Option<&PriorityClass> {
        self.classes.iter().filter(|class| class.global_default).min_by_key(|class| class.value)
    }

    /// The value of a pod's priority class, or of the default class, or 0.
    fn priority_of(&self, template: &PodTemplate) -> Result<i32, String> {
        let value = match &template.priority_class_name {
            None => self.default_class().map_or(0, |class| class.value),
            Some(name) => {
                let own = self.classes.iter().find(|class| class.name == *name).map(|class| class.value);
                let system = || SYSTEM_CLASSES.iter().find(|(known, _)| *known == &**name).map(|(_, value)| *value);
                own.or_else(system).ok_or_else(|| format!("no PriorityClass with name {name} was found"))?
            }
        };
        match template.priority {
            Some(given) if given != value => Err(format!(
                "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
                 computed {value} from the given PriorityClass name"
            )),
            _ => Ok(value),
        }
    }

    /// May pods of this class preempt others?
    pub(super) fn preempts(&self, template: &PodTemplate) -> bool {
        let class = match &template.priority_class_name {
            Some(name) => self.classes.iter().find(|class| class.name == *name),
            None => self.default_class(),
        };
        class.is_none_or(|class| class.preempts)
    }
}

/// A container that limits a resource and asks for none of it asks for as much (`SetDefaults_Pod`).
fn requests_from_limits(template: &mut PodTemplate) {
    for container in template.init_containers.iter_mut().chain(&mut template.containers) {
        from_limits(&mut container.resources);
    }
    from_limits(&mut template.resources);
}

fn from_limits(resources: &mut Resources) {
    for (name, amount) in &resources.limits {
        resources.requests.entry(name.clone()).or_insert_with(|| amount.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, value: i32, global_default: bool) -> PriorityClass {
        PriorityClass { name: name.into(), value, global_default, preempts: true }
    }

    #[test]
    fn priorities_come_from_classes() {
        let check = |classes: &[(&str, i32, bool)],
                     named: Option<&str>,
                     given: Option<i32>,
                     wanted: Result<i32, &str>| {
            let mut policies = Policies::default();
            classes.iter().for_each(|&(name, value, default)| policies.add_class(class(name, value, default)));
            let template =
                PodTemplate { priority_class_name: named.map(Into::into), priority: given, ..PodTemplate::default() };
            assert_eq!(policies.priority_of(&template), wanted.map_err(str::to_owned), "{named:?}");
        };
        let two = [("low", 5, false), ("high", 100, false)];
        check(&two, Some("high"), None, Ok(100));
        check(&two, None, None, Ok(0));
        check(&two, Some("none"), None, Err("no PriorityClass with name none was found"));
        check(&[("a", 9, true), ("b", 7, true)], None, None, Ok(7));
        check(&[], Some("system-cluster-critical"), None, Ok(2_000_000_000));
        check(&two, Some("high"), Some(100), Ok(100));
        check(
            &two,
            Some("high"),
            Some(3),
            Err("the integer value of priority (3) must not be provided in pod spec; priority admission controller \
                 computed 100 from the given PriorityClass name"),
        );
    }

    #[test]
    fn pods_that_name_no_class_get_the_name_of_the_default_one() {
        let name_of = |classes: &[(&str, i32, bool)]| {
            let mut policies = Policies::default();
            classes.iter().for_each(|&(name, value, default)| policies.add_class(class(name, value, default)));
            let admitted = policies.admit(&Arc::default(), "default").expect("a pod");
            admitted.template.priority_class_name.as_deref().unwrap_or_default().to_owned()
        };
        assert_eq!(name_of(&[("low", 5, false)]), "");
        assert_eq!(name_of(&[("low", 5, false), ("b", 9, true), ("a", 7, true)]), "a");
    }
}
