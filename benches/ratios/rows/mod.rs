//! The rows of design/performance.md. Gates are ratios: the gate of the row over the floor that it was set against, so
//! that they hold on any machine.

pub(crate) mod event_list;
pub(crate) mod fleet;
pub(crate) mod growth;
pub(crate) mod model;
pub(crate) mod nodes;
pub(crate) mod process;
pub(crate) mod replications;
pub(crate) mod tables;

use super::measure::Effort;
use super::report::Finding;

/// Nanoseconds a pod of the life-cycle floor, with 1,000 of them live, where the gates were set.
const LIFE_CYCLE: f64 = 277.0;

/// A group of rows that are measured together.
pub(crate) struct Group {
    /// The rows.
    pub(crate) rows: &'static [u8],
    pub(crate) measure: fn(Effort) -> Vec<Finding>,
}

/// All of them.
pub(crate) const GROUPS: [Group; 9] = [
    Group { rows: &[1], measure: event_list::measure },
    Group { rows: &[2, 3], measure: model::measure },
    Group { rows: &[4], measure: growth::measure },
    Group { rows: &[5], measure: nodes::many_and_few },
    Group { rows: &[7, 8], measure: replications::measure },
    Group { rows: &[9, 10], measure: tables::measure },
    Group { rows: &[11], measure: process::measure },
    Group { rows: &[12], measure: nodes::mixed },
    Group { rows: &[13], measure: fleet::measure },
];
