//! The text that was handed in, and places in it.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::kernel::rng::entity;

/// A file, or standard input, as the caller read it.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: the path as the user wrote it, or `<stdin>`. Files that an action applies are looked
    /// for in the folder of this path.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// A file that documents name: the times of arrivals, the manifests of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideFile {
    /// Its path as the documents have it: from their own folder, wherever that is.
    pub name: String,
    /// Of its content.
    pub digest: u64,
}

impl SideFile {
    /// The file that was read under this name.
    pub(super) fn of(name: &str, read: &Source) -> SideFile {
        SideFile { name: name.to_owned(), digest: entity(&[&read.bytes]) }
    }
}

/// What messages call standard input.
pub const STDIN: &str = "<stdin>";

/// Most bytes that one source may hold: far more than any scenario needs, and little enough to keep in memory.
pub const MAX_SOURCE_BYTES: usize = 64 << 20;

impl Source {
    /// Reads a file, no further than the limit and a byte.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn from_file(path: &Path, name: &str) -> io::Result<Source> {
        Source::from_reader(std::fs::File::open(path)?, name)
    }

    /// Reads all there is, no further than the limit and a byte.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn from_reader(reader: impl Read, name: &str) -> io::Result<Source> {
        let mut bytes = Vec::new();
        reader.take(MAX_SOURCE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Source { name: name.to_string(), bytes })
    }
}

/// The schema that `jobsim init` writes beside a scenario: no manifest, though it is JSON.
pub const SCHEMA_FILE: &str = "jobsim.schema.json";

/// What becomes of folders in a folder that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// They are passed over.
    Left,
    /// They are passed over, and `-R` would take them.
    Offered,
    /// What is in them is read too.
    Taken,
}

/// Reads what `-f` names: files, folders (their files that end in `.yaml`, `.yml` or `.json`, by name), and standard
/// input for `-`.
///
/// # Errors
/// A sentence for each that cannot be read.
pub fn load(names: &[PathBuf], below: Below, stdin: &mut dyn Read) -> Result<Vec<Source>, Vec<String>> {
    let (mut sources, mut errors) = (Vec::new(), Vec::new());
    for name in names {
        let read = if name.as_os_str() == "-" {
            Source::from_reader(&mut *stdin, STDIN).map(|source| vec![source])
        } else if name.is_dir() {
            folder(name, below == Below::Taken)
        } else {
            Source::from_file(name, &name.display().to_string()).map(|source| vec![source])
        };
        match read {
            Ok(read) if read.is_empty() => {
                let none = format!("no .yaml, .yml or .json files in {}", name.display());
                let is_deeper = below == Below::Offered && folder(name, true).is_ok_and(|read| !read.is_empty());
                errors.push(if is_deeper { format!("{none}; there are some in folders below it: -R") } else { none });
            }
            Ok(read) => sources.extend(read),
            Err(error) => errors.push(format!("cannot read {}: {error}", name.display())),
        }
    }
    if errors.is_empty() { Ok(sources) } else { Err(errors) }
}

fn folder(folder: &Path, recursive: bool) -> io::Result<Vec<Source>> {
    let mut paths = Vec::new();
    manifests(folder, recursive, &mut paths)?;
    paths.sort();
    paths.iter().map(|path| Source::from_file(path, &path.display().to_string())).collect()
}

fn manifests(folder: &Path, recursive: bool, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_file() && matches!(ending, Some("yaml" | "yml" | "json")) && !path.ends_with(SCHEMA_FILE) {
            found.push(path);
        } else if recursive && path.is_dir() && !path.is_symlink() {
            manifests(&path, recursive, found)?;
        }
    }
    Ok(())
}

/// Is it JSON that is no manifest and no list of such: an object with neither `apiVersion` nor `kind`, or no object? What
/// lies beside manifests, such as the schema for editors, is no mistake. What cannot be read as JSON may be one.
pub fn is_other_json(source: &Source) -> bool {
    let is_json = source.name.ends_with(".json");
    let read = || serde_json::from_slice::<serde_json::Value>(&source.bytes).ok();
    is_json && read().is_some_and(|value| value.get("apiVersion").is_none() && value.get("kind").is_none())
}

/// A source that is text.
pub struct SourceText {
    /// As in [`Source`].
    pub name: String,
    /// The whole of it.
    pub text: String,
    line_starts: OnceLock<Vec<u32>>,
}

impl fmt::Debug for SourceText {
    /// Its name; the text can be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceText").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A range of bytes of a [`SourceText`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
}

impl Span {
    /// As a range of indices.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl SourceText {
    /// Checks that a source is text of a bearable size: UTF-8, or UTF-16 with a byte-order mark, as the API server
    /// reads it.
    ///
    /// # Errors
    /// A sentence that says what else it is.
    pub fn new(source: Source) -> Result<SourceText, String> {
        if source.bytes.len() > MAX_SOURCE_BYTES {
            return Err(format!("too large: more than {} MiB", MAX_SOURCE_BYTES >> 20));
        }
        let text = match source.bytes.as_slice() {
            [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
            [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
            _ => String::from_utf8(source.bytes).map_err(|e| {
                let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
                let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
                let start = good.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
                let column = String::from_utf8_lossy(&good[start..]).chars().count() + 1;
                format!("not a text file: {line}:{column} is not UTF-8 (is it binary?)")
            })?,
        };
        Ok(SourceText { name: source.name, text, line_starts: OnceLock::new() })
    }

    /// Line and column of a byte, both counted from 1, columns in characters.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start <= offset).max(1);
        let before = self.text.get(starts[line - 1] as usize..offset as usize).unwrap_or_default();
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// The bytes of some lines, counted from 1, without the last line break; cut to those that there are.
    pub fn lines(&self, lines: Range<usize>) -> Range<usize> {
        let starts = self.line_starts();
        let start = starts.get(lines.start.saturating_sub(1)).map_or(self.text.len(), |&s| s as usize);
        let end = starts.get(lines.end.saturating_sub(1)).map_or(self.text.len(), |&s| s as usize).max(start);
        let text = self.text.get(start..end).unwrap_or_default();
        // A mark at the very beginning says how the file is encoded; anywhere else it is a character like others.
        let shown = if start == 0 { text.trim_start_matches('\u{feff}') } else { text };
        let start = start + text.len() - shown.len();
        start..start + shown.trim_end_matches(['\n', '\r']).len()
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i as u32 + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| "not a text file: bad UTF-16".to_string())
}

/// A place that a message is about.
#[derive(Clone, Debug)]
pub struct Location {
    /// Where.
    pub source: Arc<SourceText>,
    /// What part of it.
    pub span: Span,
}

impl fmt::Display for Location {
    /// `file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.line_column(self.span.start);
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

/// A file that the scenario names, which lies in the scenario's folder or below.
pub(super) fn beside(file: &str, location: &Location) -> Result<Source, String> {
    let relative = Path::new(file);
    let stays = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let escapes = || format!("\"{file}\" leaves the scenario's folder");
    if !stays || file.is_empty() {
        return Err(escapes());
    }
    let folder = Path::new(&location.source.name).parent().filter(|folder| !folder.as_os_str().is_empty());
    let path = folder.map_or(relative.to_owned(), |folder| folder.join(relative));
    let folder = folder.unwrap_or(Path::new("."));
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    // A symbolic link can lead out too.
    let (real, real_folder) = (path.canonicalize().map_err(unreadable)?, folder.canonicalize().map_err(unreadable)?);
    if !real.starts_with(real_folder) {
        return Err(escapes());
    }
    let name = path.display().to_string();
    Source::from_file(&real, &name).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<SourceText, String> {
        SourceText::new(Source { name: "x".into(), bytes: bytes.into() })
    }

    #[test]
    fn places_are_lines_and_columns_in_characters() {
        let source = text("a: ä b\r\nc: d\n".as_bytes()).unwrap();
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(6), (1, 6), "ä is two bytes and one column");
        assert_eq!(source.line_column(9), (2, 1));
        assert_eq!(&source.text[source.lines(1..2)], "a: ä b");
        assert_eq!(&source.text[source.lines(2..9)], "c: d");
        assert_eq!(source.lines(7..9), 14..14);
    }

    #[test]
    fn a_mark_of_the_encoding_is_left_out_at_the_beginning_alone() {
        let source = text("\u{feff}a\n\u{feff}ä\u{feff}\n\u{feff}".as_bytes()).unwrap();
        let lines = [1, 2, 3].map(|line| &source.text[source.lines(line..line + 1)]);
        assert_eq!(lines, ["a", "\u{feff}ä\u{feff}", "\u{feff}"]);
    }

    #[test]
    fn what_is_not_text_is_named() {
        let last = [b"a\n\xc3\xa4: ".as_slice(), b"\xff"].concat();
        assert_eq!(text(&last).unwrap_err(), "not a text file: 2:4 is not UTF-8 (is it binary?)");
        assert_eq!(text(b"ab\xff").unwrap_err(), "not a text file: 1:3 is not UTF-8 (is it binary?)");
        assert_eq!(text(b"\xff\xfea\0:\0").unwrap().text, "a:");
        assert_eq!(text(b"\xfe\xff\xd8\0").unwrap_err(), "not a text file: bad UTF-16");
        assert!(text(&vec![b' '; MAX_SOURCE_BYTES + 1]).unwrap_err().starts_with("too large: more than 64 MiB"));
    }

    #[test]
    fn folders_are_read_as_deep_as_is_wanted() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("a/b")).unwrap();
        for name in ["a/b/x.yaml", "a/b/y.json", "a/jobsim.schema.json"] {
            std::fs::write(root.path().join(name), "a: 1").unwrap();
        }
        let check = |folder: &str, below: Below, expected: Result<&[&str], &str>| {
            let found = load(&[root.path().join(folder)], below, &mut "".as_bytes());
            let cut = |text: &str| text.replace(&format!("{}/", root.path().display()), "");
            let found = found.map(|sources| sources.iter().map(|source| cut(&source.name)).collect::<Vec<_>>());
            let found = found.map_err(|errors| cut(&errors.join("; ")));
            let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected.map_err(str::to_owned), "{folder} {below:?}");
        };
        check("a/b", Below::Left, Ok(&["a/b/x.yaml", "a/b/y.json"]));
        check("a", Below::Taken, Ok(&["a/b/x.yaml", "a/b/y.json"]));
        check("a", Below::Left, Err("no .yaml, .yml or .json files in a"));
        let deeper = "no .yaml, .yml or .json files in a; there are some in folders below it: -R";
        check("a", Below::Offered, Err(deeper));
    }

    #[test]
    fn json_beside_manifests_is_told_apart() {
        let check = |name: &str, text: &str, expected: bool| {
            let source = Source { name: name.to_owned(), bytes: text.into() };
            assert_eq!(is_other_json(&source), expected, "{name}: {text}");
        };
        check("package.json", "{\"name\": \"x\"}", true);
        check("job.json", "{\"kind\": \"Job\"}", false);
        check("job.yaml", "{\"name\": \"x\"}", false);
        check("broken.json", "{\"kind\": ", false);
    }
}
