//! Outcomes of tests: for people, as JSON, as JUnit XML, as annotations of GitHub Actions.

use std::io::{self, Write};

use serde::Serialize;

/// What became of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It does what it did, and what is expected of it.
    Passed,
    /// What it does now was recorded.
    Blessed,
    /// It does not.
    Failed,
}

/// A scenario's test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Name of the scenario.
    pub name: String,
    /// Its file.
    pub file: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What is wrong, a sentence each; of what was recorded, what should be known of it.
    pub complaints: Vec<String>,
}

impl Verdict {
    /// Adds a complaint.
    pub fn fail(&mut self, complaint: String) {
        self.outcome = Outcome::Failed;
        self.complaints.push(complaint);
    }

    /// Its trace was recorded anew; expectations that do not hold stay failures.
    pub fn blessed(&mut self) {
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::Blessed;
        }
    }
}

/// For people: failures with their reasons, then counts.
///
/// # Errors
/// Those of `out`.
pub fn human(verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    for verdict in verdicts {
        match verdict.outcome {
            Outcome::Passed => {}
            Outcome::Blessed => {
                writeln!(out, "recorded {}", verdict.name)?;
                for note in &verdict.complaints {
                    writeln!(out, "  {note}")?;
                }
            }
            Outcome::Failed => {
                writeln!(out, "FAILED {} ({})", verdict.name, verdict.file)?;
                for complaint in &verdict.complaints {
                    writeln!(out, "  {}", complaint.replace('\n', "\n  "))?;
                }
            }
        }
    }
    let count = |outcome| verdicts.iter().filter(|verdict| verdict.outcome == outcome).count();
    let (passed, blessed, failed) = (count(Outcome::Passed), count(Outcome::Blessed), count(Outcome::Failed));
    let recorded = if blessed > 0 { format!(", {blessed} recorded") } else { String::new() };
    writeln!(
        out,
        "{passed} of {} scenarios pass{recorded}{}",
        verdicts.len(),
        match failed {
            0 => String::new(),
            n => format!(", {n} fail; if that is meant: --bless"),
        }
    )
}

/// `{"passed": .., "tests": [..]}`.
///
/// # Errors
/// Those of `out`.
pub fn json(verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        passed: bool,
        tests: &'a [Verdict],
    }
    let passed = verdicts.iter().all(|verdict| verdict.outcome != Outcome::Failed);
    serde_json::to_writer_pretty(&mut *out, &Document { passed, tests: verdicts })?;
    writeln!(out)
}

/// JUnit XML.
///
/// # Errors
/// Those of `out`.
pub fn junit(verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    let failures = verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Failed).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuite name=\"jobsim\" tests=\"{}\" failures=\"{failures}\">", verdicts.len())?;
    for verdict in verdicts {
        let (name, file) = (escaped(&verdict.name), escaped(&verdict.file));
        if verdict.outcome != Outcome::Failed {
            writeln!(out, "  <testcase classname=\"jobsim\" name=\"{name}\" file=\"{file}\"/>")?;
            continue;
        }
        let first = escaped(verdict.complaints.first().map_or("", |text| text.lines().next().unwrap_or("")));
        writeln!(out, "  <testcase classname=\"jobsim\" name=\"{name}\" file=\"{file}\">")?;
        writeln!(out, "    <failure message=\"{first}\">{}</failure>", escaped(&verdict.complaints.join("\n")))?;
        writeln!(out, "  </testcase>")?;
    }
    writeln!(out, "</testsuite>")
}

/// A text in XML; control characters that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Annotations, and then what people are told.
///
/// # Errors
/// Those of `out`.
pub fn github(verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    annotations(verdicts, out)?;
    human(verdicts, out)
}

/// An annotation a failure, at the scenario's file.
///
/// # Errors
/// Those of `out`.
pub fn annotations(verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    for verdict in verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Failed) {
        let title = property(&format!("jobsim: {}", verdict.name));
        writeln!(
            out,
            "::error file={},title={title}::{}",
            property(&verdict.file),
            data(&verdict.complaints.join("\n"))
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts() -> Vec<Verdict> {
        let verdict = |name: &str| Verdict {
            name: name.to_owned(),
            file: format!("{name}.yaml"),
            outcome: Outcome::Passed,
            complaints: Vec::new(),
        };
        let mut failed = verdict("a,b");
        failed.fail("p95(wait) < 30s:\n100 % <more>".to_owned());
        failed.blessed();
        vec![verdict("pi"), failed]
    }

    fn check(write: impl Fn(&[Verdict], &mut Vec<u8>) -> io::Result<()>, expected: &str) {
        let mut out = Vec::new();
        write(&verdicts(), &mut out).expect("written");
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }

    #[test]
    fn outcomes_in_each_form() {
        let text = "FAILED a,b (a,b.yaml)\n  p95(wait) < 30s:\n  100 % <more>\n1 of 2 scenarios pass, 1 fail; if that \
                    is meant: --bless\n";
        check(human, text);
        let annotation = "::error file=a%2Cb.yaml,title=jobsim%3A a%2Cb::p95(wait) < 30s:%0A100 %25 <more>\n";
        check(github, &format!("{annotation}{text}"));
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"jobsim\" tests=\"2\" failures=\"1\">\n  \
                   <testcase classname=\"jobsim\" name=\"pi\" file=\"pi.yaml\"/>\n  <testcase classname=\"jobsim\" \
                   name=\"a,b\" file=\"a,b.yaml\">\n    <failure message=\"p95(wait) &lt; 30s:\">p95(wait) &lt; \
                   30s:\n100 % &lt;more&gt;</failure>\n  </testcase>\n</testsuite>\n";
        check(junit, xml);
    }
}
