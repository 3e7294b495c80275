//! `jobsim explain job.spec.backoffLimit`: the field in the words of the released API, its default, and how it is
//! treated here.

use std::fmt::Write;

use serde_json::{Value, json};

use super::distribution;
use super::released::Released;
use crate::api::release::{GATES, Release, Rules, new_field};
use crate::apiserver::admission;
use crate::report::kubectl::get::Resource;
use crate::scenario::decode::nearest;
use crate::scenario::model::{self, Treatment};
use crate::scenario::schema::{Shape, Struct, Type, kubernetes};
use crate::scenario::simulation::{ManualField, manual};

/// Columns of text.
const WIDTH: usize = 76;

/// The text on a field, `job.spec.backoffLimit`, or on a kind; with `recursive` its fields and theirs as a tree.
///
/// # Errors
/// A sentence if there is no such field.
pub fn explain(path: &str, recursive: bool) -> Result<String, String> {
    let steps: Vec<&str> = path.split('.').map(|step| step.split('[').next().unwrap_or(step)).collect();
    let (kind, steps) = steps.split_first().map_or(("", &[][..]), |(kind, steps)| (*kind, steps));
    if steps.is_empty() && matches!(kind, "distribution" | "distributions") {
        return Ok(distribution::page());
    }
    if kind.eq_ignore_ascii_case("simulation") {
        return simulation(steps, recursive);
    }
    let (group, root) = root(kind)?;
    Field::find(root, steps)?.text(group, recursive)
}

/// Group and type of a kind by any of its names.
fn root(kind: &str) -> Result<(&'static str, &'static Struct), String> {
    let by_name = Resource::by_name(kind).map(Resource::kind).map(str::to_owned);
    let singular = |name: &str| kubernetes().structs().iter().find(|s| s.short_name().eq_ignore_ascii_case(name));
    let known = by_name.and_then(|name| singular(&name)).or_else(|| singular(kind));
    let known = known.or_else(|| kind.strip_suffix('s').and_then(singular)).or_else(|| match kind {
        "quota" => singular("ResourceQuota"),
        _ => None,
    });
    let root = known.filter(|root| root.field("kind").is_some() && root.field("metadata").is_some());
    let root = root.ok_or_else(|| {
        let names = ["simulation", "job", "cronjob", "pod", "node", "resourcequota", "priorityclass"];
        let hint = nearest(kind, names).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        format!("the server doesn't have a resource type \"{kind}\"{hint}")
    })?;
    let group = match root.short_name() {
        "Job" | "CronJob" => "batch",
        "PriorityClass" => "scheduling.k8s.io",
        "PodDisruptionBudget" => "policy",
        _ => "",
    };
    Ok((group, root))
}

/// A field and the way to it.
struct Field {
    root: &'static Struct,
    /// Types from the root to the field, each with the field that leads on.
    way: Vec<(&'static Struct, &'static str)>,
    /// The type of the field; none for the root itself.
    kind: Option<Type>,
}

impl Field {
    fn find(root: &'static Struct, steps: &[&str]) -> Result<Field, String> {
        let mut found = Field { root, way: Vec::new(), kind: None };
        for step in steps {
            let owner = found.inner().ok_or_else(|| format!("field \"{step}\" does not exist"))?;
            let field = owner.field(step).ok_or_else(|| {
                let hint = nearest(step, owner.fields.iter().map(|field| field.name));
                let hint = hint.map_or(String::new(), |similar| format!("; did you mean `{similar}`?"));
                format!("field \"{step}\" does not exist{hint}")
            })?;
            found.way.push((owner, field.name));
            found.kind = Some(field.kind);
        }
        Ok(found)
    }

    /// The type whose fields are within, if there is one.
    fn inner(&self) -> Option<&'static Struct> {
        let Some(kind) = self.kind else { return Some(self.root) };
        let mut shape = kubernetes().shape(kind);
        while let Shape::List(item) | Shape::Map(item) = shape {
            shape = kubernetes().shape(item);
        }
        if let Shape::Struct(inner) = shape { Some(inner) } else { None }
    }

    fn text(&self, group: &str, recursive: bool) -> Result<String, String> {
        let released = Released::new();
        let mut text = String::new();
        if !group.is_empty() {
            _ = writeln!(text, "GROUP:      {group}");
        }
        _ = writeln!(text, "KIND:       {}\nVERSION:    v1\n", self.root.short_name());
        let described = match (self.way.last(), self.kind) {
            (Some((owner, name)), Some(kind)) => {
                _ = writeln!(text, "FIELD: {name} <{}>\n", type_name(kind));
                released.of_field(owner.name, name)
            }
            _ => released.of_type(self.root.name),
        };
        let of_type = self.inner().filter(|_| self.kind.is_some()).map_or("", |inner| released.of_type(inner.name));
        let described =
            [described, of_type].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
        let described = if described.is_empty() { "<empty>" } else { &described };
        _ = writeln!(text, "DESCRIPTION:\n{}", wrapped(described, 4));
        if let Some(default) = self.default() {
            _ = writeln!(text, "DEFAULT:\n    {default}\n");
        }
        if let Some(since) = self.since() {
            _ = writeln!(text, "SINCE:\n{}", wrapped(&since, 4));
        }
        if !self.way.is_empty() {
            _ = writeln!(text, "IN JOBSIM:\n{}", wrapped(&self.treatment(), 4));
        }
        if let Some(inner) = self.inner() {
            text.push_str("FIELDS:\n");
            fields(inner, 1, recursive, &released, &mut vec![inner.name], &mut text);
        }
        Ok(text)
    }

    /// The release that introduced the field, or what is around it, if that is one of those whose rules are there.
    fn since(&self) -> Option<String> {
        let known = self.way.iter().filter_map(|(owner, name)| new_field(owner.short_name(), name));
        let newest = known.max_by_key(|known| known.since)?;
        let since = if newest.since < Release::OLDEST { String::new() } else { format!("Kubernetes {}", newest.since) };
        let gate = newest.gate.and_then(|name| GATES.iter().find(|gate| gate.name == name));
        let gate = gate.map(|gate| format!("feature gate {}: {}", gate.name, gate.history()));
        Some(
            [since, gate.unwrap_or_default()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        )
    }

    /// `modelled`, or another word, and why.
    fn treatment(&self) -> String {
        for (depth, (owner, name)) in self.way.iter().enumerate() {
            let Some(entry) = model::treatment(owner, name) else { break };
            let is_last = depth + 1 == self.way.len();
            if entry.treatment == Treatment::Modelled && !is_last {
                continue;
            }
            let names: Vec<&str> = self.way[..=depth].iter().map(|(_, name)| *name).collect();
            let with = if is_last { String::new() } else { format!(", like all of {}", names.join(".")) };
            let why = if entry.why.is_empty() { String::new() } else { format!(": {}", entry.why) };
            return format!("{}{with}{why}", entry.treatment.as_str());
        }
        if matches!(self.root.short_name(), "Job" | "CronJob" | "ResourceQuota") {
            return Treatment::Modelled.as_str().to_owned();
        }
        match self.root.short_name() {
            "Pod" | "Node" | "PriorityClass" | "LimitRange" | "PodDisruptionBudget" => {
                format!("{}: objects of this kind take part in the run", Treatment::Modelled.as_str())
            }
            "Namespace" => "ignored: a namespace is there as soon as an object is in it".to_owned(),
            kind => format!("ignored: manifests of kind {kind} are passed over"),
        }
    }

    /// What the server fills in: found by letting it fill in an object that has all around the field and nothing else.
    fn default(&self) -> Option<Value> {
        let kind = self.root.short_name();
        let (last, above) = self.way.split_last()?;
        let mut object = match kind {
            "Job" => json!({"spec": {"template": pod_template()}}),
            "CronJob" => json!({"spec": {"jobTemplate": {"spec": {"template": pod_template()}}}}),
            _ => return None,
        };
        let mut pointer = String::new();
        for (owner, name) in above {
            pointer = format!("{pointer}/{name}");
            let is_list =
                owner.field(name).is_some_and(|field| matches!(kubernetes().shape(field.kind), Shape::List(_)));
            let inner = if is_list { json!([{}]) } else { json!({}) };
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            if object.pointer(&pointer).is_none() {
                *object.pointer_mut(parent)?.as_object_mut()?.entry(*name).or_insert(Value::Null) = inner;
            }
            if is_list {
                pointer.push_str("/0");
            }
        }
        let filled = admission::with_defaults(kind, &object, &Rules::default());
        let value = filled.pointer(&format!("{pointer}/{}", last.1))?;
        let is_given =
            value.as_object().is_none_or(|fields| fields.is_empty()) && !value.is_null() && !value.is_array();
        is_given.then(|| value.clone())
    }
}

fn pod_template() -> Value {
    json!({"spec": {"containers": [{"name": "main", "image": "main:1"}]}})
}

/// The fields of a type with their documentation, or as a tree.
fn fields(
    owner: &'static Struct,
    level: usize,
    recursive: bool,
    released: &Released,
    seen: &mut Vec<&'static str>,
    text: &mut String,
) {
    for field in &owner.fields {
        let indent = "  ".repeat(level);
        let required = if released.is_required(owner.name, field.name) { " -required-" } else { "" };
        let treated = model::treatment(owner, field.name).filter(|entry| entry.treatment != Treatment::Modelled);
        let treated = treated.map_or(String::new(), |entry| format!(" ({})", entry.treatment.as_str()));
        _ = writeln!(text, "{indent}{}\t<{}>{required}{treated}", field.name, type_name(field.kind));
        if !recursive {
            let described = released.of_field(owner.name, field.name);
            let described = if described.is_empty() { "<no description>" } else { described };
            _ = writeln!(text, "{}", wrapped(described, 2 * level + 2));
            continue;
        }
        let mut shape = kubernetes().shape(field.kind);
        while let Shape::List(item) | Shape::Map(item) = shape {
            shape = kubernetes().shape(item);
        }
        if let Shape::Struct(inner) = shape
            && !seen.contains(&inner.name)
        {
            seen.push(inner.name);
            fields(inner, level + 1, recursive, released, seen, text);
            seen.pop();
        }
    }
}

/// A type as kubectl calls it.
fn type_name(kind: Type) -> String {
    match kubernetes().shape(kind) {
        Shape::String | Shape::Time => "string".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Int32 | Shape::Int64 => "integer".to_owned(),
        Shape::Quantity => "Quantity".to_owned(),
        Shape::IntOrString => "IntOrString".to_owned(),
        Shape::Any => "Object".to_owned(),
        Shape::List(item) => format!("[]{}", type_name(item)),
        Shape::Map(item) => format!("map[string]{}", type_name(item)),
        Shape::Struct(inner) => inner.short_name().to_owned(),
    }
}

/// Text in lines, each indented, with an empty line after it.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let mut lines = String::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                _ = writeln!(lines, "{}", format!("{indent}{line}").trim_end());
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        _ = writeln!(lines, "{}", format!("{indent}{line}").trim_end());
    }
    lines
}

fn simulation(steps: &[&str], recursive: bool) -> Result<String, String> {
    let plain = |field: &ManualField| field.path.replace("[]", "");
    let path = steps.join(".");
    let field = manual().iter().find(|field| plain(field) == path);
    if field.is_none() && !path.is_empty() {
        let last = steps.last().copied().unwrap_or("");
        let known = manual().iter().map(|field| field.path);
        let name = |path: &'static str| path.trim_end_matches("[]").rsplit('.').next().unwrap_or(path);
        // What is typed right stands in another place: all of the way to it helps.
        let exact = manual().iter().find(|field| name(field.path) == last).map(plain);
        let similar = exact.or_else(|| nearest(last, known.map(name)).map(str::to_owned));
        let hint = similar.map_or(String::new(), |similar| format!("; did you mean `{similar}`?"));
        return Err(format!("field \"{path}\" does not exist{hint}"));
    }
    let mut text = "GROUP:      jobsim\nKIND:       Simulation\nVERSION:    v1alpha1\n\n".to_owned();
    match field {
        Some(field) => {
            let name = steps.last().copied().unwrap_or("");
            _ = writeln!(text, "FIELD: {name} <{}>\n\nDESCRIPTION:\n{}", field.kind, wrapped(field.text, 4));
            if let Some(default) = field.default {
                _ = writeln!(text, "DEFAULT:\n    {default}\n");
            }
            text.push_str(distribution::hint(field));
        }
        None => _ = writeln!(text, "DESCRIPTION:\n{}", wrapped("How the world of a scenario behaves.", 4)),
    }
    let depth = steps.len();
    let below = |field: &&ManualField| {
        let path_of = plain(field);
        let rest = if path.is_empty() { Some(path_of.as_str()) } else { path_of.strip_prefix(&format!("{path}.")) };
        rest.is_some_and(|rest| recursive || !rest.contains('.'))
    };
    let within: Vec<&ManualField> = manual().iter().filter(below).collect();
    if !within.is_empty() {
        text.push_str("FIELDS:\n");
    }
    for field in within {
        let path = plain(field);
        let level = path.matches('.').count() + 1 - depth;
        let (indent, name) = ("  ".repeat(level), path.rsplit('.').next().unwrap_or(&path).to_owned());
        _ = writeln!(text, "{indent}{name}\t<{}>", field.kind);
        if !recursive {
            _ = writeln!(text, "{}", wrapped(field.text, 2 * level + 2));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::simulation::FAMILIES;

    #[test]
    fn fields_are_explained() {
        let has = |path: &str, words: &[&str]| {
            let text = explain(path, false).unwrap_or_else(|error| panic!("{path}: {error}"));
            words.iter().for_each(|words| assert!(text.contains(words), "{path}: {words}: {text}"));
        };
        has(
            "job.spec.backoffLimitPerIndex",
            &["FIELD: backoffLimitPerIndex <integer>\n", "within an index", "IN JOBSIM:\n    modelled\n"],
        );
        has("jobs.spec.backoffLimit", &["DEFAULT:\n    6\n"]);
        has(
            "job.spec.template.spec.containers.livenessProbe.periodSeconds",
            &["DEFAULT:\n    10\n", "ignored, like all of spec.template.spec.containers.livenessProbe"],
        );
        has(
            "job.spec.template.spec.containers[0].imagePullPolicy",
            &["DEFAULT:\n    \"IfNotPresent\"\n", "approximated: images are there at once"],
        );
        has("cj.spec.concurrencyPolicy", &["KIND:       CronJob", "DEFAULT:\n    \"Allow\"\n"]);
        has("job", &["FIELDS:\n", "\n  spec\t<JobSpec>\n", "\n  metadata\t<ObjectMeta>\n"]);
        has("simulation.spec.pods.exitCode", &["FIELD: exitCode <codes>\n", "DEFAULT:\n    0\n"]);
        has("simulation.spec.controlPlane", &["\n  apiServer\t<object>\n"]);
        let tree = explain("job.spec", true).unwrap();
        assert!(tree.contains("\n  template\t<PodTemplateSpec> -required-\n    metadata\t<ObjectMeta>\n"), "{tree}");
    }

    #[test]
    fn every_distribution_is_on_its_page() {
        let page = explain("distribution", false).expect("a page");
        for family in FAMILIES {
            assert!(page.contains(&format!("\n  {family}: ")), "{family}: {page}");
        }
        assert!(explain("simulation.spec.pods.duration", false).expect("a field").contains("DISTRIBUTIONS:\n"));
    }

    #[test]
    fn what_does_not_exist_is_said() {
        let check = |path: &str, error: &str| assert_eq!(explain(path, false), Err(error.to_owned()));
        check("jobb.spec", "the server doesn't have a resource type \"jobb\"; did you mean `job`?");
        check("sandwich", "the server doesn't have a resource type \"sandwich\"");
        check("job.spec.paralelism", "field \"paralelism\" does not exist; did you mean `parallelism`?");
        check("job.spec.parallelism.x", "field \"x\" does not exist");
        check("simulation.expect", "field \"expect\" does not exist; did you mean `spec.expect`?");
        check("simulation.spec.hoirzon", "field \"spec.hoirzon\" does not exist; did you mean `horizon`?");
    }
}
