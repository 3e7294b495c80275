//! `jobsim schema`: a JSON Schema (draft-07) for the documents of a scenario, which editors check and complete with.

use serde_json::{Map, Value, json};

use super::released::Released;
use crate::scenario::model::{self, Treatment};
use crate::scenario::schema::{Shape, Struct, Type, kubernetes};
use crate::scenario::simulation::{API_VERSION, DISTRIBUTIONS, FamilyForm, ManualField, manual, price_book_names};

/// Kinds whose documents are checked, with their versions; others are let through.
const KINDS: [(&str, &str); 3] = [("batch/v1", "Job"), ("batch/v1", "CronJob"), ("v1", "ResourceQuota")];

/// What begins the title of the schema, by which one is known as ours.
pub const TITLE: &str = "jobsim scenario";

/// Go durations, and days.
const DURATION: &str = "^(0|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u{b5}s|\u{3bc}s|ms|s|m|h|d))+$";

/// The schema.
pub fn schema() -> Value {
    let released = Released::new();
    let mut definitions = Map::new();
    for (_, kind) in KINDS {
        if let Some(root) = kubernetes().get(&format!("v1.{kind}")) {
            define(root, &released, &mut definitions);
        }
    }
    definitions.insert("Simulation".to_owned(), simulation());
    definitions
        .insert("duration".to_owned(), json!({"anyOf": [{"type": "string", "pattern": DURATION}, {"const": 0}]}));
    definitions.insert("code".to_owned(), json!({"type": "integer", "minimum": 0, "maximum": 255}));
    for (name, unit) in [("durations", "duration"), ("codes", "code")] {
        definitions.insert(name.to_owned(), distribution(unit));
    }
    let document = |version: &str, kind: &str, definition: String| {
        json!({
            "if": {
                "properties": {"apiVersion": {"const": version}, "kind": {"const": kind}},
                "required": ["apiVersion", "kind"],
            },
            "then": {"$ref": format!("#/definitions/{definition}")},
        })
    };
    let kinds = KINDS.iter().map(|(version, kind)| document(version, kind, format!("v1.{kind}")));
    let documents: Vec<Value> = kinds.chain([document(API_VERSION, "Simulation", "Simulation".to_owned())]).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": format!("{TITLE}: a document of it"),
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}},
        "allOf": documents,
        "definitions": definitions,
    })
}

/// Defines a Kubernetes type and all that it is made of.
fn define(owner: &'static Struct, released: &Released, definitions: &mut Map<String, Value>) {
    if definitions.contains_key(owner.name) {
        return;
    }
    definitions.insert(owner.name.to_owned(), Value::Null);
    let mut properties = Map::new();
    for field in &owner.fields {
        let mut property = property(field.kind, released, definitions);
        let treated = model::treatment(owner, field.name).filter(|entry| entry.treatment != Treatment::Modelled);
        let treated = treated.map(|entry| {
            let why = if entry.why.is_empty() { String::new() } else { format!(": {}", entry.why) };
            format!("In jobsim {}{why}.", entry.treatment.as_str())
        });
        let described = [released.of_field(owner.name, field.name), treated.as_deref().unwrap_or("")];
        let described: Vec<&str> = described.into_iter().filter(|text| !text.is_empty()).collect();
        if !described.is_empty() {
            property["description"] = described.join("\n\n").into();
        }
        properties.insert(field.name.to_owned(), property);
    }
    let definition = json!({
        "description": released.of_type(owner.name),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    definitions.insert(owner.name.to_owned(), definition);
}

/// What a field may hold; nothing is allowed for all, as to the server.
fn property(kind: Type, released: &Released, definitions: &mut Map<String, Value>) -> Value {
    match kubernetes().shape(kind) {
        Shape::String => json!({"type": ["string", "null"]}),
        Shape::Bool => json!({"type": ["boolean", "null"]}),
        Shape::Int32 => json!({"type": ["integer", "null"], "minimum": i32::MIN, "maximum": i32::MAX}),
        Shape::Int64 => json!({"type": ["integer", "null"]}),
        Shape::Quantity => json!({"type": ["string", "number", "null"]}),
        Shape::Time => json!({"type": ["string", "null"], "format": "date-time"}),
        Shape::IntOrString => json!({"type": ["integer", "string", "null"]}),
        Shape::Any => json!({}),
        Shape::List(item) => json!({"type": ["array", "null"], "items": property(item, released, definitions)}),
        Shape::Map(item) => {
            json!({"type": ["object", "null"], "additionalProperties": property(item, released, definitions)})
        }
        Shape::Struct(inner) => {
            define(inner, released, definitions);
            json!({"anyOf": [{"$ref": format!("#/definitions/{}", inner.name)}, {"type": "null"}]})
        }
    }
}

/// Our own document.
fn simulation() -> Value {
    within("", "How the world of a scenario behaves.")
}

/// The object at a path of the manual.
fn within(path: &str, description: &str) -> Value {
    let below = |field: &&ManualField| {
        let rest = if path.is_empty() { Some(field.path) } else { field.path.strip_prefix(&format!("{path}.")) };
        rest.is_some_and(|rest| !rest.contains('.'))
    };
    let fields = manual().iter().filter(below);
    let property = |field: &ManualField| {
        let name = field.path.rsplit('.').next().unwrap_or(field.path).to_owned();
        let mut property = of_kind(field);
        property["description"] = field.text.into();
        if let Some(default) = field.default {
            let value = serde_json::from_str::<Value>(default).ok().filter(|value| !value.is_f64());
            property["default"] = value.unwrap_or_else(|| default.into());
        }
        (name, property)
    };
    let properties: Map<String, Value> = fields.map(property).collect();
    json!({"description": description, "type": "object", "properties": properties, "additionalProperties": false})
}

fn of_kind(field: &ManualField) -> Value {
    if let Some(range) = field.kind.strip_prefix("integer ") {
        let (least, most) = range.split_once("..").unwrap_or((range, range));
        let bound = |text: &str| text.parse::<u64>().map_or(Value::Null, Value::from);
        return json!({"type": "integer", "minimum": bound(least), "maximum": bound(most)});
    }
    if let Some(words) = field.kind.strip_prefix("one of ") {
        return json!({"enum": words.split('|').collect::<Vec<_>>()});
    }
    if let Some(words) = field.kind.strip_prefix("some of ") {
        return json!({"type": "string", "pattern": format!("^({words})(, ?({words}))*$"), "examples": words.split('|').collect::<Vec<_>>()});
    }
    match field.kind {
        "object" => within(field.path, field.text),
        "list of object" => json!({"type": "array", "items": within(&format!("{}[]", field.path), field.text)}),
        "sizes drawn" => json!({"type": ["string", "number", "object"]}),
        "share" => json!({"type": "number", "minimum": 0, "maximum": 1}),
        "machine" => json!({"type": "string", "examples": price_book_names()}),
        "size" => json!({"type": ["string", "number"]}),
        "resources" | "sizes" => json!({"type": "object", "additionalProperties": {"type": ["string", "number"]}}),
        "numbers" => json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}),
        "list of text" => json!({"type": "array", "items": {"type": "string"}}),
        "text" => json!({"type": "string"}),
        "version" => json!({"type": ["string", "number"]}),
        "bool" => json!({"type": "boolean"}),
        "number" => json!({"type": "number"}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "times" => json!({"anyOf": [
            {"type": "array", "items": {"$ref": "#/definitions/duration"}},
            column_of_file(),
        ]}),
        "percent" => json!({"type": ["number", "string"]}),
        "texts" => json!({"type": "array", "items": {"type": "string"}}),
        "deadline" | "comparison" | "taint" => json!({"type": "string"}),
        "draws" => json!({"type": "object"}),
        "signed duration" => json!({"type": "string"}),
        "gates" => json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
        "labels" => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        kind @ ("duration" | "durations" | "codes") => json!({"allOf": [{"$ref": format!("#/definitions/{kind}")}]}),
        _ => json!({}),
    }
}

/// A column of a CSV file.
fn column_of_file() -> Value {
    let properties = json!({"file": {"type": "string"}, "column": {"type": "string"}});
    json!({"type": "object", "properties": properties, "required": ["file"], "additionalProperties": false})
}

/// A distribution of what a unit measures: a constant, or a mapping with one key.
fn distribution(unit: &str) -> Value {
    let unit_of = json!({"$ref": format!("#/definitions/{unit}")});
    let single = |key: &str, value: Value| json!({"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": false});
    let family = |form: &FamilyForm| {
        let FamilyForm { name, measured, plain, .. } = *form;
        let parameters = measured.iter().map(|p| ((*p).to_owned(), unit_of.clone()));
        let parameters: Map<String, Value> =
            parameters.chain(plain.iter().map(|p| ((*p).to_owned(), json!({"type": "number"})))).collect();
        let required: Vec<&str> = measured.iter().chain(plain).copied().collect();
        let object = json!({
            "type": "object", "properties": parameters, "required": required, "additionalProperties": false,
        });
        single(name, object)
    };
    let weighted =
        json!({"type": "object", "additionalProperties": {"type": "number", "minimum": 0}, "minProperties": 1});
    let parts = json!({"type": "array", "items": {"type": "object", "required": ["weight"]}, "minItems": 1});
    let values = json!({
        "type": "object", "properties": {"values": {"type": "array", "items": unit_of}}, "required": ["values"],
        "additionalProperties": false,
    });
    let values = json!({"anyOf": [values, column_of_file()]});
    let mut forms = vec![unit_of.clone(), single("constant", unit_of.clone())];
    forms.extend(DISTRIBUTIONS.iter().map(family));
    forms.extend([single("empirical", values), single("mixture", parts), single("weighted", weighted)]);
    json!({"anyOf": forms})
}
