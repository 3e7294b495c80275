//! How the program takes bad input, full disks, closed pipes; and that it says the same thing twice.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;

use crate::program::{jobsim, run, stderr, stdout, workplace};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: c, image: i}]\n";

/// Runs a text from standard input.
fn piped(folder: &Path, text: &[u8], arguments: &[&str]) -> std::process::Output {
    let mut all = vec!["run", "-"];
    all.extend(arguments);
    let mut child = jobsim(folder, &all)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may refuse the input before it has read all of it.
    _ = child.stdin.take().expect("standard input").write_all(text);
    child.wait_with_output().expect("the program ends")
}

#[test]
fn bad_input_ends_with_2_and_a_reason_and_writes_nothing() {
    let folder = workplace();
    let bomb = format!(
        "a0: &a0 [x]\n{}kind: Job\n",
        (1..40).map(|n| format!("a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}]\n", m = n - 1)).collect::<String>()
    );
    let job = |from: &str, to: &str| JOB.replace(from, to).into_bytes();
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("empty", Vec::new(), "no document"),
        ("blank", b"\n# nothing here\n---\n".to_vec(), "no document"),
        ("binary", vec![0, 159, 146, 150, 0, 1, 2], ""),
        ("not YAML", b"a: [1, 2\nb: }".to_vec(), ""),
        ("alias bomb", bomb.into_bytes(), ""),
        ("unknown kind only", b"apiVersion: v1\nkind: Sandwich\nmetadata: {name: s}\n".to_vec(), ""),
        ("negative", job("spec:\n  template", "spec:\n  parallelism: -1\n  template"), "parallelism"),
        ("text for a number", job("spec:\n  template", "spec:\n  completions: \"5\"\n  template"), "completions"),
        ("unknown field", job("spec:\n  template", "spec:\n  paralellism: 2\n  template"), "paralellism"),
        ("no containers", job("containers: [{name: c, image: i}]", "volumes: []"), "containers"),
        ("deep", [b"a: ".to_vec(), vec![b'['; 100_000]].concat(), ""),
    ];
    for (what, text, reason) in cases {
        let output = piped(folder.path(), &text, &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{what}: {said}");
        assert!(said.contains("error") && said.contains(reason), "{what}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
        assert!(!folder.path().join("output").exists(), "{what} left files behind");
    }
}

#[test]
fn too_much_input_is_refused_without_reading_it_all() {
    let folder = workplace();
    let path = folder.path().join("huge.yaml");
    let file = std::fs::File::create(&path).expect("a file");
    file.set_len(100 << 20).expect("a large file");
    let output = run(folder.path(), &["run", "huge.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("too large"), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_read_or_written_ends_with_3() {
    let folder = workplace();
    let missing = run(folder.path(), &["run", "nowhere.yaml"]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(stderr(&missing).contains("nowhere.yaml"));
    let foreign = folder.path().join("jobs.csv");
    std::fs::write(&foreign, "somebody,else's\n").expect("a file");
    let output = run(folder.path(), &["run", "scenarios/pi.yaml", "--out", "."]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("--out"), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&foreign).expect("the file"), "somebody,else's\n");
    assert!(!folder.path().join("pods.csv").exists());
    let output = run(folder.path(), &["run", "scenarios/pi.yaml", "--out", "scenarios/pi.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = workplace();
    for arguments in [&["run"][..], &["run", "--horizon", "soon", "x"], &["run", "x", "--seed", "-1"], &["dance"]] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    let other = run(folder.path(), &["run", "scenarios/pi.yaml", "--kubernetes", "1.12"]);
    assert_eq!(other.status.code(), Some(2));
}

#[test]
fn limits_end_a_run_with_4_and_keep_what_was_done() {
    let folder = workplace();
    let output = run(folder.path(), &["run", "scenarios/flaky.yaml", "--max-pods", "3", "--out", "out", "-o", "table"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("--max-pods"), "{}", stderr(&output));
    assert!(folder.path().join("out/pods.csv").exists());
}

#[test]
fn hostile_sizes_end_by_a_limit_not_by_memory() {
    let folder = workplace();
    let job =
        JOB.replace("spec:\n  template", "spec:\n  parallelism: 2147483647\n  completions: 2147483647\n  template");
    let output = piped(folder.path(), job.as_bytes(), &["--max-pods", "2000", "--out", "none", "-o", "none"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
}

#[test]
fn two_runs_write_equal_bytes_and_another_seed_writes_others() {
    let folder = workplace();
    let files = |out: &str, seed: &str| {
        let charts = ["run", "scenarios/flaky.yaml", "--seed", seed, "--out", out, "--charts", "svg,png"];
        let output = run(folder.path(), &charts);
        assert!(output.status.success(), "{}", stderr(&output));
        let mut names: Vec<_> = std::fs::read_dir(folder.path().join(out)).expect("files").collect();
        names.sort_by_key(|entry| entry.as_ref().expect("an entry").file_name());
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.expect("an entry").path();
            (path.file_name().expect("a name").to_owned(), std::fs::read(&path).expect("a file"))
        };
        names.into_iter().map(read).collect::<Vec<_>>()
    };
    let first = files("a", "1");
    assert_eq!(first.len(), 10, "four tables and three charts in two formats");
    assert!(first == files("b", "1"), "two runs differ");
    assert!(first != files("c", "2"), "the seed plays no part");
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_changes_no_verdict() {
    let folder = workplace();
    std::fs::write(folder.path().join("bad.yaml"), JOB.replace("[{name: c, image: i}]", "[]")).expect("a file");
    let check = |arguments: &[&str], code: i32| {
        let mut child = jobsim(folder.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("standard error").read_to_string(&mut said).expect("text");
        let status = child.wait().expect("the program ends");
        assert_eq!((status.code(), said.as_str()), (Some(code), ""), "{arguments:?}");
    };
    let (pi, flaky) = ("scenarios/pi.yaml", "scenarios/flaky.yaml");
    check(&["run", flaky, "--out", "o"], 0);
    assert!(folder.path().join("o/pods.csv").exists());
    for format in ["human", "json", "junit", "github"] {
        check(&["diff", "-o", format, pi, flaky], 1);
    }
    check(&["validate", "-o", "json", "bad.yaml"], 2);
    check(&["releases", "-o", "json"], 0);
}

#[test]
fn several_files_and_lists_are_one_scenario() {
    let folder = workplace();
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        JOB.trim_end().replace('\n', "\n  ").replace("name: j", "name: k")
    );
    std::fs::write(folder.path().join("list.yaml"), list).expect("a file");
    std::fs::write(folder.path().join("job.yaml"), JOB).expect("a file");
    let output = run(folder.path(), &["run", "-f", "job.yaml", "-f", "list.yaml", "--out", "none", "-o", "name"]);
    let printed = stdout(&output);
    assert!(printed.contains("job.batch/j\n") && printed.contains("job.batch/k\n"), "{printed}{}", stderr(&output));
}

#[test]
fn streamed_and_compressed_tables_hold_the_same_rows() {
    let folder = workplace();
    let flaky = "scenarios/flaky.yaml";
    let plain = run(folder.path(), &["run", flaky, "--out", "plain", "-o", "none"]);
    let streamed = run(folder.path(), &["run", flaky, "--out", "streamed", "-o", "none", "--stream"]);
    let squeezed = run(folder.path(), &["run", flaky, "--out", "squeezed", "-o", "none", "--compress", "gz"]);
    assert!(plain.status.success() && streamed.status.success() && squeezed.status.success());
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("a table");
    for table in ["jobs.csv", "pods.csv", "events.csv"] {
        assert!(bytes(&format!("plain/{table}")) == bytes(&format!("streamed/{table}")), "{table}");
        let gzip = bytes(&format!("squeezed/{table}.gz"));
        assert!(gzip.starts_with(&[0x1f, 0x8b]) && gzip.len() < bytes(&format!("plain/{table}")).len(), "{table}");
    }
    let refused = run(folder.path(), &["run", flaky, "--out", "refused", "--stream", "-o", "json"]);
    assert_eq!((refused.status.code(), folder.path().join("refused").exists()), (Some(2), false));
    let jobs_only = run(folder.path(), &["run", flaky, "--out", "jobs", "-o", "none", "--trace", "jobs"]);
    assert!(jobs_only.status.success());
    assert!(folder.path().join("jobs/jobs.csv").exists() && !folder.path().join("jobs/pods.csv").exists());
}
