//! A column of a CSV file that the document names: when Jobs arrive, lengths that were measured.

use std::sync::Arc;

use csv::StringRecord;

use super::super::document::{Document, Node, Value};
use super::super::source::{SideFile, Source, SourceText, Span, beside};
use super::fields::{Fields, Item, Report};
use crate::kernel::time::SimDuration;

/// The values of one column of the file that the field `file` names: the column that `column` names, else one with a
/// `usual` name, else the only one there is, which needs no header. `read` reads a cell. None if anything is wrong,
/// which is noted: of cells each at its line.
pub(super) fn column<T>(
    fields: &mut Fields<'_>,
    usual: &[&str],
    report: &mut Report<'_>,
    read: &dyn Fn(&Item<'_>, &mut Report<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let (file, named) = (fields.require("file", report), fields.get("column"));
    let named = match named {
        Some(named) => Some(report.text(&named)?.to_owned()),
        None => None,
    };
    let file = file?;
    let Table { document, records } = Table::open(&file, report)?;
    let (header, rows) = records.split_first()?;
    let is_value = |name: &str| {
        let node = cell(header.0, name);
        read(&Item { node: &node, path: String::new() }, &mut Report::new(&document, report.validate)).is_some()
    };
    let position = match &named {
        Some(named) => header.1.iter().position(|name| name == named),
        None if header.1.len() == 1 => Some(0),
        None => header.1.iter().position(|name| usual.contains(&name)),
    };
    let Some(position) = position else {
        let wanted = named.map_or("many columns".to_owned(), |named| format!("no column \"{named}\""));
        let title = format!("{}: {wanted} in {}", file.path, document.source.name);
        let there: Vec<&str> = header.1.iter().collect();
        report.error_with_help(file.node.span, title, format!("write `column: NAME` with one of {}", there.join(", ")));
        return None;
    };
    let name = header.1.get(position).unwrap_or_default();
    let has_header = named.is_some() || header.1.len() > 1 || !is_value(name);
    let (name, rows) = if has_header { (name, rows) } else { ("value", &records[..]) };
    let mut wrong = Report::new(&document, report.validate);
    let mut values = Vec::with_capacity(rows.len());
    for (span, row) in rows {
        let node = cell(*span, row.get(position).unwrap_or_default());
        values.extend(read(&Item { node: &node, path: name.to_owned() }, &mut wrong));
    }
    let is_whole = wrong.problems.is_empty();
    wrong.problems.into_iter().for_each(|problem| report.push(problem));
    is_whole.then_some(values)
}

/// A length of time in a cell: as anywhere, or a number of seconds, as in our own tables.
pub(super) fn seconds(item: &Item<'_>, report: &mut Report<'_>) -> Option<SimDuration> {
    let text = item.node.as_str().unwrap_or_default();
    let is_number = text.ends_with(|c: char| c.is_ascii_digit());
    let node = cell(item.node.span, &if is_number { format!("{text}s") } else { text.to_owned() });
    report.duration(&Item { node: &node, path: item.path.clone() })
}

fn cell(span: Span, text: &str) -> Node {
    Node { span, value: Value::String(text.into()) }
}

/// A CSV file with at least one line.
struct Table {
    /// A document whose places are those of the file.
    document: Document,
    /// Its lines, the first one too, and where they stand.
    records: Vec<(Span, StringRecord)>,
}

impl Table {
    /// Reads the file that an item names.
    fn open(item: &Item<'_>, report: &mut Report<'_>) -> Option<Table> {
        let name = report.text(item)?;
        let found = beside(name, &report.document.at(item.node.span)).and_then(|source| {
            report.files.push(SideFile::of(name, &source));
            let shown = source.name.clone();
            Table::parse(source).map_err(|error| format!("{shown}: {error}"))
        });
        found.map_err(|error| report.error(item.node.span, format!("{}: {error}", item.path), "")).ok()
    }

    fn parse(source: Source) -> Result<Table, String> {
        let source = Arc::new(SourceText::new(source)?);
        // Each line tells what it lacks.
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(source.text.as_bytes());
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let start = record.position().map_or(0, csv::Position::byte) as usize;
            // The reader stands behind the first sign of a line break, which may be two, or before empty lines.
            let start =
                start + source.text[start..].len() - source.text[start..].trim_start_matches(['\r', '\n']).len();
            let line = source.text[start..].lines().next().unwrap_or_default();
            records.push((Span { start: start as u32, end: (start + line.len()) as u32 }, record));
        }
        if records.is_empty() {
            return Err("there is nothing in it".to_owned());
        }
        Ok(Table { document: Document { source, root: Node::default(), duplicates: Vec::new() }, records })
    }
}
