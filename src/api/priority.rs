//! Priorities of pods: the classes that they are named by.

use std::sync::Arc;

/// A PriorityClass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorityClass {
    /// Its name.
    pub name: Arc<str>,
    /// What its pods' `priority` is.
    pub value: i32,
    /// Is it for pods that name none?
    pub global_default: bool,
    /// May its pods preempt others?
    pub preemption_policy: PreemptionPolicy,
}

impl PriorityClass {
    /// What the server says of a new class that would be the default beside another (`validatePriorityClass` of the
    /// priority plugin).
    pub fn forbidden_beside(&self, default: &PriorityClass) -> Option<String> {
        (self.global_default && default.global_default).then(|| {
            format!(
                "priorityclasses.scheduling.k8s.io \"{}\" is forbidden: PriorityClass {} is already marked as default. \
                 Only one default can exist",
                self.name, default.name
            )
        })
    }
}

/// Whether pods preempt others of lower priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreemptionPolicy {
    /// They do.
    #[default]
    PreemptLowerPriority,
    /// They wait until there is room.
    Never,
}

impl PreemptionPolicy {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            PreemptionPolicy::PreemptLowerPriority => "PreemptLowerPriority",
            PreemptionPolicy::Never => "Never",
        }
    }

    /// The policy of this word.
    pub fn by_name(name: &str) -> Option<PreemptionPolicy> {
        [PreemptionPolicy::PreemptLowerPriority, PreemptionPolicy::Never]
            .into_iter()
            .find(|known| known.as_str() == name)
    }
}

/// Classes that every cluster has.
pub const SYSTEM_CLASSES: [(&str, i32); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

/// The highest value that a class of a user may have (`HighestUserDefinablePriority`).
pub const HIGHEST_OF_USERS: i32 = 1_000_000_000;
