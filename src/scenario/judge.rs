//! The API server's verdict on each document of a stream, as data.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use super::admit::answer;
use super::decode::{Verdict, document_verdict, kind_verdict};
use super::document::{Document, Node, Value, parse};
use super::model::unmodelled;
use super::problem::{Problem, Severity};
use super::read::{ReadOptions, is_known, list_items};
use super::simulation::{self, is_own};
use super::source::{Source, SourceText};
use super::validate::Validate;
use crate::api::release::Kubernetes;
use crate::apiserver::{FieldError, admission};

/// The verdict on a document or on an item of a list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Judged {
    /// The file.
    pub file: String,
    /// Its line there, counted from 1.
    pub line: usize,
    /// Its kind, as written.
    pub kind: String,
    /// Its name, or what the server makes of `generateName`.
    pub name: String,
    /// Why it was refused before it was looked at.
    pub decode_error: Option<String>,
    /// The single errors of a strict decoding error.
    pub strict_errors: Vec<String>,
    /// The rules that it breaks.
    pub errors: Vec<JudgedError>,
    /// What the server warns of.
    pub warnings: Vec<String>,
    /// The object as it was sent, as far as the server knows its fields.
    #[serde(skip)]
    pub sent: Option<Json>,
    /// A Job or CronJob as the server stores it, unless it is refused.
    #[serde(skip)]
    pub stored: Option<Json>,
}

/// A rule that an object breaks (`field.Error`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgedError {
    /// Path of the field.
    pub field: String,
    /// What sort of error.
    pub r#type: String,
    /// What is wrong; may be empty.
    pub detail: String,
    /// All of it in one line.
    pub text: String,
}

impl From<&FieldError> for JudgedError {
    fn from(error: &FieldError) -> JudgedError {
        let FieldError { field, kind, detail, text } = error.clone();
        JudgedError { field, r#type: kind.to_owned(), detail, text }
    }
}

/// Judges every document of the sources. Kinds that play no part in a scenario are left out.
pub fn judge(sources: Vec<Source>, validate: Validate, kubernetes: Option<Kubernetes>) -> Vec<Judged> {
    judge_with(sources, &ReadOptions { validate, kubernetes, ..ReadOptions::default() })
}

/// As [`judge`]; what is not modelled is an error too, where the options say so.
pub fn judge_with(sources: Vec<Source>, options: &ReadOptions) -> Vec<Judged> {
    let kubernetes = options.kubernetes.clone().or_else(|| super::kubernetes_of(&sources)).unwrap_or_default();
    let ReadOptions { validate, strict_model, .. } = *options;
    let mut judge = Judge { validate, strict_model, kubernetes, verdicts: Vec::new() };
    for source in sources {
        let file = source.name.clone();
        let text = match SourceText::new(source) {
            Ok(text) => Arc::new(text),
            Err(error) => {
                judge.verdicts.push(unreadable(file, 1, format!("yaml: {error}")));
                continue;
            }
        };
        for document in parse(&text) {
            match document {
                Ok(document) if document.root.value == Value::Null => {}
                Ok(document) => judge.document(&document),
                Err(error) => {
                    let (line, _) = text.line_column(error.location.span.start);
                    judge.verdicts.push(unreadable(file.clone(), line, error.message));
                }
            }
        }
    }
    judge.verdicts
}

fn unreadable(file: String, line: usize, error: String) -> Judged {
    Judged { file, line, decode_error: Some(error), ..Judged::default() }
}

struct Judge {
    validate: Validate,
    strict_model: bool,
    kubernetes: Kubernetes,
    verdicts: Vec<Judged>,
}

impl Judge {
    fn document(&mut self, document: &Document) {
        let text = |field: &str| document.root.get(field).and_then(Node::as_str).unwrap_or("");
        let (version, kind) = (text("apiVersion"), text("kind"));
        match list_items(document) {
            Ok(None) => {}
            Ok(Some(items)) => return items.iter().for_each(|item| self.document(item)),
            Err(problem) => return self.verdicts.push(self.of_problems(document, &[problem])),
        }
        if is_own(&document.root) {
            let mut problems = Vec::new();
            simulation::read(document, self.validate, &mut problems);
            self.verdicts.push(self.of_problems(document, &problems));
        } else if let Some(endpoint) = endpoint(&document.root, version, kind) {
            let verdict = document_verdict(document, endpoint, &self.kubernetes);
            self.verdicts.push(self.of_server(document, endpoint, verdict));
        } else if is_known((version, kind)) {
            let verdict = kind_verdict(document, kind, &self.kubernetes);
            self.verdicts.push(self.of_server(document, kind, verdict));
        } else if self.strict_model && !version.is_empty() && !kind.is_empty() {
            self.verdicts.push(self.frame(document));
        }
        if self.strict_model && !is_own(&document.root) {
            self.look_for_unmodelled(document, (version, kind));
        }
    }

    /// What the last verdict leaves out: that nothing in the simulation reads a field, or the object. Of what is refused
    /// anyway nothing more is said.
    fn look_for_unmodelled(&mut self, document: &Document, (version, kind): (&str, &str)) {
        let Some(judged) = self.verdicts.last_mut() else { return };
        if judged.decode_error.is_some() || !judged.errors.is_empty() {
            return;
        }
        let fields = if is_known((version, kind)) {
            unmodelled(&document.root, kind).into_iter().map(|field| (field.path, field.entry.why)).collect()
        } else {
            vec![(String::new(), "")]
        };
        for (field, why) in fields {
            let what = if field.is_empty() { format!("{kind} ({version})") } else { field.clone() };
            let (r#type, text) = ("Not modelled".to_owned(), format!("not modelled: {what}"));
            judged.errors.push(JudgedError { field, r#type, detail: why.to_owned(), text });
        }
    }

    fn frame(&self, document: &Document) -> Judged {
        let start = document.root.entries().first().map_or(document.root.span, |entry| entry.key_span).start;
        let (line, _) = document.source.line_column(start);
        let kind = document.root.get("kind").and_then(Node::as_str).unwrap_or("").to_owned();
        let name = document.root.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str);
        Judged {
            file: document.source.name.clone(),
            line,
            kind,
            name: name.unwrap_or("").to_owned(),
            ..Judged::default()
        }
    }

    /// The verdict on an object of a kind, of which the decoder has its own.
    fn of_server(&self, document: &Document, kind: &str, verdict: Verdict) -> Judged {
        let mut judged = self.frame(document);
        let Verdict { mut decode_error, mut strict_errors, value } = verdict;
        if value.is_some() && self.validate != Validate::Strict {
            decode_error = None;
            let ignored = std::mem::take(&mut strict_errors);
            judged.warnings = if self.validate == Validate::Warn { ignored } else { Vec::new() };
        }
        (judged.decode_error, judged.strict_errors) = (decode_error, strict_errors);
        let Some(value) = value.filter(|_| judged.decode_error.is_none()) else { return judged };
        judged.name = admission::name_of(&value);
        match answer(kind, &value, &self.kubernetes.rules()) {
            Ok(accepted) => {
                judged.stored = accepted.stored;
                judged.warnings.extend(accepted.warnings);
            }
            Err(errors) => judged.errors = errors.iter().map(JudgedError::from).collect(),
        }
        judged.sent = Some(value);
        judged
    }

    /// The verdict on a document that is not the server's business alone.
    fn of_problems(&self, document: &Document, problems: &[Problem]) -> Judged {
        let mut judged = self.frame(document);
        for problem in problems {
            let title = problem.title.clone();
            if problem.severity == Severity::Warning {
                judged.warnings.push(title);
            } else if title.starts_with("unknown field") || title.starts_with("duplicate field") {
                judged.strict_errors.push(title);
            } else {
                let (field, detail) = title.split_once(": ").unwrap_or(("", &title));
                let (field, detail) = (field.to_owned(), detail.to_owned());
                judged.errors.push(JudgedError { field, r#type: "Invalid value".to_owned(), detail, text: title });
            }
        }
        if !judged.strict_errors.is_empty() {
            judged.decode_error = Some(format!("strict decoding error: {}", judged.strict_errors.join(", ")));
        }
        judged
    }
}

/// The endpoint that a document is meant for; none for kinds that play no part. What looks like a slip is a Job, or a
/// CronJob if it has what only those have.
fn endpoint(root: &Node, version: &str, kind: &str) -> Option<&'static str> {
    let singular = kind.to_lowercase();
    match singular.strip_suffix('s').unwrap_or(&singular) {
        "cronjob" => return Some("CronJob"),
        "job" => return Some("Job"),
        _ if !kind.is_empty() && !version.is_empty() && !version.starts_with("batch/") => return None,
        _ => {}
    }
    let spec = root.get("spec");
    let is_cron = spec.is_some_and(|spec| spec.get("schedule").is_some() || spec.get("jobTemplate").is_some());
    Some(if is_cron { "CronJob" } else { "Job" })
}
