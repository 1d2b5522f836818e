//! Stops and frees a client within a bound, whatever its group or broker does.
//!
//! librdkafka's call for this waits for the client's threads, and they wait for the group: for the answer to a
//! rebalance that nobody polls any more (for ever, at full CPU), for a commit under way (until its request times
//! out), for a host name to be looked up. So the call is made on a thread of its own. When the bound is over, that
//! thread keeps the client and all that it points to, and frees them when the call returns or the process ends.

use std::any::Any;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka_sys as sys;

use super::native::copy_text;

/// How long whoever lets go of a client last may be held up by its end.
pub(super) const BOUND: Duration = Duration::from_secs(5);

/// How long a group handler has to end by itself, which takes one round through its thread.
const UNASKED: Duration = Duration::from_millis(200);

/// A client that is to end: dropping it stops and frees the client, however long that takes.
pub(super) struct Running {
    raw: NonNull<sys::rd_kafka_t>,
    // What callbacks point to; a field, so that it is dropped after `Drop::drop` has stopped the client.
    _callbacks: Option<Arc<dyn Any + Send + Sync>>,
}

// SAFETY: librdkafka's client handle may be used and freed on any thread but its own; callbacks' data is `Send + Sync`.
unsafe impl Send for Running {}

impl Running {
    /// Takes over a client.
    ///
    /// # Safety
    /// `raw` is a client that nothing else uses or frees from now on, nor anything made from it.
    pub(super) unsafe fn take(raw: NonNull<sys::rd_kafka_t>, callbacks: Option<Arc<dyn Any + Send + Sync>>) -> Running {
        Running { raw, _callbacks: callbacks }
    }

    /// Ends the client and waits for that at most `bound`.
    pub(super) fn end(self, bound: Duration) {
        // SAFETY: the client is alive; its name is copied.
        let client = unsafe { copy_text(sys::rd_kafka_name(self.raw.as_ptr())) };
        if !within(bound, move || drop(self)) {
            tracing::warn!(target: "millstream::kafka", client, "{}", late(bound));
        }
    }

    /// Leaves the group, and answers a rebalance that waits for its answer, as nobody else will: until then the group
    /// handler cannot end, and a client that ends waits for it, whatever flags it is given.
    fn release_group(&self) {
        let rk = self.raw.as_ptr();
        // SAFETY: the client is alive. The queue is a new reference, freed here, or null for a client without a
        // group; the error is owned by us or null, and means that the group is left or failed for good. Once leaving
        // has begun, or after a fatal error, librdkafka takes any assignment as "none", and asks for no other.
        unsafe {
            if sys::rd_kafka_consumer_closed(rk) != 0 {
                return;
            }
            let queue = sys::rd_kafka_queue_get_consumer(rk);
            if queue.is_null() {
                return;
            }
            let error = sys::rd_kafka_consumer_close_queue(rk, queue);
            if !error.is_null() {
                sys::rd_kafka_error_destroy(error);
            }
            sys::rd_kafka_queue_destroy(queue);
        }
        // A group handler that has just ended leaves an assignment without an answer, so it is asked only where nothing
        // else ends it.
        if !self.group_ends_within(UNASKED) {
            // SAFETY: the client is alive, and a null list means no partitions.
            unsafe { sys::rd_kafka_assign(rk, ptr::null()) };
        }
    }

    fn group_ends_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            // SAFETY: the client is alive.
            if unsafe { sys::rd_kafka_consumer_closed(self.raw.as_ptr()) } != 0 {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.release_group();
        // SAFETY: owned. The flag keeps this from serving the group's events: leaving it is `Consumer::close`'s work.
        unsafe { sys::rd_kafka_destroy_flags(self.raw.as_ptr(), sys::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) };
    }
}

/// Does `work` on a thread of its own; whether it was done within `bound`. Without a thread to have, does it here.
fn within(bound: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, ended) = mpsc::sync_channel::<()>(1);
    let work = move || {
        work();
        drop(done);
    };
    // Where no thread can be started, `work` is dropped with what it holds, and that ends the client here.
    drop(thread::Builder::new().name("kafka-end".to_owned()).spawn(work));
    ended.recv_timeout(bound) != Err(RecvTimeoutError::Timeout)
}

fn late(bound: Duration) -> String {
    format!(
        "the Kafka client did not end within {} ms and is left to end by itself; its brokers do not answer, or it \
         waits for a request under way",
        bound.as_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_takes_too_long_is_not_waited_for() {
        let (go_on, waits) = mpsc::sync_channel::<()>(1);
        let (held, seen) = (Arc::new(()), Instant::now());
        let theirs = held.clone();
        let stuck = move || {
            let _ = waits.recv();
            drop(theirs);
        };
        assert!(!within(Duration::from_millis(50), stuck));
        assert!(seen.elapsed() >= Duration::from_millis(50));
        assert_eq!(Arc::strong_count(&held), 2, "what the client points to stays as long as it runs");
        drop(go_on);
        assert!(within(Duration::from_secs(60), || ()), "what ends in time is waited for");
        assert_eq!(
            late(BOUND),
            "the Kafka client did not end within 5000 ms and is left to end by itself; its brokers do not answer, or \
             it waits for a request under way"
        );
    }
}
