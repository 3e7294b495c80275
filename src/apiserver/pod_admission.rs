//! What admission makes of a new pod: resources it does not name, LimitRanges, priority (plugins `LimitRanger` and `Priority`).

use std::sync::Arc;

use super::field::aggregate;
use super::limit_range::LimitRange;
use super::pod_resources::{default_container_requests, default_pod_resources};
use crate::api::pod::PodTemplate;
use crate::api::priority::{PreemptionPolicy, PriorityClass, SYSTEM_CLASSES};
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
        if self.epoch == 0 && is_plain(source) {
            return Ok(admitted(source.clone()));
        }
        let mut template = PodTemplate::clone(source);
        default_container_requests(&mut template);
        let ranges = || self.ranges.iter().filter(|range| *range.name.namespace == *namespace);
        ranges().for_each(|range| range.set_defaults(&mut template));
        self.set_priority(&mut template).map_err(|why| Denied { why, nameless: true })?;
        default_pod_resources(&mut template);
        // The first that is violated speaks alone (`runLimitFunc`).
        match ranges().map(|range| range.violations(&template)).find(|violations| !violations.is_empty()) {
            None => Ok(admitted(Arc::new(template))),
            Some(violations) => Err(Denied { why: aggregate(&violations), nameless: false }),
        }
    }

    /// The class of pods that name none (`getDefaultPriorityClass`).
    pub(super) fn default_class(&self) -> Option<&PriorityClass> {
        self.classes.iter().filter(|class| class.global_default).min_by_key(|class| class.value)
    }

    /// Gives a pod what its class says (`admitPod`).
    fn set_priority(&self, template: &mut PodTemplate) -> Result<(), String> {
        let (value, policy) = self.class_of(template)?;
        let mistaken = |what: &str, given: &str, computed: &str| {
            Err(format!(
                "the {what} ({given}) must not be provided in pod spec; priority admission controller computed {computed} \
                 from the given PriorityClass name"
            ))
        };
        if let Some(given) = template.priority.filter(|given| *given != value) {
            return mistaken("integer value of priority", &given.to_string(), &value.to_string());
        }
        if let Some(given) = template.scheduling.preemption_policy.filter(|given| *given != policy) {
            return mistaken("string value of PreemptionPolicy", given.as_str(), policy.as_str());
        }
        template.priority = Some(value);
        template.scheduling.preemption_policy = Some(policy);
        if let (None, Some(class)) = (&template.priority_class_name, self.default_class()) {
            template.priority_class_name = Some(class.name.clone());
        }
        Ok(())
    }

    /// What a pod's class says, or the default class, or what holds where there is none.
    fn class_of(&self, template: &PodTemplate) -> Result<(i32, PreemptionPolicy), String> {
        let says = |class: &PriorityClass| (class.value, class.preemption_policy);
        let Some(name) = &template.priority_class_name else {
            return Ok(self.default_class().map_or_else(Default::default, says));
        };
        let own = self.classes.iter().find(|class| class.name == *name).map(says);
        let system = || SYSTEM_CLASSES.iter().find(|(known, _)| *known == &**name);
        own.or_else(|| system().map(|(_, value)| (*value, PreemptionPolicy::default())))
            .ok_or_else(|| format!("no PriorityClass with name {name} was found"))
    }
}

/// Does admission have nothing to add to it where there are no policies?
fn is_plain(template: &PodTemplate) -> bool {
    template.priority_class_name.is_none()
        && template.priority.is_none()
        && template.scheduling.preemption_policy.is_none()
        && template.resources == Resources::default()
        && template
            .containers
            .iter()
            .chain(&template.init_containers)
            .all(|container| container.resources.limits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, value: i32, global_default: bool) -> PriorityClass {
        PriorityClass { name: name.into(), value, global_default, preemption_policy: PreemptionPolicy::default() }
    }

    #[test]
    fn priorities_come_from_classes() {
        let check = |classes: &[(&str, i32, bool)],
                     named: Option<&str>,
                     given: Option<i32>,
                     wanted: Result<i32, &str>| {
            let mut policies = Policies::default();
            classes.iter().for_each(|&(name, value, default)| policies.add_class(class(name, value, default)));
            let mut template =
                PodTemplate { priority_class_name: named.map(Into::into), priority: given, ..PodTemplate::default() };
            let found = policies.set_priority(&mut template).map(|()| template.priority.unwrap_or_default());
            assert_eq!(found, wanted.map_err(str::to_owned), "{named:?}");
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
    #[test]
    fn preemption_is_up_to_the_class() {
        use PreemptionPolicy::{Never, PreemptLowerPriority};
        let check = |named: Option<&str>,
                     default: bool,
                     given: Option<PreemptionPolicy>,
                     wanted: Result<PreemptionPolicy, &str>| {
            let mut policies = Policies::default();
            policies.add_class(PriorityClass { preemption_policy: Never, ..class("patient", 9, default) });
            let mut template = PodTemplate { priority_class_name: named.map(Into::into), ..PodTemplate::default() };
            template.scheduling.preemption_policy = given;
            let found = policies.admit(&Arc::new(template), "default").map_err(|denied| denied.why);
            let found = found.map(|admitted| admitted.template.scheduling.preemption_policy.unwrap_or_default());
            assert_eq!(found, wanted.map_err(str::to_owned), "{named:?} {default} {given:?}");
        };
        check(Some("patient"), false, None, Ok(Never));
        check(Some("patient"), false, Some(Never), Ok(Never));
        check(None, true, None, Ok(Never));
        check(None, false, None, Ok(PreemptLowerPriority));
        check(Some("system-node-critical"), true, None, Ok(PreemptLowerPriority));
        let said = "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority \
                    admission controller computed Never from the given PriorityClass name";
        check(Some("patient"), false, Some(PreemptLowerPriority), Err(said));
        let said = "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission \
                    controller computed PreemptLowerPriority from the given PriorityClass name";
        check(None, false, Some(Never), Err(said));
    }
}
