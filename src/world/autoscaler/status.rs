//! What the autoscaler says of itself: events of the ConfigMap that has its status (`LogEventRecorder`).

use super::super::World;
use super::similar::Growth;
use super::{SAME_EVENT, SOURCE, gpus};
use crate::api::duration::format_go_duration;
use crate::api::meta::{NodeId, ObjectId};
use crate::kernel::time::SimDuration;

impl World<'_> {
    /// The same is not said again within five minutes (`--record-duplicated-events`).
    fn says(&mut self, warning: bool, reason: &'static str, message: String) {
        let now = self.now;
        self.autoscaler.said.retain(|_, at| now.since(*at) < SAME_EVENT);
        if self.autoscaler.said.insert(message.clone(), now).is_none() {
            self.record_event(ObjectId::AutoscalerStatus, warning, reason, SOURCE, message);
        }
    }

    /// A pool is asked for more nodes, and has said that it will bring them (`executeScaleUp`).
    pub(super) fn says_it_scales_up(&mut self, pool: &str, Growth { from, to, most, .. }: Growth) {
        for what in [format!("setting group {pool} size"), format!("group {pool} size set")] {
            self.says(false, "ScaledUpGroup", format!("Scale-up: {what} to {to} instead of {from} (max: {most})"));
        }
    }

    /// A pool has not brought what it was asked for so long ago (`updateScaleRequests`).
    pub(super) fn says_it_timed_out(&mut self, pool: &str, asked: SimDuration) {
        let after = format_go_duration(asked.0 as i64);
        self.says(true, "ScaleUpTimedOut", format!("Nodes added to group {pool} failed to register within {after}"));
    }

    /// There are as many nodes as there may be.
    pub(super) fn says_max_nodes(&mut self, most: u32) {
        self.says(true, "MaxNodesTotalReached", format!("Max total nodes in cluster reached: {most}"));
    }

    /// Too many nodes are lost for it to do anything.
    pub(super) fn says_cluster_is_unhealthy(&mut self) {
        self.says(true, "ClusterUnhealthy", "Cluster is unhealthy".to_owned());
    }

    /// A node is to go (`deleteAsyncEmpty`, `deleteAsyncDrain`).
    pub(super) fn says_it_removes(&mut self, id: NodeId) {
        let Some(node) = self.store.node(id).cloned() else { return };
        let names: Vec<String> = self
            .pods_to_move(id)
            .filter_map(|pod| Some(format!("{}/{}", self.store.namespace_of(pod)?, self.store.pod_name(pod)?)))
            .collect();
        if names.is_empty() {
            let message = format!("Scale-down: removing empty node \"{}\"", node.name);
            return self.says(false, "ScaleDownEmpty", message);
        }
        let share = |resource: &str| {
            let (asked, has) = self.scheduling.scheduler.asked_of(id, resource);
            asked as f64 / has.max(1) as f64
        };
        let (cpu, memory, gpu, (name, most)) = match gpus(&node) {
            Some(name) => (0.0, 0.0, share(name), (name, share(name))),
            None => {
                let (cpu, memory) = (share("cpu"), share("memory"));
                (cpu, memory, 0.0, if cpu > memory { ("cpu", cpu) } else { ("memory", memory) })
            }
        };
        // Of devices by claims there are none.
        let [cpu, memory, gpu, claims, most] = [cpu, memory, gpu, 0.0, most].map(printed);
        let message = format!(
            "Scale-down: removing node {}, utilization: {{{cpu} {memory} {gpu} {claims} {name} {most}}}, pods to \
             reschedule: {}",
            node.name,
            names.join(",")
        );
        self.says(false, "ScaleDown", message);
    }

    /// A node is gone, with a drain or empty (`RegisterAndRecordSuccessfulScaleDownEvent`).
    pub(super) fn says_it_removed(&mut self, id: NodeId, was_empty: bool) {
        let Some(name) = self.store.node(id).map(|node| node.name.clone()) else { return };
        match was_empty {
            true => self.says(false, "ScaleDownEmpty", format!("Scale-down: empty node {name} removed")),
            false => self.says(false, "ScaleDown", format!("Scale-down: node {name} removed with drain")),
        }
    }
}

/// A share as Go's `%v` prints it.
fn printed(share: f64) -> String {
    if share == 0.0 || share >= 1e-4 {
        return share.to_string();
    }
    let text = format!("{share:e}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::printed;

    #[test]
    fn shares_are_printed_as_in_go() {
        let printed = [0.0, 0.5, 1.0, 0.0001, 0.000_065, 1e-12, 1.0 / 3.0].map(printed);
        assert_eq!(printed, ["0", "0.5", "1", "0.0001", "6.5e-05", "1e-12", "0.3333333333333333"]);
    }
}
