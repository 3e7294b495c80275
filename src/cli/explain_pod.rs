//! `jobsim explain pod`: what a pod waited for, and why each node refused it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit;
use super::files;
use super::out;
use crate::api::duration::parse_duration;
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::waits::Waits;
use crate::record::{PodLife, Run};
use crate::report::kubectl::table::table;
use crate::run::{RunOptions, examine, run as simulate};
use crate::scenario::ReadOptions;
use crate::world::examination::PodExamination;

/// Arguments of `jobsim explain pod` beside the name and the files.
#[derive(Debug, Args)]
pub struct PodArgs {
    /// Of `explain pod`: the time to ask the nodes at, such as 12m [default: when the pod was last refused]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    at: Option<SimDuration>,
    /// Of `explain pod`: what chance is drawn from, instead of the scenario's seed
    #[arg(long)]
    seed: Option<u64>,
    /// Of `explain pod`: its namespace
    #[arg(short, long, default_value = "default")]
    namespace: String,
}

/// Explains the pod `name` of the scenario in `files`.
pub(super) fn run(args: &PodArgs, name: &str, files: &[PathBuf], colour: bool) -> anyhow::Result<ExitCode> {
    let Some(scenario) = files::scenario(files::read(files)?, &ReadOptions::default(), colour)? else {
        return Ok(ExitCode::from(exit::USAGE));
    };
    let options = RunOptions { seed: args.seed, ..RunOptions::default() };
    let run = simulate(&scenario, &options);
    let found = run.pods.iter().find(|pod| pod.name == name && *pod.namespace == *args.namespace);
    let Some(pod) = found else {
        let similar = similar(&run, name, &args.namespace);
        writeln!(io::stderr(), "Error from server (NotFound): pods \"{name}\" not found{similar}")?;
        let elsewhere = run.pods.iter().filter(|pod| pod.name == name).count();
        if elsewhere > 0 {
            writeln!(io::stderr(), "note: other namespaces have {elsewhere}: give -n NAMESPACE")?;
        }
        return Ok(ExitCode::from(exit::DIFFERENCE));
    };
    let mut out = out::stdout();
    write!(out, "{}", life(&run, pod))?;
    let refused: Vec<(SimTime, &str)> = refusals(&run, pod);
    let Some(&(last, message)) = refused.last() else {
        let (nodes, told) = (!run.nodes.is_empty(), pod.scheduled.is_some());
        let line = match (nodes, told) {
            (false, _) => "There is one node without limits: nobody refused it.",
            (true, true) => "The scheduler found a node at its first try.",
            (true, false) => "The scheduler has not tried it.",
        };
        writeln!(out, "{line}")?;
        return Ok(ExitCode::SUCCESS);
    };
    let at = args.at.map_or(last, |at| SimTime::ZERO + at);
    let for_the_last_time = if refused.len() == 1 { "" } else { " for the last time" };
    let (times, when) = (times(refused.len()), last.cut_to_millis());
    writeln!(out, "The scheduler found no node {times}, at {when} s{for_the_last_time}:")?;
    writeln!(out, "  {message}\n")?;
    match examine(&scenario, &options, at, &format!("{}/{name}", args.namespace)) {
        Some(answer) => write!(out, "{}", answers(&answer, at))?,
        None => writeln!(out, "At {} s it does not wait for a node.", at.cut_to_millis())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Pods whose names begin alike: a user mostly knows the Job.
fn similar(run: &Run, name: &str, namespace: &str) -> String {
    let alike = run.pods.iter().filter(|pod| pod.name.starts_with(name) && *pod.namespace == *namespace);
    let names: Vec<&str> = alike.map(|pod| pod.name.as_str()).take(5).collect();
    if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) }
}

/// What became of it, and what it waited for.
fn life(run: &Run, pod: &PodLife) -> String {
    let owner = run.job_of(pod).map(|job| format!(" of Job {}", job.name.name)).unwrap_or_default();
    let mut text = format!("Pod {}/{}{owner}: created at {} s", pod.namespace, pod.name, pod.created.cut_to_millis());
    let node = pod.node.as_deref().map(|node| format!("bound to {node}")).unwrap_or_else(|| "bound".into());
    let stages = [
        (node.as_str(), pod.scheduled),
        ("running", pod.started),
        ("being deleted", pod.terminating),
        (pod.phase.as_str(), pod.finished),
        ("removed", pod.removed),
    ];
    for (what, time) in stages {
        if let Some(time) = time {
            text.push_str(&format!(", {what} at {} s", time.cut_to_millis()));
        }
    }
    text.push_str(".\n");
    // One that waits still has waited until the last refusal at least.
    let end = refusals(run, pod).last().map_or(run.end, |(last, _)| run.end.max(*last));
    let waits = Waits::NAMES.iter().zip(Waits::of(pod, end).parts());
    let parts: Vec<String> = waits
        .filter(|(_, length)| length.0 > 0)
        .map(|(name, length)| format!("{name} {} s", SimTime(length.0).cut_to_millis()))
        .collect();
    if !parts.is_empty() {
        let waits = if pod.started.or(pod.finished).or(pod.removed).is_some() { "It waited" } else { "It waits" };
        text.push_str(&format!("{waits}: {}.\n", parts.join(", ")));
    }
    text
}

/// When the scheduler said that there is no node for it, and in which words.
fn refusals<'r>(run: &'r Run, pod: &PodLife) -> Vec<(SimTime, &'r str)> {
    let mine = run.events.iter().filter(|event| {
        event.reason == "FailedScheduling"
            && event.kind == "Pod"
            && *event.object.name == *pod.name
            && event.object.namespace == pod.namespace
    });
    mine.map(|event| (event.time, event.message.as_str())).collect()
}

fn times(number: usize) -> String {
    if number == 1 { "once".into() } else { format!("{number} times") }
}

/// A line for each node.
fn answers(found: &PodExamination, at: SimTime) -> String {
    let mut text = format!("At {} s the nodes say:\n", at.cut_to_millis());
    let mut rows = vec![["NODE", "ANSWER", "BY", "PREEMPTION"].map(str::to_owned).to_vec()];
    for node in &found.feasible {
        rows.push(vec![node.to_string(), "would take it".into(), String::new(), String::new()]);
    }
    for refusal in &found.refusals {
        let preemption = match found.preemptible.contains(&refusal.node) {
            true => "could be cleared of pods of lower priority".to_owned(),
            false => refusal.preemption.join("; "),
        };
        rows.push(vec![refusal.node.to_string(), refusal.reasons.join("; "), refusal.plugin.into(), preemption]);
    }
    if rows.len() == 1 {
        text.push_str("(there are none)\n");
        return text;
    }
    text.push_str(&table(&rows));
    text
}

/// Is this a name and files, not a field?
pub(super) fn wanted(words: &[String]) -> Option<(&str, Vec<PathBuf>)> {
    let kinds = ["pod", "pods", "po"];
    let (name, files) = match words {
        [kind, name, files @ ..] if kinds.contains(&kind.as_str()) => (name.as_str(), files),
        [one, files @ ..] => (one.split_once('/').filter(|(kind, _)| kinds.contains(kind))?.1, files),
        [] => return None,
    };
    Some((name, files.iter().map(|file| Path::new(file).to_owned()).collect()))
}
