//! Images between the registry and the nodes, as the kubelets report them.

use super::World;
use crate::api::meta::{NodeId, ObjectId, PodId};
use crate::kernel::time::SimTime;
use crate::kubelet::Alarm;
use crate::kubelet::images::{Images, News, PullSettings};
use crate::scenario::cluster::Cluster;

/// The images of a cluster with a registry.
pub(super) fn images(cluster: &Cluster) -> Option<Images> {
    let (registry, kubelet) = (cluster.registry.as_ref()?, &cluster.kubelet);
    Some(Images::new(PullSettings {
        max_parallel: kubelet.max_parallel_pulls,
        qps: kubelet.registry_qps,
        burst: kubelet.registry_burst,
        images: registry.images.clone(),
        default_size: registry.default_size,
        bandwidth: registry.bandwidth,
        node_bandwidth: registry.node_bandwidth,
        preloaded: registry.preloaded.clone(),
    }))
}

impl World<'_> {
    /// A pod's images are to be on its node; with a cluster that has no registry they are.
    pub(super) fn need_images(&mut self, pod: PodId, node: NodeId) {
        let Some(images) = self.images.as_mut().filter(|_| node != NodeId::WITHOUT_LIMITS) else {
            return self.start_pod(pod, node);
        };
        let Some(template) = self.store.template_of(pod) else { return };
        let mut news = Vec::new();
        images.need(pod, node, template, self.now, &mut self.workload, &mut self.alarms, &mut news);
        self.images_say(news);
    }

    pub(super) fn image_alarm(&mut self, alarm: Alarm) {
        let Some(images) = &mut self.images else { return };
        // A pod that has ended meanwhile is not tried again.
        if !matches!(alarm, Alarm::Pulled(_)) && !self.kubelet.waits_to_start(alarm.pod()) {
            return images.forget(alarm.pod());
        }
        let mut news = Vec::new();
        images.on_alarm(alarm, self.now, &mut self.workload, &mut self.alarms, &mut news);
        self.images_say(news);
    }

    fn images_say(&mut self, news: Vec<News>) {
        for said in news {
            match said {
                News::Event { pod, warning, reason, message } => {
                    self.record_event(ObjectId::Pod(pod), warning, reason, "kubelet", message);
                }
                News::Ready(pod) => {
                    let node = self.store.pod(pod).map_or(NodeId::WITHOUT_LIMITS, |pod| pod.node);
                    self.start_pod(pod, node);
                }
                News::Stands(pod, state) => {
                    self.kubelet.pull_stands(pod, state);
                    self.report(pod);
                    self.catch_up(pod);
                }
            }
        }
        self.set_alarms();
    }

    /// A pull that has begun is waited for, whatever happens to its pod (`SyncPod` is not cancelled).
    pub(super) fn is_pulling(&self, pod: PodId) -> bool {
        self.images.as_ref().is_some_and(|images| images.is_pulling(pod))
    }

    /// A pod's sandbox is made; a node that starts pods at a rate does so one after the other.
    fn start_pod(&mut self, pod: PodId, node: NodeId) {
        let mut earliest = self.now;
        let interval = self.nodes.settings.kubelet.start_interval;
        if interval.0 > 0 && node != NodeId::WITHOUT_LIMITS {
            let state = self.nodes.state(node);
            earliest = SimTime(state.next_start.0.max(self.now.0));
            state.next_start = earliest + interval;
        }
        self.kubelet.begin(pod, self.now, earliest, &mut self.workload, &mut self.alarms);
        self.set_alarms();
    }
}
