//! What people see of a run: charts, tables, summaries, and files written whole or not at all.

pub mod calendar;
pub mod chart;
pub mod comparison;
pub mod compress;
pub mod digest;
pub mod fit;
pub mod kubectl;
pub mod manual;
pub mod objects;
pub mod output;
#[cfg(all(feature = "parquet", target_endian = "little"))]
pub mod parquet;
pub mod study;
pub mod summary;
pub mod v1;
pub mod verdicts;
