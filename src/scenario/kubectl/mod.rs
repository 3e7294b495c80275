//! What `kubectl create -f` would print of the files: it reads and sends them in its own way, so its words can differ
//! from the server's verdict on the text as it stands (duplicate keys vanish, metadata is checked early).

mod complaint;
mod json_syntax;
mod stream;
mod unstructured;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admit::cannot_be_handled;
use super::clockwork::Clocks;
use super::decode::decode_node;
use super::document::Node;
use super::schema::kubernetes;
use super::simulation::is_own;
use super::source::SourceText;
use super::validate::Validate;
use crate::api::release::Kubernetes;
use crate::apiserver::admission;
use complaint::Complaint;
use unstructured::{as_sent, kind, objects};

pub use complaint::refusal;

/// The name that kubectl gives to standard input.
const STDIN: &str = "STDIN";

/// What became of the files.
#[derive(Clone, Debug, Default)]
pub struct Creation {
    /// Objects that kubectl found in them.
    pub objects: usize,
    /// Did it say that something was wrong?
    pub refused: bool,
    /// What it prints on standard error, without the last line's end.
    pub stderr: String,
}

/// Carries out `kubectl create` in thought. Documents of our own are not its business.
pub fn create(sources: &[Arc<SourceText>], validate: Validate, kubernetes: &Kubernetes) -> Creation {
    let mut client = Client { validate, kubernetes: kubernetes.clone(), ..Client::default() };
    sources.iter().for_each(|source| client.file(source));
    client.finish()
}

/// The first object of a file as kubectl reads it: with fields that no type has, and without any default.
pub fn manifest(source: &SourceText) -> Option<serde_json::Value> {
    let (pieces, _) = stream::read(&source.text);
    pieces.into_iter().next().map(|piece| as_sent(piece.value).to_json())
}

#[derive(Default)]
struct Client {
    validate: Validate,
    kubernetes: Kubernetes,
    objects: usize,
    created: usize,
    warnings: Vec<String>,
    /// Answers of the server.
    refused: Vec<Complaint>,
    /// What kubectl could not read.
    unread: Vec<Complaint>,
    names: BTreeSet<(String, String, String)>,
}

impl Client {
    fn file(&mut self, source: &SourceText) {
        let file = if source.name == super::source::STDIN { STDIN } else { &source.name };
        let (pieces, ended) = stream::read(&source.text);
        for piece in pieces {
            if is_own(&piece.value) {
                self.created += 1;
                continue;
            }
            match objects(piece, file) {
                Ok(objects) => {
                    for object in objects {
                        self.objects += 1;
                        match self.post(as_sent(object.value)) {
                            Ok(()) => self.created += 1,
                            Err(refusal) => self.refused.push(refusal.when("creating", file)),
                        }
                    }
                }
                Err(complaint) => self.unread.push(complaint),
            }
        }
        self.unread.extend(ended.map(|error| Complaint::Client(format!("error parsing {file}: {error}"))));
    }

    /// The server's answer to a new object. Kinds other than Job and CronJob are taken as they are.
    fn post(&mut self, object: Node) -> Result<(), Complaint> {
        let kind = kind(&object);
        if !matches!(kind.as_str(), "Job" | "CronJob") {
            return Ok(());
        }
        let Some(root) = kubernetes().get(&format!("v1.{kind}")) else { return Ok(()) };
        let bad = |error: &str| Complaint::Server { reason: "BadRequest", message: cannot_be_handled(&kind, error) };
        let decoded = decode_node(&object, root, &self.kubernetes);
        if let Some(error) = decoded.type_error() {
            return Err(bad(error));
        }
        let strict = decoded.strict_errors();
        match self.validate {
            Validate::Strict if !strict.is_empty() => {
                return Err(bad(&format!("strict decoding error: {}", strict.join(", "))));
            }
            Validate::Warn => strict.into_iter().for_each(|warning| self.warn(warning)),
            _ => {}
        }
        let rules = self.kubernetes.rules();
        let admitted = if kind == "Job" {
            admission::create_job(&decoded.value, &rules).map(|job| (job.name, job.warnings))
        } else {
            admission::create_cron_job(&decoded.value, &Clocks, &rules)
                .map(|cron_job| (cron_job.name, cron_job.warnings))
        };
        let named = || admission::name_of(&decoded.value);
        let (name, warnings) = admitted.map_err(|errors| Complaint::invalid(&kind, &named(), &errors))?;
        warnings.into_iter().for_each(|warning| self.warn(warning));
        if self.names.insert((kind.clone(), name.namespace.to_string(), name.name.to_string())) {
            return Ok(());
        }
        let message = format!("{}s.batch \"{}\" already exists", kind.to_lowercase(), name.name);
        Err(Complaint::Server { reason: "AlreadyExists", message })
    }

    /// Warnings are printed once.
    fn warn(&mut self, warning: String) {
        let line = format!("Warning: {warning}");
        if !self.warnings.contains(&line) {
            self.warnings.push(line);
        }
    }

    fn finish(mut self) -> Creation {
        if !self.unread.is_empty() {
            self.refused.push(Complaint::Several(self.unread));
        }
        if self.refused.is_empty() && self.created == 0 {
            self.refused.push(Complaint::Client("no objects passed to create".to_owned()));
        }
        let (refused, mut lines) = (!self.refused.is_empty(), self.warnings);
        match self.refused.as_slice() {
            [] => {}
            [one] => lines.push(one.alone()),
            _ => lines.push(Complaint::Several(self.refused).alone()),
        }
        Creation { objects: self.objects, refused, stderr: lines.join("\n") }
    }
}
