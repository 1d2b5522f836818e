//! The gate between the workers and the transaction: while it is open they send, each record's outputs as one; while it
//! is closed nothing is sent, and what was is in exactly one transaction. Guests may go on meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One for a pipeline with transactions.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Workers that are sending.
    inside: usize,
    closed: bool,
    /// For good: no transaction will follow.
    shut: bool,
    /// When the first one entered since the gate was opened.
    since: Option<Instant>,
    /// Some record was sent in part, or not delivered.
    torn: bool,
    /// Outputs that the producer took, and that came back.
    sent: u64,
    settled: u64,
}

/// A worker's stay.
#[derive(Debug)]
pub(super) struct Inside<'g>(Option<&'g Gate>);

impl Inside<'_> {
    /// Where there is no gate.
    pub(super) const FREE: Inside<'static> = Inside(None);
}

impl Gate {
    /// Waits until the gate is open; none when it will not be opened any more.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        let closed = |state: &mut State| state.closed && !state.shut;
        let waited = self.changed.wait_while(self.lock(), closed);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.shut {
            return None;
        }
        state.inside += 1;
        if state.since.is_none() {
            state.since = Some(Instant::now());
        }
        Some(Inside(Some(self)))
    }

    /// Lets nobody in any more and waits until all are out; whether they are by then.
    pub(super) fn close(&self, deadline: Instant) -> bool {
        self.lock().closed = true;
        self.wait_until(deadline, |state| state.inside == 0)
    }

    /// A new transaction has begun.
    pub(super) fn open(&self) {
        let mut state = self.lock();
        (state.closed, state.since) = (false, None);
        drop(state);
        self.changed.notify_all();
    }

    /// No transaction will follow.
    pub(super) fn shut(&self) {
        self.lock().shut = true;
        self.changed.notify_all();
    }

    /// Whether it is shut.
    pub(super) fn is_shut(&self) -> bool {
        self.lock().shut
    }

    /// Since when something may be in the transaction; none when nothing is.
    pub(super) fn used_since(&self) -> Option<Instant> {
        self.lock().since
    }

    /// Some record is in the transaction in part only: it must not be committed.
    pub(super) fn tear(&self) {
        self.lock().torn = true;
        self.changed.notify_all();
    }

    /// Whether that is so.
    pub(super) fn is_torn(&self) -> bool {
        self.lock().torn
    }

    /// The producer took so many outputs.
    pub(super) fn sent(&self, outputs: usize) {
        self.lock().sent += outputs as u64;
    }

    /// So many came back, and the ledgers know.
    pub(super) fn settled(&self, outputs: usize) {
        self.lock().settled += outputs as u64;
        self.changed.notify_all();
    }

    /// Waits until the ledgers know of all that was sent; whether they do by then. Of use while the gate is closed.
    pub(super) fn wait_settled(&self, deadline: Instant) -> bool {
        self.wait_until(deadline, |state| state.settled >= state.sent)
    }

    fn wait_until(&self, deadline: Instant, reached: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        while !reached(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left.min(STEP));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of no effect but that a lost wake-up would cost only so much.
const STEP: Duration = Duration::from_millis(100);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Some(gate) = self.0 {
            gate.lock().inside -= 1;
            gate.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn late() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn closing_waits_for_those_inside_and_keeps_others_out() {
        let gate = Gate::default();
        assert_eq!(gate.used_since(), None);
        let inside = gate.enter().expect("open");
        assert!(!gate.close(soon()), "somebody is inside");
        let (told, entered) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| told.send(gate.enter().is_some()));
            assert!(entered.recv_timeout(Duration::from_millis(20)).is_err(), "it is closed");
            drop(inside);
            assert!(gate.close(late()) && gate.used_since().is_some());
            gate.open();
            assert_eq!(entered.recv_timeout(Duration::from_secs(60)), Ok(true));
        });
    }

    #[test]
    fn a_shut_gate_lets_those_who_wait_go_without_sending() {
        let gate = Gate::default();
        assert!(gate.close(late()));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter().is_none());
            gate.shut();
            assert!(waiting.join().expect("no panic"));
        });
        assert!(gate.is_shut() && gate.enter().is_none());
    }

    #[test]
    fn what_was_sent_is_waited_for() {
        let gate = Gate::default();
        gate.sent(3);
        gate.settled(2);
        assert!(!gate.wait_settled(soon()));
        std::thread::scope(|scope| {
            scope.spawn(|| gate.settled(1));
            assert!(gate.wait_settled(late()));
        });
        assert!(!gate.is_torn());
        gate.tear();
        assert!(gate.is_torn());
    }
}
