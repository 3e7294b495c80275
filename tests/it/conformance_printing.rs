//! Durations as the printers of Kubernetes 1.37 wrote them.

#![allow(clippy::print_stdout, reason = "a data set's test says how many passed")]

use std::path::PathBuf;

use jobsim::report::kubectl::duration::{human, short_human};

#[test]
fn conformance_printing_durations() {
    let folder = std::env::var_os("JOBSIM_CONFORMANCE")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance")), PathBuf::from)
        .join("printing");
    let Ok(mut table) = csv::Reader::from_path(folder.join("durations.csv")) else {
        println!("printing/durations.csv: skipped, there is none");
        return;
    };
    let (mut all, mut failed) = (0, Vec::new());
    for row in table.records() {
        let row = row.expect("durations.csv is a table");
        let nanos: i64 = row[0].parse().expect("whole nanoseconds");
        all += 1;
        if (human(nanos).as_str(), short_human(nanos).as_str()) != (&row[1], &row[2]) {
            failed.push(format!("{nanos}: {} {}, not {} {}", human(nanos), short_human(nanos), &row[1], &row[2]));
        }
    }
    println!("printing/durations.csv: passed {} of {all}", all - failed.len());
    assert!(all > 0, "durations.csv is empty");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
