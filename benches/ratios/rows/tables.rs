//! Rows 9 and 10: tables written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use jobsim::record::stream::Tables;
use jobsim::record::trace::pods_csv;
use jobsim::{PodLife, Run, RunOptions, Trace, run, run_streamed};

use super::model::pods_of;
use crate::measure::{Effort, Program, by_turns, cpu};
use crate::report::{Finding, Gate};
use crate::scenarios;

pub(crate) fn measure(effort: Effort) -> Vec<Finding> {
    let mut findings = rows(effort);
    findings.push(all_tables(effort));
    findings
}

/// A file in memory where there is a place for such.
fn file(name: &str) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("jobsim-ratios-{}-{name}", std::process::id()))
}

fn rows(effort: Effort) -> Vec<Finding> {
    let scenario = scenarios::full_model(1_000, effort.size(200_000, 1_000));
    let run = run(&scenario, &RunOptions::default());
    let paths = ["ours", "hand", "serde"].map(file);
    let [ours, hand, serde] = &paths;
    let count = run.pods.len() as u64;
    let programs: Vec<Program<'_>> = vec![
        Box::new(|| {
            by_hand(&run, &mut File::create(hand).expect("a file"));
            count
        }),
        Box::new(|| {
            pods_csv(&run, File::create(ours).expect("a file")).expect("written");
            count
        }),
        Box::new(|| {
            by_serde(&run, File::create(serde).expect("a file"));
            count
        }),
    ];
    let times = by_turns(effort, cpu, programs);
    let read = |path| std::fs::read(path).expect("a table");
    assert!(read(hand) == read(ours), "the table by hand is not ours");
    let lines = |table: Vec<u8>| table.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines(read(serde)), lines(read(ours)));
    let bytes = read(ours).len() as f64 / count as f64;
    paths.iter().for_each(|path| _ = std::fs::remove_file(path));
    let finding = |at: usize, case: String, gate| Finding {
        row: 9,
        case,
        unit: "ns a row",
        floor: times.median(0),
        ours: times.median(at),
        ratio: times.ratio(at, 0),
        gate,
    };
    vec![
        finding(1, format!("CSV rows of {bytes:.0} bytes"), Gate::AtMost(15.8 / 11.0)),
        finding(2, "the same by csv and serde".to_owned(), Gate::None),
    ]
}

/// Puts the rows of these pods together and nothing more: no field needs quotes, all times are there.
fn by_hand(run: &Run, out: &mut File) {
    let mut bytes: Vec<u8> = Vec::with_capacity(1 << 17);
    bytes.extend_from_slice(jobsim::record::trace::PODS_HEADER.as_bytes());
    bytes.push(b'\n');
    let mut digits = itoa::Buffer::new();
    for pod in &run.pods {
        let job = &run.job_of(pod).expect("a Job").name;
        for text in [&*pod.namespace, pod.name.as_str(), &*job.name] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b',');
        }
        bytes.extend_from_slice(b",,");
        bytes.extend_from_slice(digits.format(pod.attempt).as_bytes());
        bytes.extend_from_slice(b",,");
        for time in times(pod) {
            if let Some(time) = time {
                bytes.extend_from_slice(digits.format(time.0 / 1_000_000_000).as_bytes());
                let micros = time.0 / 1_000 % 1_000_000;
                if micros > 0 {
                    let text = digits.format(1_000_000 + micros);
                    bytes.push(b'.');
                    bytes.extend_from_slice(text[1..].trim_end_matches('0').as_bytes());
                }
            }
            bytes.push(b',');
        }
        bytes.extend_from_slice(pod.phase.as_str().as_bytes());
        bytes.extend_from_slice(b",0,,0,,\n");
        if bytes.len() > 1 << 16 {
            out.write_all(&bytes).expect("written");
            bytes.clear();
        }
    }
    out.write_all(&bytes).expect("written");
}

fn times(pod: &PodLife) -> [Option<jobsim::SimTime>; 7] {
    [Some(pod.created), pod.scheduled, pod.started, pod.ready, pod.terminating, pod.finished, pod.removed]
}

/// The same fields, times as numbers of seconds.
fn by_serde(run: &Run, out: File) {
    let mut writer = csv::Writer::from_writer(BufWriter::new(out));
    writer.write_record(jobsim::record::trace::PODS_HEADER.split(',')).expect("written");
    for pod in &run.pods {
        let job = run.job_of(pod).expect("a Job");
        let head = (&*pod.namespace, &pod.name, &*job.name.name, "", pod.index, pod.attempt, "");
        let times = times(pod).map(|time| time.map(|time| (time.0 / 1_000) as f64 / 1e6));
        let tail = (pod.phase.as_str(), pod.exit_code, pod.reason, pod.restarts, pod.failure_count);
        writer.serialize((head, times, tail, pod.ignored_failure_count)).expect("written");
    }
    writer.flush().expect("written");
}

/// Row 10: a run that writes all its tables, against one that writes none.
fn all_tables(effort: Effort) -> Finding {
    let scenario = scenarios::full_model(1_000, effort.size(200_000, 1_000));
    let paths = ["jobs", "pods", "events"].map(file);
    let streamed = || {
        let [jobs, pods, events] = paths.clone().map(|path| Some(File::create(path).expect("a file")));
        let tables = Tables { cron_jobs: None, jobs, pods, events, nodes: None };
        let options = RunOptions { trace: Trace::None, ..RunOptions::default() };
        let run = run_streamed(&scenario, &options, tables, Vec::new()).expect("written");
        run.totals.expect("counts").pods
    };
    let programs: Vec<Program<'_>> = vec![Box::new(|| pods_of(&scenario)), Box::new(streamed)];
    let times = by_turns(effort, cpu, programs);
    paths.iter().for_each(|path| _ = std::fs::remove_file(path));
    Finding {
        row: 10,
        case: "all tables written / none".to_owned(),
        unit: "ns a pod",
        floor: times.median(0),
        ours: times.median(1),
        ratio: times.ratio(1, 0),
        gate: Gate::AtMost(2.6),
    }
}
