//! `spec.actions`: what people and machines do.

use std::sync::Arc;

use super::super::source::Span;
use super::super::taint::TaintChange;
use super::super::{Action, Component, Kind, NodeAction, ScheduledAction};
use super::fields::{Fields, Item, Report};
use crate::api::meta::ObjectName;
use crate::kernel::time::SimTime;

/// The names of actions.
const ACTIONS: [&str; 10] =
    ["patch", "evict", "deletePod", "delete", "outage", "apply", "drain", "cordon", "uncordon", "taint"];

/// An `apply` whose file is still to be read.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Applied {
    /// When.
    pub(in crate::scenario) at: SimTime,
    /// How many of the other actions stand before it in the document.
    pub(in crate::scenario) position: usize,
    /// As written.
    pub(in crate::scenario) file: String,
    /// Where that is written.
    pub(in crate::scenario) span: Span,
}

/// The actions, and apart from them the files to apply.
pub(super) fn read(item: &Item<'_>, report: &mut Report<'_>) -> (Vec<ScheduledAction>, Vec<Applied>) {
    let (mut actions, mut applied) = (Vec::new(), Vec::new());
    for item in report.list(item) {
        let Some(mut fields) = report.fields(&item) else { continue };
        let at = fields.require("at", report).and_then(|item| report.duration(&item));
        let at = SimTime::ZERO + at.unwrap_or_default();
        let given: Vec<_> = ACTIONS.iter().filter_map(|name| Some((*name, fields.get(name)?))).collect();
        if given.len() != 1 {
            report.error_with_help(
                fields.span(),
                format!("{}: an action does one thing, this one {}", fields.path(), given.len()),
                format!("write one of {} beside `at`", ACTIONS.join(", ")),
            );
        }
        for (name, item) in given {
            if name == "apply" {
                applied.extend(apply(&item, at, actions.len(), report));
            } else if let Some(action) = report.fields(&item).and_then(|fields| action(name, fields, report)) {
                actions.push(ScheduledAction { at, action });
            }
        }
        fields.finish(report);
    }
    (actions, applied)
}

fn action(name: &str, mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Action> {
    let namespace = match name {
        "outage" | "drain" | "cordon" | "uncordon" | "taint" => "",
        _ => fields.get("namespace").and_then(|item| report.text(&item)).unwrap_or("default"),
    };
    let action = match name {
        "patch" => {
            let (kind, name) = object(&mut fields, namespace, report);
            let merge = fields.require("merge", report);
            if let Some(item) = &merge {
                report.fields(item);
            }
            let patch = |((kind, name), merge): ((_, _), Item<'_>)| Action::Patch {
                kind,
                name,
                merge: Arc::new(merge.node.to_json()),
            };
            kind.zip(name).zip(merge).map(patch)
        }
        "outage" => {
            let item = fields.require("component", report);
            let name = fields.get("name").and_then(|item| report.text(&item)).map(Arc::from);
            if item.as_ref().is_some_and(|item| item.node.as_str() == Some("node")) {
                let length = fields.get("for").and_then(|item| report.duration(&item));
                if name.is_none() {
                    fields.require("name", report);
                }
                name.map(|name| Action::Node { name, what: NodeAction::Outage(length) })
            } else {
                let component = item.and_then(|item| component(&item, report));
                let length = fields.require("for", report).and_then(|item| report.duration(&item));
                component.zip(length).map(|(component, length)| Action::Outage { component, length })
            }
        }
        "drain" | "cordon" | "uncordon" => {
            let what = match name {
                "drain" => NodeAction::Drain,
                "cordon" => NodeAction::Cordon,
                _ => NodeAction::Uncordon,
            };
            let node = fields.require("node", report).and_then(|item| report.text(&item));
            node.map(|node| Action::Node { name: node.into(), what })
        }
        "taint" => {
            let node = fields.require("node", report).and_then(|item| report.text(&item));
            let change = fields.require("taint", report).and_then(|item| taint(&item, report));
            node.zip(change).map(|(node, change)| Action::Node { name: node.into(), what: NodeAction::Taint(change) })
        }
        "delete" if fields.entries().iter().any(|e| &*e.key == "kind" && e.value.as_str() == Some("Node")) => {
            fields.get("kind");
            let node = fields.require("name", report).and_then(|item| report.text(&item));
            node.map(|node| Action::Node { name: node.into(), what: NodeAction::Delete })
        }
        "delete" => {
            let (kind, name) = object(&mut fields, namespace, report);
            kind.zip(name).map(|(kind, name)| Action::Delete { kind, name })
        }
        _ => {
            let job = fields.require("job", report).and_then(|item| report.text(&item));
            let nth = fields.get("nth").map_or(Some(0), |item| report.integer(&item, 0..=u64::from(u32::MAX)));
            job.zip(nth).map(|(job, nth)| {
                let (job, nth) = (ObjectName::new(namespace, job), nth as u32);
                if name == "evict" { Action::Evict { job, nth } } else { Action::DeletePod { job, nth } }
            })
        }
    };
    fields.finish(report);
    action
}

fn taint(item: &Item<'_>, report: &mut Report<'_>) -> Option<TaintChange> {
    let change = TaintChange::parse(report.text(item)?);
    let help = "write `KEY=VALUE:EFFECT` to add one, with `-` at its end to take it away";
    change.map_err(|e| report.error_with_help(item.node.span, format!("{}: {e}", item.path), help)).ok()
}

fn component(item: &Item<'_>, report: &mut Report<'_>) -> Option<Component> {
    let name = report.text(item)?;
    let found = Component::ALL.into_iter().find(|component| component.as_str() == name);
    if found.is_none() {
        let title = format!("{}: unknown component \"{name}\"", item.path);
        let names: Vec<&str> = Component::ALL.iter().map(|component| component.as_str()).chain(["node"]).collect();
        report.error_with_help(item.node.span, title, format!("write one of {}", names.join(", ")));
    }
    found
}

fn object(fields: &mut Fields<'_>, namespace: &str, report: &mut Report<'_>) -> (Option<Kind>, Option<ObjectName>) {
    let kind = fields.require("kind", report);
    let kind = kind.and_then(|item| match report.text(&item)? {
        "Job" => Some(Kind::Job),
        "CronJob" => Some(Kind::CronJob),
        other => {
            let title = format!("{}: \"{other}\" cannot be changed by an action", item.path);
            report.error_with_help(item.node.span, title, "write Job or CronJob");
            None
        }
    });
    let name = fields.require("name", report).and_then(|item| report.text(&item));
    (kind, name.map(|name| ObjectName::new(namespace, name)))
}

fn apply(item: &Item<'_>, at: SimTime, position: usize, report: &mut Report<'_>) -> Option<Applied> {
    let mut fields = report.fields(item)?;
    let file = fields.require("file", report);
    fields.finish(report);
    let file = file?;
    let text = report.text(&file)?;
    Some(Applied { at, position, file: text.to_string(), span: file.node.span })
}
