//! A node as a scheduling cycle sees it: what it has, and what the pods on it take (`NodeInfo`).

use super::shape::{Port, Shape};
use super::symbols::{Labels, Symbol};
use crate::api::meta::NodeId;
use crate::api::node::TaintEffect;

/// A taint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TaintOf {
    pub(super) key: Symbol,
    pub(super) value: Symbol,
    pub(super) effect: TaintEffect,
}

/// What a node itself says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeFacts {
    pub(super) name: Symbol,
    pub(super) labels: Labels,
    pub(super) taints: Vec<TaintOf>,
    pub(super) unschedulable: bool,
    /// By resource number.
    pub(super) allocatable: Vec<i64>,
    /// `allocatable.pods`.
    pub(super) pods_allowed: i64,
    /// Names of images and their sizes, sorted, each once.
    pub(super) images: Vec<(Symbol, i64)>,
}

impl NodeFacts {
    pub(super) fn allocatable(&self, resource: usize) -> i64 {
        self.allocatable.get(resource).copied().unwrap_or(0)
    }
}

/// How many pods of a shape are on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShapeCount {
    /// The shape.
    pub(super) shape: u32,
    /// All of them.
    pub(super) pods: u32,
    /// Those that are being deleted.
    pub(super) terminating: u32,
}

/// A node with its pods.
#[derive(Clone, Debug)]
pub(super) struct NodeInfo {
    pub(super) id: NodeId,
    /// Is there a node object? Pods may outlive it.
    pub(super) present: bool,
    pub(super) facts: NodeFacts,
    /// What its pods ask for, by resource number.
    pub(super) requested: Vec<i64>,
    /// The same with defaults, cpu and memory.
    pub(super) counted: [i64; 2],
    /// Slots of its pods, in the order of their arrival.
    pub(super) pods: Vec<u32>,
    /// Its pods by shape.
    pub(super) shapes: Vec<ShapeCount>,
    /// Ports of the host that are taken.
    pub(super) ports: Vec<Port>,
}

impl NodeInfo {
    pub(super) fn new(id: NodeId) -> NodeInfo {
        NodeInfo {
            id,
            present: false,
            facts: NodeFacts::default(),
            requested: Vec::new(),
            counted: [0; 2],
            pods: Vec::new(),
            shapes: Vec::new(),
            ports: Vec::new(),
        }
    }

    pub(super) fn requested(&self, resource: usize) -> i64 {
        self.requested.get(resource).copied().unwrap_or(0)
    }

    /// A pod comes to the node.
    pub(super) fn add(&mut self, slot: u32, shape: &Shape, terminating: bool) {
        self.take(shape, 1);
        self.pods.push(slot);
        self.ports.extend(&shape.ports);
        let number = shape.number();
        let gone = u32::from(terminating);
        match self.shapes.iter_mut().find(|count| count.shape == number) {
            Some(count) => {
                count.pods += 1;
                count.terminating += gone;
            }
            None => self.shapes.push(ShapeCount { shape: number, pods: 1, terminating: gone }),
        }
    }

    /// An update is a removal and an addition: the pod comes last, and the last one takes its place (`removeFromSlice`).
    pub(super) fn updated(&mut self, slot: u32) {
        let Some(at) = self.pods.iter().position(|pod| *pod == slot) else { return };
        self.pods.swap_remove(at);
        self.pods.push(slot);
    }

    /// A pod leaves the node.
    pub(super) fn remove(&mut self, slot: u32, shape: &Shape, terminating: bool) {
        let Some(at) = self.pods.iter().position(|pod| *pod == slot) else { return };
        self.pods.swap_remove(at);
        self.take(shape, -1);
        for port in &shape.ports {
            if let Some(at) = self.ports.iter().position(|taken| taken == port) {
                self.ports.swap_remove(at);
            }
        }
        let number = shape.number();
        if let Some(at) = self.shapes.iter().position(|count| count.shape == number) {
            let count = &mut self.shapes[at];
            count.pods -= 1;
            count.terminating -= u32::from(terminating);
            if count.pods == 0 {
                self.shapes.swap_remove(at);
            }
        }
    }

    /// A pod on the node begins to terminate.
    pub(super) fn terminates(&mut self, shape: &Shape) {
        let number = shape.number();
        if let Some(count) = self.shapes.iter_mut().find(|count| count.shape == number) {
            count.terminating += 1;
        }
    }

    fn take(&mut self, shape: &Shape, times: i64) {
        let requests = &shape.requests;
        if self.requested.len() < requests.plain.len() {
            self.requested.resize(requests.plain.len(), 0);
        }
        for (taken, more) in self.requested.iter_mut().zip(&requests.plain) {
            *taken += times * more;
        }
        for (taken, more) in self.counted.iter_mut().zip(requests.counted) {
            *taken += times * more;
        }
    }
}
