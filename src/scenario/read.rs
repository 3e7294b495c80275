//! From sources to a [`Scenario`]: every problem of every document is found before anything is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admit::{Server, admit};
use super::cluster::NodePool;
use super::cluster_objects;
use super::decode::{is_served, similar_kind};
use super::document::{Document, Duplicate, Node, SyntaxError, Value, parse};
use super::expectation::Expectation;
use super::problem::{About, Problem, Problems, Severity, Warning};
use super::simulation::{self, Simulation};
use super::source::{Location, SideFile, Source, SourceText, beside};
use super::study::StudySection;
use super::validate::Validate;
use super::{Action, Arrivals, Cluster, Object, Scenario, ScheduledAction};
use super::{kubectl, model};
use crate::api::meta::ObjectName;
use crate::api::pod::RestartPolicy;
use crate::api::priority::PriorityClass;
use crate::api::release::Kubernetes;
use crate::kernel::time::SimDuration;
use crate::workload::arrivals::Gaps;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What becomes of unknown fields.
    pub validate: Validate,
    /// Are fields that only newer releases know as bad as those that none does? Otherwise the server warns of them.
    pub refuse_newer: bool,
    /// The Kubernetes of the cluster, instead of what the documents say.
    pub kubernetes: Option<Kubernetes>,
    /// Are fields that nothing in the simulation reads errors? Otherwise they are noted.
    pub strict_model: bool,
}

/// With more problems than this, later documents are not looked at.
const MAX_PROBLEMS: usize = 2000;

/// The horizon of a scenario that sets none and has CronJobs, arrivals without end, or pods that start again and again.
const DAY: SimDuration = SimDuration::from_secs(24 * 3600);

/// Kinds that a scenario can hold and that play no part yet.
const PASSED_OVER: [&str; 5] = ["Pod", "Node", "Namespace", "PriorityClass", "PodDisruptionBudget"];

/// Reads documents into a scenario.
///
/// # Errors
/// All that is wrong with them.
pub fn read(sources: Vec<Source>, options: &ReadOptions) -> Result<(Scenario, Vec<Warning>), Problems> {
    let mut reader = Reader::new(options);
    let mut objects = reader.sources(sources, None);
    let (simulation, at) = reader.simulation.take().unwrap_or_default();
    let actions = reader.actions(&simulation, at.as_ref());
    let arrivals = reader.arrivals(&simulation, at.as_ref(), &mut objects);
    if objects.is_empty() && actions.is_empty() && arrivals.is_empty() && !reader.has_errors() {
        let help = "a scenario needs at least one Job or CronJob: `apiVersion: batch/v1`, `kind: Job`";
        let problem = Problem::error("nothing to run: no Job and no CronJob was found").help(help);
        reader.problems.list.push(problem.about(About::Nothing));
    }
    if reader.has_errors() {
        return Err(reader.refused());
    }
    let is_work = |object: &&Object| matches!(object, Object::Job(_) | Object::CronJob(_) | Object::Pod(_));
    let first = objects.iter().find(is_work).map(|object| object.identity().1.name.to_string());
    let first = first.or_else(|| arrivals.first().map(|arrivals| arrivals.template.name.name.to_string()));
    let endless = |arrivals: &Arrivals| {
        let process = &arrivals.process;
        process.until.is_none() && process.limit.is_none() && matches!(process.gaps, Gaps::Drawn(_))
    };
    let has_no_end = |object: &Object| match object {
        Object::CronJob(_) => true,
        Object::Pod(pod) => pod.template.restart_policy == RestartPolicy::Always,
        _ => false,
    };
    let for_ever = objects.iter().any(has_no_end) || arrivals.iter().any(endless);
    let scenario = Scenario {
        name: simulation.name.or(first).unwrap_or_else(|| "scenario".to_string()),
        start: simulation.start,
        horizon: simulation.horizon.or(for_ever.then_some(DAY)),
        seed: simulation.seed,
        kubernetes: reader.kubernetes.clone(),
        profile: simulation.profile,
        behaviour: Arc::new(simulation.behaviour),
        objects,
        actions,
        arrivals,
        control_plane: simulation.control_plane,
        first_of_ties: false,
        cluster: Arc::new(simulation.cluster),
        expectations: simulation.expectations,
        study: simulation.study,
        files: std::mem::take(&mut reader.files),
        notes: reader.notes(),
    };
    Ok((scenario, reader.problems.list))
}

/// What a look at documents found, whether they can be run or not.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Errors and warnings.
    pub problems: Problems,
    /// Documents and items of lists by kind, in order of appearance.
    pub kinds: Vec<(String, usize)>,
    /// As those of a scenario.
    pub notes: Vec<String>,
    /// What must hold of runs of the scenarios, and the pools that figures can be of.
    pub expected: Vec<(Vec<Expectation>, Vec<NodePool>)>,
    /// What scenarios say of studies, for those who know what these can ask.
    pub studies: Vec<CheckedStudy>,
}

/// The `study` section of documents that were looked at.
#[derive(Clone, Debug)]
pub struct CheckedStudy {
    /// The section.
    pub section: StudySection,
    /// The cluster that it is about.
    pub cluster: Arc<Cluster>,
    /// All documents of its scenario.
    pub sources: Vec<Source>,
}

/// Looks at documents as [`read`] does, also where there is nothing to run.
pub fn check(sources: Vec<Source>, options: &ReadOptions) -> Checked {
    let mut reader = Reader::new(options);
    reader.sources(sources.clone(), None);
    let (simulation, at) = reader.simulation.take().unwrap_or_default();
    reader.actions(&simulation, at.as_ref());
    let (kinds, notes) = (std::mem::take(&mut reader.kinds), reader.notes());
    let (section, cluster) = (simulation.study, Arc::new(simulation.cluster));
    let expected = vec![(simulation.expectations, cluster.pools.clone())];
    // Of documents that are wrong anyway nothing more is asked.
    let is_asked = !(reader.has_errors() || section.axes.is_empty() && section.metrics.is_empty());
    let studies = is_asked.then_some(CheckedStudy { section, cluster, sources }).into_iter().collect();
    Checked { problems: reader.refused(), kinds, notes, expected, studies }
}

/// Looks at documents as [`check`] does. Where several sources have a Simulation each of these is a scenario by itself, as
/// in a folder of them; the others are looked at together.
pub fn check_each(sources: Vec<Source>, options: &ReadOptions) -> Checked {
    let has_simulation = |source: &Source| {
        SourceText::new(source.clone()).is_ok_and(|text| simulation::own_document(&Arc::new(text)).is_some())
    };
    let (own, others): (Vec<Source>, Vec<Source>) = sources.iter().cloned().partition(has_simulation);
    if own.len() < 2 {
        return check(sources, options);
    }
    let scenarios = own.into_iter().map(|source| vec![source]);
    let mut all = Checked::default();
    for sources in scenarios.chain((!others.is_empty()).then_some(others)) {
        let checked = check(sources, options);
        all.problems.list.extend(checked.problems.list);
        all.problems.kubectl = match (all.problems.kubectl, checked.problems.kubectl) {
            (Some(before), Some(more)) => Some(format!("{}\n{more}", before.trim_end())),
            (before, more) => before.or(more),
        };
        checked.kinds.iter().for_each(|(kind, more)| count(&mut all.kinds, kind, *more));
        all.notes.extend(checked.notes);
        all.expected.extend(checked.expected);
        all.studies.extend(checked.studies);
    }
    all
}

pub(super) struct Reader<'a> {
    options: &'a ReadOptions,
    pub(super) problems: Problems,
    simulation: Option<(Simulation, Option<Location>)>,
    /// Kinds that were seen, and those that were passed over, with how many there were.
    kinds: Vec<(String, usize)>,
    skipped: Vec<(String, usize)>,
    /// Fields that nothing reads.
    unmodelled: model::Tally,
    /// Whose server takes the objects.
    kubernetes: Kubernetes,
    /// What was handed in.
    texts: Vec<Arc<SourceText>>,
    /// Files that the documents name.
    pub(super) files: Vec<SideFile>,
    /// Objects that are created at the start.
    names: BTreeSet<(&'static str, ObjectName)>,
    /// The class of those that is for pods that name none.
    default_class: Option<PriorityClass>,
    /// A Job is among the documents that is not as it should be.
    pub(super) has_bad_job: bool,
}

impl<'a> Reader<'a> {
    fn new(options: &'a ReadOptions) -> Reader<'a> {
        Reader {
            options,
            problems: Problems::default(),
            simulation: None,
            kinds: Vec::new(),
            skipped: Vec::new(),
            unmodelled: model::Tally::default(),
            kubernetes: options.kubernetes.clone().unwrap_or_default(),
            texts: Vec::new(),
            files: Vec::new(),
            names: BTreeSet::new(),
            default_class: None,
            has_bad_job: false,
        }
    }

    /// The problems, with what kubectl would say if there are errors.
    fn refused(mut self) -> Problems {
        if self.has_errors() {
            let creation = kubectl::create(&self.texts, self.options.validate, &self.kubernetes);
            self.problems.kubectl = creation.refused.then_some(creation.stderr);
        }
        self.problems
    }

    fn has_errors(&self) -> bool {
        self.problems.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    fn notes(&self) -> Vec<String> {
        let note = |(kind, count): &(String, usize)| match count {
            1 => format!("{kind} is passed over: it plays no part here"),
            n => format!("{kind} is passed over ({n} objects): it plays no part here"),
        };
        self.skipped.iter().map(note).chain(self.unmodelled.notes()).collect()
    }

    /// The objects of some sources; `applied` where they come by an action.
    fn sources(&mut self, sources: Vec<Source>, applied: Option<&Location>) -> Vec<Object> {
        let mut objects = Vec::new();
        let texts: Vec<_> =
            sources.into_iter().map(|source| (source.name.clone(), SourceText::new(source).map(Arc::new))).collect();
        if applied.is_none() && self.options.kubernetes.is_none() {
            let texts = texts.iter().filter_map(|(_, text)| text.as_ref().ok());
            self.kubernetes = texts.into_iter().find_map(simulation::kubernetes_of).unwrap_or_default();
        }
        for (name, text) in texts {
            let text = match text {
                Ok(text) => text,
                Err(error) => {
                    self.problems.list.push(Problem::error(format!("{name}: {error}")));
                    continue;
                }
            };
            if applied.is_none() {
                self.texts.push(text.clone());
            }
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
                        self.problems.list.push(unreadable(error));
                    }
                }
            }
            if documents == 0 {
                let help = "write a manifest, or give `-` to read standard input";
                let problem = Problem::error(format!("{name}: no document in it")).help(help);
                self.problems.list.push(problem.about(About::Nothing));
            }
        }
        objects
    }

    /// An object, the items of a list, or our own document.
    fn document(&mut self, document: Document, applied: bool, objects: &mut Vec<Object>) {
        let text = |field: &str| document.root.get(field).and_then(Node::as_str).unwrap_or("").to_string();
        let (version, kind) = (text("apiVersion"), text("kind"));
        match list_items(&document) {
            Ok(None) => {}
            Ok(Some(items)) => return items.into_iter().for_each(|item| self.document(item, applied, objects)),
            Err(problem) => return self.problems.list.push(problem),
        }
        if simulation::is_own(&document.root) {
            count(&mut self.kinds, &kind, 1);
            return self.own(&document, &version, &kind, applied);
        }
        count(&mut self.kinds, &kind, 1);
        let before = self.problems.list.len();
        match (version.as_str(), kind.as_str()) {
            of if is_known(of) => {
                let ReadOptions { validate, refuse_newer, .. } = *self.options;
                let server = Server { validate, refuse_newer, kubernetes: &self.kubernetes };
                let object = admit(&document, &kind, &server, &mut self.problems);
                match object {
                    Some(_) => self.look_for_unmodelled(&document, &kind),
                    None => self.has_bad_job |= kind == "Job",
                }
                objects.extend(object.filter(|object| applied || self.is_new(object, &document)));
            }
            _ if version.is_empty() || kind.is_empty() => self.no_kind(&document, &version),
            _ => self.other_kind(&document, &version, &kind),
        }
        self.problems.list[before..].iter_mut().for_each(|problem| problem.about = About::Object);
    }

    fn look_for_unmodelled(&mut self, document: &Document, kind: &str) {
        let fields = model::unmodelled(&document.root, kind);
        if self.options.strict_model {
            self.problems.list.extend(fields.iter().map(|field| field.problem(document)));
        } else {
            self.unmodelled.add(kind, &fields);
        }
    }

    /// Is there no object of this kind and name yet, and no other class that is the default?
    fn is_new(&mut self, object: &Object, document: &Document) -> bool {
        if let Object::PriorityClass(class) = object {
            if let Some(title) = self.default_class.as_ref().and_then(|default| class.forbidden_beside(default)) {
                let place = document.root.get("globalDefault").unwrap_or(&document.root).span;
                self.problems.list.push(Problem::at(document.at(place), title));
                return false;
            }
            self.default_class = Some(class.clone()).filter(|class| class.global_default).or(self.default_class.take());
        }
        let (resource, name) = object.identity();
        if self.names.insert((resource, name.clone())) {
            return true;
        }
        let title = format!("{resource} \"{}\" already exists", name.name);
        let metadata = document.root.get("metadata").and_then(|metadata| metadata.get("name"));
        let place = document.at(metadata.unwrap_or(&document.root).span);
        self.problems.list.push(Problem::at(place, title));
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
        if !is_served(version, kind) {
            let title = format!("no matches for kind \"{kind}\" in version \"{version}\"");
            let span = document.root.get("kind").map_or(document.root.span, |node| node.span);
            let problem = Problem::at(document.at(span), title);
            let problem = match similar_kind(version, kind) {
                Some(similar) => problem.help(format!("did you mean `{similar}`?")),
                None => problem,
            };
            return self.problems.list.push(problem);
        }
        let name = if PASSED_OVER.contains(&kind) { kind.to_string() } else { format!("{kind} ({version})") };
        self.pass_over(document, &name);
    }

    /// A document that plays no part.
    fn pass_over(&mut self, document: &Document, name: &str) {
        if !self.options.strict_model {
            return count(&mut self.skipped, name, 1);
        }
        let span = document.root.get("kind").map_or(document.root.span, |node| node.span);
        let problem = Problem::at(document.at(span), format!("not modelled: {name}"));
        let help = "take the document out, or leave --strict-model out to run without it";
        self.problems.list.push(problem.help(help));
    }

    /// A document of our own, at most one.
    fn own(&mut self, document: &Document, version: &str, kind: &str, applied: bool) {
        let is_newer = version != simulation::API_VERSION && kind == "Simulation";
        let wrong = document.root.get(if is_newer { "apiVersion" } else { "kind" });
        let span = wrong.map_or(document.root.span, |node| node.span);
        let title = if applied {
            "an applied file holds objects, not a Simulation"
        } else if is_newer {
            "the apiVersion of a Simulation is jobsim/v1alpha1"
        } else if kind != "Simulation" {
            "the only document of jobsim's own is a Simulation"
        } else if self.simulation.is_some() {
            "a second Simulation: a scenario has at most one"
        } else {
            let simulation = simulation::read(document, self.options.validate, &mut self.problems.list);
            self.files.extend(simulation.files.iter().cloned());
            self.simulation = Some((simulation, Some(document.at(document.root.span))));
            return;
        };
        if self.simulation.is_some() && !applied {
            // One of them says it for all.
            if self.problems.list.iter().all(|problem| problem.title != title) {
                let help = "give one file of several scenarios, or run a folder of them with `jobsim test`";
                self.problems.list.push(Problem::at(document.at(span), title).help(help));
            }
            return;
        }
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
            self.files.push(SideFile::of(&applied.file, &source));
            let file = source.name.clone().into();
            let objects = self.sources(vec![source], Some(&location));
            let position = (applied.position + before).min(actions.len());
            actions.insert(position, ScheduledAction { at: applied.at, action: Action::Apply { file, objects } });
        }
        actions
    }
}

/// Is it an object that a scenario can hold?
pub(super) fn is_known(of: (&str, &str)) -> bool {
    matches!(of, ("batch/v1", "Job" | "CronJob") | ("v1", "ResourceQuota" | "LimitRange"))
        || cluster_objects::KINDS.contains(&of)
}

/// A document that cannot be read. What begins with a star is an alias in YAML, which cron schedules often do.
fn unreadable(error: SyntaxError) -> Problem {
    let source = &error.location.source;
    let (line, _) = source.line_column(error.location.span.start);
    let text = source.text.get(source.lines(line..line + 1)).unwrap_or_default().trim();
    let help =
        text.split_once(": ").map(|(key, value)| (key, value.trim())).filter(|(_, value)| value.starts_with('*'));
    let help = help.map(|(key, value)| format!("quote what begins with a star: {key}: \"{value}\""));
    help.into_iter().fold(Problem::at(error.location, error.message), Problem::help)
}

/// Is this the kind of a list whose items are objects of ours?
fn is_list(version: &str, kind: &str) -> bool {
    let is_known = |item: &str| is_known((version, item)) || matches!(item, "" | "Namespace");
    kind.strip_suffix("List").is_some_and(is_known) && (kind != "List" || version == "v1")
}

/// The items of a list as documents of their own, nothing for what is no list of objects of ours. Items of a list of one
/// kind need not name it.
///
/// # Errors
/// `items` that is no list.
pub(crate) fn list_items(list: &Document) -> Result<Option<Vec<Document>>, Problem> {
    let text = |field: &str| list.root.get(field).and_then(Node::as_str).unwrap_or("");
    let (version, kind) = (text("apiVersion"), text("kind"));
    if !is_list(version, kind) {
        return Ok(None);
    }
    let items = list.root.get("items").filter(|items| items.value != Value::Null);
    let Some(node) = items else { return Ok(Some(Vec::new())) };
    let Value::Sequence(items) = &node.value else {
        let title = format!("items: expected a list, found {}", node.json_type());
        return Err(Problem::at(list.at(node.span), title));
    };
    let kind = kind.strip_suffix("List").unwrap_or("");
    let item = |(i, item): (usize, &Node)| {
        let prefix = format!("items[{i}].");
        let within = |d: &Duplicate| Some(Duplicate { path: d.path.strip_prefix(&prefix)?.to_string(), ..d.clone() });
        let duplicates = list.duplicates.iter().filter_map(within).collect();
        let mut root = item.clone();
        if !kind.is_empty() && root.get("kind").is_none() && root.get("apiVersion").is_none() {
            root.set("apiVersion", version);
            root.set("kind", kind);
        }
        Document { source: list.source.clone(), root, duplicates }
    };
    Ok(Some(items.iter().enumerate().map(item).collect()))
}

fn count(kinds: &mut Vec<(String, usize)>, kind: &str, more: usize) {
    match kinds.iter_mut().find(|(known, _)| known == kind) {
        Some((_, count)) => *count += more,
        None => kinds.push((kind.to_owned(), more)),
    }
}

#[cfg(test)]
mod tests;
