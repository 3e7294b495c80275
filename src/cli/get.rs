//! `jobsim get`: objects of a finished or paused run as kubectl shows them.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::cluster::{Cluster, ClusterArgs, name};
use super::exit;
use super::flags::like_go;
use super::format::Format;
use super::out;
use super::request::{Refused, Request};
use super::run::watch_options;
use crate::report::kubectl::document;
use crate::report::kubectl::field_selector::FieldSelector;
use crate::report::kubectl::get::{Printer, Resource, TableOptions};
use crate::report::kubectl::sort::{Sorted, Unsorted, path_into_tables, sort_by};
use crate::report::v1::{Calendar, Update};
use crate::scenario::Scenario;

/// Arguments of `jobsim get`.
#[derive(Debug, Args)]
#[command(mut_args(like_go))]
pub struct GetArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// wide, yaml, json, name, custom-columns=TITLE:PATH,.., custom-columns-file=FILE, jsonpath=TEMPLATE,
    /// jsonpath-as-json=TEMPLATE, jsonpath-file=FILE
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
    /// Objects with these fields: status.phase=Running,spec.nodeName!=n1
    #[arg(long, value_name = "SELECTOR", value_parser = FieldSelector::parse)]
    field_selector: Option<FieldSelector>,
    /// Nothing is wrong if an object that was named is not there
    #[arg(long)]
    ignore_not_found: bool,
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

/// Shows what was asked for. Code 1 if an object that was named is not there.
pub fn run(args: &GetArgs, colour: bool) -> anyhow::Result<ExitCode> {
    let prepare = || -> Result<(Request, Format), Refused> {
        args.check()?;
        let request = args.cluster.request(args.field_selector.clone())?;
        Ok((request, Format::parse(&args.output, !args.no_headers)?))
    };
    let (request, format) = match prepare() {
        Ok(prepared) => prepared,
        Err(Refused { line, code }) => {
            writeln!(io::stderr(), "{line}")?;
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
    /// Do the arguments go together?
    fn check(&self) -> Result<(), String> {
        let is_table = matches!(self.output.as_str(), "" | "wide");
        let unfit = |option: &str| Err(format!("{option} option cannot be used with {} printer", self.output));
        if self.show_labels && !is_table {
            return unfit("--show-labels");
        }
        if !self.label_columns.is_empty() && self.output.starts_with("custom-columns") {
            return unfit("--label-columns");
        }
        Ok(())
    }

    /// The path to sort by; an empty one is none.
    fn sort_by(&self) -> Option<&str> {
        self.sort_by.as_deref().filter(|path| !path.is_empty())
    }

    fn table_options(&self, wide: bool, with_namespace: bool, show_kind: bool) -> TableOptions {
        TableOptions {
            wide,
            with_namespace,
            show_labels: self.show_labels,
            label_columns: self.label_columns.clone(),
            no_headers: self.no_headers,
            show_kind: self.show_kind || show_kind,
            with_event: self.output_watch_events,
        }
    }
}

fn show(args: &GetArgs, format: Format, request: &Request, cluster: Cluster) -> anyhow::Result<ExitCode> {
    let (objects, mut missing) = args.cluster.choose(request, &cluster);
    if args.ignore_not_found {
        missing.clear();
    }
    let is_table = matches!(format, Format::Table { .. });
    let count = objects.len();
    // Of a single object that is not there nothing is written, not even an empty list.
    let is_silent = !is_table && count == 0 && (request.names.len() == 1 || args.ignore_not_found);
    let text = match format {
        _ if is_silent => Ok(String::new()),
        Format::Table { wide } => tables(args, wide, request, objects, cluster.now),
        other => written(args, other, request, objects),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => return usage(&error),
    };
    let (mut out, mut err) = (out::stdout(), io::stderr());
    out.write_all(text.as_bytes())?;
    out.flush()?;
    for error in &missing {
        writeln!(err, "{error}")?;
    }
    if is_table && text.is_empty() && missing.is_empty() && !args.ignore_not_found {
        let in_namespace = !args.cluster.all_namespaces && request.resources.iter().all(|r| r.is_namespaced());
        let place = if in_namespace { format!(" in {} namespace.", args.cluster.namespace) } else { String::new() };
        writeln!(err, "No resources found{place}")?;
        let is_elsewhere = |object: &Value| object["metadata"]["namespace"] != *args.cluster.namespace;
        let asked = cluster.objects.iter().filter(|(resource, _)| request.resources.contains(resource));
        let elsewhere = asked.filter(|(_, object)| is_elsewhere(object)).count();
        if in_namespace && elsewhere > 0 && count == 0 {
            writeln!(err, "note: other namespaces have {elsewhere}: give -n NAMESPACE or -A, or another selector")?;
        }
    }
    if let Some(limit) = &cluster.stopped {
        writeln!(err, "stopped before that time: {limit}")?;
        return Ok(ExitCode::from(exit::LIMIT));
    }
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENCE) })
}

/// A table for each resource, or for each run of named objects of one.
fn tables(
    args: &GetArgs,
    wide: bool,
    request: &Request,
    mut objects: Vec<(Resource, &Value)>,
    now: jiff::Timestamp,
) -> Result<String, String> {
    let by_name = !request.names.is_empty();
    if let Some(path) = args.sort_by() {
        // Each object that was named is in a table of its own, and only tables are sorted, of which none has the field.
        let tables = if by_name { objects.len() } else { request.resources.len() };
        if tables > 1 {
            return Err(path_into_tables(path));
        }
        if objects.len() > 1 {
            match sort_by(&mut objects, |(_, object)| object, path, Sorted::Rows) {
                Ok(()) => {}
                // kubectl drops this error, and the table with it.
                Err(Unsorted::Path(_)) => return Ok(String::new()),
                Err(Unsorted::Value(error)) => return Err(error),
            }
        }
    }
    let show_kind = match by_name {
        true => objects.iter().any(|(resource, _)| *resource != objects[0].0),
        false => request.resources.len() > 1,
    };
    let groups: Vec<(Resource, Vec<&Value>)> = match by_name {
        true => objects.chunk_by(|a, b| a.0 == b.0).map(|group| (group[0].0, values(group))).collect(),
        false => {
            let of = |resource| objects.iter().filter(move |(of, _)| *of == resource).map(|(_, object)| *object);
            request.resources.iter().map(|&resource| (resource, of(resource).collect())).collect()
        }
    };
    // The column NAMESPACE stays once a table had it.
    let mut with_namespace = false;
    let mut printed = Vec::new();
    for (resource, rows) in groups {
        with_namespace |= args.cluster.all_namespaces && resource.is_namespaced();
        let options = args.table_options(wide, with_namespace, show_kind);
        let table = Printer::new(resource, options).print(&rows, now, "");
        printed.extend((!table.is_empty()).then_some(table));
    }
    Ok(printed.join(if args.no_headers { "" } else { "\n" }))
}

fn values<'v>(objects: &[(Resource, &'v Value)]) -> Vec<&'v Value> {
    objects.iter().map(|(_, object)| *object).collect()
}

/// Everything but tables.
fn written(
    args: &GetArgs,
    format: Format,
    request: &Request,
    mut objects: Vec<(Resource, &Value)>,
) -> Result<String, String> {
    let is_single = request.names.len() == 1;
    if let Some(path) = args.sort_by().filter(|_| !is_single && !objects.is_empty()) {
        sort_by(&mut objects, |(_, object)| object, path, Sorted::Items).map_err(|unsorted| match unsorted {
            Unsorted::Path(error) | Unsorted::Value(error) => error,
        })?;
    }
    let values = values(&objects);
    let whole = || match values.as_slice() {
        [only] if is_single => Value::clone(only),
        _ => json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": values}),
    };
    Ok(match format {
        Format::Yaml => document::yaml(&whole()),
        Format::Json => document::json(&whole()),
        Format::Table { .. } | Format::Name => {
            objects.iter().map(|(of, object)| format!("{}/{}\n", of.singular(), name(object))).collect()
        }
        Format::CustomColumns(mut columns) => columns.print(&values)?,
        Format::JsonPath(path) => path.print(&whole())?,
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
            let options = args.table_options(wide, args.cluster.all_namespaces, several);
            let mut printer = Printer::new(resource, options);
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
        if !is_named || !self.args.cluster.matches(self.request, update.resource, &update.object) {
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
            Format::JsonPath(path) => path.print(object)?,
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
