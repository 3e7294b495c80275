//! kubectl's JSONPath templates (`client-go/util/jsonpath`): text with actions in braces, `{.items[*].metadata.name}`,
//! `{range .items[*]}..{end}`.

mod evaluate;
mod parse;

use serde_json::Value;

pub use parse::parse;

/// A template: actions, each of steps one after the other, and the text between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Vec<Step>>);

/// A step from values to values.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Text of the template.
    Text(Value),
    /// A number or truth value written in the template.
    Literal(Value),
    /// `range`, `end`, or a word that means nothing.
    Identifier(String),
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

#[derive(Clone, Debug, PartialEq)]
enum Comparison {
    Less,
    Greater,
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
    /// A sign that means nothing.
    Unknown(String),
}

impl Template {
    /// What the template's actions find in an object, an entry an action. What is missing is found nowhere.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn find<'v>(&'v self, object: &'v Value) -> Result<Vec<Vec<&'v Value>>, String> {
        evaluate::Work::new(&self.0).find(0, object)
    }

    /// The template filled in.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn execute(&self, object: &Value) -> Result<String, String> {
        let lists = self.find(object)?;
        let words = |list: &Vec<&Value>| list.iter().map(|value| printed(value)).collect::<Vec<_>>().join(" ");
        Ok(lists.iter().map(words).collect())
    }

    /// What each action finds, as a JSON list (`jsonpath-as-json`).
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn execute_as_json(&self, object: &Value) -> Result<String, String> {
        Ok(self.find(object)?.iter().map(super::document::json).collect())
    }
}

/// A value as text: objects and lists as JSON.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => crate::apiserver::go_json_text(value),
        _ => value.to_string(),
    }
}

/// The type that Go gives a value.
pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Object(_) => "map[string]interface {}",
        Value::Array(_) => "[]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
    }
}

/// A path as `--sort-by` and `custom-columns` take it, with or without braces and the first point, as a template
/// (`RelaxedJSONPathExpression`).
///
/// # Errors
/// A sentence as kubectl's.
pub fn relaxed_path(path: &str) -> Result<String, String> {
    let inner = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')).unwrap_or(path);
    let inner = inner.strip_prefix('.').unwrap_or(inner);
    if inner.is_empty() || inner.contains(['{', '}']) {
        let forms = "'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
        return Err(format!("unexpected path string, expected a {forms}"));
    }
    Ok(format!("{{.{inner}}}"))
}

/// The same, read.
///
/// # Errors
/// A sentence as kubectl's.
pub fn relaxed(path: &str) -> Result<Template, String> {
    parse(&relaxed_path(path)?)
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
            "null": null,
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
        // A range without an end goes on to the end of the text, which is then done once more.
        check("{range .items[*]}{.kind}", "NoneNoneList");
        check("{range .items[*]}{range .status.n}x{end}{.kind}{end}y", "xNonexNoney");
        check("{range .missing[*]}{range .x[*]}y{end}z{end}x", "x");
        check("{\"\\u0041\\x42\\103\\\"\"}", "ABC\"");
        check("{'\\''}{.null}", "'null");
        check("{.missing 5}{5}{true}", "5true");
        check("{.items[?(@.kind[0])].status.n}", "1 2");
        check("{.users[?(@.name=)].name}x", "x");
        check(
            "{.users[1]..}",
            "{\"name\":\"e2e\",\"user\":{\"username\":\"admin\"}} e2e {\"username\":\"admin\"} admin",
        );
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
        check("{.items[?(@.status<\"x\")]}", "invalid type for comparison");
        check("{.items[?(@.x==)]}", "unrecognized character in action: U+003D '='");
        check("{.items[?(@.kind=\"x\")]}", "unrecognized filter operator =");
        check(
            "{.users[1][?(@.x)]}",
            "map[name:e2e user:map[username:admin]] is not array or slice and cannot be filtered",
        );
        check("{\"\\q\"}", "unquote string \"\\q\" error invalid syntax");
        check("{\\x}", "unrecognized character in action: U+005C '\\'");
        check("{x\\}", "unrecognized identifier x\\");
        check("{#}", "unrecognized character in action: U+0023 '#'");
    }

    #[test]
    fn results_may_be_lists() {
        let filled = parse("{.items[*].status.n}x").and_then(|template| template.execute_as_json(&object()));
        assert_eq!(filled.as_deref(), Ok("[\n    1,\n    2\n]\n[\n    \"x\"\n]\n"));
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
