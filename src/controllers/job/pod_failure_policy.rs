//! `spec.podFailurePolicy` (`pod_failure_policy.go`).

use std::sync::Arc;

use crate::api::job::{PodFailurePolicyAction, PodFailurePolicyRequirement, PodFailurePolicyRule};
use crate::api::pod::{ContainerExits, ContainersWord, Pod, PodTemplate};

/// What a policy may look at in a failed pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FailedPodFacts {
    /// Exit codes of its terminated containers.
    pub exits: ContainerExits,
    /// What its conditions say.
    pub conditions: PodConditions,
}

/// The conditions of a failed pod. Those that need running containers can be True only while it is being deleted and has
/// not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodConditions {
    /// DisruptionTarget is True.
    pub disrupted: bool,
    /// PodScheduled is True.
    pub scheduled: bool,
    /// A kubelet has reported on it. One that rejects a pod reports no conditions.
    pub reported: bool,
    /// PodReadyToStartContainers is True: its sandbox is there.
    pub sandboxed: bool,
    /// Initialized is True: no init container is left to run.
    pub initialized: bool,
    /// Ready is True.
    pub ready: bool,
    /// ContainersReady is True.
    pub containers_ready: bool,
}

impl PodConditions {
    /// Of a pod of this template.
    pub(super) fn of(pod: &Pod, template: &PodTemplate) -> PodConditions {
        let status = &pod.status;
        let runs = !status.phase.is_terminal();
        let waits = matches!(status.view.word, ContainersWord::Pending | ContainersWord::ContainerCreating);
        PodConditions {
            disrupted: pod.disruption_target.is_some(),
            scheduled: pod.scheduled,
            reported: pod.scheduled && status.rejection().is_none(),
            sandboxed: runs && !waits,
            initialized: is_initialized(template, &status.exits),
            ready: status.ready,
            containers_ready: runs && status.view.ready == status.view.total,
        }
    }

    /// Types and statuses in the order of `status.conditions`: a kubelet keeps those of others and writes its own behind
    /// them (`mergePodStatus`, `generateAPIPodStatus`).
    fn in_order(self) -> impl Iterator<Item = (&'static str, bool)> {
        let others = [("DisruptionTarget", true, self.disrupted), ("PodScheduled", false, !self.scheduled)];
        let own = [
            ("PodReadyToStartContainers", self.sandboxed),
            ("Initialized", self.initialized),
            ("Ready", self.ready),
            ("ContainersReady", self.containers_ready),
            ("PodScheduled", true),
        ];
        let own = own.map(|(kind, holds)| (kind, holds, self.reported));
        others.into_iter().chain(own).filter(|(.., is_there)| *is_there).map(|(kind, holds, _)| (kind, holds))
    }
}

/// What the policy makes of a failed pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// The action of the first rule that matches; none if no rule does.
    pub action: Option<PodFailurePolicyAction>,
    /// For FailJob: which rule, and what it matched.
    pub cause: Option<FailJobCause>,
}

/// Why a FailJob rule matched.
#[derive(Clone, Debug, PartialEq)]
pub struct FailJobCause {
    /// Position of the rule.
    pub rule: usize,
    /// What it saw.
    pub seen: Seen,
}

/// What a rule saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A container's exit code.
    ExitCode {
        /// Name of the container.
        container: String,
        /// The code.
        code: i32,
    },
    /// A pod condition of this type.
    Condition(String),
}

impl Matched {
    /// Does the failure count against the limits?
    pub fn counts(&self) -> bool {
        self.action != Some(PodFailurePolicyAction::Ignore)
    }

    /// Does the failure fail the pod's index at once?
    pub fn fails_index(&self) -> bool {
        self.action == Some(PodFailurePolicyAction::FailIndex)
    }
}

impl FailJobCause {
    /// The message of the Job's condition; `pod` is `namespace/name`.
    pub fn message(&self, pod: &str) -> String {
        let rule = self.rule;
        match &self.seen {
            Seen::ExitCode { container, code } => {
                format!(
                    "Container {container} for pod {pod} failed with exit code {code} matching FailJob rule at index {rule}"
                )
            }
            Seen::Condition(kind) => format!("Pod {pod} has condition {kind} matching FailJob rule at index {rule}"),
        }
    }
}

/// The first rule that matches acts (`matchPodFailurePolicy`).
pub fn match_policy(rules: &[PodFailurePolicyRule], template: &PodTemplate, pod: &FailedPodFacts) -> Matched {
    for (rule, policy) in rules.iter().enumerate() {
        let seen = match &policy.requirement {
            PodFailurePolicyRequirement::ExitCodes { container_name, is_in, values } => {
                matching_exit(container_name.as_deref(), *is_in, values, template, pod)
            }
            PodFailurePolicyRequirement::PodConditions(patterns) => matching_condition(patterns, pod),
        };
        if let Some(seen) = seen {
            let cause = (policy.action == PodFailurePolicyAction::FailJob).then_some(FailJobCause { rule, seen });
            return Matched { action: Some(policy.action), cause };
        }
    }
    Matched { action: None, cause: None }
}

/// App containers first, then init containers; a code of 0 never matches, whatever the operator.
fn matching_exit(
    name: Option<&str>,
    is_in: bool,
    values: &[i32],
    template: &PodTemplate,
    pod: &FailedPodFacts,
) -> Option<Seen> {
    let matches = |container: &str, code: i32| {
        (name.is_none_or(|name| name == container) && code != 0 && values.contains(&code) == is_in)
            .then(|| Seen::ExitCode { container: container.to_owned(), code })
    };
    match &pod.exits {
        ContainerExits::None => None,
        ContainerExits::Only(code) => matches(&template.containers[0].name, *code),
        ContainerExits::Several(exits) => exits.iter().find_map(|exit| {
            let list = if exit.init { &template.init_containers } else { &template.containers };
            matches(&list[exit.container as usize].name, exit.code)
        }),
    }
}

/// Is no init container left to run? Those that run beside the app are not waited for.
fn is_initialized(template: &PodTemplate, exits: &ContainerExits) -> bool {
    let ContainerExits::Several(exits) = exits else { return template.init_containers.iter().all(|c| c.sidecar) };
    let succeeded =
        |at: usize| exits.iter().any(|exit| exit.init && usize::from(exit.container) == at && exit.code == 0);
    let mut waited_for = template.init_containers.iter().enumerate().filter(|(_, container)| !container.sidecar);
    exits.iter().any(|exit| !exit.init) || waited_for.all(|(at, _)| succeeded(at))
}

/// The pod's conditions in their order, each against all patterns (`matchOnPodConditions`).
fn matching_condition(patterns: &[(Arc<str>, Arc<str>)], pod: &FailedPodFacts) -> Option<Seen> {
    let matches = |kind: &str, holds: bool| {
        let status = if holds { "True" } else { "False" };
        patterns.iter().any(|pattern| &*pattern.0 == kind && &*pattern.1 == status)
    };
    let seen = pod.conditions.in_order().find(|&(kind, holds)| matches(kind, holds));
    seen.map(|(kind, _)| Seen::Condition(kind.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::{Container, ContainerExit, RestartPolicy};

    fn template() -> PodTemplate {
        let container = |name: &str| Container { name: name.into(), image: "i".into(), ..Container::default() };
        PodTemplate {
            restart_policy: RestartPolicy::Never,
            init_containers: vec![container("init")],
            containers: vec![container("main"), container("side")],
            termination_grace_period_seconds: 30,
            ..PodTemplate::default()
        }
    }

    /// `"FailJob main In 42"`, `"Ignore * NotIn 0,1"`, `"Count DisruptionTarget"`, `"Count Ready=False,Initialized"`
    fn rule(text: &str) -> PodFailurePolicyRule {
        let words: Vec<&str> = text.split(' ').collect();
        let action = match words[0] {
            "FailJob" => PodFailurePolicyAction::FailJob,
            "FailIndex" => PodFailurePolicyAction::FailIndex,
            "Ignore" => PodFailurePolicyAction::Ignore,
            _ => PodFailurePolicyAction::Count,
        };
        let requirement = match words[..] {
            [_, conditions] => PodFailurePolicyRequirement::PodConditions(conditions.split(',').map(pattern).collect()),
            _ => PodFailurePolicyRequirement::ExitCodes {
                container_name: (words[1] != "*").then(|| words[1].into()),
                is_in: words[2] == "In",
                values: words[3].split(',').map(|v| v.parse().expect("a code")).collect(),
            },
        };
        PodFailurePolicyRule { action, requirement }
    }

    fn pattern(text: &str) -> (Arc<str>, Arc<str>) {
        let (kind, status) = text.split_once('=').unwrap_or((text, "True"));
        (kind.into(), status.into())
    }

    fn check(rules: &[&str], exits: &[(bool, u16, i32)], disrupted: bool, expected: &str) {
        let exits = exits.iter().map(|&(init, container, code)| ContainerExit { init, container, code }).collect();
        let exits = ContainerExits::Several(exits);
        let initialized = is_initialized(&template(), &exits);
        let conditions =
            PodConditions { scheduled: true, reported: true, initialized, disrupted, ..PodConditions::default() };
        check_facts(rules, &FailedPodFacts { exits, conditions }, expected);
    }

    fn check_facts(rules: &[&str], facts: &FailedPodFacts, expected: &str) {
        let rules: Vec<_> = rules.iter().map(|text| rule(text)).collect();
        let matched = match_policy(&rules, &template(), facts);
        let text = match (&matched.action, &matched.cause) {
            (None, _) => "none".to_owned(),
            (Some(_), Some(cause)) => cause.message("ns/p"),
            (Some(action), None) => format!("{action:?}"),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn first_match_acts() {
        let failed = [(false, 0, 0), (false, 1, 42), (true, 0, 3)];
        check(&["Ignore * In 42", "FailJob * In 42"], &failed, false, "Ignore");
        check(&["FailJob main In 42"], &failed, false, "none");
        check(
            &["Count main In 42", "FailJob side In 42"],
            &failed,
            false,
            "Container side for pod ns/p failed with exit code 42 matching FailJob rule at index 1",
        );
        check(&["FailIndex * NotIn 42"], &failed, false, "FailIndex");
        check(&["FailIndex main NotIn 42"], &failed, false, "none");
        check(&["Ignore init In 3"], &failed, false, "Ignore");
        check(&["Ignore DisruptionTarget"], &failed, false, "none");
        check(&["Ignore Initialized", "FailJob Initialized"], &[(true, 0, 1)], false, "none");
        check(&["Ignore Initialized"], &failed, false, "Ignore");
        check(
            &["FailJob DisruptionTarget"],
            &failed,
            true,
            "Pod ns/p has condition DisruptionTarget matching FailJob rule at index 0",
        );
        check(&["FailJob * In 1"], &[], false, "none");
    }

    #[test]
    fn conditions_match_in_the_order_of_the_status() {
        let check = |rule: &str, conditions: PodConditions, expected: Option<&str>| {
            let text = expected.map_or("none".to_owned(), |kind| {
                format!("Pod ns/p has condition {kind} matching FailJob rule at index 0")
            });
            check_facts(&[rule], &FailedPodFacts { conditions, ..FailedPodFacts::default() }, &text);
        };
        let ended = PodConditions { scheduled: true, reported: true, initialized: true, ..PodConditions::default() };
        check("FailJob ContainersReady=False", ended, Some("ContainersReady"));
        check("FailJob PodReadyToStartContainers=False", ended, Some("PodReadyToStartContainers"));
        check("FailJob ContainersReady=False,Ready=False", ended, Some("Ready"));
        check("FailJob PodScheduled,Ready=False,Initialized", ended, Some("Initialized"));
        check("FailJob PodScheduled,DisruptionTarget", ended, Some("PodScheduled"));
        check("FailJob Ready,DisruptionTarget", PodConditions { disrupted: true, ..ended }, Some("DisruptionTarget"));
        let rejected = PodConditions { scheduled: true, ..PodConditions::default() };
        check("FailJob PodScheduled,Ready=False,Initialized=False", rejected, None);
        check("FailJob PodScheduled=False,Ready=False", PodConditions::default(), Some("PodScheduled"));
        check("FailJob Ready=Unknown", ended, None);
    }
}
