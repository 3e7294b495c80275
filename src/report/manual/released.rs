//! The documentation of the released API, out of the generated types of `k8s-openapi`.

use k8s_openapi::api::{batch::v1 as batch, core::v1 as core, policy::v1 as policy, scheduling::v1 as scheduling};
use serde_json::Value;

/// Documentation by type, named as in Go: `v1.JobSpec`.
pub(super) struct Released {
    definitions: serde_json::Map<String, Value>,
}

impl Released {
    /// Gathers it; this takes milliseconds, which no other command should pay.
    pub(super) fn new() -> Released {
        let mut generator = schemars::SchemaGenerator::default();
        generator.subschema_for::<batch::Job>();
        generator.subschema_for::<batch::CronJob>();
        generator.subschema_for::<core::Pod>();
        generator.subschema_for::<core::Node>();
        generator.subschema_for::<core::Namespace>();
        generator.subschema_for::<core::Service>();
        generator.subschema_for::<core::ResourceQuota>();
        generator.subschema_for::<core::LimitRange>();
        generator.subschema_for::<scheduling::PriorityClass>();
        generator.subschema_for::<policy::PodDisruptionBudget>();
        let named = generator.definitions().iter().map(|(name, schema)| {
            let parts: Vec<&str> = name.rsplitn(3, '.').collect();
            (format!("{}.{}", parts.get(1).unwrap_or(&""), parts[0]), schema.clone())
        });
        Released { definitions: named.collect() }
    }

    /// What a type is.
    pub(super) fn of_type(&self, name: &str) -> &str {
        self.definitions.get(name).and_then(|schema| schema["description"].as_str()).unwrap_or("")
    }

    /// What a field of a type is.
    pub(super) fn of_field(&self, owner: &str, field: &str) -> &str {
        let property = self.definitions.get(owner).map(|schema| &schema["properties"][field]);
        property.and_then(|property| property["description"].as_str()).unwrap_or("")
    }

    /// Must the field be there? Metadata need not, although the generated types say so, having no option for it.
    pub(super) fn is_required(&self, owner: &str, field: &str) -> bool {
        let required = self.definitions.get(owner).and_then(|schema| schema["required"].as_array());
        field != "metadata" && required.is_some_and(|names| names.iter().any(|name| name == field))
    }
}
