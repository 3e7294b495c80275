//! Sweeps, comparisons, fits and shards as their users see them.

use std::fs;
use std::path::Path;

use jobsim::study::{Laboratory, Measure, interval};

use crate::program::{jobsim, project, run, stderr, stdout, workplace};

/// What a sweep leaves behind.
const FILES: [&str; 4] = ["results.csv", "summary.csv", "study.svg", "summary.json"];

const SWEEP: [&str; 8] =
    ["sweep", "scenarios/flaky.yaml", "--set", "parallelism=1..9:4", "--set", "backoffLimit=2,6", "-r", "40"];

fn good(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    FILES.iter().map(|name| fs::read(folder.join(name)).expect("a file of the study")).collect()
}

#[test]
fn a_sweep_is_the_same_for_any_number_of_threads() {
    let folder = workplace();
    let of = |threads: &'static str, out: &'static str| {
        let told = good(folder.path(), &[&SWEEP[..], &["--threads", threads, "--out", out]].concat());
        (told.lines().take(19).collect::<Vec<_>>().join("\n"), files(&folder.path().join(out)))
    };
    let one = of("1", "one");
    assert_eq!(of("3", "three"), one);
    // Six points, forty runs, three metrics.
    assert_eq!(one.1[0].iter().filter(|&&byte| byte == b'\n').count(), 1 + 6 * 40 * 3);
    let table = csv::Reader::from_reader(one.1[0].as_slice()).into_records().map(|row| row.expect("a row").len());
    assert!(table.into_iter().all(|cells| cells == 6));
}

#[test]
fn shards_merge_to_the_bytes_of_one_machine() {
    let folder = workplace();
    good(folder.path(), &[&SWEEP[..], &["--out", "whole"]].concat());
    let shard = |index: &str| {
        let mut command = jobsim(folder.path(), &[&SWEEP[..], &["--shards", "64", "--out", "parts"]].concat());
        let output = command.env("JOB_COMPLETION_INDEX", index).output().expect("the program starts");
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    for index in (0..64).rev() {
        shard(&index.to_string());
    }
    assert!(shard("7").starts_with("shard 7 of 64 stood already in"));
    // One that was killed before its end, in each of the states that it can leave behind.
    let parts = folder.path().join("parts");
    fs::remove_file(parts.join("shard=00003-of-00064/_SUCCESS")).expect("removed");
    fs::remove_file(parts.join("shard=00003-of-00064/values.csv")).expect("removed");
    fs::create_dir(parts.join(".jobsim-killed")).expect("a folder");
    let output = run(folder.path(), &["merge", "parts"]);
    assert!(
        !output.status.success() && stderr(&output).contains("of 64 shards this one is missing or not complete: 3;"),
        "{}",
        stderr(&output)
    );
    assert!(shard("3").starts_with("shard 3 of 64 is in"));
    good(folder.path(), &["merge", "parts"]);
    assert_eq!(files(&parts), files(&folder.path().join("whole")));
}

#[test]
fn the_job_for_the_shards_is_valid_and_runs() {
    let folder = workplace();
    let job = good(
        folder.path(),
        &[&SWEEP[..], &["--shards", "64", "--emit-job", "--image", "registry.example/jobsim:1"]].concat(),
    );
    assert!(job.contains("- \"parallelism=1..9:4\"") && job.contains("completions: 64"), "{job}");
    // Options of all commands may stand in front.
    let emit = ["--shards", "64", "--emit-job", "--image", "registry.example/jobsim:1"];
    for front in [&["--color", "never"][..], &["--color=never"]] {
        assert_eq!(good(folder.path(), &[front, &SWEEP[..], &emit].concat()), job);
    }
    fs::write(folder.path().join("job.yaml"), job).expect("written");
    good(folder.path(), &["validate", "job.yaml"]);
    let told = good(folder.path(), &["run", "job.yaml", "-o", "table", "--out", "none"]);
    assert!(told.contains("64/64"), "{told}");
}

#[cfg(feature = "object-store")]
#[test]
fn the_job_for_shards_in_an_object_store_is_valid_and_runs() {
    let folder = workplace();
    let emit = ["--shards", "64", "--emit-job", "--image", "registry.example/jobsim:1", "--out", "s3://bucket/etl"];
    let job = good(folder.path(), &[&SWEEP[..], &emit].concat());
    assert!(job.contains("- \"s3://bucket/etl\"") && job.contains("secretRef"), "{job}");
    fs::write(folder.path().join("job.yaml"), job).expect("written");
    good(folder.path(), &["validate", "job.yaml"]);
    let told = good(folder.path(), &["run", "job.yaml", "-o", "table", "--out", "none"]);
    assert!(told.contains("64/64"), "{told}");
}

/// A paired comparison of a shipped example needs ten times fewer runs than independent seeds.
#[test]
fn common_luck_saves_nine_runs_of_ten() {
    let folder = workplace();
    let arguments = ["compare", "scenarios/flaky.yaml", "--with", "parallelism=6", "-r", "200", "-m", "makespan"];
    let told = good(folder.path(), &arguments);
    let saving = told.split("Independent seeds would need ").nth(1).and_then(|rest| rest.split(' ').next());
    let saving: f64 = saving.and_then(|saving| saving.parse().ok()).expect("a factor");
    assert!(saving >= 10.0, "{told}");
    assert!(told.contains(": better; sure of ") && told.contains("along its pod that ends last: creating -"), "{told}");
    let same = good(folder.path(), &["compare", "scenarios/flaky.yaml", "scenarios/flaky.yaml", "--out", "none"]);
    assert!(same.contains("No difference: makespan is the same in every pair of runs."), "{same}");
}

#[test]
fn a_fit_says_what_holds_and_what_fails() {
    let folder = workplace();
    let fit = ["fit", "scenarios/flaky.yaml", "--vary", "parallelism=1..30"];
    let told = good(folder.path(), &[&fit[..], &["--deadline", "3m"]].concat());
    assert!(told.starts_with("parallelism=") && told.contains("fails: "), "{told}");
    let table = fs::read_to_string(folder.path().join("output/flaky-fit/frontier.csv")).expect("a table");
    assert!(table.lines().nth(1).is_some_and(|row| row.ends_with(",true")), "{table}");
    let output = run(folder.path(), &[&fit[..], &["--deadline", "60s", "-r", "20"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(told.starts_with("No point tried meets it"), "{told}");
    assert!(told.contains("The nearest is parallelism=") && told.contains(" of 16 in time ("), "{told}");
    let table = fs::read_to_string(folder.path().join("output/flaky-fit/points.csv")).expect("a table");
    assert!(table.lines().count() > 2 && table.lines().skip(1).all(|row| row.ends_with(",false,false")), "{table}");
}

/// Shards know what files their runs read, and what an axis puts where.
#[test]
fn shards_of_other_files_are_not_merged() {
    let folder = workplace();
    let flaky = fs::read_to_string(project().join("scenarios/flaky.yaml")).expect("a scenario");
    let arrivals = "  arrivals: [{template: flaky, times: {file: times.csv}}]\n";
    fs::write(folder.path().join("s.yaml"), flaky + arrivals).expect("written");
    fs::write(folder.path().join("times.csv"), "at\n0s\n").expect("written");
    let sweep = ["sweep", "s.yaml", "--set", "suspend=null,false", "-r", "4"];
    let shard = |index: &'static str| [&sweep[..], &["--out", "parts", "--shard", index]].concat();
    good(folder.path(), &shard("0/2"));
    good(folder.path(), &shard("1/2"));
    good(folder.path(), &["merge", "parts"]);
    good(folder.path(), &[&sweep[..], &["--out", "whole"]].concat());
    assert_eq!(files(&folder.path().join("parts")), files(&folder.path().join("whole")));
    // Damaged ones are run again.
    let values = folder.path().join("parts/shard=00001-of-00002/values.csv");
    fs::write(&values, "cell\n").expect("written");
    let output = run(folder.path(), &["merge", "parts"]);
    let way_out = "its digest differs; run that shard again, which puts it right, or delete it first";
    assert!(!output.status.success() && stderr(&output).contains(way_out), "{}", stderr(&output));
    assert!(good(folder.path(), &shard("1/2")).starts_with("shard 1 of 2 is in"));
    good(folder.path(), &["merge", "parts"]);
    // Other times make another study.
    fs::write(folder.path().join("times.csv"), "at\n5s\n").expect("written");
    let output = run(folder.path(), &shard("1/2"));
    assert!(stderr(&output).contains("holds a shard of another study"), "{}", stderr(&output));
    fs::remove_dir_all(folder.path().join("parts/shard=00001-of-00002")).expect("removed");
    good(folder.path(), &shard("1/2"));
    let output = run(folder.path(), &["merge", "parts"]);
    assert!(stderr(&output).contains("is of another study than"), "{}", stderr(&output));
    let emit = [&sweep[..], &["--shards", "2", "--emit-job", "--image", "i"]].concat();
    let output = run(folder.path(), &emit);
    let refused = "--emit-job: the scenario reads times.csv, which would not be there";
    assert!(output.status.code() == Some(2) && stderr(&output).contains(refused), "{}", stderr(&output));
}

/// What an earlier study wrote in another form is not taken for this one's.
#[cfg(feature = "parquet")]
#[test]
fn values_of_an_earlier_study_do_not_stay() {
    let folder = workplace();
    let sweep = ["sweep", "scenarios/flaky.yaml", "-r", "10", "--out", "out", "--results"];
    let has = |name: &str| folder.path().join("out").join(name).exists();
    good(folder.path(), &[&sweep[..], &["csv"]].concat());
    assert!(has("results.csv") && !has("results.parquet"));
    if cfg!(target_endian = "little") {
        good(folder.path(), &[&sweep[..], &["parquet"]].concat());
        assert!(!has("results.csv") && has("results.parquet"));
    }
}

/// Runs in which a metric has no value are in neither mean, and that is said.
#[test]
fn pairs_of_which_a_side_has_no_value_are_told() {
    let folder = workplace();
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, \
                containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: {profile: \
                ideal, horizon: 30s, pods: [{startup: {uniform: {min: 10s, max: 60s}}, duration: 5s}]}";
    fs::write(folder.path().join("late.yaml"), text).expect("written");
    let compare =
        ["compare", "late.yaml", "--with", "pods[0].duration=6s", "-m", "wait", "-m", "pods", "--out", "none"];
    let told = good(folder.path(), &compare);
    let line = told.lines().find(|line| line.starts_with("wait is of ")).expect("a line");
    let counts: Vec<u32> = line.split(' ').filter_map(|word| word.trim_end_matches(':').parse().ok()).collect();
    assert!(counts.len() == 2 && counts.iter().sum::<u32>() == 100 && counts[1] > 20, "{line}");
    assert!(!told.contains("pods is of"), "{told}");
    let output = run(folder.path(), &[&compare[..], &["-r", "5"]].concat());
    assert!(stderr(&output).contains("pairs of runs are few: intervals are wide"), "{}", stderr(&output));
}

/// A study section is wrong when it is read, whoever reads it.
#[test]
fn slips_in_a_study_section_are_said_where_they_stand() {
    let folder = workplace();
    let flaky = fs::read_to_string(project().join("scenarios/flaky.yaml")).expect("a scenario");
    let study = "  study:\n    set: {paralelism: [2, 4]}\n    metrics: [makespan, makespn]\n";
    let lines = flaky.lines().count();
    fs::write(folder.path().join("s.yaml"), flaky + study).expect("written");
    for command in ["validate", "run", "sweep"] {
        let output = run(folder.path(), &[command, "s.yaml"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("no metric is called \"makespn\""), "{command}: {said}");
        assert!(said.contains(&format!("s.yaml:{}:25", lines + 3)), "{command}: {said}");
        assert!(said.contains("at paralelism=2: unknown field \"spec.paralelism\""), "{command}: {said}");
    }
}

#[test]
fn the_scenario_can_say_what_is_studied() {
    let folder = workplace();
    let flaky = fs::read_to_string(project().join("scenarios/flaky.yaml")).expect("a scenario");
    let study = "  study:\n    set: {spec.parallelism: [2, 4], 'pods[0].startup': 1s..3s}\n    replications: 12\n    \
                 design: one-at-a-time\n    metrics: [makespan, cost=podSeconds*2]\n";
    fs::write(folder.path().join("studied.yaml"), flaky + study).expect("written");
    let told = good(folder.path(), &["sweep", "studied.yaml", "--out", "first"]);
    // As it is, two and three values; two metrics.
    assert_eq!(told.lines().filter(|line| line.contains(" 12 ")).count(), 12, "{told}");
    // Other paths make other columns; the folder is still the study's.
    good(folder.path(), &["sweep", "studied.yaml", "--set", "backoffLimit=1", "--out", "first"]);
}

/// Four pods of half an hour and two processors each, on nodes of four processors at a dollar an hour; a node of another
/// pool is of no use to them. A pod that no Job made is there from the start.
const NODES: &str = r#"apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec:
  completions: 4
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: i, resources: {requests: {cpu: "2"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: bare}
spec:
  restartPolicy: Never
  nodeSelector: {kind: small}
  containers: [{name: c, image: i, resources: {requests: {cpu: "1"}}}]
---
apiVersion: jobsim/v1alpha1
kind: Simulation
spec:
  profile: ideal
  pods: [{duration: 30m}]
  cluster:
    nodePools:
    - {name: on-demand, count: 1, allocatable: {cpu: "4", memory: 8Gi}, pricePerHour: 1}
    - {name: small, count: 1, allocatable: {cpu: "1", memory: 8Gi}, pricePerHour: 0.1, labels: {kind: small}}
  expect:
  - "cost(on-demand) < 1.1"
  - "cost(small) < 0.05"
"#;

#[test]
fn nodes_are_measured_wherever_metrics_are_named() {
    let folder = workplace();
    fs::write(folder.path().join("nodes.yaml"), NODES).expect("written");
    let metrics = ["-m", "cost", "-m", "cost(on-demand)", "-m", "utilisation(on-demand)", "-m", "utilisation(small)"];
    let axis = ["--set", "cluster.nodePools[0].count=1,2,4"];
    good(folder.path(), &[&["sweep", "nodes.yaml", "-r", "1", "--out", "out"], &axis[..], &metrics[..]].concat());
    let table = fs::read_to_string(folder.path().join("out/results.csv")).expect("a table");
    let value = |line: &str| line.rsplit(',').next().and_then(|value| value.parse::<f64>().ok()).expect("a value");
    let values: Vec<f64> = table.lines().skip(1).map(value).collect();
    // One node works for an hour, two for half of it, and of four two stand idle. Seconds of the controller come on top.
    let wanted = [1.1, 1.0, 1.0, 0.5, 1.05, 1.0, 1.0, 1.0, 2.05, 2.0, 0.5, 1.0];
    let close = |(value, wanted): (&f64, &f64)| (value - wanted).abs() < 0.01;
    assert!(values.len() == 12 && values.iter().zip(&wanted).all(close), "{values:?}");
    let vary = ["fit", "nodes.yaml", "--vary", "cluster.nodePools[0].count=1..4", "--deadline", "40m", "-r", "3"];
    let told = good(folder.path(), &[&vary[..], &["--minimize", "cost(on-demand)"]].concat());
    assert!(told.starts_with("cluster.nodePools[0].count=2\n") && told.contains("cost(on-demand): 1.0"), "{told}");
    let change =
        ["compare", "nodes.yaml", "--with", "cluster.nodePools[0].count=4", "-r", "3", "-m", "cost(on-demand)"];
    let told = good(folder.path(), &change);
    assert!(told.contains("The second has a cost(on-demand) more by 1") && told.contains(": worse"), "{told}");
    let output = run(folder.path(), &["test", "nodes.yaml"]);
    let expected = "nodes.yaml:31: expected cost(small) < 0.05: cost(small) is 0.1, against 0.05";
    assert!(stdout(&output).contains(expected), "{}", stdout(&output));
    let output = run(folder.path(), &["sweep", "nodes.yaml", "-m", "cost(spot)"]);
    let expected = "cost(spot): there is no pool \"spot\"; pools here: on-demand, small";
    assert!(output.status.code() == Some(2) && stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn a_sweep_says_how_often_jobs_did_not_complete() {
    let folder = workplace();
    let sweep = ["sweep", "scenarios/flaky.yaml", "--set", "backoffLimit=0,50", "-r", "20", "--out", "none"];
    let told = |more: &[&str]| stderr(&run(folder.path(), &[&sweep[..], more].concat()));
    let warning = |told: &str| told.lines().find(|line| line.contains("not every Job completed")).map(str::to_owned);
    let of_makespan = warning(&told(&["-m", "makespan"])).expect("a warning");
    assert!(of_makespan.starts_with("warning: in ") && of_makespan.contains(" of 40 runs "), "{of_makespan}");
    assert_eq!(warning(&told(&["-m", "makespan", "-m", "complete"])), None);
    assert_eq!(warning(&told(&["--set", "pods[0].failure=0"])), None);
}

/// Batches of one long run, on one machine and in shards.
#[test]
fn steady_state_is_asked_for_by_options_or_in_the_file() {
    let folder = workplace();
    let sweep = ["sweep", "scenarios/studies/queue.yaml", "--set", "horizon=20h,30h"];
    let told = good(folder.path(), &[&sweep[..], &["--batches", "5", "-r", "2", "--out", "whole"]].concat());
    assert!(told.starts_with("horizon   METRIC        BATCHES   MEAN"), "{told}");
    let table = fs::read_to_string(folder.path().join("whole/results.csv")).expect("a table");
    assert!(table.starts_with("point,horizon,replication,metric,value,batch\n"), "{table}");
    assert_eq!(table.lines().count(), 1 + 2 * 2 * 5 * 2);
    for shard in ["0/3", "1/3", "2/3"] {
        let cut = ["--batches", "5", "-r", "2", "--out", "parts", "--shard", shard];
        good(folder.path(), &[&sweep[..], &cut].concat());
    }
    good(folder.path(), &["merge", "parts"]);
    assert_eq!(files(&folder.path().join("parts")), files(&folder.path().join("whole")));
    let compare = ["compare", "scenarios/studies/queue.yaml", "--with", "cluster.nodePools[0].allocatable.cpu=4"];
    let told = good(folder.path(), &[&compare[..], &["--warm-up", "5h", "--out", "none"]].concat());
    assert!(told.contains("20 pairs of batches on the same luck") && told.contains(": better"), "{told}");
    let output = run(folder.path(), &[&compare[..], &["--batches", "400", "--out", "none"]].concat());
    assert!(stderr(&output).contains("batch means of wait follow one another"), "{}", stderr(&output));
    let output = run(folder.path(), &[&sweep[..], &["--warm-up", "25h", "--out", "none"]].concat());
    assert!(stderr(&output).contains("20 of 40 batches have no wait: nothing begins in them"), "{}", stderr(&output));
    let short = ["--set", "horizon=5h", "--batches", "100", "--out", "none"];
    let output = run(folder.path(), &[&sweep[..2], &short].concat());
    assert!(stderr(&output).contains("batch means of wait follow one another"), "{}", stderr(&output));
}

#[test]
fn slips_are_said() {
    let folder = workplace();
    let check = |arguments: &[&str], code: i32, part: &str| {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
    };
    let flaky = "scenarios/flaky.yaml";
    check(&["sweep", flaky, "--set", "paralelism=1..3"], 2, "at paralelism=1: ");
    check(&["sweep", flaky, "--set", "parallelism=9..1"], 2, "a range goes up");
    check(&["sweep", flaky, "-m", "makespn"], 2, "no metric is called \"makespn\"");
    check(&["sweep", flaky, "--shards", "4"], 2, "neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set");
    check(&["sweep", flaky, "--shard", "0/2", "--until", "2%"], 2, "cannot be cut into shards");
    // An object store is for shards, in builds that have them, and never a folder by that name.
    let store = if cfg!(feature = "object-store") { "name a folder" } else { "--features object-store" };
    check(&["sweep", flaky, "--out", "s3://bucket/prefix"], 2, store);
    check(&["run", flaky, "--out", "s3://bucket/prefix"], 2, store);
    check(&["merge", "s3://bucket/prefix"], 2, store);
    check(&["merge", "parts", "--out", "gs://bucket/prefix"], 2, store);
    check(&["sweep", flaky, "--shard", "0/2", "--out", "file:///out"], 2, "folder");
    if !cfg!(feature = "object-store") {
        check(&["sweep", flaky, "--shard", "0/2", "--out", "az://container/prefix"], 2, store);
    }
    assert!(!folder.path().join("s3:").exists());
    check(&["compare", flaky], 2, "two scenarios are needed");
    check(&["compare", flaky, "--with", "parallelism=1..3"], 2, "one value");
    check(&["fit", flaky, "--vary", "parallelism=1..3", "--deadline", "soon"], 2, "--deadline");
    check(&["sweep", flaky, "--max-pods", "3", "--out", "none"], 4, "more than 3 pods");
    check(&["sweep", flaky, "--set", "parallelism=2,3,2"], 2, "parallelism has the value 2 twice");
    check(&["sweep", flaky, "-m", "pods", "-m", "pods=makespan"], 2, "two metrics are called \"pods\"");
    check(&["sweep", flaky, "--threads", "100000"], 2, "is not a number from 0 to 1024");
    let fit = ["fit", flaky, "--vary", "parallelism=1..3", "--deadline"];
    let idle = "--metric cost plays no part: a fit looks at what it minimizes; add --minimize cost";
    check(&[&fit[..], &["10m", "-m", "cost"]].concat(), 2, idle);
    let free = "warning: cost is 0 at every point that was tried: no pool has a price";
    check(&[&fit[..], &["30m", "--minimize", "cost", "-r", "5", "--out", "none"]].concat(), 0, free);
    check(
        &[&fit[..], &["06:00", "-r", "5", "--out", "none"]].concat(),
        0,
        "06:00 is counted from 2000-01-01T01:00:00Z",
    );
    check(&[&fit[..], &["30m", "-r", "5", "--out", "none"]].concat(), 0, "warning: 5 replications are few");
    // Seeds that would play no part.
    let seeds = ["sweep", flaky, "--set", "seed=1,2", "--seed", "4", "--out", "none"];
    check(&seeds, 2, "--seed and seed both say what chance is drawn from");
    let seeds = ["compare", flaky, "--with", "seed=9", "-r", "2", "--out", "none"];
    check(&seeds, 0, "note: seed=9 has another seed, which plays no part: all sides draw from seed");
    // The other spelling of a path of --vary.
    check(&[&fit[..], &["30m", "--minimize", "spec.parallelism", "-r", "5", "--out", "none"]].concat(), 0, "");
    // Files of others, and of a run, are found before anything is run.
    fs::create_dir_all(folder.path().join("theirs")).expect("a folder");
    fs::write(folder.path().join("theirs/results.csv"), "name,salary\n").expect("written");
    let long = ["--set", "parallelism=1..500", "-r", "10000", "--out"];
    check(&[&["sweep", flaky][..], &long, &["theirs"]].concat(), 3, "was not written by jobsim");
    check(&["run", flaky, "--out", "ran"], 0, "");
    check(&[&["sweep", flaky][..], &long, &["ran"]].concat(), 3, "summary.json is of a run; name another folder");
    check(&["sweep", flaky, "-r", "2", "--out", "studied"], 0, "");
    check(&["verify", flaky, "--against", "studied"], 2, "studied is of a study, not of a run");
    check(&["diff", "ran", "ran", "--seed", "4"], 2, "--seed plays no part: both folders hold runs");
    let beyond = ["--vary", "horizon=5m", "--out", "none"];
    check(&[&fit[..], &["30m"], &beyond[..]].concat(), 2, "the deadline of 1800 s lies beyond the horizon of 300 s");
}

/// A queue with servers without end: Jobs come at random, 20 a minute, and each has one pod of 9 s on average. The
/// number of Jobs is Poisson and the work compound Poisson, so both means are known: an interval of 95 % must hold them
/// in about 95 of 100 studies.
#[test]
fn random_arrivals_meet_theory_as_often_as_intervals_say() {
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {restartPolicy: Never, \
                containers: [{name: c, image: i}]}}}\n---\napiVersion: jobsim/v1alpha1\nkind: Simulation\nspec: \
                {profile: ideal, pods: [{duration: {exponential: {mean: 9s}}}], arrivals: [{template: j, interarrival: \
                {exponential: {mean: 3s}}, until: 60s}]}";
    let scenario = jobsim::scenario::read_str(text).expect("a scenario");
    let measures = ["pods", "podSeconds"].map(|name| Measure::parse(name).expect("a metric"));
    let mut laboratory = Laboratory::new(2).expect("threads");
    let mut hits = [0; 2];
    for study in 0..100 {
        laboratory.seed = Some(study);
        let values = laboratory.measure(&scenario, 0..20, &measures).expect("runs");
        for (metric, mean) in [20.0, 180.0].into_iter().enumerate() {
            let series: Vec<f64> = values.iter().skip(metric).step_by(2).copied().collect();
            hits[metric] += u32::from(interval::student(&series, 0.95).expect("an interval").contains(mean));
        }
    }
    // Three standard errors of a share of 100 are 6.5 %.
    assert!(hits.iter().all(|hits| (88..=100).contains(hits)), "{hits:?}");
}
