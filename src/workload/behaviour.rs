//! The rules of `spec.pods`: for each field the first rule that matches and sets it wins.

/// The rules of a scenario, in order.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {}
