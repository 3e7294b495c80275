//! `spec.controlPlane`: limits of clients and delays of the API server.

use super::super::ControlPlane;
use super::fields::{Fields, Item, Report};

/// Most workers of a controller.
const MAX_SYNCS: u64 = 10_000;
/// Most tokens of a client's bucket.
const MAX_BURST: u64 = 1_000_000;

/// Reads what the document sets over what the profile has set.
pub(super) fn read(item: &Item<'_>, control_plane: &mut ControlPlane, report: &mut Report<'_>) {
    let Some(mut fields) = report.fields(item) else { return };
    if let Some(section) = fields.get("apiServer").and_then(|item| report.fields(&item)) {
        api_server(section, control_plane, report);
    }
    if let Some(section) = fields.get("controllerManager").and_then(|item| report.fields(&item)) {
        controller_manager(section, control_plane, report);
    }
    if let Some(section) = fields.get("scheduler").and_then(|item| report.fields(&item)) {
        scheduler(section, control_plane, report);
    }
    fields.finish(report);
}

fn api_server(mut fields: Fields<'_>, control_plane: &mut ControlPlane, report: &mut Report<'_>) {
    let latency = fields.get("latency").and_then(|item| report.duration(&item));
    let watch_latency = fields.get("watchLatency").and_then(|item| report.duration(&item));
    control_plane.api_latency = latency.unwrap_or(control_plane.api_latency);
    control_plane.watch_latency = watch_latency.unwrap_or(control_plane.watch_latency);
    fields.finish(report);
}

fn controller_manager(mut fields: Fields<'_>, control_plane: &mut ControlPlane, report: &mut Report<'_>) {
    limit(&mut fields, &mut control_plane.qps, &mut control_plane.burst, report);
    if let Some(skew) = fields.get("clockSkew").and_then(|item| report.signed_duration(&item)) {
        control_plane.clock_skew = skew;
    }
    for (name, syncs) in [
        ("concurrentJobSyncs", &mut control_plane.concurrent_job_syncs),
        ("concurrentCronJobSyncs", &mut control_plane.concurrent_cron_job_syncs),
        ("concurrentTTLSyncs", &mut control_plane.concurrent_ttl_syncs),
    ] {
        if let Some(number) = fields.get(name).and_then(|item| report.integer(&item, 1..=MAX_SYNCS)) {
            *syncs = number as u32;
        }
    }
    if let Some(shared) = fields.get("eventsShareClient").and_then(|item| report.boolean(&item)) {
        control_plane.events_share_client = shared;
    }
    fields.finish(report);
}

fn scheduler(mut fields: Fields<'_>, control_plane: &mut ControlPlane, report: &mut Report<'_>) {
    limit(&mut fields, &mut control_plane.scheduler_qps, &mut control_plane.scheduler_burst, report);
    fields.finish(report);
}

/// `qps` and `burst`. Where only `qps` is set and nothing limited the client before, it may not send ahead.
fn limit(fields: &mut Fields<'_>, qps: &mut Option<f64>, burst: &mut u32, report: &mut Report<'_>) {
    if let Some(item) = fields.get("qps") {
        match report.number(&item) {
            Some(rate) if rate > 0.0 => *qps = Some(rate),
            Some(_) => report.error_with_help(
                item.node.span,
                format!("{}: must be greater than 0", item.path),
                "leave it out for no limit in the ideal profile",
            ),
            None => {}
        }
    }
    if let Some(number) = fields.get("burst").and_then(|item| report.integer(&item, 1..=MAX_BURST)) {
        *burst = number as u32;
    } else if qps.is_some() {
        *burst = (*burst).max(1);
    }
}
