//! `kubectl describe`: an object as text for people (`kubectl/pkg/describe`).

mod container;
mod cron_job;
mod event;
mod job;
mod node;
mod pod;
mod resources;
mod sheet;
mod source;
mod template;
mod volume;

use jiff::Timestamp;
use serde_json::Value;

use super::get::Resource;
use sheet::Sheet;

pub use resources::quality_of_service;

/// What is known besides the object itself.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Events about it.
    pub events: &'a [Value],
    /// Pods on a node, those that have ended left out.
    pub pods: &'a [Value],
    /// The current time.
    pub now: Timestamp,
}

/// The description of an object; none for events, which have none of their own.
pub fn describe(resource: Resource, object: &Value, around: &Surroundings<'_>) -> Option<String> {
    let mut sheet = Sheet::new();
    match resource {
        Resource::Job => job::describe(object, &mut sheet),
        Resource::CronJob => cron_job::describe(object, &mut sheet),
        Resource::Pod => pod::describe(object, around.now, &mut sheet),
        Resource::Node => node::describe(object, around, &mut sheet),
        Resource::Event => return None,
    }
    event::list(around.events, around.now, &mut sheet);
    Some(sheet.finish())
}
