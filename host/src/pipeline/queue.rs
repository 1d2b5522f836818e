//! The bounded way from the polling thread to a worker.
//!
//! Bounded by bytes, not by records; one batch is always admitted, so a large one cannot block itself for ever.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::record::Batch;

/// Batches waiting for one worker.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    drained: Condvar,
    /// Above this many bytes there is no room.
    budget: usize,
    /// Batches may wait while the worker works; else there is room only when it has nothing to do.
    reads_ahead: bool,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    bytes: usize,
    closed: bool,
    /// The worker has a batch in hand.
    busy: bool,
    /// Emptied batches: their memory is used again, which saves growing and page faults for every batch.
    spare: Vec<Batch>,
}

/// Emptied batches that are kept; more would only hold memory after a burst.
const SPARE: usize = 4;
/// Larger ones are not kept, in bytes.
const SPARE_BYTES: usize = 2 << 20;

impl Queue {
    pub(super) fn new(budget: usize, reads_ahead: bool) -> Self {
        let (filled, drained) = (Condvar::new(), Condvar::new());
        Queue { state: Mutex::default(), filled, drained, budget, reads_ahead }
    }

    /// Appends a batch, whatever the budget: the polling thread asks [`Queue::has_room`] before it polls.
    pub(super) fn push(&self, batch: Batch) {
        let mut state = self.lock();
        state.bytes += batch.byte_len();
        state.batches.push_back(batch);
        self.filled.notify_one();
    }

    /// The next batch; `None` once the queue is closed. Batches still waiting then are dropped: none of their records
    /// has been touched, so none is lost.
    pub(super) fn pop(&self) -> Option<Batch> {
        let mut state = self.lock();
        state.busy = false;
        if !self.reads_ahead {
            self.drained.notify_one();
        }
        loop {
            if state.closed {
                return None;
            }
            if let Some(batch) = state.batches.pop_front() {
                state.bytes -= batch.byte_len();
                state.busy = true;
                self.drained.notify_one();
                return Some(batch);
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives a batch back when its records are done.
    pub(super) fn give_back(&self, mut batch: Batch) {
        batch.clear();
        let mut state = self.lock();
        if state.spare.len() < SPARE && batch.capacity() <= SPARE_BYTES {
            state.spare.push(batch);
        }
    }

    /// An empty batch to fill.
    pub(super) fn spare(&self) -> Batch {
        self.lock().spare.pop().unwrap_or_default()
    }

    /// Whether less than the budget waits.
    pub(super) fn has_room(&self) -> bool {
        self.room(&self.lock(), self.budget)
    }

    /// Whether less than half of the budget waits: when a paused source may go on.
    pub(super) fn is_low(&self) -> bool {
        self.room(&self.lock(), self.budget / 2)
    }

    fn room(&self, state: &State, budget: usize) -> bool {
        match self.reads_ahead {
            true => state.bytes < budget,
            false => state.batches.is_empty() && !state.busy,
        }
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Waits for room, at most so long; answers whether there is some.
    pub(super) fn wait_for_room(&self, at_most: Duration) -> bool {
        let full = |state: &mut State| !self.room(state, self.budget) && !state.closed;
        let waited = self.drained.wait_timeout_while(self.lock(), at_most, full);
        self.room(&waited.unwrap_or_else(PoisonError::into_inner).0, self.budget)
    }

    /// Ends the worker that waits, and every later one.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.batches.clear();
        state.bytes = 0;
        self.filled.notify_all();
        self.drained.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Parts, Slot};

    fn batch(bytes: usize) -> Batch {
        let value = vec![0; bytes];
        let mut batch = Batch::default();
        let parts =
            Parts { slot: Slot(0), offset: 0, timestamp: -1, log_append: false, key: None, value: Some(&value) };
        assert!(batch.push(parts, std::iter::empty()));
        batch
    }

    #[test]
    fn one_batch_is_always_admitted_and_then_there_is_no_room() {
        let queue = Queue::new(10, true);
        assert!(queue.has_room() && queue.is_low());
        queue.push(batch(50));
        assert!(!queue.has_room() && !queue.is_low());
        assert!(!queue.wait_for_room(Duration::ZERO));
        assert_eq!(queue.pop().map(|batch| batch.byte_len()), Some(50));
        assert!(queue.has_room());
    }

    #[test]
    fn a_closed_queue_gives_nothing_more() {
        let queue = Queue::new(10, true);
        queue.push(batch(1));
        queue.close();
        assert!(queue.pop().is_none());
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn without_reading_ahead_there_is_room_only_for_an_idle_worker() {
        let queue = Queue::new(1 << 20, false);
        assert!(queue.has_room());
        queue.push(batch(1));
        assert!(!queue.has_room());
        let taken = queue.pop().unwrap();
        assert!(!queue.has_room(), "the worker has a batch in hand");
        queue.give_back(taken);
        queue.close();
        assert!(queue.pop().is_none());
        assert!(queue.has_room());
    }
}
