//! The nodes of the cluster: those of manifests and pools, what stands on them, when they fail and come back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::World;
use super::event::Event;
use crate::api::change::Verb;
use crate::api::event::{ClusterHappening, Happening, ObjectEvent};
use crate::api::meta::{ApiTime, NodeId, ObjectId, PodId};
use crate::api::node::{Node, Readiness, Taint, TaintEffect};
use crate::api::resources::ResourceList;
use crate::kernel::dist::Distribution;
use crate::kernel::rng::{Purpose, Streams, entity, mix};
use crate::kernel::time::{SimDuration, SimTime};
use crate::scenario::cluster::{Cluster, NodePool};
use crate::scenario::{Object, Scenario};

/// What the streams of nodes are for.
const BOOT: Purpose = Purpose(0x20);
const DEVICES: Purpose = Purpose(0x21);
pub(super) const FAILURE: Purpose = Purpose(0x22);
pub(super) const REPAIR: Purpose = Purpose(0x23);

/// All that the world knows of nodes beside their objects.
#[derive(Debug)]
pub(super) struct Nodes {
    /// Does this cluster have nodes, so that pods are scheduled?
    pub(super) exist: bool,
    pub(super) settings: Arc<Cluster>,
    pub(super) streams: Streams,
    /// By id.
    pub(super) states: Vec<NodeState>,
    /// Nodes made of each pool so far: what the next is called by.
    made: Vec<u32>,
    /// Nodes asked for of each pool so far.
    asked: Vec<u32>,
    /// Pods that name a node that there is not, by its name.
    pub(super) awaited: BTreeMap<Arc<str>, Awaited>,
}

/// Pods that name a node that there is not.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    pub(super) pods: Vec<PodId>,
    /// They are not left in peace for longer.
    pub(super) until: SimTime,
    /// It was said that there is no such node.
    pub(super) noted: bool,
}

/// What the world knows of a node.
#[derive(Debug, Default)]
pub(super) struct NodeState {
    /// Pods bound to it that have not gone.
    pub(super) pods: BTreeSet<PodId>,
    /// Its machine does not run.
    pub(super) down: bool,
    /// Raised with each failure and return: what an alarm set earlier is told by.
    pub(super) turn: u16,
    /// When a controller acts on its being away, or gone: alarms for an earlier time are those of a process that is gone.
    pub(super) due: SimTime,
    /// When it is to get the taint that evicts its pods.
    pub(super) taint_due: Option<SimTime>,
    /// Before this no pod starts on it.
    pub(super) next_start: SimTime,
    /// A pod was bound to it by its manifest: its kubelet may have to refuse some.
    pub(super) bound_by_hand: bool,
    /// When it was there for pods first.
    pub(super) ready_at: Option<SimTime>,
}

/// Something that happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeAlarm {
    /// Its extended resources are there.
    DevicesReady,
    /// It fails by this rule of the scenario.
    Fails(u16),
    /// Its provider warns that it will take it back, by this rule.
    ReclaimWarned(u16),
    /// Its provider takes it back, by this rule.
    Reclaimed(u16),
    /// It comes back, unless `turn` is not its current one any more.
    Returns(u16),
    /// It has not been heard of for too long.
    Unheard(u16),
    /// It gets the taint that evicts its pods.
    Taint(u16),
    /// The pod garbage collector looks for pods of nodes that are gone.
    CollectOrphans,
}

impl Nodes {
    /// Has a scenario nodes, now or later?
    pub(super) fn are_in(scenario: &Scenario) -> bool {
        let has_node = |objects: &[Object]| objects.iter().any(|object| matches!(object, Object::Node(_)));
        let applied = scenario.actions.iter().any(|action| match &action.action {
            crate::scenario::Action::Apply { objects, .. } => has_node(objects),
            _ => false,
        });
        has_node(&scenario.objects) || applied || !scenario.cluster.pools.is_empty()
    }

    pub(super) fn new(scenario: &Scenario, seed: u64, replication: u32) -> Nodes {
        Nodes {
            exist: Nodes::are_in(scenario),
            settings: scenario.cluster.clone(),
            streams: Streams::new(seed, replication),
            states: Vec::new(),
            made: vec![0; scenario.cluster.pools.len()],
            asked: scenario.cluster.pools.iter().map(|pool| pool.count).collect(),
            awaited: BTreeMap::new(),
        }
    }

    pub(super) fn pool(&self, pool: u32) -> Option<&NodePool> {
        self.settings.pools.get(pool as usize)
    }

    /// One more node of a pool is asked for.
    pub(super) fn ask(&mut self, pool: u32) {
        self.asked[pool as usize] += 1;
    }

    pub(super) fn is_down(&self, node: NodeId) -> bool {
        self.states.get(node.0 as usize).is_some_and(|state| state.down)
    }

    pub(super) fn state(&mut self, node: NodeId) -> &mut NodeState {
        let place = node.0 as usize;
        if self.states.len() <= place {
            self.states.resize_with(place + 1, NodeState::default);
        }
        &mut self.states[place]
    }

    /// The next draw of a node for a purpose; `number` tells draws of one purpose apart.
    pub(super) fn draw(&mut self, of: &Distribution, purpose: Purpose, node: &str, number: u64) -> SimDuration {
        let entity = mix(entity(&[b"node", node.as_bytes()]), number);
        let nanos = of.constant().unwrap_or_else(|| of.sample(&mut self.streams.stream(purpose, entity)));
        SimDuration(u64::try_from(nanos).unwrap_or(0))
    }
}

impl World<'_> {
    /// Makes the nodes that pools have at the start.
    pub(super) fn begin_nodes(&mut self) {
        for pool in 0..self.nodes.settings.pools.len() as u32 {
            for _ in 0..self.nodes.settings.pools[pool as usize].count {
                if let Some(id) = self.make_node(pool, ApiTime::of(self.now)) {
                    self.node_is_there(id);
                }
            }
        }
        self.tell();
        self.wake_autoscaler(true);
    }

    /// Makes the object of a pool's next node, whose machine was asked for at `machine_since`.
    pub(super) fn make_node(&mut self, pool: u32, machine_since: ApiTime) -> Option<NodeId> {
        let number = self.nodes.made[pool as usize];
        self.nodes.made[pool as usize] += 1;
        let of = self.nodes.settings.pools.get(pool as usize)?;
        let name = node_name(of, number).into();
        let node = node_of_pool(of, pool, name, ApiTime::of(self.now), machine_since);
        self.store.create_node(node).ok()
    }

    /// How long the next node of a pool takes to boot.
    pub(super) fn boot_time(&mut self, pool: u32) -> SimDuration {
        let Some(of) = self.nodes.pool(pool).cloned() else { return SimDuration::ZERO };
        let name = node_name(&of, self.nodes.asked[pool as usize]);
        self.nodes.draw(&of.boot_time, BOOT, &name, 0)
    }

    /// A node takes pods from now on: its failures are drawn, its devices may come later.
    pub(super) fn node_is_there(&mut self, id: NodeId) {
        let now = self.now;
        let state = self.nodes.state(id);
        let turn = state.turn;
        state.ready_at.get_or_insert(now);
        let Some(node) = self.store.node(id).cloned() else { return };
        if let Some(delay) = node.pool.and_then(|pool| self.nodes.pool(pool)?.device_delay.clone()) {
            let delay = self.nodes.draw(&delay, DEVICES, &node.name, 0);
            self.events.push(now + delay, Event::Node(id, NodeAlarm::DevicesReady));
        }
        self.draw_failures(&node, turn);
        // At the start nobody is away yet.
        if self.now > SimTime::ZERO {
            self.look_at_zones();
        }
    }

    /// Sets the alarm of the next failure by each rule.
    pub(super) fn draw_failures(&mut self, node: &Node, turn: u16) {
        let settings = self.nodes.settings.clone();
        let pool = node.pool.and_then(|pool| settings.pools.get(pool as usize)).map(|pool| &pool.name);
        for (number, rule) in (0u16..).zip(&settings.failures) {
            if rule.pool.is_some() && rule.pool.as_ref() != pool {
                continue;
            }
            let after = self.nodes.draw(&rule.every, FAILURE, &node.name, u64::from(turn) << 16 | u64::from(number));
            let alarm = match rule.reclaim {
                None => NodeAlarm::Fails(number),
                Some(_) => NodeAlarm::ReclaimWarned(number),
            };
            self.push_housekeeping(self.now + after, Event::Node(node.id, alarm));
        }
    }

    pub(super) fn tell_node(&mut self, id: NodeId, verb: Verb) {
        if verb == Verb::Added {
            self.nodes.state(id);
        }
        self.scheduler_sees_node(id, verb);
        if verb == Verb::Deleted {
            self.autoscaler_forgets(id);
            self.taint_eviction_forgets(id);
        } else {
            self.taint_eviction_sees(id);
        }
        let Some(name) = self.store.node(id).filter(|_| verb == Verb::Added).map(|node| node.name.clone()) else {
            return;
        };
        for pod in self.nodes.awaited.remove(&name).unwrap_or_default().pods {
            self.bind_by_hand(pod, id);
        }
    }

    pub(super) fn node_alarm(&mut self, id: NodeId, alarm: NodeAlarm) {
        match alarm {
            NodeAlarm::DevicesReady => self.devices_ready(id),
            NodeAlarm::Fails(rule) => self.node_fails(id, Some(rule)),
            NodeAlarm::ReclaimWarned(rule) => self.reclaim_warned(id, rule),
            NodeAlarm::Reclaimed(rule) => self.node_taken_back(id, rule),
            NodeAlarm::Returns(turn) => self.node_returns(id, turn),
            NodeAlarm::Unheard(turn) => self.node_unheard(id, turn),
            NodeAlarm::Taint(turn) => self.taint_no_execute(id, turn),
            NodeAlarm::CollectOrphans => self.collect_orphans(id),
        }
    }

    fn devices_ready(&mut self, id: NodeId) {
        let Some(pool) = self.store.node(id).and_then(|node| node.pool) else { return };
        let Some(pool) = self.nodes.pool(pool).cloned() else { return };
        _ = self.store.update_node(id, |node| {
            (node.allocatable, node.capacity) = (pool.allocatable, pool.capacity);
        });
    }

    /// An event about a pod or a node is recorded.
    pub(super) fn record_event(
        &mut self,
        about: ObjectId,
        warning: bool,
        reason: &'static str,
        source: &'static str,
        message: impl Into<Box<str>>,
    ) {
        let what = Happening::Cluster(ClusterHappening { warning, reason, source, message: message.into() });
        let event = ObjectEvent { about, what };
        for observer in &mut self.observers {
            observer.on_event(self.now, &event, &self.store);
        }
    }
}

fn node_name(pool: &NodePool, number: u32) -> String {
    format!("{}-{number}", pool.name)
}

/// The labels of a pool's node of this name.
fn labels_of(of: &NodePool, name: &Arc<str>) -> Vec<(Arc<str>, Arc<str>)> {
    let mut labels = of.labels.clone();
    for (key, value) in [
        ("kubernetes.io/arch", "amd64".into()),
        ("kubernetes.io/hostname", name.clone()),
        ("kubernetes.io/os", "linux".into()),
        ("jobsim/pool", of.name.clone()),
    ] {
        if !labels.iter().any(|(known, _)| &**known == key) {
            labels.push((key.into(), value));
        }
    }
    labels.sort();
    labels
}

/// A node of a pool that is not there, with all its devices.
pub(super) fn imagined(of: &NodePool, pool: u32, number: usize) -> Node {
    let name = format!("template-node-of-{}-{number}", of.name).into();
    let node = node_of_pool(of, pool, name, ApiTime::default(), ApiTime::default());
    Node { capacity: of.capacity.clone(), allocatable: of.allocatable.clone(), ..node }
}

/// Without extended resources as long as its devices are to come.
fn node_of_pool(of: &NodePool, pool: u32, name: Arc<str>, created: ApiTime, machine_since: ApiTime) -> Node {
    let labels = labels_of(of, &name);
    let taint = |t: &crate::scenario::cluster::PoolTaint| {
        Some(Taint { key: t.key.clone(), value: t.value.clone(), effect: TaintEffect::by_name(t.effect)? })
    };
    let taints: Vec<Taint> = of.taints.iter().filter_map(taint).collect();
    let has = |list: &ResourceList| -> ResourceList {
        let shown = list.iter().filter(|(name, _)| of.device_delay.is_none() || !name.contains('/'));
        shown.map(|(name, amount)| (name.clone(), amount.clone())).collect()
    };
    Node {
        id: NodeId(0),
        name,
        labels,
        annotations: Vec::new(),
        taints,
        unschedulable: false,
        capacity: has(&of.capacity),
        allocatable: has(&of.allocatable),
        images: Vec::new(),
        ready: Readiness::Ready,
        machine_since,
        ready_since: created,
        pool: Some(pool),
        created,
        manifest: None,
    }
}
