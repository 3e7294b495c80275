//! What waits in a controller's queue for an object that is gone.

use crate::api::meta::ObjectName;
use crate::kernel::time::SimTime;

/// When the names of objects that are gone are due again: the queue knows an object by its name, so that one that is
/// created under it before then is looked at then too (`AddAfter`).
#[derive(Debug, Default)]
pub struct StillDue(Vec<(ObjectName, SimTime)>);

impl StillDue {
    /// An object is gone whose key waits.
    pub fn keep(&mut self, name: ObjectName, due: SimTime, now: SimTime) {
        self.0.retain(|(_, due)| *due > now);
        self.0.push((name, due));
    }

    /// An object is new: when its name is due.
    pub fn inherit(&mut self, name: &ObjectName, now: SimTime) -> Option<SimTime> {
        let at = self.0.iter().position(|(of, due)| of == name && *due > now)?;
        Some(self.0.swap_remove(at).1)
    }
}
