//! Questions that take many runs: sweeps, comparisons, fits, and how they are cut over machines.
//!
//! Replication `r` of every point draws from the same streams, so points differ by what was changed and by nothing
//! else. What a study finds is a function of its scenario and seed: never of threads, machines or the time of day.

pub mod choice;
pub mod compare;
pub mod design;
pub mod difference;
pub mod documents;
pub mod expectations;
pub mod expression;
pub mod fit;
pub mod golden;
pub mod interval;
pub mod replication;
pub mod results;
pub mod section;
pub mod shard;
pub mod steady;
pub mod sweep;
pub mod upgrade;

pub use choice::Choice;
pub use documents::Documents;
pub use expression::Measure;
pub use replication::{Laboratory, Stopped};
pub use results::{Outline, Results, Row};
pub use steady::Steady;
pub use sweep::{StudyError, Sweep, SweepOptions};
