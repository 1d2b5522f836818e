//! How a pipeline is told to stop, and by what: a wish to drain, or the first failure.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::failure::Failure;

/// Shared by all threads of a pipeline.
#[derive(Debug, Default)]
pub struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    /// Somebody asked for the end.
    asked: bool,
    failure: Option<Failure>,
    /// Why the pipeline is to begin anew.
    again: Option<String>,
}

impl Control {
    /// Asks for an orderly stop: finish what is in the guest's hands, wait for acknowledgements, commit.
    pub fn drain(&self) {
        let mut state = self.lock();
        (state.stopping, state.asked) = (true, true);
        drop(state);
        self.changed.notify_all();
    }

    /// Stops what runs, so that the pipeline begins anew from the committed offsets. The first reason counts.
    pub(super) fn begin_anew(&self, why: String) {
        let mut state = self.lock();
        state.stopping = true;
        state.again.get_or_insert(why);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether the pipeline is to begin anew, or has failed: what is under way now will not be committed.
    pub(super) fn is_anew(&self) -> bool {
        self.lock().again.is_some()
    }

    /// Why the pipeline is to begin anew, and whether it may: not when somebody asked for the end meanwhile. It may run
    /// again after this.
    pub(super) fn take_anew(&self) -> Option<(String, bool)> {
        let mut state = self.lock();
        let why = state.again.take()?;
        state.stopping = state.asked || state.failure.is_some();
        Some((why, !state.stopping))
    }

    /// Stops because of a failure. The first one is the one that is reported; what is done is still committed.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.lock();
        state.stopping = true;
        state.failure.get_or_insert(failure);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether the pipeline is to stop.
    pub fn stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Waits until the pipeline is to stop, at most so long. Answers whether it is.
    pub fn wait(&self, at_most: Duration) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, at_most, |state| !state.stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }

    /// Whether a failure has stopped the pipeline: some records will stay open.
    pub fn failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// The failure that stopped the pipeline, if one did.
    pub fn failure(&self) -> Option<Failure> {
        self.lock().failure.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
