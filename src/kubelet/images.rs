//! Images: pulled once a node, one after the other or several at a time, not faster than the kubelet may ask, and again
//! after a back-off where a pull fails (`EnsureImageExists`, `throttledImageService`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::lifecycle::PullState;
use super::{Alarm, Workload};
use crate::api::duration::format_go_duration;
use crate::api::meta::{NodeId, PodId};
use crate::api::pod::{PodTemplate, PullPolicy};
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};

/// First and longest wait after a failed pull.
const BACK_OFF: (SimDuration, SimDuration) = (SimDuration::from_secs(10), SimDuration::from_secs(300));
/// The look at the pod that shows it waiting comes this much later.
const NEXT_LOOK: SimDuration = SimDuration::from_secs(11);

/// Where images come from and how fast.
#[derive(Clone, Debug)]
pub struct PullSettings {
    /// Images that a node pulls at a time; absent: any number.
    pub max_parallel: Option<u32>,
    /// Pulls a second that a kubelet may begin; 0: any number.
    pub qps: f64,
    /// .. at once after a pause.
    pub burst: u32,
    /// Sizes by name, in bytes.
    pub images: Vec<(Arc<str>, u64)>,
    /// Size of the others.
    pub default_size: u64,
    /// Bytes a second that a pull gets.
    pub bandwidth: u64,
    /// Bytes a second that the pulls of a node share.
    pub node_bandwidth: u64,
    /// Images that are on every node.
    pub preloaded: Vec<Arc<str>>,
}

/// The images of all nodes.
#[derive(Debug)]
pub struct Images {
    settings: PullSettings,
    nodes: Vec<NodeImages>,
    pods: BTreeMap<PodId, Pull>,
    /// The registry does not answer.
    pub registry_is_down: bool,
}

#[derive(Debug)]
struct NodeImages {
    present: BTreeSet<Arc<str>>,
    active: u32,
    queue: VecDeque<PodId>,
    /// Pods that are never to pull what is not there.
    waiting: Vec<PodId>,
    tokens: f64,
    last: SimTime,
}

/// A pod that waits for its images.
#[derive(Debug)]
struct Pull {
    node: NodeId,
    /// The images of its containers; the one it is at comes last.
    left: Vec<(Arc<str>, PullPolicy)>,
    failures: u32,
    asked: SimTime,
    begun: SimTime,
    active: bool,
    /// It has failed, or may not be pulled, and is looked at again later.
    backs_off: bool,
    /// The pod is gone; what is under way goes on.
    gone: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A Kubernetes event about a pod.
    Event {
        /// Whose.
        pod: PodId,
        /// A Warning.
        warning: bool,
        /// One word.
        reason: &'static str,
        /// For people.
        message: String,
    },
    /// All images of the pod are there.
    Ready(PodId),
    /// The pod's state has changed.
    Stands(PodId, PullState),
}

impl Images {
    /// No image but the preloaded is on any node.
    pub fn new(settings: PullSettings) -> Images {
        Images { settings, nodes: Vec::new(), pods: BTreeMap::new(), registry_is_down: false }
    }

    fn node(&mut self, id: NodeId) -> &mut NodeImages {
        let place = id.0 as usize;
        while self.nodes.len() <= place {
            self.nodes.push(NodeImages {
                present: self.settings.preloaded.iter().cloned().collect(),
                active: 0,
                queue: VecDeque::new(),
                waiting: Vec::new(),
                tokens: f64::from(self.settings.burst),
                last: SimTime::ZERO,
            });
        }
        &mut self.nodes[place]
    }

    fn size(&self, image: &str) -> u64 {
        let known = self.settings.images.iter().find(|(name, _)| **name == *image);
        known.map_or(self.settings.default_size, |(_, size)| *size)
    }

    /// Images that a node has by what its object says.
    pub fn has(&mut self, node: NodeId, images: impl Iterator<Item = Arc<str>>) {
        self.node(node).present.extend(images);
    }

    /// A pod was bound to a node and needs its images there.
    #[expect(clippy::too_many_arguments, reason = "a pod's images, and all that decides how they come")]
    pub fn need(
        &mut self,
        pod: PodId,
        node: NodeId,
        template: &PodTemplate,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
        news: &mut Vec<News>,
    ) {
        let containers = template.init_containers.iter().chain(&template.containers);
        let mut left: Vec<_> = containers.map(|container| (container.image.clone(), container.pull_policy)).collect();
        left.reverse();
        let pull =
            Pull { node, left, failures: 0, asked: now, begun: now, active: false, backs_off: false, gone: false };
        self.pods.insert(pod, pull);
        self.look(pod, now, workload, alarms, news);
    }

    /// The pod goes on to the next image that has to be pulled (`imagePullPrecheck`).
    fn look(
        &mut self,
        pod: PodId,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
        news: &mut Vec<News>,
    ) {
        let Some(node) = self.pods.get(&pod).map(|pull| pull.node) else { return };
        loop {
            let Some((image, policy)) = self.pods.get(&pod).and_then(|pull| pull.left.last().cloned()) else {
                self.pods.remove(&pod);
                news.push(News::Ready(pod));
                return;
            };
            let is_there = self.node(node).present.contains(&image);
            match policy {
                PullPolicy::IfNotPresent | PullPolicy::Never if is_there => {}
                PullPolicy::Never => return self.never_pull(pod, &image, news),
                PullPolicy::Always | PullPolicy::IfNotPresent => break,
            }
            let message =
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
            news.push(News::Event { pod, warning: false, reason: "Pulled", message });
            self.is_had(pod);
        }
        if let Some(pull) = self.pods.get_mut(&pod) {
            (pull.asked, pull.backs_off) = (now, false);
        }
        self.node(node).queue.push_back(pod);
        self.serve(node, now, workload, alarms, news);
    }

    /// The image that a pod is at is there, and back-off is of the next.
    fn is_had(&mut self, pod: PodId) {
        if let Some(pull) = self.pods.get_mut(&pod) {
            pull.left.pop();
            pull.failures = 0;
        }
    }

    /// Upstream's kubelet looks every 10 to 16 s and says the same each time, which is one event of a growing count. Here
    /// it looks when an image has come to the node.
    fn never_pull(&mut self, pod: PodId, image: &str, news: &mut Vec<News>) {
        let Some(pull) = self.pods.get_mut(&pod) else { return };
        pull.backs_off = true;
        let node = pull.node;
        self.node(node).waiting.push(pod);
        let warn = |reason, message| News::Event { pod, warning: true, reason, message };
        let message = format!("Container image \"{image}\" is not present with pull policy of Never");
        news.push(warn("ErrImageNeverPull", message));
        news.push(warn("Failed", "Error: ErrImageNeverPull".to_owned()));
        news.push(News::Stands(pod, PullState::Never));
    }

    /// The node begins as many pulls as it may.
    fn serve(
        &mut self,
        id: NodeId,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
        news: &mut Vec<News>,
    ) {
        while self.settings.max_parallel.is_none_or(|most| self.node(id).active < most) {
            let Some(pod) = self.node(id).queue.pop_front() else { return };
            let Some((image, _)) = self.pods.get(&pod).and_then(|pull| pull.left.last().cloned()) else { continue };
            let message = format!("Pulling image \"{image}\"");
            news.push(News::Event { pod, warning: false, reason: "Pulling", message });
            if !self.take_token(id, now) {
                self.fail(pod, "pull QPS exceeded", now, workload, alarms, news);
                continue;
            }
            if self.registry_is_down {
                self.fail(pod, "failed to resolve reference: connection refused", now, workload, alarms, news);
                continue;
            }
            let node = self.node(id);
            node.active += 1;
            // Where it is there, or another pod's pull has brought it meanwhile, only a look at the registry is left.
            let (is_there, active) = (node.present.contains(&image), u64::from(node.active));
            let rate = self.settings.bandwidth.min(self.settings.node_bandwidth / active).max(1);
            let size = if is_there { 0 } else { self.size(&image) };
            let transfer = u128::from(size) * u128::from(NANOS_PER_SECOND) / u128::from(rate);
            let time =
                workload.pull_latency(pod, &image) + SimDuration(u64::try_from(transfer).unwrap_or(u64::MAX / 4));
            if let Some(pull) = self.pods.get_mut(&pod) {
                (pull.begun, pull.active) = (now, true);
            }
            alarms.push((now + time, Alarm::Pulled(pod)));
        }
    }

    /// A pull that may not begin fails (`TryAccept`).
    fn take_token(&mut self, id: NodeId, now: SimTime) -> bool {
        let (qps, burst) = (self.settings.qps, f64::from(self.settings.burst));
        let node = self.node(id);
        let elapsed = now.since(node.last).0 as f64 / NANOS_PER_SECOND as f64;
        node.tokens = (node.tokens + elapsed * qps).min(burst);
        node.last = now;
        if qps > 0.0 && node.tokens < 1.0 {
            return false;
        }
        node.tokens -= 1.0;
        true
    }

    fn fail(
        &mut self,
        pod: PodId,
        error: &str,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
        news: &mut Vec<News>,
    ) {
        let Some(pull) = self.pods.get_mut(&pod) else { return };
        let Some((image, _)) = pull.left.last().cloned() else { return };
        (pull.failures, pull.backs_off) = (pull.failures + 1, true);
        let wait = SimDuration((BACK_OFF.0.0 << (pull.failures - 1).min(10)).min(BACK_OFF.1.0));
        let warn = |message: String| News::Event { pod, warning: true, reason: "Failed", message };
        news.push(warn(format!("Failed to pull image \"{image}\": {error}")));
        news.push(warn("Error: ErrImagePull".to_owned()));
        news.push(News::Stands(pod, PullState::Failed));
        if wait > NEXT_LOOK {
            alarms.push((now + NEXT_LOOK, Alarm::PullBackOff(pod)));
        }
        alarms.push((now + wait + workload.next_look(pod, pull.failures), Alarm::PullAgain(pod)));
    }

    /// An alarm about a pull rang.
    pub fn on_alarm(
        &mut self,
        alarm: Alarm,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
        news: &mut Vec<News>,
    ) {
        match alarm {
            Alarm::Pulled(pod) => self.pulled(pod, now, workload, alarms, news),
            Alarm::PullBackOff(pod) => {
                let Some((image, _)) = self.pods.get(&pod).and_then(|pull| pull.left.last()) else { return };
                let message = format!("Back-off pulling image \"{image}\"");
                news.push(News::Event { pod, warning: false, reason: "BackOff", message });
                let message = "Error: ImagePullBackOff".to_owned();
                news.push(News::Event { pod, warning: true, reason: "Failed", message });
                news.push(News::Stands(pod, PullState::BackOff));
            }
            Alarm::PullAgain(pod) => self.look(pod, now, workload, alarms, news),
            _ => {}
        }
    }

    fn pulled(
        &mut self,
        pod: PodId,
        now: SimTime,
        workload: &mut dyn Workload,
        alarms: &mut Vec<(SimTime, Alarm)>,
        news: &mut Vec<News>,
    ) {
        let Some(pull) = self.pods.get_mut(&pod).filter(|pull| pull.active) else { return };
        pull.active = false;
        let (id, gone, asked, begun) = (pull.node, pull.gone, pull.asked, pull.begun);
        let Some((image, _)) = pull.left.last().cloned() else { return };
        self.is_had(pod);
        let size = self.size(&image);
        let node = self.node(id);
        node.active = node.active.saturating_sub(1);
        if node.present.insert(image.clone()) {
            for pod in std::mem::take(&mut node.waiting) {
                alarms.push((now + workload.next_look(pod, 0), Alarm::PullAgain(pod)));
            }
        }
        if gone {
            self.pods.remove(&pod);
        } else {
            let cut = |length: SimDuration| format_go_duration((length.0 / 1_000_000 * 1_000_000) as i64);
            let (took, waited) = (cut(now.since(begun)), cut(now.since(asked)));
            let message = format!(
                "Successfully pulled image \"{image}\" in {took} ({waited} including waiting). Image size: {size} bytes."
            );
            news.push(News::Event { pod, warning: false, reason: "Pulled", message });
            self.look(pod, now, workload, alarms, news);
        }
        self.serve(id, now, workload, alarms, news);
    }

    /// Is an image for the pod under way, or will be when its turn comes?
    pub fn is_pulling(&self, pod: PodId) -> bool {
        self.pods.get(&pod).is_some_and(|pull| !pull.backs_off)
    }

    /// The pod needs nothing any more.
    pub fn forget(&mut self, pod: PodId) {
        match self.pods.get_mut(&pod) {
            Some(pull) if pull.active => pull.gone = true,
            _ => _ = self.pods.remove(&pod),
        }
    }

    /// A node has failed: nothing is under way on it, and it keeps what it has.
    pub fn node_failed(&mut self, id: NodeId) {
        self.pods.retain(|_, pull| pull.node != id);
        let node = self.node(id);
        (node.active, node.queue, node.waiting) = (0, VecDeque::new(), Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::Container;

    struct Still;

    impl Workload for Still {
        fn startup(&mut self, _: PodId) -> SimDuration {
            SimDuration::ZERO
        }
        fn duration(&mut self, _: PodId, _: &str, _: u32) -> SimDuration {
            SimDuration::ZERO
        }
        fn exit_code(&mut self, _: PodId, _: &str, _: u32) -> i32 {
            0
        }
        fn termination(&mut self, _: PodId, _: &str, _: u32) -> SimDuration {
            SimDuration::ZERO
        }
    }

    /// When each of some pods of one node has its images, in whole seconds; images of 100 MB at 10 MB/s.
    fn ready(max_parallel: Option<u32>, burst: u32, images: &[&str]) -> Vec<u64> {
        let images: Vec<_> = images.iter().map(|image| (*image, PullPolicy::IfNotPresent)).collect();
        played(max_parallel, burst, &images).0
    }

    /// .. and the reasons of the events.
    fn played(
        max_parallel: Option<u32>,
        burst: u32,
        images: &[(&str, PullPolicy)],
    ) -> (Vec<u64>, Vec<(u32, &'static str)>) {
        let settings = PullSettings {
            max_parallel,
            qps: 5.0,
            burst,
            images: Vec::new(),
            default_size: 100_000_000,
            bandwidth: 10_000_000,
            node_bandwidth: 20_000_000,
            preloaded: vec!["pause".into()],
        };
        let (mut of_node, mut alarms, mut news) = (Images::new(settings), Vec::new(), Vec::new());
        let pod = |slot: usize| PodId { slot: slot as u32, uid: slot as u32 };
        let (mut times, mut reasons) = (vec![0; images.len()], Vec::new());
        let mut note = |news: &mut Vec<News>, now: SimTime, times: &mut Vec<u64>| {
            for said in news.drain(..) {
                match said {
                    News::Ready(pod) => times[pod.slot as usize] = now.whole_seconds(),
                    News::Event { pod, reason, .. } => reasons.push((pod.slot, reason)),
                    News::Stands(..) => {}
                }
            }
        };
        for (slot, &(image, pull_policy)) in images.iter().enumerate() {
            let container = Container { image: image.into(), pull_policy, ..Container::default() };
            let template = PodTemplate { containers: vec![container], ..PodTemplate::default() };
            of_node.need(pod(slot), NodeId(0), &template, SimTime::ZERO, &mut Still, &mut alarms, &mut news);
            note(&mut news, SimTime::ZERO, &mut times);
        }
        while let Some(first) = (0..alarms.len()).min_by_key(|&at| alarms[at].0) {
            let (now, alarm) = alarms.remove(first);
            of_node.on_alarm(alarm, now, &mut Still, &mut alarms, &mut news);
            note(&mut news, now, &mut times);
        }
        (times, reasons)
    }

    #[test]
    fn policies_decide_what_is_pulled() {
        let (times, reasons) = played(
            Some(1),
            10,
            &[("a", PullPolicy::Never), ("pause", PullPolicy::Always), ("pause", PullPolicy::Never)],
        );
        assert_eq!(times, [0, 0, 0]);
        assert_eq!(
            reasons,
            [(0, "ErrImageNeverPull"), (0, "Failed"), (1, "Pulling"), (2, "Pulled"), (1, "Pulled")],
            "the first is not ready at all"
        );
        // What another pod has pulled will do.
        let (times, reasons) = played(Some(1), 10, &[("a", PullPolicy::Never), ("a", PullPolicy::Always)]);
        assert_eq!(times, [10, 10]);
        assert_eq!(reasons[2..], [(1, "Pulling"), (1, "Pulled"), (0, "Pulled")]);
    }

    #[test]
    fn images_come_one_after_the_other_or_together_and_once() {
        assert_eq!(ready(Some(1), 10, &["pause", "a", "b", "a"]), [0, 10, 20, 20]);
        // Two share the node's bandwidth and lose nothing by it, the third halves what it gets.
        assert_eq!(ready(None, 10, &["a", "b", "c"]), [10, 10, 15]);
        // A kubelet that may begin one pull only backs off with the second.
        assert_eq!(ready(None, 1, &["a", "b"]), [10, 20]);
    }
}
