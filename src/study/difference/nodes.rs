//! Which nodes there were, and when they went.

use std::collections::BTreeMap;

use super::view::{Micros, TraceView};
use super::{Difference, Kind, at, later};

/// Nodes that are named, or told of one by one; further ones are counted.
const MOST: usize = 3;

/// The nodes of the second run other than those of the first.
pub(super) fn differences(before: &TraceView, after: &TraceView) -> Vec<Difference> {
    let only = |of: &BTreeMap<String, Option<Micros>>, other: &BTreeMap<String, Option<Micros>>| -> Vec<String> {
        of.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
    };
    let (gone, new) = (only(&before.nodes, &after.nodes), only(&after.nodes, &before.nodes));
    let mut found = Vec::new();
    let counts = match (before.nodes.len(), after.nodes.len()) {
        (was, is) if was == is => String::new(),
        (was, is) => format!(" ({is} in all instead of {was})"),
    };
    if !new.is_empty() {
        found.push(format!("{} new{counts}", listed(&new)));
    }
    if !gone.is_empty() {
        let counts = if new.is_empty() { counts.as_str() } else { "" };
        found.push(format!("{} not there any more{counts}", listed(&gone)));
    }
    let both = before.nodes.iter().filter_map(|(name, was)| Some((name, *was, *after.nodes.get(name)?)));
    let other: Vec<String> = both.filter_map(|(name, was, is)| removal(name, was, is)).collect();
    found.extend(other.iter().take(MOST).cloned());
    match other.len().saturating_sub(MOST) {
        0 => {}
        1 => found.push("1 more node goes at another time".to_owned()),
        more => found.push(format!("{more} more nodes go at other times")),
    }
    found.into_iter().map(|text| Difference { kind: Kind::Nodes, job: String::new(), pod: None, text }).collect()
}

/// `node a is`, or `nodes a, b, c and 9 more are`.
fn listed(names: &[String]) -> String {
    match names {
        [one] => format!("node {one} is"),
        _ => {
            let shown = names[..names.len().min(MOST)].join(", ");
            match names.len().saturating_sub(MOST) {
                0 => format!("nodes {shown} are"),
                more => format!("nodes {shown} and {more} more are"),
            }
        }
    }
}

fn removal(name: &str, was: Option<Micros>, is: Option<Micros>) -> Option<String> {
    match (was, is) {
        (None, Some(time)) => Some(format!("node {name} goes, at {}", at(time))),
        (Some(_), None) => Some(format!("node {name} does not go any more")),
        (Some(was), Some(is)) if was != is => Some(format!("node {name} goes {}, at {}", later(was, is), at(is))),
        _ => None,
    }
}
