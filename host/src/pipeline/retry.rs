//! Waits until a record is tried again, and says so to all who look.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::backoff::{Backoff, Next};
use super::flow::Again;
use super::rejection::Rejection;
use super::shared::Shared;
use super::stages::Stages;
use crate::record::Ticket;
use crate::telemetry::health::Waits;

/// How often one that waits looks whether its partition leaves; a stop wakes it at once.
const LOOK: Duration = Duration::from_millis(200);

/// One worker's records that ask to be tried again, one after the other.
pub(super) struct Retry {
    backoff: Backoff,
    /// The worker's number.
    worker: usize,
}

/// How a wait ended.
#[derive(Debug, PartialEq)]
pub(super) enum Waited {
    /// Try it again.
    Again,
    /// It was tried for long enough.
    GaveUp(Rejection),
    /// The record's partition leaves, and the record with it.
    Leaves,
    /// The pipeline stops.
    Stops,
}

impl Retry {
    pub(super) fn new(shared: &Shared, worker: usize) -> Retry {
        Retry { backoff: Backoff::new(shared.retry.clone()), worker }
    }

    /// Waits for the next attempt at a record; `place` is where it came from.
    pub(super) fn wait(
        &mut self,
        shared: &Shared,
        stages: &Stages,
        (ticket, place): (Ticket, String),
        again: &Again,
    ) -> Waited {
        let guest = &stages.each[again.guest];
        let (delay, attempts) = match self.backoff.asked(ticket, Instant::now(), dice()) {
            Next::Wait { delay, attempts } => (delay, attempts),
            Next::GiveUp { attempts, elapsed } => return Waited::GaveUp(gave_up(again, attempts, elapsed)),
        };
        guest.metrics.retried();
        if attempts.is_power_of_two() {
            let (pipeline, stage, why, in_ms) = (&shared.name, &guest.name, &again.why, delay.as_millis());
            tracing::warn!(pipeline, record = place, stage, why, attempts, in_ms, "record is tried again");
        }
        let next = SystemTime::now() + delay;
        let seconds = next.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        shared.metrics.next_attempt(self.worker, seconds as i64);
        let waits = Waits { record: place, stage: guest.name.clone(), why: again.why.clone(), attempts, next };
        shared.health.waits(self.worker, Some(waits));
        let waited = self.pause(shared, ticket, delay);
        shared.health.waits(self.worker, None);
        shared.metrics.next_attempt(self.worker, 0);
        waited
    }

    fn pause(&self, shared: &Shared, ticket: Ticket, delay: Duration) -> Waited {
        let until = Instant::now() + delay;
        loop {
            if shared.partitions.get(ticket.slot()).is_none_or(|partition| !partition.is_active()) {
                return Waited::Leaves;
            }
            let left = until.saturating_duration_since(Instant::now());
            // Other guests may know better.
            if left.is_zero() || shared.swap.has(self.worker) {
                return Waited::Again;
            }
            if shared.control.wait(left.min(LOOK)) {
                return Waited::Stops;
            }
        }
    }
}

fn gave_up(again: &Again, attempts: u32, elapsed: Duration) -> Rejection {
    let times = if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
    let why = format!("{}; tried {times} in {:.1} s, then given up", again.why, elapsed.as_secs_f64());
    Rejection::at(again.role, again.guest, "retry", why)
}

/// A number from 0 up to 1.
fn dice() -> f64 {
    // The standard library's hasher has keys of its own each time; 53 bits fill a float.
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::shape::Role;

    #[test]
    fn a_record_that_is_given_up_says_how_often_it_was_tried() {
        let again = Again { role: Role::Transform, guest: 0, why: "the rates are not there".to_owned() };
        let why = |attempts, ms| gave_up(&again, attempts, Duration::from_millis(ms)).why;
        assert_eq!(why(1, 0), "the rates are not there; tried once in 0.0 s, then given up");
        assert_eq!(why(7, 12_340), "the rates are not there; tried 7 times in 12.3 s, then given up");
    }

    #[test]
    fn the_dice_are_fair() {
        let throws: Vec<f64> = (0..10_000).map(|_| dice()).collect();
        assert!(throws.iter().all(|throw| (0.0..1.0).contains(throw)));
        let mean = throws.iter().sum::<f64>() / throws.len() as f64;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
