//! Which lines of the table make a difference: the fewest with which it is still there.
//!
//! Lines are taken out, many at a time and then one at a time, as long as what is to be explained stays (delta
//! debugging). What is left is minimal: without any one of its lines the difference is not the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{Difference, Outcome, words};
use crate::api::release::{Line, Release};

/// Runs with some lines of the table as in the new release, and what was learnt from them.
pub(super) struct Search<'a, Play> {
    before: &'a Outcome,
    after: &'a Outcome,
    releases: (Release, Release),
    play: Play,
    /// The sentences that a set of lines makes, by the names of the lines.
    told: BTreeMap<Vec<&'static str>, BTreeSet<String>>,
}

impl<'a, Play: FnMut(&[Line]) -> Outcome> Search<'a, Play> {
    /// `play` runs the scenario with these lines as in the new release, and all others as in the old one.
    pub(super) fn new(
        before: &'a Outcome,
        after: &'a Outcome,
        releases: (Release, Release),
        play: Play,
    ) -> Search<'a, Play> {
        Search { before, after, releases, play, told: BTreeMap::new() }
    }

    /// The fewest lines that change the old outcome into the new one, to the byte; none if the table cannot do it.
    pub(super) fn all_lines(&mut self, lines: &[Line]) -> Vec<Line> {
        if !(self.play)(lines).is_as(self.after) {
            return Vec::new();
        }
        fewest(lines, |some| (self.play)(some).is_as(self.after))
    }

    /// The fewest of these lines that make one difference.
    pub(super) fn lines_of(&mut self, difference: &Difference, lines: &[Line]) -> Vec<Line> {
        match lines {
            [] | [_] => lines.to_vec(),
            _ => fewest(lines, |some| some.len() == lines.len() || self.is_told(difference, some)),
        }
    }

    fn is_told(&mut self, difference: &Difference, lines: &[Line]) -> bool {
        let names: Vec<&'static str> = lines.iter().map(|line| line.name()).collect();
        let (before, releases, play) = (self.before, self.releases, &mut self.play);
        let told = self.told.entry(names).or_insert_with(|| {
            words(before, &play(lines), releases).into_iter().map(|difference| difference.text).collect()
        });
        told.contains(&difference.text)
    }
}

/// The fewest lines with which `explains` still holds, as it does with all of them. The last are tried first.
pub(super) fn fewest(lines: &[Line], mut explains: impl FnMut(&[Line]) -> bool) -> Vec<Line> {
    let mut kept = lines.to_vec();
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let (mut end, had) = (kept.len(), kept.len());
        while end > 0 {
            let start = end.saturating_sub(size);
            let mut rest = kept.clone();
            rest.drain(start..end);
            if explains(&rest) {
                kept = rest;
            }
            end = start;
        }
        // One at a time until nothing more can go.
        size = if size > 1 { size / 2 } else { usize::from(kept.len() < had) };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(needed: impl Fn(&[&str]) -> bool, expected: &[&str]) {
        let lines: Vec<Line> = Line::all().collect();
        let mut tries = 0;
        let found = fewest(&lines, |some| {
            tries += 1;
            needed(&some.iter().map(|line| line.name()).collect::<Vec<_>>())
        });
        let names: Vec<_> = found.iter().map(|line| line.name()).collect();
        assert_eq!(names, expected);
        assert!(tries <= 2 * lines.len(), "{tries} tries for {} lines", lines.len());
    }

    #[test]
    fn the_fewest_lines_are_found() {
        check(|_| true, &[]);
        check(|some| some.contains(&"clears_start_time"), &["clears_start_time"]);
        // Two that only do it together.
        check(
            |some| some.contains(&"has_managed_by") && some.contains(&"VolumeMount.recursiveReadOnly"),
            &["has_managed_by", "VolumeMount.recursiveReadOnly"],
        );
        // Of two that each do it the first is kept.
        let either = |some: &[&str]| some.contains(&"has_managed_by") || some.contains(&"clears_start_time");
        check(either, &["has_managed_by"]);
        // One undoes what another does: the other must not be there.
        check(
            |some| some.contains(&"has_success_policy") && (some.len() > 5 || !some.contains(&"validates_status")),
            &["has_success_policy"],
        );
    }
}
