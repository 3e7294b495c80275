//! `-o`: how `jobsim get` writes objects.

use serde_json::Value;

use crate::api::quote::quote;
use crate::report::kubectl::custom_columns::CustomColumns;
use crate::report::kubectl::jsonpath::{self, Template};

/// How objects are written.
#[derive(Clone, Debug)]
pub(super) enum Format {
    Table { wide: bool },
    Yaml,
    Json,
    Name,
    CustomColumns(CustomColumns),
    JsonPath(JsonPath),
}

/// A template as it was written, and whether what it finds is written as JSON.
#[derive(Clone, Debug)]
pub(super) struct JsonPath {
    text: String,
    template: Template,
    as_json: bool,
}

const FORMATS: &str = "custom-columns,custom-columns-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,wide,yaml";

impl Format {
    /// Reads `-o`, for tables with or without titles.
    pub(super) fn parse(output: &str, headers: bool) -> Result<Format, String> {
        let (name, argument) = output.split_once('=').unwrap_or((output, ""));
        let file = |path: &str| {
            std::fs::read_to_string(path).map_err(|error| format!("error reading template {path}, {error}"))
        };
        Ok(match name {
            "" => Format::Table { wide: false },
            "wide" => Format::Table { wide: true },
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            "name" => Format::Name,
            "custom-columns" => Format::CustomColumns(CustomColumns::parse(argument, headers)?),
            "custom-columns-file" => Format::CustomColumns(CustomColumns::parse_template(&file(argument)?, headers)?),
            "jsonpath" => Format::JsonPath(JsonPath::parse(argument, false)?),
            "jsonpath-as-json" => Format::JsonPath(JsonPath::parse(argument, true)?),
            "jsonpath-file" => Format::JsonPath(JsonPath::parse(file(argument)?.trim_end_matches('\n'), false)?),
            _ => {
                let words = "unable to match a printer suitable for the output format";
                return Err(format!("{words} \"{output}\", allowed formats are: {FORMATS}"));
            }
        })
    }
}

impl JsonPath {
    fn parse(text: &str, as_json: bool) -> Result<JsonPath, String> {
        if text.is_empty() {
            return Err("template format specified but no template given".to_owned());
        }
        let template = jsonpath::parse(text).map_err(|error| format!("error parsing jsonpath {text}, {error}"))?;
        Ok(JsonPath { text: text.to_owned(), template, as_json })
    }

    /// What the template finds, or what is wrong in the frame that kubectl has for it.
    pub(super) fn print(&self, object: &Value) -> Result<String, String> {
        let printed = if self.as_json { self.template.execute_as_json(object) } else { self.template.execute(object) };
        let text = quote(&self.text);
        printed.map_err(|error| format!("error executing jsonpath {text}: Error executing template: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn formats_and_templates_are_checked() {
        let check = |output: &str, wanted: &str| {
            let printed = Format::parse(output, true).and_then(|format| match format {
                Format::JsonPath(path) => path.print(&json!({"a": [1]})),
                _ => Ok("no template".to_owned()),
            });
            assert_eq!(printed.unwrap_or_else(|error| error), wanted, "{output}");
        };
        check("wide", "no template");
        check("jsonpath={.a}", "[1]");
        check("jsonpath-as-json={.a[0]}", "[\n    1\n]\n");
        check("jsonpath", "template format specified but no template given");
        check("jsonpath={.a", "error parsing jsonpath {.a, unclosed action");
        check(
            "jsonpath={\"x\"}{end}",
            "error executing jsonpath \"{\\\"x\\\"}{end}\": Error executing template: not in range, nothing to end",
        );
        check(
            "pdf",
            &format!(
                "unable to match a printer suitable for the output format \"pdf\", allowed formats are: {FORMATS}"
            ),
        );
    }
}
