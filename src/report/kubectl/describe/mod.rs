//! `kubectl describe`: an object as text for people (`kubectl/pkg/describe`).

mod container;
mod cron_job;
mod event;
mod generic;
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
    /// Events about it; absent where none are shown.
    pub events: Option<&'a [Value]>,
    /// Pods on a node, those that have ended left out.
    pub pods: &'a [Value],
    /// The current time.
    pub now: Timestamp,
}

/// The description of an object.
pub fn describe(resource: Resource, object: &Value, around: &Surroundings<'_>) -> String {
    let mut sheet = Sheet::new();
    match resource {
        Resource::Job => job::describe(object, &mut sheet),
        Resource::CronJob => cron_job::describe(object, &mut sheet),
        Resource::Pod => pod::describe(object, around.now, &mut sheet),
        Resource::Node => node::describe(object, around, &mut sheet),
        Resource::Event => generic::describe(object, &mut sheet),
    }
    if let Some(events) = around.events {
        event::list(events, around.now, &mut sheet);
    }
    sheet.finish()
}
