//! What the scheduler knows of the cluster: nodes in the order of examination, pods, shapes, images, namespaces.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compile::{Compiler, LabelList, equal_to};
use super::decision::Termination;
use super::node_info::{NodeFacts, NodeInfo, TaintOf};
use super::requests::ResourceNames;
use super::shape::{Compiled, Shape, ShapeSpec};
use super::symbols::{Labels, REGION, Selector, Symbol, Symbols, ZONE, label};
use crate::api::meta::{ApiTime, NodeId, PodId};
use crate::api::node::Node;
use crate::api::pod::PodTemplate;

/// A pod that the scheduler knows.
#[derive(Clone, Debug)]
pub(super) struct KnownPod {
    pub(super) id: PodId,
    pub(super) shape: Shape,
    pub(super) identity: u64,
    pub(super) node: Option<NodeId>,
    /// Bound in the scheduler's mind; its watch has not shown it yet.
    pub(super) assumed: bool,
    pub(super) nominated: Option<NodeId>,
    pub(super) started: Option<ApiTime>,
    pub(super) terminating: Termination,
}

/// Changes of nodes that are remembered.
const MOST_CHANGES: usize = 1 << 16;

/// Shapes before the first are forgotten.
const FIRST_SWEEP: usize = 10_000;

/// A shape, found by what it says.
#[derive(Clone, Debug)]
struct BySpec(Shape);

impl Borrow<ShapeSpec> for BySpec {
    fn borrow(&self) -> &ShapeSpec {
        &self.0
    }
}

impl PartialEq for BySpec {
    fn eq(&self, other: &BySpec) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for BySpec {}

impl PartialOrd for BySpec {
    fn partial_cmp(&self, other: &BySpec) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BySpec {
    fn cmp(&self, other: &BySpec) -> Ordering {
        ShapeSpec::cmp(&self.0, &other.0)
    }
}

/// Stands for the slot of a pod that is gone.
const GHOST: u32 = u32::MAX;

/// Size of an image, and on how many nodes it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ImageState {
    pub(super) size: i64,
    pub(super) nodes: u32,
}

/// Region and zone of nodes.
type Zone = (Option<Symbol>, Option<Symbol>);

/// Namespace of a Service, and the labels that its pods have.
pub(crate) type ServiceSelector = (Arc<str>, Vec<(Arc<str>, Arc<str>)>);

/// Nodes, pods, and what else the rules look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Cluster {
    pub(super) symbols: Symbols,
    pub(super) resources: ResourceNames,
    /// By id.
    nodes: Vec<Option<Box<NodeInfo>>>,
    /// Nodes in the order in which they came to be, by region and zone; what [`Cluster::order`] is made of.
    zones: Vec<(Zone, Vec<NodeId>)>,
    order: Vec<NodeId>,
    /// The place of each node in the order, by id.
    places: Vec<u32>,
    /// By slot.
    pods: Vec<Option<Box<KnownPod>>>,
    shapes: BTreeSet<BySpec>,
    by_number: Vec<Option<Shape>>,
    free_numbers: Vec<u32>,
    sweep_at: usize,
    pub(super) images: BTreeMap<Symbol, ImageState>,
    pub(super) namespaces: BTreeMap<Symbol, Labels>,
    services: Vec<(Symbol, Labels)>,
    /// Pods that are promised a node.
    pub(super) nominated: BTreeMap<NodeId, Vec<PodId>>,
    /// Pods on nodes whose terms bear on where other pods may be.
    pub(super) pods_with_anti_affinity: u32,
    /// How many pods on nodes there are of each priority.
    priorities: BTreeMap<i32, u32>,
    /// Pods on nodes with any term about other pods.
    pub(super) pods_with_affinity: u32,
    /// Nodes that changed with their pods, in order, from the change numbered `first_change` on.
    changed: Vec<NodeId>,
    first_change: u64,
    order_is_stale: bool,
    /// Raised when nodes come, go or change other than by their pods.
    pub(super) epoch: u64,
}

impl Cluster {
    /// The shape of pods of a template.
    pub(super) fn shape(&mut self, namespace: &str, labels: &LabelList, template: &PodTemplate) -> Shape {
        let compiler = Compiler { symbols: &mut self.symbols, resources: &mut self.resources, namespace, labels };
        let spec = compiler.shape(template);
        if let Some(known) = self.shapes.get(&spec) {
            return known.0.clone();
        }
        let number = self.free_numbers.pop().unwrap_or(self.by_number.len() as u32);
        let shape = Shape(Arc::new(Compiled { number, spec }));
        if self.by_number.len() == number as usize {
            self.by_number.push(None);
        }
        self.by_number[number as usize] = Some(shape.clone());
        self.shapes.insert(BySpec(shape.clone()));
        shape
    }

    /// Forgets shapes that nobody holds any more, once there are twice as many as were left the last time: their
    /// numbers, which will be those of others.
    pub(super) fn sweep(&mut self) -> Vec<u32> {
        if self.shapes.len() < self.sweep_at.max(FIRST_SWEEP) {
            return Vec::new();
        }
        // Held by nothing but the two tables here.
        let unused = |shape: &&BySpec| Arc::strong_count(&shape.0.0) == 2;
        let unused: Vec<Shape> = self.shapes.iter().filter(unused).map(|shape| shape.0.clone()).collect();
        for shape in &unused {
            self.shapes.remove(&**shape);
            self.by_number[shape.number() as usize] = None;
            self.free_numbers.push(shape.number());
        }
        self.sweep_at = 2 * self.shapes.len();
        unused.iter().map(Shape::number).collect()
    }

    pub(super) fn shape_numbered(&self, number: u32) -> &Shape {
        self.by_number[number as usize].as_ref().expect("the shape of a pod is kept")
    }

    /// All shapes have numbers below this.
    pub(super) fn shapes(&self) -> usize {
        self.by_number.len()
    }

    /// Nodes in the order of examination: one of each zone in turn (`nodeTree.list`), once they are settled.
    pub(super) fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// The place of a node in the order.
    pub(super) fn place_of(&self, id: NodeId) -> Option<usize> {
        let place = *self.places.get(id.0 as usize)?;
        (place != u32::MAX).then_some(place as usize)
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&NodeInfo> {
        self.nodes.get(id.0 as usize)?.as_deref()
    }

    /// An id that no node has.
    pub(super) fn next_node(&self) -> NodeId {
        NodeId(self.nodes.len() as u32)
    }

    /// A node that is there.
    pub(super) fn present(&self, id: NodeId) -> Option<&NodeInfo> {
        self.node(id).filter(|node| node.present)
    }

    pub(super) fn pod(&self, id: PodId) -> Option<&KnownPod> {
        self.pod_in(id.slot).filter(|pod| pod.id == id)
    }

    pub(super) fn pod_in(&self, slot: u32) -> Option<&KnownPod> {
        self.pods.get(slot as usize)?.as_deref()
    }

    pub(super) fn pod_mut(&mut self, id: PodId) -> Option<&mut KnownPod> {
        self.pods.get_mut(id.slot as usize)?.as_deref_mut().filter(|pod| pod.id == id)
    }

    pub(super) fn add_pod(&mut self, pod: KnownPod) {
        let slot = pod.id.slot as usize;
        if self.pods.len() <= slot {
            self.pods.resize_with(slot + 1, || None);
        }
        let (id, node, nominated) = (pod.id, pod.node, pod.nominated);
        self.pods[slot] = Some(Box::new(KnownPod { node: None, nominated: None, ..pod }));
        match node {
            Some(node) => self.place(id, node),
            None => self.nominate(id, nominated),
        }
    }

    pub(super) fn remove_pod(&mut self, id: PodId) -> Option<KnownPod> {
        let pod = self.pod(id)?.clone();
        self.nominate(id, None);
        self.displace(id);
        self.pods[id.slot as usize] = None;
        Some(pod)
    }

    /// A pod is promised a node, or no longer.
    pub(super) fn nominate(&mut self, id: PodId, node: Option<NodeId>) {
        let Some(pod) = self.pod_mut(id) else { return };
        let old = std::mem::replace(&mut pod.nominated, node);
        if let Some(old) = old
            && let Some(pods) = self.nominated.get_mut(&old)
        {
            pods.retain(|pod| *pod != id);
            if pods.is_empty() {
                self.nominated.remove(&old);
            }
        }
        if let Some(node) = node {
            self.nominated.entry(node).or_default().push(id);
        }
    }

    /// A pod takes its share of a node.
    pub(super) fn place(&mut self, id: PodId, node: NodeId) {
        let Some(pod) = self.pod_mut(id) else { return };
        pod.node = Some(node);
        let (shape, terminating) = (pod.shape.clone(), pod.terminating != Termination::No);
        self.count_affinity(&shape, true);
        *self.priorities.entry(shape.priority).or_insert(0) += 1;
        self.slot_of(node).add(id.slot, &shape, terminating);
        self.note_change(node);
    }

    /// A pod gives back its share of its node.
    pub(super) fn displace(&mut self, id: PodId) {
        let Some(pod) = self.pod_mut(id) else { return };
        let Some(node) = pod.node.take() else { return };
        let (shape, terminating) = (pod.shape.clone(), pod.terminating != Termination::No);
        self.count_affinity(&shape, false);
        if let Some(pods) = self.priorities.get_mut(&shape.priority) {
            *pods -= 1;
            if *pods == 0 {
                self.priorities.remove(&shape.priority);
            }
        }
        let info = self.slot_of(node);
        info.remove(id.slot, &shape, terminating);
        if !info.present && info.pods.is_empty() {
            self.nodes[node.0 as usize] = None;
        }
        self.note_change(node);
    }

    /// A pod that is gone takes its share of a node until its binding fails.
    pub(super) fn add_ghost(&mut self, shape: &Shape, node: NodeId) {
        self.count_affinity(shape, true);
        self.slot_of(node).add(GHOST, shape, false);
        self.note_change(node);
    }

    /// Its binding failed.
    pub(super) fn remove_ghost(&mut self, shape: &Shape, node: NodeId) {
        self.count_affinity(shape, false);
        self.slot_of(node).remove(GHOST, shape, false);
        self.note_change(node);
    }

    /// A pod is being deleted.
    pub(super) fn terminate(&mut self, id: PodId, why: Termination) {
        let Some(pod) = self.pod_mut(id) else { return };
        let is_new = pod.terminating == Termination::No;
        pod.terminating = why;
        let (shape, node) = (pod.shape.clone(), pod.node);
        if let Some(node) = node.filter(|_| is_new) {
            self.slot_of(node).updated(id.slot);
            self.slot_of(node).terminates(&shape);
            self.note_change(node);
        }
    }

    /// Something about a pod on a node is seen that its shape does not show.
    pub(super) fn pod_updated(&mut self, id: PodId, node: NodeId) {
        self.slot_of(node).updated(id.slot);
    }

    fn count_affinity(&mut self, shape: &Shape, comes: bool) {
        let count = |of: &mut u32| *of = if comes { *of + 1 } else { *of - 1 };
        if !shape.anti_affinity.is_empty() {
            count(&mut self.pods_with_anti_affinity);
        }
        if shape.has_pod_affinity() {
            count(&mut self.pods_with_affinity);
        }
    }

    fn note_change(&mut self, node: NodeId) {
        if self.changed.len() >= MOST_CHANGES {
            self.changed.drain(..MOST_CHANGES / 2);
            self.first_change += (MOST_CHANGES / 2) as u64;
        }
        self.changed.push(node);
    }

    /// Raised by each change of a node or its pods.
    pub(super) fn version(&self) -> u64 {
        self.first_change + self.changed.len() as u64
    }

    /// Is there a pod of lower priority on any node?
    pub(super) fn has_lower(&self, priority: i32) -> bool {
        self.priorities.first_key_value().is_some_and(|(least, _)| *least < priority)
    }

    /// Nodes that changed since this version, unless that is too long ago to tell.
    pub(super) fn changed_since(&self, version: u64) -> Option<&[NodeId]> {
        let from = version.checked_sub(self.first_change)?;
        self.changed.get(usize::try_from(from).ok()?..)
    }

    fn slot_of(&mut self, id: NodeId) -> &mut NodeInfo {
        let place = id.0 as usize;
        if self.nodes.len() <= place {
            self.nodes.resize_with(place + 1, || None);
        }
        self.nodes[place].get_or_insert_with(|| Box::new(NodeInfo::new(id)))
    }

    /// A node is there or has changed: what it was before, if it was there.
    pub(super) fn set_node(&mut self, id: NodeId, node: &Node) -> Option<NodeFacts> {
        let facts = self.facts(node);
        let info = self.slot_of(id);
        let old = info.present.then(|| info.facts.clone());
        if old.as_ref() == Some(&facts) {
            return old;
        }
        (info.present, info.facts) = (true, facts);
        let zone = zone_of(&info.facts);
        let images = info.facts.images.clone();
        if let Some(old) = &old {
            self.count_images(&old.images, false);
        }
        self.count_images(&images, true);
        if old.as_ref().map(zone_of) != Some(zone) {
            if let Some(old) = &old {
                self.leave_zone(zone_of(old), id);
            }
            match self.zones.iter_mut().find(|(known, _)| *known == zone) {
                Some((_, nodes)) => nodes.push(id),
                None => self.zones.push((zone, vec![id])),
            }
            self.order_is_stale = true;
        }
        self.epoch += 1;
        self.note_change(id);
        old
    }

    /// A node is gone: what it was.
    pub(super) fn remove_node(&mut self, id: NodeId) -> Option<NodeFacts> {
        let info = self.nodes.get_mut(id.0 as usize)?.as_deref_mut().filter(|info| info.present)?;
        info.present = false;
        let facts = info.facts.clone();
        if info.pods.is_empty() {
            self.nodes[id.0 as usize] = None;
        }
        self.count_images(&facts.images, false);
        self.leave_zone(zone_of(&facts), id);
        self.order_is_stale = true;
        self.epoch += 1;
        self.note_change(id);
        Some(facts)
    }

    /// Ids behind the last one that is in use are free again.
    pub(super) fn free_last_nodes(&mut self) {
        let used = self.nodes.iter().rposition(Option::is_some).map_or(0, |place| place + 1);
        self.nodes.truncate(used);
    }

    /// What the pods on a node ask for of a resource, and what the node has of it.
    pub(super) fn asked_of(&self, node: NodeId, resource: &str) -> (i64, i64) {
        let place = self.resources.place_of(resource);
        let asked = place.zip(self.node(node));
        asked.map_or((0, 0), |(place, node)| (node.requested(place), node.facts.allocatable(place)))
    }

    fn leave_zone(&mut self, zone: (Option<Symbol>, Option<Symbol>), id: NodeId) {
        if let Some((_, nodes)) = self.zones.iter_mut().find(|(known, _)| *known == zone) {
            nodes.retain(|node| *node != id);
        }
        self.zones.retain(|(_, nodes)| !nodes.is_empty());
    }

    /// Puts nodes that came or went in order.
    pub(super) fn settle(&mut self) {
        if !std::mem::take(&mut self.order_is_stale) {
            return;
        }
        self.order.clear();
        let most = self.zones.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or(0);
        for round in 0..most {
            self.order.extend(self.zones.iter().filter_map(|(_, nodes)| nodes.get(round)));
        }
        self.places.clear();
        self.places.resize(self.nodes.len(), u32::MAX);
        for (place, id) in (0..).zip(&self.order) {
            self.places[id.0 as usize] = place;
        }
    }

    /// The size of an image is what the first node says that has it, for as long as any has it (`addNodeImageStates`).
    fn count_images(&mut self, images: &[(Symbol, i64)], come: bool) {
        for &(name, size) in images {
            if come {
                let state = self.images.entry(name).or_insert(ImageState { size, nodes: 0 });
                state.nodes += 1;
            } else if let Some(state) = self.images.get_mut(&name) {
                state.nodes -= 1;
                if state.nodes == 0 {
                    self.images.remove(&name);
                }
            }
        }
    }

    fn facts(&mut self, node: &Node) -> NodeFacts {
        let taints = node.taints.iter().map(|taint| TaintOf {
            key: self.symbols.of(&taint.key),
            value: self.symbols.of(&taint.value),
            effect: taint.effect,
        });
        let taints = taints.collect();
        let names = node.images.iter().flat_map(|(names, size)| names.iter().map(move |name| (name, *size)));
        let mut images: Vec<_> = names.map(|(name, size)| (self.symbols.of(name), size)).collect();
        images.sort_by_key(|(name, _)| *name);
        images.dedup_by_key(|(name, _)| *name);
        NodeFacts {
            name: self.symbols.of(&node.name),
            labels: self.symbols.labels(&node.labels),
            taints,
            unschedulable: node.unschedulable,
            allocatable: self.resources.amounts(&node.allocatable),
            pods_allowed: node.allocatable.get("pods").map_or(0, |pods| pods.value()),
            images,
        }
    }

    pub(super) fn set_namespace(&mut self, name: &str, labels: &LabelList) {
        let (name, labels) = (self.symbols.of_str(name), self.symbols.labels(labels));
        self.namespaces.insert(name, labels);
        self.epoch += 1;
    }

    pub(super) fn set_services(&mut self, services: &[ServiceSelector]) {
        let symbols = &mut self.symbols;
        let all = services.iter().map(|(namespace, selector)| (symbols.of(namespace), symbols.labels(selector)));
        self.services = all.filter(|(_, selector)| !selector.is_empty()).collect();
        self.epoch += 1;
    }

    /// What a pod is spread by that says nothing itself: the selectors of its services, merged (`DefaultSelector`).
    pub(super) fn default_selector(&self, shape: &ShapeSpec) -> Option<Selector> {
        let matches = |selector: &Labels| selector.iter().all(|&(key, value)| label(&shape.labels, key) == Some(value));
        let mine = self.services.iter().filter(|(space, of)| *space == shape.namespace && matches(of));
        let mut merged: Labels = mine.flat_map(|(_, selector)| selector.iter().copied()).collect();
        merged.sort_unstable();
        merged.dedup();
        (!merged.is_empty()).then(|| equal_to(&merged))
    }
}

/// Region and zone (`GetZoneKey`).
fn zone_of(facts: &NodeFacts) -> (Option<Symbol>, Option<Symbol>) {
    (label(&facts.labels, REGION), label(&facts.labels, ZONE))
}
