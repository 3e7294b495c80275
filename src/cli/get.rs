//! `jobsim get`: objects of a finished or paused run as kubectl shows them.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::cluster::{Cluster, ClusterArgs, Refused, Request, name};
use super::exit;
use super::out;
use super::run::watch_options;
use crate::report::kubectl::custom_columns::CustomColumns;
use crate::report::kubectl::document;
use crate::report::kubectl::get::{Printer, Resource, TableOptions};
use crate::report::kubectl::jsonpath::{self, Template};
use crate::report::kubectl::sort::sort_by;
use crate::report::v1::{Calendar, Update};
use crate::scenario::Scenario;

/// Arguments of `jobsim get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// wide, yaml, json, name, custom-columns=TITLE:PATH,.., custom-columns-file=FILE, jsonpath=TEMPLATE, jsonpath-file=FILE
    #[arg(short, long, value_name = "FORMAT", default_value = "")]
    output: String,
    /// Follow all changes from the start of the run to its end, or to --at
    #[arg(short, long)]
    watch: bool,
    /// Say with each change what it is: ADDED, MODIFIED, DELETED
    #[arg(long, requires = "watch")]
    output_watch_events: bool,
    /// Sort by what this path finds: .metadata.creationTimestamp
    #[arg(long, value_name = "PATH", conflicts_with = "watch")]
    sort_by: Option<String>,
    /// No line of titles
    #[arg(long)]
    no_headers: bool,
    /// A column of labels
    #[arg(long)]
    show_labels: bool,
    /// Columns of these labels
    #[arg(short = 'L', long, value_name = "LABEL", value_delimiter = ',')]
    label_columns: Vec<String>,
    /// Names with their type in front
    #[arg(long)]
    show_kind: bool,
}

/// How objects are written.
#[derive(Clone, Debug)]
enum Format {
    Table { wide: bool },
    Yaml,
    Json,
    Name,
    CustomColumns(CustomColumns),
    JsonPath(Template),
}

const FORMATS: &str = "custom-columns,custom-columns-file,json,jsonpath,jsonpath-file,name,wide,yaml";

impl Format {
    fn parse(output: &str, headers: bool) -> Result<Format, String> {
        let (name, argument) = output.split_once('=').unwrap_or((output, ""));
        let file = |path: &str| {
            std::fs::read_to_string(path).map_err(|error| format!("error reading template {path}, {error}"))
        };
        let template = |text: &str| match text {
            "" => Err("template format specified but no template given".to_owned()),
            text => jsonpath::parse(text).map_err(|error| format!("error parsing jsonpath {text}, {error}")),
        };
        Ok(match name {
            "" => Format::Table { wide: false },
            "wide" => Format::Table { wide: true },
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            "name" => Format::Name,
            "custom-columns" => Format::CustomColumns(CustomColumns::parse(argument, headers)?),
            "custom-columns-file" => Format::CustomColumns(CustomColumns::parse_template(&file(argument)?, headers)?),
            "jsonpath" => Format::JsonPath(template(argument)?),
            "jsonpath-file" => Format::JsonPath(template(file(argument)?.trim_end_matches('\n'))?),
            _ => {
                let words = "unable to match a printer suitable for the output format";
                return Err(format!("{words} \"{output}\", allowed formats are: {FORMATS}"));
            }
        })
    }
}

/// Shows what was asked for. Code 1 if an object that was named is not there.
pub fn run(args: &GetArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let prepared = args.cluster.request().and_then(|request| {
        let format = Format::parse(&args.output, !args.no_headers)?;
        Ok((request, format))
    });
    let (request, format) = match prepared {
        Ok(prepared) => prepared,
        Err(Refused { sentence, code }) => {
            writeln!(io::stderr(), "error: {sentence}")?;
            return Ok(ExitCode::from(code));
        }
    };
    let Some(scenario) = args.cluster.scenario(&request, colour)? else { return Ok(ExitCode::from(exit::USAGE)) };
    if args.watch {
        let mut watch = Watch::new(args, format, &request, &scenario);
        args.cluster.watch(&scenario, &request.resources, &mut |update| watch.show(&update));
        return watch.finish();
    }
    let cluster = args.cluster.look(&scenario)?;
    show(args, format, &request, cluster)
}

fn usage(error: &str) -> anyhow::Result<ExitCode> {
    writeln!(io::stderr(), "error: {error}")?;
    Ok(ExitCode::from(exit::USAGE))
}

impl GetArgs {
    fn table_options(&self, wide: bool, show_kind: bool) -> TableOptions {
        TableOptions {
            wide,
            with_namespace: self.cluster.all_namespaces,
            show_labels: self.show_labels,
            label_columns: self.label_columns.clone(),
            no_headers: self.no_headers,
            show_kind: self.show_kind || show_kind,
            with_event: self.output_watch_events,
        }
    }
}

fn show(args: &GetArgs, format: Format, request: &Request, cluster: Cluster) -> anyhow::Result<ExitCode> {
    let (mut objects, missing) = args.cluster.choose(request, &cluster, false);
    if let Some(path) = &args.sort_by
        && let Err(error) = sort_by(&mut objects, |(_, object)| object, path)
    {
        return usage(&error);
    }
    let text = match written(args, format, request, &objects, cluster.now) {
        Ok(text) => text,
        Err(error) => return usage(&error),
    };
    let (mut out, mut err) = (out::stdout(), io::stderr());
    out.write_all(text.as_bytes())?;
    out.flush()?;
    for error in &missing {
        writeln!(err, "{error}")?;
    }
    if text.is_empty() && objects.is_empty() && missing.is_empty() {
        let in_namespace = !args.cluster.all_namespaces && request.resources.iter().all(|r| r.is_namespaced());
        let place = if in_namespace { format!(" in {} namespace.", args.cluster.namespace) } else { String::new() };
        writeln!(err, "No resources found{place}")?;
        let is_elsewhere = |object: &Value| object["metadata"]["namespace"] != *args.cluster.namespace;
        let asked = cluster.objects.iter().filter(|(resource, _)| request.resources.contains(resource));
        let elsewhere = asked.filter(|(_, object)| is_elsewhere(object)).count();
        if in_namespace && elsewhere > 0 {
            writeln!(err, "note: other namespaces have {elsewhere}: give -n NAMESPACE or -A, or another selector")?;
        }
    }
    if let Some(limit) = &cluster.stopped {
        writeln!(err, "stopped before that time: {limit}")?;
        return Ok(ExitCode::from(exit::LIMIT));
    }
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

fn written(
    args: &GetArgs,
    format: Format,
    request: &Request,
    objects: &[(Resource, &Value)],
    now: jiff::Timestamp,
) -> Result<String, String> {
    let values: Vec<&Value> = objects.iter().map(|(_, object)| *object).collect();
    let whole = || match values.as_slice() {
        [only] if request.names.len() == 1 => Value::clone(only),
        _ => json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": values}),
    };
    Ok(match format {
        Format::Table { wide } => {
            let several = request.resources.len() > 1;
            let tables = objects.chunk_by(|a, b| a.0 == b.0).map(|group| {
                let rows: Vec<&Value> = group.iter().map(|(_, object)| *object).collect();
                Printer::new(group[0].0, args.table_options(wide, several)).print(&rows, now, "")
            });
            tables.collect::<Vec<_>>().join(if args.no_headers { "" } else { "\n" })
        }
        Format::Yaml => document::yaml(&whole()),
        Format::Json => document::json(&whole()),
        Format::Name => objects.iter().map(|(of, object)| format!("{}/{}\n", of.singular(), name(object))).collect(),
        Format::CustomColumns(mut columns) => columns.print(&values)?,
        Format::JsonPath(template) => {
            template.execute(&whole()).map_err(|error| format!("error executing jsonpath: {error}"))?
        }
    })
}

/// `-w`: each change as it happens.
struct Watch<'a> {
    args: &'a GetArgs,
    request: &'a Request,
    calendar: Calendar,
    format: Format,
    printers: Vec<(Resource, Printer)>,
    out: BufWriter<out::Out>,
    begun: bool,
    failed: Option<anyhow::Error>,
}

/// A change as JSON, `{"type": .., "object": ..}`.
#[derive(Serialize)]
struct WatchEvent<'a> {
    r#type: &'static str,
    object: &'a Value,
}

impl<'a> Watch<'a> {
    fn new(args: &'a GetArgs, format: Format, request: &'a Request, scenario: &Scenario) -> Watch<'a> {
        let calendar = Calendar::new(scenario.start);
        let wide = matches!(format, Format::Table { wide: true });
        let several = request.resources.len() > 1;
        let printer = |&resource: &Resource| {
            let mut printer = Printer::new(resource, args.table_options(wide, several));
            printer.make_room("EVENT", "MODIFIED".len());
            if resource == Resource::Pod && !several {
                watch_options(scenario, wide).rooms().for_each(|(title, width)| printer.make_room(title, width));
            }
            (resource, printer)
        };
        let printers = request.resources.iter().map(printer).collect();
        let out = BufWriter::new(out::stdout());
        Watch { args, request, calendar, format, printers, out, begun: false, failed: None }
    }

    /// Shows a change; false once nobody reads any more.
    fn show(&mut self, update: &Update) -> bool {
        let names = &self.request.names;
        let is_named = names.is_empty()
            || names.iter().any(|(of, wanted)| *of == update.resource && name(&update.object) == wanted);
        if !is_named || !self.args.cluster.matches(update.resource, &update.object) {
            return true;
        }
        let written = self.written(update).map_err(anyhow::Error::msg).and_then(|text| {
            self.begun = true;
            Ok(self.out.write_all(text.as_bytes())?)
        });
        self.failed = written.err();
        self.failed.is_none()
    }

    fn written(&mut self, update: &Update) -> Result<String, String> {
        let (object, event) = (&update.object, WatchEvent { r#type: update.word(), object: &update.object });
        let with_event = self.args.output_watch_events;
        Ok(match &mut self.format {
            Format::Table { .. } => {
                let now = self.calendar.instant(update.time);
                let printer = self.printers.iter_mut().find(|(resource, _)| *resource == update.resource);
                printer.map_or(String::new(), |(_, printer)| printer.print(&[object], now, update.word()))
            }
            Format::Json if with_event => document::json(&event),
            Format::Json => document::json(object),
            Format::Yaml => {
                let separator = if self.begun { "---\n" } else { "" };
                let whole = json!({"type": update.word(), "object": object});
                format!("{separator}{}", document::yaml(if with_event { &whole } else { object }))
            }
            Format::Name => format!("{}/{}\n", update.resource.singular(), name(object)),
            Format::CustomColumns(columns) => columns.print(&[object])?,
            Format::JsonPath(template) => {
                template.execute(object).map_err(|error| format!("error executing jsonpath: {error}"))?
            }
        })
    }

    fn finish(mut self) -> anyhow::Result<ExitCode> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => {
                self.out.flush()?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
