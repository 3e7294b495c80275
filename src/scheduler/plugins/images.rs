//! Images that are on nodes already: ImageLocality.

use super::super::cluster::Cluster;
use super::super::node_info::NodeFacts;
use super::super::shape::ShapeSpec;
use super::super::symbols::Symbol;

const MI: i64 = 1 << 20;
/// Less than this counts for nothing.
const MIN: i64 = 23 * MI;
/// More than this an image counts for no more.
const MAX_PER_IMAGE: i64 = 1000 * MI;

/// What a pod's images count for, as far as some node has them.
#[derive(Debug, Default)]
pub(in super::super) struct ImageScores {
    images: Vec<(Symbol, i64)>,
    most: i64,
}

impl ImageScores {
    pub(in super::super) fn new(pod: &ShapeSpec, cluster: &Cluster) -> ImageScores {
        if cluster.images.is_empty() {
            return ImageScores::default();
        }
        let nodes = cluster.order().len() as f64;
        let scaled = |image: &Symbol| {
            let state = cluster.images.get(image)?;
            Some((*image, (state.size as f64 * (f64::from(state.nodes) / nodes)) as i64))
        };
        let images = pod.images.iter().filter_map(scaled).collect();
        ImageScores { images, most: MAX_PER_IMAGE * pod.images.len() as i64 }
    }

    pub(in super::super) fn score(&self, node: &NodeFacts) -> i64 {
        if self.images.is_empty() {
            return 0;
        }
        let has = |image: Symbol| node.images.binary_search_by_key(&image, |(name, _)| *name).is_ok();
        let sum: i64 = self.images.iter().filter(|(image, _)| has(*image)).map(|(_, size)| size).sum();
        100 * (sum.clamp(MIN, self.most.max(MIN)) - MIN) / (self.most - MIN)
    }
}
