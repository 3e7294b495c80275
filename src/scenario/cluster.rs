//! The cluster that a scenario's pods run in, as far as no manifest says it: node pools, the kubelets' settings, the
//! registry, what fails, the autoscaler.

use std::sync::Arc;

use crate::api::resources::ResourceList;
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;

/// `spec.cluster`.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Pools of nodes, in order.
    pub pools: Vec<NodePool>,
    /// Adds and removes nodes; absent: pools stay as they are.
    pub autoscaler: Option<Autoscaler>,
    /// How kubelets work.
    pub kubelet: KubeletSettings,
    /// Where images come from; absent: every image is on every node.
    pub registry: Option<Registry>,
    /// Nodes that fail.
    pub failures: Vec<NodeFailures>,
    /// Least time that a node is paid for.
    pub minimum_charge: SimDuration,
}

/// Nodes that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    /// Its name; nodes are called after it and numbered from 0.
    pub name: Arc<str>,
    /// Nodes at the start.
    pub count: u32,
    /// Fewest and most nodes that the autoscaler may leave.
    pub bounds: (u32, u32),
    /// What a node has.
    pub capacity: ResourceList,
    /// What of it pods can use.
    pub allocatable: ResourceList,
    /// Labels of its nodes, sorted by key.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Taints of its nodes: key, value, effect.
    pub taints: Vec<PoolTaint>,
    /// Millionths of a dollar that a node costs an hour.
    pub micros_an_hour: u64,
    /// What it would cost if it were not spot capacity.
    pub full_micros_an_hour: u64,
    /// Can its provider take its nodes back?
    pub spot: bool,
    /// From asking for a node to its being ready.
    pub boot_time: Distribution,
    /// From its being ready to its extended resources (GPUs) being there.
    pub device_delay: Option<Distribution>,
}

/// A taint of a pool's nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolTaint {
    /// Key.
    pub key: Arc<str>,
    /// Value, often empty.
    pub value: Arc<str>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: &'static str,
}

/// `spec.cluster.kubelet`.
#[derive(Clone, Debug, PartialEq)]
pub struct KubeletSettings {
    /// Most pods on a node of a pool that does not say.
    pub max_pods: u32,
    /// Images that a node pulls at a time; absent: any number.
    pub max_parallel_pulls: Option<u32>,
    /// Pulls a second that a kubelet may begin, and at once after a pause.
    pub registry_qps: f64,
    /// .. at once after a pause.
    pub registry_burst: u32,
    /// A pod's sandbox with its network.
    pub sandbox: Option<Distribution>,
    /// Creation and start of one container.
    pub container_start: Option<Distribution>,
    /// Least time between two starts of pods on a node.
    pub start_interval: SimDuration,
}

impl Default for KubeletSettings {
    fn default() -> KubeletSettings {
        KubeletSettings {
            max_pods: 110,
            max_parallel_pulls: Some(1),
            registry_qps: 5.0,
            registry_burst: 10,
            sandbox: None,
            container_start: None,
            start_interval: SimDuration::ZERO,
        }
    }
}

/// `spec.cluster.registry`.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Sizes of images by name, in bytes.
    pub images: Vec<(Arc<str>, u64)>,
    /// Size of an image that is not named.
    pub default_size: u64,
    /// Bytes a second that one pull gets.
    pub bandwidth: u64,
    /// Bytes a second that all pulls of a node share.
    pub node_bandwidth: u64,
    /// What each pull takes besides.
    pub latency: Distribution,
    /// Images that every node has from the start.
    pub preloaded: Vec<Arc<str>>,
}

/// Nodes of a pool that fail at random times.
#[derive(Clone, Debug)]
pub struct NodeFailures {
    /// Of which pool; absent: of any node.
    pub pool: Option<Arc<str>>,
    /// From a node's being ready to its failure.
    pub every: Distribution,
    /// From the failure to its coming back; absent: it never does.
    pub repair: Option<Distribution>,
    /// Does the provider take the node back, with a warning this long before?
    pub reclaim: Option<SimDuration>,
}

/// `spec.cluster.autoscaler`: the flags of the cluster autoscaler.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    /// Which pool is chosen among those that help: each leaves its best to the next, what is left then is drawn among.
    pub expanders: Vec<Expander>,
    /// Do pools that are alike grow together?
    pub balance: bool,
    /// Pause between two loops.
    pub scan_interval: SimDuration,
    /// Pods younger than this are not looked at.
    pub new_pod_delay: SimDuration,
    /// Most nodes in all; 0: no bound.
    pub max_nodes_total: u32,
    /// A node that is not there after so long is given up.
    pub max_provision_time: SimDuration,
    /// Are nodes removed at all?
    pub scale_down: bool,
    /// A node goes when it was not needed for so long.
    pub unneeded_time: SimDuration,
    /// No node goes so soon after one was added.
    pub delay_after_add: SimDuration,
    /// Above this share of requests a node is needed, in thousandths.
    pub utilization_threshold: u32,
    /// The same of GPUs, for nodes that have them.
    pub gpu_utilization_threshold: u32,
    /// Most nodes that are being removed at a time.
    pub max_parallelism: u32,
    /// Most of them with pods.
    pub max_drain_parallelism: u32,
    /// Pods of a lower priority count for nothing.
    pub expendable_below: i32,
}

impl Default for Autoscaler {
    fn default() -> Autoscaler {
        Autoscaler {
            expanders: vec![Expander::LeastWaste],
            balance: false,
            scan_interval: SimDuration::from_secs(10),
            new_pod_delay: SimDuration::ZERO,
            max_nodes_total: 0,
            max_provision_time: SimDuration::from_secs(15 * 60),
            scale_down: true,
            unneeded_time: SimDuration::from_secs(10 * 60),
            delay_after_add: SimDuration::from_secs(10 * 60),
            utilization_threshold: 500,
            gpu_utilization_threshold: 500,
            max_parallelism: 10,
            max_drain_parallelism: 1,
            expendable_below: -10,
        }
    }
}

/// How the autoscaler chooses among pools.
#[derive(Clone, Debug, PartialEq)]
pub enum Expander {
    /// Any.
    Random,
    /// The one that leaves least idle.
    LeastWaste,
    /// The one that places most pods.
    MostPods,
    /// The one that takes fewest nodes.
    LeastNodes,
    /// The one whose price is best for what it places, if its nodes are of a size that suits the cluster.
    Price,
    /// The one with the highest number; pools that are not named come last.
    Priority(Vec<(Arc<str>, u32)>),
}
