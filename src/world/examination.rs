//! A pod that waits for a node, held against every node: for `explain pod`.

use std::sync::Arc;

use super::World;
use crate::api::meta::NodeId;

/// What the nodes say to a pod for which the scheduler has found none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodExamination {
    /// The text of FailedScheduling, if it was tried now.
    pub message: Option<String>,
    /// Nodes that would take it now.
    pub feasible: Vec<Arc<str>>,
    /// Nodes that would not.
    pub refusals: Vec<NodeRefusal>,
    /// Nodes that pods of lower priority could be cleared from for it.
    pub preemptible: Vec<Arc<str>>,
}

/// Why a node does not take a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRefusal {
    /// The node.
    pub node: Arc<str>,
    /// The filter plugin that refused it.
    pub plugin: &'static str,
    /// What it said.
    pub reasons: Vec<String>,
    /// Why preemption is of no help, if it was tried.
    pub preemption: Vec<String>,
}

impl World<'_> {
    /// What the nodes would say now to a pod, by its `namespace/name`; none if it does not wait for a node.
    pub fn examine(&mut self, pod: &str) -> Option<PodExamination> {
        let id = *self.scheduling.unschedulable.keys().find(|&&id| self.full_name(id).as_deref() == Some(pod))?;
        let found = self.scheduling.scheduler.examine(id)?;
        let name = |id: NodeId| self.store.node(id).map_or_else(|| "".into(), |node| node.name.clone());
        let names = |ids: Vec<NodeId>| ids.into_iter().map(name).collect::<Vec<_>>();
        let preemption = found.preemption.unwrap_or_default();
        let refused = found.rejected.into_iter().map(|rejected| NodeRefusal {
            node: name(rejected.node),
            plugin: rejected.plugin.name(),
            reasons: rejected.reasons,
            preemption: preemption
                .rejected
                .iter()
                .find(|(node, _)| *node == rejected.node)
                .map(|(_, reasons)| reasons.clone())
                .unwrap_or_default(),
        });
        let mut refusals: Vec<NodeRefusal> = refused.collect();
        refusals.extend(found.excluded.into_iter().map(|node| NodeRefusal {
            node: name(node),
            plugin: "NodeAffinity",
            reasons: vec!["the pod asks for other nodes by name".to_owned()],
            preemption: Vec::new(),
        }));
        refusals.sort_by(|a, b| a.node.cmp(&b.node));
        let preemptible = names(preemption.candidates.iter().map(|candidate| candidate.node).collect());
        Some(PodExamination { message: found.message, feasible: names(found.feasible), refusals, preemptible })
    }
}
