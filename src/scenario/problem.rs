//! What is wrong with the documents: where, in kubectl's words, with the way out.

use std::borrow::Cow;
use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::source::Location;

/// Most problems that are printed one by one.
const MAX_PRINTED: usize = 50;
/// Longest line of a source that is shown.
const MAX_LINE: usize = 400;

/// Longest message that is printed whole: they can quote what the user wrote.
const MAX_MESSAGE: usize = 10_000;

/// Most lines of one that is long.
const MAX_LINES: usize = 20;

/// One thing to mend, or to know.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Does it stop the run?
    pub severity: Severity,
    /// What it is, in one line; for manifests what kubectl would say.
    pub title: String,
    /// Where it is.
    pub location: Option<Location>,
    /// What to say at the place.
    pub label: String,
    /// Ways out.
    pub help: Vec<String>,
    /// Whose business it is.
    pub about: About,
}

/// What a [`Problem`] is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    /// An object of Kubernetes: the API server or kubectl says it, and a cluster would refuse the object too.
    Object,
    /// That there is nothing to run.
    Nothing,
    /// Our own document, a file, or how the documents fit together.
    #[default]
    Scenario,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is run.
    Error,
    /// The run goes on without what it is about.
    Warning,
}

/// A problem that does not stop the run.
pub type Warning = Problem;

/// Everything that stops a scenario from being read, at least one thing.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// In the order of the documents.
    pub list: Vec<Problem>,
    /// What kubectl would print, if it would not create the objects.
    pub kubectl: Option<String>,
}

impl Problem {
    /// An error without a place.
    pub fn error(title: impl Into<String>) -> Problem {
        let title = title.into();
        let (label, help) = (String::new(), Vec::new());
        Problem { severity: Severity::Error, title, location: None, label, help, about: About::Scenario }
    }

    /// An error at a place.
    pub fn at(location: Location, title: impl Into<String>) -> Problem {
        Problem { location: Some(location), ..Problem::error(title) }
    }

    /// With a remark at the place.
    pub fn label(self, label: impl Into<String>) -> Problem {
        Problem { label: label.into(), ..self }
    }

    /// With a way out.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help.extend(Some(help.into()).filter(|help| !help.is_empty()));
        self
    }

    /// As one of these.
    pub fn about(self, about: About) -> Problem {
        Problem { about, ..self }
    }

    /// As a warning.
    pub fn warning(self) -> Problem {
        Problem { severity: Severity::Warning, ..self }
    }

    /// As text for a terminal or, without colour, for anything.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(shortened(&self.title)));
        if let Some(location) = &self.location {
            group = show(group, location, &self.label);
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// The line of the place; only where it is, if that is too long to show.
fn show<'a>(group: Group<'a>, location: &'a Location, label: &'a str) -> Group<'a> {
    let source = &location.source;
    let (line, column) = source.line_column(location.span.start);
    let shown = source.lines(line..line + 1);
    if shown.len() > MAX_LINE {
        return group.element(Origin::path(source.name.as_str()).line(line).char_column(column));
    }
    let start = (location.span.start as usize).saturating_sub(shown.start).min(shown.len());
    let end = (location.span.end as usize).saturating_sub(shown.start).clamp(start, shown.len());
    let text = &source.text[shown];
    let mut mark = AnnotationKind::Primary.span(start..end);
    if !label.is_empty() {
        mark = mark.label(label);
    }
    group.element(Snippet::source(text).line_start(line).path(source.name.as_str()).annotation(mark))
}

fn shortened(message: &str) -> Cow<'_, str> {
    // An object that kubectl repeats whole.
    if let Some((end, _)) = message.match_indices('\n').nth(MAX_LINES).filter(|_| message.len() > MAX_MESSAGE / 4) {
        return Cow::Owned(format!("{}\n... ({} bytes in all)", &message[..end], message.len()));
    }
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => Cow::Owned(format!("{}... ({} bytes in all)", &message[..end], message.len())),
        None => Cow::Borrowed(message),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Problems {
    /// How many are so bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|problem| problem.severity == severity).count()
    }

    /// Are all errors about this, and is there one?
    pub fn are_all(&self, about: About) -> bool {
        let mut errors = self.list.iter().filter(|problem| problem.severity == Severity::Error).peekable();
        errors.peek().is_some() && errors.all(|error| error.about == about)
    }

    /// As text: each problem, then what kubectl would have said.
    pub fn render(&self, colour: bool) -> String {
        let mut parts: Vec<String> = self.list.iter().take(MAX_PRINTED).map(|p| p.render(colour)).collect();
        if self.list.len() > MAX_PRINTED {
            parts.push(format!("... and {} more problems", self.list.len() - MAX_PRINTED));
        }
        parts.extend(self.kubectl.iter().map(|words| format!("kubectl would say:\n{}", shortened(words))));
        parts.join("\n\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::source::{Source, SourceText, Span};
    use super::*;

    #[test]
    fn a_problem_shows_its_line() {
        let text = "a: 1\n  bé: 2\nc: 3\n";
        let source = SourceText::new(Source { name: "x.yaml".into(), bytes: text.into() }).unwrap();
        let location = Location { source: Arc::new(source), span: Span { start: 7, end: 10 } };
        let problem = Problem::at(location, "unknown field \"b\"").label("not a field").help("remove it");
        let expected = "\
error: unknown field \"b\"
 --> x.yaml:2:3
  |
2 |   bé: 2
  |   ^^ not a field
  |
  = help: remove it";
        assert_eq!(problem.to_string(), expected);
        let many = Problems { list: vec![problem; MAX_PRINTED + 2], kubectl: Some("no".into()) };
        assert!(many.to_string().ends_with("\n\n... and 2 more problems\n\nkubectl would say:\nno"));
    }

    #[test]
    fn long_lines_are_not_shown() {
        let text = "x".repeat(1 << 20);
        let source = SourceText::new(Source { name: "x".into(), bytes: text.into() }).unwrap();
        let location = Location { source: Arc::new(source), span: Span { start: 5, end: 6 } };
        assert_eq!(Problem::at(location, "no").to_string(), "error: no\n--> x:1:6");
        let long = Problem::error("é".repeat(1 << 20)).to_string();
        assert!(long.ends_with("éé... (2097152 bytes in all)") && long.len() < 3 * MAX_MESSAGE);
    }
}
