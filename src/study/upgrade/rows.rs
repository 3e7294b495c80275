//! The difference of two traces as rows of their tables.

use std::collections::BTreeMap;

use serde::Serialize;

/// Rows of a table that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableChange {
    /// Its file: `jobs.csv`.
    pub table: String,
    /// Rows that only one of the two has, in the order of the table; those of the old one first within an instant.
    pub rows: Vec<ChangedRow>,
}

/// A row that only one of two tables has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangedRow {
    /// Of the old one.
    Removed(String),
    /// Of the new one.
    Added(String),
}

/// The tables that differ.
pub(super) fn changes(before: &[(String, Vec<u8>)], after: &[(String, Vec<u8>)]) -> Vec<TableChange> {
    let mut names: Vec<&String> = before.iter().chain(after).map(|(name, _)| name).collect();
    names.dedup();
    names.sort();
    names.dedup();
    let text = |tables: &'_ [(String, Vec<u8>)], name: &str| {
        let found = tables.iter().find(|(known, _)| known == name);
        found.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
    };
    let change = |name: &&String| {
        let rows = changed(&text(before, name), &text(after, name));
        (!rows.is_empty()).then(|| TableChange { table: (*name).clone(), rows })
    };
    names.iter().filter_map(change).collect()
}

/// Rows say their time, so equal rows of two tables belong together wherever they stand.
fn changed(before: &str, after: &str) -> Vec<ChangedRow> {
    let mut rows: Vec<(u64, ChangedRow)> = Vec::new();
    let header = before.lines().next().or(after.lines().next()).unwrap_or_default();
    let column = header.split(',').position(|name| matches!(name, "time_s" | "created_s")).unwrap_or(0);
    for (mine, theirs, of) in [
        (before, after, ChangedRow::Removed as fn(String) -> ChangedRow),
        (after, before, ChangedRow::Added as fn(String) -> ChangedRow),
    ] {
        let mut left: BTreeMap<&str, usize> = BTreeMap::new();
        theirs.lines().skip(1).for_each(|row| *left.entry(row).or_default() += 1);
        for row in mine.lines().skip(1) {
            match left.get_mut(row).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => rows.push((micros(row, column), of(row.to_owned()))),
            }
        }
    }
    // The sort is stable: what was removed at an instant stays before what was added.
    rows.sort_by_key(|(time, _)| *time);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The time in a column that has no quoted one before it, in microseconds.
fn micros(row: &str, column: usize) -> u64 {
    let (seconds, fraction) =
        row.split(',').nth(column).and_then(|text| text.split_once('.').or(Some((text, "")))).unwrap_or_default();
    let digits = |text: &str| text.parse::<u64>().unwrap_or(0);
    digits(seconds) * 1_000_000 + digits(&format!("{fraction:0<6}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_left_out_and_the_others_ordered_by_time() {
        let table = |rows: &str| vec![("jobs.csv".to_owned(), format!("time_s,job\n{rows}").into_bytes())];
        let found = changes(&table("0,a\n2,a\n2,a\n10,b\n"), &table("0,a\n2,a\n1.5,c\n10,c\n"));
        let expected = TableChange {
            table: "jobs.csv".to_owned(),
            rows: vec![
                ChangedRow::Added("1.5,c".to_owned()),
                ChangedRow::Removed("2,a".to_owned()),
                ChangedRow::Removed("10,b".to_owned()),
                ChangedRow::Added("10,c".to_owned()),
            ],
        };
        assert_eq!(found, [expected]);
        assert_eq!(changes(&table("0,a\n"), &table("0,a\n")), []);
        // A table that is in one of them only.
        assert_eq!(changes(&[], &table("0,a\n"))[0].rows, [ChangedRow::Added("0,a".to_owned())]);
    }
}
