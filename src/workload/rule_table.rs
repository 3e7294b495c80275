//! The rules of one Job, arranged so that those for a pod are found without looking at the others.

use std::ops::Range;
use std::sync::Arc;

use super::behaviour::{Match, PodKey, Rule};

/// The rules of a Job by what they set.
#[derive(Debug)]
pub(super) struct RuleTable {
    rules: Arc<[Rule]>,
    pub(super) startup: Column,
    pub(super) duration: Column,
    pub(super) exit_code: Column,
    pub(super) termination: Column,
    pub(super) memory: Column,
    pub(super) cpu: Column,
    pub(super) storage: Column,
    pub(super) ready_after: Column,
}

/// The rules that set one field: for all pods, for an attempt, for an index, for one pod.
#[derive(Debug, Default)]
pub(super) struct Column {
    any: Vec<u32>,
    by_attempt: Buckets,
    by_index: Buckets,
    by_both: Buckets,
}

/// Rules in buckets of equal keys. Within a bucket they keep their order.
#[derive(Debug, Default)]
struct Buckets {
    /// Ascending.
    keys: Vec<u64>,
    /// Where in `rules` the bucket of each key lies.
    ranges: Vec<Range<u32>>,
    rules: Vec<u32>,
}

impl RuleTable {
    /// A table of some of the rules, given in ascending order.
    pub(super) fn new(rules: Arc<[Rule]>, chosen: &[u32]) -> RuleTable {
        RuleTable {
            startup: Column::new(&rules, chosen, |rule| rule.startup.is_some()),
            duration: Column::new(&rules, chosen, |rule| rule.duration.is_some()),
            exit_code: Column::new(&rules, chosen, |rule| rule.exit_code.is_some()),
            termination: Column::new(&rules, chosen, |rule| rule.termination.is_some()),
            memory: Column::new(&rules, chosen, |rule| rule.memory.is_some()),
            cpu: Column::new(&rules, chosen, |rule| rule.cpu.is_some()),
            storage: Column::new(&rules, chosen, |rule| rule.storage.is_some()),
            ready_after: Column::new(&rules, chosen, |rule| rule.ready_after.is_some()),
            rules,
        }
    }
}

impl Column {
    fn new(rules: &[Rule], chosen: &[u32], sets: fn(&Rule) -> bool) -> Column {
        let matches = |&i: &u32| &rules[i as usize].matches;
        let setting = || chosen.iter().copied().filter(|&i| sets(&rules[i as usize]));
        let buckets = |key: fn(&Match) -> Option<u64>| {
            Buckets::new(setting().filter_map(|i| Some((key(matches(&i))?, i))).collect())
        };
        Column {
            any: setting().filter(|i| matches(i).index.is_none() && matches(i).attempt.is_none()).collect(),
            by_attempt: buckets(|m| m.attempt.filter(|_| m.index.is_none()).map(u64::from)),
            by_index: buckets(|m| m.index.filter(|_| m.attempt.is_none()).map(u64::from)),
            by_both: buckets(|m| Some(pair(m.index?, m.attempt?))),
        }
    }

    /// The first rule that matches.
    #[inline]
    pub(super) fn find<'t>(
        &self,
        table: &'t RuleTable,
        pod: &PodKey<'_>,
        container: Option<&str>,
        restart: u32,
    ) -> Option<&'t Rule> {
        let matches = |&&rule: &&u32| table.rules[rule as usize].matches.container_matches(pod, container, restart);
        let first_of = |rules: &[u32]| rules.iter().find(matches).copied().unwrap_or(u32::MAX);
        let mut first = first_of(&self.any).min(first_of(self.by_attempt.get(pod.attempt.into())));
        if let Some(index) = pod.index {
            first = first.min(first_of(self.by_index.get(index.into())));
            first = first.min(first_of(self.by_both.get(pair(index, pod.attempt))));
        }
        table.rules.get(first as usize)
    }
}

impl Buckets {
    fn new(mut keyed: Vec<(u64, u32)>) -> Buckets {
        keyed.sort_unstable();
        let mut buckets = Buckets::default();
        for (position, (key, rule)) in (0u32..).zip(keyed) {
            match buckets.ranges.last_mut().filter(|_| buckets.keys.last() == Some(&key)) {
                Some(range) => range.end = position + 1,
                None => {
                    buckets.keys.push(key);
                    buckets.ranges.push(position..position + 1);
                }
            }
            buckets.rules.push(rule);
        }
        buckets
    }

    #[inline]
    fn get(&self, key: u64) -> &[u32] {
        if self.keys.is_empty() {
            return &[];
        }
        match self.keys.binary_search(&key) {
            Ok(i) => &self.rules[self.ranges[i].start as usize..self.ranges[i].end as usize],
            Err(_) => &[],
        }
    }
}

/// One key of an index and an attempt.
fn pair(index: u32, attempt: u32) -> u64 {
    u64::from(index) << 32 | u64::from(attempt)
}

impl Match {
    /// Does what is left of the match agree, Job, index and attempt taken as read?
    fn container_matches(&self, pod: &PodKey<'_>, container: Option<&str>, restart: u32) -> bool {
        self.container.as_deref().is_none_or(|name| Some(name) == container)
            && self.restart.is_none_or(|wanted| wanted == restart)
            && self.node.as_deref().is_none_or(|node| Some(node) == pod.node)
    }
}
