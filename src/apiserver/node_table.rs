//! The nodes among the stored objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::store::Store;
use crate::api::change::{Change, Verb};
use crate::api::meta::NodeId;
use crate::api::node::Node;
use crate::api::request::Refusal;

/// All nodes. Their ids are never used again.
#[derive(Debug, Default)]
pub(super) struct NodeTable {
    nodes: Vec<Option<Arc<Node>>>,
    by_name: BTreeMap<Arc<str>, NodeId>,
}

impl Store {
    /// Stores a new node; its id is set here.
    ///
    /// # Errors
    /// There is a node of this name.
    pub fn create_node(&mut self, mut node: Node) -> Result<NodeId, Refusal> {
        if self.nodes.by_name.contains_key(&node.name) {
            return Err(Refusal::AlreadyExists);
        }
        let id = NodeId(self.nodes.nodes.len() as u32);
        node.id = id;
        self.nodes.by_name.insert(node.name.clone(), id);
        self.nodes.nodes.push(Some(Arc::new(node)));
        self.stamp();
        self.changes.push(Change::Node(id, Verb::Added));
        Ok(id)
    }

    /// A node, also while its removal is being told.
    pub fn node(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.nodes.nodes.get(id.0 as usize)?.as_ref()
    }

    /// A node, unless its object is gone.
    pub fn standing_node(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.node(id).filter(|node| self.nodes.by_name.get(&node.name) == Some(&id))
    }

    /// The node of a name.
    pub fn find_node(&self, name: &str) -> Option<NodeId> {
        self.nodes.by_name.get(name).copied()
    }

    /// All nodes that stand, by creation.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.nodes.iter().flatten().filter(|node| self.nodes.by_name.get(&node.name) == Some(&node.id))
    }

    /// Changes a node. What changes nothing is no write.
    ///
    /// # Errors
    /// There is no such node.
    pub fn update_node(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) -> Result<(), Refusal> {
        let old = self.standing_node(id).ok_or(Refusal::NotFound)?;
        let mut new = Node::clone(old);
        change(&mut new);
        if **old != new {
            self.nodes.nodes[id.0 as usize] = Some(Arc::new(new));
            self.stamp();
            self.changes.push(Change::Node(id, Verb::Modified));
        }
        Ok(())
    }

    /// Removes a node. Its pods stay until someone deletes them.
    ///
    /// # Errors
    /// There is no such node.
    pub fn delete_node(&mut self, id: NodeId) -> Result<(), Refusal> {
        let name = self.standing_node(id).ok_or(Refusal::NotFound)?.name.clone();
        self.nodes.by_name.remove(&name);
        self.stamp();
        self.changes.push(Change::Node(id, Verb::Deleted));
        Ok(())
    }
}
