//! Files as arguments: what all commands that read scenarios share.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::scenario::source::Below;
use crate::scenario::{self, Problems, ReadOptions, Scenario, Source, Validate, source};
use crate::study::{expectations, section};

/// The files of a scenario.
#[derive(Clone, Debug, Args)]
pub struct FileArgs {
    /// Files or folders that make up one scenario: Kubernetes manifests and at most one Simulation document; `-` is standard
    /// input. Where a folder holds several scenarios, give one of its files; `jobsim test` runs them all
    #[arg(value_name = "FILE", required_unless_present = "filename")]
    pub(super) files: Vec<PathBuf>,
    /// The same, as kubectl spells it; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(super) filename: Vec<PathBuf>,
}

impl FileArgs {
    /// Reads them.
    pub(super) fn read(&self) -> anyhow::Result<Vec<Source>> {
        self.read_below(Below::Left)
    }

    /// Reads them, and of folders what they hold so deep.
    pub(super) fn read_below(&self, below: Below) -> anyhow::Result<Vec<Source>> {
        let files: Vec<PathBuf> = self.files.iter().chain(&self.filename).cloned().collect();
        load(&files, below)
    }
}

/// Files as they were named, folders as the manifests in them in the order of their names.
pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    load(files, Below::Left)
}

fn load(files: &[PathBuf], below: Below) -> anyhow::Result<Vec<Source>> {
    source::load(files, below, &mut io::stdin().lock()).map_err(|errors| anyhow::anyhow!(errors.join("\nerror: ")))
}

/// The scenario, with warnings and notes said; none if something is wrong with it, which is said too.
pub(super) fn scenario(sources: Vec<Source>, options: &ReadOptions, colour: bool) -> anyhow::Result<Option<Scenario>> {
    let scenario = without_notes(sources, options, colour)?;
    for note in scenario.iter().flat_map(|scenario| &scenario.notes) {
        writeln!(io::stderr(), "note: {note}")?;
    }
    Ok(scenario)
}

/// Notes of these many are said of what is the same but for numbers and names; a scenario may have thousands of arrivals.
const MOST_ALIKE: usize = 5;

/// The notes of a run, of those that say the same of many things a few and how many there are.
pub(super) fn in_short(notes: &[String]) -> Vec<String> {
    // Names have digits in them where there are many.
    let kind = |note: &str| {
        note.split([' ', ':']).filter(|word| !word.contains(|c: char| c.is_ascii_digit())).collect::<String>()
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    notes.iter().for_each(|note| *counts.entry(kind(note)).or_default() += 1);
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    let mut short = Vec::new();
    for note in notes {
        let kind = kind(note);
        let (all, before) = (counts[&kind], said.entry(kind).or_default());
        *before += 1;
        if *before <= MOST_ALIKE || all == MOST_ALIKE + 1 {
            short.push(note.clone());
        }
        if *before == MOST_ALIKE && all > MOST_ALIKE + 1 {
            short.push(format!("and {} more notes like this", all - MOST_ALIKE));
        }
    }
    short
}

/// The same with the notes left to the caller, who has several scenarios.
pub(super) fn without_notes(
    sources: Vec<Source>,
    options: &ReadOptions,
    colour: bool,
) -> anyhow::Result<Option<Scenario>> {
    let mut err = io::stderr();
    let read = scenario::read(sources.clone(), options).and_then(|(scenario, warnings)| {
        expectations::check(&scenario)?;
        let list = section::problems(&scenario.study, &scenario.cluster.pools, &sources, options);
        if list.is_empty() { Ok((scenario, warnings)) } else { Err(Problems { list, kubectl: None }) }
    });
    let (scenario, warnings) = match read {
        Ok(read) => read,
        Err(problems) => {
            writeln!(err, "{}", problems.render(colour).trim_end())?;
            return Ok(None);
        }
    };
    for warning in &warnings {
        writeln!(err, "{}\n", warning.render(colour).trim_end())?;
    }
    Ok(Some(scenario))
}

/// `--validate`, as kubectl has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ValidateArg {
    /// Refuse them
    #[value(alias = "true")]
    Strict,
    /// Say so, and go on without them
    Warn,
    /// Go on without them
    #[value(alias = "false")]
    Ignore,
}

impl From<ValidateArg> for Validate {
    fn from(argument: ValidateArg) -> Validate {
        match argument {
            ValidateArg::Strict => Validate::Strict,
            ValidateArg::Warn => Validate::Warn,
            ValidateArg::Ignore => Validate::Ignore,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn notes_that_say_the_same_are_counted() {
        let refused = |n: usize| format!("{n}.5 s: the arriving Job ci-{n} was refused: exceeded quota");
        let mut notes: Vec<String> = (0..9).map(refused).collect();
        notes.push("3 s: nodes \"x\" not found".to_owned());
        let short = in_short(&notes);
        assert_eq!(short.len(), 7, "{short:?}");
        assert_eq!((short[4].as_str(), short[5].as_str()), (notes[4].as_str(), "and 4 more notes like this"));
        assert_eq!(short[6], notes[9]);
        // One more is not worth a line that counts it.
        assert_eq!(in_short(&notes[..6]), notes[..6]);
    }
}
