//! What `kubectl create -f` would print of the files: it reads and sends them in its own way, so its words can differ
//! from the server's verdict on the text as it stands (duplicate keys vanish, metadata is checked early).

mod complaint;
mod json_syntax;
mod stream;
mod unstructured;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admit::{answer, cannot_be_handled};
use super::cluster_objects::class_of;
use super::decode::decode_node;
use super::document::Node;
use super::read::is_known;
use super::schema::kubernetes;
use super::simulation::is_own;
use super::source::SourceText;
use super::validate::Validate;
use crate::api::priority::PriorityClass;
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
    /// The class of those that is for pods that name none.
    default_class: Option<PriorityClass>,
}

/// The group of a kind as the server writes it behind the kind.
fn group(kind: &str) -> &'static str {
    match kind {
        "Job" | "CronJob" => ".batch",
        "PodDisruptionBudget" => ".policy",
        "PriorityClass" => ".scheduling.k8s.io",
        _ => "",
    }
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

    /// The server's answer to a new object. Kinds that no scenario holds are taken as they are, and so are Pods, of
    /// which nothing was sent when this was recorded.
    fn post(&mut self, object: Node) -> Result<(), Complaint> {
        let kind = kind(&object);
        let version = object.get("apiVersion").and_then(Node::as_str).unwrap_or("");
        let is_judged = is_known((version, &kind)) && kind != "Pod";
        if !is_judged && !matches!(kind.as_str(), "Job" | "CronJob") {
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
        let name = admission::name_of(&decoded.value);
        let accepted = answer(&kind, &decoded.value, &self.kubernetes.rules());
        let accepted = accepted.map_err(|errors| Complaint::invalid((&kind, group(&kind)), &name, &errors))?;
        accepted.warnings.into_iter().for_each(|warning| self.warn(warning));
        self.admit(&kind, &decoded.value)?;
        let namespace = decoded.value["metadata"]["namespace"].as_str().filter(|namespace| !namespace.is_empty());
        if self.names.insert((kind.clone(), namespace.unwrap_or("default").to_owned(), name.clone())) {
            return Ok(());
        }
        let plural = if kind.ends_with('s') { "es" } else { "s" };
        let message = format!("{}{plural}{} \"{name}\" already exists", kind.to_lowercase(), group(&kind));
        Err(Complaint::Server { reason: "AlreadyExists", message })
    }

    /// What hangs on the objects before: one class is the default.
    fn admit(&mut self, kind: &str, value: &serde_json::Value) -> Result<(), Complaint> {
        let Some(class) = (kind == "PriorityClass").then(|| class_of(value)) else { return Ok(()) };
        if let Some(message) = self.default_class.as_ref().and_then(|default| class.forbidden_beside(default)) {
            return Err(Complaint::Server { reason: "Forbidden", message });
        }
        if class.global_default {
            self.default_class = Some(class);
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    #[test]
    fn policies_are_answered_as_jobs_are() {
        let check = |text: &str, wanted: &str| {
            let source = SourceText::new(Source { name: "x.yaml".into(), bytes: text.into() }).expect("a text");
            let creation = create(&[Arc::new(source)], Validate::Strict, &Kubernetes::default());
            assert_eq!(creation.stderr, wanted);
        };
        let quota = |spec: &str| format!("apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {spec}\n");
        check(&quota("{hard: {pods: 1}}"), "");
        check(
            &quota("{hard: {pods: 1}, scopes: [bestEffort]}"),
            "The ResourceQuota \"q\" is invalid: spec.scopes: Invalid value: [\"bestEffort\"]: unsupported scope",
        );
        check(
            &quota("{hard: {pods: 1}, foo: 1}"),
            "Error from server (BadRequest): error when creating \"x.yaml\": ResourceQuota in version \"v1\" cannot be \
             handled as a ResourceQuota: strict decoding error: unknown field \"spec.foo\"",
        );
        let class = |name: &str| {
            format!(
                "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: 1\n\
                 globalDefault: true\n"
            )
        };
        check(
            &[class("a"), class("b")].concat(),
            "Error from server (Forbidden): error when creating \"x.yaml\": priorityclasses.scheduling.k8s.io \"b\" is \
             forbidden: PriorityClass a is already marked as default. Only one default can exist",
        );
        let budget =
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {minAvailable: -1}\n";
        check(
            &[budget, "---\n", budget].concat(),
            "Error from server (Invalid): error when creating \"x.yaml\": PodDisruptionBudget.policy \"a\" is invalid: \
             spec.minAvailable: Invalid value: -1: must be greater than or equal to 0\n\
             Error from server (Invalid): error when creating \"x.yaml\": PodDisruptionBudget.policy \"a\" is invalid: \
             spec.minAvailable: Invalid value: -1: must be greater than or equal to 0",
        );
    }
}
