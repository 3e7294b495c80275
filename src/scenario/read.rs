//! From sources to a [`Scenario`]: every problem of every document is found before anything is refused.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::Arc;

use super::admit::admit;
use super::document::{Document, Duplicate, Node, Value, parse};
use super::problem::{Problem, Problems, Severity, Warning};
use super::simulation::{self, Simulation};
use super::source::{Location, Source, SourceText};
use super::validate::Validate;
use super::{Action, Arrivals, Object, Scenario, ScheduledAction};
use crate::api::meta::ObjectName;
use crate::kernel::time::SimDuration;
use crate::workload::arrivals::Gaps;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What becomes of unknown fields.
    pub validate: Validate,
}

/// With more problems than this, later documents are not looked at.
const MAX_PROBLEMS: usize = 2000;

/// The horizon of a scenario that sets none and has CronJobs or arrivals without end.
const DAY: SimDuration = SimDuration::from_secs(24 * 3600);

/// Kinds that a scenario can hold and that play no part yet.
const PASSED_OVER: [&str; 5] = ["Pod", "Node", "Namespace", "PriorityClass", "PodDisruptionBudget"];

/// Reads documents into a scenario.
///
/// # Errors
/// All that is wrong with them.
pub fn read(sources: Vec<Source>, options: &ReadOptions) -> Result<(Scenario, Vec<Warning>), Problems> {
    let mut reader = Reader {
        options,
        problems: Problems::default(),
        simulation: None,
        skipped: Vec::new(),
        names: BTreeSet::new(),
    };
    let mut objects = reader.sources(sources, None);
    let (simulation, at) = reader.simulation.take().unwrap_or_default();
    let actions = reader.actions(&simulation, at.as_ref());
    let arrivals = reader.arrivals(&simulation, at.as_ref(), &mut objects);
    if objects.is_empty() && actions.is_empty() && arrivals.is_empty() && !reader.has_errors() {
        let help = "a scenario needs at least one Job or CronJob: `apiVersion: batch/v1`, `kind: Job`";
        reader.problems.list.push(Problem::error("nothing to run: no Job and no CronJob was found").help(help));
    }
    if reader.has_errors() {
        return Err(reader.problems);
    }
    let first = objects.iter().find_map(|object| match object {
        Object::Job(job) => Some(job.name.name.to_string()),
        Object::CronJob(cron_job) => Some(cron_job.name.name.to_string()),
        Object::Quota(_) => None,
    });
    let first = first.or_else(|| arrivals.first().map(|arrivals| arrivals.template.name.name.to_string()));
    let endless = |arrivals: &Arrivals| {
        let process = &arrivals.process;
        process.until.is_none() && process.limit.is_none() && matches!(process.gaps, Gaps::Drawn(_))
    };
    let for_ever = objects.iter().any(|object| matches!(object, Object::CronJob(_))) || arrivals.iter().any(endless);
    let scenario = Scenario {
        name: simulation.name.or(first).unwrap_or_else(|| "scenario".to_string()),
        start: simulation.start,
        horizon: simulation.horizon.or(for_ever.then_some(DAY)),
        seed: simulation.seed,
        profile: simulation.profile,
        behaviour: Arc::new(simulation.behaviour),
        objects,
        actions,
        arrivals,
        control_plane: simulation.control_plane,
        notes: reader.notes(),
    };
    Ok((scenario, reader.problems.list))
}

pub(super) struct Reader<'a> {
    options: &'a ReadOptions,
    pub(super) problems: Problems,
    simulation: Option<(Simulation, Option<Location>)>,
    /// Kinds that were passed over, with how many there were.
    skipped: Vec<(String, usize)>,
    /// Objects that are created at the start.
    names: BTreeSet<(&'static str, ObjectName)>,
}

impl Reader<'_> {
    fn has_errors(&self) -> bool {
        self.problems.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    fn notes(&self) -> Vec<String> {
        let note = |(kind, count): &(String, usize)| match count {
            1 => format!("{kind} is passed over: it plays no part here"),
            n => format!("{kind} is passed over ({n} objects): it plays no part here"),
        };
        self.skipped.iter().map(note).collect()
    }

    /// The objects of some sources; `applied` where they come by an action.
    fn sources(&mut self, sources: Vec<Source>, applied: Option<&Location>) -> Vec<Object> {
        let mut objects = Vec::new();
        for source in sources {
            let name = source.name.clone();
            let text = match SourceText::new(source) {
                Ok(text) => Arc::new(text),
                Err(error) => {
                    self.problems.list.push(Problem::error(format!("{name}: {error}")));
                    continue;
                }
            };
            let mut documents = 0;
            for document in parse(&text) {
                if self.problems.list.len() > MAX_PROBLEMS {
                    break;
                }
                match document {
                    Ok(document) if document.root.value == Value::Null => {}
                    Ok(document) => {
                        documents += 1;
                        self.document(document, applied.is_some(), &mut objects);
                    }
                    Err(error) => {
                        documents += 1;
                        let verdict = format!("error: error parsing {name}: {}", error.message);
                        self.problems.list.push(Problem::at(error.location, error.message));
                        self.problems.verdicts.push(verdict);
                    }
                }
            }
            if documents == 0 {
                let help = "write a manifest, or give `-` to read standard input";
                self.problems.list.push(Problem::error(format!("{name}: no document in it")).help(help));
            }
        }
        objects
    }

    /// An object, the items of a list, or our own document.
    fn document(&mut self, document: Document, applied: bool, objects: &mut Vec<Object>) {
        let text = |field: &str| document.root.get(field).and_then(Node::as_str).unwrap_or("").to_string();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if version == "v1" && kind == "List" {
            return self.list(document, applied, objects);
        }
        if version.starts_with("jobsim/") || (version.is_empty() && kind == "Simulation") {
            return self.own(&document, &version, &kind, applied);
        }
        match (version.as_str(), kind.as_str()) {
            ("batch/v1", "Job" | "CronJob") | ("v1", "ResourceQuota") => {
                let object = admit(&document, &kind, self.options.validate, &mut self.problems);
                objects.extend(object.filter(|object| applied || self.is_new(object, &document)));
            }
            _ if version.is_empty() || kind.is_empty() => self.no_kind(&document, &version),
            _ => self.other_kind(&document, &version, &kind),
        }
    }

    /// `kind: List`: its items as documents of their own.
    fn list(&mut self, list: Document, applied: bool, objects: &mut Vec<Object>) {
        let Some(node) = list.root.get("items").filter(|items| items.value != Value::Null) else { return };
        let Value::Sequence(items) = &node.value else {
            let title = format!("items: expected a list, found {}", node.json_type());
            return self.problems.list.push(Problem::at(list.at(node.span), title));
        };
        for (i, item) in items.iter().enumerate() {
            let prefix = format!("items[{i}].");
            let within =
                |d: &Duplicate| Some(Duplicate { path: d.path.strip_prefix(&prefix)?.to_string(), ..d.clone() });
            let duplicates = list.duplicates.iter().filter_map(within).collect();
            let item = Document { source: list.source.clone(), root: item.clone(), duplicates };
            self.document(item, applied, objects);
        }
    }

    /// Is there no object of this kind and name yet?
    fn is_new(&mut self, object: &Object, document: &Document) -> bool {
        let (resource, name) = match object {
            Object::CronJob(cron_job) => ("cronjobs.batch", &cron_job.name),
            Object::Job(job) => ("jobs.batch", &job.name),
            Object::Quota(quota) => ("resourcequotas", &quota.name),
        };
        if self.names.insert((resource, name.clone())) {
            return true;
        }
        let title = format!("{resource} \"{}\" already exists", name.name);
        let metadata = document.root.get("metadata").and_then(|metadata| metadata.get("name"));
        let place = document.at(metadata.unwrap_or(&document.root).span);
        let file = &document.source.name;
        let verdict = format!("Error from server (AlreadyExists): error when creating \"{file}\": {title}");
        self.problems.list.push(Problem::at(place, title));
        self.problems.verdicts.push(verdict);
        false
    }

    fn no_kind(&mut self, document: &Document, version: &str) {
        let (title, help) = if !matches!(document.root.value, Value::Mapping(_)) {
            ("this is no Kubernetes object: expected a mapping with apiVersion and kind".to_string(), String::new())
        } else if version.is_empty() {
            ("apiVersion not set".to_string(), "a Job has `apiVersion: batch/v1`".to_string())
        } else {
            ("kind not set".to_string(), "a Job has `kind: Job`".to_string())
        };
        let span = document.root.entries().first().map_or(document.root.span, |entry| entry.key_span);
        let problem = Problem::at(document.at(span), title);
        self.problems.list.push(if help.is_empty() { problem } else { problem.help(help) });
    }

    /// A kind that a scenario does not run: a slip if it looks like a Job, else passed over.
    fn other_kind(&mut self, document: &Document, version: &str, kind: &str) {
        let lower = kind.to_lowercase();
        let meant = ["Job", "CronJob"].into_iter().find(|name| lower.trim_end_matches('s') == name.to_lowercase());
        let is_right = version == "batch/v1" && meant == Some(kind);
        if let Some(meant) = meant.filter(|_| !is_right) {
            let title = format!("no matches for kind \"{kind}\" in version \"{version}\"");
            let field = if kind == meant { "apiVersion" } else { "kind" };
            let span = document.root.get(field).map_or(document.root.span, |node| node.span);
            let help = match version {
                "batch/v1beta1" | "batch/v2alpha1" => {
                    format!("{version} was removed from Kubernetes: write `apiVersion: batch/v1`")
                }
                _ => format!("write `apiVersion: batch/v1` and `kind: {meant}`"),
            };
            self.problems.list.push(Problem::at(document.at(span), title).help(help));
            return;
        }
        let name = if PASSED_OVER.contains(&kind) { kind.to_string() } else { format!("{kind} ({version})") };
        match self.skipped.iter_mut().find(|(skipped, _)| *skipped == name) {
            Some((_, count)) => *count += 1,
            None => self.skipped.push((name, 1)),
        }
    }

    /// A document of our own, at most one.
    fn own(&mut self, document: &Document, version: &str, kind: &str, applied: bool) {
        let span = document.root.get("kind").map_or(document.root.span, |node| node.span);
        let title = if applied {
            "an applied file holds objects, not a Simulation"
        } else if version != simulation::API_VERSION || kind != "Simulation" {
            "the only document of jobsim's own is a Simulation"
        } else if self.simulation.is_some() {
            "a second Simulation: a scenario has at most one"
        } else {
            let simulation = simulation::read(document, self.options.validate, &mut self.problems.list);
            self.simulation = Some((simulation, Some(document.at(document.root.span))));
            return;
        };
        let help = format!("write `apiVersion: {}`, `kind: Simulation`, once", simulation::API_VERSION);
        self.problems.list.push(Problem::at(document.at(span), title).help(help));
    }

    /// The actions in the order of the document, with the files of `apply` read.
    fn actions(&mut self, simulation: &Simulation, at: Option<&Location>) -> Vec<ScheduledAction> {
        let mut actions = simulation.actions.clone();
        for (before, applied) in simulation.applied.iter().enumerate() {
            let Some(location) = at.map(|at| Location { source: at.source.clone(), span: applied.span }) else {
                continue;
            };
            let source = match beside(&applied.file, &location) {
                Ok(source) => source,
                Err(error) => {
                    self.problems.list.push(Problem::at(location, error));
                    continue;
                }
            };
            let file = source.name.clone().into();
            let objects = self.sources(vec![source], Some(&location));
            let position = (applied.position + before).min(actions.len());
            actions.insert(position, ScheduledAction { at: applied.at, action: Action::Apply { file, objects } });
        }
        actions
    }
}

/// A file that the scenario names, which lies in the scenario's folder or below.
pub(super) fn beside(file: &str, location: &Location) -> Result<Source, String> {
    let relative = Path::new(file);
    let stays = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let escapes = || format!("\"{file}\" leaves the scenario's folder");
    if !stays || file.is_empty() {
        return Err(escapes());
    }
    let folder = Path::new(&location.source.name).parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let path = folder.join(relative);
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    // A symbolic link can lead out too.
    let (real, real_folder) = (path.canonicalize().map_err(unreadable)?, folder.canonicalize().map_err(unreadable)?);
    if !real.starts_with(real_folder) {
        return Err(escapes());
    }
    let name = path.display().to_string();
    Source::from_file(&real, &name).map_err(unreadable)
}

#[cfg(test)]
mod tests;
