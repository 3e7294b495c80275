//! The floor plan: which room may use which. Reads the `use crate::` lines of all sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms, floor by floor; rooms of one floor may not use each other.
const FLOORS: &[&[&str]] = &[
    &["kernel"],
    &["api"],
    &["apiserver", "controllers", "scheduler", "kubelet", "workload"],
    &["scenario"],
    &["world"],
    &["record"],
    &["run"],
    &["study"],
    &["report"],
    &["cli"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).expect("src").map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The room that a source file belongs to: its first folder or its own name.
fn room_of(path: &Path) -> String {
    let name = path.components().next().expect("a name").as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// Rooms named by `crate::room` outside comments.
fn rooms_used(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut used = Vec::new();
    for line in code {
        for rest in line.split("crate::").skip(1) {
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split([',', '}']).map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
                used.push(name[..end].to_owned());
            }
        }
    }
    used
}

#[test]
fn no_room_uses_one_above_or_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut trespasses = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&root).expect("a file in src");
        let room = room_of(inside);
        let Some(here) = floor(&room) else { continue };
        let text = fs::read_to_string(file).expect("a source file");
        for other in rooms_used(&text) {
            let Some(there) = floor(&other) else { continue };
            if other != room && there >= here {
                trespasses.push(format!("{}: room `{room}` uses room `{other}`", inside.display()));
            }
        }
    }
    assert!(files.len() > 20, "the sources were not found");
    assert!(trespasses.is_empty(), "imports that go up or sideways:\n{}", trespasses.join("\n"));
}
