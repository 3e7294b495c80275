//! Golden traces: what each shipped scenario writes, byte for byte. `JOBSIM_BLESS=1 cargo test` records them anew.

use std::path::Path;

use jobsim::kernel::rng::entity;

use crate::program::{project, run, shipped, stderr, stdout, workplace};

/// Tables with more lines are kept as a digest.
const MOST_ROWS: usize = 250;

/// Scenarios that are refused without this argument.
const ARGUMENTS: [(&str, &str); 1] = [("pi-misplaced", "--validate=warn")];

#[test]
fn shipped_scenarios_write_their_golden_traces() {
    let bless = std::env::var_os("JOBSIM_BLESS").is_some();
    let mut differences = Vec::new();
    for name in shipped() {
        let folder = workplace();
        let scenario = format!("scenarios/{name}.yaml");
        let mut arguments = vec!["run", &scenario, "--out", "out"];
        arguments.extend(ARGUMENTS.iter().filter(|(of, _)| *of == name).map(|(_, argument)| *argument));
        // What is told at length of the first scenarios is told in short of the others.
        if name.contains('/') {
            arguments.extend(["-o", "table"]);
        }
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let golden = project().join("tests/golden").join(&name);
        let mut compare = |file: &str, ours: String| {
            differences.extend(compare(&golden.join(file), &ours, bless));
        };
        compare("stdout.txt", stdout(&output));
        for table in ["cronjobs.csv", "jobs.csv", "pods.csv", "nodes.csv", "events.csv"] {
            let Ok(rows) = std::fs::read_to_string(folder.path().join("out").join(table)) else { continue };
            let count = rows.lines().count();
            let short = count <= MOST_ROWS;
            compare(
                table,
                if short { rows } else { format!("{count} lines, digest {:016x}\n", entity(&[rows.as_bytes()])) },
            );
        }
    }
    assert!(
        differences.is_empty(),
        "{}\nIf this is meant: JOBSIM_BLESS=1 cargo test golden, and look at the diff",
        differences.join("\n")
    );
}

/// The first line in which a file differs from its golden text.
fn compare(golden: &Path, ours: &str, bless: bool) -> Option<String> {
    if bless {
        std::fs::create_dir_all(golden.parent().expect("a folder")).expect("a folder");
        std::fs::write(golden, ours).expect("a golden file");
        return None;
    }
    let theirs = std::fs::read_to_string(golden).unwrap_or_default();
    if theirs == ours {
        return None;
    }
    let lines = theirs.lines().count().max(ours.lines().count());
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
    let at = (0..lines).find(|&at| line(&theirs, at) != line(ours, at)).unwrap_or(0);
    let shown = golden.strip_prefix(project()).unwrap_or(golden).display();
    Some(format!("{shown}:{}\n  golden {}\n  now    {}", at + 1, line(&theirs, at), line(ours, at)))
}

/// The words of a command line, as a shell splits them: blanks inside single quotes belong to the word.
fn words(command: &str) -> Vec<&str> {
    let mut quoted = false;
    let separates = |c: char| {
        quoted ^= c == '\'';
        c == ' ' && !quoted
    };
    command.split(separates).map(|word| word.trim_matches('\'')).collect()
}

/// The commands of the README and what they print, as they stand there.
#[test]
fn readme_shows_what_the_program_prints() {
    let (_, checked) = carry_out("README.md");
    assert!(checked >= 3, "the README shows {checked} commands");
}

/// The same of the studies, and the pictures that their commands write. `JOBSIM_BLESS=1` takes the pictures anew.
#[test]
fn studies_show_what_the_program_prints_and_draws() {
    let (folder, checked) = carry_out("scenarios/studies/README.md");
    assert!(checked >= 6, "the page shows {checked} commands");
    let pictures = project().join("scenarios/studies/pictures");
    let mut drawn = 0;
    for entry in std::fs::read_dir(folder.path().join("output")).expect("what the commands wrote") {
        let study = entry.expect("an entry").path();
        let kinds = ["study.svg", "frontier.svg", "differences.svg"].map(|name| study.join(name));
        let ours = kinds.iter().find(|path| path.is_file()).expect("a picture");
        let theirs = pictures.join(study.file_name().expect("a name")).with_extension("svg");
        if std::env::var_os("JOBSIM_BLESS").is_some() {
            std::fs::copy(ours, &theirs).expect("a copy");
        }
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        assert!(read(ours) == read(&theirs), "{}: if this is meant: JOBSIM_BLESS=1", theirs.display());
        drawn += 1;
    }
    assert_eq!(drawn, std::fs::read_dir(pictures).expect("pictures").count(), "pictures that no command draws");
}

/// Runs the commands that a page shows, in one folder, and holds what they print against the page. Answers the folder and
/// how many there are.
fn carry_out(page: &str) -> (tempfile::TempDir, usize) {
    let text = std::fs::read_to_string(project().join(page)).expect("a page");
    let folder = workplace();
    let mut checked = 0;
    for block in text.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("the end of a block");
        let mut lines = block.lines();
        let Some(command) = lines.next().and_then(|line| line.strip_prefix("$ jobsim ")) else { continue };
        let output = run(folder.path(), &words(command));
        let printed = stdout(&output) + &stderr(&output);
        let printed = printed.trim_end();
        let shown: Vec<&str> = lines.map(str::trim_end).collect();
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        // An ellipsis stands for lines that are left out.
        let parts: Vec<&[&str]> = shown.split(|line| *line == "...").collect();
        let (mut from, last) = (0, parts.len() - 1);
        for (number, part) in parts.iter().enumerate() {
            let fits = |at: &usize| printed.get(*at..at + part.len()).is_some_and(|lines| lines == *part);
            let at = match number {
                _ if number == last && last > 0 => Some(printed.len().saturating_sub(part.len())).filter(fits),
                0 => Some(0).filter(fits),
                _ => (from..printed.len()).find(fits),
            };
            from = at.filter(|&at| at >= from).unwrap_or_else(|| {
                panic!("$ jobsim {command}\nshown:\n{}\nprinted:\n{}", part.join("\n"), printed.join("\n"))
            });
            from += part.len();
        }
        assert!(from == printed.len() || last > 0, "$ jobsim {command} prints more:\n{}", printed.join("\n"));
        checked += 1;
    }
    (folder, checked)
}

/// Every scenario says in its first lines what it teaches, lessons also where they come from, and stands in the list.
#[test]
fn shipped_scenarios_say_what_they_are_for() {
    let list = std::fs::read_to_string(project().join("scenarios/README.md")).expect("scenarios/README.md");
    for name in shipped() {
        let text = std::fs::read_to_string(project().join(format!("scenarios/{name}.yaml"))).expect("a scenario");
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(!head.is_empty(), "{name} has no comment at its top");
        if name.contains('/') {
            assert!(head.len() >= 5 && head[1] == "#", "{name}: a title, a paragraph, and where it comes from");
            assert!(head.last().is_some_and(|line| line.starts_with("# From ")), "{name}: where does it come from?");
            let title = head[0].trim_start_matches("# ").trim_end_matches('.');
            assert!(
                list.contains(&format!("{name}.yaml")) && list.contains(title),
                "{name} is not in scenarios/README.md"
            );
        }
    }
}
