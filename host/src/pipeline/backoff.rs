//! When a record that asked to be tried again is tried again, and when no more.
//!
//! Pure: the time and the dice are given. What counts towards giving up is the time since the record first asked, not
//! the number of attempts: how many attempts fit into an hour is nobody's concern.

use std::time::{Duration, Instant};

use crate::config::{Retry, Schedule};
use crate::record::Ticket;

/// The back-off of one worker, which has at most one record that waits.
#[derive(Debug)]
pub(super) struct Backoff {
    settings: Retry,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    /// When it asked first.
    since: Instant,
    /// How often it was tried.
    attempts: u32,
}

/// What to do with a record that asks to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Try it again after this long.
    Wait { delay: Duration, attempts: u32 },
    /// It was tried so often over such a time, and that is enough.
    GiveUp { attempts: u32, elapsed: Duration },
}

impl Backoff {
    pub(super) fn new(settings: Retry) -> Backoff {
        Backoff { settings, waiting: None }
    }

    /// The record asks to be tried again, `now`. `dice` is a random number from 0 up to 1. Another record than the last
    /// one begins anew: the last one has passed.
    pub(super) fn asked(&mut self, ticket: Ticket, now: Instant, dice: f64) -> Next {
        let waiting = match self.waiting.take() {
            Some(waiting) if waiting.ticket == ticket => Waiting { attempts: waiting.attempts + 1, ..waiting },
            _ => Waiting { ticket, since: now, attempts: 1 },
        };
        let (attempts, elapsed) = (waiting.attempts, now.saturating_duration_since(waiting.since));
        let left = self.settings.give_up_after.map(|limit| limit.saturating_sub(elapsed));
        if left == Some(Duration::ZERO) {
            return Next::GiveUp { attempts, elapsed };
        }
        let delay = spread(delay(&self.settings.schedule, attempts, elapsed), self.settings.jitter, dice);
        self.waiting = Some(waiting);
        // The last attempt is made when the time is over, and not left out.
        Next::Wait { delay: left.map_or(delay, |left| delay.min(left)), attempts }
    }
}

/// How long to wait after so many attempts, the first of which was so long ago.
fn delay(schedule: &Schedule, attempts: u32, elapsed: Duration) -> Duration {
    match schedule {
        Schedule::Growing { initial, max, multiplier } => {
            let factor = (f64::from(*multiplier) / 1000.0).powi(i32::try_from(attempts - 1).unwrap_or(i32::MAX));
            // Compared as numbers: a product may be more than a duration can be.
            let seconds = (initial.as_secs_f64() * factor).min(max.as_secs_f64());
            Duration::try_from_secs_f64(seconds).unwrap_or(*max).max(*initial.min(max))
        }
        Schedule::Phases(phases) => {
            let mut end = Duration::ZERO;
            let at = phases.iter().find(|phase| {
                end = phase.lasts.map_or(Duration::MAX, |lasts| end.saturating_add(lasts));
                elapsed < end
            });
            // The last one goes on for good.
            at.or(phases.last()).map_or(Duration::ZERO, |phase| phase.delay)
        }
    }
}

/// The delay, shorter or longer by up to so many thousandths of it: workers that fail together do not return together.
fn spread(delay: Duration, jitter: u32, dice: f64) -> Duration {
    let factor = 1.0 + f64::from(jitter) / 1000.0 * (2.0 * dice - 1.0);
    Duration::try_from_secs_f64(delay.as_secs_f64() * factor).unwrap_or(delay)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Phase;
    use crate::record::Slot;

    const MS: fn(u64) -> Duration = Duration::from_millis;
    const EVEN: f64 = 0.5;

    fn growing(give_up_after: Option<Duration>) -> Backoff {
        let schedule = Schedule::Growing { initial: MS(100), max: MS(1000), multiplier: 2000 };
        Backoff::new(Retry { schedule, jitter: 200, give_up_after })
    }

    fn record(sequence: u64) -> Ticket {
        Ticket::new(Slot(3), sequence)
    }

    /// The delays of one record that asks again at once whenever it is tried.
    fn delays(backoff: &mut Backoff, many: usize) -> Vec<u64> {
        let mut now = Instant::now();
        let mut all = Vec::new();
        for _ in 0..many {
            match backoff.asked(record(1), now, EVEN) {
                Next::Wait { delay, .. } => {
                    now += delay;
                    all.push(delay.as_millis() as u64);
                }
                Next::GiveUp { .. } => break,
            }
        }
        all
    }

    #[test]
    fn delays_grow_up_to_the_longest() {
        assert_eq!(delays(&mut growing(None), 6), [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn it_gives_up_by_the_time_and_tries_once_more_at_its_end() {
        let mut backoff = growing(Some(MS(1000)));
        assert_eq!(delays(&mut backoff, 100), [100, 200, 400, 300]);
        let mut backoff = growing(Some(MS(1000)));
        let start = Instant::now();
        assert!(matches!(backoff.asked(record(1), start, EVEN), Next::Wait { attempts: 1, .. }));
        // A guest that takes long to say so has used up the time too.
        let last = backoff.asked(record(1), start + MS(5000), EVEN);
        assert_eq!(last, Next::GiveUp { attempts: 2, elapsed: MS(5000) });
    }

    #[test]
    fn another_record_begins_anew() {
        let mut backoff = growing(Some(MS(1000)));
        let start = Instant::now();
        backoff.asked(record(1), start, EVEN);
        backoff.asked(record(1), start, EVEN);
        assert_eq!(backoff.asked(record(2), start + MS(5000), EVEN), Next::Wait { delay: MS(100), attempts: 1 });
    }

    #[test]
    fn phases_follow_each_other_and_the_last_goes_on() {
        let phase = |delay, lasts| Phase { delay, lasts };
        let minute = MS(60_000);
        let phases =
            vec![phase(MS(5000), Some(minute)), phase(10 * minute, Some(60 * minute)), phase(60 * minute, None)];
        let schedule = Schedule::Phases(phases);
        let mut backoff = Backoff::new(Retry { schedule, jitter: 0, give_up_after: None });
        let all = delays(&mut backoff, 22);
        assert_eq!(all[..12], [5000; 12], "5 s for a minute");
        assert_eq!(all[12..18], [600_000; 6], "10 min for an hour");
        assert_eq!(all[18..], [3_600_000; 4], "then hourly");
    }

    #[test]
    fn a_phase_with_an_end_goes_on_too_if_it_is_the_last() {
        let schedule = Schedule::Phases(vec![Phase { delay: MS(10), lasts: Some(MS(30)) }]);
        let mut backoff = Backoff::new(Retry { schedule, jitter: 0, give_up_after: None });
        assert_eq!(delays(&mut backoff, 10), [10; 10]);
    }

    proptest! {
        #[test]
        fn no_delay_is_out_of_its_bounds(
            initial in 1u64..100_000, max in 1u64..4_000_000, multiplier in 1000u32..10_000, jitter in 0u32..=1000,
            dice in 0.0f64..1.0, attempts in 1u32..5000,
        ) {
            let schedule = Schedule::Growing { initial: MS(initial), max: MS(max), multiplier };
            let delay = delay(&schedule, attempts, Duration::ZERO);
            prop_assert!(delay >= MS(initial.min(max)) && delay <= MS(max), "{delay:?}");
            let spread = spread(delay, jitter, dice);
            prop_assert!(spread <= 2 * delay, "{spread:?}");
        }
    }
}
