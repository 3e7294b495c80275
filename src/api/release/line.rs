//! A line of the table of differences, whichever of its parts it stands in.

use std::fmt;

use super::{CHANGES, Change, FIELDS, Kubernetes, NewField, Release};

/// A line of the table: a rule, or a field that older servers do not know.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// A rule of [`CHANGES`].
    Rule(&'static Change),
    /// A field of [`FIELDS`].
    Field(&'static NewField),
}

impl Line {
    /// All lines that make a difference of their own: a field behind a gate is dropped by the rule of that gate.
    pub fn all() -> impl Iterator<Item = Line> {
        let fields = FIELDS.iter().filter(|field| field.gate.is_none());
        CHANGES.iter().map(Line::Rule).chain(fields.map(Line::Field))
    }

    /// The lines that hold in one of two clusters and not in the other.
    pub fn between(one: &Kubernetes, other: &Kubernetes) -> Vec<Line> {
        Line::all().filter(|line| one.holds(*line) != other.holds(*line)).collect()
    }

    /// The name that no other line has: that of the rule in [`Rules`](super::Rules), or type and field.
    pub fn name(self) -> &'static str {
        match self {
            Line::Rule(change) => change.rule,
            Line::Field(field) => field.field,
        }
    }

    /// What people call it: `C4`, `VolumeMount.recursiveReadOnly`.
    pub fn code(self) -> &'static str {
        match self {
            Line::Rule(change) => change.code,
            Line::Field(field) => field.field,
        }
    }

    /// On the way from one cluster to another, up or down, the first release in which the line is as in the newer of
    /// the two: a rule behind a gate came with the release that turned the gate on.
    pub fn turned(self, one: &Kubernetes, other: &Kubernetes) -> Release {
        let (older, newer) = if one.release <= other.release { (one, other) } else { (other, one) };
        let wanted = newer.holds(self);
        let way = Release::all().filter(|release| (older.release..=newer.release).contains(release));
        // The gates that are set by hand stay set on the way.
        let differs = |release: &Release| match *release {
            last if last == newer.release => false,
            release => older.moved_to(release).0.holds(self) != wanted,
        };
        way.filter(differs).last().map_or(older.release, |last| Release(last.0 + 1))
    }
}

impl PartialEq for Line {
    fn eq(&self, other: &Line) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Line {}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> Line {
        Line::all().find(|line| line.name() == name).expect("a line of the table")
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Line::all().map(Line::name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_line_turns_with_the_release_that_turns_its_gate_on() {
        let check = |name, from, to, expected| {
            let (from, to) = (Kubernetes::of(Release(from)), Kubernetes::of(Release(to)));
            assert_eq!(line(name).turned(&from, &to), Release(expected), "{name}");
            assert_eq!(line(name).turned(&to, &from), Release(expected), "{name}, down");
        };
        check("has_success_policy", 29, 37, 31);
        check("has_managed_by", 31, 32, 32);
        check("waits_for_terminating_pods", 30, 31, 31);
        check("counts_active_in_back_off", 34, 37, 36);
        check("has_container_restart_rules", 29, 37, 35);
        check("has_env_files", 29, 37, 35);
        check("VolumeMount.recursiveReadOnly", 29, 37, 30);
    }

    #[test]
    fn what_two_releases_differ_in() {
        let between = |one, other| Line::between(&Kubernetes::of(Release(one)), &Kubernetes::of(Release(other)));
        assert_eq!(between(37, 37), []);
        let names: Vec<_> = between(32, 33).into_iter().map(Line::name).collect();
        let gates =
            ["has_host_users", "has_resize_policy", "has_supplemental_groups_policy", "has_selinux_change_policy"];
        assert_eq!(names, [&gates[..], &["Lifecycle.stopSignal"]].concat());
        assert!(between(31, 32).contains(&line("has_managed_by")));
    }

    #[test]
    fn a_line_can_be_set_by_hand() {
        let kubernetes = Kubernetes::of(Release(37)).with_line(line("clears_start_time"), false);
        assert!(!kubernetes.rules().clears_start_time && kubernetes.rules().counts_active_in_back_off);
        assert!(!kubernetes.holds(line("clears_start_time")));
    }
}
