//! When to commit: after so long or after so many records, whichever comes first. Pure: time is an argument.

use std::time::{Duration, Instant};

/// Decides when a commit is due.
#[derive(Debug)]
pub struct Cadence {
    interval: Duration,
    records: u64,
    last: Instant,
    last_finished: u64,
}

impl Cadence {
    /// Commits every `interval`, and earlier after `records` records.
    pub fn new(interval: Duration, records: u64, now: Instant) -> Self {
        Cadence { interval, records, last: now, last_finished: 0 }
    }

    /// Whether a commit is due, with `finished` records done since the start.
    pub fn due(&self, finished: u64, now: Instant) -> bool {
        now.duration_since(self.last) >= self.interval || finished.saturating_sub(self.last_finished) >= self.records
    }

    /// A commit was made.
    pub fn done(&mut self, finished: u64, now: Instant) {
        (self.last, self.last_finished) = (now, finished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_or_count_whichever_comes_first() {
        let start = Instant::now();
        let later = |ms| start + Duration::from_millis(ms);
        let mut cadence = Cadence::new(Duration::from_secs(1), 100, start);
        assert!(!cadence.due(99, later(999)));
        assert!(cadence.due(0, later(1000)));
        assert!(cadence.due(100, later(1)));
        cadence.done(100, later(1));
        assert!(!cadence.due(199, later(1000)));
        assert!(cadence.due(200, later(2)));
    }
}
