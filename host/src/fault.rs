//! Named points on the path of a record at which a test can stop the process, to see what a crash just there does.
//!
//! Nothing in this package installs a hook: only the tests' own program does (`tests/chaos/host`). Without one a point
//! costs one load. Points stand where batches and commits pass, never where each record does.

use std::sync::OnceLock;

/// All points, in the order in which a record passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Records were polled and handed to their workers.
    AfterPoll,
    /// A guest has answered and its call has not returned yet.
    InGuest,
    /// The producer has taken outputs; the broker may have them or not.
    AfterProduce,
    /// Outputs were acknowledged; nothing is committed for them yet.
    AfterFlush,
    /// A transaction has its offsets, and is not committed; exactly once only.
    AfterOffsetsSent,
    /// A commit is on its way, and not answered; at least once only.
    AfterCommitSent,
    /// A commit was answered.
    AfterCommit,
    /// Revoked partitions have finished their work; its commit comes next.
    InRevoke,
    /// The workers have ended after a request to stop; the last commit comes next.
    InShutdown,
}

/// What happens when a point is reached.
pub type Hook = Box<dyn Fn(Point) + Send + Sync>;

static HOOK: OnceLock<Hook> = OnceLock::new();

impl Point {
    /// Every point.
    pub const ALL: [Point; 9] = [
        Point::AfterPoll,
        Point::InGuest,
        Point::AfterProduce,
        Point::AfterFlush,
        Point::AfterOffsetsSent,
        Point::AfterCommitSent,
        Point::AfterCommit,
        Point::InRevoke,
        Point::InShutdown,
    ];

    /// Its name in tests and their tables.
    pub fn name(self) -> &'static str {
        match self {
            Point::AfterPoll => "after-poll",
            Point::InGuest => "in-guest",
            Point::AfterProduce => "after-produce",
            Point::AfterFlush => "after-flush",
            Point::AfterOffsetsSent => "after-offsets-sent",
            Point::AfterCommitSent => "after-commit-sent",
            Point::AfterCommit => "after-commit",
            Point::InRevoke => "in-revoke",
            Point::InShutdown => "in-shutdown",
        }
    }
}

/// Installs the hook of this process, once; answers whether it was the first.
pub fn install(hook: Hook) -> bool {
    HOOK.set(hook).is_ok()
}

/// This point is reached.
#[inline]
pub(crate) fn point(point: Point) {
    if let Some(hook) = HOOK.get() {
        hook(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_a_name_of_its_own() {
        for (at, point) in Point::ALL.iter().enumerate() {
            assert!(Point::ALL[..at].iter().all(|other| other.name() != point.name()), "{point:?}");
        }
    }
}
