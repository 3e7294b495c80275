//! Releases of Kubernetes, 1.29 to 1.37: which rules, defaults and fields each has.
//!
//! All differences stand in one table (`table.rs`): a line a rule, since which release it holds, and behind which feature
//! gate. What a run needs of it are the plain yes and no of [`Rules`], made once.

mod gates;
mod line;
mod table;

use std::fmt;
use std::str::FromStr;

pub use gates::{GATES, Gate, Stage};
pub use line::Line;
pub use table::{CHANGES, Change, FIELDS, NewField, Rules, new_field};

/// A release by its minor version: 1.37 is `Release(37)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u8);

impl Release {
    /// The oldest whose rules are there.
    pub const OLDEST: Release = Release(29);
    /// The newest, and the one that holds where nothing is said.
    pub const NEWEST: Release = Release(37);

    /// All of them, the oldest first.
    pub fn all() -> impl Iterator<Item = Release> {
        (Release::OLDEST.0..=Release::NEWEST.0).map(Release)
    }
}

impl Default for Release {
    fn default() -> Release {
        Release::NEWEST
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for Release {
    type Err = String;

    /// Reads `1.31`, `v1.31` or `1.31.14`: a patch release has the rules of its minor version.
    fn from_str(text: &str) -> Result<Release, String> {
        let mut parts = text.trim_start_matches('v').split('.');
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<u8>().ok());
        let (major, minor) = (number(parts.next()), number(parts.next()));
        let patch = parts.next();
        let is_whole = patch.is_none_or(|patch| patch.parse::<u16>().is_ok()) && parts.next().is_none();
        match (major, minor) {
            (Some(1), Some(minor)) if is_whole && Release::all().any(|release| release.0 == minor) => {
                Ok(Release(minor))
            }
            _ => Err(format!(
                "no rules of Kubernetes {text}: releases from {} to {} are known",
                Release::OLDEST,
                Release::NEWEST
            )),
        }
    }
}

/// The Kubernetes of a cluster: its release, and the feature gates that were set by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kubernetes {
    /// The release.
    pub release: Release,
    gates: Vec<(&'static str, bool)>,
    /// Lines of the table that hold or not whatever the release says.
    lines: Vec<(Line, bool)>,
}

impl Kubernetes {
    /// A release with its gates as they come.
    pub fn of(release: Release) -> Kubernetes {
        Kubernetes { release, ..Kubernetes::default() }
    }

    /// The same cluster at another release: the gates that were set by hand stay where that release lets them be set;
    /// else the answer says why not.
    pub fn moved_to(&self, release: Release) -> (Kubernetes, Vec<String>) {
        let mut moved = Kubernetes::of(release);
        let refused = self.gates.iter().filter_map(|(gate, on)| moved.set_gate(gate, *on).err()).collect();
        (moved, refused)
    }

    /// The same with a line of the table as if by hand, to see what comes of that line alone. No cluster is like that.
    #[must_use]
    pub fn with_line(mut self, line: Line, holds: bool) -> Kubernetes {
        self.lines.retain(|(set, _)| *set != line);
        self.lines.push((line, holds));
        self
    }

    /// Does a line of the table hold?
    pub fn holds(&self, line: Line) -> bool {
        match line {
            Line::Rule(change) => self.has_line(change.rule, change.since.0, change.gates),
            Line::Field(field) => self.has_line(field.field, field.since.0, &[]),
        }
    }

    /// Does the line of this name hold, which came with a release, behind any of these gates?
    fn has_line(&self, name: &str, since: u8, gates: &[&str]) -> bool {
        let set = self.lines.iter().find(|(set, _)| set.name() == name).map(|(_, holds)| *holds);
        set.unwrap_or_else(|| self.has(since, gates))
    }

    /// Does its API server know all fields that any release knows?
    pub fn knows_all_fields(&self) -> bool {
        self.release == Release::NEWEST && self.lines.is_empty()
    }

    /// Sets a feature gate, as the components' `--feature-gates` do.
    ///
    /// # Errors
    /// The release has no such gate, or it is locked.
    pub fn set_gate(&mut self, name: &str, on: bool) -> Result<(), String> {
        let stage = GATES.iter().find(|gate| gate.name == name).and_then(|gate| gate.stage(self.release));
        let (gate, stage) = match GATES.iter().find(|gate| gate.name == name).zip(stage) {
            Some(known) => known,
            None => return Err(format!("unrecognized feature gate: {name}")),
        };
        if stage == Stage::Stable && !on {
            return Err(format!("cannot set feature gate {name} to {on}, feature is locked to true"));
        }
        self.gates.retain(|(set, _)| *set != gate.name);
        self.gates.push((gate.name, on));
        Ok(())
    }

    /// Are the gates that others need on? To be asked once all are set.
    ///
    /// # Errors
    /// The first that lacks another.
    pub fn check_gates(&self) -> Result<(), String> {
        let lacking = |gate: &Gate| gate.needs.filter(|needed| self.is_on(gate.name) && !self.is_on(needed));
        match GATES.iter().find_map(|gate| Some((gate.name, lacking(gate)?))) {
            Some((name, needed)) => {
                Err(format!("{name} is enabled, but depends on features that are disabled: [{needed}]"))
            }
            None => Ok(()),
        }
    }

    /// Sets gates written as `Name=true,Other=false`.
    ///
    /// # Errors
    /// The first that is not well formed or cannot be set.
    pub fn set_gates(&mut self, text: &str) -> Result<(), String> {
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(format!("missing bool value for {pair}"))?;
            let (name, value) = (name.trim(), value.trim());
            let on = match value {
                "true" => true,
                "false" => false,
                _ => return Err(format!("invalid value of {name}={value}: write true or false")),
            };
            self.set_gate(name, on)?;
        }
        Ok(())
    }

    /// Is the gate on? One that the release does not know yet is off, one that it has removed is on.
    pub fn is_on(&self, name: &str) -> bool {
        let set = self.gates.iter().find(|(gate, _)| *gate == name).map(|(_, on)| *on);
        let by_default = || GATES.iter().find(|gate| gate.name == name).is_some_and(|gate| gate.default(self.release));
        set.unwrap_or_else(by_default)
    }

    /// Does something hold that came with a release, behind any of these gates?
    pub fn has(&self, since: u8, gates: &[&str]) -> bool {
        self.release.0 >= since && (gates.is_empty() || gates.iter().any(|gate| self.is_on(gate)))
    }

    /// What a run needs of it.
    pub fn rules(&self) -> Rules {
        Rules::of(self)
    }
}

impl fmt::Display for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.release)?;
        self.gates.iter().try_for_each(|(gate, on)| write!(f, " {gate}={on}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_with_and_without_a_patch() {
        for (text, expected) in
            [("1.31", Some(31)), ("v1.37", Some(37)), ("1.29.6", Some(29)), ("1.28", None), ("1.38", None)]
        {
            assert_eq!(text.parse().ok(), expected.map(Release), "{text}");
        }
        for text in ["", "1", "1.31.x", "1.31.1.1", "2.31", "31"] {
            assert!(text.parse::<Release>().is_err(), "{text}");
        }
    }

    #[test]
    fn gates_follow_the_release_and_what_is_set() {
        let check = |release, gates: &str, name, expected: Result<bool, &str>| {
            let mut kubernetes = Kubernetes::of(Release(release));
            let set = kubernetes.set_gates(gates).map(|()| kubernetes.is_on(name));
            assert_eq!(set.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "1.{release}");
        };
        check(30, "", "JobSuccessPolicy", Ok(false));
        check(30, "JobSuccessPolicy=true", "JobSuccessPolicy", Ok(true));
        check(31, "", "JobSuccessPolicy", Ok(true));
        check(31, "JobSuccessPolicy=false", "JobSuccessPolicy", Ok(false));
        check(29, "JobSuccessPolicy=true", "", Err("unrecognized feature gate: JobSuccessPolicy"));
        let locked = "cannot set feature gate JobSuccessPolicy to false, feature is locked to true";
        check(34, "JobSuccessPolicy=false", "", Err(locked));
        check(36, "JobSuccessPolicy=true", "JobSuccessPolicy", Ok(true));
        check(37, "JobSuccessPolicy=true", "", Err("unrecognized feature gate: JobSuccessPolicy"));
        check(37, "", "JobSuccessPolicy", Ok(true));
        for (gate, gone) in [
            ("JobPodFailurePolicy", 33),
            ("CronJobsScheduledAnnotation", 35),
            ("JobBackoffLimitPerIndex", 37),
            ("JobPodReplacementPolicy", 37),
        ] {
            let unknown = format!("unrecognized feature gate: {gate}");
            check(gone - 1, &format!("{gate}=true"), gate, Ok(true));
            check(gone, &format!("{gate}=true"), gate, Err(&unknown));
            check(gone, "", gate, Ok(true));
        }
        check(34, "GenericWorkload=true", "", Err("unrecognized feature gate: GenericWorkload"));
        check(37, "", "GenericWorkload", Ok(false));
        check(37, "GenericWorkload=true", "GenericWorkload", Ok(true));
        check(37, "JobSuccessPolicy", "", Err("missing bool value for JobSuccessPolicy"));
    }

    #[test]
    fn gates_need_others() {
        let check = |gates: &str| {
            let mut kubernetes = Kubernetes::of(Release(37));
            kubernetes.set_gates(gates).and_then(|()| kubernetes.check_gates())
        };
        let lacking = "WorkloadWithJob is enabled, but depends on features that are disabled: [GenericWorkload]";
        assert_eq!(check("WorkloadWithJob=true"), Err(lacking.to_owned()));
        assert_eq!(check("WorkloadWithJob=true,GenericWorkload=true"), Ok(()));
        assert_eq!(check("WorkloadWithJob=false,GenericWorkload=true"), Ok(()));
        assert_eq!(check(""), Ok(()));
    }

    #[test]
    fn every_change_names_gates_that_exist() {
        for gate in CHANGES.iter().flat_map(|change| change.gates).chain(FIELDS.iter().filter_map(|f| f.gate.as_ref()))
        {
            assert!(GATES.iter().any(|known| known.name == *gate), "{gate}");
        }
    }
}
