//! The plugins of the default profile, and what they answer.

pub(super) mod images;
pub(super) mod node_affinity;
pub(super) mod pod_affinity;
pub(super) mod pod_affinity_score;
pub(super) mod resources;
pub(super) mod spread;
pub(super) mod spread_score;
pub(super) mod taints;

/// A plugin that rejects pods or scores nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Plugin {
    /// Pods with gates are not tried.
    SchedulingGates,
    /// Cordoned nodes.
    NodeUnschedulable,
    /// Taints.
    TaintToleration,
    /// Node selector and node affinity.
    NodeAffinity,
    /// Ports of the host.
    NodePorts,
    /// Requests, and the least allocated nodes first.
    NodeResourcesFit,
    /// Topology spread constraints.
    PodTopologySpread,
    /// Affinity to and of other pods.
    InterPodAffinity,
    /// Victims that are to go.
    DefaultPreemption,
    /// cpu and memory in balance.
    NodeResourcesBalancedAllocation,
    /// Images that are there.
    ImageLocality,
    /// Volumes: no pod has any here.
    VolumeBinding,
    /// Claims of devices: no pod has any here.
    DynamicResources,
}

impl Plugin {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Plugin::SchedulingGates => "SchedulingGates",
            Plugin::NodeUnschedulable => "NodeUnschedulable",
            Plugin::TaintToleration => "TaintToleration",
            Plugin::NodeAffinity => "NodeAffinity",
            Plugin::NodePorts => "NodePorts",
            Plugin::NodeResourcesFit => "NodeResourcesFit",
            Plugin::PodTopologySpread => "PodTopologySpread",
            Plugin::InterPodAffinity => "InterPodAffinity",
            Plugin::DefaultPreemption => "DefaultPreemption",
            Plugin::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
            Plugin::ImageLocality => "ImageLocality",
            Plugin::VolumeBinding => "VolumeBinding",
            Plugin::DynamicResources => "DynamicResources",
        }
    }
}

/// A set of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plugins(u16);

impl Plugins {
    pub(super) fn insert(&mut self, plugin: Plugin) {
        self.0 |= 1 << plugin as u16;
    }

    /// Is it among them?
    pub fn has(self, plugin: Plugin) -> bool {
        self.0 & 1 << plugin as u16 != 0
    }

    /// Is there none?
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Why a node is not for a pod: who says so, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejection {
    /// The first plugin that said no.
    pub plugin: Plugin,
    /// Would it still say no if pods went away (`UnschedulableAndUnresolvable`)?
    pub unresolvable: bool,
    /// What it says.
    pub reason: Reason,
}

/// What a plugin says of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// One of the fixed texts.
    Text(&'static str),
    /// Resources that are short, by number, and whether there are as many pods as may be.
    Short {
        /// Are there as many pods as may be?
        pods: bool,
        /// Bit n stands for resource n.
        resources: u128,
    },
}

impl Rejection {
    /// A rejection that fewer pods might lift.
    pub(super) fn now(plugin: Plugin, text: &'static str) -> Rejection {
        Rejection { plugin, unresolvable: false, reason: Reason::Text(text) }
    }

    /// A rejection that stays whatever pods go.
    pub(super) fn for_good(plugin: Plugin, text: &'static str) -> Rejection {
        Rejection { plugin, unresolvable: true, reason: Reason::Text(text) }
    }
}
