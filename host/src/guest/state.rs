//! What the host keeps beside one instance: its limits, its grants, and what it last said.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use super::limits::Limiter;
use crate::telemetry::printable::printable;

/// What a pipeline lets its guest use beyond computing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// Wall clock and monotonic clock.
    pub clock: bool,
    /// Unpredictable random numbers.
    pub random: bool,
}

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warn,
}

/// Lines of a guest that are logged in one call; the rest are counted.
const LINES_PER_CALL: usize = 20;
/// Longest line that is logged, in bytes.
const LINE: usize = 4096;

/// The store's data.
#[derive(Debug)]
pub(super) struct State {
    pub(super) limiter: Limiter,
    pub(super) grants: Grants,
    pub(super) started: Instant,
    pub(super) random: Random,
    pub(super) insecure: Random,
    /// The import that a guest called and may not.
    pub(super) denied: Option<String>,
    /// What the guest last wrote to stderr, usually the reason why it is about to trap.
    pub(super) last_words: String,
    pipeline: String,
    partial: [Vec<u8>; 2],
    lines: usize,
}

impl State {
    pub(super) fn new(pipeline: &str, memory: u64, grants: Grants) -> Self {
        State {
            limiter: Limiter::new(memory),
            grants,
            started: Instant::now(),
            random: Random::unpredictable(),
            insecure: Random(1),
            denied: None,
            last_words: String::new(),
            pipeline: pipeline.to_owned(),
            partial: Default::default(),
            lines: 0,
        }
    }

    /// Starts a call: a new allowance of lines, no words yet.
    pub(super) fn begin_call(&mut self) {
        if self.lines > LINES_PER_CALL {
            let dropped = self.lines - LINES_PER_CALL;
            tracing::warn!(pipeline = self.pipeline, dropped, "the guest wrote too many lines in one call");
        }
        self.lines = 0;
        self.last_words.clear();
        self.limiter.begin_call();
    }

    /// Takes what the guest wrote and logs the lines that are complete.
    pub(super) fn print(&mut self, level: Level, bytes: &[u8]) {
        let index = usize::from(level == Level::Warn);
        let mut buffer = std::mem::take(&mut self.partial[index]);
        for byte in bytes {
            if *byte == b'\n' || buffer.len() >= LINE {
                self.line(level, &buffer);
                buffer.clear();
            }
            if *byte != b'\n' {
                buffer.push(*byte);
            }
        }
        self.partial[index] = buffer;
    }

    /// What the guest said last, including a line it did not finish.
    pub(super) fn last_words(&mut self) -> String {
        let partial = std::mem::take(&mut self.partial[1]);
        if !partial.is_empty() {
            self.line(Level::Warn, &partial);
        }
        std::mem::take(&mut self.last_words)
    }

    fn line(&mut self, level: Level, bytes: &[u8]) {
        self.lines += 1;
        if self.lines > LINES_PER_CALL || bytes.is_empty() {
            return;
        }
        let line = printable(bytes, LINE);
        match level {
            Level::Info => tracing::info!(target: "guest", pipeline = self.pipeline, "{line}"),
            Level::Warn => {
                tracing::warn!(target: "guest", pipeline = self.pipeline, "{line}");
                // The runtime's advice about backtraces is no reason for anything.
                if !line.starts_with("note:") && self.last_words.len() < LINE {
                    if !self.last_words.is_empty() {
                        self.last_words.push(' ');
                    }
                    self.last_words.push_str(&line);
                }
            }
        }
    }
}

/// Random numbers for guests (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Seeded by the operating system, through the standard library's hasher keys.
    fn unpredictable() -> Self {
        Random(RandomState::new().hash_one(0u8))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
