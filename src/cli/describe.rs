//! `jobsim describe`: an object of a finished or paused run as text for people.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::cluster::{Cluster, ClusterArgs, Refused};
use super::exit;
use super::out;
use crate::report::kubectl::describe::{Surroundings, describe};
use crate::report::kubectl::get::Resource;

/// Arguments of `jobsim describe`.
#[derive(Debug, Args)]
pub struct DescribeArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Show events?
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    show_events: bool,
}

/// Describes what was asked for. Code 1 if an object that was named is not there.
pub fn run(args: &DescribeArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let request = match args.cluster.request() {
        Ok(request) => request,
        Err(Refused { sentence, code }) => {
            writeln!(io::stderr(), "error: {sentence}")?;
            return Ok(ExitCode::from(code));
        }
    };
    let Some(scenario) = args.cluster.scenario(&request, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let cluster = args.cluster.look(&scenario)?;
    let (objects, missing) = args.cluster.choose(&request, &cluster, true);
    let mut out = BufWriter::new(out::stdout());
    let mut described = 0;
    let all_events = if args.show_events { events(&cluster) } else { BTreeMap::new() };
    for (resource, object) in objects {
        let uid = object["metadata"]["uid"].as_str().unwrap_or("");
        let events = all_events.get(uid).map_or(&[][..], Vec::as_slice);
        let pods = if resource == Resource::Node { pods(object, &cluster) } else { Vec::new() };
        let around = Surroundings { events, pods: &pods, now: cluster.now };
        if let Some(text) = describe(resource, object, &around) {
            let separator = if described > 0 { "\n\n" } else { "" };
            write!(out, "{separator}{text}")?;
            described += 1;
        }
    }
    out.flush()?;
    for error in &missing {
        writeln!(io::stderr(), "{error}")?;
    }
    if described == 0 && missing.is_empty() {
        writeln!(io::stderr(), "No resources found in {} namespace.", args.cluster.namespace)?;
    }
    if let Some(limit) = &cluster.stopped {
        writeln!(io::stderr(), "stopped before that time: {limit}")?;
        return Ok(ExitCode::from(exit::LIMIT));
    }
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

/// The events of a cluster by the UID of what they are about.
fn events(cluster: &Cluster) -> BTreeMap<&str, Vec<Value>> {
    let mut events: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (_, event) in cluster.objects.iter().filter(|(resource, _)| *resource == Resource::Event) {
        let about = event["involvedObject"]["uid"].as_str().unwrap_or("");
        events.entry(about).or_default().push(event.clone());
    }
    events
}

/// The pods on a node that have not ended.
fn pods(node: &Value, cluster: &Cluster) -> Vec<Value> {
    let pods = cluster.objects.iter().filter(|(resource, _)| *resource == Resource::Pod).map(|(_, pod)| pod);
    let is_there = |pod: &&Value| {
        let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        pod["spec"]["nodeName"] == node["metadata"]["name"] && !ended
    };
    pods.filter(is_there).cloned().collect()
}
