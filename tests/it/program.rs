//! The program as its users call it: in a folder of its own, with what it prints and leaves behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The project's folder.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder, linked to the shipped scenarios, in which the program may write.
pub(crate) fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in shipped() {
        let file = format!("scenarios/{name}.yaml");
        let copy = folder.path().join(&file);
        std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        std::fs::copy(project().join(file), copy).expect("a copy");
    }
    folder
}

/// The shipped scenarios: `pi`, `lessons/one-bad-index` and so on, in order.
pub(crate) fn shipped() -> Vec<String> {
    let root = project().join("scenarios");
    let (mut folders, mut names) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("scenarios") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let inside = path.strip_prefix(&root).expect("a scenario").with_extension("");
                names.push(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    names.sort();
    names
}

/// Their files.
pub(crate) fn shipped_files() -> Vec<PathBuf> {
    shipped().iter().map(|name| project().join(format!("scenarios/{name}.yaml"))).collect()
}

/// `jobsim` with these arguments, not yet started.
pub(crate) fn jobsim(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobsim"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

/// Runs it to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    jobsim(folder, arguments).output().expect("the program starts")
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
