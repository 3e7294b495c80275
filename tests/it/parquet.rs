//! `results.parquet` as other programs read it. `JOBSIM_PYTHON` names a Python that has a reader of Parquet files.

use std::fs;
use std::process::Command;

use crate::program::{run, stderr, workplace};

/// Prints the rows of a file as JSON, one a line.
const SCRIPT: &str = "
import json, sys
path, reader = sys.argv[1:]
if reader == 'duckdb':
    import duckdb
    found = duckdb.sql(f\"select * from read_parquet('{path}')\")
    names, rows = found.columns, found.fetchall()
elif reader == 'pyarrow':
    import pyarrow.parquet
    table = pyarrow.parquet.read_table(path)
    names, rows = table.column_names, zip(*(column.to_pylist() for column in table.columns))
else:
    import polars
    table = polars.read_parquet(path)
    names, rows = table.columns, table.rows()
print(json.dumps(list(names)))
for row in rows:
    print(json.dumps(list(row)))
";

#[test]
fn other_readers_find_the_rows_of_the_csv_file() {
    let folder = workplace();
    let output = run(
        folder.path(),
        &[
            "sweep",
            "scenarios/flaky.yaml",
            "--set",
            "parallelism=1,2",
            "--set",
            "pods[0].startup=1s,2500ms",
            "--set",
            "horizon=2m,10m",
            "-m",
            "p50(wait)",
            "-m",
            "utilisation",
            "-r",
            "3",
            "--results",
            "csv,parquet",
            "--out",
            "out",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let written = folder.path().join("out/results.parquet");
    let mut table = csv::Reader::from_path(folder.path().join("out/results.csv")).expect("a table");
    let names: Vec<String> = table.headers().expect("names").iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 2 * 2 * 2 * 3 * 2);
    let python = std::env::var("JOBSIM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let (mut read_by, path) = (Vec::new(), written.display().to_string());
    for reader in ["duckdb", "pyarrow", "polars"] {
        let there = Command::new(&python).args(["-c", &format!("import {reader}")]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let output = Command::new(&python).args(["-c", SCRIPT, &path, reader]).output().expect("python runs");
        assert!(output.status.success(), "{reader}: {}", stderr(&output));
        let text = String::from_utf8(output.stdout).expect("text");
        let mut lines = text.lines().map(|line| serde_json::from_str::<Vec<serde_json::Value>>(line).expect("a row"));
        assert_eq!(lines.next().expect("names"), names, "{reader}");
        let found: Vec<Vec<serde_json::Value>> = lines.collect();
        assert_eq!(found.len(), rows.len(), "{reader}");
        for (found, row) in found.iter().zip(&rows) {
            let same = found.iter().zip(row).all(|(found, cell)| match found {
                serde_json::Value::Null => cell.is_empty(),
                serde_json::Value::String(text) => text == cell,
                number => cell.parse().ok() == number.as_f64(),
            });
            assert!(same && found.len() == row.len(), "{reader}: {found:?} is not {row:?}");
        }
        read_by.push(reader);
    }
    if read_by.is_empty() {
        println!("other_readers_find_the_rows_of_the_csv_file: skipped, {python} has no duckdb, pyarrow or polars");
    } else {
        println!("results.parquet was read by {}", read_by.join(", "));
    }
    fs::remove_file(written).expect("a file");
}
