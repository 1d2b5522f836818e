//! librdkafka's log lines as tracing events, repeats held back.
//!
//! A broker that is away makes each client log several lines a second, equal but for numbers. One line of a kind
//! passes every half minute and says how many were held back. Troubles that a client reports go through such a gate too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{debug, error, info, warn};

use super::error::Trouble;

const QUIET: Duration = Duration::from_secs(30);

/// Kinds remembered at once; beyond it the oldest are forgotten, so hostile texts cannot grow it.
const MAX_KINDS: usize = 256;

static GATE: Mutex<Option<RepeatGate>> = Mutex::new(None);

/// Lets the first line of a kind pass, then one per quiet time.
#[derive(Debug, Default)]
pub(crate) struct RepeatGate {
    seen: HashMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    since: Instant,
    held_back: u64,
}

impl RepeatGate {
    /// Whether this trouble is news. A broker that is away is reported again with every try to reach it.
    pub(crate) fn is_news(&mut self, trouble: &Trouble) -> bool {
        self.admit(kind("", &trouble.name, &trouble.text), Instant::now()).is_some()
    }

    /// `Some(held back before)` if the line may pass.
    fn admit(&mut self, kind: String, now: Instant) -> Option<u64> {
        if let Some(seen) = self.seen.get_mut(&kind) {
            if now.duration_since(seen.since) < QUIET {
                seen.held_back += 1;
                return None;
            }
            let held_back = std::mem::take(&mut seen.held_back);
            seen.since = now;
            return Some(held_back);
        }
        if self.seen.len() >= MAX_KINDS {
            self.seen.retain(|_, seen| now.duration_since(seen.since) < QUIET);
        }
        if self.seen.len() >= MAX_KINDS {
            self.seen.clear();
        }
        self.seen.insert(kind, Seen { since: now, held_back: 0 });
        Some(0)
    }
}

/// Writes one line of librdkafka's; `level` is syslog's.
pub(crate) fn emit(client: &str, level: i32, facility: &str, text: &str) {
    // Librdkafka repeats "[thrd:name]: " before every text; the client's name says enough.
    let text = text.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")).map_or(text, |(_, rest)| rest);
    if level >= 7 {
        // Debug lines are asked for by name (`debug = "..."`), so all of them pass.
        debug!(target: "millstream::kafka", client, facility, "{text}");
        return;
    }
    let mut gate = GATE.lock().unwrap_or_else(PoisonError::into_inner);
    let admitted = gate.get_or_insert_default().admit(kind(client, facility, text), Instant::now());
    drop(gate);
    let Some(held_back) = admitted else { return };
    match level {
        ..=3 => error!(target: "millstream::kafka", client, facility, held_back, "{text}"),
        4 => warn!(target: "millstream::kafka", client, facility, held_back, "{text}"),
        _ => info!(target: "millstream::kafka", client, facility, held_back, "{text}"),
    }
}

/// The text without its numbers.
fn kind(client: &str, facility: &str, text: &str) -> String {
    let mut kind = String::with_capacity(client.len() + facility.len() + text.len() + 2);
    kind.extend([client, " ", facility, " "]);
    kind.extend(text.chars().filter(|c| !c.is_ascii_digit()));
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_held_back_and_counted() {
        let mut gate = RepeatGate::default();
        let start = Instant::now();
        let line = |ms: u32| kind("p", "FAIL", &format!("Connect failed (after {ms}ms in state CONNECT)"));
        assert_eq!(gate.admit(line(1), start), Some(0));
        assert_eq!(gate.admit(line(20), start), None);
        assert_eq!(gate.admit(line(300), start + Duration::from_secs(29)), None);
        assert_eq!(gate.admit(kind("p", "FAIL", "something else"), start), Some(0));
        assert_eq!(gate.admit(line(4), start + QUIET), Some(2));
    }

    #[test]
    fn the_memory_of_kinds_is_bounded() {
        let mut gate = RepeatGate::default();
        let now = Instant::now();
        for i in 0..10_000u32 {
            let letters: String = i.to_string().bytes().map(|digit| char::from(digit + 50)).collect();
            gate.admit(letters, now);
        }
        assert!(gate.seen.len() <= MAX_KINDS);
    }
}
