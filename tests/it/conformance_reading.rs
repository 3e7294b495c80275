//! The recorded scenarios of Jobs and quotas are read without a complaint.

use jobsim::scenario::{Object, ReadOptions, Source, read};

use crate::recorded::{Tally, folder};

/// Reads every case of a set that holds no kinds but ours.
fn reads(set: &str) {
    let Some(folder) = folder(set) else { return };
    let mut names: Vec<_> =
        std::fs::read_dir(folder.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut tally = Tally::default();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source::from_file(&path, &name).unwrap();
        let text = String::from_utf8(source.bytes.clone()).unwrap();
        let kinds = text.lines().filter_map(|line| line.strip_prefix("kind: "));
        if !kinds.clone().all(|kind| matches!(kind, "Job" | "ResourceQuota" | "Simulation")) {
            continue;
        }
        let jobs = kinds.filter(|kind| *kind == "Job").count();
        let difference = match read(vec![source], &ReadOptions::default()) {
            Ok((scenario, warnings)) if warnings.is_empty() && scenario.notes.is_empty() => {
                let read = scenario.objects.iter().filter(|o| matches!(o, Object::Job(_))).count();
                (read != jobs).then(|| format!("{read} Jobs of {jobs}"))
            }
            Ok((scenario, warnings)) => Some(format!("{warnings:?} {:?}", scenario.notes)),
            Err(problems) => Some(problems.to_string()),
        };
        tally.count(name, difference);
    }
    tally.finish(&format!("{set} read"));
}

#[test]
fn conformance_reading_jobs() {
    reads("jobs");
}

#[test]
fn conformance_reading_controlplane() {
    reads("controlplane");
}
