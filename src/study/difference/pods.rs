//! Pods side by side: what each did other than before, told apart from what follows from that.

use std::collections::BTreeMap;

use super::side::Side;
use super::view::{JobView, Micros, PodView};
use super::{Difference, Kind, at, later, length, title};

/// Pods of a Job that are told one by one; the others are counted.
const TOLD: usize = 8;

/// Places in [`PodView::times`].
const CREATED: usize = 0;
const BOUND: usize = 1;
const STARTED: usize = 2;
const TERMINATING: usize = 4;
const ENDED: usize = 5;
const REMOVED: usize = 6;

/// What tells a pod from the others of its Job: index, attempt, and how many came before it that are equal in these, as
/// after a Job was deleted and made anew.
type Key = (Option<u32>, u32, u32);

/// Differences of the pods of a Job. A pod whose own steps took as long as before and that only came at another time
/// is counted, not told: what came before it is the cause.
pub(super) fn differences(job: &JobView, before: &Side<'_>, after: &Side<'_>) -> Vec<Difference> {
    let (olds, news) = (pods_of(before, job), pods_of(after, job));
    let mut found = Vec::new();
    let mut told: Vec<(Micros, Difference)> = Vec::new();
    let mut shifts: Vec<(Micros, bool)> = Vec::new();
    for (key, new) in &news {
        let Some(old) = olds.get(key) else { continue };
        let name = name(new);
        let texts = changes(old, new, after);
        let time = new.times[CREATED].unwrap_or(0);
        if !texts.is_empty() {
            told.push((time, pod(Kind::Pod, job, new, format!("{name} {}", texts.join(", ")))));
        } else if let (Some(was), Some(is)) = (old.times[CREATED], new.times[CREATED])
            && was != is
        {
            shifts.push((was.abs_diff(is), is > was));
        }
    }
    let alone = |mine: &BTreeMap<Key, &PodView>, theirs: &BTreeMap<Key, &PodView>| {
        mine.iter().filter(|(key, _)| !theirs.contains_key(key)).map(|(_, pod)| (*pod).clone()).collect::<Vec<_>>()
    };
    for (pods, more) in [(alone(&news, &olds), true), (alone(&olds, &news), false)] {
        if let Some(text) = count_of(&pods, more) {
            let job = format!("{}: {text}", title(job));
            found.push(Difference { kind: Kind::Pods, job: job_name(&pods[0]), pod: None, text: job });
        }
    }
    told.sort_by_key(|(time, _)| *time);
    let more = told.len().saturating_sub(TOLD);
    found.extend(told.into_iter().take(TOLD).map(|(_, difference)| difference));
    if more > 0 {
        let text = format!("{}: {more} pods more differ in what they do", title(job));
        found.push(Difference { kind: Kind::Pod, job: format!("{}/{}", job.name.0, job.name.1), pod: None, text });
    }
    found.extend(shifted(job, &shifts));
    found
}

fn pods_of<'a>(side: &Side<'a>, job: &JobView) -> BTreeMap<Key, &'a PodView> {
    let mut pods = BTreeMap::new();
    for &pod in side.pods(&job.name) {
        let equal = pods.range((pod.index, pod.attempt, 0)..=(pod.index, pod.attempt, u32::MAX)).count() as u32;
        pods.insert((pod.index, pod.attempt, equal), pod);
    }
    pods
}

/// What the pod did other than before, by itself.
fn changes(old: &PodView, new: &PodView, after: &Side<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    let step = |pod: &PodView, from: usize, to: usize| Some(pod.times[to]?.saturating_sub(pod.times[from]?));
    let differs = |from, to| match (step(old, from, to), step(new, from, to)) {
        // Both ends of a step are rounded: one that only begins at another time may come out a microsecond off.
        (Some(was), Some(is)) if was.abs_diff(is) > 1 => Some((was, is)),
        _ => None,
    };
    if let Some((was, is)) = differs(CREATED, BOUND) {
        let starts = match (old.times[STARTED], new.times[STARTED]) {
            (Some(was), Some(is)) if was != is => format!("starts {}: ", later(was, is)),
            _ => String::new(),
        };
        let why = after.refusal(&new.name).filter(|_| is > was);
        let why = why.map(|message| format!(" ({message})")).unwrap_or_default();
        texts.push(format!("{starts}waits {} for its node instead of {}{why}", length(is), length(was)));
    }
    match (old.times[BOUND], new.times[BOUND]) {
        (Some(_), None) => texts.push("never gets a node".to_owned()),
        (None, Some(time)) => texts.push(format!("gets a node, at {}", at(time))),
        (Some(_), Some(_)) if old.node != new.node => {
            texts.push(format!("runs on {} instead of {}", node(&new.node), node(&old.node)));
        }
        _ => {}
    }
    if let Some((was, is)) = differs(BOUND, STARTED) {
        texts.push(format!("takes {} to start instead of {}", length(is), length(was)));
    }
    if new.phase != old.phase {
        texts.push(format!("ends {} instead of {}", phase(new), phase(old)));
    } else if new.exit_code != old.exit_code || new.reason != old.reason {
        texts.push(format!("ends with {} instead of {}", ending(new), ending(old)));
    }
    if let Some((was, is)) = differs(STARTED, ENDED) {
        texts.push(format!("runs {} instead of {}", length(is), length(was)));
    }
    if new.restarts != old.restarts {
        texts.push(format!("restarts {} times instead of {}", new.restarts, old.restarts));
    }
    match (old.times[TERMINATING], new.times[TERMINATING]) {
        (None, Some(time)) => texts.push(format!("is told to end, at {}", at(time))),
        (Some(_), None) => texts.push("is not told to end any more".to_owned()),
        _ => {}
    }
    match (old.times[REMOVED], new.times[REMOVED]) {
        (None, Some(time)) => texts.push(format!("is deleted, at {}", at(time))),
        (Some(_), None) => texts.push("is not deleted any more".to_owned()),
        _ => {}
    }
    texts
}

fn count_of(pods: &[PodView], more: bool) -> Option<String> {
    let first = pods.first()?;
    let verb = if more { "created in addition" } else { "not created any more" };
    let time = pods.iter().filter_map(|pod| pod.times[CREATED]).min().unwrap_or(0);
    let failed = pods.iter().filter(|pod| pod.phase == "Failed").count();
    let failed = match failed {
        0 => String::new(),
        n if n == pods.len() => ", all of which fail".to_owned(),
        n => format!(", of which {n} fail"),
    };
    let (count, name) = (pods.len(), name(first));
    Some(match count {
        1 => format!("{name} is {verb}, at {}{failed}", at(time)).replace(", all of which fail", " (fails)"),
        _ => format!("{count} pods are {verb}, from {} on{failed}", at(time)),
    })
}

fn shifted(job: &JobView, shifts: &[(Micros, bool)]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (is_later, word) in [(true, "later"), (false, "earlier")] {
        let lengths: Vec<Micros> = shifts.iter().filter(|(_, later)| *later == is_later).map(|(by, _)| *by).collect();
        let (Some(least), Some(most)) = (lengths.iter().min(), lengths.iter().max()) else { continue };
        let by = if least == most { length(*most) } else { format!("{} to {}", length(*least), length(*most)) };
        let pods = if lengths.len() == 1 { "1 pod comes".to_owned() } else { format!("{} pods come", lengths.len()) };
        let verb = if lengths.len() == 1 { "does what it" } else { "do what they" };
        let text = format!("{}: {pods} {by} {word} and {verb} did before", title(job));
        found.push(Difference { kind: Kind::Shift, job: format!("{}/{}", job.name.0, job.name.1), pod: None, text });
    }
    found
}

fn pod(kind: Kind, job: &JobView, pod: &PodView, text: String) -> Difference {
    Difference { kind, job: job_name(pod), pod: Some(pod.name.clone()), text: format!("{}: {text}", title(job)) }
}

fn job_name(pod: &PodView) -> String {
    format!("{}/{}", pod.job.0, pod.job.1)
}

/// `pod 17`: its index, with the attempt from the second on; pods without an index by the order of their creation.
fn name(pod: &PodView) -> String {
    match (pod.index, pod.attempt) {
        (Some(index), 0) => format!("pod {index}"),
        (Some(index), attempt) => format!("pod {index}, attempt {attempt},"),
        (None, attempt) => format!("pod {attempt}"),
    }
}

fn node(name: &str) -> String {
    if name.is_empty() { "a node without a name".to_owned() } else { format!("node {name}") }
}

fn phase(pod: &PodView) -> String {
    match pod.phase.as_str() {
        "Failed" => format!("Failed ({})", ending(pod)),
        other => other.to_owned(),
    }
}

fn ending(pod: &PodView) -> String {
    match (pod.exit_code.as_str(), pod.reason.as_str()) {
        ("", "") => "no exit code".to_owned(),
        (code, "") => format!("exit code {code}"),
        ("", reason) => reason.to_owned(),
        (code, reason) => format!("exit code {code}, {reason}"),
    }
}
