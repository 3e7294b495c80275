//! The rules of `spec.pods`: for each field the first rule that matches and sets it wins.
//!
//! A Job's rules are picked out once; a pod's are then found by its index and attempt, so that a scenario with a rule
//! for each pod costs no more a pod than one with a rule for all. A draw depends on what it is for and for whom, never
//! on the rules or on the draws before it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::rule_table::RuleTable;
use crate::api::meta::ObjectName;
use crate::kernel::dist::Distribution;
use crate::kernel::rng::{Purpose, Streams, entity, mix};
use crate::kernel::time::SimDuration;

/// What the streams of pods are for.
const STARTUP: Purpose = Purpose(0x10);
const DURATION: Purpose = Purpose(0x11);
const EXIT_CODE: Purpose = Purpose(0x12);
const TERMINATION: Purpose = Purpose(0x13);
const MEMORY: Purpose = Purpose(0x14);
const STORAGE: Purpose = Purpose(0x15);
const CPU: Purpose = Purpose(0x17);
const READY_AFTER: Purpose = Purpose(0x16);

/// How long a container runs that no rule speaks of.
const DEFAULT_DURATION: SimDuration = SimDuration::from_secs(1);

/// One rule of `spec.pods`.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Whom it is for.
    pub matches: Match,
    /// From the binding to the start of the containers, in nanoseconds.
    pub startup: Option<Distribution>,
    /// How long a container runs, in nanoseconds.
    pub duration: Option<Distribution>,
    /// What it ends with.
    pub exit_code: Option<Distribution>,
    /// From the signal to the end, in nanoseconds.
    pub termination: Option<Distribution>,
    /// Processors that a container keeps busy, in thousandths.
    pub cpu: Option<Distribution>,
    /// The most memory that a container takes, in bytes.
    pub memory: Option<Distribution>,
    /// The most that it writes to its node's disk, in bytes.
    pub storage: Option<Distribution>,
    /// From its start to its being ready for work, in nanoseconds.
    pub ready_after: Option<Distribution>,
}

/// Whom a rule is for: all that is set must agree.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// Namespace of the Job.
    pub namespace: Option<Arc<str>>,
    /// Name of the Job.
    pub job: Option<Arc<str>>,
    /// Name of the CronJob that made the Job.
    pub cron_job: Option<Arc<str>>,
    /// 0-based count of Jobs that the CronJob made.
    pub run: Option<u32>,
    /// Completion index of the pod.
    pub index: Option<u32>,
    /// 0-based count of pods of that index, or of the Job if it is NonIndexed.
    pub attempt: Option<u32>,
    /// Name of the container.
    pub container: Option<Arc<str>>,
    /// 0-based restart of the container in its pod.
    pub restart: Option<u32>,
    /// Name of the node.
    pub node: Option<Arc<str>>,
    /// Labels of the pod template.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// The rules of a scenario, in order.
#[derive(Clone)]
pub struct Behaviour {
    rules: Arc<[Rule]>,
    /// Rules with `match.job`, by it; and those without.
    by_job: Arc<BTreeMap<Arc<str>, Vec<u32>>>,
    any_job: Arc<[u32]>,
    /// `spec.termination`.
    termination: Option<Arc<Distribution>>,
    /// What was worked out for a set of rules: Jobs with the same rules share it.
    tables: Arc<Mutex<BTreeMap<Vec<u32>, Arc<RuleTable>>>>,
}

/// The rules that can match pods of one Job. Cheap to clone.
#[derive(Clone, Debug)]
pub struct JobBehaviour {
    table: Arc<RuleTable>,
    termination: Option<Arc<Distribution>>,
}

/// What rules can know of a Job.
#[derive(Clone, Copy, Debug)]
pub struct JobKey<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub job: &'a str,
    /// The template that it is a copy of, whose name rules may give instead of its own.
    pub copy_of: Option<&'a str>,
    /// The CronJob that made it.
    pub cron_job: Option<&'a str>,
    /// 0-based count of Jobs that the CronJob made.
    pub run: Option<u32>,
    /// Labels of its pod template.
    pub labels: &'a [(Arc<str>, Arc<str>)],
}

/// What rules can know of a pod.
#[derive(Clone, Copy, Debug)]
pub struct PodKey<'a> {
    /// Completion index, if the Job is Indexed.
    pub index: Option<u32>,
    /// 0-based count of pods of that index, or of the Job if it is NonIndexed.
    pub attempt: u32,
    /// The node that it is bound to.
    pub node: Option<&'a str>,
    /// Whose draws these are: [`pod_entity`].
    pub entity: u64,
}

/// The identity of a Job for draws.
pub fn job_entity(namespace: &str, job: &str) -> u64 {
    ObjectName::new(namespace, job).identity("job")
}

/// The identity of a pod for draws.
pub fn pod_entity(job: u64, index: Option<u32>, attempt: u32) -> u64 {
    mix(mix(job, index.map_or(0, |index| u64::from(index) + 1)), u64::from(attempt))
}

impl Behaviour {
    /// Can a container end other than well by these rules?
    pub fn may_fail(&self) -> bool {
        let fails = |code: &Distribution| code.constant() != Some(0);
        self.rules.iter().any(|rule| rule.exit_code.as_ref().is_some_and(fails))
    }

    /// The rules in their order, and `spec.termination`.
    pub fn new(rules: Vec<Rule>, termination: Option<Distribution>) -> Behaviour {
        let mut by_job: BTreeMap<Arc<str>, Vec<u32>> = BTreeMap::new();
        let mut any_job = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            match &rule.matches.job {
                Some(job) => by_job.entry(job.clone()).or_default().push(i as u32),
                None => any_job.push(i as u32),
            }
        }
        Behaviour {
            rules: rules.into(),
            by_job: Arc::new(by_job),
            any_job: any_job.into(),
            termination: termination.map(Arc::new),
            tables: Arc::default(),
        }
    }

    /// A copy that shares nothing that runs count references to, or lock.
    #[must_use]
    pub fn detached(&self) -> Behaviour {
        let termination = self.termination.as_deref().cloned().map(Arc::new);
        Behaviour { termination, tables: Arc::default(), ..self.clone() }
    }

    /// Places of the rules that match no Job there has been; none as long as there has been none.
    pub fn idle_rules(&self) -> Vec<usize> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.is_empty() {
            return Vec::new();
        }
        (0..self.rules.len()).filter(|&rule| tables.keys().all(|rules| !rules.contains(&(rule as u32)))).collect()
    }

    /// The rules that can match pods of a Job.
    pub fn for_job(&self, job: &JobKey<'_>) -> JobBehaviour {
        let matches = |&i: &u32| self.rules[i as usize].matches.job_matches(job);
        let named = |name: &str| self.by_job.get(name).map_or(&[][..], Vec::as_slice).iter();
        let named = named(job.job).chain(job.copy_of.map(named).into_iter().flatten());
        let mut rules: Vec<u32> = named.chain(self.any_job.iter()).copied().filter(matches).collect();
        rules.sort_unstable();
        // A table is a pure function of its rules: a poisoned lock holds no half-made one.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let table = match tables.get(&rules) {
            Some(table) => table.clone(),
            None => {
                let table = Arc::new(RuleTable::new(self.rules.clone(), &rules));
                tables.insert(rules, table.clone());
                table
            }
        };
        JobBehaviour { table, termination: self.termination.clone() }
    }
}

impl Default for Behaviour {
    /// No rules.
    fn default() -> Behaviour {
        Behaviour::new(Vec::new(), None)
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behaviour").field("rules", &self.rules).field("termination", &self.termination).finish()
    }
}

impl Match {
    fn job_matches(&self, job: &JobKey<'_>) -> bool {
        self.namespace.as_deref().is_none_or(|wanted| wanted == job.namespace)
            && self.cron_job.as_deref().is_none_or(|wanted| Some(wanted) == job.cron_job)
            && self.run.is_none_or(|wanted| Some(wanted) == job.run)
            && self.labels.iter().all(|label| job.labels.contains(label))
    }
}

impl JobBehaviour {
    /// From the binding to the start of the first container; none if no rule says.
    pub fn startup(&self, pod: &PodKey<'_>, streams: &mut Streams) -> Option<SimDuration> {
        let rule = self.table.startup.find(&self.table, pod, None, 0)?;
        Some(length(draw(rule.startup.as_ref()?, STARTUP, pod.entity, streams)))
    }

    /// How long a container runs, from its start; a second if no rule says.
    pub fn duration(&self, pod: &PodKey<'_>, container: &str, restart: u32, streams: &mut Streams) -> SimDuration {
        self.ruled_duration(pod, container, restart, streams, |_| true).unwrap_or(DEFAULT_DURATION)
    }

    /// The same; none if no rule says, or if the one that does is for others than are `meant`.
    pub fn ruled_duration(
        &self,
        pod: &PodKey<'_>,
        container: &str,
        restart: u32,
        streams: &mut Streams,
        meant: impl Fn(&Match) -> bool,
    ) -> Option<SimDuration> {
        let rule = self.table.duration.find(&self.table, pod, Some(container), restart);
        let rule = rule.filter(|rule| meant(&rule.matches))?;
        Some(length(draw_of(rule.duration.as_ref()?, DURATION, pod, container, restart, streams)))
    }

    /// What a container ends with, 0 to 255; 0 if no rule says.
    pub fn exit_code(&self, pod: &PodKey<'_>, container: &str, restart: u32, streams: &mut Streams) -> i32 {
        let rule = self.table.exit_code.find(&self.table, pod, Some(container), restart);
        rule.and_then(|rule| rule.exit_code.as_ref())
            .map_or(0, |code| draw_of(code, EXIT_CODE, pod, container, restart, streams).clamp(0, 255) as i32)
    }

    /// From the signal to a container's end; none if neither a rule nor `spec.termination` says.
    pub fn termination(
        &self,
        pod: &PodKey<'_>,
        container: &str,
        restart: u32,
        streams: &mut Streams,
    ) -> Option<SimDuration> {
        let rule = self.table.termination.find(&self.table, pod, Some(container), restart);
        let termination = rule.and_then(|rule| rule.termination.as_ref()).or(self.termination.as_deref())?;
        Some(length(draw_of(termination, TERMINATION, pod, container, restart, streams)))
    }
}

impl JobBehaviour {
    /// Processors that a container keeps busy, in thousandths; none if no rule says.
    pub fn cpu(&self, pod: &PodKey<'_>, container: &str, restart: u32, streams: &mut Streams) -> Option<i64> {
        let rule = self.table.cpu.find(&self.table, pod, Some(container), restart)?;
        Some(draw_of(rule.cpu.as_ref()?, CPU, pod, container, restart, streams))
    }

    /// The most memory that a container takes; none if no rule says.
    pub fn memory(&self, pod: &PodKey<'_>, container: &str, restart: u32, streams: &mut Streams) -> Option<u64> {
        let rule = self.table.memory.find(&self.table, pod, Some(container), restart)?;
        u64::try_from(draw_of(rule.memory.as_ref()?, MEMORY, pod, container, restart, streams)).ok()
    }

    /// The most that a container writes to its node's disk; none if no rule says.
    pub fn storage(&self, pod: &PodKey<'_>, container: &str, restart: u32, streams: &mut Streams) -> Option<u64> {
        let rule = self.table.storage.find(&self.table, pod, Some(container), restart)?;
        u64::try_from(draw_of(rule.storage.as_ref()?, STORAGE, pod, container, restart, streams)).ok()
    }

    /// From a container's start to its being ready for work; at once if no rule says.
    pub fn ready_after(&self, pod: &PodKey<'_>, container: &str, restart: u32, streams: &mut Streams) -> SimDuration {
        let rule = self.table.ready_after.find(&self.table, pod, Some(container), restart);
        rule.and_then(|rule| rule.ready_after.as_ref())
            .map_or(SimDuration::ZERO, |after| length(draw_of(after, READY_AFTER, pod, container, restart, streams)))
    }
}

/// The latencies of the default profile, in nanoseconds: published medians and 99th percentiles of ordinary clusters.
#[derive(Clone, Debug)]
pub struct ProfileLatencies {
    /// The scheduler's decision on a pod.
    pub decision: Distribution,
    /// The request that binds it.
    pub bind: Distribution,
    /// The pod's sandbox, with its network.
    pub sandbox: Distribution,
    /// Creation and start of one container; containers of a pod start one after the other.
    pub container: Distribution,
    /// From a change on the node to the kubelet's report of it.
    pub report: Distribution,
}

/// What the default profile draws where no rule says.
pub fn default_profile() -> ProfileLatencies {
    let milliseconds = |median: f64, p99: f64| {
        Distribution::lognormal(median * 1e6, p99 * 1e6).expect("a median above 0 and a greater 99th percentile")
    };
    ProfileLatencies {
        decision: milliseconds(9.3, 24.6),
        bind: milliseconds(29.0, 108.0),
        sandbox: milliseconds(500.0, 2000.0),
        container: milliseconds(400.0, 1200.0),
        report: milliseconds(700.0, 1500.0),
    }
}

/// A constant touches no stream.
fn draw(distribution: &Distribution, purpose: Purpose, entity: u64, streams: &mut Streams) -> i64 {
    match distribution.constant() {
        Some(value) => value,
        None => distribution.sample(&mut streams.stream(purpose, entity)),
    }
}

/// As [`draw`], for a run of a container.
fn draw_of(
    distribution: &Distribution,
    purpose: Purpose,
    pod: &PodKey<'_>,
    container: &str,
    restart: u32,
    streams: &mut Streams,
) -> i64 {
    match distribution.constant() {
        Some(value) => value,
        None => {
            let container = mix(mix(pod.entity, entity(&[container.as_bytes()])), u64::from(restart));
            distribution.sample(&mut streams.stream(purpose, container))
        }
    }
}

fn length(nanos: i64) -> SimDuration {
    SimDuration(u64::try_from(nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(matches: Match, seconds: u64) -> Rule {
        Rule { matches, duration: Some(Distribution::fixed(seconds as i64 * 1_000_000_000)), ..Rule::default() }
    }

    fn job(name: &str) -> JobKey<'_> {
        JobKey { namespace: "default", job: name, copy_of: None, cron_job: None, run: None, labels: &[] }
    }

    fn pod(index: Option<u32>, attempt: u32) -> PodKey<'static> {
        PodKey { index, attempt, node: None, entity: pod_entity(job_entity("default", "a"), index, attempt) }
    }

    #[test]
    fn the_first_rule_that_matches_and_sets_the_field_wins() {
        let rules = vec![
            Rule { matches: Match { index: Some(3), ..Match::default() }, ..Rule::default() },
            rule(Match { index: Some(3), attempt: Some(0), ..Match::default() }, 10),
            rule(Match { attempt: Some(1), container: Some("main".into()), ..Match::default() }, 20),
            rule(Match { index: Some(3), ..Match::default() }, 30),
            rule(Match { restart: Some(1), ..Match::default() }, 40),
            rule(Match { job: Some("b".into()), ..Match::default() }, 50),
            rule(Match { cron_job: Some("c".into()), run: Some(1), ..Match::default() }, 60),
        ];
        let behaviour = Behaviour::new(rules, Some(Distribution::fixed(7)));
        let mut streams = Streams::new(0, 0);
        let of_a = behaviour.for_job(&job("a"));
        let mut check = |index, attempt, container: &str, restart, seconds| {
            let duration = of_a.duration(&pod(index, attempt), container, restart, &mut streams);
            assert_eq!(duration, SimDuration::from_secs(seconds), "{index:?} {attempt} {container} {restart}");
        };
        check(Some(3), 0, "main", 0, 10);
        check(Some(3), 1, "main", 0, 20);
        check(Some(3), 1, "init", 0, 30);
        check(Some(4), 1, "main", 1, 20);
        check(Some(4), 0, "main", 1, 40);
        check(None, 0, "main", 0, 1);
        assert_eq!(of_a.termination(&pod(None, 0), "main", 0, &mut streams), Some(SimDuration(7)));
        assert_eq!(of_a.startup(&pod(None, 0), &mut streams), None);
        let copy = behaviour.for_job(&JobKey { copy_of: Some("b"), ..job("b-7") });
        assert_eq!(copy.duration(&pod(None, 0), "main", 0, &mut streams), SimDuration::from_secs(50));
        let made = behaviour.for_job(&JobKey { cron_job: Some("c"), run: Some(1), ..job("c-1") });
        assert_eq!(made.duration(&pod(None, 0), "main", 0, &mut streams), SimDuration::from_secs(60));
    }

    #[test]
    fn draws_depend_on_whom_they_are_for_and_on_nothing_else() {
        let exponential = || Some(Distribution::exponential(1e9).unwrap());
        let all = Rule { duration: exponential(), startup: exponential(), ..Rule::default() };
        let other = Rule { matches: Match { index: Some(9), ..Match::default() }, ..all.clone() };
        let one = Behaviour::new(vec![all.clone()], None).for_job(&job("a"));
        let two = Behaviour::new(vec![other, all], None).for_job(&job("a"));
        let (mut first, mut second) = (Streams::new(5, 0), Streams::new(5, 0));
        let drawn: Vec<_> = (0..20).map(|i| one.duration(&pod(Some(i), 0), "main", 0, &mut first)).collect();
        for i in (0..20).rev() {
            two.startup(&pod(Some(i), 0), &mut second);
            let again = two.duration(&pod(Some(i), 0), "main", 0, &mut second);
            assert_eq!(again, drawn[i as usize]);
        }
        let restarted = one.duration(&pod(Some(0), 0), "main", 1, &mut first);
        let beside = one.duration(&pod(Some(0), 0), "side", 0, &mut first);
        assert!(restarted != drawn[0] && beside != drawn[0] && beside != restarted);
    }

    #[test]
    fn jobs_with_the_same_rules_share_a_table() {
        let behaviour = Behaviour::new(vec![rule(Match::default(), 1)], None);
        let (a, b) = (behaviour.for_job(&job("a")), behaviour.for_job(&job("b")));
        assert!(Arc::ptr_eq(&a.table, &b.table));
    }

    /// Rules over so few keys that many of them match a pod.
    fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
        let key = || proptest::option::of(0u32..3);
        let name = || proptest::option::of(prop_oneof![Just("a"), Just("b")]);
        let one = (key(), key(), key(), name(), name(), name()).prop_map(
            |(index, attempt, restart, job, container, node)| {
                let arc = |name: Option<&str>| name.map(Arc::from);
                let (job, container, node) = (arc(job), arc(container), arc(node));
                Match { index, attempt, restart, job, container, node, ..Match::default() }
            },
        );
        proptest::collection::vec(one, 0..40)
            .prop_map(|all| all.into_iter().enumerate().map(|(i, m)| rule(m, i as u64 + 100)).collect())
    }

    proptest! {
        #[test]
        fn a_table_finds_what_a_scan_finds(
            rules in some_rules(),
            index in proptest::option::of(0u32..3),
            attempt in 0u32..3,
            restart in 0u32..3,
            node in proptest::option::of(Just("a")),
        ) {
            let pod = PodKey { node, ..pod(index, attempt) };
            let scanned = rules.iter().find(|rule| {
                let m = &rule.matches;
                m.job.as_deref().is_none_or(|job| job == "a")
                    && m.index.is_none_or(|wanted| Some(wanted) == index)
                    && m.attempt.is_none_or(|wanted| wanted == attempt)
                    && m.restart.is_none_or(|wanted| wanted == restart)
                    && m.container.as_deref().is_none_or(|name| name == "b")
                    && m.node.as_deref().is_none_or(|wanted| Some(wanted) == node)
            });
            let wanted = scanned.and_then(|rule| rule.duration.clone()).and_then(|d| d.constant());
            let job = Behaviour::new(rules.clone(), None).for_job(&job("a"));
            let found = job.duration(&pod, "b", restart, &mut Streams::new(0, 0));
            prop_assert_eq!(found.0 as i64, wanted.unwrap_or(1_000_000_000));
        }
    }
}
