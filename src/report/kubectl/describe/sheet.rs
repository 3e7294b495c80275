//! The paper that descriptions are written on.

use serde_json::Value;

use super::super::fields::entries;
use super::super::tabs::align;

/// Longest annotation on one line.
const MAX_ANNOTATION: usize = 140;

/// Lines with tabs, which are set when the sheet is finished or flushed.
#[derive(Default)]
pub(super) struct Sheet {
    text: String,
    done: String,
}

impl Sheet {
    pub(super) fn new() -> Sheet {
        Sheet::default()
    }

    /// A line, indented by two spaces a level.
    pub(super) fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.raw(&"  ".repeat(level));
        self.raw(text.as_ref());
        self.text.push('\n');
    }

    /// `name:` and its value.
    pub(super) fn field(&mut self, level: usize, name: &str, value: impl AsRef<str>) {
        self.line(level, format!("{name}:\t{}", value.as_ref()));
    }

    /// Text without a line's end. What a terminal would act on is made harmless (`WriteEscaped`).
    pub(super) fn raw(&mut self, text: &str) {
        self.text.push_str(&text.replace('\u{1b}', "^[").replace('\r', "\\r"));
    }

    /// What follows has columns of its own.
    pub(super) fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.done += &align(&text);
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        self.done
    }

    /// A title and values below each other, or `<none>`.
    pub(super) fn list(&mut self, title: &str, values: impl IntoIterator<Item = String>) {
        self.list_within("", "", title, values);
    }

    /// The same further in: kubectl indents each piece that it writes (`nestedPrefixWriter`), so that the values, which
    /// come with their indentation, stand further right than others. `gap` is before them where there is no title.
    fn list_within(&mut self, indent: &str, gap: &str, title: &str, values: impl IntoIterator<Item = String>) {
        self.raw(&format!("{indent}{title}:\t"));
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return self.line(0, format!("{indent}<none>"));
        }
        for (number, value) in values.enumerate() {
            let before = if number == 0 { String::new() } else { format!("{gap}\t") };
            self.line(0, before + &value);
        }
    }

    /// Labels, a line each.
    pub(super) fn labels(&mut self, title: &str, labels: &Value) {
        self.labels_within("", title, labels);
    }

    pub(super) fn labels_within(&mut self, indent: &str, title: &str, labels: &Value) {
        let lines = entries(labels).map(|(key, value)| format!("{indent}{key}={value}"));
        self.list_within(indent, &indent.repeat(2), title, lines);
    }

    /// Annotations; long ones and those of several lines begin below their key (`printAnnotationsMultiline`).
    pub(super) fn annotations(&mut self, title: &str, annotations: &Value) {
        self.annotations_within("", title, annotations);
    }

    pub(super) fn annotations_within(&mut self, indent: &str, title: &str, annotations: &Value) {
        let shown = entries(annotations).filter(|(key, _)| *key != "kubectl.kubernetes.io/last-applied-configuration");
        let mut lines = Vec::new();
        for (key, value) in shown {
            let value = value.strip_suffix('\n').unwrap_or(value);
            if value.len() + key.len() + 2 > MAX_ANNOTATION || value.contains('\n') {
                lines.push(format!("{indent}{key}:"));
                lines.extend(value.split('\n').map(|line| format!("  {}", shortened(line, MAX_ANNOTATION - 2))));
            } else {
                lines.push(format!("{indent}{key}: {value}"));
            }
        }
        self.list_within(indent, indent, title, lines);
    }
}

/// Text cut to so many bytes, with dots where it was.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned() + "..."
}
