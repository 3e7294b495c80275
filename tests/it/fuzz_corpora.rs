//! The seeds of `fuzz/`: what the fuzzer starts from, and what it once found, replayed by a plain `cargo test`.

use std::fs;
use std::path::PathBuf;

use crate::inputs;
use crate::program::project;

/// Fewest seeds of a target: each shape of its input, and some that are nearly right.
const FEWEST: usize = 9;

/// Files of a folder of `fuzz/`, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(project().join("fuzz").join(folder)).expect(folder);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn feed(target: &str, bytes: &[u8]) {
    // As the fuzzer does: bytes that are no text are not handed to those that take text.
    let text = |take: fn(&str)| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            take(text);
        }
    };
    match target {
        "yaml" => inputs::yaml(bytes),
        "object" => inputs::object(bytes),
        "patch" => inputs::patch(bytes),
        "trace" => inputs::trace(bytes),
        "cron" => text(inputs::cron),
        "duration" => text(inputs::duration),
        "expression" => text(inputs::expression),
        "index_list" => text(inputs::index_list),
        "quantity" => text(inputs::quantity),
        "selector" => text(inputs::selector),
        "template" => text(inputs::template),
        other => panic!("fuzz_targets/{other}.rs is not replayed: add it here"),
    }
}

#[test]
fn no_seed_panics() {
    // Cargo leaves packages inside a package out of it: there is nothing to replay in one that was unpacked.
    if !project().join("fuzz").exists() {
        return;
    }
    let manifest = fs::read_to_string(project().join("fuzz/Cargo.toml")).expect("fuzz/Cargo.toml");
    for file in files("fuzz_targets") {
        let target = file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target} is not in fuzz/Cargo.toml");
        let seeds = files(&format!("corpus/{target}"));
        assert!(seeds.len() >= FEWEST, "{target} has {} seeds", seeds.len());
        for seed in seeds {
            feed(&target, &fs::read(&seed).expect("a seed"));
        }
    }
}
