//! Finished Jobs beyond the history limits (`cleanupFinishedJobs`, `removeOldestJobs`).

use std::sync::Arc;

use super::view::{Outcome, OwnedJob};
use crate::api::meta::JobId;

/// The Jobs to delete, in order: complete ones, then failed ones, of each the oldest first.
pub(super) fn beyond_limits(complete: Option<i32>, failed: Option<i32>, jobs: &[OwnedJob]) -> Vec<(JobId, Arc<str>)> {
    let mut doomed = Vec::new();
    let mut kept = [0, 0];
    jobs.iter().filter_map(|job| job.finished).for_each(|outcome| kept[outcome as usize] += 1);
    for (outcome, limit) in [(Outcome::Complete, complete), (Outcome::Failed, failed)] {
        let Some(limit) = limit else { continue };
        let surplus = kept[outcome as usize] - kept[outcome as usize].min(limit.max(0) as usize);
        if surplus > 0 {
            let mut ended: Vec<&OwnedJob> = jobs.iter().filter(|job| job.finished == Some(outcome)).collect();
            ended.sort_by_key(|job| (job.start_time.is_none(), job.start_time, job.name.clone()));
            doomed.extend(ended[..surplus].iter().map(|job| (job.job, job.name.clone())));
        }
    }
    doomed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::meta::ApiTime;

    /// Jobs as `C12` or `F-`: Complete or Failed, and the start time; named a, b, c.
    fn check(jobs: &str, limits: (Option<i32>, Option<i32>), deleted: &str) {
        let job = |(at, text): (usize, &str)| OwnedJob {
            job: JobId { slot: at as u32, uid: at as u32 },
            name: char::from(b'a' + at as u8).to_string().into(),
            start_time: text[1..].parse().ok().map(ApiTime),
            completion_time: None,
            finished: match &text[..1] {
                "C" => Some(Outcome::Complete),
                "F" => Some(Outcome::Failed),
                _ => None,
            },
        };
        let jobs: Vec<OwnedJob> = jobs.split(' ').enumerate().map(job).collect();
        let names: Vec<String> =
            beyond_limits(limits.0, limits.1, &jobs).iter().map(|(_, name)| name.to_string()).collect();
        assert_eq!(names.join(""), deleted, "{limits:?}");
    }

    #[test]
    fn the_oldest_go_first() {
        check("C3 C1 C2 R9", (Some(1), Some(1)), "bc");
        check("C3 F1 C2 F0", (Some(1), Some(1)), "cd");
        check("C3 F1 C2 F0", (None, Some(0)), "db");
        check("C- C5 C5", (Some(0), None), "bca");
        check("C1 C2", (Some(2), Some(0)), "");
        check("C1 C2", (None, None), "");
    }
}
