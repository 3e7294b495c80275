//! What becomes of fields that no type has: `--validate`, as kubectl has it.

use std::str::FromStr;

/// `--validate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validate {
    /// Unknown and duplicate fields are errors.
    #[default]
    Strict,
    /// They are left out, with a warning each.
    Warn,
    /// They are left out.
    Ignore,
}

impl FromStr for Validate {
    type Err = String;

    /// Reads the words that kubectl takes.
    fn from_str(text: &str) -> Result<Validate, String> {
        match text {
            "strict" | "true" => Ok(Validate::Strict),
            "warn" => Ok(Validate::Warn),
            "ignore" | "false" => Ok(Validate::Ignore),
            _ => Err(format!("invalid value \"{text}\": write strict, warn or ignore")),
        }
    }
}
