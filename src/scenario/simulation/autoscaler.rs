//! `spec.cluster.autoscaler`: the flags of the cluster autoscaler by their names.

use std::sync::Arc;

use super::super::cluster::{Autoscaler, Expander, NodePool};
use super::cluster::pool_name;
use super::fields::{Fields, Item, Report};

/// Reads the section; without it there is no autoscaler.
pub(super) fn read(item: &Item<'_>, pools: &[NodePool], report: &mut Report<'_>) -> Option<Autoscaler> {
    let mut fields = report.fields(item)?;
    let mut flags = Autoscaler::default();
    let priorities = fields.get("priorities").map(|item| priorities(&item, pools, report)).unwrap_or_default();
    if let Some(item) = fields.get("expander") {
        let names = report.text(&item).unwrap_or("least-waste");
        flags.expanders = names.split(',').filter_map(|name| expander(name, &item, &priorities, report)).collect();
    }
    if let Some(balance) = fields.get("balanceSimilarNodeGroups").and_then(|item| report.boolean(&item)) {
        flags.balance = balance;
    }
    for (name, length) in [
        ("scanInterval", &mut flags.scan_interval),
        ("newPodScaleUpDelay", &mut flags.new_pod_delay),
        ("maxNodeProvisionTime", &mut flags.max_provision_time),
        ("scaleDownUnneededTime", &mut flags.unneeded_time),
        ("scaleDownDelayAfterAdd", &mut flags.delay_after_add),
    ] {
        if let Some(given) = fields.get(name).and_then(|item| report.duration(&item)) {
            *length = given;
        }
    }
    for (name, number, least) in [
        ("maxNodesTotal", &mut flags.max_nodes_total, 0),
        ("maxScaleDownParallelism", &mut flags.max_parallelism, 1),
        ("maxDrainParallelism", &mut flags.max_drain_parallelism, 1),
    ] {
        if let Some(given) = fields.get(name).and_then(|item| report.integer(&item, least..=1_000_000)) {
            *number = given as u32;
        }
    }
    if flags.scan_interval.0 == 0 {
        report.error(fields.span(), format!("{}.scanInterval: must be greater than 0", fields.path()), "");
    }
    share(&mut fields, "scaleDownUtilizationThreshold", &mut flags.utilization_threshold, report);
    share(&mut fields, "scaleDownGpuUtilizationThreshold", &mut flags.gpu_utilization_threshold, report);
    if let Some(enabled) = fields.get("scaleDownEnabled").and_then(|item| report.boolean(&item)) {
        flags.scale_down = enabled;
    }
    fields.finish(report);
    Some(flags)
}

/// One of those that `expander` names.
fn expander(name: &str, item: &Item<'_>, priorities: &[(Arc<str>, u32)], report: &mut Report<'_>) -> Option<Expander> {
    match name.trim() {
        "random" => Some(Expander::Random),
        "most-pods" => Some(Expander::MostPods),
        "least-nodes" => Some(Expander::LeastNodes),
        "least-waste" => Some(Expander::LeastWaste),
        "price" => Some(Expander::Price),
        "priority" => Some(Expander::Priority(priorities.to_vec())),
        other => {
            let title = format!("{}: unknown expander \"{other}\"", item.path);
            let help = "write one or more of least-nodes, least-waste, most-pods, price, priority, random, with commas between them";
            report.error_with_help(item.node.span, title, help);
            None
        }
    }
}

/// A number from 0 to 1 as thousandths.
fn share(fields: &mut Fields<'_>, name: &'static str, thousandths: &mut u32, report: &mut Report<'_>) {
    let Some(item) = fields.get(name) else { return };
    match report.number(&item) {
        Some(share) if (0.0..=1.0).contains(&share) => *thousandths = (share * 1000.0).round() as u32,
        Some(_) => report.error(item.node.span, format!("{}: a share is from 0 to 1", item.path), ""),
        None => {}
    }
}

/// `{POOL: NUMBER}`
fn priorities(item: &Item<'_>, pools: &[NodePool], report: &mut Report<'_>) -> Vec<(Arc<str>, u32)> {
    let Some(fields) = report.fields(item) else { return Vec::new() };
    let mut numbers = Vec::new();
    for entry in fields.entries() {
        let key = super::super::document::Node {
            span: entry.key_span,
            value: super::super::document::Value::String(entry.key.clone()),
        };
        let path = format!("{}.{}", item.path, entry.key);
        let pool = pool_name(&Item { node: &key, path: path.clone() }, pools, report);
        let number = report.integer(&Item { node: &entry.value, path }, 0..=1_000_000);
        numbers.extend(pool.zip(number.map(|number| number as u32)));
    }
    numbers
}
