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
}

/// What stands for an object's UID: its kind and the number of its creation.
pub fn uid(kind: Numbered, number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", kind as u32 + 1)
}

/// The name of a Job's pod; `identity` is that of the Job.
pub fn pod_name(job: &str, identity: u64, index: u32, attempt: u32) -> String {
    let prefix = mix(identity, NAMES);
    // The generator keeps 58 characters of the prefix, so that the whole stays a DNS label.
    let generated = |mut name: String, prefix: u64| {
        name.truncate(name.char_indices().nth(58).map_or(name.len(), |(at, _)| at));
        name + &suffix(prefix, attempt)
    };
    if index == NO_INDEX {
        return generated(format!("{job}-"), prefix);
    }
    let own = prefix ^ (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    generated(format!("{job}-{index}-"), own ^ (own >> 29))
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
    fn suffixes_of_one_prefix_never_collide() {
        let names: BTreeSet<String> = (0..20_000).map(|n| suffix(0x9e37_79b9_7f4a_7c15, n)).collect();
        assert_eq!(names.len(), 20_000);
        assert!(names.iter().all(|name| name.len() == LENGTH));
    }
}
