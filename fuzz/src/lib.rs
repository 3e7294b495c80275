//! What the targets feed: the same functions as `cargo test` does.

#[path = "../../tests/it/inputs.rs"]
pub mod inputs;
