//! What a shard holds, wherever it stands: what it says of itself, and its values.

use serde::{Deserialize, Serialize};

use super::{Shard, ShardError};
use crate::kernel::rng::entity;
use crate::study::results::{Outline, cell};

/// What a shard says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    tool: String,
    pub(super) version: String,
    #[serde(flatten)]
    pub(super) part: Shard,
    /// Of the values.
    digest: String,
    pub(super) study: Outline,
}

/// A shard as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) about: About,
    /// Its values as a table: a line for each run, under a head.
    pub(super) values: String,
}

impl Part {
    /// The values of a shard's runs, in their order.
    pub(super) fn new(shard: Shard, outline: &Outline, values: &[f64]) -> Part {
        let names: Vec<String> = outline.metrics.iter().map(|metric| cell(metric)).collect();
        let last = match (outline.batches(), outline.tells_completion) {
            (1, false) => "",
            (1, true) => ",completed",
            _ => ",memory",
        };
        let mut text = format!("cell,{}{last}\n", vec![names.join(","); outline.batches()].join(","));
        for (cell, row) in shard.cells(runs(outline)).zip(values.chunks(outline.width().max(1))) {
            let row: Vec<String> = row.iter().map(|value| value.to_string()).collect();
            text += &format!("{cell},{}\n", row.join(","));
        }
        let about = About {
            tool: "jobsim".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            part: shard,
            digest: digest(&text),
            study: outline.clone(),
        };
        Part { about, values: text }
    }
}

impl About {
    /// Reads the table of values back.
    ///
    /// # Errors
    /// If it is not the one that was written; `name` is where it stands.
    pub(super) fn read(&self, name: &str, text: &str) -> Result<Vec<f64>, ShardError> {
        let damaged = || ShardError::Damaged { name: name.to_owned(), why: "its digest differs".to_owned() };
        if digest(text) != self.digest {
            return Err(damaged());
        }
        let mut values = Vec::new();
        let mut lines = text.lines().skip(1);
        for cell in self.part.cells(runs(&self.study)) {
            let line = lines.next().ok_or_else(damaged)?;
            let (number, row) = line.split_once(',').ok_or_else(damaged)?;
            if number != cell.to_string() {
                return Err(damaged());
            }
            for value in row.split(',') {
                values.push(value.parse().map_err(|_| damaged())?);
            }
        }
        Ok(values)
    }
}

fn runs(outline: &Outline) -> u64 {
    outline.points.len() as u64 * u64::from(outline.replications)
}

fn digest(text: &str) -> String {
    format!("{:016x}", entity(&[text.as_bytes()]))
}
