//! New guests for a pipeline that runs. They are brought up beside it, one set for each worker, and each worker takes
//! its own between two calls, where no record is in a guest's hands: positions, order and what is in flight stay.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::Failure;
use super::formats::Formats;
use super::load::Prepared;
use super::stages::Stages;
use super::way::Way;
use crate::telemetry::metrics::Metrics;

/// What one worker takes records through.
pub(super) struct Guests {
    pub(super) stages: Arc<Stages>,
    pub(super) way: Way,
    pub(super) formats: Formats,
}

impl Guests {
    /// Brings up an instance of each guest.
    pub(super) fn start(stages: &Arc<Stages>) -> Result<Guests, Failure> {
        let way = Way::start(stages.clone())?;
        Ok(Guests { way, formats: Formats::new(stages), stages: stages.clone() })
    }

    /// Records and bytes of one call, at most.
    pub(super) fn call_limits(&self) -> (usize, usize) {
        self.stages.each.first().map_or((1, 0), |first| (first.records, first.bytes))
    }

    /// They are used no more.
    pub(super) fn retire(self) {
        self.way.retire();
    }
}

/// The way of new guests into a pipeline that runs.
pub struct Swap(Handover<Guests>);

impl Default for Swap {
    /// For as many workers as there are cores.
    fn default() -> Self {
        Swap(Handover::new(std::thread::available_parallelism().map_or(1, usize::from)))
    }
}

impl Swap {
    /// How many workers the pipeline has.
    pub(super) fn workers(&self) -> usize {
        self.0.places.len()
    }

    /// Gives the pipeline other guests: each record that is polled from now on goes through them. Of `prepared` all is
    /// taken that stands between the ends: stages, steps, schemas, the tap. What the ends are made of (topics, formats,
    /// policies) stays as the pipeline was started; that both are alike is up to the caller.
    ///
    /// If one of them does not start, none is taken and the pipeline goes on as it was.
    pub fn offer(&self, prepared: &Prepared, metrics: &Metrics) -> Result<(), Failure> {
        let stages = Arc::new(Stages::new(prepared, metrics));
        let fresh = (0..self.workers()).map(|_| Guests::start(&stages)).collect::<Result<Vec<_>, _>>()?;
        self.0.offer(fresh);
        Ok(())
    }

    /// What a worker is to take now. Asked between any two calls, so it costs one load where there is nothing.
    pub(super) fn take(&self, worker: usize) -> Option<Guests> {
        self.0.take(worker)
    }

    /// Whether there is something to take.
    pub(super) fn has(&self, worker: usize) -> bool {
        self.0.has(worker)
    }
}

/// Places where something is laid for each worker.
struct Handover<T> {
    places: Vec<Place<T>>,
}

struct Place<T> {
    filled: AtomicBool,
    content: Mutex<Option<T>>,
}

impl<T> Handover<T> {
    fn new(workers: usize) -> Self {
        let place = |_| Place { filled: AtomicBool::new(false), content: Mutex::new(None) };
        Handover { places: (0..workers).map(place).collect() }
    }

    /// What is still there from before is of no use any more.
    fn offer(&self, fresh: Vec<T>) {
        for (place, fresh) in self.places.iter().zip(fresh) {
            let mut content = place.content.lock().unwrap_or_else(PoisonError::into_inner);
            let old = content.replace(fresh);
            place.filled.store(true, Ordering::Release);
            drop(content);
            drop(old);
        }
    }

    fn has(&self, worker: usize) -> bool {
        self.places.get(worker).is_some_and(|place| place.filled.load(Ordering::Acquire))
    }

    fn take(&self, worker: usize) -> Option<T> {
        if !self.has(worker) {
            return None;
        }
        let place = self.places.get(worker)?;
        let mut content = place.content.lock().unwrap_or_else(PoisonError::into_inner);
        place.filled.store(false, Ordering::Relaxed);
        content.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_takes_its_own_once() {
        let handover = Handover::new(2);
        assert_eq!((handover.take(0), handover.has(0)), (None, false));
        handover.offer(vec!["a", "b"]);
        assert!(handover.has(0) && handover.has(1) && !handover.has(7));
        assert_eq!((handover.take(1), handover.take(1), handover.take(0)), (Some("b"), None, Some("a")));
        assert_eq!((handover.take(0), handover.take(7)), (None, None));
    }

    #[test]
    fn a_worker_that_slept_takes_the_newest_only() {
        let handover = Handover::new(2);
        handover.offer(vec![1, 1]);
        assert_eq!(handover.take(0), Some(1));
        handover.offer(vec![2, 2]);
        handover.offer(vec![3, 3]);
        assert_eq!((handover.take(0), handover.take(1), handover.take(1)), (Some(3), Some(3), None));
    }
}
