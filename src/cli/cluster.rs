//! A look into the cluster of a run, as `get` and `describe` need it: which objects, of which files, at what time.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::exit;
use super::files::{self, ValidateArg};
use super::kubernetes::KubernetesArgs;
use super::request::{Naming, Refused, Request};
use crate::api::duration::parse_duration;
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::Ending;
use crate::report::kubectl::field_selector::FieldSelector;
use crate::report::kubectl::get::Resource;
use crate::report::kubectl::selector::LabelSelector;
use crate::report::v1::{Calendar, Objects, Update};
use crate::run::{RunOptions, run_observed};
use crate::scenario::{ReadOptions, Scenario};

/// Arguments that `get` and `describe` share.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// What to show, then files: `jobs a.yaml`, `pods,jobs a.yaml`, `job pi a.yaml`, `job/pi a.yaml`
    #[arg(value_name = "TYPE [NAME..] FILE..", required = true)]
    words: Vec<String>,
    /// Scenario files or folders; may be repeated. Everything else after the type is then a name
    #[arg(short, long, value_name = "FILE")]
    filename: Vec<PathBuf>,
    /// The time to look at, counted from the start, such as 12m [default: the end of the run]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(super) at: Option<SimDuration>,
    /// What chance is drawn from, instead of the scenario's seed
    #[arg(long)]
    seed: Option<u64>,
    /// Objects with these labels: a=b, a!=b, a in (b,c), a notin (b), a, !a
    #[arg(short = 'l', long, value_name = "SELECTOR", value_parser = LabelSelector::parse)]
    selector: Option<LabelSelector>,
    /// Objects of this namespace
    #[arg(short, long, default_value = "default")]
    pub(super) namespace: String,
    /// Objects of all namespaces
    #[arg(short = 'A', long)]
    pub(super) all_namespaces: bool,
    /// What to do about fields that Kubernetes does not know, and the like
    #[arg(long, value_enum, default_value_t = ValidateArg::Strict)]
    validate: ValidateArg,
    #[command(flatten)]
    kubernetes: KubernetesArgs,
}

/// The cluster at the time that was asked for.
pub(super) struct Cluster {
    pub(super) objects: Vec<(Resource, Value)>,
    pub(super) now: jiff::Timestamp,
    /// The limit that stopped the run before that time.
    pub(super) stopped: Option<String>,
}

impl ClusterArgs {
    /// What was asked for.
    pub(super) fn request(&self, field_selector: Option<FieldSelector>) -> Result<Request, Refused> {
        let mut request = Request::read(&self.words, &self.filename)?;
        request.field_selector = field_selector.filter(|selector| !selector.is_empty());
        if let Some(selector) = &request.field_selector {
            for &resource in &request.resources {
                let refused =
                    |error| Refused { line: format!("Error from server (BadRequest): {error}"), code: exit::USAGE };
                selector.check(resource).map_err(refused)?;
            }
        }
        if request.names.is_empty() {
            return Ok(request);
        }
        let by_label = self.selector.as_ref().is_some_and(|selector| *selector != LabelSelector::default());
        if by_label || request.field_selector.is_some() {
            return Err(match request.naming {
                Naming::Plain => "name cannot be provided when a selector is specified",
                _ => "selectors and the all flag cannot be used when passing resource/name arguments",
            }
            .into());
        }
        if self.all_namespaces && request.names.iter().any(|(resource, _)| resource.is_namespaced()) {
            return Err("a resource cannot be retrieved by name across all namespaces".into());
        }
        Ok(request)
    }

    /// The scenario, unless something is wrong with it, which is then said.
    pub(super) fn scenario(&self, request: &Request, colour: bool) -> anyhow::Result<Option<Scenario>> {
        let sources = files::read(&request.files)?;
        let kubernetes = self.kubernetes.over(&sources)?;
        let options = ReadOptions { validate: self.validate.into(), kubernetes, ..ReadOptions::default() };
        files::scenario(sources, &options, colour)
    }

    fn run_options(&self) -> RunOptions {
        RunOptions { seed: self.seed, horizon: self.at, ..RunOptions::default() }
    }

    /// Runs the scenario up to the time that was asked for.
    pub(super) fn look(&self, scenario: &Scenario) -> anyhow::Result<Cluster> {
        let mut objects = Objects::new(scenario.start, scenario.kubernetes.rules());
        let run = run_observed(scenario, &self.run_options(), vec![&mut objects]);
        for note in files::in_short(&run.notes) {
            writeln!(io::stderr(), "note: {note}")?;
        }
        let horizon = self.at.or(scenario.horizon).map(|length| SimTime::ZERO + length);
        let (stopped, now) = match &run.ending {
            Ending::Limit(limit) => (Some(limit.clone()), run.end),
            // The scheduler says once more what it has said when nothing else happens any more.
            Ending::Settled if self.at.is_none() => {
                (None, run.events.last().map_or(run.end, |event| run.end.max(event.time)))
            }
            _ => (None, horizon.unwrap_or(run.end)),
        };
        Ok(Cluster { objects: objects.into_list(), now: Calendar::new(scenario.start).instant(now), stopped })
    }

    /// Runs the scenario and tells of each change of these resources, for as long as `show` returns true.
    pub(super) fn watch(&self, scenario: &Scenario, resources: &[Resource], show: &mut dyn FnMut(Update) -> bool) {
        let mut objects = Objects::watched(scenario.start, scenario.kubernetes.rules(), resources.to_vec(), show);
        run_observed(scenario, &self.run_options(), vec![&mut objects]);
    }

    /// The objects that were asked for, by resource in the order of the request, and what is said of those that are not
    /// there.
    pub(super) fn choose<'c>(
        &self,
        request: &Request,
        cluster: &'c Cluster,
    ) -> (Vec<(Resource, &'c Value)>, Vec<String>) {
        if request.names.is_empty() {
            let resources = request.resources.iter();
            return (resources.flat_map(|&resource| self.all(request, resource, cluster)).collect(), Vec::new());
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (resource, wanted) in &request.names {
            let before = found.len();
            found.extend(self.all(request, *resource, cluster).filter(|(_, object)| name(object) == wanted));
            if found.len() == before {
                missing.push(format!("Error from server (NotFound): {} \"{wanted}\" not found", resource.plural()));
            }
        }
        (found, missing)
    }

    /// All objects of a resource that the selectors and the namespace leave.
    pub(super) fn all<'c>(
        &self,
        request: &Request,
        resource: Resource,
        cluster: &'c Cluster,
    ) -> impl Iterator<Item = (Resource, &'c Value)> {
        let of_resource = cluster.objects.iter().filter(move |(of, _)| *of == resource);
        of_resource.filter(move |(_, object)| self.matches(request, resource, object)).map(|(of, object)| (*of, object))
    }

    /// Is this object in the namespaces and has it the labels and fields that were asked for?
    pub(super) fn matches(&self, request: &Request, resource: Resource, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let is_there = self.all_namespaces || !resource.is_namespaced() || metadata["namespace"] == *self.namespace;
        is_there
            && self.selector.as_ref().is_none_or(|selector| selector.matches(&metadata["labels"]))
            && request.field_selector.as_ref().is_none_or(|selector| selector.matches(resource, object))
    }
}

/// The name of an object.
pub(super) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or("")
}
