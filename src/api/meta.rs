//! What all objects share: ids, API times, owner names.

use std::fmt;
use std::sync::Arc;

use crate::kernel::rng::entity;
use crate::kernel::time::SimTime;

/// A Job object: its slot in the store's table and the number of its creation, as for [`PodId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// Position in the Job tables.
    pub slot: u32,
    /// How many Jobs the run had created before this one.
    pub uid: u32,
}

impl JobId {
    /// Stands for the owner of a pod that no Job made.
    pub const NONE: JobId = JobId { slot: u32::MAX, uid: u32::MAX };
}

/// A pod object: its slot in the store's table and the number of its creation.
///
/// Slots are used again after a pod is gone, creation numbers never: a stale alarm or request for a slot that now
/// holds another pod is recognised by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId {
    /// Position in the pod tables.
    pub slot: u32,
    /// How many pods the run had created before this one: what a UID is for.
    pub uid: u32,
}

/// A node object: the number of its creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The node of a cluster that has no nodes: it has room for all.
    pub const WITHOUT_LIMITS: NodeId = NodeId(u32::MAX);
}

/// A CronJob object: its slot in the store's table and the number of its creation, as for [`PodId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CronJobId {
    /// Position in the CronJob tables.
    pub slot: u32,
    /// How many CronJobs the run had created before this one.
    pub uid: u32,
}

/// An object that something is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// A CronJob.
    CronJob(CronJobId),
    /// A Job.
    Job(JobId),
    /// A pod.
    Pod(PodId),
    /// A node.
    Node(NodeId),
    /// The ConfigMap in which the cluster autoscaler tells of itself ([`AUTOSCALER_STATUS`]).
    AutoscalerStatus,
}

/// Namespace and name of the ConfigMap in which the cluster autoscaler tells of itself.
pub const AUTOSCALER_STATUS: (&str, &str) = ("kube-system", "cluster-autoscaler-status");

/// A time as the API server stores it: whole seconds since the scenario's start, cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiTime(pub u32);

impl ApiTime {
    /// The stored form of an instant.
    pub fn of(now: SimTime) -> ApiTime {
        ApiTime(u32::try_from(now.whole_seconds()).unwrap_or(u32::MAX))
    }

    /// The instant that the stored time stands for.
    pub fn instant(self) -> SimTime {
        SimTime::from_secs(u64::from(self.0))
    }
}

impl fmt::Display for ApiTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Namespace and name of a namespaced object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Namespace, `default` when the manifest names none.
    pub namespace: Arc<str>,
    /// Name, unique among the objects of one kind in the namespace.
    pub name: Arc<str>,
}

impl ObjectName {
    /// A name in a namespace.
    pub fn new(namespace: &str, name: &str) -> ObjectName {
        ObjectName { namespace: namespace.into(), name: name.into() }
    }

    /// What the object is told by where a number has to do: for draws, and for looking it up. `kind` is `job` and the
    /// like.
    pub fn identity(&self, kind: &str) -> u64 {
        entity(&[kind.as_bytes(), self.namespace.as_bytes(), self.name.as_bytes()])
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
