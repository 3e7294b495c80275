//! `spec.successPolicy` of an Indexed Job (`validateSuccessPolicy`).

use crate::api::quote::quote;
use crate::apiserver::field::{Errors, Field};

use super::nonnegative;

const MAX_RULES: usize = 20;
const MAX_INDEXES_LENGTH: usize = 64 * 1024;

/// Checks the policy of a Job's `spec`.
pub(super) fn validate(spec: &Field<'_>, errors: &mut Errors) {
    let rules = spec.get("successPolicy").get("rules");
    if rules.is_empty() {
        errors.required(&rules, "at least one rules must be specified when the successPolicy is specified");
    }
    if rules.len() > MAX_RULES {
        errors.too_many(&rules, rules.len(), MAX_RULES);
    }
    // Upstream crashes on a rule when completions are absent; that they are required is reported already.
    let completions = spec.get("completions").int();
    for rule in rules.items() {
        validate_rule(&rule, completions, errors);
    }
}

fn validate_rule(rule: &Field<'_>, completions: i64, errors: &mut Errors) {
    let (count, indexes) = (rule.get("succeededCount"), rule.get("succeededIndexes"));
    if !count.is_set() && !indexes.is_set() {
        errors.required(rule, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let mut total = 0;
    if indexes.is_set() {
        if indexes.text().len() > MAX_INDEXES_LENGTH {
            errors.too_long(&indexes, MAX_INDEXES_LENGTH);
        }
        match count_indexes(indexes.text(), completions) {
            Ok(count) => total = count,
            Err(problem) => {
                errors.invalid(&indexes, indexes.text(), format!("error parsing succeededIndexes: {problem}"));
            }
        }
    }
    if !count.is_set() {
        return;
    }
    nonnegative(&count, errors);
    let mut at_most = |most: i64, of: &str| {
        if count.int() > most {
            errors.invalid(&count, count.int(), format!("must be less than or equal to {most} (the number of {of})"));
        }
    };
    at_most(completions, "specified completions");
    if indexes.is_set() {
        at_most(total, "indexes in the specified succeededIndexes field");
    }
}

/// How many indexes a list names, read strictly (`validateIndexesFormat`).
fn count_indexes(list: &str, completions: i64) -> Result<i64, String> {
    let mut total: i32 = 0;
    let mut previous: Option<i32> = None;
    for interval in list.split(',').filter(|_| !list.is_empty()) {
        let (first, last) = parse_interval(interval, completions)?;
        if let Some(previous) = previous.filter(|&previous| previous >= first) {
            return Err(format!("non-increasing order, previous: {previous}, current: {first}"));
        }
        total = total.wrapping_add(last.wrapping_sub(first).wrapping_add(1));
        previous = Some(last);
    }
    Ok(i64::from(total))
}

fn parse_interval(interval: &str, completions: i64) -> Result<(i32, i32), String> {
    let limits: Vec<&str> = interval.split('-').collect();
    if limits.len() > 2 {
        return Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
            quote(interval)
        ));
    }
    let parse = |text: &str| match text.parse::<i64>() {
        Err(_) => Err(format!("cannot convert string to integer for index: {}", quote(text))),
        Ok(index) if index >= completions => Err(format!("too large index: {}", quote(text))),
        Ok(index) => Ok(index),
    };
    let first = parse(limits[0])?;
    let last = match limits.get(1) {
        None => first,
        Some(limit) => parse(limit)?,
    };
    if limits.len() == 2 && first >= last {
        return Err(format!("non-increasing order, previous: {first}, current: {last}"));
    }
    // Below completions, so they fit; upstream cuts negative ones, which a dash cannot write.
    Ok((first as i32, last as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_lists_are_read_strictly() {
        let check = |list: &str, expected: Result<i64, &str>| {
            assert_eq!(count_indexes(list, 10), expected.map_err(str::to_owned), "{list:?}");
        };
        check("", Ok(0));
        check("0,2-4,9", Ok(5));
        check("+1", Ok(1));
        check("10", Err("too large index: \"10\""));
        check("3,2", Err("non-increasing order, previous: 3, current: 2"));
        check("4-4", Err("non-increasing order, previous: 4, current: 4"));
        check("1-", Err("cannot convert string to integer for index: \"\""));
    }
}
