//! A value of a manifest together with the path at which it stands, and the errors found there (`field.Error`).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use super::schema::schema;
use crate::api::quote::quote;
use crate::api::release::Release;

/// One thing that is wrong with a manifest, in the API server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field: `spec.template.spec.containers[0].name`.
    pub field: String,
    /// What sort of error: `Invalid value`, `Required value`, ...
    pub kind: &'static str,
    /// What is wrong; may be empty.
    pub detail: String,
    /// All of it in one line, with the value as Go prints it.
    pub text: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A path into a manifest. Cheap to extend, rendered only when an error is found.
#[derive(Clone)]
pub(crate) struct Path(Option<Rc<Step>>);

struct Step {
    parent: Path,
    name: StepName,
}

enum StepName {
    Child(Cow<'static, str>),
    Index(usize),
    Key(String),
}

impl Path {
    /// The path of the whole manifest.
    pub(crate) fn root() -> Path {
        Path(None)
    }

    /// A field of the value here; `name` may hold several steps (`template.spec`).
    pub(crate) fn child(&self, name: &'static str) -> Path {
        self.step(StepName::Child(Cow::Borrowed(name)))
    }

    /// A field with a name that only the manifest knows.
    pub(crate) fn named(&self, name: &str) -> Path {
        self.step(StepName::Child(Cow::Owned(name.to_owned())))
    }

    /// An item of the list here.
    pub(crate) fn index(&self, index: usize) -> Path {
        self.step(StepName::Index(index))
    }

    /// An entry of the map here.
    pub(crate) fn key(&self, key: &str) -> Path {
        self.step(StepName::Key(key.to_owned()))
    }

    fn step(&self, name: StepName) -> Path {
        Path(Some(Rc::new(Step { parent: self.clone(), name })))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(step) = &self.0 else { return Ok(()) };
        step.parent.fmt(f)?;
        match &step.name {
            StepName::Child(name) if step.parent.0.is_none() => f.write_str(name),
            StepName::Child(name) => write!(f, ".{name}"),
            StepName::Index(index) => write!(f, "[{index}]"),
            StepName::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// A value (null when absent) and its path.
#[derive(Clone)]
pub(crate) struct Field<'v> {
    /// The value; `Value::Null` when absent.
    pub(crate) value: &'v Value,
    /// Where it stands.
    pub(crate) path: Path,
}

impl<'v> Field<'v> {
    /// The whole manifest.
    pub(crate) fn root(value: &'v Value) -> Field<'v> {
        Field { value, path: Path::root() }
    }

    /// A field of this object.
    pub(crate) fn get(&self, name: &'static str) -> Field<'v> {
        Field { value: &self.value[name], path: self.path.child(name) }
    }

    /// The same value under another path, where the server names it differently.
    pub(crate) fn standing_at(self, path: Path) -> Field<'v> {
        Field { value: self.value, path }
    }

    /// Is there anything? For fields that are pointers upstream: "not nil".
    pub(crate) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// The field itself if it is set.
    pub(crate) fn set(self) -> Option<Field<'v>> {
        self.is_set().then_some(self)
    }

    /// The string, empty when absent.
    pub(crate) fn text(&self) -> &'v str {
        self.value.as_str().unwrap_or("")
    }

    /// The number, 0 when absent.
    pub(crate) fn int(&self) -> i64 {
        self.opt_int().unwrap_or(0)
    }

    /// The number, if there is one.
    pub(crate) fn opt_int(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// The truth value, false when absent.
    pub(crate) fn is_true(&self) -> bool {
        self.value.as_bool().unwrap_or(false)
    }

    /// How many items or entries it has.
    pub(crate) fn len(&self) -> usize {
        match self.value {
            Value::Array(items) => items.len(),
            Value::Object(entries) => entries.len(),
            _ => 0,
        }
    }

    /// Has it no items, entries or letters?
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0 && self.text().is_empty()
    }

    /// The items of a list with their paths.
    pub(crate) fn items(&self) -> impl Iterator<Item = Field<'v>> + use<'v> {
        let path = self.path.clone();
        let items = self.value.as_array().map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().map(move |(i, value)| Field { value, path: path.index(i) })
    }

    /// The strings of a list.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'v str> + use<'v> {
        self.value.as_array().map_or(&[][..], Vec::as_slice).iter().map(|item| item.as_str().unwrap_or(""))
    }

    /// The entries of a map by key, each with its path.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'v str, Field<'v>)> + use<'v> {
        let path = self.path.clone();
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(move |(key, value)| (key.as_str(), Field { value, path: path.key(key) }))
    }
}

/// What an error can be about: a path, or a field at one.
pub(crate) trait Place {
    /// The path to name in the error.
    fn path(&self) -> &Path;
}

impl Place for Path {
    fn path(&self) -> &Path {
        self
    }
}

impl Place for Field<'_> {
    fn path(&self) -> &Path {
        &self.path
    }
}

/// A refused value as an error shows it.
pub(crate) enum Shown {
    /// Not at all.
    Omitted,
    /// As it stands.
    Plain(String),
    /// In quotes.
    Quoted(String),
    /// A value of a type in the notation of the schema's table, as the release of the cluster prints it.
    Typed(String, Value),
}

impl Shown {
    /// A word of an enumeration: Go prints such types as JSON, not in its own quotes.
    pub(crate) fn word(text: &str) -> Shown {
        let mut json = String::new();
        super::schema::print_json(&mut json, &Value::from(text));
        Shown::Plain(json)
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Shown {
        Shown::Quoted(text.to_owned())
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Shown {
        Shown::Quoted(text)
    }
}

impl From<i64> for Shown {
    fn from(number: i64) -> Shown {
        Shown::Plain(number.to_string())
    }
}

impl From<i32> for Shown {
    fn from(number: i32) -> Shown {
        Shown::Plain(number.to_string())
    }
}

impl From<usize> for Shown {
    fn from(number: usize) -> Shown {
        Shown::Plain(number.to_string())
    }
}

impl From<bool> for Shown {
    fn from(truth: bool) -> Shown {
        Shown::Plain(truth.to_string())
    }
}

/// The errors found so far, in order (`field.ErrorList`).
#[derive(Default)]
pub(crate) struct Errors {
    pub(crate) list: Vec<FieldError>,
    /// Whose types values are printed as.
    pub(crate) release: Release,
}

impl Errors {
    /// None yet, of a server of this release.
    pub(crate) fn of(release: Release) -> Errors {
        Errors { list: Vec::new(), release }
    }

    /// A value is missing.
    pub(crate) fn required(&mut self, at: &impl Place, detail: impl Into<String>) {
        self.add("Required value", at, Shown::Omitted, detail.into());
    }

    /// A value is not well formed or breaks a rule.
    pub(crate) fn invalid(&mut self, at: &impl Place, value: impl Into<Shown>, detail: impl Into<String>) {
        self.add("Invalid value", at, value.into(), detail.into());
    }

    /// The same value is refused for several reasons.
    pub(crate) fn each_invalid(&mut self, at: &impl Place, value: &str, details: Vec<String>) {
        for detail in details {
            self.invalid(at, value, detail);
        }
    }

    /// A value is none of those known.
    pub(crate) fn not_supported(&mut self, at: &impl Place, value: impl Into<Shown>, supported: &[&str]) {
        let known: Vec<String> = supported.iter().map(|word| quote(word)).collect();
        self.add("Unsupported value", at, value.into(), format!("supported values: {}", known.join(", ")));
    }

    /// A value occurs twice.
    pub(crate) fn duplicate(&mut self, at: &impl Place, value: impl Into<Shown>) {
        self.add("Duplicate value", at, value.into(), String::new());
    }

    /// A value occurs twice, and why it may not.
    pub(crate) fn duplicate_because(&mut self, at: &impl Place, value: impl Into<Shown>, detail: &str) {
        self.add("Duplicate value", at, value.into(), detail.to_owned());
    }

    /// The server itself failed.
    pub(crate) fn internal(&mut self, at: &impl Place, detail: String) {
        self.add("Internal error", at, Shown::Omitted, detail);
    }

    /// What a value names does not exist.
    pub(crate) fn not_found(&mut self, at: &impl Place, value: impl Into<Shown>) {
        self.add("Not found", at, value.into(), String::new());
    }

    /// What a value names does not exist, and what does.
    pub(crate) fn not_found_because(&mut self, at: &impl Place, value: impl Into<Shown>, detail: String) {
        self.add("Not found", at, value.into(), detail);
    }

    /// A value may not be there.
    pub(crate) fn forbidden(&mut self, at: &impl Place, detail: impl Into<String>) {
        self.add("Forbidden", at, Shown::Omitted, detail.into());
    }

    /// A text has too many bytes.
    pub(crate) fn too_long(&mut self, at: &impl Place, most: usize) {
        self.add("Too long", at, Shown::Omitted, format!("may not be more than {most} bytes"));
    }

    /// A list has too many items.
    pub(crate) fn too_many(&mut self, at: &impl Place, count: usize, most: usize) {
        let items = if most == 1 { "item" } else { "items" };
        self.add("Too many", at, count.into(), format!("must have at most {most} {items}"));
    }

    /// The errors, each once: several checks may look at one field.
    pub(crate) fn into_distinct(self) -> Vec<FieldError> {
        let mut seen = BTreeSet::new();
        self.list.into_iter().filter(|error| seen.insert(error.text.clone())).collect()
    }

    fn add(&mut self, kind: &'static str, at: &impl Place, value: Shown, detail: String) {
        let field = at.path().to_string();
        let mut text = match value {
            Shown::Omitted => format!("{field}: {kind}"),
            Shown::Plain(value) => format!("{field}: {kind}: {value}"),
            Shown::Quoted(value) => format!("{field}: {kind}: {}", quote(&value)),
            Shown::Typed(notation, value) => {
                let schema = schema();
                format!("{field}: {kind}: {}", schema.print(&schema.shape(&notation), &value, self.release))
            }
        };
        if !detail.is_empty() {
            text.push_str(": ");
            text.push_str(&detail);
        }
        self.list.push(FieldError { field, kind, detail, text });
    }
}

/// Texts as Go joins several errors (`utilerrors.Aggregate`): each once, and one stands for itself.
pub(crate) fn aggregate<T: AsRef<str>>(texts: &[T]) -> String {
    let mut seen = BTreeSet::new();
    let distinct: Vec<&str> = texts.iter().map(AsRef::as_ref).filter(|text| seen.insert(*text)).collect();
    match distinct.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("[{}]", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_say_the_same_are_said_once() {
        assert_eq!(aggregate(&["a", "b", "a"]), "[a, b]");
        assert_eq!(aggregate(&["a", "a"]), "a");
    }

    #[test]
    fn errors_read_as_the_server_prints_them() {
        let mut errors = Errors::default();
        let place = Path::root().child("spec").child("containers").index(3).child("env").key("A");
        errors.not_supported(&place, "x", &["y", "z"]);
        errors.too_many(&place, 3, 1);
        errors.required(&place, "");
        let texts: Vec<&str> = errors.list.iter().map(|e| e.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                r#"spec.containers[3].env[A]: Unsupported value: "x": supported values: "y", "z""#,
                "spec.containers[3].env[A]: Too many: 3: must have at most 1 item",
                "spec.containers[3].env[A]: Required value",
            ]
        );
    }
}
