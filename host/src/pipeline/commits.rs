//! What either promise does when partitions leave and at the end; which one it is, is decided at start.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::committer::Committer;
use super::partitions::Partition;
use super::shared::Shared;
use super::transactor::Transactor;
use crate::commit::cadence::Cadence;
use crate::fault::{self, Point};

/// How long a partition that leaves may take to finish what is in flight; well below the session time-out of 45 s.
const REVOKE_GRACE: Duration = Duration::from_secs(20);
/// How often a stop looks whether all is acknowledged.
const LOOK: Duration = Duration::from_millis(2);
/// How long to wait before the last commit is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// The one place that commits.
pub(super) enum Commits {
    AtLeastOnce(Committer),
    ExactlyOnce(Transactor),
}

/// How partitions have left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    /// Nothing of them was under way any more.
    pub(super) drained: bool,
    /// What was done is committed.
    pub(super) committed: bool,
}

/// What a stop has left undone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// Outputs that were not acknowledged in time.
    pub(super) unacknowledged: usize,
    /// What was done is committed.
    pub(super) committed: bool,
}

impl Commits {
    /// Commits whenever it is due, until `done` is set.
    pub(super) fn run(&self, cadence: Cadence, done: &AtomicBool) {
        match self {
            Self::AtLeastOnce(committer) => committer.run(cadence, done),
            Self::ExactlyOnce(transactor) => transactor.run(cadence, done),
        }
    }

    /// These partitions have been retired and go when this returns.
    pub(super) fn revoke(&self, shared: &Shared, leaving: &[Arc<Partition>]) -> Left {
        // In the last step of stopping nothing is under way any more: what is open, such as the record that stopped the
        // pipeline, stays open.
        let grace = if shared.deadline.get().is_some() { Duration::ZERO } else { REVOKE_GRACE };
        match self {
            Self::AtLeastOnce(committer) => {
                let failed = || shared.control.failed();
                let drained = shared.partitions.wait_until_done(leaving, grace, failed);
                leaving.iter().for_each(|partition| partition.fence());
                fault::point(Point::InRevoke);
                let committed = committer.commit(|| leaving.to_vec());
                committer.forget(leaving);
                Left { drained, committed }
            }
            // What no worker has sent yet is left to the next owner: a turn needs nothing more than what was sent.
            Self::ExactlyOnce(transactor) => {
                fault::point(Point::InRevoke);
                let committed = transactor.revoke(leaving, grace);
                Left { drained: committed, committed }
            }
        }
    }

    /// These partitions have been retired and may have another owner already.
    pub(super) fn lose(&self, leaving: &[Arc<Partition>]) {
        match self {
            Self::AtLeastOnce(committer) => {
                leaving.iter().for_each(|partition| partition.fence());
                committer.forget(leaving);
            }
            Self::ExactlyOnce(transactor) => transactor.lose(leaving),
        }
    }

    /// The workers have ended: waits for what they sent, and commits. `end_service` ends the threads that serve
    /// acknowledgements and this.
    pub(super) fn finish(&self, shared: &Shared, deadline: Instant, end_service: impl FnOnce()) -> Rest {
        match self {
            Self::AtLeastOnce(committer) => {
                while shared.producer.in_flight() > 0 && Instant::now() < deadline {
                    std::thread::sleep(LOOK);
                }
                let unacknowledged = shared.producer.in_flight();
                end_service();
                fault::point(Point::InShutdown);
                let mut committed = committer.commit(|| shared.partitions.active());
                // A group that is just rebalancing takes no commit, but will.
                while !committed && Instant::now() < deadline {
                    std::thread::sleep(AGAIN);
                    committed = committer.commit(|| shared.partitions.active());
                }
                Rest { unacknowledged, committed }
            }
            Self::ExactlyOnce(transactor) => {
                fault::point(Point::InShutdown);
                let committed = transactor.finish(deadline);
                end_service();
                Rest { unacknowledged: 0, committed }
            }
        }
    }
}
