//! Generated names: `generateName` and its five random characters (`names.SimpleNameGenerator`).

use super::pod::NO_INDEX;
use crate::kernel::rng::mix;

/// The characters that the API server generates suffixes from: no vowels, no look-alikes.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
const LENGTH: usize = 5;
const SPACE: u64 = 27u64.pow(LENGTH as u32);

/// What tells the draws of names from others of a Job.
const NAMES: u64 = 0x6e61_6d65;

/// Kinds of objects that have a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbered {
    /// A Job.
    Job,
    /// A pod.
    Pod,
    /// A CronJob.
    CronJob,
    /// A Kubernetes event.
    Event,
    /// A node.
    Node,
    /// A ConfigMap.
    ConfigMap,
}

/// What stands for an object's UID: its kind and the number of its creation.
pub fn uid(kind: Numbered, number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", kind as u32 + 1)
}

/// How much of a generated name may come before its suffix, so that the whole stays a DNS label.
const MAX_GENERATED: usize = 58;

/// The name of a Job's pod; `identity` is that of the Job.
///
/// A long name of the Job is cut, its pod's index is not (`podGenerateNameWithIndex`).
pub fn pod_name(job: &str, identity: u64, index: u32, attempt: u32) -> String {
    let prefix = mix(identity, NAMES);
    let (between, prefix) = if index == NO_INDEX {
        ("-".to_owned(), prefix)
    } else {
        let own = prefix ^ (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (format!("-{index}-"), own ^ (own >> 29))
    };
    // Without an index the hyphen is cut with the rest (`SimpleNameGenerator`).
    let room = if index == NO_INDEX { MAX_GENERATED } else { MAX_GENERATED - between.len() };
    let name = &job[..job.char_indices().nth(room).map_or(job.len(), |(at, _)| at)];
    let between = &between[..between.len().min(MAX_GENERATED - name.len())];
    format!("{name}{between}{}", suffix(prefix, attempt))
}

/// The suffix of the `ordinal`-th name under one prefix, whose identity is `prefix`.
///
/// Upstream draws at random and tries again when the name is taken. Here the ordinal is carried by a permutation
/// of all suffixes that depends on the prefix, so names look random, never collide, and need no table.
fn suffix(prefix: u64, ordinal: u32) -> String {
    // A multiplier prime to 27 makes n -> a*n + b a permutation of the suffixes.
    let a = (prefix % (SPACE / 3)) * 3 + 1;
    let b = (prefix >> 24) % SPACE;
    let mut n = (a * (u64::from(ordinal) % SPACE) + b) % SPACE;
    let mut text = [0u8; LENGTH];
    for place in &mut text {
        *place = ALPHABET[(n % 27) as usize];
        n /= 27;
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    let lap = u64::from(ordinal) / SPACE;
    if lap > 0 {
        text.push_str(&lap.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn long_names_of_jobs_are_cut_before_the_index() {
        let start = |job: &str, index| {
            let name = pod_name(job, 7, index, 0);
            name[..name.len() - LENGTH].to_owned()
        };
        assert_eq!(start("pi", NO_INDEX), "pi-");
        assert_eq!(start("pi", 10), "pi-10-");
        assert_eq!(start(&"n".repeat(57), NO_INDEX), "n".repeat(57) + "-");
        assert_eq!(start(&"n".repeat(60), NO_INDEX), "n".repeat(58));
        assert_eq!(start(&"n".repeat(60), 0), "n".repeat(55) + "-0-");
        assert_eq!(start(&"n".repeat(60), 12), "n".repeat(54) + "-12-");
    }

    #[test]
    fn suffixes_of_one_prefix_never_collide() {
        let names: BTreeSet<String> = (0..20_000).map(|n| suffix(0x9e37_79b9_7f4a_7c15, n)).collect();
        assert_eq!(names.len(), 20_000);
        assert!(names.iter().all(|name| name.len() == LENGTH));
    }
}
