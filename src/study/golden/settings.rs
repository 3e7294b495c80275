//! What a scenario asked for when its trace was recorded: the cause that a difference is told with.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::difference::{SettingChange, Settings, changes_between, settings};
use crate::scenario::Scenario;

/// Its file: JSON, under a name that nobody takes for a manifest's.
pub(super) const FILE: &str = "settings.txt";

/// How the file begins.
const BEGINNING: &[u8] = b"{\n  \"settings\"";

#[derive(Serialize, Deserialize)]
struct Document {
    settings: Settings,
}

/// The file to keep beside a trace.
pub fn kept_settings(scenario: &Scenario) -> (String, Vec<u8>) {
    let document = Document { settings: settings(scenario) };
    // Values that were JSON before are JSON again.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
    (FILE.to_owned(), text.into_bytes())
}

/// What the scenario asks for other than when its trace was recorded; nothing where that was not kept, or not as it is
/// kept by now.
///
/// # Errors
/// A file that is there and cannot be read.
pub fn changed_settings(folder: &Path, scenario: &Scenario) -> io::Result<Option<Vec<SettingChange>>> {
    let text = match fs::read(folder.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let before: Option<Document> = serde_json::from_slice(&text).ok();
    Ok(before.map(|before| changes_between(&before.settings, &settings(scenario))))
}

/// Is this text such a file?
pub(super) fn is_ours(text: &[u8]) -> bool {
    text.starts_with(BEGINNING)
}
