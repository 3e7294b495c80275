//! The CSV tables of a run: what changed, when, as rows that spreadsheets and scripts read.
//!
//! RFC 4180 with `\n`, a header row, and times as exact decimals of seconds since `startTime`. One file here a table.
//! The `csv` crate's writer takes four times as long for these rows of many short numbers, so a row is put together here.

mod cronjobs;
mod events;
mod jobs;
mod nodes;
mod pods;
mod requests;
mod run_table;
mod waits;

use std::io::{self, Write};

pub use cronjobs::{CRONJOBS_HEADER, cronjobs_csv};
pub use events::{EVENTS_HEADER, events_csv};
pub use jobs::{JOBS_HEADER, jobs_csv};
pub use nodes::{NODES_HEADER, nodes_csv};
pub use pods::{PODS_HEADER, pods_csv};
pub use requests::{REQUESTS_HEADER, requests_csv};
pub use run_table::RunTable;
pub use waits::{WAITS_HEADER, waits_csv};

pub(super) use cronjobs::cron_job_row;
pub(super) use events::event_row;
pub(super) use jobs::job_row;
pub(super) use nodes::node_row;
pub(super) use pods::pod_row;

use crate::kernel::time::{NANOS_PER_SECOND, SimTime};

/// Bytes gathered before they are handed to the writer.
const CHUNK: usize = 1 << 16;

/// A table being written, field by field, in the order of its header.
pub(super) struct Table<W: Write> {
    out: W,
    rows: Vec<u8>,
    digits: itoa::Buffer,
}

impl<W: Write> Table<W> {
    pub(super) fn new(out: W, header: &str) -> Table<W> {
        let mut rows = Vec::with_capacity(CHUNK + 1024);
        rows.extend_from_slice(header.as_bytes());
        rows.push(b'\n');
        Table { out, rows, digits: itoa::Buffer::new() }
    }

    /// A field of any text, in quotes where RFC 4180 asks for them.
    fn text(&mut self, text: &str) {
        // Without a way out early the compiler looks at many bytes at once.
        if text.bytes().fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.rows.push(b'"');
            for byte in text.bytes() {
                if byte == b'"' {
                    self.rows.push(b'"');
                }
                self.rows.push(byte);
            }
            self.rows.push(b'"');
            self.rows.push(b',');
        } else {
            self.word(text);
        }
    }

    /// A field of a text that is known to need no quotes.
    fn word(&mut self, word: &str) {
        self.rows.extend_from_slice(word.as_bytes());
        self.rows.push(b',');
    }

    fn number(&mut self, number: impl itoa::Integer) {
        self.rows.extend_from_slice(self.digits.format(number).as_bytes());
        self.rows.push(b',');
    }

    /// A number, or nothing.
    fn maybe(&mut self, number: Option<impl itoa::Integer>) {
        match number {
            Some(number) => self.number(number),
            None => self.empty(1),
        }
    }

    /// Seconds as a decimal without trailing zeros, cut to the microsecond, or nothing.
    fn time(&mut self, time: impl Into<Option<SimTime>>) {
        let Some(SimTime(nanos)) = time.into() else { return self.empty(1) };
        self.rows.extend_from_slice(self.digits.format(nanos / NANOS_PER_SECOND).as_bytes());
        let fraction = nanos % NANOS_PER_SECOND / 1_000 * 1_000;
        if fraction != 0 {
            // The digit in front keeps the zeros after the point.
            let digits = self.digits.format(NANOS_PER_SECOND + fraction).as_bytes();
            let end = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(0);
            self.rows.push(b'.');
            self.rows.extend_from_slice(&digits[1..=end]);
        }
        self.rows.push(b',');
    }

    /// So many empty fields.
    fn empty(&mut self, fields: usize) {
        self.rows.resize(self.rows.len() + fields, b',');
    }

    fn end_row(&mut self) -> io::Result<()> {
        if let Some(last) = self.rows.last_mut() {
            *last = b'\n';
        }
        if self.rows.len() >= CHUNK {
            self.out.write_all(&self.rows)?;
            self.rows.clear();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.rows)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_rfc_4180_asks() {
        let check = |text: &str, field: &str| {
            let mut bytes = Vec::new();
            let mut table = Table::new(&mut bytes, "a,b");
            table.text(text);
            table.number(-3);
            table.end_row().unwrap();
            table.finish().unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("a,b\n{field},-3\n"));
        };
        check("", "");
        check("plain text", "plain text");
        check("a,b", "\"a,b\"");
        check("say \"no\"", "\"say \"\"no\"\"\"");
        check("two\nlines\r", "\"two\nlines\r\"");
    }

    #[test]
    fn times_are_those_of_sim_time_to_the_microsecond() {
        let mut seen = 0;
        for nanos in [0, 1, 999, 1_000, 999_999_999, 1_000_000_000, 35_830_000_000, 1_200_100_000_000, u64::MAX] {
            let mut bytes = Vec::new();
            let mut table = Table::new(&mut bytes, "t,n");
            table.time(SimTime(nanos));
            table.time(None);
            table.end_row().unwrap();
            table.finish().unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("t,n\n{},\n", SimTime(nanos / 1_000 * 1_000)));
            seen += 1;
        }
        assert_eq!(seen, 9);
    }

    #[test]
    fn long_tables_pass_through_in_chunks_unchanged() {
        let mut bytes = Vec::new();
        let mut table = Table::new(&mut bytes, "n,word");
        for n in 0..50_000_u32 {
            table.number(n);
            table.word("row");
            table.end_row().unwrap();
        }
        table.finish().unwrap();
        let wanted: String = (0..50_000).map(|n| format!("{n},row\n")).collect();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("n,word\n{wanted}"));
    }
}
