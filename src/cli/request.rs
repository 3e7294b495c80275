//! What `get` and `describe` were asked for: the words of the command line taken apart as kubectl does, and the files.

use std::path::{Path, PathBuf};

use super::exit;
use crate::report::kubectl::field_selector::FieldSelector;
use crate::report::kubectl::get::Resource;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) resources: Vec<Resource>,
    /// Names, each of one resource.
    pub(super) names: Vec<(Resource, String)>,
    /// How the names were given.
    pub(super) naming: Naming,
    /// How many words there were but for files.
    pub(super) words: usize,
    pub(super) field_selector: Option<FieldSelector>,
    pub(super) files: Vec<PathBuf>,
}

/// How names were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// After their type: `job pi`.
    #[default]
    Plain,
    /// After several types: `jobs,pods pi`.
    OfEach,
    /// Each with its type: `job/pi`.
    Typed,
}

/// Why there is nothing to show, and the exit code.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) line: String,
    pub(super) code: u8,
}

impl From<String> for Refused {
    fn from(sentence: String) -> Refused {
        Refused { line: format!("error: {sentence}"), code: exit::USAGE }
    }
}

impl From<&str> for Refused {
    fn from(sentence: &str) -> Refused {
        sentence.to_owned().into()
    }
}

impl Request {
    /// Takes the words apart: types, names, files (`ResourceTypeOrNameArgs`). Where files were named apart no word need
    /// be one.
    pub(super) fn read(words: &[String], filenames: &[PathBuf]) -> Result<Request, Refused> {
        let mut request = Request { files: filenames.to_vec(), ..Request::default() };
        let mut asked: Vec<&str> = Vec::new();
        for (position, word) in words.iter().enumerate() {
            // The first word is never a file, so that one who forgets the type is told.
            if position > 0 && !is_typed(word) && is_file(word) {
                request.files.push(word.into());
            } else {
                asked.push(word);
            }
        }
        let with_slash = asked.iter().filter(|word| word.contains('/') && !is_there(word)).count();
        request.words = asked.len();
        let is_mixed = with_slash > 0 && with_slash < asked.len();
        match with_slash {
            _ if is_mixed => {}
            0 => request.read_types(&asked)?,
            _ => request.read_typed(&asked)?,
        }
        if request.files.is_empty() {
            return Err("no scenario: name its files after the type, `-` for standard input".into());
        }
        if is_mixed {
            let forms =
                "'jobsim get resource/<resource_name>' instead of 'jobsim get resource resource/<resource_name>'";
            let words = "there is no need to specify a resource type as a separate argument when passing arguments in \
                         resource/name form";
            return Err(format!("{words} (e.g. {forms}").into());
        }
        if request.resources.len() > 1 && !request.names.is_empty() && request.naming == Naming::Plain {
            return Err("you must specify only one resource".into());
        }
        Ok(request)
    }

    /// `job/pi pod/x`.
    fn read_typed(&mut self, asked: &[&str]) -> Result<(), Refused> {
        self.naming = Naming::Typed;
        for word in asked {
            let Some((kind, name)) = word.split_once('/') else { continue };
            if name.contains('/') {
                return Err("arguments in resource/name form may not have more than one slash".into());
            }
            if kind.is_empty() || name.is_empty() || kind.contains(',') {
                return Err("arguments in resource/name form must have a single resource and name".into());
            }
            let resource = resource(kind)?;
            self.add(resource);
            self.names.push((resource, name.to_owned()));
        }
        Ok(())
    }

    /// `jobs`, `jobs,pods`, `job pi`.
    fn read_types(&mut self, asked: &[&str]) -> Result<(), Refused> {
        let Some((types, names)) = asked.split_first() else { return Ok(()) };
        for kind in types.split(',') {
            match kind {
                "all" => Resource::IN_ALL.into_iter().for_each(|resource| self.add(resource)),
                _ => self.add(resource(kind)?),
            }
        }
        if types.contains(',') {
            self.naming = Naming::OfEach;
        }
        for &resource in &self.resources {
            self.names.extend(names.iter().map(|name| (resource, (*name).to_owned())));
        }
        Ok(())
    }

    fn add(&mut self, resource: Resource) {
        if !self.resources.contains(&resource) {
            self.resources.push(resource);
        }
    }
}

fn resource(name: &str) -> Result<Resource, Refused> {
    if let Some(resource) = Resource::by_name(name) {
        return Ok(resource);
    }
    let is_file = name == "-" || Path::new(name).exists();
    if let Some(kind) = unshown(name).filter(|_| !is_file || !name.contains('.')) {
        // As kubectl ends where there is no such thing.
        let line = format!("error: jobsim does not show objects of kind {kind}, though they take part in runs");
        return Err(Refused { line, code: exit::DIFFERENCE });
    }
    if is_file {
        return Err(format!("name what to show before the files: `pods -f {name}`").into());
    }
    Err(match name.split_once('.') {
        Some((kind, group)) if !group.is_empty() => {
            format!("the server doesn't have a resource type \"{kind}\" in group \"{group}\"")
        }
        _ => format!("the server doesn't have a resource type \"{name}\""),
    }
    .into())
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

/// `job/pi`, if there is no such file.
fn is_typed(word: &str) -> bool {
    word.split_once('/').is_some_and(|(kind, _)| Resource::by_name(kind).is_some()) && !is_there(word)
}

fn is_there(word: &str) -> bool {
    Path::new(word).exists()
}

fn is_file(word: &str) -> bool {
    let ending = Path::new(word).extension().and_then(|ending| ending.to_str());
    word == "-" || is_there(word) || matches!(ending, Some("yaml" | "yml" | "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_types_names_and_files() {
        let check = |line: &str, wanted: Result<&str, &str>| {
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let apart = words.iter().position(|word| word == "-f").map(|at| words.split_off(at).split_off(1));
            let files: Vec<PathBuf> = apart.unwrap_or_default().into_iter().map(PathBuf::from).collect();
            let text = Request::read(&words, &files).map(|request| {
                let names: Vec<String> =
                    request.names.iter().map(|(r, name)| format!("{}/{name}", r.singular())).collect();
                let kinds: Vec<&str> = request.resources.iter().map(|resource| resource.kind()).collect();
                format!("{} [{}] {:?}", kinds.join(","), names.join(" "), request.files)
            });
            let wanted = wanted.map_err(|sentence| format!("error: {sentence}"));
            assert_eq!(text.as_deref().map_err(|refused| refused.line.clone()), wanted, "{line}");
        };
        check("pods a.yaml", Ok("Pod [] [\"a.yaml\"]"));
        check("po,jobs.batch b/a.yml -", Ok("Pod,Job [] [\"b/a.yml\", \"-\"]"));
        check("job pi a.yaml", Ok("Job [job.batch/pi] [\"a.yaml\"]"));
        check("job/pi pod/x a.yaml", Ok("Job,Pod [job.batch/pi pod/x] [\"a.yaml\"]"));
        check("job,pods a b a.yaml", Ok("Job,Pod [job.batch/a job.batch/b pod/a pod/b] [\"a.yaml\"]"));
        check("cj x -f a.json", Ok("CronJob [cronjob.batch/x] [\"a.json\"]"));
        check("events.v1.,Jobs.v1.batch a.yaml", Ok("Event,Job [] [\"a.yaml\"]"));
        check("all a.yaml", Ok("Pod,CronJob,Job [] [\"a.yaml\"]"));
        check("deployments a.yaml", Err("the server doesn't have a resource type \"deployments\""));
        check("foo/x a.yaml", Err("the server doesn't have a resource type \"foo\""));
        check("pods.batch a.yaml", Err("the server doesn't have a resource type \"pods\" in group \"batch\""));
        check("quota a.yaml", Err("jobsim does not show objects of kind ResourceQuota, though they take part in runs"));
        check("pods,ns a.yaml", Err("jobsim does not show objects of kind Namespace, though they take part in runs"));
        check("- a.yaml", Err("name what to show before the files: `pods -f -`"));
        check("pods", Err("no scenario: name its files after the type, `-` for standard input"));
        check("all pi a.yaml", Err("you must specify only one resource"));
        check("job/a/b a.yaml", Err("arguments in resource/name form may not have more than one slash"));
        check("job/ a.yaml", Err("arguments in resource/name form must have a single resource and name"));
        let mixed = "there is no need to specify a resource type as a separate argument when passing arguments in \
                     resource/name form (e.g. 'jobsim get resource/<resource_name>' instead of 'jobsim get resource \
                     resource/<resource_name>'";
        check("job/pi pods a.yaml", Err(mixed));
        check("pods job/pi a.yaml", Err(mixed));
    }
}
