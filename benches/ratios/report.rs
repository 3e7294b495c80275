//! What was found, as a table and as JSON.

use std::process::Command;

use serde_json::{Value, json};

use super::measure::Ratio;

/// A line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The row of design/performance.md.
    pub(crate) row: u8,
    /// Which case of it.
    pub(crate) case: String,
    /// What the next two are in.
    pub(crate) unit: &'static str,
    /// The floor, or what ours is compared with.
    pub(crate) floor: f64,
    /// Ours.
    pub(crate) ours: f64,
    /// What the gate is about.
    pub(crate) ratio: Ratio,
    pub(crate) gate: Gate,
}

/// A bound on a ratio.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gate {
    AtMost(f64),
    AtLeast(f64),
    /// For the record.
    None,
}

impl Finding {
    pub(crate) fn is_met(&self) -> bool {
        match self.gate {
            Gate::AtMost(most) => self.ratio.median <= most,
            Gate::AtLeast(least) => self.ratio.median >= least,
            Gate::None => true,
        }
    }

    fn verdict(&self) -> String {
        let word = if self.is_met() { "met" } else { "MISSED" };
        match self.gate {
            Gate::AtMost(most) => format!("<= {most:.2} {word}"),
            Gate::AtLeast(least) => format!(">= {least:.2} {word}"),
            Gate::None => String::new(),
        }
    }

    /// As a line under [`header`].
    pub(crate) fn line(&self) -> String {
        let Ratio { median, low, high } = self.ratio;
        let [floor, ours] = [self.floor, self.ours].map(rounded);
        let spread = format!("{median:.3} ({low:.3}..{high:.3})");
        format!(
            "{:>3}  {:<44} {floor:>10} {ours:>10} {:<12} {spread:<24} {}",
            self.row,
            self.case,
            self.unit,
            self.verdict()
        )
    }

    fn json(&self) -> Value {
        let (bound, at) = match self.gate {
            Gate::AtMost(most) => ("atMost", Some(most)),
            Gate::AtLeast(least) => ("atLeast", Some(least)),
            Gate::None => ("none", None),
        };
        let Ratio { median, low, high } = self.ratio;
        json!({
            "row": self.row, "case": self.case, "unit": self.unit, "floor": self.floor, "ours": self.ours,
            "ratio": {"median": median, "low": low, "high": high},
            "gate": {"bound": bound, "value": at, "met": self.is_met()},
        })
    }
}

/// The header of the table.
pub(crate) fn header() -> String {
    format!("row  {:<44} {:>10} {:>10} {:<12} {:<24} gate", "what", "floor", "ours", "unit", "ratio (low..high)")
}

fn rounded(value: f64) -> String {
    match value {
        v if v.is_nan() => "-".to_owned(),
        v if v.abs() >= 100.0 => format!("{v:.0}"),
        v => format!("{v:.3}"),
    }
}

/// The record of a run of this program.
pub(crate) fn record(findings: &[Finding]) -> Value {
    json!({
        "date": jiff::Timestamp::now().strftime("%F").to_string(),
        "machine": machine(),
        "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
    })
}

/// Processor, cores, compiler.
pub(crate) fn machine() -> Value {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc =
        rustc.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    json!({
        "cpu": field("model name"), "family": field("cpu family"), "model": field("model\t"), "cores": cores,
        "rustc": rustc,
    })
}
