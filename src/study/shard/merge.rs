//! Shards put together again, after a look at whether they are one study.

use super::ShardError;
use super::place::{Found, Shelf};
use crate::study::results::Results;

/// Puts all shards on a shelf together; `name` is what the shelf is called.
pub(super) fn merge(shelf: &dyn Shelf, name: &str) -> Result<Results, ShardError> {
    let mut parts = shelf.all()?;
    // Names decide between doubles, so that the same ones are named each time.
    parts.sort_by(|a, b| a.about.part.cmp(&b.about.part).then_with(|| a.name.cmp(&b.name)));
    let Some(first) = parts.first() else {
        return Err(ShardError::Wrong(format!("{name}: no complete shard in it")));
    };
    check(first, &parts)?;
    let outline = first.about.study.clone();
    let mut values = Vec::new();
    for part in parts {
        let text = (part.values)()?;
        values.extend(part.about.read(&part.name, &text)?);
    }
    let each = outline.replications as usize * outline.width();
    let runs: Vec<Vec<f64>> = values.chunks(each.max(1)).map(<[f64]>::to_vec).collect();
    Ok(Results::new(outline, &runs))
}

/// Finds parts of another study or cut, doubles and gaps in a sorted list.
fn check(first: &Found, parts: &[Found]) -> Result<(), ShardError> {
    let wrong = |text: String| Err(ShardError::Wrong(text));
    let shards = first.about.part.shards;
    for Found { name, about, .. } in parts {
        if about.study.digest != first.about.study.digest || about.version != first.about.version {
            return wrong(format!("{name} is of another study than {}", first.name));
        }
        if about.part.shards != shards {
            return wrong(format!("{name} is one of {}, others of {shards}", about.part.shards));
        }
    }
    if let Some(twice) = parts.windows(2).find(|pair| pair[0].about.part == pair[1].about.part) {
        return wrong(format!("{} and {} are the same shard", twice[0].name, twice[1].name));
    }
    let has = |shard: &u32| parts.binary_search_by_key(shard, |found| found.about.part.shard).is_ok();
    let missing: Vec<String> = (0..shards).filter(|shard| !has(shard)).map(|shard| shard.to_string()).collect();
    if !missing.is_empty() {
        let (first, list) = (&missing[0], missing.join(", "));
        let way = format!("run `jobsim sweep .. --shard {first}/{shards}` with the options of the others");
        let these = if missing.len() == 1 { "this one is" } else { "these are" };
        return wrong(format!("of {shards} shards {these} missing or not complete: {list}; {way}"));
    }
    Ok(())
}
