//! `--field-selector`: fields that the API server selects by (`fields.ParseSelector`).

use serde_json::Value;

use super::fields::{int, is_true, text};
use super::get::Resource;

/// Which objects are meant: those whose fields fulfil all terms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSelector {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    field: String,
    is: bool,
    value: String,
}

impl FieldSelector {
    /// Reads `metadata.name=a,status.phase!=Running`; a backslash keeps a comma within a value.
    ///
    /// # Errors
    /// A sentence as the server's.
    pub fn parse(selector: &str) -> Result<FieldSelector, String> {
        let parts = split(selector).into_iter().filter(|part| !part.is_empty());
        let term = |part: &str| {
            let wrong = || format!("invalid selector: '{selector}'; can't understand '{part}'");
            let sign = part.find("!=").into_iter().chain(part.find('=')).min().ok_or_else(wrong)?;
            let rest = &part[sign..];
            let value = ["!=", "==", "="].iter().find_map(|sign| rest.strip_prefix(sign)).unwrap_or_default();
            Ok(Term { field: part[..sign].to_owned(), is: !rest.starts_with('!'), value: unescaped(value)? })
        };
        let terms = parts.map(term).collect::<Result<_, String>>()?;
        Ok(FieldSelector { text: selector.to_owned(), terms })
    }

    /// Does it say nothing?
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Is an object of this resource meant?
    pub fn matches(&self, resource: Resource, object: &Value) -> bool {
        let holds = |term: &Term| term.is == (value(resource, object, &term.field) == Some(term.value.clone()));
        self.terms.iter().all(holds)
    }

    /// Can the server select these resources so?
    ///
    /// # Errors
    /// What is wrong, as the server says it, with kubectl's words around.
    pub fn check(&self, resource: Resource) -> Result<(), String> {
        let unknown = self.terms.iter().find(|term| value(resource, &Value::Null, &term.field).is_none());
        let Some(Term { field, .. }) = unknown else { return Ok(()) };
        let why = match resource {
            Resource::Job => format!("field label {field:?} not supported for Job"),
            Resource::CronJob => {
                format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
            }
            _ => format!("field label not supported: {field}"),
        };
        let (plural, group) = resource.plural().split_once('.').unwrap_or((resource.plural(), ""));
        let what = format!("Unable to find \"{group}/v1, Resource={plural}\"");
        Err(format!("{what} that match label selector \"\", field selector {:?}: {why}", self.text))
    }
}

/// The value of a field that this resource can be selected by.
fn value(resource: Resource, object: &Value, field: &str) -> Option<String> {
    let (metadata, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    let is_of = |of: &[&str]| of.contains(&field);
    let last = field.rsplit('.').next().unwrap_or(field);
    let of_object = |value: &Value| Some(text(value).to_owned());
    match resource {
        _ if field == "metadata.name" => of_object(&metadata["name"]),
        Resource::Node if field == "spec.unschedulable" => Some(is_true(&spec["unschedulable"]).to_string()),
        Resource::Node => None,
        _ if field == "metadata.namespace" => of_object(&metadata["namespace"]),
        Resource::Job if field == "status.successful" => Some(int(&status["succeeded"]).to_string()),
        Resource::Pod if field == "spec.hostNetwork" => Some(is_true(&spec["hostNetwork"]).to_string()),
        Resource::Pod if field == "spec.host" => of_object(&spec["nodeName"]),
        Resource::Pod
            if is_of(&["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"]) =>
        {
            of_object(&spec[last])
        }
        Resource::Pod if is_of(&["status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"]) => {
            of_object(&status[last])
        }
        Resource::Event if field == "source" => match text(&object["source"]["component"]) {
            "" => of_object(&object["reportingComponent"]),
            component => Some(component.to_owned()),
        },
        Resource::Event if is_of(&["reason", "reportingComponent", "type"]) => of_object(&object[field]),
        Resource::Event => {
            let fields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
            let field = field.strip_prefix("involvedObject.").filter(|field| fields.contains(field))?;
            of_object(&object["involvedObject"][field])
        }
        _ => None,
    }
}

/// The terms between commas that no backslash keeps.
fn split(selector: &str) -> Vec<&str> {
    let mut kept = false;
    let is_end = |c: char| {
        let is_end = c == ',' && !kept;
        kept = c == '\\' && !kept;
        is_end
    };
    selector.split(is_end).collect()
}

fn unescaped(value: &str) -> Result<String, String> {
    let (mut plain, mut letters) = (String::new(), value.chars());
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            ',' | '=' => return Err(format!("invalid field selector: unescaped character in value: {c}")),
            _ => plain.push(c),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_selected_by_their_fields() {
        let object = json!({
            "metadata": {"name": "a,b", "namespace": "n"},
            "spec": {"nodeName": "m"},
            "status": {"phase": "Running", "succeeded": 2},
            "involvedObject": {"kind": "Job"},
            "reportingComponent": "x",
        });
        let check = |resource: Resource, selector: &str, wanted: bool| {
            let parsed = FieldSelector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"));
            assert_eq!((parsed.check(resource), parsed.matches(resource, &object)), (Ok(()), wanted), "{selector}");
        };
        check(Resource::CronJob, "metadata.name==a\\,b,metadata.namespace=n", true);
        check(Resource::Pod, "status.phase!=Running", false);
        check(Resource::Pod, "spec.nodeName=m,status.podIP=,spec.hostNetwork=false", true);
        check(Resource::Job, "status.successful=2", true);
        check(Resource::Event, "involvedObject.kind=Job,involvedObject.name!=x,source=x", true);
        check(Resource::Node, "spec.unschedulable=true", false);
        check(Resource::Job, "", true);
    }

    #[test]
    fn what_the_server_does_not_select_by_is_told() {
        let check = |resource: Resource, selector: &str, wanted: &str| {
            let wrong = FieldSelector::parse(selector).and_then(|parsed| parsed.check(resource));
            assert_eq!(wrong, Err(wanted.to_owned()), "{selector}");
        };
        check(
            Resource::Job,
            "status.phase=x",
            "Unable to find \"batch/v1, Resource=jobs\" that match label selector \"\", field selector \
             \"status.phase=x\": field label \"status.phase\" not supported for Job",
        );
        check(
            Resource::Pod,
            "a=b",
            "Unable to find \"/v1, Resource=pods\" that match label selector \"\", field selector \"a=b\": field label \
             not supported: a",
        );
        check(Resource::Pod, "a", "invalid selector: 'a'; can't understand 'a'");
        check(Resource::Pod, "a=b=c", "invalid field selector: unescaped character in value: =");
        check(Resource::Pod, "a=\\b", "invalid field selector: invalid escape sequence: \\b");
    }
}
