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

/// What is kept of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Golden {
    /// What it does.
    Trace,
    /// What it is refused with.
    Refusal,
    /// Nothing: only what it expects is tested.
    Missing,
    /// A trace, or a refusal, without the scenario.
    Alone,
}

/// What mends a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// To record anew, if it is meant.
    Bless,
    /// Another expectation, if it is meant.
    Expectation,
    /// Neither.
    Nothing,
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
    /// What is kept of it, if it came to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub golden: Option<Golden>,
    /// The folder of golden traces that its own is in, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub golden_folder: Option<String>,
    /// Was what it does now recorded, whether it does what is expected or not?
    pub recorded: bool,
    /// What is wrong, a sentence each; of what was recorded, what should be known of it.
    pub complaints: Vec<String>,
    /// What should be known of it and is no fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What mends the complaints, of each.
    #[serde(skip)]
    pub remedies: Vec<Remedy>,
}

impl Verdict {
    /// Of a scenario with which nothing is wrong so far.
    pub fn new(name: String, file: String) -> Verdict {
        Verdict {
            name,
            file,
            outcome: Outcome::Passed,
            golden: None,
            golden_folder: None,
            recorded: false,
            complaints: Vec::new(),
            notes: Vec::new(),
            remedies: Vec::new(),
        }
    }

    /// Adds a complaint.
    pub fn fail(&mut self, complaint: String, remedy: Remedy) {
        self.outcome = Outcome::Failed;
        self.complaints.push(complaint);
        self.remedies.push(remedy);
    }

    /// Its trace was recorded anew; expectations that do not hold stay failures.
    pub fn blessed(&mut self, golden: Golden) {
        (self.recorded, self.golden) = (true, Some(golden));
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::Blessed;
        }
    }

    fn is_alone(&self) -> bool {
        self.golden == Some(Golden::Alone)
    }
}

/// For people: failures with their reasons, notes, then counts; `idle` files had nothing to run.
///
/// # Errors
/// Those of `out`.
pub fn human(verdicts: &[Verdict], idle: usize, out: &mut impl Write) -> io::Result<()> {
    for verdict in verdicts {
        if verdict.recorded {
            writeln!(out, "{} {}", if verdict.is_alone() { "removed" } else { "recorded" }, verdict.name)?;
        }
        if verdict.outcome == Outcome::Failed {
            writeln!(out, "FAILED {} ({})", verdict.name, verdict.file)?;
        }
        for complaint in &verdict.complaints {
            writeln!(out, "  {}", complaint.replace('\n', "\n  "))?;
        }
    }
    for verdict in verdicts {
        verdict.notes.iter().try_for_each(|note| writeln!(out, "note: {}: {note}", verdict.file))?;
    }
    writeln!(out, "{}", counts(verdicts, idle))
}

/// `8 of 9 scenarios pass, 1 of them refused as recorded, 1 fails; if that is meant: --bless`.
fn counts(verdicts: &[Verdict], idle: usize) -> String {
    let count = |is: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|verdict| is(verdict)).count();
    let passed = |verdict: &Verdict| verdict.outcome == Outcome::Passed;
    let failed = |verdict: &Verdict| verdict.outcome == Outcome::Failed;
    let of = |verdict: &Verdict, golden| verdict.golden == Some(golden);
    let all = count(&|verdict| !verdict.is_alone());
    let mut text =
        format!("{} of {all} {}", count(&passed), if all == 1 { "scenario passes" } else { "scenarios pass" });
    let mut add = |count: usize, words: &dyn Fn(usize) -> String| {
        if count > 0 {
            text.push_str(&words(count));
        }
    };
    add(count(&|verdict| passed(verdict) && of(verdict, Golden::Refusal)), &|n| {
        format!(", {n} of them refused as recorded")
    });
    add(count(&|verdict| verdict.recorded && !verdict.is_alone()), &|n| {
        format!(", {n} recorded{}", folders(verdicts, &|verdict| verdict.recorded && !verdict.is_alone(), "into"))
    });
    add(count(&|verdict| verdict.recorded && verdict.is_alone()), &|n| {
        format!(", {n} removed{}", folders(verdicts, &|verdict| verdict.recorded && verdict.is_alone(), "from"))
    });
    add(count(&|verdict| failed(verdict) && !verdict.is_alone()), &|n| {
        format!(", {n} {}", if n == 1 { "fails" } else { "fail" })
    });
    add(count(&|verdict| failed(verdict) && verdict.is_alone()), &|n| match n {
        1 => ", 1 golden trace has no scenario".to_owned(),
        n => format!(", {n} golden traces have no scenario"),
    });
    let mends = |remedy| count(&|verdict| verdict.remedies.contains(&remedy));
    add(mends(Remedy::Bless), &|_| "; if that is meant: --bless".to_owned());
    add(mends(Remedy::Expectation), &|_| "; expectations are changed in the scenario".to_owned());
    add(count(&|verdict| of(verdict, Golden::Missing)), &|n| match n {
        1 => "; 1 has no golden trace: --bless records one".to_owned(),
        n => format!("; {n} have no golden trace: --bless records one"),
    });
    add(idle, &|n| match n {
        1 => "; 1 file has nothing to run".to_owned(),
        n => format!("; {n} files have nothing to run"),
    });
    text
}

/// ` into jobs/golden and cron/golden`: the folders of golden traces of some verdicts.
fn folders(verdicts: &[Verdict], is: &dyn Fn(&Verdict) -> bool, word: &str) -> String {
    let mut folders: Vec<&str> = Vec::new();
    for folder in verdicts.iter().filter(|verdict| is(verdict)).filter_map(|verdict| verdict.golden_folder.as_deref()) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    if folders.is_empty() { String::new() } else { format!(" {word} {}", folders.join(" and ")) }
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
    writeln!(out, "<testsuite name=\"jobsim\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">", verdicts.len())?;
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
pub fn github(verdicts: &[Verdict], idle: usize, out: &mut impl Write) -> io::Result<()> {
    annotations(verdicts, out)?;
    human(verdicts, idle, out)
}

/// An annotation for all that is wrong with a scenario, at its file, and one for each thing that has a line there.
///
/// # Errors
/// Those of `out`.
pub fn annotations(verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    for verdict in verdicts {
        let (file, title) = (property(&verdict.file), property(&format!("jobsim: {}", verdict.name)));
        let failures = verdict.complaints.iter().filter(|_| verdict.outcome == Outcome::Failed);
        let (placed, others): (Vec<&String>, Vec<&String>) =
            failures.partition(|complaint| line_of(&verdict.file, complaint).is_some());
        if !others.is_empty() {
            let text = others.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n");
            writeln!(out, "::error file={file},title={title}::{}", data(&text))?;
        }
        for (line, text) in placed.iter().filter_map(|complaint| line_of(&verdict.file, complaint)) {
            writeln!(out, "::error file={file},line={line},title={title}::{}", data(text))?;
        }
        for note in &verdict.notes {
            writeln!(out, "::notice file={file},title={title}::{}", data(note))?;
        }
    }
    Ok(())
}

/// The line of a complaint like `FILE:7: text`, and the text; or the first place of one with ` --> FILE:7:3` in it, and all
/// of it.
fn line_of<'c>(file: &str, complaint: &'c str) -> Option<(usize, &'c str)> {
    let number = |text: &'c str| -> Option<(usize, &'c str)> {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        Some((text[..end].parse().ok()?, &text[end..]))
    };
    if let Some((line, rest)) = complaint.strip_prefix(file).and_then(|rest| number(rest.strip_prefix(':')?)) {
        return Some((line, rest.strip_prefix(": ")?));
    }
    let (_, rest) = complaint.split_once(&format!("--> {file}:"))?;
    number(rest).map(|(line, _)| (line, complaint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str) -> Verdict {
        Verdict::new(name.to_owned(), format!("{name}.yaml"))
    }

    fn verdicts() -> Vec<Verdict> {
        let mut failed = verdict("a,b");
        failed.fail("p95(wait) < 30s:\n100 % <more>".to_owned(), Remedy::Bless);
        failed.fail("a,b.yaml:7: expected maxPods: 1".to_owned(), Remedy::Expectation);
        vec![verdict("pi"), failed]
    }

    fn text(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn outcomes_in_each_form() {
        let all = verdicts();
        let expected = "FAILED a,b (a,b.yaml)\n  p95(wait) < 30s:\n  100 % <more>\n  a,b.yaml:7: expected maxPods: 1\n1 of \
                        2 scenarios pass, 1 fails; if that is meant: --bless; expectations are changed in the scenario\n";
        assert_eq!(text(|out| human(&all, 0, out)), expected);
        let annotations = "::error file=a%2Cb.yaml,title=jobsim%3A a%2Cb::p95(wait) < 30s:%0A100 %25 <more>\n::error \
                           file=a%2Cb.yaml,line=7,title=jobsim%3A a%2Cb::expected maxPods: 1\n";
        assert_eq!(text(|out| github(&all, 0, out)), format!("{annotations}{expected}"));
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"jobsim\" tests=\"2\" failures=\"1\" \
                   errors=\"0\">\n  <testcase classname=\"jobsim\" name=\"pi\" file=\"pi.yaml\"/>\n  <testcase \
                   classname=\"jobsim\" name=\"a,b\" file=\"a,b.yaml\">\n    <failure message=\"p95(wait) &lt; \
                   30s:\">p95(wait) &lt; 30s:\n100 % &lt;more&gt;\na,b.yaml:7: expected maxPods: 1</failure>\n  \
                   </testcase>\n</testsuite>\n";
        assert_eq!(text(|out| junit(&all, out)), xml);
    }

    #[test]
    fn the_last_line_counts_and_says_the_way_out() {
        let check = |of: &[&dyn Fn(&mut Verdict)], idle: usize, expected: &str| {
            let change = |change: &&dyn Fn(&mut Verdict)| {
                let mut verdict = verdict("x");
                change(&mut verdict);
                verdict
            };
            assert_eq!(counts(&of.iter().map(change).collect::<Vec<_>>(), idle), expected);
        };
        let failed = |remedy| move |verdict: &mut Verdict| verdict.fail("no".to_owned(), remedy);
        let has = |golden| move |verdict: &mut Verdict| verdict.golden = Some(golden);
        let both = |verdict: &mut Verdict| {
            verdict.fail("no".to_owned(), Remedy::Expectation);
            verdict.blessed(Golden::Trace);
        };
        check(&[&has(Golden::Trace), &has(Golden::Refusal)], 0, "2 of 2 scenarios pass, 1 of them refused as recorded");
        check(&[&failed(Remedy::Nothing)], 2, "0 of 1 scenario passes, 1 fails; 2 files have nothing to run");
        check(&[&both], 0, "0 of 1 scenario passes, 1 recorded, 1 fails; expectations are changed in the scenario");
        check(
            &[&has(Golden::Missing)],
            1,
            "1 of 1 scenario passes; 1 has no golden trace: --bless records one; 1 file has nothing to run",
        );
        let alone = |verdict: &mut Verdict| {
            verdict.fail("no".to_owned(), Remedy::Bless);
            verdict.golden = Some(Golden::Alone);
        };
        check(&[&alone], 0, "0 of 0 scenarios pass, 1 golden trace has no scenario; if that is meant: --bless");
        check(&[&|verdict: &mut Verdict| verdict.blessed(Golden::Alone)], 0, "0 of 0 scenarios pass, 1 removed");
        let recorded = |folder: &'static str| {
            move |verdict: &mut Verdict| {
                verdict.golden_folder = Some(folder.to_owned());
                verdict.blessed(Golden::Trace);
            }
        };
        let two = "0 of 3 scenarios pass, 3 recorded into a/golden and b/golden";
        check(&[&recorded("a/golden"), &recorded("b/golden"), &recorded("a/golden")], 0, two);
    }

    #[test]
    fn complaints_are_found_in_their_file() {
        let check = |complaint: &str, expected: Option<(usize, &str)>| {
            assert_eq!(line_of("jobs/a.yaml", complaint), expected, "{complaint}");
        };
        check("jobs/a.yaml:12: expected x", Some((12, "expected x")));
        check("jobs/b.yaml:12: expected x", None);
        check("jobs/a.yaml is odd", None);
        let refusal = "error: unknown field\n --> jobs/a.yaml:7:3\n  |";
        check(refusal, Some((7, refusal)));
    }
}
