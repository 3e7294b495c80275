//! The summary of a run: `summary.json`, and a few lines for people.

mod cluster;
mod control_plane;
mod text;

use std::fmt;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

pub use cluster::{ClusterJson, PoolJson, WaitPartJson};
pub use control_plane::{ControlPlaneJson, CriticalPathJson, PartJson, RequestsJson, SyncsJson};
pub(super) use text::length;
pub use text::text;

use super::digest::TableDigest;
use super::output::TOOL;
use crate::controllers::cronjob::zone;
use crate::kernel::time::{NANOS_PER_SECOND, SimDuration, SimTime};
use crate::record::bill::Bill;
use crate::record::calendar::{CalendarCounts, Calendars};
use crate::record::critical_path::CriticalPath;
use crate::record::metrics::{Figures, Spread};
use crate::record::totals::Totals;
use crate::record::{CronJobLife, Ending, JobLife, Run};
use crate::scenario::Profile;

/// What `summary.json` holds. Times are seconds since the start of the run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Summary of a jobsim run")]
pub struct Summary {
    /// Always `jobsim`: it marks the folder as one that jobsim may write into again.
    pub tool: &'static str,
    /// Version of jobsim.
    pub version: &'static str,
    /// Version of the time zone data inside the program.
    pub time_zone_data: &'static str,
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of everything that the scenario was read from.
    pub scenario_digest: String,
    /// What chance was drawn from.
    pub seed: u64,
    /// Options of the command line that changed what happened; absent where there were none.
    #[serde(skip_serializing_if = "MadeWith::is_nothing")]
    pub options: MadeWith,
    /// How the cluster around the controllers behaved.
    pub profile: &'static str,
    /// When the run starts, as RFC 3339.
    pub start_time: String,
    /// The last instant at which an object was written.
    pub end_s: f64,
    /// Why the run ended.
    pub ending: EndingWord,
    /// The limit or the fault that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Events of the simulation that were carried out.
    pub steps: u64,
    /// Of all Jobs together.
    pub total: Total,
    /// What the nodes were used for; absent where there is one without limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterJson>,
    /// What the control plane cost; absent where only counts were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<ControlPlaneJson>,
    /// The tables that were written, and their digests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableDigest>,
    /// Of each CronJob, in order of creation.
    pub cronjobs: Vec<CronJobSummary>,
    /// Of each Job, in order of creation.
    pub jobs: Vec<JobSummary>,
}

/// Options of the command line that change what happens in a run, as they are written there; `verify` takes them again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeWith {
    /// `--horizon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<String>,
    /// `--kubernetes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// `--feature-gates`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_gates: Option<String>,
    /// `--pods`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<String>,
    /// `--tie-break`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie_break: Option<String>,
    /// `--validate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate: Option<String>,
    /// `--max-pods`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pods: Option<u64>,
    /// `--max-events`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u64>,
}

impl MadeWith {
    /// Was nothing said but the scenario?
    pub fn is_nothing(&self) -> bool {
        *self == MadeWith::default()
    }
}

/// As on a command line.
impl fmt::Display for MadeWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [("max-pods", self.max_pods), ("max-events", self.max_events)];
        let numbers = numbers.map(|(name, number)| (name, number.map(|number| number.to_string())));
        let words = [
            ("horizon", &self.horizon),
            ("kubernetes", &self.kubernetes),
            ("feature-gates", &self.feature_gates),
            ("pods", &self.pods),
            ("tie-break", &self.tie_break),
            ("validate", &self.validate),
        ];
        let all = words.into_iter().chain(numbers.iter().map(|(name, number)| (*name, number)));
        let said: Vec<String> = all.filter_map(|(name, value)| Some(format!("--{name} {}", value.as_ref()?))).collect();
        f.write_str(&said.join(" "))
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndingWord {
    /// Nothing was left to happen.
    Settled,
    /// The horizon was reached.
    Horizon,
    /// A limit was reached.
    Limit,
    /// A component of the real cluster would have hung.
    Fault,
    /// The user interrupted it.
    Interrupted,
}

/// Figures of all Jobs together.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Total {
    /// Jobs created.
    pub jobs: u64,
    /// Jobs that completed.
    pub jobs_complete: u64,
    /// Jobs that failed.
    pub jobs_failed: u64,
    /// Jobs that had not ended.
    pub jobs_unfinished: u64,
    /// Figures of their pods.
    #[serde(flatten)]
    pub figures: FiguresJson,
}

/// What became of the starts of a CronJob.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CronJobSummary {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub cronjob: String,
    /// Starts that its schedule names.
    pub starts: u64,
    /// Starts with a Job.
    pub started: u64,
    /// Of these, ones that came late.
    pub late: u64,
    /// Of these, ones that began while another run was active.
    pub overlapping: u64,
    /// Starts without a Job.
    pub skipped: u64,
    /// Starts at a local time that the clock shows twice.
    pub doubled: u64,
    /// Local times of the schedule that the clock leaves out.
    pub left_out: u64,
}

/// Figures of a Job.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JobSummary {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub job: String,
    /// The CronJob that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cronjob: Option<String>,
    /// kubectl's STATUS word at the end, or before it was removed; `Deleted` if it was removed before it had ended.
    pub status: &'static str,
    /// Type of the condition Complete or Failed, its reason and message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Has it the completion mode Indexed?
    pub indexed: bool,
    /// Completions wanted; absent for a work queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completions: Option<i32>,
    /// Parallelism wanted.
    pub parallelism: i32,
    /// `status.succeeded`.
    pub counted_succeeded: i32,
    /// `status.failed`.
    pub counted_failed: i32,
    /// `status.completedIndexes`; empty unless it is Indexed.
    pub completed_indexes: String,
    /// `status.failedIndexes`; empty unless it has a limit for each index.
    pub failed_indexes: String,
    /// When it was created.
    pub created_s: f64,
    /// When it had completed or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_s: Option<f64>,
    /// When its object went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_s: Option<f64>,
    /// What the time from its creation to its end was spent on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_path: Option<CriticalPathJson>,
    /// Dollars for what its pods held of the nodes; absent where there is one node without limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Figures of its pods.
    #[serde(flatten)]
    pub figures: FiguresJson,
}

/// Why a Job ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Condition {
    /// `Complete` or `Failed`.
    pub r#type: &'static str,
    /// One word.
    pub reason: &'static str,
    /// For people.
    pub message: String,
}

/// Figures of a set of pods; where only counts were kept, those that are known.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct FiguresJson {
    /// Pods created.
    pub pods: u64,
    /// Pods that succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods_succeeded: Option<u64>,
    /// Pods that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods_failed: Option<u64>,
    /// Pods that had neither ended nor gone when the run ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods_unfinished: Option<u64>,
    /// Restarts of containers within their pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
    /// Most pods that ran at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallelism: Option<u64>,
    /// Time that pods ran, added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_s: Option<f64>,
    /// From the first creation of a Job to the end of the last one, or of the run if one had not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub makespan_s: Option<f64>,
    /// From a pod's creation until its app containers ran, over the pods that got there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitJson>,
}

/// How a length of time is spread over pods; quantiles by nearest rank.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaitJson {
    /// Mean.
    pub mean_s: f64,
    /// Median.
    pub median_s: f64,
    /// 95 of 100 pods took no longer.
    pub p95_s: f64,
    /// Longest.
    pub max_s: f64,
}

impl Summary {
    /// The summary of a run whose scenario has this digest.
    pub fn new(run: &Run, scenario_digest: &str) -> Summary {
        let (ending, limit) = match &run.ending {
            Ending::Settled => (EndingWord::Settled, None),
            Ending::Horizon => (EndingWord::Horizon, None),
            Ending::Limit(limit) => (EndingWord::Limit, Some(limit.clone())),
            Ending::Fault(fault) => (EndingWord::Fault, Some(fault.clone())),
            Ending::Interrupted => (EndingWord::Interrupted, None),
        };
        let (bill, calendars) = (Bill::of(run), Calendars::new(run));
        let paths = run.critical_paths.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let count = |word: &str| run.jobs.iter().filter(|job| outcome(job) == word).count() as u64;
        Summary {
            tool: TOOL,
            version: env!("CARGO_PKG_VERSION"),
            time_zone_data: zone::data_version(),
            scenario: run.scenario.clone(),
            scenario_digest: scenario_digest.into(),
            seed: run.seed,
            options: MadeWith::default(),
            profile: profile_word(run.profile),
            start_time: rfc_3339(run.start),
            end_s: seconds(run.end),
            ending,
            limit,
            steps: run.steps,
            total: Total {
                jobs: run.totals.map_or(run.jobs.len() as u64, |totals| totals.jobs),
                jobs_complete: run.totals.map_or_else(|| count("Complete"), |totals| totals.jobs_complete),
                jobs_failed: run.totals.map_or_else(|| count("Failed"), |totals| totals.jobs_failed),
                jobs_unfinished: run.totals.map_or_else(|| count(""), |t| t.jobs - t.jobs_complete - t.jobs_failed),
                figures: run.totals.map_or_else(|| (&Figures::of_run(run)).into(), FiguresJson::counted),
            },
            cluster: ClusterJson::of(run, &bill),
            control_plane: run.totals.is_none().then(|| ControlPlaneJson::new(run)),
            tables: Vec::new(),
            cronjobs: run.cron_jobs.iter().map(|life| CronJobSummary::new(&calendars, life)).collect(),
            jobs: run
                .jobs
                .iter()
                .zip(Figures::of_jobs(run))
                .zip(paths)
                .zip(0..)
                .map(|(((job, figures), path), place)| JobSummary {
                    cost: (!run.nodes.is_empty()).then(|| bill.of_job(place)),
                    ..JobSummary::new(job, &figures, path)
                })
                .collect(),
        }
    }
}

impl CronJobSummary {
    fn new(calendars: &Calendars<'_>, life: &CronJobLife) -> CronJobSummary {
        let counts = CalendarCounts::of(&calendars.of(life));
        CronJobSummary {
            namespace: life.name.namespace.to_string(),
            cronjob: life.name.name.to_string(),
            starts: counts.starts,
            started: counts.started,
            late: counts.late,
            overlapping: counts.overlapping,
            skipped: counts.missed,
            doubled: counts.doubled,
            left_out: counts.left_out,
        }
    }
}

impl JobSummary {
    fn new(job: &JobLife, figures: &Figures, path: Option<&CriticalPath>) -> JobSummary {
        let last = job.rows.last();
        let condition = last.and_then(|row| row.conditions.iter().find(|c| c.status && is_end(c.kind.as_str())));
        JobSummary {
            namespace: job.name.namespace.to_string(),
            job: job.name.name.to_string(),
            cronjob: job.cron_job.as_deref().map(str::to_string),
            status: job.status_word(),
            condition: condition.map(|condition| Condition {
                r#type: condition.kind.as_str(),
                reason: condition.reason.as_str(),
                message: condition.message.to_string(),
            }),
            indexed: job.indexed,
            completions: job.completions,
            parallelism: job.parallelism,
            counted_succeeded: last.map_or(0, |row| row.succeeded),
            counted_failed: last.map_or(0, |row| row.failed),
            completed_indexes: last.map(|row| row.completed_indexes.clone()).unwrap_or_default(),
            failed_indexes: last.map(|row| row.failed_indexes.clone()).unwrap_or_default(),
            created_s: seconds(job.created),
            finished_s: job.finished().map(seconds),
            removed_s: job.removed.map(seconds),
            critical_path: path.map(CriticalPathJson::from),
            cost: None,
            figures: figures.into(),
        }
    }
}

impl FiguresJson {
    /// Of a run that kept counts alone.
    fn counted(totals: Totals) -> FiguresJson {
        FiguresJson { pods: totals.pods, ..FiguresJson::default() }
    }
}

impl From<&Figures> for FiguresJson {
    fn from(figures: &Figures) -> FiguresJson {
        FiguresJson {
            pods: figures.pods,
            pods_succeeded: Some(figures.succeeded),
            pods_failed: Some(figures.failed),
            pods_unfinished: Some(figures.unfinished),
            restarts: Some(figures.restarts),
            max_parallelism: Some(figures.max_parallelism),
            pod_s: Some(figures.pod_nanos as f64 / NANOS_PER_SECOND as f64),
            makespan_s: Some(figures.makespan.as_secs_f64()),
            wait: figures.wait.as_ref().map(WaitJson::from),
        }
    }
}

impl From<&Spread> for WaitJson {
    fn from(spread: &Spread) -> WaitJson {
        let [mean_s, median_s, p95_s, max_s] =
            [spread.mean, spread.median, spread.p95, spread.max].map(SimDuration::as_secs_f64);
        WaitJson { mean_s, median_s, p95_s, max_s }
    }
}

/// `summary.json` of a run that was made with these options and wrote these tables.
pub fn json(run: &Run, scenario_digest: &str, options: MadeWith, tables: Vec<TableDigest>) -> Vec<u8> {
    let summary = Summary { options, tables, ..Summary::new(run, scenario_digest) };
    // Nothing in a summary can fail to be JSON: no maps, no foreign types, and the writer is memory.
    let mut text = serde_json::to_vec_pretty(&summary).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The JSON Schema of `summary.json`.
pub fn schema() -> Schema {
    schema_for!(Summary)
}

/// The word that chooses a profile in a scenario.
pub fn profile_word(profile: Profile) -> &'static str {
    match profile {
        Profile::Ideal => "ideal",
        Profile::Default => "default",
    }
}

/// Seconds as a number of JSON.
pub(super) fn seconds(time: SimTime) -> f64 {
    SimDuration(time.0).as_secs_f64()
}

/// `Complete`, `Failed`, or nothing.
fn outcome(job: &JobLife) -> &'static str {
    let conditions = job.rows.last().map(|row| row.conditions.as_slice()).unwrap_or_default();
    conditions.iter().filter(|c| c.status).map(|c| c.kind.as_str()).find(|word| is_end(word)).unwrap_or("")
}

fn is_end(kind: &str) -> bool {
    matches!(kind, "Complete" | "Failed")
}

/// Years that the calendar cannot write are cut to its last instant.
fn rfc_3339(unix: i64) -> String {
    let limit = if unix < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_second(unix).unwrap_or(limit).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture;
    use serde_json::Value;

    #[test]
    fn what_is_written_fits_the_schema() {
        let schema = schema().to_value();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let with = MadeWith { pods: Some("none".to_owned()), max_pods: Some(3), ..MadeWith::default() };
        assert_eq!(with.to_string(), "--pods none --max-pods 3");
        for run in [fixture::run("empty").0, fixture::pi(), fixture::indexed().0, fixture::two_jobs()] {
            let summary: Value =
                serde_json::from_slice(&json(&run, "sha256:0", with.clone(), vec![TableDigest::of("jobs.csv", b"")]))
                    .unwrap();
            let errors: Vec<String> = validator.iter_errors(&summary).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", run.scenario);
        }
        let mut wrong: Value =
            serde_json::from_slice(&json(&fixture::pi(), "", MadeWith::default(), Vec::new())).unwrap();
        wrong["total"]["pods"] = "five".into();
        assert!(!validator.is_valid(&wrong));
    }

    #[test]
    fn figures_of_the_tutorials_job() {
        let summary: Value =
            serde_json::from_slice(&json(&fixture::pi(), "sha256:0", MadeWith::default(), Vec::new())).unwrap();
        let check = |pointer: &str, wanted: &str| {
            assert_eq!(summary.pointer(pointer).map(Value::to_string).unwrap_or_default(), wanted, "{pointer}");
        };
        check("/tool", r#""jobsim""#);
        check("/start_time", r#""2000-01-01T01:00:00Z""#);
        check("/end_s", "35.83");
        check("/ending", r#""settled""#);
        check("/total/jobs_complete", "1");
        check("/total/pod_s", "48.27");
        check("/jobs/0/status", r#""Complete""#);
        check("/jobs/0/condition/reason", r#""CompletionsReached""#);
        check("/jobs/0/finished_s", "35.83");
        check("/jobs/0/wait/median_s", "1.91");
        check("/jobs/0/cronjob", "");
    }
}
