//! What kubectl prints: its durations, its tables, its descriptions, its watch.

pub mod custom_columns;
pub mod describe;
pub mod document;
pub mod duration;
pub mod field_selector;
mod fields;
pub mod get;
pub mod jsonpath;
mod node;
pub mod selector;
pub mod sort;
pub mod table;
mod tabs;
pub mod watch;
mod yaml;
