//! Word of what became of each record.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rdkafka_sys as sys;

use super::native::each_report;
use super::producer::Shared;
use super::{Delivery, DeliveryError, SinkError};
use crate::kafka::error::{ErrorClass, Trouble};
use crate::kafka::logging::RepeatGate;
use crate::kafka::native::{Event, Queue};

/// After so many deliveries a poll returns: bounds what the caller has to hold. The last event may pass it.
const ENOUGH: usize = 16_384;

/// Collects deliveries; owned by one thread, which must keep polling while records are in flight.
pub struct Deliveries {
    // Before `shared`: it must be gone when the client stops.
    queue: Queue,
    shared: Arc<Shared>,
    news: RepeatGate,
}

impl Deliveries {
    pub(super) fn new(shared: Arc<Shared>, queue: Queue) -> Deliveries {
        Deliveries { queue, shared, news: RepeatGate::default() }
    }

    /// Appends the deliveries that are there, or waits up to `timeout` for the first; wakes those who wait for room.
    /// Answers what the client has trouble with and goes on trying.
    ///
    /// An error is the end of the producer; deliveries are collected all the same, and there may be more to come.
    pub fn poll(&mut self, timeout: Duration, out: &mut Vec<Delivery>) -> Result<Vec<Trouble>, SinkError> {
        let before = out.len();
        out.append(&mut self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner));
        let mut troubles = Vec::new();
        let mut end = None;
        let mut wait = if out.len() > before { Duration::ZERO } else { timeout };
        while let Some(event) = self.queue.next(wait) {
            wait = Duration::ZERO;
            if event.kind() == sys::RD_KAFKA_EVENT_ERROR {
                self.shared.troubles.fetch_add(1, Ordering::Relaxed);
                end = end.or(self.sort(&event, &mut troubles));
                continue;
            }
            each_report(event, |ticket, outcome| {
                let error = outcome.err().map(|(code, topic)| DeliveryError::new(code, topic));
                out.push(Delivery { ticket, error });
            });
            if out.len() - before >= ENOUGH {
                break;
            }
        }
        if out.len() > before {
            self.shared.announce_room();
        }
        end.map_or(Ok(troubles), Err)
    }

    fn sort(&mut self, event: &Event, troubles: &mut Vec<Trouble>) -> Option<SinkError> {
        if let Some(fatal) = self.shared.fatal() {
            return Some(fatal);
        }
        let trouble = event.code().trouble(&event.text());
        if trouble.class == ErrorClass::Unauthorized {
            return Some(SinkError::Unauthorized { reason: trouble.text });
        }
        if self.news.is_news(&trouble) {
            troubles.push(trouble);
        }
        None
    }

    /// Records accepted whose deliveries were not collected yet. Polling until it is zero is the quick way to flush.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight()
    }
}
