//! Our own document: `apiVersion: jobsim/v1alpha1`, `kind: Simulation`.

mod actions;
mod arrivals;
mod autoscaler;
mod cluster;
mod column;
mod control_plane;
mod distribution;
mod expect;
mod fields;
mod kubelet;
mod kubernetes;
mod manual;
mod pods;
mod price_book;
mod study;

use super::document::{Document, Node};
use super::expectation::Expectation;
use super::problem::Problem;
use super::source::SideFile;
use super::study::StudySection;
use super::validate::Validate;
use super::{Cluster, ControlPlane, Profile, ScheduledAction};
use crate::kernel::time::SimDuration;
use crate::workload::behaviour::Behaviour;

pub(super) use actions::Applied;
pub(super) use arrivals::Arriving;
#[cfg(test)]
pub(crate) use distribution::FAMILIES;
use fields::{Fields, Item, Report};
pub(super) use kubernetes::{kubernetes_of, own_document};
pub use manual::{DISTRIBUTIONS, FamilyForm, ManualField, manual};
pub use price_book::price_book_names;
pub use study::{MOST_BATCHES, read_distribution};

/// `apiVersion` of the document.
pub const API_VERSION: &str = "jobsim/v1alpha1";
/// When runs start where nobody says: 2000-01-01T01:00:00Z.
pub const DEFAULT_START: i64 = 946_688_400;

/// What the document says.
#[derive(Clone, Debug)]
pub(super) struct Simulation {
    pub(super) name: Option<String>,
    pub(super) start: i64,
    pub(super) horizon: Option<SimDuration>,
    pub(super) seed: u64,
    pub(super) profile: Profile,
    pub(super) behaviour: Behaviour,
    pub(super) actions: Vec<ScheduledAction>,
    /// Actions that apply files, which someone else has to read.
    pub(super) applied: Vec<Applied>,
    pub(super) arrivals: Vec<Arriving>,
    pub(super) control_plane: ControlPlane,
    pub(super) cluster: Cluster,
    pub(super) expectations: Vec<Expectation>,
    pub(super) study: StudySection,
    /// Files that it names, in which values stand.
    pub(super) files: Vec<SideFile>,
}

impl Default for Simulation {
    /// What holds without a document.
    fn default() -> Simulation {
        Simulation {
            name: None,
            start: DEFAULT_START,
            horizon: None,
            seed: 0,
            profile: Profile::Default,
            behaviour: Behaviour::default(),
            actions: Vec::new(),
            applied: Vec::new(),
            arrivals: Vec::new(),
            control_plane: ControlPlane::released(),
            cluster: Cluster::default(),
            expectations: Vec::new(),
            study: StudySection::default(),
            files: Vec::new(),
        }
    }
}

/// Is this object a document of our own, or meant to be?
pub(super) fn is_own(object: &Node) -> bool {
    let text = |field| object.get(field).and_then(Node::as_str).unwrap_or("");
    let (version, kind) = (text("apiVersion"), text("kind"));
    version.starts_with("jobsim/") || (version.is_empty() && kind == "Simulation")
}

/// Reads the document; what is wrong is added to `problems` and left out.
pub(super) fn read(document: &Document, validate: Validate, problems: &mut Vec<Problem>) -> Simulation {
    let mut report = Report::new(document, validate);
    for duplicate in &document.duplicates {
        let problem = Problem::at(document.at(duplicate.span), format!("duplicate field \"{}\"", duplicate.path));
        match validate {
            Validate::Strict => report.problems.push(problem),
            Validate::Warn => report.problems.push(problem.warning()),
            Validate::Ignore => {}
        }
    }
    let simulation = object(&document.root, &mut report);
    problems.append(&mut report.problems);
    Simulation { files: report.files, ..simulation }
}

fn object(root: &Node, report: &mut Report<'_>) -> Simulation {
    let mut simulation = Simulation::default();
    let Some(mut fields) = report.fields(&Item { node: root, path: String::new() }) else { return simulation };
    fields.get("apiVersion");
    fields.get("kind");
    if let Some(mut metadata) = fields.get("metadata").and_then(|item| report.fields(&item)) {
        simulation.name = metadata.get("name").and_then(|item| report.text(&item)).map(str::to_string);
        metadata.get("labels");
        metadata.get("annotations");
        metadata.finish(report);
    }
    if let Some(spec) = fields.get("spec").and_then(|item| report.fields(&item)) {
        read_spec(spec, &mut simulation, report);
    }
    fields.finish(report);
    simulation
}

fn read_spec(mut spec: Fields<'_>, simulation: &mut Simulation, report: &mut Report<'_>) {
    if let Some(start) = spec.get("startTime").and_then(|item| start_time(&item, report)) {
        simulation.start = start;
    }
    simulation.horizon = spec.get("horizon").and_then(|item| report.duration(&item));
    if let Some(seed) = spec.get("seed").and_then(|item| report.integer(&item, 0..=u64::MAX)) {
        simulation.seed = seed;
    }
    kubernetes::read(&mut spec, report);
    if let Some(profile) = spec.get("profile").and_then(|item| profile(&item, report)) {
        simulation.profile = profile;
    }
    let termination = spec.get("termination").and_then(|item| distribution::duration(&item, report));
    let rules = spec.get("pods").map(|item| pods::rules(&item, report)).unwrap_or_default();
    simulation.behaviour = Behaviour::new(rules, termination);
    if let Some(item) = spec.get("actions") {
        (simulation.actions, simulation.applied) = actions::read(&item, report);
    }
    simulation.control_plane = match simulation.profile {
        Profile::Ideal => ControlPlane::ideal(),
        Profile::Default => ControlPlane::released(),
    };
    if let Some(item) = spec.get("controlPlane") {
        control_plane::read(&item, &mut simulation.control_plane, report);
    }
    if let Some(item) = spec.get("cluster") {
        simulation.cluster = cluster::read(&item, report);
    }
    if let Some(item) = spec.get("arrivals") {
        simulation.arrivals = arrivals::read(&item, report);
    }
    if let Some(item) = spec.get("study") {
        simulation.study = study::read(&item, report).unwrap_or_default();
    }
    if let Some(item) = spec.get("expect") {
        simulation.expectations = expect::read(&item, simulation.start, report);
    }
    spec.finish(report);
}

fn start_time(item: &Item<'_>, report: &mut Report<'_>) -> Option<i64> {
    let text = report.text(item)?;
    let title = match super::time::rfc3339(text) {
        Some(time) if time.subsec_nanosecond() == 0 => return Some(time.as_second()),
        Some(_) => format!("{}: \"{text}\" is not a whole second", item.path),
        None => format!("{}: \"{text}\" is not a time like 2026-01-05T00:00:00Z", item.path),
    };
    report.error(item.node.span, title, "");
    None
}

fn profile(item: &Item<'_>, report: &mut Report<'_>) -> Option<Profile> {
    let title = match report.text(item)? {
        "ideal" => return Some(Profile::Ideal),
        "default" => return Some(Profile::Default),
        other => format!("{}: unknown profile \"{other}\"", item.path),
    };
    report.error_with_help(item.node.span, title, "write `default` or `ideal`");
    None
}
