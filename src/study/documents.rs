//! A scenario's documents as trees in which paths can be set: from a point of a study to its scenario.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kernel::rng::entity;
use crate::scenario::document::parse;
use crate::scenario::path::Path;
use crate::scenario::schema::kubernetes;
use crate::scenario::source::SourceText;
use crate::scenario::{Problem, ReadOptions, Scenario, Severity, Source, list_items, read};

/// The documents of a scenario that has been read once, and so is right as it stands.
#[derive(Clone, Debug)]
pub struct Documents {
    sources: Vec<(String, Vec<Value>)>,
    options: ReadOptions,
}

/// Where a path leads, found once.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Which document: source and position in it; absent for a Simulation that has to be made.
    document: Option<(usize, usize)>,
    path: Path,
}

/// Fields at the root of a manifest.
const ROOTS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

/// Fields of a Simulation's `spec`, which need no `simulation.spec.` in front.
const OWN: [&str; 11] = [
    "startTime",
    "horizon",
    "seed",
    "kubernetes",
    "profile",
    "termination",
    "pods",
    "actions",
    "controlPlane",
    "arrivals",
    "cluster",
];

impl Documents {
    /// The documents of these sources.
    ///
    /// # Errors
    /// What cannot be read at all.
    pub fn new(sources: &[Source], options: ReadOptions) -> Result<Documents, String> {
        let mut trees = Vec::new();
        for source in sources {
            let text = SourceText::new(source.clone()).map_err(|error| format!("{}: {error}", source.name))?;
            let mut documents = Vec::new();
            for document in parse(&Arc::new(text)) {
                let document = document.map_err(|error| error.message)?;
                match list_items(&document).map_err(|problem| problem.title)? {
                    Some(items) => documents.extend(items.iter().map(|item| item.root.to_json())),
                    None => documents.extend(Some(document.root.to_json()).filter(|value| !value.is_null())),
                }
            }
            trees.push((source.name.clone(), documents));
        }
        Ok(Documents { sources: trees, options })
    }

    /// What tells these documents from others.
    pub fn digest(&self) -> u64 {
        let texts: Vec<String> =
            self.sources.iter().flat_map(|(_, documents)| documents).map(ToString::to_string).collect();
        entity(&texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>())
    }

    fn all(&self) -> impl Iterator<Item = ((usize, usize), &Value)> {
        self.sources
            .iter()
            .enumerate()
            .flat_map(|(source, (_, list))| list.iter().enumerate().map(move |(at, document)| ((source, at), document)))
    }

    fn simulation(&self) -> Option<(usize, usize)> {
        self.all().find(|(_, document)| kind(document) == "Simulation").map(|(place, _)| place)
    }

    /// Where a path leads: into the only Job or CronJob, into one that is named before a colon (`etl:`, or `job/etl:`
    /// and `cronjob/etl:` where both are, or `NAMESPACE/etl:`), or into the Simulation. Fields of a Job's `spec` may
    /// stand without it, and those that only a CronJob's has.
    ///
    /// # Errors
    /// A sentence on why it leads nowhere.
    pub fn place(&self, text: &str) -> Result<Place, String> {
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) if !name.contains(['.', '[']) => (Some(name), rest),
            _ => (None, text),
        };
        let first = rest.split(['.', '[']).next().unwrap_or("");
        if name.is_none() && first == "simulation" {
            let path = Path::parse(rest.trim_start_matches("simulation").trim_start_matches('.'))?;
            return Ok(Place { document: self.simulation(), path });
        }
        if name.is_none() && OWN.contains(&first) {
            return Ok(Place { document: self.simulation(), path: Path::parse(&format!("spec.{rest}"))? });
        }
        let manifests = self.all().filter(|(_, document)| matches!(kind(document), "Job" | "CronJob"));
        let is_meant = |document: &Value| name.is_none_or(|name| names_of(document).iter().any(|own| own == name));
        let manifests: Vec<_> = manifests.filter(|(_, document)| is_meant(document)).collect();
        let (document, tree) = match (manifests.as_slice(), name) {
            ([one], _) => *one,
            ([], Some(name)) => return Err(format!("{text}: there is no Job or CronJob \"{name}\"")),
            ([], None) => return Err(format!("{text}: there is no Job and no CronJob")),
            (several, _) => {
                let is_alone =
                    |name: &String| several.iter().filter(|(_, other)| names_of(other).contains(name)).count() == 1;
                let short = |document: &Value| {
                    let [.., full] = &names_of(document);
                    names_of(document).into_iter().find(is_alone).unwrap_or_else(|| full.clone())
                };
                let names: Vec<String> = several.iter().map(|(_, document)| short(document)).collect();
                return Err(format!("{text}: whose? Write NAME:{rest} with one of {}", names.join(", ")));
            }
        };
        let path = match (ROOTS.contains(&first), kind(tree)) {
            (true, _) => Path::parse(rest)?,
            (false, "CronJob") if is_of_cron_job(first) => Path::parse(&format!("spec.{rest}"))?,
            (false, "CronJob") => Path::parse(&format!("spec.jobTemplate.spec.{rest}"))?,
            (false, _) => Path::parse(&format!("spec.{rest}"))?,
        };
        Ok(Place { document: Some(document), path })
    }

    /// Puts a value where a path leads.
    ///
    /// # Errors
    /// A sentence on where it leads nowhere.
    pub fn set(&mut self, place: &Place, value: Value) -> Result<(), String> {
        let (source, at) = match place.document.or_else(|| self.simulation()) {
            Some(place) => place,
            None => {
                let Some((_, list)) = self.sources.last_mut() else { return Err("there are no documents".to_owned()) };
                list.push(json!({"apiVersion": crate::scenario::simulation::API_VERSION, "kind": "Simulation"}));
                (self.sources.len() - 1, self.sources[self.sources.len() - 1].1.len() - 1)
            }
        };
        place.path.set(&mut self.sources[source].1[at], value)
    }

    /// The scenario that they make.
    ///
    /// # Errors
    /// What is wrong with it now.
    pub fn scenario(&self) -> Result<Scenario, String> {
        let source = |(name, documents): &(String, Vec<Value>)| {
            let texts: Vec<String> = documents.iter().map(ToString::to_string).collect();
            Source { name: name.clone(), bytes: texts.join("\n---\n").into_bytes() }
        };
        let read = read(self.sources.iter().map(source).collect(), &self.options);
        read.map(|(scenario, _)| scenario).map_err(|problems| {
            let errors = problems.list.iter().filter(|problem| problem.severity == Severity::Error);
            // Where it stands people know who wrote the path.
            let slip = |problem: &Problem| problem.help.iter().find(|help| help.starts_with("did you mean")).cloned();
            let said = |problem: &Problem| match slip(problem) {
                Some(help) => format!("{} ({help})", problem.title),
                None => problem.title.clone(),
            };
            errors.map(said).collect::<Vec<_>>().join("; ")
        })
    }
}

fn kind(document: &Value) -> &str {
    document.get("kind").and_then(Value::as_str).unwrap_or("")
}

fn name_of(document: &Value) -> &str {
    document.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("")
}

/// What a manifest can be called: by its name, with its kind or namespace, with both.
fn names_of(document: &Value) -> [String; 4] {
    let (kind, name) = (kind(document).to_lowercase(), name_of(document));
    let namespace = document.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
    [name.to_owned(), format!("{kind}/{name}"), format!("{namespace}/{name}"), format!("{kind}/{namespace}/{name}")]
}

/// Is it a field of a CronJob's own `spec` that a Job's has not?
fn is_of_cron_job(field: &str) -> bool {
    let has = |kind: &str| kubernetes().get(kind).is_some_and(|spec| spec.field(field).is_some());
    has("v1.CronJobSpec") && !has("v1.JobSpec")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: NAME}\nspec: {template: {spec: {restartPolicy: \
                       Never, containers: [{name: c, image: i}]}}}\n---\n";

    fn documents(text: &str) -> Documents {
        let source = Source { name: "x".to_owned(), bytes: text.as_bytes().to_vec() };
        Documents::new(&[source], ReadOptions::default()).expect("documents")
    }

    #[test]
    fn paths_lead_into_jobs_and_simulations() {
        let simulation = "apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {pods: [{duration: 1s}]}\n---\n";
        let two = JOB.replace("NAME", "a") + &JOB.replace("NAME", "b");
        let check = |text: &str, path: &str, expected: Result<&str, &str>| {
            let mut documents = documents(text);
            let set = documents.place(path).and_then(|place| documents.set(&place, json!("7s")));
            let found = set.map(|()| documents.all().map(|(_, document)| document.to_string()).collect::<String>());
            match (&found, expected) {
                (Ok(found), Ok(part)) => assert!(found.contains(part), "{path}: {found}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{path}: {error}"),
                _ => panic!("{path}: {found:?}"),
            }
        };
        let one = JOB.replace("NAME", "a") + simulation;
        check(&one, "spec.parallelism", Ok(r#""parallelism":"7s""#));
        check(&one, "parallelism", Ok(r#""parallelism":"7s""#));
        check(&one, "pods[0].duration", Ok(r#"[{"duration":"7s"}]"#));
        check(&one, "simulation.spec.horizon", Ok(r#""horizon":"7s""#));
        check(&JOB.replace("NAME", "a"), "horizon", Ok(r#""kind":"Simulation","spec":{"horizon":"7s"}"#));
        check(&two, "b:metadata.namespace", Ok(r#"{"name":"b","namespace":"7s"}"#));
        check(&two, "spec.parallelism", Err("Write NAME:spec.parallelism with one of a, b"));
        check(&two, "c:spec.parallelism", Err("no Job or CronJob \"c\""));
        check(&one, "pods[4].duration", Err("there is no item 4"));
        check(simulation, "parallelism", Err("there is no Job"));
        let both = JOB.replace("NAME", "a") + "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {}";
        check(&both, "a:parallelism", Err("Write NAME:parallelism with one of job/a, cronjob/a"));
        let apart = JOB.replace("NAME", "a") + &JOB.replace("NAME", "a, namespace: m");
        check(&apart, "a:parallelism", Err("Write NAME:parallelism with one of default/a, m/a"));
        check(&apart, "m/a:parallelism", Ok(r#""namespace":"m"},"spec":{"parallelism":"7s""#));
        check(&apart, "job/default/a:parallelism", Ok(r#"{"name":"a"},"spec":{"parallelism":"7s""#));
        let item = "{metadata: {name: a}, spec: {}}";
        for list in ["apiVersion: v1, kind: List", "apiVersion: batch/v1, kind: JobList"] {
            let kind = if list.contains("JobList") { "" } else { "apiVersion: batch/v1, kind: Job, " };
            let text = format!("{{{list}, items: [{}]}}", item.replacen('{', &format!("{{{kind}"), 1));
            check(&text, "a:parallelism", Ok(r#""kind":"Job","metadata":{"name":"a"},"spec":{"parallelism":"7s"}}"#));
        }
        check(&both, "job/a:parallelism", Ok(r#""parallelism":"7s""#));
        check(&both, "cronjob/a:parallelism", Ok(r#"{"jobTemplate":{"spec":{"parallelism":"7s"}}}"#));
        check(&both, "cronjob/b:parallelism", Err("there is no Job or CronJob \"cronjob/b\""));
        let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {}";
        check(cron, "parallelism", Ok(r#"{"jobTemplate":{"spec":{"parallelism":"7s"}}}"#));
        check(cron, "schedule", Ok(r#""spec":{"schedule":"7s"}"#));
        check(cron, "suspend", Ok(r#"{"jobTemplate":{"spec":{"suspend":"7s"}}}"#));
        check(cron, "spec.suspend", Ok(r#""spec":{"suspend":"7s"}"#));
    }

    #[test]
    fn slips_in_paths_are_told_of() {
        let simulation = "apiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {pods: [{duration: 1s}]}\n";
        for (path, hint) in [("paralelism", "`parallelism`"), ("pods[0].duraton", "`duration`")] {
            let mut documents = documents(&(JOB.replace("NAME", "a") + simulation));
            let place = documents.place(path).expect("a place");
            documents.set(&place, json!(2)).expect("set");
            let error = documents.scenario().expect_err("refused");
            assert!(error.contains(&format!("(did you mean {hint}?)")), "{error}");
        }
    }

    #[test]
    fn a_point_that_cannot_be_run_is_told_of() {
        let mut documents = documents(&JOB.replace("NAME", "a"));
        assert_eq!(documents.scenario().expect("a scenario").objects.len(), 1);
        let place = documents.place("parallelism").expect("a place");
        documents.set(&place, json!(-1)).expect("set");
        let error = documents.scenario().expect_err("refused");
        assert!(error.contains("spec.parallelism"), "{error}");
    }
}
