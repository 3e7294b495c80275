//! The rows of `kubectl get`: a printer a kind, as the API server's (`printers/internalversion`).

mod cron_job;
mod event;
mod job;
mod node;
mod pod;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{items, labels, text};
use super::table::Columns;

/// A kind that can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// batch/v1 Job.
    Job,
    /// v1 Pod.
    Pod,
    /// batch/v1 CronJob.
    CronJob,
    /// v1 Event.
    Event,
    /// v1 Node.
    Node,
}

/// A column: its title, and whether only `-o wide` shows it.
type Column = (&'static str, bool);

impl Resource {
    /// All of them.
    pub const ALL: [Resource; 5] = [Resource::Job, Resource::Pod, Resource::CronJob, Resource::Event, Resource::Node];

    /// Those that `kubectl get all` means, in its order.
    pub const IN_ALL: [Resource; 3] = [Resource::Pod, Resource::CronJob, Resource::Job];

    /// The resource of a kind of object.
    pub fn of_kind(kind: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| resource.kind() == kind)
    }

    /// The resource by any name that kubectl takes: `jobs`, `job`, `jobs.batch`, `po`, `events.v1.`.
    pub fn by_name(name: &str) -> Option<Resource> {
        let name = name.to_lowercase();
        let (name, group) = name.split_once('.').map_or((name.as_str(), None), |(name, group)| (name, Some(group)));
        let resource = match name {
            "job" | "jobs" => Resource::Job,
            "pod" | "pods" | "po" => Resource::Pod,
            "cronjob" | "cronjobs" | "cj" => Resource::CronJob,
            "event" | "events" | "ev" => Resource::Event,
            "node" | "nodes" | "no" => Resource::Node,
            _ => return None,
        };
        let is_batch = matches!(resource, Resource::Job | Resource::CronJob);
        let (own, with_version) = if is_batch { ("batch", "v1.batch") } else { ("", "v1.") };
        let is_known = |group: &str| group.is_empty() || group == own || group == with_version;
        group.is_none_or(is_known).then_some(resource)
    }

    /// `Job`.
    pub fn kind(self) -> &'static str {
        match self {
            Resource::Job => "Job",
            Resource::Pod => "Pod",
            Resource::CronJob => "CronJob",
            Resource::Event => "Event",
            Resource::Node => "Node",
        }
    }

    /// `job.batch`, as `-o name` has it before the slash.
    pub fn singular(self) -> &'static str {
        match self {
            Resource::Job => "job.batch",
            Resource::Pod => "pod",
            Resource::CronJob => "cronjob.batch",
            Resource::Event => "event",
            Resource::Node => "node",
        }
    }

    /// `jobs.batch`, as messages have it.
    pub fn plural(self) -> &'static str {
        match self {
            Resource::Job => "jobs.batch",
            Resource::Pod => "pods",
            Resource::CronJob => "cronjobs.batch",
            Resource::Event => "events",
            Resource::Node => "nodes",
        }
    }

    /// Do its objects lie in namespaces?
    pub fn is_namespaced(self) -> bool {
        self != Resource::Node
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Resource::Job => job::COLUMNS,
            Resource::Pod => pod::COLUMNS,
            Resource::CronJob => cron_job::COLUMNS,
            Resource::Event => event::COLUMNS,
            Resource::Node => node::COLUMNS,
        }
    }

    /// A cell for each column.
    fn cells(self, object: &Value, now: Timestamp) -> Vec<String> {
        match self {
            Resource::Job => job::cells(object, now),
            Resource::Pod => pod::cells(object, now),
            Resource::CronJob => cron_job::cells(object, now),
            Resource::Event => event::cells(object, now),
            Resource::Node => node::cells(object, now),
        }
    }
}

/// Which columns are shown.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// `-o wide`.
    pub wide: bool,
    /// `-A`: a column NAMESPACE, empty for what is in none.
    pub with_namespace: bool,
    /// `--show-labels`: a column LABELS.
    pub show_labels: bool,
    /// `-L`: a column a label.
    pub label_columns: Vec<String>,
    /// `--no-headers`.
    pub no_headers: bool,
    /// Names with their resource in front, where several are shown.
    pub show_kind: bool,
    /// A column EVENT.
    pub with_event: bool,
}

/// Tables of one resource: widths are remembered from one to the next, as while a watch goes on.
#[derive(Clone, Debug)]
pub struct Printer {
    resource: Resource,
    options: TableOptions,
    columns: Columns,
    begun: bool,
}

impl Printer {
    /// A printer that has printed nothing yet.
    pub fn new(resource: Resource, options: TableOptions) -> Printer {
        Printer { resource, options, columns: Columns::default(), begun: false }
    }

    /// The rows of objects at a time, after the header if this is the first time. `event` says what has happened to them.
    pub fn print(&mut self, objects: &[&Value], now: Timestamp, event: &str) -> String {
        let rows: Vec<Vec<String>> = objects.iter().map(|object| self.row(object, now, event)).collect();
        let mut lines: Vec<Vec<String>> = rows.iter().map(|row| shown(row)).collect();
        if !std::mem::replace(&mut self.begun, true) && !self.options.no_headers && !rows.is_empty() {
            lines.insert(0, self.header());
        }
        self.widen(&rows);
        lines.iter().for_each(|line| self.columns.fit(line));
        let mut table = String::new();
        lines.iter().for_each(|line| self.columns.line(line, &mut table));
        table
    }

    /// Makes the column of this title so wide, for rows that are to come.
    pub fn make_room(&mut self, title: &str, width: usize) {
        let titles = self.header();
        let Some(column) = titles.iter().position(|known| known == title) else { return };
        let mut widths = vec![0; titles.len()];
        widths[column] = width;
        self.columns.widen(&widths);
    }

    /// kubectl makes room for the whole text of a cell, whatever of it is shown, in bytes (`printTable`).
    fn widen(&mut self, rows: &[Vec<String>]) {
        for row in rows {
            let widths: Vec<usize> = row.iter().map(String::len).collect();
            self.columns.widen(&widths);
        }
    }

    fn header(&self) -> Vec<String> {
        let mut titles: Vec<String> = Vec::new();
        titles.extend(self.options.with_event.then(|| "EVENT".to_owned()));
        titles.extend(self.options.with_namespace.then(|| "NAMESPACE".to_owned()));
        let shown = self.resource.columns().iter().filter(|(_, wide)| self.options.wide || !wide);
        titles.extend(shown.map(|(title, _)| (*title).to_owned()));
        let label_title = |label: &String| label.rsplit('/').next().unwrap_or(label).to_uppercase();
        titles.extend(self.options.label_columns.iter().map(label_title));
        titles.extend(self.options.show_labels.then(|| "LABELS".to_owned()));
        titles
    }

    fn row(&self, object: &Value, now: Timestamp, event: &str) -> Vec<String> {
        let metadata = &object["metadata"];
        let mut row: Vec<String> = Vec::new();
        row.extend(self.options.with_event.then(|| event.to_owned()));
        row.extend(self.options.with_namespace.then(|| text(&metadata["namespace"]).to_owned()));
        let cells = self.resource.cells(object, now).into_iter().zip(self.resource.columns());
        for (cell, (title, wide)) in cells {
            let prefix = if *title == "NAME" && self.options.show_kind { self.resource.singular() } else { "" };
            let separator = if prefix.is_empty() { "" } else { "/" };
            row.extend((self.options.wide || !wide).then(|| format!("{prefix}{separator}{cell}")));
        }
        row.extend(self.options.label_columns.iter().map(|label| text(&metadata["labels"][label]).to_owned()));
        row.extend(self.options.show_labels.then(|| labels(&metadata["labels"])));
        row
    }
}

/// A row as it is shown: a tab within a cell ends it.
fn shown(row: &[String]) -> Vec<String> {
    row.iter().flat_map(|cell| one_line(cell).split('\t').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A cell ends where its first line does (`appendCellValue`).
fn one_line(cell: &str) -> String {
    let escaped = |text: &str| text.replace('\u{1b}', "^[");
    match cell.find(['\n', '\r', '\u{c}']) {
        Some(end) => escaped(&cell[..end]) + "...",
        None => escaped(cell),
    }
}

/// Names and images of containers, each as one word (`layoutContainerCells`).
fn containers(list: &Value) -> [String; 2] {
    ["name", "image"].map(|field| items(list).iter().map(|c| text(&c[field])).collect::<Vec<_>>().join(","))
}

/// A selector in a column.
fn selector(selector: &Value) -> String {
    match super::fields::label_selector(selector) {
        Ok(text) if text.is_empty() => "<none>".to_owned(),
        Ok(text) => text,
        Err(_) => "<error>".to_owned(),
    }
}
