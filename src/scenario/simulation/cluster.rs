//! `spec.cluster`: node pools and what belongs to them.

use std::sync::Arc;

use super::super::cluster::{Cluster, KubeletSettings, NodeFailures, NodePool, PoolTaint};
use super::super::document::Value;
use super::fields::{Fields, Item, Report};
use super::price_book::price_book;
use super::{autoscaler, distribution, kubelet};
use crate::api::quantity::{Format, Quantity};
use crate::api::resources::ResourceList;
use crate::apiserver::is_dns1123_subdomain;
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimDuration;
use crate::scenario::decode::nearest;

/// Least charge of the clouds that have one.
const MINIMUM_CHARGE: SimDuration = SimDuration::from_secs(60);
/// Most nodes of a pool.
const MAX_NODES: u64 = 100_000;

impl Default for Cluster {
    /// No pools: nodes come from manifests, or there is one without limits.
    fn default() -> Cluster {
        Cluster {
            pools: Vec::new(),
            autoscaler: None,
            kubelet: KubeletSettings::default(),
            registry: None,
            failures: Vec::new(),
            minimum_charge: MINIMUM_CHARGE,
        }
    }
}

/// Reads the section.
pub(super) fn read(item: &Item<'_>, report: &mut Report<'_>) -> Cluster {
    let mut cluster = Cluster::default();
    let Some(mut fields) = report.fields(item) else { return cluster };
    if let Some(item) = fields.get("kubelet") {
        kubelet::read(&item, &mut cluster.kubelet, report);
    }
    if let Some(item) = fields.get("nodePools") {
        let max_pods = cluster.kubelet.max_pods;
        cluster.pools = report.list(&item).iter().filter_map(|item| pool(item, max_pods, report)).collect();
        distinct(&item, &cluster.pools, report);
    }
    cluster.registry = fields.get("registry").and_then(|item| kubelet::registry(&item, report));
    cluster.autoscaler = fields.get("autoscaler").and_then(|item| autoscaler::read(&item, &cluster.pools, report));
    if let Some(item) = fields.get("failures") {
        cluster.failures =
            report.list(&item).iter().filter_map(|item| failures(item, &cluster.pools, report)).collect();
    }
    if let Some(length) = fields.get("minimumCharge").and_then(|item| report.duration(&item)) {
        cluster.minimum_charge = length;
    }
    fields.finish(report);
    cluster
}

fn distinct(item: &Item<'_>, pools: &[NodePool], report: &mut Report<'_>) {
    for (at, pool) in pools.iter().enumerate() {
        if pools[..at].iter().any(|other| other.name == pool.name) {
            report.error(item.node.span, format!("{}: two pools are called \"{}\"", item.path, pool.name), "");
        }
    }
}

fn pool(item: &Item<'_>, max_pods: u32, report: &mut Report<'_>) -> Option<NodePool> {
    let mut fields = report.fields(item)?;
    let name = fields.require("name", report).and_then(|item| {
        let name = report.text(&item)?;
        if !is_dns1123_subdomain(name) {
            let why = "nodes are named after it: lower case letters, digits, '-' and '.'";
            report.error_with_help(item.node.span, format!("{}: \"{name}\" is no name of a node", item.path), why);
        }
        Some(Arc::from(name))
    });
    let mut number = |name, report: &mut Report<'_>| {
        fields.get(name).and_then(|item| report.integer(&item, 0..=MAX_NODES)).map(|number| number as u32)
    };
    let (count, min, max) = (number("count", report), number("min", report), number("max", report));
    let machine = fields.get("machineType").and_then(|item| machine_type(&item, report));
    let mut list = |name, report: &mut Report<'_>| fields.get(name).map(|item| resource_list(&item, report));
    let (allocatable, capacity) = (list("allocatable", report), list("capacity", report));
    let labels = fields.get("labels").map(|item| labels(&item, report)).unwrap_or_default();
    let taints = fields.get("taints").map(|item| taints(&item, report)).unwrap_or_default();
    let spot = fields.get("spot").and_then(|item| report.boolean(&item)).unwrap_or(false);
    let price = fields.get("pricePerHour").and_then(|item| price(&item, report));
    let zone = fields.get("zone").and_then(|item| report.text(&item)).map(Arc::<str>::from);
    let boot = fields.get("bootTime").and_then(|item| distribution::duration(&item, report));
    let device_delay = fields.get("deviceDelay").and_then(|item| distribution::duration(&item, report));
    let (span, path) = (fields.span(), fields.path().to_owned());
    fields.finish(report);
    let capacity = capacity.or_else(|| machine.map(|machine| machine.capacity()));
    let Some(mut allocatable) = allocatable.or_else(|| machine.map(|m| m.allocatable())).or_else(|| capacity.clone())
    else {
        let title = format!("{path}: a pool needs `allocatable` or `machineType`");
        let help = "write `allocatable: {cpu: '4', memory: 16Gi, pods: '110'}` or `machineType: m5.xlarge`";
        report.error_with_help(span, title, help);
        return None;
    };
    let pods = || Quantity::new(i64::from(max_pods), Format::DecimalSi);
    allocatable.entry("pods".into()).or_insert_with(pods);
    let capacity = capacity.unwrap_or_else(|| allocatable.clone());
    let full = machine.map_or(0, |machine| machine.micros_an_hour);
    let listed = machine.map_or(0, |m| if spot { m.spot_micros_an_hour } else { m.micros_an_hour });
    let count = count.unwrap_or(if min.is_none() && max.is_none() { 1 } else { min.unwrap_or(0) });
    // What says neither is no business of the autoscaler's.
    let bounds = match (min, max) {
        (None, None) => (count, count),
        _ => (min.unwrap_or(0), max.unwrap_or(count).max(count)),
    };
    if bounds.0 > bounds.1 {
        let title = format!("{path}: `min` is {}, but `max` is {}", bounds.0, bounds.1);
        report.error_with_help(span, title, "`max` must be `min` or more");
    }
    let mut labels = labels;
    if let Some(zone) = zone {
        labels.push(("topology.kubernetes.io/zone".into(), zone));
    }
    if let Some(machine) = machine {
        labels.push(("node.kubernetes.io/instance-type".into(), machine.name.into()));
    }
    labels.sort();
    labels.dedup_by(|a, b| a.0 == b.0);
    Some(NodePool {
        name: name?,
        count,
        bounds,
        capacity,
        allocatable,
        labels,
        taints,
        micros_an_hour: price.unwrap_or(listed),
        full_micros_an_hour: if full == 0 { price.unwrap_or(0) } else { full },
        spot,
        boot_time: boot.unwrap_or_else(default_boot_time),
        device_delay,
    })
}

/// Median 2 minutes, 99 of 100 within 5: a node group of the large clouds.
fn default_boot_time() -> Distribution {
    Distribution::lognormal(120e9, 300e9).expect("a median above 0 and a greater 99th percentile")
}

fn machine_type(item: &Item<'_>, report: &mut Report<'_>) -> Option<&'static super::price_book::MachineType> {
    let name = report.text(item)?;
    let found = price_book().iter().find(|machine| machine.name == name);
    if found.is_none() {
        let title = format!("{}: no machine type \"{name}\" in the price book", item.path);
        let help = match nearest(name, price_book().iter().map(|machine| machine.name)) {
            Some(similar) => format!("did you mean `{similar}`? Others: give `allocatable` and `pricePerHour`"),
            None => {
                let mut clouds: Vec<&str> = price_book().iter().map(|machine| machine.cloud).collect();
                clouds.dedup();
                format!("it has types of {}; or give `allocatable` and `pricePerHour` instead", clouds.join(", "))
            }
        };
        report.error_with_help(item.node.span, title, help);
    }
    found
}

/// Dollars as millionths.
fn price(item: &Item<'_>, report: &mut Report<'_>) -> Option<u64> {
    let dollars = report.number(item)?;
    if !(0.0..=1e6).contains(&dollars) {
        report.error(item.node.span, format!("{}: a price is from 0 to 1000000", item.path), "");
        return None;
    }
    Some((dollars * 1e6).round() as u64)
}

/// Amounts by resource.
pub(super) fn resource_list(item: &Item<'_>, report: &mut Report<'_>) -> ResourceList {
    let mut list = ResourceList::new();
    let Some(fields) = report.fields(item) else { return list };
    for entry in fields.entries() {
        let item = Item { node: &entry.value, path: format!("{}.{}", item.path, entry.key) };
        list.extend(quantity(&item, report).map(|amount| (Arc::from(&*entry.key), amount)));
    }
    list
}

/// The largest amount that is reckoned with.
const MOST: &str = "9P";

/// An amount such as `16Gi`, not below zero.
pub(super) fn quantity(item: &Item<'_>, report: &mut Report<'_>) -> Option<Quantity> {
    let text = match &item.node.value {
        Value::String(text) => text.to_string(),
        _ => item.node.number().or_else(|| report.wrong(item, "a quantity like 500m or 16Gi"))?,
    };
    match Quantity::parse(&text) {
        // Thousandths of more do not fit 64 bits.
        Ok(amount) if Quantity::parse(MOST).is_ok_and(|most| amount > most) => {
            report.error(item.node.span, format!("{}: {text} is too large: at most {MOST}", item.path), "");
            None
        }
        Ok(amount) if !amount.is_negative() => Some(amount),
        Ok(_) => {
            report.error(item.node.span, format!("{}: must be greater than or equal to 0", item.path), "");
            None
        }
        Err(error) => {
            report.error(item.node.span, format!("{}: {error}", item.path), "");
            None
        }
    }
}

/// Bytes.
pub(super) fn bytes(item: &Item<'_>, report: &mut Report<'_>) -> Option<u64> {
    quantity(item, report).map(|amount| amount.value().unsigned_abs())
}

fn labels(item: &Item<'_>, report: &mut Report<'_>) -> Vec<(Arc<str>, Arc<str>)> {
    let Some(fields) = report.fields(item) else { return Vec::new() };
    let mut labels = Vec::new();
    for entry in fields.entries() {
        let item = Item { node: &entry.value, path: format!("{}.{}", item.path, entry.key) };
        labels.extend(report.text(&item).map(|value| ((&*entry.key).into(), value.into())));
    }
    labels
}

fn taints(item: &Item<'_>, report: &mut Report<'_>) -> Vec<PoolTaint> {
    let items = report.list(item);
    items.iter().filter_map(|item| taint(report.fields(item)?, report)).collect()
}

fn taint(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<PoolTaint> {
    let key = fields.require("key", report).and_then(|item| report.text(&item)).map(Arc::from);
    let value = fields.get("value").and_then(|item| report.text(&item)).unwrap_or("").into();
    let effect = fields.require("effect", report).and_then(|item| match report.text(&item)? {
        "NoSchedule" => Some("NoSchedule"),
        "PreferNoSchedule" => Some("PreferNoSchedule"),
        "NoExecute" => Some("NoExecute"),
        other => {
            let title = format!("{}: unknown effect \"{other}\"", item.path);
            report.error_with_help(item.node.span, title, "write NoSchedule, PreferNoSchedule or NoExecute");
            None
        }
    });
    fields.finish(report);
    Some(PoolTaint { key: key?, value, effect: effect? })
}

fn failures(item: &Item<'_>, pools: &[NodePool], report: &mut Report<'_>) -> Option<NodeFailures> {
    let mut fields = report.fields(item)?;
    let pool = fields.get("pool").and_then(|item| pool_name(&item, pools, report));
    let every = fields.require("every", report).and_then(|item| distribution::duration(&item, report));
    let repair = fields.get("repair").and_then(|item| distribution::duration(&item, report));
    let reclaim = fields.get("reclaimWarning").and_then(|item| report.duration(&item));
    if every.as_ref().is_some_and(|every| every.constant().is_some_and(|length| length <= 0)) {
        let title = format!("{}.every: nodes that fail as soon as they are there never stop failing", fields.path());
        report.error_with_help(fields.span(), title, "give a time above 0s");
    }
    fields.finish(report);
    Some(NodeFailures { pool, every: every?, repair, reclaim })
}

/// The name of a pool that there is.
pub(super) fn pool_name(item: &Item<'_>, pools: &[NodePool], report: &mut Report<'_>) -> Option<Arc<str>> {
    let name = report.text(item)?;
    let found = pools.iter().find(|pool| &*pool.name == name).map(|pool| pool.name.clone());
    if found.is_none() && !pools.is_empty() {
        let names: Vec<&str> = pools.iter().map(|pool| &*pool.name).collect();
        let title = format!("{}: there is no pool \"{name}\"", item.path);
        report.error_with_help(item.node.span, title, format!("pools here: {}", names.join(", ")));
    }
    found
}
