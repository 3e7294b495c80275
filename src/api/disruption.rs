//! Disruption budgets: how many pods may be taken away at a time.

use std::sync::Arc;

use super::meta::ObjectName;

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq)]
pub struct PodDisruptionBudget {
    /// Namespace and name.
    pub name: ObjectName,
    /// Which pods it is for; all must hold. Absent: none.
    pub selector: Option<Vec<Requirement>>,
    /// `minAvailable`.
    pub min_available: Option<IntOrPercent>,
    /// `maxUnavailable`.
    pub max_unavailable: Option<IntOrPercent>,
    /// May pods that are not ready always be evicted?
    pub always_allow_unhealthy: bool,
}

/// A number or a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// So many.
    Int(u32),
    /// So many of a hundred.
    Percent(u32),
}

/// A condition on labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label.
    pub key: Arc<str>,
    /// What is asked of it.
    pub operator: Operator,
    /// The values.
    pub values: Vec<Arc<str>>,
}

/// What is asked of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// It has one of the values.
    In,
    /// It has none of the values, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

impl Requirement {
    /// Does it hold for these labels?
    pub fn holds(&self, labels: &[(Arc<str>, Arc<str>)]) -> bool {
        let value = labels.iter().find(|(key, _)| *key == self.key).map(|(_, value)| value);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl PodDisruptionBudget {
    /// Is it for a pod of this namespace with these labels?
    pub fn selects(&self, namespace: &str, labels: &[(Arc<str>, Arc<str>)]) -> bool {
        *self.name.namespace == *namespace
            && self.selector.as_ref().is_some_and(|all| all.iter().all(|requirement| requirement.holds(labels)))
    }
}
