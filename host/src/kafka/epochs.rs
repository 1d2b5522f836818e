//! The leader epoch that belongs to each committed offset.
//!
//! A commit that carries the epoch of the last record before it lets the next owner notice that the log was cut and
//! grew again (an unclean leader election) instead of reading on at an offset that now means something else. The
//! epoch must be exact: one that is too old would report a cut that never was. Epochs change only when a leader
//! does, so a few entries a partition are all there is to remember.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::TopicPartition;

/// Changes remembered per partition; beyond it the oldest are forgotten and commits below go without an epoch.
const MAX_CHANGES: usize = 64;

/// Written by the polling thread when an epoch changes, read by whoever commits.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    changes: Mutex<HashMap<TopicPartition, Vec<Change>>>,
}

/// From this offset on records have this epoch.
#[derive(Debug, Clone, Copy)]
struct Change {
    from: i64,
    epoch: i32,
}

impl Epochs {
    /// The record at `offset` has another epoch than the one polled before it.
    pub(crate) fn changed(&self, partition: &TopicPartition, offset: i64, epoch: i32) {
        let mut all = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = all.entry(partition.clone()).or_default();
        if changes.len() >= MAX_CHANGES {
            changes.remove(0);
        }
        changes.push(Change { from: offset, epoch });
    }

    /// The epoch to commit with the position `next`: that of the record before it; -1 where it is not known.
    pub(crate) fn before(&self, partition: &TopicPartition, next: i64) -> i32 {
        let all = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let change = all.get(partition).and_then(|changes| changes.iter().rev().find(|change| change.from < next));
        change.map_or(-1, |change| change.epoch)
    }

    /// A new assignment starts; what an earlier one saw may not hold any more.
    pub(crate) fn forget(&self, partition: &TopicPartition) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).remove(partition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_takes_the_epoch_of_the_record_before_it() {
        let (epochs, partition) = (Epochs::default(), TopicPartition::new("t", 0));
        epochs.changed(&partition, 10, 1);
        epochs.changed(&partition, 20, 3);
        let asked = [10, 11, 20, 21, 500].map(|next| epochs.before(&partition, next));
        assert_eq!(asked, [-1, 1, 1, 3, 3]);
        epochs.forget(&partition);
        assert_eq!(epochs.before(&partition, 21), -1);
    }
}
