//! A look into the cluster of a run, as `get` and `describe` need it: which objects, of which files, at what time.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::exit;
use super::files::{self, ValidateArg};
use super::kubernetes::KubernetesArgs;
use crate::api::duration::parse_duration;
use crate::kernel::time::{SimDuration, SimTime};
use crate::record::Ending;
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

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) resources: Vec<Resource>,
    /// Names, each of one resource.
    pub(super) names: Vec<(Resource, String)>,
    files: Vec<PathBuf>,
}

/// Why there is nothing to show, and the exit code.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) sentence: String,
    pub(super) code: u8,
}

impl From<String> for Refused {
    fn from(sentence: String) -> Refused {
        Refused { sentence, code: exit::USAGE }
    }
}

/// The cluster at the time that was asked for.
pub(super) struct Cluster {
    pub(super) objects: Vec<(Resource, Value)>,
    pub(super) now: jiff::Timestamp,
    /// The limit that stopped the run before that time.
    pub(super) stopped: Option<String>,
}

impl ClusterArgs {
    /// Takes the words apart: types, names, files.
    pub(super) fn request(&self) -> Result<Request, Refused> {
        let mut request = Request { files: self.filename.clone(), ..Request::default() };
        for (position, word) in self.words.iter().enumerate() {
            let typed = word.split_once('/').and_then(|(kind, name)| Some((Resource::by_name(kind)?, name)));
            match typed {
                Some((resource, name)) if !Path::new(word).exists() => {
                    if !request.resources.contains(&resource) {
                        request.resources.push(resource);
                    }
                    request.names.push((resource, name.to_owned()));
                }
                _ if position == 0 => {
                    for name in word.split(',') {
                        let unknown = || {
                            if word == "-" || Path::new(word).exists() {
                                return format!("name what to show before the files: `pods -f {word}`");
                            }
                            format!("the server doesn't have a resource type \"{name}\"")
                        };
                        if let Some(kind) = unshown(name) {
                            // As kubectl ends where there is no such thing.
                            let sentence =
                                format!("jobsim does not show objects of kind {kind}, though they take part in runs");
                            return Err(Refused { sentence, code: exit::DIFFERENCE });
                        }
                        let asked = match Resource::by_name(name) {
                            Some(resource) => vec![resource],
                            None if name == "all" => Resource::IN_ALL.to_vec(),
                            None => return Err(unknown().into()),
                        };
                        let known = |resource: &Resource| request.resources.contains(resource);
                        let new: Vec<Resource> = asked.into_iter().filter(|resource| !known(resource)).collect();
                        request.resources.extend(new);
                    }
                }
                _ if is_file(word) => request.files.push(word.into()),
                _ => request.names.extend(request.resources.iter().map(|&resource| (resource, word.clone()))),
            }
        }
        if request.files.is_empty() {
            return Err("no scenario: name its files after the type, `-` for standard input".to_owned().into());
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
    /// there. With `or_alike` those whose names begin so will do.
    pub(super) fn choose<'c>(
        &self,
        request: &Request,
        cluster: &'c Cluster,
        or_alike: bool,
    ) -> (Vec<(Resource, &'c Value)>, Vec<String>) {
        let all = cluster.objects.iter().map(|(resource, object)| (*resource, object));
        let of = |resource: Resource| {
            all.clone().filter(move |&(of, object)| of == resource && self.matches(resource, object))
        };
        if request.names.is_empty() {
            return (request.resources.iter().flat_map(|&resource| of(resource)).collect(), Vec::new());
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (resource, wanted) in &request.names {
            let before = found.len();
            found.extend(of(*resource).filter(|(_, object)| name(object) == wanted));
            if found.len() == before && or_alike {
                found.extend(of(*resource).filter(|(_, object)| name(object).starts_with(wanted.as_str())));
            }
            if found.len() == before {
                missing.push(format!("Error from server (NotFound): {} \"{wanted}\" not found", resource.plural()));
            }
        }
        (found, missing)
    }

    /// Is this object in the namespaces and has it the labels that were asked for?
    pub(super) fn matches(&self, resource: Resource, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let is_there = self.all_namespaces || !resource.is_namespaced() || metadata["namespace"] == *self.namespace;
        is_there && self.selector.as_ref().is_none_or(|selector| selector.matches(&metadata["labels"]))
    }
}

/// The name of an object.
pub(super) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or("")
}

/// A kind that a scenario may hold and that is not shown, by any name that kubectl takes.
fn unshown(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    Some(match name.split('.').next().unwrap_or_default() {
        "quota" | "resourcequota" | "resourcequotas" => "ResourceQuota",
        "limits" | "limitrange" | "limitranges" => "LimitRange",
        "pdb" | "poddisruptionbudget" | "poddisruptionbudgets" => "PodDisruptionBudget",
        "pc" | "priorityclass" | "priorityclasses" => "PriorityClass",
        "ns" | "namespace" | "namespaces" => "Namespace",
        _ => return None,
    })
}

fn is_file(word: &str) -> bool {
    let path = Path::new(word);
    let ending = path.extension().and_then(|ending| ending.to_str());
    word == "-" || path.exists() || matches!(ending, Some("yaml" | "yml" | "json"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        cluster: ClusterArgs,
    }

    #[test]
    fn words_are_types_names_and_files() {
        let check = |line: &str, wanted: Result<&str, &str>| {
            let words = std::iter::once("get").chain(line.split(' '));
            let request = Line::try_parse_from(words).expect("a command line").cluster.request();
            let text = request.map(|request| {
                let names: Vec<String> =
                    request.names.iter().map(|(r, name)| format!("{}/{name}", r.singular())).collect();
                let kinds: Vec<&str> = request.resources.iter().map(|resource| resource.kind()).collect();
                format!("{} [{}] {:?}", kinds.join(","), names.join(" "), request.files)
            });
            assert_eq!(text.as_deref().map_err(|refused| refused.sentence.as_str()), wanted, "{line}");
        };
        check("pods a.yaml", Ok("Pod [] [\"a.yaml\"]"));
        check("po,jobs.batch b/a.yml -", Ok("Pod,Job [] [\"b/a.yml\", \"-\"]"));
        check("job pi a.yaml", Ok("Job [job.batch/pi] [\"a.yaml\"]"));
        check("job/pi pod/x a.yaml", Ok("Job,Pod [job.batch/pi pod/x] [\"a.yaml\"]"));
        check("cj x -f a.json", Ok("CronJob [cronjob.batch/x] [\"a.json\"]"));
        check("deployments a.yaml", Err("the server doesn't have a resource type \"deployments\""));
        check("quota a.yaml", Err("jobsim does not show objects of kind ResourceQuota, though they take part in runs"));
        check("pods,ns a.yaml", Err("jobsim does not show objects of kind Namespace, though they take part in runs"));
        check("- a.yaml", Err("name what to show before the files: `pods -f -`"));
        check("pods", Err("no scenario: name its files after the type, `-` for standard input"));
    }
}
