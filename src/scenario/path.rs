//! Paths into documents: `spec.template.spec.containers[0].image`.

use std::fmt;

use serde_json::Value;

use super::decode::unknown_field;
use super::schema::{Shape, kubernetes};

/// A path, as steps from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a field of a mapping.
    Field(String),
    /// Into an item of a list.
    Item(usize),
}

impl Path {
    /// Reads a path. Names end at a point or a bracket; `[0]` is an item, `[a.b/c]` a field whose name has points.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Path, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, after) = inner.split_once(']').ok_or_else(|| format!("\"{text}\" lacks a `]`"))?;
                steps.push(step.parse().map_or_else(|_| Step::Field(step.to_owned()), Step::Item));
                rest = after.strip_prefix('.').unwrap_or(after);
                continue;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("\"{text}\" has an empty name in it"));
            }
            steps.push(Step::Field(rest[..end].to_owned()));
            rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
        }
        if steps.is_empty() { Err("the path is empty".to_owned()) } else { Ok(Path(steps)) }
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Where the path leaves what an object of this type has, with a way out if there is one.
    pub fn unknown_in(&self, of: &str) -> Option<(String, Option<String>)> {
        self.shape_in(of)?.err()
    }

    /// Is what the path leads to text in objects of this type?
    pub fn is_text_in(&self, of: &str) -> bool {
        matches!(self.shape_in(of), Some(Ok(Shape::String)))
    }

    /// What the path leads to in objects of this type; or where it leaves what they have, with a way out if there is one.
    /// None of a type that is not known.
    fn shape_in(&self, of: &str) -> Option<Result<Shape<'static>, (String, Option<String>)>> {
        let schema = kubernetes();
        let mut shape = Shape::Struct(schema.get(of)?);
        let mut owners = Vec::new();
        for (at, step) in self.0.iter().enumerate() {
            let here = || Path(self.0[..=at].to_vec()).to_string();
            shape = match (step, shape) {
                (_, Shape::Any) => break,
                (Step::Field(name), Shape::Struct(owner)) => match owner.field(name) {
                    Some(field) => {
                        owners.push((owner, field.name));
                        schema.shape(field.kind)
                    }
                    None => {
                        owners.push((owner, ""));
                        return Some(Err((here(), unknown_field(name, &owners))));
                    }
                },
                (Step::Field(_), Shape::Map(inner)) | (Step::Item(_), Shape::List(inner)) => schema.shape(inner),
                _ => return Some(Err((here(), None))),
            };
        }
        Some(Ok(shape))
    }

    /// Puts a value at the path; mappings on the way are made, lists are not.
    ///
    /// # Errors
    /// A sentence on where the path leads nowhere.
    pub fn set(&self, root: &mut Value, value: Value) -> Result<(), String> {
        let mut at = root;
        for step in &self.0 {
            at = match step {
                Step::Field(name) => {
                    if at.is_null() {
                        *at = Value::Object(serde_json::Map::new());
                    }
                    let fields = at.as_object_mut().ok_or_else(|| format!("{self}: `{name}` is not in a mapping"))?;
                    fields.entry(name.clone()).or_insert(Value::Null)
                }
                Step::Item(index) => {
                    at.get_mut(*index).ok_or_else(|| format!("{self}: there is no item {index} in the list"))?
                }
            };
        }
        *at = value;
        Ok(())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(index) => write!(f, "[{index}]")?,
                Step::Field(name) if name.contains(['.', '/', '[']) => write!(f, "[{name}]")?,
                Step::Field(name) if at == 0 => write!(f, "{name}")?,
                Step::Field(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_put_where_the_path_leads() {
        let check = |path: &str, expected: Result<Value, &str>| {
            let mut root = json!({"a": {"b": [{"c": 1}]}});
            let set = Path::parse(path).and_then(|path| path.set(&mut root, json!(7)));
            assert_eq!(set.map(|()| root), expected.map_err(str::to_owned), "{path}");
        };
        check("a.b[0].c", Ok(json!({"a": {"b": [{"c": 7}]}})));
        check("a.x.y", Ok(json!({"a": {"b": [{"c": 1}], "x": {"y": 7}}})));
        check("a[q.z/x]", Ok(json!({"a": {"b": [{"c": 1}], "q.z/x": 7}})));
        check("a.b[3].c", Err("a.b[3].c: there is no item 3 in the list"));
        check("a.b.c", Err("a.b.c: `c` is not in a mapping"));
        check("a..b", Err("\"a..b\" has an empty name in it"));
        check("a[0", Err("\"a[0\" lacks a `]`"));
        check("", Err("the path is empty"));
    }

    #[test]
    fn fields_that_there_are_not_are_found() {
        let check = |path: &str, expected: Option<(&str, Option<&str>)>| {
            let found = Path::parse(path).expect("a path").unknown_in("v1.Job");
            let expected = expected.map(|(path, help)| (path.to_owned(), help.map(str::to_owned)));
            assert_eq!(found, expected, "{path}");
        };
        check("spec.template.spec.containers[0].resources.requests.cpu", None);
        check("metadata.labels[a.b/c]", None);
        check("spec.completion", Some(("spec.completion", Some("did you mean `completions`?"))));
        let move_down = "`completions` belongs to spec of the Job: move it down from the top level";
        check("completions", Some(("completions", Some(move_down))));
        check("spec.parallelism.x", Some(("spec.parallelism.x", None)));
        check("spec.template.spec.containers.image", Some(("spec.template.spec.containers.image", None)));
    }

    #[test]
    fn texts_are_told_from_numbers() {
        let is_text = |path: &str| Path::parse(path).expect("a path").is_text_in("v1.Job");
        assert!(is_text("metadata.labels.a") && is_text("spec.template.spec.containers[0].env[0].value"));
        assert!(!is_text("spec.completions") && !is_text("spec.template.spec.containers[0].resources.limits.cpu"));
    }

    #[test]
    fn paths_print_as_they_are_read() {
        for text in ["spec.template.spec.containers[0].image", "metadata.labels[a.b/c]"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
    }
}
