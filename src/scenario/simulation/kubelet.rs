//! `spec.cluster.kubelet` and `spec.cluster.registry`.

use std::sync::Arc;

use super::super::cluster::{KubeletSettings, Registry};
use super::cluster::bytes;
use super::distribution;
use super::fields::{Item, Report};
use crate::kernel::dist::Distribution;

const MIB: u64 = 1024 * 1024;

/// Reads what the document sets over the defaults.
pub(super) fn read(item: &Item<'_>, settings: &mut KubeletSettings, report: &mut Report<'_>) {
    let Some(mut fields) = report.fields(item) else { return };
    if let Some(number) = fields.get("maxPods").and_then(|item| report.integer(&item, 1..=10_000)) {
        settings.max_pods = number as u32;
    }
    let serial = fields.get("serializeImagePulls").and_then(|item| report.boolean(&item));
    let most = fields.get("maxParallelImagePulls").and_then(|item| report.integer(&item, 1..=10_000));
    settings.max_parallel_pulls = match (serial, most) {
        (Some(false), most) => most.map(|most| most as u32),
        (_, Some(most)) => Some(most as u32),
        _ => Some(1),
    };
    if let Some(rate) = fields.get("registryPullQPS").and_then(|item| report.number(&item)) {
        settings.registry_qps = rate.max(0.0);
    }
    if let Some(burst) = fields.get("registryBurst").and_then(|item| report.integer(&item, 1..=1_000_000)) {
        settings.registry_burst = burst as u32;
    }
    settings.sandbox = fields.get("sandbox").and_then(|item| distribution::duration(&item, report));
    settings.container_start = fields.get("containerStart").and_then(|item| distribution::duration(&item, report));
    if let Some(length) = fields.get("startInterval").and_then(|item| report.duration(&item)) {
        settings.start_interval = length;
    }
    fields.finish(report);
}

/// The registry that images come from.
pub(super) fn registry(item: &Item<'_>, report: &mut Report<'_>) -> Option<Registry> {
    let mut fields = report.fields(item)?;
    let mut images = Vec::new();
    if let Some(sizes) = fields.get("images").and_then(|item| report.fields(&item)) {
        for entry in sizes.entries() {
            let item = Item { node: &entry.value, path: format!("{}.{}", sizes.path(), entry.key) };
            images.extend(bytes(&item, report).map(|size| (Arc::from(&*entry.key), size)));
        }
    }
    let mut amount = |name, default, report: &mut Report<'_>| {
        fields.get(name).and_then(|item| bytes(&item, report)).unwrap_or(default)
    };
    let default_size = amount("defaultSize", 200 * MIB, report);
    let bandwidth = amount("bandwidth", 40_000_000, report).max(1);
    let node_bandwidth = amount("nodeBandwidth", 100_000_000, report).max(1);
    let latency = fields.get("latency").and_then(|item| distribution::duration(&item, report));
    let preloaded = fields.get("preloaded").map(|item| report.list(&item)).unwrap_or_default();
    let preloaded = preloaded.iter().filter_map(|item| report.text(item).map(Arc::from)).collect();
    fields.finish(report);
    let latency = latency.unwrap_or_else(|| Distribution::fixed(1_000_000_000));
    Some(Registry { images, default_size, bandwidth, node_bandwidth, latency, preloaded })
}
