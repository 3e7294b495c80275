//! The section `control plane` of a summary: requests, what was waited for, and the Jobs' critical paths.

use schemars::JsonSchema;
use serde::Serialize;

use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};
use crate::record::control_plane::{RequestKind, RequestTally, SyncTally};
use crate::record::critical_path::{CriticalPath, Part};
use crate::record::{JobLife, Run};
use crate::report::kubectl::table::table;
use crate::scenario::ControlPlane;

/// Most Jobs whose critical path is told in words.
const MOST_PATHS: usize = 10;

/// What the control plane cost.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ControlPlaneJson {
    /// Requests a second that a controller's client may send; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qps: Option<f64>,
    /// Requests that it may send at once after a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// From a request to its effect and answer.
    pub api_latency_s: f64,
    /// From an effect until controllers see it.
    pub watch_latency_s: f64,
    /// Requests by controller, verb and resource.
    pub requests: Vec<RequestsJson>,
    /// Syncs by controller, and what they waited for.
    pub syncs: Vec<SyncsJson>,
}

/// Requests of one kind.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RequestsJson {
    /// Whose.
    pub controller: &'static str,
    /// `POST`, `PUT`, `PATCH`, `DELETE` or `GET`.
    pub verb: &'static str,
    /// `pods`, `jobs/status` and the like.
    pub resource: &'static str,
    /// How many.
    pub number: u64,
    /// How many of them were refused.
    pub refused: u64,
    /// Time that they waited for tokens of the client, added up.
    pub tokens_s: f64,
    /// Time that they waited for the API server, added up.
    pub api_s: f64,
}

/// Syncs of a controller that asked for something.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SyncsJson {
    /// Whose.
    pub controller: &'static str,
    /// How many.
    pub number: u64,
    /// Waits for the batch second, added up.
    pub batch_s: f64,
    /// Waits after failed pods, added up.
    pub pod_back_off_s: f64,
    /// Waits after failed syncs, added up.
    pub api_back_off_s: f64,
    /// Waits for a free worker, added up.
    pub worker_s: f64,
}

/// What the time from a Job's creation to its end was spent on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CriticalPathJson {
    /// From its creation to its end.
    pub total_s: f64,
    /// What it was spent on, and how long.
    pub parts: Vec<PartJson>,
}

/// A part of a critical path.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartJson {
    /// In words.
    pub part: &'static str,
    /// How long.
    pub seconds: f64,
}

impl ControlPlaneJson {
    /// Of a run.
    pub fn new(run: &Run) -> ControlPlaneJson {
        let request = |(&(controller, verb, resource), tally): (&RequestKind, &RequestTally)| RequestsJson {
            controller: controller.name(),
            verb,
            resource,
            number: tally.number,
            refused: tally.refused,
            tokens_s: seconds(tally.tokens),
            api_s: seconds(tally.api),
        };
        let tallies = &run.control_plane;
        ControlPlaneJson {
            qps: run.limits.qps,
            burst: run.limits.qps.map(|_| run.limits.burst),
            api_latency_s: run.limits.api_latency.as_secs_f64(),
            watch_latency_s: run.limits.watch_latency.as_secs_f64(),
            requests: tallies.requests.iter().map(request).collect(),
            syncs: tallies.syncs.iter().map(|(controller, tally)| SyncsJson::new(controller.name(), tally)).collect(),
        }
    }
}

impl SyncsJson {
    fn new(controller: &'static str, tally: &SyncTally) -> SyncsJson {
        SyncsJson {
            controller,
            number: tally.syncs,
            batch_s: seconds(tally.batch),
            pod_back_off_s: seconds(tally.pod_back_off),
            api_back_off_s: seconds(tally.api_back_off),
            worker_s: seconds(tally.worker),
        }
    }
}

impl From<&CriticalPath> for CriticalPathJson {
    fn from(path: &CriticalPath) -> CriticalPathJson {
        let part = |(part, spent): (Part, SimDuration)| PartJson { part: part.words(), seconds: spent.as_secs_f64() };
        CriticalPathJson { total_s: path.total().as_secs_f64(), parts: path.parts().into_iter().map(part).collect() }
    }
}

fn seconds(nanos: u128) -> f64 {
    nanos as f64 / NANOS_PER_SECOND as f64
}

/// The section for people: a table of requests, a line on waits, a line a Job on its critical path.
pub(super) fn text(run: &Run) -> String {
    let tallies = &run.control_plane;
    if tallies.requests.is_empty() {
        return String::new();
    }
    let mut text = format!("Control plane: {}.\n", settings(&run.limits));
    let header = ["CONTROLLER", "REQUEST", "NUMBER", "REFUSED", "WAITED FOR TOKENS", "FOR THE API"];
    let mut rows: Vec<Vec<String>> = vec![header.iter().map(|title| (*title).to_owned()).collect()];
    for ((controller, verb, resource), tally) in &tallies.requests {
        rows.push(vec![
            controller.name().to_owned(),
            format!("{verb} {resource}"),
            tally.number.to_string(),
            tally.refused.to_string(),
            in_seconds(tally.tokens),
            in_seconds(tally.api),
        ]);
    }
    text.push_str(&table(&rows));
    for (controller, tally) in &tallies.syncs {
        text.push_str(&format!("{}: {}.\n", controller.name(), waits(tally)));
    }
    text.push_str(&paths(run));
    text
}

fn settings(limits: &ControlPlane) -> String {
    let clients = match limits.qps {
        Some(qps) => format!("each controller's client sends {qps} requests a second, {} at once", limits.burst),
        None => "clients without limits".to_owned(),
    };
    let (api, watch) = (limits.api_latency, limits.watch_latency);
    let latency = match (api, watch) {
        (SimDuration::ZERO, SimDuration::ZERO) => "no latency".to_owned(),
        _ => format!("API latency {api} s, watch latency {watch} s"),
    };
    format!("{clients}; {latency}")
}

fn waits(tally: &SyncTally) -> String {
    let named = [
        (tally.batch, "for the batch second"),
        (tally.pod_back_off, "in back-off after failed pods"),
        (tally.api_back_off, "in back-off after failed syncs"),
        (tally.worker, "for a free worker"),
    ];
    let waits: Vec<String> = named
        .iter()
        .filter(|(nanos, _)| *nanos > 0)
        .map(|(nanos, what)| format!("{} {what}", in_seconds(*nanos)))
        .collect();
    let word = if tally.syncs == 1 { "sync" } else { "syncs" };
    let syncs = format!("{} {word} that asked for something", tally.syncs);
    if waits.is_empty() { syncs } else { format!("{syncs}, which had waited {}", waits.join(", ")) }
}

/// Seconds, cut to the millisecond.
fn in_seconds(nanos: u128) -> String {
    let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
    format!("{} s", SimTime(nanos).cut_to_millis())
}

fn paths(run: &Run) -> String {
    let known = run.jobs.iter().zip(&run.critical_paths).filter_map(|(job, path)| Some((job, path.as_ref()?)));
    let known: Vec<(&JobLife, &CriticalPath)> = known.filter(|(_, path)| !path.steps.is_empty()).collect();
    let mut text = String::new();
    for (job, path) in known.iter().take(MOST_PATHS) {
        let spent = |nanos: SimDuration| in_seconds(u128::from(nanos.0));
        let parts: Vec<String> =
            path.parts().iter().map(|(part, time)| format!("{} {}", part.words(), spent(*time))).collect();
        text.push_str(&format!(
            "Critical path of Job {}, {}: {}.\n",
            job.name.name,
            spent(path.total()),
            parts.join(", ")
        ));
    }
    if let Some(rest) = known.len().checked_sub(MOST_PATHS).filter(|&rest| rest > 0) {
        text.push_str(&format!("... and of {rest} more Jobs; all are in summary.json\n"));
    }
    text
}
