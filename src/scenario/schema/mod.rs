//! What fields Kubernetes types have: the released API as a table.
//!
//! The table is text that is read when a program starts, in a fraction of what it takes to build the schemas of
//! `k8s-openapi` anew; a test compares the two. It also has what OpenAPI does not say and error messages do: the names
//! of Go's types (`v1.RestartPolicy`), and in which struct within its type Go has a field (`in ProbeHandler`).

use std::sync::OnceLock;

/// The types of Kubernetes 1.37 that a scenario can hold, and all that they are made of.
pub fn kubernetes() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::read(include_str!("kubernetes-1.37.txt")))
}

/// The part of any object that clients look at: the Go type that they read it into, and its metadata.
pub fn metadata_only() -> &'static Struct {
    static STRUCT: OnceLock<Struct> = OnceLock::new();
    STRUCT.get_or_init(|| Struct {
        name: "resource.metadataOnlyObject",
        fields: vec![Field { name: "metadata", kind: Type("v1.ObjectMeta"), embedded_in: None }],
    })
}

/// Types by name.
#[derive(Debug)]
pub struct Schema {
    structs: Vec<Struct>,
}

/// A type with fields.
#[derive(Debug)]
pub struct Struct {
    /// As in Go, with its package: `v1.JobSpec`.
    pub name: &'static str,
    /// Sorted by name.
    pub fields: Vec<Field>,
}

/// A field of a type.
#[derive(Debug)]
pub struct Field {
    /// As in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Type,
    /// Where Go has it: the struct within the type whose fields stand in its place in JSON, which error messages name.
    pub embedded_in: Option<&'static str>,
}

/// What a field holds, as the table writes it: `[]v1.Container`, `v1.RestartPolicy=string`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type(&'static str);

/// The shapes of a [`Type`].
#[derive(Clone, Copy, Debug)]
pub enum Shape<'a> {
    /// Text.
    String,
    /// `true`, `false`.
    Bool,
    /// A 32-bit number.
    Int32,
    /// A 64-bit number.
    Int64,
    /// An amount: `500m`, `1Gi`.
    Quantity,
    /// A time: RFC 3339.
    Time,
    /// A number or text.
    IntOrString,
    /// Anything.
    Any,
    /// A list.
    List(Type),
    /// Free keys.
    Map(Type),
    /// A type with fields.
    Struct(&'a Struct),
}

impl Schema {
    fn read(table: &'static str) -> Schema {
        let mut structs: Vec<Struct> = Vec::new();
        for line in table.lines() {
            match (line.strip_prefix("  ").and_then(|field| field.split_once(' ')), structs.last_mut()) {
                (Some((name, kind)), Some(owner)) => {
                    let (kind, embedded_in) = match kind.split_once(" in ") {
                        Some((kind, outer)) => (kind, Some(outer)),
                        None => (kind, None),
                    };
                    owner.fields.push(Field { name, kind: Type(kind), embedded_in });
                }
                _ => structs.push(Struct { name: line, fields: Vec::new() }),
            }
        }
        structs.sort_by_key(|s| s.name);
        Schema { structs }
    }

    /// A type by its Go name.
    pub fn get(&self, name: &str) -> Option<&Struct> {
        self.structs.binary_search_by(|s| s.name.cmp(name)).ok().map(|i| &self.structs[i])
    }

    /// All types.
    pub fn structs(&self) -> &[Struct] {
        &self.structs
    }

    /// What a value of this type looks like.
    pub fn shape(&self, kind: Type) -> Shape<'_> {
        let underlying = kind.underlying();
        if let Some(item) = underlying.strip_prefix("[]") {
            return Shape::List(Type(item));
        }
        if let Some(item) = underlying.strip_prefix("map[string]") {
            return Shape::Map(Type(item));
        }
        match underlying {
            "string" => Shape::String,
            "bool" => Shape::Bool,
            "int32" => Shape::Int32,
            "int64" => Shape::Int64,
            "Quantity" => Shape::Quantity,
            "Time" | "MicroTime" => Shape::Time,
            "IntOrString" => Shape::IntOrString,
            name => self.get(name).map_or(Shape::Any, Shape::Struct),
        }
    }
}

impl Struct {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|f| f.name.cmp(name)).ok().map(|i| &self.fields[i])
    }

    /// The name without its package.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

impl Type {
    /// The type as Go's messages write it: `[]v1.Container`, `v1.RestartPolicy`, `v1.ResourceList`.
    pub fn go_name(self) -> String {
        match self.named() {
            (prefix, Some((name, _))) => format!("{prefix}{name}"),
            (prefix, None) => match &self.0[prefix.len()..] {
                "Quantity" => format!("{prefix}resource.Quantity"),
                "Time" | "MicroTime" => format!("{prefix}v1.{}", &self.0[prefix.len()..]),
                "IntOrString" => format!("{prefix}intstr.IntOrString"),
                _ => self.0.to_string(),
            },
        }
    }

    /// The type without its own name, if it has one.
    fn underlying(self) -> &'static str {
        match self.named() {
            ("", Some((_, underlying))) => underlying,
            _ => self.0,
        }
    }

    /// The list and map parts in front, and the named type behind them with what it stands for.
    fn named(self) -> (&'static str, Option<(&'static str, &'static str)>) {
        let mut rest = self.0;
        while let Some(inner) = rest.strip_prefix("[]").or_else(|| rest.strip_prefix("map[string]")) {
            rest = inner;
        }
        (&self.0[..self.0.len() - rest.len()], rest.split_once('='))
    }

    /// The type without any names of its own, as OpenAPI describes it.
    #[cfg(test)]
    fn anonymous(self) -> String {
        let (prefix, named) = self.named();
        named.map_or_else(|| self.0.to_string(), |(_, underlying)| format!("{prefix}{underlying}"))
    }
}

#[cfg(test)]
mod tests;
