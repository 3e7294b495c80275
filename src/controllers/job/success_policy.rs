//! `spec.successPolicy` (`success_policy.go`).

use crate::api::intervals::Intervals;
use crate::api::job::SuccessPolicyRule;

/// The first rule that the succeeded indexes meet, as the condition's message (`matchSuccessPolicy`).
pub fn matched(rules: &[SuccessPolicyRule], completions: u32, succeeded: &Intervals) -> Option<String> {
    let met = |rule: &SuccessPolicyRule| match (&rule.succeeded_indexes, rule.succeeded_count) {
        (None, Some(count)) => i64::from(succeeded.total()) >= i64::from(count),
        (Some(indexes), count) => {
            let mut wanted = indexes.clone();
            wanted.truncate(completions);
            let done = succeeded.count_in(&wanted);
            // A list without an index below completions is passed over.
            !wanted.is_empty()
                && (done == wanted.total() || count.is_some_and(|count| i64::from(done) >= i64::from(count)))
        }
        (None, None) => false,
    };
    let rules = if succeeded.is_empty() { &[] } else { rules };
    rules.iter().position(met).map(|index| format!("Matched rules at index {index}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(indexes: &str, count: i32) -> SuccessPolicyRule {
        SuccessPolicyRule {
            succeeded_indexes: (!indexes.is_empty()).then(|| Intervals::parse(indexes, 100)),
            succeeded_count: (count >= 0).then_some(count),
        }
    }

    fn check(rules: &[(&str, i32)], succeeded: &str, expected: Option<usize>) {
        let rules: Vec<_> = rules.iter().map(|&(indexes, count)| rule(indexes, count)).collect();
        let met = matched(&rules, 10, &Intervals::parse(succeeded, 10));
        assert_eq!(met, expected.map(|index| format!("Matched rules at index {index}")));
    }

    #[test]
    fn rules_in_order() {
        check(&[("", 3)], "0,1", None);
        check(&[("", 3)], "0,1,9", Some(0));
        check(&[("0-2", -1)], "0,1,9", None);
        check(&[("0-2", -1)], "0-2", Some(0));
        check(&[("0-2", 2)], "0,2,9", Some(0));
        check(&[("0-2", 3), ("", 3)], "0,2,9", Some(1));
    }
}
