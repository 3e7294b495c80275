//! Statuses that the controller writes, in the memory of those that nobody looks at any more.

use std::sync::Arc;

use crate::api::job::JobStatus;

/// Statuses that were written over.
#[derive(Debug, Default)]
pub(super) struct Statuses(Vec<Arc<JobStatus>>);

impl Statuses {
    /// A copy, to be handed to whoever wants it.
    pub(super) fn copy_of(&mut self, status: &JobStatus) -> Arc<JobStatus> {
        let mut copy = self.0.pop().unwrap_or_default();
        match Arc::get_mut(&mut copy) {
            Some(memory) => memory.clone_from(status),
            None => copy = Arc::new(status.clone()),
        }
        copy
    }

    /// The cache does not show this one any more. If someone else keeps it, it is not ours to write on.
    pub(super) fn keep(&mut self, mut old: Arc<JobStatus>) {
        if Arc::get_mut(&mut old).is_some() {
            self.0.push(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_someone_keeps_is_not_written_on() {
        let mut statuses = Statuses::default();
        let kept = Arc::new(JobStatus { active: 1, ..JobStatus::default() });
        statuses.keep(kept.clone());
        let new = statuses.copy_of(&JobStatus { active: 2, ..JobStatus::default() });
        assert_eq!((kept.active, new.active), (1, 2));
        let place = Arc::as_ptr(&new);
        statuses.keep(new);
        let next = statuses.copy_of(&JobStatus { active: 3, ..JobStatus::default() });
        assert_eq!((Arc::as_ptr(&next), next.active), (place, 3));
    }
}
