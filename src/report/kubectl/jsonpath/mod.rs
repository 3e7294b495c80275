//! kubectl's JSONPath templates (`client-go/util/jsonpath`): text with actions in braces, `{.items[*].metadata.name}`,
//! `{range .items[*]}..{end}`.

mod evaluate;
mod parse;

use serde_json::Value;

pub use parse::parse;

/// A template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Part>);

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// What an action finds, or plain text.
    Action(Vec<Step>),
    /// Parts that are repeated for each thing found.
    Range(Vec<Step>, Vec<Part>),
}

/// A step from values to values.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A value written in the template.
    Literal(Value),
    /// A field of an object.
    Field(String),
    /// All fields or items.
    Wildcard,
    /// The value and all in it that has parts.
    Recursive,
    /// Items by position: from, to, step.
    Slice(Option<i64>, Bound, Option<i64>),
    /// What several ways find, one after the other.
    Union(Vec<Vec<Step>>),
    /// The items for which a comparison holds, or something is found.
    Filter(Vec<Step>, Option<(Comparison, Vec<Step>)>),
}

/// Where a slice ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// At the end of the list.
    Open,
    /// Before this position.
    At(i64),
    /// After its first item.
    Single,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Less,
    Greater,
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
}

impl Template {
    /// What the template's actions find in an object, an entry an action. What is missing is found nowhere.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn find(&self, object: &Value) -> Result<Vec<Vec<Value>>, String> {
        let mut results = Vec::new();
        evaluate::parts(&self.0, object, &mut results)?;
        Ok(results.into_iter().map(|found| found.into_iter().map(std::borrow::Cow::into_owned).collect()).collect())
    }

    /// The template filled in.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn execute(&self, object: &Value) -> Result<String, String> {
        let lists = self.find(object)?;
        let words = |list: &Vec<Value>| list.iter().map(printed).collect::<Vec<_>>().join(" ");
        Ok(lists.iter().map(words).collect())
    }
}

/// A value as text: objects and lists as JSON.
pub fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        Value::Object(_) | Value::Array(_) => crate::apiserver::go_json_text(value),
        _ => value.to_string(),
    }
}

/// A path as `--sort-by` and `custom-columns` take it, with or without braces and the first point
/// (`RelaxedJSONPathExpression`).
///
/// # Errors
/// A sentence as kubectl's.
pub fn relaxed(path: &str) -> Result<Template, String> {
    let inner = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    let inner = inner.strip_prefix('.').unwrap_or(inner);
    if inner.is_empty() || inner.contains(['{', '}']) {
        let forms = "'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
        return Err(format!("unexpected path string, expected a {forms}"));
    }
    parse(&format!("{{.{inner}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object() -> Value {
        json!({
            "kind": "List",
            "items": [
                {"kind": "None", "metadata": {"name": "127.0.0.1", "labels": {"kubernetes.io/hostname": "a"}},
                 "status": {"capacity": {"cpu": "4"}, "n": 1, "ok": true}},
                {"kind": "None", "metadata": {"name": "127.0.0.2"}, "status": {"capacity": {"cpu": "8"}, "n": 2}},
            ],
            "users": [{"name": "myself", "user": {}}, {"name": "e2e", "user": {"username": "admin"}}],
        })
    }

    #[test]
    fn templates_are_filled_in_as_by_kubectl() {
        let check = |template: &str, wanted: &str| {
            let filled = parse(template).and_then(|template| template.execute(&object()));
            assert_eq!(filled.as_deref(), Ok(wanted), "{template}");
        };
        check("kind is {.kind}", "kind is List");
        check("{.items[*].metadata.name}", "127.0.0.1 127.0.0.2");
        check("{$.items[0].metadata.name}", "127.0.0.1");
        check("{.items[-1].metadata.name}", "127.0.0.2");
        check("{.items[0:2:1].status.n}", "1 2");
        check("{.items[*]['metadata.name', 'status.capacity']}", "127.0.0.1 127.0.0.2 {\"cpu\":\"4\"} {\"cpu\":\"8\"}");
        check("{.users[?(@.name==\"e2e\")].user.username}", "admin");
        check("{.users[?(@.user.username)].name}", "e2e");
        check("{.items[?(@.status.n>1)].metadata.name}", "127.0.0.2");
        check(
            "{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}",
            "[127.0.0.1, {\"cpu\":\"4\"}] [127.0.0.2, {\"cpu\":\"8\"}] ",
        );
        check("{range .items[*]}{.metadata.name}{\"\\t\"}{.status.n}{\"\\n\"}{end}", "127.0.0.1\t1\n127.0.0.2\t2\n");
        check("{.items[0].metadata.labels.kubernetes\\.io/hostname}", "a");
        check("{.items[0].metadata.labels['kubernetes\\.io/hostname']}", "a");
        check("{..name}", "127.0.0.1 127.0.0.2 myself e2e");
        check("{.missing.field}x", "x");
        check("{range .missing[*]}y{end}x", "x");
        check("{.items[*].status['n','ok']}", "1 2 true");
        check("no action", "no action");
    }

    #[test]
    fn what_is_wrong_is_said_in_kubectls_words() {
        let check = |template: &str, wanted: &str| {
            let filled = parse(template).and_then(|template| template.execute(&object()));
            assert_eq!(filled, Err(wanted.to_owned()), "{template}");
        };
        check("{.items", "unclosed action");
        check("{.items[0}", "unterminated array");
        check("{.items[a]}", "invalid array index a");
        check("{.kind[0]}", "string is not array or slice");
        check("{.items[2]}", "array index out of bounds: index 2, length 2");
        check("{foo}", "unrecognized identifier foo");
        check("{end}", "not in range, nothing to end");
        check("{\"x}", "unterminated quoted string");
        check("{.items[?(@.status.n<\"x\")]}", "incompatible types for comparison");
        check("{#}", "unrecognized character in action: U+0023 '#'");
    }

    #[test]
    fn paths_may_be_written_in_four_ways() {
        for path in ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"] {
            let found = relaxed(path).and_then(|template| template.execute(&object()["items"][0]));
            assert_eq!(found.as_deref(), Ok("127.0.0.1"), "{path}");
        }
        assert!(relaxed("{.a}{.b}").is_err() && relaxed("").is_err());
    }
}
