//! `jobsim describe`: an object of a finished or paused run as text for people.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::cluster::{Cluster, ClusterArgs, name};
use super::exit;
use super::flags::{like_go, with_value};
use super::out;
use super::request::{Naming, Refused};
use crate::report::kubectl::describe::{Surroundings, describe};
use crate::report::kubectl::get::Resource;

/// Arguments of `jobsim describe`.
#[derive(Debug, Args)]
#[command(mut_args(like_go), mut_arg("show_events", with_value))]
pub struct DescribeArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Show events? [default: of a single object]
    #[arg(long)]
    show_events: Option<bool>,
}

/// Describes what was asked for. Code 1 if an object that was named is not there.
pub fn run(args: &DescribeArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let request = match args.cluster.request(None) {
        Ok(request) => request,
        Err(Refused { line, code }) => {
            writeln!(io::stderr(), "{line}")?;
            return Ok(ExitCode::from(code));
        }
    };
    let Some(scenario) = args.cluster.scenario(&request, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    let cluster = args.cluster.look(&scenario)?;
    let (mut objects, mut missing) = args.cluster.choose(&request, &cluster);
    let shows_events = args.show_events.unwrap_or(missing.is_empty() && objects.len() <= 1);
    // Of a type and a name that is nowhere kubectl takes the name as the beginning of others
    // (`DescribeMatchingResources`), whatever the two words are.
    let mut by_prefix = false;
    if request.words == 2 && missing.len() == 1 {
        objects.clear();
        match (request.naming, request.names.first()) {
            (Naming::Plain, Some((resource, prefix))) => {
                objects.extend(args.cluster.all(&request, *resource, &cluster));
                objects.retain(|(_, object)| name(object).starts_with(prefix.as_str()));
            }
            (Naming::OfEach, _) => missing = vec!["error: you may only specify a single resource type".to_owned()],
            _ => {}
        }
        by_prefix = !objects.is_empty();
    }
    if by_prefix {
        missing.clear();
    }
    let mut out = BufWriter::new(out::stdout());
    let all_events = shows_events.then(|| events(&cluster));
    for (number, &(resource, object)) in objects.iter().enumerate() {
        let uid = object["metadata"]["uid"].as_str().unwrap_or("");
        let events = all_events.as_ref().map(|all| all.get(uid).map_or(&[][..], Vec::as_slice));
        let pods = if resource == Resource::Node { pods(object, &cluster) } else { Vec::new() };
        let around = Surroundings { events, pods: &pods, now: cluster.now };
        let (before, after) = match by_prefix {
            true => ("", "\n"),
            false => (if number > 0 { "\n\n" } else { "" }, ""),
        };
        write!(out, "{before}{}{after}", describe(resource, object, &around))?;
    }
    out.flush()?;
    for error in &missing {
        writeln!(io::stderr(), "{error}")?;
    }
    if objects.is_empty() && missing.is_empty() {
        let place =
            if args.cluster.all_namespaces { "" } else { &format!(" in {} namespace.", args.cluster.namespace) };
        writeln!(io::stderr(), "No resources found{place}")?;
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
