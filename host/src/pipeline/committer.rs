//! Commits what is safe: on time, on count, when partitions leave, and at the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::partitions::Partition;
use super::shared::Shared;
use crate::commit::cadence::Cadence;
use crate::commit::client::OffsetCommitter;
use crate::fault::{self, Point};
use crate::kafka::TopicPartition;
use crate::record::Slot;
use crate::telemetry::metrics::Stage;

/// How often to look whether a commit is due.
const LOOK: Duration = Duration::from_millis(20);

/// The one place that commits. Commits are made one at a time, so that an older position can never overtake a newer
/// one, not even when a partition leaves in the middle of one.
pub(super) struct Committer {
    shared: Arc<Shared>,
    client: OffsetCommitter,
    committed: Mutex<HashMap<Slot, Mark>>,
}

/// How far an assignment is committed.
#[derive(Debug, Clone, Copy)]
struct Mark {
    position: i64,
    finished: u64,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, client: OffsetCommitter) -> Self {
        Committer { shared, client, committed: Mutex::default() }
    }

    /// Commits whenever it is due, until `done` is set.
    pub(super) fn run(&self, mut cadence: Cadence, done: &AtomicBool) {
        while !done.load(Ordering::Relaxed) {
            std::thread::sleep(LOOK);
            let active = || self.shared.partitions.active();
            let finished = active().iter().map(|partition| partition.ledger().finished()).sum();
            let now = Instant::now();
            if cadence.due(finished, now) {
                self.commit(active);
                cadence.done(finished, now);
            }
        }
    }

    /// Commits the safe positions of these partitions where they moved. Answers whether all is committed.
    ///
    /// Which they are is asked when it is this commit's turn: one that left while another commit was under way must
    /// not be committed any more.
    ///
    /// A failed commit is no loss: the positions are committed with the next one, or the records come again.
    pub(super) fn commit(&self, partitions: impl Fn() -> Vec<Arc<Partition>>) -> bool {
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let moved: Vec<(Slot, TopicPartition, Mark)> = partitions()
            .iter()
            .filter_map(|partition| {
                let (position, finished) = {
                    let ledger = partition.ledger();
                    (ledger.position()?, ledger.finished())
                };
                let old = committed.get(&partition.slot);
                let news = old.is_none_or(|old| old.position != position);
                news.then(|| (partition.slot, partition.name.clone(), Mark { position, finished }))
            })
            .collect();
        if moved.is_empty() {
            return true;
        }
        let offsets: Vec<_> = moved.iter().map(|(_, name, mark)| (name.clone(), mark.position)).collect();
        let start = Instant::now();
        let done = self.client.commit(&offsets);
        let seconds = start.elapsed().as_secs_f64();
        match done {
            Ok(()) => {
                fault::point(Point::AfterCommit);
                let before = |slot| committed.get(slot).map_or(0, |mark: &Mark| mark.finished);
                let records = moved.iter().map(|(slot, _, mark)| mark.finished.saturating_sub(before(slot))).sum();
                self.shared.metrics.committed(records, seconds);
                committed.extend(moved.into_iter().map(|(slot, _, mark)| (slot, mark)));
                true
            }
            Err(error) => {
                self.shared.metrics.commit_failed(seconds);
                self.shared.metrics.error("commit", Stage::Commit, 1);
                let why = error.to_string();
                tracing::warn!(pipeline = self.shared.name, why, "commit failed; the positions stay for the next one");
                false
            }
        }
    }

    /// Forgets assignments that have ended, before their slots are used again.
    pub(super) fn forget(&self, partitions: &[Arc<Partition>]) {
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        for partition in partitions {
            committed.remove(&partition.slot);
        }
    }
}
